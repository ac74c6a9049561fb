"""Nothing is written that the page's version does not bind, however it is named and encoded (reliability X3)."""

import json
from urllib.parse import quote_plus

import pytest

from landingpages import publishing, reconciling
from landingpages.models import Submission
from profiles.models import Profile
from tests.factories import LandingPageFactory, ProfileFactory
from tests.landingpages.visitors import address, everything, link, stranger, typed

pytestmark = pytest.mark.django_db

EXTRA = [
    ("id", "1"),
    ("pk", "1"),
    ("public_id", "6d2a7c9e-0f5b-4f6e-9c64-2d9f3a1b7c55"),
    ("first_name", "Evil"),
    ("city", "Evil"),
    ("mobile", "+33699999999"),
    ("opted_out_all", "on"),
    ("opted_out_email", "on"),
    ("optout_email", "on"),
    ("is_staff", "on"),
    ("quarantine", "1"),
    ("language", "fr"),
    ("preferred_language", "fr"),
    ("custom", '{"size": 9}'),
    ("custom.size", "9"),
    ("last_name[]", "Evil"),
    ("last_name[0]", "Evil"),
    ("profile[last_name]", "Evil"),
    ("profile.last_name", "Evil"),
    ("data[city]", "Evil"),
    ("__proto__", "Evil"),
    ("constructor[prototype][city]", "Evil"),
    ("field[]", "city"),
    ("field[]", "state"),
    ("b_", "Evil"),
    ("b_city", "Evil"),
    ("b_00000000000000000000000000000000", "Evil"),
    ("boxes", "1,2,3"),
    ("services", "1"),
    ("service:1", "on"),
    ("source", "operator"),
    ("revision", "99"),
    ("created_by", "Evil"),
    ("profile_id", "2"),
    ("segments", "1"),
]


@pytest.fixture
def narrow():
    """A page that binds the last name and the email, nothing else."""
    page = LandingPageFactory()
    page.blocks.exclude(field__in=["", "last_name", "email"]).delete()
    publishing.publish(page, by="Ana Lopes")
    return page


def urlencoded(pairs, charset=""):
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return {"data": body, "content_type": "application/x-www-form-urlencoded" + charset}


def multipart(pairs, charset=""):
    parts = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs)
    return {"data": f"{parts}--b--\r\n", "content_type": "multipart/form-data; boundary=b" + charset}


ENCODINGS = {
    "urlencoded": lambda pairs: urlencoded(pairs),
    "urlencoded, UTF-8 said": lambda pairs: urlencoded(pairs, "; charset=utf-8"),
    "urlencoded, Latin 1": lambda pairs: urlencoded(pairs, "; charset=iso-8859-1"),
    "urlencoded, UTF-7": lambda pairs: urlencoded(pairs, "; charset=utf-7"),
    "urlencoded, UTF-16": lambda pairs: urlencoded(pairs, "; charset=utf-16"),
    "urlencoded, no such charset": lambda pairs: urlencoded(pairs, "; charset=evil"),
    "multipart": lambda pairs: multipart(pairs),
    "multipart, UTF-7": lambda pairs: multipart(pairs, "; charset=utf-7"),
    "multipart, no such charset": lambda pairs: multipart(pairs, "; charset=evil"),
    "JSON": lambda pairs: {"data": json.dumps(dict(pairs)), "content_type": "application/json"},
    "JSON in a list": lambda pairs: {"data": json.dumps([dict(pairs)]), "content_type": "application/json"},
    "JSON as text": lambda pairs: {"data": json.dumps(dict(pairs)), "content_type": "text/plain"},
    "XML": lambda pairs: {"data": "<last_name>Evil</last_name>", "content_type": "application/xml"},
}


def twice(pairs):
    """Every pair before and after: duplicate keys."""
    return [*EXTRA, *pairs, *EXTRA]


def post(client, url, sent):
    """The bytes as they are: the client must not encode them as the header says."""
    return client.generic("POST", url, sent["data"].encode(), content_type=sent["content_type"])


def changed_columns(before, after):
    return {
        name
        for old, new in zip(before["profiles.Profile"], after["profiles.Profile"], strict=True)
        for name in old
        if old[name] != new[name]
    }


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_a_link_changes_at_most_what_the_page_binds(anonymous, narrow, marie, encode):
    ProfileFactory()
    before = everything()
    sent = list(typed(narrow, last_name="Durand").items())

    answer = post(anonymous, f"{link(narrow, marie)}?{urlencoded(EXTRA)['data']}", encode(twice(sent)))

    assert answer.status_code in (200, 400, 422)
    after = everything()
    assert changed_columns(before, after) <= {"last_name", "last_name_folded", "modified_at", "revision"}
    changed = [label for label in after if after[label] != before[label]]
    assert changed in ([], ["landingpages.Submission"], ["profiles.Profile", "landingpages.Submission"])
    assert all(one.data.keys() == {"last_name"} and one.profile_id == marie.pk for one in Submission.objects.all())
    assert Profile.objects.get(pk=marie.pk).last_name in ("Featherstone", "Durand")


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_a_stranger_s_submission_holds_at_most_what_the_page_binds(anonymous, narrow, marie, encode):
    before = Profile.objects.values().get()
    sent = list(stranger(narrow, last_name="Durand", email="petit@example.org").items())

    answer = post(anonymous, f"{address(narrow)}?{urlencoded(EXTRA)['data']}", encode(twice(sent)))
    reconciling.process_received()

    assert answer.status_code in (200, 400, 422)
    assert [one.data for one in Submission.objects.all()] in ([], [{"last_name": "Durand", "email": "petit@example.org"}])
    assert Profile.objects.filter(pk=marie.pk).values().get() == before
    for created in Profile.objects.exclude(pk=marie.pk):
        assert (created.last_name, created.first_name, created.city, created.mobile, any(created.choices.values())) == (
            "Durand", "", "", "", False,
        )  # fmt: skip


def test_the_plain_encodings_do_arrive(anonymous, narrow, marie):
    """Otherwise the tests above would refuse everything and prove nothing."""
    for encode, name in ((urlencoded, "Durand"), (multipart, "Moreau")):
        post(anonymous, link(narrow, marie), encode(twice(list(typed(narrow, last_name=name).items()))))
        assert Profile.objects.get().last_name == name


def test_parts_that_are_files_are_no_text(anonymous, narrow, marie):
    name = next(iter(typed(narrow, last_name="x")))
    body = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x.txt"\r\n\r\nEvil\r\n--b--\r\n'
    before = everything()

    answer = anonymous.post(link(narrow, marie), body, content_type="multipart/form-data; boundary=b")

    assert (answer.status_code, everything() == before) == (422, True)
