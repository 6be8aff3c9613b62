// Client of the service's API. It retries until the service answers, so an open page survives a restart of the service.

import { byId } from "../elements/dom.js";
import { askForKey, key, keyHeader, openDialog } from "./key.js";
import { withModel } from "./models.js";

const MAX_WAIT = 5; // seconds
const MIN_RETRY_AFTER = 1; // seconds; a proxy may send 0, or a date of a clock that is behind
const MAX_RETRY_AFTER = 86_400; // seconds; timers of browsers overflow after 24 days
const SLOW = 3; // seconds without an answer after which the page says so
const REQUEST_TIMEOUT = 60; // seconds; the service's own limits are shorter, so then the connection is dead
const AGAIN = new Set([429, 502, 503]);
const NO_KEY = "No API key has been entered. Ask the operator of this service for one.";
const wakeUp = new EventTarget();
const troubles = new Map(); // reason why each pending call is waiting, and what else is wrong

/** The service refused the request, and retrying does not help. */
export class Refusal extends Error {
  constructor(status, problem) {
    const errors = problem?.errors ?? [];
    const ofText = errors.length === 1 && errors[0].field === "headline";
    const detail = typeof problem?.detail === "string" ? problem.detail : `The service returned status ${status}.`;
    super(ofText ? `${aboutText(errors[0].message)}.` : detail);
    this.status = status;
    this.errors = errors;
  }
}

/** The service's message about a field, as words about the text in it. */
export function aboutText(message) {
  return message.startsWith("must ") ? `Text ${message}` : message;
}

/**
 * Returns the JSON response. Throws Refusal, or the signal's reason. Calls `onWait()` before each retry, and when a
 * response takes long.
 */
export async function call(path, { body, signal, onWait } = {}) {
  const id = Symbol(path);
  try {
    for (let attempt = 0; ; attempt += 1) {
      const used = key();
      const slow = setTimeout(() => {
        onWait?.();
        trouble(id, { text: "The service has not answered yet. Waiting." });
      }, SLOW * 1000);
      const response = await attemptOnce(path, body, signal).finally(() => clearTimeout(slow));
      if (response?.ok) {
        wakeUp.dispatchEvent(new Event("recovered"));
        return response.content;
      }
      if (!response || response.status === 401 || AGAIN.has(response.status)) onWait?.();
      if (response?.status === 401) {
        const reason = used ? "This API key is not valid. Enter another one." : NO_KEY;
        trouble(id, { text: reason, key: true });
        if (key() === used) await askForKey(reason, signal);
        attempt = -1;
      } else if (!response) {
        const seconds = Math.min(2 ** attempt, MAX_WAIT);
        trouble(id, { text: "The service is not responding. Retrying automatically." });
        await pause(seconds, signal, true);
      } else if (AGAIN.has(response.status)) {
        const seconds = response.retryAfter ?? Math.min(2 ** attempt, MAX_WAIT);
        const { message } = new Refusal(response.status, response.content ?? { detail: "The service is busy." });
        trouble(id, { text: `${message} Retrying in ${Math.ceil(seconds)} s.` });
        await pause(seconds, signal, false);
      } else {
        throw new Refusal(response.status, response.content);
      }
    }
  } finally {
    trouble(id, null);
  }
}

/**
 * Returns the service's answer for all topics; it explains `topic`, if not null and known to the model, or what the
 * service explains by default. `note`: why it explains nothing, if so.
 */
export async function predict(headline, topics, topic, options) {
  const body = { headline, top_k: topics };
  const ask = (more) => call(withModel("predict"), { ...options, body: { ...body, ...more } });
  try {
    return await ask({ explain: true, ...(topic && { explain_topic: topic }) });
  } catch (error) {
    if (error.status !== 422) throw error;
    if (topic) return predict(headline, topics, null, options); // a link's, or of a model that has been replaced
    return { ...(await ask({})), note: error.message }; // too long to explain, but perhaps not to classify
  }
}

/** One request; null if there was no complete response. */
async function attemptOnce(path, body, signal) {
  try {
    const response = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }), ...keyHeader() },
      body: body && JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT * 1000), ...(signal ? [signal] : [])]),
    });
    const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
    // An error may come from a proxy, whose JSON may be empty or cut; its status still counts.
    const noJson = (error) => { if (response.ok || !(error instanceof SyntaxError)) throw error; return null; };
    const content = isJson ? await response.json().catch(noJson) : await response.text().then(() => null);
    if (response.ok && content === null) return null; // another server answers at this address
    return { ok: response.ok, status: response.status, content, retryAfter: retryAfter(response.headers) };
  } catch (error) {
    if (signal?.aborted) throw error;
    return null;
  }
}

/** Retry-After in seconds, within bounds, whether sent as seconds or as a date; null without it. */
export function retryAfter(headers) {
  const value = headers.get("Retry-After");
  if (value === null) return null;
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, MIN_RETRY_AFTER), MAX_RETRY_AFTER) : null;
}

/** Waits; with `early`, a success of another call or the browser going online ends the wait. */
function pause(seconds, signal, early) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      wakeUp.removeEventListener("recovered", done);
      removeEventListener("online", done);
      signal?.removeEventListener("abort", leave);
      resolve();
    };
    const leave = () => { reject(signal.reason); done(); };
    const timer = setTimeout(done, seconds * 1000);
    if (early) {
      wakeUp.addEventListener("recovered", done);
      addEventListener("online", done);
    }
    if (signal?.aborted) leave();
    else signal?.addEventListener("abort", leave);
  });
}

/** Show why a call is waiting, or what else is wrong; null: no longer. */
export function trouble(id, what) {
  if (what) troubles.set(id, what);
  else if (!troubles.delete(id)) return;
  const box = byId("trouble");
  const latest = [...troubles.values()].at(-1);
  box.hidden = !latest;
  const [text, button] = box.children;
  if (text.textContent !== (latest?.text ?? "")) text.textContent = latest?.text ?? "";
  button.hidden = !latest?.key;
  button.onclick = openDialog;
}
