// Where files and texts come in: chosen, dropped anywhere on the page, pasted, or typed into the lower box.

import { byId } from "../elements/dom.js";
import { keepLongOut } from "../elements/long_text.js";

/** `onText(text)`: lines to classify; `onFiles(files)`: files to read. */
export function setUpIntake(onText, onFiles) {
  const lines = byId("lines");
  byId("start").addEventListener("click", () => onText(lines.value));
  keepLongOut(lines, onText);
  lines.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) onText(lines.value);
  });
  byId("file").addEventListener("change", () => {
    const files = [...byId("file").files];
    if (files.length) onFiles(files);
    byId("file").value = "";
  });
  addEventListener("paste", (event) => {
    // A spreadsheet also copies a picture of its cells; then the text is wanted.
    const files = event.clipboardData.types.includes("text/plain") ? [] : [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    onFiles(files);
  });
  acceptDrops(byId("drop"), onText, onFiles);
}

function acceptDrops(zone, onText, onFiles) {
  const holdsFile = (event) => event.dataTransfer.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!holdsFile(event) && !zone.contains(event.target)) return; // text dropped into another field
    event.preventDefault(); // otherwise the browser would open the file
    zone.classList.add("over");
  });
  for (const end of ["dragleave", "drop"]) addEventListener(end, () => zone.classList.remove("over"));
  addEventListener("drop", (event) => {
    if (!holdsFile(event) && !zone.contains(event.target)) return;
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (files.length) onFiles(files);
    else onText(event.dataTransfer.getData("text/plain"));
  });
}
