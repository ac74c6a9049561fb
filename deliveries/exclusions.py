"""Who is left out of a delivery, and why: the one expression that counts, excludes and explains (decision 17).

One person, one reason: the first rule that hits. Rules are SQL conditions on Profile, so that the database judges
everybody in one pass, and hand-over asks the very same rules again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable

from deliveries.models import Preparation, Withheld
from deliveries.statuses import Exclusion
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, Channel
from profiles.joining import HasRow
from quarantine.models import QuarantinedAddress, Reason, Status

TEXT = CharField(max_length=30)


@dataclass(frozen=True)
class Rule:
    """A reason to leave somebody out. `detail` splits it: which flag, which error reason.

    `of_crowd` is the same condition for counting, where it is asked of everybody at once.
    """

    exclusion: Exclusion
    condition: Callable[[Channel], Q]
    detail: Callable[[Channel], Combinable] | None = None
    of_crowd: Callable[[Channel], Q] | None = None


def _not_specified(channel: Channel) -> Q:
    return Q(**{channel.address_field: ""})


def _malformed(channel: Channel) -> Q:
    return channel.malformed(channel.address_field)


def _opted_out(channel: Channel) -> Q:
    return Q(**{OPT_OUT_FIELDS[ANY_CHANNEL]: True}) | Q(**{channel.opt_out_field: True})


def _which_flag(channel: Channel) -> Combinable:
    return Case(
        When(**{OPT_OUT_FIELDS[ANY_CHANNEL]: True}, then=Value(ANY_CHANNEL)), default=Value(channel.value), output_field=TEXT
    )


def _records(channel: Channel) -> QuerySet[QuarantinedAddress]:
    return QuarantinedAddress.objects.excluding(channel).filter(address=OuterRef(channel.address_field)).order_by()


def _quarantined(channel: Channel) -> Q:
    # EXISTS and not IN: hand-over asks about one person, and must not read the whole quarantine for it; and past some
    # 150,000 addresses PostgreSQL would go through the list of an IN once for every profile.
    return Q(Exists(_records(channel)))


def _quarantined_of_crowd(channel: Channel) -> Q:
    """One join; a channel and an address have one record."""
    records = QuarantinedAddress.objects.excluding(channel).order_by()
    return Q(HasRow(records, column="address", profile=channel.address_field, otherwise=_quarantined(channel)))


def _which_reason(channel: Channel) -> Combinable:
    """The error reason; an address that a complaint or STOP put on the blocklist says so."""
    reason = Case(When(status=Status.BLOCKLIST, then=Value(Reason.ON_BLOCKLIST.value)), default=F("reason"), output_field=TEXT)
    return Subquery(_records(channel).annotate(why=reason).values("why")[:1])


# Decision 17's order. Duplicates come last: who is left out already must not use up the place of a twin.
STANDING_RULES = (
    Rule(Exclusion.ADDRESS_NOT_SPECIFIED, _not_specified),
    Rule(Exclusion.INVALID_ADDRESS, _malformed),
    Rule(Exclusion.BLOCKLIST, _opted_out, _which_flag),
    Rule(Exclusion.QUARANTINE, _quarantined, _which_reason, _quarantined_of_crowd),
)


def standing_verdict(channel: Channel) -> Combinable:
    """The first standing rule that hits, "" for nobody's exclusion: the same words at preparation and at hand-over."""
    return _first_hit([(rule.exclusion, rule.condition(channel)) for rule in STANDING_RULES])


def crowd_verdict(channel: Channel) -> Combinable:
    """The same verdict for counting."""
    return _first_hit([(rule.exclusion, (rule.of_crowd or rule.condition)(channel)) for rule in STANDING_RULES])


def verdict(channel: Channel, preparation: Preparation) -> Combinable:
    """The preparation's verdict on a profile: the standing rules, then duplicates among those left."""
    duplicates = Withheld.objects.filter(preparation=preparation, profile=OuterRef("pk"))
    hits = [(rule.exclusion, rule.condition(channel)) for rule in STANDING_RULES]
    return _first_hit([*hits, (Exclusion.DUPLICATE, Q(Exists(duplicates)))])


def detail(channel: Channel) -> Combinable:
    """What the verdict rests on: the flag for the blocklist, the error reason for the quarantine, else empty.

    A rule without a detail is only asked again where a later one with a detail hits: most people pass without it.
    """
    whens, silent = [], Q()
    for rule in STANDING_RULES:
        if rule.detail:
            whens.append(When(rule.condition(channel) & ~silent, then=rule.detail(channel)))
        else:
            silent |= rule.condition(channel)
    return Case(*whens, default=Value("", output_field=TEXT), output_field=TEXT)


def eligible(channel: Channel) -> Q:
    """Nobody's exclusion by a standing rule."""
    excluded = Q()
    for rule in STANDING_RULES:
        excluded |= rule.condition(channel)
    return ~excluded


def _first_hit(hits: list[tuple[Exclusion, Q]]) -> Combinable:
    whens = [When(condition, then=Value(exclusion.value, output_field=TEXT)) for exclusion, condition in hits]
    return Case(*whens, default=Value("", output_field=TEXT), output_field=TEXT)
