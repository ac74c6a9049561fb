"""Undo and redo of a page's content: any kind of block, after a reload, and not past somebody else."""

import pytest

from landingpages import editing, publishing, states, undoing
from landingpages.models import Block, LandingPage, PageState
from profiles.models import Service
from tests.factories import LandingPageFactory, ServiceFactory
from tests.landingpages.visitors import say


def stored(page):
    return states.content_of(LandingPage.objects.get(pk=page.pk))


def fresh(page):
    """The page as another request finds it."""
    return LandingPage.objects.get(pk=page.pk)


CHANGES = {
    "a block added": lambda page: editing.add(page, "text", by="Ana"),
    "a block removed": lambda page: editing.remove(page, page.blocks.first().key, by="Ana"),
    "a block moved": lambda page: editing.move_down(page, page.blocks.first().key, by="Ana"),
    "a block duplicated": lambda page: editing.duplicate(page, page.blocks.first().key, by="Ana"),
    "a block changed": lambda page: editing.change(
        page, page.blocks.get(field="opted_out_email").key, {"is_positive": True, "is_mandatory": True}, by="Ana"
    ),
    "a text changed": lambda page: say(page, "confirmation", en="New"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_undone_and_done_again(draft, name):
    before = stored(draft)
    CHANGES[name](draft)
    after = stored(draft)
    assert before != after

    assert undoing.undo(fresh(draft), by="Ana") == "Ana"
    assert stored(draft) == before
    undoing.redo(fresh(draft), by="Ana")
    assert stored(draft) == after
    undoing.undo(fresh(draft), by="Ana")
    assert stored(draft) == before


def test_several_changes_are_undone_one_after_the_other(draft):
    seen = [stored(draft)]
    for number in range(4):
        editing.add(draft, "text", by="Ana", position=number + 1)
        seen.append(stored(draft))

    for expected in reversed(seen[:-1]):
        undoing.undo(fresh(draft), by="Ana")
        assert stored(draft) == expected
    with pytest.raises(undoing.NothingToUndo):
        undoing.undo(fresh(draft), by="Ana")
    for expected in seen[1:]:
        undoing.redo(fresh(draft), by="Ana")
        assert stored(draft) == expected
    with pytest.raises(undoing.NothingToUndo):
        undoing.redo(fresh(draft), by="Ana")
    assert stored(draft) == seen[-1]


def test_a_new_change_ends_what_could_be_done_again(draft):
    editing.add(draft, "text", by="Ana")
    undoing.undo(draft, by="Ana")
    editing.add(draft, "heading", by="Ana")

    assert not undoing.last_change(fresh(draft)).can_redo
    with pytest.raises(undoing.NothingToUndo):
        undoing.redo(draft, by="Ana")


def test_who_did_not_see_the_last_change_does_not_undo_it(draft):
    shown = draft.revision
    editing.add(fresh(draft), "text", by="Ben")
    after = stored(draft)

    with pytest.raises(editing.EditConflict):
        undoing.undo(draft, by="Ana", revision=shown)

    assert stored(draft) == after
    assert undoing.last_change(fresh(draft)).by == "Ben"
    assert undoing.undo(fresh(draft), by="Ana") == "Ben"


def test_a_change_of_properties_leaves_undo_alone(draft):
    before = stored(draft)
    editing.add(draft, "text", by="Ana")
    editing.change_page(draft, {"label": "Other"}, by="Ben")

    last = undoing.last_change(fresh(draft))
    undoing.undo(fresh(draft), by="Ana")

    assert (last.can_undo, last.by) == (True, "Ana")
    assert stored(draft) == before
    assert fresh(draft).label == "Other"


def test_a_restored_version_can_be_undone(online):
    editing.remove(online, online.blocks.first().key, by="Ana")
    before = stored(online)
    publishing.restore(online, online.version, by="Ana")

    undoing.undo(fresh(online), by="Ana")

    assert stored(online) == before


def test_a_block_whose_service_was_deleted_comes_back_without_it(draft):
    service = ServiceFactory()
    block = editing.add(draft, "service", by="Ana")
    editing.change(draft, block.key, {"service_id": service.pk}, by="Ana")
    editing.remove(draft, block.key, by="Ana")
    Service.objects.all().delete()

    undoing.undo(draft, by="Ana")

    assert Block.objects.get(page=draft, key=block.key).service is None


def test_only_the_last_states_are_kept(draft, monkeypatch):
    monkeypatch.setattr(states, "KEPT", 3)
    for _number in range(5):
        editing.add(draft, "text", by="Ana")

    assert [one.revision for one in PageState.objects.order_by("revision")] == [3, 4, 5]
    undoing.undo(draft, by="Ana")  # a state of its own
    with pytest.raises(undoing.NothingToUndo):
        undoing.undo(draft, by="Ana")


def test_a_page_that_was_never_changed_has_nothing_to_undo(db):
    page = LandingPageFactory()

    assert undoing.last_change(page) == undoing.LastChange()
    with pytest.raises(undoing.NothingToUndo):
        undoing.undo(page, by="Ana")
    assert fresh(page).revision == 0
