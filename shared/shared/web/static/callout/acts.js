// Pressing a button of a task: carried out without leaving the page, with a line that says what came of it.

import { commandId, element, post, refusal } from "./dom.js";
import { carriedOut, changed } from "./live.js";
import { ask, QUESTION } from "./question.js";
import { fade, problem } from "./toasts.js";

/** Carries it out. Throws an Error with the sentence of the refusal. */
export async function act(path, fields) {
  const answer = await post(path, { ...fields, command_id: commandId() }, { "HX-Target": "toasts", "HX-Current-URL": location.href });
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) { // the session is over, or the page is no longer this one
    location.assign(elsewhere);
    return;
  }
  if (!answer.ok) throw await refusal(answer);
  say(await answer.text());
  carriedOut();
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
  fade(line, () => line.remove()); // not while somebody is about to undo it
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
      if (error.asks) ask(error.asks, QUESTION);
      else problem(error.message);
      changed(0); // somebody else was faster: what is shown is old
    } finally {
      if (button) button.disabled = false;
    }
  });
}
