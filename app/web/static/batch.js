// Many headlines: a file or pasted text becomes a table, a histogram and a download.

import { Bars } from "./bars.js";
import { classify } from "./classify.js";
import { toCsv } from "./csv.js";
import { announce, byId, element } from "./dom.js";
import { readText, UnreadableError } from "./encoding.js";
import { toTable } from "./lines.js";
import { count, percent } from "./numbers.js";
import { BAD, NO_TOPIC, OUTSIDE, Results } from "./results.js";

const REDRAW = 250; // milliseconds
const MOST = 200_000; // lines; more would need too much memory in a tab
const NAMED = 5; // bad lines listed in the status; the table has all

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
    // Otherwise the browser would open a file dropped outside the zone.
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
      const { text, note } = await readText(file);
      this.#load(text, file.name, note);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      this.#refuse(`${file.name} ${error.message}.`);
    }
  }

  /** Say why there is nothing to classify, and hide earlier results. */
  #refuse(reason) {
    this.controller?.abort();
    byId("batch").hidden = true;
    byId("stop").hidden = true;
    byId("progress").hidden = true;
    byId("column-field").hidden = true;
    this.#say(reason, true);
  }

  #load(text, fileName = "", note = null) {
    const table = toTable(text, fileName);
    if (table.fault) {
      this.#refuse(`${fileName} ${table.fault}.`);
      return;
    }
    this.table = table;
    this.note = note;
    byId("results").querySelector("th[data-key=line] button").textContent = table.unit;
    byId("column-field").hidden = this.table.columns.length < 2;
    byId("column").replaceChildren(...this.table.columns.map((name, index) => element("option", { value: index }, name)));
    byId("column").value = this.table.chosen;
    this.#run(this.table.chosen, fileName);
  }

  async #run(column, fileName = "") {
    this.controller?.abort();
    const { signal } = (this.controller = new AbortController());
    const lines = this.table.rows.slice(0, MOST);
    this.column = column;
    this.rows = lines.map((row) => toClassify(row, column, this.table.columns[column]));
    if (!this.rows.length) {
      this.#refuse(fileName ? `${fileName} has no headline to classify.` : "No headline to classify; paste some lines first.");
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
    if (signal !== this.controller.signal) return; // a newer run has started
    this.#draw();
    this.#working(false);
    const bad = this.ready.filter((row) => row.error).map((row) => count(row.line));
    const places = `${bad.slice(0, NAMED).join(", ")}${bad.length > NAMED ? " …" : ""}`;
    const unit = `${this.table.unit.toLowerCase()}${bad.length > 1 ? "s" : ""}`;
    const badly = bad.length ? `; ${count(bad.length)} bad (${unit} ${places})` : "";
    const note = this.note ? ` ${this.note}` : "";
    const left = this.dropped ? ` The last ${count(this.dropped)} were skipped: the maximum is ${count(MOST)}.` : "";
    this.#say(`${count(this.done)} of ${count(this.rows.length)} lines classified ${how}${badly}.${left}${note}`);
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
    showStatus(`${count(this.done)} of ${count(this.rows.length)} lines…`);
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

  #say(text, refused = false) {
    showStatus(text, refused);
    announce(text);
  }

  #download() {
    const head = ["line", "headline", "topic", "name", "probability", "topic_set", "known", "rare", "unknown", "outside", "abstained", "error"];
    // The file's other columns come last, so that the first columns are the same for every file.
    const others = this.table.columns.map((_, index) => index).filter((index) => index !== this.column);
    const names = others.map((index) => this.table.columns[index]).map((name) => (head.includes(name) ? `input_${name}` : name));
    const rows = this.ready.map((row, index) => [
      row.line, row.headline, row.topic, row.guess, row.probability, row.set, row.known, row.rare, row.unknown,
      row.outside, row.abstained, row.error, ...others.map((other) => (row.lost ? "" : this.table.rows[index].cells[other])),
    ]);
    // The byte order mark tells spreadsheets that this is UTF-8.
    const url = URL.createObjectURL(new Blob(["\uFEFF", toCsv([[...head, ...names], ...rows])], { type: "text/csv" }));
    element("a", { href: url, download: "topics.csv" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

function showStatus(text, refused = false) {
  byId("batch-status").textContent = text;
  byId("batch-status").classList.toggle("bad", refused);
}

/** A row before it is classified: its headline, or its error. */
function toClassify({ line, cells, fault }, column, name) {
  if (fault) return { line, headline: cells[0], error: fault, lost: true };
  if (cells[column] === undefined) return { line, headline: "", error: `This row has no cell in “${name}”.` };
  return { line, headline: cells[column] };
}

/** A row as flat values, for the table and the download. */
function flat({ line, headline, answer, error, lost }) {
  if (!answer) return { line, headline, lost, name: BAD, probability: null, error: error ?? "No result." };
  const [best] = answer.predictions;
  return {
    line,
    headline,
    topic: best?.topic,
    name: answer.abstained === "outside" ? OUTSIDE : best?.name ?? NO_TOPIC,
    guess: best?.name,
    probability: best?.probability ?? null,
    set: answer.topic_set?.join(" "),
    known: answer.words.known,
    rare: answer.words.rare,
    unknown: answer.words.unknown.join(" "),
    outside: answer.outside,
    abstained: answer.abstained,
  };
}
