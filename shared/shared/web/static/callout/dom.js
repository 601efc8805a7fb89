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
  const answer = await post(path, fields);
  if (!answer.ok) throw await refusal(answer);
}

/**
 * Posts a form's fields. Where nobody answers it throws an Error without words: the browser's own are in English; and
 * where it is asked first whether it is meant, one whose `asks` is the page with the question.
 */
export async function post(path, fields, headers = {}) {
  const body = new URLSearchParams(fields);
  const answer = await fetch(path, { method: "POST", headers: { "HX-Request": "true", ...headers }, body }).catch(() => { throw new Error(""); });
  const asks = answer.headers.get("Callout-Ask");
  if (asks) throw Object.assign(new Error(""), { asks: local(asks) });
  return answer;
}

/** An Error with the sentence of an answer that refuses. */
export async function refusal(answer) {
  const { detail = "" } = await answer.json().catch(() => ({})); // it may be no problem document
  return new Error(detail);
}
