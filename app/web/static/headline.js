// One headline, classified while typing. State: the text, the words left out, and the explained topic.

import { call, Refusal } from "./api.js";
import { Bars } from "./bars.js";
import { byId, element } from "./dom.js";
import { withModel } from "./models.js";
import { percent, wholePercent } from "./numbers.js";
import { offerLines } from "./several.js";
import { codePoints, leaveOut, short } from "./text.js";
import { term } from "./terms.js";
import { WordView } from "./words.js";

const DEBOUNCE = 120; // milliseconds
const FEW = 6;

export class Headline {
  /** `onModel(model)`: called with the model of each answer. */
  constructor(onModel) {
    this.onModel = onModel;
    this.input = byId("headline");
    this.chart = new Bars(byId("chart"), (topic) => this.#explain(topic));
    this.words = new WordView((start) => this.#toggle(start));
    this.coverage = null;
    this.topics = null; // number of topics; null until the model is described
    this.examples = []; // of the model
    this.all = false;
    this.#reset();
    this.#listen();
  }

  #reset() {
    this.out = new Set();
    this.topic = null;
    this.layout = null; // words of the complete text, before any is left out
  }

  #listen() {
    this.input.addEventListener("input", () => this.#typed(DEBOUNCE));
    this.input.addEventListener("focus", () => { if (this.examples.includes(this.input.value)) this.input.select(); });
    byId("restore").addEventListener("click", () => { this.out.clear(); this.#ask(); this.input.focus(); });
    byId("more").addEventListener("click", () => {
      this.all = !this.all;
      byId("more").setAttribute("aria-expanded", String(this.all));
      byId("more").textContent = this.all ? "Show fewer" : "Show all topics";
      this.#draw();
    });
  }

  #typed(delay) {
    this.#reset();
    this.controller?.abort();
    offerLines(this.input.value);
    this.#stale(true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), delay);
  }

  #toggle(start) {
    if (!this.layout) return; // the text has changed since
    if (!this.out.delete(start)) this.out.add(start);
    this.topic ??= this.answer.explanation.topic; // keep explaining the same topic
    this.#ask();
  }

  #explain(topic) {
    if (!this.layout) return;
    this.topic = this.topic === topic ? null : topic; // pressed again: what the service explains by default
    this.#ask();
  }

  async #ask() {
    this.controller?.abort();
    const { signal } = (this.controller = new AbortController());
    if (this.topics === null) return; // asked when the model is described
    const points = codePoints(this.input.value);
    if (!points.join("").trim()) {
      this.#empty("");
      return;
    }
    const left = this.layout?.filter((word) => this.out.has(word.start)) ?? [];
    try {
      // While waiting, hide the result of the previous text, which would look like the result of this one.
      const answer = await this.#predict(leaveOut(points, left), signal, () => this.#empty(""));
      signal.throwIfAborted(); // only the newest request is shown, in whatever order responses arrive
      if (!this.out.size) this.layout = answer.explanation?.words ?? null;
      this.points = points;
      this.answer = answer;
      this.#stale(false);
      this.#draw();
      this.onModel(answer.model);
    } catch (error) {
      if (!signal.aborted) this.#empty(error instanceof Refusal ? error.message : `Error in this page: ${error}`);
    }
  }

  async #predict(headline, signal, onWait) {
    const body = { headline, top_k: this.topics };
    try {
      const asked = { ...body, explain: true, ...(this.topic && { explain_topic: this.topic }) };
      return await call(withModel("predict"), { body: asked, signal, onWait });
    } catch (error) {
      if (error.status !== 422) throw error;
      const answer = await call(withModel("predict"), { body, signal, onWait }); // too long to explain, but perhaps not to classify
      return { ...answer, note: error.message };
    }
  }

  /** Mark the shown result as that of an older text. */
  #stale(stale) {
    byId("try").classList.toggle("stale", stale);
    byId("answer").setAttribute("aria-busy", String(stale));
  }

  #empty(message) {
    this.#stale(false);
    this.answer = null;
    byId("answer").hidden = true;
    this.#say(message);
  }

  #draw() {
    const { answer } = this;
    if (!answer) return;
    this.#say(...this.#verdict());
    byId("answer").hidden = false;
    byId("chart-panel").hidden = !answer.predictions.length;
    this.#drawWords();
    // The set holds the right topic only if there is one.
    // A set of one topic adds nothing to the verdict, and with a low probability it would look like confidence.
    const set = new Set(answer.abstained !== "outside" && answer.topic_set?.length > 1 ? answer.topic_set : []);
    const explained = answer.explanation?.topic;
    const rows = answer.predictions.filter(
      ({ topic }, rank) => this.all || rank < FEW || set.has(topic) || topic === explained,
    );
    this.chart.show(rows.map(({ topic, name, probability }) => ({
      key: topic,
      name,
      share: probability,
      value: percent(probability),
      marked: set.has(topic),
      note: set.has(topic) ? this.#setName() : "",
      pressed: topic === explained,
    })));
    byId("set-note").replaceChildren(...(set.size ? ["The topics marked “", term("set", this.#setName()), "” are its prediction set. "] : []),
      "Press a topic to see the effect of each word.");
  }

  #drawWords() {
    const { explanation, note, predictions } = this.answer;
    const explained = Boolean(this.layout && explanation);
    byId("words-panel").hidden = !explained && !note;
    byId("unexplained").hidden = explained;
    byId("unexplained-note").textContent = note ?? "";
    byId("unexplained-topic").textContent = predictions.length ? `“${short(predictions[0].name)}”` : "this text";
    byId("explained").hidden = !explained;
    byId("restore").hidden = !this.out.size;
    if (!explained) return;
    const found = predictions.find(({ topic }) => topic === explanation.topic)?.name ?? explanation.topic;
    const name = explanation.topic === null ? this.#none().toLowerCase() : `“${short(found)}”`;
    byId("why-topic").textContent = predictions.length ? name : "no topic";
    this.words.show(this.points, this.layout, new Map(explanation.words.map((word) => [word.start, word.effect])), name);
  }

  /** Update the verdict only if it changed, because screen readers announce it. */
  #say(...parts) {
    const text = parts.map((part) => part.textContent ?? part).join("");
    if (text !== byId("verdict").textContent) byId("verdict").replaceChildren(...parts);
  }

  #verdict() {
    const { abstained, outside, predictions, words, topic_set: set } = this.answer;
    if (abstained === "no_known_words") {
      const rare = words.rare ? " (some are too rare in training to be used)" : "";
      return [element("strong", {}, "The model knows none of these words"), `${rare}, so it gives no topic.`];
    }
    const [best] = predictions;
    if (abstained === "outside") {
      const guess = `Best guess: ${short(best.name)}, ${percent(best.probability)}.${this.#unknown(words)}`;
      return [element("strong", {}, term("outside", this.#none())), ` (${wholePercent(outside)}). `, element("span", { class: "guess" }, guess)];
    }
    const before = abstained === "low_confidence" ? "Low confidence: perhaps " : best.probability < 0.5 ? "Perhaps " : "";
    const more = set?.length > 1 ? `, or one of ${set.length - 1} more` : "";
    const only = before ? ", but only " : ", ";
    return [before, element("strong", { dir: "auto" }, short(best.name)), `${only}${percent(best.probability)}${more}.${this.#unknown(words)}`];
  }

  #none() {
    return this.topics ? `None of the ${this.topics} topics` : "None of the topics";
  }

  #unknown({ unknown }) {
    if (!unknown.length) return "";
    const shown = unknown.slice(0, 4).map((word) => `“${word}”`).join(", ");
    return ` Unknown: ${shown}${unknown.length > 4 ? ` and ${unknown.length - 4} more` : ""}.`;
  }

  #setName() {
    return this.coverage ? `in the ${Math.round(this.coverage * 100)}% set` : "in the set";
  }

  /**
   * Another model answers from now on.
   * @param {number|null} coverage share of headlines whose topic is in its prediction set; null if the model has none
   * @param {number} topics number of topics
   * @param {string[]} examples headlines to try it with
   */
  setModel(coverage, topics, examples) {
    const untouched = !this.input.value || this.examples.includes(this.input.value);
    this.coverage = coverage;
    this.topics = topics;
    this.examples = examples;
    byId("more").hidden = topics <= FEW;
    byId("examples").replaceChildren(...examples.map((example) => element("li", {}, this.#chip(example))));
    byId("examples-label").hidden = !examples.length;
    if (untouched) this.input.value = examples[0] ?? "";
    this.#typed(0);
  }

  #chip(example) {
    const button = element("button", { type: "button", class: "chip", title: example, dir: "auto" }, example);
    button.addEventListener("click", () => { this.input.value = example; this.#typed(0); });
    return button;
  }
}
