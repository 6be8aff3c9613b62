// The models in service, and the one that the page uses.

import { byId, element } from "./dom.js";

let chosen = null; // NAME/VERSION; null: the default model

/** The URL of an endpoint for the chosen model. */
export function withModel(endpoint) {
  return chosen ? `${endpoint}?model=${encodeURIComponent(chosen)}` : endpoint;
}

/** Offer the models `[{name, version}]`, the first of which is the default; hidden if there is only one. */
export function showModels(models) {
  const names = models.map(({ name, version }) => `${name}/${version}`);
  byId("model-field").hidden = names.length < 2;
  const select = byId("model-choice");
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  select.value = chosen ?? names[0];
}

/** `onChoice()`: another model was chosen. */
export function setUpModels(onChoice) {
  byId("model-choice").addEventListener("input", () => {
    const select = byId("model-choice");
    chosen = select.selectedIndex === 0 ? null : select.value;
    onChoice();
  });
}
