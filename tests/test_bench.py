"""Each bench runs to its end and finds nothing wrong, whatever this machine's speed; its figures are not asserted."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.own_database

POSTGRES = pytest.param(
    "postgres",
    marks=pytest.mark.skipif(not os.environ.get("TEST_POSTGRES_URL"), reason="set TEST_POSTGRES_URL to a server to run this"),
)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_main_job_reaches_exactly_whom_it_should(database):
    command = [
        sys.executable,
        "bench/main_job.py",
        "--profiles",
        "1500",
        "--rounds",
        "1",
        "--workers",
        "2",
        "--database",
        database,
    ]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    ended = subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=300)

    *_table, usual, prepared, server, recorded, demand = ended.stdout.splitlines()
    assert [line.split()[0] for line in (usual, prepared, server, recorded)] == ["correct"] * 4, ended.stdout + ended.stderr
    assert re.fullmatch(r"(ok|SHORT) preparation-vs-usual-django [\d.]+ \(demand >= 10\)", demand)
    assert ended.returncode == demand.startswith("SHORT")


def run(script, *arguments):
    """The ended process of a bench on databases of its own."""
    command = [sys.executable, f"bench/{script}.py", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_import_stores_exactly_what_the_file_says(database):
    ended = run("import", "--rows", "6000", "--rounds", "1", "--database", database)

    *_table, counts, people, ledger, again, speed, memory, answer = ended.stdout.splitlines()
    assert [line.split()[0] for line in (counts, people, ledger, again)] == ["correct"] * 4, ended.stdout + ended.stderr
    assert re.fullmatch(r"(ok|SHORT) import-vs-limit [\d.]+ \(demand >= 0.6\)", speed)
    assert re.fullmatch(r"ok import-peak-megabytes \d+ \(demand <= 250\)", memory)
    assert re.fullmatch(r"(ok|SHORT) opt-out-meanwhile-seconds [\d.]+ \(demand <= 1\)", answer)
    assert ended.returncode == any(line.startswith("SHORT") for line in (speed, answer))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_ledger_check_finds_all_that_was_done_to_the_ledger(database):
    ended = run("ledger_check", "--events", "60000", "--rounds", "1", "--database", database)

    *_table, sealed, untouched, found, speed, memory = ended.stdout.splitlines()
    assert [line.split()[0] for line in (sealed, untouched, found)] == ["correct"] * 3, ended.stdout + ended.stderr
    assert re.fullmatch(r"(ok|SHORT) ledger-check-vs-reading [\d.]+ \(demand >= 0.5\)", speed)
    assert re.fullmatch(r"ok ledger-check-megabytes [\d.]+ \(demand <= 150\)", memory)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_profile_list_shows_the_newest_who_belong_on_each_page(database):
    ended = run("profile_list", "--profiles", "10000", "--rounds", "1", "--database", database)

    demands = [line for line in ended.stdout.splitlines() if line.startswith(("ok ", "SHORT ", "WRONG "))]
    assert [re.match(r"(ok|SHORT) profile-list \S+ [\d.]+ ms \(demand <= 100\)$", line) is not None for line in demands] == [
        True
    ] * 26, ended.stdout + ended.stderr
    assert ended.returncode == any(line.startswith("SHORT") for line in demands)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_audience_count_finds_what_plain_python_finds(database):
    ended = run("audience_count", "--profiles", "2000", "--rounds", "1", "--database", database)

    *_table, correct = ended.stdout.splitlines()[:-10]
    assert correct.split()[0] == "correct", ended.stdout + ended.stderr
    for line in ended.stdout.splitlines()[-10:]:
        assert re.fullmatch(r"(ok|SHORT) (count|breakdown)-[a-z-]+ [\d.]+ \(demand <= 1.3\)", line)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_preparation_gives_everybody_the_reason_that_plain_python_gives(database):
    ended = run("preparation", "--profiles", "5000", "--rounds", "1", "--database", database)

    demands = [line for line in ended.stdout.splitlines() if line.startswith(("ok ", "SHORT "))]
    correct = next(line for line in ended.stdout.splitlines() if line.startswith(("correct", "WRONG")))
    assert correct.split()[0] == "correct", ended.stdout + ended.stderr
    assert len(demands) == {"sqlite": 3, "postgres": 4}[database]
    assert re.fullmatch(r"ok preparation-megabytes [\d.]+ \(demand <= 150\)", demands[-1])
    assert ended.returncode == any(line.startswith("SHORT") for line in demands)
