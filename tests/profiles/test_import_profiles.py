import pytest
from django.core.management import CommandError, call_command

from profiles.models import Profile

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    def write(*lines):
        path = tmp_path / "people.csv"
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return path

    return write


def test_import_profiles_prints_the_result_and_succeeds_with_rejected_rows(write, tmp_path, capsys):
    path = write("Contact;Note;Stop", "a@example.org;x;yes", "nobody;x;")

    call_command(
        "import_profiles",
        str(path),
        "--map",
        "Contact=email",
        "--map",
        "Stop=opted_out_email",
        "--rejects",
        str(tmp_path / "bad.csv"),
    )

    assert capsys.readouterr().out.splitlines() == [
        "Created: 1. Updated: 0. Unchanged: 0. Rejected: 1.",
        "Opt-outs added: 1. Cells that would have lifted an opt-out, ignored: 0.",
        "Columns left out, no field of a profile: Note.",
        f"The rejected rows, with the reasons, are in {tmp_path / 'bad.csv'}.",
    ]
    assert (tmp_path / "bad.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "line;column;value;why;Contact;Note;Stop",
        "3;Contact;nobody;Enter an email address such as marie@example.org.;nobody;x;",
    ]


def test_import_profiles_takes_a_delimiter(write):
    call_command("import_profiles", str(write("email\tcity", "a@example.org\tParis")), "--delimiter", "tab")

    assert list(Profile.objects.values_list("email", "city")) == [("a@example.org", "Paris")]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "The file needs a column email or mobile; its header is: name, city."),
        (["--map", "name"], "--map takes HEADER=FIELD, not name."),
        (["--map", "name=age"], "There is no field age"),
    ],
)
def test_import_profiles_refuses_a_file_that_cannot_be_imported(write, arguments, why):
    with pytest.raises(CommandError, match=why):
        call_command("import_profiles", str(write("name,city", "Marie,Paris")), *arguments)

    assert not Profile.objects.exists()


def test_import_profiles_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_profiles", str(tmp_path / "absent.csv"))
