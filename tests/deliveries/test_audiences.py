"""Audiences and deliveries: what is asked about deliveries and addresses, the audience step, and counting within a limit."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from deliveries import preparation
from deliveries.models import Delivery, Message
from profiles import audiences, freezing, merging, saved_audiences
from profiles.models import Profile, SavedAudience, Source
from profiles.saved_audiences import AudienceInUse
from profiles.subscriptions import subscribe
from quarantine.models import Status
from tests.deliveries.test_views import AUDIENCE, FORM
from tests.factories import ProfileFactory, QuarantinedAddressFactory, ServiceFactory
from tests.profiles.test_audiences import FRENCH

pytestmark = pytest.mark.django_db


def leaf(field, operator, value):
    return {"field": field, "operator": operator, "value": value}


def found(tree, **kwargs):
    return sorted(audiences.profiles(tree, **kwargs).values_list("pk", flat=True))


@pytest.fixture
def sent(make_delivery, prepare, confirm, send_all, settings, outbox):
    """A delivery that was sent to two of four people: one opted out, one came later."""
    settings.TRANSPORTS = {"email": "deliveries.transports.memory.MemorySession"}
    people = [ProfileFactory(), ProfileFactory(), ProfileFactory(opted_out=["email"])]
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    send_all()
    delivery.people = [*people, ProfileFactory()]
    return delivery


def test_received_means_sent_by_this_very_delivery(sent, make_delivery):
    ids = [person.pk for person in sent.people]
    other = make_delivery()

    assert found(leaf("delivery", "received", sent.pk)) == ids[:2]
    assert found(leaf("delivery", "not_received", sent.pk)) == ids[2:]
    assert found({"not": leaf("delivery", "not_received", sent.pk)}) == ids[:2]
    assert found(leaf("delivery", "received", other.pk)) == []
    assert found(leaf("delivery", "not_received", sent.pk + 1000)) == ids
    assert audiences.in_words(leaf("delivery", "received", sent.pk)) == "received “Spring news”"
    assert audiences.in_words(leaf("delivery", "received", sent.pk + 9)) == "received “a deleted delivery”"


def test_received_means_the_winner_where_the_one_who_received_it_was_merged_away(sent, operator):
    first, second, refused, late = sent.people
    revisions = (late.revision, second.revision)
    merging.merge(late, second, from_loser=set(), revisions=revisions, by=operator)

    for name, value in (("received", sent.pk), ("received_any", 5)):
        assert found(leaf("delivery", name, value)) == [first.pk, late.pk]
        assert found(leaf("delivery", f"not_{name}", value)) == [refused.pk]
        assert found({"any": [leaf("delivery", name, value)]}) == [first.pk, late.pk]


def test_received_anything_counts_the_days_up_to_the_moment_asked(sent):
    ids, now = [person.pk for person in sent.people], timezone.now()
    Message.objects.filter(profile=ids[0], preparation=sent.preparation_id).update(ended_at=now - timedelta(days=5))

    assert found(leaf("delivery", "received_any", 6)) == ids[:2]
    assert found(leaf("delivery", "received_any", 4)) == [ids[1]]
    assert found(leaf("delivery", "not_received_any", 4)) == [ids[0], *ids[2:]]
    assert found(leaf("delivery", "received_any", 4), at=now + timedelta(days=30)) == []


@pytest.mark.parametrize(("field", "channel", "column"), [("email_status", "email", "email"), ("mobile_status", "sms", "mobile")])
def test_the_status_of_an_address_is_asked(field, channel, column):
    people = [ProfileFactory() for _status in Status] + [ProfileFactory(), ProfileFactory(**{column: ""})]
    for person, status in zip(people, Status, strict=False):
        errors = {"errors": 1, "significant_error_at": timezone.now()} if status == Status.ERRONEOUS else {}
        QuarantinedAddressFactory(channel=channel, address=getattr(person, column), status=status, **errors)
        QuarantinedAddressFactory(channel="sms" if channel == "email" else "email", address=getattr(people[-2], column) + status)
    ids = [person.pk for person in people]

    for place, status in enumerate(Status):
        assert found(leaf(field, "in", [status.value])) == [ids[place]]
        assert found(leaf(field, "not_in", [status.value])) == [one for one in ids if one != ids[place]]
    assert found(leaf(field, "in", ["no_record"])) == ids[-2:]
    assert found(leaf(field, "in", ["no_record", "valid"])) == [ids[2], *ids[-2:]]
    assert found(leaf(field, "not_in", ["no_record"])) == ids[:-2]


def test_relative_days_are_relative_to_the_start_of_the_preparation(make_delivery, operator):
    """Also for the ranges that are written the next day."""
    born = timezone.localdate()
    person = ProfileFactory(birth_date=born)
    delivery = make_delivery(audience={"all": [leaf("birth_date", "last", 0)]})
    started = preparation.start(delivery, by=operator)
    type(started).objects.update(created_at=timezone.now() - timedelta(days=1))

    preparation.run(preparation.claim("test"))

    delivery.refresh_from_db()
    assert delivery.preparation.targeted == 0
    person.birth_date = born - timedelta(days=1)
    person.save()
    started = preparation.start(delivery, by=operator)
    type(started).objects.filter(pk=started.pk).update(created_at=timezone.now() - timedelta(days=1))
    preparation.run(preparation.claim("test"))
    delivery.refresh_from_db()
    assert delivery.preparation.targeted == 1


def test_a_button_of_the_audience_saves_nothing_and_loses_nothing(backoffice, make_delivery):
    delivery = make_delivery()
    typed = FORM | AUDIENCE | {"label": "Other", "revision": delivery.revision, "a:new": "city", "do": "add:a"}

    response = backoffice.post(reverse("deliveries:edit", args=[delivery.pk]), typed)

    html = response.content.decode()
    assert (response.status_code, Delivery.objects.get().label) == (200, "Spring news")
    assert 'name="label" value="Other"' in html
    assert 'name="a.2:field" value="city"' in html
    assert '<option value="FR" selected>' in html


def test_an_incomplete_audience_is_told_at_the_condition(backoffice):
    data = FORM | {"a:kind": "all", "a.0:field": "city", "a.0:operator": "is", "a.0:value": "", "save": ""}

    response = backoffice.post(reverse("deliveries:add"), data)

    assert (response.status_code, Delivery.objects.count()) == (422, 0)
    assert 'id="a-0-error">Write what to look for.</p>' in response.content.decode()


def test_a_form_without_the_audience_keeps_the_stored_one(backoffice, make_delivery):
    delivery = make_delivery(audience={"any": [FRENCH]})

    backoffice.post(reverse("deliveries:edit", args=[delivery.pk]), FORM | {"revision": delivery.revision})

    delivery.refresh_from_db()
    assert (delivery.subject, delivery.audience) == (FORM["subject"], {"any": [FRENCH]})


@pytest.mark.parametrize("tree", [{}, {"all": []}, {"any": [FRENCH]}, {"not": FRENCH}, FRENCH, {"all": [{"not": {"not": {}}}]}])
def test_saving_an_old_tree_unchanged_changes_nothing(backoffice, make_delivery, prepare, tree):
    """A ready delivery stays ready, whatever the form of its tree."""
    delivery = make_delivery(audience=tree)
    prepare(delivery)
    page = backoffice.get(reverse("deliveries:edit", args=[delivery.pk])).context["form"]
    shown = {name: value for name, value in page.initial.items() if name in page.fields and value is not None}

    backoffice.post(reverse("deliveries:edit", args=[delivery.pk]), shown | {"save": ""})

    delivery.refresh_from_db()
    assert (delivery.status, delivery.audience) == ("ready", tree)


def test_the_service_of_a_delivery_is_a_condition_of_its_audience(backoffice):
    service, other = ServiceFactory(), ServiceFactory()
    backoffice.post(reverse("deliveries:add"), FORM | AUDIENCE | {"subscribers": service.pk})
    delivery = Delivery.objects.get()
    edit = reverse("deliveries:edit", args=[delivery.pk])
    assert "a.2:field" not in backoffice.get(edit).content.decode()

    backoffice.post(edit, FORM | AUDIENCE | {"subscribers": other.pk, "revision": delivery.revision})

    delivery.refresh_from_db()
    assert [one["value"] for one in delivery.audience["all"] if one["field"] == "service"] == [other.pk]
    assert delivery.service == other


def test_a_saved_query_is_copied_and_a_list_is_named(backoffice, operator):
    query = saved_audiences.create({"any": [FRENCH]}, label="French", by=operator)
    ProfileFactory()
    frozen = freezing.freeze(query, label="List", by=operator)

    used = backoffice.post(reverse("deliveries:add"), FORM | {"a:kind": "all", "do": "use", "saved": query.pk})
    assert used.context["builder"].tree() == {"any": [FRENCH]}
    used = backoffice.post(reverse("deliveries:add"), FORM | AUDIENCE | {"do": "use", "saved": frozen.pk})
    assert used.context["builder"].tree()["all"][2] == leaf("audience", "in", frozen.pk)
    used = backoffice.post(reverse("deliveries:add"), FORM | AUDIENCE | {"do": "use", "saved": "x"})
    assert used.context["builder"].said == "Choose an audience first."


def test_an_audience_of_a_delivery_is_saved_under_a_label(backoffice):
    service = ServiceFactory()
    typed = FORM | AUDIENCE | {"subscribers": service.pk, "do": "save_as"}

    refused = backoffice.post(reverse("deliveries:add"), typed | {"saved_label": " "})
    assert (refused.context["builder"].said[:13], SavedAudience.objects.count()) == ("Write a label", 0)
    backoffice.post(reverse("deliveries:add"), typed | {"saved_label": "French readers"})

    saved = SavedAudience.objects.get()
    assert (saved.label, [one["field"] for one in saved.tree["all"]]) == (
        "French readers", ["country", "preferred_language", "service"],
    )  # fmt: skip
    assert Delivery.objects.count() == 0


def test_a_list_is_kept_while_a_delivery_needs_it(make_delivery, operator):
    query = saved_audiences.create({}, label="Everybody", by=operator)
    frozen = freezing.freeze(query, label="List", by=operator)
    delivery = make_delivery(audience={"all": [FRENCH, {"not": saved_audiences.as_tree(frozen)}]})

    with pytest.raises(AudienceInUse, match="Spring news"):
        saved_audiences.delete(frozen)
    assert SavedAudience.objects.filter(pk=frozen.pk).exists()
    Delivery.objects.filter(pk=delivery.pk).update(status="stopped")
    saved_audiences.delete(frozen)

    assert list(SavedAudience.objects.all()) == [query]


def test_a_preparation_with_a_deleted_list_fails_and_says_so(make_delivery):
    ProfileFactory()
    delivery = make_delivery(audience={"not": leaf("audience", "in", 12345)})
    preparation.start(delivery, by="Ana")

    preparation.run(preparation.claim("test"))

    delivery.refresh_from_db()
    assert (delivery.status, delivery.preparation) == ("editing", None)
    assert "deleted or not complete" in str(delivery.log.last().shown)


def test_a_count_is_a_page_without_javascript_and_a_fragment_with_it(backoffice, operator):
    ProfileFactory(country="FR")
    audience = saved_audiences.create({"all": [FRENCH]}, label="French", by=operator)
    page = backoffice.get(reverse("deliveries:count"), {"audience": audience.pk})
    fragment = backoffice.get(reverse("deliveries:count"), {"audience": audience.pk}, headers={"HX-Request": "true"})

    assert "<html" in page.content.decode()
    assert "<html" not in fragment.content.decode()
    assert page.context["targeted"] == fragment.context["targeted"] == 1
    assert backoffice.get(reverse("deliveries:count"), {"audience": "x"}).status_code == 404


def test_a_count_for_another_channel_uses_its_own_box(backoffice):
    ProfileFactory(opted_out=["sms"])
    lefts = [
        backoffice.post(reverse("deliveries:count"), {"a:kind": "all", "channel": channel}).context["left"]
        for channel in ("email", "sms", "push", "nonsense")
    ]

    assert lefts == [1, 0, 1, 1]


def test_a_count_is_ended_by_the_next_one_of_its_page_alone(backoffice, monkeypatch):
    askers = []

    @contextmanager
    def noted(seconds, *, asker=""):
        askers.append(asker)
        yield

    monkeypatch.setattr("deliveries.audience_views.time_limit", noted)
    for token in ("PageOne", "PageOne", "PageTwo"):
        backoffice.post(reverse("deliveries:count"), {"a:kind": "all", "csrfmiddlewaretoken": token})
    saved = SavedAudience.objects.create(label="French", tree=FRENCH)
    backoffice.get(reverse("deliveries:count"), {"audience": saved.pk})

    assert (askers[0] == askers[1] != askers[2], askers[3]) == (True, "")


def test_a_count_that_takes_too_long_waits_to_be_asked(backoffice, settings):
    """Two thousand people and a hundred conditions that hold for nobody take longer than a millisecond anywhere."""
    settings.COUNT_SECONDS = 0.001
    Profile.objects.bulk_create(Profile(email=f"p{number}@example.org", city="Paris") for number in range(2000))
    form = {"a:kind": "any"}
    for number in range(100):
        form |= {f"a.{number}:field": "city", f"a.{number}:operator": "contains", f"a.{number}:value": f"nowhere {number}"}

    html = backoffice.post(reverse("deliveries:count"), form).content.decode()
    assert "Counting takes longer than 0.001 s, so it is done on request only" in html
    assert 'name="slow"' in html
    settings.COUNT_SECONDS = 5
    waiting = backoffice.post(reverse("deliveries:count"), form | {"slow": "1"})
    assert (waiting.context["is_slow"], "targeted" in waiting.context) == (True, False)
    asked = backoffice.post(reverse("deliveries:count"), form | {"slow": "1", "patient": "1"})
    assert asked.context["targeted"] == 0
    assert 'name="slow"' not in asked.content.decode()


@pytest.mark.parametrize("number", [1, 30])
def test_memberships_are_prepared_like_any_condition(make_delivery, prepare, operator, sent, number):
    """Joined or, where there are too many of them, by EXISTS or IN: everybody once, and twins found among them."""
    service = ServiceFactory()
    people = [*sent.people[:2], ProfileFactory(), ProfileFactory()]
    for person in people[1:3]:
        subscribe(person, service, source=Source.OPERATOR, by=operator)
    people[2].email = people[1].email
    people[2].save()
    frozen = freezing.freeze(saved_audiences.create({}, label="All", by=operator), label="List", by=operator)
    memberships = [leaf("delivery", "received", sent.pk), leaf("service", "subscribed", service.pk)]
    tree = {"all": [{"any": memberships * number}, {"not": leaf("audience", "not_in", frozen.pk)}]}

    prepared = prepare(make_delivery(audience=tree))

    rows = prepared.messages.order_by("profile").values_list("profile", "exclusion")
    assert list(rows) == [(people[0].pk, ""), (people[1].pk, ""), (people[2].pk, "duplicate")]
    assert found({"not": tree}) == sorted({sent.people[2].pk, sent.people[3].pk, people[3].pk})


def test_who_may_write_deliveries_may_use_the_builder_and_nothing_else_of_audiences(client, operator):
    ben = User.objects.create_user("ben", is_staff=True)
    client.force_login(ben)
    assert client.post(reverse("profiles:audience_builder"), {"a:kind": "all"}).status_code == 403
    ben.user_permissions.set(Permission.objects.filter(codename__in=["add_delivery", "view_delivery"]))

    for name in ("profiles:audience_builder", "profiles:audience_summary", "deliveries:count"):
        assert client.post(reverse(name), {"a:kind": "all"}).status_code == 200
    assert client.get(reverse("profiles:audiences")).status_code == 403
    typed = FORM | {"a:kind": "all", "do": "save_as", "saved_label": "Everybody"}
    assert client.post(reverse("deliveries:add"), typed).status_code == 200
    assert SavedAudience.objects.count() == 0
    secret = saved_audiences.create({"all": [FRENCH]}, label="Secret", by=operator)
    used = client.post(reverse("deliveries:add"), typed | {"do": "use", "saved": secret.pk})
    assert (used.context["builder"].tree(), used.context["saved"]) == ({"all": []}, [])
