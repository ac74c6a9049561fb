"""Audiences: a rule tree as JSON becomes a queryset of profiles, and a sentence.

    {"all": [...]} · {"any": [...]} · {"not": …} · {"field": "country", "operator": "in", "value": ["FR"]}

`{}` and `{"all": []}` are everybody. Fields live in a registry that the apps above extend in AppConfig.ready().
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import Profile, Service, Subscription
from profiles.regions import country_name, language_name

Tree = dict[str, Any]
EVERYBODY: Tree = {"all": []}


class InvalidAudience(ValueError):
    """The tree names a field, an operator or a value that does not exist; the message says which."""


@dataclass(frozen=True)
class Operator:
    condition: Callable[[Any], Q]
    words: Callable[[Any], str]


@dataclass(frozen=True)
class Field:
    """Something that an audience may ask for; `operators` by their name in the tree."""

    name: str
    label: Any
    operators: dict[str, Operator]


FIELDS: dict[str, Field] = {}


def register(field: Field) -> None:
    FIELDS[field.name] = field


def profiles(tree: Tree) -> QuerySet[Profile]:
    """The profiles of the audience, each once, without an order; InvalidAudience where the tree is not understood."""
    return Profile.objects.filter(condition(tree)).order_by()


def condition(tree: Tree) -> Q:
    match tree:
        case {"all": list(parts)}:
            return Q(*(condition(part) for part in parts))
        case {"any": list(parts)}:
            return Q(*(condition(part) for part in parts), _connector=Q.OR) if parts else Q(pk__in=[])
        case {"not": dict(part)}:
            return ~condition(part)
        case {"field": _field, "operator": _operator, "value": value}:
            return _operator_of(tree).condition(value)
        case dict() if not tree:
            return Q()
    raise InvalidAudience(_("This part of the audience is not understood: %(part)s") % {"part": tree})


def in_words(tree: Tree) -> str:
    """The audience as a sentence for people."""
    match tree:
        case {"all": list(parts)} if parts:
            return get_text_list([in_words(part) for part in parts], _("and"))
        case {"any": list(parts)} if parts:
            return get_text_list([in_words(part) for part in parts], _("or"))
        case {"not": dict(part)}:
            return _("not (%(rule)s)") % {"rule": in_words(part)}
        case {"field": _field, "operator": _operator, "value": value}:
            return _operator_of(tree).words(value)
    return _("everybody")


def _operator_of(leaf: Tree) -> Operator:
    field = FIELDS.get(leaf["field"])
    operator = field.operators.get(leaf["operator"]) if field else None
    if operator is None:
        raise InvalidAudience(_("Audiences know no rule “%(rule)s”.") % {"rule": f"{leaf['field']} {leaf['operator']}"})
    return operator


def _one_of(column: str, label: Any, name: Callable[[str], str]) -> Operator:
    return Operator(
        condition=lambda value: Q(**{f"{column}__in": list(value)}),
        words=lambda value: f"{label}: {get_text_list([name(code) for code in value], _('or'))}",
    )


def _subscribed(value: int) -> Q:
    return Q(Exists(Subscription.objects.filter(profile=OuterRef("pk"), service=value)))


def _subscribed_words(value: int) -> str:
    label = Service.objects.filter(pk=value).values_list("label", flat=True).first()
    return _("subscribed to “%(service)s”") % {"service": label or _("a deleted service")}


register(Field("country", gettext_lazy("Country"), {"in": _one_of("country", gettext_lazy("Country"), country_name)}))
register(
    Field(
        "preferred_language",
        gettext_lazy("Preferred language"),
        {"in": _one_of("preferred_language", gettext_lazy("Preferred language"), language_name)},
    )
)
register(Field("service", gettext_lazy("Service"), {"subscribed": Operator(condition=_subscribed, words=_subscribed_words)}))
