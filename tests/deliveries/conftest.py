"""A delivery, and the short way through preparation and sending without a worker process."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deliveries import breakdowns, lifecycle, preparation, sending, transports
from deliveries.models import Delivery
from deliveries.transports import TransportUnavailable, memory
from profiles import audiences, merging
from profiles.channels import Channel
from profiles.models import Profile
from tests.smtp import Server, Sink

HTML = '<p>Hello {{ profile.first_name | default: "you" }}</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'


@pytest.fixture
def make_delivery(db):
    def make(**fields):
        values = {"label": "Spring news", "subject": "News of spring", "html": HTML, "audience": audiences.EVERYBODY}
        return Delivery.objects.create(**values | fields)

    return make


@pytest.fixture
def prepare():
    """Prepare as a worker would; the delivery comes back with its new preparation."""

    def run(delivery, by="Ana Lopes"):
        preparation.start(delivery, by=by)
        preparation.run(preparation.claim("test"))
        breakdowns.count_due()
        delivery.refresh_from_db()
        return delivery.preparation

    return run


@pytest.fixture
def send_all():
    """Send every due batch as a worker would."""

    def run():
        while batch := sending.claim_batch("test"):
            with transports.open_session(Channel.of(batch.preparation.delivery.channel)) as session:
                try:
                    sending.BatchSender(batch, session).run()
                except TransportUnavailable:
                    break
        sending.finish_done()

    return run


@pytest.fixture
def confirm(operator):
    def run(delivery):
        lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=operator)

    return run


@pytest.fixture
def time_passes(monkeypatch):
    """From then on it is so much later."""
    real, past = timezone.now, [timedelta()]
    monkeypatch.setattr(timezone, "now", lambda: real() + past[0])

    def pass_by(**duration):
        past[0] += timedelta(**duration)

    return pass_by


@pytest.fixture
def outbox():
    memory.outbox.clear()
    return memory.outbox


@pytest.fixture
def smtp(settings):
    """A real SMTP server that the email transport talks to."""
    server = Server(Sink())
    server.start()
    settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": server.bound_port}
    yield server.sink
    server.sink.hold_rcpt.set()
    server.stop()


@pytest.fixture
def merge(operator):
    def run(winner, loser, *from_loser):
        winner, loser = (Profile.objects.get(pk=profile.pk) for profile in (winner, loser))
        revisions = (winner.revision, loser.revision)
        return merging.merge(winner, loser, from_loser=set(from_loser), revisions=revisions, by=operator)

    return run
