// Presses the button of a page that acts on arrival, at the first gesture of a person who sees it.
const form = document.querySelector("form[data-arrival]");
const gestures = ["pointerdown", "keydown"];

function arrive(event) {
  if (!event.isTrusted || document.visibilityState !== "visible") return;
  gestures.forEach((name) => document.removeEventListener(name, arrive));
  form.elements.arrival.value = "yes";
  form.requestSubmit();
}

if (form) gestures.forEach((name) => document.addEventListener(name, arrive));
