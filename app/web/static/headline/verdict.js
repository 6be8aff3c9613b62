// The answer in a sentence, and the names of its parts. `model`: `{coverage, topics, several}`, the number of topics, and
// whether a text may have several.

import { element } from "../elements/dom.js";
import { percent, wholePercent } from "../elements/numbers.js";
import { term } from "../elements/terms.js";
import { short } from "../elements/text.js";

/** The sentence, as elements and texts. */
export function verdict({ abstained, outside, predictions, words, topic_set: set }, model) {
  if (abstained === "no_known_words") {
    const rare = words.rare ? " (some are too rare in training to be used)" : "";
    return [element("strong", {}, "The model knows none of these words"), `${rare}, so it gives no topic.`];
  }
  const [best] = predictions;
  if (abstained === "outside") {
    const guess = `Best guess: ${short(best.name)}, ${percent(best.probability)}.${unknown(words)}`;
    return [element("strong", {}, term("outside", none(model))), ` (${wholePercent(outside)}). `, element("span", { class: "guess" }, guess)];
  }
  if (model.several) return labels(set, predictions, words, model);
  const before = abstained === "low_confidence" ? "Low confidence: perhaps " : best.probability < 0.5 ? "Perhaps " : "";
  const more = set?.length > 1 ? `, or one of ${set.length - 1} more` : "";
  const only = before ? ", but only " : ", ";
  return [before, element("strong", { dir: "auto" }, short(best.name)), `${only}${percent(best.probability)}${more}.${unknown(words)}`];
}

/** What is explained: a topic's name, or that there is none. */
export function explained({ explanation, predictions }, model) {
  if (explanation.topic === null) return none(model).toLowerCase();
  return `“${short(predictions.find(({ topic }) => topic === explanation.topic)?.name ?? explanation.topic)}”`;
}

/** The labels of a text that may have several, with their probabilities. */
function labels(set, predictions, words, model) {
  const [best] = predictions;
  if (!set.length) {
    const guess = `Most probable: ${short(best.name)}, ${percent(best.probability)}.${unknown(words)}`;
    return [element("strong", {}, none(model)), ". ", element("span", { class: "guess" }, guess)];
  }
  const given = predictions.filter(({ topic }) => set.includes(topic));
  const parts = given.flatMap(({ name, probability }, index) =>
    [index ? "; " : "", element("strong", { dir: "auto" }, short(name)), `, ${percent(probability)}`]);
  return [...parts, `.${unknown(words)}`];
}

/** The mark of a topic in the prediction set, or of one that the text has. */
export function setName({ coverage, several }) {
  if (several) return "given";
  return coverage ? `in the ${Math.round(coverage * 100)}% set` : "in the set";
}

function none({ topics }) {
  return topics ? `None of the ${topics} topics` : "None of the topics";
}

function unknown({ unknown: words }) {
  if (!words.length) return "";
  const shown = words.slice(0, 4).map((word) => `“${word}”`).join(", ");
  return ` Unknown: ${shown}${words.length > 4 ? ` and ${words.length - 4} more` : ""}.`;
}
