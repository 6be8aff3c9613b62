// The API counts in code points, JavaScript in UTF-16 units; these two count as the API does.

/** The text's code points. A lone half of a surrogate pair, which JSON cannot carry, becomes U+FFFD. */
export function codePoints(text) {
  return Array.from(text, (point) => (/^[\uD800-\uDFFF]$/.test(point) ? "\uFFFD" : point));
}

/** The text with some words turned into as many spaces, so that all other words stay where they are. */
export function leaveOut(points, words) {
  const left = [...points];
  for (const { start, end } of words) left.fill(" ", start, end);
  return left.join("");
}
