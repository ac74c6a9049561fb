"""What a page may know of whoever looks at it (design decision 7): for its merge fields and its conditions.

A visitor without a link is nobody. Of the holder of a link the page knows the opt-out boxes, and everything else only
where it preloads visitor data. Once something was sent, the confirmation page knows that too.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from landingpages.blocks import FIELDS
from profiles import customfields, mergefields
from profiles.channels import OPT_OUT_FIELDS
from profiles.models import CustomField, Profile
from profiles.publicpages import masked, masked_mobile
from profiles.values import custom_key, is_given, put, stored, value_of

MASKS = {"email": masked, "mobile": masked_mobile}


@dataclass(frozen=True)
class Visitor:
    """`facts` is a profile that is never saved, with only what the page may know."""

    facts: Profile = field(default_factory=Profile)
    is_known: bool = False

    def value(self, name: str) -> str:
        """What the page knows under the name of a field, as text; a box says yes or no, nothing known says nothing."""
        if name in OPT_OUT_FIELDS.values():
            return ("yes" if value_of(self.facts, name) else "no") if self.is_known else ""
        return customfields.as_text(CustomField(), value_of(self.facts, name))

    def merged(self, language: str, customs: list[CustomField]) -> dict[str, Any]:
        """The merge fields, addresses masked."""
        values = mergefields.profile_values(self.facts, customs, language=language)
        return {"profile": values | {name: mask(values[name]) for name, mask in MASKS.items()}}

    def after(self, sent: Mapping[str, Any]) -> "Visitor":
        """The visitor as the confirmation page greets her: with what was just submitted."""
        facts = copy.copy(self.facts)
        columns = stored({name: value for name, value in sent.items() if name in FIELDS})
        customs = {name: value if is_given(value) else None for name, value in sent.items() if custom_key(name)}
        put(facts, columns | customs)
        return Visitor(facts, is_known=True)


STRANGER = Visitor()


def of(content: Mapping[str, Any], profile: Profile) -> Visitor:
    """The holder of a genuine, fresh link, as this page may know her."""
    if content["settings"]["preload_data"]:
        return Visitor(profile, is_known=True)
    facts = Profile()
    put(facts, {name: value_of(profile, name) for name in OPT_OUT_FIELDS.values()})
    return Visitor(facts, is_known=True)
