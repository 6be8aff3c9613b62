// Classifies many headlines with /predict/batch, in batches; a refused headline does not stop the others.

import { codePoints } from "../elements/text.js";
import { aboutText, call, Refusal } from "./api.js";
import { withModel } from "./models.js";

const PART = 250; // small enough for visible progress, large enough for little overhead
const PART_CHARACTERS = 200_000; // a slow connection must send a part in the 10 s that the service waits for it
const DIVISIBLE = new Set([408, 413, 422, 500, 504]); // statuses for which a smaller batch may succeed
const HOPELESS = 20; // give up after this many single headlines refused in a row

/** Fill in `row.answer` or `row.error` of each row `{headline}` without error, in order; `onPart(done)` after each part. */
export async function classify(rows, signal, onPart) {
  let size = PART;
  let refused = 0;
  for (let done = 0; done < rows.length;) {
    const part = firstOf(rows, done, size);
    try {
      await answer(part, signal);
      signal.throwIfAborted(); // a newer run may have started
      refused = 0;
      size = Math.min(size * 2, PART);
    } catch (error) {
      if (!(error instanceof Refusal) || !DIVISIBLE.has(error.status) || refused >= HOPELESS) throw error;
      if (part.length > 1) {
        size = Math.ceil(part.length / 2);
        continue;
      }
      part[0].error = error.message;
      refused += 1;
    }
    done += part.length;
    onPart(done);
  }
}

/** The part of the rows from `start`: at most `size`, with at most PART_CHARACTERS unless it is a single one. */
function firstOf(rows, start, size) {
  let end = start + 1;
  let characters = rows[start].headline.length;
  while (end < Math.min(start + size, rows.length) && (characters += rows[end].headline.length) <= PART_CHARACTERS) end += 1;
  return rows.slice(start, end);
}

/** Classify one batch. Headlines that the service reports as invalid are marked, and the others sent again. */
async function answer(part, signal) {
  for (const row of part) if (!row.headline.trim()) row.error ??= "No text.";
  let waiting = part.filter((row) => !row.error);
  while (waiting.length) {
    try {
      const headlines = waiting.map((row) => codePoints(row.headline).join(""));
      const { results, model } = await call(withModel("predict/batch"), { body: { headlines, top_k: 1 }, signal });
      waiting.forEach((row, index) => { row.answer = results[index]; row.model = `${model.name}/${model.version}`; });
      return;
    } catch (error) {
      const wrong = error.status === 422 ? named(error.errors) : new Map();
      if (!wrong.size) throw error;
      wrong.forEach((message, index) => { if (waiting[index]) waiting[index].error = message; });
      waiting = waiting.filter((row) => !row.error);
    }
  }
}

/** Maps the index of each headline named in a 422 to its message. */
function named(errors) {
  const found = new Map();
  for (const { field, message } of errors) {
    const match = /(?:^|\.)headlines\.(\d+)$/.exec(field);
    if (match) found.set(Number(match[1]), aboutText(message));
  }
  return found;
}
