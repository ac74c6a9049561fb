"""The audience of a delivery in its form: a tree of its own, the service that it is for, and what saved audiences give it."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries.models import Delivery
from deliveries.statuses import DeliveryStatus
from profiles import saved_audiences
from profiles.audience_builder import Builder
from profiles.audiences import EVERYBODY, Tree
from profiles.models import SavedAudience, Service
from profiles.saved_audiences import Use


def subscribers(service: int) -> Tree:
    return {"field": "service", "operator": "subscribed", "value": service}


def without_service(tree: Tree, service: int | None) -> Tree:
    """The tree without the condition that the form's own field for the service stands for."""
    match tree:
        case {"all": list(parts)} if service and subscribers(service) in parts:
            place = parts.index(subscribers(service))
            return {"all": parts[:place] + parts[place + 1 :]}
    return tree


def with_service(tree: Tree, service: int | None) -> Tree:
    """The tree, for subscribers of the service only."""
    match tree:
        case _ if service is None:
            return tree
        case {"all": list(parts)}:
            return {"all": [*parts, subscribers(service)]}
    return {"all": [tree, subscribers(service)]}


def sent_tree(data: QueryDict) -> tuple[Tree | None, str]:
    """The audience that a form has sent as it stands, with its service; or why it cannot be read."""
    builder = Builder.read(data) or Builder.of(EVERYBODY)
    tree = builder.tree()
    if tree is None:
        return None, builder.error
    chosen = Service.objects.filter(pk=data["subscribers"]).first() if data.get("subscribers", "").isdecimal() else None
    return with_service(tree, chosen.pk if chosen else None), ""


def act(builder: Builder, data: QueryDict, by: AbstractUser) -> None:
    """Do what a button of the audience step says; `builder.said` tells what came of it."""
    button = data.get("do", "")
    acts = {"use": _use, "save_as": _save_as}
    if button in acts:
        acts[button](builder, data, by)
    else:
        builder.act(button, data)


def _use(builder: Builder, data: QueryDict, by: AbstractUser) -> None:
    """A copy of a query, or the condition that names a list, beside what is there."""
    number = data.get("saved", "")
    audience = SavedAudience.objects.usable().filter(pk=number).first() if _is_number(number) else None
    builder.focus = "use-saved"
    if audience is None:
        builder.said = _("Choose an audience first.")
        return
    builder.add(saved_audiences.as_tree(audience))
    builder.said = builder.said or _("“%(label)s” is added.") % {"label": audience.label}


def _save_as(builder: Builder, data: QueryDict, by: AbstractUser) -> None:
    label, tree = data.get("saved_label", "").strip(), builder.tree()
    builder.focus = "save-as"
    if tree is None:
        builder.is_strict, builder.said = True, _("Nothing was saved: the audience is not complete.")
    elif not 0 < len(label) <= 128:
        builder.said = _("Write a label for the audience, of at most 128 characters.")
    else:
        saved_audiences.create(tree, label=label, by=by)
        builder.said = _("The audience is saved as “%(label)s”.") % {"label": label}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def uses(lists: set[int]) -> Iterator[tuple[int, Use]]:
    """The deliveries that name one of the lists; one that is finished or stopped does not need it any more."""
    for delivery in saved_audiences.naming_a_list(Delivery.objects.all(), "audience").only("label", "audience", "status"):
        for pk in saved_audiences.lists_in(delivery.audience) & lists:
            is_over = delivery.status in (DeliveryStatus.FINISHED, DeliveryStatus.STOPPED)
            yield pk, Use(delivery.label, reverse("deliveries:show", args=[delivery.pk]), is_over)


def saved_choices() -> list[tuple[int, Any]]:
    return list(SavedAudience.objects.usable().values_list("pk", "label")[:500])
