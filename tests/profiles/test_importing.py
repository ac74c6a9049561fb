import csv
import uuid
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from profiles import defining, erased, importing, ledger
from profiles.channels import Channel
from profiles.importing import ImportRejected, ImportResult, import_file
from profiles.models import ConsentEvent, CustomField, Profile, Source
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    def write(*lines, encoding="utf-8"):
        path = tmp_path / "people.csv"
        path.write_bytes("\n".join([*lines, ""]).encode(encoding))
        return path

    return write


def emails():
    return list(Profile.objects.order_by("pk").values_list("email", flat=True))


def events():
    return list(ConsentEvent.objects.order_by("pk").values_list("profile__email", "scope", "after", "source", "by", "detail"))


def rejected(path, delimiter):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def snapshot():
    return list(Profile.objects.order_by("pk").values()), list(ConsentEvent.objects.order_by("pk").values())


def test_import_creates_profiles_in_their_stored_form(write):
    path = write(
        "Prénom;Nom;E-mail;Mobile;Langue;Pays;Rue;Code postal;Ville;blackList;blackListEmail",
        'Éléonore;Lefèvre;Eleonore@Example.org;+33 6 12 34 56 78;français;Belgique;"12, rue; des Lilas";1000;Bruxelles;oui;',
        ";;jean@bücher.example;;;;;;;;x",
    )

    result = import_file(path, by="Ana Lopes")

    assert result == ImportResult(created=2, tightened=2)
    fields = [
        *("first_name", "last_name", "email", "mobile", "preferred_language", "street", "postal_code", "city", "country"),
        "first_name_folded",
        "opted_out_all",
        "opted_out_email",
        "created_by",
        "modified_by",
        "revision",
    ]
    assert list(Profile.objects.order_by("pk").values_list(*fields)) == [
        (
            *(
                "Éléonore",
                "Lefèvre",
                "eleonore@example.org",
                "+33612345678",
                "fr",
                "12, rue; des Lilas",
                "1000",
                "Bruxelles",
                "BE",
            ),
            *("eleonore", True, False, "Ana Lopes", "Ana Lopes", 0),
        ),
        ("", "", "jean@xn--bcher-kva.example", "", "", "", "", "", "", "", False, True, "Ana Lopes", "Ana Lopes", 0),
    ]
    assert events() == [
        ("eleonore@example.org", "all", True, "import", "Ana Lopes", "people.csv"),
        ("jean@xn--bcher-kva.example", "email", True, "import", "Ana Lopes", "people.csv"),
    ]
    assert list(ledger.disagreements()) == []


def test_import_records_the_operator(write, operator):
    import_file(write("email,blackList", "a@example.org,yes"), by=operator)

    assert list(ConsentEvent.objects.values_list("by", "by_id")) == [("Ana Lopes", operator.pk)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_import_reads_utf8_with_and_without_its_mark(write, encoding):
    import_file(write("email,prénom", "a@example.org,Zoë", encoding=encoding), by="Ana")

    assert list(Profile.objects.values_list("email", "first_name")) == [("a@example.org", "Zoë")]


@pytest.mark.parametrize(
    ("lines", "encoding", "why"),
    [
        (["email,name", "a@example.org,Zoë"], "latin-1", "Line 2 is not UTF-8. Save the file as UTF-8 and import it again."),
        (["name,city", "Marie,Paris"], "utf-8", "The file needs a column email or mobile; its header is: name, city."),
        (
            ["email,city", "a@example.org,Paris", 'b@example.org,"Lyon', "c@example.org,Nice"],
            "utf-8",
            "Line 3 opens a quotation mark",
        ),
        ([], "utf-8", "The file is empty."),
    ],
)
def test_a_refused_file_writes_nothing(write, tmp_path, lines, encoding, why):
    ProfileFactory()
    before = snapshot()

    with pytest.raises(ImportRejected, match=why):
        import_file(write(*lines, encoding=encoding), by="Ana")

    assert snapshot() == before
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_a_byte_that_is_not_utf8_after_whole_batches_still_writes_nothing(write, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)

    with pytest.raises(ImportRejected, match="Line 3 is not UTF-8"):
        import_file(write("email,name", "a@example.org,Jean", "b@example.org,Zoë", encoding="latin-1"), by="Ana")

    assert emails() == []


def test_bad_rows_go_to_the_rejects_file_and_the_others_are_imported(write, tmp_path):
    path = write(
        "email;prénom;pays;blackList;shoe size",
        "a@example.org;Marie;FR;;38",
        'not an address;"Jean\nPaul";Utopia;maybe;40',
        "b@example.org;Zoë;;;;one too many",
        ";Nobody;FR;;",
        '"c"@example.org;x;;;',
        "d@example.org;=1+1",
    )

    result = import_file(path, by="Ana")

    assert result == ImportResult(created=2, rejected=4, unmapped=["shoe size"], rejects=tmp_path / "people.rejects.csv")
    assert emails() == ["a@example.org", "d@example.org"]
    assert rejected(result.rejects, ";") == [
        ["line", "column", "value", "why", "email", "prénom", "pays", "blackList", "shoe size"],
        [
            *("3", "email", "not an address"),
            (
                "Enter an email address such as marie@example.org. "
                "pays: No country has this code or name: use an ISO code such as FR, or the name in English or French. "
                "blackList: Write yes or no, or leave the cell empty."
            ),
            *("not an address", "Jean\nPaul", "Utopia", "maybe", "40"),
        ],
        [
            *("5", "", "", "This line has more cells than the header: is a cell without quotation marks cut in two?"),
            *("b@example.org", "Zoë", "", "", "", "one too many"),
        ],
        ["6", "", "", "Neither an email nor a mobile: the profile could not be found again.", "", "Nobody", "FR", "", ""],
        ["7", "", '"c"@example.org;x;;;', "This line is not CSV: a quotation mark is misplaced.", '"c"@example.org;x;;;'],
    ]


def test_a_corrected_rejects_file_can_be_imported(write, tmp_path):
    import_file(write("email,prénom", "marie,Marie", "jean@example.org,Jean"), by="Ana")
    rejects = tmp_path / "people.rejects.csv"
    rejects.write_text(rejects.read_text(encoding="utf-8").replace("marie,Marie", "marie@example.org,Marie"), encoding="utf-8")

    result = import_file(rejects, by="Ana")

    assert result == ImportResult(created=1, unmapped=["line", "column", "value", "why"])
    assert emails() == ["jean@example.org", "marie@example.org"]


def test_an_import_without_bad_rows_leaves_no_rejects_file(write, tmp_path):
    import_file(write("email", "marie"), by="Ana")
    assert (tmp_path / "people.rejects.csv").exists()

    result = import_file(write("email", "marie@example.org"), by="Ana")

    assert result.rejects is None
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_rejects_never_overwrite_the_file_itself(write):
    path = write("email", "marie")

    with pytest.raises(ImportRejected, match="cannot go into the file"):
        import_file(path, by="Ana", rejects=path)

    assert path.read_text() == "email\nmarie\n"


def test_importing_the_same_file_again_changes_nothing(write):
    path = write("email,prénom,mobile,blackList", "a@example.org,Marie,+33612345678,yes", "b@example.org,Jean,,no")
    import_file(path, by="Ana")
    before = snapshot()

    result = import_file(path, by="Bob")

    assert result == ImportResult(unchanged=2)
    assert snapshot() == before


def test_an_update_keeps_what_its_row_does_not_say(write):
    stored = ProfileFactory(email="marie@example.org", first_name="Marie", last_name="Dupont", city="Paris", revision=4)

    result = import_file(write("email,first_name,last_name,city", "MARIE@example.org,Marie-Claude,,Lyon"), by="Bob")

    profile = Profile.objects.get()
    assert result == ImportResult(updated=1)
    assert (profile.first_name, profile.first_name_folded, profile.last_name, profile.city) == (
        "Marie-Claude",
        "marie-claude",
        "Dupont",
        "Lyon",
    )
    assert (profile.pk, profile.public_id, profile.created_at) == (stored.pk, stored.public_id, stored.created_at)
    assert (profile.revision, profile.modified_by, profile.modified_at > stored.modified_at) == (5, "Bob", True)


def test_an_address_of_several_profiles_means_the_oldest(write):
    ProfileFactory(email="twin@example.org", city="Paris")
    ProfileFactory(email="twin@example.org", city="Lyon")

    import_file(write("email,city,blackListEmail", "twin@example.org,Nice,1"), by="Ana")

    assert list(Profile.objects.order_by("pk").values_list("city", "opted_out_email")) == [("Nice", True), ("Lyon", False)]


def test_a_row_without_an_email_is_found_by_its_mobile(write):
    ProfileFactory(email="marie@example.org", mobile="+33612345678", city="Paris")
    ProfileFactory(email="", mobile="+33612345678", city="Lyon")

    result = import_file(write("email,mobile,city", ",+33 6 12 34 56 78,Nice", ",+33 6 99 99 99 99,Brest"), by="Ana")

    assert result == ImportResult(created=1, updated=1)
    assert list(Profile.objects.order_by("pk").values_list("email", "mobile", "city")) == [
        ("marie@example.org", "+33612345678", "Nice"),
        ("", "+33612345678", "Lyon"),
        ("", "+33699999999", "Brest"),
    ]


REPEATED = (
    "email,mobile,city,blackList",
    "old@example.org,+33611111111,,",
    "a@example.org,+33622222222,Paris,",
    "b@example.org,+33633333333,Lyon,yes",
    "A@example.org,,Nice,yes",
    "b@example.org,+33644444444,,no",
    "a@example.org,+33644444444,,",
    ",+33644444444,Brest,",
    ",+33611111111,Metz,",
    ",+33655555555,Lille,",
    ",+33655555555,,x",
    "a@example.org,,Brest,",
    "b@example.org,+33622222222,,",
    ",+33622222222,Nantes,",
)


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 2000])
def test_a_later_row_updates_the_profile_of_an_earlier_one_whatever_the_batches(write, monkeypatch, rows):
    monkeypatch.setattr(importing, "BATCH_ROWS", rows)
    ProfileFactory(email="old@example.org", mobile="+33600000000", city="Dole")

    result = import_file(write(*REPEATED), by="Ana")

    assert result == ImportResult(created=3, updated=9, unchanged=1, tightened=3, lifts_ignored=1)
    assert list(Profile.objects.order_by("pk").values_list("email", "mobile", "city", "opted_out_all")) == [
        ("old@example.org", "+33611111111", "Metz", False),
        ("a@example.org", "+33644444444", "Brest", True),
        ("b@example.org", "+33622222222", "Nantes", True),
        ("", "+33655555555", "Lille", True),
    ]
    assert [event[:3] for event in sorted(events())] == [
        ("", "all", True),
        ("a@example.org", "all", True),
        ("b@example.org", "all", True),
    ]
    assert list(ledger.disagreements()) == []


@pytest.mark.parametrize("cell", ["no", "false", "0", "non", "", "NO"])
def test_import_never_lifts_an_opt_out(write, cell):
    ProfileFactory(email="marie@example.org", opted_out=["all", "email"])
    before = snapshot()

    result = import_file(
        write("email,blackList,blackListEmail,blackListMobile", f"marie@example.org,{cell},{cell},{cell}"), by="Ana"
    )

    assert result == ImportResult(unchanged=1, lifts_ignored=2 if cell else 0)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("header", "scope"),
    [
        ("blackList", "all"),
        ("blackListEmail", "email"),
        ("blackListMobile", "sms"),
        ("blackListPushnotification", "push"),
        ("blackListPostalMail", "direct_mail"),
    ],
)
def test_each_opt_out_column_ticks_its_box(write, header, scope):
    profile = ProfileFactory(email="marie@example.org")

    result = import_file(write(f"email,{header}", "marie@example.org,oui"), by="Ana")

    profile.refresh_from_db()
    assert result == ImportResult(updated=1, tightened=1)
    assert [name for name, ticked in profile.choices.items() if ticked] == [scope]
    assert profile.revision == 1
    assert events() == [("marie@example.org", scope, True, "import", "Ana", "people.csv")]


def test_a_row_may_change_fields_and_tick_boxes(write):
    ProfileFactory(email="marie@example.org", city="Paris", opted_out=["sms"])

    import_file(write("email,city,blackListEmail,blackListMobile", "marie@example.org,Lyon,x,x"), by="Ana")

    assert list(Profile.objects.values_list("city", "opted_out_email", "opted_out_sms")) == [("Lyon", True, True)]
    assert [event[1:4] for event in events()] == [("sms", True, Source.OPERATOR), ("email", True, Source.IMPORT)]
    assert list(ledger.disagreements()) == []


def test_a_batch_takes_as_many_queries_for_20_profiles_as_for_3(write):
    for number in range(20):
        ProfileFactory(email=f"p{number}@example.org", city="Paris")

    def lines(numbers, city):
        return ["email,city,blackList,blackListEmail", *(f"p{number}@example.org,{city},yes,yes" for number in numbers)]

    with CaptureQueriesContext(connection) as few:
        import_file(write(*lines(range(3), "Lyon")), by="Ana")
    with CaptureQueriesContext(connection) as many:
        import_file(write(*lines(range(20), "Nice")), by="Ana")

    assert len(many) == len(few)
    assert Profile.objects.filter(city="Nice", opted_out_all=True, opted_out_email=True).count() == 20


def test_a_crash_leaves_whole_batches_and_the_next_run_finishes(write, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    path = write("email,blackList", *(f"p{number}@example.org,{'yes' if number % 2 else ''}" for number in range(5)))

    def crash(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(path, by="Ana", progress=crash)
    assert emails() == ["p0@example.org", "p1@example.org"]

    told = []
    result = import_file(path, by="Ana", progress=lambda done, total: told.append((done, total)))

    assert result == ImportResult(created=3, unchanged=2, tightened=1)
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert list(ledger.disagreements()) == []


# Other keys, other columns


def test_a_row_is_found_by_its_external_id_where_nobody_has_its_email(write):
    ProfileFactory(email="old@example.org", external_id="C7", opted_out=["email"])
    ProfileFactory(email="jean@example.org", external_id="C8")

    result = import_file(
        write(
            "external_id,email,city",
            "C7,new@example.org,Lyon",  # changed her address
            "C7,jean@example.org,Nice",  # the email goes before the ID: Jean, who gets it
            "C9,,Brest",  # nobody yet
            "C9,zoe@example.org,",
        ),
        by="Ana",
    )

    assert result == ImportResult(created=1, updated=3)
    assert list(Profile.objects.order_by("pk").values_list("email", "external_id", "city", "opted_out_email")) == [
        ("new@example.org", "C7", "Lyon", True),
        ("jean@example.org", "C7", "Nice", False),
        ("zoe@example.org", "C9", "Brest", False),
    ]
    assert list(ledger.disagreements()) == []


def test_a_heed_id_goes_before_every_address_and_is_never_changed(write):
    twins = [ProfileFactory(email="twin@example.org"), ProfileFactory(email="twin@example.org")]
    other, unknown = ProfileFactory(email="jean@example.org"), uuid.uuid4()

    result = import_file(
        write(
            "Heed ID,email,city",
            f"{twins[1].public_id},twin@example.org,Lyon",
            f"{unknown},jean@example.org,Nice",
            f"{uuid.UUID(int=7)},new@example.org,Brest",
        ),
        by="Ana",
    )

    assert result == ImportResult(created=1, updated=2)
    assert list(Profile.objects.order_by("pk").values_list("public_id", "city")) == [
        (twins[0].public_id, ""),
        (twins[1].public_id, "Lyon"),
        (other.public_id, "Nice"),
        (uuid.UUID(int=7), "Brest"),
    ]


@pytest.mark.parametrize("rows", [1, 5000])
def test_added_fields_are_merged_key_by_key(write, monkeypatch, rows):
    monkeypatch.setattr(importing, "BATCH_ROWS", rows)
    for key, kind in {"size": "number", "vip": "yes_no", "since": "date"}.items():
        CustomField.objects.create(key=key, label=f"Their {key}", type=kind)
    ProfileFactory(email="a@example.org", custom={"size": 38, "since": "2020-02-29"})

    result = import_file(
        write(
            "email,custom.size,Their VIP,since",
            "a@example.org,39,yes,",
            "b@example.org,40,,",
            "b@example.org,,no,2024-02-29",
            "c@example.org,x,,2023-02-29",
        ),
        by="Ana",
    )

    assert result == ImportResult(created=1, updated=2, rejected=1, rejects=result.rejects)
    assert list(Profile.objects.order_by("pk").values_list("custom", flat=True)) == [
        {"size": 39, "vip": True, "since": "2020-02-29"},
        {"size": 40, "vip": False, "since": "2024-02-29"},
    ]
    assert rejected(result.rejects, ",")[1][:3] == ["5", "custom.size", "x"]


def test_a_field_that_is_removed_while_a_file_is_imported_takes_no_more_values(write, monkeypatch, operator):
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    field = CustomField.objects.create(key="size", label="Size", type="number")
    path = write("email,city,custom.size", "a@example.org,Paris,38", "b@example.org,Lyon,39", "a@example.org,Nice,40")
    batches = importing.run(importing.plan(path), by="Ana", detail="", since=timezone.now())

    next(batches)
    removed = defining.remove(field, by=operator)
    list(batches)

    assert removed == 1
    assert list(Profile.objects.order_by("pk").values_list("city", "custom")) == [("Nice", {}), ("Lyon", {})]


def test_a_postal_code_makes_an_address_as_it_does_on_a_page(write):
    import_file(write("email,code postal", "a@example.org,75011", "b@example.org,"), by="Ana")

    assert list(Profile.objects.order_by("pk").values_list("address_specified", flat=True)) == [True, False]


def test_a_street_or_a_city_makes_an_address_unless_the_file_says_it(write):
    ProfileFactory(email="a@example.org", address_specified=False, city="Paris")

    import_file(write("email,city,rue", "a@example.org,Paris,", "b@example.org,Lyon,", "c@example.org,,"), by="Ana")
    specified = list(Profile.objects.order_by("pk").values_list("address_specified", flat=True))
    import_file(write("email,city,address specified", "d@example.org,Lyon,no", "b@example.org,,no"), by="Ana")

    assert specified == [False, True, False]
    assert list(Profile.objects.order_by("pk").values_list("address_specified", flat=True)) == [False, False, False, False]


def test_every_other_column_of_a_profile_is_stored(write):
    import_file(
        write(
            "email;civilité;deuxième prénom;sexe;date de naissance;fuseau horaire;format d'e-mail;"
            "téléphone fixe;fax;adresse, ligne 2;région;CCPA;Pays",
            "a@example.org;Mme;Anne;femme;1984-02-29;europe/paris;HTML;01 23 45 67 89;+33 1 23;Bât. B;Île-de-France;oui;",
            "a@example.org;;;;;;;;;;;non;FR",
        ),
        by="Ana",
    )

    names = (
        "title",
        "middle_name",
        "gender",
        "birth_date",
        "time_zone",
        "email_format",
        "phone",
        "fax",
        "street_2",
        "state",
        "ccpa_opt_out",
        "country",
    )
    assert list(Profile.objects.values_list(*names)) == [
        (
            "Mme",
            "Anne",
            "female",
            date(1984, 2, 29),
            "Europe/Paris",
            "html",
            "01 23 45 67 89",
            "+33 1 23",
            "Bât. B",
            "Île-de-France",
            True,
            "FR",
        )
    ]


# Erased addresses


@pytest.mark.parametrize("rows", [1, 5000])
def test_an_address_that_was_erased_stays_silent(write, monkeypatch, rows):
    monkeypatch.setattr(importing, "BATCH_ROWS", rows)
    erased.remember(Channel.EMAIL, ["gone@example.org", "old@example.org"])
    erased.remember(Channel.SMS, ["+33612345678"])
    ProfileFactory(email="old@example.org", mobile="", external_id="C1")  # had it before somebody else was erased

    result = import_file(
        write(
            "email,mobile,external_id,city",
            "gone@example.org,,,Lyon",
            "fine@example.org,+33612345678,,",
            "new@example.org,,C1,",
            "fine@example.org,,,Nice",
        ),
        by="Ana",
    )

    assert result == ImportResult(created=2, updated=2, tightened=2)
    assert list(Profile.objects.order_by("pk").values_list("email", "opted_out_email", "opted_out_sms")) == [
        ("new@example.org", False, False),
        ("gone@example.org", True, False),
        ("fine@example.org", False, True),
    ]
    assert sorted(events()) == [
        ("fine@example.org", "sms", True, "system", "", "erased earlier"),
        ("gone@example.org", "email", True, "system", "", "erased earlier"),
    ]
    assert list(ledger.disagreements()) == []


# Bad input: each refused row says why, and nothing else of the file is lost


@pytest.mark.parametrize(
    ("cells", "column", "value", "why"),
    [
        ("a\0b@example.org,,", "email", "a\0b@example.org", "This cell contains a control character."),
        (
            '"a@example.org\r\nBcc: b@example.org",,',
            "email",
            "a@example.org\r\nBcc: b@example.org",
            "This cell contains a control character.",
        ),
        ('c@example.org,"+336123\n45678",', "mobile", "+336123\n45678", "This cell contains a control character."),
        (
            "c@example.org,06 12 34 56 78,",
            "mobile",
            "06 12 34 56 78",
            "Start the number with + and the country code, such as +33 6 12 34 56 78.",
        ),
        (
            "c@example.org,,1983-02-29",
            "birth_date",
            "1983-02-29",
            "There is no such day: write year-month-day, such as 1984-02-29.",
        ),
        (
            "c@example.org,,29/02/1984",
            "birth_date",
            "29/02/1984",
            "There is no such day: write year-month-day, such as 1984-02-29.",
        ),
        (f"{'x' * 300}@example.org,,", "email", "x" * 100 + "…", "Enter an email address such as marie@example.org."),
        ("x" * 1_200_000, "", "x" * 100 + "…", "This line is longer than a million characters."),
        (f'"{"x" * 140_000}",,', "", '"' + "x" * 99 + "…", "A cell of this line is too long to be read."),
        (
            ",," + "," * 5000 + "x",
            "",
            "",
            "This line has more cells than the header: is a cell without quotation marks cut in two?",
        ),
    ],
)
def test_a_bad_row_is_refused_alone(write, cells, column, value, why):
    path = write("email,mobile,birth_date", "a@example.org,+33612345678,1984-02-29", cells, "b@example.org", "d@example.org,,")

    result = import_file(path, by="Ana")

    assert (result.created, result.rejected) == (3, 1)
    assert emails() == ["a@example.org", "b@example.org", "d@example.org"]
    assert [row[:4] for row in rejected(result.rejects, ",")[1:]] == [["3", column, value, why]]


def test_two_headers_that_differ_in_case_are_one_field(write):
    with pytest.raises(ImportRejected, match="Two columns would be the field email"):
        import_file(write("email,EMAIL", "a@example.org,b@example.org"), by="Ana")

    result = import_file(write("email,EMAIL", "a@example.org,b@example.org"), by="Ana", fields={1: "email"})

    assert result == ImportResult(created=1, unmapped=["email"])
    assert emails() == ["b@example.org"]


def test_a_formula_is_stored_as_the_export_found_it(write):
    import_file(write("email,prénom,mobile", "a@example.org,'=1+1,'+33612345678", "b@example.org,'tis,"), by="Ana")

    assert list(Profile.objects.order_by("pk").values_list("first_name", "mobile")) == [("=1+1", "+33612345678"), ("'tis", "")]


def test_utf16_is_imported(write):
    import_file(write("email\tprénom", "a@example.org\tZoë", encoding="utf-16"), by="Ana")

    assert list(Profile.objects.values_list("first_name", flat=True)) == ["Zoë"]


def test_backslashes_are_data(write):
    import_file(write("email,rue", "a@example.org,C:\\new\\N", "b@example.org,\\."), by="Ana")

    assert list(Profile.objects.order_by("pk").values_list("street", flat=True)) == ["C:\\new\\N", "\\."]
