// The topics of a file with how many lines have each; pressing one filters the table.

import { Bars } from "../elements/bars.js";
import { byId, element } from "../elements/dom.js";
import { count, percent } from "../elements/text.js";

export class Histogram {
  constructor() {
    this.select = byId("filter-topic");
    this.bars = new Bars(byId("histogram"), (name) => this.#pick(name));
    this.rows = [];
    this.select.addEventListener("input", () => this.#draw());
  }

  /** Forget the topics of an earlier file. */
  clear() {
    this.select.replaceChildren(element("option", { value: "" }, "all"));
  }

  /** Count the topics of the rows available so far. */
  show(rows) {
    this.rows = rows;
    this.#draw();
  }

  #draw() {
    const counts = new Map();
    for (const { name, names } of this.rows) for (const one of names ?? [name]) counts.set(one, (counts.get(one) ?? 0) + 1);
    const sorted = [...counts].sort(([a, left], [b, right]) => right - left || a.localeCompare(b));
    const known = new Set([...this.select.options].map((option) => option.value));
    for (const [name] of sorted) if (!known.has(name)) this.select.append(element("option", { value: name }, name));
    this.bars.show(sorted.map(([name, number]) => ({
      key: name,
      name,
      share: number / sorted[0][1],
      value: `${count(number)} · ${percent(number / this.rows.length)}`,
      pressed: this.select.value === name,
    })));
  }

  #pick(name) {
    this.select.value = this.select.value === name ? "" : name;
    this.select.dispatchEvent(new Event("input"));
  }
}
