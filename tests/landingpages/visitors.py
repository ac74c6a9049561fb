"""What visitors have in hand: links of any age, forms as a browser would send them, and the whole database to compare."""

from datetime import timedelta

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
