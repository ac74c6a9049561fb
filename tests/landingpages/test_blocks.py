import pytest
from django.db import IntegrityError, transaction

from landingpages.blocks import FIELDS, fields_for
from landingpages.kinds import KINDS
from landingpages.models import Block, BlockKind, LandingPage
from landingpages.templates_builtin import TEMPLATES
from profiles.channels import OPT_OUT_FIELDS
from profiles.models import CustomField
from tests.factories import LandingPageFactory

SILENT = [
    BlockKind.HEADING, BlockKind.TEXT, BlockKind.RICH_TEXT, BlockKind.IMAGE, BlockKind.DIVIDER, BlockKind.SHARED,
    BlockKind.SERVICE, BlockKind.AGREEMENT, BlockKind.BUTTON, BlockKind.LINK,
]  # fmt: skip


def test_pages_reach_these_fields_of_a_profile_and_no_other():
    assert list(FIELDS) == [
        "first_name",
        "last_name",
        "gender",
        "middle_name",
        "title",
        "birth_date",
        "email",
        "mobile",
        "external_id",
        "phone",
        "street",
        "street_2",
        "postal_code",
        "city",
        "state",
        "country",
        "preferred_language",
        "opted_out_all",
        "opted_out_email",
        "opted_out_sms",
        "opted_out_push",
        "opted_out_direct_mail",
    ]


def test_every_field_is_a_column_or_the_box_of_a_scope():
    assert [(field.name, field.column or OPT_OUT_FIELDS[field.scope]) for field in FIELDS.values()] == [
        (name, name) for name in FIELDS
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "names"),
    [
        *((kind, []) for kind in SILENT),
        (
            BlockKind.TEXT_INPUT,
            ["first_name", "last_name", "middle_name", "title", "external_id", "phone", "street", "street_2", "postal_code",
             "city", "state", "custom.nickname"],
        ),
        (BlockKind.LONG_TEXT, ["street", "custom.nickname"]),
        (BlockKind.NUMBER, ["custom.size"]),
        (BlockKind.DATE, ["birth_date", "custom.since"]),
        (BlockKind.EMAIL, ["email"]),
        (BlockKind.PHONE, ["mobile", "phone"]),
        (BlockKind.CHOICE, ["gender", "country", "preferred_language", "custom.member", "custom.colour"]),
        (BlockKind.RADIO, ["gender", "custom.member", "custom.colour"]),
        (BlockKind.CHECKBOX, [*OPT_OUT_FIELDS.values(), "custom.member"]),
        (
            BlockKind.HIDDEN,
            ["first_name", "last_name", "gender", "middle_name", "title", "phone", "street", "street_2", "postal_code", "city",
             "state", "country", "preferred_language", "custom.nickname", "custom.size", "custom.since", "custom.member",
             "custom.colour"],
        ),
    ],
)  # fmt: skip
def test_fields_for_a_kind_are_those_that_suit_it(kind, names):
    kinds = {"nickname": "text", "size": "number", "since": "date", "member": "yes_no", "colour": "choice"}
    for position, (key, type_) in enumerate(kinds.items()):
        CustomField.objects.create(
            key=key, label=key, type=type_, position=position, options=["red"] if type_ == "choice" else []
        )

    assert [field.name for field in fields_for(kind)] == names


def test_every_kind_has_its_entry_and_words_in_both_languages():
    assert list(KINDS) == list(BlockKind)
    assert [sorted(kind.default_texts) for kind in KINDS.values()] == [["en", "fr"]] * len(BlockKind)


@pytest.mark.parametrize(
    ("kind", "field", "possible"),
    [
        (BlockKind.CHECKBOX, "opted_out_sms", True),
        (BlockKind.CHECKBOX, "first_name", False),
        (BlockKind.TEXT_INPUT, "opted_out_sms", False),
        (BlockKind.TEXT_INPUT, "email", True),
        (BlockKind.DATE, "email", False),
        (BlockKind.NUMBER, "birth_date", False),
        (BlockKind.NUMBER, "postal_code", True),
        (BlockKind.RADIO, "first_name", False),
        (BlockKind.HIDDEN, "city", True),
        (BlockKind.HIDDEN, "email", False),
        (BlockKind.HIDDEN, "mobile", False),
        (BlockKind.HIDDEN, "opted_out_all", False),
    ],
)
def test_a_field_holds_what_the_kind_gives(kind, field, possible):
    assert FIELDS[field].can_hold(kind) is possible


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"field": "email"}, {"is_positive": True}, {"is_mandatory": True}])
def test_the_database_refuses_a_heading_that_is_bound(values, draft):
    heading = draft.blocks.filter(kind=BlockKind.HEADING)

    with pytest.raises(IntegrityError), transaction.atomic():
        heading.update(**values)

    assert list(heading.values_list("field", "is_positive", "is_mandatory")) == [("", False, False)]


@pytest.mark.django_db
def test_the_database_refuses_two_blocks_of_a_page_with_one_key(draft):
    first = draft.blocks.first()

    with pytest.raises(IntegrityError), transaction.atomic():
        Block.objects.create(page=draft, key=first.key, position=99, kind=BlockKind.TEXT)

    assert draft.blocks.count() == 10


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"status": "online"}, {"status": "closed"}, {"acts_on_arrival": True}])
def test_the_database_refuses_a_page_that_cannot_be(values, draft):
    with pytest.raises(IntegrityError), transaction.atomic():
        LandingPage.objects.filter(pk=draft.pk).update(**values)

    draft.refresh_from_db()
    assert (draft.status, draft.acts_on_arrival) == ("editing", False)


@pytest.mark.django_db
def test_the_database_refuses_a_second_default_page_of_a_type():
    first, second = LandingPageFactory(is_default=True), LandingPageFactory()

    with pytest.raises(IntegrityError), transaction.atomic():
        LandingPage.objects.filter(pk=second.pk).update(is_default=True)

    assert list(LandingPage.objects.filter(is_default=True)) == [first]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("template", "kinds", "fields", "unidentified"),
    [
        ("acquisition", ["heading", "text_input", "email", "phone", "button"], ["last_name", "email", "mobile"], True),
        ("subscription", ["heading", "text_input", "email", "phone", "button"], ["last_name", "email", "mobile"], True),
        ("unsubscription", ["heading", "text", "button"], [], False),
        ("generic", ["heading", "text", "button"], [], False),
        (
            "channels",
            ["heading", "text", "text_input", "email", "phone", "checkbox", "checkbox", "checkbox", "checkbox", "button"],
            ["last_name", "email", "mobile", "opted_out_email", "opted_out_sms", "opted_out_push", "opted_out_direct_mail"],
            True,
        ),
        ("blocklist", ["heading", "text", "button"], [], False),
    ],
)
def test_a_new_page_has_the_blocks_of_its_template(template, kinds, fields, unidentified):
    page = LandingPageFactory(template=template)

    assert [block.kind for block in page.blocks.all()] == kinds
    assert [block.position for block in page.blocks.all()] == list(range(1, len(kinds) + 1))
    assert [block.field for block in page.blocks.all() if block.field] == fields
    assert (page.type, page.status, page.unidentified_allowed, page.created_by) == (
        TEMPLATES[template].type,
        "editing",
        unidentified,
        "Ana Lopes",
    )


@pytest.mark.django_db
def test_a_new_page_shares_nothing_with_its_template():
    said = LandingPageFactory().every_block.get(part="confirmation")

    said.texts["fr"]["label"] = "changed"

    assert TEMPLATES["channels"].texts["fr"]["confirmation"] == "Vos choix sont enregistrés."
