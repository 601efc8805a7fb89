// What is kept of a half-typed form is sealed, with a key that only the pages of this person's sessions are given: when
// the session is over, what lies in the browser says nothing to anybody else. Not by WebCrypto: that is missing where
// Callout is opened by plain http, and cannot finish while a page is being left.

import { xchacha20poly1305 } from "../vendor/ciphers/chacha.js";

const NONCE = 24; // bytes
const toBytes = (text) => new TextEncoder().encode(text);
const fromBase64 = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** name: what it is a draft of; one that was sealed under another name does not open. */
export function seal(key, name, value) {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const sealed = xchacha20poly1305(fromBase64(key), nonce, toBytes(name)).encrypt(toBytes(JSON.stringify(value)));
  return `${toBase64(nonce)}.${toBase64(sealed)}`;
}

/** The value; null where the key does not fit. */
export function unseal(key, name, text) {
  try {
    const [nonce, sealed] = text.split(".").map(fromBase64);
    return JSON.parse(new TextDecoder().decode(xchacha20poly1305(fromBase64(key), nonce, toBytes(name)).decrypt(sealed)));
  } catch {
    return null;
  }
}
