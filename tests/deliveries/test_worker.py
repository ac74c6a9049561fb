"""Real worker processes: what a kill -9 may cost, and that nothing else does (reliability.md section 4)."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from deliveries import lifecycle, preparation, workers
from deliveries.models import Batch, Message, Preparation
from profiles import consent, importjobs
from profiles.models import ConsentEvent, ImportJob, Profile, Seal, Source

ROOT = django_settings.ROOT


def wait_until(condition, *, seconds=240):
    """Whether the condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def database_url(transactional_db):
    """The test database's address, for other processes."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    return f"postgres://{values['USER']}:{values['PASSWORD']}@{values['HOST']}:{values['PORT']}/{values['NAME']}"


@pytest.fixture
def start_worker(database_url, smtp, settings, tmp_path):
    """Start `manage.py worker` as a process of its own."""
    running = []
    settings.VAR = tmp_path / "var"

    def start(*, preparation_range=500_000):
        environment = os.environ | {
            "DATABASE_URL": database_url,
            "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_URL['EMAIL_PORT']}",
            "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
            "WORKER_VAR": str(settings.VAR),
            "WORKER_PREPARATION_RANGE": str(preparation_range),
        }
        command = [sys.executable, "manage.py", "worker"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture
def confirmed(make_delivery, prepare, confirm, start_worker):
    """A confirmed delivery to so many people."""

    def make(number):
        Profile.objects.bulk_create([Profile(email=f"person{n}@example.org", first_name=f"P{n}") for n in range(number)])
        delivery = make_delivery()
        prepare(delivery)
        confirm(delivery)
        return delivery

    return make


def is_finished(delivery):
    delivery.refresh_from_db()
    return delivery.status == "finished"


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_kills_lose_nobody_and_repeat_only_what_was_not_recorded(confirmed, start_worker, smtp, settings):
    moments = random.Random(2369)
    delivery, kills = confirmed(5000), 4
    for _kill in range(kills):
        process, goal = start_worker(), len(smtp.accepted) + moments.randrange(50, 1100)
        assert wait_until(lambda goal=goal: len(smtp.accepted) >= goal)
        time.sleep(moments.random() / 20)
        kill(process)
    assert len(smtp.accepted) < 5000, "the worker was too fast to be killed in the middle"

    last = start_worker()
    assert wait_until(lambda: is_finished(delivery))
    last.terminate()
    last.wait(10)

    times = Counter(one.to for one in smtp.accepted)
    identifiers = {(one.to, one.data.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]) for one in smtp.accepted}
    assert set(times) == {f"person{n}@example.org" for n in range(5000)}
    assert len(smtp.accepted) - 5000 <= kills * settings.RECORD_MESSAGES
    assert len(identifiers) == 5000
    progress = {
        name: value for name, value in Batch.objects.filter(preparation=delivery.preparation_id).progress().items() if value
    }
    assert (progress["sent"], progress["total"], progress.get("failed", 0)) == (5000, 5000, 0)
    assert Message.objects.filter(status="sent").count() == 5000
    assert not Batch.objects.exclude(status="done").exists()


@pytest.mark.slow
def test_a_preparation_whose_worker_was_killed_is_completed_by_the_next(make_delivery, start_worker):
    Profile.objects.bulk_create([Profile(email=f"person{n % 1500}@example.org") for n in range(2000)])
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    for _kill in range(2):
        begun = Preparation.objects.get().next_id
        process = start_worker(preparation_range=40)
        assert wait_until(lambda begun=begun: Preparation.objects.get().next_id > begun + 240)
        kill(process)
        assert Preparation.objects.get().status == "running"

    start_worker(preparation_range=40)
    assert wait_until(lambda: Preparation.objects.get().status == "ready")

    delivery.refresh_from_db()
    prepared = delivery.preparation
    assert (delivery.status, prepared.targeted, prepared.to_deliver, prepared.excluded) == ("ready", 2000, 1500, 500)
    assert list(Message.objects.order_by("profile_id").values_list("profile_id", flat=True)) == list(
        Profile.objects.order_by("pk").values_list("pk", flat=True)
    )


@pytest.mark.slow
def test_two_workers_send_as_one(confirmed, start_worker, smtp, settings):
    settings.BATCH_MESSAGES = 20
    start_worker()
    start_worker()
    assert wait_until(lambda: len(list(workers.directory().glob("[!.]*"))) == 2)

    delivery = confirmed(500)
    assert wait_until(lambda: is_finished(delivery))

    assert Counter(Counter(one.to for one in smtp.accepted).values()) == {1: 500}
    assert len(set(Batch.objects.values_list("worker", flat=True))) == 2
    assert Message.objects.filter(status="sent", attempts=1).count() == 500


@pytest.mark.slow
def test_sigterm_ends_a_worker_after_the_message_in_hand(confirmed, start_worker, smtp, settings):
    confirmed(1000)
    process = start_worker()
    assert wait_until(lambda: len(smtp.accepted) >= 120)

    process.terminate()
    began = time.monotonic()
    code = process.wait(10)

    assert (code, time.monotonic() - began < 5) == (0, True)
    assert 120 <= len(smtp.accepted) < 1000
    assert Message.objects.filter(status="sent").count() == len(smtp.accepted)
    assert not Batch.objects.filter(status="claimed").exists()
    assert list(workers.directory().iterdir()) == []
    assert process.stderr.read() == b""


@pytest.mark.slow
def test_a_pause_reaches_a_running_worker_and_resume_goes_on(confirmed, start_worker, smtp, operator):
    delivery = confirmed(800)
    start_worker()
    assert wait_until(lambda: len(smtp.accepted) >= 100)

    lifecycle.pause(delivery, by=operator)
    time.sleep(0.5)
    paused_at = len(smtp.accepted)
    time.sleep(1)

    assert len(smtp.accepted) == paused_at < 800
    lifecycle.resume(delivery, by=operator)
    assert wait_until(lambda: is_finished(delivery))
    assert Counter(Counter(one.to for one in smtp.accepted).values()) == {1: 800}


@pytest.fixture
def var(settings, tmp_path):
    settings.VAR = tmp_path / "var"
    return settings.VAR


def die(worker):
    """What a kill leaves: the lock is gone, the file is not."""
    worker._file.close()


@pytest.mark.django_db
def test_what_a_dead_worker_held_is_free_and_nothing_of_a_living_one(make_delivery, prepare, var):
    held = {"status": "claimed", "lease_until": timezone.now() + timezone.timedelta(hours=1)}
    dead, living = workers.Worker(), workers.Worker()
    names = [dead.name, living.name, "elsewhere-1-abc"]
    for place, name in enumerate(names):
        Profile.objects.create(email=f"person{place}@example.org")
        prepare(make_delivery())
        Batch.objects.filter(worker="").update(worker=name, **held)
        preparation.start(make_delivery(), by="Ana")
        preparation.claim(name)
    die(dead)

    released = workers.release_dead()

    assert released == [dead.name]
    assert list(Batch.objects.order_by("pk").values_list("worker", "status")) == [
        (dead.name, "waiting"),
        (living.name, "claimed"),
        ("elsewhere-1-abc", "claimed"),
    ]
    running = Preparation.objects.filter(status="running").order_by("pk")
    assert [(one.worker, one.lease_until is None) for one in running] == [
        (dead.name, True),
        (living.name, False),
        ("elsewhere-1-abc", False),
    ]
    assert [path.name for path in workers.directory().iterdir()] == [living.name]
    living.close()


@pytest.mark.django_db
def test_a_worker_that_another_one_just_released_is_no_error(var):
    die(workers.Worker())
    (workers.directory() / "gone").symlink_to("nowhere")

    assert len(workers.release_dead()) == 1
    assert workers.release_dead() == []


@pytest.mark.django_db
def test_a_batch_that_was_done_stays_done_when_its_worker_dies(make_delivery, prepare, var):
    worker = workers.Worker()
    Profile.objects.create(email="marie@example.org")
    prepare(make_delivery())
    Batch.objects.update(worker=worker.name, status="done")
    die(worker)

    workers.release_dead()

    assert Batch.objects.get().status == "done"


@pytest.mark.django_db
def test_until_idle_does_all_there_is_and_ends(make_delivery, prepare, confirm, smtp, var):
    consent.opt_out(Profile.objects.create(email="marie@example.org"), "sms", source=Source.OPERATOR)
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    other = make_delivery()
    preparation.start(other, by="Ana")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    call_command("worker", "--until-idle")

    for number, handler in handlers.items():
        signal.signal(number, handler)
    other.refresh_from_db()
    assert (is_finished(delivery), other.status, smtp.recipients) == (True, "ready", ["marie@example.org"])
    assert Seal.objects.count() == 1
    assert list(workers.directory().iterdir()) == []


def test_an_import_is_done_by_whoever_works_and_survives_a_kill(start_worker, operator, settings):
    settings.FILES = settings.VAR / "files"
    lines = ["email,blackListEmail", *(f"p{number}@example.org,{'yes' if number % 2 else ''}" for number in range(12_000))]
    job = importjobs.upload(SimpleUploadedFile("people.csv", "\n".join([*lines, "nobody,"]).encode()), by=operator)
    importjobs.check(job, job.fields)
    worker = start_worker()
    assert wait_until(lambda: ImportJob.objects.get().status == "checked")

    importjobs.start(job, by=operator)
    assert wait_until(lambda: ImportJob.objects.get().created)
    kill(worker)
    start_worker()
    assert wait_until(lambda: ImportJob.objects.get().status == "finished")

    done = ImportJob.objects.get()
    assert done.expected == {name: getattr(done, name) for name in importjobs.COUNTS}
    assert (done.created, done.rejected, done.tightened) == (12_000, 1, 6_000)
    assert Profile.objects.count() == 12_000
    assert Profile.objects.filter(opted_out_email=True).count() == ConsentEvent.objects.count() == 6_000


def test_what_cannot_be_cleaned_up_holds_up_nobodys_mail(confirmed, start_worker, smtp, operator, settings):
    settings.FILES = settings.VAR / "files"
    job = importjobs.upload(SimpleUploadedFile("people.csv", b"email\n"), by=operator)
    importjobs.table(job).unlink()
    importjobs.table(job).mkdir()  # nothing that unlink() takes away
    ImportJob.objects.update(created_at=timezone.now() - timedelta(days=100))
    confirmed(1)

    start_worker()

    assert wait_until(lambda: smtp.recipients == ["person0@example.org"], seconds=30)
