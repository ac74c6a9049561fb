"""The page "Paste a list": quarantine addresses, or opt out the profiles that have them. It spans two apps."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from profiles.backoffice import backoffice_view, operator, render
from profiles.channels import OPT_OUT_LABELS, Channel
from profiles.pasting import MOST_LINES, BadLine, ListTooLong
from profiles.suppression import opt_out_pasted
from quarantine.pasting import quarantine_pasted

BAD_LINES_SHOWN = 100


@dataclass(frozen=True)
class Outcome:
    """What a list does, in labelled numbers; `changes` is the one that matters."""

    figures: list[tuple[str, int]]
    changes: int
    bad_lines: list[BadLine]


@dataclass(frozen=True)
class ListAct:
    """Something to be done with a list; `run` does it, or with dry=True says what it would do."""

    permission: str
    label: Any
    run: Callable[..., Outcome]
    button: Callable[[int], str]
    done: Callable[[int], str]


def _quarantine(text: str, channel: Channel, *, note: str, by: AbstractUser, dry: bool) -> Outcome:
    found = quarantine_pasted(text, channel, by=by, note=note, dry=dry)
    known = len(found.addresses)
    figures = [
        (_("Different addresses on the list"), known),
        (_("In quarantine or on the blocklist already"), known - found.quarantined),
        (_("To be quarantined"), found.quarantined),
    ]
    return Outcome(figures, found.quarantined, found.bad_lines)


def _opt_out(text: str, channel: Channel, *, note: str, by: AbstractUser, dry: bool) -> Outcome:
    found = opt_out_pasted(text, channel, by=by, detail=note, dry=dry)
    figures = [
        (_("Different addresses on the list"), found.addresses),
        (_("Profiles with one of these addresses"), found.profiles),
        (_("“%(box)s” ticked already") % {"box": OPT_OUT_LABELS[channel]}, found.profiles - found.opted_out),
        (_("To be opted out"), found.opted_out),
    ]
    return Outcome(figures, found.opted_out, found.bad_lines)


ACTS = {
    "quarantine": ListAct(
        "quarantine.add_quarantinedaddress",
        gettext_lazy("Quarantine the addresses: no delivery uses them, whichever profile has them, now or later"),
        _quarantine,
        lambda number: ngettext("Quarantine %(number)s address", "Quarantine %(number)s addresses", number),
        lambda number: ngettext("%(number)s address was quarantined.", "%(number)s addresses were quarantined.", number),
    ),
    "opt_out": ListAct(
        "profiles.change_profile",
        gettext_lazy("Opt out the profiles that have them: “No longer contact” by this channel is ticked and recorded"),
        _opt_out,
        lambda number: ngettext("Opt out %(number)s profile", "Opt out %(number)s profiles", number),
        lambda number: ngettext("%(number)s profile was opted out.", "%(number)s profiles were opted out.", number),
    ),
}


class PasteForm(forms.Form):
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    act = forms.ChoiceField(label=gettext_lazy("What to do"), widget=forms.RadioSelect)
    note = forms.CharField(
        label=gettext_lazy("Where the list comes from"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Kept with every change, for example: suppression list of the old tool."),
    )
    text = forms.CharField(
        label=gettext_lazy("Addresses"),
        strip=False,  # bad lines are named by their number
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, acts: dict[str, ListAct], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = [(c.value, c.label) for c in Channel.addressed()]  # type: ignore[attr-defined]
        self.fields["act"].choices = [(name, act.label) for name, act in acts.items()]  # type: ignore[attr-defined]
        self.fields["text"].help_text = _(
            "One address on a line, or several separated by commas or semicolons; at most %(lines)s lines."
        ) % {"lines": number_format(MOST_LINES, force_grouping=True)}

    @property
    def seal(self) -> str:
        """Tells whether what is confirmed is what was looked at."""
        said = "\0".join(self.cleaned_data[name] for name in ("channel", "act", "note", "text"))
        return hashlib.sha256(said.encode()).hexdigest()

    def look_or_run(self, *, by: AbstractUser, dry: bool) -> Outcome | None:
        """What the list would do, or does; None with the reason at the field when it cannot be read."""
        said = self.cleaned_data
        try:
            return ACTS[said["act"]].run(said["text"], Channel.of(said["channel"]), note=said["note"], by=by, dry=dry)
        except ListTooLong as error:
            self.add_error("text", str(error))
            return None


@backoffice_view("quarantine.view_quarantinedaddress")
def paste(request: HttpRequest) -> HttpResponse:
    """The first POST shows what would happen and changes nothing; the second, for the very same list and number, does it."""
    acts = {name: act for name, act in ACTS.items() if request.user.has_perm(act.permission)}
    if not acts:
        raise PermissionDenied(_("You may neither quarantine addresses nor opt out profiles: ask an administrator."))
    form = PasteForm(request.POST or None, acts=acts, initial={"act": next(iter(acts))})
    outcome = form.look_or_run(by=operator(request), dry=True) if form.is_valid() else None
    if outcome is None:
        return _page(request, form)
    if request.POST.get("confirmed") != f"{form.seal} {outcome.changes}":
        return _page(request, form, outcome)
    done = form.look_or_run(by=operator(request), dry=False)
    if done is not None:
        _tell(request, ACTS[form.cleaned_data["act"]], done)
    return redirect("quarantine:paste")


def _page(request: HttpRequest, form: PasteForm, outcome: Outcome | None = None) -> HttpResponse:
    context: dict[str, Any] = {}
    if outcome:
        act = ACTS[form.cleaned_data["act"]]
        context = {
            "figures": outcome.figures,
            "changes": outcome.changes,
            "bad_lines": outcome.bad_lines[:BAD_LINES_SHOWN],
            "bad_line_count": len(outcome.bad_lines),
            "confirmed": f"{form.seal} {outcome.changes}",
            "button": act.button(outcome.changes) % {"number": number_format(outcome.changes)},
            "moved": "confirmed" in request.POST,
        }
    crumbs = [(_("Quarantine"), reverse("admin:quarantine_quarantinedaddress_changelist"))]
    return render(request, "quarantine/paste.html", title=_("Paste a list"), crumbs=crumbs, form=form, **context)


def _tell(request: HttpRequest, act: ListAct, outcome: Outcome) -> None:
    told = act.done(outcome.changes) % {"number": number_format(outcome.changes)}
    left_out = len(outcome.bad_lines)
    if left_out:
        rest = ngettext(
            "%(number)s entry was no address and was left out.",
            "%(number)s entries were no addresses and were left out.",
            left_out,
        )
        told = f"{told} {rest % {'number': number_format(left_out)}}"
    messages.success(request, told)
