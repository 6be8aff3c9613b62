// What the first answer does not need, loaded after it: many texts at once, sharing, corrections, tables.

import { Batch } from "./batch/batch.js";
import { offerCorrection, setTopics, setUpCorrecting } from "./corrections/correcting.js";
import { byId } from "./elements/dom.js";
import { keepFocus } from "./elements/focus.js";
import { showModel } from "./model/model.js";
import { setUpTopics, showTopics } from "./model/topics.js";
import { showForget } from "./service/key.js";
import { setUpShare, share } from "./sharing/share.js";

keepFocus();
setUpTopics();
setUpShare();
setUpCorrecting();
showForget();
export const batch = new Batch();
byId("several").querySelector("button").addEventListener("click", () => batch.take(byId("headline").value));
// In index.html all controls of these modules are disabled, because before now a click would be lost.
for (const control of document.querySelectorAll(":disabled")) control.disabled = false;

export { offerCorrection, setTopics, share, showModel, showTopics };
