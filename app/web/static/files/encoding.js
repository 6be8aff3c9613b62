// Decodes the bytes of a file to text.

const MAX_BYTES = 100 * 1024 * 1024; // the tab holds the text, its rows and their results in memory
const BINARY = [
  [[0x89, 0x50, 0x4e, 0x47], "is a picture, not a text file"],
  [[0xff, 0xd8, 0xff], "is a picture, not a text file"],
  [[0x7b, 0x5c, 0x72, 0x74, 0x66], "is a formatted document: save it as plain text"],
  [[0x1f, 0x8b], "is compressed: unpack it first"],
  [[0x50, 0x4b, 0x03, 0x04], "is a spreadsheet or an archive: save it as CSV, or unpack it"],
  [[0xd0, 0xcf, 0x11, 0xe0], "is a spreadsheet or a document: save it as CSV or as text"],
  [[0x25, 0x50, 0x44, 0x46], "is a PDF, not a text file"],
];

/** Why a file cannot be read; the message continues a sentence that begins with the file name. */
export class UnreadableError extends Error {}

/**
 * Returns `{text, note}` of a file; `note` says which encoding was guessed, or is null. UTF-8, UTF-16 with a byte order
 * mark, otherwise Windows-1252, which spreadsheets on Windows write. Throws UnreadableError.
 */
export async function readText(file) {
  if (file.size > MAX_BYTES) throw new UnreadableError("has more than 100 MB; cut it into parts");
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new UnreadableError("cannot be read; a folder cannot be classified");
  }
  const begins = (mark) => mark.every((byte, at) => bytes[at] === byte);
  const known = BINARY.find(([mark]) => begins(mark));
  if (known) throw new UnreadableError(known[1]);
  const encoding = begins([0xff, 0xfe]) ? "utf-16le" : begins([0xfe, 0xff]) ? "utf-16be" : "utf-8";
  const exact = decoded(bytes, encoding);
  const text = exact ?? (encoding === "utf-8" ? decoded(bytes, "windows-1252") : null);
  if (text === null) throw new UnreadableError(`has a byte order mark of ${encoding.slice(0, 6).toUpperCase()}, but is not valid ${encoding.slice(0, 6).toUpperCase()}`);
  if (!isText(text)) throw new UnreadableError("is not a text file in UTF-8, or in UTF-16 with a byte order mark");
  return { text, note: exact === null ? "It is not UTF-8 and was read as Windows-1252. If letters are wrong, convert it to UTF-8, such as with iconv -f CP949 -t UTF-8 for Korean (GB18030 for Chinese, SHIFT_JIS for Japanese)." : null };
}

function decoded(bytes, encoding) {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** No control characters except white space, DOS's end of file (1A) and escape (1B, terminal colours). */
function isText(text) {
  return !/[\0-\x08\x0e-\x19\x1c-\x1f\x7f-\x84\x86-\x9f]/.test(text);
}
