// From a file, or from what was pasted, to headlines.

import { parseCsv } from "./csv.js";

const NAMED = /^(headlines?|titles?|texts?)$/i;

/** A file's text: UTF-8 or UTF-16 by its mark, else UTF-8 where it is that, else Windows-1252. */
export async function readText(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/**
 * `{columns, rows, chosen}`: one column for plain lines. A pasted text is CSV only if its first line names a column
 * `headline`, `title` or `text` beside others, for headlines have commas.
 */
export function toTable(text, fileName = "") {
  const first = text.slice(0, /[\r\n]|$/.exec(text).index);
  const isCsv = /\.(csv|tsv)$/i.test(fileName);
  const separator = ["\t", ";", ","].find((one) => first.split(one).some((name) => NAMED.test(unquoted(name))) && first.includes(one));
  if (!isCsv && !separator) {
    const rows = text.split(/\r\n|\r|\n/).map((line) => [line]);
    while (rows.length && !rows.at(-1)[0].trim()) rows.pop();
    return { columns: ["line"], rows, chosen: 0 };
  }
  const rows = parseCsv(text, separator ?? (/\.tsv$/i.test(fileName) ? "\t" : first.includes(";") && !first.includes(",") ? ";" : ","));
  const named = (rows[0] ?? []).findIndex((name) => NAMED.test(name.trim()));
  const columns = named === -1 ? (rows[0] ?? []).map((_, index) => `column ${index + 1}`) : rows.shift();
  return { columns, rows, chosen: named === -1 ? longest(rows) : named };
}

const unquoted = (name) => name.trim().replace(/^"(.*)"$/, "$1");

/** The column with the most text in it: the headlines, most likely. */
function longest(rows) {
  const lengths = [];
  for (const row of rows.slice(0, 100)) {
    row.forEach((field, index) => { lengths[index] = (lengths[index] ?? 0) + field.length; });
  }
  return Math.max(0, lengths.indexOf(Math.max(...lengths)));
}
