"""Preparations that end without a result: what the delivery is then, what its log says."""

import pytest
from django.db import OperationalError
from django.utils.translation import override

from deliveries import preparation
from deliveries.models import Preparation
from deliveries.typology_models import Typology, TypologyRule
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(monkeypatch):
    """Makes whatever looks at the content raise this error."""

    def breaks(error):
        def findings(*arguments, **named):
            raise error

        monkeypatch.setattr(preparation.controls, "findings", findings)

    return breaks


def test_an_error_of_the_program_fails_the_preparation_and_reaches_the_log(make_delivery, broken, caplog):
    ProfileFactory()
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    broken(ZeroDivisionError("marie@example.org"))

    preparation.run(preparation.claim("test"))

    delivery.refresh_from_db()
    failed = Preparation.objects.get()
    assert (delivery.status, failed.status, failed.lease_until, preparation.claim("next")) == ("editing", "failed", None, None)
    line = delivery.log.last()
    assert (line.level, line.shown) == (
        "error",
        "Preparation failed: an unexpected error stopped it (ZeroDivisionError); the log of the worker has the details.",
    )
    assert "ZeroDivisionError: marie@example.org" in caplog.text


def test_after_an_error_of_the_program_the_former_result_is_valid_again(make_delivery, prepare, broken):
    ProfileFactory()
    delivery = make_delivery()
    former = prepare(delivery)
    preparation.start(delivery, by="Ana")
    broken(ZeroDivisionError())

    preparation.run(preparation.claim("test"))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.preparation_id) == ("ready", former.pk)


def test_a_database_that_is_away_fails_nothing_and_the_next_worker_goes_on(make_delivery, broken, monkeypatch):
    ProfileFactory()
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    broken(OperationalError("the database restarts"))
    with pytest.raises(OperationalError):
        preparation.run(preparation.claim("first"))
    running = Preparation.objects.get()
    assert (running.status, preparation.claim("too early")) == ("running", None)
    monkeypatch.undo()
    Preparation.objects.update(lease_until=None)

    preparation.run(preparation.claim("second"))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.preparation_id) == ("ready", running.pk)


def test_what_the_worker_writes_is_read_in_the_language_of_the_reader(make_delivery, prepare):
    gone = {"field": "gone", "operator": "in", "value": ["x"]}
    delivery = make_delivery()
    rule = TypologyRule.objects.create(label="No minors", parameters={"audience": gone})
    Typology.objects.get().rules.add(rule)
    prepare(delivery)

    line = delivery.log.last()
    with override("fr"):
        in_french = line.shown

    name = f"No minors (RL{rule.pk})"
    assert line.shown == f"Preparation failed: The rule “{name}” is not understood: Audiences know no rule “gone in”."
    assert in_french.replace("\N{NO-BREAK SPACE}", " ") == (
        f"La préparation a échoué : La règle « {name} » n’est pas comprise :"
        " Les audiences ne connaissent pas la règle « gone in »."
    )
