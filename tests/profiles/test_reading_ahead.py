"""The process that reads a file; each test starts one."""

import os
import signal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override

from profiles import importing, importjobs
from profiles.csvfiles import ImportRejected
from profiles.models import Profile
from profiles.reading import plan
from profiles.reading_ahead import Ahead, ReaderLost
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db
SIZE = 500  # rows of a piece: with these streets more than a pipe holds, so that the process waits to be read
STREET = "rue des Lilas " * 8


@pytest.fixture
def file(tmp_path):
    return write(tmp_path / "people.csv", 3000)


@pytest.fixture
def started():
    """Ahead of a plan; whatever the test does, no process is left."""
    all_started = []

    def started(*arguments):
        all_started.append(Ahead(*arguments))
        return all_started[-1]

    yield started
    for one in all_started:
        one.close()


def write(path, number, *more):
    lines = [b"email;rue;naissance;blackListEmail"]
    lines += [
        f"p{index}@example.org;{index} {STREET};1984-02-29;{'yes' if index % 2 else ''}".encode() for index in range(number)
    ]
    path.write_bytes(b"\n".join([*lines, *more, b""]))
    return path


def test_another_process_reads_the_same_pieces(tmp_path, started):
    planned = plan(write(tmp_path / "people.csv", 600, b"nobody;;1984-02-30;", b";;;"))
    expected = list(planned.pieces(7, 250))

    assert [len(rows) for rows, _rejects in expected] == [250, 250, 93]
    assert len(expected[-1][1]) == 1
    assert list(started(planned, 7, 250)) == expected


def test_a_fault_of_the_file_is_raised_in_its_turn_and_in_the_language_of_who_asked(tmp_path, started):
    planned = plan(write(tmp_path / "people.csv", 600, b"\xff;;;"))
    with override("fr"):
        ahead = started(planned, 0, 500)

    rows, rejects = next(ahead)
    assert (len(rows), rejects) == (500, [])
    with pytest.raises(ImportRejected, match="La ligne 602"):
        next(ahead)


def test_a_process_that_is_killed_is_not_taken_for_the_end_of_the_file(file, started):
    ahead = started(plan(file), 0, SIZE)
    next(ahead)
    ahead.process.kill()

    with pytest.raises(ReaderLost, match=r"ended before the file did \(-9\)"):
        list(ahead)


def test_signals_that_are_meant_for_the_parent_do_not_end_the_reading(file, started):
    ahead = started(plan(file), 0, SIZE)
    read = len(next(ahead)[0])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(ahead.process.pid, number)

    assert read + sum(len(rows) for rows, _rejects in ahead) == 3000


def test_the_process_ends_when_nobody_reads_it_any_more(file, started):
    ahead = started(plan(file), 0, SIZE)
    next(ahead)
    ahead.pipe.close()  # as the kernel does for a parent that is killed

    assert ahead.process.wait(timeout=60) == 1


def test_an_import_whose_reader_is_killed_fails_and_says_what_is_in(file, operator, settings, tmp_path, monkeypatch):
    settings.FILES = tmp_path / "files"
    monkeypatch.setattr(importing, "BATCH_ROWS", SIZE)
    known = ProfileFactory(email="p1@example.org")
    job = importjobs.upload(opened(file), by=operator)
    importjobs.check(job, job.fields)
    list(importjobs.run(importjobs.claim("w1")))
    job.refresh_from_db()
    importjobs.start(job, by=operator)
    readers = watched(monkeypatch)

    running = importjobs.run(importjobs.claim("w1"))
    next(running)
    readers[0].process.kill()
    list(running)

    job.refresh_from_db()
    assert (job.status, job.total) == ("failed", 3000)
    assert "ended before the file did" in job.why
    assert SIZE <= job.done < 3000
    assert Profile.objects.count() == job.created + 1
    assert Profile.objects.filter(opted_out_email=True).count() == job.tightened
    assert Profile.objects.get(pk=known.pk).opted_out_email
    assert readers[0].process.returncode == -signal.SIGKILL


def test_a_cancelled_import_leaves_no_process_behind(file, operator, settings, tmp_path, monkeypatch):
    settings.FILES = tmp_path / "files"
    monkeypatch.setattr(importing, "BATCH_ROWS", SIZE)
    job = importjobs.upload(opened(file), by=operator)
    importjobs.check(job, job.fields)
    list(importjobs.run(importjobs.claim("w1")))
    job.refresh_from_db()
    importjobs.start(job, by=operator)
    readers = watched(monkeypatch)

    running = importjobs.run(importjobs.claim("w1"))
    next(running)
    importjobs.cancel(job)

    assert list(running) == []
    job.refresh_from_db()
    assert (job.status, job.created, Profile.objects.count()) == ("cancelled", SIZE, SIZE)
    assert readers[0].process.returncode is not None


def opened(file):
    return SimpleUploadedFile(file.name, file.read_bytes())


def watched(monkeypatch):
    """From now on every file is read by a process of its own; the list of them."""
    readers = []

    class Watched(Ahead):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            readers.append(self)

    monkeypatch.setattr(importing, "LEAST_BYTES", 0)
    monkeypatch.setattr(importing, "Ahead", Watched)
    return readers
