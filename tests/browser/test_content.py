"""The editor of a mail in a real browser: colours under the text, live preview, blocks by keyboard and pointer, no script."""

import pytest
from django.conf import settings
from playwright.sync_api import expect

from deliveries import blockediting, skeleton
from deliveries.models import ContentMode, Delivery, TestProfile

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def delivery(operator):
    return Delivery.objects.create(label="Spring news", subject="Spring", **skeleton.content())


@pytest.fixture
def made_of_blocks(delivery, operator):
    blockediting.begin(delivery, by=operator)
    return delivery


@pytest.fixture
def cookie(client, operator, live_server):
    client.force_login(operator)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": live_server.url}


@pytest.fixture
def editor(page, cookie, delivery):
    page.context.add_cookies([cookie])
    page.set_viewport_size({"width": 1440, "height": 1600})
    return lambda: page.goto(f"/admin/deliveries/{delivery.pk}/content/")


def words(page):
    return page.locator(".look .words").all_inner_texts()


def preview(page):
    return page.frame_locator("iframe.preview").last


def test_html_has_colours_that_follow_what_is_typed_and_the_preview_too(editor, page):
    editor()
    area = page.get_by_label("HTML content")

    area.fill("<p class='x'>Hello {{ profile.first_name | default: 'you' }} &amp; all</p>")

    copy = page.locator(".source pre")
    expect(copy.locator(".tag").first).to_have_text("<p")
    expect(copy.locator(".merged")).to_have_text("{{ profile.first_name | default: 'you' }}")
    expect(copy.locator(".entity")).to_have_text("&amp;")
    assert copy.inner_text().strip() == area.input_value()
    expect(preview(page).get_by_text("Hello you & all")).to_be_visible()
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    assert "Hello you" not in Delivery.objects.get().html


def test_text_and_its_colours_lie_on_each_other(editor, page):
    editor()
    area, copy = page.get_by_label("HTML content"), page.locator(".source pre")
    area.fill("<p>A very long line that has to be broken somewhere</p>\n" * 60)
    area.evaluate("area => { area.scrollTop = 400; }")

    page.wait_for_function("document.querySelector('.source pre').scrollTop === 400")
    heights = [one.evaluate("one => [one.scrollHeight, one.clientWidth]") for one in (area, copy)]
    assert heights[0][1] == heights[1][1]
    assert abs(heights[0][0] - heights[1][0]) < 30  # the end of the last line


def test_merge_field_is_inserted_where_one_wrote_last(editor, page):
    editor()
    area = page.get_by_label("HTML content")
    area.fill("<p>Dear </p>")
    area.evaluate("area => area.setSelectionRange(8, 8)")
    page.locator(".picker summary").click()
    page.locator('[data-insert="{{ profile.city }}"]').click()

    expect(area).to_have_value("<p>Dear {{ profile.city }}</p>")


def test_blocks_are_moved_changed_and_brought_back_by_keyboard(editor, page, made_of_blocks):
    editor()
    before = words(page)
    page.locator(".look").nth(1).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator(".look .words").first).to_have_text(before[1])
    assert words(page) == [before[1], before[0], *before[2:]]

    page.keyboard.press("Control+z")
    expect(page.locator(".look .words").first).to_have_text(before[0])

    page.locator(".look").first.press("Enter")
    expect(page.get_by_role("heading", name="Settings: Heading")).to_be_focused()
    page.get_by_label("Text", exact=True).first.fill("Spring is here")
    expect(preview(page).locator("h1")).to_have_text("Spring is here")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("[data-save-state]")).to_contain_text("Saved.")
    assert "Spring is here" in Delivery.objects.get().html


def test_new_block_is_dragged_to_its_place(editor, page, made_of_blocks):
    editor()
    target = page.locator(".blocks > li").first.bounding_box()
    new = page.locator("[data-add=divider]").bounding_box()
    page.mouse.move(new["x"] + 10, new["y"] + 10)
    page.mouse.down()
    page.mouse.move(target["x"] + 60, target["y"] + 20, steps=12)
    page.mouse.move(target["x"] + 60, target["y"] + 4, steps=6)
    page.mouse.up()

    expect(page.get_by_role("heading", name="Settings: Divider")).to_be_visible()
    assert words(page)[0] == "Divider"


def test_script_in_a_content_does_not_run_in_the_preview(editor, page, delivery):
    Delivery.objects.update(html="<p>Hello</p><script>parent.document.title = 'taken'</script>")
    editor()
    page.get_by_label("HTML content").press("End")
    page.keyboard.type(" ")
    expect(preview(page).get_by_text("Hello", exact=True)).to_be_visible()

    assert page.title() != "taken"


def test_everything_works_without_a_script(browser, cookie, live_server, delivery, operator):
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"/admin/deliveries/{delivery.pk}/content/")

    page.get_by_label("HTML content").fill("<p>Plain</p>")
    page.get_by_role("button", name="Save", exact=True).last.click()
    assert Delivery.objects.get().html == "<p>Plain</p>"

    page.get_by_role("link", name="Make it of blocks…").click()
    page.get_by_role("button", name="Make it of blocks").click()
    page.get_by_role("button", name="Divider", exact=True).click()
    assert [one["kind"] for one in Delivery.objects.get().blocks] == ["heading", "text", "divider", "footer"]
    assert Delivery.objects.get().content_mode == ContentMode.BLOCKS
    context.close()


def test_proof_is_sent_from_the_editor(editor, page, delivery):
    TestProfile.objects.create(label="Ana at home", email="ana@example.org")
    editor()
    page.get_by_role("link", name="Send a test…").click()
    page.get_by_label("Ana at home").check()
    page.get_by_role("button", name="Send the test").click()

    expect(page.get_by_text("The proof is on its way to 1 address.")).to_be_visible()
    expect(page.get_by_role("region", name="Proof 1")).to_contain_text("Waiting")


def test_content_is_prepared_from_the_editor(editor, page, delivery):
    editor()
    page.get_by_role("textbox", name="Subject").fill("Summer")
    page.get_by_role("button", name="Save and prepare").click()

    expect(page.get_by_role("heading", name="Preparing…")).to_be_visible()
    assert Delivery.objects.get().subject == "Summer"


def test_what_was_typed_stays_where_the_delivery_left_meanwhile(editor, page, delivery, operator):
    editor()
    Delivery.objects.update(status="preparing")
    page.get_by_role("textbox", name="Subject").fill("Summer")
    page.get_by_role("button", name="Save", exact=True).last.click()

    expect(page.get_by_role("alert")).to_contain_text("nothing was saved")
    expect(page.get_by_role("textbox", name="Subject")).to_have_value("Summer")
