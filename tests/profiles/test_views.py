import html
import re
from datetime import date, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from profiles import births, consent, subscriptions
from profiles.consent import Evidence
from profiles.links import Purpose, read_token
from profiles.models import ConsentEvent, CustomField, Profile, Source, Subscription
from tests.factories import ProfileFactory, ServiceFactory
from tests.profiles.test_forms import posted

pytestmark = pytest.mark.django_db


def general(profile):
    return reverse("admin:profiles_profile_change", args=[profile.pk])


def text(response):
    """What a person reads on the page."""
    main = re.sub(r"(?s)^.*<main[^>]*>|</main>.*$", "", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"(?s)<[^>]+>", " ", main)))


def open_fields(response):
    """Names of the fields that can be filled in."""
    return re.findall(r'<(?:input|select) (?![^>]*(?:type="hidden"| disabled))[^>]*name="([\w.]+)"', response.content.decode())


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def events():
    return list(ConsentEvent.objects.order_by("pk").values_list("profile_id", "scope", "after", "source", "by"))


@pytest.fixture
def login(client, django_user_model):
    """A browser of an operator with these rights on profiles' models and no other."""

    def browser(*codenames):
        user = django_user_model.objects.create_user("paul", password="paul", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return browser


# The General tab


def test_general_tab_has_its_sections_in_order(backoffice):
    CustomField.objects.create(key="size", label="Shoe size", type="number")

    response = backoffice.get(general(ProfileFactory()))

    assert open_fields(response) == [
        "first_name",
        "last_name",
        "gender",
        "middle_name",
        "title",
        "birth_date",
        "preferred_language",
        "time_zone",
        "external_id",
        "email",
        "email_format",
        "mobile",
        "phone",
        "fax",
        "opted_out_all",
        "opted_out_email",
        "opted_out_sms",
        "opted_out_push",
        "opted_out_direct_mail",
        "address_specified",
        "street",
        "street_2",
        "postal_code",
        "city",
        "state",
        "country",
        "custom.size",
        "ccpa_opt_out",
    ]
    assert re.findall(r'<h2 id="\w+">([^<]+)</h2>', response.content.decode()) == [
        "Identity",
        "Channels",
        "No longer contact (on blocklist)",
        "Address",
        "Custom fields",
        "Privacy",
        "Traceability",
    ]


def test_summary_names_address_mobile_age_and_ticked_boxes(backoffice):
    born = timezone.localdate().replace(month=1, day=1) - timedelta(days=365 * 40)
    profile = ProfileFactory(email="marie@example.org", mobile="+33639980101", birth_date=born, opted_out=["email"])

    page = text(backoffice.get(general(profile)))

    assert f"{profile} marie@example.org · +33639980101 · 40 years No longer contact by email" in page
    assert "May be contacted by every channel" not in page


def test_every_field_of_the_tab_is_written(backoffice):
    CustomField.objects.create(key="colour", label="Colour", type="choice", options=["Red", "Blue"])
    CustomField.objects.create(key="member", label="Member", type="yes_no")
    profile = ProfileFactory(custom={"colour": "Red", "other": "kept"})
    typed = {
        "gender": "female", "middle_name": "Anne", "title": "Dr", "birth_date": "1984-02-29", "time_zone": "Europe/Paris",
        "external_id": "C-17", "email_format": "text", "phone": "01 23 45 67 89", "fax": "01 23", "address_specified": "on",
        "street": "1 rue Neuve", "street_2": "Bât. B", "postal_code": "75001", "city": "Paris", "state": "Île-de-France",
        "country": "FR", "ccpa_opt_out": "on", "custom.colour": "", "custom.member": "yes",
    }  # fmt: skip

    response = backoffice.post(general(profile), posted(profile, **typed))

    assert told(response) == [
        (
            "Saved. Gender: – → Female · Middle name: – → Anne · Title: – → Dr · Date of birth: – → Feb. 29, 1984 · "
            "Time zone: – → Europe/Paris · External ID: – → C-17 · Email format: – → Text · Phone: – → 01 23 45 67 89 · "
            "Fax: – → 01 23 · Address specified: no → yes · Street: – → 1 rue Neuve · Address, line 2: – → Bât. B · "
            "Postal code: – → 75001 · City: – → Paris · State or province: – → Île-de-France · CCPA opt-out: no → yes · "
            "Colour: Red → – · Member: – → yes"
        )
    ]
    profile.refresh_from_db()
    wanted = {name: value for name, value in typed.items() if "custom" not in name}
    wanted |= {"birth_date": date(1984, 2, 29), "address_specified": True, "ccpa_opt_out": True}
    assert {name: getattr(profile, name) for name in wanted} == wanted
    assert profile.custom == {"other": "kept", "member": True}
    page = backoffice.get(reverse("admin:profiles_profile_history", args=[profile.pk]))
    assert "CCPA opt-out, Colour" in text(page)
    assert "Blue" not in LogEntry.objects.get().change_message


def test_saving_writes_fields_and_boxes_and_says_exactly_what_changed(backoffice, operator):
    profile = ProfileFactory(first_name="Marie", city="", email="marie@example.org", opted_out=["email"])
    before = ConsentEvent.objects.count()
    data = posted(profile, city="Paris", email="Marie.D@Example.org", opted_out_email=None, opted_out_sms="on")

    response = backoffice.post(general(profile), data)

    assert (response.status_code, response["Location"]) == (302, general(profile))
    assert told(response) == [
        (
            "Saved. Email: marie@example.org → marie.d@example.org · City: – → Paris · "
            "No longer contact by email: no → recorded · No longer contact by SMS: yes → recorded"
        )
    ]
    profile.refresh_from_db()
    assert (profile.first_name, profile.city, profile.email, profile.modified_by) == (
        "Marie",
        "Paris",
        "marie.d@example.org",
        "Ana Lopes",
    )
    assert profile.choices == {"all": False, "email": False, "sms": True, "push": False, "direct_mail": False}
    assert events()[before:] == [
        (profile.pk, "email", False, "operator", "Ana Lopes"),
        (profile.pk, "sms", True, "operator", "Ana Lopes"),
    ]


def test_saving_a_name_keeps_it_searchable(backoffice):
    profile = ProfileFactory(first_name="Marie")

    backoffice.post(general(profile), posted(profile, first_name="Éléonore"))

    assert list(Profile.objects.matching("eleo")) == [profile]


def test_saving_an_untouched_form_writes_nothing(backoffice):
    profile = ProfileFactory(opted_out=["email"])
    before = (Profile.objects.values().get(), events(), LogEntry.objects.count())

    response = backoffice.post(general(profile), posted(profile))

    assert told(response) == ["Nothing was changed."]
    assert (Profile.objects.values().get(), events(), LogEntry.objects.count()) == before


def test_boxes_alone_can_be_saved(backoffice):
    profile = ProfileFactory()

    backoffice.post(general(profile), posted(profile, opted_out_all="on"))

    profile.refresh_from_db()
    assert profile.choices == {"all": True, "email": False, "sms": False, "push": False, "direct_mail": False}


def test_error_is_shown_and_nothing_is_written(backoffice):
    profile = ProfileFactory()
    before = Profile.objects.values().get()

    response = backoffice.post(general(profile), posted(profile, email="marie", opted_out_email="on", city="Paris"))

    assert response.status_code == 200
    assert "Enter an email address such as marie@example.org." in text(response)
    assert 'value="Paris"' in response.content.decode()
    assert (Profile.objects.values().get(), events()) == (before, [])


def test_history_of_the_profile_names_the_changed_fields_but_not_their_values(backoffice):
    profile = ProfileFactory(city="")
    backoffice.post(general(profile), posted(profile, city="Paris", opted_out_sms="on"))

    response = backoffice.get(reverse("admin:profiles_profile_history", args=[profile.pk]))

    assert response.status_code == 200
    assert "Changed city and No longer contact by SMS." in text(response)
    assert "Paris" not in LogEntry.objects.get().change_message


# Two at once


def test_second_saver_is_told_and_loses_nothing_and_nothing_is_written(backoffice):
    profile = ProfileFactory(first_name="Marie", city="Paris", street="", email="marie@example.org")
    first = posted(profile, city="Lyon")
    second = posted(profile, first_name="Maria", street="1 rue Neuve", opted_out_sms="on")

    backoffice.post(general(profile), first)
    before = (Profile.objects.values().get(), events())
    response = backoffice.post(general(profile), second)

    assert response.status_code == 409
    page = response.content.decode()
    assert "Not saved: this profile was changed by Ana Lopes" in text(response)
    assert "City: Paris → Lyon" in text(response)
    assert [value in page for value in ('value="Maria"', 'value="1 rue Neuve"', 'value="Lyon"')] == [True, True, True]
    assert (Profile.objects.values().get(), events()) == before


def test_form_of_the_second_saver_can_be_saved_again_as_it_stands(backoffice):
    profile = ProfileFactory(first_name="Marie", city="Paris")
    stale = posted(profile, first_name="Maria", opted_out_sms="on")
    backoffice.post(general(profile), posted(profile, city="Lyon"))

    shown = backoffice.post(general(profile), stale).context["form"]
    again = {name: value for name, value in shown.data.items() if value is not False}
    response = backoffice.post(general(profile), again)

    assert told(response)[-1] == "Saved. First name: Marie → Maria · No longer contact by SMS: yes → recorded"
    profile.refresh_from_db()
    assert (profile.first_name, profile.city, profile.opted_out_sms) == ("Maria", "Lyon", True)


def test_operator_does_not_undo_what_the_person_chose_meanwhile(backoffice):
    profile = ProfileFactory(city="Paris")
    stale = posted(profile, city="Lyon")
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)

    response = backoffice.post(general(profile), stale)
    shown = response.context["form"]
    again = {name: value for name, value in shown.data.items() if value is not False}

    assert response.status_code == 409
    assert "this profile was changed by the person herself" in text(response)
    assert "No longer contact by email: no → yes" in text(response)
    backoffice.post(general(profile), again)
    profile.refresh_from_db()
    assert (profile.city, profile.opted_out_email) == ("Lyon", True)
    assert events() == [(profile.pk, "email", True, "one_click", "")]


def test_two_operators_who_change_different_custom_fields_lose_nothing(backoffice):
    for key in ("size", "weight"):
        CustomField.objects.create(key=key, label=key.title(), type="number")
    profile = ProfileFactory(custom={"size": 38, "weight": 60})
    stale = posted(profile, **{"custom.weight": "61,5"})
    backoffice.post(general(profile), posted(profile, **{"custom.size": "39"}))

    response = backoffice.post(general(profile), stale)
    shown = response.context["form"]
    again = {name: value for name, value in shown.data.items() if value is not False}

    assert response.status_code == 409
    assert "Size: 38 → 39" in text(response)
    assert told(backoffice.post(general(profile), again))[-1] == "Saved. Weight: 60 → 61.5"
    profile.refresh_from_db()
    assert profile.custom == {"size": 39, "weight": 61.5}


@pytest.mark.parametrize("revision", [None, "", "7", "-1", "99999999999999999999"])
def test_another_revision_saves_nothing(backoffice, revision):
    profile = ProfileFactory(city="Paris")
    before = Profile.objects.values().get()

    response = backoffice.post(general(profile), posted(profile, city="Lyon", opted_out_email="on", revision=revision))

    assert response.status_code == 409
    assert (Profile.objects.values().get(), events()) == (before, [])


def test_columns_that_are_not_on_the_form_cannot_be_posted(backoffice):
    profile = ProfileFactory(city="Paris")
    public_id = profile.public_id
    data = posted(profile, city="Lyon", public_id="6d2a7c9e-0f5b-4f6e-9c64-2d9f3a1b7c55", created_by="Eve", modified_by="Eve")

    backoffice.post(general(profile), data)

    profile.refresh_from_db()
    assert (profile.city, profile.public_id, profile.created_by, profile.modified_by) == ("Lyon", public_id, "", "Ana Lopes")


# Since when and by whom


def test_ticked_box_says_since_when_by_whom_and_links_to_the_record(backoffice, operator):
    profile = ProfileFactory()
    consent.opt_out(profile, "sms", source=Source.OPERATOR, by=operator)
    evidence = Evidence(delivery_id=7, delivery_label="Spring news")
    consent.opt_out(profile, "email", source=Source.UNSUBSCRIBE_PAGE, evidence=evidence)
    event = ConsentEvent.objects.get(scope="email")

    response = backoffice.get(general(profile))

    assert re.findall(r"Ticked today \d\d:\d\d ([^—]+?) —", text(response)) == [
        "by the person herself · unsubscription page · delivery “Spring news”",
        "by Ana Lopes · operator",
    ]
    link = f"{reverse('profiles:consent_history', args=[profile.pk])}?event={event.pk}#event-{event.pk}"
    assert link in response.content.decode()


def test_import_without_a_name_is_not_taken_for_the_person(backoffice):
    profile = ProfileFactory()
    consent.opt_out(profile, "email", source=Source.IMPORT)

    page = text(backoffice.get(general(profile)))

    assert "herself" not in page
    assert re.findall(r"Ticked today \d\d:\d\d · import —", page) != []


def test_summary_names_the_ticked_boxes(backoffice):
    profile = ProfileFactory(first_name="Marie", last_name="Dupont", opted_out=["email", "all"])

    page = backoffice.get(general(profile)).content.decode()

    assert re.findall(r'<span class="badge" data-status="opted_out">([^<]+)</span>', page) == [
        "No longer contact (by any channel)",
        "No longer contact by email",
    ]


def test_twins_are_told_with_a_way_to_quarantine_the_address(backoffice):
    profile = ProfileFactory(email="marie@example.org", mobile="")
    ProfileFactory(email="marie@example.org", mobile="")
    ProfileFactory(email="marie@example.org", mobile="", opted_out=["all"])

    response = backoffice.get(general(profile))

    assert "1 other profile has this email address and may still be contacted." in text(response)
    quarantine = reverse("admin:quarantine_quarantinedaddress_add") + "?channel=email&amp;address=marie%40example.org"
    assert quarantine in response.content.decode()


def test_twins_that_are_opted_out_too_need_no_quarantine(backoffice):
    profile = ProfileFactory(email="marie@example.org")
    ProfileFactory(email="marie@example.org", opted_out=["email"])

    response = backoffice.get(general(profile))

    assert "1 other profile has this email address and is not contacted by email either." in text(response)
    assert "Quarantine the address" not in text(response)


def test_empty_addresses_are_nobodys_twin(backoffice):
    profile = ProfileFactory(email="", mobile="")
    ProfileFactory(email="", mobile="")

    assert "other profile" not in text(backoffice.get(general(profile)))


# Adding


def test_adding_writes_profile_boxes_and_ledger(backoffice):
    data = {"first_name": "Marie", "email": "Marie@Example.org", "opted_out_email": "on", "opted_out_all": "on"}

    response = backoffice.post(reverse("admin:profiles_profile_add"), data)

    profile = Profile.objects.get()
    assert response["Location"] == general(profile)
    assert (profile.email, profile.created_by, profile.modified_by) == ("marie@example.org", "Ana Lopes", "Ana Lopes")
    assert profile.ticked == ["No longer contact (by any channel)", "No longer contact by email"]
    assert events() == [
        (profile.pk, "all", True, "operator", "Ana Lopes"),
        (profile.pk, "email", True, "operator", "Ana Lopes"),
    ]
    assert list(LogEntry.objects.values_list("object_id", "action_flag")) == [(str(profile.pk), 1)]


def test_adding_writes_custom_fields(backoffice):
    CustomField.objects.create(key="size", label="Shoe size", type="number")

    backoffice.post(reverse("admin:profiles_profile_add"), {"first_name": "Marie", "custom.size": "0", "custom.secret": "x"})

    assert Profile.objects.get().custom == {"size": 0}


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("birth_date", "2999-01-01", "This day is in the future."),
        ("birth_date", "1066-10-14", "Look at the year: nobody that old reads mail."),
        ("birth_date", "yesterday", "Enter a valid date."),
        ("time_zone", "Europe/Nowhere", "Select a valid choice."),
        ("title", "x" * 21, "at most 20 characters"),
        ("custom.size", "large", "Write a number, such as 12 or 3.5."),
    ],
)
def test_wrong_value_is_told_at_its_field_and_nothing_is_written(backoffice, field, typed, error):
    CustomField.objects.create(key="size", label="Shoe size", type="number")
    profile = ProfileFactory()
    before = Profile.objects.values().get()

    response = backoffice.post(general(profile), posted(profile, **{field: typed, "city": "Paris"}))

    assert error in text(response)
    assert list(response.context["form"].errors) == [field]
    assert Profile.objects.values().get() == before


def test_add_another_opens_an_empty_form(backoffice):
    response = backoffice.post(reverse("admin:profiles_profile_add"), {"first_name": "Marie", "_addanother": ""})

    assert response["Location"] == reverse("admin:profiles_profile_add")


def test_adding_with_an_error_writes_nothing(backoffice):
    response = backoffice.post(
        reverse("admin:profiles_profile_add"), {"first_name": "Marie", "email": "x", "opted_out_all": "on"}
    )

    assert "Enter an email address" in text(response)
    assert (Profile.objects.count(), events()) == (0, [])


# Permissions


def test_operator_who_may_only_look_cannot_tick(login):
    profile = ProfileFactory()
    browser = login("view_profile")
    before = Profile.objects.values().get()

    page = browser.get(general(profile))
    response = browser.post(general(profile), posted(profile, opted_out_email="on", city="Lyon"))

    assert (page.status_code, response.status_code) == (200, 403)
    assert "You may look at profiles, not change them" in text(page)
    assert open_fields(page) == []
    assert (Profile.objects.values().get(), events()) == (before, [])


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("profiles:subscribe", "add_subscription"),
        ("profiles:unsubscribe", "delete_subscription"),
        ("profiles:personal_link", "change_profile"),
        ("profiles:consent_history", "view_consentevent"),
        ("profiles:consent_record", "view_consentevent"),
        ("profiles:subscriptions", "view_subscription"),
    ],
)
def test_page_needs_its_right(login, name, right):
    profile, service = ProfileFactory(), ServiceFactory()
    subscriptions.subscribe(profile, ServiceFactory(), source=Source.OPERATOR)
    others = {
        "view_profile",
        "add_subscription",
        "delete_subscription",
        "change_profile",
        "view_consentevent",
        "view_subscription",
    }
    browser = login(*(others - {right}))

    response = browser.post(reverse(name, args=[profile.pk]), {"service": service.pk})

    assert response.status_code == 403
    assert (Subscription.objects.count(), LogEntry.objects.count()) == (1, 0)


def test_profiles_cannot_be_deleted(backoffice):
    profile = ProfileFactory()

    response = backoffice.post(reverse("admin:profiles_profile_delete", args=[profile.pk]), {"post": "yes"})

    assert response.status_code == 403
    assert Profile.objects.count() == 1


@pytest.mark.parametrize("object_id", ["0", "99999999999999999999", "x", "-1", "1_2F2"])
def test_profile_that_does_not_exist_is_not_found(backoffice, object_id):
    assert backoffice.get(f"/admin/profiles/profile/{object_id}/change/").status_code == 404


# Personal link


def test_personal_link_is_shown_and_recorded(backoffice, settings):
    profile = ProfileFactory()
    settings.PUBLIC_URL = "https://news.example.org"

    response = backoffice.post(reverse("profiles:personal_link", args=[profile.pk]))

    shown = re.search(r'value="(https://news\.example\.org/u/([\w-]{74}))"', response.content.decode())
    assert shown is not None
    assert read_token(shown[2], Purpose.PERSONAL).public_id == profile.public_id
    assert "no-store" in response["Cache-Control"]
    assert list(LogEntry.objects.values_list("object_id", "change_message")) == [(str(profile.pk), "Copied the personal link")]
    assert "Copied the personal link" in text(backoffice.get(reverse("admin:profiles_profile_history", args=[profile.pk])))


# GET changes nothing


def test_get_changes_nothing(backoffice):
    profile = ProfileFactory(opted_out=["email"])
    subscriptions.subscribe(profile, ServiceFactory(), source=Source.OPERATOR)
    before = (Profile.objects.values().get(), events(), Subscription.objects.count(), LogEntry.objects.count())
    names = [
        "consent_history",
        "consent_record",
        "marketing_history",
        "subscriptions",
        "subscribe",
        "unsubscribe",
        "personal_link",
    ]
    urls = [general(profile), reverse("admin:profiles_profile_add"), reverse("profiles:opt_out") + f"?ids={profile.pk}"]
    urls += [reverse(f"profiles:{name}", args=[profile.pk]) for name in names]

    answers = [backoffice.get(url).status_code for url in urls] + [backoffice.head(url).status_code for url in urls]

    assert answers == [200, 200, 200, 200, 200, 200, 200, 405, 405, 200] * 2
    assert (Profile.objects.values().get(), events(), Subscription.objects.count(), LogEntry.objects.count()) == before


# Consent history


def test_consent_history_tells_every_choice_newest_first(backoffice, operator):
    profile, service = ProfileFactory(), ServiceFactory(label="Thursday letter")
    evidence = Evidence(page_label="Vos préférences", wording="I want no emails.", detail="version 4")
    consent.opt_out(profile, "email", source=Source.LANDING_PAGE, evidence=evidence)
    consent.apply_choices(profile, {"email": False}, source=Source.OPERATOR, by=operator)
    subscriptions.subscribe(profile, service, source=Source.IMPORT)
    subscriptions.unsubscribe(profile, service, source=Source.ONE_CLICK)
    consent.opt_out(ProfileFactory(), "sms", source=Source.OPERATOR, by=operator)

    response = backoffice.get(reverse("profiles:consent_history", args=[profile.pk]))

    rows = [
        (row["event"].choice_label, row["change"], row["event"].get_source_display(), row["who"], row["where"])
        for row in response.context["rows"]
    ]
    assert rows == [
        ("Thursday letter", "unsubscribed", "one-click unsubscription", "the person herself", ""),
        ("Thursday letter", "subscribed", "import", "", ""),
        ("No longer contact by email", "cleared: may be contacted again", "operator", "Ana Lopes", ""),
        (
            "No longer contact by email",
            "ticked: no longer contact",
            "landing page",
            "the person herself",
            "page “Vos préférences” · version 4",
        ),
    ]
    assert "I want no emails." in text(response)


def test_consent_history_without_events_says_so(backoffice):
    response = backoffice.get(reverse("profiles:consent_history", args=[ProfileFactory().pk]))

    assert "No choice is recorded yet" in text(response)


def test_consent_history_opens_the_page_of_an_event(backoffice):
    profile = ProfileFactory()
    for number in range(51):
        consent.apply_choices(profile, {"email": number % 2 == 0}, source=Source.OPERATOR)
    oldest = ConsentEvent.objects.earliest("pk")
    url = reverse("profiles:consent_history", args=[profile.pk])

    first, second, found = (backoffice.get(url + query) for query in ("", "?page=2", f"?event={oldest.pk}"))

    assert [len(page.context["rows"]) for page in (first, second, found)] == [50, 1, 1]
    assert f'id="event-{oldest.pk}"' in found.content.decode()


@pytest.mark.parametrize("query", ["?page=x", "?page=99", "?page=-1", "?event=x", "?event=99999999999999999999"])
def test_consent_history_survives_any_address(backoffice, query):
    profile = ProfileFactory(opted_out=["email"])

    assert backoffice.get(reverse("profiles:consent_history", args=[profile.pk]) + query).status_code == 200


@pytest.mark.parametrize("name", ["consent_history", "subscriptions"])
def test_log_pages_have_the_same_number_of_queries_for_1_and_3_rows(backoffice, django_assert_max_num_queries, name):
    counts = []
    ServiceFactory()  # that nobody is subscribed to
    for services in (1, 3):
        profile = ProfileFactory()
        for service in ServiceFactory.create_batch(services):
            subscriptions.subscribe(profile, service, source=Source.OPERATOR)
        with django_assert_max_num_queries(20) as captured:
            backoffice.get(reverse(f"profiles:{name}", args=[profile.pk]))
        counts.append(len(captured))

    assert counts[0] == counts[1]


# Subscriptions


def test_operator_subscribes_and_unsubscribes(backoffice):
    profile, service = ProfileFactory(first_name="Marie", last_name="Dupont"), ServiceFactory(label="Offers")
    urls = [reverse(f"profiles:{name}", args=[profile.pk]) for name in ("subscribe", "subscribe", "unsubscribe", "unsubscribe")]

    answers = [told(backoffice.post(url, {"service": service.pk}))[-1] for url in urls]

    assert answers == [
        "Marie Dupont is now subscribed to Offers.",
        "Marie Dupont was subscribed to Offers already: nothing changed.",
        "Marie Dupont is no longer subscribed to Offers.",
        "Marie Dupont was not subscribed to Offers: nothing changed.",
    ]
    assert events() == [
        (profile.pk, "service", False, "operator", "Ana Lopes"),
        (profile.pk, "service", True, "operator", "Ana Lopes"),
    ]


@pytest.mark.parametrize(("service", "status"), [("", 400), ("x", 400), ("0", 404), ("99999999999999999999", 404)])
def test_service_that_does_not_exist_is_refused(backoffice, service, status):
    profile = ProfileFactory()

    response = backoffice.post(reverse("profiles:subscribe", args=[profile.pk]), {"service": service})

    assert response.status_code == status
    assert (Subscription.objects.count(), events()) == (0, [])


def test_subscriptions_page_says_that_an_opt_out_comes_first(backoffice):
    free, refused = ProfileFactory(), ProfileFactory(opted_out=["email"])

    pages = [text(backoffice.get(reverse("profiles:subscriptions", args=[profile.pk]))) for profile in (free, refused)]

    assert ["opted out comes first" in page for page in pages] == [False, True]


@pytest.mark.parametrize(("typed", "age"), [("1990-01-01", True), ("1990-13-01", False), ("", False)])
def test_the_age_beneath_a_refused_date_is_that_of_the_date_that_was_typed(backoffice, typed, age):
    profile = ProfileFactory(birth_date="1950-01-01")
    stored, shown = (births.age_in_words(births.age(date(year, 1, 1))) for year in (1950, 1990))

    page = backoffice.post(general(profile), {"email": "no address", "birth_date": typed, "revision": "0"})

    form = page.context["form"]
    assert page.status_code == 422 or form.errors
    assert form["birth_date"].help_text == (shown if age else "")
    assert stored in page.context["facts"]
    assert stored not in form["birth_date"].help_text
