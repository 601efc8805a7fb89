// A question of another page, asked on this one, where there is a dialog for it.
/* global htmx */

import { problem } from "./toasts.js";

const box = document.getElementById("dialog");

/** What asks before something is done: a form with one of these ids. */
export const QUESTION = "#keep-form, #drop-form";

export async function ask(address, part) {
  if (!box) { location.assign(address); return; }
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer) { problem(""); return; }
  const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(part);
  if (!answer.ok || answer.redirected || !found) { // gone, or logged out: that page says so
    location.assign(address);
    return;
  }
  box.replaceChildren(found);
  htmx.process(box);
  if (!box.open) box.showModal();
  (box.querySelector("input[type=radio]:checked") ?? box.querySelector("input:not([type=hidden]):not(:disabled)") ?? box.querySelector("[data-close]"))?.focus();
}

