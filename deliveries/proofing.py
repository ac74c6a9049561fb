"""Ask for proofs: trial copies to ourselves, which change nothing about anybody (design decision 22, docs/decisions/0016)."""

import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from deliveries import controls, harmless, journal
from deliveries.content import MOST_PROOFS
from deliveries.journal import Line
from deliveries.models import Delivery, Level, Message, Preparation, Proof, ProofKind, ProofMail, TestProfile
from profiles.channels import Channel
from profiles.consent import actor
from profiles.models import Profile

BEFORE_A_PROOF = {"proof_size": Level.ERROR, "content": Level.ERROR, "sender": Level.ERROR}
TRAPS = uuid.UUID("1c1c2f2e-6b0c-4a53-9f3a-6a3c0b6f7f10")  # names the proof that a confirmation asks for


class ProofRefused(Exception):
    """The proof cannot be sent; the message is for the operator. Nothing was written."""


@dataclass(frozen=True)
class Substitution:
    """Somebody targeted, and whose address receives what she would receive."""

    profile: Profile
    address: str


def request(
    delivery: Delivery,
    *,
    tests: Iterable[TestProfile] = (),
    substitutions: Sequence[Substitution] = (),
    prefix: str = "",
    is_numbered: bool = True,
    key: uuid.UUID,
    by: AbstractUser | str,
) -> Proof:
    """A proof of the content as it is now, to be sent by the worker; the one that there is where `key` was asked for before.

    A prefix that is not empty begins the subject, with the number of the proof where it `is_numbered`. Raises ProofRefused
    for no address, more than MOST_PROOFS, and substitutions that the valid preparation does not deliver to.
    """
    with transaction.atomic():
        held = Delivery.objects.select_for_update(of=("self",)).select_related("preparation", "service").get(pk=delivery.pk)
        if former := Proof.objects.filter(request_key=key).first():
            return former
        mails = [*_to_tests(held, tests), *_to_substitutes(held, substitutions)]
        if not mails:
            raise ProofRefused(_("Choose at least one address that the proof goes to."))
        found = controls.findings(harmless.content_of(held), proofs=len(mails), only=BEFORE_A_PROOF)
        if faults := [line for line in found if line.level == Level.ERROR]:
            raise ProofRefused(str(faults[0]))
        number = _next_number(held)
        begin = f"{prefix} {number} – " if prefix and is_numbered else f"{prefix} – " if prefix else ""
        proof = _store(held, ProofKind.PROOF, number, begin, key, mails, by)
        values = {"number": number, "by": actor(by), "count": len(mails)}
        journal.write(held, Line(noop("Proof %(number)s requested by %(by)s: %(count)s addresses."), values))
    return proof


def request_traps(delivery: Delivery, *, by: AbstractUser | str) -> Proof | None:
    """A copy for every trap of the channel, as the confirmed delivery is; asked for once per preparation."""
    traps = TestProfile.objects.filter(is_trap=True)
    mails = _to_tests(delivery, traps)
    if not mails:
        return None
    key = uuid.uuid5(TRAPS, str(delivery.preparation_id))
    return _store(delivery, ProofKind.TRAP, _next_number(delivery), "", key, mails, by)


def targeted(preparation: Preparation | None, ids: Iterable[int]) -> list[Profile]:
    """Those of these profiles whom the preparation delivers to, in the order of their ids."""
    if preparation is None:
        return []
    wanted = Message.objects.to_deliver().filter(preparation=preparation, profile__in=list(ids)[: 10 * MOST_PROOFS])
    return list(Profile.objects.filter(pk__in=list(wanted.values_list("profile_id", flat=True))).order_by("pk"))


def drawn(preparation: Preparation | None, number: int, *, but: Iterable[int] = ()) -> list[Profile]:
    """So many of those whom the preparation delivers to, or all where they are fewer; each found by the primary key."""
    if preparation is None or number < 1:
        return []
    left, chosen = set(but), list[int]()
    for _try in range(min(number, MOST_PROOFS)):
        found = _somebody(preparation, left)
        if found is None:
            break
        left.add(found)
        chosen.append(found)
    return targeted(preparation, chosen)


def _somebody(preparation: Preparation, left_out: set[int]) -> int | None:
    rows = Message.objects.to_deliver().filter(preparation=preparation).exclude(profile__in=left_out).order_by("profile_id")
    start = random.randint(0, preparation.highest_id or 0)  # noqa: S311 (whom a proof shows is no secret)
    for rest in (Q(profile__gte=start), Q(profile__lt=start)):
        if (found := rows.filter(rest).values_list("profile_id", flat=True).first()) is not None:
            return int(found)
    return None


def _to_tests(delivery: Delivery, tests: Iterable[TestProfile]) -> list[ProofMail]:
    channel = Channel.of(delivery.channel)
    every = [(test, test.address(channel)) for test in tests]
    return [ProofMail(test_profile=test, label=test.label, address=address) for test, address in every if address]


def _to_substitutes(delivery: Delivery, substitutions: Sequence[Substitution]) -> list[ProofMail]:
    ready = {profile.pk for profile in targeted(delivery.preparation, [one.profile.pk for one in substitutions])}
    if len(ready) != len({one.profile.pk for one in substitutions}):
        raise ProofRefused(_("Somebody whom you chose is not among those to deliver to any more: choose again."))
    return [ProofMail(profile=one.profile, label=str(one.profile.pk), address=one.address) for one in substitutions]


def _next_number(delivery: Delivery) -> int:
    return (delivery.proofs.aggregate(last=Max("number"))["last"] or 0) + 1


def _store(
    delivery: Delivery,
    kind: ProofKind,
    number: int,
    begin: str,
    key: uuid.UUID,
    mails: Sequence[ProofMail],
    by: AbstractUser | str,
) -> Proof:
    proof = Proof.objects.create(
        kind=kind,
        delivery=delivery,
        number=number,
        prefix=begin,
        request_key=key,
        content=harmless.content_of(delivery),
        created_by=actor(by),
    )
    now: datetime = timezone.now()
    for mail in mails:
        mail.proof, mail.due_at = proof, now
    ProofMail.objects.bulk_create(mails)
    return proof
