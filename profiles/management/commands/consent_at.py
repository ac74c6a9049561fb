"""manage.py consent_at: what did this person allow at that moment, and who made it so?"""

import uuid
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from profiles import history
from profiles.channels import Channel, InvalidAddress
from profiles.consent_at import State, consent_at
from profiles.models import Profile, ProfileAlias, Scope
from profiles.templatetags.moments import EXACT


class Command(BaseCommand):
    help = "Say what a person allowed at a moment, by the ledger. Reads only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("profile", help="its number, its Heed ID or its email address")
        parser.add_argument("moment", help='such as "2026-03-03 10:00", in TIME_ZONE, or "2026-03-03T09:00:00Z"')

    def handle(self, *args: Any, **options: Any) -> None:
        profile, moment = find(options["profile"]), read_moment(options["moment"])
        consent = consent_at(profile, moment)
        names = {"profile": profile, "number": profile.pk, "moment": _written(moment)}
        self.stdout.write(_("%(profile)s (profile %(number)s) on %(moment)s:") % names)
        if not consent.existed:
            self.stdout.write(_("The profile did not exist yet."))
            return
        self.stdout.write(_("May be contacted by: %(channels)s") % {"channels": ", ".join(consent.allowed) or "–"})
        self.stdout.write(_("May not be contacted by: %(channels)s") % {"channels": ", ".join(consent.refused) or "–"})
        for state in [*consent.boxes, *consent.subscriptions]:
            self.stdout.write(f"  {state.label}: {value(state)}{told(state)}")


def value(state: State) -> str:
    if state.scope == Scope.SERVICE:
        return _("subscribed") if state.value else _("unsubscribed")
    return _("ticked") if state.value else _("not ticked")


def told(state: State) -> str:
    """Since when, by whom and where, and the number of the event; nothing where nobody touched it."""
    if state.event is None:
        return ""
    parts = [str(state.event.get_source_display()), history.who(state.event), history.where(state.event)]
    facts = {"moment": _written(state.event.at), "how": ", ".join(part for part in parts if part), "number": state.event.pk}
    return " " + _("since %(moment)s: %(how)s (event %(number)s)") % facts


def find(text: str) -> Profile:
    """The one profile that the text names; raises CommandError where there is none, or more than one."""
    found = list(Profile.objects.filter(**_condition(text)).order_by("pk")[:20]) or _merged(text)
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandError(_("There is no profile “%(text)s”.") % {"text": text})
    numbers = ", ".join(str(profile.pk) for profile in found)
    raise CommandError(_("Several profiles have this address: name one by its number, %(numbers)s.") % {"numbers": numbers})


def _merged(text: str) -> list[Profile]:
    """The winner of a profile that was merged away."""
    former = {"former_id" if name == "pk" else f"former_{name}": value for name, value in _condition(text).items()}
    if set(former) & {"former_id", "former_public_id"}:
        return [alias.winner for alias in ProfileAlias.objects.filter(**former).select_related("winner")]
    return []


def _condition(text: str) -> dict[str, Any]:
    if "@" in text:
        return {"email__in": _addresses(text)}
    if text.isdecimal() and len(text) < 19:
        return {"pk": int(text)}
    try:
        return {"public_id": uuid.UUID(text)}
    except ValueError:
        return {"pk": None}


def _addresses(text: str) -> list[str]:
    try:
        return [Channel.EMAIL.normalise(text)]
    except InvalidAddress:
        return []


def read_moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(_('Write the moment such as "2026-03-03 10:00".'))
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    if moment > timezone.now():
        raise CommandError(_("This moment is still to come."))
    return moment


def _written(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), EXACT)
