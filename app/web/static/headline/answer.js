// The answer for one headline: a sentence, the topics as bars, and the effect of each word.

import { Bars } from "../elements/bars.js";
import { byId } from "../elements/dom.js";
import { percent } from "../elements/numbers.js";
import { term } from "../elements/terms.js";
import { short } from "../elements/text.js";
import { explained, setName, verdict } from "./verdict.js";
import { WordView } from "./words.js";

const FEW = 6; // topics shown at first

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
   * @param {{coverage, topics, several}} model
   */
  show({ answer, points, layout, anyOut, all, model }) {
    this.#say(...verdict(answer, model));
    byId("answer").hidden = false;
    byId("chart-panel").hidden = !answer.predictions.length;
    byId("more").hidden = model.topics <= FEW;
    byId("more").setAttribute("aria-expanded", String(all));
    byId("more").textContent = all ? "Show fewer" : "Show all topics";
    byId("restore").hidden = !anyOut;
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
    byId("why-topic").textContent = predictions.length ? name : "no topic";
    this.words.show(points, layout, new Map(explanation.words.map((word) => [word.start, word.effect])), name);
  }

  /** Update the verdict only if it changed, because screen readers announce it. */
  #say(...parts) {
    const text = parts.map((part) => part.textContent ?? part).join("");
    if (text !== byId("verdict").textContent) byId("verdict").replaceChildren(...parts);
  }
}
