""" "Why not this address?": what a delivery does with a person, whatever it is, and why."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries import because, exclusions, explaining, typologies
from deliveries.models import Delivery, Message, Preparation
from deliveries.statuses import Exclusion, LateExclusion, MessageStatus
from profiles import aliases, audiences, finding, history
from profiles.audience_reasons import Judged, Reason
from profiles.channels import ANY_CHANNEL, Channel
from profiles.finding import Found
from profiles.models import Profile

EXCLUDED, ABSENT, FITS = "ignored", "absent", "fits"


@dataclass
class Answer:
    """What became of one person. `status` is that of the message, or ABSENT or FITS where there is none."""

    profile: Profile | None
    status: str
    label: str
    text: str = ""
    address: str = ""
    because: str = ""
    since: datetime | None = None
    by: str = ""
    url: str = ""
    reasons: list[Reason] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def ask(delivery: Delivery, text: str) -> list[Answer]:
    """An answer for everybody whom the address or the ID means; none where nobody has it."""
    found = finding.exactly(text)
    if delivery.preparation is None:
        return [answer for one in found for answer in _noted(one, [_unprepared(delivery, one.profile)])]
    if not found:
        return list(_of_former_address(delivery, delivery.preparation, text))
    return [answer for one in found for answer in _noted(one, _prepared(delivery, delivery.preparation, one.profile))]


def _noted(found: Found, answers: list[Answer]) -> list[Answer]:
    if found.by_former_id:
        for answer in answers:
            answer.notes.append(_("The ID is of a profile that was merged into this one."))
    return answers


def _prepared(delivery: Delivery, preparation: Preparation, profile: Profile) -> list[Answer]:
    """One answer for each message: a profile that another was merged into may have two."""
    rows = Message.objects.filter(preparation=preparation, profile__in=aliases.all_ids(profile)).order_by("profile_id")
    answers = []
    for message in rows:
        answer = _of_message(delivery, preparation, message, profile)
        if message.profile_id != profile.pk:
            answer.notes.append(_("The message is of a profile that was merged into this one."))
        answers.append(answer)
    return answers or [_absent(preparation, profile)]


def _of_former_address(delivery: Delivery, preparation: Preparation, text: str) -> Iterator[Answer]:
    """Nobody has the address now: perhaps somebody had it when the delivery was prepared."""
    address = finding.addresses(text).get(Channel.of(delivery.channel))
    rows: QuerySet[Message] = preparation.messages.filter(address=address) if address else Message.objects.none()
    some = list(rows.order_by("profile_id")[: finding.MOST])
    profiles = aliases.in_bulk([message.profile_id for message in some])
    for message in some:
        answer = _of_message(delivery, preparation, message, profiles.get(message.profile_id))
        answer.notes.append(_("This was the address at the preparation; the profile has another one now."))
        yield answer


def _of_message(delivery: Delivery, preparation: Preparation, message: Message, profile: Profile | None) -> Answer:
    channel = Channel.of(delivery.channel)
    if message.exclusion:
        line = explaining.explain([message], channel)[0]
        told = {"because": line.because, "since": line.since, "by": line.by, "url": line.url}
        return Answer(profile, EXCLUDED, line.rule, line.text, message.address, **told)  # type: ignore[arg-type]
    status = MessageStatus(message.status)
    label = _("To deliver") if status == MessageStatus.PENDING else str(status.label)
    answer = Answer(profile, status.value, label, message.reason_label, message.address, since=message.ended_at)
    if status == MessageStatus.PENDING:
        answer.text = _("waiting to be sent") if delivery.is_confirmed else _("gets the delivery once it is confirmed")
        answer.notes += _warnings(preparation, channel, message)
    elif status == MessageStatus.EXCLUDED_LATE and profile:
        _add_late_tick(answer, message, profile, channel)
    return answer


def _warnings(preparation: Preparation, channel: Channel, message: Message) -> list[str]:
    """What hand-over would say by now of somebody who is to be delivered to."""
    present = Profile.objects.filter(pk=message.profile_id)
    judged = present.annotate(verdict=exclusions.standing_verdict(channel, preparation.rules))
    for verdict, address in judged.values_list("verdict", channel.address_field):
        if verdict:
            return [_left_out_by_now(str(Exclusion(verdict).label))]
        if address != message.address:
            return [_left_out_by_now(str(LateExclusion.ADDRESS_CHANGED.label))]
    return []


def _left_out_by_now(rule: str) -> str:
    return _("Changed since the preparation: as it is now, this person is left out (%(rule)s).") % {"rule": rule}


def _add_late_tick(answer: Answer, message: Message, profile: Profile, channel: Channel) -> None:
    """The box that was ticked between preparation and hand-over."""
    if message.outcome != Exclusion.BLOCKLIST:
        return
    ticks = history.latest_ticks(profile)
    tick = ticks.get(ANY_CHANNEL) or ticks.get(channel.value)
    if tick:
        answer.because = because.detail_label(Exclusion.BLOCKLIST, tick.scope)
        answer.by = history.who(tick)
        answer.url = f"{reverse('profiles:consent_history', args=[profile.pk])}#event-{tick.pk}"


def _absent(preparation: Preparation, profile: Profile) -> Answer:
    """Nobody targeted: created since, or not in the audience, and which conditions say so."""
    answer = Answer(profile, ABSENT, _("Not in the audience"))
    if _is_newer(preparation, profile):
        answer.text = _("The profile was created after the preparation: prepare again to include it.")
    try:
        answer.reasons = Judged(preparation.audience, [profile.pk], at=preparation.created_at).reasons(profile.pk)
    except audiences.InvalidAudience as fault:
        answer.text = str(fault)
        return answer
    if not answer.reasons and not answer.text:
        answer.text = _("As the profile is now it is in the audience; when the delivery was prepared it was not. Prepare again.")
    return answer


def _is_newer(preparation: Preparation, profile: Profile) -> bool:
    return profile.pk > (preparation.highest_id or 0)


def _unprepared(delivery: Delivery, profile: Profile) -> Answer:
    """What a preparation would say now, of what it asks of one person by herself."""
    channel = Channel.of(delivery.channel)
    try:
        reasons = Judged(delivery.audience, [profile.pk]).reasons(profile.pk)
        rules = exclusions.personal(typologies.pin(delivery))
    except audiences.InvalidAudience as fault:
        return Answer(profile, ABSENT, _("Not in the audience"), str(fault))
    if reasons:
        return Answer(profile, ABSENT, _("Not in the audience"), reasons=reasons)
    judged = Profile.objects.filter(pk=profile.pk).annotate(key=exclusions.crowd_key(channel, rules))
    key = judged.values_list("key", flat=True).first()
    text = _("The delivery is not prepared: this is what a preparation would say now.")
    rule = next((rule for rule in rules if rule.key == key), None)
    if rule:
        return Answer(profile, EXCLUDED, rule.label, text)
    return Answer(profile, FITS, _("In the audience"), text)
