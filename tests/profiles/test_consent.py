import pytest

from profiles import consent, ledger
from profiles.consent import Evidence
from profiles.models import ConsentEvent, Profile, Source
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def rows(**filters):
    events = ConsentEvent.objects.filter(**filters).order_by("pk")
    return list(events.values_list("profile_id", "scope", "before", "after", "source", "by"))


def test_apply_choices_changes_the_boxes_and_writes_one_row_for_each(operator):
    profile = ProfileFactory()

    consent.apply_choices(profile, {"email": True, "sms": True, "push": False}, source=Source.OPERATOR, by=operator)

    profile.refresh_from_db()
    assert profile.choices == {"all": False, "email": True, "sms": True, "push": False, "direct_mail": False}
    assert rows() == [
        (profile.pk, "email", False, True, "operator", "Ana Lopes"),
        (profile.pk, "sms", False, True, "operator", "Ana Lopes"),
    ]


def test_any_channel_leaves_the_others_as_they_are():
    profile = ProfileFactory(opted_out=["email"])

    consent.opt_out(profile, "all", source=Source.OPERATOR)
    consent.apply_choices(profile, {"all": False}, source=Source.OPERATOR)

    profile.refresh_from_db()
    assert profile.choices == {"all": False, "email": True, "sms": False, "push": False, "direct_mail": False}


def test_ticking_twice_writes_one_row():
    profile = ProfileFactory()

    consent.opt_out(profile, "email", source=Source.ONE_CLICK)
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)

    assert rows() == [(profile.pk, "email", False, True, "one_click", "")]


def test_apply_choices_compares_with_the_database_not_with_the_object_in_hand():
    profile = ProfileFactory()
    stale = Profile.objects.get(pk=profile.pk)
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)

    assert consent.opt_out(stale, "email", source=Source.OPERATOR) == []
    assert stale.opted_out_email is True


def test_evidence_is_copied_into_the_ledger():
    profile = ProfileFactory()

    evidence = Evidence(wording="No more mails", delivery_id=7, delivery_label="Spring", request_id="r1", ip="192.0.2.0")
    consent.opt_out(profile, "email", source=Source.ONE_CLICK, evidence=evidence)

    event = ConsentEvent.objects.get()
    assert (event.wording, event.delivery_id, event.delivery_label, event.ip) == ("No more mails", 7, "Spring", "192.0.2.0")


def test_opt_out_set_changes_only_those_who_were_not_opted_out(operator, django_assert_num_queries):
    first, second, third = ProfileFactory(), ProfileFactory(opted_out=["sms"]), ProfileFactory()
    before = ConsentEvent.objects.count()

    with django_assert_num_queries(5):  # savepoint, lock, ledger, boxes, release
        changed = consent.opt_out_set(Profile.objects.exclude(pk=third.pk), "sms", source=Source.OPERATOR, by=operator)

    assert changed == 1
    assert [Profile.objects.get(pk=p.pk).opted_out_sms for p in (first, second, third)] == [True, True, False]
    assert ConsentEvent.objects.count() == before + 1
    event = ConsentEvent.objects.latest("pk")
    assert (event.profile_id, event.scope, event.before, event.after, event.by, event.by_id) == (
        first.pk,
        "sms",
        False,
        True,
        "Ana Lopes",
        operator.pk,
    )


def test_opt_out_set_of_nobody_writes_nothing():
    assert consent.opt_out_set(Profile.objects.none(), "email", source=Source.IMPORT) == 0
    assert ConsentEvent.objects.count() == 0


def test_every_change_counts_as_a_revision():
    profile = ProfileFactory()

    consent.opt_out(profile, "email", source=Source.OPERATOR)
    consent.opt_out_set(Profile.objects.all(), "sms", source=Source.OPERATOR)

    assert Profile.objects.get().revision == 2


def test_ledger_agrees_after_any_of_these():
    ProfileFactory(opted_out=["email", "all"])
    ProfileFactory()
    consent.opt_out_set(Profile.objects.all(), "sms", source=Source.OPERATOR)

    assert list(ledger.disagreements()) == []
