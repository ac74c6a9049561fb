// Landing page builder. Every act is a button of one form and works without this script; htmx sends it and replaces
// the frame. Here: where the focus goes, what is said aloud, dragging, shortcuts, and a suggested address.
const live = document.querySelector("[data-builder-live]");
const waiting = []; // moves asked by keyboard while one is under way
let busy = false;

const frame = () => document.getElementById("builder");
const enhance = () => {
  for (const hint of document.querySelectorAll("[data-shortcuts]")) hint.hidden = false;
};

function land() {
  const invalid = frame().querySelector("[aria-invalid=true]");
  const target = invalid ?? document.getElementById(frame().dataset.focus);
  target?.focus({ preventScroll: true });
  document.activeElement.scrollIntoView({ block: "nearest" });
  live.textContent = [...frame().querySelectorAll("[data-said]")].map((one) => one.textContent.trim()).join(" ");
}

if (live) {
  enhance();
  document.addEventListener("htmx:beforeRequest", () => { busy = true; });
  document.addEventListener("htmx:afterRequest", (event) => { busy = busy && event.detail.successful; });
  // What was refused is shown like anything else, with what was typed.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([409, 422].includes(event.detail.xhr.status)) event.detail.shouldSwap = true;
  });
  document.addEventListener("htmx:afterSettle", () => {
    busy = false;
    enhance();
    land();
    const next = waiting.shift();
    if (next) press(next);
  });
  document.addEventListener("keydown", shortcut);
  document.addEventListener("pointerdown", drag);
}

function press(direction) {
  const focused = document.activeElement.closest("[data-key]");
  const block = focused ?? frame().querySelector("[data-key][data-selected]");
  block?.querySelector(`[data-move=${direction}]`)?.click();
}

function shortcut(event) {
  const direction = event.altKey && { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const inside = event.target.closest("[data-blocks], .settings");
  if (direction && inside) {
    event.preventDefault();
    if (busy) waiting.push(direction);
    else press(direction);
  } else if (event.key === "Escape" && event.target.closest(".settings")) {
    frame().querySelector("[data-selected] .look")?.focus();
  }
}

function drag(event) {
  const block = event.target.closest("[data-handle]")?.closest("[data-key]");
  if (!block || busy || event.button) return;
  const list = block.parentElement;
  const before = [...list.children];
  const over = (move) => {
    const y = move.clientY;
    const next = [...list.children].find((one) => one !== block && y < one.getBoundingClientRect().top + one.offsetHeight / 2);
    if (next !== block.nextElementSibling) list.insertBefore(block, next ?? null);
  };
  const stop = new AbortController();
  const end = (kept) => {
    stop.abort();
    delete block.dataset.dragged;
    const place = [...list.children].indexOf(block);
    if (!kept) list.append(...before);
    else if (before[place] !== block) submit(list.closest("form"), `move:${block.dataset.key}:${place + 1}`);
  };
  event.preventDefault();
  block.dataset.dragged = "";
  document.addEventListener("pointermove", over, stop);
  document.addEventListener("pointerup", () => end(true), stop);
  document.addEventListener("pointercancel", () => end(false), stop);
  document.addEventListener("keydown", (key) => { if (key.key === "Escape") end(false); }, stop);
}

function submit(form, act) {
  const button = Object.assign(document.createElement("button"), { name: "do", value: act, hidden: true });
  form.append(button);
  button.click();
}

// The address of a new page follows its label until somebody writes it.
for (const label of document.querySelectorAll("[data-slug-source]")) {
  const slug = document.getElementById(label.dataset.slugSource);
  let written = slug.value !== "";
  slug.addEventListener("input", () => { written = slug.value !== ""; });
  label.addEventListener("input", () => {
    const plain = label.value.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
    if (!written) slug.value = plain.replace(/[^a-z0-9]+/g, "-").slice(0, 64).replace(/^-|-$/g, "");
  });
}
