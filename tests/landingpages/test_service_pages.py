"""Pages that subscribe to a service or unsubscribe from it, and boxes about services on any page."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from deliveries import confirmations
from landingpages import editing, forms, publishing, reconciling
from landingpages.checking import checks
from landingpages.models import LandingPage, Submission
from profiles import ledger, subscriptions
from profiles.links import Purpose, make_token
from profiles.models import ConsentEvent, Notice, PendingChange, Profile, Service, Source, Subscription
from tests.deliveries.test_public_views import SCANNERS
from tests.factories import LandingPageFactory, ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory, ServiceFactory
from tests.landingpages.test_abuse import answer_to
from tests.landingpages.visitors import address, everything, link, stamped, stranger, typed

pytestmark = pytest.mark.django_db
OLD = timedelta(days=31)


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def service():
    return ServiceFactory(label="Thursday letter", public_label="The Thursday letter")


@pytest.fixture
def marie():
    return ProfileFactory(email="marie@example.org", last_name="Dupont", preferred_language="en")


def content(response):
    return response.content.decode()


def subscribe(profile, service):
    subscriptions.subscribe(profile, service, source=Source.OPERATOR, by="Ana")


def held():
    return sorted(Subscription.objects.values_list("profile__email", "service__label"))


def send(anonymous, page, **values):
    response = anonymous.post(address(page), stranger(page, **values) | ticks(page, *values.get("services", ())))
    reconciling.process_received()
    return response


def ticks(page, *services):
    """What a browser sends for the boxes about these services."""
    blocks = [block for block in page.version.content["blocks"] if block.get("service_id") in [one.pk for one in services]]
    return {forms.field_name(block): "on" for block in blocks}


def confirm(anonymous):
    change = PendingChange.objects.latest("pk")
    return anonymous.post(f"/c/{make_token(Purpose.CONFIRM, change.public_id)}/")


def with_boxes(*boxes, **values):
    """An acquisition page online with a box for each (service, check to subscribe)."""
    page = LandingPageFactory(**values)
    for service, is_positive in boxes:
        block = editing.add(page, "service", by="Ana")
        texts = {"en": {"label": f"Tick for {service.label}", "help": ""}, "fr": {"label": f"Cocher {service.label}", "help": ""}}
        editing.change(page, block.key, {"service_id": service.pk, "is_positive": is_positive, "texts": texts}, by="Ana")
    publishing.publish(page, by="Ana")
    return page


# With a link


def test_a_link_to_a_subscription_page_subscribes_at_once_with_what_was_read(anonymous, marie):
    service = ServiceFactory(double_opt_in=True, subscribed_message="default")
    page = PublishedPageFactory(template="subscription", service=service)

    response = anonymous.post(link(page, marie, delivery=7), typed(page))

    assert response.status_code == 200
    assert "Thank you for your subscription." in content(response)
    event = ConsentEvent.objects.get()
    assert (event.profile_id, event.service, event.after, event.source, event.delivery_id) == (
        marie.pk, service, False, "landing_page", 7,
    )  # fmt: skip
    assert (event.wording, event.page_version_id) == ("Subscribe", page.version.pk)
    assert list(Notice.objects.values_list("kind", "language")) == [("subscribed", "en")]
    assert list(ledger.disagreements()) == []


def test_a_link_to_an_unsubscription_page_unsubscribes_by_its_button(anonymous, marie, service):
    page, other = PublishedPageFactory(template="unsubscription", service=service), ServiceFactory()
    for one in (service, other):
        subscribe(marie, one)
    url = link(page, marie)

    assert "Do you want to end your subscription?" in content(anonymous.get(url))
    assert len(held()) == 2
    response = anonymous.post(url)

    assert "Your subscription has ended." in content(response)
    assert held() == [("marie@example.org", other.label)]
    assert ConsentEvent.objects.latest("pk").wording == "Do you want to end your subscription? · Unsubscribe"


@pytest.mark.parametrize("age", [timedelta(), OLD, timedelta(days=399)])
def test_an_unsubscription_link_works_400_days_and_on_a_closed_page(anonymous, marie, service, age):
    page = PublishedPageFactory(template="unsubscription", service=service)
    publishing.unpublish(page, by="Ana")
    subscribe(marie, service)

    assert anonymous.post(link(page, marie, age=age)).status_code == 200

    assert held() == []


def test_an_old_subscription_link_subscribes_nobody_and_offers_to_leave(anonymous, marie, service):
    page = PublishedPageFactory(template="subscription", service=service)
    url = link(page, marie, age=OLD)

    assert anonymous.post(url, typed(page)).status_code == 422
    assert held() == []

    subscribe(marie, service)
    assert "No longer receive “The Thursday letter”" in content(anonymous.get(url))
    assert anonymous.post(url, {"stop": f"service:{service.pk}"}).status_code == 200
    assert held() == []


# Without a link


def test_a_stranger_is_subscribed_with_her_new_profile(anonymous, service):
    page = PublishedPageFactory(template="subscription", service=service)

    send(anonymous, page, last_name="Petit", email="petit@example.org")

    assert held() == [("petit@example.org", "Thursday letter")]
    assert Submission.objects.get().status == "applied"
    assert Notice.objects.count() == 0


def test_double_opt_in_waits_for_the_confirmation_and_opts_nobody_out(anonymous, backoffice):
    service = ServiceFactory(label="Letter", double_opt_in=True, subscribed_message="default")
    page = PublishedPageFactory(template="subscription", service=service)

    response = send(anonymous, page, last_name="Petit", email="petit@example.org")

    assert "confirm your subscription there" in content(response)
    petit = Profile.objects.get()
    assert (held(), petit.ticked, Submission.objects.get().status) == ([], [], "asked")
    assert list(Notice.objects.values_list("kind", "address")) == [("confirm_subscription", "petit@example.org")]
    for tab in (f"/admin/profiles/profile/{petit.pk}/change/", f"/admin/profiles/{petit.pk}/subscriptions/"):
        assert "Letter: pending since" in content(backoffice.get(tab))

    assert "Subscription to “Letter”" in content(confirm(anonymous))

    assert held() == [("petit@example.org", "Letter")]
    event = ConsentEvent.objects.get()
    assert (event.source, event.detail, event.wording) == ("double_opt_in", "confirmed by email", "Subscribe")
    assert [kind for (kind,) in Notice.objects.order_by("pk").values_list("kind")] == ["confirm_subscription", "subscribed"]
    assert "pending since" not in content(backoffice.get(f"/admin/profiles/{petit.pk}/subscriptions/"))


@pytest.mark.parametrize("agent", SCANNERS)
def test_a_scanner_that_opens_the_confirmation_subscribes_nobody(anonymous, agent):
    page = PublishedPageFactory(template="subscription", service=ServiceFactory(double_opt_in=True))
    send(anonymous, page, last_name="Petit", email="petit@example.org")
    url = f"/c/{make_token(Purpose.CONFIRM, PendingChange.objects.get().public_id)}/"
    before = everything()

    for method in (anonymous.get, anonymous.head, anonymous.options):
        assert method(url, headers={"user-agent": agent}).status_code in (200, 405)

    assert everything() == before


def test_a_known_address_is_asked_first_whatever_the_service_says(anonymous, marie, service):
    page = PublishedPageFactory(template="subscription", service=service)

    send(anonymous, page, last_name="Dupont", email="marie@example.org")
    assert (held(), [kind for (kind,) in Notice.objects.values_list("kind")]) == ([], ["confirm_subscription"])

    confirm(anonymous)
    assert held() == [("marie@example.org", "Thursday letter")]


def test_who_is_subscribed_already_is_not_asked_again_unless_it_lasts_longer_then(anonymous, marie, service):
    limited = ServiceFactory(validity_amount=10, validity_unit="days")
    for one in (service, limited):
        subscribe(marie, one)
        send(anonymous, PublishedPageFactory(template="subscription", service=one), last_name="Dupont", email=marie.email)

    assert [one.services for one in PendingChange.objects.all()] == [{str(limited.pk): True}]
    Subscription.objects.filter(service=limited).update(expires_at=timezone.now() + timedelta(hours=1))
    confirm(anonymous)
    assert Subscription.objects.get(service=limited).expires_at > timezone.now() + timedelta(days=9)


def test_leaving_by_a_typed_address_reaches_every_profile_that_has_it_once_confirmed(anonymous, marie, service):
    page = LandingPageFactory(template="unsubscription", service=service, unidentified_allowed=True)
    block = editing.add(page, "email", by="Ana")
    editing.change(page, block.key, {"is_mandatory": True}, by="Ana")
    publishing.publish(page, by="Ana")
    for profile in (marie, ProfileFactory(email=marie.email), ProfileFactory(email="stays@example.org")):
        subscribe(profile, service)

    send(anonymous, page, email=marie.email)
    assert len(held()) == 3
    confirm(anonymous)

    assert held() == [("stays@example.org", "Thursday letter")]
    assert list(ledger.disagreements()) == []


def test_leaving_by_an_address_that_nobody_has_makes_no_profile(anonymous, service):
    page = LandingPageFactory(template="unsubscription", service=service, unidentified_allowed=True)
    editing.add(page, "email", by="Ana")
    publishing.publish(page, by="Ana")

    send(anonymous, page, email="nobody@example.org")

    assert (Profile.objects.count(), Submission.objects.get().status) == (0, "refused")


def test_who_left_after_the_question_stays_away(anonymous, marie, service):
    page = PublishedPageFactory(template="subscription", service=service)
    send(anonymous, page, last_name="Dupont", email=marie.email)
    subscribe(marie, service)
    subscriptions.unsubscribe(marie, service, source=Source.ONE_CLICK)

    confirm(anonymous)

    assert held() == []


@pytest.mark.parametrize("double_opt_in", [True, False])
@pytest.mark.parametrize("template", ["subscription", "unsubscription"])
def test_known_subscribed_and_unknown_addresses_get_one_answer(anonymous, marie, template, double_opt_in):
    service = ServiceFactory(double_opt_in=double_opt_in)
    page = LandingPageFactory(template=template, service=service, unidentified_allowed=True)
    if template == "unsubscription":
        editing.add(page, "email", by="Ana")
    publishing.publish(page, by="Ana")
    subscribe(ProfileFactory(email="susie@example.org"), service)
    ProfileFactory(email="quiet@example.org", opted_out=["all"])
    QuarantinedAddressFactory(address="bound@example.org")
    names = {"last_name": "Petit"} if template == "subscription" else {}

    answers = [
        answer_to(anonymous, address(page), stranger(page, email=f"{name}@example.org", **names), f"{name}@example.org")
        for name in ("marie", "susie", "quiet", "bound", "nobod")
    ]

    assert [one == answers[0] for one in answers] == [True] * 5
    assert answers[0][0] == 200


def test_a_service_outside_its_days_is_told_to_everybody_alike(anonymous, marie, service):
    page = PublishedPageFactory(template="subscription", service=service)
    Service.objects.update(ends_on=timezone.localdate() - timedelta(days=1))
    before = everything()

    answers = [anonymous.get(address(page)), anonymous.post(address(page), stranger(page, email="a@example.org", last_name="A"))]
    answers.append(anonymous.post(link(page, marie), typed(page)))

    assert [answer.status_code for answer in answers] == [410] * 3
    assert all("takes no new subscriptions at the moment" in content(answer) for answer in answers)
    assert everything() == before


def test_a_service_that_ended_before_the_confirmation_takes_nobody_and_the_page_says_so(anonymous, marie, service):
    send(anonymous, PublishedPageFactory(template="subscription", service=service), last_name="Dupont", email=marie.email)
    Service.objects.update(ends_on=timezone.localdate() - timedelta(days=1))

    assert "takes no new subscriptions at the moment" in content(confirm(anonymous))
    assert held() == []


# Boxes


def test_boxes_of_a_link_show_what_is_stored(anonymous, marie, service):
    other, third = ServiceFactory(), ServiceFactory()
    subscribe(marie, service)
    subscribe(marie, third)
    page = with_boxes((service, True), (other, True), (third, False))

    shown = anonymous.get(link(page, marie)).context["form"]

    boxes = [shown.initial[forms.field_name(block)] for block in page.version.content["blocks"] if block["kind"] == "service"]
    assert boxes == [True, False, False]


@pytest.mark.parametrize(
    ("is_subscribed", "is_positive", "ticked", "ends_subscribed"),
    [
        (False, True, False, False),
        (False, True, True, True),
        (True, True, True, True),
        (True, True, False, False),  # it was shown ticked
        (False, False, False, False),
        (False, False, True, False),
        (True, False, True, False),
        (True, False, False, True),
    ],
)
def test_a_box_of_a_link_means(anonymous, marie, service, is_subscribed, is_positive, ticked, ends_subscribed):
    page = with_boxes((service, is_positive))
    if is_subscribed:
        subscribe(marie, service)
    rows = ConsentEvent.objects.count()

    anonymous.post(link(page, marie), typed(page) | (ticks(page, service) if ticked else {}))

    assert bool(held()) is ends_subscribed
    assert ConsentEvent.objects.count() - rows == (is_subscribed != ends_subscribed)
    if is_subscribed != ends_subscribed:
        assert ConsentEvent.objects.latest("pk").wording == f"{'☑' if ticked else '☐'} Tick for Thursday letter"


def test_what_a_client_claims_to_have_seen_decides_nothing(anonymous, marie, service):
    page = with_boxes((service, True))
    name = next(iter(ticks(page, service)))
    subscribe(marie, service)

    anonymous.post(link(page, marie), typed(page) | {f"initial-{name}": "", f"service:{service.pk}": "on", name: ""})

    assert held() == []


def test_several_boxes_of_a_stranger_subscribe_to_what_is_ticked(anonymous, service):
    other, waiting = ServiceFactory(label="Offers"), ServiceFactory(label="Waiting", double_opt_in=True)
    page = with_boxes((service, True), (other, True), (waiting, True))

    response = anonymous.post(
        address(page), stranger(page, last_name="Petit", email="petit@example.org") | ticks(page, service, waiting)
    )
    assert "confirm your subscription there" in content(response)
    reconciling.process_received()

    assert held() == [("petit@example.org", "Thursday letter")]
    assert [one.services for one in PendingChange.objects.all()] == [{str(waiting.pk): True}]


def test_boxes_that_a_stranger_leaves_empty_change_nothing(anonymous, marie, service):
    page = with_boxes((service, True))
    subscribe(marie, service)

    send(anonymous, page, last_name=marie.last_name, email=marie.email)

    assert (len(held()), PendingChange.objects.count()) == (1, 0)


def test_a_box_of_a_service_outside_its_days_can_only_be_left(anonymous, marie, service):
    page = with_boxes((service, True))
    subscribe(marie, service)
    other = ProfileFactory()
    Service.objects.update(ends_on=timezone.localdate() - timedelta(days=1))

    anonymous.post(link(page, other), typed(page) | ticks(page, service))
    assert held() == [("marie@example.org", "Thursday letter")]
    assert "takes no new subscriptions" in content(anonymous.get(link(page, other)))

    anonymous.post(link(page, marie), typed(page))
    assert held() == []


def test_a_service_that_was_deleted_leaves_the_page_as_it_was(anonymous, marie):
    service = ServiceFactory()
    page = with_boxes((service, True))
    ticked = ticks(page, service)
    page.blocks.filter(kind="service").delete()
    service.delete()

    assert anonymous.get(link(page, marie)).status_code == 200
    assert anonymous.post(link(page, marie), typed(page) | ticked).status_code == 200
    assert ConsentEvent.objects.count() == 0

    publishing.restore(page, page.version, by="Ana")
    assert list(page.blocks.filter(kind="service").values_list("service", flat=True)) == [None]


def test_an_unsubscription_page_of_a_deleted_service_stops_nothing_else(anonymous, marie):
    service, other = ServiceFactory(), ServiceFactory()
    page = PublishedPageFactory(template="unsubscription", service=service)
    editing.change_page(page, {"service": other}, by="Ana")
    service.delete()

    assert anonymous.get(address(page)).status_code == 410
    anonymous.post(link(page, marie))

    assert (ConsentEvent.objects.count(), Profile.objects.get().ticked) == (0, [])


# Publishing


@pytest.mark.parametrize("template", ["subscription", "unsubscription"])
def test_a_page_about_no_service_cannot_be_published(template):
    with pytest.raises(publishing.InvalidPublication):
        publishing.publish(LandingPageFactory(template=template), by="Ana")


def test_a_box_needs_a_service_and_each_service_one_box(service):
    page = LandingPageFactory(template="subscription", service=service)
    blocks = [editing.add(page, "service", by="Ana") for _ in range(2)]
    editing.change(page, blocks[1].key, {"service_id": service.pk}, by="Ana")

    found = [(check.block_key, check.text) for check in checks(page) if check.level == "error"]

    assert found == [
        (str(blocks[0].key), "Choose the service that this box is about."),
        (str(blocks[1].key), "The page, or another box, is about this service too."),
    ]


def test_a_default_page_takes_that_from_the_page_of_the_same_service_and_type():
    services = ServiceFactory.create_batch(2)
    pages = [
        LandingPageFactory(template=template, service=service, is_default=True)
        for template, service in [
            ("subscription", services[0]),
            ("subscription", services[1]),
            ("unsubscription", services[0]),
            ("subscription", services[0]),
        ]
    ]
    LandingPageFactory(is_default=True)

    kept = [LandingPage.objects.get(pk=page.pk).is_default for page in pages]

    assert kept == [False, True, True, True]


def test_a_default_page_that_changes_its_service_takes_that_there():
    services = ServiceFactory.create_batch(2)
    pages = [LandingPageFactory(template="subscription", service=service, is_default=True) for service in services]

    editing.change_page(pages[0], {"service": services[1]}, by="Ana")

    assert [LandingPage.objects.get(pk=page.pk).is_default for page in pages] == [True, False]


def test_a_page_about_no_service_is_the_default_of_none():
    with pytest.raises(ValidationError):
        LandingPageFactory(template="subscription", is_default=True)
    assert LandingPage.objects.get().is_default is False


def test_the_service_is_frozen_with_the_version(anonymous, marie, service):
    page, other = PublishedPageFactory(template="subscription", service=service), ServiceFactory()
    editing.change_page(page, {"service": other}, by="Ana")

    anonymous.post(link(page, marie), typed(page))
    assert held() == [("marie@example.org", "Thursday letter")]
    assert publishing.changes_not_published(page) == 1

    publishing.restore(page, page.version, by="Ana")
    assert page.service == service


# Mails


def test_the_confirmation_of_a_subscription_names_it_and_leads_to_its_page(anonymous, settings):
    service = ServiceFactory(public_label="The Thursday letter", double_opt_in=True)
    send(anonymous, PublishedPageFactory(template="subscription", service=service), last_name="<b>", email="a@example.org")
    notice = Notice.objects.get()

    letter = confirmations.notice_mails.LETTERS[notice.kind](notice)

    assert (letter.subject, letter.items) == ("Please confirm your subscription", ["The Thursday letter"])
    assert "/c/" in letter.link


def test_a_stamp_is_needed_as_everywhere(anonymous, service):
    page = PublishedPageFactory(template="subscription", service=service)

    response = anonymous.post(address(page), typed(page, last_name="A", email="a@example.org") | stamped(page, seconds=0))

    assert (response.status_code, Submission.objects.count()) == (422, 0)
