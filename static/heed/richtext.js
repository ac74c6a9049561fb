// A small editor over every textarea that holds HTML. Without this script the textarea is the editor; what is sent is
// always the textarea, and the server cleans it.
const ALLOWED = new Set(["P", "BR", "STRONG", "EM", "B", "I", "UL", "OL", "LI", "A", "H2", "H3", "BLOCKQUOTE"]);
let words; // on the buttons, in the language of the page: the textarea brings them
const ACTS = {
  bold: () => document.execCommand("bold"),
  italic: () => document.execCommand("italic"),
  heading: () => document.execCommand("formatBlock", false, inHeading() ? "p" : "h2"),
  list: () => document.execCommand("insertUnorderedList"),
  link: () => {
    const url = window.prompt(words.ask, "https://");
    if (url && /^(https?:\/\/|mailto:|tel:|page:\d)/.test(url.trim())) document.execCommand("createLink", false, url.trim());
  },
  unlink: () => document.execCommand("unlink"),
};

const inHeading = () => Boolean(window.getSelection().anchorNode?.parentElement?.closest("h2"));

// Nothing of what is pasted or stored comes to life here: it is read by a document without scripts, and copied.
function copy(from, into) {
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) into.append(node.data);
    else if (node.nodeType === Node.ELEMENT_NODE && !["SCRIPT", "STYLE", "TEMPLATE"].includes(node.tagName)) {
      const kept = ALLOWED.has(node.tagName) ? into.appendChild(document.createElement(node.tagName)) : into;
      if (kept !== into && node.tagName === "A" && /^(https?:|mailto:|tel:|page:)/.test(node.getAttribute("href") ?? "")) {
        kept.setAttribute("href", node.getAttribute("href"));
        if (node.target === "_blank") kept.setAttribute("target", "_blank");
      }
      copy(node, kept);
    }
  }
}

function read(html) {
  const box = document.createElement("div");
  copy(new DOMParser().parseFromString(html, "text/html").body, box);
  return box;
}

function enhance(area) {
  words = JSON.parse(area.dataset.richText);
  area.dataset.enhanced = "";
  const surface = Object.assign(document.createElement("div"), { contentEditable: "true", className: "rich-surface", lang: area.lang });
  surface.setAttribute("role", "textbox");
  surface.setAttribute("aria-multiline", "true");
  surface.setAttribute("aria-label", area.labels[0]?.textContent.trim() ?? "");
  const bar = Object.assign(document.createElement("div"), { className: "rich-bar" });
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", area.labels[0]?.textContent.trim() ?? "");
  for (const [name, act] of Object.entries(ACTS)) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: words[name] });
    button.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the selection
    button.addEventListener("click", () => { surface.focus(); act(); store(); });
    bar.append(button);
  }
  const source = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: words.source });
  source.setAttribute("aria-pressed", "false");
  bar.append(source);
  const store = () => {
    const html = read(surface.innerHTML).innerHTML;
    if (html === area.value) return;
    area.value = html;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const show = () => { surface.replaceChildren(...read(area.value).childNodes); };
  source.addEventListener("click", () => {
    const isSource = source.getAttribute("aria-pressed") === "false";
    source.setAttribute("aria-pressed", String(isSource));
    area.hidden = !isSource;
    surface.hidden = isSource;
    if (!isSource) show();
    (isSource ? area : surface).focus();
  });
  surface.addEventListener("input", store);
  surface.addEventListener("paste", (event) => {
    event.preventDefault();
    document.execCommand("insertHTML", false, read(event.clipboardData.getData("text/html") || escape(event.clipboardData.getData("text/plain"))).innerHTML);
  });
  document.execCommand("defaultParagraphSeparator", false, "p");
  show();
  area.hidden = true;
  area.before(bar, surface);
}

const escape = (text) => Object.assign(document.createElement("div"), { textContent: text }).innerHTML;
const all = () => document.querySelectorAll("textarea[data-rich-text]:not([data-enhanced])").forEach(enhance);
all();
document.addEventListener("htmx:afterSettle", all);
