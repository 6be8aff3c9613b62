// The models in service, and the one that the page uses.

import { byId, element } from "../elements/dom.js";

let chosen = null; // NAME/VERSION or NAME; null: the default model

export const chosenModel = () => chosen;

/** Use a model, NAME/VERSION or NAME, from now on; null: the default one. */
export function chooseModel(name) {
  chosen = name;
}

/** The URL of an endpoint for the chosen model. */
export function withModel(endpoint) {
  return chosen ? `${endpoint}?model=${encodeURIComponent(chosen)}` : endpoint;
}

/** Offer the models `[{name, version}]`, of which `used`, NAME/VERSION, is in use; hidden if there is only one. */
export function showModels(models, used) {
  const names = models.map(({ name, version }) => `${name}/${version}`);
  byId("model-field").hidden = names.length < 2;
  const select = byId("model-choice");
  select.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
  select.value = used;
}

/** Say that the service does not have the model that a link names; empty: it has. */
export function sayMissing(message) {
  byId("model-missing").textContent = message;
}

/** `onChoice()`: another model was chosen. */
export function setUpModels(onChoice) {
  byId("model-choice").addEventListener("input", () => {
    const select = byId("model-choice");
    chosen = select.selectedIndex === 0 ? null : select.value;
    onChoice();
  });
}
