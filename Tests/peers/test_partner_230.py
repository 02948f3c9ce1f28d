"""OCPI 2.3.0 as a charge point operator, against an eMSP that is written by its text; and what came with 2.2.1 beside
lists, tokens and commands."""

import asyncio

import pytest
import pytest_asyncio
from aiohttp import web

from charging import CONNECTOR, fit, priced, tariff
from conftest import SITE
from house import until
from partners import EMSP, stamp
from stations import later, now
from stations2 import Station201, known2

DETAILS = {
    "help_phone": "+31201234567", "facilities": ["CAFE", "TRAM_STOP"],
    "opening_times": {"regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}]},
    "images": [{"url": "https://img.example/a.png", "category": "CHARGER", "type": "png"}],
    "energy_mix": {"is_green_energy": True, "energy_sources": [{"source": "WIND", "percentage": 100}]},
    "parking_places": [{
        "id": "BAY-1", "vehicle_types": ["PERSONAL_VEHICLE", "DISABLED"], "restricted_to_type": False,
        "reservation_required": False}]}

# Requests about one session's profile that are taken in a minute.
PLANS_A_MINUTE = 10


@pytest_asyncio.fixture
async def partner(partners):
    return await partners(EMSP(version="2.3.0"))


async def test_places_say_all_that_the_operator_wrote(house, stations, partner):
    number = (await house.api.items("/locations"))[0]["id"]
    changed = await house.api.patch(f"/locations/{number}", {"always_open": False, "details": DETAILS})
    assert changed["details"] == DETAILS
    await priced(house, "CP-1", await tariff(house))
    await house.api.patch("/stations/CP-1/evses/1", {"details": {
        "floor_level": "-1", "capabilities": ["REMOTE_START_STOP_CAPABLE", "RESERVABLE"],
        "parking": [{"parking_id": "BAY-1", "evse_position": "LEFT"}]}})
    await partner.join(house)
    site = (await partner.walk("locations", "Location"))[0][0]
    assert site["help_phone"] == "+31201234567" and site["parking_places"][0]["id"] == "BAY-1"
    assert site["opening_times"] == {"twentyfourseven": False, **DETAILS["opening_times"]}
    assert site["evses"][0]["parking"] == [{"parking_id": "BAY-1", "evse_position": "LEFT"}]
    assert site["evses"][0]["capabilities"] == ["REMOTE_START_STOP_CAPABLE", "RESERVABLE"]
    shown = (await partner.walk("tariffs", "Tariff"))[0][0]
    assert shown["tax_included"] == "NO"
    # A name that nobody knows is a mistake of whoever wrote it.
    for wrong in ({"fasilities": []}, {"facilities": ["PUB"]}, {"opening_times": {"regular_hours": [
            {"weekday": 1, "period_begin": "20:00", "period_end": "08:00"}]}}):
        with pytest.raises(Exception, match="details"):
            await house.api.patch(f"/locations/{number}", {"details": wrong})


async def test_an_evse_that_goes_is_removed_and_never_comes_back(house, stations, partner):
    await priced(house, "CP-1", await tariff(house))
    await partner.join(house)
    before = (await partner.module("GET", "locations", "SITE-1")).data
    await house.api.delete("/stations/CP-1")
    uids = [e["uid"] for e in before["evses"]]

    def gone():
        told = [s for s in partner.told("locations", "PUT") if len(s.place) == 4]
        return {s.place[3] for s in told if s.json["status"] == "REMOVED"} == set(uids)

    await until(gone, what="both EVSEs are told as REMOVED")
    after = (await partner.module("GET", "locations", "SITE-1")).data
    assert [(e["uid"], e["status"]) for e in after["evses"]] == [(uid, "REMOVED") for uid in uids]
    assert after["last_updated"] >= before["last_updated"]


async def test_a_partner_sees_what_it_may_see(house, partners):
    await house.api.post("/locations", {**SITE, "ref": "SITE-2", "name": "Back yard"})
    one, two = await partners(EMSP("One", "ONE", "2.3.0")), await partners(EMSP("Two", "TWO"))
    await one.join(house)
    await two.join(house)
    await house.api.patch(f"/partners/{one.number}", {"publishing": {"hidden_locations": ["SITE-2"]}})
    assert [x["id"] for x in (await one.walk("locations", "Location"))[0]] == ["SITE-1"]
    assert (await one.module("GET", "locations", "SITE-2")).status == 404
    assert len((await two.walk("locations", "Location"))[0]) == 2
    await until(
        lambda: one.newest("locations").get("NL/OST/SITE-2", {"publish": False})["publish"] is False, what="it is taken back")


async def test_reservations_of_a_partner(house, stations, partner):
    await partner.join(house)
    station = await stations(known2(Station201, house, "CP-1", location=house.site))
    await fit(house, "CP-1", await tariff(house))
    uid = (await house.api.get("/stations/CP-1"))["evses"][0]["uid"]
    held = []
    station.route_map["ReserveNow"] = {"_on_action": lambda **what: held.append(what) or station.hears.ReserveNow(status="Accepted")}
    station.route_map["CancelReservation"] = {"_on_action": lambda **what: held.append(what) or station.hears.CancelReservation(status="Accepted")}
    token = partner.driver("EMP-0001")
    answer, result = await partner.command(
        "RESERVE_NOW", token=token, location_id="SITE-1", evse_uid=uid, reservation_id="R-1",
        expiry_date=stamp((now() + later(900)).timestamp()))
    assert answer.data["result"] == "ACCEPTED"
    await until(lambda: partner.results(result) == ["ACCEPTED"], what="the late result")
    assert held[0]["evse_id"] == 1 and held[0]["id_token"]["id_token"] == "EMP-0001"
    answer, result = await partner.command("CANCEL_RESERVATION", reservation_id="R-1")
    assert answer.data["result"] == "ACCEPTED"
    await until(lambda: partner.results(result) == ["ACCEPTED"], what="the late result")
    assert len(held) == 2
    answer, result = await partner.command("CANCEL_RESERVATION", reservation_id="R-9")
    await until(lambda: partner.results(result) == ["UNKNOWN_RESERVATION"], what="the late result")


async def test_preferences_and_hub_clients_and_payments(house, stations, partner):
    await partner.join(house)
    await partner.give(partner.driver("EMP-0001"))
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("EMP-0001", at=now() - later(60))
    session = (await until(lambda: partner.session(), what="the session"))[-1]["id"]
    prefer = f"{session}/charging_preferences"
    assert (await partner.module("PUT", "sessions", prefer, {"profile_type": "FAST"})).data == "NOT_POSSIBLE"
    await house.api.patch("/stations/CP-1/evses/1", {"details": {"capabilities": ["CHARGING_PREFERENCES_CAPABLE"]}})
    assert (await partner.module("PUT", "sessions", prefer, {"profile_type": "CHEAP"})).data == "DEPARTURE_REQUIRED"
    assert (await partner.module("PUT", "sessions", prefer, {"profile_type": "FAST"})).data == "ACCEPTED"
    assert (await partner.module("PUT", "sessions", "nobody/charging_preferences", {"profile_type": "FAST"})).status == 404
    client = {"country_code": "DE", "party_id": "XYZ", "role": "EMSP", "status": "CONNECTED", "last_updated": stamp()}
    assert (await partner.module("PUT", "hubclientinfo", "DE/XYZ", client)).status == 201
    assert (await partner.module("GET", "hubclientinfo", "DE/XYZ")).data == client
    assert (await partner.module("GET", "hubclientinfo", "DE/NOT")).status == 404
    terminal = {"terminal_id": "T-1", "location_ids": ["SITE-1"], "last_updated": stamp()}
    assert (await partner.module("POST", "payments", "terminals", terminal)).status == 201
    assert (await partner.module("GET", "payments", "terminals/T-1")).data == terminal
    advice = {
        "id": "F-1", "authorization_reference": "PAY-1", "total_costs": {"before_taxes": 10}, "currency": "EUR",
        "eft_data": ["VISA"], "capture_status_code": "SUCCESS", "last_updated": stamp()}
    assert (await partner.module("POST", "payments", "financial-advice-confirmations", advice)).status == 201
    assert (await partner.module("GET", "payments", "financial-advice-confirmations/F-1")).data == advice


def by_preference(kind, price):
    return {
        "id": kind, "currency": "EUR", "type": f"PROFILE_{kind}",
        "elements": [{"price_components": [{"type": "ENERGY", "price": price, "step_size": 1}]}]}


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_preference_chooses_what_a_session_costs(house, stations, partners, version):
    partner = await partners(EMSP(version=version))
    await partner.join(house)
    await partner.give(partner.driver("EMP-0001"))
    await partner.give(partner.driver("EMP-0002", default_profile_type="CHEAP"))
    kept = await partner.module("GET", "tokens", "DE/EMP/EMP-0002")
    assert kept.data["default_profile_type"] == "CHEAP"
    usual = await tariff(house)
    more = [await tariff(house, by_preference(kind, price)) for kind, price in (("FAST", 1), ("CHEAP", 0.1))]

    async def stand(name):
        station = await stations(priced(house, name, usual))
        await house.api.patch(f"/stations/{name}/evses/1", {
            "details": {"capabilities": ["CHARGING_PREFERENCES_CAPABLE"]},
            "connectors": [{**CONNECTOR, "tariff": usual, "more_tariffs": more}]})
        return station

    station = await stand("CP-0")
    listed = {t["id"]: t.get("type") for t in (await partner.walk("tariffs", "Tariff"))[0]}
    assert (listed["FAST"], listed["CHEAP"]) == ("PROFILE_FAST", "PROFILE_CHEAP")
    site = (await partner.walk("locations", "Location"))[0][0]
    offered = next(e for e in site["evses"] if e["uid"] == station.evses[1])["connectors"][0]["tariff_ids"]
    assert set(offered) == {"EVENING", "FAST", "CHEAP"}

    async def billed(driver, preference, wanted, cost):
        station = await stand(f"CP-{1 + len(partner.cdrs())}")
        count, known = len(partner.cdrs()), {s["id"] for s in partner.session()}
        await station.begin(driver, meter=0, at=now() - later(600))
        session = (await until(lambda: {s["id"] for s in partner.session()} - known, what="the session")).pop()
        if preference:
            answer = await partner.module("PUT", "sessions", f"{session}/charging_preferences", preference)
            assert answer.data == "ACCEPTED"
        await station.end(2_000)
        await until(lambda: len(partner.cdrs()) > count, what="the CDR")
        bill = partner.cdrs()[-1]
        assert [(t["id"], t["type"]) for t in bill["tariffs"]] == [(wanted, listed[wanted])]
        assert {p["tariff_id"] for p in bill["charging_periods"]} == {wanted}
        total = bill["total_cost"]
        assert cost is None or float(total.get("before_taxes", total.get("excl_vat"))) == cost

    await billed("EMP-0001", None, "EVENING", None)
    await billed("EMP-0001", {"profile_type": "FAST"}, "FAST", 2)
    await billed("EMP-0002", None, "CHEAP", 0.2)
    await billed("EMP-0002", {"profile_type": "REGULAR"}, "EVENING", None)
    assert partner.judgement() == []


async def test_plans_of_a_partner_reach_the_station(house, stations, partner):
    await partner.join(house)
    await partner.give(partner.driver("EMP-0001"))
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("EMP-0001", at=now() - later(60))
    session = (await until(lambda: partner.session(), what="the session"))[-1]["id"]
    url = f"{partner.url}/ocpi/emsp/2.3.0/chargingprofiles/result"
    plan = {
        "response_url": url,
        "charging_profile": {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 7400}]}}
    answer = await partner.module("PUT", "chargingprofiles", session, plan)
    assert answer.data["result"] == "ACCEPTED"
    # The station of these tests takes no profiles, and the partner hears that.
    await until(lambda: [s.json["result"] for s in partner.told("chargingprofiles", "POST")], what="the late result")
    assert partner.told("chargingprofiles", "POST")[0].json["result"] == "REJECTED"
    answer = await partner.module("PUT", "chargingprofiles", "nobody", plan)
    assert answer.data["result"] == "UNKNOWN_SESSION"
    answer = await partner.module("PUT", "chargingprofiles", session, {**plan, "response_url": "http://192.0.2.1/"})
    assert answer.data["result"] in ("REJECTED", "ACCEPTED")
    await asyncio.sleep(0.1)


async def test_a_partner_that_plans_all_the_time_is_slowed_down(house, stations, partner):
    await partner.join(house)
    await partner.give(partner.driver("EMP-0001"))
    station = await stations(priced(house, "CP-1", await tariff(house)))
    sessions = []
    for connector in (1, 2):
        await station.begin("EMP-0001", connector=connector, at=now() - later(60))
        await until(lambda: len(partner.newest("sessions")) == connector, what="the session")
        sessions += [state["id"] for state in partner.newest("sessions").values() if state["id"] not in sessions]
    url = f"{partner.url}/ocpi/emsp/2.3.0/chargingprofiles/result"

    def results():
        return [s.json["result"] for s in partner.told("chargingprofiles", "POST")]

    async def clear(session):
        answer = await partner.module("DELETE", "chargingprofiles", session, response_url=url)
        assert (answer.status, answer.code) == (200, 1000), answer.envelope
        partner.flaws += partner.judge("ChargingProfileResponse", answer.data)
        return answer.data["result"]

    asked = 0
    while (said := await clear(sessions[0])) == "ACCEPTED":
        asked += 1
        assert asked <= PLANS_A_MINUTE, "nobody is slowed down"
    assert (said, asked) == ("TOO_OFTEN", PLANS_A_MINUTE)
    # Nor is it asked for in another way; another session of the partner has a count of its own.
    plan = {
        "response_url": url,
        "charging_profile": {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 7400}]}}
    assert (await partner.module("PUT", "chargingprofiles", sessions[0], plan)).data["result"] == "TOO_OFTEN"
    shown = await partner.module("GET", "chargingprofiles", sessions[0], duration=900, response_url=url)
    assert shown.data["result"] == "TOO_OFTEN"
    assert await clear(sessions[1]) == "ACCEPTED"
    # What was taken has its result, once; what was refused has none, and the station never heard of it.
    await until(lambda: len(results()) == PLANS_A_MINUTE + 1, what="the late results")
    await asyncio.sleep(0.3)
    assert results() == ["UNKNOWN"] * (PLANS_A_MINUTE + 1)
    assert partner.judgement() == []


class Both(EMSP):
    """Speaks two versions: the one whose details were read last."""

    async def start(self):
        app = web.Application(client_max_size=4 << 20, middlewares=[self._receive])
        app.router.add_get("/ocpi/versions", self._versions)
        for version in ("2.2.1", "2.3.0"):
            app.router.add_get(f"/ocpi/{version}", self._details)
            app.router.add_route("*", f"/ocpi/emsp/{version}/{{module}}{{rest:.*}}", self._module)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        return self

    async def _versions(self, request):
        return self.envelope([{"version": v, "url": f"{self.url}/ocpi/{v}"} for v in ("2.2.1", "2.3.0")])

    async def _details(self, request):
        self.version = request.path.split("/")[2]
        return await super()._details(request)


async def test_a_partner_goes_to_another_version_and_back(house, stations, partners):
    partner = await partners(Both(version="2.3.0"))
    await partner.invite(house)
    await partner.give(partner.driver("EMP-0001"))
    station = await stations(priced(house, "CP-1", await tariff(house)))
    old = partner.ours
    for wanted, spoken, kwh in (("2.2.1", "2.2.1", 1), (None, "2.3.0", 2)):
        changed = await house.api.patch(f"/partners/{partner.number}", {"version": wanted})
        assert (changed["state"], changed["version"], partner.version) == ("registered", spoken, spoken)
        # New credentials were made with it; with their first use what was before is worth nothing.
        assert partner.ours != old and partner.told("credentials", "PUT")
        await partner.explore(house.versions_url, partner.ours)
        assert (await partner.ask("GET", house.versions_url, token=old)).status == 401
        old = partner.ours
        assert (await partner.module("GET", "locations")).code == 1000
        # A session and its CDR arrive in the words of that version; `judgement` reads each by the version that it came in.
        count = len(partner.cdrs())
        # Two that say the same of their beginning, to the second, would be one session told twice.
        await station.begin("EMP-0001", meter=0, at=now() - later(600 * kwh))
        await station.end(kwh * 1_000)
        await until(lambda: len(partner.cdrs()) > count, what="the CDR")
        bill = partner.told("cdrs", "POST")[-1]
        assert (bill.version, float(bill.json["total_energy"])) == (spoken, kwh)
    assert len({cdr["id"] for cdr in partner.cdrs()}) == len(partner.cdrs()) == 2
    assert partner.judgement() == []


async def test_the_version_is_changed_by_the_operator(house, partners):
    class Unfinished(EMSP):
        """Speaks two versions; which one is asked of it is seen in the address."""

        async def _versions(self, request):
            return self.envelope([{"version": v, "url": f"{self.url}/ocpi/{v}"} for v in ("2.2.1", "2.3.0")])

        async def start(self):
            await super().start()
            return self

    partner = await partners(Unfinished(version="2.3.0"))
    await partner.invite(house)
    assert (await house.api.get(f"/partners/{partner.number}"))["version"] == "2.3.0"
    with pytest.raises(Exception, match="details|409|conflict"):
        await house.api.patch(f"/partners/{partner.number}", {"version": "2.2.1"})
    # What could not be changed still works as before.
    assert (await house.api.get(f"/partners/{partner.number}"))["version"] == "2.3.0"
    assert (await partner.module("GET", "locations")).code == 1000
