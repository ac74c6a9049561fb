"""Erasure: dump the database and grep, and nothing is left; yet who asked for silence stays silent."""

import uuid

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from deliveries import lifecycle, preparation
from deliveries.models import Delivery, Message, Proof, ProofMail
from deliveries.typology_models import ExcludedAddress
from landingpages.models import Submission
from profiles import (
    consent,
    editing,
    erased,
    erasure,
    holders,
    importjobs,
    ledger,
    merging,
    pending,
    registering,
    sealing,
    subscriptions,
    tampering,
)
from profiles.channels import Channel
from profiles.models import (
    ConsentEvent,
    Erasing,
    ImportJob,
    Notice,
    PendingChange,
    Profile,
    ProfileAlias,
    Source,
    Subscription,
    SuppressedHash,
)
from quarantine.models import QuarantinedAddress
from tests.factories import ProfileFactory, PublishedPageFactory, QuarantinedAddressFactory, ServiceFactory
from tests.test_structure import PERSONAL, declared

NOW = timezone.now()
# Too short to be found among other bytes: they go with their row, which other columns of it prove.
TOO_SHORT = {"profiles.Profile.preferred_language", "profiles.Profile.country"}


def erase(profile, by="Ana Lopes"):
    return erasure.erase(profile, revision=revision(profile), by=by)


def revision(profile):
    return Profile.objects.get(pk=profile.pk).revision


class Markers:
    """A text for every personal column that is nowhere else in the database."""

    def __init__(self):
        self.of = {}

    def __call__(self, column, template="{}"):
        text = template.format(f"zq{len(self.of):02}kw")
        self.of[column] = [text]
        return text

    def uuid(self, column):
        value = uuid.uuid4()
        self.of[column] = [value.hex, str(value)]
        return value

    def same(self, column, other):
        self.of[column] = self.of[other]

    def found_in(self, dump):
        return sorted(column for column, texts in self.of.items() if any(text.lower() in dump for text in texts))


@pytest.fixture
def marked(operator):
    """A person with a marker in every personal column of every model, and somebody else who stays."""
    mark = Markers()
    old = mark("deliveries.Message.address", "{}@old.example")
    texts = "external_id title first_name middle_name last_name gender time_zone email_format"
    texts += " phone fax street street_2 postal_code city state"
    values = {name: mark(f"profiles.Profile.{name}") for name in texts.split()}
    person = Profile.objects.create(
        **values,
        public_id=mark.uuid("profiles.Profile.public_id"),
        custom={"hobby": mark("profiles.Profile.custom")},
        mobile=mark("profiles.Profile.mobile"),
        email=old,
        country="FR",
        preferred_language="fr",
    )
    ProfileFactory()
    service = ServiceFactory()
    subscriptions.subscribe(person, service, source=Source.OPERATOR, by=operator)
    deliver(operator)
    Message.objects.filter(profile=person.pk).update(
        outcome=mark("deliveries.Message.outcome"), provider_id=mark("deliveries.Message.provider_id")
    )
    Profile.objects.filter(pk=person.pk).update(
        email=mark("profiles.Profile.email", "{}@example.org"), email_domain=mark("profiles.Profile.email_domain", "{}.org")
    )
    person.refresh_from_db()
    ExcludedAddress.objects.create(channel="email", address=person.email)
    mark.same("deliveries.ExcludedAddress.address", "profiles.Profile.email")
    mark.same("profiles.Profile.first_name_folded", "profiles.Profile.first_name")
    mark.same("profiles.Profile.last_name_folded", "profiles.Profile.last_name")
    evidence = consent.Evidence(
        **{name: mark(f"profiles.ConsentEvent.{name}") for name in ("wording", "detail", "request_id", "ip")}
    )
    consent.opt_out(person, "email", source=Source.LANDING_PAGE, evidence=evidence)
    change = PendingChange.objects.create(
        profile=person,
        public_id=mark.uuid("profiles.PendingChange.public_id"),
        address=mark("profiles.PendingChange.address", "{}@example.org"),
        fields={"city": mark("profiles.PendingChange.fields")},
        choices={mark("profiles.PendingChange.choices"): True},
        services={mark("profiles.PendingChange.services"): True},
        evidence={"ip": mark("profiles.PendingChange.evidence")},
        source=Source.LANDING_PAGE,
        created_at=NOW,
        expires_at=NOW,
    )
    Notice.objects.create(
        kind="fresh_link",
        channel="email",
        address=mark("profiles.Notice.address", "{}@example.org"),
        reason=mark("profiles.Notice.reason"),
        profile=person,
        pending_change=change,
        created_at=NOW,
    )
    proof = Proof.objects.create(delivery=Delivery.objects.get(), number=1, request_key=uuid.uuid4())
    ProofMail.objects.create(
        proof=proof,
        profile=person,
        address=mark("deliveries.ProofMail.address", "{}@example.org"),
        label=mark("deliveries.ProofMail.label"),
        reason=mark("deliveries.ProofMail.reason"),
        due_at=NOW,
    )
    record = QuarantinedAddressFactory(address=old, error_text=mark("quarantine.QuarantinedAddress.error_text"))
    mark.same("quarantine.QuarantinedAddress.address", "deliveries.Message.address")
    page = PublishedPageFactory()
    Submission.objects.create(
        page=page,
        version=page.version,
        changed=[mark("landingpages.Submission.changed")],
        request_id=mark.uuid("landingpages.Submission.request_id"),
        data={"first_name": mark("landingpages.Submission.data")},
        detail=mark("landingpages.Submission.detail"),
        ip=mark("landingpages.Submission.ip"),
        language="en",
        received_at=NOW,
        processed_at=NOW,
        status="applied",
        profile_id=person.pk,
    )
    ProfileAlias.objects.create(
        former_id=987654, former_public_id=mark.uuid("profiles.ProfileAlias.former_public_id"), winner=person, merged_at=NOW
    )
    for row in (person, record):
        LogEntry.objects.create(
            user=operator,
            content_type=ContentType.objects.get_for_model(row),
            object_id=row.pk,
            object_repr=str(row),
            action_flag=CHANGE,
            change_message=mark(f"admin.LogEntry.change_message of {row._meta.label}"),
        )
    return person, mark


def deliver(operator):
    delivery = Delivery.objects.create(label="Spring news", subject="News", html="<p>{{ unsubscribe_url }}</p>")
    preparation.start(delivery, by=operator)
    preparation.run(preparation.claim("test"))
    delivery.refresh_from_db()
    lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=operator)
    return delivery.preparation


def dump():
    """Every value of every table as text; on SQLite also the bytes of the file, free pages and all."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            tables = connection.introspection.table_names(cursor)
            rows = []
            for table in tables:
                cursor.execute(f'SELECT t::text FROM "{table}" AS t')
                rows += [row[0] for row in cursor.fetchall()]
            return "\n".join(rows).lower()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.ensure_connection()
        text = "\n".join(connection.connection.iterdump())
    name = connection.settings_dict["NAME"]
    raw = b"".join(read(f"{name}{suffix}") for suffix in ("", "-wal"))
    return (text + raw.decode("latin-1")).lower()


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


@pytest.mark.django_db(transaction=True)
def test_nothing_of_an_erased_person_is_left_in_the_database(marked):
    """Reliability X19."""
    person, mark = marked
    personal = set(declared(PERSONAL)) - TOO_SHORT
    assert personal - set(mark.of) == set()
    assert mark.found_in(dump()) == sorted(mark.of)
    address = person.email

    erase(person)

    assert mark.found_in(dump()) == []
    assert f"{person.pk}" in {str(row.profile_id) for row in Erasing.objects.all()}
    again = editing.add({"email": address}, {}, by=LogEntry.objects.first().user)
    assert [scope for scope, ticked in again.choices.items() if ticked] == ["email"]
    assert list(ledger.disagreements()) == []


@pytest.mark.django_db
def test_the_sum_of_a_preparation_stays_true(operator):
    gone, stays = ProfileFactory(), ProfileFactory()
    prepared = deliver(operator)

    erase(gone)

    rows = Message.objects.order_by("profile_id").values_list("profile_id", "address", "exclusion", "status")
    assert list(rows) == [(gone.pk, "", "", "pending"), (stays.pk, stays.email, "", "pending")]
    prepared.refresh_from_db()
    assert (prepared.targeted, prepared.to_deliver, prepared.excluded) == (2, 2, 0)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"address": "x@example.org"}, {"address": "", "exclusion": "blocklist", "status": "ignored"}])
def test_a_ready_message_changes_in_no_other_way_even_for_the_erased(operator, change):
    gone = ProfileFactory()
    deliver(operator)
    erase(gone)
    before = list(Message.objects.values())

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.update(**change)

    assert list(Message.objects.values()) == before


@pytest.mark.django_db
def test_the_address_of_a_present_profile_does_not_go(operator):
    ProfileFactory()
    deliver(operator)

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.update(address="")


@pytest.mark.django_db
def test_an_erasure_says_what_it_erased(operator):
    profile, service = ProfileFactory(opted_out=["email", "sms"]), ServiceFactory()
    subscriptions.subscribe(profile, service, source=Source.OPERATOR, by=operator)
    QuarantinedAddressFactory(address=profile.email)
    person = holders.person(profile)

    foreseen = [(str(part.label), part.number) for part in erasure.preview(person)]
    done = erase(profile, by=operator)

    assert [(str(part.label), part.number) for part in done] == foreseen
    assert [(label, number) for label, number in foreseen if number] == [
        ("Profile", 1),
        ("Subscriptions", 1),
        ("Consent history", 3),
        ("Records of quarantined addresses", 1),
    ]
    left = [model._meta.label for model in (Profile, Subscription, ConsentEvent, QuarantinedAddress) if model.objects.exists()]
    assert left == []
    assert list(LogEntry.objects.values_list("user", "object_repr", "change_message")) == [(operator.pk, f"#{profile.pk}", "")]


@pytest.mark.django_db
def test_an_erasure_leaves_everybody_else_alone(operator):
    profile, twin = ProfileFactory(email="same@example.org"), ProfileFactory(email="same@example.org", opted_out=["sms"])
    record = QuarantinedAddressFactory(address="same@example.org")
    page = PublishedPageFactory()
    Submission.objects.create(page=page, version=page.version, data={"email": "same@example.org"}, language="en", received_at=NOW)
    kept = (
        list(Profile.objects.filter(pk=twin.pk).values()),
        list(ConsentEvent.objects.values()),
        list(Submission.objects.values()),
    )

    erase(profile)

    assert list(QuarantinedAddress.objects.all()) == [record]
    assert (list(Profile.objects.values()), list(ConsentEvent.objects.values()), list(Submission.objects.values())) == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("opted_out", "silent"),
    [
        ([], set()),
        (["push"], set()),
        (["email"], {"email"}),
        (["sms"], {"sms"}),
        (["all"], {"email", "sms"}),
    ],
)
def test_the_address_of_a_refused_channel_stays_silent(operator, opted_out, silent):
    profile = ProfileFactory(email="marie@example.org", mobile="+33612345678", opted_out=opted_out)

    erase(profile)

    again = editing.add({"email": "marie@example.org", "mobile": "+33612345678"}, {}, by=operator)
    assert {scope for scope, ticked in again.choices.items() if ticked} == silent
    events = ConsentEvent.objects.order_by("pk").values_list("scope", "source", "detail")
    assert sorted(events) == sorted((scope, "system", "erased earlier") for scope in silent)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["quarantine", "blocklist"])
def test_an_address_that_failed_or_complained_stays_silent(operator, status):
    profile = ProfileFactory()
    QuarantinedAddressFactory(address=profile.email, status=status)

    erase(profile)

    assert editing.add({"email": profile.email}, {}, by=operator).opted_out_email


@pytest.mark.django_db
def test_an_erased_address_is_kept_by_no_more_than_a_digest():
    erase(ProfileFactory(email="marie@example.org", mobile="", opted_out=["email"]))

    assert [(row.channel, bytes(row.digest)) for row in SuppressedHash.objects.all()] == [
        ("email", erased.digest(Channel.EMAIL, "marie@example.org"))
    ]


@pytest.mark.django_db
def test_whoever_gets_an_erased_address_is_silent_on_its_channel(operator):
    for bring in (
        lambda profile: editing.edit(profile, {"email": "old@example.org"}, {}, revision=profile.revision, by=operator),
        lambda profile: registering.change(profile, {"email": "old@example.org"}),
    ):
        erase(ProfileFactory(email="old@example.org", opted_out=["email"]))
        profile = ProfileFactory()

        bring(profile)

        stored = Profile.objects.get(pk=profile.pk)
        assert [scope for scope, ticked in stored.choices.items() if ticked] == ["email"]
        stored.delete()


@pytest.mark.django_db
def test_a_new_profile_of_a_page_is_silent_too():
    erase(ProfileFactory(email="old@example.org", opted_out=["email"]))

    profile = registering.register(
        {"email": "old@example.org"},
        {},
        source=Source.LANDING_PAGE,
        created_by="page",
        evidence=consent.NO_EVIDENCE,
        wordings={},
    )

    assert profile.opted_out_email
    assert list(ledger.disagreements()) == []


@pytest.mark.django_db
def test_a_person_may_opt_in_again_after_her_erasure(operator):
    """Reference 10.4.3: by her own confirmed act; the address is an ordinary one afterwards."""
    erase(ProfileFactory(email="old@example.org", opted_out=["email"]))
    profile = editing.add({"email": "old@example.org"}, {}, by=operator)
    pending.ask(
        profile,
        address=profile.email,
        fields={},
        choices={"email": False},
        source=Source.DOUBLE_OPT_IN,
        evidence=consent.NO_EVIDENCE,
    )

    assert pending.apply(PendingChange.objects.get(), evidence=consent.NO_EVIDENCE)

    assert not Profile.objects.get(pk=profile.pk).opted_out_email
    assert erased.blocked(Channel.EMAIL, ["old@example.org"]) == set()


@pytest.mark.django_db
def test_an_unchanged_address_is_not_asked_again(operator):
    """The twin of an erased profile keeps what she allowed; only bringing the address in counts."""
    profile, twin = ProfileFactory(email="same@example.org", opted_out=["email"]), ProfileFactory(email="same@example.org")
    erase(profile)

    editing.edit(twin, {"city": "Lyon"}, {}, revision=0, by=operator)

    assert not Profile.objects.get(pk=twin.pk).opted_out_email


@pytest.mark.django_db
def test_merged_profiles_are_erased_with_their_winner(operator):
    winner, loser = ProfileFactory(opted_out=["email"]), ProfileFactory(opted_out=["sms"])
    deliver(operator)
    revisions = (revision(winner), revision(loser))
    merged = merging.merge(winner, loser, from_loser=set(), revisions=revisions, by=operator)

    erase(merged)

    assert list(ConsentEvent.objects.all()) == []
    assert list(Message.objects.values_list("address", flat=True)) == ["", ""]
    assert sorted(Erasing.objects.values_list("profile_id", flat=True)) == sorted([winner.pk, loser.pk])
    assert list(ProfileAlias.objects.all()) == []


@pytest.mark.django_db
def test_who_erases_what_somebody_else_changed_is_told(operator):
    profile = ProfileFactory(opted_out=["email"])
    before = list(Profile.objects.values()), list(ConsentEvent.objects.values())

    with pytest.raises(erasure.ChangedMeanwhile):
        erasure.erase(profile, revision=99, by=operator)

    assert (list(Profile.objects.values()), list(ConsentEvent.objects.values())) == before
    assert not SuppressedHash.objects.exists()


@pytest.mark.django_db
def test_the_command_shows_the_numbers_and_erases_when_told(capsys):
    profile = ProfileFactory(opted_out=["email"])

    call_command("erase_profile", str(profile.pk))
    shown = capsys.readouterr().out
    assert Profile.objects.filter(pk=profile.pk).exists()
    call_command("erase_profile", str(profile.pk), "--yes")

    assert "Consent history: 1" in shown
    assert "--yes" in shown
    assert not Profile.objects.exists()
    assert profile.email not in shown


@pytest.mark.django_db
def test_every_app_is_asked():
    asked = {model._meta.app_label for holder in holders.registered() for model in holder.models}

    assert asked == {"admin", "profiles", "quarantine", "landingpages", "deliveries"}


@pytest.mark.django_db
def test_an_erasure_explains_the_sealed_events_that_went():
    profile = ProfileFactory(opted_out=["email", "sms"])
    ProfileFactory(opted_out=["email"])
    sealing.Sealer().seal_everything()

    erase(profile)

    assert ConsentEvent.objects.count() == 1
    assert list(tampering.faults()) == []


@pytest.fixture
def uploaded(settings, tmp_path, operator):
    """An import that ended, with these bytes as its file and its refused rows."""
    settings.FILES = tmp_path

    def make(content, *, rejects=b"", encoding="utf-8", status="finished"):
        ended_at = NOW if status in ("finished", "cancelled", "failed") else None
        job = ImportJob.objects.create(
            file_name="people.csv",
            key=uuid.uuid4().hex,
            size=1,
            encoding=encoding,
            delimiter=",",
            status=status,
            ended_at=ended_at,
            created_by="Ana",
        )
        importjobs.table(job).write_bytes(content)
        importjobs.rejects(job).write_bytes(rejects)
        return job

    return make


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("content", "rejects", "encoding"),
    [
        (b"email\nmarie@example.org\n", b"", "utf-8"),
        (b"email\nMARIE@Example.org\n", b"", "cp1252"),
        (b"mobile\n06 12 34 56 78\n", b"", "utf-8"),
        (b"mobile\n0033 6.12.34.56.78\n", b"", "utf-8"),
        (b"email\nx@example.org\n", b"line,why\n2,marie@example.org\n", "utf-8"),
        ("email\nmarie@example.org\n".encode("utf-16"), b"", "utf-16"),
    ],
)
def test_files_of_imports_that_name_an_erased_person_are_deleted(uploaded, content, rejects, encoding):
    naming = uploaded(content, rejects=rejects, encoding=encoding)
    other = uploaded(b"email,mobile\nmary@example.org,06 12 34 56 79\n")

    erase(ProfileFactory(email="marie@example.org", mobile="+33612345678"))

    left = sorted(path.name for job in (naming, other) for path in importjobs.paths(job) if path.exists())
    assert left == [f"{other.key}.csv", f"{other.key}.rejects.csv"]
    assert list(ImportJob.objects.exclude(files_deleted_at=None)) == [naming]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("written", ["jürgen@exämple.org", "JÜRGEN@EXÄMPLE.ORG", "Jürgen@xn--exmple-cua.org"])
def test_files_with_an_address_in_letters_with_accents_are_deleted(uploaded, written, encoding):
    naming = uploaded(f"email\n{written}\n".encode(encoding), encoding=encoding)
    other = uploaded("email\njorgen@exämple.org\n".encode(encoding), encoding=encoding)

    erase(ProfileFactory(email="jürgen@xn--exmple-cua.org"))

    assert [importjobs.table(job).exists() for job in (naming, other)] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_files_stay_where_nothing_was_erased(uploaded):
    job = uploaded(b"email\nmarie@example.org\n")

    with pytest.raises(erasure.ChangedMeanwhile):
        erasure.erase(ProfileFactory(email="marie@example.org"), revision=99, by="Ana")

    assert importjobs.table(job).exists()
