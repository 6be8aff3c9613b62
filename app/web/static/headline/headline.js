// One headline, classified while typing. State: the text, the words left out, and the explained topic.

import { byId, element } from "../elements/dom.js";
import { isLong, keepLongOut } from "../elements/long_text.js";
import { codePoints, count, leaveOut } from "../elements/text.js";
import { predict, Refusal } from "../service/api.js";
import { chosenModel, withModel } from "../service/models.js";
import { AnswerView } from "./answer.js";

const DEBOUNCE = 120; // milliseconds

export class Headline {
  /**
   * `onModel(model)`: called with the model of each answer, and with null if a failed description is needed; `onShown(shown)`: with the request whose answer is shown,
   * `{text, complete, path, body, state}`, where `complete` is the answer to the complete text, and `state` that of a link;
   * null: the box is empty.
   */
  constructor(onModel, onShown) {
    this.onModel = onModel;
    this.onShown = onShown;
    this.input = byId("headline");
    this.view = new AnswerView({
      onTopic: (topic) => this.#explain(topic),
      onWord: (start) => this.#toggle(start),
      onMore: () => { this.all = !this.all; this.#draw(); },
    });
    // coverage: of prediction sets, null if the model has none; topics: their number, null until the model is described;
    // several: whether a text may have several
    this.model = { coverage: null, topics: null, several: false };
    this.examples = []; // of the model
    this.all = false;
    this.failed = false; // whether the description of the model failed
    this.link = null; // what a link describes, until the user changes it
    this.#reset();
    this.input.addEventListener("input", () => this.#typed(DEBOUNCE));
    keepLongOut(this.input, (text) => this.#refuse(text));
    this.input.addEventListener("focus", () => { if (this.examples.includes(this.input.value)) this.input.select(); });
    byId("restore").addEventListener("click", () => { this.out.clear(); this.#ask(); this.input.focus(); });
  }

  /** Show what a link describes, or that its text is too long. */
  open(link) {
    this.input.value = isLong(link.headline) ? "" : link.headline;
    this.all = link.all;
    this.#typed(0, link);
  }

  /** Another model was chosen, which does not answer before it is described. */
  leaveModel() {
    this.model.topics = null;
    this.failed = false;
    this.answer = null;
    this.#typed(0, this.link);
  }

  /** The description of the chosen model has not arrived yet, or, with a message, failed; then the next input asks for it again. */
  undescribed(message = "") {
    if (this.model.topics !== null || (this.failed && !message)) return; // another request for the same description waits
    this.failed = message !== "";
    this.#empty(message);
  }

  /**
   * Another model answers from now on.
   * @param {object} facts the service's description of it
   * @param {number} topics number of topics
   * @param {object|null} first the answer to the first example, if known
   * @returns {Promise<void>} settled when the text in the box is answered
   */
  setModel(facts, topics, first) {
    const { examples } = facts;
    const untouched = !this.link && (!this.input.value || this.examples.includes(this.input.value));
    this.model = { coverage: facts.topic_set?.coverage ?? null, topics, several: Boolean(facts.multi_label) };
    this.examples = examples;
    showExamples(examples, facts.unreadable_examples, (example) => { this.input.value = example; this.#typed(0); });
    if (untouched) this.input.value = examples[0] ?? "";
    return this.#typed(0, this.link, first);
  }

  #reset() {
    this.out = new Set();
    this.topic = this.link?.explain ?? null;
    this.layout = null; // words of the complete text, before any is left out
  }

  #typed(delay, link = null, first = null) {
    this.link = link;
    this.#reset();
    this.controller?.abort();
    offerLines(this.input.value);
    byId("try").classList.toggle("own", this.input.value !== "" && !this.examples.includes(this.input.value));
    this.view.stale(true);
    clearTimeout(this.timer);
    if (!delay) return this.#ask(first);
    this.timer = setTimeout(() => this.#ask(), delay);
    return null;
  }

  #refuse(text) {
    clearTimeout(this.timer);
    this.controller?.abort();
    this.#empty(tooLong(text));
  }

  #toggle(start) {
    if (!this.layout) return; // the text has changed since
    if (!this.out.delete(start)) this.out.add(start);
    this.#ask();
  }

  #explain(topic) {
    if (!this.layout) return;
    this.topic = this.topic === topic ? null : topic; // pressed again: what the service explains by default
    this.#ask();
  }

  /** `first`: the answer to the first example, if known; not kept, because later the service may have another model. */
  async #ask(first = null) {
    this.controller?.abort();
    const { signal } = (this.controller = new AbortController());
    if (this.model.topics === null) { // asked when the model is described
      if (this.failed) this.onModel(null);
      this.failed = false;
      return;
    }
    const points = codePoints(this.input.value);
    if (!points.join("").trim()) {
      this.#empty(this.link && isLong(this.link.headline) ? tooLong(this.link.headline) : "");
      this.onShown(null);
      return;
    }
    const left = this.layout?.filter((word) => this.out.has(word.start)) ?? [];
    const headline = leaveOut(points, left);
    try {
      const isKnown = first && headline === this.examples[0] && !this.topic;
      // While waiting, hide the result of the previous text, which would look like the result of this one.
      const answer = isKnown
        ? first
        : await predict(headline, this.model.topics, this.topic, { signal, onWait: () => this.#empty("") });
      signal.throwIfAborted(); // only the newest request is shown, in whatever order responses arrive
      if (!this.out.size) {
        this.layout = answer.explanation?.words ?? null;
        this.complete = answer;
      }
      Object.assign(this, { points, answer, headline });
      if (this.topic && answer.explanation?.topic !== this.topic) this.topic = null; // not a topic of this model
      if (this.#leaveOutLinked()) return;
      this.view.stale(false);
      this.#draw();
      this.onModel(answer.model);
    } catch (error) {
      if (!signal.aborted) this.#empty(error instanceof Refusal ? error.message : `Error in this page: ${error}`);
    }
  }

  /** Leave out the words that a link names, now that the words are known; whether there are any. */
  #leaveOutLinked() {
    const starts = new Set(this.layout?.map((word) => word.start));
    const linked = this.link?.without.filter((start) => starts.has(start)) ?? [];
    this.link = null;
    this.out = new Set([...this.out, ...linked]);
    if (!linked.length) return false;
    this.#ask();
    return true;
  }

  #empty(message) {
    this.answer = null;
    this.view.hide(message);
  }

  #draw() {
    const { answer, points, layout, all, model, out } = this;
    if (!answer) return;
    const topics = this.view.show({ answer, points, layout, anyOut: out.size > 0, all, isExample: this.examples.includes(this.input.value), model });
    const explain = answer.explanation && { explain: true, ...(this.topic && { explain_topic: this.topic }) };
    const text = points.join("");
    this.onShown({
      text,
      complete: this.complete,
      path: withModel("predict"),
      body: { headline: this.headline, top_k: Math.max(topics, 1), ...explain },
      state: { headline: text, explain: this.topic, without: [...out], all, model: chosenModel() },
      isFirst: text === this.examples[0] && !this.topic && !out.size && !all,
    });
  }
}

/** Why a long text is not shown. */
function tooLong({ length }) {
  return `The text has ${count(length)} characters, too many for this box. If it has many lines, paste it under “Many at once”.`;
}

/** Show the examples of the model, to try it with; `unreadable`: those without a known word; `onPick(example)`: one was pressed. */
function showExamples(examples, unreadable, onPick) {
  byId("examples-label").hidden = !examples.length;
  byId("examples").replaceChildren(...examples.map((example) => {
    const shows = unreadable.includes(example) ? [" ", element("span", { class: "shows", lang: "en", dir: "ltr" }, "no known word")] : [];
    const button = element("button", { type: "button", class: "chip", dir: "auto" }, example, ...shows);
    button.addEventListener("click", () => onPick(example));
    return element("li", {}, button);
  }));
}

/** Offer to classify the lines of a text one by one, if it has several. */
function offerLines(text) {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim()).length;
  const [note, button] = byId("several").children;
  byId("several").hidden = lines < 2;
  if (lines < 2) return;
  note.textContent = "Below, these lines are classified as one text. Is each line a separate text?";
  button.textContent = `Classify ${count(lines)} lines`;
}
