// Text in code points, as the API counts; JavaScript strings count UTF-16 units.

/** The code points of a text; a lone surrogate, which is invalid in JSON, becomes U+FFFD. */
export function codePoints(text) {
  return Array.from(text, (point) => (/^[\uD800-\uDFFF]$/.test(point) ? "\uFFFD" : point));
}

/** Replaces words by spaces of the same length, so that the positions of all other words stay the same. */
export function leaveOut(points, words) {
  const left = [...points];
  for (const { start, end } of words) left.fill(" ", start, end);
  return left.join("");
}

const LONGEST_NAME = 100; // code points

/** The name of a topic, cut if it is very long. */
export function short(name) {
  if (name.length <= LONGEST_NAME) return name;
  const points = Array.from(name);
  return points.length <= LONGEST_NAME ? name : `${points.slice(0, LONGEST_NAME).join("")}…`;
}
