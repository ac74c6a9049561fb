"""Custom fields and the newer columns on landing pages: bound, frozen with the version, written, and nothing else."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from landingpages import editing, publishing, reconciling
from landingpages.checking import checks
from landingpages.models import BlockKind, PublishedVersion, Submission
from profiles import pending
from profiles.consent import NO_EVIDENCE
from profiles.links import Purpose, make_token
from profiles.models import CustomField, PendingChange, Profile
from tests.factories import LandingPageFactory, ProfileFactory
from tests.landingpages.visitors import address, everything, link, stranger, typed

pytestmark = pytest.mark.django_db
BY = "Ana Lopes"
BOUND = {
    "birth_date": BlockKind.TEXT_INPUT,
    "gender": BlockKind.TEXT_INPUT,
    "city": BlockKind.TEXT_INPUT,
    "custom.size": BlockKind.TEXT_INPUT,
    "custom.colour": BlockKind.TEXT_INPUT,
    "custom.since": BlockKind.TEXT_INPUT,
    "custom.note": BlockKind.TEXT_INPUT,
    "custom.member": BlockKind.CHECKBOX,
}
TYPED = {
    "birth_date": "1984-02-29",
    "gender": "female",
    "city": "Lyon",
    "custom.size": "38,5",
    "custom.colour": "Red",
    "custom.since": "2020-05-17",
    "custom.note": "left-handed",
    "custom.member": "on",
}
WRITTEN = {"size": 38.5, "colour": "Red", "since": "2020-05-17", "note": "left-handed", "member": True}


@pytest.fixture
def anonymous():
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def definitions():
    """One custom field of each type."""
    kinds = {"size": "number", "colour": "choice", "since": "date", "note": "text", "member": "yes_no"}
    for key, kind in kinds.items():
        options = ["Red", "Blue"] if kind == "choice" else []
        CustomField.objects.create(key=key, label=key.capitalize(), type=kind, options=options)


@pytest.fixture
def asking(definitions):
    """A page online that asks for all of them."""
    draft = LandingPageFactory()
    for field, kind in BOUND.items():
        block = editing.add(draft, kind, by=BY)
        editing.change(draft, block.key, {"field": field}, by=BY)
    publishing.publish(draft, by=BY)
    return draft


@pytest.fixture
def profile():
    return ProfileFactory(email="marie@example.org", custom={"other": "kept", "size": 38})


def preloading(page):
    editing.change_page(page, {"preload_data": True}, by=BY)
    publishing.publish(page, by=BY)
    return page


def test_a_link_writes_columns_and_custom_fields_key_by_key(anonymous, asking, profile):
    response = anonymous.post(link(asking, profile), typed(asking, **TYPED))

    assert response.status_code == 200
    profile.refresh_from_db()
    assert (profile.birth_date, profile.gender, profile.city) == (date(1984, 2, 29), "female", "Lyon")
    assert profile.custom == WRITTEN | {"other": "kept"}
    assert (profile.address_specified, profile.revision) == (True, 1)


def test_a_stranger_s_new_profile_has_them(anonymous, asking):
    anonymous.post(address(asking), stranger(asking, last_name="Petit", email="petit@example.org", **TYPED))
    reconciling.process_received()

    created = Profile.objects.get(email="petit@example.org")
    assert (created.birth_date, created.gender, created.city) == (date(1984, 2, 29), "female", "Lyon")
    assert (created.custom, created.address_specified) == (WRITTEN, True)


def test_a_stranger_with_a_known_address_changes_them_once_it_is_confirmed(anonymous, asking, profile):
    anonymous.post(address(asking), stranger(asking, email=profile.email, last_name=profile.last_name, **TYPED))
    reconciling.process_received()
    change = PendingChange.objects.get()
    before = Profile.objects.get(pk=profile.pk).custom
    url = "/c/" + make_token(Purpose.CONFIRM, change.public_id)

    asked = anonymous.get(url).content.decode()
    anonymous.post(url)

    assert before == {"other": "kept", "size": 38}
    assert change.fields == TYPED | {"custom.size": 38.5, "custom.member": True}
    told = ["Gender: Female", "Date of birth: Feb. 29, 1984", "Size: 38.5", "Since: May 17, 2020", "Member: yes"]
    assert [words in asked for words in told] == [True] * 5
    profile.refresh_from_db()
    assert profile.custom == WRITTEN | {"other": "kept"}
    assert (profile.birth_date, profile.address_specified) == (date(1984, 2, 29), True)


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("custom.size", "large", "Write a number, such as 12 or 3.5."),
        ("custom.colour", "Green", "Choose one of: Red, Blue."),
        ("custom.since", "soon", "Write a date as year-month-day, such as 1984-02-29."),
        ("custom.note", "a\u202eb", "Remove the characters that cannot be seen."),
        ("custom.note", "a\x00b", "This text contains a control character."),
        ("birth_date", "2999-01-01", "This day is in the future."),
        ("gender", "other", "Select a valid choice."),
    ],
)
def test_a_value_that_cannot_be_is_told_and_nothing_is_written(anonymous, asking, profile, field, text, told):
    before = everything()

    answers = [
        anonymous.post(link(asking, profile) + "?lang=en", typed(asking, **{field: text})),
        anonymous.post(address(asking) + "?lang=en", stranger(asking, email="a@example.org", last_name="A", **{field: text})),
    ]

    assert [(answer.status_code, told in answer.content.decode()) for answer in answers] == [(422, True)] * 2
    assert everything() == before


def test_what_is_stored_is_shown_only_where_the_page_preloads_data(anonymous, asking, profile):
    Profile.objects.filter(pk=profile.pk).update(custom={"size": 38, "note": "secret note", "member": True, "colour": "Green"})

    without = anonymous.get(link(asking, profile)).content.decode()
    shown = anonymous.get(link(preloading(asking), profile)).content.decode()

    texts = ['value="38"', 'value="secret note"', '<option value="Green" selected>']
    assert [text in without for text in texts] == [False] * 3
    assert [text in shown for text in texts] == [True] * 3
    assert (without.count(" checked"), shown.count(" checked")) == (0, 1)


def test_an_untouched_form_changes_nothing_whether_data_is_shown_or_not(anonymous, asking, profile):
    values = {"size": 0, "note": "secret note", "member": True, "colour": "Green"}
    Profile.objects.filter(pk=profile.pk).update(custom=values)

    anonymous.post(link(asking, profile), typed(asking))
    unseen = Profile.objects.get(pk=profile.pk).custom
    shown = {"custom.size": "0", "custom.note": "secret note", "custom.member": "on", "custom.colour": "Green", "last_name": "D"}
    anonymous.post(link(preloading(asking), profile), typed(asking, **shown))

    assert (unseen, Profile.objects.get(pk=profile.pk).custom) == (values, values)


def test_emptying_what_was_shown_removes_the_value_and_unticking_says_no(anonymous, asking, profile):
    Profile.objects.filter(pk=profile.pk).update(custom={"size": 0, "note": "secret note", "member": True, "other": "kept"})

    anonymous.post(link(preloading(asking), profile), typed(asking, last_name=profile.last_name))

    assert Profile.objects.get(pk=profile.pk).custom == {"member": False, "other": "kept"}


# Frozen with the version


def test_a_version_works_as_it_was_published_whatever_becomes_of_the_definition(anonymous, asking, profile):
    CustomField.objects.filter(key="colour").update(options=["Black"])

    response = anonymous.post(link(asking, profile), typed(asking, **{"custom.colour": "blue"}))

    assert response.status_code == 200
    assert Profile.objects.get(pk=profile.pk).custom["colour"] == "Blue"
    assert publishing.changes_not_published(asking) == 1


@pytest.mark.parametrize("becomes", ["deleted", "text"])
def test_a_field_that_is_gone_takes_no_values(anonymous, asking, profile, becomes):
    CustomField.objects.get(key="size").delete()
    if becomes == "text":
        CustomField.objects.create(key="size", label="Size", type="text")

    answers = [
        anonymous.post(link(asking, profile), typed(asking, city="Lyon", **{"custom.size": "40"})).status_code,
        anonymous.post(
            address(asking), stranger(asking, last_name="P", email="p@example.org", **{"custom.size": "40"})
        ).status_code,
    ]
    reconciling.process_received()

    assert answers == [200, 200]
    stored = {one.email: (one.city, one.custom) for one in Profile.objects.all()}
    assert stored == {"marie@example.org": ("Lyon", {"other": "kept", "size": 38}), "p@example.org": ("", {})}


def test_a_stranger_costs_no_query_for_custom_fields(anonymous, asking, django_assert_max_num_queries):
    with django_assert_max_num_queries(20) as captured:
        anonymous.post(address(asking), stranger(asking, last_name="Petit", email="petit@example.org", **TYPED))

    assert Submission.objects.count() == 1
    assert [query["sql"] for query in captured if "customfield" in query["sql"]] == []


def test_restoring_a_version_brings_the_binding_back(asking):
    version = PublishedVersion.objects.get()
    editing.remove(asking, asking.blocks.get(field="custom.size").key, by=BY)

    publishing.restore(asking, version, by=BY)

    assert asking.blocks.filter(field="custom.size").count() == 1
    assert publishing.changes_not_published(asking) == 0


# Nothing else


def test_unbound_custom_fields_cannot_be_written(anonymous, online, definitions, profile):
    before = everything()
    evil = {"custom": '{"size": 1}', "custom.size": "1", "custom.other": "x", "b_custom.size": "1", "custom_size": "1"}

    anonymous.post(link(online, profile), typed(online) | evil)
    anonymous.post(address(online), stranger(online, last_name="A", email="a@example.org") | evil)

    after = everything()
    assert after["profiles.Profile"] == before["profiles.Profile"]
    by_link, by_a_stranger = Submission.objects.order_by("pk")
    assert not [name for name in by_link.data if "custom" in name]
    assert by_a_stranger.data.keys() == {
        "last_name", "email", "mobile", "opted_out_email", "opted_out_sms", "opted_out_push", "opted_out_direct_mail",
    }  # fmt: skip


@pytest.mark.parametrize(
    "field", ["custom", "custom.", "custom.nothing", "time_zone", "public_id", "email_domain", "ccpa_opt_out", "id"]
)
def test_a_block_cannot_be_bound_to_anything_else(draft, definitions, field):
    block = draft.blocks.get(field="last_name")

    with pytest.raises(ValueError, match="No page can fill the field"):
        editing.change(draft, block.key, {"field": field}, by=BY)

    assert draft.blocks.filter(field=field).count() == 0


def test_a_pending_change_keeps_other_keys(profile, definitions):
    pending.ask(
        profile, address=profile.email, fields={"custom.note": "x"}, choices={}, source="landing_page", evidence=NO_EVIDENCE
    )
    Profile.objects.filter(pk=profile.pk).update(custom={"size": 40})

    pending.apply(PendingChange.objects.get(), evidence=NO_EVIDENCE)

    assert Profile.objects.get(pk=profile.pk).custom == {"size": 40, "note": "x"}


# The builder


def test_the_builder_offers_custom_fields_and_names_them(backoffice, asking):
    block = asking.blocks.get(field="custom.size")

    shown = backoffice.get(reverse("landingpages:build", args=[asking.pk]), {"block": block.key}).content.decode()

    assert '<option value="custom.size" selected>Size</option>' in shown
    assert '<option value="custom.member">Member' not in shown  # it does not suit; a condition may ask for it


def test_a_deleted_field_is_an_error_of_its_block(asking):
    CustomField.objects.get(key="size").delete()

    assert [(check.text, check.block_key) for check in checks(asking) if check.level == "error"] == [
        ("Choose the field that this block fills.", str(asking.blocks.get(field="custom.size").key))
    ]
