// Small things about elements and addresses.

export function element(tag, className = "", text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Only paths of this site, whatever a frame says. */
export function local(path) {
  const url = new URL(path, location.origin);
  return url.origin === location.origin ? url.pathname + url.search + url.hash : "/";
}

/** A fresh id for a command: the same again is carried out once. */
export function commandId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends a form's fields without leaving the page. Throws an Error with the sentence of the refusal. */
export async function send(path, fields) {
  const answer = await fetch(path, { method: "POST", headers: { "HX-Request": "true" }, body: new URLSearchParams(fields) });
  if (answer.ok) return;
  let sentence = "";
  try { sentence = (await answer.json()).detail; } catch { /* not a problem document */ }
  throw new Error(sentence);
}
