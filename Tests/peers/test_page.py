"""The page as a person uses it: Debian's Chromium, driven by Playwright. No request leaves the machine, nothing is written
to the console, and axe finds nothing to complain about on any screen."""

import base64
import hashlib
import hmac
import os
import re
import struct
import time
from decimal import ROUND_HALF_UP, Decimal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright, expect

from charging import fit, priced, tariff
from conftest import SITE
from house import OWNER, Daemon, until
from partners import EMSP
from stations import knock, known, later, now

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
TAG = "04A1B2C3D4E5F6"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

# A machine that does other things beside needs patience; what never comes still fails.
expect.set_options(timeout=20_000)

pytestmark = pytest.mark.skipif(not os.access(CHROMIUM, os.X_OK), reason=f"there is no Chromium at {CHROMIUM}")


class Window:
    """A page in a context of its own, and what must not happen in it."""

    def __init__(self, context, page, house):
        self.context, self.page, self.house = context, page, house
        self.trouble = []
        self.watch(page)

    def watch(self, page):
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message):
        # That nobody is logged in yet is an answer like any other; Chromium notes every 4xx all the same, and asks for an
        # icon of its own where a plain text names none.
        line = f"console: {message.text} ({message.location.get('url')})"
        if message.type in ("error", "warning") and not re.search(r"status of (401|403|410)|favicon\.ico", line):
            self.trouble.append(line)

    def _request(self, request):
        if not request.url.startswith((self.house.url, "data:", "blob:", "about:")):
            self.trouble.append(f"request to {request.url}")

    async def go(self, path):
        await self.page.goto(self.house.url + path)
        return self.page

    async def log_in(self):
        await self.go("/")
        await self.page.get_by_label("Name").fill(OWNER["name"])
        await self.page.get_by_label("Password").fill(OWNER["password"])
        await self.page.get_by_role("button", name="Log in").click()
        await expect(self.page.get_by_role("heading", level=1)).to_have_text("Overview", timeout=20_000)
        return self.page


@pytest_asyncio.fixture
async def browser():
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture
async def window(browser):
    """Opens windows; what went wrong in any of them fails the test at its end."""
    opened = []

    async def open_(house):
        context = await browser.new_context(
            viewport=DESK, color_scheme="light", reduced_motion="reduce", locale="en-GB", timezone_id="Europe/Amsterdam")
        opened.append(Window(context, await context.new_page(), house))
        return opened[-1]

    yield open_
    trouble = [line for one in opened for line in one.trouble]
    for one in opened:
        await one.context.close()
    assert not trouble, "\n".join(sorted(set(trouble)))


async def test_the_setup_link_makes_the_first_owner_once(tmp_path, window):
    house = Daemon(tmp_path / "data")
    await house.launch()
    try:
        link = re.search(r"/\?setup=\S+", await until(lambda: "\n".join(house.printed)))[0]
        first = await window(house)
        page = await first.go(link)
        await page.get_by_label("Name").fill(OWNER["name"])
        await page.get_by_label("Password", exact=True).fill(OWNER["password"])
        await page.get_by_label("Password once more").fill("something else")
        await page.get_by_role("button", name="Begin").click()
        await expect(page.get_by_text("The two passwords differ.", exact=True)).to_be_visible()
        await page.get_by_label("Password once more").fill(OWNER["password"])
        await page.get_by_role("button", name="Begin").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
        assert "setup" not in page.url

        second = await window(house)
        gone = await second.page.goto(house.url + link)
        assert gone.status == 410 and "ostler setup-link" in await gone.text()
        await second.log_in()
        # Modules still come while the screen is there: nobody asks any more when the house goes.
        for one in (first, second):
            await one.context.close()
    finally:
        await house.stop()


async def test_a_knock_appears_by_itself_and_accept_makes_it_live(house, stations, window):
    page = await (await window(house)).log_in()
    await page.get_by_role("link", name="Stations", exact=False).first.click()
    await page.evaluate("window.stayed = true")
    station, _ = await stations(knock(house, "CP-77", "open-sesame-16-ch"))
    banner = page.get_by_role("region", name="Stations that knock")
    await expect(banner.get_by_text("CP-77 is knocking")).to_be_visible(timeout=1_500)
    await expect(banner).to_contain_text("Acme Twin 22")
    await page.get_by_role("button", name="Accept CP-77").click()
    row = page.get_by_role("row").filter(has_text="CP-77")
    await expect(row).to_contain_text("Available", timeout=3_000)
    await station.status(2, "Faulted")
    await expect(row).to_contain_text("Faulted", timeout=3_000)
    await station.close()
    await expect(row).to_contain_text("Offline", timeout=8_000)
    assert await page.evaluate("window.stayed")


async def test_a_session_by_the_page(house, stations, window):
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.status(1, "Preparing")
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/stations/CP-1")
    await page.evaluate("window.stayed = true")
    await page.get_by_role("button", name="Start a session", exact=False).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Token").fill(TAG)
    await dialog.get_by_role("button", name=re.compile("^Start")).click()
    dock = page.get_by_label("Commands under way")
    await expect(dock).to_contain_text("Charging", timeout=5_000)
    session = (await house.api.items("/sessions"))[0]
    assert session["state"] == "active"
    row = page.get_by_role("row").filter(has_text="Preparing").or_(page.get_by_role("row").filter(has_text="Charging")).first
    for wh in (500, 1_250):
        await station.meter(1_000 + wh, power=11_000)
        await expect(row).to_contain_text(f"{wh / 1000:.2f}", timeout=4_000)
    await page.get_by_role("button", name="Stop the session", exact=False).first.click()
    confirm = page.get_by_role("dialog").get_by_role("button", name=re.compile("Stop"))
    if await confirm.count():
        await confirm.first.click()
    await expect(dock).to_contain_text("Stopped", timeout=5_000)
    found = await until(lambda: _billed(house, session["id"]))
    await page.goto(f"{house.url}/cdrs/{found['cdr']}")
    cost = Decimal((await house.api.get(f"/cdrs/{found['cdr']}"))["cost"]["incl_vat"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
    await expect(page.get_by_role("main")).to_contain_text(str(cost))
    await expect(page.get_by_role("main")).to_contain_text("1.25")


async def _billed(house, id_):
    found = await house.api.get(f"/sessions/{id_}")
    return found if found["cdr"] else None


async def test_the_page_says_when_it_is_cut_off_and_comes_back_by_itself(house, stations, window):
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/stations")
    pill = page.locator(".pill")
    await expect(pill).to_contain_text("Live", timeout=5_000)
    await page.evaluate("window.stayed = true")
    # A daemon that is gone makes Chromium complain of failed requests, which is the truth.
    watched = page
    await house.stop()
    await expect(pill).to_contain_text("Reconnecting", timeout=10_000)
    await house.start()
    await stations(priced(house, "CP-9", None))
    await expect(pill).to_contain_text("Live", timeout=15_000)
    await expect(page.get_by_role("row").filter(has_text="CP-9")).to_contain_text("Available", timeout=5_000)
    assert await watched.evaluate("window.stayed")


RULES = {
    "name": "Busy hours", "area": "NL", "time_zone": "Europe/Amsterdam", "base": 0.30, "floor": 0.20, "cap": 0.45, "step": 0.05, "grain": 0.01,
    "notice_seconds": 900, "hold_seconds": 3600, "rules": [
        {"kind": "occupancy", "from": 70, "add": 0.05}, {"kind": "grid", "from": 0.05, "share": 0.5}, {"kind": "surplus", "from": 20, "add": -0.04},
        {"kind": "hours", "start_time": "22:00", "end_time": "06:00", "day_of_week": ["MONDAY", "TUESDAY"], "months": [6, 7], "percent": -20}]}


async def inhabited(house, stations, partners):
    """A house in which every screen has something to show; the paths of the screens."""
    emsp = await partners(EMSP())
    await emsp.join(house)
    number = await tariff(house)
    await emsp.give(emsp.driver("DE-EMP-C00007"))
    station = await stations(priced(house, "CP-1", number))
    other = await stations(priced(house, "CP-2", number))
    await stations(knock(house, "CP-3"))
    await station.authorize("NOBODY")
    await station.begin("DE-EMP-C00007", meter=0, at=now() - later(3_600))
    await station.meter(4_000, at=now() - later(1_800), power=11_000)
    await station.end(9_000)
    await station.begin(TAG, connector=2, meter=0, at=now() - later(600))
    await station.meter(1_500, connector=2, at=now() - later(60), power=9_000)
    await other.status(2, "Faulted")
    await other.end(5, transaction=4_711)
    await house.api.command("CP-2", "set-configuration", key="Nonsense", value="1")
    await house.api.post("/stations/CP-1/codes", {})
    await house.api.post("/webhooks", {"name": "erp", "url": "http://127.0.0.1:9/hook", "kinds": ["cdr."]})
    await house.api.post("/setting-templates", {"name": "Acme", "vendor": "Acme", "settings": {"HeartbeatInterval": "300"}})
    await house.api.post("/users", {"name": "bert", "role": "support"})
    policy = await house.api.post("/price-policies", {"tariff": number, "policy": RULES})
    hour = now().replace(minute=0, second=0, microsecond=0)
    begins = hour.strftime("%Y-%m-%dT%H:%M:%SZ")
    await house.api.post("/carbon-factors", {"values": [{"begins_at": begins, "grams_per_kwh": "312.5"}]})
    await house.api.post("/energy-prices", {"area": "NL", "values": [{"begins_at": begins, "price_per_kwh": "0.2145"}]})
    await house.api.put("/grid-prices/NL", {"items": [{"start": begins, "price_per_mwh": "84.2"}]})
    await house.api.post("/downtimes", {"station": "CP-2", "evse": 2, "begins_at": begins, "cause": "vandalism", "note": "The cable was cut"})
    run = await house.api.post("/bulk-runs", {"plan": {"verb": "trigger", "what": "heartbeat"}, "stations": ["CP-1", "CP-2"]})
    await until(lambda: emsp.cdrs())
    sessions = {s["state"]: s["id"] for s in await house.api.items("/sessions")}
    cdr = (await house.api.items("/cdrs"))[0]["id"]
    tabs = [f"/stations/CP-1?tab={tab}" for tab in ("duties", "configuration", "device", "security", "messages", "commands", "history", "setup")]
    return [
        "/", "/stations", "/stations/CP-1", *tabs, "/sessions", f"/sessions/{sessions['active']}", f"/sessions/{sessions['completed']}",
        "/map", "/sites", f"/sites/{house.site}", "/tariffs", f"/tariffs/{number}", "/cdrs", f"/cdrs/{cdr}", "/tokens", "/partners",
        f"/partners/{emsp.number}", "/messages", "/roaming", "/roaming?tab=cdrs", "/roaming?tab=invoices", "/campaigns", f"/bulk-runs/{run['id']}", "/invoices", "/analytics",
        "/settings", "/prices", f"/prices/{policy['id']}", "/prices/new", "/reports", "/reports?rule=nevi&by=site", "/reports?tab=downtimes", "/effect",
        "/energy", "/energy?tab=carbon", "/energy?tab=grid&area=NL",
        *[f"/settings?tab={tab}" for tab in ("people", "alarms", "company", "certificates", "house", "checkup", "api")], "/nowhere"]


@pytest.mark.timeout(900)
async def test_axe_finds_nothing_on_any_screen(house, stations, partners, window):
    """By day, by night (where only the colours differ), and on a phone, where nothing may be wider than the screen."""
    screens = await inhabited(house, stations, partners)
    view = await window(house)
    page = await view.go("/")
    await page.get_by_label("Name").wait_for()
    flaws = await axe(page, "login")
    await view.log_in()
    for screen in screens:
        await page.goto(house.url + screen)
        await page.get_by_role("heading", level=1).wait_for()
        await page.wait_for_timeout(150)
        flaws += await axe(page, screen)
        await page.emulate_media(color_scheme="dark")
        flaws += await axe(page, f"{screen} by night", runOnly=["color-contrast"])
        await page.emulate_media(color_scheme="light")
        await page.set_viewport_size(PHONE)
        flaws += await axe(page, f"{screen} on a phone")
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            flaws.append(f"{screen} on a phone: {wide} px wider than the window")
        await page.set_viewport_size(DESK)
    assert not flaws, "\n".join(flaws)


async def axe(page, screen, **options):
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(Axe().axe_script)
    found = await page.evaluate("options => axe.run(options)", {"resultTypes": ["violations"], **options})
    return [
        f"{screen}: {v['id']} ({v['impact']}): {v['help']}: {[n['target'] for n in v['nodes']][:3]}"
        for v in found["violations"]]


LANGUAGES = [
    ("de-DE", "Übersicht", "Stationen", "32,0 A vorbehalten, weil die Station keine Grenzen kennt"),
    ("nl-NL", "Overzicht", "Laadstations", "32,0 A gereserveerd omdat het laadstation geen limieten kent"),
    ("fr-FR", "Vue d’ensemble", "Bornes", "32,0 A réservés, car sa borne ne connaît pas de limites")]


@pytest.mark.parametrize("locale, overview, stations_, why", LANGUAGES)
async def test_the_page_speaks_the_readers_language_and_fits_it(house, stations, browser, locale, overview, stations_, why):
    """Longer words must not make anything wider than a phone; what is missing would show its key."""
    number = await tariff(house)
    station = await stations(priced(house, "CP-1", number))
    policy = await house.api.post("/price-policies", {"tariff": number, "policy": RULES})
    # It knows no limits, and why it gets its amperes is said in their language too.
    circuit = await house.api.post(f"/locations/{house.site}/circuits", {"name": "B", "rated_a": "16"})
    await house.api.patch("/stations/CP-1/outlets/1", {"circuit": circuit["id"]})
    await station.begin(TAG, meter=0)
    context = await browser.new_context(viewport=PHONE, locale=locale, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(house.url)
    await page.locator("[name=name]").fill(OWNER["name"])
    await page.locator("[name=password]").fill(OWNER["password"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(overview)
    flaws = []
    tabs = [f"/stations/CP-1?tab={tab}" for tab in ("duties", "device", "security", "setup")]
    for screen in ["/", "/stations", "/stations/CP-1", *tabs, "/sessions", "/tariffs", "/cdrs", "/invoices", "/analytics", "/tokens",
                   "/partners", "/campaigns", "/messages", "/settings", "/settings?tab=people", "/settings?tab=alarms", "/settings?tab=company",
                   "/prices", f"/prices/{policy['id']}", "/prices/new", "/reports", "/reports?rule=uk_2023", "/reports?tab=downtimes", "/energy",
                   "/energy?tab=carbon", "/energy?tab=grid&area=NL", "/effect", "/roaming?tab=invoices"]:
        await page.goto(house.url + screen)
        await page.get_by_role("heading", level=1).wait_for()
        await page.wait_for_timeout(100)
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if wide > 0:
            flaws.append(f"{screen}: {wide} px wider than the window")
        text = await page.locator("main").inner_text()
        flaws += [f"{screen}: {key}" for key in re.findall(r"\b(?:settings|bulk|station|limits|jobs|people|alarms|invoices|col|prices|reports|energy|effect|series|wish|footprint|signal|surplus|statuses|downtime|cause)\.[a-z_.]+\b", text)]
    await page.goto(f"{house.url}/sites/{house.site}/load")
    await expect(page.locator("main")).to_contain_text(why)
    await page.goto(house.url + "/stations")
    await expect(page.get_by_role("heading", level=1)).to_have_text(stations_)
    assert not flaws, "\n".join(flaws)
    await context.close()


async def test_a_stations_network_is_chosen_and_left_again(house, stations, window):
    await stations(known(house, "CP-1"))
    await house.api.patch("/stations/CP-1", {"quirks": {"network": {"fallbacks": [1]}}})
    page = await (await window(house)).log_in()

    async def choose(interface, slot):
        await page.goto(f"{house.url}/stations/CP-1?tab=setup")
        form = page.locator("form", has=page.locator("[name=network_interface]"))
        await form.locator("[name=network_interface]").select_option(interface)
        await form.locator("[name=network_slot]").fill(slot)
        await form.get_by_role("button", name="Save").click()

        async def kept():
            network = (await house.api.get("/stations/CP-1"))["quirks"].get("network")
            return network == {k: v for k, v in [
                ("interface", interface or None), ("slot", int(slot) if slot else None), ("fallbacks", [1])] if v is not None}

        await until(kept, what="the station's network is kept")

    await choose("wireless0", "2")
    # What only the API can say stays.
    await choose("", "")


async def test_a_connectors_tariff_is_changed_and_nothing_else(house, stations, window):
    number = await tariff(house)
    await stations(known(house, "CP-1"))
    rare = {"standard": "NEMA_5_20", "power_type": "AC_2_PHASE_SPLIT", "format": "SOCKET", "max_voltage": 120, "max_amperage": 16}
    await house.api.patch("/stations/CP-1/evses/1", {"connectors": [{"number": 1, **rare}]})
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/stations/CP-1?tab=setup")
    await page.get_by_role("row").filter(has_text="NEMA 5-20").click()
    form = page.get_by_role("dialog")
    # A word that the page does not know stays what it is: as if the daemon were newer than the page.
    await form.locator("[name=format]").evaluate("(select) => { select.value = 'SOCKET'; }")
    await form.locator("[name=tariff]").select_option(str(number))
    await form.get_by_role("button", name="Save").click()
    await expect(form).to_have_count(0)
    (connector,) = (await house.api.get("/stations/CP-1"))["evses"][0]["connectors"]
    assert {key: connector[key] for key in rare} == rare and connector["tariff"]["id"] == number


async def test_a_key_is_made_by_whoever_knows_their_own_password(house, window):
    view = await window(house)
    page = await view.log_in()
    await page.goto(f"{house.url}/settings?tab=people")
    await page.get_by_role("button", name="Make a key").click()
    form = page.get_by_role("dialog")
    await form.locator("[name=name]").fill("ci")
    own = form.get_by_label("Your own password")
    await own.fill("not mine at all")
    await form.locator("button[type=submit]").click()
    await expect(form.locator(".trouble")).to_contain_text("password is wrong")
    view.trouble = [line for line in view.trouble if "status of 422" not in line]
    await own.fill(OWNER["password"])
    await form.locator("button[type=submit]").click()
    await expect(page.get_by_role("dialog").locator("code")).to_contain_text("ostler_")


async def test_a_token_is_for_alternating_current_only(house, stations, window):
    page = await (await window(house)).log_in()

    async def choose(way, expected):
        await page.goto(f"{house.url}/tokens")
        await page.get_by_text(TAG, exact=True).first.click()
        dialog = page.get_by_role("dialog")
        await dialog.locator("[name=energy_transfers]").select_option(way)
        await dialog.get_by_role("button", name="Save").click()

        async def kept():
            return (await house.api.items("/tokens"))[0]["energy_transfers"] == expected

        await until(kept, what="the token's ways are kept")

    await choose("ac", ["ac_one_phase", "ac_two_phases", "ac_three_phases"])
    await choose("", None)


async def test_a_token_has_its_drivers_wish(house, stations, window):
    page = await (await window(house)).log_in()
    for wish, expected in (("GREEN", "GREEN"), ("", None)):
        await page.goto(f"{house.url}/tokens")
        await page.get_by_text(TAG, exact=True).first.click()
        dialog = page.get_by_role("dialog")
        await dialog.locator("[name=preference]").select_option(wish)
        await dialog.locator("[name=sessions_at_once]").fill("2" if wish else "")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_have_count(0)
        token = (await house.api.items("/tokens"))[0]
        assert (token["preference"], token["sessions_at_once"]) == (expected, 2 if wish else None)


async def test_a_newcomer_is_led_until_sessions_are_paid(house, stations, window):
    """The steps stay after the first session, which was free, are ticked by what happens, and say what is missing."""
    await house.api.patch(f"/locations/{house.site}", {"published": False})
    station = await stations(known(house, "CP-1", location=house.site))
    await station.begin(TAG, meter=0)
    view = await window(house)
    page = await view.log_in()
    steps = page.get_by_role("region", name="The way to sessions that are paid")
    await expect(steps.get_by_role("heading", name="Set a price")).to_be_visible()
    await expect(steps.get_by_role("link", name="Add a tariff")).to_be_visible()
    await expect(steps.get_by_role("link", name="Go to Settings, Company")).to_be_visible()
    assert await axe(page, "the first steps") == []
    number = await tariff(house)
    await expect(steps).to_contain_text("2 connectors have no tariff: sessions there are free.")
    await fit(house, "CP-1", number)
    await expect(steps.get_by_role("heading", name="Set a price (done)")).to_have_count(1)
    await house.api.patch(f"/locations/{house.site}", {"published": True})
    await expect(steps.get_by_role("heading", name="Say where your site is (done)")).to_have_count(1)
    # Who bills nobody has seen enough.
    await steps.get_by_role("button", name="Do not show this again").click()
    await expect(steps).to_be_hidden()
    await page.reload()
    await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    await expect(steps).to_have_count(0)
    # And who does is done once the company has a name.
    await page.evaluate("localStorage.removeItem('ostler.steps')")
    await page.reload()
    await expect(steps).to_be_visible()
    await house.api.put("/company", {"name": "Ostler BV", "address": "Markt 1"})
    await page.reload()
    await expect(page.get_by_role("heading", name="Needs you")).to_be_visible()
    await expect(steps).to_have_count(0)


async def test_many_stations_are_told_one_thing_by_keyboard(house, stations, window):
    """What each said stands beside it, also of those that say no or are away; the run is found again."""
    fleet = [await stations(known(house, f"CP-{number}")) for number in range(1, 5)]
    fleet[2].refuses.add("TriggerMessage")
    await fleet[3].close()
    view = await window(house)
    page = await view.log_in()
    await page.goto(f"{house.url}/stations")
    await page.get_by_role("row").filter(has_text="CP-4").filter(has_text="Offline").wait_for()
    bar = page.get_by_role("region", name="Selected stations")
    await expect(bar).to_be_hidden()
    for _ in fleet:
        await page.keyboard.press("j")
        await page.keyboard.press("x")
    await expect(bar).to_contain_text("4 stations")
    await page.keyboard.press("x")
    await page.keyboard.press("x")
    await bar.get_by_role("button", name="Ask for a message").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Message", exact=True).select_option("heartbeat")
    dialog = page.get_by_role("dialog")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    for station, said in (("CP-1", "Accepted"), ("CP-2", "Accepted"), ("CP-3", "Rejected"), ("CP-4", "Failed")):
        await expect(dialog.get_by_role("row").filter(has_text=station)).to_contain_text(said)
    await expect(dialog).to_contain_text("4 of 4 done")
    assert await axe(page, "a run over many stations") == []
    assert [action for action, _ in fleet[0].commands].count("TriggerMessage") == 1
    await page.keyboard.press("Escape")
    await expect(bar.get_by_role("button", name="4 of 4 done")).to_be_focused()
    await page.get_by_role("link", name="Sites").click()
    await page.get_by_role("link", name="Stations", exact=False).first.click()
    await bar.get_by_role("button", name="4 of 4 done").click()
    await expect(dialog.get_by_role("row").filter(has_text="CP-3")).to_contain_text("Rejected")
    # Those that did not do it are asked again, by a run of its own.
    fleet[2].refuses.clear()
    await dialog.get_by_role("button", name="Again for those").click()
    await expect(dialog).to_contain_text("2 of 2 done")
    await expect(dialog.get_by_role("row").filter(has_text="CP-3")).to_contain_text("Accepted")
    await dialog.locator("[name=state]").select_option("failed")
    await expect(dialog.get_by_role("row").filter(has_text="CP-3")).to_have_count(0)
    await expect(dialog.get_by_role("row").filter(has_text="CP-4")).to_have_count(1)


async def test_a_run_goes_on_when_its_tab_is_closed_and_is_found_again(house, stations, window):
    fleet = [await stations(known(house, f"CP-{number:02}")) for number in range(1, 14)]
    # These hold all places of a run until they are let go.
    for station in fleet[:10]:
        await station.mute()
    view = await window(house)
    page = await view.log_in()
    await page.goto(f"{house.url}/stations")
    await page.get_by_role("checkbox", name="Select all").check()
    await page.get_by_role("button", name="Reset…").click()
    await page.get_by_role("dialog").locator("[name=typed]").fill("13")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("0 of 13 done")
    await page.close()
    page = await view.context.new_page()
    view.watch(page)
    await page.goto(f"{house.url}/stations")
    await page.get_by_role("button", name="0 of 13 done").click()
    await page.get_by_role("dialog").get_by_role("link", name="Show this run alone").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Reset: 13 stations")
    for station in fleet[:10]:
        await station.close()
    # Live, without a reload: those that went away failed, and the others had their turn.
    await expect(page.locator("main")).to_contain_text("13 of 13 done")
    await expect(page.get_by_role("row").filter(has_text="CP-01")).to_contain_text("Failed")
    await expect(page.get_by_role("row").filter(has_text="CP-13")).to_contain_text("Accepted")
    assert [action for action, _ in fleet[12].commands].count("Reset") == 1
    await page.goto(f"{house.url}/campaigns")
    line = page.get_by_role("table", name="What was done at many stations").get_by_role("row").filter(has_text="Reset")
    await expect(line).to_contain_text("13 of 13")
    await line.get_by_role("link").first.click()
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        assert await axe(page, f"a run, {scheme}") == []
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await axe(page, "a run on a phone") == []


async def test_stations_are_moved_together_and_back_again(house, stations, window):
    other = (await house.api.post("/locations", {**SITE, "ref": "SITE-2", "name": "Harbour"}))["id"]
    for number in (1, 2):
        await stations(known(house, f"CP-{number}", location=house.site))
    page = await (await window(house)).log_in()

    async def at(*sites):
        async def there():
            return [s["location"]["id"] for s in await house.api.items("/stations")] == list(sites)
        await until(there, what=f"the stations are at {sites}")

    await page.goto(f"{house.url}/stations")
    await page.get_by_role("checkbox", name="Select all").check()
    await page.get_by_role("button", name="Move to a site").click()
    dialog = page.get_by_role("dialog")
    await dialog.locator("[name=site]").select_option(str(other))
    await dialog.get_by_role("button", name="Move to a site").click()
    await at(other, other)
    await dialog.get_by_role("button", name="Move them back").click()
    await at(house.site, house.site)


async def test_the_house_is_looked_over_and_a_text_for_helpers_is_copied(house, window):
    view = await window(house)
    await view.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await view.log_in()
    await page.goto(f"{house.url}/settings?tab=checkup")
    await expect(page.get_by_role("row").filter(has_text="books")).to_contain_text("every page is whole", timeout=30_000)
    await expect(page.get_by_role("row").filter(has_text="last backup")).to_contain_text("ostler backup FILE")
    assert await axe(page, "diagnostics") == []
    await page.get_by_role("button", name="Copy support text").click()
    await expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    text = await page.evaluate("navigator.clipboard.readText()")
    assert "== doctor ==" in text and "== settings ==" in text and house.key not in text


async def test_a_second_factor_is_set_up_and_asked_for(house, window):
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/settings")
    await page.get_by_role("button", name="Set up an authenticator").click()
    await page.get_by_text("Or type the secret").click()
    secret = await page.locator("dialog .copy code").first.inner_text()
    await page.get_by_label("Code", exact=True).fill(totp(secret, 0))
    await page.get_by_role("button", name="Confirm").click()
    codes = (await page.get_by_role("dialog", name="Recovery codes").locator(".copy code").inner_text()).split()
    assert len(codes) == 10
    await page.get_by_role("button", name="I kept it").click()
    await expect(page.get_by_text("10 recovery codes are left")).to_be_visible()
    second = await (await window(house)).go("/")
    await second.get_by_label("Name").fill(OWNER["name"])
    await second.get_by_label("Password").fill(OWNER["password"])
    await second.keyboard.press("Enter")
    await expect(second.get_by_text("Type the code that your authenticator shows now.", exact=True)).to_be_visible()
    await second.get_by_label("Code of the authenticator").fill(codes[0])
    await second.keyboard.press("Enter")
    await expect(second.get_by_role("heading", level=1)).to_have_text("Overview")


def totp(secret, ahead):
    """RFC 6238 by Python alone."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + ahead), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start:start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


async def test_whoever_may_less_sees_less(house, stations, window):
    """The page offers a role what it may do, and the daemon keeps to it whatever the page offers."""
    await stations(priced(house, "CP-1", await tariff(house)))
    made = await house.api.post("/users", {"name": "vera", "role": "viewer"})
    view = await window(house)
    page = await view.go("/")
    await page.get_by_label("Name").fill("vera")
    await page.get_by_label("Password").fill(made["password"])
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await page.goto(f"{house.url}/stations/CP-1")
    await expect(page.get_by_role("heading", level=1)).to_have_text("CP-1")
    assert await page.get_by_role("button", name="Start a session", exact=False).count() == 0
    assert await page.get_by_role("link", name="Set-up").count() == 0
    await page.goto(f"{house.url}/settings")
    assert await page.get_by_role("link", name="People & keys").count() == 0
    status = await page.evaluate("fetch('/api/v1/users').then((answer) => answer.status)")
    assert status == 403


HOSTILE = "<img src=x onerror=window.hit=1>\u202egnp.exe"


async def test_hostile_texts_are_texts_on_the_new_screens(house, stations, window):
    """What stations and people write comes back as text, with marks that turn its direction spelt out."""
    await stations(priced(house, "CP-1", await tariff(house)))
    await house.api.post("/setting-templates", {"name": HOSTILE, "settings": {HOSTILE: HOSTILE}})
    await house.api.put("/company", {"name": HOSTILE.replace("\u202e", ""), "address": HOSTILE})
    await house.api.post("/users", {"name": "<b>bert</b>", "role": "viewer"})
    await house.api.post("/webhooks", {"name": HOSTILE[:60], "url": "https://x.example/<script>"})
    page = await (await window(house)).log_in()
    rules = {**RULES, "name": HOSTILE}
    policy = await house.api.post("/price-policies", {"tariff": (await house.api.items("/tariffs"))[0]["id"], "policy": rules})
    await house.api.post("/downtimes", {"station": "CP-1", "begins_at": "2026-11-01T00:00:00Z", "cause": "other", "note": HOSTILE})
    for screen in ("/prices", f"/prices/{policy['id']}", "/reports?tab=downtimes", "/reports", "/campaigns", "/settings?tab=people",
                   "/settings?tab=alarms", "/settings?tab=company", "/stations/CP-1?tab=duties"):
        await page.goto(house.url + screen)
        await page.wait_for_timeout(300)
        assert not await page.evaluate("window.hit")
        assert await page.locator("main img").count() == 0
    await page.goto(f"{house.url}/campaigns")
    await expect(page.get_by_text("\\u202egnp.exe").first).to_be_visible()


async def test_any_command_goes_from_the_page(house, stations, window):
    """Also one that has no place of its own: its fields are those of the served document."""
    station = await stations(known(house, "CP-1", location=house.site))
    page = await (await window(house)).log_in()
    await page.goto(f"{house.url}/stations/CP-1?tab=device")
    await page.get_by_role("button", name="Choose…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Command").select_option("data-transfer")
    await dialog.get_by_role("button", name="Choose").click()
    await dialog.get_by_label("vendor").fill("com.acme")
    await dialog.get_by_label("Type CP-1 to go on").fill("CP-1")
    await dialog.get_by_role("button", name="Call", exact=True).click()
    await until(lambda: any(action == "DataTransfer" for action, _ in station.commands), 10, what="the station hears it")
