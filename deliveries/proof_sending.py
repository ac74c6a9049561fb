"""Send the proofs that were asked for. What a crash leaves is due again, with the same Message-ID.

A proof touches no flag, no ledger, no tracking and no record of an address. It never goes to an address that is
quarantined, on the blocklist or erased, nor to one whose every holder asked for silence.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from deliveries import transports
from deliveries.content_state import as_person
from deliveries.harmless import HarmlessRenderer
from deliveries.models import ProofMail, ProofStatus
from deliveries.transports import Outcome, Outgoing, Result, Session, TransportUnavailable
from profiles import erased
from profiles.channels import Channel
from profiles.models import Profile
from quarantine.models import QuarantinedAddress

AT_ONCE = 50  # proofs of one round
PAUSE = timedelta(minutes=10)  # between two tries: longer than any hand-over takes
VALIDITY = timedelta(hours=24)

QUARANTINED = noop("The address is quarantined or on the blocklist.")
ERASED = noop("The address was erased earlier and has to stay silent.")
OPTED_OUT = noop("Whoever has this address no longer wants to be contacted.")
GONE = noop("The person does not exist any more.")
TOO_LATE = noop("It could not be sent within a day.")
UNCERTAIN = noop("Nobody knows whether it arrived.")
NOT_OURS = "not ours"


def send_due() -> int:
    """Send what is due, at most AT_ONCE; how many were tried. TransportUnavailable when a server is away: the rest stays due."""
    now = timezone.now()
    due = ProofMail.objects.filter(status=ProofStatus.WAITING, due_at__lte=now).select_related("proof__delivery", "test_profile")
    mails = [mail for mail in due.order_by("due_at", "pk")[:AT_ONCE] if _claim(mail)]
    by_channel: dict[Channel, list[ProofMail]] = {}
    for mail in mails:
        by_channel.setdefault(Channel.of(mail.proof.content["channel"]), []).append(mail)
    for channel, some in by_channel.items():
        with transports.open_session(channel) as session:
            for position, mail in enumerate(some):
                try:
                    _send(mail, channel, session)
                except TransportUnavailable:
                    _give_back(some[position:])
                    raise
    return len(mails)


def _claim(mail: ProofMail) -> bool:
    """Ours until it is due again; two workers cannot both have it."""
    free = ProofMail.objects.filter(pk=mail.pk, status=ProofStatus.WAITING, due_at=mail.due_at)
    mail.tried_at = timezone.now()
    mail.due_at = mail.tried_at + PAUSE
    return bool(free.update(due_at=mail.due_at, tried_at=mail.tried_at))


def _give_back(mails: list[ProofMail]) -> None:
    for mail in mails:
        _held(mail).update(due_at=timezone.now())


def _send(mail: ProofMail, channel: Channel, session: Session) -> None:
    try:
        outgoing = _outgoing(mail)
    except ValueError as error:
        return _end(mail, ProofStatus.FAILED, str(error))
    if outgoing is None:
        return _end(mail, ProofStatus.FAILED, GONE)

    def permission() -> AbstractContextManager[str]:
        return _hold(mail, channel)

    return _record(mail, session.hand_over(outgoing, permission))


def _outgoing(mail: ProofMail) -> Outgoing | None:
    """The message; None where the person is gone, ValueError where it cannot be made for her."""
    if mail.test_profile:
        profile: Profile | None = as_person(mail.test_profile).profile
    else:
        profile = Profile.objects.filter(pk=mail.profile_id or 0).first()
    if profile is None:
        return None
    renderer = HarmlessRenderer(mail.proof.content, prefix=mail.proof.prefix, name=f"proof.{mail.public_id.hex}")
    return renderer.message(profile, mail.address)


@contextmanager
def _hold(mail: ProofMail, channel: Channel) -> Iterator[str]:
    """Everything that forbids the proof, read at the last moment."""
    with transaction.atomic():
        is_ours = _held(mail).select_for_update(no_key=True).exists()
        yield refusal(channel, mail.address) if is_ours else NOT_OURS


def refusal(channel: Channel, address: str) -> str:
    """Why no proof may go to this address; "" where nothing forbids it."""
    if QuarantinedAddress.objects.excluding(channel).filter(address=address).exists():
        return QUARANTINED
    holders = Profile.objects.with_address(channel, address)
    if holders.reachable(channel).exists():
        return ""
    if erased.blocked(channel, [address]):
        return ERASED
    return OPTED_OUT if holders.exists() else ""


def _record(mail: ProofMail, outcome: Outcome) -> None:
    text = f"{outcome.code or ''} {outcome.text}".strip()
    if outcome.result == Result.SENT:
        _end(mail, ProofStatus.SENT, "")
    elif outcome.result == Result.REFUSED:
        _end(mail, ProofStatus.FAILED, text)
    elif outcome.result == Result.WITHHELD:
        _end(mail, ProofStatus.WITHHELD, outcome.text)
    elif timezone.now() > mail.proof.created_at + VALIDITY:
        _end(mail, ProofStatus.FAILED, TOO_LATE)
    elif outcome.result == Result.UNKNOWN and mail.proof.content["channel"] != Channel.EMAIL:
        _end(mail, ProofStatus.FAILED, UNCERTAIN)  # a second SMS would not be recognised as the same
    else:
        _held(mail).update(reason=text[:255])


def _end(mail: ProofMail, status: ProofStatus, reason: str) -> None:
    _held(mail).update(status=status, reason=reason[:255], ended_at=timezone.now())


def _held(mail: ProofMail) -> QuerySet[ProofMail]:
    """The proof as long as nobody else took it up."""
    return ProofMail.objects.filter(pk=mail.pk, status=ProofStatus.WAITING, tried_at=mail.tried_at)
