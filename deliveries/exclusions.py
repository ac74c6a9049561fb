"""Who is left out of a delivery, and why: the one expression that counts, excludes and explains (decision 17).

One person, one reason: the first rule that hits. Rules are SQL conditions on Profile, so that the database judges
everybody in one pass, and hand-over asks the very same rules again. Those that look at more than one person are decided
before (deliveries.withholding).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Concat
from django.utils.translation import gettext_noop as noop

from deliveries.models import Preparation, Withheld
from deliveries.statuses import PROTECTING, Exclusion
from deliveries.typologies import Pinned
from deliveries.typology_models import ExcludedAddress, ExcludedDomain
from profiles import audiences
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, Channel
from profiles.joining import HasRow, RowText
from profiles.models import Profile
from quarantine.models import QuarantinedAddress, Reason, Status

TEXT = CharField(max_length=61)
BETWEEN = ":"  # an exclusion and its detail, as in "blocklist:email"


@dataclass(frozen=True)
class Rule:
    """A reason to leave somebody out. `detail` splits it: which flag, which error reason, which own rule.

    `of_crowd` is the same condition where everybody is judged at once. A rule that `lasts` is asked again at hand-over; the
    others chose a target, and that is frozen.
    """

    exclusion: Exclusion
    condition: Callable[[Channel], Q]
    detail: Callable[[Channel], Combinable] | None = None
    of_crowd: Callable[[Channel], Q] | None = None
    lasts: bool = True
    code: str = ""
    own_label: str = ""

    @property
    def label(self) -> str:
        return self.own_label or str(self.exclusion.label)

    @property
    def key(self) -> str:
        """Names the rule where rules are listed: its exclusion, and for an own rule its ID."""
        return f"{self.exclusion.value}{BETWEEN}{self.code}" if self.code else self.exclusion.value

    def judgement(self, channel: Channel) -> Combinable:
        """What is noted of those whom it leaves out: exclusion and detail."""
        if self.detail is None:
            return _text(f"{self.exclusion.value}{BETWEEN}{self.code}")
        return Concat(_text(f"{self.exclusion.value}{BETWEEN}"), self.detail(channel), output_field=TEXT)


def _text(text: str) -> Value:
    return Value(text, output_field=TEXT)


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


def _on_the_list(channel: Channel) -> Q:
    listed = ExcludedAddress.objects.filter(channel=channel).order_by()
    return Q(Exists(listed.filter(address=OuterRef(channel.address_field))))


def _on_the_list_of_crowd(channel: Channel) -> Q:
    listed = ExcludedAddress.objects.filter(channel=channel).order_by()
    on_the_list = HasRow(listed, column="address", profile=channel.address_field, otherwise=_on_the_list(channel))
    return Q(on_the_list) if listed.exists() else audiences.NO_ONE


def _domain_on_the_list(channel: Channel) -> Q:
    return Q(Exists(ExcludedDomain.objects.filter(domain=OuterRef("email_domain")).order_by()))


def _domain_on_the_list_of_crowd(channel: Channel) -> Q:
    domains = ExcludedDomain.objects.order_by()
    on_the_list = HasRow(domains, column="domain", profile="email_domain", otherwise=_domain_on_the_list(channel))
    return Q(on_the_list) if domains.exists() else audiences.NO_ONE


def _opted_out_elsewhere(channel: Channel) -> Q:
    """Any profile with the address: who opted out herself was left out by an earlier rule."""
    others = Profile.objects.filter(_opted_out(channel), **{channel.address_field: OuterRef(channel.address_field)})
    return Q(Exists(others.order_by()))


# Those that judge one person by herself, in decision 17's order.
PERSONAL = {
    rule.exclusion.value: rule
    for rule in (
        Rule(Exclusion.ADDRESS_NOT_SPECIFIED, _not_specified),
        Rule(Exclusion.INVALID_ADDRESS, _malformed),
        Rule(Exclusion.BLOCKLIST, _opted_out, _which_flag),
        Rule(Exclusion.QUARANTINE, _quarantined, _which_reason, _quarantined_of_crowd),
        Rule(Exclusion.EXCLUDED_ADDRESS, _on_the_list, of_crowd=_on_the_list_of_crowd),
        Rule(Exclusion.EXCLUDED_DOMAIN, _domain_on_the_list, of_crowd=_domain_on_the_list_of_crowd),
        Rule(Exclusion.SHARED_OPT_OUT, _opted_out_elsewhere),
    )
}


def personal(pinned: Pinned, *, at: datetime | None = None) -> list[Rule]:
    """The rules that judge one person by herself, in their order. InvalidAudience where an own rule is not understood.

    Those that protect people are among them, whatever was pinned.
    """
    chosen = [rule for rule in pinned if rule["exclusion"] not in PROTECTING]
    rules = [PERSONAL[exclusion] for exclusion in PROTECTING]
    for rule in chosen:
        if rule["exclusion"] in PERSONAL:
            rules.append(PERSONAL[rule["exclusion"]])
        elif rule["exclusion"] == Exclusion.OWN_RULE:
            rules.append(own_rule(rule, at=at))
    return rules


def own_rule(pinned: dict[str, Any], *, at: datetime | None = None) -> Rule:
    """The rule that leaves out an audience."""
    label = f"{pinned['label']} ({pinned['code']})"
    try:
        meant = audiences.condition(pinned["parameters"].get("audience", audiences.NOBODY), at=at)
    except audiences.InvalidAudience as error:
        why = {"rule": label, "why": error.kept}
        raise audiences.InvalidAudience(noop("The rule “%(rule)s” is not understood: %(why)s"), why) from error
    return Rule(Exclusion.OWN_RULE, partial(_always, meant), lasts=False, code=pinned["code"], own_label=label)


def _always(condition: Q, channel: Channel) -> Q:
    return condition


def judgement(channel: Channel, rules: Sequence[Rule], preparation: Preparation) -> Combinable:
    """ "exclusion:detail" of the first rule that hits, then what was decided before; "" for who is to be delivered to."""
    whens = [When((rule.of_crowd or rule.condition)(channel), then=rule.judgement(channel)) for rule in rules]
    return Case(*whens, default=_withheld(preparation), output_field=TEXT)


def _withheld(preparation: Preparation) -> Combinable:
    rows = Withheld.objects.filter(preparation=preparation).order_by()
    return RowText(rows, column="profile", profile="pk", texts=["exclusion", _text(BETWEEN), "detail"])


def standing_verdict(channel: Channel, pinned: Pinned) -> Combinable:
    """The exclusion of the first lasting rule that hits, "" for nobody's: as at the preparation, asked of one person."""
    rules = [rule for rule in personal(pinned) if rule.lasts]
    whens = [When(rule.condition(channel), then=_text(rule.exclusion.value)) for rule in rules]
    return Case(*whens, default=_text(""), output_field=TEXT)


def crowd_key(channel: Channel, rules: Sequence[Rule]) -> Combinable:
    """The key of the first rule that hits, for counting."""
    whens = [When((rule.of_crowd or rule.condition)(channel), then=_text(rule.key)) for rule in rules]
    return Case(*whens, default=_text(""), output_field=TEXT)


def eligible(channel: Channel, rules: Sequence[Rule]) -> Q:
    """Nobody's exclusion by these rules."""
    excluded = Q()
    for rule in rules:
        excluded |= (rule.of_crowd or rule.condition)(channel)
    return ~excluded
