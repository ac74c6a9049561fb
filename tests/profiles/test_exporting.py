import csv
import io
from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from profiles import columns, exporting, importing
from profiles.models import CustomField, Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db
LIST = "everything=1&filters="


def exported(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def saved(response):
    return exported(b"".join(response.streaming_content))


def stored():
    """Everything that a file can hold, of everybody."""
    return list(Profile.objects.order_by("public_id").values(*columns.HEADERS, "custom"))


def test_an_export_holds_every_field_and_always_the_opt_outs():
    CustomField.objects.create(key="shoe_size", label="Shoe size", type="number")
    profile = ProfileFactory(
        first_name="=1+1",
        birth_date=date(1984, 2, 29),
        address_specified=True,
        custom={"shoe_size": 38.5},
        opted_out=["email"],
    )

    (row,) = exported(b"".join(exporting.lines(Profile.objects.all())))

    assert list(row) == [*columns.HEADERS, "custom.shoe_size"]
    assert {name: row[name] for name in ("public_id", "first_name", "birth_date", "mobile", "custom.shoe_size")} == {
        "public_id": str(profile.public_id),
        "first_name": "'=1+1",
        "birth_date": "1984-02-29",
        "mobile": profile.mobile,
        "custom.shoe_size": "38.5",
    }
    assert {name: row[name] for name in row if name.startswith("opted_out")} == {
        "opted_out_all": "no",
        "opted_out_email": "yes",
        "opted_out_sms": "no",
        "opted_out_push": "no",
        "opted_out_direct_mail": "no",
    }


def test_an_export_imported_again_changes_nothing_even_with_twin_addresses(tmp_path):
    ProfileFactory(email="twin@example.org", city="Paris", mobile="")
    ProfileFactory(email="twin@example.org", city="Lyon", opted_out=["all"])
    ProfileFactory(email="", mobile="", last_name="Nobody")
    before = stored()
    path = tmp_path / "people.csv"
    call_command("export_profiles", str(path))

    result = importing.import_file(path, by="Ana")

    assert (result.unchanged, result.rejected, result.lifts_ignored) == (3, 0, 0)
    assert stored() == before


TEXT = st.text("'=+-@;,.ab1é\\", max_size=12).map(lambda text: " ".join(text.split()))
PEOPLE = st.fixed_dictionaries(
    {
        "mobile": st.sampled_from(["+33612345678", ""]),
        **dict.fromkeys(("external_id", "title", "first_name", "last_name", "phone", "street", "street_2", "city"), TEXT),
        "birth_date": st.none() | st.dates(date(1900, 1, 1)),
        "gender": st.sampled_from(["", "male", "female"]),
        "address_specified": st.booleans(),
        "time_zone": st.sampled_from(["", "Europe/Paris"]),
        "custom": st.fixed_dictionaries(
            {}, optional={"note": TEXT.filter(bool), "size": st.integers(-99, 99), "vip": st.booleans()}
        ),
    }
)


class RoundTrip(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(PEOPLE, max_size=2))
    def test_an_import_into_an_empty_installation_gives_the_same_values_back(self, people):
        for key, kind in {"note": "text", "size": "number", "vip": "yes_no"}.items():
            CustomField.objects.get_or_create(key=key, defaults={"label": key.title(), "type": kind})
        Profile.objects.all().delete()
        for number, values in enumerate(people):
            Profile.objects.create(email=f"p{number}@example.org", **values)
        before = stored()
        content = b"".join(exporting.lines(Profile.objects.all(), delimiter=";"))
        Profile.objects.all().delete()
        path = self.folder / "people.csv"
        path.write_bytes(content)

        importing.import_file(path, by="Ana")

        assert stored() == before

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path


def test_the_page_names_the_number_and_only_a_post_exports(backoffice):
    ProfileFactory(country="BE")
    ProfileFactory(country="FR")
    url = f"/admin/profiles/export/?{LIST}country%3DBE"

    page = backoffice.get(url).content.decode()
    assert "Export 1 profile" in page
    assert f"personal data in {len(columns.HEADERS)} columns" in page
    assert LogEntry.objects.count() == 0

    response = backoffice.post(url, {"delimiter": ","})

    assert [row["country"] for row in saved(response)] == ["BE"]
    assert response.headers["Content-Disposition"].startswith('attachment; filename="profiles-')
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response.headers["Cache-Control"]
    assert list(LogEntry.objects.values_list("user__username", "change_message", "object_repr")) == [
        ("ana", "Exported 1 profiles.", "?country=BE")
    ]


def test_the_log_of_an_export_does_not_keep_whom_was_searched_for(backoffice):
    ProfileFactory(email="marie@example.org", country="BE")

    backoffice.post(f"/admin/profiles/export/?{LIST}q%3Dmarie%2540example.org%26country%3DBE", {"delimiter": ","})

    assert list(LogEntry.objects.values_list("change_message", "object_repr")) == [("Exported 1 profiles.", "?q=*&country=BE")]


def test_an_export_of_nobody_says_so(backoffice):
    response = backoffice.get(f"/admin/profiles/export/?{LIST}country%3DBE")

    assert "there is nothing to export" in response.content.decode()


def test_an_export_needs_its_own_permission(client, django_user_model):
    ben = django_user_model.objects.create_user("ben", password="ben", is_staff=True)
    ben.user_permissions.add(*Permission.objects.filter(codename__in=["view_profile", "change_profile", "import_profile"]))
    ProfileFactory()
    client.force_login(ben)

    assert client.post(f"/admin/profiles/export/?{LIST}", {"delimiter": ","}).status_code == 403
    assert "Export…" not in client.get("/admin/profiles/profile/").content.decode()


def test_the_list_exports_what_it_shows(backoffice):
    ProfileFactory(country="BE", last_name="Claes")
    shown = ProfileFactory(country="FR")

    page = backoffice.get("/admin/profiles/profile/?country=BE").content.decode()
    assert "/admin/profiles/export/?filters=country%3DBE&amp;everything=1" in page

    response = backoffice.post("/admin/profiles/profile/", {"action": "export_selected", "_selected_action": [shown.pk]})
    assert response.headers["Location"] == f"/admin/profiles/export/?filters=&ids={shown.pk}"


def test_an_export_reads_as_many_queries_for_3_profiles_as_for_1(django_assert_num_queries):
    for _number in range(3):
        ProfileFactory()

    with django_assert_num_queries(2):
        assert len(exported(b"".join(exporting.lines(Profile.objects.all())))) == 3


@pytest.mark.parametrize(("people", "told"), [(1, "Nothing is chosen yet."), (0, "There is no profile yet")])
def test_an_export_without_a_selection_asks_for_one(backoffice, people, told):
    for _number in range(people):
        ProfileFactory()

    page = backoffice.get("/admin/profiles/export/")
    posted = backoffice.post("/admin/profiles/export/", {"delimiter": ","})

    assert (page.status_code, told in page.content.decode()) == (200, True)
    assert ('href="?filters=&amp;everything=1"' in page.content.decode()) == bool(people)
    assert "attachment" not in posted.headers.get("Content-Disposition", "")
    assert LogEntry.objects.count() == 0
