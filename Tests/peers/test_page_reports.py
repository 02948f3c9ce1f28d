"""Reports of uptime with what they leave out, times that do not count, statuses one after the other; and what else an operator
says by hand: a session's need and limit, signals of a circuit, the sun of a site, a partner that is tried."""

import os
import re
from datetime import timedelta

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from house import until
from partners import EMSP
from rough import flagged, rough  # noqa: F401: the fixture is used by its name
from stations import later, now
from test_insight import stamp
from test_page import CHROMIUM, TAG, axe, browser, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


async def test_a_report_names_what_it_leaves_out(house, stations, window):  # noqa: F811
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.status(2, "Faulted")
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/reports?tab=downtimes")
    await page.get_by_role("button", name="Add a time").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Station", exact=False).first.fill("CP-1")
    await dialog.get_by_label("Cause").select_option("vandalism")
    await dialog.get_by_label("EVSE", exact=False).select_option("2")
    # The page's clock is Amsterdam's.
    await dialog.get_by_label("Start").fill((now() - timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"))
    await dialog.get_by_label("Note", exact=False).fill("The cable was cut")
    await dialog.get_by_role("button", name="Add a time").click()
    row = page.get_by_role("row").filter(has_text="The cable was cut")
    await expect(row).to_contain_text("CP-1 · 2")
    await expect(row).to_contain_text("still lasts")
    kept = (await house.api.items("/downtimes"))[0]
    assert (kept["cause"], kept["ends_at"], kept["station_id"] is None) == ("vandalism", None, False)

    year = now().year
    await page.goto(f"{house.url}/reports?rule=nevi&period={year}&by=port")
    ports = page.get_by_role("table", name="By port")
    await expect(ports.get_by_role("row").filter(has_text="CP-1 · 2")).to_contain_text("Met")
    await expect(page.get_by_role("table", name="Written down for this time")).to_contain_text("The cable was cut")
    await expect(page.get_by_role("region", name="The whole network")).to_contain_text("Vandalism")
    links = await page.eval_on_selector_all("main a[href^='/api/']", "all => all.map((a) => a.getAttribute('href'))")
    assert [re.search(r"reports/([\w-]+)\.csv", link)[1] for link in links] == ["uptime", "nevi-sessions", "nevi-uptime", "nevi-outages", "carbon"]
    for link in links:
        answer = await page.evaluate("async (link) => { const a = await fetch(link); return [a.status, await a.text()]; }", link)
        assert answer[0] == 200, (link, answer)
    # By another rule such a time counts, and what several ports come to is that of their minutes.
    await page.get_by_label("Rule").select_option("plain")
    await page.get_by_label("By", exact=True).select_option("station")
    assert "rule=plain" in page.url and "by=station" in page.url
    await expect(page.get_by_role("table", name="By station").get_by_role("row").filter(has_text="CP-1")).to_contain_text("%")
    report = await house.api.get("/reports/uptime", rule="plain", year=str(year))
    assert float(report["ports"][1]["uptime_percent"]) < 100

    # The statuses that it stands on are a click away.
    await page.get_by_role("table", name="By station").get_by_role("link", name="CP-1").click()
    statuses = page.get_by_role("table", name="Statuses")
    await expect(statuses.get_by_role("row").filter(has_text="Faulted")).to_be_visible()
    await station.status(2, "Unavailable")
    await expect(statuses.get_by_role("row").filter(has_text="Out of service")).to_be_visible()
    await page.get_by_label("EVSE", exact=True).select_option("1")
    await expect(statuses.get_by_role("row").filter(has_text="Faulted")).to_have_count(0)
    assert "evse=1" in page.url

    await page.goto(f"{house.url}/reports?tab=downtimes")
    await row.get_by_role("button").click()
    await page.get_by_role("menuitem", name="Take it back").click()
    await dialog.get_by_role("button", name="Take it back").click()
    await expect(row).to_have_count(0)
    assert await house.api.items("/downtimes") == []


async def test_a_session_is_given_a_need_and_a_limit(house, stations, window):  # noqa: F811
    station = await stations(priced(house, "CP-1", await tariff(house)))
    began = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    await house.api.post("/carbon-factors", {"values": [{"begins_at": stamp(began - timedelta(days=1)), "grams_per_kwh": "300"}]})
    await house.api.post("/energy-prices", {"values": [{"begins_at": stamp(began - timedelta(days=1)), "price_per_kwh": "0.2"}]})
    await station.begin(TAG, meter=0, at=began)
    session = (await house.api.items("/sessions"))[0]["id"]
    view = await window(house)
    page = await view.log_in()
    await page.goto(f"{house.url}/sessions/{session}")
    main = page.get_by_role("main")
    await page.get_by_role("button", name="Change the need").click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("[name=energy_kwh]").fill("20,5")
    await dialog.locator("[name=priority]").fill("3")
    await dialog.locator("[name=phases]").select_option("3")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    need = await house.api.get(f"/sessions/{session}/need")
    assert (need["energy_kwh"], need["priority"], need["phases"]) == ("20.5", 3, 3)
    wishes = page.locator("section").filter(has=page.get_by_role("heading", name="Needs and limits"))
    await expect(wishes).to_contain_text("20.5 kWh")
    await page.get_by_role("button", name="Set a limit").click()
    await dialog.locator("[name=energy_kwh]").fill("30")
    await dialog.locator("[name=minutes]").fill("90")
    # Somebody else was sooner.
    await house.api.patch(f"/sessions/{session}/limit", {"energy_kwh": "25", "cost": None, "seconds": None, "soc": None})
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.locator(".trouble")).to_contain_text("25")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    limit = await house.api.get(f"/sessions/{session}/limit")
    assert (limit["energy_kwh"], limit["seconds"]) == ("30", 5_400)
    await expect(wishes).to_contain_text("30.0 kWh · 1h 30m")
    await station.meter(5_000, at=began + timedelta(minutes=30))
    await station.end(10_000, at=began + timedelta(minutes=59))
    footprint = page.locator("section").filter(has=page.get_by_role("heading", name="What its energy cost"))
    await expect(footprint).to_contain_text("3,000 g", timeout=20_000)
    await expect(footprint).to_contain_text("€2.00")
    await expect(page.get_by_role("button", name="Set a limit")).to_have_count(0)
    assert await axe(page, "a session that is over") == []
    assert await main.locator(".trouble:visible").count() == 0
    # That something is refused makes Chromium complain, which is the truth.
    view.trouble = [line for line in view.trouble if not re.search(r"status of (412|422)", line)]


async def test_signals_of_a_circuit_are_told_and_taken_back(house, stations, window):  # noqa: F811
    await stations(priced(house, "CP-1", await tariff(house)))
    circuit = await house.api.post(f"/locations/{house.site}/circuits", {"name": "Main", "rated_a": "63", "usable_a": "60"})
    await house.api.patch("/stations/CP-1/outlets/1", {"circuit": circuit["id"]})
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/sites/{house.site}/load")
    await page.get_by_role("button", name="Tell a signal of Main").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What", exact=True).select_option("building")
    await dialog.get_by_label("On each line").fill("12,5")
    await dialog.get_by_role("button", name="Tell", exact=True).click()
    signals = page.locator(".signals")
    await expect(signals).to_contain_text("What else takes 12.5 A")
    # The tree is drawn anew while somebody stands in it.
    await page.get_by_role("button", name="Tell a signal of Main").focus()
    await house.api.post(f"/circuits/{circuit['id']}/signals", {"kind": "limit", "amperes": "40", "valid_s": 600, "source": "grid"})
    await expect(signals).to_contain_text("Limit from outside 40.0 A by grid")
    await expect(page.get_by_role("button", name="Tell a signal of Main")).to_be_focused()
    await page.get_by_role("button", name="Take back: Limit from outside, Main").click()
    await expect(signals).not_to_contain_text("Limit from outside")
    await page.get_by_role("button", name="Tell it").click()
    await dialog.get_by_label("Power, kW").fill("7.5")
    await dialog.get_by_role("button", name="Tell", exact=True).click()
    await expect(page.get_by_role("main")).to_contain_text("7.5 kW until")
    assert (await house.api.get(f"/locations/{house.site}/surplus"))["power_kw"] == "7.5"
    assert await axe(page, "signals") == []
    await page.get_by_role("row").filter(has_text="CP-1").get_by_role("button").click()
    await page.get_by_role("menuitem", name="Take it off its circuit").click()
    await dialog.get_by_role("button", name="Take it off its circuit").click()
    await until(lambda: outlets(house), what="no outlet is left")


async def outlets(house):
    return not (await house.api.get(f"/locations/{house.site}/outlets"))["items"]


async def test_a_partner_is_tried_and_says_what_it_answered(house, partners, window):  # noqa: F811
    emsp = await partners(EMSP())
    await emsp.join(house)
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/partners/{emsp.number}")
    await page.get_by_role("button", name="Actions").click()
    await page.get_by_role("menuitem", name="Try the connection").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Try", exact=True).click()
    await expect(dialog.locator(".trace li")).to_have_count(2)
    await dialog.get_by_text("What was asked and answered").first.click()
    await expect(dialog.locator("pre").first).to_contain_text("/ocpi/versions")
    assert await axe(page, "a partner that is tried") == []


async def test_what_is_odd_is_read_and_counts_anew(house, rough, window):  # noqa: F811
    station = await rough()
    transaction = await station.begin(meter=1_000, at=now() - later(60))
    await station.end(transaction, 3_000)
    await station.values(transaction, [{"value": "3100", "context": "Transaction.End"}])
    await flagged(house, "after the stop")
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/stations/CP-1")
    await page.get_by_role("button", name="I have read this").click()
    await expect(page.get_by_role("heading", name="What it does its own way")).to_have_count(0)
    assert (await house.api.get("/stations/CP-1"))["oddities"] == []
