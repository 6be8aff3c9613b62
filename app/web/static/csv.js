// CSV reader and writer (RFC 4180).

const LINE_END = /\r\n|\r|\n/g;

/**
 * Returns rows `{line, cells}` in order; `line`: first line of the row, from 1. Quoted cells may contain separators, line
 * ends and doubled quotes. A row with an unmatched quote becomes `{line, cells: [its text], fault}`, and parsing continues
 * with the next line: a stray quote affects one line, not everything up to the next quote.
 */
export function parseCsv(text, separator = ",") {
  const rows = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const { cells, end, strayAt } = readRow(text, at, separator);
    const stop = strayAt === undefined ? end : lineEnd(text, strayAt);
    if (strayAt !== undefined) rows.push({ line, cells: [text.slice(at, stop)], fault: "Unmatched quote." });
    else if (cells.length > 1 || cells[0] !== "") rows.push({ line, cells });
    const next = text.startsWith("\r\n", stop) ? stop + 2 : stop + 1;
    line += (text.slice(at, next).match(LINE_END) ?? []).length;
    at = next;
  }
  return rows;
}

/** The cells of one row and its end; `strayAt`: position of an unmatched quote, if any. */
function readRow(text, from, separator) {
  const cells = [];
  for (let at = from; ; at += 1) {
    let end;
    if (text[at] === '"') {
      const closing = closingQuote(text, at + 1);
      end = closing + 1;
      if (closing === text.length || !endsCell(text, end, separator)) return { strayAt: at };
      cells.push(text.slice(at + 1, closing).replaceAll('""', '"'));
    } else {
      end = at;
      while (!endsCell(text, end, separator)) end += 1;
      cells.push(text.slice(at, end));
    }
    if (text[end] !== separator) return { cells, end };
    at = end;
  }
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

/** Writes rows as CSV. Text that a spreadsheet would run as a formula gets a leading apostrophe (OWASP). */
export function toCsv(rows) {
  return rows.map((row) => row.map(toField).join(",")).join("\r\n") + "\r\n";
}

function toField(value) {
  let text = String(value ?? "");
  const formula = /^\s*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text);
  if (typeof value === "string" && formula) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
