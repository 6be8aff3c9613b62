// Many headlines through /predict/batch, in parts; a headline that the service refuses does not stop the others.

import { call, Refusal } from "./api.js";
import { codePoints } from "./text.js";

const PART = 250; // small enough that the bar moves, large enough that requests cost little
const DIVISIBLE = new Set([413, 422, 500, 504]); // a smaller part may pass
const HOPELESS = 20; // single headlines refused one after another

/** Fill in `row.answer` or `row.error` of each row `{headline}` without error, in order; `onPart(done)` after each part. */
export async function classify(rows, signal, onPart) {
  let size = PART;
  let refused = 0;
  for (let done = 0; done < rows.length;) {
    const part = rows.slice(done, done + size);
    try {
      await answer(part, signal);
      signal.throwIfAborted(); // a newer run may have begun just now
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

/** Answer one part. Headlines that the service names as wrong are marked, and the others sent without them. */
async function answer(part, signal) {
  for (const row of part) if (!row.headline.trim()) row.error ??= "There is no headline here.";
  let waiting = part.filter((row) => !row.error);
  while (waiting.length) {
    try {
      const headlines = waiting.map((row) => codePoints(row.headline).join(""));
      const { results } = await call("predict/batch", { body: { headlines, top_k: 1 }, signal });
      waiting.forEach((row, index) => { row.answer = results[index]; });
      return;
    } catch (error) {
      const wrong = error.status === 422 ? named(error.errors) : new Map();
      if (!wrong.size) throw error;
      wrong.forEach((message, index) => { if (waiting[index]) waiting[index].error = message; });
      waiting = waiting.filter((row) => !row.error);
    }
  }
}

/** Which headlines a 422 speaks of, and what it says. */
function named(errors) {
  const found = new Map();
  for (const { field, message } of errors) {
    const match = /(?:^|\.)headlines\.(\d+)$/.exec(field);
    if (match) found.set(Number(match[1]), message);
  }
  return found;
}
