// The API key, if the service requires one: requested once, stored in this tab only.

import { byId } from "../elements/dom.js";

const PLACE = `reuters-topics-key:${new URL(".", location.href).pathname}`; // services below other paths of this origin get their own
const changes = new EventTarget();
const MAX_CHARACTERS = 8192; // the service reads 64 KiB of headers, and a character may take 4 bytes
let entered = false; // whether the dialog was closed with a key
let dismissed = false;

let kept = null; // the key in a browser that stores nothing, such as one that blocks cookies

export function key() {
  try {
    return sessionStorage.getItem(PLACE) ?? kept;
  } catch {
    return kept;
  }
}

/** Keep a key until the tab is closed; null: forget it. */
function keep(value) {
  kept = value;
  try {
    if (value === null) sessionStorage.removeItem(PLACE);
    else sessionStorage.setItem(PLACE, value);
  } catch {
    // It has to be entered again when the page is reloaded.
  }
}

/** The Authorization header; the key as UTF-8 bytes, because fetch accepts only bytes in headers. */
export function keyHeader() {
  const value = key();
  if (!value) return {};
  return { Authorization: `Bearer ${String.fromCharCode(...new TextEncoder().encode(value))}` };
}

/** Resolves when the user has entered a key; rejects when the signal aborts. */
export function askForKey(reason, signal) {
  byId("key-reason").textContent = reason;
  if (!dismissed) openDialog();
  return new Promise((resolve, reject) => {
    changes.addEventListener("key", resolve, { once: true });
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

export function openDialog() {
  if (byId("key-dialog").open) return;
  entered = false;
  byId("key-dialog").showModal();
}

/** Offer to forget the key, if there is one. Called after the first answer: opening sessionStorage takes about 14 ms. */
export function showForget() {
  byId("forget").hidden = !key();
}

export function setUpKey() {
  const dialog = byId("key-dialog");
  dialog.querySelector("form").addEventListener("submit", (event) => {
    const value = byId("key").value.trim();
    byId("key").value = "";
    if (!value || value.length > MAX_CHARACTERS || /\p{Cc}/u.test(value)) { // no header can carry it
      event.preventDefault();
      byId("key-reason").textContent = "This key has control characters or is too long. Enter another one.";
      return;
    }
    entered = true;
    keep(value);
    showForget();
    changes.dispatchEvent(new Event("key"));
  });
  byId("key-later").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dismissed = !entered; });
  byId("forget").addEventListener("click", () => {
    keep(null);
    dismissed = false;
    showForget();
  });
}
