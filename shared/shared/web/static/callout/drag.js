// A card of the board is dragged into another column: only into those where the rules allow it. Which these are,
// and what the drop does, the server says; each card's menu does the same for the keyboard and for fingers.

import { act } from "./acts.js";
import { hold, release } from "./hands.js";
import { changed } from "./live.js";
import { ask, QUESTION } from "./question.js";
import { problem } from "./toasts.js";

const NEAR = 6; // pixels that are still a click
const EDGE = 60; // pixels from the side of the board at which it scrolls
const SPEED = 14; // pixels a frame

let drag = null;

/** Column → "?" where it asks for a technician first, "!" where it asks whether it is meant, "" where it asks nothing. */
function drops(card) {
  return new Map((card.dataset.drops ?? "").split(" ").filter(Boolean).map((name) => [name.replace(/[?!]$/, ""), name.match(/[?!]$/)?.[0] ?? ""]));
}

function press(event) {
  const card = event.target.closest?.(".callout-card[data-drops]");
  if (!card || event.button !== 0 || event.pointerType === "touch" || event.target.closest("button, [data-menu]")) return;
  drag = { card, allowed: drops(card), x: event.clientX, y: event.clientY, pointer: event.pointerId, ghost: null, over: null };
}

function begin() {
  const { card, allowed } = drag;
  const at = card.getBoundingClientRect();
  const ghost = card.cloneNode(true);
  for (const each of [ghost, ...ghost.querySelectorAll("[id]")]) each.removeAttribute("id");
  ghost.classList.add("callout-ghost");
  ghost.setAttribute("aria-hidden", "true");
  Object.assign(ghost.style, { width: `${at.width}px`, left: `${at.left}px`, top: `${at.top}px` });
  document.body.append(ghost);
  drag.ghost = ghost;
  drag.board = card.closest(".callout-board");
  hold("card");
  card.classList.add("callout-lifted");
  for (const column of drag.board.querySelectorAll("[data-column]")) {
    const name = column.dataset.column;
    if (allowed.has(name)) column.classList.add("callout-drop");
    else if (!column.contains(card)) column.classList.add("callout-drop-not");
  }
  requestAnimationFrame(scroll);
}

function move(event) {
  if (!drag || event.pointerId !== drag.pointer) return;
  const dx = event.clientX - drag.x;
  const dy = event.clientY - drag.y;
  if (!drag.ghost) {
    if (Math.hypot(dx, dy) < NEAR) return;
    begin();
  }
  event.preventDefault();
  drag.at = event.clientX;
  drag.ghost.style.transform = `translate(${dx}px, ${dy}px) rotate(1.5deg)`;
  const column = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-column]") ?? null;
  if (column === drag.over) return;
  drag.over?.classList.remove("callout-drop-over");
  drag.over = column?.classList.contains("callout-drop") ? column : null;
  drag.over?.classList.add("callout-drop-over");
}

function scroll() {
  if (!drag?.ghost) return;
  const { left, right } = drag.board.getBoundingClientRect();
  if (drag.at < left + EDGE) drag.board.scrollBy(-SPEED, 0);
  else if (drag.at > right - EDGE) drag.board.scrollBy(SPEED, 0);
  requestAnimationFrame(scroll);
}

function end(done) {
  const { card, ghost, over, board, allowed } = drag;
  drag = null;
  if (!ghost) return;
  ghost.remove();
  card.classList.remove("callout-lifted");
  for (const column of board.querySelectorAll("[data-column]")) column.classList.remove("callout-drop", "callout-drop-not", "callout-drop-over");
  if (done && over) drop(card, over, allowed.get(over.dataset.column)).finally(() => release("card"));
  else release("card");
}

async function drop(card, column, asks) {
  const { task, version } = card.dataset;
  if (asks) {
    const [address, part] = asks === "?" ? ["assignment", "#assign-form"] : [`column?to=${column.dataset.column}`, "#drop-form"];
    ask(`/tasks/${task}/${address}`, part);
    return;
  }
  const [home, next] = [card.parentElement, card.nextElementSibling];
  card.classList.add("callout-under-way");
  column.querySelector(".callout-column-cards").prepend(card);
  try {
    await act(`/tasks/${task}/column`, { to: column.dataset.column, version });
  } catch (error) {
    home.insertBefore(card, next?.parentElement === home ? next : null);
    if (error.asks) ask(error.asks, QUESTION);
    else problem(error.message);
    changed(0); // somebody else was faster: what is shown is old
  } finally {
    card.classList.remove("callout-under-way");
  }
}

export function startDragging() {
  if (!document.querySelector(".callout-board")) return;
  document.addEventListener("pointerdown", press);
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    if (drag.ghost) {
      // The click that ends a drag is none.
      const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };
      document.addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => document.removeEventListener("click", swallow, { capture: true }));
    }
    end(true);
  });
  document.addEventListener("pointercancel", () => { if (drag) end(false); });
  document.addEventListener("keydown", (event) => { if (drag?.ghost && event.key === "Escape") end(false); });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".callout-card")) event.preventDefault(); });
  window.addEventListener("blur", () => { if (drag) end(false); });
}
