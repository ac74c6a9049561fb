"""Brands: what they may look like, who may change them, and what public pages make of them."""

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from landingpages import editing, publishing
from landingpages.changes import in_words
from profiles import brands, logos
from profiles.models import Brand, Logo
from tests.factories import BrandFactory, LandingPageFactory, PublishedPageFactory, ServiceFactory
from tests.profiles.images import JPEG, PNG, WEBP

pytestmark = pytest.mark.django_db
OURS = {name: Brand._meta.get_field(name).default for name in brands.COLUMNS}


def sent(**values):
    return {"label": "Maison Exemple", "postal_address": "", "privacy_url": "", **OURS, **values}


def file(data, name="logo.png"):
    return SimpleUploadedFile(name, data)


def address_of(page):
    return f"/lp/{page.slug}/"


@pytest.mark.parametrize(
    ("data", "found"), [(PNG, ("image/png", 1, 1)), (JPEG, ("image/jpeg", 64, 48)), (WEBP, ("image/webp", 64, 48))]
)
def test_a_logo_is_what_its_bytes_say(data, found):
    logo = logos.read(data)

    assert (logo.media_type, logo.width, logo.height) == found


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "This is no image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "This is no image"),
        (b"GIF89a" + bytes(50), "This is no image"),
        (PNG[:20], "This is no image"),
        (JPEG[:22], "This is no image"),
        (WEBP[:22], "This is no image"),
        (PNG[:16] + b"\x00\x00\xff\xff\x00\x00\x00\x01" + PNG[24:], "larger than 2000 pixels"),
        (PNG[:16] + bytes(8) + PNG[24:], "larger than 2000 pixels"),
        (PNG + bytes(logos.BYTES), "more than 200 KB"),
    ],
)
def test_what_is_no_image_or_too_large_is_refused(data, told):
    with pytest.raises(ValidationError, match=told):
        logos.read(data)


def test_a_brand_is_added_with_its_logo(backoffice):
    response = backoffice.post(reverse("profiles:brand_add"), sent(image=file(PNG), light_accent="1D5F5A", is_default="on"))

    brand = Brand.objects.get()
    assert response["Location"] == reverse("profiles:brand", args=[brand.pk])
    assert (brand.label, brand.light_accent, brand.is_default) == ("Maison Exemple", "#1d5f5a", True)
    served = backoffice.get(reverse("brand:logo", args=[brand.logo.digest]))
    assert (served.content, served["Content-Type"], served["X-Content-Type-Options"]) == (PNG, "image/png", "nosniff")
    assert served["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_same_logo_is_stored_once_and_can_be_taken_off(backoffice):
    for _round in range(2):
        backoffice.post(reverse("profiles:brand_add"), sent(image=file(PNG)))
    brand = Brand.objects.first()
    assert Logo.objects.count() == 1

    backoffice.post(reverse("profiles:brand", args=[brand.pk]), sent(without_logo="on"))

    assert Brand.objects.get(pk=brand.pk).logo is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"light_text": "#999999"}, "Text on the background: 2.6"),
        ({"dark_button_text": "#ffffff"}, "Text of buttons on the accent: 1.7"),
        ({"light_accent": "#ffd400", "light_button_text": "#000000"}, "Accent on the background: 1.3"),
        ({"light_page": "red"}, "Write the colour as # and six digits"),
        ({"label": ""}, "This field is required."),
        ({"privacy_url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"image": "svg"}, "This is no image that can be used"),
    ],
)
def test_what_cannot_be_read_is_refused_at_the_field_and_nothing_is_lost(backoffice, typed, told):
    if "image" in typed:
        typed = {"image": file(b"<svg></svg>", "logo.svg")}
    brand, before = BrandFactory(), Brand.objects.values().get()

    response = backoffice.post(reverse("profiles:brand", args=[brand.pk]), sent(postal_address="1 rue X", **typed))

    text = response.content.decode()
    assert response.status_code == 422
    assert told in text
    assert 'aria-invalid="true"' in text
    assert "1 rue X" in text
    assert Brand.objects.values().get() == before


def test_a_pale_accent_is_taken_and_links_have_the_colour_of_the_text(backoffice):
    typed = sent(light_accent="#8a8a8a", light_button_text="#000000", light_page="#ffffff")
    checked = backoffice.post(reverse("profiles:brand_check"), typed).content.decode()
    assert "Links have the colour of the text: the accent has 3.45:1" in checked

    assert backoffice.post(reverse("profiles:brand_add"), typed).status_code == 302

    colours = brands.freeze(Brand.objects.get())["colours"]
    sheet = backoffice.get(reverse("brand:stylesheet", args=[colours])).content.decode()
    assert "--color-accent: #8a8a8a;" in sheet
    assert f"--color-link: {OURS['light_text']};" in sheet


def test_checking_measures_what_is_typed_and_stores_nothing(backoffice):
    response = backoffice.post(reverse("profiles:brand_add"), sent(light_text="#999999", do="check"))

    assert response.status_code == 200
    assert "Text on the background: 2.6" in response.content.decode()
    assert Brand.objects.count() == 0


def test_one_brand_is_the_default(backoffice):
    first = BrandFactory(is_default=True)

    backoffice.post(reverse("profiles:brand_add"), sent(label="Second", is_default="on"))

    assert [(one.label, one.is_default) for one in Brand.objects.order_by("pk")] == [(first.label, False), ("Second", True)]


def test_a_brand_in_use_is_not_deleted(backoffice):
    brand, free = BrandFactory(), BrandFactory()
    service = ServiceFactory(brand=brand)

    refused = backoffice.post(reverse("profiles:brand_delete", args=[brand.pk]))
    backoffice.post(reverse("profiles:brand_delete", args=[free.pk]))

    assert refused.status_code == 409
    assert service.label in refused.content.decode()
    assert list(Brand.objects.all()) == [brand]


def test_who_may_only_look_changes_nothing(client, django_user_model):
    user = django_user_model.objects.create_user("ben", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_brand"))
    client.force_login(user)
    brand = BrandFactory()

    assert client.get(reverse("profiles:brand", args=[brand.pk])).status_code == 200
    assert client.post(reverse("profiles:brand", args=[brand.pk]), sent(label="Ben")).status_code == 403
    assert Brand.objects.get().label == brand.label


@pytest.mark.parametrize(
    "wrong", ["nothing", "1d5f5a", "-".join(["1d5f5a"] * 7), "-".join(["1d5f5g"] * 8), "-".join(["1D5F5A"] * 8)]
)
def test_a_stylesheet_is_made_of_eight_colours_and_nothing_else(client, wrong):
    right = "-".join(["1d5f5a"] * 8)

    assert client.get(f"/brand/{wrong}.css").status_code == 404
    assert client.get(f"/brand/{right}.css")["Content-Type"] == "text/css; charset=utf-8"


def test_visitors_see_the_brand_that_the_page_was_published_with(client, backoffice):
    brand = BrandFactory(label="Maison <Exemple>", logo=logos.store(logos.read(PNG)))
    page = LandingPageFactory(brand=brand)
    publishing.publish(page, by="Ana")
    brand.label, brand.light_accent = "Autre", "#0000aa"
    brand.save()

    page.refresh_from_db()
    text = client.get(address_of(page)).content.decode()

    assert 'alt="Maison &lt;Exemple&gt;"' in text
    assert "12 rue des Lilas, 75011 Paris" in text
    assert 'href="https://example.org/privacy"' in text
    assert 'href="/brand/1d5f5a-ffffff-f6f5f2-2c2b29-8fd3cb-10211f-171716-eceae6.css"' in text
    assert " style=" not in text
    assert publishing.changes_not_published(page) == 1
    assert in_words(page.version.content, publishing.snapshot(page)) == ["Brand changed: Autre"]


def test_a_page_wears_its_own_brand_else_that_of_its_service_else_the_default(backoffice):
    default, of_service, own = BrandFactory(is_default=True), BrandFactory(), BrandFactory()
    service = ServiceFactory(brand=of_service)
    plain, about, branded = (
        LandingPageFactory(),
        LandingPageFactory(template="subscription", service=service),
        LandingPageFactory(template="subscription", service=service, brand=own),
    )

    worn = [publishing.snapshot(page)["brand"]["label"] for page in (plain, about, branded)]

    assert worn == [default.label, of_service.label, own.label]


def test_a_restored_page_gets_back_the_brand_that_was_chosen():
    brand = BrandFactory()
    page = PublishedPageFactory(brand=brand)
    editing.change_page(page, {"brand": None}, by="Ana")

    publishing.restore(page, page.version, by="Ana")

    assert page.brand == brand


def test_pages_without_a_version_wear_the_default_brand(client):
    assert "Maison Exemple" in client.get("/lp/nothing-here/").content.decode()
    BrandFactory(label="Autre maison", is_default=True)

    assert "Autre maison" in client.get("/lp/nothing-here/").content.decode()
