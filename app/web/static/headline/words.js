// The words of the headline, coloured by their effect on one probability; pressing a word leaves it out.

import { byId, element } from "../elements/dom.js";
import { points } from "../elements/numbers.js";

const SAYS = { known: "", rare: "rare", unknown: "unknown" };
const MEANS = { known: "", rare: "Seen in too few training texts to be used. ", unknown: "Never seen in training. " };

export class WordView {
  /** `onToggle(start)`: the word that begins at this code point was pressed. */
  constructor(onToggle) {
    this.box = byId("words");
    this.onToggle = onToggle;
    this.text = null;
    this.buttons = new Map();
  }

  /**
   * @param {string[]} codePoints the complete text
   * @param {{word, start, end, status, effect}[]} words all of its words, left out or not
   * @param {Map<number, number>} effects effect of each word that is not left out, by its start
   * @param {string} topic the explained topic, or that there is none, as part of a sentence
   */
  show(codePoints, words, effects, topic) {
    const text = codePoints.join("");
    if (text !== this.text) {
      this.text = text;
      this.#build(codePoints, words);
    }
    const strongest = Math.max(0.02, ...[...effects.values()].map(Math.abs));
    for (const word of words) this.#paint(this.buttons.get(word.start), word, effects, strongest, topic);
  }

  #build(codePoints, words) {
    this.buttons.clear();
    const parts = [];
    let at = 0;
    for (const word of words) {
      parts.push(codePoints.slice(at, word.start).join(""));
      const effect = element("span", { class: "effect", dir: "ltr" });
      const shown = element("span", { class: "text" }, codePoints.slice(word.start, word.end).join(""));
      const button = element("button", { type: "button", class: `word ${word.status}` }, shown, effect);
      button.addEventListener("click", () => this.onToggle(word.start));
      this.buttons.set(word.start, button);
      parts.push(button);
      at = word.end;
    }
    parts.push(codePoints.slice(at).join(""));
    this.box.replaceChildren(...parts);
  }

  #paint(button, word, effects, strongest, topic) {
    const out = !effects.has(word.start);
    const effect = effects.get(word.start) ?? 0;
    button.setAttribute("aria-pressed", String(out));
    button.classList.toggle("for", effect > 0.0005);
    button.classList.toggle("against", effect < -0.0005);
    button.style.setProperty("--strength", Math.abs(effect) / strongest);
    const number = word.status === "unknown" && points(effect) === "0" ? "" : points(effect);
    button.querySelector(".effect").textContent = out ? "left out" : `${SAYS[word.status]} ${number}`.trim();
    button.title = MEANS[word.status] + (out ? "Put back" : `Leave out (${points(effect)} points for ${topic})`);
  }
}
