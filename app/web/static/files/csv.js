// CSV reader and writer (RFC 4180). Rows begin and end where `python -m app classify` has them.

const LINE_END = /\r\n|\r|\n/;
const MAX_ROW_LINES = 1000; // of one row; a quote still open after that is unmatched
const MAX_BROKEN_CELLS = 50; // cells with line ends in the first row, whose number of cells nothing limits
const MERGED = 4; // separators beyond those of one row from which a row of several lines counts as merged rows
const FORMULA = /^(?=[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=[^\S\t\r\n]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])(?![+-]?\d+(?:\.\d+)?(?:[;\t\r\n]|$))/g;

/**
 * Returns rows `{line, cells}` in order; `line`: first line of the row, where `first` is that of the text. Quoted cells may
 * contain separators, line ends and doubled quotes. A row with an unmatched quote becomes `{line, cells: [its text], fault}`,
 * and parsing continues with the next line: a stray quote affects one line, not everything up to the next quote. In TSV, which
 * many programs write without quoting, such a line is read literally.
 */
export function parseCsv(text, separator = ",", first = 1) {
  const rows = [];
  let width = null; // cells of the first row, which a row of several lines must have too
  let at = 0;
  let line = first;
  while (at < text.length) {
    const read = readRow(text, at, separator, width);
    const whole = read !== null && isOneRow(text.slice(at, read.end), read.cells, separator, width);
    const stop = whole ? read.end : lineEnd(text, at);
    const row = whole ? { line, cells: read.cells } : unmatched(line, text.slice(at, stop), separator, width);
    if (stop > at) { // blank lines are not rows, but a line with only "" is
      rows.push(row);
      width ??= row.fault ? null : row.cells.length;
    }
    const next = text.startsWith("\r\n", stop) ? stop + 2 : stop + 1;
    line += text.slice(at, next).split(LINE_END).length - 1;
    at = next;
  }
  return rows;
}

/**
 * `{cells, end}` of the row that begins at `from`; null if a quote in it is unmatched, or as soon as `isOneRow` would
 * refuse it: otherwise each of many stray quotes could make the rest of the file be read again.
 */
function readRow(text, from, separator, width) {
  const cells = [];
  let broken = 0; // cells that hold a line end
  for (let at = from; ; at += 1) {
    let end;
    if (text[at] === '"') {
      const closing = closingQuote(text, at + 1);
      end = closing + 1;
      if (closing === text.length || !endsCell(text, end, separator)) return null;
      const cell = text.slice(at + 1, closing);
      if (/[\r\n]/.test(cell)) broken += 1;
      cells.push(cell.replaceAll('""', '"'));
      if (width === null ? broken >= MAX_BROKEN_CELLS : broken && cells.length > width) return null;
      if (broken >= MAX_ROW_LINES) return null;
    } else {
      end = at;
      while (!endsCell(text, end, separator)) end += 1;
      cells.push(text.slice(at, end));
    }
    if (text[end] !== separator) return { cells, end };
    at = end;
  }
}

/** Whether a row of several lines is one row, and not several that two stray quotes have merged. */
function isOneRow(text, cells, separator, width) {
  const lines = text.split(LINE_END);
  if (lines.length === 1) return true;
  if (lines.length > MAX_ROW_LINES || (width !== null && cells.length !== width)) return false;
  if (width === null || width === 1) return true;
  if ((width - 1) * (lines.length - 1) < MERGED && separator !== "\t") return true;
  return !lines.every((one) => one.split(separator).length === width);
}

function unmatched(line, text, separator, width) {
  const literal = separator === "\t" ? text.split(separator) : [];
  if (literal.length && (width === null || literal.length === width)) return { line, cells: literal };
  return { line, cells: [text], fault: "Unmatched quote." };
}

function endsCell(text, at, separator) {
  return at >= text.length || text[at] === separator || text[at] === "\n" || text[at] === "\r";
}

function closingQuote(text, from) {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return text.length;
}

function lineEnd(text, from) {
  let at = from;
  while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at += 1;
  return at;
}

/**
 * Writes rows as CSV. An apostrophe is put where a spreadsheet would begin a formula (OWASP; see writers.py), but for `labels`,
 * the index of a column with labels of the model, which must be read back as they are.
 */
export function toCsv(rows, labels = -1) {
  return rows.map((row) => row.map((value, at) => quoted(at === labels ? value : harmless(value))).join(",")).join("\r\n") + "\r\n";
}

function harmless(text) {
  return typeof text === "string" ? text.replace(FORMULA, "'") : text;
}

function quoted(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
