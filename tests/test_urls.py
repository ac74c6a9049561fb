"""Every address of the installation: closed to strangers unless it is on the list, and harmless to look at."""

import re
import uuid

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from deliveries import lifecycle, preparation
from deliveries.models import Delivery, TrackedLink
from deliveries.typology_models import ExcludedAddress, ExcludedDomain, Typology, TypologyRule
from landingpages import centre
from landingpages.models import Image, SharedBlock, Submission
from profiles import consent, importjobs, pending, subscriptions
from profiles.links import Purpose, make_token
from profiles.models import CustomField, Logo, Profile, SavedAudience, Source
from tests.factories import BrandFactory, ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory, ServiceFactory

pytestmark = pytest.mark.django_db

# Open to everybody. The mailbox exists only in development.
OPEN = {
    "home",  # leads to the back office, which asks who is there
    "public:unsubscribe",
    "public:/u/<str:token>/",
    "tracking:click",
    "tracking:opened",
    "brand:stylesheet",
    "brand:logo",
    "pages:page",
    "pages:image",
    "pages:/lp/<slug:slug>",
    "pages:personal_page",
    "pages:/lp/<slug:slug>/<str:token>",
    "pages:fresh_link",
    "pages:embedded",
    "pages:/lp/<slug:slug>/embedded",
    "pages:/lp/<slug:slug>/fresh-link",
    "pages:confirm",
    "pages:/c/<str:token>",
    "pages:dispute",
    "pages:/d/<str:token>",
    "admin:login",
    "admin:logout",
    "set_language",
    "mailbox:list",
    "mailbox:message",
    "mailbox:body",
    "mailbox:tab",
}
# What the superuser of this test finds no page at, although the address exists.
WITHOUT_A_PAGE = {
    "admin:view_on_site",
    "admin:/admin/(?P<url>.*)$",
    "deliveries:count",  # of an audience that is named
    "deliveries:delete_template",  # of a delivery that is none
    "mailbox:message",
    "mailbox:body",
    "mailbox:tab",
}
REGULAR_EXPRESSIONS = {"admin:app_list": "/admin/profiles/", "admin:/admin/(?P<url>.*)$": "/admin/nothing-here"}
NOT_COMPARED = {"sessions.Session", "deliveries.TrackingEvent"}


def patterns(resolver=None, prefix="/", namespace=""):
    """(name, pattern) of every URL; one without a name is called by its pattern."""
    for one in (resolver or get_resolver()).url_patterns:
        route = prefix + str(one.pattern).removeprefix("^")
        if isinstance(one, URLPattern):
            yield f"{namespace}{one.name or route}", route
        else:
            yield from patterns(one, route, f"{namespace}{one.namespace}:" if one.namespace else namespace)


PATTERNS = dict(patterns())


def address(name, values):
    """The URL with its parts filled in; an object of the admin is one of the model that its address names."""
    if name in REGULAR_EXPRESSIONS:
        return REGULAR_EXPRESSIONS[name]
    route = PATTERNS[name]
    own = next((number for models, number in values["objects"].items() if route.startswith(f"/admin/{models}/")), None)
    token = next((token for start, token in values["tokens"].items() if route.startswith(start)), "")
    parts = values | {"object_id": own, "id": own, "token": token}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(parts[match[1]]), route)


@pytest.fixture
def values(operator, settings, tmp_path):
    """A row behind every address."""
    settings.LOCAL_MAILBOX = tmp_path
    settings.FILES = tmp_path / "files"
    profile = ProfileFactory(opted_out=["sms"])
    ProfileFactory(email=profile.email)
    left_out = ProfileFactory(opted_out=["email"])
    service = ServiceFactory()
    subscriptions.subscribe(profile, service, source=Source.OPERATOR, by=operator)
    consent.apply_choices(left_out, {"email": False}, source=Source.OPERATOR, by=operator)
    job = importjobs.upload(SimpleUploadedFile("people.csv", f"email\n{profile.email}\nnobody\n".encode()), by=operator)
    importjobs.check(job, job.fields)
    list(importjobs.run(importjobs.claim("test")))
    page = PublishedPageFactory()
    centre.refresh()
    asked = pending.ask(
        profile,
        fields={},
        choices={"sms": False},
        address=profile.email,
        source=Source.LANDING_PAGE,
        evidence=consent.NO_EVIDENCE,
    )
    Image.objects.create(digest="d" * 64, content=b"", type="image/png", width=1, height=1)
    record, group = QuarantinedAddressFactory(), Group.objects.create(name="Marketers")
    for status in ("editing", "ready", "paused", "in_progress", "preparing"):
        delivery = Delivery.objects.create(label=status, subject="News", html="<p>{{ unsubscribe_url }}</p>")
        if status == "editing":
            continue
        preparation.start(delivery, by=operator)
        if status == "preparing":
            continue
        preparation.run(preparation.claim("test"))
        delivery.refresh_from_db()
        if status != "ready":
            lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=operator)
        if status == "paused":
            lifecycle.pause(delivery, by=operator)
    ExcludedDomain.objects.create(domain="rival.example")
    tracked = TrackedLink.objects.create(delivery=delivery, url="https://example.org/spring")
    return {
        "profile_id": profile.pk,
        "audience_id": SavedAudience.objects.create(label="Everybody", tree={}).pk,
        "delivery_id": Delivery.objects.get(label="paused").pk,
        "record_id": record.pk,
        "service_id": service.pk,
        "brand_id": BrandFactory().pk,
        "colours": "-".join(["1d5f5a"] * 8),
        "scheme": "dark",
        "digest": Logo.objects.create(digest="d" * 64, media_type="image/png", width=1, height=1, data=b"").digest,
        "import_id": job.pk,
        "name": "release",
        "content": "exclusions",
        "page_id": page.pk,
        "version": "edited",
        "visitor": profile.pk,
        "age": "fresh",
        "part": "fresh-link",
        "shared_id": SharedBlock.objects.create(label="Contact").pk,
        "template": "generic",
        "submission_id": Submission.objects.create(
            page=page, version=page.version, data={"email": profile.email}, language="en", received_at=timezone.now()
        ).pk,
        "slug": page.slug,
        "typology_id": Typology.objects.create(label="Reminders").pk,
        "rule_id": TypologyRule.objects.create(
            label="No France", parameters={"audience": {"field": "country", "operator": "in", "value": ["FR"]}}
        ).pk,
        "kind": "filtering",
        "row_id": ExcludedAddress.objects.create(channel="email", address="rival@example.org").pk,
        "number": 1,
        "tokens": {
            "/u/": make_token(Purpose.ONE_CLICK, profile.public_id, delivery=delivery.pk),
            "/lp/": make_token(Purpose.PAGE, profile.public_id, page=page.pk),
            "/t/c/": make_token(Purpose.CLICK, profile.public_id, delivery=delivery.pk, page=tracked.pk),
            "/t/o/": make_token(Purpose.OPEN, profile.public_id, delivery=delivery.pk),
            "/c/": make_token(Purpose.CONFIRM, asked.pending_change.public_id),
            "/d/": make_token(Purpose.DISPUTE, profile.public_id),
        },
        "key": "nothing",
        "tab": "source",
        "content_type_id": ContentType.objects.get_for_model(Profile).pk,
        "objects": {
            "profiles/profile": profile.pk,
            "profiles/service": service.pk,
            "profiles/customfield": CustomField.objects.create(key="size", label="Shoe size", type="number").pk,
            "quarantine/quarantinedaddress": record.pk,
            "auth/user": operator.pk,
            "auth/group": group.pk,
        },
    }


def rows():
    """Every row of every table, but sessions and when somebody logged in."""
    return {
        model._meta.label: sorted(
            model._base_manager.values_list(
                *(field.attname for field in model._meta.concrete_fields if field.name != "last_login")
            ),
            key=repr,
        )
        for model in apps.get_models()
        if model._meta.managed and model._meta.label not in NOT_COMPARED
    }


def test_strangers_are_sent_to_the_login_everywhere_else(client, values):
    before = rows()
    admitted = []
    for name in PATTERNS:
        url = address(name, values)
        for response in (client.get(url), client.post(url, {"confirm": "yes"})):
            refused = response.status_code == 403 or (
                response.status_code == 302 and response.headers["Location"].startswith("/admin/login/")
            )
            if not refused:
                admitted.append(name)

    assert set(admitted) == OPEN & set(PATTERNS)
    changed = {label for label, now in rows().items() if now != before[label]}
    # What a visitor sends, and what the holder of a signed link asks for by POST.
    assert changed <= {"profiles.ConsentEvent", "profiles.Profile", "profiles.PendingChange", "landingpages.Submission"}


def test_an_operator_without_permissions_sees_no_people(client, values, django_user_model):
    client.force_login(django_user_model.objects.create_user("ben", password="ben", is_staff=True))
    person = Profile.objects.get(pk=values["profile_id"])

    shown = []
    for name in PATTERNS.keys() - OPEN:
        for response in (client.get(address(name, values)), client.post(address(name, values), {"confirm": "yes"})):
            body = b"" if response.streaming else response.content
            if any(text.encode() in body for text in (person.email, person.last_name, person.mobile)):
                shown.append(name)

    assert shown == []


def test_looking_at_a_page_changes_no_row(backoffice, values):
    """Design decision 23; by a superuser, to whom nothing is closed, and by scanners and browsers that fetch ahead."""
    backoffice.get("/admin/")
    before = rows()
    missing = set()
    for name in PATTERNS:
        url = address(name, values)
        answers = {
            "GET": backoffice.get(url),
            "HEAD": backoffice.head(url),
            "OPTIONS": backoffice.options(url),
            "prefetch": backoffice.get(url, headers={"sec-purpose": "prefetch", "purpose": "prefetch"}),
        }
        assert {method: answer.status_code for method, answer in answers.items() if answer.status_code >= 500} == {}, url
        if answers["GET"].status_code == 404:
            missing.add(name)
        now = rows()
        assert [label for label in now if now[label] != before[label]] == [], url

    assert missing == WITHOUT_A_PAGE & set(PATTERNS)


def test_looking_at_a_page_as_a_stranger_changes_no_row(client, values):
    before = rows()
    for name in PATTERNS:
        url = address(name, values)
        for answer in (
            client.get(url),
            client.head(url),
            client.options(url),
            client.get(url, headers={"sec-purpose": "prefetch", "purpose": "prefetch"}),
        ):
            assert answer.status_code < 500, url
    now = rows()

    assert [label for label in now if now[label] != before[label]] == []


# Tests of a page: what is sent there is written nowhere, and the session's cookie does not come with forms of other sites.
SENDS_FOR_NOTHING = {name for name, route in PATTERNS.items() if route.startswith("/admin/landing-pages/<int:page_id>/test/")}
FOREIGN = [
    {},
    {"X-CSRFToken": "a" * 64},
    {"X-CSRFToken": "TOKEN", "Origin": "https://evil.example"},
    {"X-CSRFToken": "TOKEN", "Origin": "null"},
]


def test_nothing_is_done_in_the_back_office_that_another_site_asks_for(operator, values):
    """No token, a wrong one, another site's form, JSON that poses as text (reliability X15)."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator)
    client.get("/admin/")
    token = client.get("/admin/password_change/").context["csrf_token"]
    before, taken = rows(), []
    for name in PATTERNS.keys() - OPEN - SENDS_FOR_NOTHING:
        for headers in FOREIGN:
            told = {key: value.replace("TOKEN", str(token)) for key, value in headers.items()}
            answers = [
                client.post(address(name, values), {"confirm": "yes"}, headers=told),
                client.post(address(name, values), '{"confirm": "yes"}', content_type="text/plain", headers=told),
            ]
            taken += [(name, headers) for answer in answers if answer.status_code != 403]

    assert taken == []
    assert [label for label, now in rows().items() if now != before[label]] == []
    ours = {"X-CSRFToken": str(token), "Origin": "http://testserver"}
    assert client.post("/admin/password_change/", headers=ours).status_code == 200


@pytest.mark.parametrize("variant", [lambda token: token.replace("-", "%2D").replace("_", "%5F"), lambda token: token + "/"])
def test_encoding_or_a_slash_leads_a_link_to_the_same_page_without_a_redirect(client, values, variant):
    for start in ("/u/", "/c/", "/d/", f"/lp/{values['slug']}/"):
        token = values["tokens"]["/lp/" if start.startswith("/lp/") else start]
        assert client.get(start + variant(token)).status_code == 200


def test_a_link_that_nobody_signed_shows_and_changes_nothing(client, values):
    before, token = rows(), values["tokens"]["/u/"]
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    for token in (str(uuid.uuid4()), "a" * 74, forged):
        assert client.get(f"/u/{token}").status_code == 404
        assert client.post(f"/u/{token}", {"List-Unsubscribe": "One-Click"}).status_code == 404

    assert rows() == before
