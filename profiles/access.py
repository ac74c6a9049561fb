"""Answer an access request: everything that is held about a person, for her to read and as one file."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import AbstractUser
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from profiles import holders
from profiles.holders import Person, Row
from profiles.models import Profile

FORMAT = "heed-access-1"


@dataclass(frozen=True)
class Section:
    """What one holder has, row by row; every row has the same labels."""

    key: str
    label: Any
    rows: list[Row]

    @property
    def columns(self) -> list[str]:
        return list(self.rows[0]) if self.rows else []


def sections(person: Person) -> list[Section]:
    """Every holder, those that have nothing too: that nothing is held is part of the answer."""
    return [Section(holder.key, holder.label, holder.export(person)) for holder in holders.registered()]


def make_file(profile: Profile, *, by: AbstractUser) -> str:
    """The answer as JSON; the profile's history keeps who made it.

    {"format": …, "made_at": …, "profile": id, "merged_profiles": [ids], "held": {key: {"label": …, "rows": [{label: value}]}}}
    """
    person = holders.person(profile)
    held = {one.key: {"label": str(one.label), "rows": one.rows} for one in sections(person)}
    answer = {
        "format": FORMAT,
        "made_at": timezone.now(),
        "profile": profile.pk,
        "merged_profiles": list(person.ids[1:]),
        "held": held,
    }
    text = json.dumps(answer, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
    with override(settings.LANGUAGE_CODE):
        LogEntry.objects.log_actions(by.pk, [profile], CHANGE, _("Answered an access request"), single_object=True)
    return text + "\n"
