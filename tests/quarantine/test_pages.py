"""The quarantine pages of the back office."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse

from profiles import paging
from quarantine.models import QuarantinedAddress, Reason, Status
from tests.factories import QuarantinedAddressFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/quarantine/quarantinedaddress/"
ADD = f"{LIST}add/"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def page_of(record):
    return reverse("admin:quarantine_quarantinedaddress_change", args=[record.pk])


def act_on(record, name):
    return reverse("quarantine:act", args=[record.pk, name])


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def stored():
    return list(QuarantinedAddress.objects.order_by("address").values_list("channel", "address", "status"))


def listed(response):
    return [record.address for record in response.context["cl"].result_list]


@pytest.fixture
def reader(client, db):
    """A browser of somebody who may only look."""
    user = get_user_model().objects.create_user("ben", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_quarantinedaddress"))
    client.force_login(user)
    return client


def test_list_shows_what_is_known(backoffice):
    QuarantinedAddressFactory(
        address="ines@example.org", reason=Reason.USER_UNKNOWN, error_text="550 " + "x" * 200, error_at=NOON
    )

    page = backoffice.get(LIST).content.decode()

    for text in ("ines@example.org", 'data-status="quarantine">Quarantine<', "User unknown", "1 March 2026", "550 xxx"):
        assert text in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["+33612345678", "ines@example.org", "inga@example.org"]),
        ("?q=INE", ["ines@example.org"]),
        ("?q=+33 6 12".replace("+", "%2B").replace(" ", "+"), ["+33612345678"]),
        ("?q=example", []),
        ("?q=in%25", []),
        ("?channel=sms", ["+33612345678"]),
        ("?status=blocklist", ["inga@example.org"]),
        ("?reason=mailbox_full", ["ines@example.org"]),
        ("?channel=email&status=blocklist&q=inga", ["inga@example.org"]),
    ],
)
def test_list_is_searched_and_filtered(backoffice, query, expected):
    QuarantinedAddressFactory(address="ines@example.org", reason=Reason.MAILBOX_FULL)
    QuarantinedAddressFactory(address="inga@example.org", status=Status.BLOCKLIST)
    QuarantinedAddressFactory(address="+33612345678", channel="sms")

    assert sorted(listed(backoffice.get(LIST + query))) == expected


def test_list_refuses_lookups_that_are_no_filter(backoffice):
    assert backoffice.get(LIST + "?address__contains=a").status_code == 400


@pytest.mark.parametrize("query", ["?status=nonsense", "?channel=fax"])
def test_list_refuses_filters_it_does_not_offer(backoffice, query):
    QuarantinedAddressFactory()

    response = backoffice.get(LIST + query)

    assert (response.status_code, response["Location"]) == (302, f"{LIST}?e=1")


@pytest.mark.parametrize("rows", [1, 3])
def test_list_needs_the_same_queries_for_any_number_of_rows(backoffice, rows, django_assert_num_queries):
    QuarantinedAddressFactory.create_batch(rows)
    backoffice.get(LIST)

    with django_assert_num_queries(4):  # session, operator, count up to the limit, rows
        assert len(listed(backoffice.get(LIST))) == rows


def test_list_never_counts_beyond_the_limit(backoffice, monkeypatch):
    monkeypatch.setattr(paging, "LIMIT", 2)
    QuarantinedAddressFactory.create_batch(4)

    assert "more than 2" in backoffice.get(LIST).content.decode()


def test_empty_list_says_what_to_do_next(backoffice):
    page = backoffice.get(LIST).content.decode()

    assert "No address has failed yet" in page
    assert ADD in page
    assert reverse("quarantine:paste") in page


def test_list_offers_no_deletion(backoffice):
    record = QuarantinedAddressFactory()

    assert 'value="delete_selected"' not in backoffice.get(LIST).content.decode()
    assert backoffice.post(f"{LIST}{record.pk}/delete/", {"post": "yes"}).status_code == 403
    assert QuarantinedAddress.objects.count() == 1


def create(backoffice, **values):
    typed = {"channel": "email", "address": "Ines@Example.org", "status": "quarantine", "reason": "not_defined"}
    return backoffice.post(ADD, typed | values)


def test_created_address_is_normalised(backoffice):
    response = create(backoffice, reason="refused", error_text="She called.")

    record = QuarantinedAddress.objects.get()
    assert response["Location"] == page_of(record)
    facts = (record.channel, record.address, record.status, record.reason, record.error_text, record.modified_by)
    assert facts == ("email", "ines@example.org", Status.QUARANTINE, Reason.REFUSED, "She called.", "Ana Lopes")


@pytest.mark.parametrize(
    ("values", "field", "error"),
    [
        ({"address": "nobody"}, "address", "Enter an email address such as marie@example.org."),
        ({"address": ""}, "address", "This field is required."),
        ({"channel": "sms", "address": "0612345678"}, "address", "Start the number with +"),
        ({"channel": "direct_mail"}, "channel", "Select a valid choice."),
        ({"status": "erroneous"}, "status", "Select a valid choice."),
    ],
)
def test_create_form_says_what_is_wrong_at_the_field(backoffice, values, field, error):
    response = create(backoffice, **values)

    assert list(response.context["form"].errors) == [field]
    assert error in response.context["form"].errors[field][0]
    assert QuarantinedAddress.objects.count() == 0


def test_existing_address_is_named_with_a_link(backoffice):
    record = QuarantinedAddressFactory(address="ines@example.org", status=Status.ERRONEOUS, errors=1, significant_error_at=NOON)

    page = create(backoffice).content.decode()

    assert "This address has a record already, with the status “Erroneous”." in page
    assert f'<a href="{page_of(record)}">' in page
    assert stored() == [("email", "ines@example.org", "erroneous")]


def test_same_address_on_another_channel_is_another_record(backoffice):
    QuarantinedAddressFactory(address="ines@example.org", channel="sms")

    assert create(backoffice).status_code == 302
    assert QuarantinedAddress.objects.count() == 2


def test_create_form_is_filled_in_by_a_link(backoffice):
    page = backoffice.get(ADD + "?channel=sms&address=%2B33612345678").content.decode()

    assert '<option value="sms" selected>' in page
    assert 'value="+33612345678"' in page


@pytest.mark.parametrize(
    ("status", "buttons"),
    [
        (Status.UNKNOWN, ["quarantine", "allow"]),
        (Status.ERRONEOUS, ["release", "quarantine", "allow"]),
        (Status.VALID, ["quarantine", "allow"]),
        (Status.BLOCKLIST, ["release"]),
        (Status.QUARANTINE, ["release", "allow"]),
        (Status.ALLOWLIST, ["release", "quarantine"]),
    ],
)
def test_page_offers_what_is_possible(backoffice, status, buttons):
    record = QuarantinedAddressFactory(status=status, errors=3, significant_error_at=NOON)

    response = backoffice.get(page_of(record))

    assert [name for name, _act in response.context["acts"]] == buttons
    assert [name for name in ("release", "quarantine", "allow") if act_on(record, name) in response.content.decode()] == buttons
    assert ("3 of 5 errors" in response.content.decode()) == (status == Status.ERRONEOUS)


def test_page_escapes_what_servers_write(backoffice):
    record = QuarantinedAddressFactory(error_text="<script>alert(1)</script>")

    for url in (page_of(record), LIST):
        assert "<script>alert" not in backoffice.get(url).content.decode()


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("release", Status.QUARANTINE, Status.VALID),
        ("release", Status.BLOCKLIST, Status.VALID),
        ("quarantine", Status.VALID, Status.QUARANTINE),
        ("allow", Status.QUARANTINE, Status.ALLOWLIST),
    ],
)
def test_button_acts_and_says_so(backoffice, name, before, after):
    record = QuarantinedAddressFactory(address="ines@example.org", status=before)

    response = backoffice.post(act_on(record, name))

    assert response["Location"] == page_of(record)
    assert stored() == [("email", "ines@example.org", after)]
    assert [text.split()[0] for text in told(response)] == ["ines@example.org"]


def test_button_that_came_too_late_says_that_nothing_changed(backoffice):
    record = QuarantinedAddressFactory(address="ines@example.org", status=Status.VALID)

    response = backoffice.post(act_on(record, "release"))

    assert told(response) == ["Nothing was changed: the status of ines@example.org is “Valid”."]
    assert stored() == [("email", "ines@example.org", "valid")]


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_reading_changes_nothing(backoffice, method):
    record = QuarantinedAddressFactory(address="ines@example.org")

    for name in ("release", "quarantine", "allow"):
        assert getattr(backoffice, method)(act_on(record, name)).status_code == 405
    for url in (LIST, ADD, page_of(record)):
        getattr(backoffice, method)(url)

    assert stored() == [("email", "ines@example.org", "quarantine")]


def test_unknown_act_or_address_is_not_found(backoffice):
    record = QuarantinedAddressFactory(address="ines@example.org")

    assert backoffice.post(act_on(record, "delete")).status_code == 404
    assert backoffice.post(reverse("quarantine:act", args=[0, "release"])).status_code == 404
    assert backoffice.get(f"{LIST}0/change/").status_code == 404
    assert backoffice.get(f"{LIST}x/change/").status_code == 404
    assert stored() == [("email", "ines@example.org", "quarantine")]


def test_reader_sees_and_changes_nothing(reader):
    record = QuarantinedAddressFactory(address="ines@example.org")

    assert reader.get(LIST).status_code == 200
    page = reader.get(page_of(record))
    assert page.status_code == 200
    assert act_on(record, "release") not in page.content.decode()
    assert reader.post(act_on(record, "release")).status_code == 403
    assert reader.get(ADD).status_code == 403
    assert create(reader).status_code == 403
    assert select(reader, "release_selected", QuarantinedAddress.objects.all()).status_code in (302, 200)
    assert stored() == [("email", "ines@example.org", "quarantine")]


def test_pages_are_closed_to_visitors(client):
    record = QuarantinedAddressFactory(address="ines@example.org")

    for url in (LIST, ADD, page_of(record)):
        assert client.get(url).status_code == 302
    for name in ("release", "quarantine", "allow"):
        assert client.post(act_on(record, name)).status_code == 302
    assert stored() == [("email", "ines@example.org", "quarantine")]


def select(browser, action, records, *, query="", **further):
    chosen = {"action": action, "select_across": "0", "_selected_action": [record.pk for record in records]}
    return browser.post(LIST + query, chosen | further)


@pytest.fixture
def four():
    return [
        QuarantinedAddressFactory(address="a@example.org"),
        QuarantinedAddressFactory(address="b@example.org", status=Status.ERRONEOUS, errors=1, significant_error_at=NOON),
        QuarantinedAddressFactory(address="c@example.org", status=Status.BLOCKLIST),
        QuarantinedAddressFactory(address="d@example.org", status=Status.VALID),
    ]


@pytest.mark.parametrize(
    ("action", "button", "number"),
    [("release_selected", "Release 2 addresses", 2), ("quarantine_selected", "Quarantine 2 addresses", 2)],
)
def test_selection_names_the_number_before_anything_happens(backoffice, four, action, button, number):
    before = stored()

    response = select(backoffice, action, four)

    assert response.status_code == 200
    assert response.context["number"] == number
    assert button in response.content.decode()
    assert stored() == before


@pytest.mark.parametrize(
    ("action", "expected", "sentence"),
    [
        ("release_selected", ["valid", "valid", "blocklist", "valid"], "2 addresses were released."),
        ("quarantine_selected", ["quarantine", "quarantine", "blocklist", "quarantine"], "2 addresses were quarantined."),
    ],
)
def test_confirmed_selection_is_changed(backoffice, four, action, expected, sentence):
    response = select(backoffice, action, four, number=2)

    assert response["Location"] == LIST
    assert [status for _channel, _address, status in stored()] == expected
    assert told(response) == [sentence]


def test_selection_of_everything_follows_the_filters(backoffice, four):
    select(backoffice, "release_selected", four[:1], query="?status=quarantine", select_across="1", number=1)

    assert [status for _channel, _address, status in stored()] == ["valid", "erroneous", "blocklist", "valid"]


@pytest.mark.parametrize("number", ["3", "", "x"])
def test_selection_of_another_number_than_shown_changes_nothing(backoffice, four, number):
    before = stored()

    response = select(backoffice, "release_selected", four, number=number)

    assert response.status_code == 409
    assert stored() == before


def test_selection_in_which_nothing_would_change_has_no_button(backoffice, four):
    response = select(backoffice, "release_selected", four[2:])

    assert "None of them would change." in response.content.decode()
    assert "button primary" not in response.content.decode()


def test_the_state_of_an_address_is_a_fragment_for_other_pages(backoffice):
    QuarantinedAddressFactory(address="gone@example.org", reason=Reason.USER_UNKNOWN)
    url = reverse("quarantine:status")

    known = backoffice.get(url, {"channel": "email", "address": "gone@example.org"}).content.decode()
    other_channel = backoffice.get(url, {"channel": "sms", "address": "gone@example.org"}).content.decode()

    unreadable = backoffice.get(url, {"channel": "email", "address": "a\0b"}).content.decode()

    assert ("Quarantine" in known, "User unknown" in known) == (True, True)
    assert ("No error known" in other_channel, "No error known" in unreadable) == (True, True)
