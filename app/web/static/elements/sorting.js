// Tables that can be sorted by clicking a column heading, which explains itself if `data-about` is the id of an explanation.

import { element } from "./dom.js";

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Turns headings with data-key into buttons; `onSort(compare)`: called with a function that compares two rows. */
export function makeSortable(table, initial, onSort) {
  const headings = [...table.querySelectorAll("th[data-key]")];
  for (const heading of headings) {
    const button = element("button", { type: "button", "aria-describedby": heading.dataset.about }, heading.textContent);
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const current = heading.getAttribute("aria-sort");
      const first = heading.classList.contains("number") && heading.dataset.key !== "line" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      sortBy(heading, current === first ? other : first);
    });
  }
  const sortBy = (heading, order) => {
    for (const one of headings) one.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
    onSort(comparison(heading.dataset.key, order === "ascending" ? 1 : -1));
  };
  const [key, order] = initial;
  sortBy(headings.find((heading) => heading.dataset.key === key), order);
}

/** Rows without a value come last in both orders. */
function comparison(key, sign) {
  return (a, b) => {
    const [left, right] = [a[key], b[key]];
    if (left == null || right == null) return (left == null) - (right == null);
    return sign * (typeof left === "number" ? left - right : collator.compare(left, right));
  };
}
