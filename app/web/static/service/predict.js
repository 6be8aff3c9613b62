// Asks for the answer to one headline, explained if it can be.

import { call } from "./api.js";
import { withModel } from "./models.js";

/**
 * Returns the service's answer for all topics; it explains `topic`, if not null and known to the model, or what the
 * service explains by default. `note`: why it explains nothing, if so.
 */
export async function predict(headline, topics, topic, options) {
  const body = { headline, top_k: topics };
  const ask = (more) => call(withModel("predict"), { ...options, body: { ...body, ...more } });
  try {
    return await ask({ explain: true, ...(topic && { explain_topic: topic }) });
  } catch (error) {
    if (error.status !== 422) throw error;
    if (topic) return predict(headline, topics, null, options); // a link's, or of a model that has been replaced
    return { ...(await ask({})), note: error.message }; // too long to explain, but perhaps not to classify
  }
}
