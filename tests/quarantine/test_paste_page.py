"""The page "Paste a list"."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages

from profiles import pasting
from profiles.models import ConsentEvent, Profile
from quarantine.models import QuarantinedAddress, Status
from tests.factories import ProfileFactory, QuarantinedAddressFactory

pytestmark = pytest.mark.django_db

PASTE = "/admin/quarantine/paste/"
LIST = "new@example.org, Ines@Example.org\nnobody\n\nines@example.org"


def look(browser, **values):
    return browser.post(PASTE, {"channel": "email", "act": "quarantine", "note": "old tool", "text": LIST} | values)


def confirm(browser, **values):
    return look(browser, confirmed=look(browser, **values).context["confirmed"], **values)


def stored():
    return list(QuarantinedAddress.objects.order_by("address").values_list("channel", "address", "status"))


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_first_step_shows_numbers_and_bad_lines_and_keeps_the_text(backoffice):
    QuarantinedAddressFactory(address="ines@example.org")

    response = look(backoffice)

    assert [number for _label, number in response.context["figures"]] == [2, 1, 1]
    assert [(bad.line, bad.text) for bad in response.context["bad_lines"]] == [(2, "nobody")]
    page = response.content.decode()
    assert "Enter an email address such as marie@example.org." in page
    assert "Quarantine 1 address" in page
    assert "new@example.org, Ines@Example.org\nnobody" in page
    assert stored() == [("email", "ines@example.org", "quarantine")]


def test_second_step_quarantines(backoffice):
    response = confirm(backoffice)

    assert response["Location"] == PASTE
    assert told(response) == ["2 addresses were quarantined. 1 entry was no address and was left out."]
    assert stored() == [("email", "ines@example.org", "quarantine"), ("email", "new@example.org", "quarantine")]
    assert set(QuarantinedAddress.objects.values_list("error_text", "modified_by")) == {("old tool", "Ana Lopes")}


def test_opting_out_shows_and_then_changes_the_profiles_with_the_address(backoffice):
    ines, twin, other = ProfileFactory(email="ines@example.org"), ProfileFactory(email="ines@example.org"), ProfileFactory()
    ProfileFactory(email="new@example.org", opted_out=["email"])

    figures = look(backoffice, act="opt_out").context["figures"]

    assert [number for _label, number in figures] == [2, 3, 1, 2]
    assert set(Profile.objects.filter(opted_out_email=True).values_list("email", flat=True)) == {"new@example.org"}

    response = confirm(backoffice, act="opt_out")

    assert told(response) == ["2 profiles were opted out. 1 entry was no address and was left out."]
    assert [Profile.objects.get(pk=p.pk).opted_out_email for p in (ines, twin, other)] == [True, True, False]
    event = ConsentEvent.objects.get(profile=ines)
    assert (event.scope, event.after, event.by, event.detail) == ("email", True, "Ana Lopes", "old tool")
    assert stored() == []


def test_mobile_numbers_are_quarantined_on_their_channel(backoffice):
    confirm(backoffice, channel="sms", text="+33 6 12 34 56 78")

    assert stored() == [("sms", "+33612345678", "quarantine")]


@pytest.mark.parametrize(
    "values",
    [{"text": LIST + "\nlast@example.org"}, {"text": LIST.replace("new", "other")}, {"act": "opt_out"}, {"note": "else"}],
)
def test_other_list_than_the_one_shown_is_shown_again(backoffice, values):
    ProfileFactory(email="ines@example.org")
    ProfileFactory(email="new@example.org")
    confirmed = look(backoffice).context["confirmed"]

    response = look(backoffice, confirmed=confirmed, **values)

    assert response.status_code == 200
    assert response.context["moved"] is True
    assert stored() == []
    assert Profile.objects.filter(opted_out_email=True).count() == 0


def test_numbers_that_changed_meanwhile_are_shown_again(backoffice):
    confirmed = look(backoffice).context["confirmed"]
    QuarantinedAddressFactory(address="new@example.org")

    response = look(backoffice, confirmed=confirmed)

    assert response.context["moved"] is True
    assert stored() == [("email", "new@example.org", "quarantine")]


def test_list_that_would_change_nothing_cannot_be_confirmed(backoffice):
    QuarantinedAddressFactory(address="ines@example.org")
    QuarantinedAddressFactory(address="new@example.org", status=Status.BLOCKLIST)

    page = look(backoffice).content.decode()

    assert "Nothing would change." in page
    assert 'name="confirmed"' not in page


@pytest.mark.parametrize(
    ("values", "field"),
    [({"text": ""}, "text"), ({"channel": "push"}, "channel"), ({"act": "delete"}, "act"), ({"note": "x" * 201}, "note")],
)
def test_form_says_what_is_wrong_at_the_field(backoffice, values, field):
    response = look(backoffice, **values)

    assert list(response.context["form"].errors) == [field]
    assert stored() == []


def test_list_that_is_too_long_is_refused_whole(backoffice, monkeypatch):
    monkeypatch.setattr(pasting, "MOST_LINES", 3)

    response = look(backoffice)

    assert response.context["form"].errors["text"] == ["A list may have 3 lines: paste it in parts."]
    assert stored() == []


def test_reading_changes_nothing(backoffice):
    assert backoffice.get(PASTE).status_code == 200
    assert backoffice.head(PASTE).status_code == 200
    assert stored() == []


@pytest.mark.parametrize(
    ("permissions", "acts"),
    [
        (["view_quarantinedaddress"], []),
        (["view_quarantinedaddress", "add_quarantinedaddress"], ["quarantine"]),
        (["view_quarantinedaddress", "change_profile"], ["opt_out"]),
    ],
)
def test_operator_is_offered_what_she_may_do(client, permissions, acts):
    user = get_user_model().objects.create_user("ben", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)

    if acts:
        form = client.get(PASTE).context["form"]
        assert [value for value, _label in form.fields["act"].choices] == acts
    else:
        assert client.get(PASTE).status_code == 403
    for name in {"quarantine", "opt_out"} - set(acts):
        look(client, act=name)
    assert stored() == []


def test_page_is_closed_to_visitors(client):
    assert look(client).status_code == 302
    assert stored() == []
