"""The map by itself asks nobody. Where the operator chose a server of tiles, the map asks that one, and no other screen does."""

import os
import re
import ssl

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import expect

from house import until
from test_page import CHROMIUM, DESK, Window, axe, browser, window  # noqa: F401: the fixtures are used by their names
from test_page_plan import picture
from test_security import Authority

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")

# Whether the page may load a picture from there, as the policy of its document has it.
MAY_LOAD = """(src) => new Promise((done) => {
  const picture = new Image();
  picture.onload = () => done(true);
  picture.onerror = () => done(false);
  picture.src = src;
})"""


class Tiles:
    """A server of tiles over TLS: each is the same small picture."""

    def __init__(self, context):
        self.context, self.asked, self.status = context, [], 200

    async def start(self):
        app = web.Application()
        app.router.add_get("/{z}/{x}/{y}.png", self._give)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self.context)
        await site.start()
        self.origin = f"https://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        self.url = self.origin + "/{z}/{x}/{y}.png"
        return self

    async def _give(self, request):
        self.asked.append((request.path, request.headers.get("Referer")))
        return web.Response(body=picture(16, 16), content_type="image/png") if self.status == 200 else web.Response(status=self.status)


@pytest_asyncio.fixture
async def tiles(tmp_path):
    chain, key = Authority(tmp_path, "Tiles").sign("tiles")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    server = await Tiles(context).start()
    yield server
    await server.runner.cleanup()


@pytest_asyncio.fixture
async def trusting(browser):  # noqa: F811
    """Opens a window that believes the tile server's certificate, and allows requests to it alone beside the daemon's."""
    opened = []

    async def open_(house, server):
        context = await browser.new_context(viewport=DESK, locale="en-GB", timezone_id="Europe/Amsterdam", ignore_https_errors=True)
        view = Window(context, await context.new_page(), house)
        view.trouble = []
        view.elsewhere = []
        view._request = lambda request: None
        context.on("request", lambda request: view.elsewhere.append(request.url) if not request.url.startswith((house.url, "data:", "blob:")) else None)
        opened.append(view)
        return view

    yield open_
    for one in opened:
        await one.context.close()


async def test_without_a_choice_the_map_asks_nobody(house, window):  # noqa: F811
    """`Window` fails the test for any request elsewhere; the policy would not let one out."""
    view = await window(house)
    page = await view.log_in()
    await page.goto(f"{house.url}/map")
    await expect(page.get_by_role("link", name="Market square", exact=False).first).to_be_visible()
    await expect(page.locator(".map-tile, .map-credit")).to_have_count(0)
    answer = await page.request.get(f"{house.url}/map")
    assert "img-src 'self' data:;" in answer.headers["content-security-policy"]
    assert not await page.evaluate(MAY_LOAD, "https://127.0.0.1:9/1/1/1.png")
    # It was tried on purpose; that the policy forbade it is what is wanted.
    view.trouble = [line for line in view.trouble if "127.0.0.1:9" not in line]


async def test_tiles_of_the_operators_choice_are_drawn_on_the_map_alone(house, tiles, trusting):
    view = await trusting(house, tiles)
    page = await view.log_in()
    await page.goto(f"{house.url}/settings?tab=house")
    await expect(page.get_by_text("The map asks nobody")).to_be_visible()
    await page.get_by_label("Address of the tiles").fill(tiles.url.replace("https", "http"))
    await page.get_by_label("Whose map it is").fill("© <b>Somebody</b>")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator(".trouble:visible")).to_contain_text("https://tiles.example/{z}/{x}/{y}.png")
    await page.get_by_label("Address of the tiles").fill(tiles.url)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("The map shows tiles of 127.0.0.1")).to_be_visible()
    assert not tiles.asked and not view.elsewhere

    # By a link of the page, which loads the map's own page with its own policy.
    await page.get_by_role("link", name="Map").click()
    await expect(page.locator(".map-tile").first).to_be_visible()
    await expect(page.locator(".map-credit")).to_have_text("© <b>Somebody</b>")
    await until(lambda: len(tiles.asked) >= 6, 20, what="tiles are asked for")
    await expect(page.locator(".map-silence")).to_be_hidden()
    await expect(page.locator("a.map-pin").first).to_be_visible()
    assert all(re.fullmatch(r"/1?\d/\d+/\d+\.png", path) for path, _ in tiles.asked), tiles.asked
    # It learns whose page it is, and nothing of where in it.
    assert {referer for _, referer in tiles.asked} == {house.url + "/"}
    assert all(url.startswith(tiles.origin) for url in view.elsewhere)
    assert not await axe(page, "a map of tiles")
    # What lies beside is asked for, what was there is not asked for again.
    before = [path for path, _ in tiles.asked]
    assert len(set(before)) == len(before)
    await page.locator(".map-box").focus()
    for _ in range(4):
        await page.keyboard.press("ArrowLeft")
    await until(lambda: len(tiles.asked) > len(before), 20, what="tiles to the west are asked for")
    after = [path for path, _ in tiles.asked]
    assert len(set(after)) == len(after)
    await page.keyboard.press("-")
    await until(lambda: len({path.split("/")[1] for path, _ in tiles.asked}) == 2, 20, what="coarser tiles are asked for")

    await page.goto(f"{house.url}/stations")
    await page.get_by_role("heading", level=1).wait_for()
    # What the map asked for while it went is asked for by now.
    count = len(tiles.asked)
    assert not await page.evaluate(MAY_LOAD, f"{tiles.origin}/1/1/1.png")
    assert len(tiles.asked) == count

    # Off is off at once.
    await page.goto(f"{house.url}/settings?tab=house")
    await page.get_by_role("button", name="Ask nobody").click()
    await expect(page.get_by_text("The map asks nobody")).to_be_visible()
    await page.get_by_role("link", name="Map").click()
    await expect(page.locator("a.map-pin").first).to_be_visible()
    await expect(page.locator(".map-tile, .map-credit")).to_have_count(0)
    assert len(tiles.asked) == count


async def test_a_map_whose_tiles_do_not_come_says_so_and_stays_a_map(house, tiles, trusting):
    await house.api.put("/map-tiles", {"url": tiles.url, "attribution": "Somebody"})
    tiles.status = 404
    page = await (await trusting(house, tiles)).log_in()
    await page.goto(f"{house.url}/map")
    await expect(page.locator(".map-silence")).to_have_text(re.compile("Some map tiles do not come"))
    await expect(page.locator("a.map-pin").first).to_be_visible()
    await expect(page.locator(".map-grid")).not_to_have_count(0)
