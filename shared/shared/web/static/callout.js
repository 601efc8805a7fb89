// What a page does by itself: it listens to the notifications and shows them. Every page works without it.
"use strict";

(() => {
  const PATIENCE = [500, 1000, 2000, 5000, 10000]; // milliseconds between two tries to connect
  const SHOWN = 12000; // milliseconds that a toast without actions stays
  const MOST = 5; // toasts at once
  const LEAVING = 5000; // milliseconds that the way to another page may take
  const body = document.body;

  // ---- the socket: live, and after a break first what was missed

  const memory = {
    get last() { try { return sessionStorage.getItem("callout.last"); } catch { return null; } },
    set last(id) { try { sessionStorage.setItem("callout.last", id); } catch { /* private window */ } },
  };
  let left = 0;
  window.addEventListener("beforeunload", () => { left = Date.now(); });
  let tries = 0;
  const shown = new Set();

  function connect() {
    const url = new URL(body.dataset.feed, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (memory.last) url.searchParams.set("after", memory.last);
    const socket = new WebSocket(url);
    // What changed since the page was drawn, or since the break, is fetched at once.
    socket.addEventListener("open", () => { tries = 0; say("Live", "green"); changed(); });
    socket.addEventListener("message", (message) => receive(JSON.parse(message.data)));
    socket.addEventListener("close", (event) => {
      if (event.code === 4401) {
        say("Logged out", "red");
        if (Date.now() - left < LEAVING) return; // this page logged out by itself and is on its way
        location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
        return;
      }
      say("Reconnecting", "yellow");
      const wait = PATIENCE[Math.min(tries++, PATIENCE.length - 1)];
      setTimeout(connect, wait * (0.75 + Math.random() / 2));
    });
  }

  function receive(frame) {
    memory.last = frame.id;
    if (shown.has(frame.id)) return;
    shown.add(frame.id);
    toast(frame);
    changed();
    body.dispatchEvent(new CustomEvent("callout:notification", { detail: frame }));
  }

  // Many notifications at once are one change for the lists on the page.
  let waiting = null;
  function changed() {
    if (waiting) return;
    waiting = setTimeout(() => { waiting = null; body.dispatchEvent(new CustomEvent("callout:changed")); }, 150);
  }

  function say(text, colour) {
    const sign = document.getElementById("connection");
    if (!sign) return;
    sign.className = `status status-${colour} callout-live`;
    sign.title = "Live updates";
    sign.querySelector("[data-text]").textContent = text;
  }

  // ---- toasts

  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function toast(frame) {
    const box = document.getElementById("toasts");
    if (!box) return;
    const made = element("div", "toast show");
    made.dataset.kind = frame.kind;
    made.dataset.id = frame.id;
    const head = element("div", "toast-header");
    const time = element("small", "ms-auto", frame.at ? new Date(frame.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false }) : "");
    const close = element("button", "ms-2 btn-close");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => made.remove());
    head.append(element("strong", "me-auto", frame.problem ? "That did not work" : "Notification"), time, close);
    const text = element("div", "toast-body");
    if (frame.link) {
      const link = element("a", "text-reset", frame.text);
      link.href = local(frame.link);
      text.append(link);
    } else {
      text.textContent = frame.text;
    }
    const actions = (frame.actions || []).filter((action) => action.method === "GET" || body.dataset.role !== "viewer");
    if (actions.length) {
      const list = element("div", "btn-list mt-2");
      for (const action of actions) list.append(button(action));
      text.append(list);
    }
    made.append(head, text);
    box.append(made);
    while (box.children.length > MOST) box.firstElementChild.remove();
    if (!actions.length) setTimeout(() => made.remove(), SHOWN);
  }

  function button(action) {
    if (action.method === "GET") {
      const link = element("a", "btn btn-sm btn-primary", action.label);
      link.href = local(action.href);
      return link;
    }
    const form = element("form", "d-inline");
    form.method = "post";
    form.action = local(action.href);
    const id = element("input", "");
    id.type = "hidden";
    id.name = "command_id";
    id.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const press = element("button", "btn btn-sm", action.label);
    press.type = "submit";
    form.append(id, press);
    return form;
  }

  // Only paths of this site, whatever a frame says.
  function local(path) {
    const url = new URL(path, location.origin);
    return url.origin === location.origin ? url.pathname + url.search + url.hash : "/";
  }

  // ---- small helps

  body.addEventListener("htmx:responseError", (event) => {
    const request = event.detail.xhr;
    if (event.detail.requestConfig.verb === "get") {
      if (request.status === 404) gone(event.detail.elt);
      return; // otherwise a fragment keeps what is shown in its place
    }
    let text = "Please try again.";
    try { text = JSON.parse(request.responseText).detail || text; } catch { /* not a problem document */ }
    toast({ kind: "problem", problem: true, id: "", text, at: null, actions: [] });
  });

  // A choice that somebody is making is not taken from under their hand.
  body.addEventListener("htmx:oobBeforeSwap", (event) => {
    const there = event.detail.target;
    if (there === document.activeElement || there.value) event.detail.shouldSwap = false;
  });

  // The page's own live part is no longer there, so nothing else on this page can be done either.
  function gone(part) {
    const live = (part.getAttribute("hx-trigger") || "").includes("callout:changed") && part.hasAttribute("hx-select");
    const content = document.getElementById("content");
    if (!live || !content) return;
    const above = document.querySelector(".page-pretitle a");
    const box = element("div", "container-xl", "");
    const alert = element("div", "alert alert-warning", "This was deleted. ");
    alert.setAttribute("role", "alert");
    const back = element("a", "alert-link", above ? `Back to ${above.textContent}` : "Back to the overview");
    back.href = above ? above.href : "/";
    alert.append(back);
    box.append(alert);
    content.replaceChildren(box);
    for (const link of document.querySelectorAll(".page-header .btn-list > :not(#connection):not([hx-get])")) link.remove();
  }

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset && event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  document.addEventListener("click", async (event) => {
    const press = event.target.closest && event.target.closest("[data-copy]");
    if (!press) return;
    await copy(press.dataset.copy);
    const before = press.textContent;
    press.textContent = "Copied";
    setTimeout(() => { press.textContent = before; }, 1500);
  });

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // without https there is no clipboard
      const area = element("textarea", "visually-hidden", "");
      area.value = text;
      body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  }

  // ---- a link to a part of the page opens that part, and puts the cursor into it

  function reveal() {
    const part = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!part) return;
    if (part.tagName === "DETAILS") part.open = true;
    const field = part.querySelector("select, input:not([type=hidden]), textarea");
    if (field) field.focus();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) reveal(); // the same place again is no change of the hash
  });
  window.addEventListener("hashchange", reveal);
  reveal();

  window.callout = { toast, copy };
  if (body.dataset.feed) connect();
})();
