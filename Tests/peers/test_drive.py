"""The driver's page behind a label, and the public page: a phone, no login, less than 15 kB."""

import re

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from test_page import CHROMIUM, PHONE, TAG, axe, browser, window  # noqa: F401: the fixtures are used by their names

import os

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


async def labelled(house, stations):
    station = await stations(priced(house, "CS-1", await tariff(house)))
    await station.status(1, "Preparing")
    codes = (await house.api.post("/stations/CS-1/codes", {}))["items"]
    return station, codes[0]["code"]


async def test_a_driver_starts_watches_and_stops_without_a_login(house, stations, window):  # noqa: F811
    station, code = await labelled(house, stations)
    view = await window(house)
    bytes_ = []
    view.page.on("response", lambda r: bytes_.append(r) if "/api/" not in r.url and "favicon" not in r.url else None)
    await view.page.set_viewport_size(PHONE)
    page = await view.go(f"/c/{code}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Market square")
    await expect(page.get_by_text("per kWh").first).to_be_visible()
    assert sum([len(await r.body()) for r in bytes_]) < 15_000
    flaws = await axe(page, "driver")
    await page.emulate_media(color_scheme="dark")
    flaws += await axe(page, "driver by night", runOnly=["color-contrast"])
    assert not flaws, "\n".join(flaws)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    await page.get_by_label("Card number or PIN").fill("0000")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("nobody has such a token or PIN")).to_be_visible()
    await page.get_by_label("Card number or PIN").fill(TAG)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Charging", timeout=8_000)
    await station.meter(1_000 + 1_250, power=11_000)
    await expect(page.get_by_text("1.25 kWh")).to_be_visible(timeout=6_000)
    # The ticket is this browser's: another one sees that somebody charges here, and nothing more.
    other = await (await window(house)).go(f"/c/{code}")
    await expect(other.get_by_text("Somebody charges here.")).to_be_visible()
    assert TAG not in await other.content()
    # Whoever closed the page scans the label again, and can stop.
    again = await view.context.new_page()
    await page.close()
    page = again
    view.watch(page)
    await page.set_viewport_size(PHONE)
    await page.goto(f"{house.url}/c/{code}")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Receipt", timeout=10_000)
    flaws = await axe(page, "receipt")
    assert not flaws, "\n".join(flaws)
    (cdr,) = await house.api.items("/cdrs")
    assert cdr["token"]["uid"] == TAG
    # That a wrong number is refused is an answer; Chromium notes it all the same.
    view.trouble = [line for line in view.trouble if "422" not in line]


async def test_the_page_of_a_label_speaks_the_drivers_language(house, stations, browser):  # noqa: F811
    _, code = await labelled(house, stations)
    for locale, word in [("de-DE", "Starten"), ("nl-NL", "Starten"), ("fr-FR", "Démarrer"), ("it-IT", "Start")]:
        context = await browser.new_context(viewport=PHONE, locale=locale)
        page = await context.new_page()
        await page.goto(f"{house.url}/c/{code}")
        await expect(page.get_by_role("button", name=word, exact=True)).to_be_visible()
        await context.close()


async def test_a_label_that_is_no_longer_good_says_so(house, stations, window):  # noqa: F811
    view = await window(house)
    # That nothing is there is an answer; Chromium notes it all the same.
    page = await view.go("/c/aaaaaaaaaa")
    await expect(page.get_by_text(re.compile("no longer good"))).to_be_visible()
    view.trouble = [line for line in view.trouble if "404" not in line]


async def test_everybody_sees_what_is_free_once_it_is_allowed(house, stations, window):  # noqa: F811
    await labelled(house, stations)
    await house.api.put("/public", {"status": True})
    view = await window(house)
    page = await view.go("/status")
    await expect(page.get_by_role("heading", name="Market square")).to_be_visible()
    await expect(page.get_by_text("of 2 free")).to_be_visible()
    flaws = await axe(page, "status")
    assert not flaws, "\n".join(flaws)
    assert "CS-1" not in await page.content()


async def test_prices_are_told_as_the_law_of_the_place_asks(house, stations, window):  # noqa: F811
    """With tax, per kWh first, then per minute and per session; in pence where people read them so."""
    number = await tariff(house, {"id": "FAST", "currency": "GBP", "elements": [{"price_components": [
        {"type": "FLAT", "price": 1, "vat": 20, "step_size": 1}, {"type": "PARKING_TIME", "price": 6, "vat": 20, "step_size": 60},
        {"type": "ENERGY", "price": 0.5, "vat": 20, "step_size": 1}]}]})
    await stations(priced(house, "CS-1", number))
    await house.api.patch(f"/locations/{house.site}", {"country": "GBR", "time_zone": "Europe/London"})
    code = (await house.api.post("/stations/CS-1/codes", {}))["items"][0]["code"]
    page = await (await window(house)).go(f"/c/{code}")
    await expect(page.get_by_text("60 p per kWh + 12 p per minute of parking + 120 p per session")).to_be_visible()
    flaws = (await house.api.get(f"/tariffs/{number}"))["display_flaws"]
    assert [(f["rule"], f["path"]) for f in flaws] == [("uk_2023", "elements[0].price_components[0].price")]
    await house.api.patch(f"/locations/{house.site}", {"country": "DEU", "time_zone": "Europe/Berlin"})
    # 22 kW: below 50 kW all parts may be asked for.
    assert (await house.api.get(f"/tariffs/{number}"))["display_flaws"] == []
    await page.reload()
    await expect(page.get_by_text("£0.60 per kWh + £0.12 per minute of parking + £1.20 per session")).to_be_visible()
