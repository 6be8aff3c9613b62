// Examples of the model, to try it with.

import { byId, element } from "../elements/dom.js";

/** `onPick(example)`: one was pressed. */
export function showExamples(examples, onPick) {
  byId("examples-label").hidden = !examples.length;
  byId("examples").replaceChildren(...examples.map((example) => {
    const button = element("button", { type: "button", class: "chip", dir: "auto" }, example);
    button.addEventListener("click", () => onPick(example));
    return element("li", {}, button);
  }));
}
