"""Send notices: mails that are no delivery, such as "confirm your change" or "here is your link" (design decision 9).

Whoever needs one writes a Notice; the worker sends it. Opted-out people get them too, because they ask for them, but
seldom; a quarantined address or one on the blocklist never does. Of several that wait for one address only the newest
of its kind is worth sending: a stranger who asks a thousand times causes one mail, and another one later.

A crash between the server's 250 and our commit sends one notice again, with the same Message-ID, when it is due again.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from deliveries import notice_mails, pagelinks, transports
from deliveries.transports import Outcome, Result, Session, TransportUnavailable
from landingpages import registrations
from profiles import disputing, erased, subscriptions
from profiles.channels import OPT_OUT_FIELDS, Channel
from profiles.models import Notice, NoticeKind, NoticeStatus, PendingChange, Profile
from quarantine import counting, qualification
from quarantine.models import QuarantinedAddress

CHANNEL = Channel.EMAIL  # the only one that carries notices so far
ADDRESSES = 50  # of one round
DAY = timedelta(days=1)

CONFIRMATIONS = {NoticeKind.CONFIRM_CHANGE, NoticeKind.CONFIRM_ADDRESS, NoticeKind.CONFIRM_SUBSCRIPTION}
# Whether somebody is subscribed -> the notice that says so.
OF_A_SUBSCRIPTION = {True: NoticeKind.SUBSCRIBED, False: NoticeKind.UNSUBSCRIBED}
TO_THE_STORED_ADDRESS = {
    NoticeKind.CONFIRM_CHANGE,
    NoticeKind.CONFIRM_SUBSCRIPTION,
    NoticeKind.FRESH_LINK,
    NoticeKind.PAGE_MESSAGE,
    *OF_A_SUBSCRIPTION.values(),
}
# No visitor can cause it at will, and whoever lost an address to somebody else has to learn of it.
WORTH_WAITING = {NoticeKind.ADDRESS_CHANGED}

SUPERSEDED = noop("A later one replaces it.")
TOO_MANY = noop("Too many to this address.")
TOO_LATE = noop("It could not be sent within a day.")
QUARANTINED = noop("The address is quarantined or on the blocklist.")
ERASED = noop("The address was erased earlier and has to stay silent.")
ADDRESS_CHANGED = noop("It is not the address of this profile any more.")
NOT_TRUE_ANY_MORE = noop("It is not true any more.")
DONE_ALREADY = noop("There is nothing left to confirm.")
FROZEN = noop("A former address disputes the change of address.")
PAGE_CLOSED = noop("The page is not online.")
GONE = noop("The notice does not exist any more.")


@dataclass(frozen=True)
class Claimed:
    """A notice in our hands; `former` is when it was tried before."""

    notice: Notice
    former: datetime | None


def send_due_notices() -> int:
    """Send what is due, at most ADDRESSES addresses; how many notices were tried or withheld.

    TransportUnavailable when the server is away: the rest stays due.
    """
    due = _due(timezone.now()).order_by("due_at", "pk").values_list("address", flat=True)[:ADDRESSES]
    addresses = list(dict.fromkeys(due))
    if not addresses:
        return 0
    with transports.open_session(CHANNEL) as session:
        for address in addresses:
            if claimed := _claim(address, timezone.now()):
                _send(claimed, session)
    return len(addresses)


def _due(now: datetime) -> QuerySet[Notice]:
    return Notice.objects.filter(status=NoticeStatus.WAITING, channel=CHANNEL, due_at__lte=now)


def _claim(address: str, now: datetime) -> Claimed | None:
    """One due notice to this address that may leave now, due again after the pause; the others are withheld or put off.

    The rows are locked, so two workers cannot both find that the address has had none.
    """
    with transaction.atomic():
        rows = _due(now).filter(address=address).select_for_update(no_key=True, of=("self",))
        waiting = list(rows.select_related("profile", "pending_change", "service").order_by("-pk"))
        now = timezone.now()  # not that of before the lock: whoever held it may have sent one meanwhile
        newest = {(one.kind, one.profile_id, one.page_id, one.service_id): one for one in reversed(waiting)}
        _withhold([one for one in waiting if one not in newest.values()], SUPERSEDED, now)
        for notice in sorted(newest.values(), key=lambda one: one.pk):
            if _may_leave(notice, now):
                claimed = Claimed(notice, notice.tried_at)
                notice.tried_at = now
                Notice.objects.filter(pk=notice.pk).update(tried_at=now, due_at=now + _pause())
                return claimed
    return None


def _may_leave(notice: Notice, now: datetime) -> bool:
    """Whether a locked notice may be tried now; otherwise it is withheld, or due when the limits allow it."""
    is_late = now > notice.created_at + timedelta(hours=settings.NOTICE_VALIDITY_HOURS)
    if reason := _refusal(notice) or (TOO_LATE if is_late else ""):
        _withhold([notice], reason, now)
        return False
    allowed_at = _allowed_at(notice, now)
    if allowed_at <= now:
        return True
    if allowed_at <= now + (DAY if notice.kind in WORTH_WAITING else _pause()):
        Notice.objects.filter(pk=notice.pk).update(due_at=allowed_at)
    else:
        _withhold([notice], TOO_MANY, now)
    return False


def _allowed_at(notice: Notice, now: datetime) -> datetime:
    """When the limits of decision 9 let this notice leave. Every try counts that was not refused: it may have arrived."""
    tries = Notice.objects.filter(channel=CHANNEL, address=notice.address, tried_at__gt=now - DAY)
    arrived = tries.exclude(pk=notice.pk).exclude(status=NoticeStatus.WITHHELD)
    moments = [moment for moment in arrived.order_by("-tried_at").values_list("tried_at", flat=True) if moment]
    per_day = settings.NOTICES_PER_DAY_OPTED_OUT if _is_opted_out(notice) else settings.NOTICES_PER_DAY
    limits = ((1, _pause()), (per_day, DAY))
    return max([now, *(moments[number - 1] + window for number, window in limits if len(moments) >= number)])


def _is_opted_out(notice: Notice) -> bool:
    """Anybody at this address, or the person it is about, asked for no emails."""
    whose = Q(pk=notice.profile_id or 0) | Q(**{CHANNEL.address_field: notice.address})
    silent = Q(**{OPT_OUT_FIELDS["all"]: True}) | Q(**{CHANNEL.opt_out_field: True})
    return Profile.objects.filter(whose).filter(silent).exists()


def _send(claimed: Claimed, session: Session) -> None:
    notice = claimed.notice

    def permission() -> AbstractContextManager[str]:
        return _hold(notice)

    try:
        outcome = session.hand_over(notice_mails.build(notice), permission)
    except TransportUnavailable:
        _held(notice).update(due_at=timezone.now(), tried_at=claimed.former)
        raise
    _record(notice, outcome)


@contextmanager
def _hold(notice: Notice) -> Iterator[str]:
    """Everything that forbids the notice, read again at the last moment."""
    with transaction.atomic():
        is_ours = _held(notice).select_for_update(no_key=True).exists()
        yield _refusal(notice) if is_ours else GONE


def _refusal(notice: Notice) -> str:
    """Why this notice must not be sent, as the database knows it now; "" where nothing forbids it."""
    if QuarantinedAddress.objects.excluding(CHANNEL).filter(address=notice.address).exists():
        return QUARANTINED
    holders = Profile.objects.with_address(CHANNEL, notice.address)
    # Whoever typed an erased address may be anybody; somebody else who has it and may be written to keeps her notices.
    if erased.blocked(CHANNEL, [notice.address]) and not holders.reachable(CHANNEL).exists():
        return ERASED
    if notice.kind in TO_THE_STORED_ADDRESS and not holders.filter(pk=notice.profile_id or 0).exists():
        return ADDRESS_CHANGED
    open_changes = PendingChange.objects.filter(applied_at=None, expires_at__gt=timezone.now())
    if notice.kind in CONFIRMATIONS and not open_changes.filter(pk=notice.pending_change_id or 0).exists():
        return DONE_ALREADY
    if (
        notice.kind == NoticeKind.CONFIRM_REGISTRATION
        and not registrations.waiting().filter(confirmation_id=notice.confirms).exists()
    ):
        return DONE_ALREADY
    if notice.kind in OF_A_SUBSCRIPTION.values() and not _is_true(notice):
        return NOT_TRUE_ANY_MORE
    if notice.kind == NoticeKind.FRESH_LINK and pagelinks.find_open(notice.page_id or 0) is None:
        return PAGE_CLOSED
    if notice.kind == NoticeKind.FRESH_LINK and any(
        disputing.is_frozen(one) for one in holders.filter(pk=notice.profile_id or 0)
    ):
        return FROZEN
    return ""


def _is_true(notice: Notice) -> bool:
    """Whether the person is still subscribed, or still is not."""
    if notice.profile is None or notice.service is None:
        return False
    return notice.kind == OF_A_SUBSCRIPTION[subscriptions.is_subscribed(notice.profile, notice.service)]


def _record(notice: Notice, outcome: Outcome) -> None:
    """Sent, withheld for good, or waiting for its next try. The address's record learns what the server said of it."""
    now = timezone.now()
    text = f"{outcome.code or ''} {outcome.text}".strip()[:200]
    if outcome.result == Result.SENT:
        _held(notice).update(status=NoticeStatus.SENT, ended_at=now, reason="")
        counting.record_success(CHANNEL, notice.address)
        return
    if outcome.code:
        answer = qualification.qualify(outcome.code, "", outcome.text)
        counting.record_failure(CHANNEL, notice.address, answer, text=outcome.text)
    if outcome.result in (Result.REFUSED, Result.WITHHELD):
        _withhold([notice], text, now)
    else:
        _held(notice).update(reason=text)


def _withhold(notices: list[Notice], reason: str, now: datetime) -> None:
    waiting = Notice.objects.filter(pk__in=[one.pk for one in notices], status=NoticeStatus.WAITING)
    waiting.update(status=NoticeStatus.WITHHELD, reason=reason, ended_at=now)


def _held(notice: Notice) -> QuerySet[Notice]:
    """The notice as long as nobody else took it up."""
    return Notice.objects.filter(pk=notice.pk, status=NoticeStatus.WAITING, tried_at=notice.tried_at)


def _pause() -> timedelta:
    """Between two notices to one address, and two tries of one: longer than any hand-over takes."""
    return timedelta(minutes=settings.NOTICE_PAUSE_MINUTES)
