// Says the status of a delivery or an import to a screen reader when the page that refreshes itself shows a new one.
const said = document.querySelector("[data-said]");
const shown = () => document.querySelector(".status-line .badge").textContent;
let last = shown();

document.body.addEventListener("htmx:afterSwap", () => {
  if (shown() !== last) said.textContent = last = shown();
});
