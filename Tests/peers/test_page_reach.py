"""That everything on a screen can be reached: by Tab alone, at twice the size, and while nothing or nobody answers."""

import os
import re

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from test_page import CHROMIUM, DESK, axe, browser, inhabited, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")

# What a reader may act on, each with a number; what cannot be seen is nobody's to reach, and of radios one is enough.
NUMBERED = """() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter((e) =>
    !e.disabled && e.checkVisibility({ visibilityProperty: true }) && e.tabIndex >= 0 && e.type !== 'hidden'
    && !(e.type === 'radio' && !e.checked) && e.getClientRects().length);
  all.forEach((e, i) => { e.dataset.number = i; });
  return all.map((e) => e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40) || e.name || e.tagName);
}"""


@pytest.mark.timeout(900)
async def test_every_action_is_reached_by_tab(house, stations, partners, window):  # noqa: F811
    screens = await inhabited(house, stations, partners)
    page = await (await window(house)).log_in()
    flaws = []
    for screen in screens:
        if screen.startswith("/messages") or screen.endswith("tab=messages"):
            continue    # A log that runs by itself has hundreds of alike rows.
        await page.goto(house.url + screen)
        await page.get_by_role("heading", level=1).wait_for()
        await expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        names = await page.evaluate(NUMBERED)
        await page.evaluate("document.activeElement?.blur()")
        reached = set()
        last = None
        for _ in range(1_000):    # Once around. A date is several stops; what was drawn later has no number.
            await page.keyboard.press("Tab")
            number = await page.evaluate("document.activeElement?.dataset?.number ?? null")
            if number is None or number == last:
                continue
            if int(number) in reached:
                break
            last = number
            reached.add(int(number))
        # What was drawn anew meanwhile has lost its number, and is not counted.
        still = set(await page.evaluate("[...document.querySelectorAll('[data-number]')].map((e) => Number(e.dataset.number))"))
        flaws += [f"{screen}: {names[n]}" for n in sorted(still - reached)]
    assert not flaws, "\n".join(flaws)


@pytest.mark.timeout(600)
async def test_nothing_is_lost_at_twice_the_size(house, stations, partners, window):  # noqa: F811
    screens = await inhabited(house, stations, partners)
    page = await (await window(house)).log_in()
    await page.set_viewport_size({"width": DESK["width"] // 2, "height": DESK["height"] // 2})
    flaws = []
    for screen in screens:
        await page.goto(house.url + screen)
        await page.get_by_role("heading", level=1).wait_for()
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            flaws.append(f"{screen}: {wide} px wider than the window")
    assert not flaws, "\n".join(flaws)


async def test_a_screen_that_gets_no_answer_says_why_and_tries_again(house, stations, window):  # noqa: F811
    await stations(priced(house, "CP-1", await tariff(house)))
    view = await window(house)
    page = await view.log_in()
    for status, body, words in (
            (500, '{"type":"urn:ostler:problem:internal","title":"Internal error","detail":"the log says more"}', "the log says more"),
            (403, '{"type":"urn:ostler:problem:forbidden","title":"Not allowed","detail":"your role does not reach so far"}', "Not allowed"),
            (502, "<html>Bad gateway", "502")):
        answer = ill(status, body)
        for screen, asked in (("/tokens", "**/api/v1/tokens*"), ("/cdrs", "**/api/v1/cdrs?*"), (f"/sites/{house.site}", "**/api/v1/locations/*"),
                              ("/analytics", "**/api/v1/insight/*"), ("/invoices", "**/api/v1/months/*"), ("/roaming", "**/api/v1/roaming/*")):
            await page.route(asked, answer)
            await page.goto(house.url + screen)
            await expect(page.locator(".trouble:visible").first).to_contain_text(words, timeout=20_000)
            await page.unroute(asked)
    flaws = await axe(page, "a screen without an answer")
    assert not flaws, "\n".join(flaws)
    await page.get_by_role("button", name="Try again").first.click()
    await expect(page.locator(".trouble:visible")).to_have_count(0)
    # That nothing was answered makes Chromium complain, which is the truth.
    view.trouble = [line for line in view.trouble if "status of 50" not in line]


def ill(status, body):
    async def answer(route):
        await route.fulfill(status=status, body=body, content_type="application/problem+json")

    return answer


async def test_a_screen_that_is_opened_while_nobody_answers_says_so_and_comes_later(house, window):  # noqa: F811
    """Its module is not even here."""
    view = await window(house)
    page = await view.log_in()
    await house.stop()
    await page.get_by_role("link", name="Sites").click()
    await expect(page.get_by_role("alert")).to_be_visible(timeout=20_000)
    await house.start()
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("row").filter(has_text="Market square")).to_be_visible(timeout=20_000)
    # That a daemon is gone makes Chromium complain of failed requests, which is the truth.
    view.trouble = [line for line in view.trouble if not re.search("ERR_|status of 503|Failed to fetch", line)]


async def test_what_cannot_be_undone_wants_its_name_to_be_typed(house, stations, window):  # noqa: F811
    """Whatever signs a name has: a pattern that a browser cannot read lets anything pass."""
    await stations(priced(house, "CP-1", await tariff(house)))
    odd = "a.b (1)-[x] \u202e$^/|"
    await house.api.post("/webhooks", {"name": odd, "url": "http://127.0.0.1:9/hook", "allow_private": True})
    page = await (await window(house)).log_in()

    async def removed(typed, wrong, button):
        box = page.get_by_role("dialog")
        field = box.locator("[name=typed]")
        for text in ("", wrong, typed + "x"):
            await field.fill(text)
            await box.get_by_role("button", name=button, exact=True).click()
            await expect(field).to_have_attribute("aria-invalid", "true")
        await field.fill(typed)
        await box.get_by_role("button", name=button, exact=True).click()
        await expect(box).to_have_count(0)

    await page.goto(f"{house.url}/settings?tab=alarms")
    await page.get_by_role("button", name="Actions: a.b").click()
    await page.get_by_role("menuitem", name="Remove").click()
    # What cannot be typed is typed as it is shown.
    await removed(odd.replace("\u202e", "\\u202e"), "a1b (1)-[x]", "Remove")
    assert await house.api.items("/webhooks") == []
    await page.goto(f"{house.url}/stations/CP-1?tab=setup")
    await page.get_by_role("button", name="Remove the station").click()
    await removed("CP-1", "CP-2", "Remove the station")
    assert await house.api.items("/stations") == []
