import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from config.settings import MISSING, env

pytestmark = pytest.mark.own_database

COMPLETE = {
    "SECRET_KEY": "4hJx9v2Lq8RzTn6bYw3KcDfGsPmA7eUiXoZ5Bt1CyHaVkWdQrE0",
    "ALLOWED_HOSTS": "news.example.org",
    "PUBLIC_URL": "https://news.example.org",
    "LINK_KEYS": "2:" + "b" * 32 + ",1:" + "a" * 32,
    "SUPPRESSION_KEY": "c" * 32,
}
CHECK = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
GUNICORN = [sys.executable, "-m", "gunicorn", "config.wsgi"]
PUBLIC_URL = "PUBLIC_URL must be http:// or https:// and a host, without a path, such as https://news.example.org."
LINK_KEYS = "LINK_KEYS must be entries such as 1:secret, separated by commas: numbers 1 to 255, secrets from 32 characters."
PRIVACY_URL = "PRIVACY_URL must be an address such as https://example.org/privacy."
DATABASE_URL = "DATABASE_URL must be such as postgres://user:password@host/database or sqlite:////path/to/file."


def start(command, **values):
    """Run a command as an installation would that has these values and no others."""
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "PYTHONWARNINGS": "ignore", **values}
    return subprocess.run(
        command, env=environment, cwd=settings.ROOT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("command", [CHECK, [*GUNICORN, "--check-config"], [*GUNICORN, "--bind", "127.0.0.1:0"]])
def test_start_without_values_ends_with_one_sentence_for_each(command):
    started = start(command)
    assert started.stderr.splitlines() == list(MISSING.values())
    assert (started.returncode, started.stdout) == (1, "")


@pytest.mark.parametrize("name", COMPLETE)
def test_start_without_one_value_ends_with_its_sentence(name):
    started = start(CHECK, **(COMPLETE | {name: ""}))
    assert (started.returncode, started.stderr.splitlines()) == (1, [MISSING[name]])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PUBLIC_URL", "news.example.org", PUBLIC_URL),
        ("PUBLIC_URL", "https://news.example.org/heed", PUBLIC_URL),
        ("PUBLIC_URL", "ftp://news.example.org", PUBLIC_URL),
        ("LINK_KEYS", "a" * 32, LINK_KEYS),
        ("LINK_KEYS", "1:short", LINK_KEYS),
        ("LINK_KEYS", "0:" + "a" * 32, LINK_KEYS),
        ("LINK_KEYS", "256:" + "a" * 32, LINK_KEYS),
        ("LINK_KEYS", "1:" + "a" * 32 + ",1:" + "b" * 32, LINK_KEYS),
        ("SUPPRESSION_KEY", "short", "SUPPRESSION_KEY must have 32 or more characters."),
        ("PRIVACY_URL", "example.org/privacy", PRIVACY_URL),
        ("PRIVACY_URL", "javascript:alert(1)", PRIVACY_URL),
        ("PORT", "http", "PORT must be a number, such as 8000."),
        ("DATABASE_URL", "heed.sqlite3", DATABASE_URL),
    ],
)
def test_start_with_a_malformed_value_ends_with_its_sentence(name, value, sentence):
    started = start(CHECK, **(COMPLETE | {name: value}))
    assert (started.returncode, started.stderr.splitlines()) == (1, [sentence])


@pytest.mark.parametrize("command", [CHECK, [*GUNICORN, "--check-config"]])
def test_start_with_every_value_passes(command):
    started = start(command, **COMPLETE)
    assert (started.returncode, started.stderr.replace("System check identified no issues (0 silenced).\n", "")) == (0, "")


def test_development_needs_no_value():
    assert start([sys.executable, "manage.py", "check"], DEBUG="1").returncode == 0


def test_env_example_names_every_value_with_a_comment():
    lines = (settings.ROOT / ".env.example").read_text().splitlines()
    named = [(match[1], lines[number - 1][:2]) for number, line in enumerate(lines) if (match := re.match(r"#?([A-Z_]+)=", line))]
    of_compose = ["POSTGRES_PASSWORD"]
    assert named == [(name, "# ") for name in [*env.scheme, *of_compose]]
