"""What visitors have in hand: links of any age, forms as a browser would send them, and the whole database to compare."""

from datetime import timedelta
from html.parser import HTMLParser

from django.apps import apps
from django.core import signing
from django.utils import timezone

from landingpages import editing, forms, limits
from profiles.links import Purpose, make_token


def token(page, profile, *, age=timedelta(), purpose=Purpose.PAGE, delivery=0):
    return make_token(purpose, profile.public_id, page=page.pk, delivery=delivery, issued_at=timezone.now() - age)


def link(page, profile, **values):
    return f"/lp/{page.version.content['slug']}/{token(page, profile, **values)}/"


def address(page):
    return f"/lp/{page.version.content['slug']}/"


def typed(page, **values):
    """A form's data by bound fields: texts, and boxes as they are ticked on the screen."""
    names = {block["field"]: forms.field_name(block) for block in page.version.content["blocks"] if block["field"]}
    texts = {names[field]: value for field, value in values.items() if value is not False}
    return texts | {"version": str(page.version.number)}


def stamped(page, *, seconds=10):
    """The hidden input of a form that was opened some seconds ago."""
    opened = timezone.now().timestamp() - seconds
    return {limits.STAMP: signing.dumps([page.version.pk, opened], salt=limits.SALT)}


def stranger(page, *, seconds=10, **values):
    return stamped(page, seconds=seconds) | typed(page, **values)


def say(page, part, **labels):
    """Have the one text of the confirmation page, or of the error page, say this: en="Done.", fr="…"."""
    texts = {code: {"label": label} for code, label in labels.items()}
    return editing.change(page, page.every_block.get(part=part).key, {"texts": texts}, by="Ana")


def everything():
    """Every row of every table."""
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in apps.get_models()}


class _Controls(HTMLParser):
    """What a browser would send of the forms of a page."""

    def __init__(self):
        super().__init__()
        self.data, self.select, self.area = {}, "", ""

    def handle_starttag(self, tag, attrs):
        own = dict(attrs)
        if tag == "input" and own.get("name") and (own.get("type") not in ("checkbox", "radio") or "checked" in own):
            self.add(own["name"], own.get("value", "on" if "checked" in own else ""))
        elif tag == "select":
            self.select = own["name"]
        elif tag == "option" and self.select and "selected" in own:
            self.add(self.select, own.get("value", ""))
        elif tag == "textarea":
            self.area = own["name"]
            self.add(self.area, "")

    def handle_endtag(self, tag):
        if tag in ("select", "textarea"):
            self.select = self.area = ""

    def handle_data(self, data):
        if self.area:
            self.data[self.area] = [data.removeprefix("\n")]

    def add(self, name, value):
        self.data.setdefault(name, []).append(value)


def sent(html):
    """The data of every form of the page, as it was shown."""
    controls = _Controls()
    controls.feed(html)
    return {name: values if len(values) > 1 else values[0] for name, values in controls.data.items()}
