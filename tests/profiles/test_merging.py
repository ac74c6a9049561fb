"""Two profiles become one: consent tightens, nothing of the other is lost, and every link still works."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError
from django.utils import timezone

from profiles import (
    aliases,
    consent,
    editing,
    erased,
    history,
    importing,
    ledger,
    merging,
    notices,
    pending,
    record,
    subscriptions,
)
from profiles.channels import Channel
from profiles.consent_at import consent_at
from profiles.links import Purpose, make_token
from profiles.management.commands import consent_at as command
from profiles.models import (
    AudienceMember,
    ConsentEvent,
    CustomField,
    Notice,
    PendingChange,
    Profile,
    ProfileAlias,
    SavedAudience,
    Source,
    Subscription,
)
from tests.factories import ProfileFactory, PublishedPageFactory, ServiceFactory
from tests.landingpages import visitors

pytestmark = pytest.mark.django_db


def merge(winner, loser, operator, *from_loser):
    return merging.merge(winner, loser, from_loser=set(from_loser), revisions=revisions(winner, loser), by=operator)


def revisions(*profiles):
    return tuple(Profile.objects.get(pk=profile.pk).revision for profile in profiles)


@pytest.fixture
def pair(db):
    winner = ProfileFactory(first_name="Marie", city="Paris", email="marie@example.org", mobile="")
    loser = ProfileFactory(first_name="Maria", city="", email="maria@example.org", mobile="+33612345678")
    return winner, loser


def test_a_merge_keeps_the_chosen_values_and_ends_the_other_profile(pair, operator):
    winner, loser = pair

    merged = merge(winner, loser, operator, "first_name", "mobile")

    assert list(Profile.objects.values_list("first_name", "first_name_folded", "city", "email", "mobile")) == [
        ("Maria", "maria", "Paris", "marie@example.org", "+33612345678")
    ]
    assert (merged.pk, merged.public_id, merged.revision) == (winner.pk, winner.public_id, 1)
    assert merged.modified_by == "Ana Lopes"


def test_a_merge_offers_what_differs_and_fills_gaps_from_the_other(pair):
    winner, loser = pair
    CustomField.objects.create(key="shoe_size", label="Shoe size", type="number")
    Profile.objects.filter(pk=loser.pk).update(custom={"shoe_size": 39, "old": "x"}, last_name=winner.last_name)
    loser.refresh_from_db()

    offered = [(one.name, one.winner, one.loser, one.keeps_loser) for one in merging.differences(winner, loser)]

    assert offered == [
        ("first_name", "Marie", "Maria", False),
        ("email", "marie@example.org", "maria@example.org", False),
        ("mobile", "", "+33612345678", True),
        ("custom:shoe_size", None, 39, True),
        ("custom:old", None, "x", True),
    ]


def test_a_merge_takes_custom_fields_key_by_key(pair, operator):
    winner, loser = pair
    Profile.objects.filter(pk=winner.pk).update(custom={"a": 1, "b": 1})
    Profile.objects.filter(pk=loser.pk).update(custom={"b": 2, "c": 2, "d": 2})

    merged = merge(winner, loser, operator, "custom:b", "custom:c")

    assert merged.custom == {"a": 1, "b": 2, "c": 2}


def test_a_merge_ticks_what_either_had_ticked_and_says_so(operator):
    winner, loser = ProfileFactory(opted_out=["sms"]), ProfileFactory(opted_out=["all", "sms"])
    before = ConsentEvent.objects.count()

    merged = merge(winner, loser, operator)

    assert [scope for scope, ticked in merged.choices.items() if ticked] == ["all", "sms"]
    added = ConsentEvent.objects.order_by("pk")[before:]
    assert [(e.profile_id, e.scope, e.before, e.after, e.source, e.by, e.detail) for e in added] == [
        (winner.pk, "all", False, True, "merge", "Ana Lopes", f"profile {loser.pk} was merged into this one")
    ]
    assert list(ledger.disagreements()) == []


def test_a_merge_never_clears_a_box(operator):
    winner, loser = ProfileFactory(opted_out=["email"]), ProfileFactory()

    assert merge(winner, loser, operator).opted_out_email


def test_a_merge_unites_subscriptions(pair, operator):
    winner, loser = pair
    both, first, second = ServiceFactory(), ServiceFactory(), ServiceFactory()
    for profile, services in ((winner, (both, first)), (loser, (both, second))):
        for service in services:
            subscriptions.subscribe(profile, service, source=Source.OPERATOR, by=operator)
    before = ConsentEvent.objects.count()

    merge(winner, loser, operator)

    assert list(Subscription.objects.order_by("service").values_list("profile", "service")) == [
        (winner.pk, both.pk), (winner.pk, first.pk), (winner.pk, second.pk)
    ]  # fmt: skip
    added = ConsentEvent.objects.order_by("pk")[before:]
    assert [(e.profile_id, e.service_id, e.after, e.source) for e in added] == [(winner.pk, second.pk, False, "merge")]
    assert list(ledger.disagreements()) == []


@pytest.mark.parametrize("leaver", ["winner", "loser"])
def test_a_merge_brings_back_no_service_that_was_left_later(pair, operator, leaver):
    winner, loser = pair
    service = ServiceFactory()
    left, other = (winner, loser) if leaver == "winner" else (loser, winner)
    subscriptions.subscribe(left, service, source=Source.OPERATOR, by=operator)
    subscriptions.subscribe(other, service, source=Source.OPERATOR, by=operator)
    subscriptions.unsubscribe(left, service, source=Source.ONE_CLICK)

    merge(winner, loser, operator)

    assert list(Subscription.objects.all()) == []
    assert list(ledger.disagreements()) == []


def test_a_merge_keeps_a_service_that_was_joined_after_the_other_left(pair, operator):
    winner, loser = pair
    service = ServiceFactory()
    subscriptions.subscribe(winner, service, source=Source.OPERATOR, by=operator)
    subscriptions.unsubscribe(winner, service, source=Source.ONE_CLICK)
    subscriptions.subscribe(loser, service, source=Source.LANDING_PAGE)

    merge(winner, loser, operator)

    assert list(Subscription.objects.values_list("profile", "service")) == [(winner.pk, service.pk)]


def test_the_ledger_of_both_stays_and_is_read_as_one(operator):
    winner, loser = ProfileFactory(), ProfileFactory(opted_out=["sms"])
    old = list(ConsentEvent.objects.values())

    merged = merge(winner, loser, operator)

    assert list(ConsentEvent.objects.filter(profile=loser.pk).values()) == old
    assert [(event.profile_id, event.scope) for event in history.for_profile(merged)] == [(winner.pk, "sms"), (loser.pk, "sms")]
    assert {scope: event.profile_id for scope, event in history.latest_ticks(merged).items()} == {"sms": winner.pk}


def test_a_winner_that_never_heard_of_a_tick_is_reported():
    winner, loser = ProfileFactory(), ProfileFactory(opted_out=["sms"])
    ProfileAlias.objects.create(
        former_id=loser.pk, former_public_id=loser.public_id, winner=winner, merged_at=timezone.now(), merged_by="Ana"
    )

    told = f"“No longer contact by SMS” was ticked for profile {loser.pk}, and is not for profile {winner.pk}"
    assert list(ledger.disagreements()) == [f"{told} that it was merged into."]


def test_a_box_that_was_cleared_between_two_merges_is_not_reported(operator):
    winner, loser, last = ProfileFactory(), ProfileFactory(opted_out=["sms"]), ProfileFactory()
    merged = merge(winner, loser, operator)
    consent.apply_choices(merged, {"sms": False}, source=Source.OPERATOR, by=operator)
    merge(last, Profile.objects.get(pk=merged.pk), operator)

    assert list(ledger.disagreements()) == []


def test_ids_of_merged_profiles_lead_to_the_last_winner(operator):
    first, second, third = ProfileFactory(), ProfileFactory(), ProfileFactory()
    merge(second, first, operator)
    merge(third, second, operator)

    assert [aliases.by_id(one.pk) for one in (first, second, third)] == [third, third, third]
    assert [aliases.by_public_id(one.public_id) for one in (first, second, third)] == [third, third, third]
    assert aliases.all_ids(third) == [third.pk, first.pk, second.pk]
    assert aliases.in_bulk([first.pk, third.pk, 0]) == {first.pk: third, third.pk: third}
    assert aliases.by_id(0) is None
    assert aliases.by_public_id(uuid.uuid4()) is None


def test_what_waits_for_the_loser_is_handed_over(pair, operator):
    winner, loser = pair
    notice = pending.ask(
        loser, address=loser.email, fields={"city": "Lyon"}, choices={}, source=Source.LANDING_PAGE, evidence=consent.NO_EVIDENCE
    )
    editing.edit(loser, {"city": "Nice"}, {}, revision=0, by=operator)

    merge(winner, loser, operator, "email")

    assert list(PendingChange.objects.values_list("profile", flat=True)) == [winner.pk]
    assert list(Notice.objects.values_list("pk", "profile")) == [(notice.pk, winner.pk)]
    entries = LogEntry.objects.order_by("pk").values_list("object_id", "change_message")
    assert [object_id for object_id, _message in entries] == [str(winner.pk)] * 2
    assert entries.last()[1] == f"Merged profile {loser.pk} into this one"
    assert pending.apply(PendingChange.objects.get(), evidence=consent.NO_EVIDENCE)
    assert Profile.objects.get().city == "Lyon"


def test_a_change_asked_before_the_merge_lifts_nothing_that_the_merge_ticked(pair, operator):
    winner, loser = pair
    consent.opt_out(loser, "email", source=Source.ONE_CLICK)
    pending.ask(
        loser, address=loser.email, fields={}, choices={"email": False}, source=Source.LANDING_PAGE, evidence=consent.NO_EVIDENCE
    )
    merge(winner, loser, operator, "email")

    pending.apply(PendingChange.objects.get(), evidence=consent.NO_EVIDENCE)

    assert Profile.objects.get().opted_out_email


@pytest.mark.parametrize("scope", ["email", "all"])
def test_an_address_that_nobody_keeps_stays_silent(operator, scope):
    winner, loser = ProfileFactory(email="a@example.org"), ProfileFactory(email="b@example.org", opted_out=[scope])

    merge(winner, loser, operator)

    assert erased.blocked(Channel.EMAIL, ["a@example.org", "b@example.org"]) == {"b@example.org"}


def test_an_address_that_nobody_keeps_is_free_where_nobody_refused(pair, operator):
    merge(*pair, operator)

    assert erased.blocked(Channel.EMAIL, ["maria@example.org"]) == set()


@pytest.mark.parametrize("changed", [0, 1])
def test_who_merges_what_somebody_else_changed_is_told(pair, operator, changed):
    shown = revisions(*pair)
    editing.edit(pair[changed], {"city": "Nice"}, {}, revision=0, by=operator)
    before = list(Profile.objects.order_by("pk").values())

    with pytest.raises(merging.ChangedMeanwhile):
        merging.merge(*pair, from_loser=set(), revisions=shown, by=operator)

    assert list(Profile.objects.order_by("pk").values()) == before
    assert list(ProfileAlias.objects.all()) == []


def test_who_merges_a_second_time_is_told(pair, operator):
    shown = revisions(*pair)
    merge(*pair, operator)

    with pytest.raises(merging.ChangedMeanwhile):
        merging.merge(*pair, from_loser=set(), revisions=shown, by=operator)


def test_a_profile_is_not_merged_with_itself(pair, operator):
    with pytest.raises(merging.SameProfile):
        merge(pair[0], pair[0], operator)

    assert Profile.objects.count() == 2


@pytest.mark.parametrize("purpose", [Purpose.ONE_CLICK, Purpose.PERSONAL])
def test_links_of_the_loser_still_stop_what_is_sent(client, pair, operator, purpose):
    """Reliability U10."""
    winner, loser = pair
    token = make_token(purpose, loser.public_id, issued_at=timezone.now() - timedelta(days=390))
    merge(winner, loser, operator)

    body = {"List-Unsubscribe": "One-Click"} if purpose == Purpose.ONE_CLICK else {"scopes": ["email"]}
    response = client.post(f"/u/{token}", body)

    assert response.status_code == 200
    assert list(Profile.objects.values_list("pk", "opted_out_email")) == [(winner.pk, True)]


def test_an_opt_out_that_waited_for_the_merge_reaches_the_winner(pair, operator):
    """The page was opened for the loser, the button pressed after the merge."""
    winner, loser = pair
    merge(winner, loser, operator)

    consent.opt_out(loser, "email", source=Source.ONE_CLICK)

    assert list(Profile.objects.values_list("pk", "opted_out_email")) == [(winner.pk, True)]
    assert list(ledger.disagreements()) == []


def test_a_merge_takes_notices_with_it(pair, operator):
    winner, loser = pair
    notices.ask("fresh_link", address=loser.email, profile=loser)

    merge(winner, loser, operator)

    assert list(Notice.objects.values_list("profile", flat=True)) == [winner.pk]


def test_what_was_allowed_before_a_merge_is_told_by_both_and_afterwards_by_the_winner(operator):
    winner, loser = ProfileFactory(), ProfileFactory(opted_out=["sms"])
    number = loser.pk
    before = timezone.now()
    merged = merge(winner, loser, operator)
    after = timezone.now()
    consent.apply_choices(merged, {"sms": False}, source=Source.OPERATOR, by=operator)

    told = [[box.scope for box in consent_at(merged, moment).boxes if box.value] for moment in (before, after, timezone.now())]

    assert told == [["sms"], ["sms"], []]
    assert record.consent_record(merged).merged == [number]


def test_the_command_finds_a_merged_profile_by_each_of_its_ids(operator):
    winner, loser = ProfileFactory(), ProfileFactory()
    ids = [str(loser.pk), str(loser.public_id)]
    merge(winner, loser, operator)

    assert [command.find(text) for text in ids] == [winner, winner]
    with pytest.raises(CommandError):
        command.find("0")


def test_a_file_that_names_a_merged_profile_means_its_winner(tmp_path, pair, operator):
    """Exported before the merge, imported after it: no second profile, and no public id twice."""
    winner, loser = pair
    public_id = loser.public_id
    merge(winner, loser, operator)
    file = tmp_path / "people.csv"
    file.write_text(f"Heed ID,email,city\n{public_id},maria@example.org,Lyon\n", encoding="utf-8")

    importing.import_file(file, by="Ana")

    assert list(Profile.objects.values_list("pk", "public_id", "city")) == [(winner.pk, winner.public_id, "Lyon")]


@pytest.mark.parametrize(
    ("winner_ends", "loser_ends", "ends"), [(1, 2, 2), (2, 1, 2), (1, None, None), (None, 1, None), (-1, 2, 2), (2, -1, 2)]
)
def test_of_two_subscriptions_the_one_that_lasts_longer_counts(pair, operator, winner_ends, loser_ends, ends):
    """In days from now; one whose time is over counts as none, though the worker has not closed it yet."""
    service, now = ServiceFactory(), timezone.now()
    for profile, days in zip(pair, (winner_ends, loser_ends), strict=True):
        subscriptions.subscribe(profile, service, source=Source.OPERATOR, by=operator)
        Subscription.objects.filter(profile=profile).update(expires_at=days and now + timedelta(days=days))

    merge(*pair, operator)

    assert list(Subscription.objects.values_list("profile", "expires_at")) == [(pair[0].pk, ends and now + timedelta(days=ends))]
    assert list(ledger.disagreements()) == []


def test_the_winner_takes_the_place_of_the_loser_on_every_list(pair, operator):
    first, second = (SavedAudience.objects.create(label=name, kind="list") for name in ("first", "second"))
    for audience, profile in ((first, pair[0]), (first, pair[1]), (second, pair[1])):
        AudienceMember.objects.create(audience=audience, profile=profile)

    merge(*pair, operator)

    assert list(AudienceMember.objects.order_by("audience").values_list("audience", "profile")) == [
        (first.pk, pair[0].pk),
        (second.pk, pair[0].pk),
    ]


def test_a_page_link_of_the_loser_shows_and_changes_the_winner(client, operator):
    page = PublishedPageFactory()
    winner, loser = ProfileFactory(), ProfileFactory()
    url = visitors.link(page, loser)
    merge(winner, loser, operator)

    shown = client.get(url)
    sent = client.post(url, visitors.typed(page, last_name="Dupont", email=winner.email, opted_out_sms="on"))

    assert (shown.status_code, sent.status_code) == (200, 200)
    assert list(Profile.objects.values_list("pk", "opted_out_sms")) == [(winner.pk, True)]


def test_a_confirmation_link_of_the_loser_confirms_for_the_winner(client, pair, operator):
    winner, loser = pair
    pending.ask(
        loser, address=loser.email, fields={"city": "Lyon"}, choices={}, source=Source.LANDING_PAGE, evidence=consent.NO_EVIDENCE
    )
    token = make_token(Purpose.CONFIRM, PendingChange.objects.get().public_id)
    merge(winner, loser, operator, "email")

    response = client.post(f"/c/{token}")

    assert response.status_code == 200
    assert list(Profile.objects.values_list("pk", "city")) == [(winner.pk, "Lyon")]


def test_a_proof_from_before_the_loser_opted_out_lifts_nothing(pair, operator):
    winner, loser = pair
    consent.opt_out(winner, "email", source=Source.OPERATOR)
    proof = timezone.now()
    consent.opt_out(loser, "email", source=Source.ONE_CLICK)
    merged = merge(winner, loser, operator)

    assert pending.liftable(merged, "email", since=proof) is False
    assert pending.liftable(merged, "email", since=timezone.now()) is True


def test_a_question_from_before_the_loser_left_a_service_subscribes_nobody(pair, operator):
    winner, loser = pair
    service = ServiceFactory()
    subscriptions.subscribe(loser, service, source=Source.OPERATOR)
    pending.ask(
        winner,
        address=winner.email,
        fields={},
        choices={},
        services={service.pk: True},
        source=Source.LANDING_PAGE,
        evidence=consent.NO_EVIDENCE,
    )
    subscriptions.unsubscribe(loser, service, source=Source.ONE_CLICK)
    merged = merge(winner, loser, operator)

    pending.apply(PendingChange.objects.get(), evidence=consent.NO_EVIDENCE)

    assert not subscriptions.is_subscribed(merged, service)


def test_a_subscription_of_a_profile_that_was_just_merged_away_is_the_winners(pair, operator):
    winner, loser = pair
    service = ServiceFactory()
    merge(winner, loser, operator)

    assert subscriptions.subscribe(loser, service, source=Source.LANDING_PAGE) is True
    assert subscriptions.is_subscribed(winner, service)
    assert subscriptions.unsubscribe(loser, service, source=Source.ONE_CLICK) is True
    assert not subscriptions.is_subscribed(winner, service)
    assert list(ledger.disagreements()) == []
