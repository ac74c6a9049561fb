import pytest
from django.utils import translation

from profiles import paging
from profiles.models import Profile
from profiles.paging import Paginator
from tests.factories import ProfileFactory


@pytest.mark.parametrize(
    ("rows", "counted", "pages"),
    [
        (0, "0", 1),
        (9_999, "9,999", 200),
        (10_000, "10,000", 200),
        (10_001, "more than 10,000", 200),
        (50_000, "more than 10,000", 200),
    ],
)
def test_paginator_counts_up_to_its_limit(rows, counted, pages):
    paginator = Paginator(range(rows), 50)

    assert (paginator.counted, paginator.num_pages, paginator.is_complete) == (counted, pages, rows <= 10_000)


def test_number_is_written_as_the_language_does():
    with translation.override("fr"):
        assert Paginator(range(9_999), 50).counted == "9\xa0999"


@pytest.mark.django_db
def test_database_stops_counting_after_the_limit(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(paging, "LIMIT", 2)
    ProfileFactory.create_batch(4)

    with django_assert_num_queries(1) as captured:
        counted = Paginator(Profile.objects.order_by("last_name"), 50).counted

    assert counted == "more than 2"
    assert "LIMIT 3" in captured[0]["sql"]
    assert "ORDER BY" not in captured[0]["sql"]
