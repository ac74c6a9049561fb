"""What the image is made of, and what compose hands to it. No Docker is needed: the files are read as Docker reads them."""

import json
import re
import subprocess
import sys

import pytest
from django.conf import settings

from config.settings import env

pytestmark = pytest.mark.own_database

ROOT = settings.ROOT
NOT_IN_THE_IMAGE = {"tests", "bench", "docs", "var", "staticfiles"}


def instructions():
    """The Dockerfile's instructions in order, lines joined as Docker joins them."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", "")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def stage(number):
    """The instructions of a stage, FROM first."""
    starts = [index for index, (name, _rest) in enumerate(instructions()) if name == "FROM"]
    ends = [*starts[1:], None]
    return instructions()[starts[number] : ends[number]]


def copied():
    """What COPY takes from the build context."""
    taken = [rest.split()[:-1] for name, rest in stage(0) if name == "COPY"]
    return sorted(name for names in taken for name in names)


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("needs a git checkout: the image is made of what is tracked")
    return listed.stdout.splitlines()


def services():
    """Service -> its lines in compose.yaml; the part that all share is under "x-heed"."""
    found = {}
    for block in re.split(r"^(?=\S)", (ROOT / "compose.yaml").read_text(), flags=re.MULTILINE):
        if block.startswith("x-heed:"):
            found["x-heed"] = block
        if block.startswith("services:"):
            found |= dict(re.findall(r"^  (\w+):\n((?:(?:    .*)?\n)+)", block, flags=re.MULTILINE))
    return found


def test_image_holds_every_package_and_folder_that_heed_needs():
    folders = {name.partition("/")[0] for name in tracked() if "/" in name and not name.startswith(".")}

    assert sorted(folders - NOT_IN_THE_IMAGE) == [name for name in copied() if (ROOT / name).is_dir()]


def test_context_is_what_the_image_is_made_of_and_nothing_else():
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    allowed = sorted(line[1:] for line in lines if line.startswith("!"))

    assert (lines[0], [line for line in lines[1:] if not line.startswith("!")]) == ("*", ["**/__pycache__"])
    assert allowed == copied()


def test_image_runs_without_root_and_writes_to_var_only():
    names = [name for name, _rest in stage(1)]
    last = dict(stage(1))

    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last["USER"])
    assert names.index("USER") > max(index for index, name in enumerate(names) if name in ("RUN", "COPY"))
    assert last["VOLUME"] == "/app/var"
    assert "--owner heed" in [rest for name, rest in stage(1) if name == "RUN"][-1]


def test_packages_are_installed_by_their_hashes_and_as_wheels():
    [install] = [rest for name, rest in stage(0) if name == "RUN" and "pip install" in rest]

    assert {"--require-hashes", "--only-binary", "requirements.lock"} <= {part.rpartition("/")[2] for part in install.split()}


def test_values_of_the_build_are_not_in_the_image():
    assert [rest for name, rest in stage(1) if name in ("ENV", "ARG") and re.search("SECRET|KEYS|URL|HOSTS", rest)] == []
    assert [name for name, _rest in stage(0) if name in ("ENV", "ARG")] == []


def test_commands_are_lists_that_docker_understands():
    [command] = [json.loads(rest) for name, rest in stage(1) if name == "CMD"]
    [check] = [json.loads(rest.partition(" CMD ")[2]) for name, rest in stage(1) if name == "HEALTHCHECK"]

    assert command[0] == "gunicorn"
    assert check[:2] == ["python", "-c"]
    compile(check[2], "HEALTHCHECK", "exec")


def test_gunicorn_takes_the_command():
    [command] = [json.loads(rest) for name, rest in stage(1) if name == "CMD"]

    checked = subprocess.run(
        [sys.executable, "-m", *command, "--check-config"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")


def test_compose_has_web_worker_database_and_migrations_first():
    parts = services()

    assert sorted(parts) == ["database", "migrate", "web", "worker", "x-heed"]
    assert "image: postgres:15" in parts["database"]
    waits = {name: re.findall(r"(\w+):\n        condition: (\w+)", text) for name, text in parts.items()}
    assert {name: condition for name, condition in waits.items() if condition} == {
        "migrate": [("database", "service_healthy")],
        "web": [("migrate", "service_completed_successfully")],
        "worker": [("migrate", "service_completed_successfully")],
    }


def test_compose_sets_only_values_that_the_settings_know():
    given = re.search(r"  environment:\n((?:    .*\n)+)", services()["x-heed"])[1]
    names = re.findall(r"^    ([A-Z_]+):", given, flags=re.MULTILINE)

    assert names
    assert [name for name in names if name not in env.scheme] == []


def test_compose_asks_only_for_values_that_the_example_names():
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    named = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)

    assert sorted(asked - set(named)) == []


def test_compose_holds_no_secret():
    assert re.findall(r"(?:PASSWORD|KEYS?): (?!\$\{)\S+", (ROOT / "compose.yaml").read_text()) == []


def packages(name):
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / name).read_text(), flags=re.MULTILINE))


def test_runtime_lock_has_no_package_of_the_tests():
    text = (ROOT / "pyproject.toml").read_text()
    dev = text.partition("[project.optional-dependencies]")[2].partition("[tool")[0]
    only_for_tests = {name.lower() for name in re.findall(r'^    "([A-Za-z0-9-]+)', dev, flags=re.MULTILINE)}

    assert len(only_for_tests) > 5
    assert sorted(only_for_tests & packages("requirements.lock")) == []
    assert sorted(packages("requirements.lock") - packages("requirements-dev.lock")) == []


def test_every_package_of_the_runtime_lock_has_hashes():
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)

    assert [entry.split()[0] for entry in entries if "==" in entry.split("\n")[0] and "--hash=sha256:" not in entry] == []
