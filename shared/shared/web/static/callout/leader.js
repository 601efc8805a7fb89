// One of many tabs: what must happen once on a device, the tab that holds the lock does. A tab that closes, or
// crashes, gives it to the next one. Browsers have locks only on https and on this machine itself; elsewhere the tab
// that is first to write an id down does it; tabs that nobody looks at let the others go first.

import { read, write } from "./store.js";

const HANDOVER = 2000; // milliseconds in which the next tab makes up for what the closed one left undone
const BEHIND = 50; // milliseconds that a tab beside the one somebody works in holds back, at least
const HIDDEN = 200; // that a hidden one does
const SPREAD = 150; // so that two of a sort do not begin at once

export class Leader {
  #name;
  #resign = null;
  #leads = false;
  #heirs = new Set(); // called when this tab takes over

  constructor(name) {
    this.#name = `callout.${name}`;
  }

  /** From now on this tab is ready to do it. */
  stand() {
    if (this.#resign || !navigator.locks) return;
    const end = new AbortController();
    this.#resign = () => { end.abort(); this.#resign = null; };
    navigator.locks
      .request(this.#name, { signal: end.signal }, () => {
        this.#leads = true;
        for (const heir of this.#heirs) heir();
        return new Promise((done) => end.signal.addEventListener("abort", done));
      })
      .catch((error) => { if (error.name !== "AbortError") throw error; })
      .finally(() => { this.#leads = false; });
  }

  /** It no longer is. */
  resign() {
    this.#resign?.();
  }

  /** Whether it is this tab's turn to do what has this id. */
  async may(id) {
    if (navigator.locks) {
      if (!this.#resign || !(await this.#taken())) return false;
    } else {
      const behind = (document.hidden ? HIDDEN : BEHIND) + Math.random() * SPREAD;
      await new Promise((done) => setTimeout(done, document.hasFocus() && !document.hidden ? 0 : behind));
    }
    const key = `did.${this.#name}`;
    const did = read(key, []);
    if (did.includes(id)) return false;
    write(key, [...did.slice(-50), id]);
    return true;
  }

  /** Whether this tab leads, or does in a moment, because the one that led was just closed. */
  #taken() {
    if (this.#leads) return true;
    return new Promise((done) => {
      const heir = () => done(true);
      this.#heirs.add(heir);
      setTimeout(() => { this.#heirs.delete(heir); done(false); }, HANDOVER);
    });
  }
}
