"""The mails of notices: our own words in the reader's language, and nothing that a visitor typed (decision 9)."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from email.utils import format_datetime, formataddr
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import mime, pagelinks, returnpath
from deliveries.rendering import header_text
from deliveries.transports import Outgoing
from landingpages import messages
from landingpages.forms import form_class
from landingpages.models import PageType, PublishedVersion
from profiles import confirmationtexts
from profiles.channels import OPT_OUT_LABELS
from profiles.links import LIFETIME, Purpose, make_token
from profiles.models import MessageChoice, Notice, NoticeKind, PendingChange, Profile, Service, Subscription
from profiles.values import known_customs

# Whoever typed the new value may be a stranger: it is named, never shown.
FIELD_WORDS = {
    "first_name": gettext_lazy("your first name"),
    "last_name": gettext_lazy("your last name"),
    "gender": gettext_lazy("your gender"),
    "middle_name": gettext_lazy("your middle name"),
    "title": gettext_lazy("your title"),
    "birth_date": gettext_lazy("your date of birth"),
    "email": gettext_lazy("your email address"),
    "mobile": gettext_lazy("your mobile number"),
    "phone": gettext_lazy("your phone number"),
    "street": gettext_lazy("your street"),
    "street_2": gettext_lazy("the second line of your address"),
    "postal_code": gettext_lazy("your postal code"),
    "city": gettext_lazy("your city"),
    "state": gettext_lazy("your state or province"),
    "country": gettext_lazy("your country"),
    "preferred_language": gettext_lazy("your preferred language"),
}
LIFTED_WORDS = {
    "all": gettext_lazy("Contact again (no longer blocked on any channel)"),
    "email": gettext_lazy("Contact again by email"),
    "sms": gettext_lazy("Contact again by SMS"),
    "push": gettext_lazy("Contact again by push notification"),
    "direct_mail": gettext_lazy("Contact again by direct mail"),
}


@dataclass(frozen=True)
class Letter:
    """What a notice says. Without a link it only informs; a body stands for everything but the link."""

    subject: str
    opening: str = ""
    closing: str = ""
    body: str = ""
    items: list[str] = field(default_factory=list)
    link: str = ""
    link_label: str = ""


def build(notice: Notice) -> Outgoing:
    """The finished mail. Its Message-ID is the same at every try."""
    with translation.override(_language(notice)):
        letter = LETTERS[NoticeKind(notice.kind)](notice)
        context = {"letter": letter, "sender_name": settings.SENDER_NAME, "postal_address": settings.SENDER_POSTAL_ADDRESS}
        text, html = (render_to_string(f"notices/notice.{kind}", context) for kind in ("txt", "html"))
    headers = {
        "Subject": header_text(letter.subject),
        "From": formataddr((header_text(settings.SENDER_NAME), returnpath.with_ascii_domain(settings.SENDER_EMAIL))),
        "To": mime.address_text(notice.address),
        "Message-ID": message_id(notice),
        "Date": format_datetime(timezone.now()),
        "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's autoresponder answers
    }
    return Outgoing(notice.address, returnpath.bare(), mime.mail(headers, text=text, html=html))


def message_id(notice: Notice) -> str:
    domain = returnpath.with_ascii_domain(settings.SENDER_EMAIL).rpartition("@")[2]
    return f"<notice.{notice.pk}.{notice.created_at.timestamp():.0f}@{domain}>"


def _language(notice: Notice) -> str:
    """The one it was asked in, else the person's, else the installation's."""
    preferred = notice.profile.preferred_language if notice.profile else ""
    return next((one for one in (notice.language, preferred) if one in dict(settings.LANGUAGES)), settings.LANGUAGE_CODE)


def _confirm_change(notice: Notice) -> Letter:
    change = _change_of(notice)
    return Letter(
        subject=_("Please confirm your change"),
        opening=_("Somebody, probably you, asked us to change this:"),
        items=_in_words(change),
        closing=_("If it was not you, do nothing: nothing changes then."),
        link=_confirmation_url(change),
        link_label=_look_and_confirm(change),
    )


def _confirm_address(notice: Notice) -> Letter:
    change = _change_of(notice)
    return Letter(
        subject=_("Please confirm your email address"),
        opening=_("Somebody, probably you, asked us to write to this address from now on."),
        closing=_("If it was not you, do nothing: then we do not write to this address."),
        link=_confirmation_url(change),
        link_label=_look_and_confirm(change),
    )


def _address_changed(notice: Notice) -> Letter:
    return Letter(
        subject=_("Your email address was changed"),
        opening=_("From now on we write to another address instead of this one. The new one was confirmed there."),
        closing=_(
            "If it was not you who asked for this, say so here: it stops everything until somebody of us has looked at it."
        ),
        link=f"{settings.PUBLIC_URL}/d/{make_token(Purpose.DISPUTE, notice.profile.public_id)}" if notice.profile else "",
        link_label=_("It was not me"),
    )


def _fresh_link(notice: Notice) -> Letter:
    page = pagelinks.find_open(notice.page_id or 0)
    pinned = pagelinks.pin(page, notice.service_id or 0)
    if not page or not page.version or not pinned or not notice.profile:
        raise ValueError("a fresh link leads somebody to a page that is open")
    title = _title(page.version.content)
    return Letter(
        subject=_("Your link to “%(page)s”") % {"page": title},
        opening=_("Here is the link that you asked for. For 30 days it shows your choices, so keep it to yourself."),
        closing=_("If it was not you who asked for this, do nothing: nothing changes then."),
        link=pagelinks.url(pinned, notice.profile),
        link_label=title,
    )


def _title(content: dict[str, Any]) -> str:
    """What visitors read on the page; its label is for the operators."""
    return form_class(content, translation.get_language())().title


def _version_of(notice: Notice) -> PublishedVersion:
    """What is published of the page, or was last."""
    return PublishedVersion.objects.filter(page=notice.page_id or 0).latest("number")


def _confirm_registration(notice: Notice) -> Letter:
    if notice.confirms is None:
        raise ValueError("a registration is confirmed by its id")
    until = date_format(timezone.localtime(notice.created_at + LIFETIME[Purpose.CONFIRM]), "DATE_FORMAT")
    return Letter(
        subject=_("Please confirm your registration"),
        opening=_("Somebody, probably you, filled in “%(page)s” with this address.")
        % {"page": _title(_version_of(notice).content)},
        closing=_("If it was not you, do nothing: nothing is kept then."),
        link=_confirm_url(notice.confirms),
        link_label=_("Look at it and confirm (until %(date)s)") % {"date": until},
    )


def _page_message(notice: Notice) -> Letter:
    content = _version_of(notice).content
    title = _title(content)
    service = notice.service.public_label if notice.service else ""
    if own := messages.written(content, translation.get_language()):
        subject, text = (confirmationtexts.fill(part, {"page": title, "service": service}) for part in own)
        return Letter(subject=subject, body=text)
    return Letter(
        subject=_("We have received what you sent"),
        opening=_("You filled in “%(page)s”. It is recorded.") % {"page": title},
        closing=_("If it was not you who asked for this, answer this mail, and we put it right."),
    )


def _confirm_subscription(notice: Notice) -> Letter:
    change = _change_of(notice)
    return Letter(
        subject=_("Please confirm your subscription"),
        opening=_("Somebody, probably you, asked us to subscribe this address to:"),
        items=_services_in_words(change),
        closing=_("If it was not you, do nothing: nothing changes then."),
        link=_confirmation_url(change),
        link_label=_look_and_confirm(change),
    )


def _subscribed(notice: Notice) -> Letter:
    profile, service = _whose(notice)
    subscription = Subscription.objects.current().filter(profile=profile, service=service).first()
    expires_at = subscription.expires_at if subscription else None
    expires = date_format(timezone.localtime(expires_at), "DATE_FORMAT") if expires_at else ""
    page = pagelinks.pin(pagelinks.default_of(service.pk, PageType.UNSUBSCRIPTION), service.pk)
    link, link_label = (pagelinks.url(page, profile), _("Unsubscribe from this service")) if page else ("", "")
    if custom := _custom(service, "subscribed", service.subscribed_message, expires=expires):
        return replace(custom, link=link, link_label=link_label)
    return Letter(
        subject=_("You are subscribed to “%(service)s”") % {"service": service.public_label},
        opening=_("You are subscribed to “%(service)s” now.") % {"service": service.public_label},
        items=[_("The subscription ends by itself: %(date)s") % {"date": expires}] if expires else [],
        closing=_("If it was not you who asked for this, answer this mail, and we put it right."),
        link=link,
        link_label=link_label,
    )


def _unsubscribed(notice: Notice) -> Letter:
    _profile, service = _whose(notice)
    return _custom(service, "unsubscribed", service.unsubscribed_message) or Letter(
        subject=_("Your subscription to “%(service)s” has ended") % {"service": service.public_label},
        opening=_("You are no longer subscribed to “%(service)s”.") % {"service": service.public_label},
        closing=_("If it was not you who asked for this, answer this mail, and we put it right."),
    )


def _custom(service: Service, message: str, choice: str, **values: str) -> Letter | None:
    """The message that the service words itself; None where it has none."""
    own = confirmationtexts.written(service, message, translation.get_language())
    if choice != MessageChoice.CUSTOM or own is None:
        return None
    subject, text = (confirmationtexts.fill(part, {"service": service.public_label, **values}) for part in own)
    return Letter(subject=subject, body=text)


LETTERS: dict[NoticeKind, Callable[[Notice], Letter]] = {
    NoticeKind.CONFIRM_CHANGE: _confirm_change,
    NoticeKind.CONFIRM_ADDRESS: _confirm_address,
    NoticeKind.ADDRESS_CHANGED: _address_changed,
    NoticeKind.FRESH_LINK: _fresh_link,
    NoticeKind.CONFIRM_SUBSCRIPTION: _confirm_subscription,
    NoticeKind.SUBSCRIBED: _subscribed,
    NoticeKind.UNSUBSCRIBED: _unsubscribed,
    NoticeKind.CONFIRM_REGISTRATION: _confirm_registration,
    NoticeKind.PAGE_MESSAGE: _page_message,
}


def _change_of(notice: Notice) -> PendingChange:
    if notice.pending_change is None:
        raise ValueError("a confirmation confirms a change")
    return notice.pending_change


def _whose(notice: Notice) -> tuple[Profile, Service]:
    if notice.profile is None or notice.service is None:
        raise ValueError("a notice of a subscription is about somebody and a service")
    return notice.profile, notice.service


def _confirmation_url(change: PendingChange) -> str:
    return _confirm_url(change.public_id)


def _confirm_url(public_id: uuid.UUID) -> str:
    return f"{settings.PUBLIC_URL}/c/{make_token(Purpose.CONFIRM, public_id)}"


def _look_and_confirm(change: PendingChange) -> str:
    until = date_format(timezone.localtime(change.expires_at), "DATE_FORMAT")
    return _("Look at it and confirm (until %(date)s)") % {"date": until}


def _in_words(change: PendingChange) -> list[str]:
    """The kinds of what would change, in the order of the General tab; no value."""
    fields = [str(words) for name, words in FIELD_WORDS.items() if name in change.fields]
    customs = [field.label for field in known_customs(change.fields).values()]
    scopes = [scope for scope in OPT_OUT_LABELS if scope in change.choices]
    boxes = [str((OPT_OUT_LABELS if change.choices[scope] else LIFTED_WORDS)[scope]) for scope in scopes]
    return fields + customs + boxes + _services_in_words(change)


def _services_in_words(change: PendingChange) -> list[str]:
    """The services by the names that subscribers read; those that are left say so."""
    found = Service.objects.in_bulk([int(key) for key in change.services])
    known = [(found[int(key)].public_label, yes) for key, yes in change.services.items() if int(key) in found]
    if all(yes for _label, yes in known) and not (change.fields or change.choices):
        return [label for label, _yes in known]
    words = {True: _("Subscription to “%(service)s”"), False: _("End of the subscription to “%(service)s”")}
    return [words[yes] % {"service": label} for label, yes in known]
