// Text: code points, as the API counts (JavaScript strings count UTF-16 units), names, numbers and languages.

import { byId } from "./dom.js";

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

const MAX_NAME = 100; // code points

/** The name of a topic, cut if it is very long. */
export function short(name) {
  if (name.length <= MAX_NAME) return name;
  const points = Array.from(name);
  return points.length <= MAX_NAME ? name : `${points.slice(0, MAX_NAME).join("")}…`;
}

let whole; // created when first needed: it would take longer than the code before the first answer

export const count = (value) => (whole ??= new Intl.NumberFormat("en")).format(value);

/** A probability as a percentage; never 0% or 100% unless it is exactly that. */
export function percent(probability) {
  if (probability > 0 && probability < 0.001) return "<0.1%";
  if (probability < 1 && probability >= 0.9995) return ">99.9%";
  return `${(probability * 100).toFixed(1)}%`;
}

/** A probability as a whole percentage; never 0% or 100% unless it is exactly that. */
export function wholePercent(probability) {
  if (probability > 0 && probability < 0.005) return "<1%";
  if (probability < 1 && probability >= 0.995) return ">99%";
  return `${Math.round(probability * 100)}%`;
}

/** A change of a probability in percentage points, with its sign. */
export function points(effect) {
  const size = Math.abs(effect * 100);
  if (size < 0.05) return "0";
  return (effect < 0 ? "−" : "+") + size.toFixed(size < 9.95 ? 1 : 0);
}

const RIGHT_TO_LEFT = /^(ar|arc|ckb|dv|fa|he|iw|ks|nqo|pnb|prs|ps|sd|syr|ug|ur|yi)(-|$)/i;
const SCRIPT = /-([a-z]{4})(-|$)/i;
const RIGHT_TO_LEFT_SCRIPTS = /^(adlm|arab|aran|hebr|nkoo|rohg|syrc|thaa)$/i;

/** Direction of a language tag such as `ar` or `ks-Deva`; `auto` without one. */
export function direction(tag) {
  if (!tag) return "auto";
  const script = SCRIPT.exec(tag)?.[1];
  return (script ? RIGHT_TO_LEFT_SCRIPTS.test(script) : RIGHT_TO_LEFT.test(tag)) ? "rtl" : "ltr";
}

/** Mark fields, and lists of texts and topics, with the language; null: not known. */
export function showLanguage(tag) {
  for (const id of ["headline", "lines", "words"]) byId(id).dir = direction(tag);
  for (const id of ["headline", "lines", "words", "examples", "chart", "histogram", "topics-table", "results", "title"]) {
    byId(id).lang = tag ?? "";
  }
}
