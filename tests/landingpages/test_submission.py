"""What becomes of a submission: with a link at once, for one profile; without one by the worker, with a proof by email."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from landingpages import publishing, reconciling
from landingpages.models import Submission
from profiles import consent, ledger
from profiles.models import ConsentEvent, Notice, PendingChange, Profile, Source
from tests.factories import ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory
from tests.landingpages.visitors import address, everything, link, stranger, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def profile():
    return ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org", mobile="+33612345678")


def ticks(profile):
    return [scope for scope, ticked in Profile.objects.get(pk=profile.pk).choices.items() if ticked]


def send(anonymous, online, **values):
    """A stranger's submission, and the worker's turn."""
    response = anonymous.post(address(online), stranger(online, **values))
    reconciling.process_received()
    return response


# With a link


def test_boxes_of_a_fresh_link_take_effect_at_once_with_the_wording_that_was_shown(anonymous, online, profile):
    url = link(online, profile, delivery=7) + "?lang=fr"

    response = anonymous.post(url, typed(online, opted_out_sms="on", opted_out_push="on"))

    assert response.status_code == 200
    assert ticks(profile) == ["sms", "push"]
    rows = list(ConsentEvent.objects.order_by("pk").values_list("scope", "source", "wording", "by", "delivery_id", "ip"))
    assert rows == [
        ("sms", "landing_page", "☑ Ne plus m’envoyer de SMS", "", 7, "127.0.0.0"),
        ("push", "landing_page", "☑ Ne plus m’envoyer de notifications push", "", 7, "127.0.0.0"),
    ]
    events = ConsentEvent.objects.all()
    assert {(e.page_version_id, e.page_label) for e in events} == {(online.version.pk, "Vos préférences (version 1)")}
    assert len({event.request_id for event in events}) == 1
    assert list(ledger.disagreements()) == []


def test_a_positive_box_says_the_opposite(anonymous, draft, profile):
    draft.blocks.filter(field="opted_out_email").update(is_positive=True)
    publishing.publish(draft, by="Ana Lopes")

    anonymous.post(link(draft, profile), typed(draft))
    assert ticks(profile) == ["email"]
    assert ConsentEvent.objects.get().wording == "☐ Ne plus m’envoyer d’emails"

    anonymous.post(link(draft, profile, age=timedelta(seconds=-5)), typed(draft, opted_out_email="on"))
    assert ticks(profile) == []


def test_the_same_form_twice_changes_nothing_more(anonymous, online, profile):
    for _ in range(3):
        anonymous.post(link(online, profile), typed(online, opted_out_sms="on"))

    assert ConsentEvent.objects.count() == 1


def test_ordinary_fields_change_at_once_and_empty_ones_stay(anonymous, online, profile):
    anonymous.post(link(online, profile), typed(online, last_name="Durand"))
    assert Profile.objects.get().last_name == "Durand"

    anonymous.post(link(online, profile), typed(online, last_name=""))
    stored = Profile.objects.get()
    assert (stored.last_name, stored.last_name_folded, stored.first_name) == ("Durand", "durand", "Marie")


def test_a_field_that_was_shown_can_be_emptied(anonymous, draft, profile):
    draft.blocks.filter(field="last_name").update(is_mandatory=False)
    draft.preload_data = True
    draft.save()
    publishing.publish(draft, by="Ana Lopes")

    anonymous.post(link(draft, profile), typed(draft, last_name=""))

    assert Profile.objects.get().last_name == ""


def test_a_link_issued_after_the_opt_out_lifts_it_at_once(anonymous, online, profile):
    consent.opt_out(profile, "sms", source=Source.OPERATOR, by="Ana Lopes")

    anonymous.post(link(online, profile, age=timedelta(seconds=-5)), typed(online))

    assert (ticks(profile), Notice.objects.count()) == ([], 0)


def test_a_link_older_than_the_opt_out_asks_by_email(anonymous, online, profile):
    url = link(online, profile, age=timedelta(days=1))
    consent.opt_out(profile, "sms", source=Source.OPERATOR, by="Ana Lopes")

    response = anonymous.post(url, typed(online, opted_out_push="on"))

    assert ticks(profile) == ["sms", "push"]
    pending = PendingChange.objects.get()
    assert (pending.profile_id, pending.address, pending.fields, pending.choices) == (
        profile.pk, "marie@example.org", {}, {"sms": False},
    )  # fmt: skip
    notice = Notice.objects.get()
    assert (notice.kind, notice.address, notice.pending_change_id, notice.status) == (
        "confirm_change", "marie@example.org", pending.pk, "waiting",
    )  # fmt: skip
    assert "m•••e@example.org" in response.content.decode()


def test_without_a_stored_email_an_old_link_lifts_nothing_and_the_page_says_so(anonymous, online):
    profile = ProfileFactory(email="", preferred_language="en", opted_out=["sms"])

    response = anonymous.post(link(online, profile, age=timedelta(days=1)), typed(online, email="new@example.org"))

    assert ticks(profile) == ["sms"]
    assert [(one.address, one.fields, one.choices) for one in PendingChange.objects.all()] == [
        ("new@example.org", {"email": "new@example.org"}, {})
    ]
    assert "we know no email address of yours" in response.content.decode()


def test_a_new_email_is_confirmed_at_the_new_address(anonymous, online, profile):
    anonymous.post(link(online, profile), typed(online, email="New@Example.org"))

    assert Profile.objects.get().email == "marie@example.org"
    notice = Notice.objects.get()
    assert (notice.kind, notice.address, notice.pending_change.fields) == (
        "confirm_address", "new@example.org", {"email": "new@example.org"},
    )  # fmt: skip


def test_a_new_mobile_is_confirmed_at_the_stored_email(anonymous, online, profile):
    anonymous.post(link(online, profile), typed(online, mobile="+33 6 99 99 99 99"))

    assert Profile.objects.get().mobile == "+33612345678"
    notice = Notice.objects.get()
    assert (notice.kind, notice.address, notice.pending_change.fields) == (
        "confirm_change", "marie@example.org", {"mobile": "+33699999999"},
    )  # fmt: skip


def test_the_same_address_typed_again_asks_nobody(anonymous, online, profile):
    anonymous.post(link(online, profile), typed(online, email="MARIE@example.org", mobile="+33 6 12 34 56 78"))

    assert Notice.objects.count() == 0


def test_a_mail_is_asked_for_once_in_a_quarter_of_an_hour(anonymous, online, profile):
    Profile.objects.update(preferred_language="en")
    for number in range(3):
        response = anonymous.post(link(online, profile), typed(online, mobile=f"+3369999999{number}"))

    assert (Notice.objects.count(), PendingChange.objects.count()) == (1, 1)
    assert "a few minutes ago" in response.content.decode()


def test_a_link_changes_its_profile_and_no_twin(anonymous, online, profile):
    twin = ProfileFactory(email="marie@example.org", last_name="Twin")

    anonymous.post(link(online, profile), typed(online, opted_out_email="on", last_name="Durand"))

    assert (ticks(profile), ticks(twin)) == (["email"], [])
    assert Profile.objects.get(pk=twin.pk).last_name == "Twin"


# Without a link


def test_nobody_known_becomes_a_profile_with_a_row_per_ticked_box(anonymous, online):
    response = send(anonymous, online, last_name="Petit", email="Petit@Example.org", opted_out_sms="on", opted_out_push="on")

    assert response.status_code == 200
    created = Profile.objects.get()
    assert (created.last_name, created.last_name_folded, created.email, ticks(created)) == (
        "Petit", "petit", "petit@example.org", ["sms", "push"],
    )  # fmt: skip
    rows = list(ConsentEvent.objects.order_by("pk").values_list("scope", "source", "wording", "page_label"))
    assert rows == [
        ("sms", "landing_page", "☑ Stop sending me text messages", "Vos préférences (version 1)"),
        ("push", "landing_page", "☑ Stop sending me push notifications", "Vos préférences (version 1)"),
    ]
    assert list(ledger.disagreements()) == []
    one = Submission.objects.get()
    assert (one.status, one.profile_id) == ("applied", created.pk)


def test_a_match_waits_for_the_stored_address(anonymous, online, profile):
    before = everything()

    send(anonymous, online, last_name="Evil", email="marie@example.org", mobile="+33699999999", opted_out_email="on")

    now = everything()
    assert [name for name in now if now[name] != before[name]] == [
        "profiles.PendingChange", "profiles.Notice", "landingpages.Submission",
    ]  # fmt: skip
    pending = PendingChange.objects.get()
    assert (pending.fields, pending.choices) == ({"last_name": "Evil", "mobile": "+33699999999"}, {"email": True})
    assert Notice.objects.get().address == "marie@example.org"
    assert Submission.objects.get().status == "asked"


def test_a_match_with_nothing_new_writes_to_nobody(anonymous, online, profile):
    send(anonymous, online, last_name="Dupont", email="marie@example.org")

    assert (Submission.objects.get().status, Notice.objects.count()) == ("applied", 0)


def test_several_matches_mean_the_oldest(anonymous, online, profile):
    ProfileFactory(email="marie@example.org")

    send(anonymous, online, last_name="Durand", email="marie@example.org")

    assert PendingChange.objects.get().profile == profile


def test_an_opt_out_by_typed_address_is_asked_for_where_only_a_twin_is_reachable(anonymous, online, profile):
    consent.opt_out(profile, "email", source=Source.OPERATOR, by="Ana Lopes")
    ProfileFactory(email="marie@example.org")

    send(anonymous, online, last_name="Dupont", email="marie@example.org", opted_out_email="on")

    assert PendingChange.objects.get().choices == {"email": True}


def test_update_writes_ordinary_fields_and_asks_for_the_rest(anonymous, profile):
    online = PublishedPageFactory(on_match="update")
    consent.opt_out(profile, "sms", source=Source.OPERATOR, by="Ana Lopes")

    send(anonymous, online, last_name="Durand", email="marie@example.org", mobile="+33699999999", opted_out_email="on")

    stored = Profile.objects.get()
    assert (stored.last_name, stored.mobile, ticks(stored)) == ("Durand", "+33612345678", ["sms"])
    pending = PendingChange.objects.get()
    assert (pending.fields, pending.choices) == ({"mobile": "+33699999999"}, {"email": True, "sms": False})


def test_refuse_changes_nothing(anonymous, profile):
    online = PublishedPageFactory(on_match="refuse")

    send(anonymous, online, last_name="Durand", email="marie@example.org", opted_out_email="on")

    assert (Profile.objects.get().last_name, ticks(profile), Notice.objects.count()) == ("Dupont", [], 0)
    assert Submission.objects.get().status == "refused"


def test_the_mobile_can_be_the_key_and_the_stored_email_answers(anonymous, profile):
    online = PublishedPageFactory(reconciliation_key="mobile")

    send(anonymous, online, last_name="Evil", email="evil@example.org", mobile="+33 6 12 34 56 78")

    notice = Notice.objects.get()
    assert (notice.kind, notice.address) == ("confirm_change", "marie@example.org")
    assert notice.pending_change.fields == {"last_name": "Evil", "email": "evil@example.org"}


def test_a_profile_without_an_email_is_changed_by_nobody_without_a_link(anonymous):
    ProfileFactory(email="", mobile="+33612345678", last_name="Dupont")
    online = PublishedPageFactory(reconciliation_key="mobile")

    send(anonymous, online, last_name="Evil", email="evil@example.org", mobile="+33612345678", opted_out_sms="on")

    stored = Profile.objects.get()
    assert (stored.last_name, stored.email, ticks(stored), Notice.objects.count()) == ("Dupont", "", [], 0)
    assert Submission.objects.get().status == "refused"


def test_a_submission_without_the_key_is_refused(anonymous):
    online = PublishedPageFactory(reconciliation_key="mobile")

    send(anonymous, online, last_name="Petit", email="petit@example.org")

    assert (Submission.objects.get().status, Profile.objects.count()) == ("refused", 0)


def test_a_fresh_link_goes_to_the_oldest_profile_of_the_address_and_to_nobody_unknown(anonymous, online, profile):
    ProfileFactory(email="marie@example.org")
    for typed_address in ("marie@example.org", "marie@example.org", "nobody@example.org"):
        anonymous.post(address(online) + "fresh-link/", stranger(online) | {"address": typed_address})
    reconciling.process_received()

    notice = Notice.objects.get()
    assert (notice.kind, notice.address, notice.profile, notice.page_id, notice.page_slug) == (
        "fresh_link", "marie@example.org", profile, online.pk, online.slug,
    )  # fmt: skip
    assert list(Submission.objects.order_by("pk").values_list("status", flat=True)) == ["asked", "refused", "refused"]


def test_a_quarantined_address_costs_the_same_rows(anonymous, online, profile):
    QuarantinedAddressFactory(address="marie@example.org")

    send(anonymous, online, last_name="Durand", email="marie@example.org")

    assert (Submission.objects.get().status, Notice.objects.get().status) == ("asked", "waiting")


def test_a_submission_is_processed_once(anonymous, online):
    anonymous.post(address(online), stranger(online, last_name="Petit", email="petit@example.org"))
    one = Submission.objects.get()

    assert [reconciling.process(one), reconciling.process(one), reconciling.process_received()] == [True, False, 0]
    assert Profile.objects.count() == 1


def test_a_crash_in_the_middle_loses_nothing_and_doubles_nothing(anonymous, online, monkeypatch):
    anonymous.post(address(online), stranger(online, last_name="Petit", email="petit@example.org", opted_out_sms="on"))
    before = everything()

    class PulledPlug(BaseException):
        pass

    def pull(*args, **kwargs):
        raise PulledPlug

    with monkeypatch.context() as patched:
        patched.setattr("profiles.prepared.insert", pull)
        with pytest.raises(PulledPlug):
            reconciling.process_received()
    assert everything() == before

    assert reconciling.process_received() == 1
    assert (Profile.objects.count(), ConsentEvent.objects.count()) == (1, 1)


def test_one_that_cannot_be_processed_does_not_hold_up_the_others(anonymous, online, caplog):
    anonymous.post(address(online), stranger(online, last_name="Petit", email="petit@example.org"))
    broken = Submission.objects.create(page=online, version=online.version, data=5, language="en", received_at=timezone.now())
    Submission.objects.create(
        page=online, version=online.version, data={"email": "b@example.org"}, language="en", received_at=timezone.now()
    )

    reconciling.process_received()

    assert list(Submission.objects.order_by("pk").values_list("status", flat=True)) == ["applied", "refused", "applied"]
    assert Profile.objects.filter(email="b@example.org").count() == 1
    assert f"submission {broken.pk} cannot be processed" in caplog.text


def test_data_of_a_field_that_the_version_does_not_bind_is_not_written(online):
    Submission.objects.create(
        page=online, version=online.version, language="en", received_at=timezone.now(),
        data={"email": "a@example.org", "city": "Lyon", "opted_out_all": True, "public_id": "x", "created_by": "me"},
    )  # fmt: skip

    reconciling.process_received()

    created = Profile.objects.get()
    assert (created.city, ticks(created), created.created_by) == ("", [], "Vos préférences (version 1)")
