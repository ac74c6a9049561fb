// Colours for HTML with merge fields. The textarea stays what is typed into and what is sent: under it lies a copy in
// colours, and its own letters become transparent. Without this script it is a textarea like any other.
const LONGEST = 200_000; // characters; longer texts stay without colours, so that typing stays quick
const PIECES = /(<!--[\s\S]*?-->)|(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})|(<\/?[a-zA-Z](?:"[^"]*"|'[^']*'|[^'">])*>)|(&(?:#\d+|#x[\da-f]+|\w+);)/gi;
const IN_TAG = /(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\})|("[^"]*"|'[^']*')|(<\/?[a-zA-Z][\w:-]*|\/?>)|([\w:-]+)/g;

function piece(kind, text) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

function* cut(text, pattern, kinds) {
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) yield ["", text.slice(at, match.index)];
    yield [kinds[match.slice(1).findIndex((group) => group !== undefined)], match[0]];
    at = match.index + match[0].length;
  }
  if (at < text.length) yield ["", text.slice(at)];
}

function coloured(text) {
  const shown = document.createDocumentFragment();
  for (const [kind, part] of cut(text, PIECES, ["comment", "merged", "inside", "entity"])) {
    if (kind !== "inside") shown.append(kind ? piece(kind, part) : part);
    else for (const [own, word] of cut(part, IN_TAG, ["merged", "string", "tag", "attribute"])) shown.append(own ? piece(own, word) : word);
  }
  shown.append("\n"); // an empty last line has its height too
  return shown;
}

function enhance(area) {
  area.dataset.coloured = "";
  const box = Object.assign(document.createElement("div"), { className: "source" });
  const copy = document.createElement("pre");
  copy.setAttribute("aria-hidden", "true");
  area.replaceWith(box);
  box.append(copy, area);
  const show = () => {
    const isLong = area.value.length > LONGEST;
    box.classList.toggle("source", !isLong);
    copy.hidden = isLong;
    copy.replaceChildren(isLong ? "" : coloured(area.value));
    follow();
  };
  const follow = () => { copy.scrollTop = area.scrollTop; };
  area.addEventListener("input", show);
  area.addEventListener("scroll", follow);
  show();
}

const all = () => document.querySelectorAll("textarea[data-source]:not([data-coloured])").forEach(enhance);
all();
document.addEventListener("htmx:afterSettle", all);
