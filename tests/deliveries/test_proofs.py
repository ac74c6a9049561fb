"""Proofs: who gets them, what they look like, and that nothing about anybody changes, whatever becomes of them."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from deliveries import proof_sending, proofing
from deliveries.models import Delivery, Message, Proof, ProofMail, ProofStatus, TestProfile, Tracking
from deliveries.proofing import ProofRefused, Substitution
from deliveries.transports import TransportUnavailable
from profiles import erasure
from profiles.models import Profile
from quarantine.models import QuarantinedAddress
from tests.factories import ProfileFactory, QuarantinedAddressFactory
from tests.landingpages.visitors import everything

pytestmark = pytest.mark.django_db
OWN = {"deliveries.Proof", "deliveries.ProofMail", "deliveries.PreparationLog"}


def others(state):
    return {name: rows for name, rows in state.items() if name not in OWN}


@pytest.fixture
def ana():
    return TestProfile.objects.create(label="Ana at home", email="ana@example.org", first_name="Ana")


@pytest.fixture
def delivery(make_delivery):
    return make_delivery(tracking=Tracking.BOTH)


@pytest.fixture
def ask(delivery):
    def request(**values):
        return proofing.request(
            Delivery.objects.get(pk=delivery.pk), **{"key": uuid.uuid4(), "by": "Ben", "prefix": "Proof"} | values
        )

    return request


def subjects(smtp):
    return [one.mail["Subject"] for one in smtp.accepted]


def test_proof_is_the_mail_with_its_number_before_the_subject(ask, ana, smtp):
    ask(tests=[ana])
    ask(tests=[ana])

    while proof_sending.send_due():
        pass

    first = smtp.accepted[0]
    assert subjects(smtp) == ["Proof 1 – News of spring", "Proof 2 – News of spring"]
    assert (first.mail["To"], "Hello Ana" in first.mail.get_body(("html",)).get_content()) == ("ana@example.org", True)


@pytest.mark.parametrize(
    ("values", "subject"),
    [
        ({"prefix": ""}, "News of spring"),
        ({"prefix": "Try", "is_numbered": False}, "Try – News of spring"),
        ({"prefix": "Try"}, "Try 1 – News of spring"),
    ],
)
def test_beginning_of_the_subject_is_what_was_asked_for(ask, ana, smtp, values, subject):
    ask(tests=[ana], **values)
    proof_sending.send_due()

    assert subjects(smtp) == [subject]


def test_same_request_twice_is_one_proof(ask, ana):
    key = uuid.uuid4()

    assert ask(tests=[ana], key=key) == ask(tests=[ana], key=key)
    assert ProofMail.objects.count() == 1


def test_proof_says_what_was_written_when_it_was_asked_for(ask, ana, delivery, smtp):
    ask(tests=[ana])
    Delivery.objects.update(subject="Changed since")
    proof_sending.send_due()

    assert subjects(smtp) == ["Proof 1 – News of spring"]


def test_proof_needs_an_address_and_takes_at_most_100(ask, ana):
    many = [TestProfile.objects.create(label=f"Test {number:03}", email=f"t{number}@example.org") for number in range(101)]

    for tests in ([], many):
        with pytest.raises(ProofRefused):
            ask(tests=tests)

    assert not Proof.objects.exists()
    assert ask(tests=many[:100]).mails.count() == 100


def test_what_somebody_targeted_would_receive_goes_to_another_address(ask, delivery, prepare, smtp):
    zoe = ProfileFactory(first_name="Zoé")
    prepare(delivery)
    ask(substitutions=[Substitution(zoe, "ben@example.org")])
    proof_sending.send_due()

    (sent,) = smtp.accepted
    assert (sent.mail["To"], "Hello Zoé" in sent.mail.get_body(("html",)).get_content()) == ("ben@example.org", True)


@pytest.mark.parametrize("why", ["opted out", "not prepared"])
def test_only_who_is_to_be_delivered_to_can_be_stood_in_for(ask, delivery, prepare, why):
    profile = ProfileFactory(opted_out=["email"] if why == "opted out" else [])
    ProfileFactory()
    if why == "opted out":
        prepare(delivery)

    with pytest.raises(ProofRefused):
        ask(substitutions=[Substitution(profile, "ben@example.org")])


def test_people_drawn_are_all_different_and_to_be_delivered_to(delivery, prepare):
    willing = {ProfileFactory().pk for _number in range(5)}
    ProfileFactory(opted_out=["all"])
    preparation = prepare(delivery)

    assert {profile.pk for profile in proofing.drawn(preparation, 99)} == willing
    assert len(proofing.drawn(preparation, 3)) == 3


def test_proof_changes_nothing_whatever_is_clicked_and_posted(ask, delivery, prepare, ana, smtp, client, settings):
    profile = ProfileFactory()
    delivery.html += '<a href="https://example.org/offer">offer</a>'
    delivery.save()
    prepare(delivery)
    before = others(everything())

    ask(tests=[ana], substitutions=[Substitution(profile, "ben@example.org")])
    proof_sending.send_due()
    for sent in smtp.accepted:
        link = sent.mail["List-Unsubscribe"].strip("<>").removeprefix(settings.PUBLIC_URL)
        assert client.get(link).status_code == 200
        assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
        html = sent.mail.get_body(("html",)).get_content()
        assert ("https://example.org/offer" in html, "/t/" in html) == (True, False)

    assert len(smtp.accepted) == 2
    assert others(everything()) == before
    assert Message.objects.get().status == "pending"


def erase(profile):
    profile.refresh_from_db()
    erasure.erase(profile, by="Ben", revision=profile.revision)


def silenced(how):
    match how:
        case "quarantined":
            QuarantinedAddressFactory(address="ana@example.org")
        case "erased":
            erase(ProfileFactory(email="ana@example.org", opted_out=["email"]))
        case "opted out":
            ProfileFactory(email="ana@example.org", opted_out=["all"])


@pytest.mark.parametrize("how", ["quarantined", "erased", "opted out"])
def test_no_proof_goes_to_an_address_that_has_to_stay_silent(ask, ana, smtp, how):
    ben = TestProfile.objects.create(label="Ben", email="ben@example.org")
    silenced(how)

    ask(tests=[ana, ben])
    proof_sending.send_due()

    assert [one.mail["To"] for one in smtp.accepted] == ["ben@example.org"]
    assert list(ProofMail.objects.values_list("status", flat=True)) == [ProofStatus.WITHHELD, ProofStatus.SENT]


def test_one_holder_of_an_address_who_may_be_written_to_is_enough(ask, ana, smtp):
    ProfileFactory(email="ana@example.org", opted_out=["email"])
    ProfileFactory(email="ana@example.org")

    ask(tests=[ana])
    proof_sending.send_due()

    assert len(smtp.accepted) == 1


def test_server_that_is_away_loses_no_proof(ask, ana, smtp, settings):
    ask(tests=[ana])
    port, settings.EMAIL_URL["EMAIL_PORT"] = settings.EMAIL_URL["EMAIL_PORT"], 1
    with pytest.raises(TransportUnavailable):
        proof_sending.send_due()
    settings.EMAIL_URL["EMAIL_PORT"] = port

    assert (proof_sending.send_due(), len(smtp.accepted)) == (1, 1)
    assert proof_sending.send_due() == 0


def test_crash_after_the_hand_over_repeats_the_proof_with_its_message_id(ask, ana, smtp, monkeypatch):
    ask(tests=[ana])
    with monkeypatch.context() as patch:
        patch.setattr(proof_sending, "_record", lambda mail, outcome: None)  # the process dies here
        proof_sending.send_due()
    assert proof_sending.send_due() == 0  # it is held for a while
    ProofMail.objects.update(due_at=timezone.now())
    proof_sending.send_due()

    assert len({one.mail["Message-ID"] for one in smtp.accepted}) == 1
    assert len(smtp.accepted) == 2
    assert ProofMail.objects.get().status == ProofStatus.SENT


def test_proof_is_claimed_by_one_worker(ask, ana):
    ask(tests=[ana])
    first, second = ProofMail.objects.get(), ProofMail.objects.get()

    assert [proof_sending._claim(first), proof_sending._claim(second)] == [True, False]


def test_refusal_of_the_server_is_told_and_says_nothing_about_the_address(ask, ana, smtp):
    smtp.answers["ana@example.org"] = "550 5.1.1 User unknown"

    ask(tests=[ana])
    proof_sending.send_due()

    mail = ProofMail.objects.get()
    assert (mail.status, "User unknown" in mail.reason) == (ProofStatus.FAILED, True)
    assert not QuarantinedAddress.objects.exists()


def test_message_that_cannot_be_made_fails_alone_and_readably(ask, delivery, prepare, smtp):
    delivery.html += "{% if profile.city != '' %}{{ profile.city | size | divided_by: 0 }}{% endif %}"
    delivery.save()
    poison, other = ProfileFactory(city="Lyon"), ProfileFactory(city="")
    prepare(delivery)

    ask(substitutions=[Substitution(poison, "ben@example.org"), Substitution(other, "ana@example.org")])
    proof_sending.send_due()

    failed, sent = ProofMail.objects.all()
    assert (failed.status, sent.status) == (ProofStatus.FAILED, ProofStatus.SENT)
    assert "can't divide by 0" in failed.reason


def test_erasing_somebody_removes_the_proofs_in_her_place(ask, delivery, prepare, smtp):
    zoe = ProfileFactory()
    prepare(delivery)
    ask(substitutions=[Substitution(zoe, "ben@example.org")])

    erase(zoe)
    proof_sending.send_due()

    assert (ProofMail.objects.count(), smtp.accepted) == (0, [])


def test_test_profile_that_was_deleted_is_told(ask, ana, smtp):
    ask(tests=[ana])
    ana.delete()
    proof_sending.send_due()

    assert (ProofMail.objects.get().status, smtp.accepted) == (ProofStatus.FAILED, [])


def test_traps_get_a_copy_once_the_delivery_is_confirmed(delivery, prepare, confirm, ana, smtp):
    TestProfile.objects.create(label="Trap", email="trap@example.org", is_for_proofs=False, is_trap=True)
    ProfileFactory()
    prepare(delivery)
    proof_sending.send_due()
    assert smtp.accepted == []

    confirm(delivery)
    proof_sending.send_due()

    assert [(one.mail["To"], one.mail["Subject"]) for one in smtp.accepted] == [("trap@example.org", "News of spring")]


@pytest.mark.django_db(transaction=True)
def test_worker_sends_proofs(ask, ana, smtp, settings, tmp_path):
    settings.VAR = tmp_path
    ask(tests=[ana])

    call_command("worker", until_idle=True)

    assert len(smtp.accepted) == 1


def test_page_sends_a_proof_once_however_often_the_button_is_pressed(backoffice, delivery, ana):
    address = reverse("deliveries:proofs", args=[delivery.pk])
    key = backoffice.get(address).context["form"].initial["key"]
    data = {"key": key, "tests": [ana.pk], "begin": "Try", "is_numbered": "on", "do": "send"}

    backoffice.post(address, data)
    backoffice.post(address, data)

    assert [(proof.prefix, proof.mails.count()) for proof in Proof.objects.all()] == [("Try 1 – ", 1)]


def test_form_that_is_sent_again_with_other_addresses_or_of_another_content_sends(backoffice, delivery, ana):
    luc = TestProfile.objects.create(label="Luc", email="luc@example.org")
    address = reverse("deliveries:proofs", args=[delivery.pk])
    data = {"key": uuid.uuid4(), "tests": [ana.pk], "begin": "Try", "do": "send"}

    for change in ({}, {"tests": [luc.pk]}, {"tests": [ana.pk, luc.pk]}, {"begin": "Again"}):
        backoffice.post(address, data | change)
    Delivery.objects.update(subject="Changed since")
    backoffice.post(address, data)

    sent = [list(proof.mails.values_list("label", flat=True)) for proof in Proof.objects.order_by("number")]
    assert sent == [["Ana at home"], ["Luc"], ["Ana at home", "Luc"], ["Ana at home"], ["Ana at home"]]


def test_form_that_draws_at_random_sends_once_too(backoffice, delivery, prepare):
    ProfileFactory.create_batch(20)
    prepare(delivery)
    data = {"key": uuid.uuid4(), "random": 1, "address": "ben@example.org", "begin": "", "do": "send"}

    for _time in range(5):
        backoffice.post(reverse("deliveries:proofs", args=[delivery.pk]), data)

    assert ProofMail.objects.count() == 1


def test_page_stands_in_for_people_who_were_searched_and_drawn(backoffice, delivery, prepare):
    zoe = ProfileFactory(first_name="Zoé")
    other = ProfileFactory()
    prepare(delivery)
    address = reverse("deliveries:proofs", args=[delivery.pk])
    data = {"key": uuid.uuid4(), "begin": "Proof", "is_numbered": "on"}

    found = backoffice.post(address, data | {"do": "search", "who": "Zoé"}).content.decode()
    assert f'name="substitutes" value="{zoe.pk}"' in found
    refused = backoffice.post(address, data | {"do": "send", "substitutes": [zoe.pk], "random": 1})
    assert (refused.status_code, Proof.objects.count()) == (422, 0)
    backoffice.post(address, data | {"do": "send", "substitutes": [zoe.pk], "random": 1, "address": "Ben@Example.org"})

    assert set(ProofMail.objects.values_list("profile", "address")) == {
        (zoe.pk, "ben@example.org"), (other.pk, "ben@example.org"),
    }  # fmt: skip


def test_list_of_proofs_takes_the_same_queries_for_one_and_three(backoffice, delivery, ana, ask, django_assert_num_queries):
    address = reverse("deliveries:proofs", args=[delivery.pk])
    ask(tests=[ana])
    backoffice.get(address)
    with django_assert_num_queries(12, exact=False) as one:
        backoffice.get(address)
    ask(tests=[ana])
    ask(tests=[ana])
    with django_assert_num_queries(len(one.captured_queries)):
        backoffice.get(address)


def test_test_profile_has_normalised_addresses_and_one_if_it_receives(backoffice):
    add = reverse("admin:deliveries_testprofile_add")

    refused = backoffice.post(add, {"label": "Nobody", "is_for_proofs": "on"})
    backoffice.post(add, {"label": "Ana", "is_for_proofs": "on", "email": "Ana@Example.org", "mobile": "+33 6 12 34 56 78"})

    assert refused.status_code == 200
    assert list(TestProfile.objects.values_list("label", "email", "mobile")) == [("Ana", "ana@example.org", "+33612345678")]


def test_database_refuses_a_test_profile_that_receives_nowhere_and_an_end_without_a_moment(ask, ana):
    ask(tests=[ana])

    for write in (
        lambda: TestProfile.objects.filter(pk=ana.pk).update(email=""),
        lambda: ProofMail.objects.update(status=ProofStatus.SENT),
        lambda: ProofMail.objects.update(ended_at=timezone.now() + timedelta(days=1)),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()

    assert Profile.objects.count() == 0
