// Entry point of the page, which uses only the public API.

import { call } from "./api.js";
import { Batch } from "./batch.js";
import { byId } from "./dom.js";
import { Headline } from "./headline.js";
import { setUpKey } from "./key.js";
import { showLanguage } from "./language.js";
import { showModel } from "./model.js";
import { setUpModels, showModels, withModel } from "./models.js";
import { setUpSeveral } from "./several.js";
import { setUpTerms } from "./terms.js";
import { setUpTopics, showTopics } from "./topics.js";

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
    showModel(facts, outside?.threshold);
    showTopics(topics);
    headline.setModel(facts.topic_set?.coverage ?? null, topics.length, facts.examples);
  } catch (error) {
    shown = null; // try again with the next response
    byId("model-facts").textContent = error.message;
  }
}

setUpKey();
setUpTerms();
setUpTopics();
const headline = new Headline(describe);
const batch = new Batch();
setUpModels(() => {
  describe(null);
  batch.again();
});
describe(null);
setUpSeveral((text) => batch.take(text));
