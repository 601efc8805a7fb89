// What a page does by itself: it listens to the notifications, shows and sounds them, and keeps itself up to date.
// Every page works without it.

import { startBell } from "./bell.js";
import { closeNotes, notify, startDesktop } from "./desktop.js";
import { tidyDrafts } from "./drafts.js";
import { listen } from "./feed.js";
import { showState, startSoundMenu } from "./frame.js";
import { startHelps } from "./help.js";
import { changed } from "./live.js";
import { startPreferences } from "./preferences.js";
import { startSoundPage } from "./sound_page.js";
import { play, prepare } from "./sounds.js";
import { countUnseen } from "./title.js";
import { forgetAll, restore, summary, toast } from "./toasts.js";
import { say } from "./words.js";

const FEW = 3; // so many that came between two pages are shown one by one

function came(frame) {
  toast(frame);
  play(frame.kind, frame.id);
  countUnseen();
  notify(say("notification"), frame);
  changed();
}

/** Many at once are one line and one sound; those that ask for something are shown besides. */
function caughtUp(frames, missed, broken) {
  const count = Math.max(missed, frames.length);
  if (!broken && count <= FEW) {
    frames.forEach(came);
    return;
  }
  const last = frames[frames.length - 1];
  for (const frame of frames) if (frame.actions.length) toast(frame);
  const sentence = say(broken ? "missed" : "meanwhile", { num: count });
  summary(sentence);
  play("missed", last.id);
  countUnseen(count);
  notify(say("notification"), { id: last.id, text: sentence, link: "/notifications" });
}

function state(name) {
  showState(name);
  if (name === "out") closeNotes();
}

// A page that the browser kept whole may be from before a log-out.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

startHelps();
startPreferences();
tidyDrafts();
const { feed } = document.body.dataset;
if (feed) {
  prepare();
  startSoundMenu();
  startSoundPage();
  startBell();
  startDesktop();
  restore();
  listen(feed, { state, came, caughtUp, changed });
} else {
  forgetAll();
}
