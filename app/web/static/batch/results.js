// Table of results: filtered, sorted, and shown page by page, so that 10,000 lines stay fast.

import { byId, element } from "../elements/dom.js";
import { makeSortable } from "../elements/sorting.js";
import { term } from "../elements/terms.js";
import { count, percent, short } from "../elements/text.js";

const PAGE = 50;
export const NO_TOPIC = "(no known words)";
export const OUTSIDE = "(none of the topics)";
export const BAD = "(bad line)";

export class Results {
  constructor() {
    this.rows = [];
    this.page = 0;
    this.body = byId("results").tBodies[0];
    makeSortable(byId("results"), ["line", "ascending"], (compare) => { this.compare = compare; this.#again(); });
    for (const id of ["filter-text", "filter-topic", "filter-min", "filter-max"]) {
      byId(id).addEventListener("input", () => this.#again());
    }
    byId("results").querySelector("[data-key=outside]").append(term("outside", "?"));
    const pages = { first: () => 0, previous: () => this.page - 1, next: () => this.page + 1, last: () => Infinity };
    for (const button of document.querySelectorAll(".pages [data-go]")) {
      button.addEventListener("click", () => { this.page = pages[button.dataset.go](); this.#draw(); });
    }
  }

  /** Show the rows available so far: `{line, headline, name, guess, probability, outside, abstained, error}`. */
  show(rows) {
    this.rows = rows;
    this.outside = rows.some((row) => typeof row.outside === "number");
    byId("results").querySelector("[data-key=outside]").hidden = !this.outside;
    this.#filter();
    this.#draw();
  }

  #again() {
    this.page = 0;
    this.#filter();
    this.#draw();
  }

  #filter() {
    const text = byId("filter-text").value.trim().toLowerCase();
    const topic = byId("filter-topic").value;
    const [min, max] = ["filter-min", "filter-max"].map((id) => byId(id).value);
    this.shown = this.rows.filter((row) =>
      (!text || row.headline.toLowerCase().includes(text))
      && (!topic || (row.names ?? [row.name]).includes(topic))
      && (min === "" || row.probability * 100 >= Number(min))
      && (max === "" || (row.probability !== null && row.probability * 100 <= Number(max))));
    this.shown.sort(this.compare);
  }

  #draw() {
    const last = Math.max(0, Math.ceil(this.shown.length / PAGE) - 1);
    this.page = Math.min(Math.max(this.page, 0), last);
    const from = this.page * PAGE;
    const rows = this.shown.slice(from, from + PAGE);
    this.body.replaceChildren(...rows.map((row) => tableRow(row, this.outside)));
    const of = this.shown.length === this.rows.length ? "" : ` (of ${count(this.rows.length)})`;
    byId("page-status").textContent = rows.length
      ? `${count(from + 1)}–${count(from + rows.length)} of ${count(this.shown.length)}${of}`
      : `No line matches${of}`;
    for (const button of document.querySelectorAll(".pages [data-go]")) {
      const backwards = ["first", "previous"].includes(button.dataset.go);
      button.setAttribute("aria-disabled", String(this.page === (backwards ? 0 : last)));
    }
  }
}

function tableRow(row, outside) {
  const guess = row.name === OUTSIDE ? [element("span", { class: "guess" }, "Best guess: ", element("bdi", {}, short(row.guess)))] : [];
  const cells = row.error
    ? [element("td", { class: "bad", colspan: outside ? 3 : 2 }, row.error)]
    : [element("td", {}, element("bdi", {}, short(row.name)), ...guess), shareCell(row.probability), ...(outside ? [shareCell(row.outside ?? null)] : [])];
  return element("tr", { class: row.error ? "failed" : row.abstained ? "abstained" : null },
    element("td", { class: "number" }, count(row.line)),
    element("td", { class: "headline", dir: "auto" }, row.headline.length > 300 ? `${row.headline.slice(0, 300)}…` : row.headline),
    ...cells);
}

function shareCell(value) {
  const share = element("span", { class: "fill" });
  if (value !== null) share.style.setProperty("--share", value);
  return element("td", { class: "number" }, element("span", { class: "track", "aria-hidden": "true" }, share),
    element("span", { class: "figure" }, value === null ? "–" : percent(value)));
}
