// Landing page builder. Every act is a button of one form and works without this script; htmx sends it and replaces
// the frame. Here: where the focus goes, what is said aloud, shortcuts, and what is not saved yet. Dragging and the live
// preview have modules of their own.
import { enableDragging } from "./builder-drag.js";
import { preview } from "./builder-preview.js";

const live = document.querySelector("[data-builder-live]");
const waiting = []; // moves asked by keyboard while one is under way
let busy = false;

const frame = () => document.getElementById("builder");

function enhance() {
  for (const hint of document.querySelectorAll("[data-shortcuts]")) hint.hidden = false;
  for (const list of document.querySelectorAll("[data-blocks]")) list.dataset.draggable = "";
  enableDragging(frame(), submit);
}

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
  document.addEventListener("input", (event) => { if (event.target.closest(".settings")) typed(); });
  document.addEventListener("click", (event) => { if (event.target.closest("[aria-disabled=true]")) event.preventDefault(); });
}

// What is typed shows in the preview at once; it is stored with the next button.
function typed() {
  const state = frame().querySelector("[data-save-state]");
  if (state && !state.querySelector("[data-not-saved]")) {
    const words = Object.assign(document.createElement("span"), { className: "unpublished", textContent: state.dataset.unsaved });
    words.dataset.notSaved = "";
    state.replaceChildren(words);
  }
  preview(frame());
}

function press(direction) {
  const focused = document.activeElement.closest("[data-key]");
  const block = focused ?? frame().querySelector("[data-key][data-selected]");
  block?.querySelector(`[data-move=${direction}]`)?.click();
}

function shortcut(event) {
  const direction = event.altKey && { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const inside = event.target.closest("[data-blocks], .settings");
  const isText = event.target.matches("input, textarea, select");
  const act = (event.ctrlKey || event.metaKey) && !event.altKey && { z: event.shiftKey ? "redo" : "undo", y: "redo" }[event.key.toLowerCase()];
  if (direction && inside) {
    event.preventDefault();
    if (busy) waiting.push(direction);
    else press(direction);
  } else if (act && !isText) {
    event.preventDefault();
    if (!busy) frame().querySelector(`#${act}`)?.click();
  } else if (event.key === "Escape" && event.target.closest(".settings")) {
    frame().querySelector("[data-selected] .look")?.focus();
  }
}

function submit(act) {
  const form = frame().querySelector("[data-builder]");
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
