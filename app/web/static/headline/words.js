// The words of the headline, coloured by their effect on one probability; pressing a word leaves it out.

import { byId, element } from "../elements/dom.js";
import { points } from "../elements/text.js";

const SAYS = { known: "", rare: "rare", unknown: "unknown" };
const MEANS = { known: "", rare: "Seen in too few training texts to learn from. ", unknown: "Never seen in training. " };

export class WordView {
  /** `onToggle(start)`: the word that begins at this code point was pressed. */
  constructor(onToggle) {
    this.box = byId("words");
    this.onToggle = onToggle;
    this.built = null; // text and words that are shown, as JSON
    this.buttons = new Map();
  }

  /**
   * @param {string[]} codePoints the complete text
   * @param {{word, start, end, status, effect}[]} words all of its words, left out or not
   * @param {Map<number, number>} effects effect of each word that is not left out, by its start
   * @param {string} topic the explained topic, or that there is none, as part of a sentence
   */
  show(codePoints, words, effects, topic) {
    // Built again only for other words, because that would take the focus; another model may have others in the same text.
    const built = JSON.stringify([codePoints.join(""), words.map(({ start, end, status }) => [start, end, status])]);
    if (built !== this.built) {
      this.built = built;
      this.#build(codePoints, words);
    }
    const strongest = Math.max(0.02, ...[...effects.values()].map(Math.abs));
    for (const word of words) this.#paint(this.buttons.get(word.start), word, effects, strongest, topic);
  }

  #build(codePoints, words) {
    this.buttons.clear();
    const gaps = gapsOf(codePoints, words);
    const parts = [];
    words.forEach((word, place) => {
      const effect = element("span", { class: "effect", dir: "ltr" });
      const text = element("span", { class: "text" }, codePoints.slice(word.start, word.end).join(""));
      const shown = element("span", {}, gaps[place].opening, text, gaps[place + 1].closing);
      const button = element("button", { type: "button", class: `word ${word.status}` }, shown, effect);
      button.addEventListener("click", () => this.onToggle(word.start));
      this.buttons.set(word.start, button);
      parts.push(gaps[place].between, button);
    });
    this.box.replaceChildren(...parts, gaps[words.length].between);
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
    button.title = MEANS[word.status] + (out ? "Restore" : `Leave out (${points(effect)} points for ${topic})`);
  }
}

/** What is before, between and after the words: the marks that touch a word, which are shown with it, and the rest. */
function gapsOf(codePoints, words) {
  const starts = [...words.map((word) => word.start), codePoints.length];
  const ends = [0, ...words.map((word) => word.end)];
  return starts.map((start, place) => {
    const gap = codePoints.slice(ends[place], start).join("");
    const closing = place ? /^\S*/.exec(gap)[0] : "";
    const opening = place < words.length ? /\S*$/.exec(gap.slice(closing.length))[0] : "";
    return { closing, between: gap.slice(closing.length, gap.length - opening.length), opening };
  });
}
