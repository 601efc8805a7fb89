// How many notifications came while nobody looked, in front of the page's title.

import { read, watch, write } from "./store.js";

const SEEN = "looked"; // when somebody last looked at any tab
let count = 0;

function show(number) {
  count = number;
  retitle(document.title.replace(/^\(\d+\) /, ""));
}

/** The page is called otherwise now. */
export function retitle(title) {
  document.title = count ? `(${count}) ${title}` : title;
}

/** So many more have come. */
export function countUnseen(number = 1) {
  if (document.hidden) show(count + number);
  else looked();
}

function looked() {
  show(0);
  write(SEEN, Date.now());
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) looked(); });
watch(SEEN, () => { if (read(SEEN)) show(0); });
