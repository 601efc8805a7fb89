// Live parts: what changes anywhere shows on this page. One request brings all parts of the page again.

import { element } from "./dom.js";
import { held, whenFree } from "./hands.js";
import { halfTyped, morph } from "./morph.js";
import { retitle } from "./title.js";
import { say } from "./words.js";

const SOON = 100; // milliseconds in which several changes are one
const GAP = 600; // milliseconds between two looks
const PATIENCE = 20000; // milliseconds that a look may take: on a dead connection it would hold up all later ones
const AGAIN = 800; // milliseconds until a second look, where the first one showed nothing new: a service may be behind
const AT_LAST = 5000; // milliseconds after the last change until a look of its own: a service may be further behind
const { body } = document;

let timer = null;
let last = null;
let looking = false;
let missed = false; // something changed while nobody could look
let looked = 0;
let shown = null;
let over = false;
let done = 0; // commands that were carried out from this page

/** A command of this page was carried out. */
export function carriedOut() {
  done += 1;
  changed(0);
}

/** Something changed somewhere. */
export function changed(wait = SOON, again = true) {
  if (over) return;
  if (again) {
    clearTimeout(last);
    last = setTimeout(changed, AT_LAST, 0, false);
  }
  if (document.hidden || held() || looking) { missed = true; return; }
  if (timer) return;
  timer = setTimeout(() => { timer = null; look(again); }, Math.max(wait, looked + GAP - Date.now()));
}

function catchUp() {
  if (!missed || document.hidden) return;
  missed = false;
  changed();
}

whenFree(catchUp);
document.addEventListener("visibilitychange", catchUp);

function look(again) {
  if (document.hidden || held()) { missed = true; return; }
  looked = Date.now();
  // Fragments hear of it too: htmx fetches those.
  body.dispatchEvent(new CustomEvent("callout:changed", { detail: { again } }));
}

body.addEventListener("callout:changed", async (event) => {
  if (looking || over) { missed = true; return; }
  looking = true;
  let news = false;
  try {
    news = await refresh();
  } catch { /* nobody is there: it looks once more, and when the feed is live again */ }
  looking = false;
  if (missed) catchUp();
  else if (!news && event.detail?.again) changed(AGAIN, false);
});

/** Whether there was something new. */
async function refresh() {
  const parts = Array.from(document.querySelectorAll("[data-live]")).filter((part) => !part.parentElement.closest("[data-live]"));
  if (!parts.some((part) => part.closest("#content"))) return true;
  const address = location.pathname + location.search;
  const before = done;
  const answer = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(PATIENCE) });
  if (answer.status === 404) { gone(); return true; }
  if (!answer.ok || answer.redirected) return true; // what is shown stays
  const text = await answer.text();
  // What was asked for before a command may not know of it: a card that was dropped would go back for a moment.
  if (done !== before || held() || document.hidden || address !== location.pathname + location.search) { missed = true; return true; }
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const pairs = parts.map((part) => [part, fresh.getElementById(part.id)]).filter(([, now]) => now);
  const read = pairs.map(([, now]) => now.textContent).join();
  for (const [part, now] of pairs) if (part.isConnected) morph(part, now);
  retitle(fresh.title);
  const news = read !== shown;
  shown = read;
  return news;
}

/** The subject of this page is no longer there, so nothing else on it can be done either. */
function gone() {
  over = true;
  const content = document.getElementById("content");
  const above = document.querySelector(".page-pretitle a");
  const box = element("div", "container-xl");
  const alert = element("div", "alert alert-warning", say("deleted") + " ");
  const back = element("a", "alert-link", above ? say("back_to", { place: above.textContent.trim() }) : say("back_to_overview"));
  alert.setAttribute("role", "alert");
  back.href = above ? above.href : "/";
  alert.append(back);
  box.append(alert);
  if (halfTyped(content)) content.prepend(box); // it can still be copied
  else content.replaceChildren(box);
  document.getElementById("actions")?.replaceChildren();
}

// A fragment's answer that comes while something is held waits too.
body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig.triggeringEvent?.type !== "callout:changed" || !held()) return;
  event.detail.shouldSwap = false;
  missed = true;
});

// A choice that somebody is making is not taken from under their hand.
body.addEventListener("htmx:oobBeforeSwap", (event) => {
  const there = event.detail.target;
  if (there === document.activeElement || there.value) event.detail.shouldSwap = false;
});
