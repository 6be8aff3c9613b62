// "This should be ...": collects corrections under an answer, and lists them.

import { byId, element } from "../elements/dom.js";
import { count, short } from "../elements/text.js";
import { isStale, WAIT } from "../headline/answer.js";
import { add, corrections, download, find, followTabs, models, remove, removeAll } from "./corrections.js";

const MAX_SHOWN = 120; // characters of a listed text

let shown = null; // `{text, model, answer}`: the answer that may be corrected
let names = new Map(); // of the topics, by their codes
let none = "outside"; // the label of a text about none of them

/** What to correct: a text, and the answer to all of its words, `{text, complete}`. */
export function offerCorrection({ text, complete }) {
  const model = `${complete.model.name}/${complete.model.version}`;
  const isOther = text !== shown?.text || model !== shown.model;
  if (isOther) byId("right-topic").value = find(text, model)?.label ?? "";
  if (isOther || byId("corrected").textContent === WAIT) byId("corrected").textContent = "";
  shown = { text, model, answer: complete };
}

/** The topics to choose from. */
export function setTopics(topics) {
  names = new Map(topics.map(({ topic, name }) => [topic, name]));
  const sorted = [...names].sort(([, a], [, b]) => a.localeCompare(b));
  none = names.has("outside") ? "none" : "outside";
  while (names.has(none)) none += "_";
  names.set(none, "no topic of this list");
  const select = byId("right-topic");
  const { value } = select;
  select.replaceChildren(...[["", "choose a topic"], ...sorted, [none, names.get(none)]]
    .map(([code, name]) => element("option", { value: code }, short(name))));
  select.value = names.has(value) ? value : "";
  for (const one of document.querySelectorAll(".outside-label")) one.textContent = none;
  draw();
}

export function setUpCorrecting() {
  byId("correct").addEventListener("click", () => {
    if (isStale()) {
      byId("corrected").textContent = WAIT;
      return;
    }
    const label = byId("right-topic").value;
    if (!label) {
      byId("corrected").textContent = "Choose the right topic first.";
      byId("right-topic").focus();
      return;
    }
    const { text, model, answer: { predictions, outside } } = shown;
    const given = predictions.find(({ topic }) => topic === label)?.probability ?? (label === none ? outside : null);
    const added = add({ text, label, model, probability: given });
    byId("corrected").textContent = added ? "Added to your corrections below." : "The storage of this browser is full; download the corrections, then delete them.";
    draw();
  });
  byId("delete-corrections").addEventListener("click", () => { removeAll(); removed(); });
  followTabs(draw);
  draw();
}

function removed() {
  byId("corrected").textContent = ""; // it may say that this correction was added
  draw();
  byId("headline").focus();
}

function draw() {
  const all = corrections();
  byId("corrections").hidden = !all.length;
  byId("corrections-title").textContent = all.length === 1 ? "1 correction" : `${count(all.length)} corrections`;
  const several = models().length > 1;
  byId("download-corrections").replaceChildren(...models().map((model) => {
    const button = element("button", { type: "button" }, several ? `Download those of ${short(model)}` : "Download as CSV");
    button.addEventListener("click", () => download(model));
    return button;
  }));
  byId("corrections-list").replaceChildren(...all.toReversed().map(({ text, label, model }) => {
    const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
    const suffix = several ? ` (${short(model)})` : "";
    const button = element("button", { type: "button", class: "quiet", "aria-label": `Remove the correction of ${cut}${suffix}` }, "Remove");
    button.addEventListener("click", () => { remove(text, model); removed(); });
    return element("li", {}, element("span", { dir: "auto" }, cut), " → ", element("strong", { dir: "auto" }, short(names.get(label) ?? label)), suffix, " ", button);
  }));
}
