from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from profiles.templatetags.moments import moment, spoken

NOON = datetime(2026, 3, 3, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "words"), [(0, "today 12:05"), (1, "yesterday 12:05"), (2, "1 March 2026 12:05"), (-1, "4 March 2026 12:05")]
)
def test_moment_is_said_as_people_say_it(monkeypatch, days, words):
    monkeypatch.setattr(timezone, "now", lambda: NOON)

    assert spoken(NOON - timedelta(days=days)) == words


def test_moment_shows_the_full_one_on_hover():
    assert moment(NOON) == '<time datetime="2026-03-03T12:05:00+00:00" title="3 March 2026 12:05">3 March 2026 12:05</time>'


def test_moment_names_the_month_in_the_readers_language():
    with translation.override("fr"):
        assert "3 mars 2026 12:05" in moment(NOON)


def test_no_moment_is_a_dash():
    assert moment(None) == "–"
