"""The back office's pages of typologies, rules and exclusion lists."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from deliveries.controls import CONTROL_RULES
from deliveries.models import Delivery
from deliveries.typology_models import ExcludedAddress, ExcludedDomain, Typology, TypologyRule
from tests.factories import ProfileFactory, ServiceFactory

pytestmark = pytest.mark.django_db
CONDITION = {"a:kind": "all", "a.0:field": "country", "a.0:operator": "in", "a.0:value": "FR"}
IN_FRANCE = {"all": [{"field": "country", "operator": "in", "value": ["FR"]}]}


def page(name, *args):
    return reverse(f"deliveries:{name}", args=args)


def built_in(code):
    return TypologyRule.objects.get(code=code)


@pytest.fixture
def reader(client, django_user_model):
    """Somebody who may look, and change nothing."""
    ben = django_user_model.objects.create_user("ben", is_staff=True)
    names = [f"view_{model}" for model in ("typology", "typologyrule", "excludedaddress", "excludeddomain")]
    ben.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(ben)
    return client


@pytest.mark.parametrize("rules", [1, 3])
def test_the_list_says_what_every_rule_does(backoffice, django_assert_num_queries, rules):
    for number in range(rules):
        rule = TypologyRule.objects.create(label=f"No France {number}", parameters={"audience": IN_FRANCE})
        Typology.objects.get().rules.add(rule)
    backoffice.get(page("typologies"))

    with django_assert_num_queries(5):
        response = backoffice.get(page("typologies"))

    sentences = {rule.name: sentence for rule, sentence in response.context["rules"]}
    assert sentences["Address on blocklist"] == (
        "Leaves out people who no longer want to be contacted, by this channel or by any."
    )
    assert sentences["No France 0"] == "Leaves out: Country: France."
    assert sentences["Check the subject"] == "Check the subject: a fault blocks the confirmation."
    assert len(sentences) == 10 + len(CONTROL_RULES) + rules


def test_a_filtering_rule_is_made_of_conditions(backoffice, operator):
    service = ServiceFactory()
    typed = {
        "label": "No France",
        "order": 40,
        "is_active": "on",
        "channel": "sms",
        "service": service.pk,
        "label_part": "spring",
    }

    backoffice.post(
        page("typology_rule_add", "filtering"), CONDITION | typed | {"save": "", "typologies": Typology.objects.get().pk}
    )

    rule = TypologyRule.objects.get(code="")
    assert (rule.label, rule.order, rule.channel, rule.kind) == ("No France", 40, "sms", "filtering")
    assert (rule.parameters, rule.criteria) == ({"audience": IN_FRANCE}, {"service": service.pk, "label": "spring"})
    assert [typology.code for typology in rule.typologies.all()] == ["defaultTypology"]
    assert rule.modified_by == "Ana Lopes"


def test_a_rule_without_a_condition_is_refused(backoffice):
    typed = {"label": "Everybody", "order": 50, "is_active": "on", "a:kind": "all", "save": ""}

    response = backoffice.post(page("typology_rule_add", "filtering"), typed)

    assert response.status_code == 422
    assert "would leave out everybody" in response.content.decode()
    assert not TypologyRule.objects.filter(code="").exists()


def test_a_button_of_the_builder_loses_nothing_that_was_typed(backoffice):
    typed = {"label": "No France", "order": 12, "a:kind": "all", "do": "add:a:country"}

    response = backoffice.post(page("typology_rule_add", "filtering"), typed)

    form = response.context["form"]
    assert (form["label"].value(), form["order"].value(), form["is_active"].value()) == ("No France", "12", False)
    assert len(response.context["builder"].conditions) == 1
    assert not TypologyRule.objects.filter(code="").exists()


def test_a_fatigue_rule_is_made_and_changed(backoffice):
    typed = {"label": "Twice a week", "order": 50, "is_active": "on", "messages": 2, "days": 7, "channels": "all", "save": ""}
    backoffice.post(page("typology_rule_add", "fatigue"), typed)
    rule = TypologyRule.objects.get(code="")

    shown = backoffice.get(page("typology_rule", rule.pk))
    changed = backoffice.post(page("typology_rule", rule.pk), typed | {"messages": 3, "revision": rule.revision})
    late = backoffice.post(page("typology_rule", rule.pk), typed | {"messages": 9, "revision": rule.revision})

    rule.refresh_from_db()
    assert "2 messages or more within 7 days" in shown.context["sentence"]
    assert (changed.status_code, late.status_code) == (302, 422)
    assert rule.parameters == {"messages": 3, "days": 7, "channels": "all"}


@pytest.mark.parametrize(("code", "is_active"), [("duplicate", False), ("blocklist", True)])
def test_rules_that_protect_people_cannot_be_switched_off(backoffice, code, is_active):
    rule = built_in(code)

    backoffice.post(page("typology_rule", rule.pk), {"revision": rule.revision})

    rule.refresh_from_db()
    assert rule.is_active == is_active
    assert [typology.code for typology in rule.typologies.all()] == ["defaultTypology"]


@pytest.mark.parametrize("code", ["control_group", "size_limit"])
def test_a_rule_that_deliveries_set_has_no_switch_and_says_when_it_applies(backoffice, code):
    html = backoffice.get(page("typology_rule", built_in(code).pk)).content.decode()

    assert "Where a delivery sets it, whatever its typology." in html
    assert 'name="is_active"' not in html


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("address_not_specified", 1),
        ("blocklist", 1),
        ("duplicate", 2),
        ("excluded_domain", 1),
        ("shared_opt_out", 1),
        ("control_group", None),
        ("size_limit", None),
    ],
)
def test_a_rule_says_how_many_it_would_exclude_now(backoffice, code, number):
    for opted_out in ([], [], []):
        ProfileFactory(email="twin@example.org", opted_out=opted_out)
    ProfileFactory(email="")
    ProfileFactory(email="out@rival.example", opted_out=["email"])
    ExcludedDomain.objects.create(domain="rival.example")

    response = backoffice.get(page("typology_rule_count", built_in(code).pk), headers={"HX-Request": "true"})

    assert response.context["number"] == number
    assert "<html" not in response.content.decode()


def test_a_typology_holds_the_rules_that_were_ticked(backoffice):
    duplicate = built_in("duplicate")

    backoffice.post(page("typology_add"), {"label": "Reminders", "rules": [duplicate.pk]})

    typology = Typology.objects.get(code="")
    assert (str(typology), list(typology.rules.all())) == (f"Reminders (TY{typology.pk})", [duplicate])


def test_a_typology_that_deliveries_have_is_not_deleted(backoffice, make_delivery):
    used, unused = (Typology.objects.create(label=label) for label in ("Used", "Unused"))
    make_delivery(typology=used)

    for typology in (used, unused, Typology.objects.get(code="defaultTypology")):
        backoffice.post(page("typology_delete", typology.pk))

    assert list(Typology.objects.order_by("pk").values_list("label", flat=True)) == ["Default typology", "Used"]


def test_only_own_rules_are_deleted(backoffice):
    own = TypologyRule.objects.create(label="No France", parameters={"audience": IN_FRANCE})

    answers = [backoffice.post(page("typology_rule_delete", pk)).status_code for pk in (own.pk, built_in("duplicate").pk)]

    assert answers == [302, 404]
    assert TypologyRule.objects.filter(code="duplicate").exists()
    assert not TypologyRule.objects.filter(code="").exists()


def test_pasted_addresses_are_normalised_and_added_once(backoffice):
    ExcludedAddress.objects.create(channel="email", address="known@example.org")

    text = "Marie@Example.ORG\nknown@example.org\n\nPaul <paul@example.org>"
    response = backoffice.post(page("excluded_addresses"), {"channel": "email", "text": text}, follow=True)

    assert list(ExcludedAddress.objects.values_list("address", flat=True)) == [
        "known@example.org",
        "marie@example.org",
        "paul@example.org",
    ]
    assert [str(message) for message in response.context["messages"]] == ["2 lines were added, 1 were on the list already."]


def test_a_list_with_a_bad_line_adds_nothing_and_names_the_line(backoffice):
    addresses = backoffice.post(page("excluded_addresses"), {"channel": "email", "text": "marie@example.org\nnobody@"})
    domains = backoffice.post(page("excluded_domains"), {"text": "example.org\n\nnot a domain"})

    assert "Line 2, “nobody@”" in addresses.content.decode()
    assert "Line 3, “not a domain”" in domains.content.decode()
    assert (ExcludedAddress.objects.count(), ExcludedDomain.objects.count()) == (0, 0)


def test_domains_are_normalised_found_and_removed(backoffice):
    backoffice.post(page("excluded_domains"), {"text": "@Rival.Example\nbücher.example"})
    domains = list(ExcludedDomain.objects.values_list("domain", flat=True))

    found = backoffice.get(page("excluded_domains"), {"q": "riv"}).context["page"].object_list
    backoffice.post(page("excluded_domain_remove", found[0].pk))

    assert domains == ["rival.example", "xn--bcher-kva.example"]
    assert list(ExcludedDomain.objects.values_list("domain", flat=True)) == ["xn--bcher-kva.example"]


def test_somebody_who_may_only_look_changes_nothing(reader):
    rule, typology = built_in("duplicate"), Typology.objects.get()
    row = ExcludedAddress.objects.create(channel="email", address="marie@example.org")

    seen = [reader.get(page(name)).status_code for name in ("typologies", "excluded_addresses", "excluded_domains")]
    refused = [
        reader.post(page("typology_rule", rule.pk), {"revision": 0}),
        reader.post(page("typology_rule_add", "fatigue"), {}),
        reader.post(page("typology", typology.pk), {"label": "x"}),
        reader.post(page("excluded_addresses"), {"channel": "email", "text": "a@example.org"}),
        reader.post(page("excluded_domains"), {"text": "example.org"}),
        reader.post(page("excluded_address_remove", row.pk)),
    ]

    assert seen == [200, 200, 200]
    assert [response.status_code for response in refused] == [403] * 6
    rule.refresh_from_db()
    assert (rule.is_active, ExcludedAddress.objects.count(), ExcludedDomain.objects.count()) == (True, 1, 0)


def delivery_form(**fields):
    content = {"subject": "News", "html": "<p>{{ unsubscribe_url }}</p>", "a:kind": "all", "tracking": "off"}
    return {"label": "Spring", **content} | fields


@pytest.mark.parametrize(
    ("typed", "group"),
    [
        ({}, {}),
        ({"control_kind": "percent", "control_number": 10}, {"kind": "random", "percent": 10}),
        ({"control_kind": "random", "control_number": 500}, {"kind": "random", "number": 500}),
        (
            {"control_kind": "first", "control_number": 5, "control_by": "-birth_date"},
            {"kind": "first", "number": 5, "by": "-birth_date"},
        ),
    ],
)
def test_the_form_of_a_delivery_sets_typology_control_group_and_size(backoffice, typed, group):
    typology = Typology.objects.create(label="Reminders")

    backoffice.post(page("add"), delivery_form(typology=typology.pk, size_limit=9, **typed))

    delivery = Delivery.objects.get()
    assert (delivery.typology, delivery.size_limit, delivery.control_group) == (typology, 9, group)
    shown = backoffice.get(page("edit", delivery.pk)).context["form"]
    assert {name: shown[name].value() for name in typed} == typed


@pytest.mark.parametrize(
    "typed", [{"control_kind": "percent"}, {"control_kind": "percent", "control_number": 100}, {"size_limit": 0}]
)
def test_a_control_group_or_size_that_cannot_be_is_refused(backoffice, typed):
    response = backoffice.post(page("add"), delivery_form(**typed))

    assert response.status_code == 422
    assert not Delivery.objects.exists()


def test_a_copy_of_a_delivery_keeps_its_rules(backoffice, make_delivery):
    typology = Typology.objects.create(label="Reminders")
    source = make_delivery(typology=typology, size_limit=9, control_group={"kind": "random", "number": 5})

    backoffice.post(page("duplicate", source.pk))

    copy = Delivery.objects.first()
    assert (copy.pk != source.pk, copy.typology, copy.size_limit) == (True, typology, 9)
    assert copy.control_group == {"kind": "random", "number": 5}
