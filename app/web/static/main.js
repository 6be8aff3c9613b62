// Entry point of the page, which uses only the public API.

import { call } from "./api.js";
import { Batch } from "./batch.js";
import { byId } from "./dom.js";
import { Headline } from "./headline.js";
import { setUpKey } from "./key.js";
import { showModel } from "./model.js";
import { setUpSeveral } from "./several.js";
import { setUpTerms } from "./terms.js";
import { setUpTopics, showTopics } from "./topics.js";

let shown = null; // the model that the page describes

/** Describe the current model, which may have been replaced while the page was open. */
async function describe(model) {
  const name = `${model.name}/${model.version}`;
  if (name === shown) return;
  shown = name;
  try {
    const [facts, { topics, outside }] = await Promise.all([call("model"), call("topics")]);
    showModel(facts, outside?.threshold);
    showTopics(topics);
    headline.setModel(facts.topic_set?.coverage ?? null, topics.length);
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
setUpSeveral((text) => batch.take(text));
