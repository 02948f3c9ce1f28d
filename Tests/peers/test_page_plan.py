"""Map and floor plans: sites by their places, stations on a picture, by pointer and by keyboard."""

import base64
import os
import struct
import zlib

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from house import until
from test_page import CHROMIUM, PHONE, axe, browser, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


def picture(width=400, height=300):
    """A grey PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xdd" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def pin(house, station):
    plan = await house.api.get(f"/locations/{house.site}/plan")
    return next(({"x": p["x"], "y": p["y"]} for p in plan["pins"] if p["station"] == station), None)


async def test_stations_get_their_places_on_a_picture(house, stations, window):  # noqa: F811
    number = await tariff(house)
    first = await stations(priced(house, "CP-1", number))
    await stations(priced(house, "CP-2", number))
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/sites/{house.site}")
    await page.locator(".plan input[type=file]").set_input_files(
        {"name": "yard.png", "mimeType": "image/png", "buffer": picture()})
    board = page.locator(".plan-board")
    await expect(board.locator("img")).to_have_js_property("naturalWidth", 400)

    # By keyboard: it is put in the middle, and moves from there.
    await page.get_by_role("button", name="CP-1", exact=True).focus()
    await page.keyboard.press("Enter")
    one = board.get_by_role("button", name="CP-1", exact=False)
    await expect(one).to_be_focused()
    assert await pin(house, "CP-1") == {"x": 5_000, "y": 5_000}
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowDown"):
        await page.keyboard.press(key)
    await until(lambda: placed(house, "CP-1", {"x": 4_800, "y": 5_010}), what="the place is kept")

    # By pointer.
    await page.get_by_role("button", name="CP-2", exact=True).click()
    two = board.get_by_role("button", name="CP-2", exact=False)
    await two.wait_for()
    box = await board.locator("img").bounding_box()
    at = await two.bounding_box()
    await page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75, steps=4)
    await page.mouse.up()
    await until(lambda: near(house, "CP-2", 2_500, 7_500), what="the place is kept")

    # Done: pins are links with the live state.
    await page.get_by_role("button", name="Done").click()
    await expect(board.get_by_role("link", name="CP-1: Available")).to_be_visible()
    await first.status(1, "Faulted")
    await expect(board.get_by_role("link", name="CP-1: Faulted")).to_be_visible(timeout=20_000)
    flaws = await axe(page, "site with a plan")
    assert not flaws, "\n".join(flaws)
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await board.get_by_role("link", name="CP-1: Faulted").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("CP-1")


async def placed(house, station, place):
    return await pin(house, station) == place


async def near(house, station, x, y):
    place = await pin(house, station)
    return place and abs(place["x"] - x) < 200 and abs(place["y"] - y) < 200


async def test_what_is_no_picture_is_refused_in_words(house, window):  # noqa: F811
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/sites/{house.site}")
    await page.locator(".plan input[type=file]").set_input_files(
        {"name": "yard.png", "mimeType": "image/png", "buffer": b"<svg onload=alert(1)>"})
    await expect(page.locator(".plan .trouble")).to_contain_text("no picture")
    svg = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>").decode()
    with pytest.raises(AssertionError, match="422"):
        await house.api.put(f"/locations/{house.site}/plan", {"image": svg})


async def test_the_map_is_moved_and_scaled_by_keyboard(house, window):  # noqa: F811
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/map")
    link = page.get_by_role("link", name="Market square", exact=False).first
    await expect(link).to_be_visible()
    box = page.locator(".map-box")
    await box.focus()
    dot = page.locator(".map-dot")
    before = float(await dot.get_attribute("cx"))
    await page.keyboard.press("ArrowLeft")
    assert float(await dot.get_attribute("cx")) > before
    for _ in range(8):
        await page.keyboard.press("-")
    # From afar the land is on the map itself.
    await expect(page.locator(".map .map-land")).to_have_count(1)
    await page.keyboard.press("0")
    assert abs(float(await dot.get_attribute("cx")) - 500) < 1
    await page.keyboard.press("Tab")
    await expect(page.locator("a.map-pin:focus")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Market square")
