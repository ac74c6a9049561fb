from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from profiles import consent, ledger, sealing, tampering, triggers
from profiles.models import ConsentEvent, Profile, SealedBatch, Source
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def test_check_consent_says_how_much_it_checked(capsys):
    ProfileFactory(opted_out=["email", "all"])
    ProfileFactory()

    call_command("check_consent")

    assert capsys.readouterr().out.splitlines() == [
        "The boxes of 2 profiles agree with the 2 events of the ledger.",
        "No event is sealed yet.",
    ]


def test_check_consent_shows_the_newest_batch_to_be_noted_and_takes_it_back(capsys):
    ProfileFactory(opted_out=["email", "all"])
    sealing.Sealer().tick()
    noted = tampering.noted_form(SealedBatch.objects.get())

    call_command("check_consent", "--noted", noted)

    assert capsys.readouterr().out.splitlines()[1] == f"2 events are sealed in 1 batches; the newest is {noted}."
    with pytest.raises(SystemExit):
        call_command("check_consent", "--noted", noted[:-1] + ("0" if noted[-1] != "0" else "1"))
    assert capsys.readouterr().out.splitlines() == [
        "Batch 1 is not the one that was noted: the ledger was cut off and sealed anew.",
        "1 faults in 1 profiles and 2 events.",
    ]
    with pytest.raises(CommandError, match="such as 12:9f2ab4c66d01e87a"):
        call_command("check_consent", "--noted", "batch 12")


class Terminal(StringIO):
    def isatty(self):
        return True


def test_check_consent_shows_its_progress_to_somebody_at_a_terminal(capsys):
    profile = ProfileFactory(opted_out=["email"])
    sealing.Sealer().tick()
    consent.opt_out(profile, "sms", source=Source.OPERATOR)
    sealing.Sealer().tick()
    first, second = ConsentEvent.objects.order_by("pk").values_list("pk", flat=True)
    terminal, file = Terminal(), StringIO()

    call_command("check_consent", stderr=terminal)
    call_command("check_consent", stderr=file)

    assert terminal.getvalue() == f"\r{first:,} / {second:,} ({100 * first // second} %)\r{second:,} / {second:,} (100 %)\n"
    assert file.getvalue() == ""


def test_check_consent_names_a_rewritten_event(capsys):
    ProfileFactory(opted_out=["email"])
    sealing.Sealer().tick()
    with triggers.lifted(connection, ledger.GUARD):
        ConsentEvent.objects.update(wording="I agree to everything")
    event = ConsentEvent.objects.get()

    with pytest.raises(SystemExit) as stopped:
        call_command("check_consent")

    assert stopped.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        f"Event {event.pk} of profile {event.profile_id} was altered: it does not match its seal.",
        "1 faults in 1 profiles and 1 events.",
    ]


def test_check_consent_prints_each_disagreement_and_exits_with_1(capsys):
    profile = ProfileFactory()
    Profile.objects.update(opted_out_sms=True, opted_out_push=True)

    with pytest.raises(SystemExit) as stopped:
        call_command("check_consent")

    assert stopped.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        f"Profile {profile.pk}: “No longer contact by SMS” is ticked, the ledger says not ticked.",
        f"Profile {profile.pk}: “No longer contact by push notification” is ticked, the ledger says not ticked.",
        "2 faults in 1 profiles and 0 events.",
    ]


def test_check_consent_exits_with_1_without_the_guard(capsys):
    triggers.remove(connection, ledger.GUARD)
    triggers.remove(connection, ledger.SEAL_GUARDS[0])
    names = [name for guard in ledger.GUARDS[:2] for name in guard.statements(connection.vendor)]

    with pytest.raises(SystemExit) as stopped:
        call_command("check_consent")

    assert stopped.value.code == 1
    assert capsys.readouterr().out.splitlines() == [
        *(f"The ledger lacks its guard {name}: run manage.py migrate." for name in names),
        f"{len(names)} faults in 0 profiles and 0 events.",
    ]
