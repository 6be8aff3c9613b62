// Long texts are kept out of text boxes: Chromium takes half a minute to lay out 3 MB, and again if the window is resized.

const MAX_LENGTH = 100_000; // UTF-16 units inserted at once; by default the service refuses much shorter texts

export const isLong = (text) => text.length > MAX_LENGTH;

/** Call `onLong(text)` instead of inserting a long text that is pasted or dropped into the box. */
export function keepLongOut(box, onLong) {
  box.addEventListener("beforeinput", (event) => {
    if (!isLong(event.data ?? "")) return;
    event.preventDefault();
    onLong(event.data);
  });
}
