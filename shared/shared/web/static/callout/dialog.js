// A question of another page, asked on this one: a link with data-dialog="#part" shows that part of its page.
/* global htmx */

import { act } from "./acts.js";
import { element } from "./dom.js";
import { problem } from "./toasts.js";

const box = document.getElementById("dialog");

export async function ask(address, part) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } }).catch(() => null);
  if (!answer) { problem(""); return; }
  const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(part);
  if (!answer.ok || answer.redirected || !found) { // gone, or logged out: that page says so
    location.assign(address);
    return;
  }
  box.replaceChildren(found);
  htmx.process(box);
  box.showModal();
  (box.querySelector("input[type=radio]:checked") ?? box.querySelector("input:not([type=hidden]):not(:disabled)") ?? box.querySelector("[data-close]"))?.focus();
}

function complain(form, sentence) {
  form.querySelector("[role=alert]")?.remove();
  const alert = element("div", "alert alert-danger", sentence || box.dataset.wrong);
  alert.setAttribute("role", "alert");
  form.querySelector(".card-body").prepend(alert);
}

export function startDialog() {
  if (!box) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      ask(link.getAttribute("href"), link.dataset.dialog);
    } else if (event.target === box || event.target.closest?.("#dialog [data-close]")) {
      event.preventDefault();
      box.close();
    }
  });
  box.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const button = event.submitter;
    const fields = Object.fromEntries(new FormData(form, button)); // without the button, once that is disabled
    if (button) button.disabled = true;
    try {
      await act(form.action, fields);
      box.close();
    } catch (error) {
      complain(form, error.message);
    } finally {
      if (button) button.disabled = false;
    }
  });
  box.addEventListener("close", () => box.replaceChildren());
}
