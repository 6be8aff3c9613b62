// Many headlines: a file or pasted text becomes a table, a histogram and a download.

import { announce, byId, element } from "../elements/dom.js";
import { isLong } from "../elements/long_text.js";
import { count } from "../elements/text.js";
import { saveCsv, saveJson } from "../files/download.js";
import { readText, UnreadableError } from "../files/encoding.js";
import { toTable } from "../files/lines.js";
import { classify } from "../service/classify.js";
import { Histogram } from "./histogram.js";
import { setUpIntake } from "./intake.js";
import { Results } from "./results.js";
import { flat, toClassify, toRecords } from "./rows.js";

const REDRAW = 250; // milliseconds
const MAX_LINES = 200_000; // lines; more would need too much memory in a tab
const NAMED = 5; // bad lines listed in the status; the table has all

export class Batch {
  constructor() {
    this.results = new Results();
    this.histogram = new Histogram();
    this.rows = [];
    this.fileName = ""; // empty: the lines were pasted
    this.multiLabel = new Set(); // NAME/VERSION of the models described so far whose texts may have several topics
    setUpIntake((text) => this.#load(text), (files) => this.open(files));
    byId("stop").addEventListener("click", () => this.controller.abort());
    byId("column").addEventListener("change", () => this.#run(Number(byId("column").value)));
    for (const [id, save] of [["download", saveCsv], ["download-json", saveJson]]) {
      byId(id).addEventListener("click", () => {
        const { names, records } = toRecords(this.ready, this.table, this.column);
        save(names, records, `topics.${save === saveCsv ? "csv" : "json"}`);
      });
    }
    addEventListener("pagehide", () => this.controller?.abort());
  }

  /** Classify the lines of a text, as if they had been pasted into the lower box. */
  take(text) {
    byId("many").scrollIntoView();
    byId("lines").focus({ preventScroll: true });
    this.#load(text);
  }

  /** Classify the lines of the first of these files. */
  async open([file, ...others]) {
    this.latest = file;
    try {
      const { text, note } = await readText(file);
      if (this.latest !== file) return; // a text or another file came while this one was read
      const ignored = others.length ? `The other ${others.length === 1 ? "file was" : `${count(others.length)} files were`} not read: drop one file at a time.` : null;
      this.#load(text, file.name, [note, ignored].filter(Boolean).join(" "));
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      if (this.latest !== file) return;
      this.#refuse(`${file.name} ${error.message}.`);
    }
    byId("drop").scrollIntoView({ block: "nearest" });
  }

  /** Say why there is nothing to classify, and hide earlier results. */
  #refuse(reason) {
    this.controller?.abort();
    this.controller = null; // the run that ends now must not show its results
    byId("batch").hidden = true;
    byId("stop").hidden = true;
    byId("progress").hidden = true;
    byId("column-field").hidden = true;
    this.#say(reason, true);
  }

  #load(text, fileName = "", note = "") {
    this.latest = null;
    const box = byId("lines");
    if (!fileName && box.value !== text) box.value = isLong(text) ? "" : text;
    const table = toTable(text, fileName);
    if (table.fault) {
      this.#refuse(`${fileName || "This text"} ${table.fault}.`);
      return;
    }
    this.table = table;
    this.note = note;
    this.fileName = fileName;
    box.placeholder = fileName || (isLong(text) ? "The text is too long to be shown here." : "");
    if (fileName) box.value = "";
    byId("results").querySelector("th[data-key=line] button").textContent = table.unit;
    byId("column-field").hidden = this.table.columns.length < 2;
    byId("column").replaceChildren(...this.table.columns.map((name, index) => element("option", { value: index }, name)));
    byId("column").value = this.table.chosen;
    this.#run(this.table.chosen);
  }

  /** The texts of this model, NAME/VERSION, may have several topics; its answers may have arrived before. */
  addMultiLabel(model) {
    if (this.multiLabel.has(model)) return;
    this.multiLabel.add(model);
    if (!this.rows.some((row) => row.model === model)) return;
    this.ready = [];
    this.histogram.clear();
    this.#show();
  }

  /** Classify the same lines again, because another model was chosen. */
  again() {
    if (this.table && !byId("batch").hidden) this.#run(this.column);
  }

  async #run(column) {
    const { fileName } = this;
    this.controller?.abort();
    const { signal } = (this.controller = new AbortController());
    const lines = this.table.rows.slice(0, MAX_LINES);
    this.column = column;
    this.rows = lines.map((row) => toClassify(row, column, this.table.columns[column]));
    if (!this.rows.length) {
      this.#refuse(fileName ? `${fileName} has no text to classify.` : "No text to classify; paste some lines first.");
      return;
    }
    this.dropped = this.table.rows.length - lines.length;
    this.done = 0;
    this.ready = [];
    this.histogram.clear();
    this.#working(true);
    const started = performance.now();
    announce(`Classifying ${count(this.rows.length)} lines${fileName && ` of ${fileName}`}.`);
    const timer = setInterval(() => this.#draw(), REDRAW);
    try {
      await classify(this.rows, signal, (done) => { this.done = done; });
      const seconds = (performance.now() - started) / 1000;
      this.#finish(seconds < 0.1 ? "in less than 0.1 s" : `in ${seconds.toFixed(1)} s`, signal);
    } catch (error) {
      this.#finish(signal.aborted ? "before it was stopped" : `when the service refused: ${error.message.replace(/\.$/, "")}`, signal);
    } finally {
      clearInterval(timer);
    }
  }

  #finish(how, signal) {
    if (signal !== this.controller?.signal) return; // a newer run has started, or a file was refused
    this.#draw();
    this.#working(false);
    const bad = this.ready.filter((row) => row.error).map((row) => count(row.line));
    const places = `${bad.slice(0, NAMED).join(", ")}${bad.length > NAMED ? " …" : ""}`;
    const unit = `${this.table.unit.toLowerCase()}${bad.length > 1 ? "s" : ""}`;
    const badly = bad.length ? `; ${count(bad.length)} bad (${unit} ${places})` : "";
    const note = this.note ? ` ${this.note}` : "";
    const { blank } = this.table;
    const without = blank ? ` ${count(blank)} blank ${blank === 1 ? "line was" : "lines were"} left out.` : "";
    const left = this.dropped ? ` The last ${count(this.dropped)} were skipped: the maximum is ${count(MAX_LINES)}.` : "";
    const models = [...new Set(this.rows.flatMap(({ model }) => model ?? []))];
    const mixed = models.length > 1 ? ` The service has changed its model meanwhile: these are answers of ${new Intl.ListFormat("en").format(models)}.` : "";
    this.#say(`${this.fileName && `${this.fileName}: `}${count(this.done - bad.length)} of ${count(this.rows.length)} lines classified ${how}${badly}.${without}${left}${mixed}${note}`);
  }

  #working(working) {
    byId("stop").hidden = !working;
    byId("progress").hidden = !working;
    byId("batch").hidden = false;
    byId("batch").setAttribute("aria-busy", String(working));
    this.#draw();
  }

  #draw() {
    byId("progress").max = this.rows.length;
    byId("progress").value = this.done;
    showStatus(`${this.fileName && `${this.fileName}: `}${count(this.done)} of ${count(this.rows.length)} lines…`);
    this.#show();
  }

  #show() {
    while (this.ready.length < this.done) this.ready.push(flat(this.rows[this.ready.length], this.multiLabel));
    this.histogram.show(this.ready);
    this.results.show(this.ready);
  }

  #say(text, refused = false) {
    showStatus(text, refused);
    announce(text);
  }
}

function showStatus(text, refused = false) {
  byId("batch-status").textContent = text;
  byId("batch-status").classList.toggle("bad", refused);
}
