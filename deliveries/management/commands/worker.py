"""The worker: prepares and sends whatever it finds in the database. Any number may run, on any number of machines."""

import logging
import signal
import time
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from deliveries import (
    breakdowns,
    confirmations,
    pacing,
    preparation,
    proof_sending,
    purging,
    sending,
    starting,
    stopping,
    transports,
    workers,
)
from deliveries.models import Batch
from deliveries.transports import Session, TransportUnavailable
from landingpages import centre, media, publishing, reconciling, registrations, scheduling
from profiles import freezing, importjobs, pending, saved_audiences, sealing, subscriptions
from profiles.channels import Channel
from profiles.models import Freezing
from quarantine import counting

logger = logging.getLogger("heed.worker")
IDLE_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 300.0
PUBLISHING_SECONDS = 5.0  # between two looks for landing pages whose moment has come
STOPPED_SECONDS = 10.0  # between two looks for stopped deliveries
SCHEDULE_SECONDS = 1.0  # between two looks for deliveries whose date has come


class Command(BaseCommand):
    """Runs until SIGTERM or SIGINT, which end it after the message in hand; with --until-idle until nothing is due."""

    help = "Prepare and send deliveries."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--until-idle", action="store_true", help="end when nothing is left to do now")

    def handle(self, *args: Any, until_idle: bool, **options: Any) -> None:
        self.stopping = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self.worker = workers.Worker()
        self.sessions: dict[Channel, Session] = {}
        self.cleaned_at = timezone.now() - timedelta(days=1)
        self.closed_at = self.expired_at = timezone.now() - timedelta(minutes=1)
        self.published_at = 0.0
        self.backoff, self.resume_at, self.stopped_at, self.started_at = 1.0, 0.0, 0.0, 0.0
        self.importing: Generator[None, None, None] | None = None
        self.freezing: Freezing | None = None
        self.purging: Iterator[bool] = iter(())
        sealer = None if until_idle else sealing.start_in_background()
        try:
            self.loop(until_idle=until_idle)
            if until_idle:
                sealing.Sealer().seal_everything()
        finally:
            if sealer:
                sealer.stop()
            self.close_sessions()
            self.put_down_lists()
            self.worker.close()

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def loop(self, *, until_idle: bool) -> None:
        while not self.stopping:
            try:
                busy = self.tick()
            except Exception:
                # A database that restarts, a bug in one delivery: neither may end the worker.
                logger.exception("the worker goes on after an error")
                self.close_sessions()
                self.put_down_lists()
                close_old_connections()
                busy = False
            if not busy:
                if until_idle and not self.stopping:
                    return
                self.close_sessions()
                time.sleep(IDLE_SECONDS)

    def tick(self) -> bool:
        """One piece of work; False when there was none."""
        if dead := workers.release_dead():
            importjobs.release(dead)
            freezing.release(dead)
        self.clean_up_daily()
        self.publish_pages()
        self.close_pages()
        self.expire_subscriptions()
        # First what somebody waits for in front of a screen.
        worked = reconciling.process_received() > 0
        worked |= self.unless_away(self.send_notices)
        worked |= self.unless_away(self.send_proofs)
        worked |= self.import_batch()
        worked |= self.freeze_range()
        worked |= self.follow_schedules()
        started = preparation.claim(self.worker.name)
        if started:
            preparation.run(started)
            return True
        worked |= stopping.close_expired() > 0  # before the next batch: what is over is not sent any more
        worked |= self.unless_away(self.send_batch)
        sending.finish_done()
        worked |= self.close_stopped()
        worked |= breakdowns.count_due()  # last: what somebody waits for comes first
        worked |= next(self.purging, False)  # a range at a time, which keeps nobody waiting
        return worked

    def unless_away(self, send: Callable[[], bool]) -> bool:
        """Send, unless the transport was away a moment ago; False when there was nothing to do."""
        if time.monotonic() < self.resume_at:
            return False
        try:
            worked = send()
        except TransportUnavailable as error:
            logger.warning("the transport is not available, next try in %.0f s: %s", self.backoff, error)
            self.resume_at = time.monotonic() + self.backoff
            self.backoff = min(2 * self.backoff, LONGEST_BACKOFF_SECONDS)
            return True
        if worked:
            self.backoff = 1.0
        return worked

    def follow_schedules(self) -> bool:
        """Deliveries that are to be prepared, or to start, by themselves; False where there was none."""
        if time.monotonic() < self.started_at:
            return False
        self.started_at = time.monotonic() + SCHEDULE_SECONDS
        return starting.prepare_due() + starting.start_due() > 0

    def close_stopped(self) -> bool:
        """Whoever waits in a stopped delivery is told as left out; False where nobody does."""
        if time.monotonic() < self.stopped_at:
            return False
        if stopping.close_stopped():
            return True
        self.stopped_at = time.monotonic() + STOPPED_SECONDS
        return False

    def send_notices(self) -> bool:
        return confirmations.send_due_notices() > 0

    def send_proofs(self) -> bool:
        return proof_sending.send_due() > 0

    def send_batch(self) -> bool:
        batch = sending.claim_batch(self.worker.name)
        if batch is None:
            return False
        sending.BatchSender(batch, self.session_for(batch), should_stop=lambda: self.stopping).run()
        return True

    def import_batch(self) -> bool:
        """One piece of the import in hand, so that a long file keeps nobody's mail waiting."""
        if self.importing is None:
            job = importjobs.claim(self.worker.name)
            if job is None:
                return False
            self.importing = importjobs.run(job)
        try:
            next(self.importing)
        except StopIteration:
            self.importing = None
        return True

    def put_down_lists(self) -> None:
        """What is not imported yet, or not frozen yet, is anybody's, this worker's too."""
        if self.importing is not None:
            self.importing.close()
            self.importing = None
            importjobs.release([self.worker.name])
        freezing.release([self.worker.name])
        self.freezing = None

    def freeze_range(self) -> bool:
        """One range of the list in the making."""
        self.freezing = self.freezing or freezing.claim(self.worker.name)
        if self.freezing is None:
            return False
        held, self.freezing = self.freezing, None
        if freezing.go_on(held):
            self.freezing = held
        return True

    def session_for(self, batch: Batch) -> Session:
        channel = Channel.of(batch.preparation.delivery.channel)
        if channel not in self.sessions:
            self.sessions[channel] = transports.open_session(channel).__enter__()
        return self.sessions[channel]

    def close_sessions(self) -> None:
        """An idle connection is given back: servers drop those that wait."""
        for session in self.sessions.values():
            session.__exit__(None, None, None)
        self.sessions.clear()

    def clean_up_daily(self) -> None:
        if timezone.now() - self.cleaned_at >= timedelta(days=1):
            self.cleaned_at = timezone.now()  # first: what cannot be cleaned up today must not hold up everybody's mail
            self.purging = purging.purge()
            counting.clean_up(timezone.now())
            pending.clean_up()
            registrations.clean_up()
            media.forget_unused()
            pacing.clean_up()
            importjobs.clean_up()
            saved_audiences.delete_expired(timezone.localdate())

    def publish_pages(self) -> None:
        """Pages whose moment has come. One that fails says so on its own screen."""
        if time.monotonic() >= self.published_at:
            self.published_at = time.monotonic() + PUBLISHING_SECONDS
            scheduling.publish_due()

    def close_pages(self) -> None:
        """Pages that expired; visitors are refused from that very moment, this is for the list of the operators.

        The preference centre follows the services by itself at once; here it is made, and follows what was changed past them.
        """
        if timezone.now() - self.closed_at >= timedelta(minutes=1):
            publishing.close_expired()
            centre.refresh()
            self.closed_at = timezone.now()

    def expire_subscriptions(self) -> None:
        """Those whose time is over; audiences leave them out from that very moment, this is for the history."""
        if timezone.now() - self.expired_at >= timedelta(minutes=1) and subscriptions.expire() < subscriptions.CHUNK:
            self.expired_at = timezone.now()
