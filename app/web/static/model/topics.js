// Table of the topics with the model's skill at each.

import { byId, element } from "../elements/dom.js";
import { makeSortable } from "../elements/sorting.js";
import { count, percent, short } from "../elements/text.js";

let sorted = (a, b) => a.label - b.label;
let topics = [];

export function setUpTopics() {
  makeSortable(byId("topics-table"), ["support", "descending"], (compare) => { sorted = compare; draw(); });
}

export function showTopics(known) {
  topics = known;
  draw();
}

/** With roles, because on a phone CSS makes rows a grid, which some browsers then no longer treat as rows of a table. */
function draw() {
  const most = Math.max(1, ...topics.map((topic) => topic.support));
  const rows = topics.toSorted(sorted).map((topic) => element("tr", { role: "row" },
    element("th", { role: "rowheader", scope: "row" }, element("bdi", {}, short(topic.name)),
      ...(topic.topic === topic.name ? [] : [" ", element("code", { dir: "auto" }, short(topic.topic))])),
    cell(count(topic.support), topic.support / most),
    ...[topic.precision, topic.recall, topic.f1].map((value) => cell(value === null ? "–" : percent(value), value))));
  byId("topics-table").tBodies[0].replaceChildren(...rows);
}

function cell(text, share) {
  const fill = element("span", { class: "fill" });
  fill.style.setProperty("--share", share ?? 0);
  return element("td", { role: "cell", class: "number" }, element("span", { class: "track", "aria-hidden": "true" }, fill),
    element("span", { class: "figure" }, text));
}
