// Parses a file or pasted text into a table: lines, CSV, or JSON.

import { parseCsv } from "./csv.js";

const MAX_COLUMNS = 1000; // rows × columns must fit into memory; also, nobody could choose one of them
const TOO_WIDE = { fault: `has more than ${MAX_COLUMNS.toLocaleString("en")} columns` };
const NAMED = /^(headlines?|titles?|texts?)$/i;
const SEPARATOR_LINE = /^"?sep=([,;|\t])"?(\r\n|\r|\n|$)/i; // tells spreadsheets the separator
const LINE_END = /\r\n|\r|\n/;

/**
 * Returns `{columns, rows, chosen, unit}`, and of pasted lines also `blank`, the number of those left out. A row is `{line, cells, item, fault}`: its first line in the file, from 1; its
 * texts in the order of `columns`; in JSON, its fields; and why it cannot be classified, if so. `chosen`: index of the column with the headlines.
 * `unit`: what `line` counts, "Line" or, in a JSON array, "Item".
 *
 * Pasted text is CSV only if its first line has a column `headline`, `title` or `text` and others: headlines contain
 * commas. Blank lines above a header are skipped. Blank lines of pasted text only separate; in a file of lines they are
 * bad, as for `python -m app classify`.
 */
export function toTable(text, fileName = "") {
  const ending = /\.(\w+)$/.exec(fileName.toLowerCase())?.[1];
  if (ending === "json") return jsonTable(text);
  if (ending === "jsonl" || ending === "ndjson") return objectsTable(linesOf(text).map(parsedLine), "Line");
  const below = fromFirstText(text);
  const declared = SEPARATOR_LINE.exec(below);
  const table = declared ? fromFirstText(below.slice(declared[0].length)) : below;
  const line = text.slice(0, text.length - table.length).split(LINE_END).length;
  if (declared) return csvTable(table, declared[1], line);
  const first = table.slice(0, /[\r\n]|$/.exec(table).index);
  const named = ["\t", ";", ","].find((one) => first.split(one).some((name) => NAMED.test(unquoted(name))) && first.includes(one));
  if (named || ["csv", "tsv", "tab"].includes(ending)) return csvTable(table, named ?? separatorOf(first, ending), line);
  const all = linesOf(text);
  const lines = fileName ? all : all.filter(({ raw }) => raw.trim());
  const rows = lines.map(({ line, raw }) => ({ line, cells: [raw] }));
  return { columns: ["line"], rows, chosen: 0, unit: "Line", blank: all.length - rows.length };
}

/** The text from its first line that is not blank. */
function fromFirstText(text) {
  const at = text.search(/\S/);
  return text.slice(Math.max(text.lastIndexOf("\n", at), text.lastIndexOf("\r", at)) + 1);
}

function linesOf(text) {
  const lines = text.split(LINE_END);
  while (lines.length && !lines.at(-1).trim()) lines.pop();
  return lines.map((raw, index) => ({ line: index + 1, raw }));
}

function separatorOf(first, ending) {
  if (ending !== "csv") return "\t";
  const times = (one) => first.split(one).length;
  return [",", ";", "\t"].reduce((best, one) => (times(one) > times(best) ? one : best));
}

function csvTable(text, separator, line) {
  let rows = parseCsv(text, separator, line);
  const header = rows[0] && !rows[0].fault ? rows[0].cells.map((name) => name.trim()) : [];
  const named = header.findIndex((name) => NAMED.test(name));
  if (named !== -1) rows = rows.slice(1).map((row) => underHeader(header, row));
  const width = named === -1 ? Math.max(0, ...new Set(rows.map((row) => row.cells.length))) : header.length;
  if (width > MAX_COLUMNS) return TOO_WIDE;
  const columns = Array.from({ length: width }, (_, index) => (named !== -1 && header[index]) || `column ${index + 1}`);
  return { columns, rows, chosen: named === -1 ? longest(rows) : named, unit: "Line" };
}

/**
 * The row, bad if it has not as many cells as the header: after a comma without quotes, all of them are misplaced. Also bad if
 * it is the header again, as in files that were joined.
 */
function underHeader(header, row) {
  const width = header.length;
  const { length } = row.cells;
  if (row.fault) return row;
  const bad = (fault) => ({ line: row.line, cells: [row.cells.join(" ")], fault });
  if (length === width) return row.cells.every((cell, at) => cell.trim() === header[at]) ? bad("This row repeats the header.") : row;
  return bad(`This row has ${length} ${length === 1 ? "column" : "columns"}, and the header ${width}.`);
}

const unquoted = (name) => name.trim().replace(/^"(.*)"$/, "$1");

/** The column with the most text, most likely the headlines. */
function longest(rows) {
  const lengths = [];
  for (const row of rows.slice(0, 100)) {
    if (row.fault) continue;
    row.cells.forEach((cell, index) => { lengths[index] = (lengths[index] ?? 0) + cell.length; });
  }
  return Math.max(0, lengths.indexOf(Math.max(...lengths)));
}

/** A JSON array of texts or objects, an object with exactly one array, or JSON Lines. */
function jsonTable(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const lines = linesOf(text).map(parsedLine);
    if (lines.length > 1 && lines[0].item !== undefined) return objectsTable(lines, "Line");
    return { fault: `is not JSON: ${error.message}` };
  }
  const arrays = value && typeof value === "object" && !Array.isArray(value) ? Object.values(value).filter(Array.isArray) : [];
  const items = Array.isArray(value) ? value : arrays.length === 1 ? arrays[0] : null;
  if (!items) return { fault: "has no JSON array of texts, such as [\"Oil rises\", \"Gold falls\"]" };
  return objectsTable(items.map((item, index) => ({ line: index + 1, item, raw: JSON.stringify(item) })), "Item");
}

function parsedLine({ line, raw }) {
  try {
    return { line, raw, item: JSON.parse(raw) };
  } catch {
    return { line, raw, fault: raw.trim() ? "Not JSON." : "Empty line." };
  }
}

/** One column per field of the objects; a plain text is a row with one cell. */
function objectsTable(items, unit) {
  const isObject = (item) => item !== null && typeof item === "object" && !Array.isArray(item);
  const fields = new Set(items.flatMap(({ item }) => (isObject(item) ? Object.keys(item) : [])));
  const found = [...fields].find((name) => NAMED.test(name));
  const columns = [...new Set([found ?? "headline", ...fields])];
  if (columns.length > MAX_COLUMNS) return TOO_WIDE;
  const valueOf = (item, name) => (Object.hasOwn(item, name) ? item[name] : undefined);
  const rows = items.map(({ line, raw, item, fault }) => {
    const row = { line, cells: [raw] };
    if (fault) return { ...row, fault };
    if (typeof item === "string") return { line, cells: [item], item: {} };
    if (!isObject(item)) return { ...row, fault: "Neither a text nor an object." };
    row.item = item;
    row.cells = columns.map((name) => valueOf(item, name)).map((value) => (typeof value === "string" ? value : JSON.stringify(value) ?? ""));
    return typeof valueOf(item, columns[0]) === "string" ? row : { ...row, fault: `Field “${columns[0]}” is not a text.` };
  });
  return { columns, rows, chosen: 0, unit };
}
