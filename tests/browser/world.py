"""What the pages show in the browser tests: people, choices, quarantined addresses and a delivery in each status."""

import uuid
from datetime import date, timedelta

from django.contrib.auth.models import Group, User
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from deliveries import (
    blockediting,
    breakdowns,
    lifecycle,
    mailblocks,
    pictures,
    preparation,
    proof_sending,
    proofing,
    sending,
    skeleton,
    transports,
)
from deliveries import copying as delivery_copying
from deliveries.content_state import PARTS
from deliveries.mailblocks import MailKind
from deliveries.models import Delivery, DomainLimit, TestProfile
from deliveries.statuses import DeliveryStatus
from landingpages import centre, copying, editing, media, publishing, scheduling
from landingpages.models import ScheduledPublication, Submission, SubmissionStatus, VisitCount
from profiles import audiences, consent, freezing, pending, saved_audiences, subscriptions
from profiles.channels import Channel
from profiles.links import Purpose, make_token
from profiles.models import CustomField, CustomType, PendingChange, Profile, SavedAudience, Service, Source
from quarantine.models import QuarantinedAddress, Reason, Status
from tests.factories import (
    BrandFactory,
    LandingPageFactory,
    ProfileFactory,
    PublishedPageFactory,
    QuarantinedAddressFactory,
    ServiceFactory,
)
from tests.landingpages.visitors import address, link
from tests.profiles.images import PNG

# Small batches, so that a delivery can be caught in the middle.
SETTINGS = {"TRANSPORTS": {"email": "deliveries.transports.memory.MemorySession"}, "BATCH_MESSAGES": 4}
# What a worker would go on with comes last.
ORDER = [DeliveryStatus(name) for name in ("editing", "ready", "finished", "stopped", "paused", "in_progress", "preparing")]
PREPARED_TWICE = "Spring news, prepared again"
LONG_NAME = {"first_name": "Marie-Charlotte Éléonore", "last_name": "de la Rochefoucauld-Montbazon"}
LONG_ADDRESS = "marie-charlotte.de-la-rochefoucauld-montbazon@correspondance.maison-exemple.example.org"
REFUSAL = "550 5.1.1 <gone@example.org>: Recipient address rejected: User unknown in virtual mailbox table"


def build(operator: User) -> None:
    _people(operator)
    _quarantine()
    _audiences(operator)
    _test_profiles()
    _prepared_twice(operator)
    _planned(operator)
    for status in ORDER:
        _delivery(status, operator)
    Group.objects.create(name="Marketers")


def _people(operator: User) -> None:
    for position, kind in enumerate(CustomType, 1):
        options = ["Red", "Blue"] if kind == CustomType.CHOICE else []
        CustomField.objects.create(key=kind.value, label=f"Favourite {kind.label}", type=kind, options=options, position=position)
    marie = ProfileFactory(
        first_name="Marie",
        last_name="Dupont",
        email="marie@example.org",
        birth_date=date(1984, 2, 29),
        custom={"text": "left-handed", "number": 38.5, "date": "2020-05-17", "yes_no": True, "choice": "Green"},
        opted_out=["sms", "direct_mail"],
    )
    consent.opt_out(marie, "email", source=Source.ONE_CLICK)
    consent.apply_choices(marie, {"sms": False}, source=Source.OPERATOR, by=operator)
    letter = ServiceFactory(label="Thursday letter", description="News of the house, every Thursday morning.")
    ServiceFactory(label="Offers")
    subscriptions.subscribe(marie, letter, source=Source.OPERATOR, by=operator)
    ProfileFactory(first_name="M.", last_name="Dupont", email="marie@example.org")
    ProfileFactory(**LONG_NAME, email=LONG_ADDRESS, opted_out=["all", "email", "sms", "push", "direct_mail"])
    ProfileFactory(first_name="", last_name="", email="", mobile="+33612345678")
    ProfileFactory(email="gone@example.org")
    for number in range(12):
        ProfileFactory(opted_out=["email"] if number % 4 == 0 else ["all"] if number == 5 else [])


def _audiences(operator: User) -> None:
    """One of every kind of value, in every kind of group; and a list of it."""
    service = Service.objects.first()
    parts = [
        {"field": "country", "operator": "in", "value": ["FR", "BE"]},
        {"field": "gender", "operator": "not_in", "value": ["male"]},
        {
            "any": [
                {"field": "city", "operator": "is_not", "value": "Paris"},
                {"field": "age", "operator": "between", "value": [0, 99]},
            ]
        },
        {"not": {"any": [{"field": "birth_date", "operator": "on", "value": "2000-02-29"}]}},
        {"not": {"all": [{"field": "service", "operator": "subscribed_last", "value": [service.pk, 7]}]}},
        {"field": "email", "operator": "not_empty", "value": None},
    ]
    query = saved_audiences.create({"all": parts}, label="Spring readers " * 8, by=operator)
    freezing.freeze(query, label="Spring readers of today", by=operator)


def _quarantine() -> None:
    now = timezone.now()
    failed = {"error_at": now - timedelta(days=2), "significant_error_at": now - timedelta(days=2), "errors": 3}
    QuarantinedAddressFactory(address="gone@example.org", reason=Reason.USER_UNKNOWN, error_text=REFUSAL, **failed)
    QuarantinedAddressFactory(address=LONG_ADDRESS, status=Status.ERRONEOUS, reason=Reason.MAILBOX_FULL, **failed)
    QuarantinedAddressFactory(address="+33600000000", channel="sms", status=Status.BLOCKLIST, reason=Reason.ON_BLOCKLIST)
    for status in (Status.UNKNOWN, Status.VALID, Status.ALLOWLIST):
        QuarantinedAddressFactory(status=status)


def _test_profiles() -> None:
    TestProfile.objects.create(label="Ana at home", email="ana@example.org", first_name="Ana", is_trap=True)
    TestProfile.objects.create(label=LONG_NAME["last_name"], email=LONG_ADDRESS, **LONG_NAME, preferred_language="fr")


def _contents(delivery: Delivery, operator: User) -> None:
    """One of every block, with a picture; a proof that was sent and one that could not be."""
    blockediting.begin(delivery, by=operator)
    image = media.keep(ContentFile(PNG, "spring.png"), by=operator)
    picture = {"digest": image.digest, "width": image.width, "height": image.height, "name": image.name}
    every = [mailblocks.new(kind) | (picture if kind == MailKind.IMAGE else {}) for kind in MailKind if kind != MailKind.FOOTER]
    blockediting.store(delivery, [*every, *delivery.blocks], by=operator)
    pictures.keep(delivery, image)
    tests = list(TestProfile.objects.all())
    proofing.request(delivery, tests=tests, prefix="Proof", key=uuid.uuid4(), by=operator)
    proof_sending.send_due()


def _prepared_twice(operator: User) -> None:
    """Between the two, somebody came, somebody left, somebody opted out, and the content got a mistake."""
    in_paris = {"field": "city", "operator": "is", "value": "Paris"}
    reached = {"any": [{"field": "country", "operator": "in", "value": ["FR"]}, in_paris]}
    tree = {"all": [reached, {"not": {"field": "gender", "operator": "in", "value": ["male"]}}]}
    delivery = Delivery.objects.create(label=PREPARED_TWICE, subject="Spring", audience=tree, **skeleton.content())
    _prepare(delivery, operator)
    leaves, refuses = ProfileFactory.create_batch(3), ProfileFactory()
    _prepare(delivery, operator)
    Profile.objects.filter(pk__in=[one.pk for one in leaves]).update(country="BE", gender="male")
    consent.opt_out(refuses, "email", source=Source.ONE_CLICK)
    ProfileFactory(email="late@example.org", preferred_language="de")
    delivery.refresh_from_db()
    changed = {"subject": "", "html": "<p>Hello {{ profile.first_name }}</p>", "sender_email": ""}
    lifecycle.revise(delivery, changed, revision=delivery.revision, by=operator)
    _prepare(delivery, operator)


def _prepare(delivery: Delivery, operator: User) -> None:
    preparation.start(delivery, by=operator)
    preparation.run(preparation.claim("test"))
    breakdowns.count_due()
    delivery.refresh_from_db()


def _planned(operator: User) -> None:
    """A delivery in which every part of the plan is set, waiting for its date; and a template of it."""
    delivery = Delivery.objects.create(
        label="Autumn letter",
        subject="Autumn is here",
        audience=audiences.EVERYBODY,
        contact_at=timezone.now() + timedelta(days=2),
        time_zone="America/Argentina/Buenos_Aires",
        waves={"unit": "percent", "sizes": [5, 20], "minutes": 90},
        rate=6000,
        validity_hours=72,
        **skeleton.content(),
    )
    delivery_copying.copy(delivery, label="Our letter " * 8, by=operator, is_template=True)
    DomainLimit.objects.create(domain="example.org", per_minute=600)
    preparation.start(delivery, by=operator)
    preparation.run(preparation.claim("test"))
    delivery.refresh_from_db()
    lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=operator)


def _delivery(status: DeliveryStatus, operator: User) -> None:
    label = f"Spring news, {status.label}" if status != DeliveryStatus.PAUSED else "Autumn sale " * 9
    delivery = Delivery.objects.create(
        label=label.strip(),
        subject="Spring is here, {{ profile.first_name }}",
        audience=audiences.EVERYBODY,
        **skeleton.content(),
    )
    if status == DeliveryStatus.EDITING:
        _contents(delivery, operator)
        return
    if status == DeliveryStatus.PREPARING:
        preparation.start(delivery, by=operator)
        return
    _prepare(delivery, operator)
    if status == DeliveryStatus.READY:
        return
    lifecycle.confirm(delivery, preparation=delivery.preparation_id, by=operator)
    _send_some(batches=99 if status == DeliveryStatus.FINISHED else 1)
    if status == DeliveryStatus.PAUSED:
        lifecycle.pause(delivery, by=operator)
    elif status == DeliveryStatus.STOPPED:
        lifecycle.stop(delivery, by=operator)


def _send_some(*, batches: int) -> None:
    for _number in range(batches):
        batch = sending.claim_batch("test")
        if batch is None:
            return sending.finish_done()
        with transports.open_session(Channel.EMAIL) as session:
            sending.BatchSender(batch, session).run()
    return None


def backoffice_pages() -> list[str]:
    """The address of every page that an operator sees."""
    marie, other = Profile.objects.order_by("pk")[:2]
    record = QuarantinedAddress.objects.get(address="gone@example.org")
    user = User.objects.get(username="ana")
    return [
        reverse("admin:index"),
        reverse("admin:profiles_profile_changelist"),
        reverse("admin:profiles_profile_changelist") + "?q=nobody",
        reverse("admin:profiles_profile_changelist") + "?q=marie&country=FR&p=0",
        reverse("admin:profiles_profile_add"),
        reverse("profiles:opt_out") + f"?ids={marie.pk},{other.pk}",
        reverse("profiles:export") + "?everything=1",
        reverse("profiles:imports"),
        reverse("profiles:import_upload"),
        reverse("admin:profiles_profile_change", args=[marie.pk]),
        *(
            reverse(f"profiles:{name}", args=[marie.pk])
            for name in ("consent_history", "subscriptions", "consent_record", "marketing_history", "merge", "access", "erase")
        ),
        reverse("profiles:consent_history", args=[marie.pk]) + f"?at={timezone.localtime():%Y-%m-%dT%H:%M:%S}",
        reverse("profiles:marketing_history", args=[other.pk]) + "?kind=addresses",
        reverse("profiles:merge", args=[marie.pk]) + f"?with={other.pk}",
        reverse("profiles:merge", args=[marie.pk]) + "?q=nobody",
        *(
            reverse(f"deliveries:{name}", args=[marie.pk])
            for name in ("profile_sending_log", "profile_exclusion_log", "profile_tracking_log")
        ),
        *_submission_pages(),
        *_audience_pages(),
        reverse("admin:profiles_service_changelist"),
        reverse("admin:profiles_service_add"),
        reverse("admin:profiles_service_change", args=[Service.objects.first().pk]),
        reverse("admin:profiles_service_delete", args=[Service.objects.first().pk]),
        *(
            reverse(f"profiles:service_{name}", args=[service.pk])
            for name in ("subscriptions", "history", "dashboard", "list")
            for service in Service.objects.all()
        ),
        reverse("admin:profiles_customfield_changelist"),
        reverse("admin:profiles_customfield_changelist") + "?q=nothing",
        reverse("admin:profiles_customfield_add"),
        reverse("admin:profiles_customfield_change", args=[CustomField.objects.get(type="choice").pk]),
        reverse("admin:profiles_customfield_delete", args=[CustomField.objects.get(type="choice").pk]),
        reverse("admin:quarantine_quarantinedaddress_changelist"),
        reverse("admin:quarantine_quarantinedaddress_add"),
        reverse("admin:quarantine_quarantinedaddress_change", args=[record.pk]),
        reverse("quarantine:paste"),
        *_builder_pages(),
        *_lifecycle_pages(),
        *_delivery_pages(),
        reverse("admin:auth_user_changelist"),
        reverse("admin:auth_user_add"),
        reverse("admin:auth_user_change", args=[user.pk]),
        reverse("admin:auth_user_password_change", args=[user.pk]),
        reverse("admin:auth_group_changelist"),
        reverse("admin:auth_group_change", args=[Group.objects.first().pk]),
        reverse("admin:password_change"),
        "/admin/nothing-here/",
    ]


def _builder_pages() -> list[str]:
    """Brands, and the builder with a block chosen, seen as somebody, in the dark, beside and below."""
    brand, marie = BrandFactory(label="Maison Exemple " * 6, is_default=True), Profile.objects.order_by("pk").first()
    page = LandingPageFactory(label="Préférences " * 8, slug="builder", brand=brand)
    build = reverse("landingpages:build", args=[page.pk])
    return [
        reverse("profiles:brands"),
        reverse("profiles:brand_add"),
        reverse("profiles:brand", args=[brand.pk]),
        reverse("profiles:brand_delete", args=[brand.pk]),
        reverse("landingpages:visitors", args=[page.pk]),
        *(build + end for end in ("", f"?block={page.blocks.get(field='opted_out_sms').key}&visitor={marie.pk}&scheme=dark")),
        reverse("landingpages:shared"),
        reverse("landingpages:shared_add"),
        *(f"{build}?block={editing.add(page, kind, by='Ana').key}" for kind in NEW_KINDS),
        *(build + end for end in ("?width=desktop&lang=fr", "?part=confirmation", "?part=error&width=desktop")),
    ]


def _content_pages(ready: int) -> list[str]:
    """The editor in both modes, the preview of each part, proofs and test profiles."""
    editing, test = Delivery.objects.planned().get(status=DeliveryStatus.EDITING), TestProfile.objects.first()
    marie = Profile.objects.order_by("pk").first()
    keys = {block["kind"]: block["key"] for block in editing.blocks}
    built, preview = reverse("deliveries:content", args=[editing.pk]), reverse("deliveries:preview", args=[ready])
    return [
        reverse("deliveries:content", args=[ready]),
        reverse("deliveries:content_mode", args=[ready]),
        reverse("deliveries:content_mode", args=[editing.pk]),
        built + f"?block={keys[MailKind.TEXT]}&width=desktop&scheme=dark",
        *(built + f"?block={keys[kind]}" for kind in (MailKind.IMAGE, MailKind.BUTTON, MailKind.SPACER)),
        *(preview + f"?part={part}&person=test-{test.pk}" for part in PARTS),
        reverse("deliveries:preview", args=[editing.pk]) + f"?person=profile-{marie.pk}&width=phone",
        *(reverse("deliveries:proofs", args=[pk]) for pk in (ready, editing.pk)),
        reverse("admin:deliveries_testprofile_changelist"),
        reverse("admin:deliveries_testprofile_change", args=[test.pk]),
        reverse("admin:deliveries_testprofile_add"),
    ]


NEW_KINDS = ("rich_text", "image", "shared", "radio", "agreement", "hidden")


def _lifecycle_pages() -> list[str]:
    """The list, templates, a page that waits, one that failed, one to compare, one to delete."""
    waits, failed = LandingPageFactory(label="Waits"), PublishedPageFactory(label="Failed " * 12)
    editing.add(failed, "text", by="Ana Lopes")
    for page in (waits, failed):
        page.refresh_from_db()
        scheduling.schedule(page, at=timezone.now() + timedelta(days=1), by="Ana Lopes")
    ScheduledPublication.objects.filter(page=failed).update(failed_at=timezone.now(), reason="The page has no button.")
    copying.save_as_template(waits, label="House style " * 8, description="For newsletters", by="Ana Lopes")
    names = ("properties", "publish", "versions", "compare", "uses", "duplicate", "save_as_template", "delete")
    return [
        reverse("landingpages:list"),
        reverse("landingpages:list") + "?q=nothing",
        reverse("landingpages:templates"),
        reverse("landingpages:add"),
        reverse("landingpages:add") + "?template=subscription",
        *(reverse(f"landingpages:{name}", args=[page.pk]) for name in names for page in (waits, failed)),
        reverse("landingpages:unpublish", args=[failed.pk]),
        reverse("landingpages:build", args=[copying.templates().get().pk]),
        reverse("landingpages:properties", args=[copying.templates().get().pk]),
    ]


def _submission_pages() -> list[str]:
    """What a page was sent, how it is tested, and how it comes onto another site."""
    page, marie = PublishedPageFactory(label="Sent", embed_origins=["https://www.example.org"]), Profile.objects.first()
    now, typed = timezone.now(), {"email": LONG_ADDRESS, "last_name": "Petit"}
    VisitCount.objects.create(version=page.version, day=timezone.localdate(), visits=12_345)
    for status in SubmissionStatus:
        confirms = {"confirmation_id": uuid.uuid4()} if status == SubmissionStatus.PENDING else {}
        Submission.objects.create(
            page=page, version=page.version, language="fr", data=typed, received_at=now, status=status,
            processed_at=None if status == SubmissionStatus.RECEIVED else now, changed=["last_name"], **confirms,
        )  # fmt: skip
    trial = {"page_id": page.pk, "version": "edited", "age": "fresh"}
    return [
        *(reverse(f"landingpages:{name}", args=[page.pk]) for name in ("submissions", "submission_export", "test", "embed")),
        reverse("landingpages:submissions", args=[page.pk]) + "?status=applied&since=2000-01-01&until=1999-01-01",
        reverse("landingpages:submission", args=[page.pk, Submission.objects.filter(page=page).first().pk]),
        reverse("landingpages:test", args=[page.pk]) + f"?visitor={marie.pk}&age=before&q=nobody",
        reverse("landingpages:trial", kwargs=trial | {"visitor": marie.pk}),
        reverse("landingpages:trial", kwargs=trial | {"visitor": "stranger"}),
    ]


def _audience_pages() -> list[str]:
    query, frozen = SavedAudience.objects.order_by("pk")
    return [
        reverse("profiles:audiences"),
        reverse("profiles:audiences") + "?q=nothing",
        reverse("profiles:audience_add"),
        *(reverse(f"profiles:{name}", args=[query.pk]) for name in ("audience", "audience_edit", "audience_freeze")),
        *(reverse(f"profiles:{name}", args=[frozen.pk]) for name in ("audience", "audience_edit", "audience_delete")),
        reverse("deliveries:count") + f"?audience={query.pk}",
    ]


def _delivery_pages() -> list[str]:
    newest = {delivery.status: delivery.pk for delivery in Delivery.objects.planned().order_by("pk")}
    planned, template = Delivery.objects.get(label="Autumn letter").pk, Delivery.objects.get(is_template=True).pk
    ready, finished = newest[DeliveryStatus.READY], newest[DeliveryStatus.FINISHED]
    return [
        reverse("deliveries:list"),
        reverse("deliveries:list") + "?status=preparing&page=1",
        reverse("deliveries:add"),
        reverse("deliveries:add") + "?template=mail",
        reverse("deliveries:templates"),
        *(reverse(f"deliveries:{name}", args=[template]) for name in ("show", "edit", "delete_template")),
        *(reverse(f"deliveries:{name}", args=[planned]) for name in ("show", "edit", "save_as_template")),
        reverse("admin:deliveries_domainlimit_changelist"),
        reverse("admin:deliveries_domainlimit_add"),
        *(reverse("deliveries:show", args=[pk]) for pk in newest.values()),
        reverse("deliveries:edit", args=[ready]),
        *_content_pages(ready),
        reverse("deliveries:confirm", args=[ready]),
        reverse("deliveries:stop", args=[newest[DeliveryStatus.PAUSED]]),
        *_result_pages(Delivery.objects.get(label=PREPARED_TWICE), finished),
        *(reverse(f"deliveries:{name}", args=[finished]) for name in ("exclusion_log", "sending_log", "tracking_log", "log")),
    ]


def _result_pages(delivery: Delivery, finished: int) -> list[str]:
    """One of every answer, and of every list of a comparison."""
    pk, gone = delivery.pk, Profile.objects.filter(country="BE").first()
    asked = ["", gone.email, "marie@example.org", LONG_ADDRESS, "late@example.org", "nobody@example.org"]
    return [
        reverse("deliveries:show", args=[pk]),
        reverse("deliveries:log", args=[pk]),
        *(reverse("deliveries:why", args=[pk]) + f"?{urlencode({'who': who})}" for who in asked),
        reverse("deliveries:why", args=[finished]) + "?who=gone@example.org",
        *(reverse("deliveries:comparison", args=[pk]) + f"?change={kind}" for kind in ("", "new", "gone", "now_excluded")),
        reverse("deliveries:comparison", args=[finished]),
        *(reverse("deliveries:export", args=[pk, content]) for content in ("exclusions", "to-deliver")),
    ]


def public_pages() -> list[str]:
    """What recipients open."""
    profile = Profile.objects.get(last_name=LONG_NAME["last_name"])
    tokens = [make_token(purpose, profile.public_id) for purpose in (Purpose.ONE_CLICK, Purpose.PERSONAL)]
    unsubscribe = [reverse("public:unsubscribe", args=[token]) for token in (*tokens, "no-such-link")]
    return [*unsubscribe, *_landing_pages(profile)]


def _landing_pages(profile: Profile) -> list[str]:
    """Each kind of page in each way that it answers; the confirmation of a change too."""
    preferences = LandingPageFactory(label="Preferences", preload_data=True)
    for field in ("gender", "birth_date", *(f"custom.{kind}" for kind in CustomType)):
        block = editing.add(preferences, "checkbox" if field == "custom.yes_no" else "text_input", by="Ana Lopes")
        editing.change(preferences, block.key, {"field": field}, by="Ana Lopes")
    texts = {code: {"label": "<h2>More</h2><ul><li><a href='https://example.org'>Link</a></li></ul>"} for code in ("en", "fr")}
    editing.change(preferences, editing.add(preferences, "rich_text", by="Ana").key, {"texts": texts}, by="Ana")
    for kind in ("divider", "agreement"):
        editing.add(preferences, kind, by="Ana")
    publishing.publish(preferences, by="Ana Lopes")
    blocklist = PublishedPageFactory(template="blocklist", label="Nothing any more")
    closed = PublishedPageFactory(label="Closed")
    publishing.unpublish(closed, by="Ana Lopes")
    letter = Service.objects.get(label="Thursday letter")
    subscribing, leaving = (PublishedPageFactory(template=name, service=letter) for name in ("subscription", "unsubscription"))
    change = {"last_name": "Featherstonehaugh-" * 2, "email": LONG_ADDRESS.replace("marie", "maria")}
    pending.ask(profile, address=profile.email, fields=change, choices={"all": False, "sms": True}, source=Source.LANDING_PAGE,
                evidence=consent.NO_EVIDENCE)  # fmt: skip
    centre.refresh()
    pages = (preferences, blocklist, closed, centre.find())
    links = [link(page, profile, age=timedelta(days=days)) for page in pages for days in (0, 31)]
    return [
        *links,
        *(link(page, profile, age=timedelta(days=days)) for page in (subscribing, leaving) for days in (0, 31)),
        address(subscribing),
        *(address(page) for page in (preferences, blocklist, closed)),
        address(preferences) + "?lang=fr",
        address(preferences) + "fresh-link/",
        "/c/" + make_token(Purpose.CONFIRM, PendingChange.objects.get().public_id),
        "/c/no-such-link",
        address(centre.find()),
        "/d/" + make_token(Purpose.DISPUTE, profile.public_id),
        "/lp/no-such-page/",
    ]
