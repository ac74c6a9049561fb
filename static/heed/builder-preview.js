// The preview follows what is typed: the form is posted to an address that stores nothing, and what comes back is shown in
// a new frame without scripts and without an origin, which takes the place of the old one once it is there.
let timer;
let asked;

export function preview(frame) {
  clearTimeout(timer);
  timer = setTimeout(() => show(frame), 300);
}

async function show(frame) {
  const screen = frame.querySelector("[data-preview]");
  const form = frame.querySelector("[data-builder]");
  if (!screen || !form) return;
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(screen.dataset.preview, { method: "POST", body: new FormData(form), signal: asked.signal });
    if (answer.ok && screen.isConnected) replace(screen, await answer.text());
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

function replace(screen, text) {
  for (const late of screen.querySelectorAll("iframe ~ iframe")) late.remove();
  const old = screen.querySelector("iframe");
  const next = old.cloneNode();
  next.removeAttribute("src");
  next.classList.add("coming");
  next.srcdoc = text;
  next.addEventListener("load", () => {
    next.classList.remove("coming");
    old.remove();
  });
  screen.append(next);
}
