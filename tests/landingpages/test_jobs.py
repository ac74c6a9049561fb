"""What a submission does by the properties of its page: keys, actions, additional data, messages, double opt-in, traces."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.utils import timezone

from deliveries import notice_mails, pagelinks
from landingpages import limits, publishing, reconciling, registrations
from landingpages.models import LandingPage, PageType, PublishedVersion, Submission
from profiles import consent, erasure, holders, ledger, subscriptions
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Notice, PendingChange, Profile, Source, Subscription
from tests.factories import ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory, ServiceFactory
from tests.landingpages.test_abuse import answer_to
from tests.landingpages.visitors import address, everything, link, stamped, stranger, typed

pytestmark = pytest.mark.django_db
BY = "Ana Lopes"


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def profile():
    return ProfileFactory(
        first_name="Marie", last_name="Dupont", email="marie@example.org", mobile="+33612345678", external_id="C-17",
        preferred_language="en",
    )  # fmt: skip


def with_id(**values):
    """A page with a block for the external ID, online."""
    page = PublishedPageFactory()
    page.blocks.filter(field="mobile").update(kind="text_input", field="external_id")
    LandingPage.objects.filter(pk=page.pk).update(**values)
    page = LandingPage.objects.get(pk=page.pk)
    publishing.publish(page, by=BY)
    return page


def send(anonymous, page, query="", **values):
    """A stranger's submission, and the worker's turn."""
    response = anonymous.post(address(page) + query, stranger(page, **values))
    reconciling.process_received()
    return response


def result():
    one = Submission.objects.latest("pk")
    return one.status, one.profile_id


def notices():
    return list(Notice.objects.order_by("pk").values_list("kind", "address"))


# Reconciliation key


@pytest.mark.parametrize(
    ("sent", "is_known"),
    [
        ({"email": "MARIE@example.org", "last_name": "DUPONT"}, True),
        ({"email": "marie@example.org", "last_name": "Durand"}, False),
        ({"email": "other@example.org", "last_name": "Dupont"}, False),
    ],
)
def test_a_combined_key_needs_all_of_its_parts(anonymous, profile, sent, is_known):
    page = PublishedPageFactory(reconciliation_key="email+last_name", on_match="refuse")

    send(anonymous, page, **sent)

    assert (result() == ("refused", profile.pk)) is is_known
    assert Profile.objects.count() == (1 if is_known else 2)


def test_a_part_of_the_key_can_be_a_constant_or_another_block(anonymous, profile):
    other = ProfileFactory(email="marie@example.org", last_name="Dupont", country="DE")
    Profile.objects.filter(pk=profile.pk).update(country="FR")
    mapping = {"country": {"constant": "DE"}, "first_name": {"form": "last_name"}}
    page = PublishedPageFactory(reconciliation_key="email+country", key_mapping=mapping, on_match="refuse")

    send(anonymous, page, last_name="X", email="marie@example.org")
    assert result() == ("refused", other.pk)

    both = PublishedPageFactory(reconciliation_key="email+first_name", key_mapping=mapping, on_match="refuse")
    send(anonymous, both, last_name="marie", email="marie@example.org")
    assert result() == ("refused", profile.pk)


def test_of_several_matches_the_oldest_is_meant(anonymous, profile):
    ProfileFactory(email="x@example.org", external_id="C-17")
    page = with_id(reconciliation_key="external_id", on_match="refuse")

    send(anonymous, page, last_name="A", email="b@example.org", external_id="C-17")

    assert result() == ("refused", profile.pk)


def test_a_submission_that_lacks_a_part_makes_nobody(anonymous):
    page = PublishedPageFactory(reconciliation_key="email+postal_code", key_mapping={"postal_code": {"form": "mobile"}})

    send(anonymous, page, last_name="A", email="b@example.org")

    assert (result(), Profile.objects.count()) == (("refused", None), 0)


@pytest.mark.parametrize("on_match", ["ask_by_email", "update"])
def test_who_guesses_an_external_id_is_answered_by_the_stored_address(anonymous, profile, on_match):
    consent.opt_out(profile, "email", source=Source.OPERATOR, by=BY)
    page = with_id(reconciliation_key="external_id", on_match=on_match)

    send(anonymous, page, last_name="Evil", email="evil@example.org", external_id="C-17", opted_out_sms="on")

    stored = Profile.objects.get()
    assert (stored.email, stored.opted_out_email, stored.opted_out_sms) == ("marie@example.org", True, False)
    assert stored.last_name == ("Evil" if on_match == "update" else "Dupont")
    assert notices() == [("confirm_change", "marie@example.org")]
    assert PendingChange.objects.get().choices == {"email": False, "sms": True}


def test_an_external_id_is_compared_and_never_written(anonymous, profile):
    page = with_id(reconciliation_key="external_id")

    send(anonymous, page, last_name="New", email="new@example.org", external_id="C-99")
    created = Profile.objects.get(email="new@example.org")
    assert (created.external_id, result()) == ("", ("applied", created.pk))

    send(anonymous, page, last_name="New", email="new@example.org", external_id="C-99")
    assert (Profile.objects.count(), result()) == (2, ("applied", created.pk))

    anonymous.post(link(page, profile), typed(page, last_name="Dupont", external_id="C-99"))
    assert Profile.objects.get(pk=profile.pk).external_id == "C-17"


def test_a_known_address_under_another_name_stays_silent(anonymous, profile):
    """A stranger must not undo an opt-out by making a second profile of the address."""
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)
    page = PublishedPageFactory(reconciliation_key="email+last_name")

    send(anonymous, page, last_name="Evil", email="marie@example.org", mobile="+33700000000")

    created = Profile.objects.get(last_name="Evil")
    assert [scope for scope, ticked in created.choices.items() if ticked] == ["email"]
    event = ConsentEvent.objects.get(profile=created)
    assert (event.scope, event.source, event.detail) == ("email", "system", "this address is opted out on another profile")
    assert PendingChange.objects.get().choices == {"email": False}
    assert notices() == [("confirm_change", "marie@example.org")]
    assert list(ledger.disagreements()) == []


def test_a_shared_mobile_that_refused_is_not_lifted_by_the_typed_email(anonymous, profile):
    consent.opt_out(profile, "all", source=Source.OPERATOR, by=BY)
    page = PublishedPageFactory()

    send(anonymous, page, last_name="Evil", email="evil@example.org", mobile="+33612345678")

    created = Profile.objects.get(last_name="Evil")
    assert [scope for scope, ticked in created.choices.items() if ticked] == ["sms"]
    assert (PendingChange.objects.count(), notices()) == (0, [])


KEYS = {
    "email": lambda value: {"email": value},
    "mobile": lambda value: {"email": "a@example.org", "mobile": value},
    "external_id": lambda value: {"email": "a@example.org", "external_id": value},
    "email+last_name": lambda value: {"email": value},
    "external_id+email": lambda value: {"email": "a@example.org", "external_id": value},
}


@pytest.mark.parametrize("is_doubled", [False, True])
@pytest.mark.parametrize("key", KEYS)
def test_the_same_answer_and_the_same_statements_whoever_is_meant(anonymous, operator, key, is_doubled):
    """Known, unknown, opted out, quarantined, erased: of every key."""
    shape = {"mobile": "+3361234567{}", "external_id": "C-{}", "external_id+email": "C-{}"}.get(key, "who{}@example.org")
    values = [shape.format(number) for number in range(5)]
    column = key.partition("+")[0]
    ProfileFactory(**{column: values[0]})
    ProfileFactory(**{column: values[2]}, opted_out=["all", "email", "sms"])
    ProfileFactory(**{column: values[3]})
    if column != "external_id":
        QuarantinedAddressFactory(channel="email" if column == "email" else "sms", address=values[3])
    erased = ProfileFactory(**{column: values[4]}, opted_out=["all"])
    erasure.erase(erased, revision=Profile.objects.get(pk=erased.pk).revision, by=operator)
    page = PublishedPageFactory() if "external_id" not in key else with_id()
    LandingPage.objects.filter(pk=page.pk).update(reconciliation_key=key, double_opt_in=is_doubled, message="default")
    page = LandingPage.objects.get(pk=page.pk)
    publishing.publish(page, by=BY)

    answers = [
        answer_to(anonymous, address(page), stranger(page, last_name="Petit", **KEYS[key](value)), value) for value in values
    ]

    assert answers[0][0] == 200
    assert [one == answers[0] for one in answers] == [True] * 5


# Specific action, and the service from the URL


def serving(action="subscription", **values):
    first, second = ServiceFactory(public_label="Thursday letter"), ServiceFactory(public_label="Offers")
    served = {"thursday-letter": first.pk, "offers": second.pk}
    page = PublishedPageFactory(specific_action=action, service_from_url=True, served=served, **values)
    return page, first, second


def test_a_page_subscribes_to_the_service_that_its_address_names(anonymous, profile):
    page, _first, second = serving()

    send(anonymous, page, "?service=offers", last_name="New", email="new@example.org")
    anonymous.post(link(page, profile) + "?service=offers", typed(page))

    assert set(Subscription.objects.values_list("profile__email", "service")) == {
        ("new@example.org", second.pk), ("marie@example.org", second.pk),
    }  # fmt: skip
    assert list(ledger.disagreements()) == []


@pytest.mark.parametrize("query", ["", "?service=", "?service=nothing", "?service=1", "?service=SVC1", "?service=offers%00"])
def test_a_service_that_the_page_does_not_serve_is_a_clear_page(anonymous, profile, query):
    page, _first, _second = serving()
    before = everything()

    answers = [
        anonymous.get(address(page) + query),
        anonymous.post(address(page) + query, stranger(page, last_name="A", email="a@b.org")),
        anonymous.get(link(page, profile) + query), anonymous.post(link(page, profile) + query, typed(page)),
        anonymous.get(address(page) + "fresh-link/" + query),
    ]  # fmt: skip

    assert [one.status_code for one in answers] == [404] * 5
    assert {"Which service?" in one.content.decode() for one in answers} == {True}
    assert everything() == before


def test_the_name_of_the_service_stays_with_every_link_of_the_page(anonymous, profile):
    page, _first, second = serving("unsubscription", is_default=True)
    text = anonymous.get(address(page) + "?service=offers&lang=en").content.decode()

    assert text.count("service=offers") == 3  # the form, the other language, and the way to a link
    anonymous.post(address(page) + "fresh-link/?service=offers", stamped(page) | {"address": profile.email})
    reconciling.process_received()
    notice = Notice.objects.get()
    assert notice.service == second
    mail = message_from_bytes(notice_mails.build(notice).data, policy=policy.default)
    assert "?service=offers" in mail.get_body(["plain"]).get_content()


def test_the_default_page_of_several_services_is_that_of_each(anonymous, profile):
    page, first, second = serving("unsubscription", template="unsubscription", is_default=True)
    third = ServiceFactory()

    found = [pagelinks.default_of(one.pk, PageType.UNSUBSCRIPTION) for one in (first, second, third)]

    assert found == [page, page, None]
    url = pagelinks.url(pagelinks.pin(page, second.pk), profile)
    subscriptions.subscribe(profile, second, source=Source.OPERATOR, by=BY)
    assert url.endswith("?service=offers")
    anonymous.post("/lp/" + url.partition("/lp/")[2].replace("?", "/?"), typed(page))
    assert Subscription.objects.count() == 0


def test_an_acquisition_page_can_put_on_the_blocklist(anonymous, profile):
    page = PublishedPageFactory(specific_action="blocklist")

    anonymous.post(link(page, profile), typed(page))

    event = ConsentEvent.objects.get()
    assert (event.scope, event.after, "Register" in event.wording) == ("all", True, True)


def test_a_version_of_a_former_release_does_what_its_type_said(anonymous, profile):
    page = PublishedPageFactory(template="blocklist", unidentified_allowed=False)
    content = {**page.version.content}
    new = ("key_mapping", "specific_action", "service_from_url", "served", "additional_data", "message", "message_texts")
    new += ("double_opt_in", "log_responses", "spam_protection")
    content["settings"] = {name: value for name, value in content["settings"].items() if name not in new}
    old = PublishedVersion.objects.create(page=page, number=2, content=content, published_at=timezone.now())
    LandingPage.objects.filter(pk=page.pk).update(version=old)
    page = LandingPage.objects.get(pk=page.pk)

    assert publishing.changes_not_published(page) == 0
    anonymous.post(link(page, profile), typed(page))
    assert Profile.objects.get().opted_out_all is True
    publishing.restore(page, old, by=BY)
    assert LandingPage.objects.get().specific_action == "blocklist"


# Additional data


DATA = {"city": "Lyon", "last_name": "Constant", "opted_out_sms": True}


def test_additional_data_stands_over_what_was_typed(anonymous, profile):
    page = PublishedPageFactory(additional_data=DATA)

    send(anonymous, page, last_name="Typed", email="new@example.org")
    anonymous.post(link(page, profile), typed(page, last_name="Typed"))

    stored = set(Profile.objects.values_list("email", "city", "last_name", "opted_out_sms"))
    assert stored == {("new@example.org", "Lyon", "Constant", True), ("marie@example.org", "Lyon", "Constant", True)}
    assert set(ConsentEvent.objects.values_list("scope", "wording")) == {("sms", "(not shown: set by the page)")}
    shown = anonymous.get(address(page)).content.decode()
    assert "Lyon" not in shown


def test_additional_data_of_a_stranger_waits_like_what_was_typed(anonymous, profile):
    page = PublishedPageFactory(additional_data=DATA)

    send(anonymous, page, last_name="Dupont", email="marie@example.org")

    pending = PendingChange.objects.get()
    assert (pending.fields, pending.choices) == ({"last_name": "Constant", "city": "Lyon"}, {"sms": True})
    assert Profile.objects.get().city == ""


def test_additional_data_never_clears_a_box_or_says_who_somebody_is(anonymous, profile):
    """Whatever got into the version."""
    consent.opt_out(profile, "sms", source=Source.OPERATOR, by=BY)
    page = PublishedPageFactory()
    content = {**page.version.content}
    evil = {"opted_out_sms": False, "email": "evil@example.org", "external_id": "x", "mobile": "+33600000000"}
    content["settings"] = {**content["settings"], "additional_data": evil}
    version = PublishedVersion.objects.create(page=page, number=2, content=content, published_at=timezone.now())
    LandingPage.objects.filter(pk=page.pk).update(version=version)
    page = LandingPage.objects.get(pk=page.pk)

    anonymous.post(link(page, profile, age=timedelta(seconds=-5)), typed(page, opted_out_sms="on", last_name="Dupont"))

    stored = Profile.objects.get()
    assert (stored.opted_out_sms, stored.email, stored.external_id, stored.mobile) == (
        True,
        "marie@example.org",
        "C-17",
        "+33612345678",
    )
    assert Notice.objects.count() == 0


# Confirmation message


def test_a_message_goes_out_at_every_accepted_submission(anonymous, profile):
    texts = {"en": {"subject": "Thanks, {page}", "text": "Hello from {page}"}}
    page = PublishedPageFactory(message="custom", message_texts=texts)

    anonymous.post(link(page, profile), typed(page, last_name="Dupont"))  # changes nothing
    send(anonymous, page, last_name="<b>Evil</b>", email="new@example.org")
    send(anonymous, page, last_name="Typed", email="marie@example.org")  # waits for an answer first

    assert notices() == [
        ("page_message", "marie@example.org"),
        ("page_message", "new@example.org"),
        ("confirm_change", "marie@example.org"),
    ]
    change = PendingChange.objects.get()
    Notice.objects.filter(kind="page_message").delete()
    anonymous.post(f"/c/{make_token(Purpose.CONFIRM, change.public_id)}/")
    assert notices()[-1] == ("page_message", "marie@example.org")
    mail = notice_mails.build(Notice.objects.latest("pk")).data.decode()
    assert "Subject: Thanks, Your preferences" in mail
    assert [text for text in ("Evil", "Typed") if text in mail] == []


def test_no_message_for_who_was_refused_or_has_no_address(anonymous, profile):
    page = PublishedPageFactory(message="default", on_match="refuse")

    send(anonymous, page, last_name="A", email="marie@example.org")
    nobody = ProfileFactory(email="")
    anonymous.post(link(page, nobody), typed(page))

    assert notices() == []


def test_the_message_keeps_within_the_limits_of_notices(anonymous, profile):
    page = PublishedPageFactory(message="default")

    for _number in range(3):
        anonymous.post(link(page, profile), typed(page, last_name="Dupont"))

    assert notices() == [("page_message", "marie@example.org")]


def test_two_mails_are_warned_of(profile):
    service = ServiceFactory(label="Letter", subscribed_message="default")
    page = PublishedPageFactory(specific_action="subscription", service=service, message="default")

    assert [one.text for one in publishing.checks(page) if one.field != "expires_at"] == [
        "Two mails would go out: “Letter” has a confirmation message of its own."
    ]


# Double opt-in


@pytest.fixture
def doubled(db):
    return PublishedPageFactory(double_opt_in=True)


def confirmation():
    return f"/c/{make_token(Purpose.CONFIRM, Submission.objects.latest('pk').confirmation_id)}/"


def test_nothing_is_made_of_somebody_unknown_before_she_confirms(anonymous, doubled):
    before = everything()

    response = send(anonymous, doubled, last_name="New", email="new@example.org", opted_out_sms="on")

    after = everything()
    assert [name for name in after if after[name] != before[name]] == ["profiles.Notice", "landingpages.Submission"]
    assert result() == ("pending", None)
    assert notices() == [("confirm_registration", "new@example.org")]
    assert "confirm there" in response.content.decode()


def test_confirming_makes_the_profile_once(anonymous, doubled):
    send(anonymous, doubled, last_name="New", email="new@example.org", opted_out_sms="on")
    url, before = confirmation(), everything()

    for ask in (anonymous.get, anonymous.head, anonymous.options):
        ask(url)
    assert everything() == before
    answers = [anonymous.post(url) for _number in range(3)]

    created = Profile.objects.get()
    assert [one.status_code for one in answers] == [200] * 3
    assert (created.email, created.last_name, created.opted_out_sms, result()) == (
        "new@example.org",
        "New",
        True,
        ("applied", created.pk),
    )
    assert list(ConsentEvent.objects.values_list("scope", "detail")) == [("sms", "confirmed by email")]
    assert list(ledger.disagreements()) == []


def test_confirming_subscribes_without_a_second_question(anonymous):
    service = ServiceFactory(double_opt_in=True)
    page = PublishedPageFactory(template="subscription", service=service, double_opt_in=True)

    send(anonymous, page, last_name="New", email="new@example.org")
    anonymous.post(confirmation())

    assert list(Subscription.objects.values_list("service", "profile__email")) == [(service.pk, "new@example.org")]
    assert ConsentEvent.objects.get().source == "double_opt_in"
    assert notices() == [("confirm_registration", "new@example.org")]


def test_after_seven_days_nothing_is_made_and_what_was_typed_is_forgotten(anonymous, doubled):
    send(anonymous, doubled, last_name="New", email="new@example.org")
    url = confirmation()
    Submission.objects.update(processed_at=timezone.now() - timedelta(days=7, seconds=1))

    answers = [anonymous.get(url), anonymous.post(url)]
    assert [one.status_code for one in answers] == [410] * 2
    assert registrations.clean_up() == 1
    one = Submission.objects.get()
    assert (one.status, one.data, one.ip, Profile.objects.count()) == ("expired", {}, "", 0)
    assert anonymous.post(url).status_code == 410


def test_a_registration_reaches_nobody_and_is_erased_with_the_address(anonymous, operator):
    held = ProfileFactory(email="new@example.org", mobile="")
    erased_page = PublishedPageFactory(double_opt_in=True, reconciliation_key="mobile")
    send(anonymous, erased_page, last_name="New", email="new@example.org", mobile="+33700000001")
    url = confirmation()
    exported = [
        row for holder in holders.registered() for row in holder.export(holders.person(held)) if holder.key == "submissions"
    ]
    assert len(exported) == 1

    erasure.erase(held, revision=held.revision, by=operator)

    assert (Submission.objects.count(), Notice.objects.count()) == (0, 0)
    assert (anonymous.post(url).status_code, Profile.objects.count()) == (404, 0)


def test_somebody_known_is_asked_as_on_any_page(anonymous, doubled, profile):
    send(anonymous, doubled, last_name="Evil", email="marie@example.org")

    assert (result(), notices()) == (("asked", profile.pk), [("confirm_change", "marie@example.org")])


def test_who_became_known_meanwhile_is_a_match(anonymous, doubled):
    send(anonymous, doubled, last_name="New", email="new@example.org")
    url = confirmation()
    ProfileFactory(email="new@example.org", last_name="Known")

    response = anonymous.post(url)

    assert (Profile.objects.count(), Profile.objects.get().last_name) == (1, "Known")
    assert "One more step" in response.content.decode()


def test_who_confirms_is_written_to_again_if_she_said_so(anonymous, profile):
    consent.opt_out(profile, "email", source=Source.OPERATOR, by=BY)
    page = PublishedPageFactory(double_opt_in=True, reconciliation_key="email+last_name")

    send(anonymous, page, last_name="Other", email="marie@example.org")
    anonymous.post(confirmation())

    assert Profile.objects.get(last_name="Other").opted_out_email is False
    assert Profile.objects.get(pk=profile.pk).opted_out_email is True


def test_double_opt_in_needs_an_email_that_is_typed():
    page = PublishedPageFactory(reconciliation_key="mobile")
    page.blocks.filter(field="mobile").update(is_mandatory=True)
    page.blocks.filter(field="email").update(is_mandatory=False)
    page.double_opt_in = True
    page.save()

    assert [(one.level, one.text) for one in publishing.checks(page) if one.field != "expires_at"] == [
        ("error", "Double opt-in needs an email: make this block mandatory.")
    ]


# Traces


def test_responses_that_are_not_logged_are_forgotten_once_processed(anonymous, profile):
    page = PublishedPageFactory(log_responses=False, double_opt_in=True)
    anonymous.post(link(page, profile), typed(page, last_name="Typed"))
    assert Submission.objects.values_list("data", "status", "profile_id").get() == ({}, "applied", profile.pk)
    Submission.objects.all().delete()

    for name, mail in (("A", "marie@example.org"), ("B", "new@example.org")):
        send(anonymous, page, last_name=name, email=mail)
    assert list(Submission.objects.order_by("pk").values_list("status", "data__last_name")) == [("asked", None), ("pending", "B")]

    anonymous.post(confirmation())
    assert list(Submission.objects.order_by("pk").values_list("status", "data")) == [("asked", {}), ("applied", {})]
    assert Submission.objects.exclude(profile_id=None).count() == 2


def test_responses_are_kept_for_a_year(anonymous, online, settings):
    send(anonymous, online, last_name="A", email="a@example.org")
    Submission.objects.update(processed_at=timezone.now() - timedelta(days=364))
    assert registrations.clean_up() == 0
    Submission.objects.update(processed_at=timezone.now() - timedelta(days=366))

    assert (registrations.clean_up(), registrations.clean_up()) == (1, 0)
    assert list(Submission.objects.values_list("data", "status")) == [({}, "applied")]


# Spam protection


def test_without_protection_a_form_needs_no_stamp_but_one_of_a_former_version_is_told(anonymous):
    page = PublishedPageFactory(spam_protection=False)
    form = typed(page, last_name="A", email="a@example.org")

    assert 'name="website"' not in anonymous.get(address(page)).content.decode()
    assert anonymous.post(address(page), form | {limits.TRAP: "x"}).status_code == 200
    former = stamped(page)
    page.blocks.filter(field="mobile").delete()
    publishing.publish(LandingPage.objects.get(pk=page.pk), by=BY)
    assert anonymous.post(address(page), form | former).status_code == 422
    assert Submission.objects.count() == 1


def test_a_page_takes_so_many_forms_from_everywhere_and_links_are_never_limited(anonymous, online, profile, settings):
    settings.PAGE_LIMIT_PER_PAGE = 2
    answers = [
        anonymous.post(
            address(online), stranger(online, last_name="A", email=f"a{number}@example.org"), REMOTE_ADDR=f"10.{number}.0.1"
        )
        for number in range(3)
    ]

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert "this page" in answers[2].content.decode()
    assert 'value="a2@example.org"' in answers[2].content.decode()
    anonymous.post(link(online, profile), typed(online, opted_out_email="on"))
    assert Profile.objects.get().opted_out_email is True
