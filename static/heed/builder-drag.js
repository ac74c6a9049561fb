// Blocks are dragged by their handle, new ones from the palette to their place. Where they land is a button of the form
// like any other; Escape lets go and leaves everything as it was.
export function enableDragging(frame, submit) {
  const Sortable = window.Sortable;
  const list = frame.querySelector("[data-blocks]");
  const palette = frame.querySelector("[data-palette]");
  if (!Sortable || !list || !palette) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const shared = { animation: calm ? 0 : 120, forceFallback: true, fallbackOnBody: true, fallbackTolerance: 3, delay: 120, delayOnTouchOnly: true };
  let dropped = true;
  let before = [];

  const escape = (event) => {
    if (event.key !== "Escape") return;
    dropped = false;
    document.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
  };
  const begin = () => {
    dropped = true;
    before = [...list.children];
    list.dataset.receiving = "";
    document.addEventListener("keydown", escape, true);
  };
  const end = () => {
    delete list.dataset.receiving;
    document.removeEventListener("keydown", escape, true);
  };

  Sortable.create(list, {
    ...shared,
    draggable: "[data-key]",
    handle: "[data-handle]",
    ghostClass: "dragged",
    group: { name: "blocks", pull: false, put: ["palette"] },
    onStart: begin,
    onEnd: ({ item }) => {
      end();
      const place = [...list.children].indexOf(item);
      if (!dropped) list.replaceChildren(...before);
      else if (before[place] !== item) submit(`move:${item.dataset.key}:${place + 1}`);
    },
    onAdd: ({ item }) => {
      const place = [...list.children].indexOf(item);
      item.remove();
      if (dropped) submit(`add:${item.dataset.add}:${place + 1}`);
    },
  });
  Sortable.create(palette, {
    ...shared,
    draggable: "[data-add]",
    filter: "[aria-disabled]",
    ghostClass: "dragged",
    sort: false,
    group: { name: "palette", pull: "clone", put: false },
    onStart: begin,
    onEnd: end,
  });
}
