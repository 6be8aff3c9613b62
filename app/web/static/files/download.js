// Files that the page makes: the browser saves them, and nothing is sent.

import { element } from "../elements/dom.js";
import { toCsv } from "./csv.js";

/** Save rows of values as CSV; the byte order mark tells spreadsheets that it is UTF-8. */
export function saveCsv(names, rows, fileName) {
  const cells = rows.map((row) => row.map(toCell));
  save(["\uFEFF", toCsv([names, ...cells])], "text/csv", fileName);
}

/** Save rows of values as a JSON array of objects. */
export function saveJson(names, rows, fileName) {
  const objects = rows.map((row) => JSON.stringify(Object.fromEntries(names.map((name, index) => [name, row[index]]))));
  save([`[\n${objects.join(",\n")}\n]\n`], "application/json", fileName);
}

/** A list of texts as words, if none holds a space; any other value that is neither text nor number as JSON. */
function toCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object" && typeof value !== "boolean") return value;
  const isWords = Array.isArray(value) && value.every((one) => typeof one === "string" && !/\s/.test(one));
  return isWords ? value.join(" ") : JSON.stringify(value);
}

/** Save a file made of parts. */
export function save(parts, type, fileName) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  element("a", { href: url, download: fileName }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
