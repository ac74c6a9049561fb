"""The result of a preparation: its chart, its shares, its log, and how it differs from the one before."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deliveries import breakdowns, lifecycle, preparation, shares, shifts, waterfall
from deliveries.result_models import Share, Shift
from deliveries.typology_models import Typology, TypologyRule
from profiles import consent
from profiles.models import Profile, Source
from quarantine.models import Reason
from tests.factories import ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory

pytestmark = pytest.mark.django_db

FRENCH = {"field": "country", "operator": "in", "value": ["FR"]}
GERMAN = {"field": "country", "operator": "in", "value": ["DE"]}


def page(backoffice, name, delivery, **query):
    response = backoffice.get(reverse(f"deliveries:{name}", args=[delivery.pk]), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def bar(one):
    return float(one.left), float(one.width)


def test_each_step_of_the_chart_begins_where_the_one_before_ended(make_delivery, prepare):
    ProfileFactory.create_batch(5)
    ProfileFactory(email="")
    ProfileFactory(opted_out=["all"])
    ProfileFactory(opted_out=["email"])
    ProfileFactory(email="gone@example.org")
    QuarantinedAddressFactory(address="gone@example.org", reason=Reason.USER_UNKNOWN)
    ProfileFactory(country="DE")
    rule = TypologyRule.objects.create(label="No Germany", parameters={"audience": GERMAN})
    Typology.objects.get().rules.add(rule)

    chart = waterfall.of(prepare(make_delivery()))

    assert (bar(chart.targeted), bar(chart.to_deliver)) == ((0, 1000), (0, 500))
    assert [(step.key, step.volume, step.left, *bar(step.bar)) for step in chart.steps] == [
        ("address_not_specified", 1, 9, 900, 100),
        ("invalid_address", 0, 9, 900, 0),
        ("blocklist", 2, 7, 700, 200),
        ("quarantine", 1, 6, 600, 100),
        ("excluded_address", 0, 6, 600, 0),
        ("excluded_domain", 0, 6, 600, 0),
        (f"own_rule:RL{rule.pk}", 1, 5, 500, 100),
        ("duplicate", 0, 5, 500, 0),
        ("control_group", 0, 5, 500, 0),
        ("size_limit", 0, 5, 500, 0),
    ]
    parts = {(part.key, part.label, part.volume, *bar(part.bar)) for step in chart.steps for part in step.parts}
    assert parts == {
        ("blocklist:all", "No longer contact (by any channel)", 1, 800, 100),
        ("blocklist:email", "No longer contact by email", 1, 700, 100),
        ("quarantine:user_unknown", "User unknown", 1, 600, 100),
    }


def test_a_chart_of_nobody_is_empty(make_delivery, prepare):
    chart = waterfall.of(prepare(make_delivery()))

    assert {bar(chart.targeted), bar(chart.to_deliver), *(bar(step.bar) for step in chart.steps)} == {(0, 0)}


@pytest.mark.parametrize(("rule", "names"), [("blocklist", ["All", "Email"]), ("blocklist:all", ["All"]), ("quarantine", [])])
def test_each_bar_leads_to_its_rows(backoffice, make_delivery, prepare, rule, names):
    ProfileFactory(first_name="All", opted_out=["all"])
    ProfileFactory(first_name="Email", opted_out=["email"])
    ProfileFactory(first_name="Nobody", email="")
    delivery = make_delivery()
    prepare(delivery)

    response = backoffice.get(reverse("deliveries:exclusion_log", args=[delivery.pk]), {"rule": rule})

    assert [line.profile.first_name for line in response.context["lines"]] == names
    linked = f"?rule={rule.replace(':', '%3A')}" in page(backoffice, "show", delivery)
    assert linked == bool(names)


def test_shares_count_the_target_by_domain_country_and_language(make_delivery, prepare):
    ProfileFactory.create_batch(2, country="FR", preferred_language="fr")
    ProfileFactory(country="DE", preferred_language="", email="anna@beispiel.example", opted_out=["email"])
    ProfileFactory(country="", preferred_language="fr", email="")

    tables = shares.tables(prepare(make_delivery()))

    def cells(line):
        return line.label, line.targeted, line.to_deliver, line.excluded

    assert {table.kind.value: [cells(line) for line in table.lines] for table in tables} == {
        "domain": [("example.org", 2, 2, 0), ("not known", 1, 0, 1), ("beispiel.example", 1, 0, 1)],
        "country": [("France", 2, 2, 0), ("not known", 1, 0, 1), ("Germany", 1, 0, 1)],
        "language": [("French", 3, 2, 1), ("not known", 1, 0, 1)],
    }  # fmt: skip


def test_what_is_rare_is_counted_with_the_others(make_delivery, prepare, monkeypatch):
    monkeypatch.setattr(shares, "MOST", 1)
    ProfileFactory.create_batch(3, country="FR")
    ProfileFactory(country="DE", opted_out=["all"])
    ProfileFactory(country="BE")

    lines = next(table.lines for table in shares.tables(prepare(make_delivery())) if table.kind == "country")

    assert [(line.label, line.targeted, line.to_deliver) for line in lines] == [("France", 3, 3), ("others", 2, 1)]


def test_messages_to_phones_have_no_domain(make_delivery, prepare):
    ProfileFactory()

    tables = shares.tables(prepare(make_delivery(channel="sms", text="Hello {{ unsubscribe_url }}")))

    assert [table.kind for table in tables] == ["country", "language"]


def test_a_count_that_was_cut_off_is_done_anew_and_once(backoffice, make_delivery, monkeypatch):
    ProfileFactory()
    delivery = make_delivery()
    preparation.start(delivery, by="Ana Lopes")
    preparation.run(preparation.claim("test"))
    with monkeypatch.context() as patched:
        patched.setattr("deliveries.breakdowns.Shift.objects.bulk_create", pulled)
        with pytest.raises(KeyboardInterrupt):
            breakdowns.count_due()
    assert not Share.objects.exists()
    assert "is being counted" in backoffice.get(reverse("deliveries:show", args=[delivery.pk])).content.decode()

    assert (breakdowns.count_due(), breakdowns.count_due()) == (True, False)

    assert list(Share.objects.filter(kind="country").values_list("value", "targeted", "to_deliver")) == [("FR", 1, 1)]


def pulled(*args, **kwargs):
    raise KeyboardInterrupt


@pytest.fixture
def compared(make_delivery, prepare, merge):
    """A delivery prepared twice, and the people by what became different."""
    people = {
        name: ProfileFactory(first_name=name, opted_out=opted_out)
        for name, opted_out in [
            ("stays", []), ("moves", []), ("opts_out", []), ("comes_back", ["email"]), ("other_reason", ["email"]),
            ("stays_out", ["all"]), ("erased", []), ("merged", []),
        ]
    }  # fmt: skip
    delivery = make_delivery(audience=FRENCH)
    prepare(delivery)
    Profile.objects.filter(pk=people["moves"].pk).update(country="DE")
    consent.opt_out(people["opts_out"], "all", source=Source.ONE_CLICK)
    consent.apply_choices(people["comes_back"], {"email": False}, source=Source.OPERATOR, by="Ana Lopes")
    Profile.objects.filter(pk=people["other_reason"].pk).update(email="")
    people["new"] = ProfileFactory(first_name="new")
    merge(people["stays"], people["merged"])
    Profile.objects.filter(pk=people["erased"].pk).delete()
    prepare(delivery)
    return delivery, people


def test_the_comparison_counts_every_way_to_be_different(compared):
    delivery, _people = compared

    found = shifts.changes(delivery.preparation)

    assert [(change.kind.name, change.volume) for change in found] == [
        ("new", 1), ("gone", 3), ("now_excluded", 1), ("now_delivered", 1), ("other_reason", 1),
    ]  # fmt: skip
    assert [change.parts for change in found if change.kind.name in ("now_excluded", "other_reason")] == [
        [("To deliver → Address on blocklist", 1)],
        [("Address on blocklist → Address not specified", 1)],
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("new", [("new", "not in the audience", "To deliver", "The profile was created after the former preparation.")]),
        (
            "gone",
            [
                ("moves", "To deliver", "not in the audience", "Not in the audience: not true: Country: France"),
                (None, "To deliver", "not in the audience", "The profile was deleted."),
                ("stays", "To deliver", "not in the audience", "The profile was merged into another one."),
            ],
        ),
        ("now_excluded", [("opts_out", "To deliver", "Address on blocklist", "No longer contact (by any channel)")]),
        (
            "now_delivered",
            [("comes_back", "Address on blocklist", "To deliver", "What left this person out does not hold any more:")],
        ),
        ("other_reason", [("other_reason", "Address on blocklist", "Address not specified", "")]),
    ],
)
def test_the_comparison_names_people_and_why(backoffice, compared, change, expected):
    delivery, _people = compared

    lines = backoffice.get(reverse("deliveries:comparison", args=[delivery.pk]), {"change": change}).context["lines"]

    def why(line):
        because = line.explanation.because if line.explanation and not line.why else ""
        return line.why + "".join(f": {reason.text}" for reason in line.reasons) + because

    assert [(line.profile and line.profile.first_name, line.before, line.after, why(line)) for line in lines] == expected


def test_a_changed_audience_is_said_to_be_why_somebody_is_new(backoffice, make_delivery, prepare):
    ProfileFactory(first_name="Anna", country="DE")
    delivery = make_delivery(audience=FRENCH)
    prepare(delivery)
    lifecycle.revise(delivery, {"audience": {"any": [FRENCH, GERMAN]}}, revision=delivery.revision, by="Ana Lopes")
    prepare(delivery)

    lines = backoffice.get(reverse("deliveries:comparison", args=[delivery.pk]), {"change": "new"}).context["lines"]

    assert [(line.profile.first_name, line.why) for line in lines] == [("Anna", "The audience was changed, or the profile.")]


def test_the_first_preparation_is_compared_with_none(backoffice, make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)

    assert Shift.objects.count() == 0
    assert "There are no two preparations to compare" in page(backoffice, "comparison", delivery)
    assert "Compared with the preparation before" not in page(backoffice, "show", delivery)


def test_two_cancelled_preparations_are_none_to_compare_with(make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    preparation.start(delivery, by="Ana Lopes")
    preparation.cancel(delivery, by="Ana Lopes")
    delivery.refresh_from_db()

    assert shifts.former(prepare(delivery)) is None


def test_comparison_costs_the_same_number_of_queries_for_one_and_three_people(backoffice, make_delivery, prepare):
    counts = []
    for number in (1, 3):
        people = ProfileFactory.create_batch(number)
        delivery = make_delivery(audience=FRENCH)
        prepare(delivery)
        for person in people:
            consent.opt_out(person, "email", source=Source.ONE_CLICK)
        prepare(delivery)
        with CaptureQueriesContext(connection) as queries:
            page(backoffice, "comparison", delivery, change="now_excluded")
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_log_says_by_word_and_shape_what_is_wrong_and_where_to_correct_it(backoffice, make_delivery, prepare):
    delivery = make_delivery(subject="", html='<a href="{{ preferences_url }}">x</a>', text="Hello")
    prepare(delivery)

    lines = backoffice.get(reverse("deliveries:show", args=[delivery.pk])).context["prepared_lines"]

    edit, content = (reverse(f"deliveries:{name}", args=[delivery.pk]) for name in ("edit", "content"))
    assert [(line.level, line.shown, url) for line, url in lines if line.level != "information"][:3] == [
        ("error", "The subject is empty.", f"{edit}#id_subject"),
        ("error", "The text has no unsubscription link: insert the merge field {{ unsubscribe_url }}.", content),
        ("error", "The HTML links to the preference page, but none is chosen.", f"{edit}#id_preference_page"),
    ]
    last, url = lines[-1]
    assert (last.level, "Errors: 3. Correct them and prepare again." in last.shown, url) == ("error", True, "")
    html = page(backoffice, "log", delivery)
    assert html.count('data-level="error"><svg') == 4
    assert html.count("</svg> Error</span>") == 4


def test_a_page_that_is_offline_is_where_it_is_published(backoffice, make_delivery, prepare):
    preferences = PublishedPageFactory()
    delivery = make_delivery(html='<a href="{{ preferences_url }}">x</a>', preference_page=preferences)
    type(preferences).objects.filter(pk=preferences.pk).update(status="editing")
    prepare(delivery)

    lines = backoffice.get(reverse("deliveries:show", args=[delivery.pk])).context["prepared_lines"]

    assert reverse("landingpages:publish", args=[preferences.pk]) in [url for _line, url in lines]


def test_warnings_are_summed_up_in_the_last_line(make_delivery, prepare, settings):
    settings.SENDER_POSTAL_ADDRESS = ""
    ProfileFactory()
    delivery = make_delivery()

    last = prepare(delivery).log.last()

    assert (last.level, last.shown.partition(": ")[2]) == ("warning", "1 targeted, 1 to deliver. Warnings: 1.")
