// The colours of a brand: a picker beside each field, and the samples and ratios follow what is typed. The server measures.
const samples = document.querySelector("[data-samples]");
const form = samples.closest("form");
const said = document.querySelector("[data-brand-said]");
let timer, asked;

const hex = (text) => {
  const digits = text.trim().replace(/^#/, "");
  const six = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  return /^[0-9a-f]{6}$/i.test(six) ? `#${six.toLowerCase()}` : "";
};

async function measure() {
  asked?.abort();
  asked = new AbortController();
  const typed = new FormData(form);
  typed.delete("image");
  try {
    const answer = await fetch(samples.dataset.samples, { method: "POST", body: typed, signal: asked.signal });
    if (!answer.ok) return;
    samples.innerHTML = await answer.text();
    said.textContent = [...samples.querySelectorAll("li:not([data-level=done])")].map((one) => one.textContent.trim()).join(" ");
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

for (const field of form.querySelectorAll("[data-colour]")) {
  const label = form.querySelector(`label[for="${field.id}"]`).textContent;
  const scheme = field.closest("fieldset").querySelector("legend").textContent;
  const picker = Object.assign(document.createElement("input"), { type: "color", value: hex(field.value) || "#000000" });
  picker.setAttribute("aria-label", `${scheme} – ${label}`);
  const row = Object.assign(document.createElement("div"), { className: "picked" });
  field.replaceWith(row);
  row.append(picker, field);
  const follow = () => { clearTimeout(timer); timer = setTimeout(measure, 300); };
  picker.addEventListener("input", () => { field.value = picker.value; follow(); });
  field.addEventListener("input", () => { picker.value = hex(field.value) || picker.value; follow(); });
}
for (const button of document.querySelectorAll("[data-without-script]")) button.hidden = true;
