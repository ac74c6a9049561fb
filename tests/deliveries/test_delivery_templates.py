"""Templates of deliveries, and copies."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deliveries import copying, lifecycle, preparation
from deliveries.models import Delivery
from deliveries.statuses import InvalidTransition
from deliveries.typology_models import Typology
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
FORM = {"label": "Spring news", "subject": "Spring", "html": "{{ unsubscribe_url }}"}


@pytest.fixture
def elaborate(make_delivery, operator):
    """A delivery in which everything is set."""
    return make_delivery(
        contact_at=timezone.now() + timedelta(days=1),
        time_zone="Europe/Paris",
        confirmation_requested=False,
        scheduled_by=operator,
        prepares_at=timezone.now() + timedelta(hours=23),
        waves={"unit": "percent", "sizes": [5], "minutes": 60},
        rate=60,
        rate_unit="hour",
        validity_hours=48,
        service=ServiceFactory(),
        sender_name="Maison Exemple",
        tracking="off",
        typology=Typology.objects.create(label="Own"),
        control_group={"kind": "random", "percent": 10},
        size_limit=500,
    )


def test_ids_are_generated_and_shown(backoffice, make_delivery):
    delivery = make_delivery()

    assert delivery.code == f"DM{delivery.pk}"
    for name, arguments in (("list", []), ("show", [delivery.pk]), ("edit", [delivery.pk])):
        assert delivery.code in backoffice.get(reverse(f"deliveries:{name}", args=arguments)).content.decode()


def test_a_copy_has_everything_but_the_schedule_and_what_came_of_it(elaborate, prepare, operator):
    ProfileFactory()
    prepare(elaborate)

    copy = copying.duplicate(elaborate, by=operator)

    dropped = {field.name: getattr(copy, field.name) for field in Delivery._meta.concrete_fields if field.name in copying.OWN}
    same = [name for name in copying.taken(elaborate) if getattr(copy, name) != getattr(elaborate, name)]
    assert same == []
    schedule = ("contact_at", "time_zone", "confirmation_requested", "scheduled_by", "prepares_at")
    assert [dropped[name] for name in schedule] == [None, "", True, None, None]
    assert (copy.status, copy.preparation, copy.preparations.count(), copy.log.count()) == ("editing", None, 0, 0)
    assert (copy.rate, copy.waves["sizes"], copy.size_limit) == (60, [5], 500)


def test_a_delivery_becomes_a_template_and_the_template_a_delivery(backoffice, elaborate):
    backoffice.post(reverse("deliveries:save_as_template", args=[elaborate.pk]), {"label": "Our letter"})
    template = Delivery.objects.get(is_template=True)
    choice = backoffice.get(reverse("deliveries:add")).content.decode()
    blank = backoffice.get(reverse("deliveries:add"), {"template": template.pk})
    form = blank.context["form"]
    sent = {name: form[name].value() for name in form.fields if form[name].value() is not None}

    backoffice.post(
        reverse("deliveries:add"), sent | {"label": "Spring news", "template": template.pk, "wave_sizes": "7", "wave_pause": "1"}
    )

    made = Delivery.objects.latest("pk")
    assert ("Our letter" in choice, "Send via email" in choice) == (True, True)
    assert (template.label, template.contact_at, template.rate, template.service) == ("Our letter", None, 60, elaborate.service)
    assert (made.label, made.is_template, made.html) == ("Spring news", False, elaborate.html)
    assert (made.typology, made.control_group, made.size_limit) == (elaborate.typology, {"kind": "random", "percent": 10}, 500)
    assert (made.waves, made.validity_hours) == ({"unit": "percent", "sizes": [7], "minutes": 60}, 48)


def test_the_built_in_template_is_read_and_duplicated(backoffice):
    backoffice.post(reverse("deliveries:duplicate_built_in", args=["mail"]))

    template = Delivery.objects.get()
    page = backoffice.get(reverse("deliveries:templates")).content.decode()
    assert (template.is_template, template.label) == (True, "Copy of Send via email")
    assert "{{ unsubscribe_url }}" in template.html
    assert f"{template.code} ·" in page
    assert backoffice.post(reverse("deliveries:duplicate_built_in", args=["sms"])).status_code == 404


def test_a_template_is_in_no_list_of_deliveries_and_never_prepared_or_sent(backoffice, make_delivery, operator):
    ProfileFactory()
    template = make_delivery(label="Our letter", is_template=True)

    with pytest.raises(InvalidTransition):
        preparation.start(template, by=operator)
    pressed = backoffice.post(reverse("deliveries:prepare", args=[template.pk]), follow=True)

    template.refresh_from_db()
    assert (template.status, template.preparations.count(), pressed.status_code) == ("editing", 0, 200)
    assert "Our letter" not in backoffice.get(reverse("deliveries:list")).content.decode()
    assert "Our letter" not in backoffice.get(reverse("admin:index")).content.decode()
    with pytest.raises(IntegrityError):
        Delivery.objects.update(status="preparing")


def test_a_template_is_edited_without_a_schedule(backoffice, make_delivery):
    template = make_delivery(is_template=True)
    edit = reverse("deliveries:edit", args=[template.pk])
    page = backoffice.get(edit)

    backoffice.post(edit, FORM | {"revision": 0, "contact_at": "2099-01-01T09:00", "rate": "5", "a:kind": "all"})

    template.refresh_from_db()
    assert ("contact_at" in page.context["form"].fields, "Save and prepare" in page.content.decode()) == (False, False)
    assert (template.label, template.contact_at, template.rate) == ("Spring news", None, 5)


def test_a_copy_of_a_template_is_a_template(backoffice, make_delivery):
    template = make_delivery(label="Our letter", is_template=True)

    backoffice.post(reverse("deliveries:duplicate", args=[template.pk]))

    assert list(copying.templates().values_list("label", flat=True)) == ["Copy of Our letter", "Our letter"]


def test_a_template_is_deleted_and_a_delivery_is_not(backoffice, make_delivery):
    template, delivery = make_delivery(is_template=True), make_delivery()

    answers = [backoffice.post(reverse("deliveries:delete_template", args=[one.pk])).status_code for one in (template, delivery)]

    assert (answers, list(Delivery.objects.all())) == ([302, 404], [delivery])


@pytest.mark.parametrize("name", ["nothing", "0", "9" * 30, "²"])
def test_a_template_that_is_not_there_leads_to_the_choice(backoffice, name):
    response = backoffice.get(reverse("deliveries:add"), {"template": name})

    assert (response.status_code, "Choose a template." in response.content.decode()) == (422, True)


def test_templates_cost_the_same_number_of_queries_for_one_and_three(backoffice, make_delivery):
    numbers = []
    for more in (1, 2):
        for _ in range(more):
            make_delivery(is_template=True)
        with CaptureQueriesContext(connection) as counted:
            backoffice.get(reverse("deliveries:templates"))
        numbers.append(len(counted))

    assert numbers[0] == numbers[1]


def test_creating_stores_who_made_it(operator):
    assert lifecycle.create({"label": "Spring"}, by=operator).created_by == "Ana Lopes"
