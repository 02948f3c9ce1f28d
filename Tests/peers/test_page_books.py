"""What the page says of money and of partners: CDRs that are held back, months that lack them, what a tariff means, and what a
partner may see."""

import os
import re

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from house import until
from operators import CPO
from partners import EMSP, stamp
from stations import later, now
from test_page import CHROMIUM, TAG, browser, window  # noqa: F401: the fixtures are used by their names
from test_provider import CARD, DRIVERS

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


async def test_a_cdr_that_is_held_back_is_missed_in_its_month_until_it_is_let_go(house, stations, window):  # noqa: F811
    station = await stations(priced(house, "CP-1", await tariff(house)))
    # More energy than the connector gives in no time.
    await station.begin(TAG, meter=0)
    await station.end(90_000)
    cdr = (await until(lambda: house.api.items("/cdrs")))[0]
    assert cdr["held_because"]
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/invoices?month={now():%Y-%m}")
    await expect(page.get_by_text("Nobody owes anything for this month.")).to_be_visible()
    held = page.locator("section").filter(has=page.get_by_role("heading", name="Held back", exact=False))
    row = held.get_by_role("row").filter(has_text="CP-1")
    await expect(row).to_contain_text(cdr["held_because"])
    await row.focus()
    await page.keyboard.press(".")
    await page.get_by_role("menuitem", name="Release", exact=False).or_(page.get_by_role("menu").get_by_role("menuitem").first).first.click()
    await page.get_by_role("dialog").locator("button[type=submit]").click()
    await expect(page.get_by_role("heading", name="Held back", exact=False)).to_have_count(0, timeout=20_000)
    await expect(page.get_by_text("Nobody owes anything for this month.")).to_have_count(0)
    assert (await house.api.get(f"/cdrs/{cdr['id']}"))["held_because"] is None


async def test_a_tariff_shows_its_week_and_what_a_session_would_cost(house, window):  # noqa: F811
    number = await tariff(house)
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/tariffs/{number}")
    grid = page.get_by_role("region", name="Price of a kWh over the week")
    await expect(grid.get_by_title("Mon 19:00: €0.45 per kWh")).to_be_visible()
    await expect(grid.get_by_title("Mon 20:00: €0.30 per kWh")).to_be_visible()
    await page.locator("[name=start]").first.fill(f"{now():%Y-%m-%d}T10:00")
    await page.locator("[name=minutes]").fill("60")
    await page.locator("[name=kwh]").fill("10")
    await page.get_by_role("button", name="Calculate").click()
    trial = await house.api.post(f"/tariffs/{number}/simulate", {
        "start": f"{now():%Y-%m-%d}T09:00:00Z", "end": f"{now():%Y-%m-%d}T10:00:00Z", "time_zone": "Europe/Amsterdam",
        "energy_kwh": 10})
    await expect(page.locator("strong.fig")).to_have_text(
        re.compile("€" + re.escape(f"{float(trial['totals']['cost']['incl_vat']):.2f}")))


TAXED = {
    "id": "TAXED", "currency": "EUR", "type": "REGULAR",
    "elements": [{"price_components": [
        {"type": "ENERGY", "price": 0.39, "vat": 19, "step_size": 1}, {"type": "TIME", "price": 1.2, "vat": 19, "step_size": 900}]}]}


async def test_a_price_that_is_typed_anew_keeps_what_stands_beside_it(house, window):  # noqa: F811
    """Its VAT and its step: a field is empty for a moment while somebody types another figure."""
    number = await tariff(house, TAXED)
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/tariffs/{number}")
    for name, figure in (("ENERGY-0", "0,45"), ("TIME-0", "1.8")):
        await page.locator(f"[name={name}]").focus()
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.press("Backspace")
        await page.keyboard.type(figure)
    await expect(page.locator("[name=vat-0]")).to_have_value("19")
    await page.get_by_role("button", name="Save", exact=False).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tariffs")
    parts = (await house.api.get(f"/tariffs/{number}"))["tariff"]["elements"][0]["price_components"]
    kept = {p["type"]: (float(p["price"]), float(p["vat"]), p["step_size"]) for p in parts}
    assert kept == {"ENERGY": (0.45, 19, 1), "TIME": (1.8, 19, 900)}


async def test_what_is_no_figure_is_marked_and_nothing_is_saved(house, window):  # noqa: F811
    number = await tariff(house, TAXED)
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/tariffs/{number}")
    before = (await house.api.get(f"/tariffs/{number}"))["tariff"]
    vat = page.locator("[name=vat-0]")
    await vat.fill("19 %")
    await expect(vat).to_have_attribute("aria-invalid", "true")
    save = page.get_by_role("button", name="Save", exact=False)
    await save.click()
    await expect(page.locator("main .trouble:visible")).to_contain_text("19 %")
    await expect(vat).to_be_focused()
    await vat.fill("19")
    await page.locator("summary").last.click()
    json = page.get_by_role("textbox", name="JSON", exact=False)
    await json.fill("{ broken")
    await save.click()
    await expect(json).to_be_focused()
    await expect(json).to_have_value("{ broken")
    assert (await house.api.get(f"/tariffs/{number}"))["tariff"] == before


async def test_a_partner_sees_what_is_ticked(house, partners, window):  # noqa: F811
    emsp = await partners(EMSP())
    await emsp.join(house)
    await tariff(house)
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/partners/{emsp.number}")
    section = page.locator("section").filter(has=page.get_by_role("heading", name="What it sees of ours"))
    await expect(section).to_contain_text("All sites and tariffs that are published.")
    await section.get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Market square").uncheck()
    await dialog.get_by_role("button", name="Save").click()
    await expect(section).to_contain_text("Not these sites: SITE-1")
    assert (await house.api.get(f"/partners/{emsp.number}"))["publishing"]["hidden_locations"] == ["SITE-1"]
    await section.get_by_role("button", name="Change…").click()
    await expect(dialog.get_by_label("Market square")).not_to_be_checked()
    await dialog.get_by_label("Market square").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(section).to_contain_text("All sites and tariffs that are published.")


async def test_a_bill_that_another_network_asks_too_much_by_says_why_until_somebody_settles_it(house, partners, window):  # noqa: F811
    party = (await house.api.post("/parties", {"country_code": "NL", "party_id": "DRV", "role": "EMSP", "business_name": "Ours"}))["id"]
    cpo = await partners(CPO())
    await cpo.enrol(house, party)
    await until(lambda: house.api.items("/roaming/tariffs"), 10, what="its tariff is read")
    await until(lambda: house.api.items("/roaming/locations"), 10, what="its place is read")
    token = {"country_code": "NL", "party_id": "DRV", "uid": TAG, "type": "RFID", "contract_id": "C"}
    end = now().replace(microsecond=0)
    begin, end = (t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (end - later(3_600), end))
    session = cpo.told_session(token, 10, "COMPLETED", began=begin)
    assert (await cpo.module("POST", "cdrs", body=cpo.cdr(session, begin, end, cost=30.0))).code == 1000
    [cdr] = await house.api.items("/roaming/cdrs", doubtful="true")

    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/roaming?tab=cdrs")
    row = page.get_by_role("row").filter(has_text=TAG)
    await expect(row).to_contain_text("1 doubt")
    await row.get_by_role("button").first.click()
    sheet = page.get_by_role("dialog")
    await expect(sheet.get_by_role("listitem")).to_contain_text(f"Its own tariff {cdr['doubts'][0]['detail']}")
    await expect(sheet).to_contain_text("€30.00")
    await sheet.locator("[name=note]").fill("they <b>will</b> credit it")
    await sheet.locator("button[type=submit]").click()
    await expect(sheet).to_have_count(0)
    await expect(row).not_to_contain_text("doubt")
    assert (await house.api.get(f"/roaming/cdrs/{cdr['id']}"))["note"] == "they <b>will</b> credit it"
    assert await house.api.items("/roaming/cdrs", doubtful="true") == []


async def test_a_session_elsewhere_is_limited_and_shows_what_came_of_it(house, partners, window):  # noqa: F811
    party = (await house.api.post("/parties", DRIVERS))["id"]
    cpo = await partners(CPO())
    await cpo.enrol(house, party)
    token = {"country_code": "NL", "party_id": "DRV", "uid": CARD, "type": "RFID", "contract_id": "C"}
    assert (await cpo.module("PUT", "sessions", "BE/CPO/S1", cpo.told_session(token))).code == 1000
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/roaming?tab=sessions")
    await page.get_by_role("row").filter(has_text=CARD).get_by_role("button").first.click()
    sheet = page.get_by_role("dialog", name="Session elsewhere")
    await sheet.get_by_role("button", name="Set a limit…").click()
    form = page.get_by_role("dialog", name="Set a limit", exact=True)
    await form.locator("[name=limit]").fill("7.4")
    await form.locator("button[type=submit]").click()
    [(method, _, wish)] = await until(lambda: cpo.profiles, what="the limit")
    assert method == "PUT" and wish["charging_profile"]["charging_profile_period"] == [{"start_period": 0, "limit": 7400}]
    assert (await cpo.ask("POST", wish["response_url"], {"result": "ACCEPTED"})).code == 1000
    asked = sheet.get_by_role("table", name="Asked of the other network")
    await expect(asked.get_by_role("row").filter(has_text="Set a limit")).to_contain_text("Done")
    # What the operator of the station tells is seen as it comes.
    plan = {"start_date_time": stamp(), "charging_profile": {
        "charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 7200}]}}
    assert (await cpo.module("PUT", "chargingprofiles", "S1", plan)).code == 1000
    await expect(sheet.get_by_role("table", name="What its charging comes to")).to_contain_text("7,200.0 W")
    cpo.word = "TOO_OFTEN"
    await sheet.get_by_role("button", name="Lift a limit").click()
    await expect(asked.get_by_role("row").filter(has_text="Lift a limit")).to_contain_text("TOO_OFTEN")
    over = {"status": "COMPLETED", "end_date_time": stamp(), "last_updated": stamp()}
    assert (await cpo.module("PATCH", "sessions", "BE/CPO/S1", over)).code == 1000
    await expect(sheet.get_by_role("button", name="Set a limit…")).to_have_count(0)


async def test_what_a_partner_is_told_of_invoices_is_a_switch(house, partners, window):  # noqa: F811
    emsp = await partners(EMSP(version="2.3.0"))
    await emsp.join(house)
    page = await (await window(house)).log_in()

    async def told():
        details = await emsp.ask("GET", f"{house.url}/ocpi/2.3.0")
        return "invoicereconciliation" in {e["identifier"] for e in details.data["endpoints"]}

    for choice, wanted in (("yes", True), ("no", None), ("", None)):
        await page.goto(f"{house.url}/partners/{emsp.number}")
        await expect(page.get_by_role("heading", name="What it sees of ours")).to_be_visible()
        await page.keyboard.press(".")
        await page.get_by_role("menuitem", name="Change…", exact=True).click()
        form = page.get_by_role("dialog")
        await form.locator("[name=reconciles_invoices]").select_option(choice)
        await form.locator("button[type=submit]").click()
        await expect(form).to_have_count(0)
        kept = (await house.api.get(f"/partners/{emsp.number}"))["quirks"].get("reconciles_invoices")
        assert (kept, await told()) == ({"yes": True, "no": False, "": None}[choice], bool(wanted))
