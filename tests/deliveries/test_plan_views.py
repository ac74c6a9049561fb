"""The plan of a delivery as it is typed, and as its page tells it."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from deliveries.models import Delivery
from deliveries.typology_models import Typology
from profiles.models import AudienceMember, SavedAudience
from tests.factories import ProfileFactory, PublishedPageFactory, ServiceFactory

pytestmark = pytest.mark.django_db
NOON = datetime(2027, 2, 1, 12, tzinfo=UTC)
FORM = {
    "label": "Spring news",
    "subject": "News of spring",
    "html": "<p><a href='{{ unsubscribe_url }}'>x</a></p>",
    "tracking": "clicks",
    "confirmation_requested": "on",
}


@pytest.fixture(autouse=True)
def _it_is_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOON)


@pytest.fixture
def save(backoffice):
    """Save a new delivery; the response."""

    def post(**fields):
        return backoffice.post(reverse("deliveries:add"), {name: value for name, value in (FORM | fields).items() if value})

    return post


@pytest.fixture
def ben(client):
    """Ben may change and prepare, not confirm."""
    user = User.objects.create_user("ben", is_staff=True)
    names = ["view_delivery", "add_delivery", "change_delivery", "prepare_delivery"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return client


def plan():
    delivery = Delivery.objects.get()
    return {name: getattr(delivery, name) for name in ("contact_at", "waves", "rate", "rate_unit", "validity_hours")}


def shown(response):
    """The form of an answer, as a browser would send it back unchanged."""
    form = response.context["form"]
    values = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in values.items() if value or (value == 0 and value is not False)}
    if "contact_at" in typed:
        typed["contact_at"] = f"{typed['contact_at']:%Y-%m-%dT%H:%M}"
    return typed | {"a:kind": "all"}


def test_a_plan_is_stored_as_it_was_typed(save):
    save(
        contact_at="2027-03-03T09:00",
        time_zone="America/New_York",
        wave_sizes="5 %, 20 %",
        wave_unit="percent",
        wave_pause="2",
        wave_pause_unit="hours",
        rate="600",
        rate_unit="hour",
        validity="36",
        validity_unit="hours",
    )

    assert plan() == {
        "contact_at": datetime(2027, 3, 3, 14, tzinfo=UTC),
        "waves": {"unit": "percent", "sizes": [5, 20], "minutes": 120},
        "rate": 600,
        "rate_unit": "hour",
        "validity_hours": 36,
    }


def test_without_a_plan_everything_goes_out_once_it_is_confirmed(save):
    save(confirmation_requested="")

    delivery = Delivery.objects.get()
    assert plan() == {"contact_at": None, "waves": {}, "rate": None, "rate_unit": "minute", "validity_hours": None}
    assert delivery.confirmation_requested is True


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"contact_at": "2027-02-01T11:59"}, "contact_at", "This moment has passed."),
        ({"contact_at": "soon"}, "contact_at", "Enter a valid date/time."),
        ({"contact_at": "2027-03-28T02:30", "time_zone": "Europe/Paris"}, "contact_at", "never show 02:30: 03:30 is the same"),
        ({"contact_at": "2027-03-03T09:00", "time_zone": "Mars/Crater"}, "time_zone", "Select a valid choice."),
        ({"wave_sizes": "five", "wave_pause": "1"}, "wave_sizes", "Write whole numbers"),
        ({"wave_sizes": "0", "wave_pause": "1"}, "wave_sizes", "Write whole numbers"),
        ({"wave_sizes": "60, 50", "wave_pause": "1"}, "wave_sizes", "more than 100 percent"),
        ({"wave_sizes": "50"}, "wave_pause", "Say how much time"),
        ({"wave_sizes": "50", "wave_pause": "61", "wave_pause_unit": "days"}, "wave_pause", "At most 60 days."),
        ({"wave_sizes": "50", "wave_pause": "0"}, "wave_pause", "greater than or equal to 1"),
        ({"rate": "0"}, "rate", "greater than or equal to 1"),
        ({"validity": "0"}, "validity", "greater than or equal to 1"),
        ({"validity": "61", "validity_unit": "days"}, "validity", "At most 60 days."),
        ({"validity": "x"}, "validity", "Enter a whole number."),
    ],
)
def test_what_makes_no_plan_is_told_at_its_field(save, fields, field, message):
    response = save(**fields)

    assert (response.status_code, Delivery.objects.count()) == (422, 0)
    assert message in str(response.context["form"].errors[field])
    assert message in response.content.decode().replace("&#x27;", "'")


def test_a_time_that_clocks_show_twice_is_the_first_and_the_answer_says_so(backoffice, monkeypatch):
    values = FORM | {"contact_at": "2027-10-31T02:30", "time_zone": "Europe/Paris"}

    response = backoffice.post(reverse("deliveries:add"), values, follow=True)

    assert Delivery.objects.get().contact_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert "show 02:30 twice" in response.content.decode()


def test_another_time_zone_means_the_same_clock_elsewhere(backoffice, make_delivery):
    delivery = make_delivery(contact_at=datetime(2027, 3, 3, 8, tzinfo=UTC), time_zone="Europe/Paris")
    edit = reverse("deliveries:edit", args=[delivery.pk])

    backoffice.post(edit, shown(backoffice.get(edit)) | {"time_zone": "Asia/Tokyo"})

    assert plan()["contact_at"] == datetime(2027, 3, 3, 0, tzinfo=UTC)


def test_saving_what_did_not_change_keeps_preparation_and_confirmation(backoffice, make_delivery, prepare, confirm):
    ProfileFactory()
    delivery = make_delivery(
        contact_at=datetime(2027, 3, 3, 8, tzinfo=UTC),
        time_zone="Europe/Paris",
        waves={"unit": "number", "sizes": [10, 20], "minutes": 90},
        rate=7,
        rate_unit="hour",
        validity_hours=48,
        audience={},
    )
    prepare(delivery)
    confirm(delivery)
    edit = reverse("deliveries:edit", args=[delivery.pk])

    backoffice.post(edit, shown(backoffice.get(edit)))

    delivery.refresh_from_db()
    assert (delivery.is_scheduled, delivery.revision) == (True, 0)


def other_page():
    return PublishedPageFactory().pk


def other_blocklist_page():
    return PublishedPageFactory(template="blocklist").pk


def a_typology():
    return Typology.objects.create(label="Own").pk


def a_service():
    return ServiceFactory().pk


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", "Other"),
        ("sender_name", "Other"),
        ("sender_email", "other@example.org"),
        ("subject", "Other"),
        ("tracking", "off"),
        ("preference_page", other_page),
        ("blocklist_page", other_blocklist_page),
        ("subscribers", a_service),
        ("typology", a_typology),
        ("size_limit", "5"),
        ("control_kind", "percent"),
        ("control_number", "20"),
        ("a.0:value", "BE"),
        ("contact_at", "2027-03-03T09:00"),
        ("time_zone", "Asia/Tokyo"),
        ("confirmation_requested", ""),
        ("wave_sizes", "10"),
        ("wave_unit", "number"),
        ("wave_pause", "5"),
        ("wave_pause_unit", "days"),
        ("rate", "9"),
        ("rate_unit", "hour"),
        ("validity", "4"),
        ("validity_unit", "hours"),
    ],
)
def test_every_change_of_audience_content_or_plan_asks_for_a_new_preparation(
    backoffice, make_delivery, prepare, confirm, field, value
):
    for _person in range(2):
        ProfileFactory(country="FR")
    delivery = make_delivery(
        contact_at=datetime(2027, 3, 4, 8, tzinfo=UTC),
        time_zone="Europe/Paris",
        waves={"unit": "percent", "sizes": [50], "minutes": 60},
        rate=60,
        validity_hours=72,
        control_group={"kind": "random", "number": 1},
        audience={"all": [{"field": "country", "operator": "in", "value": ["FR"]}]},
    )
    prepare(delivery)
    confirm(delivery)
    edit = reverse("deliveries:edit", args=[delivery.pk])
    sent = shown(backoffice.get(edit)) | {"a.0:field": "country", "a.0:operator": "in", "a.0:value": "FR"}
    sent[field] = value() if callable(value) else value

    response = backoffice.post(edit, {name: typed for name, typed in sent.items() if typed != ""})

    delivery.refresh_from_db()
    assert response.status_code == 302
    assert (delivery.status, delivery.preparation, delivery.confirmed_at) == ("editing", None, None)


def test_ana_may_do_without_a_confirmation_and_stands_for_it(save, operator):
    save(confirmation_requested="", contact_at="2027-03-03T09:00")

    delivery = Delivery.objects.get()
    assert (delivery.confirmation_requested, delivery.scheduled_by) == (False, operator)
    assert delivery.prepares_at == datetime(2027, 3, 3, 8, tzinfo=UTC)


def test_ben_may_not_do_without_a_confirmation(ben):
    response = ben.post(reverse("deliveries:add"), FORM | {"confirmation_requested": "", "contact_at": "2027-03-03T09:00"})

    delivery = Delivery.objects.get()
    assert (delivery.confirmation_requested, delivery.scheduled_by, delivery.prepares_at) == (True, None, None)
    edit = ben.get(reverse("deliveries:edit", args=[delivery.pk])).content.decode()
    assert (response.status_code, "Only who may confirm deliveries can do without." in edit) == (302, True)


def test_a_date_that_has_passed_cannot_be_left_unattended(backoffice, make_delivery):
    delivery = make_delivery(contact_at=datetime(2027, 1, 3, 8, tzinfo=UTC))
    edit = reverse("deliveries:edit", args=[delivery.pk])
    sent = shown(backoffice.get(edit))
    del sent["confirmation_requested"]

    response = backoffice.post(edit, sent)

    assert (response.status_code, "have the confirmation requested" in str(response.context["form"].errors)) == (422, True)


def test_a_button_of_the_audience_loses_nothing_of_the_plan(backoffice):
    typed = FORM | {"contact_at": "2027-03-03T09:00", "wave_sizes": "nonsense", "validity": "4", "do": "add:a", "a:kind": "all"}
    del typed["confirmation_requested"]

    form = backoffice.post(reverse("deliveries:add"), typed).context["form"]

    kept = {name: form[name].value() for name in ("contact_at", "wave_sizes", "validity", "confirmation_requested")}
    assert kept == {
        "contact_at": "2027-03-03T09:00", "wave_sizes": "nonsense", "validity": "4", "confirmation_requested": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "sentences"),
    [
        (
            {},
            [
                "Sent once it is confirmed.",
                "Everybody is sent to at once.",
                "As fast as the servers take them.",
                "What could not be handed over within 5 days has failed.",
            ],
        ),
        (
            {
                "contact_at": datetime(2027, 3, 3, 8, tzinfo=UTC),
                "time_zone": "Europe/Paris",
                "waves": {"unit": "percent", "sizes": [5, 20], "minutes": 60},
                "rate": 600,
                "validity_hours": 36,
            },
            [
                "Sent from 3 March 2027 09:00 (Europe/Paris, UTC+01:00) on, if it is confirmed.",
                "Waves of 5 %, then of 20 % each, one every 1 hour.",
                "At most 600 messages per minute.",
                "What could not be handed over within 36 hours has failed.",
            ],
        ),
        (
            {
                "contact_at": datetime(2027, 1, 3, 8, tzinfo=UTC),
                "waves": {"unit": "number", "sizes": [1000], "minutes": 2880},
                "rate": 1,
                "rate_unit": "hour",
            },
            [
                "Was to be sent from 3 January 2027 08:00 (UTC) on; that has passed: it is sent once it is confirmed.",
                "Waves of 1000 people each, one every 2 days.",
                "At most 1 message per hour.",
                "What could not be handed over within 5 days has failed.",
            ],
        ),
    ],
)
def test_the_page_tells_the_plan_in_one_sentence_each(backoffice, make_delivery, fields, sentences):
    delivery = make_delivery(**fields)

    response = backoffice.get(reverse("deliveries:show", args=[delivery.pk]))

    assert [sentence for _about, sentence in response.context["plan"]] == sentences
    assert all(sentence in response.content.decode() for sentence in sentences)


def test_a_scheduled_delivery_says_so_and_its_confirmation_can_be_withdrawn(backoffice, make_delivery, prepare, confirm):
    ProfileFactory()
    delivery = make_delivery(contact_at=datetime(2027, 3, 3, 8, tzinfo=UTC))
    prepare(delivery)
    question = backoffice.get(reverse("deliveries:confirm", args=[delivery.pk])).content.decode()
    confirm(delivery)
    page = backoffice.get(reverse("deliveries:show", args=[delivery.pk])).content.decode()
    listed = backoffice.get(reverse("deliveries:list")).content.decode()

    backoffice.post(reverse("deliveries:withdraw", args=[delivery.pk]))

    delivery.refresh_from_db()
    assert "to 1 person at its date?" in question
    assert "Confirmed, and sent from 3 March 2027 08:00 (UTC) on." in page
    assert ("Withdraw the confirmation" in page, "Confirm: send to" in page, "Scheduled" in listed) == (True, False, True)
    assert (delivery.status, delivery.confirmed_at) == ("ready", None)


def test_a_file_becomes_a_list_and_says_which_lines_match_nobody(backoffice, settings, tmp_path):
    marie, paul = ProfileFactory(email="marie@example.org"), ProfileFactory(external_id="C-17")
    ProfileFactory()
    file = tmp_path / "fair.csv"
    file.write_text("email;name\nMARIE@example.org;Marie\nnobody@example.org;X\nC-17;Paul\n<b>;Y\n")

    with file.open("rb") as upload:
        response = backoffice.post(
            reverse("deliveries:add"), FORM | {"do": "from_file", "audience_file": upload, "a:kind": "all"}
        )

    audience = SavedAudience.objects.get()
    html = response.content.decode()
    assert (audience.label, audience.kind, audience.size) == ("fair.csv", "list", 2)
    assert set(AudienceMember.objects.values_list("profile_id", flat=True)) == {marie.pk, paul.pk}
    assert response.context["builder"].tree() == {"all": [{"field": "audience", "operator": "in", "value": audience.pk}]}
    assert ("2 people are found by the file." in html, "2 lines match nobody:" in html) == (True, True)
    assert ("line 3: nobody@example.org" in html, "line 5: &lt;b&gt;" in html, Delivery.objects.count()) == (True, True, 0)


def test_without_the_right_to_save_audiences_no_file_becomes_one(ben, tmp_path):
    ProfileFactory(email="marie@example.org")
    file = tmp_path / "fair.csv"
    file.write_text("marie@example.org")

    with file.open("rb") as upload:
        ben.post(reverse("deliveries:add"), FORM | {"do": "from_file", "audience_file": upload})

    assert SavedAudience.objects.count() == 0
