// The answer for one headline: a sentence, the topics as bars, and the effect of each word. `model`: `{coverage, topics,
// several}`, the number of topics, and whether a text may have several.

import { Bars } from "../elements/bars.js";
import { byId, element } from "../elements/dom.js";
import { term } from "../elements/terms.js";
import { percent, short, wholePercent } from "../elements/text.js";
import { WordView } from "./words.js";

const FEW = 6; // topics shown at first

/** Whether the answer that is shown is not the one to the text in the box, because that has not arrived yet. */
export const isStale = () => byId("answer").getAttribute("aria-busy") === "true";

export const WAIT = "Wait for the answer to this text.";

export class AnswerView {
  /** `onTopic(topic)`, `onWord(start)`: a bar or a word was pressed; `onMore()`: all topics are wanted, or only some. */
  constructor({ onTopic, onWord, onMore }) {
    this.chart = new Bars(byId("chart"), onTopic);
    this.words = new WordView(onWord);
    byId("more").addEventListener("click", onMore);
  }

  /**
   * Show an answer; returns the number of topics shown.
   * @param {object} answer the service's, with a `note` if it cannot be explained
   * @param {string[]} points code points of the complete text
   * @param {object[]|null} layout words of the complete text
   * @param {boolean} anyOut whether words are left out
   * @param {boolean} all whether to show all topics
   * @param {boolean} isExample whether the text is one of the examples
   * @param {{coverage, topics, several}} model
   */
  show({ answer, points, layout, anyOut, all, isExample, model }) {
    this.#say(...verdict(answer, model, isExample));
    byId("answer").hidden = false;
    byId("chart-panel").hidden = !answer.predictions.length;
    byId("more").hidden = model.topics <= FEW;
    byId("more").setAttribute("aria-expanded", String(all));
    byId("more").textContent = all ? "Show fewer" : "Show all topics";
    byId("restore").hidden = !anyOut;
    this.#showOutside(answer);
    this.#showWords(answer, points, layout, model);
    return this.#showTopics(answer, all, model);
  }

  /** Show only a message. */
  hide(message) {
    this.stale(false);
    byId("answer").hidden = true;
    this.#say(message);
  }

  /** Mark what is shown as the answer for an older text, or no longer. */
  stale(stale) {
    byId("try").classList.toggle("stale", stale);
    byId("answer").setAttribute("aria-busy", String(stale));
  }

  /** Says what the bars assume if the verdict is that no topic fits, and else how probable that is. */
  #showOutside({ abstained, outside }) {
    byId("chart-condition").hidden = abstained !== "outside";
    byId("outside-note").hidden = outside == null || abstained === "outside";
    byId("outside-note").replaceChildren(...(outside == null ? [] : [term("outside", "None of the topics"), `: ${percent(outside)}`]));
  }

  #showTopics(answer, all, model) {
    // The set holds the right topic only if there is one. One topic alone adds nothing to the verdict, and with a low
    // probability the mark would look like confidence.
    const least = model.several ? 1 : 2;
    const set = new Set(answer.abstained !== "outside" && answer.topic_set?.length >= least ? answer.topic_set : []);
    const chosen = answer.explanation?.topic;
    const rows = answer.predictions.filter(({ topic }, rank) => all || rank < FEW || set.has(topic) || topic === chosen);
    this.chart.show(rows.map(({ topic, name, probability }) => ({
      key: topic,
      name,
      share: probability,
      value: percent(probability),
      marked: set.has(topic),
      note: set.has(topic) ? setName(model) : "",
      pressed: topic === chosen,
    })));
    byId("set-note").replaceChildren(...(set.size ? ["The topics marked “", term("set", setName(model)), model.several ? "” are those of the text. " : "” are its prediction set. "] : []),
      "Press a topic to see the effect of each word.");
    return rows.length;
  }

  #showWords(answer, points, layout, model) {
    const { explanation, note, predictions } = answer;
    const isExplained = Boolean(layout && explanation);
    byId("words-panel").hidden = !isExplained && !note;
    byId("unexplained").hidden = isExplained;
    byId("unexplained-note").textContent = note ?? "";
    byId("unexplained-topic").textContent = predictions.length ? `“${short(predictions[0].name)}”` : "this text";
    byId("explained").hidden = !isExplained;
    if (!isExplained) return;
    const name = explained(answer, model);
    for (const one of document.querySelectorAll(".of-numbers")) one.hidden = !predictions.length; // no topic, no effects
    byId("no-effects").hidden = explanation.words.some((word) => Math.abs(word.effect) >= 0.0005); // shown as 0
    byId("why-topic").textContent = predictions.length ? name : "no topic";
    this.words.show(points, layout, new Map(explanation.words.map((word) => [word.start, word.effect])), name);
  }

  /** Update the verdict only if it changed, because screen readers announce it. */
  #say(...parts) {
    const text = parts.map((part) => part.textContent ?? part).join("");
    if (text !== byId("verdict").textContent) byId("verdict").replaceChildren(...parts);
  }
}

/** The sentence, as elements and texts. */
function verdict({ abstained, outside, predictions, words, topic_set: set }, model, isExample) {
  if (abstained === "no_known_words") {
    const rare = words.rare ? " (some are too rare in training to be used)" : "";
    return [element("strong", {}, "The model knows none of these words"), `${rare}, so it gives no topic.${isExample ? " This example is here to show that." : ""}`];
  }
  const [best] = predictions;
  if (abstained === "outside") {
    const guess = `Best guess: ${short(best.name)}, ${percent(best.probability)}.${unknown(words)}`;
    return [element("strong", {}, term("outside", none(model))), ` (${wholePercent(outside)}). `, element("span", { class: "guess" }, guess)];
  }
  if (model.several) return labels(set, predictions, words, model);
  const before = abstained === "low_confidence" ? "Low confidence: perhaps " : best.probability < 0.5 ? "Perhaps " : "";
  const more = set?.length > 2 ? `, or one of ${set.length - 1} others` : set?.length === 2 ? ", or one other" : "";
  const only = before ? ", but only " : ", ";
  return [before, element("strong", { dir: "auto" }, short(best.name)), `${only}${percent(best.probability)}${more}.${unknown(words)}`];
}

/** What is explained: a topic's name, or that there is none. */
function explained({ explanation, predictions }, model) {
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
function setName({ coverage, several }) {
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
