"""Load the demo data through the same verbs that operators, imports and recipients use."""

import random
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Permission
from django.db import transaction
from django.utils import timezone

from config.demo import details, letters, pages
from config.demo.people import SEED, people
from deliveries import breakdowns, lifecycle, preparation
from deliveries.models import Delivery, TestProfile
from landingpages.models import LandingPage
from profiles import audiences, consent, subscriptions
from profiles.channels import ANY_CHANNEL, Channel
from profiles.consent import Evidence
from profiles.models import CustomField, MessageChoice, Profile, Service, Source, ValidityUnit
from quarantine import counting
from quarantine.models import Reason, Status
from quarantine.qualification import qualify

MANAGER = ("ana", "Ana", "Lopes")
MARKETER = ("luc", "Luc", "Besson")
# Luc writes and prepares; only Ana, who may do everything, publishes pages and confirms deliveries.
MARKETER_MAY = (
    "view_proof",
    "add_proof",
    "view_testprofile",
    "view_profile",
    "add_profile",
    "change_profile",
    "view_service",
    "view_savedaudience",
    "add_savedaudience",
    "change_savedaudience",
    "view_consentevent",
    "view_quarantinedaddress",
    "view_landingpage",
    "add_landingpage",
    "change_landingpage",
    "view_delivery",
    "add_delivery",
    "change_delivery",
    "prepare_delivery",
)
# Values of the service, and how many are subscribed.
SERVICES: tuple[tuple[dict[str, Any], int], ...] = (
    (
        {
            "label": "Thursday letter",
            "public_label": "La lettre du jeudi / The Thursday letter",
            "description": "News of the house, every Thursday morning.",
            "double_opt_in": True,
            "subscribed_message": MessageChoice.DEFAULT,
        },
        120,
    ),
    (
        {
            "label": "Workshops",
            "public_label": "Ateliers / Workshops",
            "description": "A season's workshops; people subscribe anew for the next one.",
            "validity_amount": 6,
            "validity_unit": ValidityUnit.MONTHS,
        },
        60,
    ),
)
# (scope, how many, source): who does not want to be contacted, by which way they said so.
OPT_OUTS = (
    ("email", 9, Source.OPERATOR),
    ("email", 12, Source.ONE_CLICK),
    ("email", 8, Source.IMPORT),
    (ANY_CHANNEL, 5, Source.OPERATOR),
    (ANY_CHANNEL, 4, Source.IMPORT),
    ("sms", 8, Source.OPERATOR),
    ("push", 3, Source.OPERATOR),
    ("direct_mail", 6, Source.IMPORT),
)
CHANGED_THEIR_MIND = 3
EVIDENCE = {
    Source.ONE_CLICK: Evidence(wording="I no longer want to receive emails.", delivery_label="Autumn news"),
    Source.IMPORT: Evidence(detail="opt-outs of the former tool.csv"),
}
# Answers of mail servers, with how many hours ago each came: the address is what these make of it.
REFUSALS = (
    ("550 5.1.1 The email account that you tried to reach does not exist", (50,)),
    ("550 5.1.1 <{address}>: Recipient address rejected: User unknown in virtual mailbox table", (30,)),
    ("550 5.1.1 No such user here", (75,)),
    ("550 5.1.2 Host or domain name not found", (28,)),
    ("550 5.2.1 The email account that you tried to reach is disabled", (100,)),
    ("452 4.2.2 The recipient's inbox is out of storage space", (60, 20)),
    ("451 4.4.1 Connection timed out", (40,)),
)
COMPLAINT = "Feedback report of the mailbox provider: the recipient marked the message as spam."


def is_empty() -> bool:
    """Is there nothing that demo data could mix with?"""
    return not any(model._default_manager.exists() for model in (Profile, Delivery, LandingPage))


# Whom contents are previewed as, and who receives proofs: the local mailbox shows them.
TEST_PROFILES = (
    {"label": "Ana, in English", "email": "ana@example.org", "first_name": "Ana", "preferred_language": "en"},
    {"label": "Luc, en français", "email": "luc@example.org", "first_name": "Luc", "preferred_language": "fr"},
    {"label": "Nobody by name", "email": "nobody@example.org"},
)


def load() -> Delivery:
    """Everything or nothing; returns the confirmed delivery, whose mails the worker sends."""
    with transaction.atomic():
        chance = random.Random(SEED)  # noqa: S311 (the same choices every time, no secret)
        manager = _operators()
        profiles = people()
        details.complete(profiles)
        CustomField.objects.bulk_create(details.custom_fields())
        for profile in profiles:
            profile.created_by = profile.modified_by = consent.actor(manager)
        Profile.objects.bulk_create(profiles)
        others = profiles[2:]  # Marie Dupont and her twin are the reader's to change
        _subscribe(profiles, chance, manager)
        _opt_out(others, chance, manager)
        _quarantine(others, chance, manager)
        pages.publish_for(Service.objects.get(label="Thursday letter"), manager)
        TestProfile.objects.bulk_create(TestProfile(**values) for values in TEST_PROFILES)
        shared = {**pages.publish(manager), "audience": audiences.EVERYBODY, "created_by": consent.actor(manager)}
        confirmed = _confirmed(Delivery.objects.create(**letters.WINTER, **shared), manager)
        Delivery.objects.create(**letters.SPRING, **shared)
        return confirmed


def _operators() -> AbstractUser:
    """Ana, and Luc who prepares and cannot confirm. Their passwords are their names, so this is for development only."""
    users = get_user_model()._default_manager
    manager = users.filter(username=MANAGER[0]).first() or users.create_superuser(MANAGER[0], password=MANAGER[0])
    manager.first_name, manager.last_name = manager.first_name or MANAGER[1], manager.last_name or MANAGER[2]
    manager.save(update_fields=["first_name", "last_name"])
    if not users.filter(username=MARKETER[0]).exists():
        username, first, last = MARKETER
        marketer = users.create_user(username, password=username, first_name=first, last_name=last, is_staff=True)
        marketer.user_permissions.set(Permission.objects.filter(codename__in=MARKETER_MAY))
    return manager


def _subscribe(profiles: list[Profile], chance: random.Random, manager: AbstractUser) -> None:
    for values, number in SERVICES:
        service = Service.objects.create(**values)
        chosen = Profile.objects.filter(pk__in=[profile.pk for profile in chance.sample(profiles, number)])
        subscriptions.subscribe_set(chosen, service, source=Source.OPERATOR, by=manager)


def _opt_out(profiles: list[Profile], chance: random.Random, manager: AbstractUser) -> None:
    for scope, number, source in OPT_OUTS:
        by = None if source == Source.ONE_CLICK else manager
        evidence = EVIDENCE.get(source, consent.NO_EVIDENCE)
        willing = [profile for profile in profiles if not profile.choices[scope] and profile.email]
        for profile in chance.sample(willing, number):
            consent.opt_out(profile, scope, source=source, by=by, evidence=evidence)
    for profile in [profile for profile in profiles if profile.opted_out_email][:CHANGED_THEIR_MIND]:
        consent.apply_choices(profile, {"email": False}, source=Source.OPERATOR, by=manager)


def _quarantine(profiles: list[Profile], chance: random.Random, manager: AbstractUser) -> None:
    addresses = sorted({profile.email for profile in profiles if profile.email and not profile.ticked})
    complaint, *refused = chance.sample(addresses, 1 + len(REFUSALS))
    counting.add(Channel.EMAIL, complaint, status=Status.BLOCKLIST, reason=Reason.ON_BLOCKLIST, text=COMPLAINT, by=manager)
    # A soft error is forgotten when the next mail arrives: it stays where the delivery of the demo writes to nobody.
    silent = iter(chance.sample(sorted({p.email for p in profiles if p.opted_out_email} - set(addresses)), len(REFUSALS)))
    for drawn, (answer, hours) in zip(refused, REFUSALS, strict=True):
        address = next(silent) if answer.startswith("4") else drawn
        text = answer.format(address=address)
        for ago in hours:
            counting.record_failure(
                Channel.EMAIL,
                address,
                qualify(int(text[:3]), "", text),
                text=text,
                delivery_label="Autumn news",
                at=timezone.now() - timedelta(hours=ago),
            )


def _confirmed(delivery: Delivery, manager: AbstractUser) -> Delivery:
    """The delivery on its way: prepared here as a worker would, confirmed, and left to the worker to send."""
    preparation.start(delivery, by=manager)
    claimed = preparation.claim("demo")
    if claimed:
        preparation.run(claimed, asks_outside=False)  # no server listens yet
        breakdowns.count_due()
    delivery.refresh_from_db()
    lifecycle.confirm(delivery, preparation=delivery.preparation_id or 0, by=manager)
    return delivery
