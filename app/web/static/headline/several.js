// Offers to classify the lines of a text one by one, where several were put into the box for one headline.

import { byId } from "../elements/dom.js";
import { count } from "../elements/numbers.js";

/** `onAccept(text)`: each line of the text is to be classified. */
export function setUpSeveral(onAccept) {
  byId("several").querySelector("button").addEventListener("click", () => onAccept(byId("headline").value));
}

/** Offer it for this text, if it has several lines. */
export function offerLines(text) {
  const lines = text.split(/\r\n|\r|\n/).filter((line) => line.trim()).length;
  const [note, button] = byId("several").children;
  byId("several").hidden = lines < 2;
  if (lines < 2) return;
  note.textContent = "Below, these lines are classified as one text. Is each line a separate text?";
  button.textContent = `Classify ${count(lines)} lines`;
}
