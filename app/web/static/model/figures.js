// The figures of a model's manifest, named in words.

import { count, percent } from "../elements/text.js";

const PLACES = new Map([
  ["", "as measured in training"],
  ["test_titles", "on headlines of the test set"],
  ["present_day_2", "on present-day headlines, second set"],
  ["present_day", "on present-day headlines, first set"],
  ["test", "on the test set"],
  ["held_out", "on held-out training rows"],
  ["own_body", "on test texts with a body of their own"],
  ["decoded_body", "on test texts as a client sends them"],
  ["repeated_titles", "on test headlines also in training"],
  ["seeds", "repeated with other seeds"],
  ["published", "as published"],
  ["outside", "outside class"],
]);

const NAMES = new Map([
  ["accuracy", "accuracy"],
  ["any_topic_accuracy", "accuracy, counting any topic of the text"],
  ["auroc", "area under the ROC curve"],
  ["batch_size", "batch size"],
  ["deviation", "standard deviation"],
  ["ece", "calibration error"],
  ["ece_by_chance", "calibration error that exact probabilities would have"],
  ["found", "texts about none of the topics, marked as such"],
  ["loss", "log loss"],
  ["lost", "texts about a topic, marked as about none"],
  ["macro_f1", "macro-averaged F1"],
  ["micro_f1", "micro-averaged F1"],
  ["exact_match", "texts with all their topics and no other"],
  ["max", "highest"],
  ["min", "lowest"],
  ["set_coverage", "prediction sets with the right topic"],
  ["set_size", "topics per prediction set"],
  ["sha256", "SHA-256"],
  ["top3", "right topic among the first three"],
  ["wires", "texts"],
  ["with_topic", "texts with a topic"],
  ["without", "texts without a topic"],
]);

const SHARES = /accuracy|auroc|ece|error|precision|recall|f1|exact_match|top_?\d|coverage|share|ratio|found|lost|threshold/;

/** The last part of a path such as `test.macro_f1` in words. */
const inWords = (name) => NAMES.get(name) ?? name.replaceAll("_", " ");

/** Where the figures `part` were measured, as the rest of a sentence. A test set counted in wires has them whole. */
function place(name, part) {
  if (name === "test" && part?.wires) return "on whole wires of the test set";
  return PLACES.get(name) ?? `on ${name.replaceAll("_", " ")}`;
}

/** `[[where, value]]` of a figure that may have one of these names, at most two, those measured on headlines first. */
export function best(tree, names) {
  const own = (one) => names.map((name) => one?.[name]).find((value) => typeof value === "number");
  const known = [...PLACES.keys()];
  const rank = (where) => (known.indexOf(where) + 1 || known.length + 1);
  return [["", tree], ...Object.entries(tree)]
    .filter(([where, part]) => !["published", "seeds"].includes(where) && own(part) !== undefined)
    .sort(([a], [b]) => rank(a) - rank(b))
    .slice(0, 2)
    .map(([where, part]) => [place(where, part), own(part)]);
}

/** Every value below a part of the manifest, as `[name in words, value]`. */
export function all(part, tree) {
  return flatten(tree ?? {}).map(([path, value]) => [pathInWords(part, path, tree), shown(path.join("."), value)]);
}

function pathInWords(part, path, tree) {
  const words = path.map(inWords);
  if (part === "figures" && path.length > 1) words[0] = place(path[0], tree[path[0]]).replace(/^./, (first) => first.toUpperCase());
  return words.join(": ");
}

function flatten(tree, path = []) {
  return Object.entries(tree).flatMap(([name, value]) => {
    const here = [...path, name];
    return value && typeof value === "object" && !Array.isArray(value) ? flatten(value, here) : [[here, value]];
  });
}

function shown(path, value) {
  if (Array.isArray(value)) return value.map((one) => shown(path, one)).join(", ");
  if (typeof value !== "number") return String(value ?? "–");
  if (SHARES.test(path) && value >= 0 && value <= 1) return percent(value);
  return Number.isInteger(value) ? count(value) : value.toPrecision(4);
}
