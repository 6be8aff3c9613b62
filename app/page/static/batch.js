// Many at once: a file or a pasted text becomes a table, a histogram and a download.

import { Bars } from "./bars.js";
import { classify } from "./classify.js";
import { toCsv } from "./csv.js";
import { announce, byId, element } from "./dom.js";
import { readText, toTable } from "./lines.js";
import { count, percent } from "./numbers.js";
import { BAD, NO_TOPIC, Results } from "./results.js";

const REDRAW = 250; // milliseconds
const MOST = 200_000; // lines; more would not fit a tab's memory well

export class Batch {
  constructor() {
    this.results = new Results();
    this.histogram = new Bars(byId("histogram"), (name) => this.#pick(name));
    this.rows = [];
    byId("start").addEventListener("click", () => this.#load(byId("lines").value));
    byId("lines").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#load(byId("lines").value);
    });
    byId("stop").addEventListener("click", () => this.controller.abort());
    byId("file").addEventListener("change", () => { this.#open(byId("file").files[0]); byId("file").value = ""; });
    byId("column").addEventListener("change", () => this.#run(Number(byId("column").value)));
    byId("download").addEventListener("click", () => this.#download());
    byId("filter-topic").addEventListener("input", () => this.#drawHistogram());
    addEventListener("pagehide", () => this.controller?.abort());
    this.#acceptDrops(byId("drop"));
  }

  #acceptDrops(zone) {
    // A file dropped beside the zone must not replace the page.
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => event.preventDefault());
    zone.addEventListener("dragover", () => zone.classList.add("over"));
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      zone.classList.remove("over");
      const [file] = event.dataTransfer.files;
      if (file) this.#open(file);
      else this.#load((byId("lines").value = event.dataTransfer.getData("text/plain")));
    });
  }

  async #open(file) {
    if (!file) return;
    try {
      this.#load(await readText(file), file.name);
    } catch {
      this.#say(`${file.name} cannot be read.`);
    }
  }

  #load(text, fileName = "") {
    this.table = toTable(text, fileName);
    byId("column-field").hidden = this.table.columns.length < 2;
    byId("column").replaceChildren(...this.table.columns.map((name, index) => element("option", { value: index }, name)));
    byId("column").value = this.table.chosen;
    this.#run(this.table.chosen, fileName);
  }

  async #run(column, fileName = "") {
    this.controller?.abort();
    const { signal } = (this.controller = new AbortController());
    const lines = this.table.rows.slice(0, MOST);
    this.rows = lines.map((row, index) => ({ line: index + 1, headline: row[column] ?? "" }));
    if (!this.rows.length) {
      this.#say("There is no headline to classify: paste some lines first.");
      return;
    }
    this.dropped = this.table.rows.length - lines.length;
    this.done = 0;
    this.ready = [];
    byId("filter-topic").replaceChildren(element("option", { value: "" }, "all"));
    this.#working(true);
    const started = performance.now();
    announce(`Classifying ${count(this.rows.length)} lines${fileName && ` of ${fileName}`}.`);
    const timer = setInterval(() => this.#draw(), REDRAW);
    try {
      await classify(this.rows, signal, (done) => { this.done = done; });
      this.#finish(`in ${((performance.now() - started) / 1000).toFixed(1)} s`, signal);
    } catch (error) {
      this.#finish(signal.aborted ? "before it was stopped" : `when the service refused: ${error.message}`, signal);
    } finally {
      clearInterval(timer);
    }
  }

  #finish(how, signal) {
    if (signal !== this.controller.signal) return; // a newer run has taken over
    this.#draw();
    this.#working(false);
    const bad = this.ready.filter((row) => row.error).length;
    const left = this.dropped ? ` The last ${count(this.dropped)} were left out: ${count(MOST)} is the most.` : "";
    this.#say(`${count(this.done)} of ${count(this.rows.length)} lines classified ${how}${bad ? `; ${count(bad)} bad` : ""}.${left}`);
  }

  #working(working) {
    byId("stop").hidden = !working;
    byId("progress").hidden = !working;
    byId("batch").hidden = false;
    byId("batch").setAttribute("aria-busy", String(working));
    this.#draw();
  }

  #draw() {
    while (this.ready.length < this.done) this.ready.push(flat(this.rows[this.ready.length]));
    byId("progress").max = this.rows.length;
    byId("progress").value = this.done;
    byId("batch-status").textContent = `${count(this.done)} of ${count(this.rows.length)} lines…`;
    this.#drawHistogram();
    this.results.show(this.ready);
  }

  #drawHistogram() {
    const counts = new Map();
    for (const { name } of this.ready ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
    const sorted = [...counts].sort(([a, left], [b, right]) => right - left || a.localeCompare(b));
    const select = byId("filter-topic");
    const known = new Set([...select.options].map((option) => option.value));
    for (const [name] of sorted) if (!known.has(name)) select.append(element("option", { value: name }, name));
    this.histogram.show(sorted.map(([name, number]) => ({
      key: name,
      name,
      share: number / sorted[0][1],
      value: `${count(number)} · ${percent(number / this.ready.length)}`,
      pressed: select.value === name,
    })));
  }

  #pick(name) {
    const select = byId("filter-topic");
    select.value = select.value === name ? "" : name;
    select.dispatchEvent(new Event("input"));
  }

  #say(text) {
    byId("batch-status").textContent = text;
    announce(text);
  }

  #download() {
    const head = ["line", "headline", "topic", "name", "probability", "topic_set", "known", "rare", "unknown", "abstained", "error"];
    const rows = this.ready.map((row) => [
      row.line, row.headline, row.topic, row.topic && row.name, row.probability, row.set, row.known, row.rare, row.unknown,
      row.abstained, row.error,
    ]);
    // The mark tells spreadsheets that this is UTF-8.
    const url = URL.createObjectURL(new Blob(["\uFEFF", toCsv([head, ...rows])], { type: "text/csv" }));
    element("a", { href: url, download: "topics.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

/** A row with its answer's values beside the headline. */
function flat({ line, headline, answer, error }) {
  if (!answer) return { line, headline, name: BAD, probability: null, error: error ?? "There is no answer." };
  const [best] = answer.predictions;
  return {
    line,
    headline,
    topic: best?.topic,
    name: best?.name ?? NO_TOPIC,
    probability: best?.probability ?? null,
    set: answer.topic_set?.join(" "),
    known: answer.words.known,
    rare: answer.words.rare,
    unknown: answer.words.unknown.join(" "),
    abstained: answer.abstained,
  };
}
