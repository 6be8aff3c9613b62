// Creates elements from data. Children are inserted as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** An element: `element("td", {class: "number"}, "5")`; children are elements or text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Announce a text to screen readers. */
export function announce(text) {
  byId("announcement").textContent = text;
}
