"""The plan of a delivery in words: one sentence for its schedule, its waves, its rate and its validity."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deliveries.models import Delivery, RateUnit
from landingpages.local_times import spoken
from profiles.actors import actor

Sentences = list[tuple[str, str]]


def sentences(delivery: Delivery) -> Sentences:
    """(what it is about, the sentence); a template has no schedule."""
    pace = [(_("Waves"), waves(delivery)), (_("Speed"), rate(delivery)), (_("Validity"), validity(delivery))]
    return pace if delivery.is_template else [(_("Schedule"), schedule(delivery)), *pace]


def schedule(delivery: Delivery) -> str:
    if delivery.contact_at is None:
        return _("Sent once it is confirmed.")
    values = {"date": spoken(delivery.contact_at, delivery.zone), "by": actor(delivery.scheduled_by)}
    if delivery.is_scheduled:
        return _("Confirmed, and sent from %(date)s on.") % values
    if delivery.contact_at <= timezone.now():
        if delivery.is_confirmed:
            return _("Sent from %(date)s on.") % values
        return _("Was to be sent from %(date)s on; that has passed: it is sent once it is confirmed.") % values
    if delivery.confirmation_requested:
        return _("Sent from %(date)s on, if it is confirmed.") % values
    return (
        _("Sent from %(date)s on without a further confirmation, unless the preparation has errors; %(by)s stands for it.")
        % values
    )


def waves(delivery: Delivery) -> str:
    plan = delivery.waves
    if not plan:
        return _("Everybody is sent to at once.")
    sizes = [_size(size, plan["unit"]) for size in plan["sizes"]]
    values = {"first": ", ".join(sizes[:-1]), "last": sizes[-1], "interval": _interval(plan["minutes"])}
    if not values["first"]:
        return _("Waves of %(last)s each, one every %(interval)s.") % values
    return _("Waves of %(first)s, then of %(last)s each, one every %(interval)s.") % values


def rate(delivery: Delivery) -> str:
    if not delivery.rate:
        return _("As fast as the servers take them.")
    if delivery.rate_unit == RateUnit.MINUTE:
        return ngettext("At most %(number)s message per minute.", "At most %(number)s messages per minute.", delivery.rate) % {
            "number": delivery.rate
        }
    return ngettext("At most %(number)s message per hour.", "At most %(number)s messages per hour.", delivery.rate) % {
        "number": delivery.rate
    }


def validity(delivery: Delivery) -> str:
    duration = _interval(int(delivery.validity.total_seconds()) // 60)
    return _("What could not be handed over within %(duration)s has failed.") % {"duration": duration}


def _size(size: int, unit: str) -> str:
    if unit == "percent":
        return _("%(number)s %%") % {"number": size}
    return ngettext("%(number)s person", "%(number)s people", size) % {"number": size}


def _interval(minutes: int) -> str:
    if minutes % 1440 == 0:
        return ngettext("%(number)s day", "%(number)s days", minutes // 1440) % {"number": minutes // 1440}
    if minutes % 60 == 0:
        return ngettext("%(number)s hour", "%(number)s hours", minutes // 60) % {"number": minutes // 60}
    return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}
