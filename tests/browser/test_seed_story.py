"""The seeds' two pages word for word, in French: an operator, a landing page, a recipient, a blocklist page, a quarantine."""

import re

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from deliveries import lifecycle, preparation
from deliveries.management.commands.worker import Command as Worker
from deliveries.models import Delivery
from landingpages.models import LandingPage
from profiles import audiences
from profiles.models import ConsentEvent, Profile
from tests.factories import ProfileFactory
from tests.smtp import Server, Sink

pytestmark = [pytest.mark.django_db(transaction=True)]

ADDRESS = "marie@example.org"
# The box on the General tab -> how the landing page words it.
CHANNELS = {
    "opted_out_email": "Ne plus m’envoyer d’emails",
    "opted_out_sms": "Ne plus m’envoyer de SMS",
    "opted_out_push": "Ne plus m’envoyer de notifications push",
    "opted_out_direct_mail": "Ne plus m’envoyer de courrier postal",
}


@pytest.fixture
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "fr-FR"}


@pytest.fixture
def smtp(settings, live_server):
    server = Server(Sink())
    server.start()
    settings.EMAIL_URL = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": server.bound_port}
    settings.PUBLIC_URL = live_server.url
    settings.TRANSPORTS = {**settings.TRANSPORTS, "sms": "deliveries.transports.memory.MemorySession"}
    yield server.sink
    server.stop()


@pytest.fixture
def work(monkeypatch):
    """What a worker does until nothing is due; the signals belong to the test process."""
    monkeypatch.setattr("signal.signal", lambda *arguments: None)
    return lambda: Worker().handle(until_idle=True)


@pytest.fixture
def office(page, client, operator, live_server):
    """Ana at work, in French."""
    client.force_login(operator)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    return page


@pytest.fixture
def visitor(browser, browser_context_args):
    """Marie's own browser, which has never been here."""
    context = browser.new_context(**browser_context_args)
    yield context.new_page()
    context.close()


def general_tab(office, profile):
    """The ticked boxes of the General tab, as it words them."""
    office.goto(f"/admin/profiles/profile/{profile.pk}/change/")
    section = office.get_by_role("group", name="Ne plus contacter (liste bloquée)")
    boxes = section.get_by_role("checkbox")
    return [box.evaluate("box => box.labels[0].textContent.trim()") for box in boxes.all() if box.is_checked()]


def tick(office, profile, label):
    office.goto(f"/admin/profiles/profile/{profile.pk}/change/")
    office.get_by_label(label, exact=True).check()
    office.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(office.get_by_text(label).first).to_be_visible()


def new_page(office, template, label):
    """A page from a built-in template, open in the builder."""
    office.goto("/admin/landing-pages/")
    office.get_by_role("link", name="Nouvelle page").first.click()
    office.get_by_role("link", name=template, exact=True).click()
    office.get_by_label("Libellé").fill(label)
    office.get_by_role("button", name="Créer la page").click()
    office.wait_for_url(re.compile(r"/landing-pages/\d+/$"))


def replace_boxes(office):
    """Take the template's boxes away and add one per channel, each bound to its field."""
    saved = office.locator("[data-builder-live]")
    for label in CHANNELS.values():
        office.get_by_role("button", name=f"Supprimer : {label}").click()
        expect(office.get_by_role("button", name=f"Supprimer : {label}")).to_have_count(0)
    for field, label in CHANNELS.items():
        office.get_by_role("button", name="Case à cocher", exact=True).click()
        expect(office.get_by_role("heading", name="Réglages : Case à cocher")).to_be_visible()
        expect(office.get_by_label("Champ", exact=True)).to_have_value("")
        office.get_by_label("Champ", exact=True).select_option(field)
        office.get_by_label("Libellé – Français").fill(label)
        office.get_by_label("Libellé – Anglais").fill(f"Stop: {field}")
        office.get_by_role("button", name="Enregistrer", exact=True).last.click()
        expect(saved).to_contain_text("Enregistré.")
        expect(office.get_by_role("button", name=f"Supprimer : {label}")).to_be_visible()


def make_default(office):
    """Deliveries made from now on link to the page."""
    office.get_by_role("link", name="Propriétés", exact=True).first.click()
    office.get_by_label("par défaut pour les nouvelles diffusions").check()
    office.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(office.get_by_label("par défaut pour les nouvelles diffusions")).to_be_checked()


def publish(office):
    office.get_by_role("link", name="Publier…").click()
    office.get_by_role("button", name="Publier la version 1").click()
    expect(office.get_by_text("En ligne", exact=True)).to_be_visible()


def send_email(office, work, smtp, label):
    """Write, prepare and confirm a delivery as Ana does; who got it, and who did not, and why."""
    smtp.accepted.clear()
    office.goto("/admin/deliveries/new/")
    office.get_by_label("Libellé", exact=True).fill(label)
    office.get_by_label("Objet", exact=True).fill(label)
    office.get_by_role("button", name="Enregistrer", exact=True).last.click()
    html = office.get_by_label("contenu HTML")
    html.fill(html.input_value().replace("</body>", '<a href="{{ blocklist_url }}">Ne plus rien recevoir</a></body>'))
    office.get_by_role("button", name="Enregistrer et préparer").click()
    office.wait_for_url(re.compile(r"/deliveries/\d+/$"))
    work()
    office.reload()
    confirm = re.compile(r"^Confirmer\s: envoyer à \d+ personne")
    office.get_by_role("link", name=confirm).click()
    office.get_by_role("button", name=confirm).click()
    work()
    expect(office.locator(".badge").get_by_text("Terminée")).to_be_visible(timeout=10_000)
    return outcome(label)


def outcome(label):
    """First name -> what a delivery did: "sent", or why the profile was left out."""
    names = dict(Profile.objects.values_list("pk", "first_name"))
    messages = Delivery.objects.get(label=label).preparation.messages.order_by("profile_id")
    return {names[one.profile_id]: one.exclusion or one.status for one in messages}


def send_sms(operator, work, label):
    """A text message to everybody; who got it, and who did not, and why."""
    delivery = Delivery.objects.create(label=label, channel="sms", text="Bonjour", audience=audiences.EVERYBODY)
    preparation.start(delivery, by=operator)
    work()
    delivery.refresh_from_db()
    if delivery.preparation.to_deliver:
        lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=operator)
        work()
    return outcome(label)


def links_of(smtp, address):
    """The links in the mails to an address: slug -> URLs."""
    found = {}
    for accepted in smtp.accepted:
        if accepted.to == address:
            html = accepted.mail.get_body(("html",)).get_content()
            for url, slug in re.findall(r'href="([^"]+/lp/([a-z-]+)/[^"]+)"', html):
                found.setdefault(slug, []).append(url)
    return found


def boxes_of(visitor):
    return {
        box.evaluate("box => box.labels[0].textContent.trim()"): box.is_checked() for box in visitor.get_by_role("checkbox").all()
    }


def test_the_story_of_the_seeds(office, visitor, operator, smtp, work):
    marie = ProfileFactory(first_name="Marie", last_name="Dupont", email=ADDRESS, mobile="+33612345678")
    ProfileFactory(first_name="M.", last_name="Dupont", email=ADDRESS, mobile="+33612345670")
    ProfileFactory(first_name="Paul", last_name="Martin", email="paul@example.org", mobile="+33612345679")

    # « Les utilisateurs peuvent être inscrits ou désinscrits par un opérateur, directement depuis l’onglet Général. »
    tick(office, marie, "Ne plus contacter par SMS")
    assert general_tab(office, marie) == ["Ne plus contacter par SMS"]
    assert send_sms(operator, work, "SMS avant") == {"Marie": "blocklist", "M.": "sent", "Paul": "sent"}

    # « Créez une landing page Acquisition de profils. Ajoutez une case à cocher […] pour chaque canal souhaité, et
    # reliez-la au champ correspondant […]. Enregistrez la landing page et publiez-la. »
    new_page(office, "Acquisition de profils, une case par canal", "Vos préférences")
    replace_boxes(office)
    make_default(office)
    publish(office)
    # « … vous devez créer et publier une landing page Blackliste. »
    new_page(office, "Liste bloquée", "Ne plus rien recevoir")
    make_default(office)
    publish(office)
    made = LandingPage.objects.exclude(type="preferences").order_by("pk")
    assert [page.slug for page in made] == ["vos-preferences", "ne-plus-rien-recevoir"]

    assert send_email(office, work, smtp, "Première lettre") == {"Marie": "sent", "M.": "duplicate", "Paul": "sent"}
    assert smtp.recipients == [ADDRESS, "paul@example.org"]
    links = links_of(smtp, ADDRESS)
    assert sorted(links) == ["ne-plus-rien-recevoir", "vos-preferences"]

    # « … les cases à cocher sont déjà sélectionnées en fonction de l’onglet Général du profil. L’utilisateur peut
    # sélectionner ou désélectionner les canaux en fonction de ses besoins et envoyer le formulaire. »
    visitor.goto(links["vos-preferences"][0])
    expect(visitor.get_by_role("heading", name="Vos préférences")).to_be_visible()
    assert boxes_of(visitor) == {label: label == CHANNELS["opted_out_sms"] for label in CHANNELS.values()}
    visitor.get_by_label(CHANNELS["opted_out_sms"]).uncheck()
    visitor.get_by_label(CHANNELS["opted_out_email"]).check()
    visitor.get_by_role("button", name="Enregistrer").click()
    expect(visitor.get_by_text("Vos choix sont enregistrés.")).to_be_visible()

    # « Une fois le formulaire envoyé, l’onglet Général du profil est mis à jour en fonction de la sélection. »
    assert general_tab(office, marie) == ["Ne plus contacter par email"]
    expect(office.get_by_text("Vos préférences")).to_be_visible()
    marie.refresh_from_db()
    assert (marie.first_name, marie.last_name, marie.email, marie.mobile) == ("Marie", "Dupont", ADDRESS, "+33612345678")
    newest = ConsentEvent.objects.filter(profile=marie, source="landing_page").order_by("scope")
    assert [(event.scope, event.after, event.page_label) for event in newest] == [
        ("email", True, "Vos préférences (version 1)"),
        ("sms", False, "Vos préférences (version 1)"),
    ]
    visitor.goto(links["vos-preferences"][0])
    assert boxes_of(visitor) == {label: label == CHANNELS["opted_out_email"] for label in CHANNELS.values()}

    # « Le blacklistage entraîne la fin du ciblage d’un profil par […] des diffusions d’un canal spécifique. »
    assert send_email(office, work, smtp, "Deuxième lettre") == {"Marie": "blocklist", "M.": "sent", "Paul": "sent"}
    assert send_sms(operator, work, "SMS après") == {"Marie": "sent", "M.": "sent", "Paul": "sent"}

    # « Lorsqu’un utilisateur clique sur le lien de la landing page, l’option Ne plus contacter (tous canaux) du profil
    # est automatiquement sélectionnée » – here by the button of that page, so that no link scanner can do it.
    visitor.goto(links["ne-plus-rien-recevoir"][0])
    assert general_tab(office, marie) == ["Ne plus contacter par email"]
    visitor.get_by_role("button").click()
    expect(visitor.get_by_text("Vous ne recevrez plus rien de notre part, par aucun canal.")).to_be_visible()
    assert general_tab(office, marie) == ["Ne plus contacter (tous canaux)", "Ne plus contacter par email"]

    # « … fin du ciblage d’un profil par n’importe quelle diffusion »; « Si un utilisateur possède deux profils dans la
    # base de données, il sera toujours ciblé par les diffusions, car seul un de ses profils est blacklisté. »
    assert send_email(office, work, smtp, "Troisième lettre") == {"Marie": "blocklist", "M.": "sent", "Paul": "sent"}
    assert smtp.recipients == [ADDRESS, "paul@example.org"]
    assert send_sms(operator, work, "SMS pour finir") == {"Marie": "blocklist", "M.": "sent", "Paul": "sent"}

    # « Pour s’assurer que toutes ses adresses sont exclues, ajoutez-les aux adresses mises en quarantaine. »
    office.goto(f"/admin/profiles/profile/{marie.pk}/change/")
    office.get_by_role("link", name="Mettre l’adresse en quarantaine").click()
    office.get_by_role("button", name="Ajouter l’adresse").click()
    expect(office.get_by_text(ADDRESS).first).to_be_visible()
    assert send_email(office, work, smtp, "Quatrième lettre") == {"Marie": "blocklist", "M.": "quarantine", "Paul": "sent"}
    assert smtp.recipients == ["paul@example.org"]
