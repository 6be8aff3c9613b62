// "This should be ...": collects corrections under an answer, and lists them.

import { byId, element } from "../elements/dom.js";
import { count, short } from "../elements/text.js";
import { add, corrections, download, followTabs, remove, removeAll } from "./corrections.js";

const LONGEST = 120; // characters of a listed text

let shown = null; // the answer that may be corrected
let names = new Map(); // of the topics, by their codes

/** The answer to correct: `{text, answer}`. */
export function offerCorrection(answer) {
  if (answer.text !== shown?.text) {
    byId("right-topic").value = corrections().find(({ text }) => text === answer.text)?.label ?? "";
    byId("corrected").textContent = "";
  }
  shown = answer;
}

/** The topics to choose from. */
export function setTopics(topics) {
  names = new Map(topics.map(({ topic, name }) => [topic, name]));
  const sorted = [...names].sort(([, a], [, b]) => a.localeCompare(b));
  const none = names.has("outside") ? "none" : "outside";
  names.set(none, "no topic of this list");
  const select = byId("right-topic");
  const { value } = select;
  select.replaceChildren(...[["", "choose a topic"], ...sorted, [none, names.get(none)]]
    .map(([code, name]) => element("option", { value: code }, short(name))));
  select.value = names.has(value) ? value : "";
  byId("outside-label").textContent = none;
  draw();
}

export function setUpCorrecting() {
  byId("correct").addEventListener("click", () => {
    const label = byId("right-topic").value;
    if (!label) {
      byId("corrected").textContent = "Choose the right topic first.";
      byId("right-topic").focus();
      return;
    }
    const { text, answer: { model, predictions, outside } } = shown;
    const given = predictions.find(({ topic }) => topic === label)?.probability ?? (label === byId("outside-label").textContent ? outside : null);
    const added = add({ text, label, model: `${model.name}/${model.version}`, probability: given });
    byId("corrected").textContent = added ? "Added to your corrections below." : "The storage of this browser is full; download the corrections, then delete them.";
    draw();
  });
  byId("download-corrections").addEventListener("click", download);
  byId("delete-corrections").addEventListener("click", () => { removeAll(); draw(); byId("headline").focus(); });
  followTabs(draw);
  draw();
}

function draw() {
  const all = corrections();
  byId("corrections").hidden = !all.length;
  byId("corrections-title").textContent = all.length === 1 ? "1 correction" : `${count(all.length)} corrections`;
  byId("corrections-list").replaceChildren(...all.toReversed().map(({ text, label }) => {
    const cut = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
    const button = element("button", { type: "button", class: "quiet", "aria-label": `Remove the correction of ${cut}` }, "Remove");
    button.addEventListener("click", () => { remove(text); draw(); byId("headline").focus(); });
    return element("li", {}, element("span", { dir: "auto" }, cut), " → ", element("strong", { dir: "auto" }, short(names.get(label) ?? label)), " ", button);
  }));
}
