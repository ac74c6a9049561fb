"""The back office's delivery pages."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deliveries import lifecycle, preparation, stopping, urls
from deliveries.models import Delivery
from profiles import consent
from profiles.models import Source
from quarantine import counting
from quarantine.models import Reason
from tests.factories import ProfileFactory, QuarantinedAddressFactory, ServiceFactory

pytestmark = pytest.mark.django_db

FORM = {"label": "Spring news", "subject": "Hello {{ profile.first_name }}"}

AUDIENCE = {
    "a:kind": "all",
    "a.0:field": "country",
    "a.0:operator": "in",
    "a.0:value": ["FR", "BE"],
    "a.1:field": "preferred_language",
    "a.1:operator": "in",
    "a.1:value": ["fr"],
}


def page(backoffice, name, *arguments, **query):
    response = backoffice.get(reverse(f"deliveries:{name}", args=arguments), query)
    assert response.status_code == 200
    return response.content.decode()


def press(client, name, delivery, **data):
    return client.post(reverse(f"deliveries:{name}", args=[delivery.pk]), data, follow=True).content.decode()


@pytest.fixture
def ben(client):
    """Ben may prepare, not confirm."""
    user = User.objects.create_user("ben", password="ben", is_staff=True, first_name="Ben")
    names = ["view_delivery", "add_delivery", "change_delivery", "prepare_delivery"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return client


def test_a_new_delivery_starts_with_a_content_that_can_be_sent(backoffice):
    response = backoffice.post(reverse("deliveries:add"), FORM)

    delivery = Delivery.objects.get()
    assert response.url == reverse("deliveries:content", args=[delivery.pk])
    assert "{{ unsubscribe_url }}" in delivery.html
    assert "{{ sender.postal_address }}" in delivery.html


def test_saving_stores_what_was_typed_and_the_audience_as_a_rule_tree(backoffice):
    service = ServiceFactory()

    backoffice.post(
        reverse("deliveries:add"),
        FORM | AUDIENCE | {"subscribers": service.pk, "sender_email": "news@example.org"},
    )

    delivery = Delivery.objects.get()
    assert (delivery.label, delivery.subject, delivery.created_by, delivery.service) == (
        "Spring news", "Hello {{ profile.first_name }}", "Ana Lopes", service,
    )  # fmt: skip
    assert delivery.audience == {
        "all": [
            {"field": "country", "operator": "in", "value": ["FR", "BE"]},
            {"field": "preferred_language", "operator": "in", "value": ["fr"]},
            {"field": "service", "operator": "subscribed", "value": service.pk},
        ]
    }


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"label": ""}, "This field is required."),
        ({"subject": "{{ profile.shoe_size }}"}, "There is no merge field “profile.shoe_size”."),
        ({"subject": "{% if %}"}, "There is a mistake in the merge fields: line 1"),
        ({"sender_email": "nobody"}, "Enter a valid email address."),
    ],
)
def test_bad_input_is_told_at_the_field_and_nothing_is_lost(backoffice, bad, message):
    response = backoffice.post(reverse("deliveries:add"), FORM | {"sender_name": "My own name"} | bad)

    assert (response.status_code, Delivery.objects.count()) == (422, 0)
    assert message in response.content.decode()
    assert "My own name" in response.content.decode()


def test_the_second_of_two_editors_is_told_and_loses_nothing(backoffice, make_delivery):
    delivery = make_delivery()
    shown = delivery.revision
    lifecycle.revise(delivery, {"subject": "First"}, revision=shown, by="Ben")

    response = backoffice.post(reverse("deliveries:edit", args=[delivery.pk]), FORM | {"subject": "Second", "revision": shown})

    assert (response.status_code, Delivery.objects.get().subject) == (422, "First")
    assert "Somebody else changed this delivery meanwhile" in response.content.decode()
    assert 'value="Second"' in response.content.decode()


@pytest.mark.parametrize("typed", [{"subject": "Mine"}, {"a:kind": "all", "do": "add"}])
def test_what_was_typed_stays_on_the_screen_while_somebody_prepares(backoffice, make_delivery, typed):
    delivery = make_delivery(label="Kept")
    preparation.start(delivery, by="Ben")

    form = FORM | AUDIENCE | {"revision": delivery.revision, "label": "Typed"} | typed
    response = backoffice.post(reverse("deliveries:edit", args=[delivery.pk]), form)

    shown = response.content.decode()
    assert ('value="Typed"' in shown, "nothing was saved" in shown) == (True, "do" not in typed)
    delivery.refresh_from_db()
    assert (delivery.label, delivery.status, delivery.revision) == ("Kept", "preparing", form["revision"])


def test_who_comes_to_edit_a_delivery_under_way_is_shown_where_it_stands(backoffice, make_delivery):
    delivery = make_delivery()
    preparation.start(delivery, by="Ben")

    ways = [backoffice.get(reverse(f"deliveries:{name}", args=[delivery.pk])).url for name in ("edit", "content")]

    assert ways == [reverse(f"deliveries:{name}", args=[delivery.pk]) for name in ("show", "preview")]


def test_result_shows_every_cause_and_the_sum(backoffice, make_delivery, prepare):
    ProfileFactory()
    ProfileFactory(opted_out=["email"])
    ProfileFactory(opted_out=["all"])
    delivery = make_delivery()
    prepare(delivery)

    html = " ".join(page(backoffice, "show", delivery.pk).split())

    for label in ("Address not specified", "Invalid address", "Address on blocklist", "Quarantined address", "Duplicate"):
        assert f'<th scope="row">{label}</th>' in html
    assert "3 = 1 + 2" in html
    assert '<th scope="row">No longer contact by email</th> <td class="number">1</td>' in html
    assert '<th scope="row">No longer contact (by any channel)</th> <td class="number">1</td>' in html
    assert "Confirm: send to 1 person" in html


def test_exclusion_log_says_which_rule_which_flag_since_when_and_by_whom(backoffice, operator, make_delivery, prepare):
    reached = ProfileFactory(email="marie@example.org", first_name="Zoé", last_name="Kept")
    ticked = ProfileFactory(first_name="Anne", last_name="Ticked")
    consent.opt_out(ticked, "email", source=Source.OPERATOR, by=operator)
    herself = ProfileFactory(first_name="Berthe", last_name="Herself")
    consent.opt_out(herself, "all", source=Source.ONE_CLICK)
    ProfileFactory(email="gone@example.org", first_name="Carl", last_name="Gone")
    QuarantinedAddressFactory(address="gone@example.org", reason=Reason.USER_UNKNOWN, modified_by="Ana Lopes")
    ProfileFactory(email="marie@example.org", first_name="Dora", last_name="Twin")
    delivery = make_delivery()
    prepare(delivery)

    lines = backoffice.get(reverse("deliveries:exclusion_log", args=[delivery.pk])).context["lines"]

    assert [(line.profile.first_name, line.rule, line.because, line.by, line.since is not None) for line in lines] == [
        ("Anne", "Address on blocklist", "No longer contact by email", "Ana Lopes", True),
        ("Berthe", "Address on blocklist", "No longer contact (by any channel)", "the person herself", True),
        ("Carl", "Quarantined address", "User unknown", "Ana Lopes", True),
        ("Dora", "Duplicate", f"same address as {reached}", "", False),
    ]


def test_exclusion_log_names_nobody_who_did_not_do_it(backoffice, operator, make_delivery, prepare):
    imported = ProfileFactory(first_name="Anne")
    consent.opt_out(imported, "email", source=Source.IMPORT)
    ProfileFactory(first_name="Carl", email="gone@example.org")
    record = QuarantinedAddressFactory(address="gone@example.org", reason=Reason.USER_UNKNOWN)
    delivery = make_delivery()
    prepare(delivery)
    counting.release(record, by=operator)

    lines = backoffice.get(reverse("deliveries:exclusion_log", args=[delivery.pk])).context["lines"]

    assert [(line.profile.first_name, line.because, line.by, line.since is not None) for line in lines] == [
        ("Anne", "No longer contact by email", "", True),
        ("Carl", "User unknown", "", False),
    ]


@pytest.mark.parametrize("name", ["exclusion_log", "sending_log"])
def test_a_search_that_no_database_can_answer_finds_nobody(backoffice, make_delivery, prepare, name):
    ProfileFactory(opted_out=["email"])
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)

    response = backoffice.get(reverse(f"deliveries:{name}", args=[delivery.pk]), {"q": "zo\0e"})

    assert (response.status_code, response.context["lines"]) == (200, [])


def test_logs_are_searched_by_name_and_address_and_filtered(backoffice, make_delivery, prepare):
    ProfileFactory(first_name="Élodie", email="elodie@example.org", opted_out=["email"])
    ProfileFactory(first_name="Paul", email="", opted_out=["email"])
    ProfileFactory(first_name="Luc", email="luc@example.org")
    delivery = make_delivery()
    prepare(delivery)

    def names(name, **query):
        response = backoffice.get(reverse(f"deliveries:{name}", args=[delivery.pk]), query)
        lines = response.context["lines"]
        return [line.profile.first_name if hasattr(line, "profile") else line[1].first_name for line in lines]

    assert names("exclusion_log", q="elo") == ["Élodie"]
    assert names("exclusion_log", q="ELODIE@") == ["Élodie"]
    assert names("exclusion_log", rule="address_not_specified") == ["Paul"]
    assert names("exclusion_log", q="luc") == []
    assert names("sending_log", q="luc") == ["Luc"]
    assert names("sending_log", status="sent") == []


@pytest.mark.parametrize("name", ["exclusion_log", "sending_log", "log"])
def test_logs_cost_the_same_number_of_queries_for_one_and_three_rows(backoffice, make_delivery, prepare, name):
    counts = []
    for people in (1, 3):
        QuarantinedAddressFactory(address=f"gone{people}@example.com")
        for number in range(people):
            ProfileFactory(opted_out=["email"])
            ProfileFactory(email=f"twin{people}{number}@example.org")
            ProfileFactory(email=f"twin{people}{number}@example.org")
            ProfileFactory(email=f"gone{people}@example.com")
        delivery = make_delivery()
        prepare(delivery)
        with CaptureQueriesContext(connection) as queries:
            page(backoffice, name, delivery.pk)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_exclusion_log_of_a_profile_explains_each_delivery_in_as_many_queries(backoffice, make_delivery, prepare):
    twin, profile = ProfileFactory(email="marie@example.org"), ProfileFactory(email="marie@example.org")
    prepare(make_delivery(label="Duplicate"))
    consent.opt_out(profile, "email", source=Source.OPERATOR, by="Ben")
    consent.opt_out(profile, "all", source=Source.OPERATOR, by="Cléo")
    with CaptureQueriesContext(connection) as before:
        page(backoffice, "profile_exclusion_log", profile.pk)
    for label in ("First", "Second"):
        consent.apply_choices(profile, {"all": False}, source=Source.OPERATOR, by="Dan")
        consent.apply_choices(profile, {"all": True}, source=Source.OPERATOR, by=label)
        prepare(make_delivery(label=label))

    with CaptureQueriesContext(connection) as after:
        lines = backoffice.get(reverse("deliveries:profile_exclusion_log", args=[profile.pk])).context["lines"]

    assert [(line.message.preparation.delivery.label, line.because, line.by) for line in lines] == [
        ("Second", "No longer contact (by any channel)", "Second"),
        ("First", "No longer contact (by any channel)", "First"),
        ("Duplicate", f"same address as {twin}", ""),
    ]
    assert len(after) <= len(before) + 1  # the ticks


def test_profile_tabs_show_what_a_person_was_sent_and_left_out_of(backoffice, make_delivery, prepare):
    profile = ProfileFactory()
    prepare(make_delivery(label="Reached her"))
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)
    prepare(make_delivery(label="Left her out"))

    sent = page(backoffice, "profile_sending_log", profile.pk)
    excluded = page(backoffice, "profile_exclusion_log", profile.pk)

    assert ("Reached her" in sent, "Left her out" in sent) == (True, False)
    assert ("Reached her" in excluded, "Left her out" in excluded) == (False, True)
    assert "No longer contact by email" in excluded


def test_count_of_an_audience_uses_the_rules_that_exclude(backoffice):
    ProfileFactory(country="FR")
    ProfileFactory(country="FR", opted_out=["email"])
    ProfileFactory(country="BE")

    only_france = {"a:kind": "all", "a.0:field": "country", "a.0:operator": "in", "a.0:value": "FR"}
    response = backoffice.post(reverse("deliveries:count"), only_france)

    assert {name: response.context[name] for name in ("targeted", "left", "excluded")} == {
        "targeted": 2,
        "left": 1,
        "excluded": [
            ("Address not specified", 0),
            ("Invalid address", 0),
            ("Address on blocklist", 1),
            ("Quarantined address", 0),
            ("Exclusion of addresses", 0),
            ("Exclusion of domains", 0),
        ],
    }


@pytest.mark.parametrize(
    "chosen",
    [
        {"subscribers": "99"},
        {"subscribers": "\0"},
        {"a.0:field": "country", "a.0:operator": "in", "a.0:value": "XX"},
        {"a.0:field": "shoe size", "a.0:operator": "in", "a.0:value": "44"},
    ],
)
def test_count_of_what_cannot_be_chosen_is_not_that_of_everybody(backoffice, chosen):
    ProfileFactory()

    context = backoffice.post(reverse("deliveries:count"), {"a:kind": "all"} | chosen).context

    assert context.get("targeted", 0) == 0


def test_count_of_no_audience_is_not_that_of_everybody(backoffice):
    assert backoffice.get(reverse("deliveries:count"), {"countries": "FR"}).status_code == 404
    assert backoffice.post(reverse("deliveries:count"), {"countries": "FR"}).status_code == 400


def test_confirmation_names_the_number_and_starts_the_delivery(backoffice, make_delivery, prepare):
    ProfileFactory()
    ProfileFactory()
    delivery = make_delivery()
    prepared = prepare(delivery)

    html = page(backoffice, "confirm", delivery.pk)
    press(backoffice, "confirm", delivery, preparation=prepared.pk)

    delivery.refresh_from_db()
    assert "Send “Spring news” to 2 people now?" in html
    assert (delivery.status, delivery.confirmed_by.username) == ("in_progress", "ana")


def test_confirming_what_was_prepared_again_meanwhile_is_refused(backoffice, make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    shown = prepare(delivery)
    prepare(delivery)

    html = press(backoffice, "confirm", delivery, preparation=shown.pk)

    delivery.refresh_from_db()
    assert delivery.status == "ready"
    assert "This is not possible any more" in html


@pytest.mark.parametrize("number", ["", "x", "-1", "²", "9" * 30])
def test_a_confirmation_without_its_preparation_is_refused(backoffice, make_delivery, prepare, number):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)

    press(backoffice, "confirm", delivery, preparation=number)

    delivery.refresh_from_db()
    assert delivery.status == "ready"


def test_who_may_prepare_may_not_confirm_or_resume(ben, make_delivery, prepare, operator):
    ProfileFactory()
    delivery = make_delivery()
    press(ben, "prepare", delivery)
    preparation.run(preparation.claim("test"))
    delivery.refresh_from_db()
    answers = [
        ben.get(reverse("deliveries:confirm", args=[delivery.pk])).status_code,
        ben.post(reverse("deliveries:confirm", args=[delivery.pk]), {"preparation": delivery.preparation_id}).status_code,
        ben.post(reverse("deliveries:resume", args=[delivery.pk])).status_code,
    ]

    delivery.refresh_from_db()
    assert (answers, delivery.status) == ([403, 403, 403], "ready")
    assert "Somebody with the right to confirm" in page(ben, "show", delivery.pk)


def test_no_address_confirms_for_somebody_without_the_right(ben, make_delivery, prepare):
    ProfileFactory()
    delivery = make_delivery()
    prepared = prepare(delivery)
    posted = {"preparation": prepared.pk, "confirm": "yes", "status": "in_progress", "save": "", "revision": delivery.revision}
    before = Delivery.objects.values("status", "preparation", "confirmed_at", "confirmed_by").get()
    names = [pattern.name for pattern in urls.urlpatterns if "delivery_id" in str(pattern.pattern)]

    may = ("edit", "content", "content_mode", "prepare", "cancel", "stop")  # they are Ben's to press
    for name in (name for name in names if name not in may):
        more = ["exclusions"] if name == "export" else []
        ben.post(reverse(f"deliveries:{name}", args=[delivery.pk, *more]), posted)

    after = Delivery.objects.filter(pk=delivery.pk).values("status", "preparation", "confirmed_at", "confirmed_by").get()
    assert (after, "confirm" in names) == (before, True)
    for name in may:
        ben.post(reverse(f"deliveries:{name}", args=[delivery.pk]), posted)
    delivery.refresh_from_db()
    assert (delivery.confirmed_at, delivery.status != "in_progress") == (None, True)


def test_pause_resume_and_stop_by_their_buttons(backoffice, make_delivery, prepare, confirm):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    seen = []

    for name in ("pause", "resume", "pause", "stop"):
        press(backoffice, name, delivery)
        delivery.refresh_from_db()
        seen.append(delivery.status)

    assert seen == ["paused", "in_progress", "paused", "stopped"]
    assert "This is not possible any more" in press(backoffice, "resume", delivery)


@pytest.mark.parametrize("name", ["prepare", "cancel", "pause", "resume", "duplicate"])
def test_acts_need_a_post(backoffice, make_delivery, name):
    assert backoffice.get(reverse(f"deliveries:{name}", args=[make_delivery().pk])).status_code == 405


def test_a_delivery_under_way_cannot_be_edited(backoffice, make_delivery, prepare, confirm):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    html = press(backoffice, "edit", delivery, **FORM, revision=delivery.revision)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.subject) == ("in_progress", "News of spring")
    assert "its content is pinned" in html


def test_a_copy_has_the_content_and_not_the_preparation(backoffice, make_delivery, prepare):
    delivery = make_delivery()
    prepare(delivery)

    press(backoffice, "duplicate", delivery)

    copy = Delivery.objects.latest("pk")
    assert (copy.label, copy.html, copy.status, copy.preparation) == ("Copy of Spring news", delivery.html, "editing", None)


def test_progress_is_a_fragment_that_refreshes_itself_until_the_end(backoffice, make_delivery, prepare, confirm, send_all, smtp):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    url = reverse("deliveries:show", args=[delivery.pk])

    running = backoffice.get(url, headers={"HX-Request": "true"}).content.decode()
    send_all()
    over = backoffice.get(url, headers={"HX-Request": "true"}).content.decode()

    assert ("<html" in running, 'hx-trigger="every 1s"' in running) == (False, True)
    assert ('hx-trigger="every 1s"' in over, "Finished" in over) == (False, True)


def test_a_stopped_delivery_refreshes_itself_until_nobody_waits(backoffice, make_delivery, prepare, confirm, operator):
    ProfileFactory()
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    lifecycle.stop(delivery, by=operator)

    waiting = page(backoffice, "show", delivery.pk)
    stopping.close_stopped()
    over = page(backoffice, "show", delivery.pk)

    assert ('hx-trigger="every 1s"' in waiting, 'hx-trigger="every 1s"' in over) == (True, False)
    assert "they were still waiting when the delivery was stopped" in over


def test_hostile_text_is_shown_as_text(backoffice, make_delivery, prepare):
    script = "<script>alert(1)</script>"
    ProfileFactory(first_name=script, opted_out=["email"])
    delivery = make_delivery(label=script, subject=f"{script} {{{{ profile.first_name }}}}")
    prepare(delivery)

    for name in ("show", "edit", "exclusion_log", "sending_log", "log"):
        assert script not in page(backoffice, name, delivery.pk)
