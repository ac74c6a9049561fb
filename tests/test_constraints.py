"""Every rule that the database keeps is broken once, past every form."""

import uuid
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from deliveries.models import (
    Batch,
    BlockStep,
    Delivery,
    DeliveryImage,
    DomainLimit,
    DomainMinute,
    ExclusionCause,
    Message,
    Preparation,
    Proof,
    ProofMail,
    TestProfile,
    TrackedLink,
    TrackingEvent,
)
from deliveries.result_models import Share, Shift
from deliveries.typology_models import ExcludedAddress, ExcludedDomain, Typology, TypologyRule
from landingpages.models import (
    Block,
    Image,
    LandingPage,
    PageState,
    PublishedVersion,
    ScheduledPublication,
    SharedBlock,
    Submission,
    VisitCount,
)
from profiles.models import (
    Brand,
    ConsentEvent,
    Freezing,
    ImportJob,
    Notice,
    Profile,
    SavedAudience,
    Service,
    Subscription,
    SuppressedHash,
)
from quarantine.models import QuarantinedAddress
from tests.factories import BrandFactory, ProfileFactory, PublishedPageFactory, ServiceFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def world():
    """One row of each kind, as bad rows want to be its twin."""
    profile, service = ProfileFactory(), ServiceFactory()
    Subscription.objects.create(profile=profile, service=service)
    delivery = Delivery.objects.create(label="Spring news")
    preparation = Preparation.objects.create(delivery=delivery, number=1)
    ExclusionCause.objects.create(preparation=preparation, exclusion="duplicate", volume=0)
    Message.objects.create(preparation=preparation, profile=profile, address=profile.email, prepared_at=NOW)
    Batch.objects.create(preparation=preparation, low=1, high=9, total=1, due_at=NOW)
    QuarantinedAddress.objects.create(channel="email", address="gone@example.org")
    page = PublishedPageFactory()
    return SimpleNamespace(page=page, profile=profile, service=service, delivery=delivery, preparation=preparation)


def event(world, **fields):
    values = {"scope": "email", "before": False, "after": True, "source": "operator", "at": NOW}
    ConsentEvent.objects.create(profile=world.profile, **values | fields)


def message(world, **fields):
    Message.objects.create(
        preparation=world.preparation, profile=ProfileFactory(), address="a@example.org", prepared_at=NOW, **fields
    )


def batch(world, **fields):
    Batch.objects.create(preparation=world.preparation, **{"low": 10, "high": 19, "total": 1, "due_at": NOW} | fields)


def notice(world, **fields):
    Notice.objects.create(**{"kind": "fresh_link", "channel": "email", "address": "a@example.org", "created_at": NOW} | fields)


def tracked_link(world):
    return TrackedLink.objects.create(delivery=world.delivery, url="https://example.org/spring")


def tracked_event(world, **fields):
    TrackingEvent.objects.create(delivery=world.delivery, profile=world.profile, at=NOW, **fields)


def subscription_page(slug, **fields):
    values = {"label": "x", "type": "subscription", "specific_action": "subscription", "is_default": True}
    return LandingPage.objects.create(slug=slug, **values, **fields)


def submission(world, **fields):
    Submission.objects.create(
        **{"page": world.page, "version": world.page.version, "data": {}, "language": "en", "received_at": NOW} | fields
    )


def imported(**fields):
    ImportJob.objects.create(**{"file_name": "a.csv", "key": "k", "size": 1, "encoding": "utf-8", "delimiter": ","} | fields)


def scheduled(world, **fields):
    values = {"page": world.page, "content": {}, "due_at": NOW, "scheduled_at": NOW, "scheduled_by": "Ana"}
    ScheduledPublication.objects.create(**values | fields)


def rule(**fields):
    TypologyRule.objects.create(**{"label": "x"} | fields)


def proof(world, **fields):
    return Proof.objects.create(**{"delivery": world.delivery, "number": 1, "request_key": uuid.uuid4()} | fields)


def proof_mail(world, **fields):
    ProofMail.objects.create(proof=proof(world), label="Ana", address="a@example.org", due_at=NOW, **fields)


def picture():
    return Image.objects.create(digest="0" * 64, content=b"x", type="image/png", width=1, height=1, name="x")


BAD_ROWS = {
    "one_rule_per_code": [lambda w: rule(code="duplicate")],
    "rules_that_protect_people_are_active": [
        lambda w, code=code: TypologyRule.objects.filter(code=code).update(is_active=False)
        for code in ("address_not_specified", "invalid_address", "blocklist", "quarantine")
    ],
    "a_control_rule_has_a_level": [lambda w: rule(kind="control"), lambda w: rule(level="error")],
    "one_typology_per_code": [lambda w: Typology.objects.create(label="x", code="defaultTypology")],
    "an_address_is_excluded_once": [
        lambda w: [ExcludedAddress.objects.create(channel="sms", address="+33611111111") for _ in range(2)]
    ],
    "an_excluded_address_is_not_empty": [lambda w: ExcludedAddress.objects.create(channel="email", address="")],
    "an_excluded_domain_is_not_empty": [lambda w: ExcludedDomain.objects.create(domain="")],
    "a_size_limit_lets_somebody_through": [lambda w: Delivery.objects.update(size_limit=0)],
    "a_test_profile_that_receives_has_an_address": [
        lambda w: TestProfile.objects.create(label="Ana"),
        lambda w: TestProfile.objects.create(label="Ana", is_for_proofs=False, is_trap=True),
    ],
    "a_proof_that_ended_has_its_moment": [
        lambda w: proof_mail(w, status="sent"),
        lambda w: proof_mail(w, ended_at=NOW),
    ],
    "proofs_are_numbered_per_delivery": [lambda w: [proof(w) for _ in range(2)]],
    "block_steps_are_numbered_per_delivery": [
        lambda w: [BlockStep.objects.create(delivery=w.delivery, number=1, blocks=[]) for _ in range(2)],
    ],
    "a_picture_is_held_once_per_delivery": [
        lambda w: [DeliveryImage.objects.create(delivery=w.delivery, image=one) for one in [picture()] * 2],
    ],
    "an_import_that_ended_has_its_moment": [
        lambda w: imported(status="finished"),
        lambda w: imported(ended_at=NOW),
    ],
    "only_a_running_import_has_a_lease": [lambda w: imported(lease_until=NOW)],
    "an_import_counts_no_row_twice": [lambda w: imported(total=1, created=1, rejected=1)],
    "one_tracked_link_per_address": [lambda w: [tracked_link(w) for _ in range(2)]],
    "a_click_names_its_link": [
        lambda w: tracked_event(w, kind="click"),
        lambda w: tracked_event(w, kind="open", link=tracked_link(w)),
    ],
    "a_counted_audience_has_its_moment": [
        lambda w: SavedAudience.objects.create(label="x", size=1),
        lambda w: SavedAudience.objects.create(label="x", counted_at=NOW),
    ],
    "a_list_in_the_making_is_within_its_ids": [
        lambda w: a_list_in_the_making(reached=11),
        lambda w: a_list_in_the_making(reached=4, found=5),
    ],
    "a_list_that_was_given_up_has_no_lease": [lambda w: a_list_in_the_making(error="ValueError", lease_until=NOW)],
    "an_erased_address_is_kept_once": [
        lambda w: [SuppressedHash.objects.create(channel="email", digest=b"d" * 32) for _ in range(2)],
    ],
    "a_notice_that_ended_has_its_moment": [
        lambda w: notice(w, status="withheld"),
        lambda w: notice(w, ended_at=NOW),
    ],
    "a_sent_notice_was_tried": [lambda w: notice(w, status="sent", ended_at=NOW)],
    "visits_are_counted_per_version_and_day": [
        lambda w: [VisitCount.objects.create(version=w.page.version, day="2026-03-01", visits=1) for _ in range(2)],
    ],
    "a_page_that_was_online_has_a_version": [lambda w: LandingPage.objects.update(version=None)],
    "a_template_is_never_published": [
        lambda w: LandingPage.objects.update(is_template=True),
        lambda w: LandingPage.objects.create(label="x", slug="x", type="generic", is_template=True, is_default=True),
        lambda w: LandingPage.objects.create(label="x", slug="x", type="generic", is_template=True, deploys_at=NOW),
        lambda w: LandingPage.objects.create(label="x", slug="x", type="generic", is_template=True, expires_at=NOW),
    ],
    "an_archived_page_is_closed_and_says_by_whom": [
        lambda w: LandingPage.objects.update(archived_at=NOW, archived_by="Ana"),
        lambda w: LandingPage.objects.update(status="closed", archived_at=NOW),
        lambda w: LandingPage.objects.update(archived_by="Ana"),
    ],
    "a_failed_publication_says_why": [
        lambda w: scheduled(w, failed_at=NOW),
        lambda w: scheduled(w, reason="x"),
    ],
    "only_a_blocklist_page_acts_on_arrival": [lambda w: LandingPage.objects.update(acts_on_arrival=True)],
    "a_page_does_what_its_type_says": [
        lambda w: LandingPage.objects.create(label="x", slug="x", type="blocklist"),
        lambda w: LandingPage.objects.create(label="x", slug="x", type="subscription", specific_action="unsubscription"),
    ],
    "a_service_belongs_to_an_action_about_one": [
        lambda w: LandingPage.objects.update(service=w.service),
        lambda w: LandingPage.objects.update(service=w.service, service_from_url=True, specific_action="subscription"),
    ],
    "only_an_action_about_a_service_has_it_in_the_url": [
        lambda w: LandingPage.objects.update(service_from_url=True, specific_action="blocklist")
    ],
    "a_subscription_page_is_the_default_of_a_service": [lambda w: subscription_page("x")],
    "one_default_page_per_service_and_type": [lambda w: [subscription_page(f"x{n}", service=w.service) for n in range(2)]],
    "a_pending_submission_is_nobodys_yet": [
        lambda w: submission(w, status="pending", processed_at=NOW),
        lambda w: submission(w, status="pending", processed_at=NOW, confirmation_id=uuid.uuid4(), profile_id=1),
    ],
    "a_service_box_is_about_a_service_alone": [
        lambda w: w.page.blocks.filter(field="opted_out_sms").update(service=w.service),
        lambda w: w.page.blocks.filter(field="email").update(kind="service"),
        lambda w: Block.objects.create(page=w.page, kind="service", position=99, is_mandatory=True),
    ],
    "a_service_ends_after_it_starts": [lambda w: Service.objects.update(starts_on="2026-02-02", ends_on="2026-02-01")],
    "a_validity_has_an_amount_and_a_unit": [
        lambda w: Service.objects.update(validity_amount=1),
        lambda w: Service.objects.update(validity_unit="days"),
        lambda w: Service.objects.update(validity_amount=0, validity_unit="days"),
    ],
    "there_is_one_preference_centre": [
        lambda w: LandingPage.objects.bulk_create(LandingPage(type="preferences", slug=slug) for slug in ("a", "b"))
    ],
    "one_default_page_per_type": [
        lambda w: [LandingPage.objects.create(label="x", slug=f"x{n}", type="acquisition", is_default=True) for n in range(2)]
    ],
    "one_state_per_revision": [
        lambda w: [PageState.objects.create(page=w.page, revision=7, content={}, at=NOW) for _ in range(2)]
    ],
    "one_default_brand": [lambda w: [BrandFactory(is_default=True) for _ in range(2)]],
    "an_agreement_is_mandatory_and_bound_to_nothing": [
        lambda w: Block.objects.create(page=w.page, kind="agreement", position=99),
        lambda w: Block.objects.create(page=w.page, kind="agreement", position=99, is_mandatory=True, field="city"),
    ],
    "only_the_content_asks_something": [
        lambda w: w.page.blocks.filter(field="email").update(part="confirmation"),
        lambda w: Block.objects.create(page=w.page, kind="link", position=99),
    ],
    "only_a_content_block_is_shared": [
        lambda w: w.page.blocks.filter(kind="heading").update(shared=SharedBlock.objects.create(label="x"))
    ],
    "only_an_image_has_a_picture": [
        lambda w: w.page.blocks.filter(kind="heading").update(
            image=Image.objects.create(digest="x", content=b"x", type="image/png", width=1, height=1)
        )
    ],
    "one_block_per_key": [
        lambda w: Block.objects.create(page=w.page, key=w.page.blocks.first().key, kind="heading", position=99)
    ],
    "only_inputs_are_bound": [lambda w: w.page.blocks.filter(kind="heading").update(field="email")],
    "versions_are_numbered_per_page": [
        lambda w: PublishedVersion.objects.create(page=w.page, number=1, content={}, published_at=NOW)
    ],
    "a_processed_submission_has_its_moment": [
        lambda w: submission(w, status="applied"),
        lambda w: submission(w, processed_at=NOW),
    ],
    "subscribed_once_per_service": [lambda w: Subscription.objects.create(profile=w.profile, service=w.service)],
    "a_consent_event_changes_something": [lambda w: event(w, before=True), lambda w: event(w, after=False)],
    "a_consent_event_names_its_service": [lambda w: event(w, scope="service"), lambda w: event(w, service=w.service)],
    "one_record_per_address_and_channel": [
        lambda w: QuarantinedAddress.objects.create(channel="email", address="gone@example.org", status="valid")
    ],
    "a_quarantined_address_is_not_empty": [lambda w: QuarantinedAddress.objects.create(channel="sms", address="")],
    "an_erroneous_address_has_a_counted_error": [
        lambda w: QuarantinedAddress.objects.update(status="erroneous"),
        lambda w: QuarantinedAddress.objects.update(status="erroneous", errors=1),
        lambda w: QuarantinedAddress.objects.update(status="erroneous", significant_error_at=NOW),
    ],
    "a_confirmation_has_a_moment_and_an_operator": [
        lambda w: Delivery.objects.update(confirmed_at=NOW),
        lambda w: Delivery.objects.update(confirmed_by=w.operator),
    ],
    "only_a_confirmed_preparation_is_sent": [
        lambda w: Delivery.objects.update(status="in_progress", preparation=w.preparation),
        lambda w: Delivery.objects.update(status="paused", confirmed_at=NOW, confirmed_by=w.operator),
        lambda w: Delivery.objects.update(status="finished", finished_at=NOW),
    ],
    "a_ready_delivery_is_prepared": [lambda w: Delivery.objects.update(status="ready")],
    "a_finished_delivery_has_its_moment": [
        lambda w: Delivery.objects.update(finished_at=NOW),
        lambda w: Delivery.objects.update(
            status="finished", confirmed_at=NOW, confirmed_by=w.operator, preparation=w.preparation
        ),
    ],
    "an_unattended_sending_has_a_date_and_an_operator": [
        lambda w: Delivery.objects.update(confirmation_requested=False, contact_at=NOW),
        lambda w: Delivery.objects.update(confirmation_requested=False, scheduled_by=w.operator),
        lambda w: Delivery.objects.update(scheduled_by=w.operator, contact_at=NOW),
    ],
    "only_an_unattended_sending_prepares_itself": [lambda w: Delivery.objects.update(prepares_at=NOW)],
    "a_rate_lets_messages_through": [lambda w: Delivery.objects.update(rate=0)],
    "a_validity_leaves_time_to_send": [lambda w: Delivery.objects.update(validity_hours=0)],
    "a_delivery_template_is_never_sent": [
        lambda w: Delivery.objects.update(is_template=True, status="preparing"),
        lambda w: Delivery.objects.update(is_template=True, contact_at=NOW),
        lambda w: Delivery.objects.update(is_template=True, preparation=w.preparation),
    ],
    "only_a_prepared_delivery_is_confirmed": [
        lambda w: Delivery.objects.update(confirmed_at=NOW, confirmed_by=w.operator),
        lambda w: Delivery.objects.update(status="preparing", confirmed_at=NOW, confirmed_by=w.operator),
    ],
    "a_limited_domain_is_sent_something": [lambda w: DomainLimit.objects.create(domain="example.org", per_minute=0)],
    "a_limited_domain_is_not_empty": [lambda w: DomainLimit.objects.create(domain="", per_minute=1)],
    "one_count_per_domain_and_minute": [
        lambda w: DomainMinute.objects.bulk_create([DomainMinute(domain="example.org", minute=NOW) for _ in range(2)])
    ],
    "preparations_are_numbered_per_delivery": [
        lambda w: Preparation.objects.create(delivery=w.delivery, number=1, status="failed")
    ],
    "one_running_preparation_per_delivery": [lambda w: Preparation.objects.create(delivery=w.delivery, number=2)],
    "targeted_is_to_deliver_plus_excluded": [
        lambda w: Preparation.objects.update(targeted=1),
        lambda w: Preparation.objects.update(to_deliver=1),
        lambda w: Preparation.objects.update(targeted=3, to_deliver=1, excluded=1),
    ],
    "one_volume_per_cause": [lambda w: ExclusionCause.objects.create(preparation=w.preparation, exclusion="duplicate", volume=3)],
    "one_share_per_value": [lambda w: [share(w) for _ in range(2)]],
    "a_share_delivers_to_its_target": [lambda w: share(w, to_deliver=2)],
    "one_volume_per_shift": [lambda w: [shift(w) for _ in range(2)]],
    "a_shift_leads_elsewhere": [lambda w: shift(w, after="absent")],
    "a_message_is_excluded_or_to_deliver": [
        lambda w: message(w, exclusion="duplicate"),
        lambda w: message(w, status="ignored"),
        lambda w: message(w, exclusion="duplicate", status="sent", ended_at=NOW),
    ],
    "a_message_that_ended_has_its_moment": [
        lambda w: message(w, status="sent"),
        lambda w: message(w, status="failed"),
        lambda w: message(w, ended_at=NOW),
        lambda w: message(w, exclusion="duplicate", status="ignored", ended_at=NOW),
    ],
    "one_batch_per_range": [lambda w: batch(w, low=1)],
    "a_batch_counts_no_message_twice": [lambda w: batch(w, sent=2), lambda w: batch(w, sent=1, excluded_late=1)],
    "a_claimed_batch_has_a_lease": [
        lambda w: batch(w, status="claimed"),
        lambda w: batch(w, lease_until=NOW),
        lambda w: batch(w, status="done", lease_until=NOW),
    ],
}
CONSTRAINTS = {
    constraint.name: (model, constraint)
    for model in apps.get_models()
    if model._meta.app_label in ("profiles", "quarantine", "landingpages", "deliveries", "config")
    for constraint in model._meta.constraints
}


def share(world, **values):
    one = {"kind": "country", "value": "ZZ", "targeted": 1, "to_deliver": 1}
    return Share.objects.create(preparation=world.preparation, **one | values)


def shift(world, **values):
    one = {"before": "absent", "after": "deliver", "volume": 1, "low": 1, "high": 1}
    return Shift.objects.create(preparation=world.preparation, former=world.preparation, **one | values)


def a_list_in_the_making(**values):
    return Freezing.objects.create(audience=SavedAudience.objects.create(label="List", kind="list"), highest=10, **values)


def test_every_constraint_is_tried():
    assert sorted(BAD_ROWS) == sorted(CONSTRAINTS)


@pytest.mark.parametrize(("name", "number"), [(name, number) for name, rows in BAD_ROWS.items() for number in range(len(rows))])
def test_the_database_refuses_what_breaks(world, operator, name, number):
    world.operator = operator
    before = rows()

    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        BAD_ROWS[name][number](world)

    assert trace(name) in str(caught.value)
    assert rows() == before


def trace(name):
    """What the database's message says; SQLite names the columns of a unique constraint instead of itself."""
    model, constraint = CONSTRAINTS[name]
    if connection.vendor == "postgresql" or not isinstance(constraint, models.UniqueConstraint):
        return name
    columns = [model._meta.get_field(field).column for field in constraint.fields]
    return ", ".join(f"{model._meta.db_table}.{column}" for column in columns)


def rows():
    kinds = (
        Profile,
        SavedAudience,
        Freezing,
        Brand,
        Service,
        Subscription,
        ConsentEvent,
        ImportJob,
        SuppressedHash,
        QuarantinedAddress,
        Delivery,
        DomainLimit,
        DomainMinute,
        Preparation,
        ExclusionCause,
        Message,
        Batch,
        TrackedLink,
        TrackingEvent,
        Typology,
        TypologyRule,
        ExcludedAddress,
        ExcludedDomain,
        Notice,
        LandingPage,
        PageState,
        Image,
        SharedBlock,
        Block,
        PublishedVersion,
        ScheduledPublication,
        Submission,
    )
    return {kind.__name__: list(kind.objects.order_by("pk").values_list()) for kind in kinds}
