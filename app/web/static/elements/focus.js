// Keeps the focus when what has it is removed or hidden: browsers then reset it to the start of the page, where users of a
// keyboard or a screen reader have lost their place.

const isShown = (one) => one.isConnected && !one.closest("[hidden]");

/** From now on, the nearest part of the page that still contains the place gets the focus. */
export function keepFocus() {
  let trail = []; // what has the focus, and all that contains it
  document.addEventListener("focusin", ({ target }) => {
    trail = [];
    for (let one = target; one && one !== document.body; one = one.parentElement) trail.push(one);
  });
  document.addEventListener("focusout", ({ target }) => queueMicrotask(() => { // an element that is removed is still there now
    if (target === trail[0] && isShown(target) && target !== document.activeElement) trail = []; // the user has left it
  }));
  new MutationObserver(() => {
    if (!trail.length || isShown(trail[0])) return;
    const place = trail.find(isShown);
    trail = [];
    if (place) focusOn(place);
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["hidden"] });
}

function focusOn(place) {
  if (!place.hasAttribute("tabindex")) {
    place.tabIndex = -1;
    place.addEventListener("blur", () => place.removeAttribute("tabindex"), { once: true });
  }
  place.focus({ preventScroll: true });
}
