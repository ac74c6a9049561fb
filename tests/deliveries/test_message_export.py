"""The files of a preparation: who may take them, what they hold, and that they take no memory."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from deliveries import message_export
from deliveries.models import Message
from profiles.models import Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def take(client, delivery, content, **data):
    address = reverse("deliveries:export", args=[delivery.pk, content])
    response = client.post(address, {"delimiter": ","} | data)
    assert response.status_code == 200, response
    return list(
        csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")), delimiter=data.get("delimiter", ","))
    )


@pytest.fixture
def delivery(make_delivery, prepare):
    ProfileFactory(first_name="=HYPERLINK(1)", last_name="", email="marie@example.org", external_id="@7")
    ProfileFactory(first_name="Anna", last_name="B", email="anna@example.org", opted_out=["email"])
    ProfileFactory(first_name="Paul", last_name="C", email="")
    made = make_delivery()
    prepare(made)
    return made


def test_the_exclusion_log_is_a_file_with_reasons(backoffice, delivery):
    header, *rows = take(backoffice, delivery, "exclusions", delimiter=";")

    assert header == ["Profile", "Heed ID", "External ID", "Address", "Rule", "Reason", "Detail", "Since", "By"]
    assert [(row[0], *row[3:7], bool(row[7]), row[8]) for row in rows] == [
        ("Anna B", "anna@example.org", "Address on blocklist", "The recipient no longer wants to be contacted.",
         "No longer contact by email", True, "Ana Lopes"),
        ("Paul C", "", "Address not specified", "Address not specified.", "", False, ""),
    ]  # fmt: skip


def test_those_to_deliver_to_are_a_file_with_formulas_disarmed(backoffice, delivery):
    _header, *rows = take(backoffice, delivery, "to-deliver")

    marie = Profile.objects.get(email="marie@example.org")
    assert rows == [["'=HYPERLINK(1)", str(marie.public_id), "'@7", "marie@example.org", "Pending", "", ""]]


def test_looking_takes_nothing_and_taking_is_recorded(backoffice, delivery):
    html = backoffice.get(reverse("deliveries:export", args=[delivery.pk, "exclusions"])).content.decode()
    assert "Export 2 people" in html
    assert "anna@example.org" not in html
    assert LogEntry.objects.count() == 0

    take(backoffice, delivery, "exclusions")

    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.object_id, entry.change_message) == ("ana", str(delivery.pk), "Exported 2 people.")


@pytest.mark.parametrize(
    ("names", "status"),
    [(["view_delivery"], 403), (["export_profile"], 403), (["view_delivery", "export_profile"], 200)],
)
def test_a_file_takes_the_right_to_export_people_and_to_see_deliveries(client, delivery, names, status):
    ben = User.objects.create_user("ben", is_staff=True)
    ben.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(ben)
    address = reverse("deliveries:export", args=[delivery.pk, "to-deliver"])

    responses = client.get(address), client.post(address, {"delimiter": ","})

    assert [response.status_code for response in responses] == [status, status]
    assert LogEntry.objects.exists() == (status == 200)


def test_there_is_no_file_of_nothing(backoffice, make_delivery, prepare):
    unprepared, empty = make_delivery(), make_delivery()
    prepare(empty)

    assert backoffice.get(reverse("deliveries:export", args=[empty.pk, "passwords"])).status_code == 404
    assert backoffice.post(reverse("deliveries:export", args=[unprepared.pk, "exclusions"])).status_code == 302
    response = backoffice.post(reverse("deliveries:export", args=[empty.pk, "exclusions"]), {"delimiter": ","})
    assert "there is nothing to export" in response.content.decode()
    assert LogEntry.objects.count() == 0


def test_a_file_is_written_piece_by_piece(make_delivery, prepare, monkeypatch):
    monkeypatch.setattr(message_export, "CHUNK_ROWS", 3)
    ProfileFactory.create_batch(7)
    made = make_delivery()
    prepared = prepare(made)

    pieces = list(message_export.lines(made, prepared, message_export.CONTENTS["to-deliver"], delimiter=","))

    assert [piece.decode("utf-8-sig").count("\n") for piece in pieces] == [4, 3, 1, 0]
    assert b"".join(pieces).count(b"@example.org") == Message.objects.to_deliver().count() == 7
