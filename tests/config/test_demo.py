import re
from collections import Counter
from email import message_from_bytes

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Count

from config.demo import details
from config.demo.people import people
from deliveries import preparation, sending, transports
from deliveries.models import Delivery, Message
from deliveries.rendering import Renderer
from landingpages.models import LandingPage, PublishedVersion
from profiles import customfields, links, timezones
from profiles.channels import Channel
from profiles.links import Purpose
from profiles.models import ConsentEvent, Profile, Service, Source, Subscription
from quarantine.models import QuarantinedAddress
from tests.smtp import Server, Sink

RESERVED_DOMAINS = {"example.org", "example.com", "example.net"}
RESERVED_MOBILES = r"\+3363998\d{4}|\+447700900\d{3}|\+1(514|418|613|438|503|617|608|212)55501\d\d"


@pytest.fixture(autouse=True)
def _development(settings):
    settings.DEBUG = True


@pytest.fixture
def demo(db, capsys):
    call_command("demo")
    return capsys.readouterr().out


@pytest.fixture
def smtp(settings):
    """The mail server that the worker talks to."""
    server = Server(Sink())
    server.start()
    settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": server.bound_port}
    yield server.sink
    server.stop()


def everything():
    models = (Profile, ConsentEvent, Subscription, Service, QuarantinedAddress, LandingPage, PublishedVersion, Delivery, Message)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_demo_people_are_the_same_every_time():
    described = [[(one.full_name, one.email, one.mobile, one.street, one.city) for one in people()] for _ in range(2)]
    assert described[0] == described[1]


def test_demo_people_have_addresses_that_nobody_can_own():
    made = people()
    assert {one.email.partition("@")[2] for one in made if one.email} == RESERVED_DOMAINS
    assert [one.mobile for one in made if one.mobile and not re.fullmatch(RESERVED_MOBILES, one.mobile)] == []
    assert [one for one in made if not (one.email or one.mobile or one.country in ("BE", "IE"))] == []


def test_demo_people_tell_the_same_details_every_time():
    made = [people() for _ in range(2)]
    for profiles in made:
        details.complete(profiles)
    described = [[(one.gender, one.title, one.birth_date, one.time_zone, one.custom) for one in profiles] for profiles in made]
    assert described[0] == described[1]
    known = set(timezones.names())
    assert [one.time_zone for one in made[0] if one.time_zone not in known] == []
    assert {(one.title, one.gender) for one in made[0] if one.first_name == "Marie"} <= {("Mme", "female"), ("", "")}


def test_demo_has_custom_fields_with_values_that_they_can_hold(demo):
    fields = {field.key: field for field in customfields.definitions()}
    assert list(fields) == ["grows_on", "visits", "friend_since", "volunteer"]
    values = [(fields[key], value) for one in Profile.objects.all() for key, value in one.custom.items()]
    assert [value for field, value in values if customfields.read(field, customfields.as_text(field, value)) != value] == []
    assert {field.key for field, _value in values} == set(fields)
    assert set(Profile.objects.values_list("gender", flat=True)) == {"", "male", "female"}
    assert Profile.objects.filter(address_specified=False).count() == 0


def test_demo_loads_a_spread_of_everything(demo):
    assert demo == "Demo data loaded: 314 profiles; the worker sends “Winter news”.\n"
    assert Counter(Profile.objects.values_list("preferred_language", flat=True)) == {"fr": 200, "en": 114}
    assert sorted(set(Profile.objects.values_list("country", flat=True))) == ["BE", "CA", "FR", "GB", "IE", "US"]
    assert Profile.objects.filter(email="").count() == 18
    opted_out = {scope: Profile.objects.opted_out(scope).count() for scope in ("all", "email", "sms", "push", "direct_mail")}
    assert opted_out == {"all": 9, "email": 26, "sms": 8, "push": 3, "direct_mail": 6}
    assert set(ConsentEvent.objects.values_list("source", flat=True)) == {Source.OPERATOR, Source.ONE_CLICK, Source.IMPORT}
    statuses = QuarantinedAddress.objects.order_by().values_list("status", "reason").annotate(Count("pk"))
    assert sorted(statuses) == [
        ("blocklist", "on_blocklist", 1),
        ("erroneous", "mailbox_full", 1),
        ("erroneous", "unreachable", 1),
        ("quarantine", "account_disabled", 1),
        ("quarantine", "invalid_domain", 1),
        ("quarantine", "user_unknown", 3),
    ]
    assert QuarantinedAddress.objects.get(reason="mailbox_full").errors == 2
    erroneous = set(QuarantinedAddress.objects.filter(status="erroneous").values_list("address", flat=True))
    assert erroneous.isdisjoint(Message.objects.to_deliver().values_list("address", flat=True))
    assert sorted(Service.objects.annotate(number=Count("subscriptions")).values_list("label", "number")) == [
        ("Thursday letter", 120),
        ("Workshops", 60),
    ]
    twins = Profile.objects.exclude(email="").values("email").annotate(number=Count("pk")).filter(number__gt=1)
    assert sorted(twin["number"] for twin in twins) == [2] * 7


def test_marie_dupont_is_there_twice_and_both_may_be_contacted(demo):
    found = Profile.objects.matching("Dupont").order_by("pk")
    assert [(one.full_name, one.email, one.ticked) for one in found] == [("Marie Dupont", "marie.dupont@example.org", [])] * 2


def test_demo_consent_is_explained_by_the_ledger(demo, capsys):
    call_command("check_consent")
    assert capsys.readouterr().out.startswith("The boxes of 314 profiles agree")


def test_ana_may_do_everything_and_luc_prepares_but_does_not_confirm(demo):
    ana, luc = authenticate(username="ana", password="ana"), authenticate(username="luc", password="luc")
    assert ana.is_superuser
    assert (luc.is_staff, luc.has_perm("deliveries.prepare_delivery"), luc.has_perm("deliveries.confirm_delivery")) == (
        True,
        True,
        False,
    )


def test_demo_has_a_delivery_to_prepare_and_one_that_the_worker_finishes(demo, smtp):
    assert list(Delivery.objects.values_list("label", "status")) == [("Spring news", "editing"), ("Winter news", "in_progress")]
    assert list(Delivery.objects.get(label="Winter news").log.exclude(level="information")) == []

    with transports.open_session(Channel.EMAIL) as session:
        while batch := sending.claim_batch("test"):
            sending.BatchSender(batch, session).run()
    sending.finish_done()

    winter = Delivery.objects.get(label="Winter news")
    prepared = winter.preparation
    volumes = {(cause.exclusion, cause.detail): cause.volume for cause in prepared.causes.all()}
    assert (prepared.targeted, prepared.to_deliver + sum(volumes.values())) == (314, 314)
    unused = {"invalid_address", "excluded_address", "excluded_domain", "control_group", "size_limit"}
    assert {cause for (cause, _detail), volume in volumes.items() if not volume} == unused
    assert (winter.status, prepared.batches.progress()["sent"]) == ("finished", prepared.to_deliver)
    assert sorted(smtp.recipients) == sorted(prepared.messages.to_deliver().values_list("address", flat=True))
    assert {one.mail["Subject"] for one in smtp.accepted} == {"Au coin du feu", "By the fireside"}


def test_demo_has_its_pages_online_in_both_languages_and_as_defaults(demo):
    pages = LandingPage.objects.order_by("type").values_list("type", "status", "is_default", "version__content__languages")
    kinds = ("acquisition", "blocklist", "subscription", "unsubscription")
    assert list(pages) == [(kind, "online", True, ["en", "fr"]) for kind in kinds]
    by_type = {page.type: page.pk for page in LandingPage.objects.all()}
    columns = Delivery.objects.order_by("pk").values_list("preference_page", "blocklist_page")
    assert list(columns) == [(by_type["acquisition"], by_type["blocklist"])] * 2


@pytest.mark.parametrize("language", ["en", "fr"])
def test_demo_letters_link_to_both_pages(demo, language):
    reader = Profile.objects.filter(preferred_language=language).exclude(email="").first()
    mail = message_from_bytes(Renderer(Delivery.objects.get(label="Winter news").preparation).email(reader, reader.email).data)
    html = mail.get_payload()[1].get_payload(decode=True).decode()
    found = re.findall(r"/lp/([a-z-]+)/([\w-]+)", html)
    assert [slug for slug, _token in found] == ["preferences", "nothing-any-more"]
    pages = [links.read_token(token, Purpose.PAGE).page for _slug, token in found]
    assert pages == list(LandingPage.objects.filter(service=None).order_by("type").values_list("pk", flat=True))


def test_demo_delivery_in_editing_has_nothing_to_correct(demo):
    spring = Delivery.objects.get(label="Spring news")
    preparation.start(spring, by="Ana Lopes")
    preparation.run(preparation.claim("test"))
    assert list(spring.log.exclude(level="information")) == []


def test_demo_loads_once(demo, capsys):
    before = everything()
    call_command("demo")
    assert capsys.readouterr().out == "There are profiles, landing pages or deliveries already: no demo data loaded.\n"
    assert everything() == before


def test_demo_is_for_development_only(db, settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="set DEBUG=1"):
        call_command("demo")
    assert not any(everything().values())
