"""Brands in the back office: the list, a new one, one with its colours measured as they are chosen, its deletion."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from profiles import brands
from profiles.backoffice import backoffice_view, render
from profiles.brand_forms import BrandForm, readings
from profiles.colours import ROLES
from profiles.models import Brand
from profiles.publicpages import PREVIEW_CSP, respond

MAY_LOOK = ["profiles.view_brand", "profiles.add_brand", "profiles.change_brand"]


@backoffice_view("profiles.view_brand")
def brand_list(request: HttpRequest) -> HttpResponse:
    """Every brand; they are few."""
    return render(request, "profiles/brands.html", title=_("Brands"), brands=Brand.objects.select_related("logo"))


@backoffice_view("profiles.add_brand")
def add(request: HttpRequest) -> HttpResponse:
    brand = Brand(is_default=not Brand.objects.filter(is_default=True).exists(), **_sender())
    return _edit(request, brand, title=_("New brand"))


@backoffice_view("profiles.view_brand")
def edit(request: HttpRequest, brand_id: int) -> HttpResponse:
    brand = get_object_or_404(Brand.objects.select_related("logo"), pk=brand_id)
    if request.method == "POST" and not request.user.has_perm("profiles.change_brand"):
        raise PermissionDenied
    return _edit(request, brand, title=brand.label)


def _edit(request: HttpRequest, brand: Brand, *, title: str) -> HttpResponse:
    is_check = request.POST.get("do") == "check"
    form = BrandForm(request.POST or None, request.FILES or None, instance=brand)
    if request.method == "POST" and form.is_valid() and not is_check:
        saved = form.save()
        messages.success(request, _("The brand “%(label)s” is saved. Pages wear it once they are published.") % {"label": saved})
        return redirect("profiles:brand", saved.pk)
    shown = Brand.objects.select_related("logo").get(pk=brand.pk) if brand.pk else brand
    context: dict[str, Any] = {
        "form": form,
        "brand": shown,
        "may_change": request.user.has_perm("profiles.change_brand" if brand.pk else "profiles.add_brand"),
        **_measured({name: str(form[name].value() or "") for name in brands.COLUMNS}),
    }
    status = 422 if form.errors and not is_check else 200
    crumbs = [(_("Brands"), reverse("profiles:brands"))]
    return render(request, "profiles/brand.html", title=title, crumbs=crumbs, status=status, **context)


@backoffice_view(MAY_LOOK)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """The contrast of what is typed, and samples of it: a fragment. Nothing is stored."""
    return render(request, "profiles/brand_samples.html", title=_("Brands"), **_measured(request.POST.dict()))


@backoffice_view(MAY_LOOK)
@require_safe
@xframe_options_sameorigin
def sample(request: HttpRequest, colours: str, scheme: str) -> HttpResponse:
    """A page in these colours, in a frame of the page above."""
    if brands.stylesheet(colours) is None or scheme not in brands.SCHEMES:
        raise Http404
    worn = {**brands.of_settings(), "colours": colours}
    return respond(request, "public/sample.html", csp=PREVIEW_CSP, brand=worn, scheme=scheme)


@backoffice_view("profiles.delete_brand")
def delete(request: HttpRequest, brand_id: int) -> HttpResponse:
    """GET says what would happen; POST deletes a brand that no page and no service has chosen."""
    brand = get_object_or_404(Brand, pk=brand_id)
    obstacles: list[str] = []
    if request.method == "POST":
        try:
            brand.delete()
        except ProtectedError as refusal:
            obstacles = sorted(f"{one._meta.verbose_name}: {one}" for one in refusal.protected_objects)
        else:
            messages.success(request, _("The brand “%(label)s” is deleted.") % {"label": brand})
            return redirect("profiles:brands")
    crumbs = [(_("Brands"), reverse("profiles:brands")), (brand.label, reverse("profiles:brand", args=[brand.pk]))]
    status = 409 if obstacles else 200
    template = "profiles/brand_delete.html"
    return render(request, template, title=_("Delete brand"), crumbs=crumbs, status=status, brand=brand, obstacles=obstacles)


def _sender() -> dict[str, str]:
    """What a first brand starts with: the sender that the pages had so far."""
    known = brands.of_settings()
    return {name: known[name] for name in ("label", "postal_address", "privacy_url")}


def _measured(typed: dict[str, str]) -> dict[str, Any]:
    measured = readings(typed)
    whole = all(one["is_whole"] for one in measured)
    named = [getattr(one["scheme"], role)[1:] for one in measured if whole for role in ROLES]
    return {"readings": measured, "colours": "-".join(named)}
