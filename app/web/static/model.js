// Describes the model. Known figures of the bundle come first; all others are in collapsed sections.

import { byId, element } from "./dom.js";
import { count, percent } from "./numbers.js";

const ERRORS = ["ece", "calibration_error", "expected_calibration_error"];
const SHARES = /accuracy|ece|error|precision|recall|f1|top_?\d|coverage|share|ratio/;

/** `threshold`: the one in effect for `outside`, if the model has an outside class. */
export function showModel(model, threshold) {
  const tiles = [
    ...figures(model.figures, ["accuracy"]).map(([where, value]) => tile("Accuracy", percent(value), where)),
    ...figures(model.figures, ERRORS).map(([where, value]) => tile("Calibration error", percent(value), where)),
  ].slice(0, 4);
  if (model.topic_set) tiles.push(tile("Prediction sets contain the right topic", percent(model.topic_set.coverage), "by design"));
  tiles.push(...outsideTiles(model.outside));
  byId("model-facts").replaceChildren(
    element("p", { class: "model-name" }, element("strong", {}, model.name), ` version ${model.version}`),
    element("p", { class: "intro" }, model.description),
    element("ul", { class: "tiles" }, ...tiles),
    list([
      ["Vocabulary", `${count(model.encoding.size)} ${model.encoding.pairs ? "words and pairs of words" : "words"}`],
      ...(model.outside ? [["None of the topics", `if the probability is above ${percent(threshold)}`]] : []),
      ["Runtime", model.runtime === "keras" ? "Keras" : "NumPy"],
      ["Digest", element("code", { class: "digest" }, model.digest)],
    ]),
    element("p", {}, element("a", { href: "model/card" }, "Read the model card"), ": what it is for, what it is not for, and how it was measured."),
    ...all(model),
  );
}

/** What the outside class gains and costs, where it was measured. */
function outsideTiles(outside) {
  const where = outside && `at the threshold of ${percent(outside.threshold)}`;
  return [["Texts without a topic recognised", outside?.found], ["Texts with a topic lost", outside?.lost]]
    .filter(([, value]) => typeof value === "number")
    .map(([name, value]) => tile(name, percent(value), where));
}

/** `[[where, value]]` of a figure, at most two: measured on headlines first, then top level, then others. */
function figures(tree, names) {
  const found = [];
  const own = (one) => names.map((name) => one?.[name]).find((value) => typeof value === "number");
  if (own(tree) !== undefined) found.push([place(""), own(tree)]);
  for (const [where, part] of Object.entries(tree)) {
    if (where !== "published" && own(part) !== undefined) found.push([place(where), own(part)]);
  }
  const headlines = ([where]) => /title|headline/.test(where);
  return found.sort((a, b) => headlines(b) - headlines(a)).slice(0, 2);
}

const NAMES = new Map([["outside", "outside class"]]);
const words = (name) => name.replaceAll("_", " ");

const PLACES = new Map([
  ["", "as measured in training"],
  ["test", "on the official test wires"],
  ["own_body", "on test wires with their own body"],
  ["test_titles", "on headlines of the test wires"],
  ["present_day", "on present-day headlines"],
  ["present_day_2", "on present-day headlines, second set"],
]);
const place = (name) => PLACES.get(name) ?? `on ${words(name)}`;

function tile(name, value, where) {
  return element("li", {}, element("span", { class: "big" }, value), element("span", {}, name), element("span", { class: "where" }, where));
}

function list(pairs) {
  return element("dl", {}, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

/** All other parts of the manifest, in collapsed sections. */
function all(model) {
  return ["figures", "recipe", "data", "libraries", "calibration", "outside"].flatMap((part) => {
    const pairs = flatten(model[part] ?? {}).map(([path, value]) => [words(path), shown(path, value)]);
    if (!pairs.length) return [];
    return [element("details", {}, element("summary", {}, `All of its ${NAMES.get(part) ?? part}`), list(pairs))];
  });
}

function flatten(tree, path = "") {
  return Object.entries(tree).flatMap(([name, value]) => {
    const here = path ? `${path} · ${name}` : name;
    return value && typeof value === "object" && !Array.isArray(value) ? flatten(value, here) : [[here, value]];
  });
}

function shown(path, value) {
  if (typeof value !== "number") return Array.isArray(value) ? value.map((one) => shown(path, one)).join(", ") : String(value ?? "–");
  if (SHARES.test(path) && value >= 0 && value <= 1) return percent(value);
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}
