// An answer replaces the whole builder. What was typed while it was on its way would go with it: so ask again, with it.
// Who went on to another field meanwhile stays there.
const BUILDER = "audience-builder";
let isTyped = false;
let stayed;

document.addEventListener("input", ({ target }) => { isTyped ||= Boolean(target.closest(`#${BUILDER}`)); });
document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.target.id === BUILDER) isTyped = false; });
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== BUILDER) return;
  const { elt, triggeringEvent } = detail.requestConfig;
  if (isTyped) {
    detail.shouldSwap = false;
    setTimeout(() => window.htmx.trigger(elt, triggeringEvent.type));
    return;
  }
  const focused = document.activeElement;
  stayed = focused !== elt && focused.closest(`#${BUILDER}`) ? focused.id : "";
});
document.addEventListener("htmx:afterSettle", () => {
  if (stayed) document.getElementById(stayed)?.focus();
  stayed = "";
});
