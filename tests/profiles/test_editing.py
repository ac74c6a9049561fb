import pytest

from profiles import editing, ledger
from profiles.editing import EditedMeanwhile
from profiles.models import ConsentEvent, Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def test_of_two_edits_of_one_revision_the_first_wins(operator):
    """What two operators do who both loaded the page before either saved."""
    profile = ProfileFactory(city="Paris")
    hers, his = Profile.objects.get(pk=profile.pk), Profile.objects.get(pk=profile.pk)

    editing.edit(hers, {"city": "Lyon"}, {}, revision=profile.revision, by=operator)
    before = Profile.objects.values().get()
    with pytest.raises(EditedMeanwhile):
        editing.edit(his, {"first_name": "Eve"}, {"email": True}, revision=profile.revision, by=operator)

    assert (Profile.objects.values().get(), ConsentEvent.objects.count()) == (before, 0)


def test_edit_writes_nothing_but_the_given_fields(operator):
    """A box that was ticked since the object was loaded stays ticked."""
    profile = ProfileFactory(city="Paris")
    Profile.objects.filter(pk=profile.pk).update(street="1 rue Neuve", opted_out_sms=True)

    editing.edit(profile, {"city": "Lyon"}, {}, revision=0, by=operator)

    stored = Profile.objects.get()
    assert (stored.city, stored.street, stored.opted_out_sms, stored.revision) == ("Lyon", "1 rue Neuve", True, 1)


def test_edit_of_boxes_agrees_with_the_ledger(operator):
    profile = editing.add({"first_name": "Marie"}, {"email": True}, by=operator)
    revision = Profile.objects.get().revision

    editing.edit(profile, {}, {"email": False, "all": True}, revision=revision, by=operator)

    assert Profile.objects.get().ticked == ["No longer contact (by any channel)"]
    assert list(ledger.disagreements()) == []
