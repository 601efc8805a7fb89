// Pressing a button of a task: carried out without leaving the page, with a line that says what came of it.

import { commandId, element } from "./dom.js";
import { changed } from "./live.js";
import { problem } from "./toasts.js";

const SHOWN = 12000; // milliseconds that the line stays

/** Carries it out. Throws an Error with the sentence of the refusal. */
export async function act(path, fields) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "HX-Request": "true", "HX-Target": "toasts", "HX-Current-URL": location.href },
    body: new URLSearchParams({ ...fields, command_id: commandId() }),
  });
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) { // the session is over, or the page is no longer this one
    location.assign(elsewhere);
    return;
  }
  if (answer.ok) {
    say(await answer.text());
    changed(0);
    return;
  }
  let sentence = "";
  try { sentence = (await answer.json()).detail; } catch { /* not a problem document */ }
  throw new Error(sentence);
}

function say(html) {
  const box = document.getElementById("toasts");
  if (!box) return;
  const holder = element("div");
  holder.innerHTML = html;
  const line = holder.firstElementChild;
  if (!line) return;
  for (const old of box.querySelectorAll("[data-kind=done]")) old.remove();
  line.querySelector(".btn-close").addEventListener("click", () => line.remove());
  box.append(line);
  let timer = null;
  const begin = () => { timer = setTimeout(() => line.remove(), SHOWN); };
  for (const [stop, go] of [["mouseenter", "mouseleave"], ["focusin", "focusout"]]) {
    line.addEventListener(stop, () => clearTimeout(timer)); // somebody is about to undo it
    line.addEventListener(go, begin);
  }
  begin();
}

/** After the card went to another column, the keyboard is still at it. */
function keepFocus(button) {
  const card = button.closest("[data-task]");
  if (!card || document.activeElement !== button) return;
  document.addEventListener("callout:morphed", () => {
    if (document.activeElement === document.body) document.getElementById(card.id)?.querySelector(".callout-card-title")?.focus();
  }, { once: true });
}

export function startActs() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const undo = form.closest("[data-kind=done]");
    if (event.defaultPrevented || !(form.id === "act" || undo)) return;
    event.preventDefault();
    const button = event.submitter;
    const path = button?.hasAttribute("formaction") ? button.formAction : form.action;
    const fields = Object.fromEntries(new FormData(form, button));
    if (button) { button.disabled = true; }
    try {
      await act(path, fields);
      undo?.remove();
      if (button) keepFocus(button);
    } catch (error) {
      problem(error.message);
      changed(0); // somebody else was faster: what is shown is old
    } finally {
      if (button) button.disabled = false;
    }
  });
}
