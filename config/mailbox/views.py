"""The pages of the local mailbox. Open to everyone who reaches this server, so they exist only with DEBUG."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from config.mailbox import store
from config.mailbox.parsing import Mail

PAGE = 50
# Our own pages need no script; one click posts to PUBLIC_URL.
PAGES = "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; frame-ancestors 'none'; form-action 'self' {}"
# For whatever others wrote: no script and no origin of ours, but links that can be followed.
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox; script-src 'none'"
TABS = {"html": _("HTML"), "text": _("Text"), "headers": _("Headers"), "raw": _("Raw")}


@require_safe
@never_cache
def mail_list(request: HttpRequest) -> HttpResponse:
    """Newest first; `q` searches in the recipients."""
    wanted = request.GET.get("q", "").strip()
    page = Paginator(store.search(wanted) if wanted else store.keys(), PAGE).get_page(request.GET.get("page"))
    mails = []
    for key in page:
        with suppress(store.MailNotFound):  # removed as one of the oldest since it was listed
            mails.append(Mail(store.load(key)))
    return _page(request, "mailbox/list.html", {"page": page, "mails": mails, "wanted": wanted})


@require_safe
@never_cache
def mail(request: HttpRequest, key: str, tab: str = "") -> HttpResponse:
    """One mail under one of TABS; without `tab` the richest one that it has."""
    opened = _mail(key)
    tab = tab or ("html" if opened.html else "text")
    if tab not in TABS:
        raise Http404
    tabs = [(label, reverse("mailbox:tab", args=[key, name]), name == tab) for name, label in TABS.items()]
    ours = opened.one_click_url.startswith(f"{settings.PUBLIC_URL}/")
    return _page(request, "mailbox/mail.html", {"mail": opened, "tab": tab, "tabs": tabs, "one_click_is_ours": ours})


@require_safe
@never_cache
@xframe_options_sameorigin
def body(request: HttpRequest, key: str) -> HttpResponse:
    """The HTML of a mail, for the frame."""
    return HttpResponse(_mail(key).page, headers={"Content-Security-Policy": SANDBOX})


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    answer = render(request, template, context)
    answer["Content-Security-Policy"] = PAGES.format(settings.PUBLIC_URL)
    return answer


def _mail(key: str) -> Mail:
    try:
        return Mail(store.load(key))
    except store.MailNotFound as error:
        raise Http404 from error
