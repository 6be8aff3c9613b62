// The API key, if the service requires one: requested once, stored in this tab only.

import { byId } from "../elements/dom.js";

const PLACE = "reuters-topics-key";
const changes = new EventTarget();
let dismissed = false;

export const key = () => sessionStorage.getItem(PLACE);

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
  if (!byId("key-dialog").open) byId("key-dialog").showModal();
}

/** Offer to forget the key, if there is one. Called after the first answer: opening sessionStorage takes about 14 ms. */
export function showForget() {
  byId("forget").hidden = !key();
}

export function setUpKey() {
  const dialog = byId("key-dialog");
  dialog.querySelector("form").addEventListener("submit", () => {
    const value = byId("key").value.trim();
    byId("key").value = "";
    if (!value) return;
    sessionStorage.setItem(PLACE, value);
    showForget();
    changes.dispatchEvent(new Event("key"));
  });
  byId("key-later").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => { dismissed = !key(); });
  byId("forget").addEventListener("click", () => {
    sessionStorage.removeItem(PLACE);
    dismissed = false;
    showForget();
  });
}
