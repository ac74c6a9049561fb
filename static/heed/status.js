// Says the status of the delivery to a screen reader when the page that refreshes itself shows a new one.
const said = document.querySelector("[data-said]");
const shown = () => document.querySelector("#delivery-status .badge").textContent;
let last = shown();

document.body.addEventListener("htmx:afterSwap", () => {
  if (shown() !== last) said.textContent = last = shown();
});
