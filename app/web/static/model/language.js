// Language and direction of the texts, from the model's manifest. The page itself is in English.

import { byId } from "../elements/dom.js";

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
