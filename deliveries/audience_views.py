"""How an audience would split now: asked for while it is built, and for a saved one."""

from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from deliveries import targeting
from profiles import audiences, saved_audiences
from profiles.audience_builder import Builder
from profiles.audiences import InvalidAudience, Tree
from profiles.backoffice import backoffice_view, is_fragment, render
from profiles.channels import Channel
from profiles.models import SavedAudience
from profiles.timelimit import TookTooLong, time_limit


@backoffice_view("deliveries.view_delivery")
def count(request: HttpRequest) -> HttpResponse:
    """How many people an audience has, and how many of them would be left out; a fragment, or a page without JavaScript.

    A POST carries the audience of a form, which may be too long for an address; nothing is stored. A request that names
    no audience is no question about everybody: it is refused.
    """
    tree, fault = _asked_tree(request)
    context = {"fault": fault} if tree is None else _split(request, tree)
    template = "deliveries/count.html" if is_fragment(request) else "deliveries/count_page.html"
    return render(request, template, title=_("Audience"), **context)


def _asked_tree(request: HttpRequest) -> tuple[Tree | None, str]:
    if request.method == "POST":
        if (builder := Builder.read(request.POST)) is None:
            raise BadRequest("no audience")
        return builder.tree(), builder.error
    number = request.GET.get("audience", "")
    audience = get_object_or_404(SavedAudience, pk=number if number.isdecimal() and len(number) < 19 else 0)
    return saved_audiences.as_tree(audience), ""


def _split(request: HttpRequest, tree: Tree) -> dict[str, Any]:
    was_asked = "patient" in request.POST
    seconds = settings.COUNT_SECONDS_ON_REQUEST if was_asked else settings.COUNT_SECONDS
    slow = {"is_slow": True, "seconds": seconds, "was_asked": was_asked}
    if "slow" in request.POST and not was_asked:
        return slow
    try:
        with time_limit(seconds, asker=_asker(request)):
            rules = targeting.counted_rules(_channel(request), request.POST.get("typology", ""))
            split = targeting.count(tree, _channel(request), rules)
        words = audiences.in_words(tree)
    except TookTooLong:
        return slow
    except InvalidAudience as error:
        return {"fault": str(error)}
    return {
        "words": words,
        "targeted": sum(split.values()),
        "left": split.get("", 0),
        "excluded": [(rule.label, split.get(rule.key, 0)) for rule in rules],
    }


def _asker(request: HttpRequest) -> str:
    """One page in one browser: its former question is over with the next. The form's token is drawn anew for each page;
    what is asked without a form is asked once."""
    token = request.POST.get("csrfmiddlewaretoken", "")[:20]
    return f"heed count {request.user.pk} {token}" if token.isascii() and token.isalnum() else ""


def _channel(request: HttpRequest) -> Channel:
    """The channel that is asked about; email where none is, or one that has no address."""
    asked = request.POST.get("channel", "")
    return next((channel for channel in Channel.addressed() if channel.value == asked), Channel.EMAIL)
