"""The list of what was sent, its figures and its file."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from landingpages import reconciling, submissions
from landingpages.models import Submission, VisitCount
from landingpages.submission_figures import by_day, summaries
from landingpages.visitcounts import tally
from profiles import erasure
from profiles.models import ConsentEvent, Profile
from tests.factories import ProfileFactory, PublishedPageFactory
from tests.landingpages.visitors import address, link, stranger, typed

pytestmark = pytest.mark.django_db


def url(page, rest=""):
    return f"/admin/landing-pages/{page.pk}/submissions/{rest}"


def sent(page, number, *, days=0, **values):
    moment = timezone.now() - timedelta(days=days)
    return [
        Submission.objects.create(
            page=page,
            version=page.version,
            language="en",
            received_at=moment,
            **{"data": {"email": f"a{n}@example.org"}} | values,
        )
        for n in range(number)
    ]


def test_a_person_with_a_link_is_listed_with_what_she_changed(client, backoffice, online):
    profile = ProfileFactory(first_name="Marie", last_name="Dupont")
    client.post(link(online, profile), typed(online, last_name="Durand", opted_out_sms=True))

    one = Submission.objects.get()
    shown = backoffice.get(url(online)).content.decode()
    detail = backoffice.get(url(online, f"{one.pk}/")).content.decode()

    assert (one.status, one.kind, one.is_identified, one.changed) == ("applied", "form", True, ["last_name"])
    assert str(one.request_id) == ConsentEvent.objects.get().request_id
    assert "No longer contact by SMS: yes · Last name" in shown
    assert "Marie Durand" in shown
    assert "No longer contact by SMS" in detail
    assert "Durand" in detail


def test_what_waits_for_a_confirmation_is_shown_with_its_submission(client, backoffice, online):
    profile = ProfileFactory(email="marie@example.org", opted_out=["sms"])
    client.post(link(online, profile, age=timedelta(days=1)), typed(online))

    one = Submission.objects.get()
    detail = backoffice.get(url(online, f"{one.pk}/")).content.decode()

    assert one.status == "asked"
    assert "To be confirmed by m•••e@example.org" in detail


def test_a_stop_by_an_old_link_is_listed(client, online):
    profile = ProfileFactory()
    client.post(link(online, profile, age=timedelta(days=31)), {"stop": ["email"]})

    one = Submission.objects.get()
    assert (one.kind, one.profile_id, one.data) == ("stop", profile.pk, {"opted_out_email": True})


def test_a_stranger_s_submission_keeps_what_it_changed_and_the_id_of_its_ledger_rows(client, online):
    client.post(address(online), stranger(online, last_name="Petit", email="new@example.org", opted_out_sms=True))
    reconciling.process_received()

    one = Submission.objects.get()
    assert (one.status, one.changed) == ("applied", ["last_name", "email"])
    assert {event.request_id for event in ConsentEvent.objects.filter(profile=one.profile_id)} == {str(one.request_id)}


def test_a_form_that_is_refused_is_no_submission(client, online):
    client.post(address(online), stranger(online, last_name="", email="new@example.org"))

    assert not Submission.objects.exists()


def test_the_list_costs_the_same_queries_for_1_and_3_rows(backoffice, online):
    def queries(number):
        for one in sent(online, number, status="applied", processed_at=timezone.now()):
            Submission.objects.filter(pk=one.pk).update(profile_id=ProfileFactory().pk, changed=["last_name"])
        with CaptureQueriesContext(connection) as captured:
            answer = backoffice.get(url(online))
        return answer.content.decode().count("m•••") + answer.content.decode().count("Dupont"), len(captured)

    backoffice.get(url(online))
    (shown, one), (shown_then, three) = queries(1), queries(2)

    assert (shown, shown_then) == (1, 3)
    assert one == three


def test_the_list_goes_on_where_it_ended_without_gaps_or_repeats(online):
    made = sent(online, 5) + sent(online, 5, days=1)
    moment = timezone.now() - timedelta(days=2)
    twins = sent(online, 4)
    Submission.objects.filter(pk__in=[one.pk for one in twins]).update(received_at=moment)
    rows = Submission.objects.filter(page=online).order_by("-received_at", "-pk")

    seen, place = [], ""
    while True:
        part = submissions.stretch(rows, place, 3)
        seen += [row.pk for row in part.rows]
        if not part.older:
            break
        place = part.older

    assert seen == list(rows.values_list("pk", flat=True))
    assert sorted(seen) == sorted(one.pk for one in [*made, *twins])


def test_no_list_counts_its_rows(backoffice, online):
    sent(online, 60)
    with CaptureQueriesContext(connection) as captured:
        answer = backoffice.get(url(online))

    about = [query["sql"] for query in captured if '"landingpages_submission"' in query["sql"]]
    assert [sql for sql in about if "COUNT(*)" in sql] == []
    assert 'rel="next"' in answer.content.decode()


def test_filters_narrow_by_status_version_and_day(backoffice, online):
    refused = sent(online, 1, status="refused", processed_at=timezone.now(), data={"email": "refused@example.org"})
    old = sent(online, 1, days=40, data={"email": "older@example.org"})
    day = timezone.localdate()

    def shown(**query):
        text = backoffice.get(url(online), query).content.decode()
        return [name for name in ("r•••d@example.org", "o•••r@example.org") if name in text]

    assert refused
    assert old
    assert shown() == ["r•••d@example.org", "o•••r@example.org"]
    assert shown(status="refused") == ["r•••d@example.org"]
    assert shown(since=str(day)) == ["r•••d@example.org"]
    assert shown(until=str(day - timedelta(days=30))) == ["o•••r@example.org"]
    assert shown(version=str(online.version.pk)) == ["r•••d@example.org", "o•••r@example.org"]
    assert shown(status="nonsense") == []
    assert (
        "The last day is before the first."
        in backoffice.get(url(online), {"since": str(day), "until": str(day - timedelta(days=1))}).content.decode()
    )


def test_the_export_disarms_formulas_and_is_recorded(backoffice, online):
    sent(online, 1, data={"last_name": "=HYPERLINK(1)", "email": "a@example.org", "opted_out_sms": True})
    sent(PublishedPageFactory(), 1, data={"email": "other@example.org"})

    looked = backoffice.get(url(online, "export/"))
    answer = backoffice.post(url(online, "export/"), {"delimiter": ";"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")

    assert "personal data" in looked.content.decode()
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [(row["Last name"], row["Email"], row["No longer contact by SMS"]) for row in rows] == [
        ("'=HYPERLINK(1)", "a@example.org", "yes")
    ]
    assert "Exported submissions" in str(backoffice.get("/admin/").wsgi_request.user.logentry_set.get().change_message)


def test_the_export_of_many_rows_is_in_pieces_and_complete(backoffice, online, monkeypatch):
    monkeypatch.setattr("landingpages.submission_export.CHUNK_ROWS", 3)
    sent(online, 8)

    pieces = list(backoffice.post(url(online, "export/"), {"delimiter": ","}).streaming_content)

    assert len(pieces) == 3
    assert b"".join(pieces).count(b"@example.org") == 8


def test_permissions_are_asked_one_by_one(client, online, django_user_model):
    ben = django_user_model.objects.create_user("ben", password="ben", is_staff=True)
    profile = ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org")
    typed_in = {"email": "marie@example.org", "last_name": "Dupont"}
    sent(online, 1, status="applied", processed_at=timezone.now(), profile_id=profile.pk, data=typed_in)
    client.force_login(ben)
    assert client.get(url(online)).status_code == 403
    ben.user_permissions.add(Permission.objects.get(codename="view_submission"))

    listed = client.get(url(online)).content.decode()
    detail = client.get(url(online, f"{Submission.objects.get().pk}/")).content.decode()

    assert [text for text in ("Dupont", "marie@") if text in listed + detail] == []
    assert "m•••e@example.org" in listed
    assert client.post(url(online, "export/"), {"delimiter": ","}).status_code == 403


def test_visits_of_people_are_counted_and_those_of_programs_are_not(client, online):
    people = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    client.get(address(online), headers=people)
    client.get(link(online, ProfileFactory()), headers=people)
    client.head(address(online), headers=people)
    client.get(address(online), headers=people | {"Sec-Purpose": "prefetch"})
    client.get(address(online), headers={"User-Agent": "Googlebot/2.1"})
    client.get(address(online))
    client.get("/lp/no-such-page/", headers=people)
    client.post(address(online), {}, headers=people)
    assert not VisitCount.objects.exists()  # a GET writes nothing

    assert tally.flush() == 2
    assert tally.flush() == 0
    client.get(address(online), headers=people)
    tally.flush()

    assert list(VisitCount.objects.values_list("version", "day", "visits")) == [(online.version.pk, timezone.localdate(), 3)]


def test_visits_that_cannot_be_written_are_kept(client, online, monkeypatch):
    def away(counted):
        raise OperationalError

    tally.add(online.version.pk)
    with monkeypatch.context() as patched:
        patched.setattr("landingpages.visitcounts._write", away)
        with pytest.raises(OperationalError):
            tally.flush()

    assert tally.flush() == 1


def test_figures_are_by_day_and_leave_out_what_is_no_conversion(online):
    VisitCount.objects.create(version=online.version, day=timezone.localdate(), visits=8)
    sent(online, 2)
    sent(online, 1, status="refused", processed_at=timezone.now())
    sent(online, 1, days=3)
    sent(online, 1, kind="fresh_link")
    sent(online, 1, days=400)
    today, before = timezone.localdate(), timezone.localdate() - timedelta(days=3)

    days = by_day(online, 30)
    summary = summaries([online])[online.pk]

    assert len(days) == 30
    assert (days[today].visits, days[today].by_status, days[today].conversion) == (8, {"received": 2, "refused": 1}, 37.5)
    assert (days[before].visits, days[before].submissions, days[before].conversion) == (0, 1, None)
    assert (summary.visits, summary.submissions, summary.conversion) == (8, 4, 50.0)


def test_the_chart_has_its_numbers_in_a_table(backoffice, online):
    VisitCount.objects.create(version=online.version, day=timezone.localdate(), visits=1234)
    sent(online, 1)

    text = backoffice.get(url(online)).content.decode()
    pages = backoffice.get("/admin/landing-pages/").content.decode()

    assert "1,234" in text
    assert "<polyline" in text
    assert "1 submission" in pages
    assert "1,234 visits" in pages
    assert "0.1" in pages


def test_erasing_a_person_empties_what_she_sent_by_a_link(client, online, operator):
    profile = ProfileFactory()
    client.post(link(online, profile), typed(online, last_name="Durand"))
    erasure.erase(profile, by=operator, revision=Profile.objects.get().revision)

    one = Submission.objects.get()
    assert (one.data, one.changed, one.profile_id, one.ip) == ({}, [], None, "")
    assert not Profile.objects.exists()


def test_people_with_links_do_not_use_up_what_strangers_of_their_network_may_send(client, online, settings):
    settings.PAGE_LIMIT_PER_NETWORK = 1
    profile = ProfileFactory()
    for _again in range(3):
        client.post(link(online, profile), typed(online, last_name="Durand"))

    answer = client.post(address(online), stranger(online, last_name="Petit", email="new@example.org"))

    assert answer.status_code == 200
