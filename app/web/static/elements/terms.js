// Explains the terms of the page where they stand: on hover, on focus, and on a tap.

import { byId, element } from "./dom.js";

const EDGE = 8; // pixels between an explanation and the edge of the window
const tip = element("div", { class: "tip", popover: "manual", "aria-hidden": "true" }); // screen readers read the glossary
let shown = null; // the term that is explained

/** A term that explains itself; `name`: that of its entry in the glossary, `about-NAME`. */
export function term(name, text) {
  return element("button", { type: "button", class: "term", "aria-describedby": `about-${name}` }, text);
}

/** Change an entry of the glossary. */
export function explain(name, text) {
  byId(`about-${name}`).textContent = text;
}

export function setUpTerms() {
  document.body.append(tip);
  const termAt = (event) => event.target.closest?.("[aria-describedby^=about-]");
  const isInside = (node) => node instanceof Node && (tip.contains(node) || shown?.contains(node));
  for (const kind of ["focusin", "click"]) document.addEventListener(kind, (event) => show(termAt(event)));
  document.addEventListener("pointerover", (event) => { if (event.pointerType !== "touch") show(termAt(event)); });
  document.addEventListener("pointerout", (event) => {
    if (event.pointerType !== "touch" && isInside(event.target) && !isInside(event.relatedTarget)) hide();
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("pointerdown", (event) => { if (!isInside(event.target)) hide(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
}

function show(one) {
  if (!shown?.checkVisibility()) hide(); // what it explained has gone
  if (!one || one === shown) return;
  hide();
  shown = one;
  tip.textContent = byId(one.getAttribute("aria-describedby")).textContent;
  tip.showPopover();
  const at = one.getBoundingClientRect();
  const left = Math.max(EDGE, Math.min(at.left, document.documentElement.clientWidth - tip.offsetWidth - EDGE));
  const fits = at.bottom + tip.offsetHeight + EDGE <= innerHeight && !one.closest("thead"); // there it would cover the first row
  const below = fits || at.top < tip.offsetHeight;
  tip.style.left = `${left + scrollX}px`;
  tip.style.top = `${(below ? at.bottom : at.top - tip.offsetHeight) + scrollY}px`;
}

function hide() {
  if (!shown) return;
  shown = null;
  tip.hidePopover();
}
