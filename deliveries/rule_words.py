"""What a rule leaves out, in one sentence, and how many people that would be now."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deliveries import exclusions, withholding
from deliveries.models import Delivery
from deliveries.statuses import Exclusion
from deliveries.typology_models import RuleKind, RuleLevel, TypologyRule
from profiles import audiences
from profiles.channels import Channel
from profiles.models import Profile

SENTENCES: dict[str, Any] = {
    Exclusion.ADDRESS_NOT_SPECIFIED: gettext_lazy("Leaves out people who have no address for the channel."),
    Exclusion.INVALID_ADDRESS: gettext_lazy("Leaves out people whose address cannot be written to."),
    Exclusion.BLOCKLIST: gettext_lazy("Leaves out people who no longer want to be contacted, by this channel or by any."),
    Exclusion.QUARANTINE: gettext_lazy("Leaves out people whose address is quarantined or on the blocklist."),
    Exclusion.EXCLUDED_ADDRESS: gettext_lazy("Leaves out people whose address is on the list of excluded addresses."),
    Exclusion.EXCLUDED_DOMAIN: gettext_lazy("Leaves out people whose address is of a domain on the list of excluded domains."),
    Exclusion.SHARED_OPT_OUT: gettext_lazy(
        "Leaves out people whose address is that of another profile, which no longer wants to be contacted."
    ),
    Exclusion.DUPLICATE: gettext_lazy("Leaves out people who have the address of an older profile of the target."),
    Exclusion.CONTROL_GROUP: gettext_lazy("Leaves out the control group that the delivery asks for."),
    Exclusion.SIZE_LIMIT: gettext_lazy("Leaves out people who come after the most recipients that the delivery may have."),
}


def sentence(rule: TypologyRule) -> str:
    """What the rule leaves out, for the people who choose rules."""
    if rule.kind == RuleKind.CONTROL:
        return _controlling(rule)
    if rule.is_built_in:
        return str(SENTENCES.get(rule.code, rule.description))
    if rule.kind == RuleKind.FATIGUE:
        return _fatigue(rule.parameters)
    try:
        return _("Leaves out: %(who)s.") % {"who": audiences.in_words(rule.parameters["audience"])}
    except audiences.InvalidAudience as error:
        return str(error)


def _controlling(rule: TypologyRule) -> str:
    if rule.level == RuleLevel.ERROR:
        return _("%(rule)s: a fault blocks the confirmation.") % {"rule": rule.name}
    return _("%(rule)s: what it finds is a warning, and blocks nothing.") % {"rule": rule.name}


def _fatigue(parameters: dict[str, Any]) -> str:
    text = ngettext(
        "Leaves out people who have %(messages)s message or more within %(days)s days before or after the contact date.",
        "Leaves out people who have %(messages)s messages or more within %(days)s days before or after the contact date.",
        parameters["messages"],
    )
    return text % parameters


def would_exclude(rule: TypologyRule) -> int | None:
    """How many profiles the rule alone would leave out now; None where that depends on the delivery."""
    channel = Channel.of(rule.channel or Channel.EMAIL)
    if rule.exclusion == Exclusion.DUPLICATE:
        return _twins(channel.address_field)
    if rule.kind == RuleKind.FATIGUE:
        now, period = timezone.now(), timedelta(days=rule.parameters["days"])
        around = withholding.contacts(Delivery(channel=channel), now - period, now + period, rule.parameters["channels"])
        return withholding.with_messages(around, rule.parameters["messages"]).count()
    if rule.exclusion in exclusions.PERSONAL or rule.exclusion == Exclusion.OWN_RULE:
        asked = exclusions.PERSONAL.get(rule.exclusion) or exclusions.own_rule(rule.pinned())
        return Profile.objects.filter((asked.of_crowd or asked.condition)(channel)).order_by().count()
    return None


def _twins(address: str) -> int:
    holders = Profile.objects.order_by().exclude(**{address: ""}).values(address).annotate(holders=Count("pk"))
    counted = holders.filter(holders__gt=1).aggregate(people=Sum("holders"), addresses=Count("*"))
    return (counted["people"] or 0) - counted["addresses"]
