"""Which custom fields there are: add one, change one, remove one with its values."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import CharField, Count, F, Max
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone

from profiles.actors import actor
from profiles.jsonkeys import WithoutKey
from profiles.models import CustomField, Profile, ProfileQuerySet

IDS_AT_ONCE = 50_000  # profile ids of one transaction


class DefinedMeanwhile(Exception):
    """The field is no longer the one that was shown: nothing was written."""


def having(key: str) -> ProfileQuerySet:
    """The profiles that have a value of the custom field."""
    return Profile.objects.filter(custom__has_key=key)


def uses(field: CustomField, options: Iterable[str]) -> dict[str, int]:
    """Option -> how many profiles have it, for those of these options that somebody has; one query."""
    option = Cast(KeyTextTransform(field.key, "custom"), CharField())
    with_option = having(field.key).annotate(option=option).filter(option__in=list(options))
    counted = with_option.order_by("option").values("option").annotate(number=Count("pk"))
    return dict(counted.values_list("option", "number"))


def next_position() -> int:
    """Behind all others."""
    last = CustomField.objects.aggregate(last=Max("position"))["last"]
    return 1 if last is None else last + 1


def add(values: Mapping[str, Any], *, by: AbstractUser) -> CustomField:
    with transaction.atomic():
        field = CustomField.objects.create(**values)
        LogEntry.objects.log_actions(by.pk, [field], ADDITION, [{"added": {}}], single_object=True)
    return field


def change(field: CustomField, values: Mapping[str, Any], *, shown: Mapping[str, Any], by: AbstractUser) -> None:
    """Write label, options and the like; DefinedMeanwhile where they are not what was shown. Values of profiles stay."""
    with transaction.atomic():
        current = CustomField.objects.select_for_update(no_key=True).get(pk=field.pk)
        if any(getattr(current, name) != value for name, value in shown.items()):
            raise DefinedMeanwhile
        CustomField.objects.filter(pk=field.pk).update(**values)
        fields = [str(CustomField._meta.get_field(name).verbose_name) for name in values]  # type: ignore[union-attr]
        LogEntry.objects.log_actions(by.pk, [field], CHANGE, [{"changed": {"fields": fields}}], single_object=True)


def remove(field: CustomField, *, by: AbstractUser) -> int:
    """Remove the values from all profiles, then the field; how many profiles had one.

    In ranges of profile ids, each a transaction: cut off, the field is still there, and removing it again goes on. Whoever
    writes a value once the definition is gone finds no field to write it to; what was written before it went is looked
    for at the end.
    """
    removed = _clear_all(field, by=by)
    with transaction.atomic():
        CustomField.objects.filter(pk=field.pk).delete()
        LogEntry.objects.log_actions(by.pk, [field], DELETION, single_object=True)
    return removed + _clear_all(field, by=by)


def _clear_all(field: CustomField, *, by: AbstractUser) -> int:
    highest = Profile.objects.aggregate(highest=Max("pk"))["highest"] or 0
    removed = 0
    for above in range(0, highest, IDS_AT_ONCE):
        with transaction.atomic():
            removed += _clear(having(field.key).filter(pk__gt=above, pk__lte=above + IDS_AT_ONCE), field, by=by)
        time.sleep(settings.PAUSE_SECONDS)
    return removed


def _clear(profiles: ProfileQuerySet, field: CustomField, *, by: AbstractUser) -> int:
    return profiles.order_by().update(
        custom=WithoutKey("custom", field.key), revision=F("revision") + 1, modified_at=timezone.now(), modified_by=actor(by)
    )
