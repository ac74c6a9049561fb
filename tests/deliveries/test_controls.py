"""Control rules: what each finds, at which level, what blocks the confirmation, and what asks the network."""

import html
import re

import pytest
from django.urls import reverse

from deliveries import content_links, controls, probing, rendering
from deliveries.controls import CONTROL_RULES, Phase
from deliveries.models import Level
from deliveries.probing import Answer, Unreachable
from deliveries.statuses import InvalidTransition
from deliveries.typology_models import TypologyRule
from profiles.links import Purpose, read_token
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db
LINK = '<a href="{{ unsubscribe_url }}">x</a>'
WELL = '<a href="https://example.org/">See</a>' + LINK
asked = []


def answers_well(url):
    asked.append(url)
    return Answer(200, b"<p data-proof>")


def answers_another_page(url):
    return Answer(200, b"<h1>Parked</h1>")


def answers_missing(url):
    return Answer(404, b"<p data-proof>")


def answers_nothing(url):
    raise Unreachable("Connection refused")


@pytest.fixture
def found(make_delivery):
    """(level, sentence) of what the rules say about a delivery."""

    def look(**values):
        return [(line.level, str(line)) for line in controls.findings(rendering.pin(make_delivery(**{"html": WELL} | values)))]

    return look


def test_ordinary_content_has_no_finding(found):
    assert found() == []


@pytest.mark.parametrize(
    ("values", "level", "said"),
    [
        ({"html": "", "text": ""}, "error", "The content is empty."),
        ({"subject": " "}, "error", "The subject is empty."),
        ({"subject": "Spring\u202e"}, "warning", "The subject has characters that cannot be seen: U+202E."),
        ({"sender_name": "Maison\u200b"}, "warning", "The sender name has characters that cannot be seen: U+200B."),
        ({"html": "<p>Hello</p>", "text": "{{ unsubscribe_url }}"}, "error", "The HTML has no unsubscription link"),
        ({"text": "Hello"}, "error", "The text has no unsubscription link"),
        ({"subject": "{{ profile.shoe }}"}, "error", "“profile.shoe”, which does not exist"),
        ({"subject": "{{ profile.first_name }}"}, "warning", "The subject uses “profile.first_name” without a fallback"),
        ({"html": WELL + '<a href="www.example.org">a</a>'}, "warning", "The link www.example.org leads nowhere"),
        ({"html": WELL + '<a href="https://localhost/">a</a>'}, "warning", "The link https://localhost/ leads nowhere"),
        ({"html": WELL + '<a href="javascript:x()">a</a>'}, "error", "The link javascript:x() runs a program"),
        ({"html": WELL + '<a href="https://example.org/a"><img src="x"></a>'}, "warning", "https://example.org/a has no words"),
        ({"html": WELL + "x" * 101_000, "text": LINK}, "warning", "Gmail cuts off"),
        ({"html": WELL + "x" * 600_000, "text": LINK}, "error", "The message has 600 KB: at most 500 are sent."),
        ({"sender_email": "news@elsewhere.example"}, "warning", "The sender news@elsewhere.example is of another domain"),
    ],
)
def test_rule_finds_its_fault_at_its_level(found, values, level, said):
    assert [(one, said in sentence) for one, sentence in found(**values)] == [(level, True)]


@pytest.mark.parametrize(
    "source",
    [
        '{{ profile.first_name | default: "you" }}',
        '{{ profile.first_name | capitalize | default: "you" }}',
        "{% if profile.first_name %}{{ profile.first_name }}{% endif %}",
        "{{ profile.email }}",
        "{{ sender.name }}",
    ],
)
def test_field_with_a_fallback_or_a_condition_is_no_finding(found, source):
    assert found(subject=f"News {source}") == []


@pytest.mark.parametrize(
    "url", ["mailto:a@example.org", "tel:+331", "#top", "{{ preference_centre_url }}", "https://xn--e1a.example/a?b=1&c"]
)
def test_link_that_can_be_followed_is_no_finding(make_delivery, url):
    content = rendering.draft(make_delivery(html=f'<a href="{url}">x</a>'))

    assert list(content_links.urls(controls.Case(content))) == []


@pytest.mark.parametrize(
    ("masks", "address", "level"),
    [
        (["*@example.org"], "news@example.org", None),
        (["*@example.org", "*@*.example.net"], "news@fr.example.net", None),
        (["*@example.org"], "news@example.org.evil.example", "error"),
        ([], "news@example.org", None),
    ],
)
def test_sender_has_to_fit_a_mask(found, settings, masks, address, level):
    settings.SENDER_MASKS = masks

    assert [one for one, _sentence in found(sender_email=address)] == ([level] if level else [])


def test_lowered_rule_warns_and_blocks_nothing_and_an_inactive_one_is_silent(make_delivery):
    content = rendering.pin(make_delivery(html="<p>Hello</p>", text="Hello"))
    levels = {rule.id: rule.level for rule in CONTROL_RULES}

    lowered = controls.findings(content, only=levels | {"unsubscription_link": Level.WARNING})
    inactive = controls.findings(content, only={name: level for name, level in levels.items() if name != "unsubscription_link"})

    assert [line.level for line in lowered] == ["warning", "warning"]
    assert inactive == []


def test_findings_come_phase_by_phase(found):
    said = [sentence for _level, sentence in found(subject=" ", html="", text="", sender_email="a@elsewhere.example")]

    assert [text[:11] for text in said] == ["The sender ", "The content", "The subject"]


def test_every_rule_has_a_name_of_its_own_and_a_phase():
    assert len({rule.id for rule in CONTROL_RULES}) == len(CONTROL_RULES)
    assert {rule.phase for rule in CONTROL_RULES} == set(Phase)


def test_errors_block_the_confirmation_and_warnings_do_not(make_delivery, prepare, confirm):
    ProfileFactory()
    warned, wrong = make_delivery(subject="{{ profile.first_name }}"), make_delivery(subject="")
    prepare(warned)
    prepare(wrong)

    confirm(warned)
    with pytest.raises(InvalidTransition):
        confirm(wrong)

    wrong.refresh_from_db()
    assert warned.log.filter(level="warning", text__contains="fallback").exists()
    assert (warned.status, wrong.status) == ("in_progress", "ready")


TOO_LONG = {"waves": {"unit": "number", "sizes": [1], "minutes": 60 * 24 * 10}}


@pytest.mark.parametrize(
    ("values", "people", "said"),
    [
        (TOO_LONG, 3, "Errors: 1. Correct them and prepare again."),
        ({"subject": ""}, 1, "The subject is empty."),
        ({}, 0, "There is nobody to deliver to."),
    ],
)
def test_what_refuses_the_confirmation_is_told_and_no_button_is_offered(
    backoffice, make_delivery, prepare, confirm, values, people, said
):
    ProfileFactory.create_batch(people)
    delivery = make_delivery(**values)
    prepare(delivery)

    response = backoffice.get(reverse("deliveries:confirm", args=[delivery.pk]))

    shown, reasons = response.content.decode(), [str(reason) for reason in response.context["refusals"]]
    assert [reason in html.unescape(shown) for reason in reasons] == [True] * len(reasons)
    assert (said in shown, "Confirm: send to" in shown) == (True, False)
    with pytest.raises(InvalidTransition, match=re.escape(reasons[0])):
        confirm(delivery)


@pytest.fixture
def probe(settings):
    def use(function):
        settings.CHECK_PUBLIC_URL = True
        settings.UNSUBSCRIBE_PROBE = f"{__name__}.{function.__name__}"
        asked.clear()

    return use


@pytest.mark.parametrize(
    ("function", "levels"),
    [
        (answers_well, []),
        (answers_nothing, ["warning"]),
        (answers_another_page, ["error"]),
        (answers_missing, ["error"]),
    ],
)
def test_unsubscription_link_has_to_answer_with_our_page(make_delivery, prepare, probe, function, levels):
    probe(function)
    preparation = prepare(make_delivery(html=WELL))

    lines = preparation.log.exclude(level="information").exclude(text__startswith="Preparation completed")
    assert [line.level for line in lines] == levels


def test_link_that_is_tried_is_one_that_writes_nothing(make_delivery, prepare, probe, settings):
    probe(answers_well)
    delivery = make_delivery()
    prepare(delivery)

    (url,) = asked
    assert url.startswith(f"{settings.PUBLIC_URL}/u/")
    assert read_token(url.rpartition("/")[2], Purpose.PROOF).delivery == delivery.pk


def test_no_request_waits_for_the_network(backoffice, make_delivery, prepare, confirm, probe):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    probe(answers_well)

    backoffice.get(f"/admin/deliveries/{delivery.pk}/confirm/")
    backoffice.get(f"/admin/deliveries/{delivery.pk}/proofs/")
    confirm(delivery)

    assert asked == []


def test_our_own_page_has_what_is_looked_for(client, make_delivery):
    page = client.get(f"/u/{make_token_of(make_delivery())}")

    assert b"data-proof" in page.content


def make_token_of(delivery):
    return controls.outside_checks.make_token(Purpose.PROOF, controls.outside_checks.harmless.NOBODY, delivery=delivery.pk)


def test_nobody_listening_is_unreachable():
    with pytest.raises(Unreachable):
        probing.over_http("http://127.0.0.1:1/u/x")


def test_answer_is_read_over_http(live_server):
    answer = probing.over_http(f"{live_server.url}/u/none")

    assert answer.status == 404


def test_a_typology_says_which_control_rules_apply_and_how_strictly(make_delivery, prepare):
    delivery = make_delivery(subject="")
    prepare(delivery)
    assert ("error", "The subject is empty.") in lines_of(delivery)

    TypologyRule.objects.filter(code="control_subject").update(level="warning")
    prepare(delivery)
    assert ("warning", "The subject is empty.") in lines_of(delivery)

    TypologyRule.objects.filter(code="control_subject").update(is_active=False)
    prepare(delivery)
    assert "The subject is empty." not in [text for _level, text in lines_of(delivery)]


def lines_of(delivery):
    return [(line.level, line.shown) for line in delivery.preparation.log.all()]


def test_who_may_change_rules_lowers_a_control_rule(backoffice):
    rule = TypologyRule.objects.get(code="control_unsubscription_link")

    backoffice.post(f"/admin/typologies/rules/{rule.pk}/", {"is_active": "on", "level": "warning", "revision": rule.revision})

    rule.refresh_from_db()
    assert (rule.is_active, rule.level) == (True, "warning")
