// Small helps: a question before what can't be undone, copying, printing, opening what a link names, what htmx could not do.

import { element } from "./dom.js";
import { problem } from "./toasts.js";
import { say } from "./words.js";

const { body } = document;

export function startHelps() {
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset?.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  }, true);

  document.addEventListener("click", async (event) => {
    const press = event.target.closest?.("[data-copy]");
    if (!press) return;
    await copy(press.dataset.copy);
    const before = Array.from(press.childNodes);
    press.replaceChildren(say("copied"));
    setTimeout(() => press.replaceChildren(...before), 1500);
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-print]")) window.print();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) reveal(); // the same place again is no change of the hash
  });
  window.addEventListener("hashchange", reveal);
  reveal();

  body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.requestConfig.verb === "get") return; // a fragment keeps what is shown in its place
    let text = "";
    try { text = JSON.parse(event.detail.xhr.responseText).detail; } catch { /* not a problem document */ }
    problem(text);
  });
}

/** A link to a part of the page opens that part, and puts the cursor into it. */
function reveal() {
  const part = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!part) return;
  if (part.tagName === "DETAILS") part.open = true;
  part.querySelector("select, input:not([type=hidden]), textarea")?.focus();
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // without https there is no clipboard
    const area = element("textarea", "visually-hidden");
    area.value = text;
    body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
