// Merge fields and pictures are inserted where the operator wrote last.
const TEXTS = "textarea, input[type=text], input:not([type])";
let last;

document.addEventListener("focusin", ({ target }) => {
  if (target.closest(".settings") && target.matches(`${TEXTS}, .rich-surface`)) last = target;
});

function insert(text) {
  const target = last?.isConnected ? last : document.querySelector("textarea[data-source], .rich-surface, .settings textarea");
  if (!target) return;
  target.focus();
  if (target.isContentEditable) document.execCommand("insertText", false, text);
  else target.setRangeText(text, target.selectionStart, target.selectionEnd, "end");
  target.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button) insert(button.dataset.insert);
});

// Without this script the address of a picture is there to be copied.
const enhance = () => {
  for (const button of document.querySelectorAll("[data-insert][hidden]")) button.hidden = false;
  for (const plain of document.querySelectorAll("[data-without-script]")) plain.hidden = true;
};
enhance();
document.addEventListener("htmx:afterSettle", enhance);
