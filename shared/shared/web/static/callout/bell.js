// The bell: looking at what it offers counts as having seen it.

import { send } from "./dom.js";
import { changed } from "./live.js";
import { watch, write } from "./store.js";

const KEY = "bell";

export function startBell() {
  const bell = document.getElementById("bell");
  bell?.addEventListener("shown.bs.dropdown", async () => {
    if (!bell.querySelector("#unseen")) return;
    try {
      await send("/notifications/seen", {});
    } catch { return; /* they stay new until it can be told */ }
    write(KEY, Date.now());
    changed();
  });
  watch(KEY, () => changed());
}
