"""From the edited page to frozen versions and back; what stops a publication."""

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from landingpages import editing, publishing
from landingpages.editing import EditConflict
from landingpages.models import Block, LandingPage, PublishedVersion
from landingpages.publishing import Check, InvalidPublication, Level
from profiles import triggers
from tests.factories import LandingPageFactory, PublishedPageFactory
from tests.landingpages.visitors import say

pytestmark = pytest.mark.django_db
ERROR, WARNING = Level.ERROR, Level.WARNING
NO_EXPIRATION = "The page has no expiration: it stays online until somebody unpublishes it."


def texts(en="", fr="", help_en=""):
    return {"en": {"label": en, "help": help_en}, "fr": {"label": fr, "help": ""}}


def state(page):
    """What visitors see, and how many versions there are."""
    stored = LandingPage.objects.get(pk=page.pk)
    return stored.status, stored.version.number if stored.version else None, stored.versions.count()


def findings(page):
    """(level, text) of the checks, and the field or kind of the block that each names."""
    blocks = {str(block.key): block.field or block.kind for block in page.every_block.all()}
    found = [check for check in publishing.checks(page) if check.text != NO_EXPIRATION]
    return [(check.level, check.text, blocks.get(check.block_key, "")) for check in found]


def test_snapshot_has_the_shape_that_versions_keep():
    page = LandingPageFactory(
        template="blocklist", slug="stop", label="Stop", expires_at=datetime.fromisoformat("2030-01-02T03:04:05+00:00")
    )
    said = say(page, "confirmation", en="Done.")
    editing.remove(page, page.every_block.get(part="error").key, by="Ana Lopes")
    for block in page.blocks.exclude(kind="button"):
        editing.remove(page, block.key, by="Ana Lopes")

    assert publishing.snapshot(page) == {
        "type": "blocklist",
        "slug": "stop",
        "label": "Stop",
        "settings": {
            "unidentified_allowed": False,
            "preload_data": False,
            "reconciliation_key": "email",
            "on_match": "ask_by_email",
            "acts_on_arrival": False,
            "redirection_url": "",
            "expires_at": "2030-01-02T03:04:05+00:00",
            "service_id": None,
            "embed_origins": None,
            "key_mapping": {},
            "specific_action": "blocklist",
            "service_from_url": False,
            "served": {},
            "additional_data": {},
            "message": "none",
            "message_texts": {},
            "double_opt_in": False,
            "log_responses": True,
            "spam_protection": True,
        },
        "brand": None,
        "languages": ["en", "fr"],
        "blocks": [
            {
                "key": str(page.blocks.get().key),
                "kind": "button",
                "field": "",
                "is_positive": False,
                "is_mandatory": False,
                "texts": {"en": {"label": "Unsubscribe", "help": ""}, "fr": {"label": "Me désinscrire", "help": ""}},
            }
        ],
        "parts": {
            "confirmation": [
                {
                    "key": str(said.key),
                    "kind": "text",
                    "field": "",
                    "is_positive": False,
                    "is_mandatory": False,
                    "texts": texts("Done."),
                }
            ],
            "error": [],
        },
    }


def test_snapshot_of_the_same_page_is_the_same_however_often(draft):
    assert publishing.snapshot(draft) == publishing.snapshot(LandingPage.objects.get(pk=draft.pk))


@pytest.mark.parametrize("template", ["acquisition", "channels", "blocklist", "generic"])
def test_built_in_templates_have_nothing_to_find(template):
    assert findings(LandingPageFactory(template=template)) == []


def test_published_version_is_what_was_edited(draft):
    version = publishing.publish(draft, by="Ana Lopes")

    assert version.content == publishing.snapshot(draft)
    assert (version.number, version.published_by) == (1, "Ana Lopes")
    assert (draft.status, draft.version) == ("online", version)
    assert state(draft) == ("online", 1, 1)


def test_visitors_see_an_edit_with_the_next_version_only(online):
    editing.change(online, online.blocks.get(kind="heading").key, {"texts": texts("New", "Nouveau")}, by="Ana Lopes")

    assert "New" not in str(LandingPage.objects.get(pk=online.pk).version.content)

    publishing.publish(online, by="Ana Lopes")

    assert "New" in str(LandingPage.objects.get(pk=online.pk).version.content)
    assert state(online) == ("online", 2, 2)


def test_publishing_without_a_change_is_refused(online):
    with pytest.raises(InvalidPublication, match=r"^Nothing has changed since the page was published\.$"):
        publishing.publish(online, by="Ana Lopes")

    assert state(online) == ("online", 1, 1)


def test_unpublished_page_is_closed_and_can_be_published_again(online):
    publishing.unpublish(online, by="Bruno")

    assert (online.status, online.modified_by) == ("closed", "Bruno")
    assert state(online) == ("closed", 1, 1)

    publishing.publish(online, by="Ana Lopes")

    assert state(online) == ("online", 2, 2)


@pytest.mark.parametrize("make", [LandingPageFactory, PublishedPageFactory])
def test_a_page_that_is_not_online_cannot_be_unpublished(make):
    page = make()
    if page.status == "online":
        publishing.unpublish(page, by="Ana Lopes")
    before = state(page)

    with pytest.raises(InvalidPublication, match="The page is not online"):
        publishing.unpublish(page, by="Bruno")

    assert state(page) == before


def test_an_error_stops_the_publication_and_the_former_version_stays(online):
    editing.remove(online, online.blocks.get(kind="button").key, by="Ana Lopes")

    with pytest.raises(InvalidPublication, match=r"^The page cannot be published: The page has no button\.$"):
        publishing.publish(online, by="Ana Lopes")

    assert state(online) == ("online", 1, 1)


def test_each_problem_is_told_once(draft):
    set_fields(draft, opted_out_sms={"field": "opted_out_email"}, mobile={"field": ""})

    with pytest.raises(InvalidPublication) as refusal:
        publishing.publish(draft, by="Ana Lopes")

    assert str(refusal.value) == (
        "The page cannot be published: Choose the field that this block fills. "
        "Another block fills the field “No longer contact by email” too."
    )
    assert state(draft) == ("editing", None, 0)


def test_a_warning_does_not_stop_the_publication(draft):
    editing.remove(draft, draft.blocks.get(kind="heading").key, by="Ana Lopes")

    publishing.publish(draft, by="Ana Lopes")

    assert state(draft) == ("online", 1, 1)


def test_a_publication_that_breaks_leaves_the_former_version_online(online):
    editing.add(online, "text", by="Ana Lopes")
    refusal = "full"
    broken = triggers.Guard(
        table="landingpages_landingpage",
        sqlite={
            "broken": f"""CREATE TRIGGER broken BEFORE UPDATE OF version_id ON landingpages_landingpage
            BEGIN SELECT RAISE(ABORT, '{refusal}'); END"""
        },
        functions={
            "break": f"""CREATE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{refusal}'; END $$"""
        },
        postgresql={
            "broken": """CREATE TRIGGER broken BEFORE UPDATE OF version_id ON landingpages_landingpage
            FOR EACH STATEMENT EXECUTE FUNCTION break_it()"""
        },
    )
    triggers.install(connection, broken)

    with pytest.raises(DatabaseError, match=refusal):
        publishing.publish(online, by="Ana Lopes")

    assert state(online) == ("online", 1, 1)
    assert (online.version.number, online.status) == (1, "online")


def test_what_the_operator_did_not_see_is_not_published(online):
    hers = LandingPage.objects.get(pk=online.pk)
    editing.add(online, "text", by="Ana Lopes")

    with pytest.raises(EditConflict):
        publishing.publish(hers, by="Bruno")

    assert state(online) == ("online", 1, 1)


def first(page):
    return page.blocks.first().key


def there_and_back(page, key):
    editing.move_down(page, key, by="Ana")
    editing.move_up(page, key, by="Ana")


CHANGES = {
    "nothing": (lambda page: None, 0),
    "a block added": (lambda page: editing.add(page, "text", by="Ana"), 1),
    "a block removed": (lambda page: editing.remove(page, first(page), by="Ana"), 1),
    "a block changed": (lambda page: editing.change(page, first(page), {"texts": texts("A", "B")}, by="Ana"), 1),
    "a block moved far": (lambda page: editing.move_to(page, first(page), 8, by="Ana"), 1),
    "a block moved and back": (lambda page: there_and_back(page, first(page)), 0),
    "two blocks moved": (
        lambda page: [editing.move_to(page, block.key, 9, by="Ana") for block in list(page.blocks.all())[:2]],
        2,
    ),
    "a block removed and another moved": (
        lambda page: [editing.remove(page, first(page), by="Ana"), editing.move_down(page, first(page), by="Ana")],
        2,
    ),
    "a setting": (lambda page: editing.change_page(page, {"preload_data": True}, by="Ana"), 1),
    "two settings": (lambda page: editing.change_page(page, {"preload_data": True, "on_match": "refuse"}, by="Ana"), 2),
    "label and address": (lambda page: editing.change_page(page, {"label": "Other", "slug": "other"}, by="Ana"), 2),
    "the default page": (lambda page: editing.change_page(page, {"is_default": True}, by="Ana"), 0),
    "a text": (
        lambda page: say(page, "error", fr="Non."),
        1,
    ),
}


@pytest.mark.parametrize(("change", "count"), CHANGES.values(), ids=CHANGES)
def test_changes_that_visitors_do_not_see_yet_are_counted(online, change, count):
    change(online)

    assert publishing.changes_not_published(LandingPage.objects.get(pk=online.pk)) == count


def test_of_a_page_never_published_every_block_is_a_change(draft):
    assert publishing.changes_not_published(draft) == 10


def test_restored_version_is_the_page_as_it_was_then(online):
    version, shown = online.version, publishing.snapshot(online)
    editing.change_page(online, {"label": "Other", "slug": "other", "preload_data": True}, by="Ana Lopes")
    editing.remove(online, first(online), by="Ana Lopes")
    editing.move_to(online, first(online), 5, by="Ana Lopes")
    editing.add(online, "heading", by="Ana Lopes")
    publishing.publish(online, by="Ana Lopes")

    publishing.restore(online, version, by="Bruno")

    assert publishing.snapshot(online) == shown
    assert publishing.snapshot(LandingPage.objects.get(pk=online.pk)) == shown
    assert online.modified_by == "Bruno"


def test_restoring_shows_visitors_nothing_new(online):
    first_version = online.version
    editing.add(online, "text", by="Ana Lopes")
    second = publishing.publish(online, by="Ana Lopes")

    publishing.restore(online, first_version, by="Ana Lopes")

    assert state(online) == ("online", 2, 2)
    assert PublishedVersion.objects.get(pk=second.pk).content == second.content
    assert publishing.changes_not_published(online) == 1


def test_an_expiration_comes_back_as_a_moment():
    moment = timezone.now() + timedelta(days=3)
    page = PublishedPageFactory(expires_at=moment)
    editing.change_page(page, {"expires_at": None}, by="Ana Lopes")

    publishing.restore(page, page.version, by="Ana Lopes")

    assert page.expires_at == moment


def test_a_version_of_another_page_is_not_restored(draft, online):
    before = list(draft.blocks.values())

    with pytest.raises(InvalidPublication, match="This version belongs to another page"):
        publishing.restore(draft, online.version, by="Ana Lopes")

    assert list(draft.blocks.values()) == before


def test_a_version_whose_address_is_taken_is_not_restored(online, draft):
    former = online.slug
    editing.change_page(online, {"slug": "moved"}, by="Ana Lopes")
    editing.change_page(draft, {"slug": former}, by="Ana Lopes")
    before = publishing.snapshot(online), online.revision

    with pytest.raises(InvalidPublication, match=f"Another page has the address {former} by now"):
        publishing.restore(online, online.version, by="Ana Lopes")

    stored = LandingPage.objects.get(pk=online.pk)
    assert (publishing.snapshot(stored), stored.revision) == before
    editing.add(online, "text", by="Ana Lopes")


def test_restoring_over_somebody_elses_edit_is_told(online):
    hers = LandingPage.objects.get(pk=online.pk)
    editing.add(online, "text", by="Ana Lopes")

    with pytest.raises(EditConflict):
        publishing.restore(hers, hers.version, by="Bruno")

    assert online.blocks.count() == 11


def test_pages_whose_published_expiration_has_passed_are_closed(online):
    soon = timezone.now() + timedelta(hours=1)
    expiring, edited = PublishedPageFactory(expires_at=soon), PublishedPageFactory(expires_at=soon)
    editing.change_page(edited, {"expires_at": None}, by="Ana Lopes")
    assert publishing.close_expired() == 0

    past = PublishedVersion.objects.create(
        page=expiring,
        number=2,
        content=expiring.version.content
        | {"settings": expiring.version.content["settings"] | {"expires_at": "2020-01-01T00:00:00+00:00"}},
        published_at=timezone.now(),
    )
    LandingPage.objects.filter(pk=expiring.pk).update(version=past)

    assert publishing.close_expired() == 1
    assert [state(page)[0] for page in (online, expiring, edited)] == ["online", "closed", "online"]


def set_fields(page, **fields):
    """Bind blocks straight in the database: block kind or field -> changed columns."""
    for name, values in fields.items():
        block = page.blocks.filter(field=name).first() or page.blocks.filter(kind=name).first()
        Block.objects.filter(pk=block.pk).update(**values)


CASES = {
    "no button": (lambda page: page.blocks.filter(kind="button").delete(), [(ERROR, "The page has no button.", "")]),
    "two buttons": (
        lambda page: editing.duplicate(page, page.blocks.get(kind="button").key, by="Ana"),
        [(ERROR, "The page has 2 buttons: keep one.", "")],
    ),
    "no heading": (
        lambda page: page.blocks.filter(kind="heading").delete(),
        [(WARNING, "The page has no heading.", "")],
    ),
    "no field": (
        lambda page: set_fields(page, mobile={"field": ""}),
        [(ERROR, "Choose the field that this block fills.", "phone")],
    ),
    "unknown field": (
        lambda page: set_fields(page, mobile={"field": "revision"}),
        [(ERROR, "Choose the field that this block fills.", "revision")],
    ),
    "the same field twice": (
        lambda page: set_fields(page, opted_out_sms={"field": "opted_out_email"}),
        [(ERROR, "Another block fills the field “No longer contact by email” too.", "opted_out_email")] * 2,
    ),
    "no label at all": (
        lambda page: set_fields(page, mobile={"texts": texts()}),
        [
            (ERROR, "No language is complete: write every label in at least one language.", ""),
            (ERROR, "The label is missing.", "mobile"),
        ],
    ),
    "an empty text": (
        lambda page: set_fields(page, text={"texts": texts()}),
        [(WARNING, "The block is empty.", "text")],
    ),
    "label missing in one language": (
        lambda page: set_fields(page, mobile={"texts": texts(fr="Portable")}),
        [(WARNING, "The label is missing in this language: English.", "mobile")],
    ),
    "a heading missing in one language": (
        lambda page: set_fields(page, heading={"texts": texts(en="Choices")}),
        [(WARNING, "The label is missing in this language: French.", "heading")],
    ),
    "each language lacks something": (
        lambda page: set_fields(page, heading={"texts": texts(en="Choices")}, mobile={"texts": texts(fr="Portable")}),
        [
            (ERROR, "No language is complete: write every label in at least one language.", ""),
            (WARNING, "The label is missing in this language: French.", "heading"),
            (WARNING, "The label is missing in this language: English.", "mobile"),
        ],
    ),
    "type does not suit": (
        lambda page: set_fields(page, phone={"field": "last_name"}, text_input={"field": "mobile"}),
        [
            (WARNING, "The type “Text input” does not suit the field “Mobile”.", "mobile"),
            (WARNING, "The type “Phone” does not suit the field “Last name”.", "last_name"),
        ],
    ),
    "type cannot fill the field": (
        lambda page: set_fields(page, opted_out_sms={"field": "city"}),
        [(ERROR, "A block of the type “Checkbox” cannot fill the field “City”.", "city")],
    ),
    "a box that must be ticked": (
        lambda page: set_fields(page, opted_out_sms={"is_mandatory": True}),
        [(WARNING, "A mandatory box leaves nobody a choice.", "opted_out_sms")],
    ),
    "no reconciliation key": (
        lambda page: page.blocks.filter(field="email").delete(),
        [(ERROR, "Unidentified visitors need a block for the field “Email”: it is the reconciliation key.", "")],
    ),
    "reconciliation key may stay empty": (
        lambda page: editing.change_page(page, {"reconciliation_key": "mobile"}, by="Ana"),
        [(WARNING, "“Mobile” is the reconciliation key: make it mandatory.", "mobile")],
    ),
    "only visitors with a link": (
        lambda page: [
            editing.change_page(page, {"unidentified_allowed": False}, by="Ana"),
            page.blocks.filter(field="email").delete(),
        ],
        [],
    ),
    "expired": (
        lambda page: editing.change_page(page, {"expires_at": timezone.now()}, by="Ana"),
        [(ERROR, "The expiration is in the past.", "")],
    ),
    "confirmation in one language": (
        lambda page: say(page, "confirmation", fr="Merci."),
        [(WARNING, "The label is missing in this language: English.", "text")],
    ),
}


@pytest.mark.parametrize(("change", "expected"), CASES.values(), ids=CASES)
def test_checks_find(draft, change, expected):
    change(draft)

    assert findings(LandingPage.objects.get(pk=draft.pk)) == expected


def test_a_page_in_one_language_is_not_half_a_page_in_two(draft):
    draft.every_block.update(texts={"fr": {"label": "Oui"}})

    assert findings(draft) == []
    assert publishing.snapshot(draft)["languages"] == ["fr"]


def test_a_language_that_lacks_a_label_is_not_offered(draft, block_for):
    editing.change(draft, block_for(draft, "mobile").key, {"texts": texts(fr="Portable")}, by="Ana Lopes")

    assert publishing.snapshot(draft)["languages"] == ["fr"]


def test_who_wants_nothing_any_more_need_not_type():
    page = LandingPageFactory(template="blocklist")
    block = editing.add(page, "email", by="Ana Lopes")
    editing.change(page, block.key, {"is_mandatory": True}, by="Ana Lopes")

    assert publishing.checks(page) == [
        Check(WARNING, "Who wants to hear nothing any more should not have to type anything.", str(block.key))
    ]


def test_an_address_where_another_page_is_online_is_refused(online, draft):
    former = online.slug
    editing.change_page(online, {"slug": "moved"}, by="Ana Lopes")
    editing.change_page(draft, {"slug": former}, by="Ana Lopes")

    with pytest.raises(InvalidPublication, match=f"Another page is online at the address {former}"):
        publishing.publish(draft, by="Ana Lopes")

    publishing.publish(online, by="Ana Lopes")
    publishing.publish(draft, by="Ana Lopes")
    assert (state(online), state(draft)) == (("online", 2, 2), ("online", 1, 1))


def at_once(*acts):
    """Run the acts in threads of their own, started together; what they raised."""
    barrier, raised = Barrier(len(acts)), []

    def run(act):
        try:
            barrier.wait()
            act()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_is_told(draft):
    pages = [LandingPage.objects.get(pk=draft.pk) for _copy in range(2)]

    raised = at_once(*[lambda copy=copy: publishing.publish(copy, by="Ana") for copy in pages])

    assert [str(error) for error in raised] == ["Nothing has changed since the page was published."]
    assert state(draft) == ("online", 1, 1)


@pytest.mark.django_db(transaction=True)
def test_of_four_who_edit_at_once_three_are_told(draft):
    pages = [LandingPage.objects.get(pk=draft.pk) for _copy in range(4)]

    raised = at_once(*[lambda copy=copy: editing.add(copy, "text", position=1, by="Ana") for copy in pages])

    assert [type(error) for error in raised] == [EditConflict] * 3
    assert [block.position for block in draft.blocks.all()] == list(range(1, 12))


@pytest.mark.django_db(transaction=True)
def test_a_version_holds_a_whole_edit_or_nothing_of_it(draft):
    editor, publisher = (LandingPage.objects.get(pk=draft.pk) for _copy in range(2))

    raised = at_once(lambda: editing.remove(editor, first(editor), by="Ana"), lambda: publishing.publish(publisher, by="Bruno"))

    assert [type(error) for error in raised] in ([], [EditConflict])
    assert [len(version.content["blocks"]) for version in draft.versions.all()] == ([10] if not raised else [])
