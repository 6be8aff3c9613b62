// A list of horizontal bars, each a button: the topics of a headline, and the topics of a file.

import { element } from "./dom.js";
import { short } from "./text.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Bars {
  /** `onPick(key)`: a bar was pressed. */
  constructor(list, onPick) {
    this.list = list;
    this.onPick = onPick;
    this.rows = new Map();
  }

  /** Show bars `{key, name, share (0 to 1), value, marked, note, pressed}` in this order, with animated moves. */
  show(bars) {
    const before = new Map([...this.rows].map(([key, row]) => [key, row.item.offsetTop]));
    const focused = document.activeElement;
    const rows = new Map(bars.map((bar) => [bar.key, this.rows.get(bar.key) ?? this.#row(bar.key)]));
    for (const bar of bars) fill(rows.get(bar.key), bar);
    this.rows = rows;
    const items = [...rows.values()].map((row) => row.item);
    if (items.length !== this.list.children.length || items.some((item, i) => item !== this.list.children[i])) {
      this.list.replaceChildren(...items);
      if (this.list.contains(focused) && focused !== document.activeElement) focused.focus({ preventScroll: true });
      if (before.size && !calm.matches) this.#glide(before); // it forces a layout
    }
  }

  #row(key) {
    const name = element("span", { class: "name", dir: "auto" });
    const fillBar = element("span", { class: "fill" });
    const note = element("span", { class: "mark" });
    const value = element("span", { class: "value" });
    const track = element("span", { class: "track", "aria-hidden": "true" }, fillBar);
    const button = element("button", { type: "button" }, name, note, track, value);
    button.addEventListener("click", () => this.onPick(key));
    return { item: element("li", { "data-key": key }, button), button, name, fillBar, note, value };
  }

  #glide(before) {
    for (const [key, row] of this.rows) {
      const moved = (before.get(key) ?? row.item.offsetTop) - row.item.offsetTop;
      if (moved) {
        const frames = [{ transform: `translateY(${moved}px)` }, { transform: "none" }];
        row.item.animate(frames, { duration: 220, easing: "ease-out" });
      }
    }
  }
}

function fill(row, bar) {
  row.name.textContent = short(bar.name);
  row.value.textContent = bar.value;
  row.note.textContent = bar.note ?? "";
  row.note.hidden = !bar.note;
  row.fillBar.style.setProperty("--share", bar.share);
  row.item.classList.toggle("marked", Boolean(bar.marked));
  row.button.setAttribute("aria-pressed", String(Boolean(bar.pressed)));
}
