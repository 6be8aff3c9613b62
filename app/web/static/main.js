// Entry point of the page, which uses only the public API.

import { Batch } from "./batch/batch.js";
import { offerCorrection, setTopics, setUpCorrecting } from "./corrections/correcting.js";
import { byId } from "./elements/dom.js";
import { setUpTerms } from "./elements/terms.js";
import { Headline } from "./headline/headline.js";
import { setUpSeveral } from "./headline/several.js";
import { showLanguage } from "./model/language.js";
import { showModel } from "./model/model.js";
import { setUpTopics, showTopics } from "./model/topics.js";
import { call } from "./service/api.js";
import { setUpKey } from "./service/key.js";
import { chooseModel, chosenModel, sayMissing, setUpModels, showModels, withModel } from "./service/models.js";
import { followLinks, readLink, showLink } from "./sharing/link.js";
import { setUpShare, share } from "./sharing/share.js";

const LONGEST_WAIT = 500; // milliseconds until the tables are drawn although there is no answer

let shown = null; // the model that the page describes
let latest = 0; // number of the latest call of `describe`

/** Describe the model that gave an answer, which may have been replaced while the page was open. */
async function describe(model) {
  const name = model && `${model.name}/${model.version}`;
  if (name && name === shown) return;
  shown = name;
  latest += 1;
  const turn = latest;
  try {
    const [facts, { topics, outside }] = await Promise.all([call(withModel("model")), call(withModel("topics"))]);
    if (turn !== latest) return; // another model was chosen meanwhile
    shown = `${facts.name}/${facts.version}`;
    byId("title").textContent = document.title = facts.title;
    byId("number").textContent = topics.length;
    for (const link of document.querySelectorAll("[data-card]")) link.href = withModel("model/card");
    showLanguage(facts.language);
    showModels(facts.models);
    const answered = headline.setModel(facts.topic_set?.coverage ?? null, topics.length, facts.examples, Boolean(facts.multi_label));
    batch.several = byId("correcting").hidden = Boolean(facts.multi_label); // a correction has one topic
    setTopics(topics);
    // Drawing the tables takes longer than an answer, which would have to wait for it.
    await Promise.race([answered, new Promise((resolve) => { setTimeout(resolve, LONGEST_WAIT); })]);
    if (turn !== latest) return;
    showModel(facts, outside?.threshold);
    showTopics(topics);
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
  }
}

/** Everything that follows from the answer that is shown; null: the box is empty. */
function follow(answer) {
  showLink(answer === null || answer.isFirst ? null : answer.state);
  if (answer === null) return;
  share(answer);
  offerCorrection(answer);
}

/** Show what a link describes. */
function open(link) {
  const isOther = link.model !== chosenModel();
  chooseModel(link.model);
  headline.open(link);
  if (isOther) {
    sayMissing("");
    describe(null);
    batch.again();
  }
}

setUpKey();
setUpTerms();
setUpTopics();
setUpShare();
setUpCorrecting();
const headline = new Headline(describe, follow);
const batch = new Batch();
setUpModels(() => {
  describe(null);
  batch.again();
});
setUpSeveral((text) => batch.take(text));
followLinks(open);
const link = readLink();
if (link) {
  chooseModel(link.model);
  headline.open(link);
}
describe(null);
