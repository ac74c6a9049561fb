"""What strangers try on public pages: nothing is learned, nothing is changed, nobody is flooded (decisions 6 to 9)."""

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy
from urllib.parse import urlencode

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from deliveries import confirmations
from deliveries.transports import memory
from landingpages import editing, limits, publishing, reconciling
from landingpages.models import Submission
from profiles import consent, notices, pending
from profiles.channels import OPT_OUT_FIELDS
from profiles.consent import NO_EVIDENCE
from profiles.links import Purpose, make_token
from profiles.models import Notice, NoticeKind, PendingChange, Profile, Source
from profiles.publicpages import masked
from tests.deliveries.test_public_views import SCANNERS
from tests.factories import ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory
from tests.landingpages.visitors import address, everything, link, stamped, stranger, token, typed

pytestmark = pytest.mark.django_db
OLD = timedelta(days=31)


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def profile():
    return ProfileFactory(first_name="Wilhelmina", last_name="Featherstone", email="marie@example.org", mobile="+33612345678",
                          street="7 impasse Secrète", preferred_language="en")  # fmt: skip


def content(response):
    return response.content.decode()


# Nothing is learned


@pytest.fixture
def people(profile):
    """One address of each kind that must not be told from another."""
    ProfileFactory(email="quiet@example.org", opted_out=["all", "email"])
    ProfileFactory(email="bound@example.org")
    QuarantinedAddressFactory(address="bound@example.org")
    ProfileFactory(email="twins@example.org")
    ProfileFactory(email="twins@example.org")
    asked = ProfileFactory(email="asked@example.org")
    pending.ask(asked, address=asked.email, fields={"city": "Lyon"}, choices={}, source=Source.LANDING_PAGE, evidence=NO_EVIDENCE)
    names = ("marie", "nobod", "quiet", "bound", "twins", "asked")
    return [f"{name}@example.org" for name in names]


def answer_to(client, url, data, typed_address):
    """Everything that leaves us, without the typed address, the form's stamp, and the moments and random names in SQL."""
    with CaptureQueriesContext(connection) as captured:
        response = client.post(url, data)
    body = re.sub(rb'(name="opened" value=")[^"]*', rb"\1", response.content).replace(typed_address.encode(), b"@")
    random = r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d+"
    statements = [re.sub(random, "0", query["sql"].replace(typed_address, "@")) for query in captured]
    return response.status_code, body, dict(response.headers), statements


@pytest.mark.parametrize("on_match", ["ask_by_email", "update", "refuse"])
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"last_name": "Petit"}, 200),
        ({"last_name": "Petit", "opted_out_email": "on"}, 200),
        ({"last_name": ""}, 422),
        ({"last_name": "x" * 51}, 422),
    ],
)
def test_known_unknown_opted_out_and_quarantined_addresses_get_one_answer(anonymous, people, on_match, sent, status):
    online = PublishedPageFactory(on_match=on_match)
    before = Profile.objects.count()

    answers = [
        answer_to(anonymous, address(online), stranger(online, email=typed_address, **sent), typed_address)
        for typed_address in people
    ]

    assert [one == answers[0] for one in answers] == [True] * 6
    assert answers[0][0] == status
    assert len(answers[0][3]) == (4 if status == 200 else 1)  # the page; how many came from here and to it, and the new row
    assert Profile.objects.count() == before


def test_a_fresh_link_is_promised_to_known_and_unknown_alike(anonymous, people, online):
    url = address(online) + "fresh-link/"

    answers = [
        answer_to(anonymous, url, stranger(online) | {"address": typed_address}, typed_address) for typed_address in people
    ]

    assert [one == answers[0] for one in answers] == [True] * 6
    assert (answers[0][0], len(answers[0][3]), Notice.objects.count()) == (200, 4, 1)


def test_the_same_is_true_of_mobiles(anonymous, profile):
    online = PublishedPageFactory(reconciliation_key="mobile")
    numbers = [profile.mobile, "+33699999999"]

    answers = [
        answer_to(anonymous, address(online), stranger(online, last_name="A", email="a@example.org", mobile=number), number)
        for number in numbers
    ]

    assert answers[0] == answers[1]


@pytest.mark.parametrize("kind", ["fresh_link", "confirm_change", "confirm_address"])
def test_a_link_does_not_tell_whether_another_address_had_mails(anonymous, online, profile, kind):
    """Who asks for links to an address until its day is full could see by an own link whether we know it."""
    known = ProfileFactory(email="known@example.org")
    for _number in range(5):
        notices.ask(NoticeKind(kind), address=known.email, profile=known)
    mine = link(online, profile)

    said = [
        content(anonymous.post(mine, typed(online, email=typed_address))).replace(masked(typed_address), "@")
        for typed_address in ("known@example.org", "nobod@example.org")
    ]

    assert said[0] == said[1]
    assert "is on its way to @" in said[0]
    assert Notice.objects.filter(address="known@example.org").count() == 5


def test_a_forwarded_mail_shows_nothing_personal(anonymous, online, profile):
    Profile.objects.update(email="juliette@example.org")
    fresh, old = link(online, profile), link(online, profile, age=OLD)
    pages = [
        anonymous.get(fresh),
        anonymous.get(old),
        anonymous.post(fresh, typed(online, opted_out_sms="on")),
        anonymous.post(fresh, typed(online, email="nonsense")),
        anonymous.post(fresh, typed(online, mobile="+33699999999")),
        anonymous.post(old, {"stop": ["email"]}),
        anonymous.post(old, {"fresh-link": "yes"}),
    ]

    secrets = ["juliette@", "Wilhelmina", "Featherstone", "612345", "Secrète", str(profile.public_id)]
    assert [[secret for secret in secrets if secret in content(page)] for page in pages] == [[]] * len(pages)


# Nothing is changed


EVIL = {
    "id": "1", "pk": "1", "public_id": "6d2a7c9e-0f5b-4f6e-9c64-2d9f3a1b7c55", "uuid": "x", "first_name": "Evil", "city": "Evil",
    "email": "evil@example.org", "mobile": "+33699999999", "opted_out_all": "on", "opted_out_email": "on", "opted_out": "on",
    "optout_email": "on", "all": "on", "scopes": "all", "stop": "all", "choices": '{"all": true}', "fields": '{"city": "Evil"}',
    "is_staff": "on", "is_superuser": "on", "created_by": "evil", "modified_by": "evil", "revision": "99", "quarantine": "1",
    "language": "fr", "profile": "2", "profile_id": "2", "profile__email": "evil@example.org", "status": "applied",
    "custom.secret": "x", "__proto__": "x", "constructor[prototype]": "x", "last_name[]": "Evil", "data[city]": "Evil",
    "b_": "Evil", "b_00000000000000000000000000000000": "Evil", "version": "1", "page": "2", "source": "api",
    "fresh_link_for": "evil@example.org", "arrival": "yes",
}  # fmt: skip


@pytest.fixture
def names_only(draft):
    """A page that binds the last name and the email, nothing else."""
    draft.blocks.exclude(field__in=["", "last_name", "email"]).delete()
    publishing.publish(draft, by="Ana Lopes")
    return draft


def multipart(data):
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in data.items()]
    parts.append('--b\r\nContent-Disposition: form-data; name="city"; filename="x.html"\r\n\r\n<script>\r\n')
    return {"data": "".join(parts) + "--b--\r\n", "content_type": "multipart/form-data; boundary=b"}


def urlencoded(data):
    return {"data": urlencode(data), "content_type": "application/x-www-form-urlencoded"}


def changed_columns(before, after):
    """Columns of profiles that differ; a profile more or less is a difference of its own."""
    old, new = before["profiles.Profile"], after["profiles.Profile"]
    if len(old) != len(new):
        return {"a profile"}
    return {name for one, other in zip(old, new, strict=True) for name in one if one[name] != other[name]}


@pytest.mark.parametrize("encode", [urlencoded, multipart])
def test_a_link_changes_the_bound_fields_of_its_profile_and_nothing_else(anonymous, names_only, profile, encode):
    other = ProfileFactory()
    before = everything()
    data = EVIL | typed(names_only, last_name="Durand")
    url = link(names_only, profile) + "?" + urlencoded(EVIL)["data"]

    response = anonymous.post(url, **encode(data))

    assert response.status_code == 200
    after = everything()
    assert changed_columns(before, after) == {"last_name", "last_name_folded", "modified_at", "revision"}
    assert Profile.objects.get(pk=profile.pk).last_name == "Durand"
    assert Profile.objects.filter(pk=other.pk).values().get() == next(
        r for r in before["profiles.Profile"] if r["id"] == other.pk
    )
    assert [name for name in after if after[name] != before[name]] == ["profiles.Profile", "landingpages.Submission"]
    kept = Submission.objects.get()
    assert (kept.profile_id, kept.data, kept.changed) == (profile.pk, {"last_name": "Durand"}, ["last_name"])


@pytest.mark.parametrize("encode", [urlencoded, multipart])
def test_a_stranger_s_submission_holds_the_bound_fields_and_nothing_else(anonymous, names_only, profile, encode):
    before = everything()
    url = address(names_only) + "?" + urlencoded(EVIL)["data"]

    anonymous.post(url, **encode(EVIL | stranger(names_only, last_name="Durand", email="petit@example.org")))

    assert Submission.objects.get().data == {"last_name": "Durand", "email": "petit@example.org"}
    reconciling.process_received()
    created = Profile.objects.get(email="petit@example.org")
    assert (created.last_name, created.first_name, created.city, created.mobile, created.choices["all"]) == (
        "Durand", "", "", "", False,
    )  # fmt: skip
    assert [row for row in everything()["profiles.Profile"] if row["id"] == profile.pk] == before["profiles.Profile"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/xml"])
def test_json_and_the_like_are_no_form(anonymous, draft, profile, kind):
    """On a page of boxes alone: an empty form would clear them all."""
    draft.blocks.exclude(field__in=["", "email", *OPT_OUT_FIELDS.values()]).delete()
    publishing.publish(draft, by="Ana Lopes")
    consent.apply_choices(profile, {"email": True, "sms": True}, source=Source.OPERATOR)
    before = everything()
    body = json.dumps(EVIL | stranger(draft, email="petit@example.org"))

    urls = [address(draft), address(draft) + "fresh-link/", link(draft, profile), link(draft, profile, age=OLD)]
    answers = [anonymous.post(url, sent, content_type=kind).status_code for url in urls for sent in (body, "", "[]")]

    assert answers == [422] * 12
    assert everything() == before


def test_a_form_that_was_cut_on_its_way_changes_nothing(anonymous, online, profile):
    """What is missing from it would count as cleared."""
    consent.apply_choices(profile, {"sms": True}, source=Source.OPERATOR)
    before = everything()
    whole = urlencode(typed(online, last_name="Durand", opted_out_sms="on"))

    for length in range(whole.index("version=") + len("version=")):
        cut = anonymous.post(link(online, profile), whole[:length], content_type="application/x-www-form-urlencoded")
        assert cut.status_code == 422

    assert everything() == before


def test_duplicate_keys_have_one_meaning(anonymous, names_only):
    data = stranger(names_only, last_name=["First", "Last"], email=["marie@example.org", "petit@example.org"])

    anonymous.post(address(names_only), data)

    assert Submission.objects.get().data == {"last_name": "Last", "email": "petit@example.org"}


def test_bad_tokens_change_nothing(anonymous, online, profile):
    other = PublishedPageFactory()
    good = token(online, profile)
    bad = [
        good[:-1], good[:-2] + ("AA" if good[-2:] != "AA" else "BB"), good.swapcase(), "A" * 74,
        token(online, profile, age=timedelta(days=401)), token(other, profile),
        *(token(online, profile, purpose=purpose) for purpose in (Purpose.ONE_CLICK, Purpose.PERSONAL, Purpose.CONFIRM)),
    ]  # fmt: skip
    before = everything()

    for text in bad:
        url = f"{address(online)}{text}/"
        for data in (
            typed(online, last_name="Evil", opted_out_email="on"),
            {"stop": ["all"]},
            {"undo": "yes"},
            {"fresh-link": "y"},
        ):
            assert anonymous.post(url, data).status_code == 422

    assert everything() == before


def test_a_page_token_opens_no_other_door(anonymous, online, profile):
    before = everything()

    for path in ("/u/", "/c/"):
        assert (
            anonymous.post(path + token(online, profile), {"List-Unsubscribe": "One-Click", "scopes": ["all"]}).status_code == 404
        )

    assert everything() == before


def test_a_link_older_than_the_opt_out_lifts_nothing(anonymous, online, profile):
    url = link(online, profile, age=timedelta(minutes=1))
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)
    consent.opt_out(profile, "sms", source=Source.OPERATOR)

    for _ in range(3):
        anonymous.post(url, typed(online))

    assert Profile.objects.get().choices == {"all": False, "email": True, "sms": True, "push": False, "direct_mail": False}


def test_a_stranger_lifts_nothing_whatever_the_page_does_on_a_match(anonymous, profile):
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)
    for on_match in ("ask_by_email", "update", "refuse"):
        online = PublishedPageFactory(on_match=on_match)
        anonymous.post(address(online), stranger(online, last_name="Evil", email=profile.email))
        reconciling.process_received()

    assert Profile.objects.get().opted_out_email is True


def test_two_identifiers_of_two_people_merge_nobody(anonymous, online, profile):
    other = ProfileFactory()

    anonymous.post(address(online), stranger(online, last_name="Evil", email=profile.email, mobile=other.mobile))
    reconciling.process_received()

    assert Profile.objects.count() == 2
    assert PendingChange.objects.get().profile == profile


def closed(profile, **values):
    """A link to a page that was online once."""
    page = PublishedPageFactory(**values)
    publishing.unpublish(page, by="Ana Lopes")
    return link(page, profile)


PUBLIC_URLS = {
    "page": lambda online, profile: address(online),
    "fresh link": lambda online, profile: address(online) + "fresh-link/",
    "personal": lambda online, profile: link(online, profile),
    "aged": lambda online, profile: link(online, profile, age=OLD),
    "bad token": lambda online, profile: address(online) + "A" * 74 + "/",
    "without a slash": lambda online, profile: link(online, profile).rstrip("/"),
    "closed": lambda online, profile: closed(profile),
    "closed blocklist page": lambda online, profile: closed(profile, template="blocklist"),
    "closed and leading elsewhere": lambda online, profile: closed(profile, redirection_url="https://example.org/"),
    "one click": lambda online, profile: "/u/" + token(online, profile, purpose=Purpose.ONE_CLICK),
    "copied": lambda online, profile: "/u/" + token(online, profile, purpose=Purpose.PERSONAL),
    "confirmation": lambda online, profile: "/c/" + make_token(Purpose.CONFIRM, PendingChange.objects.get().public_id),
}


@pytest.mark.parametrize("url", PUBLIC_URLS.values(), ids=PUBLIC_URLS)
@pytest.mark.parametrize("template", ["acquisition", "blocklist"])
def test_reading_changes_nothing(anonymous, profile, url, template):
    arrives = {"acts_on_arrival": True} if template == "blocklist" else {}
    online = PublishedPageFactory(template=template, **arrives)
    pending.ask(
        profile, address=profile.email, fields={"city": "Lyon"}, choices={"email": True}, source=Source.LANDING_PAGE,
        evidence=NO_EVIDENCE,
    )  # fmt: skip
    path = url(online, profile)
    before = everything()

    for agent in SCANNERS:
        headers = {"user-agent": agent, "purpose": "prefetch", "sec-purpose": "prefetch"}
        for query in ("", "?undo=yes", "?stop=all", "?arrival=yes", "?fresh-link=yes"):
            for method in (anonymous.get, anonymous.head):
                assert method(path + query, headers=headers).status_code in (200, 302, 404, 410)

    assert everything() == before


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https:evil.example", "javascript:alert(1)", "/\\evil.example", "%0d%0aLocation:%20https://evil.example"],
)
def test_nobody_is_sent_where_the_author_did_not_say(anonymous, online, profile, target):
    query = "".join(f"&{name}={target}" for name in ("next", "url", "redirect", "redirection_url", "return", "lang"))
    for path in (address(online), link(online, profile), address(online) + "fresh-link/", "/c/x/"):
        for response in (
            anonymous.get(f"{path}?x=1{query}"),
            anonymous.post(f"{path}?x=1{query}", stranger(online, last_name="A", email="a@example.org") | {"next": target}),
        ):
            assert (response.status_code in (200, 404, 422), response.has_header("Location")) == (True, False)
            assert "evil.example" not in content(response)


# Nobody is flooded


@pytest.fixture
def outbox(settings):
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}
    memory.outbox.clear()
    return memory.outbox


@pytest.mark.slow
def test_a_thousand_forms_for_one_address_are_few_mails(anonymous, online, profile, outbox):
    for number in range(1000):
        network = f"10.{number // 256}.{number % 256}.1"
        data = stranger(online, last_name=f"Evil {number}", email=profile.email)
        assert anonymous.post(address(online), data, REMOTE_ADDR=network).status_code == 200

    assert reconciling.process_received(limit=1000) == 1000
    for _ in range(10):
        confirmations.send_due_notices()

    assert (Submission.objects.count(), Notice.objects.count(), PendingChange.objects.count(), len(outbox)) == (1000, 1, 1, 1)
    assert Profile.objects.get().last_name == "Featherstone"


def test_a_day_of_asking_for_everything_is_five_mails_at_most(anonymous, online, profile, outbox):
    for _ in range(40):
        anonymous.post(address(online), stranger(online, last_name="Evil", email=profile.email))
        anonymous.post(address(online) + "fresh-link/", stranger(online) | {"address": profile.email})
        anonymous.post(link(online, profile, age=OLD), {"fresh-link": "yes"})
        reconciling.process_received()
        confirmations.send_due_notices()
        half_an_hour = timedelta(minutes=30)
        for notice in Notice.objects.all():
            notice.created_at, notice.due_at = notice.created_at - half_an_hour, notice.due_at - half_an_hour
            notice.tried_at = notice.tried_at and notice.tried_at - half_an_hour
            notice.save()
        Submission.objects.update(received_at=timezone.now() - half_an_hour)

    assert 1 <= len(outbox) <= 5
    assert Notice.objects.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() <= 5


def test_one_link_writes_to_few_strangers(anonymous, online, profile, outbox):
    for number in range(50):
        data = typed(online, email=f"victim{number}@example.org", opted_out_sms="on")
        response = anonymous.post(link(online, profile), data, REMOTE_ADDR=f"10.0.{number}.1")
        assert response.status_code == 200
    for _ in range(10):
        confirmations.send_due_notices()

    assert (Notice.objects.count(), PendingChange.objects.count(), len(outbox)) == (5, 5, 5)
    assert "try again later" in content(response)
    assert (Profile.objects.get().opted_out_sms, Profile.objects.get().email) == (True, "marie@example.org")


def test_a_network_sends_so_many_and_keeps_what_it_typed(anonymous, online, settings):
    settings.PAGE_LIMIT_PER_NETWORK = 3
    data = stranger(online, last_name="Petit", email="petit@example.org")
    posts = [anonymous.post(address(online), data, REMOTE_ADDR=f"192.0.2.{number}") for number in range(5)]

    assert [one.status_code for one in posts] == [200, 200, 200, 429, 429]
    assert 'value="petit@example.org"' in content(posts[-1])
    assert anonymous.post(address(online), data, REMOTE_ADDR="198.51.100.1").status_code == 200
    fresh = anonymous.post(
        address(online) + "fresh-link/", stranger(online) | {"address": "a@example.org"}, REMOTE_ADDR="192.0.2.9"
    )
    assert (fresh.status_code, Submission.objects.count()) == (429, 4)

    Submission.objects.update(received_at=timezone.now() - timedelta(minutes=11))
    assert anonymous.post(address(online), data, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_a_link_is_never_limited(anonymous, online, profile, settings):
    settings.PAGE_LIMIT_PER_NETWORK = 0

    assert anonymous.post(link(online, profile), typed(online, opted_out_email="on")).status_code == 200
    assert anonymous.post(link(online, profile, age=OLD), {"stop": ["sms"]}).status_code == 200


def test_a_forwarded_for_header_resets_no_limit(anonymous, online, settings):
    settings.PAGE_LIMIT_PER_NETWORK = 2
    data = stranger(online, last_name="Petit", email="petit@example.org")

    def post(forwarded):
        return anonymous.post(address(online), data, headers={"x-forwarded-for": forwarded}).status_code

    assert [post(f"203.0.{number}.1") for number in range(3)] == [200, 200, 429]
    settings.PROXIES = 1
    assert [post(f"203.0.{number}.1, 198.51.100.7") for number in range(3)] == [200, 200, 429]
    assert post("198.51.100.7, 203.0.113.1") == 200


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(lambda online, other: {}, id="without a stamp"),
        pytest.param(lambda online, other: {"opened": "x"}, id="nonsense"),
        pytest.param(lambda online, other: {"opened": signing.dumps([online.pk, 0])}, id="signed for something else"),
        pytest.param(lambda online, other: {"opened": signing.dumps("x", salt=limits.SALT)}, id="of another shape"),
        pytest.param(lambda online, other: stamped(other), id="of another page"),
        pytest.param(lambda online, other: stamped(online, seconds=1), id="too fast"),
        pytest.param(lambda online, other: stamped(online, seconds=-60), id="of the future"),
        pytest.param(lambda online, other: stamped(online, seconds=90_000), id="too late"),
        pytest.param(lambda online, other: stamped(online) | {"website": "https://evil.example"}, id="in the trap"),
    ],
)
def test_a_form_that_a_machine_filled_in_is_shown_again_with_what_was_typed(anonymous, online, hidden):
    data = hidden(online, PublishedPageFactory()) | typed(online, last_name="Petit", email="petit@example.org")

    response = anonymous.post(address(online), data)

    assert (response.status_code, Submission.objects.count()) == (422, 0)
    assert 'value="petit@example.org"' in content(response)


def test_what_is_larger_than_any_form_is_not_read(anonymous, online, profile):
    data = stranger(online, last_name="x" * 70_000, email="petit@example.org")

    assert anonymous.post(address(online), data).status_code == 413
    assert anonymous.post(link(online, profile), data).status_code == 413
    assert Submission.objects.count() == 0


def test_a_logged_in_operator_is_a_stranger_here(backoffice, online):
    response = backoffice.post(address(online), stranger(online, last_name="Petit", email="petit@example.org"))

    assert (response.status_code, response.cookies) == (200, {})
    assert "Ana" not in content(response)


# Nothing that is typed is more than text


PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{{ profile }}",
    "{% debug %}",
    "${7*7}",
    "=1+1",
]
TEXTS = {"last_name": 50, "first_name": 30, "street": 120, "postal_code": 20, "city": 80}  # the most characters of each
CODES = ["country", "preferred_language"]


def add_input(page, field):
    """Another text input, by its field."""
    block = editing.add(page, "text_input", by="Ana Lopes")
    editing.change(page, block.key, {"field": field}, by="Ana Lopes")


@pytest.fixture
def texts_page(draft):
    """The acquisition page with every field that can be bound; what is stored shows."""
    for field in [*TEXTS, *CODES]:
        if field != "last_name":
            add_input(draft, field)
    editing.change_page(draft, {"preload_data": True}, by="Ana Lopes")
    publishing.publish(draft, by="Ana Lopes")
    return draft


def raw(payload, page):
    """Whether the payload stands in a page as markup."""
    return payload in page and ("<" in payload or '"' in payload)


def bodies(mail):
    """What a mail says, decoded, with its subject."""
    parsed = message_from_bytes(mail.data, policy=policy.default)
    return parsed["Subject"] + "".join(part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markup_stays_text_in_the_back_office_in_mails_and_on_the_page(backoffice, texts_page, profile, outbox, payload):
    texts = {field: payload[:most].strip() for field, most in TEXTS.items()}
    backoffice.post(link(texts_page, profile), typed(texts_page, **texts))
    backoffice.post(address(texts_page), stranger(texts_page, email="new@example.org", **texts))
    other = {field: text[: TEXTS[field] - 1] + "!" for field, text in texts.items()}
    backoffice.post(address(texts_page), stranger(texts_page, email=profile.email, **other))
    reconciling.process_received()
    created = Profile.objects.get(email="new@example.org")
    for stored in (created, Profile.objects.get(pk=profile.pk)):
        assert {field: getattr(stored, field) for field in TEXTS} == texts
    confirmations.send_due_notices()

    change = PendingChange.objects.get()
    forms = [
        backoffice.get(reverse("admin:profiles_profile_change", args=[profile.pk])),
        backoffice.get(reverse("admin:profiles_profile_change", args=[created.pk])),
        backoffice.get(link(texts_page, profile)),
        backoffice.post(address(texts_page), typed(texts_page, email=payload, **texts)),
    ]
    pages = [
        backoffice.get(reverse("profiles:consent_history", args=[created.pk])),
        backoffice.get(reverse("admin:profiles_profile_changelist")),
        backoffice.get("/c/" + make_token(Purpose.CONFIRM, change.public_id)),
    ]
    assert [page.status_code for page in forms + pages] == [200, 200, 200, 422, 200, 200, 200]
    assert [text for text in set(texts.values()) for page in forms + pages if raw(text, content(page))] == []
    assert [field for field in TEXTS for page in forms if f'value="{escape(texts[field])}"' not in content(page)] == []
    assert [escape(other[field]) in content(pages[-1]) for field in TEXTS] == [True] * 5
    (mail,) = outbox
    assert [text for text in {*texts.values(), *other.values()} if text in bodies(mail) or escape(text) in bodies(mail)] == []


@pytest.mark.parametrize("payload", [*PAYLOADS, "FR\r\nBcc: victim@example.org", "fr\x00", "ZZ", "F" * 3])
@pytest.mark.parametrize("field", [*CODES, "mobile"])
def test_what_is_chosen_or_dialled_is_nothing_else(anonymous, texts_page, profile, field, payload):
    before = everything()
    filled = {"last_name": "Petit", "email": "petit@example.org"} | {field: payload}

    answers = [
        anonymous.post(link(texts_page, profile), typed(texts_page, **filled)),
        anonymous.post(address(texts_page), stranger(texts_page, **filled)),
    ]

    assert ([one.status_code for one in answers], everything()) == ([422, 422], before)
    assert [raw(payload, content(one)) for one in answers] == [False, False]


@pytest.mark.parametrize("field", TEXTS)
@pytest.mark.parametrize("text", ["a\r\nBcc: victim@example.org", "a\nb", "a\x00b", "a\u2028b", "a\x1bb", "a\u202eb"])
def test_line_ends_and_what_cannot_be_seen_are_refused(anonymous, texts_page, profile, field, text):
    before = everything()
    filled = {"last_name": "Petit", "email": "petit@example.org"} | {field: text}

    answers = [
        anonymous.post(link(texts_page, profile), typed(texts_page, **filled)).status_code,
        anonymous.post(address(texts_page), stranger(texts_page, **filled)).status_code,
    ]

    assert (answers, everything()) == ([422, 422], before)


@pytest.mark.parametrize(
    "text", ["a@b.org\r\nBcc: c@example.org", "a@b.org>\r\nRCPT TO:<c@d.org", "a@b.org,c@d.org", "<script>@b.org", "a@b.org\x00"]
)
def test_an_address_is_one_address(anonymous, online, profile, text):
    before = everything()

    anonymous.post(link(online, profile), typed(online, email=text))
    anonymous.post(address(online), stranger(online, last_name="Petit", email=text))
    anonymous.post(address(online) + "fresh-link/", stranger(online) | {"address": text})

    assert everything() == before


def test_a_notice_to_a_typed_address_has_the_headers_that_we_wrote(anonymous, online, profile, outbox):
    anonymous.post(link(online, profile), typed(online, last_name="Evil", email="new@example.org"))
    confirmations.send_due_notices()

    (mail,) = outbox
    parsed = message_from_bytes(mail.data, policy=policy.default)
    assert (parsed["To"], parsed["Bcc"], parsed["Auto-Submitted"]) == ("new@example.org", None, "auto-generated")
    assert b"Evil" not in mail.data
