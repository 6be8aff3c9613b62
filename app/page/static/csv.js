// CSV as spreadsheets write and read it (RFC 4180).

/** Rows of fields; quotes may hold separators, line ends and doubled quotes. */
export function parseCsv(text, separator = ",") {
  const rows = [];
  let row = [];
  let field = "";
  let at = 0;
  const endRow = () => {
    row.push(field);
    if (row.length > 1 || field !== "") rows.push(row);
    row = [];
    field = "";
  };
  while (at < text.length) {
    const character = text[at];
    if (character === '"' && field === "") {
      const closing = closingQuote(text, at + 1);
      field = text.slice(at + 1, closing).replaceAll('""', '"');
      at = closing + 1;
    } else if (character === separator) {
      row.push(field);
      field = "";
      at += 1;
    } else if (character === "\n" || character === "\r") {
      endRow();
      at += character === "\r" && text[at + 1] === "\n" ? 2 : 1;
    } else {
      const end = nextOf(text, at, separator);
      field += text.slice(at, end);
      at = end;
    }
  }
  if (field !== "" || row.length) endRow();
  return rows;
}

function closingQuote(text, from) {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return text.length;
}

function nextOf(text, from, separator) {
  let at = from + 1;
  while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at += 1;
  return at;
}

/** Rows as CSV. A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP). */
export function toCsv(rows) {
  return rows.map((row) => row.map(toField).join(",")).join("\r\n") + "\r\n";
}

function toField(value) {
  let text = String(value ?? "");
  if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
