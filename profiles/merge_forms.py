"""The form of a merge: per field, whose value is kept."""

import contextlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from profiles import customfields, merging, regions
from profiles.channels import InvalidAddress, normalise_mobile
from profiles.merging import CUSTOM, Difference
from profiles.models import Profile, ProfileQuerySet

WINNER, LOSER = "winner", "loser"
CANDIDATES = 20


@dataclass(frozen=True)
class Line:
    """One field of the preview: its label, and both values in words with their radio buttons."""

    label: str
    name: str
    winner: str
    loser: str
    chosen: str


class MergeForm(forms.Form):
    """Which values of the loser are kept, and the revisions of both as they were shown."""

    winner_revision = forms.IntegerField(widget=forms.HiddenInput)
    loser_revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, winner: Profile, loser: Profile, data: Any = None) -> None:
        super().__init__(data, initial={"winner_revision": winner.revision, "loser_revision": loser.revision})
        self.winner, self.loser = winner, loser
        self.differences = merging.differences(winner, loser)
        for one in self.differences:
            self.fields[one.name] = forms.ChoiceField(choices=[(WINNER, WINNER), (LOSER, LOSER)], required=False)

    @property
    def revisions(self) -> tuple[int, int]:
        return self.cleaned_data["winner_revision"], self.cleaned_data["loser_revision"]

    @property
    def from_loser(self) -> set[str]:
        """The fields of which the loser's value is kept; what was not answered stays the winner's."""
        return {one.name for one in self.differences if self.cleaned_data.get(one.name) == LOSER}

    def lines(self) -> list[Line]:
        """Every field to decide, as offered or as chosen."""
        custom = {CUSTOM + one.key: one for one in customfields.definitions()}
        found = []
        for one in self.differences:
            offered = LOSER if one.keeps_loser else WINNER
            chosen = self.data.get(one.name, offered) if self.is_bound else offered
            label = custom[one.name].label if one.name in custom else _label(one.name)
            winner, loser = (_in_words(one, value, custom.get(one.name)) for value in (one.winner, one.loser))
            found.append(Line(label, one.name, winner, loser, chosen))
        return found


def candidates(profile: Profile, text: str) -> list[Profile]:
    """Profiles that may be the same person: found by number, external ID, name or address; else those with an address of hers."""
    others = Profile.objects.exclude(pk=profile.pk)
    found = _search(others, text) if text else _twins(others, profile)
    return list(found.order_by("pk")[:CANDIDATES])


def _search(others: ProfileQuerySet, text: str) -> ProfileQuerySet:
    found = others.matching(text) | others.filter(external_id=text)
    if text.isdecimal() and len(text) <= 18:
        found |= others.filter(pk=int(text))
    with contextlib.suppress(InvalidAddress):
        found |= others.filter(mobile=normalise_mobile(text))
    return found


def _twins(others: ProfileQuerySet, profile: Profile) -> ProfileQuerySet:
    found = others.none()
    for name in ("email", "mobile", "external_id"):
        if value := getattr(profile, name):
            found |= others.filter(**{name: value})
    return found


def _label(name: str) -> str:
    if name.startswith(CUSTOM):
        return name.removeprefix(CUSTOM)
    return capfirst(str(Profile._meta.get_field(name).verbose_name))  # type: ignore[union-attr]


def _in_words(one: Difference, value: Any, custom: Any) -> str:
    if value in ("", None):
        return _("nothing")
    if custom:
        return customfields.in_words(custom, value)
    if isinstance(value, date):
        return date_format(value)
    if one.name in NAMES:
        return NAMES[one.name](value)
    choices = dict(getattr(Profile._meta.get_field(one.name), "choices", None) or ()) if not one.name.startswith(CUSTOM) else {}
    return str(choices.get(value, value))


NAMES = {"country": regions.country_name, "preferred_language": regions.language_name}
