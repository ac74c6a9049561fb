"""Create and edit a profile as an operator does: ordinary fields, boxes and their ledger rows in one transaction."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import F
from django.utils import translation

from profiles import consent, registering, silence
from profiles.actors import actor
from profiles.channels import OPT_OUT_FIELDS, Channel
from profiles.fields import FoldedField
from profiles.models import ConsentEvent, Profile, Source
from profiles.values import known_customs, put, stored


class EditedMeanwhile(Exception):
    """The profile is no longer the one that was shown: nothing was written."""


def add(values: Mapping[str, Any], choices: Mapping[str, bool], *, by: AbstractUser) -> Profile:
    """A new profile with these boxes ticked, and those of addresses erased earlier; each ticked box is in the ledger."""
    with transaction.atomic():
        registering.take_turn()
        profile = Profile(created_by=actor(by), modified_by=actor(by))
        put(profile, stored(values))
        profile.save(force_insert=True)
        consent.apply_choices(profile, choices, source=Source.OPERATOR, by=by)
        silence.keep(profile)
        LogEntry.objects.log_actions(by.pk, [profile], ADDITION, [{"added": {}}], single_object=True)
    return profile


def edit(
    profile: Profile, values: Mapping[str, Any], choices: Mapping[str, bool], *, revision: int, by: AbstractUser
) -> list[ConsentEvent]:
    """Write the changed fields and boxes; EditedMeanwhile if the stored revision is not the one that was shown.

    The boxes go through consent alone: saving ordinary fields never touches them. The history names the fields, not
    their values. Returns the ledger rows of boxes that had to be ticked, because a new address was erased earlier.
    """
    with transaction.atomic():
        if any(channel.address_field in values for channel in Channel.addressed()):
            registering.take_turn()
        # First of all: who raises the revision holds the row until the end, everybody else finds another number.
        shown = Profile.objects.filter(pk=profile.pk, revision=revision)
        if not shown.update(revision=F("revision") + 1, modified_by=actor(by)):
            raise EditedMeanwhile
        profile.custom = Profile.objects.values_list("custom", flat=True).get(pk=profile.pk)
        profile.save(update_fields=[*put(profile, stored(values)), *_folded(values), "modified_at"])
        consent.apply_choices(profile, choices, source=Source.OPERATOR, by=by)
        silenced = silence.keep(profile, values)
        labels = _labels([*values, *(OPT_OUT_FIELDS[scope] for scope in choices)])
        LogEntry.objects.log_actions(by.pk, [profile], CHANGE, [{"changed": {"fields": labels}}], single_object=True)
    return silenced


def _labels(names: list[str]) -> list[str]:
    """The English names of the fields: the history page translates them for its reader."""
    with translation.override(None):
        labels = {field.name: str(field.verbose_name) for field in Profile._meta.fields}
    labels |= {name: field.label for name, field in known_customs(names).items()}
    return [labels[name] for name in names if name in labels]


def _folded(values: Mapping[str, Any]) -> list[str]:
    """The search columns that follow these fields."""
    return [field.name for field in Profile._meta.fields if isinstance(field, FoldedField) and field.source in values]
