// Buttons that copy the shown answer: as a link to this page, as a curl command, as a Python program.

import { byId } from "../elements/dom.js";
import { isStale, WAIT } from "../headline/answer.js";
import { key } from "../service/key.js";
import { copy } from "./clipboard.js";
import { toCurl, toPython } from "./commands.js";
import { linkTo } from "./link.js";

let shown = null;

/** The answer to copy: `{state, path, body}`, its state as a link has it, and the request. */
export function share(answer) {
  const { headline, model } = answer.state;
  // The explanation of the same text arrives after its answer; "Copied." stays.
  if (headline !== shown?.state.headline || model !== shown.state.model || byId("copied").textContent === WAIT) byId("copied").textContent = "";
  shown = answer;
}

export function setUpShare() {
  const url = () => new URL(shown.path, document.baseURI).href;
  const copies = {
    "copy-link": () => linkTo(shown.state),
    "copy-curl": () => toCurl(url(), shown.body, key() !== null),
    "copy-python": () => toPython(url(), shown.body, key() !== null),
  };
  for (const [id, text] of Object.entries(copies)) {
    byId(id).addEventListener("click", async () => {
      if (isStale()) {
        byId("copied").textContent = WAIT;
        return;
      }
      byId("copied").textContent = (await copy(text())) ? "Copied." : "This browser does not let the page copy.";
    });
  }
}
