"""Nobody who was erased comes back with a file that was there before."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from profiles import erased_keys, erasure, importing, importjobs, merging
from profiles.models import ErasedKey, ImportJob, Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = "email,mobile,external_id,first_name"
MARIE = {"email": "marie@example.org", "mobile": "+33612345678", "external_id": "A-7"}
BEFORE = ("x1@example.org,,,Xavier", "x2@example.org,,,Xenia")
AFTER = ("jean@example.org,,,Jean",)


@pytest.fixture(autouse=True)
def _one_row_is_a_batch(settings, tmp_path, monkeypatch):
    settings.FILES = tmp_path / "files"
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)


@pytest.fixture
def marie():
    return ProfileFactory(**MARIE)


def erase(profile):
    profile.refresh_from_db()
    erasure.erase(profile, revision=profile.revision, by="Ana")


def checking(operator, *rows, header=HEADER):
    text = "\n".join([header, *rows, ""])
    job = importjobs.upload(SimpleUploadedFile("people.csv", text.encode()), by=operator)
    importjobs.check(job, job.fields)
    return job


def importing_job(operator, *rows, header=HEADER):
    job = checking(operator, *rows, header=header)
    run(job)
    importjobs.start(job, by=operator)
    return job


def run(job):
    for _step in importjobs.run(importjobs.claim("w1")):
        pass
    job.refresh_from_db()


def names():
    return sorted(Profile.objects.values_list("email", flat=True))


HERS = [
    "Marie@Example.org,,,Marie",
    ",0033 6 12 34 56 78,,Marie",
    "new.address@example.org,,A-7,Marie",
]


@pytest.mark.parametrize("row", HERS)
def test_a_running_import_does_not_bring_back_whom_an_erasure_took(operator, marie, row):
    job = importing_job(operator, *BEFORE, row, *AFTER)
    steps = importjobs.run(importjobs.claim("w1"))
    next(steps)

    erase(marie)
    assert importjobs.table(job).exists()
    list(steps)

    job.refresh_from_db()
    assert names() == ["jean@example.org", "x1@example.org", "x2@example.org"]
    assert (job.status, job.created, job.rejected, job.done) == ("finished", 3, 1, 4)
    assert [path.exists() for path in importjobs.paths(job)] == [False, False, False]
    assert job.files_deleted_at is not None


def test_the_page_of_the_import_says_why_its_file_is_gone(backoffice, operator, marie):
    job = importing_job(operator, *BEFORE, HERS[0])
    run(job)
    address = reverse("profiles:import", args=[job.pk])
    told = "they named somebody who was erased"
    assert told not in backoffice.get(address).content.decode()

    erase(marie)

    assert told in backoffice.get(address).content.decode()


def test_a_heed_id_of_hers_or_of_one_merged_into_her_is_left_out(operator, marie):
    loser = ProfileFactory(email="old@example.org")
    rows = [f"new{place}@example.org,{public_id}" for place, public_id in enumerate([marie.public_id, loser.public_id])]
    job = importing_job(operator, *rows, "jean@example.org,", header="email,public_id")
    merging.merge(marie, loser, from_loser=set(), revisions=(marie.revision, loser.revision), by=operator)

    erase(marie)
    run(job)

    assert names() == ["jean@example.org"]


def test_what_is_left_out_is_told_by_its_line_and_nothing_else(operator, marie):
    ready = importing_job(operator, *BEFORE, HERS[0])
    ErasedKey.objects.create(digest=erased_keys.digest("email", MARIE["email"]), erased_at=timezone.now())
    steps = importjobs.run(importjobs.claim("w1"))
    for _batch in range(3):
        next(steps)

    assert importjobs.rejects(ready).read_text(encoding="utf-8-sig").splitlines() == [
        f"line,column,value,why,{HEADER}",
        "4,,,This person was erased after the file was handed over.",
    ]


def test_a_check_in_progress_is_given_up_with_its_file(operator, marie):
    job = checking(operator, *BEFORE, HERS[0], *AFTER)
    steps = importjobs.run(importjobs.claim("w1"))
    next(steps)
    next(steps)

    erase(marie)
    list(steps)

    job.refresh_from_db()
    assert (job.status, job.files_deleted_at is not None) == ("cancelled", True)
    assert list(importjobs.table(job).parent.iterdir()) == []


def test_a_stopped_import_loses_its_file_at_once(operator, marie):
    job = importing_job(operator, *BEFORE, HERS[0])
    steps = importjobs.run(importjobs.claim("w1"))
    next(steps)
    erase(marie)

    importjobs.cancel(job)
    list(steps)

    assert list(importjobs.table(job).parent.iterdir()) == []


def test_a_file_that_is_uploaded_after_the_erasure_is_an_act_of_its_own(operator, marie):
    erase(marie)
    run(importing_job(operator, HERS[0]))

    assert names() == ["marie@example.org"]


def test_a_row_with_an_address_of_two_stays_theirs_who_is_left(operator, marie):
    twin = ProfileFactory(email=MARIE["email"], first_name="Twin")
    job = importing_job(operator, "marie@example.org,,,Changed")

    erase(marie)
    run(job)

    twin.refresh_from_db()
    assert (names(), twin.first_name) == ([MARIE["email"]], "Changed")


def test_an_import_by_command_leaves_her_out_too(marie, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("\n".join([HEADER, *BEFORE, HERS[0], *AFTER]))
    done = []

    def erase_once(rows, total):
        if not done:
            erase(marie)
        done.append(rows)

    result = importing.import_file(path, by="Ana", progress=erase_once)

    assert names() == ["jean@example.org", "x1@example.org", "x2@example.org"]
    assert (result.created, result.rejected) == (3, 1)


@pytest.mark.parametrize(
    ("content", "external_id", "is_hers"),
    [
        ("external_id,email\n12,x@example.org\n", "12", True),
        ('external_id,email\n"12",x@example.org\n', "12", True),
        ("external_id,email\n112,x@example.org\n", "12", False),
        ("external_id,email\nab,x@example.org\n", "AB", False),
        ("size,email\n12,x@example.org\n", "12", False),
        ("12,email\n,x@example.org\n", "12", False),
    ],
)
def test_a_file_is_hers_by_an_external_id_in_a_cell_of_its_own(operator, content, external_id, is_hers):
    job = importjobs.upload(SimpleUploadedFile("people.csv", content.encode()), by=operator)

    erase(ProfileFactory(external_id=external_id, email="marie@example.org"))

    assert importjobs.table(job).exists() is not is_hers


def test_a_file_without_a_header_or_with_her_in_its_name_is_not_told_by_its_row_any_more(operator, marie):
    rows = "marie@example.org,Marie\njean@example.org,Jean\n"
    first = importjobs.upload(SimpleUploadedFile("people.csv", rows.encode()), by=operator)
    second = importjobs.upload(SimpleUploadedFile("marie@example.org.csv", b"email\nx@example.org\n"), by=operator)
    ImportJob.objects.filter(pk=second.pk).update(why="marie@example.org is no number")

    erase(marie)

    assert list(ImportJob.objects.order_by("pk").values_list("file_name", "header", "why")) == [
        (f"#{first.pk}", [], ""),
        (f"#{second.pk}", [], ""),
    ]


def test_files_that_were_left_where_the_process_died_go_with_the_next_clean_up(operator, marie):
    job = importjobs.upload(SimpleUploadedFile("people.csv", b"email\nmarie@example.org\n"), by=operator)
    ImportJob.objects.update(names_erased=True)

    with pytest.raises(importjobs.InvalidTransition):
        importjobs.check(job, job.fields)
    importjobs.clean_up()

    assert not importjobs.table(job).exists()


def test_the_codes_go_when_no_file_needs_them(operator, marie):
    job = importing_job(operator, *BEFORE)
    erase(marie)
    assert ErasedKey.objects.count() == 4
    ErasedKey.objects.update(erased_at=timezone.now() - timedelta(days=3))
    ImportJob.objects.update(created_at=timezone.now() - timedelta(days=4))

    importjobs.clean_up()
    assert ErasedKey.objects.count() == 4
    run(job)
    assert ErasedKey.objects.count() == 0


def test_the_codes_are_kept_a_day_for_imports_by_command(marie):
    erase(marie)

    erased_keys.forget()
    assert ErasedKey.objects.count() == 4
    ErasedKey.objects.update(erased_at=timezone.now() - timedelta(days=1, seconds=1))
    erased_keys.forget()
    assert ErasedKey.objects.count() == 0


def test_what_an_error_says_about_the_file_is_not_kept(operator, marie, monkeypatch):
    job = checking(operator, *BEFORE)

    def broken(*arguments, **named):
        raise ValueError("bad value marie@example.org")

    monkeypatch.setattr(importing, "run", broken)
    with pytest.raises(ValueError, match="marie"):
        run(job)

    job.refresh_from_db()
    assert (job.status, job.why) == ("failed", "An error of the program ended it (ValueError); the log says more.")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite one lock stands for all")
def test_an_erasure_and_a_batch_wait_for_each_other_in_one_order(operator, marie, monkeypatch):
    """Both take their turn first: an erasure that locked the import's row before it would wait for it for ever."""
    job = importing_job(operator, HERS[0])
    order = []
    hold, turn = importjobs._hold, erasure.registering.take_turn
    monkeypatch.setattr(importjobs, "_hold", lambda *arguments, **named: order.append("row") or hold(*arguments, **named))
    monkeypatch.setattr(erasure.registering, "take_turn", lambda: order.append("turn") or turn())

    with transaction.atomic():
        next(importjobs.run(importjobs.claim("w1")))

    assert order[:2] == ["turn", "row"]
    assert job.pk
