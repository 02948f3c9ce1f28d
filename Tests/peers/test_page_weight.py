"""What the page weighs as it goes over the line, and that no screen is without the words and styles that it needs."""

import os

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from test_page import CHROMIUM, OWNER, browser, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")

LANGUAGES = ["en-GB", "de-DE", "nl-NL", "fr-FR"]
FIRST = 40_000


# Bytes of each file of the page as it came over the line, packed; without the answers of the API.
SIZES = """() => Object.fromEntries([...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
      .filter((one) => !one.name.includes('/api/'))
      .map((one) => [new URL(one.name).pathname, one.encodedBodySize]))"""


async def weigh(browser, house, locale):  # noqa: F811
    context = await browser.new_context(locale=locale)
    page = await context.new_page()
    await page.goto(house.url)
    await page.locator("[name=name]").wait_for()
    login = await page.evaluate(SIZES)
    await page.locator("[name=name]").fill(OWNER["name"])
    await page.locator("[name=password]").fill(OWNER["password"])
    await page.keyboard.press("Enter")
    await page.locator("main .kpis").wait_for()
    again = await context.new_page()
    await again.goto(house.url)
    await again.locator("main .kpis").wait_for()
    await expect(again.locator(".feed li").first).to_be_visible()
    overview = await again.evaluate(SIZES)
    await context.close()
    return login, overview


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_the_first_screen_is_light(house, stations, browser, locale):  # noqa: F811
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("04A1B2C3D4E5F6", meter=0)
    await station.meter(1_000, power=7_000)
    # A house that has its first steps behind it.
    await house.api.put("/company", {"name": "Ostler BV", "address": "Markt 1"})
    login, overview = await weigh(browser, house, locale)
    for name, files in (("login", login), ("overview", overview)):
        assert all(files.values()), files
        assert sum(files.values()) < FIRST, f"{name}: {sum(files.values())} bytes: {files}"
    # Screens come when they are opened.
    assert [path for path in overview if path.startswith("/screens/")] == ["/screens/overview.js"]
    assert "/land.json" not in overview and "/rest.css" not in overview


async def test_the_map_brings_the_land_and_nothing_else_does(house, window):  # noqa: F811
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/stations")
    await page.get_by_role("heading", level=1).wait_for()
    assert "/land.json" not in await page.evaluate(SIZES)
    await page.goto(f"{house.url}/map")
    await expect(page.locator(".map-inset .map-land")).to_have_count(1)
    assert 0 < (await page.evaluate(SIZES))["/land.json"] < 30_000
