// The overview: its buttons work without leaving it, and what waits grows late by itself.

import { send } from "./dom.js";
import { changed } from "./live.js";
import { problem } from "./toasts.js";

const LOOK = 60000; // milliseconds between two looks at what has grown late

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.closest("[data-stay]") || event.defaultPrevented) return;
  event.preventDefault();
  const press = form.querySelector("[type=submit]");
  press.disabled = true;
  try {
    await send(form.getAttribute("action"), Object.fromEntries(new FormData(form)));
    changed();
  } catch (error) {
    press.disabled = false;
    if (error.asks) location.assign(error.asks);
    else problem(error.message);
  }
});

setInterval(() => changed(0, false), LOOK);
