"""A merge, and what happens to the profile that ends at the same moment."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from deliveries import unsubscribing
from profiles import consent, erasure, ledger, merging
from profiles.links import Link, Purpose
from profiles.models import Profile, Source
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run the acts in threads of their own, started together; the names of what they raised."""
    barrier, raised = Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
        except Exception as error:
            raised.append(type(error).__name__)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def merger(winner, loser, operator):
    def act():
        merging.merge(winner, loser, from_loser=set(), revisions=(0, 0), by=operator)

    return act


@pytest.mark.parametrize("turn", range(4))
def test_one_click_beside_a_merge_is_never_lost(operator, turn):
    """The merge is told that the profile changed, or the click reaches the profile that stays."""
    winner, loser = ProfileFactory(), ProfileFactory()
    link = Link(Purpose.ONE_CLICK, loser.public_id, 0, 0, timezone.now())
    found = unsubscribing.find(link)

    def click():
        unsubscribing.act(found, source=Source.ONE_CLICK, evidence=consent.NO_EVIDENCE)

    raised = at_once(merger(winner, loser, operator), click)

    merged = not raised
    assert raised in ([], ["ChangedMeanwhile"])
    silent = Profile.objects.filter(opted_out_email=True).values_list("pk", flat=True)
    assert list(silent) == [winner.pk if merged else loser.pk]
    assert list(ledger.disagreements()) == []


@pytest.mark.parametrize("turn", range(3))
def test_of_two_merges_at_once_the_second_is_told(operator, turn):
    first, second = ProfileFactory(), ProfileFactory()

    raised = at_once(merger(first, second, operator), merger(Profile(pk=second.pk), Profile(pk=first.pk), operator))

    assert raised == ["ChangedMeanwhile"]
    assert Profile.objects.count() == 1


def test_an_erasure_beside_a_merge_leaves_nothing_in_between(operator):
    winner, loser = ProfileFactory(), ProfileFactory(opted_out=["email"])

    raised = at_once(
        lambda: merging.merge(winner, loser, from_loser=set(), revisions=(0, 1), by=operator),
        lambda: erasure.erase(loser, revision=1, by=operator),
    )

    assert raised == ["ChangedMeanwhile"]
    assert list(Profile.objects.values_list("pk", flat=True)) == [winner.pk]
    assert list(ledger.disagreements()) == []
