"""The main job in a real browser, against a real SMTP server: tick, prepare, send, one click."""

import re
import urllib.request

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from deliveries.management.commands.worker import Command as Worker
from deliveries.models import Delivery
from profiles import consent
from profiles.links import Purpose, make_token
from profiles.models import Profile, Source
from tests.factories import ProfileFactory
from tests.smtp import Server, Sink

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def smtp(settings, live_server):
    server = Server(Sink())
    server.start()
    settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": server.bound_port}
    settings.PUBLIC_URL = live_server.url
    yield server.sink
    server.stop()


@pytest.fixture
def work(monkeypatch):
    """What a worker does until nothing is due; the signals belong to the test process."""
    monkeypatch.setattr("signal.signal", lambda *arguments: None)

    def run():
        Worker().handle(until_idle=True)

    return run


@pytest.fixture
def logged_in(page: Page, operator):
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("ana")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Hello, Ana")).to_be_visible()
    return page


def write_delivery(page, label):
    page.goto("/admin/deliveries/new/")
    page.get_by_label("Label").fill(label)
    page.get_by_label("Subject").fill(f"{label} for you")
    page.get_by_role("button", name="Save and prepare").click()
    expect(page.get_by_text("Preparing…")).to_be_visible()


def result(page):
    """The lines of the result table: label -> volume."""
    rows = page.locator("table.waterfall tbody tr:not(.part)")
    expect(rows.first).to_be_visible()
    return {row.locator("th").inner_text(): int(row.locator("td").first.inner_text()) for row in rows.all()}


def send(page, work, label):
    write_delivery(page, label)
    work()
    volumes = result(page)
    page.get_by_role("link", name=re.compile("^Confirm: send to")).click()
    page.get_by_role("button", name=re.compile("^Confirm: send to")).click()
    work()
    expect(page.locator(".badge").get_by_text("Finished")).to_be_visible(timeout=10_000)
    return volumes


def set_box(page, profile, *, ticked):
    page.goto(f"/admin/profiles/profile/{profile.pk}/change/")
    page.get_by_label("No longer contact by email", exact=True).set_checked(ticked)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("No longer contact by email: (yes|no)"))).to_be_visible()


def everything():
    """Every row of every table but the sessions."""
    return {m._meta.label: list(m.objects.order_by("pk").values()) for m in apps.get_models() if m is not Session}


def test_the_main_job(logged_in, smtp, work, page):
    marie = ProfileFactory(first_name="Marie", last_name="Dupont", email="marie@example.org", preferred_language="en")
    twin = ProfileFactory(first_name="M.", last_name="Dupont", email="marie@example.org")
    ProfileFactory(first_name="Paul", email="paul@example.org")

    set_box(page, marie, ticked=True)
    volumes = send(page, work, "First news")
    assert (volumes["Targeted"], volumes["Address on blocklist"], volumes["To deliver"]) == (3, 1, 2)
    page.get_by_role("link", name=re.compile("^Exclusion log")).click()
    row = page.get_by_role("row", name=re.compile("Marie Dupont"))
    expect(row).to_contain_text("Address on blocklist")
    expect(row).to_contain_text("No longer contact by email")
    expect(row).to_contain_text("Ana Lopes")
    assert smtp.recipients == ["marie@example.org", "paul@example.org"]
    assert [
        m.profile_id for m in Delivery.objects.get().preparation.messages.filter(address="marie@example.org", exclusion="")
    ] == [twin.pk]

    set_box(page, marie, ticked=False)
    consent.opt_out(twin, "email", source=Source.OPERATOR, by="Ana Lopes")
    smtp.accepted.clear()
    volumes = send(page, work, "Second news")
    assert volumes["Address on blocklist"] == 1
    assert smtp.recipients == ["marie@example.org", "paul@example.org"]

    mail = next(one.mail for one in smtp.accepted if one.to == "marie@example.org")
    one_click = re.fullmatch(r"<(.+)>", mail["List-Unsubscribe"]).group(1)
    links = [one_click, *re.findall(r'href="([^"]+)"', mail.get_body(("html",)).get_content())]
    before = everything()
    for url in links:
        for method in ("GET", "HEAD"):
            with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
                assert answer.status == 200
    assert everything() == before

    body = b"List-Unsubscribe=One-Click"
    with urllib.request.urlopen(urllib.request.Request(one_click, data=body, method="POST")) as answer:
        assert answer.status == 200
    assert Profile.objects.get(pk=marie.pk).opted_out_email is True

    smtp.accepted.clear()
    volumes = send(page, work, "Third news")
    assert (volumes["Address on blocklist"], volumes["To deliver"]) == (2, 1)
    assert smtp.recipients == ["paul@example.org"]
    page.get_by_role("link", name=re.compile("^Exclusion log")).click()
    expect(page.get_by_role("row", name=re.compile("Marie Dupont"))).to_contain_text("the person herself")


def test_the_page_of_the_mail_works_without_a_script(browser, live_server, smtp, work, operator):
    profile = ProfileFactory(preferred_language="fr", email="lea@example.org")
    page = browser.new_context(java_script_enabled=False).new_page()

    page.goto(f"{live_server.url}/u/{make_token(Purpose.ONE_CLICK, profile.public_id)}")
    expect(page.get_by_text("l•••a@example.org")).to_be_visible()
    page.get_by_role("button").click()

    assert Profile.objects.get().opted_out_email is True
