"""Verbs on the blocks and the properties of a page; the second of two editors is told."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from landingpages import editing
from landingpages.editing import EditConflict, NoSuchBlock
from landingpages.models import BlockKind, LandingPage
from tests.factories import LandingPageFactory

pytestmark = pytest.mark.django_db
TEMPLATE = ["last_name", "email", "mobile", "opted_out_email", "opted_out_sms", "opted_out_push", "opted_out_direct_mail"]


@pytest.fixture
def small():
    """Heading, text, button."""
    return LandingPageFactory(template="blocklist")


def order(page):
    """The kinds in their order; fails where the positions are not 1, 2, 3 …"""
    blocks = list(page.blocks.all())
    assert [block.position for block in blocks] == list(range(1, len(blocks) + 1))
    return [block.kind for block in blocks]


def keys(page):
    return {block.kind: block.key for block in page.blocks.all()}


def stored(page):
    """All that an editor could have changed."""
    return list(LandingPage.objects.filter(pk=page.pk).values()), list(page.blocks.values())


def test_added_block_goes_before_the_button_that_ends_the_page(small):
    block = editing.add(small, "checkbox", by="Ana Lopes")

    assert order(small) == ["heading", "text", "checkbox", "button"]
    assert (block.field, block.texts["fr"]["label"]) == ("", "Case à cocher")


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (1, ["email", "heading", "text", "button"]),
        (2, ["heading", "email", "text", "button"]),
        (4, ["heading", "text", "button", "email"]),
        (99, ["heading", "text", "button", "email"]),
        (-5, ["email", "heading", "text", "button"]),
    ],
)
def test_added_block_goes_where_it_is_told(small, position, expected):
    editing.add(small, BlockKind.EMAIL, position=position, by="Ana Lopes")

    assert order(small) == expected
    assert small.blocks.get(kind="email").field == "email"


def test_added_block_shares_no_text_with_its_kind(small):
    first = editing.add(small, "text", by="Ana Lopes")
    first.texts["en"]["label"] = "changed"

    assert editing.add(small, "text", by="Ana Lopes").texts["en"]["label"] == "Text"


@pytest.mark.parametrize(
    ("verb", "kind", "expected"),
    [
        (editing.move_up, "text", ["text", "heading", "button"]),
        (editing.move_up, "heading", ["heading", "text", "button"]),
        (editing.move_down, "text", ["heading", "button", "text"]),
        (editing.move_down, "button", ["heading", "text", "button"]),
        (editing.remove, "text", ["heading", "button"]),
        (editing.duplicate, "heading", ["heading", "heading", "text", "button"]),
    ],
)
def test_verbs_on_a_block_renumber_the_page(small, verb, kind, expected):
    verb(small, keys(small)[kind], by="Ana Lopes")

    assert order(small) == expected


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (1, ["button", "heading", "text"]),
        (2, ["heading", "button", "text"]),
        (3, ["heading", "text", "button"]),
        (0, ["button", "heading", "text"]),
        (10**9, ["heading", "text", "button"]),
    ],
)
def test_block_moves_to_a_position(small, position, expected):
    editing.move_to(small, keys(small)["button"], position, by="Ana Lopes")

    assert order(small) == expected


def test_a_key_may_be_text_as_a_request_brings_it(small):
    editing.remove(small, str(keys(small)["text"]), by="Ana Lopes")

    assert order(small) == ["heading", "button"]


def test_duplicate_is_the_same_under_another_key(draft, block_for):
    original = block_for(draft, "opted_out_sms")
    editing.change(draft, original.key, {"is_positive": True, "is_mandatory": True}, by="Ana Lopes")

    copy = editing.duplicate(draft, original.key, by="Ana Lopes")

    copy.refresh_from_db()
    assert copy.key != original.key
    assert (copy.kind, copy.field, copy.is_positive, copy.is_mandatory, copy.texts, copy.position) == (
        "checkbox",
        "opted_out_sms",
        True,
        True,
        original.texts,
        original.position + 1,
    )


def test_change_writes_what_is_named_and_leaves_the_rest(draft, block_for):
    block = block_for(draft, "opted_out_email")

    editing.change(draft, block.key, {"field": "opted_out_all", "is_positive": True}, by="Ana Lopes")

    block.refresh_from_db()
    assert (block.field, block.is_positive, block.is_mandatory, block.texts["en"]["label"]) == (
        "opted_out_all",
        True,
        False,
        "Stop sending me emails",
    )


def test_texts_keep_their_shape_and_nothing_that_cannot_be_seen(draft, block_for):
    block = block_for(draft, "email")
    texts = {"en": {"label": " Your\x00 email\u2028 ", "help": "one\r\ntwo", "onclick": "x"}, "de": {"label": "E-Mail"}, "fr": 7}

    editing.change(draft, block.key, {"texts": texts}, by="Ana Lopes")

    block.refresh_from_db()
    assert block.texts == {"en": {"label": "Your email", "help": "one\ntwo"}, "fr": {"label": "", "help": ""}}


def test_only_inputs_are_bound_and_only_boxes_have_a_sense(draft, block_for):
    heading, name = draft.blocks.get(kind="heading"), block_for(draft, "last_name")
    asked = {"field": "email", "is_positive": True, "is_mandatory": True}

    editing.change(draft, heading.key, asked, by="Ana Lopes")
    editing.change(draft, name.key, asked | {"field": "first_name"}, by="Ana Lopes")

    heading.refresh_from_db()
    name.refresh_from_db()
    assert (heading.field, heading.is_positive, heading.is_mandatory) == ("", False, False)
    assert (name.field, name.is_positive, name.is_mandatory) == ("first_name", False, True)


@pytest.mark.parametrize("field", ["public_id", "revision", "opted_out", "created_by"])
def test_a_field_that_no_page_may_bind_is_refused(draft, block_for, field):
    before = stored(draft)

    with pytest.raises(ValueError, match=field):
        editing.change(draft, block_for(draft, "email").key, {"field": field}, by="Ana Lopes")

    assert stored(draft) == before


@pytest.mark.parametrize("verb", [editing.move_up, editing.move_down, editing.duplicate, editing.remove])
def test_a_block_of_another_page_is_out_of_reach(draft, small, verb):
    before = stored(draft), stored(small)

    with pytest.raises(NoSuchBlock):
        verb(draft, keys(small)["text"], by="Ana Lopes")

    assert (stored(draft), stored(small)) == before
    assert draft.revision == small.revision == 0


ACTS = {
    "add": lambda page, key: editing.add(page, "text", by="Bruno"),
    "change": lambda page, key: editing.change(page, key, {"texts": {}}, by="Bruno"),
    "move_up": lambda page, key: editing.move_up(page, key, by="Bruno"),
    "move_down": lambda page, key: editing.move_down(page, key, by="Bruno"),
    "move_to": lambda page, key: editing.move_to(page, key, 1, by="Bruno"),
    "duplicate": lambda page, key: editing.duplicate(page, key, by="Bruno"),
    "remove": lambda page, key: editing.remove(page, key, by="Bruno"),
    "change_page": lambda page, key: editing.change_page(page, {"label": "Bruno’s"}, by="Bruno"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_of_two_editors_the_second_is_told(small, act):
    hers = LandingPage.objects.get(pk=small.pk)
    key = keys(small)["text"]
    editing.move_up(small, key, by="Ana Lopes")
    before = stored(small)

    with pytest.raises(EditConflict, match="Somebody else has changed this page meanwhile"):
        act(hers, key)

    assert stored(small) == before


def test_the_revision_that_was_shown_decides(small):
    editing.move_up(small, keys(small)["text"], by="Ana Lopes")
    fresh = LandingPage.objects.get(pk=small.pk)

    with pytest.raises(EditConflict):
        editing.move_down(fresh, keys(small)["text"], revision=0, by="Bruno")

    assert order(small) == ["text", "heading", "button"]


def test_one_page_in_hand_can_be_edited_on_and_on(small):
    for _turn in range(3):
        editing.add(small, "text", by="Ana Lopes")

    assert order(small) == ["heading", "text", "text", "text", "text", "button"]
    assert list(LandingPage.objects.filter(pk=small.pk).values_list("revision", "modified_by")) == [(3, "Ana Lopes")]


def test_properties_are_written_with_their_editor(draft):
    editing.change_page(draft, {"label": "Choices", "preload_data": True}, by="Bruno")

    draft.refresh_from_db()
    assert (draft.label, draft.preload_data, draft.modified_by, draft.revision) == ("Choices", True, "Bruno", 1)


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"slug": "Not An Address"}, ["slug"]),
        ({"slug": "line\n"}, ["slug"]),
        ({"slug": "../admin"}, ["slug"]),
        ({"redirection_url": "javascript:alert(1)"}, ["redirection_url"]),
        ({"redirection_url": "//evil.example"}, ["redirection_url"]),
        ({"on_match": "always"}, ["on_match"]),
        ({"label": ""}, ["label"]),
        ({"acts_on_arrival": True}, ["__all__"]),
    ],
)
def test_properties_that_cannot_be_are_refused(draft, values, fields):
    before = stored(draft)

    with pytest.raises(ValidationError) as refusal:
        editing.change_page(draft, values, by="Bruno")

    assert list(refusal.value.message_dict) == fields
    assert stored(draft) == before


def test_the_address_of_another_page_is_refused(draft):
    other = LandingPageFactory()

    with pytest.raises(ValidationError):
        editing.change_page(draft, {"slug": other.slug}, by="Bruno")

    assert LandingPage.objects.filter(slug=other.slug).get() == other


def test_the_default_page_of_a_type_is_one(draft, small):
    former = LandingPageFactory(is_default=True)
    blocklist = LandingPageFactory(template="blocklist", is_default=True)

    editing.change_page(draft, {"is_default": True}, by="Ana Lopes")

    assert list(LandingPage.objects.filter(is_default=True).order_by("pk")) == [draft, blocklist]
    former.refresh_from_db()
    assert former.is_default is False


def test_the_default_page_stays_where_the_new_one_is_refused(draft):
    former = LandingPageFactory(is_default=True)

    with pytest.raises(ValidationError):
        editing.change_page(draft, {"is_default": True, "slug": "Not An Address"}, by="Ana Lopes")

    assert list(LandingPage.objects.filter(is_default=True)) == [former]


def test_an_unknown_block_is_not_found(draft):
    with pytest.raises(NoSuchBlock):
        editing.remove(draft, uuid.uuid4(), by="Ana Lopes")

    assert [block.field for block in draft.blocks.all() if block.field] == TEMPLATE
