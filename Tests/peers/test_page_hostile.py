"""Stations, partners and people who write markup, marks that turn the direction of a line, and megabytes wherever a text may
stand: it is shown as text, everywhere, and nothing runs."""

import csv
import io
import json
import os
import re

import pytest
from playwright.async_api import expect

from charging import priced, tariff
from house import until
from operators import CPO
from partners import EMSP
from stations import knock, later, now, text
from test_page import CHROMIUM, PHONE, TAG, browser, window  # noqa: F401: the fixtures are used by their names

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")

MARKUP = "<img src=x onerror=window.hit=1>"
TURNED = "\u202egnp.exe\u2066"
EVIL = MARKUP + TURNED
FLOOD = "A" * 100_000
FORMULA = "=HYPERLINK(\"http://x.example\")"


async def besieged(house, stations, partners):
    """A house in which everything that others may write is hostile; the paths of its screens."""
    number = await tariff(house, {
        "id": "EVIL<b>", "currency": "EUR", "type": "REGULAR", "tariff_alt_text": [{"language": "en", "text": MARKUP}],
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "vat": 21, "step_size": 1}]}]})
    await house.api.patch(f"/locations/{house.site}", {"name": MARKUP, "address": "<b>Markt</b> 1"})
    emsp = await partners(EMSP(name=MARKUP[:30]))
    await emsp.join(house)
    await emsp.give(emsp.driver("DE-EMP-C00007", visual_number=MARKUP, issuer=MARKUP))
    station = await stations(priced(house, "CP-1", number))
    # What a station says of itself and its faults.
    await station.boot(vendor=MARKUP[:20], model="<u>x</u>")
    await tell(station, [2, "a1", "Authorize", {"idTag": EVIL[:20]}])
    await station.begin("DE-EMP-C00007", meter=0, at=now() - later(3_600))
    await station.meter(4_000, at=now() - later(1_800), power=11_000)
    await station.end(9_000)
    fault = {"errorCode": "OtherError", "status": "Faulted", "vendorId": EVIL, "vendorErrorCode": EVIL, "timestamp": text(now())}
    await tell(station, [2, "s1", "StatusNotification", {"connectorId": 1, "info": EVIL, **fault}])
    await tell(station, [2, "d1", "DataTransfer", {"vendorId": EVIL, "messageId": EVIL, "data": EVIL}])
    await stations(knock(house, "CP-9<i>"))
    await house.api.post("/tokens", {"uid": "04FFFFFF", "visual_number": FORMULA})
    await house.api.post("/webhooks", {"name": MARKUP, "url": "http://127.0.0.1:9/<script>", "kinds": ["cdr."]})
    await house.api.put("/company", {"name": MARKUP, "address": MARKUP, "note": MARKUP})
    await until(lambda: emsp.cdrs(), 20)
    # Last, as a large message is read beside the others, whenever the machine has time for it.
    await tell(station, [2, "s2", "StatusNotification", {"connectorId": 2, "info": EVIL + FLOOD, **fault}])
    await tell(station, [2, "d2", "DataTransfer", {"vendorId": EVIL, "data": EVIL + FLOOD}])
    await until(lambda: any(frame[0] == 3 and frame[1] == "d2" for frame in station.tape.received), 60, what="it is answered")
    session = (await house.api.items("/sessions"))[0]["id"]
    cdr = (await house.api.items("/cdrs"))[0]["id"]
    return [
        "/", "/stations", "/stations/CP-1", "/stations/CP-1?tab=messages", "/stations/CP-1?tab=history", "/stations/CP-1?tab=setup",
        "/stations/CP-1?tab=duties", "/sessions", f"/sessions/{session}", "/map", "/sites", f"/sites/{house.site}", "/tariffs",
        f"/tariffs/{number}", "/cdrs", f"/cdrs/{cdr}", "/tokens", "/partners", f"/partners/{emsp.number}", "/messages",
        "/campaigns", "/invoices", "/analytics", "/settings?tab=people", "/settings?tab=company", "/roaming"]


async def tell(station, frame):
    """A call as it is, with whatever stands in it."""
    await station.tape.send(json.dumps(frame))


@pytest.mark.timeout(600)
async def test_hostile_texts_are_texts_on_every_screen(house, stations, partners, window):  # noqa: F811
    screens = await besieged(house, stations, partners)
    page = await (await window(house)).log_in()
    flaws = []
    for screen in screens:
        await page.goto(house.url + screen)
        await page.get_by_role("heading", level=1).wait_for()
        await expect(page.locator("main")).not_to_be_empty()
        flaws += await flaws_of(page, screen)
        await page.set_viewport_size(PHONE)
        if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            flaws.append(f"{screen} on a phone is wider than the window")
        await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto(house.url + "/stations")
    await expect(page.get_by_text("CP-9<i>").first).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Jump to anything").fill("<")
    flaws += await flaws_of(page, "the jump box")
    assert not flaws, "\n".join(flaws)


async def flaws_of(page, where):
    found = await page.evaluate(r"""() => ({
      ran: Boolean(window.hit),
      made: [...document.querySelectorAll('img[src=x], main b > script, main u, main i, [onerror]')].map((e) => e.outerHTML),
      turned: /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(document.body.innerText),
      long: [...document.querySelectorAll('main *')].some((e) => e.childElementCount === 0 && e.textContent.length > 50000),
    })""")
    return [f"{where}: {name} {value}" for name, value in found.items() if value]


async def test_hostile_texts_are_texts_for_drivers_and_for_everybody(house, stations, partners, window):  # noqa: F811
    await besieged(house, stations, partners)
    codes = (await house.api.post("/stations/CP-1/codes", {}))["items"]
    await house.api.put("/public", {"status": True})
    page = await (await window(house)).go(f"/c/{codes[0]['code']}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    await expect(page.get_by_text(MARKUP).first).to_be_visible()
    assert not await flaws_of(page, "driver")
    await page.goto(house.url + "/status")
    await expect(page.get_by_role("heading", name=MARKUP)).to_be_visible()
    assert not await flaws_of(page, "status")


async def test_hostile_texts_do_no_harm_in_what_is_exported(house, stations, partners):
    await besieged(house, stations, partners)
    month = (await house.api.items("/cdrs"))[0]["ended_at"][:7]
    answer = await house.api.http.get("/cdrs.csv", params={"month": month})
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len(rows) == 2 and MARKUP in rows[1]
    # A spreadsheet takes what begins so for a formula.
    assert not [cell for row in rows for cell in row if re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"-?[\d.]+", cell)]
    labels = await house.api.http.get("/stations/CP-1/labels", params={"base": house.url})
    if labels.status_code == 200:
        assert labels.content.startswith(b"%PDF") and b"/JavaScript" not in labels.content and b"/JS" not in labels.content


async def test_a_network_that_writes_markup_is_read_as_text(house, partners, window):  # noqa: F811
    party = (await house.api.post("/parties", {"country_code": "NL", "party_id": "DRV", "role": "EMSP", "business_name": "Ours"}))["id"]
    cpo = await partners(CPO())
    place = cpo.lists["locations"][0]
    place |= {"name": MARKUP, "address": "<b>Weg</b> 1"}
    cpo.lists["tariffs"][0]["tariff_alt_text"] = [{"language": "en", "text": MARKUP}]
    await cpo.enrol(house, party)
    await until(lambda: told(house), 10, what="its place and tariff are read")
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/roaming")
    await page.get_by_role("button", name=MARKUP).click()
    await expect(page.get_by_role("dialog")).to_contain_text("BE*CPO*E1")
    assert not await flaws_of(page, "place")
    await page.goto(f"{house.url}/roaming?tab=tariffs")
    await page.get_by_role("searchbox").fill("T1")
    await page.get_by_role("button", name="T1", exact=False).first.click()
    await expect(page.get_by_role("dialog")).to_contain_text("€0.30 per kWh")
    assert not await flaws_of(page, "tariff")
    await page.keyboard.press("Escape")
    await page.get_by_role("searchbox").fill("nothing like it")
    await expect(page.get_by_text("No partner has announced a tariff.")).to_be_visible()


async def told(house):
    return await house.api.items("/roaming/locations") and await house.api.items("/roaming/tariffs")
