"""Audiences: a rule tree as JSON becomes a queryset of profiles, and a sentence.

    {"all": [...]} · {"any": [...]} · {"not": …} · {"field": "country", "operator": "in", "value": ["FR"]}

`{}` and `{"all": []}` are everybody, `{"any": []}` is nobody. Whatever else stands in the tree is a mistake, never ignored:
that would send to more people than was meant. Fields live in a registry that the apps above extend in AppConfig.ready().
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
DEPTH = 20  # levels of a tree: more than anybody reads, fewer than a database refuses
VALUES = 1000  # entries of a list
# Conditions that stay: an empty Q would vanish from "any" and from "not".
ANYONE, NO_ONE = Q(pk__isnull=False), Q(pk__in=[])


class InvalidAudience(ValueError):
    """The tree names a field, an operator or a value that does not exist; the message says which."""


@dataclass(frozen=True)
class Operator:
    """`accepts` says whether a value of the tree is one that `condition` and `words` can take."""

    accepts: Callable[[Any], bool]
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


def condition(tree: Tree, *, depth: int = 0) -> Q:
    match tree:
        case _ if depth > DEPTH:
            raise InvalidAudience(_("The audience has more than %(number)s levels.") % {"number": DEPTH})
        case {"all": list(parts), **rest} if not rest:
            return Q(*(condition(part, depth=depth + 1) for part in parts)) if parts else ANYONE
        case {"any": list(parts), **rest} if not rest:
            return Q(*(condition(part, depth=depth + 1) for part in parts), _connector=Q.OR) if parts else NO_ONE
        case {"not": part, **rest} if not rest:
            return ~condition(part, depth=depth + 1)
        case {"field": str(field), "operator": str(operator), "value": value, **rest} if not rest:
            return _operator(field, operator, value).condition(value)
        case dict() if not tree:
            return ANYONE
    raise InvalidAudience(_("This part of the audience is not understood: %(part)s") % {"part": str(tree)[:200]})


def in_words(tree: Tree) -> str:
    """The audience as a sentence for people; InvalidAudience where the tree is not understood."""
    condition(tree)
    return _words(tree)


def _words(tree: Tree) -> str:
    match tree:
        case {"all": [_first, *_others] as parts}:
            return get_text_list([_part(part, within="all") for part in parts], _("and"))
        case {"any": [_first, *_others] as parts}:
            return get_text_list([_part(part, within="any") for part in parts], _("or"))
        case {"any": []}:
            return _("nobody")
        case {"not": part}:
            return _("not (%(rule)s)") % {"rule": _words(part)}
        case {"field": field, "operator": operator, "value": value}:
            return _operator(field, operator, value).words(value)
    return _("everybody")


def _part(tree: Tree, *, within: str) -> str:
    """A group inside a group of the other kind is put in brackets: "and" does not bind closer than "or" in a sentence."""
    other = {"all": "any", "any": "all"}[within]
    return f"({_words(tree)})" if len(tree.get(other, [])) > 1 else _words(tree)


def _operator(name: str, operator_name: str, value: Any) -> Operator:
    field = FIELDS.get(name)
    operator = field.operators.get(operator_name) if field else None
    if operator is None:
        raise InvalidAudience(_("Audiences know no rule “%(rule)s”.") % {"rule": f"{name} {operator_name}"[:200]})
    if not operator.accepts(value):
        rule = {"rule": f"{name} {operator_name}", "value": str(value)[:200]}
        raise InvalidAudience(_("The audience's rule “%(rule)s” has a value that it cannot take: %(value)s") % rule)
    return operator


def _is_list_of_codes(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= VALUES and all(isinstance(code, str) and code.isalnum() for code in value)


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


def _one_of(column: str, label: Any, name: Callable[[str], str]) -> Operator:
    return Operator(
        accepts=_is_list_of_codes,
        condition=lambda value: Q(**{f"{column}__in": value}),
        words=lambda value: (
            _("%(field)s: %(values)s")
            % {"field": label, "values": get_text_list([name(code) for code in value], _("or")) if value else _("none")}
        ),
    )


def _subscribed(value: int) -> Q:
    return Q(Exists(Subscription.objects.current().filter(profile=OuterRef("pk"), service=value)))


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
register(
    Field(
        "service",
        gettext_lazy("Service"),
        {"subscribed": Operator(accepts=_is_id, condition=_subscribed, words=_subscribed_words)},
    )
)
