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
def test_audience_count_finds_what_plain_python_finds(database):
    command = [sys.executable, "bench/audience_count.py", "--profiles", "2000", "--rounds", "1", "--database", database]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    ended = subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, timeout=300)

    *_table, correct = ended.stdout.splitlines()[:-10]
    assert correct.split()[0] == "correct", ended.stdout + ended.stderr
    for line in ended.stdout.splitlines()[-10:]:
        assert re.fullmatch(r"(ok|SHORT) (count|breakdown)-[a-z-]+ [\d.]+ \(demand <= 1.3\)", line)
