// A link with data-dialog="#part" shows that part of its page in a dialog, and its form is sent from there.

import { act } from "./acts.js";
import { element } from "./dom.js";
import { ask, QUESTION } from "./question.js";

const box = document.getElementById("dialog");

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
      if (error.asks) await ask(error.asks, QUESTION);
      else complain(form, error.message);
    } finally {
      if (button) button.disabled = false;
    }
  });
  box.addEventListener("close", () => box.replaceChildren());
}
