"""Each bench runs to its end and finds nothing wrong, whatever this machine's speed; its figures are not asserted."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

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


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_ledger_check_finds_all_that_was_done_to_the_ledger(database):
    command = [sys.executable, "bench/ledger_check.py", "--events", "60000", "--rounds", "1", "--database", database]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    ended = subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=300)

    *_table, sealed, untouched, found, speed, memory = ended.stdout.splitlines()
    assert [line.split()[0] for line in (sealed, untouched, found)] == ["correct"] * 3, ended.stdout + ended.stderr
    assert re.fullmatch(r"(ok|SHORT) ledger-check-vs-reading [\d.]+ \(demand >= 0.5\)", speed)
    assert re.fullmatch(r"ok ledger-check-megabytes [\d.]+ \(demand <= 150\)", memory)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", POSTGRES])
def test_profile_list_shows_the_newest_who_belong_on_each_page(database):
    command = [sys.executable, "bench/profile_list.py", "--profiles", "10000", "--rounds", "1", "--database", database]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    ended = subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=300)

    demands = [line for line in ended.stdout.splitlines() if line.startswith(("ok ", "SHORT ", "WRONG "))]
    assert [re.match(r"(ok|SHORT) profile-list \S+ [\d.]+ ms \(demand <= 100\)$", line) is not None for line in demands] == [
        True
    ] * 26, ended.stdout + ended.stderr
    assert ended.returncode == any(line.startswith("SHORT") for line in demands)
