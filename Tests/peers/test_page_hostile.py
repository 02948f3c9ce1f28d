"""Stations, partners and people who write markup, marks that turn the direction of a line, and megabytes wherever a text may
stand: it is shown as text, everywhere, and nothing runs."""

import csv
import io
import json
import os
import re

import openpyxl
import pytest
from aiohttp import web
from playwright.async_api import expect
from pypdf import PdfReader

from charging import priced, tariff
from house import until
from operators import CPO
from partners import EMSP, SEEN
from stations import knock, later, now, text
from test_alarms import MailServer
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


async def papers_of_last_month(house, stations):
    """A bill of the month before, in a house in which everything that a paper names is hostile; that month closed."""
    number = await tariff(house)
    await house.api.patch(f"/locations/{house.site}", {"name": MARKUP + TURNED + "_x000A_" + "W" * 150, "address": FORMULA})
    station = await stations(priced(house, "CP-1", number))
    (token,) = [t for t in await house.api.items("/tokens") if t["uid"] == TAG]
    await house.api.patch(f"/tokens/{token['id']}", {"visual_number": EVIL})
    await house.api.put("/company", {
        "name": EVIL, "address": f"{EVIL}\n{FORMULA}\n" + "A" * 200, "vat_id": EVIL[:40], "email": EVIL, "payment": EVIL + "A" * 100,
        "note": (EVIL + " ") * 5, "prefix": "=1+<b>"})
    begin = now().replace(day=1) - later(86_400)
    await station.begin(TAG, meter=0, at=begin - later(7_200))
    await station.meter(9_000, at=begin - later(5_400), power=11_000)
    await station.end(18_000, at=begin - later(3_600))
    await until(lambda: house.api.items("/cdrs"), 20, what="the bill is made")
    month = begin.strftime("%Y-%m")
    await house.api.post(f"/months/{month}/close", {})
    return month


async def test_hostile_texts_do_no_harm_on_papers_and_in_tables(house, stations):
    month = await papers_of_last_month(house, stations)

    async def fetched(path):
        answer = await house.api.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:300]}"
        return answer

    for language in ("en", "fr"):
        answer = await fetched(f"/invoices/1/pdf?language={language}")
        assert '"' not in re.sub(r'filename="[\w.-]+"', "", answer.headers["content-disposition"])
        assert not re.search(rb"/(JS|JavaScript|Launch|URI|OpenAction|AA|EmbeddedFile)\b", answer.content)
        paper = PdfReader(io.BytesIO(answer.content))
        text = "".join(page.extract_text() for page in paper.pages)
        assert MARKUP in text and "\u202e" not in text and "\u2066" not in text
        # Nothing is written beside the page.
        places = []
        for page in paper.pages:
            page.extract_text(visitor_text=lambda words, _, at, *rest: places.append((at[4], at[5], words)) if words.strip() else None)
        assert places and all(0 <= x < 595 and 0 < y < 842 for x, y, _ in places), [p for p in places if not 0 <= p[0] < 595]

    for name in (f"invoices.csv?month={month}", f"cdrs.csv?month={month}", "stations.csv", "sessions.csv", "tokens.csv"):
        rows = list(csv.reader(io.StringIO((await fetched(f"/{name}")).text)))
        assert len(rows) > 1, name
        cells = [cell for row in rows for cell in row]
        assert not [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"-?[\d.]+", cell)], name
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", "".join(cells)), name
        assert any("\\u202e" in cell for cell in cells), name

    book = openpyxl.load_workbook(io.BytesIO((await fetched(f"/invoices.xlsx?month={month}")).content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    # A text is a text; the format's own escapes are not ours to be read by others.
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert any(MARKUP in text for text in texts) and not any("\u202e" in text for text in texts)
    assert not any("_x000A_" in text and "_x005F_x000A_" not in text for text in texts)


class Listener:
    """Takes what a webhook tells."""

    def __init__(self):
        self.heard = []

    async def start(self):
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/hook", self._take)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/hook"
        return self

    async def _take(self, request):
        self.heard.append((dict(request.headers), await request.read()))
        return web.Response()


async def test_hostile_texts_do_no_harm_in_webhooks_and_letters(house, stations, partners):
    """Whoever reads a letter reads lines that the house wrote; whoever takes an event parses it and finds the text in it."""
    listener, server = await Listener().start(), await MailServer().start()
    hook = await house.api.post("/webhooks", {"name": EVIL[:40], "url": listener.url, "allow_private": True, "kinds": []})
    emsp = await partners(EMSP())
    await emsp.join(house)
    await house.api.patch(f"/partners/{emsp.number}", {"name": EVIL})
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await tell(station, [2, "s1", "StatusNotification", {
        "connectorId": 1, "errorCode": "OtherError", "status": "Faulted", "info": EVIL, "vendorId": EVIL,
        "vendorErrorCode": EVIL + FLOOD, "timestamp": text(now())}])
    await tell(station, [2, "d1", "DataTransfer", {"vendorId": EVIL, "messageId": EVIL, "data": EVIL + FLOOD}])
    await until(lambda: any(frame[0] == 3 and frame[1] == "d1" for frame in station.tape.received), 60, what="it is answered")
    # What it refuses is told to people with the words with which it refused.
    words = f"no\r\nOver since 2026-01-01T00:00:00Z: Fault: FORGED{EVIL}"

    async def refusing(request):
        if request[SEEN].module != "locations":
            return await emsp.take(request)
        return web.json_response({"status_code": 2001, "status_message": words, "timestamp": text(now())})

    emsp.handle_module = refusing
    await house.api.patch(f"/locations/{house.site}", {"name": EVIL})
    await house.api.put("/alarms/rules", {
        "rules": [{"kind": kind, "on": True, "delay_minutes": 0} for kind in ("partner_failing", "evse_faulted")],
        "recipients": ["anna@example.org"],
        "server": {"host": "127.0.0.1", "port": server.port, "security": "plain", "from": "ostler@example.org", "allow_private": True}})

    def about(name):
        return [letter for letter in server.letters if name in letter["message"].get_content()]

    await until(lambda: about("Partner failing"), 90, what="a letter about the partner")
    for letter in server.letters:
        message = letter["message"]
        assert message.get_content_type() == "text/plain" and message["From"] == "ostler@example.org"
        for line in message.get_content().splitlines():
            assert re.match(r"(Station|Fault|Session|Partner|Certificate|Disk|CDR|Circuit|Over since \d|… and)", line), line
            assert not line.startswith("Over since 2026-01-01")
        assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", message.get_content() + str(message["Subject"]))
    assert MARKUP in about("Partner failing")[0]["message"].get_content()

    await until(lambda: any(b"cdr" in body or b"evse.status" in body for _, body in listener.heard), 30, what="an event is told")
    for head, body in listener.heard:
        assert head["Content-Type"] == "application/json" and EVIL not in str(head)
        json.loads(body)
        assert len(body) < 1_000_000
    assert (await house.api.get(f"/webhooks/{hook['id']}"))["name"] == EVIL[:40]
    await listener.runner.cleanup()
    await server.stop()
