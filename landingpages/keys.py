"""The reconciliation key: what tells whether a visitor without a link has a profile already (reference 3.7.1, 3.7.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError

from landingpages import constants
from landingpages.blocks import FIELDS
from profiles.fields import fold
from profiles.models import Profile

Content = Mapping[str, Any]

ADDRESSES = ("email", "mobile")
EXTERNAL_ID = "external_id"
# One of these is part of every key, from what was typed: by a name alone, a form would be about somebody else.
STRONG = (*ADDRESSES, EXTERNAL_ID)
# Field of a profile -> the column to look in, and how. Case and accents of names do not matter.
LOOKUPS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "email": ("email", str),
    "mobile": ("mobile", str),
    EXTERNAL_ID: (EXTERNAL_ID, str),
    "last_name": ("last_name_folded", fold),
    "first_name": ("first_name_folded", fold),
    "birth_date": ("birth_date", date.fromisoformat),
    "postal_code": ("postal_code__iexact", str),
    "country": ("country", str),
}


@dataclass(frozen=True)
class Part:
    """One field of the key, and where its value comes from: a block, by the field that this one is bound to, or a constant."""

    field: str
    form: str = ""
    constant: str = ""

    @property
    def label(self) -> Any:
        return FIELDS[self.field].label


def parts(settings: Mapping[str, Any]) -> list[Part]:
    """The key that these settings of a page describe, in its order."""
    mapping = settings.get("key_mapping") or {}
    names = [name for name in settings["reconciliation_key"].split("+") if name in LOOKUPS]
    return [Part(name, **(mapping.get(name) or {"form": name})) for name in names]


def values(content: Content, sent: Mapping[str, Any]) -> dict[str, str] | None:
    """Field -> normalised value for a submission; None where a part is missing, or is nothing that the field could hold."""
    found = {}
    for part in parts(content["settings"]):
        text = part.constant or str(sent.get(part.form) or "")
        try:
            found[part.field] = str(constants.read(FIELDS[part.field], text))
        except ValidationError:
            return None
    return found if all(found.values()) else None


def oldest(key: Mapping[str, str]) -> Profile | None:
    """The profile that the key means; of several the oldest, the others stay untouched (reference 3.7.5)."""
    conditions = {column: read(key[name]) for name, (column, read) in LOOKUPS.items() if name in key}
    return Profile.objects.filter(**conditions).order_by("pk").first() if conditions else None


def without_external_id(key: Mapping[str, str], addresses: Mapping[str, str]) -> dict[str, str]:
    """What is asked instead of a key whose external ID nobody has: the email that was typed, else the mobile.

    External IDs come from another system: visitors only show them, so the profile that was made for one of an unknown ID
    is found again by its address.
    """
    if EXTERNAL_ID not in key:
        return {}
    return dict([(name, addresses[name]) for name in ADDRESSES if addresses.get(name)][:1])
