// The bell and the list of notifications: looking at them counts as having seen them.

import { send } from "./dom.js";
import { changed } from "./live.js";
import { watch, write } from "./store.js";

const KEY = "bell";

const LOOK = 2000; // milliseconds in which one sees on the list what is new there

async function seen() {
  try {
    await send("/notifications/seen", {});
  } catch { return; /* they stay new until it can be told */ }
  write(KEY, Date.now());
  changed();
}

export function startBell() {
  const bell = document.getElementById("bell");
  bell?.addEventListener("shown.bs.dropdown", () => { if (bell.querySelector("#unseen")) seen(); });
  watch(KEY, () => changed());
  for (const sign of ["callout:morphed", "visibilitychange"]) document.addEventListener(sign, lookAtList);
  lookAtList();
}

let timer = null;

/** The list says by its button that something on it is new. */
function lookAtList() {
  const wanted = () => !document.hidden && document.querySelector("form[data-seen]");
  if (timer || !wanted()) return;
  timer = setTimeout(() => { timer = null; if (wanted()) seen(); }, LOOK);
}
