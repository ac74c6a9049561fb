"""The back office's content blocks: the list, a new one, and one with the pages that show it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from landingpages import shared_blocks, wording
from landingpages.builder_forms import CHARACTERS, by_language, languages, rich_text
from landingpages.editing import EditConflict
from landingpages.models import SharedBlock
from landingpages.views import PER_PAGE
from profiles.backoffice import backoffice_view, operator, render
from profiles.mergefields import InvalidTemplate
from profiles.paging import Paginator


class SharedForm(forms.Form):
    """A name for the operators, and what visitors read in each language."""

    label = forms.CharField(
        label=gettext_lazy("Label"), max_length=128, help_text=gettext_lazy("Visitors do not see it."), strip=True
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, shared: SharedBlock | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shared = shared
        for code, language in languages():
            self.fields[f"label_{code}"] = forms.CharField(
                label=_("Text (%(language)s)") % {"language": language},
                required=False,
                max_length=CHARACTERS["html"],
                widget=rich_text(code),
            )

    @classmethod
    def of(cls, shared: SharedBlock, data: Any = None) -> "SharedForm":
        """The form of a stored content block."""
        texts = {f"label_{code}": own.get("label", "") for code, own in shared.texts.items()}
        return cls(data, shared=shared, initial={"label": shared.label, "revision": shared.revision, **texts})

    def clean_label(self) -> str:
        label: str = self.cleaned_data["label"]
        same = SharedBlock.objects.filter(label=label).exclude(pk=self.shared.pk if self.shared else 0)
        if same.exists():
            raise forms.ValidationError(_("Another content block has this name."))
        return label

    def clean(self) -> None:
        for code, _language in languages():
            try:
                wording.compiled(self.cleaned_data.get(f"label_{code}", ""), html=True)
            except InvalidTemplate as fault:
                self.add_error(f"label_{code}", _("A merge field cannot be read: %(fault)s") % {"fault": fault})

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        return by_language(self.cleaned_data, ("label",))


def crumbs() -> list[tuple[str, str]]:
    return [(_("Landing pages"), reverse("landingpages:list")), (_("Content blocks"), reverse("landingpages:shared"))]


@backoffice_view("landingpages.view_landingpage")
def shared_list(request: HttpRequest) -> HttpResponse:
    """Every content block, by name."""
    page = Paginator(SharedBlock.objects.all(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "landingpages/shared_list.html", title=_("Content blocks"), crumbs=crumbs()[:1], page=page)


@backoffice_view("landingpages.change_landingpage")
def add(request: HttpRequest) -> HttpResponse:
    """A new content block."""
    form = SharedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        shared = shared_blocks.create(form.cleaned_data["label"], form.texts, by=operator(request))
        messages.success(
            request, _("The content block “%(label)s” is there: add it to a page in its builder.") % {"label": shared}
        )
        return redirect("landingpages:shared")
    return _page(request, form, title=_("New content block"))


@backoffice_view("landingpages.change_landingpage")
def edit(request: HttpRequest, shared_id: int) -> HttpResponse:
    """One content block with the pages that show it; visitors see a change with the next publication of each."""
    shared = get_object_or_404(SharedBlock, pk=shared_id)
    form = SharedForm.of(shared, request.POST or None)
    if request.method == "POST" and form.is_valid() and _save(form, shared, request):
        messages.success(request, _("Saved. Pages show it once they are published again."))
        return redirect("landingpages:shared_edit", shared.pk)
    return _page(request, form, title=shared.label, shared=shared, uses=shared_blocks.uses(shared))


@backoffice_view("landingpages.change_landingpage")
@require_POST
def delete(request: HttpRequest, shared_id: int) -> HttpResponse:
    """Delete one that no page has in its builder."""
    shared = get_object_or_404(SharedBlock, pk=shared_id)
    try:
        shared_blocks.delete(shared)
    except shared_blocks.StillShown:
        messages.error(request, _("Pages show “%(label)s”: take it off them first.") % {"label": shared.label})
        return redirect("landingpages:shared_edit", shared_id)
    messages.success(request, _("The content block “%(label)s” is deleted.") % {"label": shared.label})
    return redirect("landingpages:shared")


def _save(form: SharedForm, shared: SharedBlock, request: HttpRequest) -> bool:
    """Whether it is stored; if not, the form says why."""
    shown = form.cleaned_data["revision"]
    try:
        shared_blocks.change(
            shared, form.cleaned_data["label"], form.texts, by=operator(request), revision=-1 if shown is None else shown
        )
    except EditConflict:
        form.data = {**{name: form.data[name] for name in form.data}, "revision": str(shared.revision)}
        form.add_error(
            None, _("Somebody else changed this content block meanwhile. Save again to replace what is stored by what you see.")
        )
    return form.is_valid()


def _page(request: HttpRequest, form: SharedForm, *, title: str, **context: Any) -> HttpResponse:
    status = 422 if form.errors else 200
    return render(request, "landingpages/shared_edit.html", title=title, crumbs=crumbs(), status=status, form=form, **context)
