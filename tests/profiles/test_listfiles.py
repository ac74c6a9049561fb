"""Frozen lists from files."""

import pytest

from profiles import audiences, listfiles, saved_audiences
from profiles.models import AudienceMember, SavedAudience
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def members(listed):
    return set(AudienceMember.objects.filter(audience=listed.audience).values_list("profile_id", flat=True))


def freeze(text, **more):
    return listfiles.freeze(text if isinstance(text, bytes) else text.encode(), label="Fair", by="Ana", **more)


def test_people_are_found_by_address_number_and_ids():
    marie = ProfileFactory(email="marie@example.org")
    paul = ProfileFactory(email="", mobile="+33611111111")
    luc, anne = ProfileFactory(external_id="C-17"), ProfileFactory()
    ProfileFactory()

    listed = freeze(f" Marie@Example.org \n+33 6 11 11 11 11\nC-17\n{anne.public_id}\n\nc-17\nno@\n")

    assert members(listed) == {marie.pk, paul.pk, luc.pk, anne.pk}
    assert [(entry.line, entry.text) for entry in listed.missing] == [(6, "c-17"), (7, "no@")]
    assert (listed.lines, listed.people, listed.missed, listed.audience.size) == (6, 4, 2, 4)


def test_everybody_with_the_address_is_in_once():
    twins = [ProfileFactory(email="marie@example.org", external_id="C-1"), ProfileFactory(email="marie@example.org")]

    assert members(freeze("marie@example.org\nmarie@example.org\nC-1")) == {one.pk for one in twins}


@pytest.mark.parametrize(
    "data",
    [
        "Name;E-mail;City\nMarie;marie@example.org;Paris\n",
        "\ufeffemail\nmarie@example.org\n",
        '"marie@example.org","x"',
        "email\tname\nmarie@example.org\tM",
        "marie@example.org\r\n".encode("utf-16"),
        'name,email\n"Doe, Marie",marie@example.org\n',
        'name;email\r\n"Doe; ""M""";"marie@example.org"\r\n',
        'name\temail\n"Doe\nMarie"\tmarie@example.org',
        '\n"Name, first name";"e-mail"\nDoe, Marie;marie@example.org',
        "email\nmarie@example.org;Marie",
        "marie@example.org\rmarie@example.org",
    ],
)
def test_the_column_with_the_addresses_is_found(data):
    marie = ProfileFactory(email="marie@example.org")

    listed = freeze(data)

    assert (members(listed), listed.missed) == ({marie.pk}, 0)


def test_lines_that_are_no_csv_are_told_by_their_number_and_the_others_are_read():
    marie = ProfileFactory(email="marie@example.org")

    listed = freeze('name,email\n"Two\nlines",no@example.org\n"Doe" x,y@example.org\n\nDoe,marie@example.org\n')

    assert members(listed) == {marie.pk}
    assert [(entry.line, entry.text) for entry in listed.missing] == [(2, "no@example.org"), (4, '"Doe" x,y@example.org')]


def test_quotation_mark_that_swallows_lines_is_told_by_its_line_and_nothing_is_stored():
    ProfileFactory(email="marie@example.org")

    with pytest.raises(listfiles.UnreadableFile, match="Line 2 opens a quotation mark"):
        freeze('email,name\nmarie@example.org,"Doe\nluc@example.org,x\n')

    assert SavedAudience.objects.count() == 0


@pytest.mark.parametrize("data", [b"\xff\x00\xff", b"marie@example.org\xe9\n", b"a\0b", "\n".join("x" * 100_001).encode()])
def test_what_is_no_list_is_refused_and_nothing_is_stored(data):
    ProfileFactory(email="marie@example.org", external_id="x")

    with pytest.raises(listfiles.UnreadableFile):
        freeze(data)

    assert SavedAudience.objects.count() == 0


def test_a_file_that_names_nobody_makes_no_list():
    ProfileFactory()

    listed = freeze("nobody@example.org\n" * 30)

    assert (listed.audience, listed.people, listed.missed, len(listed.missing)) == (None, 0, 30, listfiles.SHOWN)
    assert SavedAudience.objects.count() == 0


def test_a_query_made_from_the_list_means_its_members_and_not_everybody():
    marie = ProfileFactory(email="marie@example.org")
    ProfileFactory()
    listed = freeze("marie@example.org")

    query = saved_audiences.duplicate(listed.audience, by="Ana")

    assert list(audiences.profiles(query.tree)) == [marie]
    assert list(audiences.profiles(saved_audiences.as_tree(listed.audience))) == [marie]


def test_a_list_of_a_file_is_deleted_like_any_other():
    ProfileFactory(email="marie@example.org")
    listed = freeze("marie@example.org")

    saved_audiences.delete(listed.audience)

    assert (SavedAudience.objects.count(), AudienceMember.objects.count()) == (0, 0)
