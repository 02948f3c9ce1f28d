"""Bookings by the page: a site is opened for them, a driver is booked there, and at another network."""

import os
import time

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from test_page import CHROMIUM, TAG, axe, browser, window  # noqa: F401: the fixtures are used by their names
from test_provider import drivers, first, sim  # noqa: F401: so is this one

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


def local(hours, minute=0):
    """A full hour from now by the browser's clock, which is Amsterdam's, as its field wants it."""
    os.environ["TZ"] = "Europe/Amsterdam"
    time.tzset()
    try:
        whole = int(time.time()) // 3_600 * 3_600 + hours * 3_600 + minute * 60
        return time.strftime("%Y-%m-%dT%H:%M", time.localtime(whole))
    finally:
        del os.environ["TZ"]
        time.tzset()


async def book(page, start, end):
    await page.get_by_role("button", name="Book…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Token").fill(TAG)
    await dialog.get_by_label("Start").fill(start)
    await dialog.get_by_label("End").fill(end)
    await dialog.get_by_role("button", name="Book", exact=True).click()
    return dialog


async def test_a_site_is_opened_and_booked(house, stations, window):  # noqa: F811
    await stations(priced(house, "CP-1", await tariff(house)))
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/sites/{house.site}")
    await page.get_by_role("button", name="Open for bookings…").click()
    dialog = page.get_by_role("dialog")
    await axe(page, "bookings of a site")
    await dialog.get_by_label("CP-1 · 1").check()
    await dialog.get_by_label("Step, minutes").fill("60")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    [place] = await house.api.items("/booking-locations")
    assert place["rules"]["slot_minutes"] == 60 and len(place["evses"]) == 1
    await expect(page.get_by_role("row").filter(has_text=place["ref"])).to_contain_text("CP-1 · 1")

    dialog = await book(page, local(3), local(4))
    await expect(dialog).to_have_count(0)
    [booking] = await house.api.items("/bookings")
    assert (booking["status"], booking["station"], booking["evse"], booking["tokens"]) == ("RESERVED", "CP-1", 1, [TAG])
    row = page.get_by_role("row").filter(has_text=TAG)
    await expect(row).to_contain_text("CP-1 · 1")
    await axe(page, "bookings of a site")


async def test_who_may_only_look_books_nothing(house, stations, window):  # noqa: F811
    await stations(priced(house, "CP-1", await tariff(house)))
    await house.api.post("/booking-locations", {"location": house.site, "ref": "BL-1"})
    made = await house.api.post("/users", {"name": "looker", "role": "viewer"})
    page = await (await window(house)).go("/")
    await page.get_by_label("Name").fill("looker")
    await page.get_by_label("Password").fill(made["password"])
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await page.goto(f"{house.url}/sites/{house.site}")
    await expect(page.get_by_text("BL-1")).to_be_visible()
    for name in ("Open for bookings…", "Book…"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)


async def test_a_driver_is_booked_at_another_network(drivers, window):  # noqa: F811
    process, _ = await sim(drivers, "2.3.0")
    try:
        place = await first(drivers, "/roaming/booking-locations")
        await first(drivers, "/roaming/locations")
        page = await (await window(drivers)).log_in()
        await page.goto(f"{drivers.url}/roaming")
        await page.get_by_role("button", name="Simulated Square").click()
        sheet = page.get_by_role("dialog")
        await expect(sheet).to_contain_text(place["ref"])
        await sheet.get_by_role("button", name="Book…").click()
        dialog = page.get_by_role("dialog").last
        await dialog.get_by_label("Token").fill(TAG)
        await dialog.get_by_label("Start").fill(local(3))
        await dialog.get_by_label("End").fill(local(4))
        await dialog.get_by_role("button", name="Book", exact=True).click()
        booking = await first(drivers, "/roaming/bookings")
        assert booking["status"] == "RESERVED"

        await page.goto(f"{drivers.url}/roaming?tab=bookings")
        row = page.get_by_role("row").filter(has_text=TAG)
        await expect(row).to_contain_text("reserved")
        await axe(page, "bookings of a site")
        await row.get_by_role("button").first.click()
        await expect(page.get_by_role("dialog")).to_contain_text(booking["ref"])
    finally:
        process.terminate()
        await process.wait()
