// A row of a file before it is classified, after it, and as a record of the download.

import { BAD, NO_TOPIC, OUTSIDE } from "./results.js";

const RESULT = ["line", "headline", "topic", "name", "probability", "topic_set", "known", "rare", "unknown", "outside", "abstained", "error"];

/** A row before it is classified: its headline, or its error. */
export function toClassify({ line, cells, fault }, column, name) {
  if (fault) return { line, headline: cells[0], error: fault, lost: true };
  if (cells[column] === undefined) return { line, headline: "", error: `This row has no cell in “${name}”.` };
  return { line, headline: cells[column] };
}

/** A classified row as flat values, for the table and the download; `multiLabel`: models whose texts may have several topics. */
export function flat({ line, headline, answer, model, error, lost }, multiLabel) {
  if (!answer) return { line, headline, lost, name: BAD, probability: null, error: error ?? "No result." };
  const [best] = answer.predictions;
  const names = multiLabel.has(model) && best ? (answer.topic_set.length ? answer.topic_set : [OUTSIDE]) : null;
  return {
    line,
    headline,
    topic: best?.topic,
    names,
    name: names ? names.join(", ") : answer.abstained === "outside" ? OUTSIDE : best?.name ?? NO_TOPIC,
    guess: best?.name,
    probability: best?.probability ?? null,
    set: answer.topic_set,
    known: answer.words.known,
    rare: answer.words.rare,
    unknown: answer.words.unknown,
    outside: answer.outside,
    abstained: answer.abstained,
  };
}

/**
 * The download as `{names, records}`: a list of values per row. The file's other columns come last, so that the first
 * columns are the same for every file; a value that a row does not have is undefined.
 */
export function toRecords(ready, table, column) {
  const others = table.columns.map((_, index) => index).filter((index) => index !== column);
  const records = ready.map((row, index) => [
    row.line, row.headline, row.topic ?? null, row.guess ?? null, row.probability, row.set ?? null, row.known ?? null, row.rare ?? null,
    row.unknown ?? null, row.outside ?? null, row.abstained ?? null, row.error ?? null,
    ...others.map((other) => (row.lost ? undefined : kept(table.rows[index], table.columns[other], other))),
  ]);
  return { names: unused(others.map((index) => table.columns[index])), records };
}

/** A value of the file's own: a text, or, in JSON, any value. */
function kept({ cells, item }, name, index) {
  if (item === undefined) return cells[index];
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** All names of columns: `input_` is put before one of the file's until no other column has it. */
function unused(names) {
  const all = new Set(RESULT);
  for (let name of names) {
    while (all.has(name)) name = `input_${name}`;
    all.add(name);
  }
  return [...all];
}
