import pytest

from profiles import csvfiles
from profiles.csvfiles import ImportRejected, Record


def write(folder, content):
    path = folder / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("email,name,city\n", ","),
        ("email;name;city\n", ";"),
        ("email\tname\tcity\n", "\t"),
        ('email;"name, first"\n', ";"),
        ('"a;b;c;d",email,name\n', ","),
        ("email\n", ","),
        ("\n\nemail;name\n", ";"),
        ("\ufeffemail;name\n", ";"),
    ],
)
def test_delimiter_is_what_the_header_line_shows(tmp_path, header, delimiter):
    assert csvfiles.detect_delimiter(write(tmp_path, header)) == delimiter


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_records_name_the_physical_line_on_which_they_start(tmp_path, end, mark):
    lines = ["email,street", 'a@example.org,"12 rue', "", 'des Lilas"', "", "b@example.org,x", " , "]

    found = list(csvfiles.records(write(tmp_path, mark + end.join(lines)), ","))

    assert found == [
        Record(1, ["email", "street"]),
        Record(2, ["a@example.org", f"12 rue{end}{end}des Lilas"]),
        Record(6, ["b@example.org", "x"]),
    ]


def test_a_misplaced_quotation_mark_spoils_only_its_line(tmp_path):
    found = list(csvfiles.records(write(tmp_path, 'email,city\n"a"b@example.org,Paris\nc@example.org,Lyon\n'), ","))

    assert found == [
        Record(1, ["email", "city"]),
        Record(2, ['"a"b@example.org,Paris'], "This line is not CSV: a quotation mark is misplaced."),
        Record(3, ["c@example.org", "Lyon"]),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"email\na@example.org\nZo\xeb@example.org\n", "Line 3 is not UTF-8. Save the file as UTF-8 and import it again."),
        ("email\n".encode("utf-16"), "Line 1 is not UTF-8. Save the file as UTF-8 and import it again."),
        (
            b'email,city\na@example.org,"Paris\nb@example.org,Lyon\n',
            "Line 2 opens a quotation mark that is not closed as it should be.",
        ),
        (b"email\n" + b"a" * 1_000_001, "Line 2 is longer than a million characters."),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_refused(tmp_path, content, why):
    with pytest.raises(ImportRejected) as refusal:
        list(csvfiles.records(write(tmp_path, content), ","))

    assert str(refusal.value) == why


def test_a_valid_character_outside_of_the_basic_plane_is_text(tmp_path):
    assert list(csvfiles.records(write(tmp_path, "name\n😀\n"), ",")) == [Record(1, ["name"]), Record(2, ["😀"])]
