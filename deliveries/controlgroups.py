"""The control group of a delivery: people of the target who get nothing, to compare with.

As JSON: {} nobody · {"kind": "random", "percent": 10} or {"kind": "random", "number": 500} ·
{"kind": "first", "number": 500, "by": "created_at"}, or "-created_at" for the other end. A preparation adds "seed", so that
the same people are drawn when it is taken up again.
"""

import secrets
from typing import Any

from django.db.models import CharField, F, Value
from django.db.models.expressions import OrderBy
from django.db.models.functions import MD5, Cast, Concat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

Group = dict[str, Any]

RANDOM, FIRST = "random", "first"
# Column of the profile -> what sorting by it means.
SORTED_BY = {
    "created_at": _("date of creation"),
    "birth_date": _("date of birth"),
    "last_name_folded": _("last name"),
    "postal_code": _("postal code"),
}


def is_none(group: Group) -> bool:
    return not group


def pinned(group: Group) -> Group:
    """The group as a preparation keeps it."""
    return group | {"seed": secrets.token_hex(8)} if group.get("kind") == RANDOM else group


def size(group: Group, *, among: int) -> int:
    """How many people it has: of a percentage, the nearest whole number."""
    return (among * group["percent"] + 50) // 100 if "percent" in group else int(group["number"])


def order(group: Group) -> list[OrderBy]:
    """The order of which the first are taken. People without a value come last; among equals the oldest profile is first."""
    if group["kind"] == RANDOM:
        drawn = MD5(Concat(Value(group["seed"]), Cast("pk", CharField())))
        return [OrderBy(drawn), F("pk").asc()]
    column = F(group["by"].removeprefix("-"))
    chosen = column.desc(nulls_last=True) if group["by"].startswith("-") else column.asc(nulls_last=True)
    return [chosen, F("pk").asc()]


def in_words(group: Group) -> str:
    """The group as people say it: who is in it, and how many."""
    if is_none(group):
        return gettext("nobody")
    number = f"{group['percent']} %" if "percent" in group else str(group["number"])
    if group["kind"] == RANDOM:
        return gettext("%(number)s, drawn at random") % {"number": number}
    names = {"number": number, "field": SORTED_BY[group["by"].removeprefix("-")]}
    if group["by"].startswith("-"):
        return gettext("the last %(number)s by %(field)s") % names
    return gettext("the first %(number)s by %(field)s") % names
