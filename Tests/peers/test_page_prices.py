"""Prices that follow demand, as an operator makes them on the page: rules, what they would have earned, dry and live, and an end;
the series that they look at; discounts for quiet hours, and what a change did."""

import os
import re
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from conftest import SITE
from house import until
from stations import known, now
from test_insight import PLAIN, charge, stamp
from test_page import CHROMIUM, RULES, TAG, axe, browser, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


async def used(house, stations, days=30):  # noqa: F811
    """A site whose cars charge at noon alone; the number of its tariff."""
    number = await tariff(house, PLAIN)
    station = await stations(priced(house, "CP-1", number))
    noon, register = now().replace(hour=12, minute=0, second=0, microsecond=0), 0
    for day in range(days, 0, -1):
        for at in range(2):
            register = await charge(station, noon - timedelta(days=day, minutes=90 * at), 60, 12_000, 1 + at, 0, register)
    return number


async def test_a_price_is_let_follow_demand_and_stopped_again(house, stations, window):  # noqa: F811
    number = await used(house, stations)
    view = await window(house)
    page = await view.log_in()
    await page.goto(f"{house.url}/tariffs/{number}")
    await page.get_by_role("link", name="Follow demand").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Let a price follow demand")
    # It begins from the tariff's price.
    assert Decimal(await page.locator("[name=base]").input_value()) == Decimal("0.3")
    await page.get_by_label("Name", exact=True).fill("At noon")
    for name, value in (("floor", "0,25"), ("cap", "0.40"), ("step", "0.10"), ("notice", "0"), ("hold", "60")):
        await page.locator(f"[name={name}]").fill(value)
    await page.locator("[name='rules[0].kind']").select_option("hours")
    await page.locator("[name='rules[0].start_time']").fill("9:00")
    await page.locator("[name='rules[0].add']").fill("0.05")
    await page.get_by_role("button", name="Add a rule").click()
    await expect(page.locator("[name='rules[1].kind']")).to_be_focused()
    # The second one holds at every hour, so that the price moves whenever this runs.
    for name in ("start_time", "end_time"):
        await page.locator(f"[name='rules[1].{name}']").fill("")
    await page.locator("[name='rules[1].add']").fill("-0.03")
    # What is no time is pointed at, and nothing is sent.
    await page.get_by_role("button", name="Keep as a draft").click()
    await expect(page.locator("[name='rules[0].start_time']")).to_be_focused()
    await page.locator("[name='rules[0].start_time']").fill("09:00")
    await page.locator("[name='rules[0].end_time']").fill("17:00")
    await page.get_by_role("group", name="Only in").first.get_by_label("Jan").check()
    await page.get_by_role("group", name="Only in").first.get_by_label("Jan").uncheck()
    # What the daemon finds wrong is pointed at, too.
    await page.locator("[name='rules[1].add']").fill("")
    await page.get_by_role("button", name="Keep as a draft").click()
    await expect(page.locator("[name='rules[1].add']")).to_be_focused()
    await expect(page.locator(".trouble:visible")).to_contain_text("add, percent or share")
    await page.locator("[name='rules[1].add']").fill("-0.03")
    await page.get_by_role("button", name="Keep as a draft").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("At noon")
    kept = (await house.api.items("/price-policies"))[0]
    assert kept["state"] == "draft" and kept["tariff"] == number
    assert kept["policy"]["rules"] == [
        {"kind": "hours", "start_time": "09:00", "end_time": "17:00", "add": 0.05}, {"kind": "hours", "add": -0.03}]
    assert (kept["policy"]["floor"], kept["policy"]["hold_seconds"]) == (0.25, 3_600)

    # Before it moves anything it says what it would have done, as the API does.
    main = page.get_by_role("main")
    await expect(main).to_contain_text("09:00–17:00: +€0.05 per kWh")
    await page.locator("[name=days]").select_option("28")
    await page.locator("[name=moves]").select_option("0")
    await expect(main).to_contain_text("It would have earned")
    assert "days=28&moves=0" in page.url
    told = await house.api.get(f"/price-policies/{kept['id']}/preview", elasticity="0", **{
        "from": stamp(now().replace(minute=0, second=0, microsecond=0) - timedelta(days=28)), "to": stamp(now().replace(minute=0, second=0, microsecond=0))})
    await expect(main).to_contain_text(f"€{Decimal(told['would_have_earned']):,.2f} instead of €{Decimal(told['earned']):,.2f}")
    assert Decimal(told["would_have_earned"]) > Decimal(told["earned"]) > 0

    await page.get_by_role("button", name="Dry run").click()
    await expect(page.locator(".head")).to_contain_text("Dry run")
    await page.get_by_role("button", name="Go live").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("PLAIN, which 2 connectors use, between €0.25 and €0.40")
    await dialog.get_by_role("button", name="Go live").click()
    await expect(page.locator(".head")).to_contain_text("Live")

    async def moved():
        return (await house.api.get(f"/price-policies/{kept['id']}/moves"))["items"]

    move = (await until(moved, seconds=90, what="the price moves"))[0]
    assert (move["kind"], move["live"], move["version"]) == ("changed", True, 2)
    row = page.get_by_role("table", name="Moves").get_by_role("row").filter(has_text="Changed")
    await expect(row).to_contain_text(f"€{Decimal(move['price']):.2f}", timeout=30_000)
    assert await axe(page, "rules that are live") == []

    # The rules of one that is live are changed, and somebody else's change meanwhile is shown.
    await page.get_by_text("Change the rules").click()
    await page.locator("form [name=name]").fill("All day")
    await house.api.patch(f"/price-policies/{kept['id']}", {"policy": {**kept["policy"], "cap": 0.41}})
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("form .trouble")).to_contain_text("0.41")
    await page.locator("[name=cap]").fill("0.42")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("All day")
    assert (await house.api.get(f"/price-policies/{kept['id']}"))["policy"]["cap"] == 0.42
    await page.get_by_role("button", name="Stop", exact=True).click()
    await expect(page.locator(".head")).to_contain_text("Stopped")
    await page.get_by_role("button", name="Remove", exact=False).click()
    await dialog.get_by_label("Type All day to go on").fill("All day")
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Prices that follow demand")
    assert await house.api.items("/price-policies") == []
    # That something is refused makes Chromium complain, which is the truth.
    view.trouble = [line for line in view.trouble if not re.search(r"status of (412|422)", line)]


async def test_a_viewer_looks_at_prices_and_changes_none(house, stations, window):  # noqa: F811
    number = await tariff(house, PLAIN)
    await stations(priced(house, "CP-1", number))
    policy = await house.api.post("/price-policies", {"tariff": number, "policy": RULES})
    made = await house.api.post("/users", {"name": "vera", "role": "viewer"})
    page = await (await window(house)).go("/")
    await page.get_by_label("Name").fill("vera")
    await page.get_by_label("Password").fill(made["password"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await page.goto(f"{house.url}/prices/{policy['id']}")
    main = page.get_by_role("main")
    await expect(main).to_contain_text("70 % or more of the EVSEs in use: +€0.05 per kWh")
    await expect(main).to_contain_text("Grid at €0.05 or more per kWh: 50 % of the grid’s price on top")
    await expect(main).to_contain_text("20 kW or more of sun left over: -€0.04 per kWh")
    await expect(main).to_contain_text("22:00–06:00, Mon, Tue, Jun, Jul: -20 % of the base price")
    for name in ("Go live", "Dry run", "Remove", "Save"):
        assert await page.get_by_role("button", name=re.compile(f"^{name}")).count() == 0
    await page.goto(f"{house.url}/prices/new")
    await expect(main).to_contain_text("Your role may look at prices")


async def test_series_are_kept_from_lines_and_taken_away(house, window):  # noqa: F811
    view = await window(house)
    page = await view.log_in()
    hour = now().replace(minute=0, second=0, microsecond=0)
    await page.goto(f"{house.url}/energy?tab=grid")
    await page.get_by_role("button", name="From a file or text").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Area of the grid").fill("NL")
    lines = "start;price\n" + "".join(f"{stamp(hour + timedelta(hours=at))};{80 + at},5\n" for at in range(3))
    await dialog.get_by_label("Lines").fill(lines + "tomorrow;5\n")
    await dialog.get_by_role("button", name="Keep").click()
    await expect(dialog.locator(".trouble")).to_contain_text("Line 5")
    # A file fills in what is typed otherwise.
    await dialog.get_by_label("File").set_input_files({"name": "day-ahead.csv", "mimeType": "text/csv", "buffer": lines.encode()})
    await expect(dialog.get_by_label("Lines")).to_have_value(lines)
    await dialog.get_by_role("button", name="Keep").click()
    await expect(dialog).to_have_count(0)
    kept = (await house.api.get("/grid-prices/NL"))["items"]
    assert [one["price_per_kwh"] for one in kept] == ["0.0805", "0.0815", "0.0825"]
    await page.goto(f"{house.url}/energy?tab=grid&area=NL")
    await expect(page.get_by_role("row").filter(has_text="80.50")).to_contain_text("0.0805")

    await page.goto(f"{house.url}/energy?tab=carbon")
    await page.get_by_role("button", name="Add", exact=False).click()
    await dialog.get_by_label("From", exact=True).fill("2026-11-01T00:00")
    await dialog.get_by_label("g per kWh").fill("312,5")
    await dialog.get_by_role("button", name="Keep").click()
    row = page.get_by_role("row").filter(has_text="312.5")
    await expect(row).to_be_visible()
    factors = (await house.api.get("/carbon-factors"))["items"]
    assert factors == [{"begins_at": "2026-10-31T23:00:00Z", "grams_per_kwh": "312.5"}]
    await row.get_by_role("button").click()
    await page.get_by_role("menuitem", name="Remove this value").click()
    await expect(row).to_have_count(0)
    assert (await house.api.get("/carbon-factors"))["items"] == []

    await page.goto(f"{house.url}/energy")
    await page.get_by_role("button", name="From a file or text").click()
    await dialog.get_by_label("Lines").fill("2026-11-01T00:00:00Z,0.21\n2026-11-02T00:00:00Z,0.22\n")
    await dialog.get_by_role("button", name="Keep").click()
    await expect(page.get_by_role("row").filter(has_text="€0.22")).to_be_visible()
    await page.get_by_role("button", name="Remove").first.click()
    await dialog.get_by_label("From day").fill("2026-11-02")
    await dialog.get_by_label("To day").fill("2026-11-02")
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("row").filter(has_text="€0.22")).to_have_count(0)
    assert [one["price_per_kwh"] for one in (await house.api.get("/energy-prices"))["items"]] == ["0.21"]
    # That something is refused makes Chromium complain, which is the truth.
    view.trouble = [line for line in view.trouble if not re.search(r"status of (412|422)", line)]


async def test_quiet_hours_become_a_discount_and_its_effect_is_measured(house, stations, window):  # noqa: F811
    number = await used(house, stations)
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/analytics")
    await page.get_by_role("button", name="Use these discounts").click()
    dialog = page.get_by_role("dialog")
    offer = await house.api.get("/insight/off-peak", tariff=str(number))
    assert offer["items"]
    await expect(dialog).to_contain_text(f"−{offer['items'][0]['discount_percent']} %")
    await expect(dialog).to_contain_text("At all other times: €0.30 per kWh")
    assert await axe(page, "an offer of discounts") == []
    await dialog.get_by_role("button", name="Keep it as a new version of PLAIN").click()
    await expect(dialog).to_contain_text("PLAIN is kept as version 2.")
    shown = await house.api.get(f"/tariffs/{number}")
    assert shown["tariff"]["elements"][:-1] == offer["tariff"]["elements"][:-1]
    await dialog.get_by_role("link", name="Effect of a change").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Effect of a change")
    assert f"from={offer['items'][0]['from_hour']}" in page.url
    # Of a change that is long ago both sides are known.
    since = (now() - timedelta(days=15)).strftime("%Y-%m-%d")
    await page.goto(f"{house.url}/effect?since={since}&days=7&from=11&to=14")
    told = await house.api.get("/insight/effect", since=since, days="7", from_hour="11", to_hour="14")
    share = Decimal(told["after"]["share_in_hours"]) * 100
    await expect(page.get_by_role("row").filter(has_text="Energy in these hours")).to_contain_text(f"{share:.1f} %")
    await expect(page.get_by_role("row").filter(has_text="Sessions")).to_contain_text(str(told["after"]["sessions"]))
    await expect(page.get_by_role("main")).to_contain_text("7 days before and after")


async def test_times_of_a_site_are_typed_by_its_clock(house, stations, window):  # noqa: F811
    """The browser is in Amsterdam, and the site an hour behind it, where its car is to leave and its tariff is tried."""
    lisbon = await house.api.post("/locations", {**SITE, "ref": "LIS", "name": "Cais", "time_zone": "Europe/Lisbon"})
    station = await stations(known(house, "CP-1", location=lisbon["id"]))
    await station.begin(TAG, meter=0)
    session = (await house.api.items("/sessions"))[0]["id"]
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/sessions/{session}")
    await page.get_by_role("button", name="Change the need…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("By the clock of the site (Europe/Lisbon).")
    day = (now() + timedelta(days=1)).strftime("%Y-%m-%d")
    await dialog.get_by_label("Leaves").fill(f"{day}T10:00")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    departs = (await house.api.get(f"/sessions/{session}/need"))["departs_at"]
    assert departs == stamp(datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=ZoneInfo("Europe/Lisbon"))), departs
    await page.get_by_role("button", name="Change the need…").click()
    await expect(dialog.get_by_label("Leaves")).to_have_value(f"{day}T10:00")
