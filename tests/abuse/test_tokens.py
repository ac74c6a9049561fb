"""Links that nobody signed, or signed for something else (reliability X1, U10, U12)."""

import base64
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from profiles import consent, links
from profiles.links import InvalidLink, Purpose, make_token, read_token
from profiles.models import Profile, Source
from tests.factories import ProfileFactory
from tests.landingpages.visitors import everything, typed

pytestmark = pytest.mark.django_db
DOORS = {"/u/": {Purpose.ONE_CLICK, Purpose.PERSONAL, Purpose.PROOF}, "/c/": {Purpose.CONFIRM}, "/d/": {Purpose.DISPUTE}}
DATA = {"List-Unsubscribe": "One-Click", "confirm": "yes", "scopes": ["all"], "stop": ["all"], "undo": "yes"}


@pytest.mark.slow
def test_a_hundred_thousand_guesses_hit_nothing(marie):
    genuine = make_token(Purpose.ONE_CLICK, marie.public_id)
    raw = base64.urlsafe_b64decode(genuine + "==")
    body, size = raw[: links.LAYOUT.size], len(raw)
    hits = 0
    for number in range(100_000):
        guess = os.urandom(size) if number % 2 else body + number.to_bytes(size - len(body), "big")
        try:
            read_token(base64.urlsafe_b64encode(guess).rstrip(b"=").decode(), *Purpose)
            hits += 1
        except InvalidLink:
            pass

    assert hits == 0
    assert read_token(genuine, Purpose.ONE_CLICK).public_id == marie.public_id  # the loop tries what can be hit


@pytest.mark.parametrize(("door", "purpose"), [(door, one) for door, own in DOORS.items() for one in Purpose if one not in own])
def test_a_token_opens_only_its_own_door(anonymous, marie, door, purpose):
    before = everything()

    answer = anonymous.post(door + make_token(purpose, marie.public_id), DATA)

    assert (answer.status_code, everything() == before) == (404, True)


def test_link_of_a_proof_writes_nothing_whomever_it_names(anonymous, online, marie):
    before = everything()
    token = make_token(Purpose.PROOF, marie.public_id, page=online.pk)

    answers = [anonymous.post(f"{door}{token}", DATA) for door in ("/u/", f"/lp/{online.slug}/")]

    assert [one.status_code in (200, 409, 422) for one in answers] == [True, True]
    assert all(marie.last_name not in one.content.decode() for one in answers)
    assert everything() == before


def test_whatever_is_cut_or_changed_of_a_token_opens_nothing(anonymous, online, marie):
    before = everything()
    for purpose, door in ((Purpose.ONE_CLICK, "/u/"), (Purpose.PAGE, f"/lp/{online.slug}/"), (Purpose.DISPUTE, "/d/")):
        good = make_token(purpose, marie.public_id, page=online.pk)
        refused = [good[:length] for length in range(1, len(good))]
        refused += [good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :] for place in range(0, len(good), 7)]
        answers = {anonymous.post(f"{door}{token}", DATA).status_code for token in refused}
        assert answers <= {404, 422}

    assert everything() == before


def test_malformed_forged_and_unknown_are_one_answer(anonymous, marie):
    """And a stranger's id: the signature is no oracle for whether somebody exists."""
    good = make_token(Purpose.ONE_CLICK, marie.public_id)
    gone = ProfileFactory()
    of_nobody = make_token(Purpose.ONE_CLICK, gone.public_id)
    Profile.objects.filter(pk=gone.pk).delete()
    bad = ["x", "x" * 74, good[:-1], good[:-2] + ("AA" if good[-2:] != "AA" else "BB"), of_nobody]
    answers = [anonymous.post(f"/u/{token}", DATA) for token in bad]

    assert {(one.status_code, one.content, str(sorted(one.headers.items()))) for one in answers} == {
        (404, answers[0].content, str(sorted(answers[0].headers.items())))
    }


@pytest.mark.parametrize("days", [60, 399])
def test_an_opt_out_survives_new_keys_and_more_than_a_year(anonymous, marie, settings, days):
    settings.LINK_KEYS = ["1:the first key, with thirty-two characters"]
    token = make_token(Purpose.ONE_CLICK, marie.public_id, issued_at=timezone.now() - timedelta(days=days))
    settings.LINK_KEYS = ["2:the second key, with thirty-two characters", *settings.LINK_KEYS]
    settings.SECRET_KEY = "another secret key, with fifty or more characters in it: yes"

    answer = anonymous.post(f"/u/{token}", {"List-Unsubscribe": "One-Click"})

    assert (answer.status_code, Profile.objects.get().opted_out_email) == (200, True)


def test_a_key_that_is_taken_off_the_list_opens_nothing_any_more(anonymous, marie, settings):
    settings.LINK_KEYS = ["1:the first key, with thirty-two characters"]
    token = make_token(Purpose.ONE_CLICK, marie.public_id)
    settings.LINK_KEYS = ["2:the second key, with thirty-two characters"]

    assert anonymous.post(f"/u/{token}", {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert Profile.objects.get().opted_out_email is False


def test_a_token_that_is_sent_again_says_the_same_again_and_nothing_older(anonymous, online, marie):
    """Replayed after a newer choice of the opposite kind, an opt-out still opts out, and an opt-in asks first."""
    url = f"/lp/{online.slug}/{make_token(Purpose.PAGE, marie.public_id, page=online.pk)}/"
    data = typed(online, last_name="Featherstone")
    for _ in range(3):
        anonymous.post(url, data)
        consent.opt_out(marie, "email", source=Source.ONE_CLICK)

    assert Profile.objects.get().opted_out_email is True


@pytest.mark.parametrize("door", ["/u/", "/c/", "/d/", "/lp/vos-preferences/"])
def test_pages_of_tokens_send_no_referrer_and_are_not_kept(anonymous, marie, door):
    answer = anonymous.get(door + make_token(Purpose.ONE_CLICK, marie.public_id))

    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")
