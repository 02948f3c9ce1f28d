"""OCPI 2.1.1 as a charge point operator, against an eMSP that is written by its text."""

import asyncio

import pytest_asyncio

from charging import priced, tariff
from house import BINARY, until
from partners import EMSP, header, stamp
from stations import later, now


@pytest_asyncio.fixture
async def partner(partners):
    return await partners(EMSP(version="2.1.1"))


async def test_a_partner_registers_and_finds_endpoints_without_sides(house, partner):
    ours = await partner.join(house)
    assert ours == {
        "token": partner.ours, "url": house.versions_url, "business_details": {"name": "Ostler"}, "party_id": "OST",
        "country_code": "NL"}
    details = (await partner.ask("GET", house.versions_url.replace("versions", "2.1.1"))).data
    assert {e["identifier"] for e in details["endpoints"]} == {
        "credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands"}
    assert all(set(e) == {"identifier", "url"} for e in details["endpoints"])
    found = await house.api.get(f"/partners/{partner.number}")
    assert found["version"] == "2.1.1" and [(r["party_id"], r["role"]) for r in found["roles"]] == [("EMP", "EMSP")]
    # Our token stands in the header as it is.
    await until(lambda: partner.told("locations", "PUT"), what="the location is pushed")
    assert partner.told("locations")[0].headers["authorization"] == header(partner.token, "2.1.1")
    assert partner.told("locations")[0].place == ["NL", "OST", "SITE-1"]


async def test_we_register_with_a_partner(house, partner):
    found = await partner.invite(house)
    assert found["state"] == "registered" and found["version"] == "2.1.1"
    assert (await partner.module("GET", "locations")).code == 1000
    await until(lambda: partner.told("locations", "PUT"), what="the location is pushed")


async def test_lists_are_walked_and_judged(house, stations, partner):
    await priced(house, "CP-1", await tariff(house))
    await partner.join(house)
    found, _ = await partner.walk("locations", "Location", limit=1)
    assert [x["id"] for x in found] == ["SITE-1"] and found[0]["type"] == "UNKNOWN"
    connector = found[0]["evses"][0]["connectors"][0]
    assert connector["voltage"] == 230 and connector["tariff_id"] == "EVENING"
    tariffs, _ = await partner.walk("tariffs", "Tariff")
    assert tariffs[0]["elements"][0]["price_components"] == [{"type": "ENERGY", "price": tariffs[0]["elements"][0]["price_components"][0]["price"], "step_size": 100}]
    assert (await partner.module("GET", "locations", "SITE-1")).data == found[0]
    assert (await partner.module("GET", "sessions")).code == 2001
    assert (await partner.module("GET", "locations", "NOWHERE")).status == 404
    assert (await partner.ask("GET", house.versions_url.replace("versions", "2.1.1/chargingprofiles/1"))).status == 404


async def test_tokens_are_kept_changed_and_asked_about(house, stations, partner):
    await partner.join(house)
    token = partner.driver("EMP-0001")
    assert (await partner.give(token)).status == 201
    assert (await partner.module("GET", "tokens", "DE/EMP/EMP-0001")).data == token
    answer = await partner.module("PATCH", "tokens", "DE/EMP/EMP-0001", {"valid": False})
    assert (answer.status, answer.code) == (200, 1000)
    assert (await partner.module("GET", "tokens", "DE/EMP/EMP-0001")).data["valid"] is False
    assert (await partner.module("GET", "tokens", "FR/XXX/EMP-0001")).code == 2001
    # One that wants to be asked is asked, and its word is enough.
    await partner.give(partner.driver("EMP-0002", whitelist="NEVER"))
    station = await stations(priced(house, "CP-1", await tariff(house)))
    assert (await station.authorize("EMP-0002"))["status"] == "Accepted"
    partner.authorizations["emp-0002"] = "BLOCKED"
    assert (await station.authorize("EMP-0002"))["status"] == "Blocked"


async def test_start_stop_and_reserve_by_the_partner(house, stations, partner):
    await partner.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    token = partner.driver("EMP-0001")
    answer, uid = await partner.command("START_SESSION", token=token, location_id="SITE-1", evse_uid=station.evses[1])
    assert answer.data == {"result": "ACCEPTED"}
    await until(lambda: partner.results(uid) == ["ACCEPTED"], what="the late result")
    await until(lambda: partner.session() and partner.session()[-1]["status"] == "ACTIVE", what="the session")
    id_ = partner.session()[-1]["id"]
    answer, stop = await partner.command("STOP_SESSION", session_id=id_)
    assert answer.data == {"result": "ACCEPTED"}
    await until(lambda: partner.results(stop) == ["ACCEPTED"], what="the late result of the stop")
    cdr = (await until(lambda: partner.cdrs(), what="the CDR"))[0]
    assert cdr["auth_id"] == token["auth_id"] and cdr["location"]["evses"][0]["uid"] == station.evses[1]
    # The station of these tests knows no reservations: it says so, and the partner hears it.
    answer, uid = await partner.command(
        "RESERVE_NOW", token=token, location_id="SITE-1", evse_uid=station.evses[2], reservation_id=7,
        expiry_date=stamp((now() + later(900)).timestamp()))
    assert answer.data == {"result": "ACCEPTED"}
    await until(lambda: partner.results(uid) in (["NOT_SUPPORTED"], ["REJECTED"]), what="the late result")
    answer, _ = await partner.command("CANCEL_RESERVATION", reservation_id=7)
    assert answer.data == {"result": "NOT_SUPPORTED"}


async def test_what_this_version_cannot_say_is_shown_to_the_operator(house, partner):
    await partner.join(house)
    number = (await house.api.items("/locations"))[0]["id"]
    await house.api.patch(f"/locations/{number}", {"state": "Zuid-Holland", "details": {
        "help_phone": "+31201234567", "facilities": ["CAFE", "TRAM_STOP"]}})

    async def noted():
        notes = {n["what"] for n in (await house.api.get(f"/partners/{partner.number}"))["notes"]}
        return {f"OCPI 2.1.1 cannot say {what} (locations)" for what in ("help_phone", "state", "facility TRAM_STOP")} <= notes

    await until(noted, what="the notes on the partner's page")
    await until(lambda: partner.newest("locations")["NL/OST/SITE-1"].get("facilities") == ["CAFE"], what="what it can say")


async def test_the_simulators_provider_has_session_and_bill(house, stations):
    station = await stations(priced(house, "CP-1", await tariff(house)))
    invitation = await house.api.post("/partners", {"name": "Sim", "quirks": {"allow_private": True}})
    process = await asyncio.create_subprocess_exec(
        BINARY, "sim", "partner", "--listen", "127.0.0.1:0", "--party", "DE*SIM", "--ocpi", "2.1.1", "--driver", "EMP-0001",
        "--register", invitation["versions_url"], f"--with={invitation['token']}", stdout=asyncio.subprocess.PIPE)
    said = []

    async def listen():
        async for line in process.stdout:
            said.append(line.decode())

    listening = asyncio.create_task(listen())
    try:
        async def known():
            return [token for token in await house.api.items("/tokens") if token["uid"] == "EMP-0001"]

        await until(known, 20, what="its token is told")
        begin = now() - later(3_600)
        assert (await station.begin("EMP-0001", meter=1_000, at=begin)).id_tag_info["status"] == "Accepted"
        await until(lambda: [line for line in said if "event=session" in line], 20, what="the session")
        await station.end(11_000, at=begin + later(3_600))
        bill = (await until(lambda: [line for line in said if "event=cdr " in line], 30, what="the bill"))[0]
        kept = (await house.api.items("/cdrs"))[0]
        assert f"id={kept['id']}" in bill and "currency=EUR" in bill
        found = await house.api.get(f"/partners/{invitation['partner']['id']}")
        assert (found["version"], found["roles"][0]["role"]) == ("2.1.1", "EMSP")
    finally:
        process.terminate()
        await process.wait()
        listening.cancel()
