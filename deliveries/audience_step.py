"""The audience of a delivery in its form: what it takes from saved audiences, and what becomes one."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from deliveries.models import Delivery
from deliveries.statuses import DeliveryStatus
from profiles import listfiles, saved_audiences
from profiles.audience_builder import Builder
from profiles.listfiles import Listed
from profiles.models import SavedAudience
from profiles.saved_audiences import Use

# A permission, for these buttons.
NEEDS = {
    "use": "profiles.view_savedaudience",
    "save_as": "profiles.add_savedaudience",
    "from_file": "profiles.add_savedaudience",
}
FILE_BYTES = 10 * 2**20


def act(builder: Builder, data: QueryDict, files: MultiValueDict[str, UploadedFile], by: AbstractUser) -> Listed | None:
    """Do what a button of the audience step says; `builder.said` tells what came of it. Returns what became of a file."""
    button = data.get("do", "")
    acts = {"use": _use, "save_as": _save_as}
    if button == "from_file":
        return _from_file(builder, files.get("audience_file"), by)
    if button in acts:
        acts[button](builder, data, by)
    else:
        builder.act(button, data)
    return None


def _use(builder: Builder, data: QueryDict, by: AbstractUser) -> None:
    """A copy of a query, or the condition that names a list, beside what is there."""
    number = data.get("saved", "")
    audience = SavedAudience.objects.usable().filter(pk=number).first() if _is_number(number) else None
    builder.focus = "use-saved"
    if audience is None:
        builder.said = _("Choose an audience first.")
        return
    builder.add(saved_audiences.as_tree(audience))
    builder.said = builder.said or _("“%(label)s” is added.") % {"label": audience.label}


def _save_as(builder: Builder, data: QueryDict, by: AbstractUser) -> None:
    label, tree = data.get("saved_label", "").strip(), builder.tree()
    builder.focus = "save-as"
    if tree is None:
        builder.is_strict, builder.said = True, _("Nothing was saved: the audience is not complete.")
    elif not 0 < len(label) <= 128:
        builder.said = _("Write a label for the audience, of at most 128 characters.")
    else:
        saved_audiences.create(tree, label=label, by=by)
        builder.said = _("The audience is saved as “%(label)s”.") % {"label": label}


def _from_file(builder: Builder, file: UploadedFile | None, by: AbstractUser) -> Listed | None:
    """A frozen list of those whom the file names, and the condition that names the list."""
    builder.focus = "from-file"
    if file is None or (file.size or 0) > FILE_BYTES:
        builder.said = _("Choose a file of at most %(size)s MB.") % {"size": FILE_BYTES // 2**20}
        return None
    try:
        listed = listfiles.freeze(file.read(), label=file.name or _("File"), by=by)
    except listfiles.UnreadableFile as fault:
        builder.said = str(fault)
        return None
    if listed.audience is None:
        builder.said = _("Nobody has an address or an ID of this file: no list was made.")
        return listed
    builder.add(saved_audiences.as_tree(listed.audience))
    builder.said = builder.said or _("The list “%(label)s” is made of the file and added.") % {"label": listed.audience.label}
    return listed


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def uses(lists: set[int]) -> Iterator[tuple[int, Use]]:
    """The deliveries that name one of the lists; one that is finished or stopped does not need it any more."""
    for delivery in saved_audiences.naming_a_list(Delivery.objects.all(), "audience").only("label", "audience", "status"):
        for pk in saved_audiences.lists_in(delivery.audience) & lists:
            is_over = delivery.status in (DeliveryStatus.FINISHED, DeliveryStatus.STOPPED)
            yield pk, Use(delivery.label, reverse("deliveries:show", args=[delivery.pk]), is_over)


def saved_choices() -> list[tuple[int, Any]]:
    return list(SavedAudience.objects.usable().values_list("pk", "label")[:500])
