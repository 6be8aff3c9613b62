// Describes the model. Known figures of the bundle come first; all others are in collapsed sections.

import { byId, element } from "../elements/dom.js";
import { count, percent } from "../elements/text.js";
import { explain, term } from "../elements/terms.js";
import { withModel } from "../service/models.js";
import { all, best } from "./figures.js";

const ERRORS = ["ece", "calibration_error", "expected_calibration_error"];
const PARTS = new Map([
  ["figures", "All measured figures"],
  ["recipe", "How it was trained"],
  ["data", "What it was trained on"],
  ["libraries", "Libraries it was trained with"],
  ["calibration", "How its probabilities are calibrated"],
  ["outside", "How it recognizes texts without a topic"],
]);

/** `threshold`: the one in effect for `outside`, if the model has an outside class. */
export function showModel(model, threshold) {
  const tiles = [
    ...best(model.figures, ["accuracy"]).map(([where, value]) => tile(percent(value), term("accuracy", "Accuracy"), ` ${where}`)),
    ...best(model.figures, ["micro_f1"]).map(([where, value]) => tile(percent(value), "Micro-averaged F1", ` ${where}`)),
    ...best(model.figures, ERRORS).map(([where, value]) => tile(percent(value), term("ece", "Calibration error"), ` ${where}`)),
  ].slice(0, 4);
  if (model.topic_set) tiles.push(tile(percent(model.topic_set.coverage), term("set", "Prediction sets"), " are made to contain the right topic for this share of texts"));
  tiles.push(...outsideTiles(model.outside, model.figures.outside));
  if (model.topic_set) {
    const often = Math.round(model.topic_set.coverage * 100);
    explain("set", `The smallest set of topics that contains the right one ${often} of 100 times, on texts like those in the test data.`);
  }
  if (model.multi_label) explain("set", "A text may have several topics, or none. Each topic has an independent probability, and is given if that is above its threshold.");
  explain("outside", "The model was also trained on texts about other subjects. This is the probability that a text is one of them."
    + ` Above ${percent(threshold ?? 0)}, no topic is given.`);
  const { pieces } = model.encoding;
  explain("rare", `Seen in training, but in too few texts to learn from, so the model ${pieces ? "uses only pieces of it" : "does not use it"}.`);
  explain("unknown", `Never seen in training, so the model ${pieces ? "can use only pieces of it" : "cannot use it"}. With many of them, an answer is less certain.`);
  byId("model-facts").replaceChildren(
    element("p", { class: "model-name" }, element("strong", {}, model.name), ` version ${model.version}`),
    element("p", { class: "intro" }, model.description),
    element("ul", { class: "tiles" }, ...tiles),
    list([
      ["Vocabulary", vocabulary(model.encoding, model.recipe.clusters)],
      ...outsideFact(model, threshold),
      ...(model.shadow ? [["Shadow", shadow(model.shadow)]] : []),
      ["Runtime", model.runtime === "keras" ? "Keras" : "NumPy"],
      ["Digest", element("code", { class: "digest" }, model.digest)],
    ]),
    element("p", {}, element("a", { href: withModel("model/card") }, "Read the model card"), ": intended use, limits and figures."),
    ...sections(model),
  );
}

/** Number of features, as in the model card. Keras counts its reserved ids; in other encodings id 0 means none. */
export function vocabulary({ size, offset, pairs, pieces }, clusters) {
  const kinds = ["words", ...(pairs ? ["pairs of words"] : []), ...(pieces ? ["pieces of words"] : []), ...(clusters ? ["clusters of words"] : [])];
  return `${count(offset ? size : size - 1)} ${new Intl.ListFormat("en").format(kinds)}`;
}

/** How often the shadow agrees with the default model, and how they differ. */
function shadow({ name, version, headlines, agreed, disagreed }) {
  if (!headlines) return `${name} ${version}, no text compared yet`;
  const reasons = [["both give a topic, but not the same", disagreed.topic], ["only the default model gives one", disagreed.default_only],
    ["only the shadow gives one", disagreed.shadow_only]].filter(([, number]) => number).map(([reason, number]) => `; ${reason}: ${count(number)}`);
  return `${name} ${version} agrees with the default model on ${percent(agreed / headlines)} of ${count(headlines)} texts${reasons.join("")}`;
}

/** When no topic is given. With several topics a text, that is if none is above its threshold. */
function outsideFact({ outside, multi_label: several }, threshold) {
  if (outside) return [["None of the topics", `if the probability is above ${percent(threshold)}`]];
  return several ? [] : [["Texts about other subjects", "not recognized: they get one of the topics, too"]];
}

/** What the outside class gains and costs: `measured` on the test set, if it was, or on the texts it was fitted to. */
function outsideTiles(outside, measured) {
  const held = typeof measured?.found === "number";
  const texts = held ? "on the test set" : "on the texts it was fitted to";
  const where = outside && `${texts}, at the threshold of ${percent(outside.threshold)}`;
  const { found, lost } = (held ? measured : outside) ?? {};
  return [["Texts about none of the topics, marked as such", found], ["Texts about a topic, marked as about none", lost]]
    .filter(([, value]) => typeof value === "number")
    .map(([name, value]) => tile(percent(value), `${name} ${where}`));
}

/** A figure in large type over its name. */
function tile(value, ...name) {
  return element("li", {}, element("span", { class: "big" }, value), element("span", {}, ...name));
}

function list(pairs) {
  return element("dl", {}, ...pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

/** All other parts of the manifest, in collapsed sections. */
function sections(model) {
  return [...PARTS].flatMap(([part, title]) => {
    const pairs = all(part, model[part]);
    return pairs.length ? [element("details", {}, element("summary", {}, title), list(pairs))] : [];
  });
}
