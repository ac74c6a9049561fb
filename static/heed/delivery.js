// The merge field picker: inserts a field where the operator wrote last.
const targets = document.querySelectorAll("[data-merge-target]");
let last = document.querySelector("textarea[data-merge-target]");

for (const target of targets) {
  target.addEventListener("focus", () => { last = target; });
}

for (const button of document.querySelectorAll("[data-merge-field]")) {
  button.addEventListener("click", () => {
    const field = button.dataset.mergeField;
    last.setRangeText(field, last.selectionStart, last.selectionEnd, "end");
    last.focus();
  });
}
