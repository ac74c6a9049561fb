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
def test_import_stores_exactly_what_the_file_says(database):
    command = [sys.executable, "bench/import.py", "--rows", "6000", "--rounds", "1", "--database", database]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    ended = subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=300)

    *_table, counts, people, ledger, again, speed, memory, answer = ended.stdout.splitlines()
    assert [line.split()[0] for line in (counts, people, ledger, again)] == ["correct"] * 4, ended.stdout + ended.stderr
    assert re.fullmatch(r"(ok|SHORT) import-vs-limit [\d.]+ \(demand >= 0.6\)", speed)
    assert re.fullmatch(r"ok import-peak-megabytes \d+ \(demand <= 250\)", memory)
    assert re.fullmatch(r"(ok|SHORT) opt-out-meanwhile-seconds [\d.]+ \(demand <= 1\)", answer)
    assert ended.returncode == any(line.startswith("SHORT") for line in (speed, answer))
