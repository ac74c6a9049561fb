"""Pictures and content blocks: what is taken, how it is served, how long it stays."""

import struct
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from landingpages import editing, media, publishing, scheduling, shared_blocks
from landingpages.models import Image, ScheduledPublication, SharedBlock
from tests.factories import LandingPageFactory, PublishedPageFactory
from tests.landingpages.visitors import address

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 40, 30) + b"\x08\x06\0\0\0"
GIF = b"GIF89a" + struct.pack("<HH", 40, 30)
JPEG = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 40) + b"\x03"
WEBP = b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + (39).to_bytes(3, "little") + (29).to_bytes(3, "little")


def keep(content=PNG, name="logo.png"):
    return media.keep(ContentFile(content, name), by="Ana")


@pytest.mark.parametrize(
    ("content", "kind"), [(PNG, "image/png"), (GIF, "image/gif"), (JPEG, "image/jpeg"), (WEBP, "image/webp")]
)
def test_a_picture_is_known_by_its_bytes(content, kind):
    image = keep(content, "whatever.svg")

    assert (image.type, image.width, image.height) == (kind, 40, 30)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "This is no PNG, JPEG, GIF or WebP picture."),
        (b"<html>", "This is no PNG, JPEG, GIF or WebP picture."),
        (b"", "This is no PNG, JPEG, GIF or WebP picture."),
        (PNG[:18], "The picture is damaged."),
        (JPEG[:6], "The picture is damaged."),
        (GIF[:7], "The picture is damaged."),
        (WEBP[:20], "The picture is damaged."),
        (PNG[:16] + struct.pack(">II", 7000, 1), "The picture has more than 6,000 pixels on a side, or none."),
        (PNG[:16] + struct.pack(">II", 0, 1), "The picture has more than 6,000 pixels on a side, or none."),
        (PNG + b"\0" * media.BYTES, "The picture is larger than 2 MB."),
    ],
)
def test_anything_else_is_refused(content, why):
    with pytest.raises(media.Refused, match=why):
        keep(content)

    assert not Image.objects.exists()


def test_a_picture_is_served_as_what_it_is_and_as_nothing_else(anonymous):
    answer = anonymous.get(f"/media/{keep().digest}")

    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (200, PNG, "image/png")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert anonymous.get("/media/none").status_code == 404


def with_image(page, **values):
    block = editing.add(page, "image", by="Ana")
    return editing.change(page, block.key, {"image_id": keep().pk, **values}, by="Ana")


def test_a_picture_needs_words_or_is_decorative(anonymous):
    page = LandingPageFactory()
    block = with_image(page, texts={"en": {"label": "Our shop"}})
    says = "Describe the picture for those who do not see it (French), or say that it is decorative."

    assert [check.text for check in publishing.checks(page) if check.level == "error"] == [says]
    editing.change(page, block.key, {"texts": {}, "options": {"is_decorative": True}}, by="Ana")
    publishing.publish(page, by="Ana")
    assert 'alt=""' in anonymous.get(address(page)).content.decode()


def test_a_picture_stays_as_long_as_a_publication_waits_for_it():
    page = LandingPageFactory()
    block = with_image(page, options={"is_decorative": True})
    page.refresh_from_db()
    scheduling.schedule(page, at=timezone.now() + timedelta(days=3), by="Ana")
    editing.remove(page, block.key, by="Ana")
    Image.objects.update(uploaded_at=timezone.now() - timedelta(days=2))

    assert media.forget_unused() == 0

    ScheduledPublication.objects.update(due_at=timezone.now())
    scheduling.publish_due()
    page.refresh_from_db()
    assert list(page.version.images.values_list("type", flat=True)) == ["image/png"]


def test_a_picture_stays_as_long_as_a_version_shows_it():
    page = LandingPageFactory()
    block = with_image(page, options={"is_decorative": True})
    publishing.publish(page, by="Ana")
    editing.remove(page, block.key, by="Ana")
    unused = keep(GIF)
    Image.objects.update(uploaded_at=timezone.now() - timedelta(days=2))
    keep(JPEG)

    media.forget_unused()

    assert sorted(Image.objects.values_list("type", flat=True)) == ["image/jpeg", "image/png"]
    assert not Image.objects.filter(pk=unused.pk).exists()


def test_a_picture_is_uploaded_in_the_builder(backoffice):
    page = LandingPageFactory()
    block = editing.add(page, "image", by="Ana")
    data = {"block": str(block.key), "kind": "image", "part": "content", "lang": "en", "revision": "1", "do": "save"}

    refused = backoffice.post(f"/admin/landing-pages/{page.pk}/", data | {"block-upload": ContentFile(b"<svg/>", "a.png")})
    assert (refused.status_code, "This is no PNG, JPEG, GIF or WebP picture." in refused.content.decode()) == (422, True)
    backoffice.post(
        f"/admin/landing-pages/{page.pk}/", data | {"block-upload": ContentFile(PNG, "a.png"), "block-is_decorative": "on"}
    )

    block.refresh_from_db()
    assert (block.image.type, block.options) == ("image/png", {"is_decorative": True})


def shown(page, text="<p>Old</p>"):
    shared = shared_blocks.create("Contact", {code: {"label": text} for code in ("en", "fr")}, by="Ana")
    editing.change(page, editing.add(page, "shared", by="Ana").key, {"shared_id": shared.pk}, by="Ana")
    publishing.publish(page, by="Ana")
    return shared


def test_a_version_freezes_its_content_blocks(anonymous):
    page = PublishedPageFactory()
    shared = shown(page)

    shared_blocks.change(
        shared, "Contact", {code: {"label": "<p>New</p><script>1</script>"} for code in ("en", "fr")}, by="Ana", revision=0
    )

    assert "<p>Old</p>" in anonymous.get(address(page)).content.decode()
    assert publishing.changes_not_published(page) == 1
    assert [(use.page, use.is_edited, use.is_online, use.is_old) for use in shared_blocks.uses(SharedBlock.objects.get())] == [
        (page, True, True, True)
    ]
    publishing.publish(page, by="Ana")
    html = anonymous.get(address(page)).content.decode()
    assert ("<p>New</p>" in html, "<script" in html) == (True, False)
    assert [use.is_old for use in shared_blocks.uses(SharedBlock.objects.get())] == [False]


def test_the_second_of_two_who_write_a_content_block_is_told(backoffice):
    shared = shared_blocks.create("Contact", {}, by="Ana")
    url = f"/admin/landing-pages/content-blocks/{shared.pk}/"
    shared_blocks.change(shared, "Ben’s", {}, by="Ben", revision=0)

    answer = backoffice.post(url, {"label": "Ana’s", "label_en": "<p>mine</p>", "revision": "0"})

    assert (answer.status_code, "&lt;p&gt;mine" in answer.content.decode()) == (422, True)
    assert SharedBlock.objects.get().label == "Ben’s"


def test_a_content_block_that_a_page_shows_is_not_deleted(backoffice):
    shared = shown(PublishedPageFactory())
    url = f"/admin/landing-pages/content-blocks/{shared.pk}/delete/"

    answer = backoffice.post(url, follow=True)
    assert "take it off them first" in answer.content.decode()
    assert SharedBlock.objects.exists()
    shared.blocks.all().delete()
    backoffice.post(url)

    assert not SharedBlock.objects.exists()


def test_content_blocks_are_listed_and_written(backoffice):
    for number in range(3):
        backoffice.post(
            "/admin/landing-pages/content-blocks/new/", {"label": f"Block {number}", "label_en": "<p onclick=x>Hi</p>"}
        )

    assert SharedBlock.objects.first().texts["en"] == {"label": "<p>Hi</p>", "help": ""}
    assert "Block 2" in backoffice.get("/admin/landing-pages/content-blocks/").content.decode()
    answer = backoffice.post("/admin/landing-pages/content-blocks/new/", {"label": "Block 1", "label_en": "{{ x"})
    assert (answer.status_code, sorted(answer.context["form"].errors)) == (422, ["label", "label_en"])
