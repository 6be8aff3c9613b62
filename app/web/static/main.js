// Entry point of the page, which uses only the public API.

import { byId } from "./elements/dom.js";
import { setUpTerms } from "./elements/terms.js";
import { showLanguage } from "./elements/text.js";
import { Headline } from "./headline/headline.js";
import { call, trouble } from "./service/api.js";
import { setUpKey } from "./service/key.js";
import { chooseModel, chosenModel, sayMissing, setUpModels, showModels, withModel } from "./service/models.js";
import { followLinks, readLink, showLink } from "./sharing/link.js";

const MAX_WAIT = 500; // milliseconds until the rest of the page is loaded although no answer has been painted

let loadRest;
/** What the first answer does not need: it would have to wait while the browser loads the modules and draws tables. */
const rest = new Promise((resolve) => { loadRest = resolve; }).then(() => import("./rest.js"));
/** Call `use` with it once it is loaded; if it cannot be loaded, never. */
const withRest = (use) => rest.then(use, () => {});
rest.catch(() => trouble("rest", { text: "A part of this page could not be loaded; disabled buttons do not work. Reload the page." }));

let shown = null; // the model that the page describes
let latest = 0; // number of the latest call of `describe`

/** What the page contains unless it needs a key: default model, topics and answer to the first example; null: use the API. */
function described() {
  const element = document.getElementById("description");
  element?.remove(); // later descriptions are of another model
  if (!element?.textContent || chosenModel()) return null;
  const { model, topics, answer } = JSON.parse(element.textContent);
  return [model, topics, answer];
}

/** Describe the model that gave an answer, which may have been replaced while the page was open. */
async function describe(model) {
  const name = model && `${model.name}/${model.version}`;
  if (name && name === shown) return;
  shown = name;
  latest += 1;
  const turn = latest;
  try {
    const onWait = model ? undefined : () => headline.undescribed();
    const asked = () => Promise.all([call(withModel("model"), { onWait }), call(withModel("topics"), { onWait })]);
    const [facts, { topics, outside }, first = null] = described() ?? await asked();
    if (turn !== latest) return; // another model was chosen meanwhile
    shown = `${facts.name}/${facts.version}`;
    byId("title").textContent = document.title = facts.title;
    byId("number").textContent = topics.length;
    for (const link of document.querySelectorAll("[data-card]")) link.href = withModel("model/card");
    showLanguage(facts.language);
    showModels(facts.models, shown);
    withRest(({ batch, setTopics }) => {
      if (facts.multi_label) batch.addMultiLabel(`${facts.name}/${facts.version}`);
      setTopics(topics);
    });
    const answered = headline.setModel(facts, topics.length, first);
    byId("correcting").hidden = Boolean(facts.multi_label); // a correction has one topic
    const painted = answered.then(() => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); }));
    await Promise.race([painted, new Promise((resolve) => { setTimeout(resolve, MAX_WAIT); })]);
    loadRest();
    await withRest(({ showModel, showTopics }) => {
      if (turn !== latest) return;
      showModel(facts, outside?.threshold);
      showTopics(topics);
    });
  } catch (error) {
    if (turn !== latest) return;
    shown = null; // try again with the next response
    if (error.status === 404 && chosenModel()) { // a link to a model that this service does not have, or no longer
      chooseModel(null);
      sayMissing(error.message);
      await describe(null);
      return;
    }
    byId("model-facts").textContent = error.message;
    if (!model) headline.undescribed(error.message);
    loadRest();
  }
}

/** Everything that follows from the answer that is shown; null: the box is empty. */
function follow(answer) {
  showLink(answer === null || answer.isFirst ? null : answer.state);
  if (answer === null) return;
  withRest(({ offerCorrection, share }) => {
    share(answer);
    offerCorrection(answer);
  });
}

/** Show what a link describes. */
function open(link) {
  const isOther = link.model !== chosenModel();
  chooseModel(link.model);
  headline.open(link);
  if (isOther) useChosen();
}

/** Everything follows the model that was just chosen. */
function useChosen() {
  sayMissing("");
  headline.leaveModel();
  describe(null);
  withRest(({ batch }) => batch.again());
}

/** Keep a file that is dropped before the module for files is loaded; the browser would leave the page to open it. */
function keepDrops() {
  const keep = (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (event.type === "drop" && files.length) withRest(({ batch }) => batch.open(files));
  };
  for (const kind of ["dragover", "drop"]) {
    addEventListener(kind, keep);
    withRest(() => removeEventListener(kind, keep));
  }
}

document.getElementById("unloaded")?.remove(); // missing if the page came from an older replica
keepDrops();
setUpKey();
setUpTerms();
const headline = new Headline(describe, follow);
setUpModels(useChosen);
followLinks(open);
const link = readLink();
chooseModel(link ? link.model : new URLSearchParams(location.search).get("model")); // ?model= as in the API
if (link) headline.open(link);
describe(null);
