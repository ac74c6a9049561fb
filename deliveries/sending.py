"""Send what was confirmed: claim a batch, ask for consent at the last moment, hand over, record.

A crash anywhere loses nobody: what is not recorded is pending, and the batch is claimed again when its lease ends.
What was handed over and not yet recorded, at most RECORD_MESSAGES, is handed over again with the same Message-ID.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from deliveries import handover, journal, lifecycle, pacing
from deliveries.journal import Line
from deliveries.models import Batch, BatchQuerySet, Delivery, Level, Message, MessageQuerySet
from deliveries.rendering import Renderer
from deliveries.statuses import BatchStatus, DeliveryStatus, InvalidTransition, LateExclusion, MessageStatus
from deliveries.transports import Outcome, Outgoing, Result, Session, TransportUnavailable
from profiles import aliases
from profiles.channels import Channel
from profiles.models import Profile
from quarantine import counting, qualification

RECORD_SECONDS = 1.0
RECORD_AGAIN_SECONDS = (0.5, 2, 5, 10)  # after a database that did not answer: what is not recorded is sent twice
COUNTED = (MessageStatus.SENT, MessageStatus.FAILED, MessageStatus.EXCLUDED_LATE, MessageStatus.UNCERTAIN)

# Decision 21: an email is repeated with its Message-ID, an SMS costs money and waits for the operator.
REPEATED_WHEN_UNKNOWN = {Channel.EMAIL}


class BatchLeft(Exception):
    """The batch is not ours to send any more: taken by another worker, paused, stopped, or we are asked to end."""


@dataclass
class Ended:
    """A message with its outcome, not yet recorded. Status PENDING: tried in vain, to be tried again."""

    message: Message
    status: MessageStatus
    text: str = ""
    provider_id: str = ""
    at: datetime = field(default_factory=timezone.now)


def claim_batch(worker: str) -> Batch | None:
    """A due batch of a delivery in progress, held by the worker for LEASE_SECONDS; None when there is nothing to do now."""
    now = timezone.now()
    sending = Delivery.objects.filter(pacing.free(now), status=DeliveryStatus.IN_PROGRESS).values_list("preparation", flat=True)
    free = Q(status=BatchStatus.WAITING, due_at__lte=now) | Q(status=BatchStatus.CLAIMED, lease_until__lt=now)
    due = Batch.objects.filter(free, preparation__in=list(sending)).order_by("due_at", "pk")
    for batch in due.select_related("preparation__delivery")[:20]:
        lease = now + timedelta(seconds=settings.LEASE_SECONDS)
        mine = {"status": BatchStatus.CLAIMED, "worker": worker, "lease_until": lease}
        if pacing.take_turn(batch, now) and Batch.objects.filter(free, pk=batch.pk).update(**mine):
            batch.worker = worker
            return batch
    return None


def finish_done() -> None:
    """Finish every delivery in progress of which the last batch is done; several workers may try at once."""
    for delivery in Delivery.objects.filter(status=DeliveryStatus.IN_PROGRESS):
        if not Batch.objects.filter(preparation=delivery.preparation_id).exclude(status=BatchStatus.DONE).exists():
            try:
                lifecycle.finish(delivery)
            except InvalidTransition:
                continue


class BatchSender:
    """Sends one claimed batch through an open session."""

    def __init__(self, batch: Batch, session: Session, *, should_stop: Callable[[], bool] = lambda: False) -> None:
        self.batch = batch
        self.session = session
        self.should_stop = should_stop
        self.delivery = batch.preparation.delivery
        self.channel = Channel.of(self.delivery.channel)
        self.renderer = Renderer(batch.preparation)
        self.reading = handover.Reading(batch)
        self.domains = pacing.Domains(self.channel)
        self.ended: list[Ended] = []
        self.recorded_at = time.monotonic()

    def run(self) -> None:
        """Try every pending message of the batch once, then end the batch or put it off to the next round.

        Those whose domain has had as many as it may get keep the batch in its round until their turn has come.

        TransportUnavailable when the server is away: the rest stays pending. Where the server refuses us for good the
        delivery is paused; its recipients are not harmed (reliability S2).
        """
        try:
            self._send_all()
        except BatchLeft:
            self._give_back()
        except TransportUnavailable as error:
            self._give_back()
            self._report(error)
            raise
        except (OperationalError, InterfaceError):
            self._give_back()  # the database was away, and is back: what was handed over is recorded
            raise

    def _send_all(self) -> None:
        try:
            for message, profile in self._pending():
                if self.should_stop():
                    raise BatchLeft
                if self.domains.take(message.address):
                    self.ended.append(self._try(message, profile))
                if len(self.ended) >= settings.RECORD_MESSAGES or time.monotonic() - self.recorded_at >= RECORD_SECONDS:
                    self._record()
        finally:
            # Whatever cut us off: what the server accepted is recorded, so that it is not sent twice.
            self._record()
        self._close()

    def _rows(self) -> MessageQuerySet:
        return Message.objects.filter(
            preparation=self.batch.preparation_id,
            profile__gte=self.batch.low,
            profile__lte=self.batch.high,
            status=MessageStatus.PENDING,
        )

    def _pending(self) -> list[tuple[Message, Profile | None]]:
        """Those who were not tried in this round yet."""
        messages = list(self._rows().filter(attempts__lte=self.batch.rounds).order_by("profile_id"))
        profiles = aliases.in_bulk([message.profile_id for message in messages])
        return [(message, profiles.get(message.profile_id)) for message in messages]

    def _try(self, message: Message, profile: Profile | None) -> Ended:
        if profile is None:
            return Ended(message, MessageStatus.EXCLUDED_LATE, LateExclusion.PROFILE_GONE.value)
        try:
            outgoing = self.renderer.message(profile, message.address, message.profile_id)
        except ValueError as error:
            # Only this person fails, with a reason that an operator can read.
            return Ended(message, MessageStatus.FAILED, f"{type(error).__name__}: {error}")
        return self._hand_over(message, outgoing)

    def _hand_over(self, message: Message, outgoing: Outgoing) -> Ended:
        outcome = self.session.hand_over(outgoing, self.reading.permission_for(message))
        if outcome.result == Result.SENT:
            return Ended(message, MessageStatus.SENT, provider_id=outcome.provider_id)
        if outcome.result == Result.WITHHELD:
            if outcome.text == handover.NOT_SENDING:
                raise BatchLeft
            return Ended(message, MessageStatus.EXCLUDED_LATE, outcome.text)
        if outcome.result == Result.UNKNOWN and self.channel not in REPEATED_WHEN_UNKNOWN:
            return Ended(message, MessageStatus.UNCERTAIN, outcome.text)
        return self._failed(message, outcome)

    def _failed(self, message: Message, outcome: Outcome) -> Ended:
        """Refused for good, or put off until the validity ends. The address's record learns of it."""
        if outcome.code:
            counting.record_failure(
                self.channel,
                message.address,
                qualification.qualify(outcome.code, "", outcome.text),
                text=outcome.text,
                delivery_id=self.delivery.pk,
                delivery_label=self.delivery.label,
            )
        over = outcome.result == Result.REFUSED or timezone.now() >= self._valid_until()
        text = f"{outcome.code or ''} {outcome.text}".strip()
        return Ended(message, MessageStatus.FAILED if over else MessageStatus.PENDING, text)

    def _record(self) -> None:
        """Write the outcomes down, on a new connection where the database went away meanwhile; BatchLeft as below."""
        for seconds in RECORD_AGAIN_SECONDS:
            try:
                return self._write_down()
            except (OperationalError, InterfaceError):
                connection.close()
                time.sleep(seconds)
        return self._write_down()

    def _write_down(self) -> None:
        """Write the outcomes, count them and renew the lease in one transaction; BatchLeft where the batch is not ours."""
        ended = self.ended
        with transaction.atomic():
            written = {status: self._write([one for one in ended if one.status == status]) for status in COUNTED}
            self._write([one for one in ended if one.status == MessageStatus.PENDING])
            counters = {status.value: F(status.value) + number for status, number in written.items() if number}
            if counters:
                Batch.objects.filter(pk=self.batch.pk).update(**counters)
            lease = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
            is_ours = self._held().update(lease_until=lease)
        self.ended, self.recorded_at = [], time.monotonic()
        counting.record_successes(self.channel, [one.message.address for one in ended if one.status == MessageStatus.SENT])
        if not is_ours:
            raise BatchLeft

    def _write(self, ended: list[Ended]) -> int:
        """One UPDATE per message that is still pending, in one round trip; the number of messages changed."""
        if not ended:
            return 0
        moment = connection.ops.adapt_datetimefield_value
        rows = [
            (
                one.status.value,
                one.text[:255],
                None if one.status == MessageStatus.PENDING else moment(one.at),
                one.provider_id[:100],
                one.message.preparation_id,
                one.message.profile_id,
            )
            for one in ended
        ]
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {Message._meta.db_table} SET status = %s, outcome = %s, ended_at = %s, provider_id = %s,"
                " attempts = attempts + 1 WHERE preparation_id = %s AND profile_id = %s AND status = 'pending'",
                rows,
            )
            return cursor.rowcount

    def _close(self) -> None:
        """Done when every message has its outcome; otherwise the batch waits for its turn, or for the next round."""
        if turn := self.domains.next_turn():
            self._held().update(status=BatchStatus.WAITING, lease_until=None, due_at=turn)
        elif self._rows().exists():
            self._held().update(status=BatchStatus.WAITING, lease_until=None, due_at=self._next_round(), rounds=F("rounds") + 1)
        else:
            self._held().update(status=BatchStatus.DONE, lease_until=None)

    def _report(self, error: TransportUnavailable) -> None:
        if not error.permanent:
            line = Line(noop("The mail server cannot be reached, trying again: %(why)s"), {"why": str(error)}, Level.WARNING)
            last = self.delivery.log.last()
            if last is None or last.shown != str(line):
                journal.write(self.delivery, line)
            return
        try:
            with transaction.atomic():
                lifecycle.move(self.delivery, DeliveryStatus.PAUSED)
                text = noop("Paused: the mail server refuses us. %(why)s")
                journal.write(self.delivery, Line(text, {"why": str(error)}, Level.WARNING))
        except InvalidTransition:
            return

    def _give_back(self) -> None:
        self._held().update(status=BatchStatus.WAITING, lease_until=None)

    def _held(self) -> BatchQuerySet:
        return Batch.objects.filter(pk=self.batch.pk, worker=self.batch.worker, status=BatchStatus.CLAIMED)

    def _next_round(self) -> datetime:
        """Decision 20: five retries at least an hour apart on day one, then one a day."""
        early = self.batch.rounds < settings.RETRIES_PER_DAY_ONE
        return timezone.now() + (timedelta(seconds=settings.RETRY_SECONDS) if early else timedelta(days=1))

    def _valid_until(self) -> datetime:
        return self.delivery.valid_until(self.delivery.confirmed_at or timezone.now())
