"""Which rules a preparation applies, and what each of them does."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from deliveries import explaining, preparation, typologies
from deliveries.models import Delivery, ExclusionCause, Message
from deliveries.typology_models import ExcludedAddress, ExcludedDomain, Typology, TypologyRule
from profiles import audiences, consent, freezing, merging, saved_audiences
from profiles.channels import Channel
from profiles.models import Profile, SavedAudience, Source
from profiles.saved_audiences import AudienceInUse
from tests.factories import ProfileFactory, QuarantinedAddressFactory, ServiceFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()
IN_FRANCE = {"field": "country", "operator": "in", "value": ["FR"]}


@pytest.fixture
def make_rule(db):
    """A rule of the default typology; a filtering rule leaves out the audience."""

    def make(audience=None, *, label="No France", **fields):
        parameters = {"audience": audience} if audience else fields.pop("parameters", {})
        rule = TypologyRule.objects.create(label=label, parameters=parameters, **fields)
        Typology.objects.get().rules.add(rule)
        return rule

    return make


def verdicts(prepared):
    return dict(prepared.messages.values_list("profile_id", "exclusion"))


def switch(exclusion, on):
    TypologyRule.objects.filter(code=exclusion).update(is_active=on)


def test_the_built_in_rules_look_in_the_order_of_the_decision(make_delivery):
    switch("shared_opt_out", True)

    pinned = [rule["exclusion"] for rule in typologies.pin(make_delivery()) if rule["kind"] != "control"]

    assert pinned == [
        "address_not_specified",
        "invalid_address",
        "blocklist",
        "quarantine",
        "excluded_address",
        "excluded_domain",
        "shared_opt_out",
        "duplicate",
        "control_group",
        "size_limit",
    ]


def test_migrating_again_changes_no_rule():
    switch("duplicate", False)
    before = list(TypologyRule.objects.values_list())

    call_command("migrate", verbosity=0)

    assert list(TypologyRule.objects.values_list()) == before


def test_listed_addresses_and_domains_are_left_out(make_delivery, prepare):
    ExcludedAddress.objects.create(channel="email", address="rival@example.org")
    ExcludedDomain.objects.create(domain="rival.example")
    listed = ProfileFactory(email="rival@example.org")
    domain = ProfileFactory(email="marie@rival.example")
    below, reached = ProfileFactory(email="marie@mail.rival.example"), ProfileFactory()

    prepared = prepare(make_delivery())

    assert verdicts(prepared) == {
        listed.pk: "excluded_address",
        domain.pk: "excluded_domain",
        below.pk: "",
        reached.pk: "",
    }


def test_a_list_of_one_channel_is_none_of_another(make_delivery, prepare):
    ExcludedAddress.objects.create(channel="email", address="marie@example.org")
    profile = ProfileFactory(email="marie@example.org", mobile="+33612345678")
    ExcludedDomain.objects.create(domain="example.org")

    assert verdicts(prepare(make_delivery(channel="sms", text="Hello"))) == {profile.pk: ""}


def test_own_rules_come_by_their_order_and_say_which_they_are(make_delivery, prepare, make_rule):
    second = make_rule(audiences.EVERYBODY, label="Nobody at all", order=60)
    first = make_rule(IN_FRANCE, order=40)
    french, belgian = ProfileFactory(country="FR"), ProfileFactory(country="BE")

    prepared = prepare(make_delivery())

    assert list(prepared.messages.order_by("profile_id").values_list("profile_id", "exclusion", "detail")) == [
        (french.pk, "own_rule", f"RL{first.pk}"),
        (belgian.pk, "own_rule", f"RL{second.pk}"),
    ]
    assert [(row["label"], row["volume"]) for row in explaining.causes(prepared) if row["key"].startswith("own_rule")] == [
        (f"No France (RL{first.pk})", 1),
        (f"Nobody at all (RL{second.pk})", 1),
    ]
    line = explaining.explain([prepared.messages.get(profile=french.pk)], Channel.EMAIL)[0]
    assert (line.rule, line.text) == (
        f"No France (RL{first.pk})",
        f"The rule “No France (RL{first.pk})” leaves this person out.",
    )


def test_an_own_rule_that_hits_nobody_is_listed_too(make_delivery, prepare, make_rule):
    rule = make_rule(IN_FRANCE)
    ProfileFactory(country="BE")

    prepared = prepare(make_delivery())

    assert ExclusionCause.objects.get(preparation=prepared, exclusion="own_rule").detail == f"RL{rule.pk}"


def test_a_change_of_a_rule_does_not_reach_a_preparation_that_started(make_delivery, make_rule):
    rule = make_rule(IN_FRANCE)
    french, belgian = ProfileFactory(country="FR"), ProfileFactory(country="BE")
    delivery = make_delivery()
    preparation.start(delivery, by="Ana")
    rule.parameters = {"audience": audiences.EVERYBODY}
    rule.save()
    switch("duplicate", False)

    preparation.run(preparation.claim("test"))

    delivery.refresh_from_db()
    assert verdicts(delivery.preparation) == {french.pk: "own_rule", belgian.pk: ""}
    assert ExclusionCause.objects.filter(preparation=delivery.preparation, exclusion="duplicate", volume=0).exists()


@pytest.mark.parametrize(
    ("criteria", "is_asked"),
    [
        ({}, True),
        ({"channel": "email"}, True),
        ({"channel": "sms"}, False),
        ({"label": "SPRING"}, True),
        ({"label": "autumn"}, False),
        ({"label": "spring", "channel": "sms"}, False),
    ],
)
def test_a_rule_applies_to_the_deliveries_of_its_criteria(make_delivery, prepare, make_rule, criteria, is_asked):
    make_rule(IN_FRANCE, criteria=criteria)
    profile = ProfileFactory(country="FR")

    assert verdicts(prepare(make_delivery())) == {profile.pk: "own_rule" if is_asked else ""}


def test_a_rule_may_be_for_one_service(make_delivery, make_rule):
    service, other = ServiceFactory(), ServiceFactory()
    make_rule(IN_FRANCE, criteria={"service": service.pk})

    asked = [
        any(rule["exclusion"] == "own_rule" for rule in typologies.pin(make_delivery(service=one)))
        for one in (service, other, None)
    ]

    assert asked == [True, False, False]


def test_the_rules_that_protect_people_apply_in_an_empty_typology(make_delivery, prepare):
    ExcludedAddress.objects.create(channel="email", address="rival@example.org")
    out, rival = ProfileFactory(opted_out=["email"]), ProfileFactory(email="rival@example.org")
    empty = Typology.objects.create(label="Nothing")

    prepared = prepare(make_delivery(typology=empty))

    assert verdicts(prepared) == {out.pk: "blocklist", rival.pk: ""}


def test_an_address_opted_out_on_another_profile_is_left_out_where_the_rule_is_active(make_delivery, prepare):
    first = ProfileFactory(email="family@example.org")
    out = ProfileFactory(email="family@example.org", opted_out=["email"])
    by_sms = ProfileFactory(email="other@example.org", opted_out=["sms"])
    again = ProfileFactory(email="other@example.org")
    inactive = verdicts(prepare(make_delivery()))
    switch("shared_opt_out", True)

    active = verdicts(prepare(make_delivery()))

    assert inactive == {first.pk: "", out.pk: "blocklist", by_sms.pk: "", again.pk: "duplicate"}
    assert active == inactive | {first.pk: "shared_opt_out"}


def test_duplicates_are_kept_where_the_rule_is_inactive(make_delivery, prepare):
    people = [ProfileFactory(email="both@example.org") for _ in range(2)]
    switch("duplicate", False)

    assert verdicts(prepare(make_delivery())) == {person.pk: "" for person in people}


def test_the_control_group_is_drawn_among_those_left(make_delivery, prepare):
    for number in range(40):
        ProfileFactory(opted_out=["email"] if number % 2 else [])

    prepared = prepare(make_delivery(control_group={"kind": "random", "percent": 10}))

    assert list(verdicts(prepared).values()).count("control_group") == 2
    assert (prepared.to_deliver, prepared.excluded) == (18, 22)


def test_the_first_of_a_sorting_are_the_control_group(make_delivery, prepare):
    old, young, unknown = (ProfileFactory(birth_date=day) for day in ("1950-01-01", "2000-01-01", None))

    oldest = verdicts(prepare(make_delivery(control_group={"kind": "first", "number": 1, "by": "birth_date"})))
    youngest = verdicts(prepare(make_delivery(control_group={"kind": "first", "number": 1, "by": "-birth_date"})))

    assert oldest == {old.pk: "control_group", young.pk: "", unknown.pk: ""}
    assert youngest == {old.pk: "", young.pk: "control_group", unknown.pk: ""}


def test_a_preparation_taken_up_again_draws_the_same_control_group(make_delivery):
    for _ in range(30):
        ProfileFactory()
    delivery = make_delivery(control_group={"kind": "random", "number": 10})
    preparation.start(delivery, by="Ana")
    first = preparation.claim("first")
    preparation._fix_target(first)
    drawn = set(first.withheld.values_list("profile_id", flat=True))
    preparation.Preparation.objects.update(lease_until=None, highest_id=None)

    preparation.run(preparation.claim("second"))

    delivery.refresh_from_db()
    held_back = set(delivery.preparation.messages.filter(exclusion="control_group").values_list("profile_id", flat=True))
    assert (held_back, len(drawn)) == (drawn, 10)


def test_a_target_limited_in_size_keeps_the_oldest_profiles(make_delivery, prepare):
    out = ProfileFactory(opted_out=["email"])
    people = [ProfileFactory() for _ in range(4)]

    prepared = prepare(make_delivery(size_limit=2))

    expected = {person.pk: "" if place < 2 else "size_limit" for place, person in enumerate(people)}
    assert verdicts(prepared) == {out.pk: "blocklist"} | expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"size_limit": 3}, "size_limit"), ({"control_group": {"kind": "random", "number": 3}}, "control_group")],
)
@pytest.mark.parametrize("way", ["not in its typology", "inactive"])
def test_what_a_delivery_sets_itself_applies_whatever_its_typology(make_delivery, prepare, fields, reason, way):
    ProfileFactory.create_batch(5)
    if way == "inactive":
        switch(reason, False)
    typology = Typology.objects.get() if way == "inactive" else Typology.objects.create(label="Reminders")

    limited = prepare(make_delivery(typology=typology, **fields))
    unlimited = prepare(make_delivery(typology=typology))

    number = {"size_limit": 2, "control_group": 3}[reason]
    assert list(verdicts(limited).values()).count(reason) == number
    assert (limited.to_deliver, unlimited.to_deliver) == (5 - number, 5)
    assert reason not in [rule["exclusion"] for rule in unlimited.rules]


@pytest.fixture
def fatigued(make_rule, make_delivery, prepare, confirm, send_all, outbox, settings):
    """Marie got two messages today, Paul one; a rule allows two in seven days."""
    settings.EMAIL_TRANSPORT = "memory"
    marie, paul = ProfileFactory(first_name="Marie"), ProfileFactory(first_name="Paul")
    for audience in ({"field": "first_name", "operator": "is", "value": "Marie"}, audiences.EVERYBODY):
        delivery = make_delivery(audience=audience)
        prepare(delivery)
        confirm(delivery)
        Message.objects.filter(preparation=delivery.preparation, exclusion="").update(status="sent", ended_at=NOW)
    rule = make_rule(kind="fatigue", label="Twice a week", parameters={"messages": 2, "days": 7, "channels": "all"})
    return rule, marie, paul


def fatigue(prepared):
    return sorted(prepared.messages.filter(exclusion="fatigue").values_list("profile_id", "detail"))


@pytest.mark.parametrize("days", [-6, 0, 6])
def test_who_has_enough_messages_around_the_contact_date_is_left_out(make_delivery, prepare, fatigued, days):
    rule, marie, _paul = fatigued

    prepared = prepare(make_delivery(contact_at=NOW + timedelta(days=days)))

    assert fatigue(prepared) == [(marie.pk, f"RL{rule.pk}")]
    line = explaining.explain([prepared.messages.get(profile=marie.pk)], Channel.EMAIL)[0]
    assert line.text == f"The fatigue rule “Twice a week (RL{rule.pk})” has triggered the rejection of this recipient."


@pytest.mark.parametrize("days", [-8, 8])
def test_messages_outside_of_the_period_do_not_count(make_delivery, prepare, fatigued, days):
    assert fatigue(prepare(make_delivery(contact_at=NOW + timedelta(days=days)))) == []


def test_an_immediate_delivery_knows_no_fatigue(make_delivery, prepare, fatigued):
    prepared = prepare(make_delivery())

    assert fatigue(prepared) == []
    assert ExclusionCause.objects.filter(preparation=prepared, exclusion="fatigue", volume=0).count() == 1


def test_messages_of_other_channels_count_where_the_rule_says_so(make_delivery, prepare, fatigued):
    rule, marie, _paul = fatigued
    by_sms = {"channel": "sms", "text": "Hello", "contact_at": NOW}

    every = fatigue(prepare(make_delivery(**by_sms)))
    TypologyRule.objects.filter(pk=rule.pk).update(parameters={"messages": 2, "days": 7, "channels": "own"})
    own = fatigue(prepare(make_delivery(**by_sms)))

    assert (every, own) == ([(marie.pk, f"RL{rule.pk}")], [])


def test_what_is_scheduled_counts_and_what_failed_does_not(make_delivery, prepare, fatigued):
    _rule, marie, paul = fatigued
    scheduled = make_delivery(contact_at=NOW + timedelta(days=3))
    prepare(scheduled)

    with_scheduled = fatigue(prepare(make_delivery(contact_at=NOW)))
    Message.objects.filter(profile=marie.pk).exclude(status="ignored").update(status="failed", ended_at=NOW)
    with_failures = fatigue(prepare(make_delivery(contact_at=NOW)))

    assert [pk for pk, _detail in with_scheduled] == [marie.pk, paul.pk]
    assert [pk for pk, _detail in with_failures] == [paul.pk]


def test_messages_of_a_profile_that_was_merged_count_for_its_winner(make_delivery, prepare, fatigued, operator):
    _rule, marie, paul = fatigued
    revisions = (paul.revision, marie.revision)

    merging.merge(paul, marie, from_loser=set(), revisions=revisions, by=operator)

    assert [pk for pk, _detail in fatigue(prepare(make_delivery(contact_at=NOW)))] == [paul.pk]


def test_a_rule_that_is_not_understood_fails_the_preparation_and_is_named(make_delivery, prepare, make_rule):
    rule = make_rule({"field": "shoe_size", "operator": "in", "value": [42]}, label="Large feet")
    ProfileFactory()
    delivery = make_delivery()

    prepare(delivery)

    assert delivery.status == "editing"
    assert f"The rule “Large feet (RL{rule.pk})” is not understood" in delivery.log.last().shown


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda p: ExcludedAddress.objects.create(channel="email", address=p.email), "excluded_address"),
        (lambda p: ExcludedDomain.objects.create(domain="example.org"), "excluded_domain"),
        (lambda p: ProfileFactory(email=p.email, opted_out=["email"]), "shared_opt_out"),
        (lambda p: QuarantinedAddressFactory(address=p.email), "quarantine"),
    ],
)
def test_the_lasting_rules_are_asked_again_at_hand_over(make_delivery, prepare, confirm, send_all, smtp, happens, reason):
    switch("shared_opt_out", True)
    gone, stays = ProfileFactory(email="marie@example.org"), ProfileFactory(email="paul@other.example")
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)

    happens(gone)
    send_all()

    assert smtp.recipients == [stays.email]
    assert Message.objects.get(profile=gone.pk).outcome == reason


def test_an_own_rule_is_not_asked_again(make_delivery, prepare, confirm, send_all, smtp, make_rule):
    make_rule(IN_FRANCE)
    profile = ProfileFactory(country="BE")
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    Profile.objects.filter(pk=profile.pk).update(country="FR")

    send_all()

    assert smtp.recipients == [profile.email]


def test_the_count_of_an_audience_names_each_own_rule(make_rule, backoffice):
    rule = make_rule(IN_FRANCE)
    ProfileFactory(country="FR")
    make_rule(IN_FRANCE, label="Only for spring", criteria={"label": "spring"})

    response = backoffice.post("/admin/deliveries/count/", {"a:kind": "all"})

    assert response.context["excluded"][-1] == (f"No France (RL{rule.pk})", 1)
    assert response.context["left"] == 0


@pytest.mark.parametrize("typology", ["", "0", "no number"])
def test_the_count_is_by_the_typology_of_the_form(make_rule, backoffice, typology):
    make_rule(IN_FRANCE)
    ProfileFactory(country="FR")
    other = Typology.objects.create(label="Reminders")

    by_default = backoffice.post("/admin/deliveries/count/", {"a:kind": "all", "typology": typology}).context
    by_other = backoffice.post("/admin/deliveries/count/", {"a:kind": "all", "typology": other.pk}).context

    assert (by_default["left"], by_other["left"]) == (0, 1)


def test_two_operators_who_change_a_rule_at_once_do_not_overwrite_each_other(make_rule, operator):
    rule = make_rule(IN_FRANCE)
    stale = TypologyRule.objects.get(pk=rule.pk)
    default = Typology.objects.all()
    typologies.save_rule(rule, {"label": "Ours"}, typologies=default, by=operator)

    with pytest.raises(typologies.ChangedMeanwhile):
        typologies.save_rule(stale, {"label": "Theirs"}, typologies=default.none(), by=operator)

    assert list(TypologyRule.objects.filter(code="").values_list("label", "typologies__code")) == [("Ours", "defaultTypology")]


def test_a_stale_typology_takes_away_no_rule_that_was_added_meanwhile(operator):
    shown = Typology.objects.create(label="Reminders")
    rule = typologies.save_rule(TypologyRule(), {"label": "No minors"}, typologies=Typology.objects.filter(code=""), by=operator)

    with pytest.raises(typologies.ChangedMeanwhile):
        typologies.save_typology(shown, {"label": "Others"}, rules=TypologyRule.objects.none(), by=operator)

    assert list(Typology.objects.filter(code="").values_list("label", "rules")) == [("Reminders", rule.pk)]


def test_a_stale_rule_leaves_no_typology_that_named_it_meanwhile(make_rule, operator):
    shown = make_rule(IN_FRANCE)
    rules = TypologyRule.objects.filter(pk=shown.pk)
    typologies.save_typology(Typology(), {"label": "Reminders"}, rules=rules, by=operator)
    default = Typology.objects.filter(code="defaultTypology")

    with pytest.raises(typologies.ChangedMeanwhile):
        typologies.save_rule(TypologyRule(pk=shown.pk), {"label": "Theirs"}, typologies=default, by=operator)

    assert sorted(shown.typologies.values_list("label", flat=True)) == ["Default typology", "Reminders"]


def test_what_gains_and_loses_nothing_can_be_saved_as_it_was_shown(make_rule, operator):
    rule, default = make_rule(IN_FRANCE), Typology.objects.get()

    typologies.save_rule(rule, {"label": "Ours"}, typologies=Typology.objects.all(), by=operator)
    typologies.save_typology(default, {"description": "Ours"}, rules=default.rules.all(), by=operator)

    rule.refresh_from_db()
    assert (rule.label, rule.revision, Typology.objects.get().revision) == ("Ours", 1, 1)


def test_a_list_is_kept_while_a_rule_needs_it(make_rule, make_delivery, prepare, backoffice, operator):
    left_out, reached = ProfileFactory(country="FR"), ProfileFactory(country="BE")
    query = saved_audiences.create(IN_FRANCE, label="France", expires_on=timezone.localdate(), by=operator)
    frozen = freezing.freeze(query, label="The French", by=operator)
    SavedAudience.objects.update(expires_on=timezone.localdate() - timedelta(days=1))
    rule = make_rule({"all": [saved_audiences.as_tree(frozen)]}, is_active=False)

    with pytest.raises(AudienceInUse, match="No France"):
        saved_audiences.delete(frozen)
    expired = saved_audiences.delete_expired(timezone.localdate())
    pages = [backoffice.get(reverse(f"profiles:{name}", args=[frozen.pk])) for name in ("audience", "audience_delete")]
    link = f'<a href="{reverse("deliveries:typology_rule", args=[rule.pk])}">No France (RL{rule.pk})</a>'
    TypologyRule.objects.update(is_active=True)
    verdicts_then = verdicts(prepare(make_delivery()))
    typologies.remove(rule, by=operator)
    saved_audiences.delete(frozen)

    assert (expired, [link in page.content.decode() for page in pages]) == (1, [True, True])
    assert verdicts_then == {left_out.pk: "own_rule", reached.pk: ""}
    assert not SavedAudience.objects.exists()


def test_an_opt_out_during_the_delivery_still_comes_first(make_delivery, prepare, confirm, send_all, smtp):
    profile = ProfileFactory()
    ProfileFactory(email=profile.email)
    delivery = make_delivery()
    prepare(delivery)
    confirm(delivery)
    ExcludedAddress.objects.create(channel="email", address=profile.email)
    consent.opt_out(profile, "email", source=Source.ONE_CLICK)

    send_all()

    assert (smtp.recipients, Message.objects.get(profile=profile.pk).outcome) == ([], "blocklist")
    assert Delivery.objects.get().status == "finished"
