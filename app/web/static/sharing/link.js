// What the page shows, as a link: headline and options are in the URL's fragment, which browsers do not send to servers.

/**
 * `{headline, explain, without, all, model}` of the page's URL, or null: the text, the code of the explained topic, the
 * starts of the words left out, whether all topics are shown, and the model. All but the text may be null or empty.
 */
export function readLink() {
  if (!/[#&]headline=/.test(location.hash)) return null; // a link to a section of the page
  const fields = new URLSearchParams(location.hash.slice(1));
  return {
    headline: fields.get("headline"),
    explain: fields.get("explain"),
    without: (fields.get("without") ?? "").split(",").filter((one) => /^\d+$/.test(one)).map(Number),
    all: fields.get("all") === "1",
    model: fields.get("model"),
  };
}

/** The URL of the page with this state. */
export function linkTo({ headline, explain, without, all, model }) {
  const fields = new URLSearchParams({
    headline,
    ...(explain && { explain }),
    ...(without.length && { without: without.join(",") }),
    ...(all && { all: "1" }),
    ...(model && { model }),
  });
  return new URL(`#${fields}`, location.href).href;
}

/** Put the state into the address bar; null: nothing is shown. */
export function showLink(state) {
  if (!state && !readLink()) return;
  try {
    history.replaceState(null, "", state ? linkTo(state) : location.pathname + location.search);
  } catch {
    // Browsers limit how often and how long; the button still copies the link.
  }
}

/** `onLink(state)`: another link to the page was opened in this tab. */
export function followLinks(onLink) {
  addEventListener("hashchange", () => {
    const state = readLink();
    if (state) onLink(state);
  });
}
