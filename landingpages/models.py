"""Landing pages as they are edited, as visitors see them, and what visitors sent."""

import uuid

from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from landingpages.job_models import SERVICE_ACTIONS, JobProperties, OnMatch, SpecificAction
from landingpages.lifecycle_models import LIFECYCLE_CONSTRAINTS, LifecycleProperties, ScheduledPublication
from landingpages.shown_models import Image as Image
from landingpages.shown_models import SharedBlock as SharedBlock
from landingpages.submission_models import CONVERSIONS, Recorded, SubmissionKind, VisitCount
from profiles.models import Brand, Service

__all__ = [
    "CONVERSIONS",
    "SERVICE_ACTIONS",
    "SERVICE_TYPES",
    "TYPES_THAT_ACT",
    "Block",
    "BlockKind",
    "LandingPage",
    "OnMatch",
    "PageState",
    "PageStatus",
    "PageType",
    "PublishedVersion",
    "ScheduledPublication",
    "SpecificAction",
    "Submission",
    "SubmissionKind",
    "SubmissionStatus",
    "VisitCount",
]


class PageType(models.TextChoices):
    """What a page is for; chosen by its template and never changed (reference 3.1.1)."""

    GENERIC = "generic", _("Generic")
    ACQUISITION = "acquisition", _("Profile acquisition")
    SUBSCRIPTION = "subscription", _("Subscription")
    UNSUBSCRIPTION = "unsubscription", _("Unsubscription")
    BLOCKLIST = "blocklist", _("Blocklist")
    PREFERENCES = "preferences", _("Preference centre")  # one of them, built in: landingpages.centre


PREFERENCE_TYPES = (PageType.ACQUISITION, PageType.PREFERENCES)  # where the link to one's preferences may lead
SERVICE_TYPES = (PageType.SUBSCRIPTION, PageType.UNSUBSCRIPTION)  # sending one changes a subscription
TYPES_THAT_ACT = (*SERVICE_TYPES, PageType.BLOCKLIST)  # their specific action is fixed and has the same name


class PageStatus(models.TextChoices):
    EDITING = "editing", _("Editing")
    ONLINE = "online", _("Online")
    CLOSED = "closed", _("Closed")


class BlockKind(models.TextChoices):
    HEADING = "heading", _("Heading")
    TEXT = "text", _("Text")
    RICH_TEXT = "rich_text", _("Rich text")
    IMAGE = "image", _("Image")
    DIVIDER = "divider", _("Divider")
    SHARED = "shared", _("Content block")
    TEXT_INPUT = "text_input", _("Text input")
    LONG_TEXT = "long_text", _("Long text")
    NUMBER = "number", _("Number")
    DATE = "date", _("Date")
    EMAIL = "email", _("Email")
    PHONE = "phone", _("Phone")
    CHOICE = "choice", _("Choice")
    RADIO = "radio", _("Radio buttons")
    CHECKBOX = "checkbox", _("Checkbox")
    SERVICE = "service", _("Service")
    AGREEMENT = "agreement", _("Agreement")
    HIDDEN = "hidden", _("Hidden constant")
    BUTTON = "button", _("Button")
    LINK = "link", _("Link button")


class Part(models.TextChoices):
    """The three pages that a landing page consists of (reference 3.4.1)."""

    CONTENT = "content", _("Content")
    CONFIRMATION = "confirmation", _("Confirmation")
    ERROR = "error", _("Error")


# What only says something; the confirmation page and the error page have nothing else.
SPEAKING = (
    BlockKind.HEADING,
    BlockKind.TEXT,
    BlockKind.RICH_TEXT,
    BlockKind.IMAGE,
    BlockKind.DIVIDER,
    BlockKind.SHARED,
)
ANSWERING = (*SPEAKING, BlockKind.LINK)


class LandingPage(JobProperties, LifecycleProperties):
    """A page as it is edited. Visitors see `version`, never this."""

    label = models.CharField(_("label"), max_length=128)
    slug = models.CharField(
        _("address of the page"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*\Z", _("Use small letters, digits and single hyphens."))],
        help_text=_("The end of its public address, after /lp/."),
    )
    type = models.CharField(_("type"), max_length=30, choices=PageType, editable=False)
    status = models.CharField(_("status"), max_length=30, choices=PageStatus, default=PageStatus.EDITING, editable=False)
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("service")
    )  # what sending the page subscribes to, or unsubscribes from
    brand = models.ForeignKey(
        Brand,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("brand"),
        help_text=_("Logo, colours and sender of the page. Left empty, those of its service, else the default brand."),
    )
    unidentified_allowed = models.BooleanField(
        _("authorize unidentified visitors"), default=True, help_text=_("Without it, only a link from a message opens the page.")
    )
    preload_data = models.BooleanField(
        _("preload visitor data"),
        default=False,
        help_text=_("Shows names and the like to whoever holds the link. Opt-out boxes are always shown; addresses are masked."),
    )
    is_default = models.BooleanField(
        _("default for new deliveries"), default=False, help_text=_("New deliveries link to this page of its type.")
    )
    acts_on_arrival = models.BooleanField(
        _("act on arrival"),
        default=False,
        help_text=_("The first gesture on the page opts out, without the button. Risk: a curious visitor opts out unasked."),
    )
    redirection_url = models.CharField(
        _("redirection URL"),
        max_length=4096,
        blank=True,
        validators=[URLValidator(["https", "http"])],
        help_text=_("Where visitors go once the page is closed or expired; without it they read that it is no longer available."),
    )
    expires_at = models.DateTimeField(_("expiration"), null=True, blank=True)
    # ["https://www.example.org"]: the sites whose pages may show this one in a frame
    embed_origins = models.JSONField(_("sites that may embed the page"), default=list, blank=True)
    texts = models.JSONField(default=dict, blank=True, editable=False)  # of the preference centre; other pages have blocks
    version = models.OneToOneField("PublishedVersion", models.PROTECT, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, blank=True, editable=False)
    modified_at = models.DateTimeField(_("last modified"), auto_now=True)
    modified_by = models.CharField(_("modified by"), max_length=150, blank=True, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("landing page")
        verbose_name_plural = _("landing pages")
        ordering = ["-pk"]
        permissions = [
            ("publish_landingpage", _("Can publish landing pages")),
            ("test_landingpage", _("Can test landing pages")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=PageStatus.EDITING) | Q(version__isnull=False), name="a_page_that_was_online_has_a_version"
            ),
            models.CheckConstraint(
                condition=Q(acts_on_arrival=False) | Q(type=PageType.BLOCKLIST),
                name="only_a_blocklist_page_acts_on_arrival",
                violation_error_message=_("Only a blocklist page can act on arrival."),
            ),
            models.CheckConstraint(
                condition=~Q(type__in=TYPES_THAT_ACT) | Q(specific_action=F("type")),
                name="a_page_does_what_its_type_says",
            ),
            models.CheckConstraint(
                condition=Q(service__isnull=True) | Q(specific_action__in=SERVICE_ACTIONS, service_from_url=False),
                name="a_service_belongs_to_an_action_about_one",
            ),
            models.CheckConstraint(
                condition=Q(service_from_url=False) | Q(specific_action__in=SERVICE_ACTIONS),
                name="only_an_action_about_a_service_has_it_in_the_url",
            ),
            models.CheckConstraint(
                condition=Q(is_default=False) | ~Q(type__in=SERVICE_TYPES) | Q(service__isnull=False) | Q(service_from_url=True),
                name="a_subscription_page_is_the_default_of_a_service",
                violation_error_message=_("Choose the service that the page is the default of."),
            ),
            models.UniqueConstraint(
                fields=["type"], condition=Q(type=PageType.PREFERENCES), name="there_is_one_preference_centre"
            ),
            models.UniqueConstraint(
                fields=["type"],
                condition=Q(is_default=True) & (Q(service__isnull=True) | ~Q(type__in=SERVICE_TYPES)),
                name="one_default_page_per_type",
            ),
            models.UniqueConstraint(
                fields=["service", "type"],
                condition=Q(is_default=True, service__isnull=False),
                name="one_default_page_per_service_and_type",
            ),
            *LIFECYCLE_CONSTRAINTS,
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def blocks(self) -> models.QuerySet["Block"]:
        """Those of the content; `every_block` has those of the confirmation page and the error page too."""
        return Block.objects.filter(page=self, part=Part.CONTENT)


class BlockManager(models.Manager["Block"]):
    """Blocks come with what they show, so that no page asks for it block by block."""

    def get_queryset(self) -> models.QuerySet["Block"]:
        return super().get_queryset().select_related("shared", "image").defer("image__content")


class Block(models.Model):
    """One block of a page as it is edited. `texts` = {"en": {"label": …, "help": …}, "fr": {…}}.

    A box of the kind service subscribes who ticks it where `is_positive`, and unsubscribes her otherwise.
    `options` are those of its kind (see landingpages.kinds); `visible_when` = {"field", "operator", "value"}, or {}.
    """

    page = models.ForeignKey(LandingPage, models.CASCADE, related_name="every_block")
    part = models.CharField(max_length=30, choices=Part, default=Part.CONTENT)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    position = models.PositiveIntegerField()
    kind = models.CharField(_("kind"), max_length=30, choices=BlockKind)
    field = models.CharField(_("field"), max_length=60, blank=True)
    service = models.ForeignKey(Service, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("service"))
    shared = models.ForeignKey(SharedBlock, models.PROTECT, null=True, blank=True, related_name="blocks")
    image = models.ForeignKey(Image, models.PROTECT, null=True, blank=True, related_name="blocks")
    is_positive = models.BooleanField(_("ticked means: receives"), default=False)
    is_mandatory = models.BooleanField(_("mandatory"), default=False)
    texts = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    visible_when = models.JSONField(default=dict)

    objects = BlockManager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["page", "key"], name="one_block_per_key"),
            models.CheckConstraint(
                condition=~Q(kind__in=[*ANSWERING, BlockKind.BUTTON]) | Q(field="", is_positive=False, is_mandatory=False),
                name="only_inputs_are_bound",
            ),
            models.CheckConstraint(
                condition=Q(kind=BlockKind.SERVICE, field="", is_mandatory=False)
                | ~Q(kind=BlockKind.SERVICE) & Q(service__isnull=True),
                name="a_service_box_is_about_a_service_alone",
            ),
            models.CheckConstraint(
                condition=~Q(kind=BlockKind.AGREEMENT) | Q(field="", is_positive=False, is_mandatory=True),
                name="an_agreement_is_mandatory_and_bound_to_nothing",
            ),
            models.CheckConstraint(
                condition=Q(part=Part.CONTENT) & ~Q(kind=BlockKind.LINK) | ~Q(part=Part.CONTENT) & Q(kind__in=ANSWERING),
                name="only_the_content_asks_something",
            ),
            models.CheckConstraint(
                condition=Q(shared__isnull=True) | Q(kind=BlockKind.SHARED), name="only_a_content_block_is_shared"
            ),
            models.CheckConstraint(condition=Q(image__isnull=True) | Q(kind=BlockKind.IMAGE), name="only_an_image_has_a_picture"),
        ]


class PageState(models.Model):
    """The content of a page at one of its last revisions, for undo and redo (see `states`)."""

    page = models.ForeignKey(LandingPage, models.CASCADE, related_name="states")
    revision = models.PositiveIntegerField()
    content = models.JSONField()
    earlier = models.PositiveIntegerField(null=True)
    later = models.PositiveIntegerField(null=True)
    by = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "revision"], name="one_state_per_revision")]


class PublishedVersion(models.Model):
    """What visitors see: frozen by the database. Submissions and the ledger name it."""

    page = models.ForeignKey(LandingPage, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    images = models.ManyToManyField(Image, related_name="versions")
    published_at = models.DateTimeField(_("published"))
    published_by = models.CharField(_("by"), max_length=150, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["page", "number"], name="versions_are_numbered_per_page")]

    def __str__(self) -> str:
        return f"{self.content['label']} ({self.number})"


class SubmissionStatus(models.TextChoices):
    RECEIVED = "received", _("Received")
    APPLIED = "applied", _("Applied")
    ASKED = "asked", _("Confirmation asked by email")
    PENDING = "pending", _("Waits for double opt-in")
    EXPIRED = "expired", _("Not confirmed in time")
    REFUSED = "refused", _("Refused")


class Submission(Recorded):
    """What a visitor sent, by the field names that the version binds and nothing else. Its profile is a plain number.

    Pending, it is a registration that nothing came of yet: whoever holds the mail with `confirmation_id` makes a profile
    of it.
    """

    page = models.ForeignKey(LandingPage, models.PROTECT, related_name="submissions")
    version = models.ForeignKey(PublishedVersion, models.PROTECT, related_name="submissions")
    data = models.JSONField()
    language = models.CharField(max_length=5)
    status = models.CharField(_("status"), max_length=30, choices=SubmissionStatus, default=SubmissionStatus.RECEIVED)
    profile_id = models.BigIntegerField(null=True)
    detail = models.CharField(_("detail"), max_length=200, blank=True)
    received_at = models.DateTimeField(_("received"))
    processed_at = models.DateTimeField(_("processed"), null=True)
    ip = models.CharField(_("network"), max_length=43, blank=True)
    confirmation_id = models.UUIDField(null=True, unique=True)

    class Meta:
        ordering = ["-pk"]
        permissions = [("export_submission", _("Can export submissions"))]
        indexes = [
            models.Index(fields=["page", "received_at", "id"], name="submissions_by_page"),
            models.Index(fields=["status", "id"], name="submissions_by_status"),
            models.Index(fields=["ip", "received_at"], name="submissions_by_network"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=SubmissionStatus.RECEIVED, processed_at__isnull=True)
                | ~Q(status=SubmissionStatus.RECEIVED) & Q(processed_at__isnull=False),
                name="a_processed_submission_has_its_moment",
            ),
            models.CheckConstraint(
                condition=~Q(status=SubmissionStatus.PENDING) | Q(confirmation_id__isnull=False, profile_id__isnull=True),
                name="a_pending_submission_is_nobodys_yet",
            ),
        ]
