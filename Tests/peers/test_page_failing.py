"""Screens whose API fails, is out of reach, or takes its time: each says so in words, keeps what it showed, and recovers by
itself."""

import asyncio
import json
import os
import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from test_page import CHROMIUM, browser, inhabited, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")

SIDE_BY_SIDE = 3
WHY = "The disk is on fire."
# What is shown of a screen: what went wrong, each with whether it may be tried again; whether anything is still coming; tables
# with a head and nothing else.
STATE = """() => {
  const seen = (selector) => [...document.querySelectorAll(`main ${selector}`)].filter((e) => e.checkVisibility());
  return {
    alerts: seen('[role=alert]').map((e) => [e.innerText, Boolean(e.querySelector('button'))]),
    loading: seen('.loading').length,
    bare: seen('table').filter((e) => !e.querySelector('tbody tr')).length,
  };
}"""
AGAIN = "() => { for (const button of document.querySelectorAll('main [role=alert] button')) button.click(); }"


class API:
    """How the API behaves towards one page; who somebody is it always says, else there would be no screen."""

    def __init__(self):
        self.way = None

    async def answer(self, route):
        if self.way is None or urlsplit(route.request.url).path == "/api/v1/me":
            return await route.fallback()
        if self.way == "offline":
            return await route.abort()
        if self.way == "hanging":
            return None
        problem = {"type": "urn:ostler:problem:internal", "title": "It failed", "detail": WHY}
        await route.fulfill(status=422 if self.way == "refusing" else 500, content_type="application/problem+json", body=json.dumps(problem))


async def side_by_side(view, screens, look):
    """`look(page, api, screen)` at each screen, in some pages at once: much of the time is spent with waiting."""
    async def walk():
        page, api = await view.context.new_page(), API()
        view.watch(page)
        await page.route("**/api/v1/**", api.answer)
        while screens:
            await look(page, api, screens.pop(0))
        await page.close()

    await asyncio.gather(*[walk() for _ in range(SIDE_BY_SIDE)])


def forgive(view):
    """What Chromium says of answers that failed is the truth."""
    view.trouble = [line for line in view.trouble if not re.search(r"Failed to load resource", line)]


async def screens_of(house, stations, partners):  # noqa: F811
    """Screens that read something."""
    more = [f"/sites/{house.site}/load", "/roaming?tab=tariffs", "/roaming?tab=sessions", "/roaming?tab=bookings"]
    return [screen for screen in await inhabited(house, stations, partners) if screen != "/nowhere"] + more


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way, words", [("failing", WHY), ("offline", "unreachable")])
async def test_each_screen_says_what_failed_and_is_read_again(house, stations, partners, window, way, words):  # noqa: F811
    screens = await screens_of(house, stations, partners)
    view = await window(house)
    words = words if way == "failing" else None
    await view.log_in()
    flaws = []

    async def look(page, api, screen):
        api.way = way
        await page.goto(house.url + screen)
        await page.locator("main [role=alert]:visible").first.wait_for()
        await expect(page.locator("main .loading:visible")).to_have_count(0)
        state = await page.evaluate(STATE)
        flaws.extend(f"{screen}: says {text!r}, and not what failed" for text, _ in state["alerts"] if words and words not in text)
        flaws.extend(f"{screen}: nothing to try again: {text!r}" for text, again in state["alerts"] if not again)
        if state["bare"]:
            flaws.append(f"{screen}: {state['bare']} tables without a row")
        api.way = None
        await page.evaluate(AGAIN)
        await expect(page.locator("main [role=alert]:visible")).to_have_count(0)

    await side_by_side(view, screens, look)
    forgive(view)
    assert not flaws, "\n".join(flaws)


@pytest.mark.timeout(300)
async def test_each_screen_says_calmly_that_it_waits(house, stations, partners, window):  # noqa: F811
    screens = await screens_of(house, stations, partners)
    view = await window(house)
    await view.log_in()

    async def look(page, api, screen):
        api.way = "hanging"
        await page.goto(house.url + screen)
        await expect(page.locator("main .loading:visible").first, screen).to_be_visible()
        assert (await page.evaluate(STATE))["alerts"] == [], screen

    await side_by_side(view, screens, look)


async def test_a_screen_that_came_late_does_not_say_for_ever_that_it_comes(house, window):
    """The screen's own sign goes once it is there, and not that of a part of it which still waits."""
    page = await (await window(house)).log_in()
    answered = asyncio.Event()

    async def late(route):
        await asyncio.sleep(1)
        await route.continue_()

    async def held(route):
        await answered.wait()
        await route.continue_()

    await page.route("**/screens/checkup.js", late)
    await page.route("**/api/v1/checkup", held)
    await page.goto(f"{house.url}/settings?tab=checkup")
    await expect(page.locator("main .loading")).to_have_text(["Everything is being looked at. In large books that takes a while."])
    answered.set()
    await expect(page.get_by_role("row").filter(has_text="books")).to_have_count(1, timeout=30_000)
    await expect(page.locator("main .loading")).to_have_count(0)


async def test_a_list_keeps_what_it_showed_and_recovers_by_itself(house, window):  # noqa: F811
    view = await window(house)
    page, api = await view.log_in(), API()
    await page.route("**/api/v1/**", api.answer)
    await page.goto(f"{house.url}/tokens")
    row = page.get_by_role("table", name="Drivers & tokens").get_by_role("row").filter(has_text="04A1B2C3D4E5F6")
    await expect(row).to_be_visible()
    api.way = "failing"
    await house.api.post("/tokens", {"uid": "0BADCAFE"})
    trouble = page.locator("main [role=alert]")
    await expect(trouble.first).to_contain_text(WHY)
    await expect(row).to_be_visible()
    api.way = None
    await expect(trouble).to_have_count(0)
    await expect(page.get_by_role("row").filter(has_text="0BADCAFE")).to_be_visible()
    # What is refused is asked for again by nobody but its reader.
    api.way = "refusing"
    await page.get_by_role("searchbox").fill("0BAD")
    await expect(trouble).to_contain_text(WHY)
    api.way = None
    await trouble.get_by_role("button", name="Try again").click()
    await expect(trouble).to_have_count(0)
    await expect(row).to_have_count(0)
    # A whole screen, too.
    api.way = "offline"
    await page.goto(f"{house.url}/sites")
    await expect(trouble).to_be_visible()
    api.way = None
    await expect(page.get_by_role("link", name="Market square")).to_be_visible()
    await expect(trouble).to_have_count(0)
    forgive(view)


async def test_what_a_button_is_refused_is_said_where_it_was_pressed(house, window):  # noqa: F811
    view = await window(house)
    page, api = await view.log_in(), API()
    await page.route("**/api/v1/**", api.answer)
    await page.goto(f"{house.url}/tokens")
    await page.get_by_role("button", name="Actions: 04A1B2C3D4E5F6").click()
    api.way = "failing"
    await page.get_by_role("menuitem", name="Block").click()
    said = page.locator(".refusal")
    await expect(said).to_contain_text(WHY)
    await said.get_by_role("button", name="Close").focus()
    await page.keyboard.press("Enter")
    await expect(said).to_have_count(0)
    forgive(view)
