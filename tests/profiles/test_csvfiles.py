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
        (
            b'email,city\na@example.org,"Paris\nb@example.org,Lyon\n',
            "Line 2 opens a quotation mark that is not closed as it should be.",
        ),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_refused(tmp_path, content, why):
    with pytest.raises(ImportRejected) as refusal:
        list(csvfiles.records(write(tmp_path, content), ","))

    assert str(refusal.value) == why


def test_a_valid_character_outside_of_the_basic_plane_is_text(tmp_path):
    assert list(csvfiles.records(write(tmp_path, "name\n😀\n"), ",")) == [Record(1, ["name"]), Record(2, ["😀"])]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_too_long_is_refused_alone(tmp_path, end):
    path = write(tmp_path, end.join(["email", "a@example.org", "a" * 2_500_000, "b@example.org"]))

    assert list(csvfiles.records(path, ",")) == [
        Record(1, ["email"]),
        Record(2, ["a@example.org"]),
        Record(3, ["a" * 200], "This line is longer than a million characters."),
        Record(4, ["b@example.org"]),
    ]


def test_a_cell_too_long_is_refused_with_its_line(tmp_path):
    path = write(tmp_path, f'email\n"{"a" * 200_000}"\nb@example.org\n')

    assert list(csvfiles.records(path, ","))[1:] == [
        Record(2, ['"' + "a" * 199], "A cell of this line is too long to be read."),
        Record(3, ["b@example.org"]),
    ]


@pytest.mark.parametrize(("mark", "codec"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_utf16_is_known_by_its_mark(tmp_path, mark, codec):
    path = write(tmp_path, mark + "email;name\na@example.org;Zoë\n".encode(codec))

    assert csvfiles.detect_encoding(path) == "utf-16"
    assert csvfiles.detect_delimiter(path, "utf-16") == ";"
    assert list(csvfiles.records(path, ";", "utf-16"))[1].cells == ["a@example.org", "Zoë"]


def test_windows_1252_is_read_where_it_is_asked_for(tmp_path):
    path = write(tmp_path, "name\nZoë €\n".encode("cp1252"))

    assert [record.cells for record in csvfiles.records(path, ",", "windows-1252")] == [["name"], ["Zoë €"]]


@pytest.mark.parametrize(
    ("content", "encoding", "why"),
    [
        (b"\xff\xfee\x00m", "utf-16", "Line 1 is not UTF-16. Save the file as UTF-8 and import it again."),
        (b"name\n\x81\n", "windows-1252", "Line 2 is not Windows-1252. Save the file as UTF-8 and import it again."),
    ],
)
def test_bytes_that_fit_no_encoding_are_refused(tmp_path, content, encoding, why):
    path = write(tmp_path, content + b"\xd8\x00x" if encoding == "utf-16" else content)

    with pytest.raises(ImportRejected) as refusal:
        list(csvfiles.records(path, ",", encoding))

    assert str(refusal.value) == why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "The file is empty."),
        ("email,name\n".encode("utf-16-le"), "This is no text file. Save the table as CSV (UTF-8) and import that."),
        (b"PK\x03\x04,x\n", "This is no text file. Save the table as CSV (UTF-8) and import that."),
        (b"," * 600 + b"a\n", "The file has 601 columns: at most 500 are read."),
        (b"a" * 1_000_001, "Line 1 is no header: This line is longer than a million characters."),
    ],
)
def test_what_is_no_table_has_no_header(tmp_path, content, why):
    with pytest.raises(ImportRejected) as refusal:
        csvfiles.header(write(tmp_path, content), ",")

    assert str(refusal.value) == why
