"""The import pages and their jobs; the worker's part is called as the worker calls it."""

import csv
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.translation import get_language, override

from profiles import importing, importjobs, ledger
from profiles.importjobs import InvalidTransition
from profiles.models import ConsentEvent, ImportJob, ImportStatus, Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db
NEW = "/admin/profiles/imports/new/"
LINES = (
    "E-mail;Prénom;Ville;Note;blackListEmail",
    "marie@example.org;Marie;Lyon;x;no",
    "jean@example.org;Jean;Paris;;yes",
    "nobody;Zoë;;;",
    "ana@example.org;Ana;;;",
    "JEAN@example.org;;Nice;;",
)


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.FILES = tmp_path / "files"
    return settings.FILES


@pytest.fixture
def marie():
    return ProfileFactory(
        email="marie@example.org", first_name="Marie", city="Paris", address_specified=True, opted_out=["email"]
    )


@pytest.fixture
def job(operator, marie):
    """Uploaded, nothing chosen yet."""
    return importjobs.upload(uploaded(*LINES), by=operator)


def uploaded(*lines, encoding="utf-8", name="people.csv"):
    return SimpleUploadedFile(name, "\n".join([*lines, ""]).encode(encoding))


def work(*, steps=None):
    """What the worker does until nothing is left; or so many steps, and then it is killed."""
    claimed = importjobs.claim("w1")
    for number, _step in enumerate(importjobs.run(claimed), start=1):
        if number == steps:
            break


def counts(job):
    job.refresh_from_db()
    return {name: getattr(job, name) for name in importjobs.COUNTS}


def snapshot():
    return list(Profile.objects.order_by("pk").values()), list(ConsentEvent.objects.order_by("pk").values())


OUTCOME = {"created": 2, "updated": 2, "unchanged": 0, "rejected": 1, "tightened": 1, "lifts_ignored": 1}


def test_an_upload_is_kept_under_a_random_name_and_its_columns_are_guessed(job, files):
    assert (job.file_name, job.encoding, job.delimiter, job.status) == ("people.csv", "utf-8", ";", "uploaded")
    assert job.fields == ["email", "first_name", "city", "", "opted_out_email"]
    assert [path.name for path in files.iterdir()] == [f"{job.key}.csv"]
    assert len(job.key) == 32
    assert (files / f"{job.key}.csv").stat().st_mode & 0o077 == 0


def test_a_check_says_what_an_import_would_do_and_writes_nothing(job):
    before = snapshot()
    importjobs.check(job, job.fields)
    work()

    job.refresh_from_db()
    assert snapshot() == before
    assert (job.status, job.expected, job.total) == ("checked", OUTCOME, 5)
    found = importjobs.preview(job)
    assert [(one["line"], one["column"], one["value"]) for one in found["refusals"]] == [(4, "E-mail", "nobody")]
    assert [(one["line"], one["name"], one["created"]) for one in found["changes"]] == [
        (2, "marie@example.org", False),
        (3, "jean@example.org", True),
        (5, "ana@example.org", True),
        (6, "jean@example.org", False),
    ]
    assert found["changes"][0]["fields"] == [["city", "Paris", "Lyon"]]


def test_a_check_shows_each_row_as_it_is_though_a_later_one_changes_the_same_profile(job):
    importjobs.check(job, job.fields)
    work()

    found = {one["line"]: one["fields"] for one in importjobs.preview(job)["changes"]}
    assert ["city", None, "Paris"] in found[3]
    assert found[6] == [["city", "Paris", "Nice"]]


def test_a_check_says_why_a_row_is_refused_in_the_language_of_who_asked(job):
    with override("fr"):
        importjobs.check(job, job.fields)
    with override("en"):
        work()
        spoken = get_language()

    assert [one["why"] for one in importjobs.preview(job)["refusals"]] == [
        "Saisissez une adresse email telle que marie@example.org."
    ]
    assert spoken == "en"


@pytest.mark.parametrize("rows", [1, 2, 5000])
def test_what_a_check_says_is_what_the_import_does(job, operator, monkeypatch, rows):
    monkeypatch.setattr(importing, "BATCH_ROWS", rows)
    importjobs.check(job, job.fields)
    work()
    job.refresh_from_db()
    importjobs.start(job, by=operator)
    work()

    assert job.expected == counts(job) == OUTCOME
    assert (job.status, job.started_by, job.done, job.total) == ("finished", "Ana Lopes", 5, 5)
    assert list(Profile.objects.order_by("pk").values_list("email", "city", "opted_out_email")) == [
        ("marie@example.org", "Lyon", True),
        ("jean@example.org", "Nice", True),
        ("ana@example.org", "", False),
    ]
    assert list(ConsentEvent.objects.filter(source="import").values_list("by", "by_id", "detail")) == [
        ("Ana Lopes", operator.pk, "people.csv")
    ]
    assert list(ledger.disagreements()) == []


def test_the_ledger_names_who_started_the_import_and_not_who_uploaded_the_file(job, django_user_model):
    importjobs.check(job, job.fields)
    work()
    job.refresh_from_db()
    importjobs.start(job, by=django_user_model.objects.create_user("bo", first_name="Bo", last_name="Berg"))
    work()

    assert list(ConsentEvent.objects.filter(source="import").values_list("by", "by_id")) == [("Bo Berg", None)]
    assert set(Profile.objects.values_list("modified_by", flat=True)) == {"Bo Berg"}


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_an_import_whose_worker_was_killed_goes_on_behind_what_is_in(job, operator, monkeypatch, steps):
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    importjobs.check(job, job.fields)
    work()
    importjobs.start(job, by=operator)

    work(steps=steps)
    assert importjobs.claim("w2") is None
    assert counts(job)["rejected"] + Profile.objects.count() - 1 >= steps - 1 - job.updated
    importjobs.release(["w1"])
    work()

    assert counts(job) == OUTCOME
    assert job.status == "finished"
    with importjobs.rejects(job).open(encoding="utf-8-sig", newline="") as file:
        assert [row[:3] for row in csv.reader(file, delimiter=";")] == [["line", "column", "value"], ["4", "E-mail", "nobody"]]


def test_a_refused_row_of_a_batch_that_was_lost_is_not_told_twice(job, operator, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 3)
    importjobs.check(job, job.fields)
    work()
    importjobs.start(job, by=operator)
    with importjobs.rejects(job).open("a") as file:
        file.write("half a row of a batch that was rolled back")
    work()

    assert len(importjobs.rejects(job).read_text(encoding="utf-8-sig").splitlines()) == 2


def test_a_cancelled_import_says_exactly_what_is_in(job, operator, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 2)
    importjobs.check(job, job.fields)
    work()
    importjobs.start(job, by=operator)
    running = importjobs.run(importjobs.claim("w1"))
    next(running)
    importjobs.cancel(job)

    assert list(running) == []
    assert counts(job) == {"created": 1, "updated": 1, "unchanged": 0, "rejected": 0, "tightened": 1, "lifts_ignored": 1}
    assert (job.status, job.done, job.lease_until) == ("cancelled", 2, None)
    assert list(Profile.objects.order_by("pk").values_list("email", "city")) == [
        ("marie@example.org", "Lyon"),
        ("jean@example.org", "Paris"),
    ]


def test_a_worker_that_lost_its_lease_writes_nothing_more(job, operator, monkeypatch):
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    importjobs.check(job, job.fields)
    work()
    importjobs.start(job, by=operator)
    slow = importjobs.run(importjobs.claim("w1"))
    next(slow)
    importjobs.release(["w1"])
    importjobs.claim("w2")
    before = snapshot()

    assert list(slow) == []
    assert snapshot() == before


def test_a_file_that_cannot_be_read_to_its_end_fails_the_check(operator):
    job = importjobs.upload(uploaded("email,city", 'a@example.org,"Paris', "b@example.org,Lyon"), by=operator)
    importjobs.check(job, job.fields)
    work()

    job.refresh_from_db()
    assert (job.status, job.why) == ("failed", "Line 2 opens a quotation mark that is not closed as it should be.")
    assert not Profile.objects.exists()


def test_a_file_that_is_gone_fails(job, files):
    importjobs.check(job, job.fields)
    (files / f"{job.key}.csv").unlink()
    work()

    job.refresh_from_db()
    assert job.status == "failed"
    assert "No such file" in job.why


def test_no_step_is_taken_twice_or_out_of_order(job, operator):
    with pytest.raises(InvalidTransition, match="Uploaded"):
        importjobs.start(job, by=operator)
    importjobs.cancel(job)
    for act in (
        lambda: importjobs.check(job, job.fields),
        lambda: importjobs.start(job, by=operator),
        lambda: importjobs.cancel(job),
    ):
        with pytest.raises(InvalidTransition, match="Cancelled"):
            act()

    assert importjobs.claim("w1") is None


@pytest.mark.parametrize(("encoding", "guessed"), [("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("cp1252", "windows-1252")])
def test_the_encoding_of_an_upload_is_guessed(operator, encoding, guessed):
    job = importjobs.upload(uploaded("email;prénom", "a@example.org;Zoë", encoding=encoding), by=operator)
    importjobs.check(job, job.fields)
    work()
    importjobs.start(job, by=operator)
    work()

    assert (job.encoding, job.delimiter) == (guessed, ";")
    assert list(Profile.objects.values_list("first_name", flat=True)) == ["Zoë"]


def test_files_are_deleted_after_30_days_and_the_list_stays(job, operator, files):
    fresh = importjobs.upload(uploaded(*LINES), by=operator)
    ImportJob.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(days=31))

    importjobs.clean_up()

    job.refresh_from_db()
    assert (job.status, bool(job.ended_at), bool(job.files_deleted_at)) == ("cancelled", True, True)
    assert [path.name for path in files.iterdir()] == [f"{fresh.key}.csv"]


# The pages


def test_an_operator_imports_a_file_from_upload_to_result(backoffice, marie):
    page = backoffice.post(NEW, {"file": uploaded(*LINES)}, follow=True)
    job = ImportJob.objects.get()
    url = f"/admin/profiles/imports/{job.pk}/"
    assert "What are the columns?" in page.content.decode()
    assert "marie@example.org" in page.content.decode()

    columns = {f"column_{number}": field for number, field in enumerate(job.fields)}
    page = backoffice.post(f"{url}check/", {"encoding": "utf-8", "delimiter": ";", **columns}, follow=True).content.decode()
    assert 'hx-trigger="every 1s"' in page
    assert Profile.objects.count() == 1
    work()
    page = backoffice.get(url).content.decode()
    assert "Import: create 2, update 2" in page
    assert "Columns left out: Note" in page
    assert "<del>Paris</del>" in page
    assert "hx-get" not in page

    backoffice.post(f"{url}start/")
    work()
    page = backoffice.get(url).content.decode()
    assert "What is in" in page
    assert Profile.objects.count() == 3
    saved = backoffice.get(f"{url}refused/")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="people.rejects.csv"'
    assert saved.headers["X-Content-Type-Options"] == "nosniff"
    assert "nobody" in b"".join(saved.streaming_content).decode()
    assert "people.csv" in backoffice.get("/admin/profiles/imports/").content.decode()


def test_another_separator_reads_the_columns_anew(backoffice, job):
    url = f"/admin/profiles/imports/{job.pk}/check/"
    columns = {f"column_{number}": field for number, field in enumerate(job.fields)}

    backoffice.post(url, {"encoding": "windows-1252", "delimiter": ",", **columns})

    job.refresh_from_db()
    assert (job.status, job.encoding, len(job.header)) == ("uploaded", "windows-1252", 1)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (["email", "city", "city", "", ""], "Two columns would be the field city"),
        (["", "first_name", "", "", ""], "The file needs a column email or mobile"),
    ],
)
def test_columns_that_cannot_be_meant_are_refused(backoffice, job, fields, why):
    columns = {f"column_{number}": field for number, field in enumerate(fields)}

    response = backoffice.post(f"/admin/profiles/imports/{job.pk}/check/", {"encoding": "utf-8", "delimiter": ";", **columns})

    job.refresh_from_db()
    assert (response.status_code, job.status) == (422, ImportStatus.UPLOADED)
    assert why in response.content.decode()


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (SimpleUploadedFile("x.csv", b""), "empty"),
        (SimpleUploadedFile("x.xlsx", b"PK\x03\x04\x00,x\n"), "This is no text file."),
    ],
)
def test_what_is_no_table_is_not_kept(backoffice, files, file, why):
    response = backoffice.post(NEW, {"file": file})

    assert response.status_code == 422
    assert why in response.content.decode()
    assert not ImportJob.objects.exists()
    assert not files.exists() or list(files.iterdir()) == []


def test_a_file_above_the_limit_is_read_past(backoffice, files, settings, monkeypatch):
    settings.IMPORT_BYTES = 1000
    monkeypatch.setattr("config.uploads.FORM_BYTES", 1000)

    response = backoffice.post(NEW, {"file": SimpleUploadedFile("big.csv", b"email\n" + b"a" * 5000)})

    assert response.status_code == 422
    assert "A larger one is not accepted" in response.content.decode()
    assert not ImportJob.objects.exists()


def test_an_upload_cannot_choose_where_it_is_kept(backoffice, files):
    backoffice.post(NEW, {"file": uploaded("email", "a@example.org", name="../../etc/passwd")})

    job = ImportJob.objects.get()
    assert job.file_name == "passwd"
    assert [path.name for path in files.iterdir()] == [f"{job.key}.csv"]


def test_imports_need_their_own_permission(client, django_user_model, job):
    ben = django_user_model.objects.create_user("ben", password="ben", is_staff=True)
    ben.user_permissions.add(*Permission.objects.filter(codename__in=["view_profile", "change_profile", "export_profile"]))
    client.force_login(ben)

    for url in ("", "new/", f"{job.pk}/", f"{job.pk}/refused/"):
        assert client.get(f"/admin/profiles/imports/{url}").status_code == 403
    for act in ("check", "start", "cancel"):
        assert client.post(f"/admin/profiles/imports/{job.pk}/{act}/").status_code == 403
    job.refresh_from_db()
    assert job.status == "uploaded"


def test_who_may_import_but_not_see_profiles_sees_no_stored_value(client, django_user_model, job):
    ben = django_user_model.objects.create_user("ben", password="ben", is_staff=True)
    ben.user_permissions.add(Permission.objects.get(codename="import_profile"))
    client.force_login(ben)
    importjobs.check(job, job.fields)
    work()

    page = client.get(f"/admin/profiles/imports/{job.pk}/").content.decode()

    assert "Import: create 2, update 2" in page
    assert "<del>" not in page


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_imports_takes_the_same_queries_for_any_number(backoffice, operator, django_assert_max_num_queries, number):
    for _one in range(number):
        importjobs.upload(uploaded(*LINES), by=operator)

    with django_assert_max_num_queries(5):
        backoffice.get("/admin/profiles/imports/")
