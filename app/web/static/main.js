// The page: a client of the public API and nothing else.

import { call } from "./api.js";
import { Batch } from "./batch.js";
import { byId } from "./dom.js";
import { Headline } from "./headline.js";
import { setUpKey } from "./key.js";
import { showModel } from "./model.js";
import { setUpTopics, showTopics } from "./topics.js";

let shown = null; // the model that the page describes

/** Describe the model that answers now; another may have taken its place while the page was open. */
async function describe(model) {
  const name = `${model.name}/${model.version}`;
  if (name === shown) return;
  shown = name;
  try {
    const [facts, { topics }] = await Promise.all([call("model"), call("topics")]);
    showModel(facts);
    showTopics(topics);
    headline.setCoverage(facts.topic_set?.coverage ?? null);
  } catch (error) {
    shown = null; // the next answer tries again
    byId("model-facts").textContent = error.message;
  }
}

setUpKey();
setUpTopics();
const headline = new Headline(describe);
new Batch();
