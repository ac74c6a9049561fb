"""New deliveries from what is there: from a template, as a copy of a delivery, a template from either.

A copy takes every property over but what is a delivery's own: its name, its schedule, its life. Preparations, logs and
results stay where they are.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import lifecycle, skeleton
from deliveries.models import Delivery

By = AbstractUser | str
OWN = {
    "id",
    "label",
    "is_template",
    "contact_at",
    "time_zone",
    "confirmation_requested",
    "scheduled_by",
    "prepares_at",
    "paced_until",
    "status",
    "preparation",
    "created_at",
    "created_by",
    "modified_at",
    "confirmed_at",
    "confirmed_by",
    "finished_at",
    "revision",
}
MAIL = "mail"  # the ID of the built-in template


@dataclass(frozen=True)
class Offer:
    """What a new delivery can start from. `delivery` is the row of an own template; without one it is built in."""

    name: str
    label: Any
    code: str
    delivery: Delivery | None = None

    def blank(self) -> Delivery:
        """A delivery as it starts, not stored."""
        return Delivery(**(taken(self.delivery) if self.delivery else skeleton.content()))


BUILT_IN = (Offer(MAIL, gettext_lazy("Send via email"), MAIL),)


def templates() -> QuerySet[Delivery]:
    """The operators' own templates, by name."""
    return Delivery.objects.filter(is_template=True).order_by("label", "pk")


def offers() -> list[Offer]:
    return [*BUILT_IN, *map(_own, templates())]


def offered(name: str) -> Offer | None:
    """The template of this name, or number; the built-in one for no name, None where there is none."""
    if built_in := next((offer for offer in BUILT_IN if name in (offer.name, "")), None):
        return built_in
    own = templates().filter(pk=int(name[:9])).first() if name.isascii() and name.isdecimal() else None
    return _own(own) if own else None


def taken(source: Delivery) -> dict[str, Any]:
    """The columns that a copy takes over."""
    return {field.name: getattr(source, field.name) for field in source._meta.concrete_fields if field.name not in OWN}


def copy(source: Delivery, *, label: str, by: By, is_template: bool = False) -> Delivery:
    """A new delivery to edit, or a template, with the content, audience, rules and pace of this one."""
    return lifecycle.create(taken(source) | {"label": label[:128], "is_template": is_template}, by=by)


def duplicate(source: Delivery, *, by: By) -> Delivery:
    """A copy of a delivery; of a template, another template."""
    label = _("Copy of %(label)s") % {"label": source.label}
    return copy(source, label=label, by=by, is_template=source.is_template)


def duplicate_built_in(offer: Offer, *, by: By) -> Delivery:
    """An own template with what a built-in one says, to be changed."""
    return copy(offer.blank(), label=_("Copy of %(label)s") % {"label": offer.label}, by=by, is_template=True)


def delete_template(template: Delivery) -> None:
    """Deliveries that started from it stay as they are."""
    templates().filter(pk=template.pk).delete()


def _own(template: Delivery) -> Offer:
    return Offer(str(template.pk), template.label, template.code, template)
