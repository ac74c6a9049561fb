"""A query that takes too long is ended by the database, and the connection goes on."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection

from profiles.models import Profile
from profiles.timelimit import TookTooLong, time_limit

pytestmark = pytest.mark.django_db
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT COUNT(*) FROM n"


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def test_a_long_query_is_ended_and_a_short_one_is_not():
    with time_limit(5):
        assert run("SELECT 1") == (1,)
    with pytest.raises(TookTooLong), time_limit(0.2):
        run(ENDLESS)

    assert Profile.objects.count() == 0


def test_the_limit_ends_with_its_block():
    with time_limit(0.1):
        run("SELECT 1")

    assert run(ENDLESS.replace("1000000000", "300000")) == (300_000,)
    if connection.vendor == "postgresql":
        assert run("SHOW statement_timeout") == ("0",)


@pytest.fixture
def ask():
    """Asks what never ends, as another visitor would; the seconds until it was ended."""

    def question(asker):
        began = time.monotonic()
        try:
            with time_limit(20, asker=asker):
                run(ENDLESS)
        except TookTooLong:
            return time.monotonic() - began
        finally:
            connection.close()

    with ThreadPoolExecutor() as threads:
        yield lambda asker: threads.submit(question, asker)


@pytest.mark.django_db(transaction=True)
def test_the_next_question_of_an_asker_ends_the_one_before_and_nobody_elses(ask):
    first, other = ask("ana"), ask("ben")
    time.sleep(0.5)
    with time_limit(5, asker="ana"):
        assert run("SELECT 1") == (1,)

    assert first.result(timeout=5) < 5
    assert not other.done()
    with time_limit(5, asker="ben"):
        run("SELECT 1")


def test_other_errors_stay_what_they_are():
    with pytest.raises(OperationalError), time_limit(5):
        raise OperationalError("disk I/O error")
