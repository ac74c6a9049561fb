"""Publications that wait for their moment, carried out by any worker, once."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from landingpages import editing, publishing, scheduling
from landingpages.editing import EditConflict
from landingpages.models import LandingPage, PublishedVersion, ScheduledPublication
from landingpages.publishing import InvalidPublication
from profiles import triggers
from tests.factories import LandingPageFactory, PublishedPageFactory
from tests.quarantine.test_counting_at_once import at_once

pytestmark = pytest.mark.django_db
TOMORROW = timedelta(days=1)


def soon():
    return timezone.now() + TOMORROW


def schedule(page, **values):
    page.refresh_from_db()
    return scheduling.schedule(page, at=soon(), by="Ana Lopes", **values)


def come(page):
    """The moment of the page's publication has come."""
    ScheduledPublication.objects.filter(page=page).update(due_at=timezone.now() - timedelta(seconds=1))


def state(page):
    """Status, version, number of versions, and what waits: nothing, "waits", or why it failed."""
    stored = LandingPage.objects.select_related("version").get(pk=page.pk)
    waiting = ScheduledPublication.objects.filter(page=page).first()
    words = (waiting.reason or "waits") if waiting else ""
    return stored.status, stored.version.number if stored.version else None, stored.versions.count(), words


def break_publishing():
    """A database that refuses every publication."""
    triggers.install(
        connection,
        triggers.Guard(
            table="landingpages_landingpage",
            sqlite={
                "broken": """CREATE TRIGGER broken BEFORE UPDATE OF version_id ON landingpages_landingpage
                BEGIN SELECT RAISE(ABORT, 'full'); END"""
            },
            functions={
                "break": """CREATE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'full'; END $$"""
            },
            postgresql={
                "broken": """CREATE TRIGGER broken BEFORE UPDATE OF version_id ON landingpages_landingpage
                FOR EACH STATEMENT EXECUTE FUNCTION break_it()"""
            },
        ),
    )


def test_nothing_is_published_before_its_moment(draft):
    schedule(draft)

    assert scheduling.publish_due() == 0
    assert state(draft) == ("editing", None, 0, "waits")


def test_at_its_moment_the_approved_content_goes_online_and_nothing_newer(draft):
    schedule(draft)
    approved = publishing.snapshot(draft)
    editing.change_page(draft, {"label": "Newer"}, by="Ben")
    come(draft)

    assert scheduling.publish_due() == 1

    assert state(draft) == ("online", 1, 1, "")
    version = PublishedVersion.objects.get()
    assert (version.content, version.published_by) == (approved, "Ana Lopes")
    assert LandingPage.objects.get(pk=draft.pk).label == "Newer"
    assert publishing.changes_not_published(LandingPage.objects.get(pk=draft.pk)) == 1


def test_a_publication_is_carried_out_once(draft):
    schedule(draft)
    come(draft)

    assert [scheduling.publish_due(), scheduling.publish_due()] == [1, 0]
    assert state(draft) == ("online", 1, 1, "")


def test_the_worker_publishes_what_is_due(draft):
    schedule(draft)
    come(draft)

    call_command("worker", until_idle=True)

    assert state(draft) == ("online", 1, 1, "")


def test_scheduling_again_replaces_what_was_approved(draft):
    schedule(draft)
    editing.change_page(draft, {"label": "Newer"}, by="Ben")
    schedule(draft)

    assert ScheduledPublication.objects.get().content["label"] == "Newer"


@pytest.mark.parametrize("ago", [timedelta(), timedelta(minutes=1)])
def test_a_moment_that_has_passed_is_refused(draft, ago):
    with pytest.raises(InvalidPublication, match="This moment has passed"):
        scheduling.schedule(draft, at=timezone.now() - ago, by="Ana")

    assert state(draft) == ("editing", None, 0, "")


def test_a_page_with_an_error_is_not_scheduled(draft):
    editing.remove(draft, draft.blocks.get(kind="button").key, by="Ana")

    with pytest.raises(InvalidPublication, match=r"The page has no button\."):
        schedule(draft)

    assert state(draft) == ("editing", None, 0, "")


def test_a_page_that_will_have_expired_by_then_is_not_scheduled(draft):
    editing.change_page(draft, {"expires_at": timezone.now() + timedelta(hours=1)}, by="Ana")

    with pytest.raises(InvalidPublication, match="The expiration is in the past"):
        schedule(draft)

    assert publishing.checks(draft) == []


def test_what_the_operator_did_not_see_is_not_scheduled(draft):
    hers = LandingPage.objects.get(pk=draft.pk)
    editing.add(draft, "text", by="Ana")

    with pytest.raises(EditConflict):
        scheduling.schedule(hers, at=soon(), by="Ben")

    assert state(draft) == ("editing", None, 0, "")


def test_what_is_online_already_is_not_scheduled(online):
    with pytest.raises(InvalidPublication, match="Nothing has changed"):
        schedule(online)

    assert state(online) == ("online", 1, 1, "")


def test_a_publication_that_is_taken_back_does_not_happen(draft):
    schedule(draft)
    come(draft)
    scheduling.unschedule(draft)

    assert scheduling.publish_due() == 0
    assert state(draft) == ("editing", None, 0, "")
    with pytest.raises(InvalidPublication, match="No publication is waiting"):
        scheduling.unschedule(draft)


@pytest.mark.parametrize("verb", ["publish", "unpublish"])
def test_publishing_now_and_unpublishing_take_back_what_waits(online, verb):
    editing.add(online, "text", by="Ana")
    schedule(online)
    online.refresh_from_db()

    getattr(publishing, verb)(online, by="Ben")
    come(online)

    assert scheduling.publish_due() == 0
    assert state(online) == (("online", 2, 2, "") if verb == "publish" else ("closed", 1, 1, ""))


def test_a_check_that_fails_at_the_moment_leaves_the_former_version_online_and_says_why(online):
    editing.change_page(online, {"slug": "taken", "label": "Newer"}, by="Ana")
    schedule(online)
    other = PublishedPageFactory(slug="free")
    taken = PublishedVersion.objects.create(
        page=other, number=2, content=other.version.content | {"slug": "taken"}, published_at=timezone.now()
    )
    LandingPage.objects.filter(pk=other.pk).update(version=taken)
    come(online)

    assert scheduling.publish_due() == 1

    why = "The page cannot be published: Another page is online at the address taken."
    assert state(online) == ("online", 1, 1, why)
    assert scheduling.publish_due() == 0  # it waits for a person now


def test_a_database_that_refuses_leaves_the_former_version_online_and_says_so(online):
    editing.add(online, "text", by="Ana")
    schedule(online)
    come(online)
    break_publishing()

    assert scheduling.publish_due() == 1

    assert state(online) == (
        "online",
        1,
        1,
        "An unexpected error stopped it; the log of the worker has the details.",
    )


def test_one_page_that_fails_holds_up_no_other(online, draft):
    editing.add(online, "text", by="Ana")
    schedule(online)
    editing.remove(online, online.blocks.get(kind="button").key, by="Ana")
    ScheduledPublication.objects.update(content=publishing.snapshot(online))
    schedule(draft)
    for page in (online, draft):
        come(page)

    assert scheduling.publish_due() == 2

    assert state(online)[:3] == ("online", 1, 1)
    assert "The page has no button" in state(online)[3]
    assert state(draft) == ("online", 1, 1, "")


def test_a_database_that_is_away_leaves_it_due(draft, monkeypatch):
    schedule(draft)
    come(draft)

    def away(*args, **kwargs):
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as broken:
        broken.setattr(publishing, "put_online", away)
        with pytest.raises(OperationalError):
            scheduling.publish_due()

    assert state(draft) == ("editing", None, 0, "waits")
    assert scheduling.publish_due() == 1
    assert state(draft) == ("online", 1, 1, "")


def test_a_worker_that_dies_in_the_middle_leaves_it_due(draft):
    schedule(draft)
    come(draft)
    waiting = ScheduledPublication.objects.get()

    def die():
        with transaction.atomic():
            scheduling._publish(waiting.pk, draft.pk)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()

    assert state(draft) == ("editing", None, 0, "waits")
    assert scheduling.publish_due() == 1
    assert state(draft) == ("online", 1, 1, "")


def test_a_publication_that_failed_is_tried_again_by_hand(online):
    editing.add(online, "text", by="Ana")
    schedule(online)
    come(online)
    ScheduledPublication.objects.update(failed_at=timezone.now(), reason="x")

    scheduling.retry(online)

    assert state(online) == ("online", 2, 2, "")
    with pytest.raises(InvalidPublication, match="No publication of this page has failed"):
        scheduling.retry(online)


def test_trying_again_what_is_still_wrong_says_why(online):
    broken = publishing.snapshot(online) | {"blocks": []}
    schedule_of = {"content": broken, "due_at": timezone.now(), "scheduled_at": timezone.now(), "scheduled_by": "Ana"}
    ScheduledPublication.objects.create(page=online, failed_at=timezone.now(), reason="x", **schedule_of)

    with pytest.raises(InvalidPublication, match="The page has no button"):
        scheduling.retry(online)

    assert state(online)[:3] == ("online", 1, 1)


def test_a_template_and_an_archived_page_are_neither_published_nor_scheduled(online):
    template = LandingPageFactory()
    LandingPage.objects.filter(pk=template.pk).update(is_template=True)
    publishing.unpublish(online, by="Ana")
    LandingPage.objects.filter(pk=online.pk).update(archived_at=timezone.now(), archived_by="Ana")

    for page, why in ((template, "A template is never published"), (online, "The page is archived")):
        page.refresh_from_db()
        for verb in (lambda page=page: publishing.publish(page, by="Ana"), lambda page=page: schedule(page)):
            with pytest.raises(InvalidPublication, match=why):
                verb()

    assert PublishedVersion.objects.count() == 1
    assert not ScheduledPublication.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_publish_once():
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("SQLite in memory does not wait for a lock: give the test database a file, or use PostgreSQL")
    pages = [LandingPageFactory() for _ in range(3)]
    for page in pages:
        schedule(page)
        come(page)
    done = []

    assert at_once(*[lambda: done.append(scheduling.publish_due())] * 4) == []

    assert sum(done) == 3
    assert [state(page) for page in pages] == [("online", 1, 1, "")] * 3


def test_a_broken_publication_by_hand_leaves_what_waits(online):
    editing.add(online, "text", by="Ana")
    schedule(online)
    break_publishing()

    with pytest.raises(DatabaseError, match="full"), transaction.atomic():
        publishing.publish(LandingPage.objects.get(pk=online.pk), by="Ben")

    assert state(online) == ("online", 1, 1, "waits")
