"""Why somebody's place in a preparation is not what it was in the one before, in words."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from deliveries import explaining, shifts
from deliveries.because import Explanation
from deliveries.models import Message, Preparation
from deliveries.result_models import Shift
from profiles import aliases, audiences
from profiles.audience_reasons import Judged, Reason
from profiles.channels import Channel
from profiles.models import Profile


@dataclass
class Line:
    """One person of a comparison: what she was, what she is, and why that is different."""

    message: Message
    profile: Profile | None
    before: str
    after: str
    why: str = ""
    reasons: list[Reason] = field(default_factory=list)
    explanation: Explanation | None = None


def explain(messages: list[Message], preparation: Preparation, former: Preparation, kind: str) -> list[Line]:
    """The messages that shifts.messages() gave for one kind of change: a constant number of queries."""
    ids = [message.profile_id for message in messages]
    profiles = aliases.in_bulk(ids)
    other = former if kind != "gone" else preparation
    others = {one.profile_id: one for one in Message.objects.filter(preparation=other, profile_id__in=ids)}
    lines = []
    for message in messages:
        was, now = others.get(message.profile_id), message
        if kind == "gone":
            was, now = message, None  # type: ignore[assignment]
        lines.append(Line(message, profiles.get(message.profile_id), _verdict(was), _verdict(now)))
    _add_causes(lines, others, preparation, former, kind)
    return lines


def _verdict(message: Message | None) -> str:
    if message is None:
        return shifts.verdict(Shift.ABSENT)
    return shifts.verdict(message.exclusion or Shift.DELIVER)


def _add_causes(lines: list[Line], others: dict[int, Message], preparation: Preparation, former: Preparation, kind: str) -> None:
    if kind == "gone":
        _add_reasons(lines, preparation)
    elif kind == "new":
        for line in lines:
            line.why = _why_new(line, preparation, former)
    # What left her out: now, or before for who is delivered to.
    channel = Channel.of(preparation.delivery.channel)
    judged = [others[line.message.profile_id] if kind == "now_delivered" else line.message for line in lines]
    told = {one.message.profile_id: one for one in explaining.explain([one for one in judged if one.exclusion], channel)}
    for line in lines:
        line.explanation = told.get(line.message.profile_id) if kind != "gone" else None
        if kind == "now_delivered":
            line.why = _("What left this person out does not hold any more:")


def _why_new(line: Line, preparation: Preparation, former: Preparation) -> str:
    if line.message.profile_id > (former.highest_id or 0):
        return _("The profile was created after the former preparation.")
    if preparation.audience != former.audience:
        return _("The audience was changed, or the profile.")
    return _("The profile was changed, or what the audience asks about it.")


def _add_reasons(lines: list[Line], preparation: Preparation) -> None:
    ids = [line.message.profile_id for line in lines]
    try:
        judged = Judged(preparation.audience, ids, at=preparation.created_at)
    except audiences.InvalidAudience as fault:
        for line in lines:
            line.why = str(fault)
        return
    for line in lines:
        line.why, line.reasons = _why_gone(line, judged)


def _why_gone(line: Line, judged: Judged) -> tuple[str, list[Reason]]:
    if line.profile is None:
        return _("The profile was deleted."), []
    if line.profile.pk != line.message.profile_id:
        return _("The profile was merged into another one."), []
    if reasons := judged.reasons(line.profile.pk):
        return _("Not in the audience"), reasons
    return _("Not in the audience at the preparation; the profile was changed since."), []
