// Corrections of answers, kept in this browser only, for a download that `python -m training fit` reads.

import { toCsv } from "../files/csv.js";
import { save } from "../files/download.js";

const PLACE = `topics-corrections:${new URL(".", location.href).pathname}`; // several services may share an origin
const MAX_CORRECTIONS = 5000;
const COLUMNS = ["text", "label", "model", "probability"];

let entries = []; // before `read`, which returns them if the browser stores nothing
entries = read();

/** All corrections `{text, label, model, probability}`: a text, its right label, the model and what it gave that label. */
export const corrections = () => entries;

/** The models whose answers were corrected, as NAME/VERSION. */
export const models = () => [...new Set(entries.map(({ model }) => model))];

/** The correction of a model's answer to a text, if there is one. */
export const find = (text, model) => entries.find((one) => one.text === text && one.model === model);

const others = (text, model) => read().filter((one) => one.text !== text || one.model !== model);

/** Add a correction, replacing an earlier one of the same text and model; false if the browser has no room for it. */
export function add({ text, label, model, probability }) {
  const kept = others(text, model);
  return kept.length < MAX_CORRECTIONS && store([...kept, { text, label, model, probability }]);
}

export function remove(text, model) {
  store(others(text, model));
}

export function removeAll() {
  store([]);
}

/** Save the corrections of one model: other models may have other topics, and would give other probabilities. */
export function download(model) {
  const rows = entries.filter((one) => one.model === model).map((one) => COLUMNS.map((name) => one[name]));
  save(["\uFEFF", toCsv([COLUMNS, ...rows], COLUMNS.indexOf("label"))], "text/csv", `corrections-${model.replaceAll("/", "-")}.csv`);
}

/** `onChange()`: another tab has changed the corrections. */
export function followTabs(onChange) {
  addEventListener("storage", ({ key }) => {
    if (key !== PLACE && key !== null) return;
    entries = read();
    onChange();
  });
}

/** What is stored; in a browser that stores nothing, what this tab has. */
function read() {
  try {
    const stored = JSON.parse(localStorage.getItem(PLACE)) ?? [];
    const isText = (value) => typeof value === "string";
    return stored.filter((one) => isText(one?.text) && isText(one.label) && isText(one.model));
  } catch {
    return entries;
  }
}

function store(changed) {
  try {
    if (changed.length) localStorage.setItem(PLACE, JSON.stringify(changed));
    else localStorage.removeItem(PLACE);
  } catch (error) {
    if (error.name === "QuotaExceededError") return false;
  }
  entries = changed;
  return true;
}
