"""Everything that can happen to consent, in random order, against a model in plain Python (reliability C14).

The model knows the rules in their shortest form. After every step the boxes are those of the model, they are the replay
of the ledger, and no box was ever cleared but by an explicit act of the person or of an operator.

200 sequences in the tests; `make machine` runs 2,000 (SEQUENCES).
"""

import csv
import os
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from deliveries import unsubscribing
from landingpages import forms, reconciling, recording, submission
from profiles import consent, editing, erased, erasure, importing, ledger, merging, pending
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS, Channel
from profiles.links import Link, Purpose
from profiles.models import ConsentEvent, PendingChange, Profile, Source
from quarantine.models import QuarantinedAddress
from tests.factories import PublishedPageFactory

SEQUENCES = int(os.environ.get("SEQUENCES", "200"))
STEPS = 15
ADDRESSES = {"email": ["a@example.org", "b@example.org", "c@example.org"], "sms": ["+33611111111", "+33622222222"]}
SCOPES = list(OPT_OUT_FIELDS)
ON_THE_PAGE = ["email", "sms"]  # the boxes that visitors are asked about here
# Who may clear a box: an operator, or the person by a fresh link or a confirmation.
EXPLICIT = {Source.OPERATOR, Source.LANDING_PAGE}

emails = st.sampled_from(ADDRESSES["email"])
mobiles = st.sampled_from(["", *ADDRESSES["sms"]])
boxes = st.dictionaries(st.sampled_from(SCOPES), st.booleans(), max_size=3)
page_boxes = st.dictionaries(st.sampled_from(ON_THE_PAGE), st.booleans(), min_size=1)
numbers = st.integers(min_value=0, max_value=50)


@dataclass
class Person:
    """A profile as the model knows it."""

    email: str
    mobile: str
    ticked: set = field(default_factory=set)
    ticked_at: dict = field(default_factory=dict)  # scope -> step of the last tick
    addresses: set = field(default_factory=set)  # every one she ever had
    links: list = field(default_factory=list)  # her public ids: her own and those merged into her

    def at(self, channel):
        return self.email if channel == "email" else self.mobile


@dataclass
class Asked:
    """A change that waits for its confirmation."""

    pk: int
    person: int
    address: str
    choices: dict
    step: int


STATEMENTS = []  # those of ledger.disagreements()


def disagreements():
    """The same as the ledger's, with its statements put together once: that takes Django thirty times as long as they run."""
    if not STATEMENTS:
        with connection.execute_wrapper(note):
            return list(ledger.disagreements())
    with connection.cursor() as cursor:
        for sql, parameters in STATEMENTS:
            cursor.execute(sql, parameters)
            if cursor.fetchone():
                return list(ledger.disagreements())
    return []


def note(execute, sql, parameters, many, context):
    STATEMENTS.append((sql, parameters))
    return execute(sql, parameters, many, context)


class ConsentMachine(RuleBasedStateMachine):
    operator = page = None

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.people = {}
        self.asked = []
        self.silent = set()
        self.complained = set()
        self.step = 0

    def teardown(self):
        transaction.savepoint_rollback(self.savepoint)

    # The model's rules

    def tick(self, person, *scopes):
        for scope in scopes:
            if scope not in person.ticked:
                person.ticked.add(scope)
                person.ticked_at[scope] = self.step

    def clear(self, person, scope):
        if scope in person.ticked:
            person.ticked.discard(scope)
            self.silent.discard((scope, person.at(scope)))

    def arrive(self, person, *channels):
        """An address comes to a profile: it is hers, and silent if it has to be."""
        for channel in channels:
            address = person.at(channel)
            if address:
                person.addresses.add((channel, address))
            if (channel, address) in self.silent:
                self.tick(person, channel)

    def oldest(self, email, mobile=""):
        """The profile that a row means: by its email, or by its mobile where the row has no email."""
        having = (pk for pk, one in sorted(self.people.items()) if (one.email == email if email else one.mobile == mobile))
        return next(having, None)

    def new(self, email, mobile, ticked):
        stored = Profile.objects.order_by("pk").last()
        person = self.people[stored.pk] = Person(email, mobile, links=[stored.public_id])
        self.tick(person, *ticked)
        self.arrive(person, "email", "sms")

    def pick(self, number):
        pk = sorted(self.people)[number % len(self.people)]
        return pk, self.people[pk]

    def stored(self, pk):
        return Profile.objects.get(pk=pk)

    # What happens

    @initialize()
    def start(self):
        self.add_by_operator("a@example.org", ADDRESSES["sms"][0], {})
        self.add_by_operator("b@example.org", "", {"email": True})

    def add_by_operator(self, email, mobile, choices):
        editing.add({"email": email, "mobile": mobile}, choices, by=self.operator)
        self.new(email, mobile, [scope for scope, ticked in choices.items() if ticked])

    @rule(email=st.one_of(st.just(""), emails), mobile=mobiles, choices=boxes)
    def import_row(self, email, mobile, choices):
        """Also what a file says that was exported before somebody refused, merged or was erased."""
        self.step += 1
        if not email and not mobile:
            return
        known = self.oldest(email, mobile)
        self._import({"email": email, "mobile": mobile} | {OPT_OUT_FIELDS[scope]: ticked for scope, ticked in choices.items()})
        ticked = [scope for scope, asked in choices.items() if asked]
        if known is None:
            self.new(email, mobile, ticked)
            return
        person = self.people[known]
        self.tick(person, *ticked)
        if mobile and person.mobile != mobile:
            person.mobile = mobile
            self.arrive(person, "sms")

    def _import(self, cells):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "people.csv")
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(cells)
                writer.writerow({True: "yes", False: "no"}.get(cell, cell) for cell in cells.values())
            importing.import_file(path, by="Ana")

    @precondition(lambda self: self.people)
    @rule(who=numbers, choices=boxes, email=st.one_of(st.none(), emails))
    def edit(self, who, choices, email):
        self.step += 1
        pk, person = self.pick(who)
        stored = self.stored(pk)
        values = {"email": email} if email and email != person.email else {}
        changed = {scope: ticked for scope, ticked in choices.items() if ticked != (scope in person.ticked)}
        editing.edit(stored, values, changed, revision=stored.revision, by=self.operator)
        person.email = values.get("email", person.email)
        for scope, ticked in changed.items():
            self.tick(person, scope) if ticked else self.clear(person, scope)
        if values:
            self.arrive(person, "email")

    @precondition(lambda self: self.people)
    @rule(who=numbers, which=numbers, choices=page_boxes, is_old=st.booleans())
    def submit_with_link(self, who, which, choices, is_old):
        """The boxes of the page through a link of now, or through one that is older than any refusal."""
        self.step += 1
        pk, person = self.pick(who)
        issued_at = timezone.now() - timedelta(days=1 if is_old else 0)
        link = Link(Purpose.PAGE, person.links[which % len(person.links)], 0, self.page.pk, issued_at)
        content = self.page.version.content
        names = {block["field"]: forms.field_name(block) for block in content["blocks"] if block["field"]}
        shown = {scope: choices.get(scope, scope in person.ticked) for scope in ON_THE_PAGE}
        shown |= {scope: scope in person.ticked for scope in ("push", "direct_mail")}
        typed = {names["last_name"]: "Dupont", names["email"]: person.email}
        typed |= {names[OPT_OUT_FIELDS[scope]]: "on" for scope, ticked in shown.items() if ticked}
        form = forms.form_class(content, "en")(typed, initial=forms.initial_for(content, self.stored(pk), show_data=True))
        assert form.is_valid() or not person.email, form.errors
        if not person.email:
            return
        submission.submit(self.page.version, self.stored(pk), link, form, evidence=consent.NO_EVIDENCE)
        later = {}
        for scope, ticked in choices.items():
            if ticked:
                self.tick(person, scope)
            elif scope in person.ticked and is_old:
                later[scope] = False
            else:
                self.clear(person, scope)
        if later:
            self.ask(pk, later)

    def ask(self, pk, choices):
        newest = PendingChange.objects.order_by("pk").last()
        self.asked.append(Asked(newest.pk, pk, self.people[pk].email, choices, self.step))

    @rule(email=emails, mobile=mobiles, choices=page_boxes)
    def submit_without_link(self, email, mobile, choices):
        """A stranger types an address: nobody's profile changes before its holder confirms."""
        self.step += 1
        known = self.oldest(email)
        data = {"last_name": "Dupont", "email": email, "mobile": mobile}
        data |= {OPT_OUT_FIELDS[scope]: ticked for scope, ticked in choices.items()}
        before = PendingChange.objects.count()
        recording.receive(self.page.version, data, language="en", network="")
        reconciling.process_received()
        if known is None:
            refused = (
                any(one.mobile == mobile and one.ticked & {"all", "sms"} for one in self.people.values()) if mobile else False
            )
            self.new(email, mobile, [*(scope for scope, ticked in choices.items() if ticked), *(["sms"] if refused else [])])
        elif PendingChange.objects.count() > before:
            person = self.people[known]
            having = [one for one in self.people.values() if one.email == email]
            matters = {
                scope: ticked
                for scope, ticked in choices.items()
                if (any(scope not in one.ticked for one in having) if ticked else scope in person.ticked)
            }
            self.ask(known, matters)

    @precondition(lambda self: self.asked)
    @rule(which=numbers)
    def confirm(self, which):
        """Whoever reads the address says yes; a box that was ticked after the question stays ticked."""
        self.step += 1
        asked = self.asked.pop(which % len(self.asked))
        change = PendingChange.objects.get(pk=asked.pk)
        mobile = change.fields.get("mobile")
        person = self.people[asked.person]
        answered = pending.apply(change, evidence=consent.NO_EVIDENCE)
        assert answered == (person.email == asked.address)
        if not answered:
            return
        for scope, ticked in asked.choices.items():
            if ticked:
                for one in self.people.values():
                    if one.email == asked.address:
                        self.tick(one, scope)
            elif person.ticked_at.get(scope, -1) < asked.step:
                self.clear(person, scope)
        if mobile and mobile != person.mobile:
            person.mobile = mobile
            self.arrive(person, "sms")

    @precondition(lambda self: self.people)
    @rule(who=numbers, which=numbers)
    def one_click(self, who, which):
        """By a link of her own, or of a profile that was merged into hers."""
        self.step += 1
        _pk, person = self.pick(who)
        link = Link(Purpose.ONE_CLICK, person.links[which % len(person.links)], 0, 0, timezone.now())
        unsubscribing.act(unsubscribing.find(link), source=Source.ONE_CLICK, evidence=consent.NO_EVIDENCE)
        self.tick(person, "email")

    @rule(email=emails)
    def complain(self, email):
        """The address is on the blocklist; nobody's boxes change."""
        self.step += 1
        QuarantinedAddress.objects.get_or_create(channel=Channel.EMAIL, address=email, defaults={"status": "blocklist"})
        self.complained.add(email)

    @precondition(lambda self: len(self.people) > 1)
    @rule(who=numbers, other=numbers, taken=st.sets(st.sampled_from(["email", "mobile"])))
    def merge(self, who, other, taken):
        self.step += 1
        keys = sorted(self.people)
        winner_pk = keys[who % len(keys)]
        loser_pk = [pk for pk in keys if pk != winner_pk][other % (len(keys) - 1)]
        winner, loser = self.people[winner_pk], self.people.pop(loser_pk)
        stored = self.stored(winner_pk), self.stored(loser_pk)
        revisions = tuple(one.revision for one in stored)
        merging.merge(*stored, from_loser=taken, revisions=revisions, by=self.operator)
        together = winner.ticked | loser.ticked
        for channel, column in (("email", "email"), ("sms", "mobile")):
            kept, dropped = (loser, winner) if column in taken else (winner, loser)
            if dropped.at(channel) and dropped.at(channel) != kept.at(channel) and together & {ANY_CHANNEL, channel}:
                self.silent.add((channel, dropped.at(channel)))
        winner.email = loser.email if "email" in taken else winner.email
        winner.mobile = loser.mobile if "mobile" in taken else winner.mobile
        self.tick(winner, *loser.ticked)
        winner.links += loser.links
        winner.addresses |= loser.addresses
        for asked in self.asked:
            asked.person = winner_pk if asked.person == loser_pk else asked.person

    @precondition(lambda self: self.people)
    @rule(who=numbers)
    def erase(self, who):
        self.step += 1
        pk, person = self.pick(who)
        stored = self.stored(pk)
        erasure.erase(stored, revision=stored.revision, by=self.operator)
        del self.people[pk]
        self.asked = [asked for asked in self.asked if asked.person != pk]
        refused = {channel for channel in ADDRESSES if person.ticked & {ANY_CHANNEL, channel}}
        complained = {("email", email) for email in self.complained}
        hers = {("email", person.email), ("sms", person.mobile)}
        must = {one for one in hers if one[1] and (one[0] in refused or one in complained)}
        may = {one for one in person.addresses if one[0] in refused or one in complained}
        stored = self.stored_silence()
        # An address that she had before goes silent too where something still names it; no other does.
        assert self.silent | must <= stored <= self.silent | must | may
        self.silent = stored
        self.complained = set(QuarantinedAddress.objects.values_list("address", flat=True))

    def stored_silence(self):
        return {
            (channel, address) for channel, all_of in ADDRESSES.items() for address in erased.blocked(Channel.of(channel), all_of)
        }

    # What is always true

    @invariant()
    def the_boxes_are_those_of_the_model(self):
        stored = {one.pk: ({s for s, t in one.choices.items() if t}, one.email, one.mobile) for one in Profile.objects.all()}
        assert stored == {pk: (one.ticked, one.email, one.mobile) for pk, one in self.people.items()}

    @invariant()
    def the_ledger_explains_every_box(self):
        assert disagreements() == []

    @invariant()
    def a_box_is_cleared_by_an_explicit_act_only(self):
        cleared = ConsentEvent.objects.filter(after=False).exclude(scope="service")
        assert set(cleared.values_list("source", flat=True).order_by()) <= EXPLICIT

    @invariant()
    def a_silent_address_stays_silent(self):
        assert self.stored_silence() == self.silent


@pytest.mark.django_db
def test_consent_survives_everything_in_any_order(operator, monkeypatch, settings):
    settings.NOTICE_PAUSE_MINUTES, settings.NOTICES_PER_DAY = 0, 10_000
    monkeypatch.setattr(ConsentMachine, "operator", operator)
    monkeypatch.setattr(ConsentMachine, "page", PublishedPageFactory())
    run_state_machine_as_test(ConsentMachine, settings=profile_of_the_machine())


def profile_of_the_machine():
    return hypothesis_settings(
        max_examples=SEQUENCES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=SEQUENCES == 200,
        suppress_health_check=list(HealthCheck),
    )
