"""What is wrong with a page's HTML: a small part of what a validator knows, the part that templates break."""

from collections import Counter
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
BLOCKS = {"address", "aside", "blockquote", "details", "dialog", "div", "dl", "fieldset", "figure", "footer", "form", "h1", "h2",
          "h3", "h4", "header", "hr", "main", "nav", "ol", "p", "pre", "search", "section", "table", "ul"}  # fmt: skip
INTERACTIVE = {"a", "button", "details", "iframe", "input", "label", "select", "summary", "textarea"}
# Element -> what it may not be in, at any depth (HTML standard, content models).
FORBIDDEN_INSIDE = {
    **{tag: {"p", "button", "label", "h1", "h2", "h3", "h4", "span", "summary"} for tag in BLOCKS},
    **{tag: {"a", "button"} for tag in INTERACTIVE},
    "form": {"form", "p", "button", "label", "span"},
    "label": {"a", "button", "label"},
}
CHILDREN = {"ul": {"li", "script", "template"}, "ol": {"li", "script", "template"}, "dl": {"dt", "dd", "div"}, "tr": {"td", "th"},
            "thead": {"tr"}, "tbody": {"tr"}, "select": {"option", "optgroup", "hr"}}  # fmt: skip
PARENTS = {"li": {"ul", "ol", "menu"}, "dt": {"dl", "div"}, "dd": {"dl", "div"}, "option": {"select", "optgroup", "datalist"},
           "legend": {"fieldset"}, "title": {"head", "svg"}}  # fmt: skip
NAMES = ("for", "form", "list", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns")
# Alpine's attributes, which make the frame of the back office (and its style in the body), are let through.
ATTRIBUTES = """
accept accept-charset action alt aria-* async autocapitalize autocomplete autofocus charset checked class cols colspan content
crossorigin d data-* datetime defer dir disabled enctype for form formaction formnovalidate headers height hidden href hreflang
http-equiv id inert inputmode is label lang list loading max maxlength media method min minlength multiple name novalidate open
pattern placeholder readonly rel required role rows rowspan sandbox scope selected size sizes spellcheck src srcset start step
style tabindex target title translate type value width wrap x-* :* @*
"""
KNOWN = frozenset(ATTRIBUTES.split())
SVG = {"svg", "path", "g", "circle", "rect", "line", "polyline", "polygon", "text"}


class Reader(HTMLParser):
    """Walks through a page and keeps its faults."""

    def __init__(self):
        super().__init__()
        self.open, self.faults, self.ids, self.named, self.seen = [], [], Counter(), [], Counter()

    def handle_starttag(self, tag, attributes):
        self._place(tag)
        self._attributes(tag, attributes)
        self.seen[tag] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self._fault(f"</{tag}> closes nothing, or not the innermost")

    def _place(self, tag):
        parent = self.open[-1] if self.open else ""
        for outer in FORBIDDEN_INSIDE.get(tag, set()) & set(self.open):
            self._fault(f"<{tag}> inside <{outer}>")
        if parent in CHILDREN and tag not in CHILDREN[parent]:
            self._fault(f"<{tag}> is no child of <{parent}>")
        if tag in PARENTS and parent not in PARENTS[tag]:
            self._fault(f"<{tag}> in <{parent}>")

    def _attributes(self, tag, attributes):
        names = [name for name, _value in attributes]
        given = dict(attributes)
        for name in names:
            general = {f"{name.split('-')[0]}-*", f"{name[:1]}*"} & KNOWN
            if name not in KNOWN and not general and tag not in SVG:
                self._fault(f"<{tag} {name}> is no attribute of HTML")
        self.faults += [f"<{tag}> has {name} twice" for name, times in Counter(names).items() if times > 1]
        if "id" in given:
            self.ids[given["id"]] += 1
        self.named += [(name, one) for name in NAMES for one in (given.get(name) or "").split() if name in given]
        if tag == "img" and "alt" not in given:
            self._fault("<img> without alt")
        if given.get("type") == "hidden" and any(name.startswith("aria-") for name in names):
            self._fault("a hidden input with an aria attribute")
        if tag == "html" and not given.get("lang"):
            self._fault("the page names no language")
        if any(name in given and not (given[name] or "").strip() for name in ("id", "for", "href", "action", "lang")):
            self._fault(f"<{tag}> has an empty id, for, href, action or lang")

    def _fault(self, text):
        line, _column = self.getpos()
        self.faults.append(f"line {line}: {text}")


def faults(html):
    """The faults of a page, in words; an empty list for one that has none."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    found = reader.faults + [f"<{tag}> is never closed" for tag in reader.open]
    found += [f'id="{name}" {times} times' for name, times in reader.ids.items() if times > 1]
    found += [f'{name}="{one}" names nothing' for name, one in reader.named if one not in reader.ids]
    if not html.lstrip().lower().startswith("<!doctype html>"):
        found.append("no doctype")
    found += [f"{reader.seen[tag]} × <{tag}>" for tag in ("title", "main", "h1") if reader.seen[tag] != 1]
    return found
