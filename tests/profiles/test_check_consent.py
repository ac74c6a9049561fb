import pytest
from django.core.management import call_command
from django.db import connection

from profiles import ledger, triggers
from profiles.models import Profile
from tests.factories import ProfileFactory

pytestmark = pytest.mark.django_db


def test_check_consent_says_how_much_it_checked(capsys):
    ProfileFactory(opted_out=["email", "all"])
    ProfileFactory()

    call_command("check_consent")

    assert capsys.readouterr().out == "The boxes of 2 profiles agree with the 2 events of the ledger.\n"


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
