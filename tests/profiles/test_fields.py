import pytest

from profiles.fields import fold, prefix
from profiles.models import Profile
from tests.factories import ProfileFactory


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Éléonore", "eleonore"),
        ("E\u0301le\u0301onore", "eleonore"),
        ("  MARIE ", "marie"),
        ("Straße", "strasse"),
        ("Ångström", "angstrom"),
        ("ﬁlm", "film"),
        ("Ｍａｒｉｅ", "marie"),
        ("Łukasz", "łukasz"),  # the stroke is no accent in Unicode
        ("", ""),
    ],
)
def test_fold_gives_lower_case_without_accents(text, folded):
    assert fold(text) == folded
    assert fold(folded) == folded


@pytest.mark.django_db
def test_prefix_finds_what_starts_with_the_text():
    for email in (
        "mari@example.org",
        "marie@example.org",
        "marie\U0001f600@example.org",
        "marif@example.org",
        "a.marie@example.org",
    ):
        ProfileFactory(email=email)

    found = Profile.objects.filter(prefix("email", "marie")).order_by("email").values_list("email", flat=True)

    assert list(found) == ["marie@example.org", "marie\U0001f600@example.org"]


@pytest.mark.django_db
def test_byte_ordered_columns_are_ordered_by_code_point():
    for email in ("b@example.org", "é@example.org", "B@example.org", "a-b@example.org", "ab@example.org"):
        ProfileFactory(email=email)

    ordered = Profile.objects.order_by("email").values_list("email", flat=True)

    assert list(ordered) == ["B@example.org", "a-b@example.org", "ab@example.org", "b@example.org", "é@example.org"]


@pytest.mark.django_db
def test_folded_copies_follow_every_save():
    profile = ProfileFactory(first_name="Éléonore", last_name="Œuvré")
    profile.last_name = "Lefèvre"
    profile.save()
    Profile.objects.bulk_create([Profile(first_name="Zoë", last_name="Noël")])

    names = Profile.objects.order_by("pk").values_list("first_name_folded", "last_name_folded")
    assert list(names) == [("eleonore", "lefevre"), ("zoe", "noel")]


@pytest.mark.django_db
def test_a_folded_copy_that_becomes_longer_than_its_column_is_cut():
    profile = ProfileFactory(first_name="ﷺ" * 30)  # one character that folds to eighteen

    profile.refresh_from_db()
    assert len(profile.first_name_folded) == 60
