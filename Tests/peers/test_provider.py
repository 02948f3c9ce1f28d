"""OCPI as the provider of drivers, against an operator of stations that nobody here wrote (PyPI `extrawest-ocpi`), one
written by the text, and the simulator's in three versions with its moods. What Ostler sends is judged by the catalogue."""

import asyncio
import json
import time
from datetime import datetime, timedelta, timezone

import pytest
import pytest_asyncio

from house import BINARY, Refused, until
from operators import CPO, PyCPO
from partners import SEEN, parse, stamp

DRIVERS = {"country_code": "NL", "party_id": "DRV", "role": "EMSP", "business_name": "Ostler Drivers"}
CARD = "04A1B2C3D4E5F6"


@pytest_asyncio.fixture
async def drivers(house):
    house.party = (await house.api.post("/parties", DRIVERS))["id"]
    return house


@pytest_asyncio.fixture(params=[CPO, PyCPO], ids=["by the text", "extrawest"])
async def network(request, partners):
    return await partners(request.param())


@pytest_asyncio.fixture
async def cpo(partners):
    return await partners(CPO())


async def first(house, path, **query):
    return await until(lambda: one(house, path, **query), 10, what=f"something at {path}")


async def one(house, path, **query):
    return next(iter(await house.api.items(path, **query)), None)


async def test_we_register_as_a_provider_and_read_what_there_is(drivers, network):
    found = await network.enrol(drivers, drivers.party)
    assert (found["state"], found["version"]) == ("registered", "2.2.1")
    assert found["provider"] == {"country_code": "NL", "party_id": "DRV"}
    sides = {e["identifier"]: e["role"] for e in found["endpoints"]}
    assert (sides["locations"], sides["tokens"], sides["commands"]) == ("SENDER", "RECEIVER", "RECEIVER")
    place = await first(drivers, "/roaming/locations")
    assert (place["name"], place["city"], place["available"], place["max_power"]) == ("Place LOC-000", "Gent", 1, 22080)
    shown = await drivers.api.get(f"/roaming/locations/{place['id']}")
    assert shown["record"]["id"].upper() == "LOC-000"
    assert [c["tariffs"] for e in shown["evses"] for c in e["connectors"]][0][0].upper() == "T1"
    tariff = await first(drivers, "/roaming/tariffs")
    assert tariff["currency"] == "EUR"
    # What it is told of us: the sides of a provider, and nothing of an operator.
    details = await network.ask("GET", f"{drivers.url}/ocpi/2.2.1")
    assert {(e["identifier"], e["role"]) for e in details.data["endpoints"]} == {
        ("credentials", "SENDER"), ("locations", "RECEIVER"), ("tariffs", "RECEIVER"), ("sessions", "RECEIVER"),
        ("cdrs", "RECEIVER"), ("tokens", "SENDER"), ("commands", "SENDER"), ("chargingprofiles", "SENDER")}


async def test_our_tokens_are_told_and_listed(drivers, network):
    await network.enrol(drivers, drivers.party)
    await until(lambda: network.drivers.get(CARD.lower()), 10, what="the token that is there already")
    made = await drivers.api.post("/tokens", {"uid": "CARD-2", "whitelist": "NEVER"})
    await until(lambda: network.drivers.get("card-2"), what="the new token")
    await drivers.api.patch(f"/tokens/{made['id']}", {"valid": False})
    await until(lambda: network.drivers["card-2"]["valid"] is False, what="that it is blocked")
    await drivers.api.delete(f"/tokens/{made['id']}")
    listed, pages = await network.walk("tokens", "Token", limit=1)
    assert [t["uid"] for t in listed] == [CARD] and pages == 1


async def test_a_driver_is_judged_in_real_time(drivers, cpo):
    await cpo.enrol(drivers, drivers.party)
    where = {"location_id": "LOC-000", "evse_uids": ["LOC-000-E1"]}
    yes = await cpo.module("POST", "tokens", f"{CARD}/authorize", where, type="RFID")
    assert (yes.status, yes.code, yes.data["allowed"]) == (200, 1000, "ALLOWED")
    assert yes.data["location"] == where and yes.data["authorization_reference"] and yes.data["token"]["uid"] == CARD
    token = (await drivers.api.items("/tokens"))[0]
    await drivers.api.patch(f"/tokens/{token['id']}", {"valid": False})
    assert (await cpo.module("POST", "tokens", f"{CARD}/authorize")).data["allowed"] == "BLOCKED"
    who = await cpo.module("POST", "tokens", "STRANGER/authorize")
    assert (who.status, who.code) == (404, 2004)


async def test_a_start_becomes_a_session_and_a_cdr_without_doubts(drivers, cpo):
    await cpo.enrol(drivers, drivers.party)
    place = await first(drivers, "/roaming/locations")
    code, out, error = await drivers.run(
        "roaming", "start", str(place["id"]), CARD, "--evse", "LOC-000-E1", "--wait", "0", "--json", "--data", str(drivers.data))
    assert code == 0, error
    record = json.loads(out)
    name, command = (await until(lambda: cpo.commands, what="the command"))[0]
    assert name == "START_SESSION" and command["token"]["uid"] == CARD and command["location_id"] == "LOC-000"
    await until(lambda: phase(drivers, record, "accepted"), what="the first answer")
    assert (await cpo.say(command)).code == 1000
    await until(lambda: phase(drivers, record, "done"), what="the result")
    # The car charges; the network tells it, twice, and patches it.
    end = datetime.now(timezone.utc).replace(microsecond=0)
    begin, end = (t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (end - timedelta(hours=1), end))
    session = cpo.told_session(command["token"], began=begin, authorization_reference=command["authorization_reference"])
    put = await cpo.module("PUT", "sessions", "BE/CPO/S1", session)
    assert (put.status, put.code) == (201, 1000)
    assert (await cpo.module("PUT", "sessions", "BE/CPO/S1", session)).status == 200
    change = {"kwh": 10, "status": "COMPLETED", "end_date_time": end, "last_updated": stamp()}
    assert (await cpo.module("PATCH", "sessions", "BE/CPO/S1", change)).code == 1000
    kept = await cpo.module("GET", "sessions", "BE/CPO/S1")
    assert kept.data == parse(json.dumps({**session, **change}))
    bill = cpo.cdr(session, begin, end)
    taken = await cpo.module("POST", "cdrs", body=bill)
    assert (taken.status, taken.code) == (201, 1000)
    assert (await cpo.ask("GET", taken.headers["Location"])).data == parse(json.dumps(bill))
    assert (await cpo.module("POST", "cdrs", body=bill)).code == 1000
    assert (await cpo.module("POST", "cdrs", body={**bill, "total_energy": 11})).code == 2001
    [shown] = await drivers.api.items("/roaming/cdrs")
    assert shown["doubts"] == [] and shown["conflicts"] == 1 and shown["cost"]["excl_vat"] == "3.00"
    [told] = await drivers.api.items("/roaming/sessions")
    assert (told["status"], told["energy_kwh"], told["authorization_reference"]) == (
        "COMPLETED", "10", command["authorization_reference"])


async def phase(house, record, wanted):
    return (await house.api.get(f"/roaming/commands/{record['id']}"))["phase"] == wanted


async def test_a_bill_that_is_too_high_is_doubted_and_a_strangers_is_refused(drivers, cpo):
    await cpo.enrol(drivers, drivers.party)
    await first(drivers, "/roaming/tariffs")
    await first(drivers, "/roaming/locations")
    token = {"country_code": "NL", "party_id": "DRV", "uid": CARD, "type": "RFID", "contract_id": "C"}
    end = datetime.now(timezone.utc).replace(microsecond=0)
    begin, end = (t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (end - timedelta(hours=1), end))
    session = cpo.told_session(token, 10, "COMPLETED", began=begin)
    assert (await cpo.module("POST", "cdrs", body=cpo.cdr(session, begin, end, cost=30.0))).code == 1000
    [shown] = await drivers.api.items("/roaming/cdrs", doubtful="true")
    assert [d["kind"] for d in shown["doubts"]] == ["tariff"]
    settled = await drivers.api.post(f"/roaming/cdrs/{shown['id']}/settle", {"note": "they will credit it"})
    assert settled["note"] == "they will credit it"
    assert await drivers.api.items("/roaming/cdrs", doubtful="true") == []
    stranger = cpo.told_session({**token, "uid": "STRANGER"}, 10, "COMPLETED", id_="S2", began=begin)
    refused = await cpo.module("POST", "cdrs", body=cpo.cdr(stranger, begin, end))
    assert (refused.status, refused.code) == (200, 2004)
    assert (await cpo.module("PUT", "sessions", "BE/CPO/S2", stranger)).code == 2004
    # Nor are another operator's objects.
    foreign = await cpo.module("PUT", "locations", "FR/XXX/L1", cpo.location("L1"))
    assert foreign.code == 2001
    assert (await cpo.module("GET", "locations", "FR/XXX/L1")).status == 404


async def test_another_network_charges_as_the_driver_prefers(drivers, cpo):
    token = {"country_code": "NL", "party_id": "DRV", "uid": CARD, "type": "RFID", "contract_id": "C"}
    heard, said = [], {"data": "ACCEPTED"}

    async def take(request):
        seen = request[SEEN]
        if seen.place[-1:] != ["charging_preferences"]:
            return await cpo.take(request)
        heard.append((seen.method, seen.place, seen.json))
        return cpo.envelope(**said)

    async def prefer(**wish):
        return (await drivers.api.put(f"/roaming/sessions/{session['id']}/preferences", wish))["answer"]

    async def refused(**wish):
        with pytest.raises(Refused) as refusal:
            await prefer(**wish)
        return str(refusal.value)

    cpo.handle_module = take
    await cpo.enrol(drivers, drivers.party)
    put = await cpo.module("PUT", "sessions", "BE/CPO/S1", cpo.told_session(token))
    assert put.code == 1000, put.envelope
    [session] = await drivers.api.items("/roaming/sessions")
    leaves = "2030-01-01T08:00:00Z"
    assert await prefer(kind="GREEN", departs_at=leaves, energy_kwh=20.5, may_discharge=False) == "ACCEPTED"
    [(method, place, wish)] = heard
    assert (method, place) == ("PUT", ["S1", "charging_preferences"])
    assert wish["profile_type"] == "GREEN" and float(wish["energy_need"]) == 20.5 and wish["discharge_allowed"] is False
    assert wish["departure_time"].replace(".000", "") == leaves and cpo.judge("ChargingPreferences", wish) == []
    # Its answer reaches whoever asked, as it is; some put the word into a list or an object.
    for data in ("DEPARTURE_REQUIRED", ["NOT_POSSIBLE"], {"result": "PROFILE_TYPE_NOT_SUPPORTED"}):
        said = {"data": data}
        answer = data if isinstance(data, str) else data[0] if isinstance(data, list) else data["result"]
        assert await prefer(kind="CHEAP") == answer
    # What is no answer is told as such.
    said = {"data": "PERHAPS"}
    assert "409" in await refused(kind="FAST")
    said = {"data": None, "code": 2001}
    assert "409" in await refused(kind="FAST")
    said = {"data": None, "code": 3000, "status": 500}
    assert await refused(kind="FAST")
    count = len(heard)
    assert "422" in await refused(kind="SOMEHOW") and len(heard) == count
    # Nothing is asked of a session that is over.
    over = {"status": "COMPLETED", "end_date_time": stamp(), "last_updated": stamp()}
    assert (await cpo.module("PATCH", "sessions", "BE/CPO/S1", over)).code == 1000
    assert "409" in await refused(kind="FAST") and len(heard) == count


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_another_network_charges_by_our_profile(drivers, partners, version):
    cpo, other = await partners(CPO(version=version)), await partners(CPO("Third Network"))
    await cpo.enrol(drivers, drivers.party)
    await other.enrol(drivers, drivers.party)
    token = {"country_code": "NL", "party_id": "DRV", "uid": CARD, "type": "RFID", "contract_id": "C"}
    assert (await cpo.module("PUT", "sessions", "BE/CPO/S1", cpo.told_session(token))).code == 1000
    [session] = await drivers.api.items("/roaming/sessions")

    async def shown():
        return await drivers.api.get(f"/roaming/sessions/{session['id']}")

    async def ended(record, phase, **answer):
        await until(lambda: said(record, phase), what=f"that it is {phase}")
        told = await drivers.api.get(f"/roaming/commands/{record['id']}")
        assert {name: told["answer"].get(name) for name in answer} == answer

    async def said(record, wanted):
        return await phase(drivers, record, wanted)

    # Set, by the command line; what the station says comes later.
    code, out, error = await drivers.run(
        "roaming", "set-profile", str(session["id"]), "0=11000", "3600=3700.5", "--seconds", "7200", "--starts",
        "2030-01-01T08:00:00Z", "--wait", "0", "--json", "--data", str(drivers.data))
    assert code == 0, error
    record = json.loads(out)
    [(method, place, wish)] = await until(lambda: cpo.profiles, what="the profile")
    assert (method, place) == ("PUT", ["S1"]) and cpo.judge("SetChargingProfile", wish) == []
    profile = wish["charging_profile"]
    assert (profile["charging_rate_unit"], profile["duration"]) == ("W", 7200)
    assert profile["start_date_time"].replace(".000", "") == "2030-01-01T08:00:00Z"
    assert [(p["start_period"], float(p["limit"])) for p in profile["charging_profile_period"]] == [(0, 11000), (3600, 3700.5)]
    await ended(record, "accepted", answer="ACCEPTED")
    stranger = await other.ask("POST", wish["response_url"], {"result": "ACCEPTED"})
    assert (stranger.status, stranger.code) == (404, 2000) and await said(record, "accepted")
    assert (await cpo.ask("POST", wish["response_url"], {"result": "ACCEPTED"})).code == 1000
    await ended(record, "done", result="ACCEPTED")
    # What it comes to is told without a question, and to a question.
    plan = {"start_date_time": "2030-01-01T08:00:00Z", "charging_profile": {
        "charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 9000}]}}
    assert (await shown())["plan"] is None
    assert (await cpo.module("PUT", "chargingprofiles", "S1", plan)).code == 1000
    assert [p["limit"] for p in (await shown())["plan"]["periods"]] == [9000]
    ask = {"session": session["id"], "duration_s": 900}
    record = await drivers.api.post("/roaming/commands/active-profile", ask)
    method, place, query = (await until(lambda: cpo.profiles[1:], what="the question"))[0]
    assert (method, place, query["duration"]) == ("GET", ["S1"], "900")
    plan["charging_profile"]["charging_profile_period"][0]["limit"] = 8000
    result = {"result": "ACCEPTED", "profile": plan}
    assert cpo.judge("ActiveChargingProfileResult", result) == []
    assert (await cpo.ask("POST", query["response_url"], result)).code == 1000
    await ended(record, "done", result="ACCEPTED")
    assert [p["limit"] for p in (await shown())["plan"]["periods"]] == [8000]
    # Taken back; there is none any more.
    record = await drivers.api.post("/roaming/commands/clear-profile", {"session": session["id"]})
    method, place, query = (await until(lambda: cpo.profiles[2:], what="the wish to clear it"))[0]
    assert (method, place) == ("DELETE", ["S1"])
    assert (await cpo.ask("POST", query["response_url"], {"result": "UNKNOWN"})).code == 1000
    await ended(record, "refused", result="UNKNOWN")
    # What it says at once may be the end.
    for cpo.word in ("REJECTED", "NOT_SUPPORTED", "TOO_OFTEN", "UNKNOWN_SESSION"):
        record = await drivers.api.post("/roaming/commands/clear-profile", {"session": session["id"]}, wait=10)
        assert (record["phase"], record["answer"]["answer"]) == ("refused", cpo.word)
    about = await drivers.api.items("/roaming/commands", session=session["id"])
    assert [c["verb"] for c in about][-3:] == ["clear-profile", "active-profile", "set-profile"] and len(about) == 7
    # What cannot be said there, and what comes too late, does not leave.
    count = len(cpo.profiles)
    for schedule in ({"unit": "W", "periods": []}, {"unit": "A", "periods": [{"start_s": 0, "limit": 16, "phases": 1}]}):
        with pytest.raises(Refused) as refusal:
            await drivers.api.post("/roaming/commands/set-profile", {"session": session["id"], "schedule": schedule})
        assert refusal.value.status == 422
    over = {"status": "COMPLETED", "end_date_time": stamp(), "last_updated": stamp()}
    assert (await cpo.module("PATCH", "sessions", "BE/CPO/S1", over)).code == 1000
    with pytest.raises(Refused) as refusal:
        await drivers.api.post("/roaming/commands/active-profile", ask)
    assert refusal.value.status == 409 and len(cpo.profiles) == count


async def test_a_start_at_extrawest_ends_with_its_own_result(drivers, partners):
    network = await partners(PyCPO())
    await network.enrol(drivers, drivers.party)
    place = await first(drivers, "/roaming/locations")
    record = await drivers.api.post("/roaming/commands/start", {"location": place["id"], "token": CARD}, wait=20)
    assert (record["phase"], record["answer"]["result"]) == ("done", "ACCEPTED")
    assert network.commands[0][0] == "START_SESSION"


async def test_links_that_lead_nowhere_are_learned_and_everything_comes(drivers, partners):
    network = await partners(PyCPO(count=230))
    await network.enrol(drivers, drivers.party)

    async def all_there():
        return len(await drivers.api.items("/roaming/locations")) == 230

    await until(all_there, 30, what="230 locations")
    assert (await drivers.api.get(f"/partners/{network.number}"))["quirks"]["pages_by_offset"] is True
    # What is in its list no more is marked by the next whole pull.
    network.lists["locations"] = network.lists["locations"][:200]
    await drivers.api.post(f"/partners/{network.number}/pull", {"module": "locations", "whole": True})

    async def some_gone():
        return len(await drivers.api.items("/roaming/locations")) == 200

    await until(some_gone, 30, what="that thirty are gone")
    assert len(await drivers.api.items("/roaming/locations", gone="true")) == 230


async def test_what_a_push_lost_is_pulled(drivers, cpo):
    await cpo.enrol(drivers, drivers.party)
    await first(drivers, "/roaming/locations")
    token = {"country_code": "NL", "party_id": "DRV", "uid": CARD, "type": "RFID", "contract_id": "C"}
    end = datetime.now(timezone.utc).replace(microsecond=0)
    begin, end = (t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (end - timedelta(hours=1), end))
    session = cpo.told_session(token, 10, "COMPLETED", began=begin, end_date_time=end)
    cpo.lists["sessions"].append(session)
    cpo.lists["cdrs"].append(cpo.cdr(session, begin, end))
    await drivers.api.post(f"/partners/{cpo.number}/pull")
    await first(drivers, "/roaming/sessions")
    bill = await first(drivers, "/roaming/cdrs")
    assert bill["doubts"] == []
    pulls = {p["module"]: p for p in await drivers.api.items(f"/partners/{cpo.number}/pulls")}
    assert set(pulls) == {"locations", "tariffs", "sessions", "cdrs"}
    said = await drivers.api.items(f"/partners/{cpo.number}/messages")
    assert any(m["action"] == "cdrs" for m in said)
    assert all(cpo.token not in m["text"] and cpo.ours not in m["text"] for m in said)


async def test_a_step_that_fails_says_what_to_change_and_is_tried_by_itself(drivers, cpo):
    good, cpo.token_a = cpo.token_a, "another"
    code, _, error = await drivers.run(
        "partner", "register", cpo.versions_url, good, "--allow-private", "--data", str(drivers.data))
    assert code != 0 and "versions" in error
    number = (await drivers.api.items("/partners"))[0]["id"]
    [step] = await drivers.api.items(f"/partners/{number}/trace")
    assert step["ok"] is False and "token" in step["advice"] and step["answer"].startswith("HTTP 401")
    cpo.token_a = good
    trace = (await drivers.api.post(f"/partners/{number}/probe"))["items"]
    assert [(t["step"], t["ok"]) for t in trace][-2:] == [("versions", True), ("details", True)]
    assert (await drivers.api.post(f"/partners/{number}/register"))["state"] == "registered"


# The simulator's own operator.


async def sim(house, version, mood="well", role="cpo"):
    invitation = await house.api.post("/partners", {"name": "Sim", "party": house.party, "quirks": {"allow_private": True}})
    process = await asyncio.create_subprocess_exec(
        BINARY, "sim", "partner", "--listen", "127.0.0.1:0", "--party", "BE*SIM", "--role", role, "--ocpi", version,
        "--mood", mood, "--charge", CARD, "--register", invitation["versions_url"], f"--with={invitation['token']}",
        stdout=asyncio.subprocess.PIPE)
    return process, invitation["partner"]["id"]


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_the_simulators_operator_charges_our_driver_in_every_version(drivers, version):
    process, number = await sim(drivers, version)
    try:
        place = await first(drivers, "/roaming/locations")
        assert place["ref"] == "SIM-1" and place["evse_count"] == 2
        found = await drivers.api.get(f"/partners/{number}")
        assert (found["version"], found["roles"][0]["role"]) == (version, "CPO")
        bill = await until(lambda: one(drivers, "/roaming/cdrs"), 45, what="the CDR")
        assert bill["doubts"] == [] and bill["energy_kwh"] == "4" and bill["cost"]["excl_vat"] == "1.20"
        session = await one(drivers, "/roaming/sessions")
        assert session["status"] == "COMPLETED" and session["energy_kwh"] == "4"
        record = await drivers.api.post(
            "/roaming/commands/start", {"location": place["id"], "token": CARD, "evse": "SIM-E2"}, wait=20)
        assert record["phase"] == "done"
        session = await until(lambda: one(drivers, "/roaming/sessions", open="true"), 10, what="its session")
        schedule = {"unit": "W", "periods": [{"start_s": 0, "limit": 7400}]}
        record = await drivers.api.post(
            "/roaming/commands/set-profile", {"session": session["id"], "schedule": schedule}, wait=20)
        if version == "2.1.1":
            assert record["phase"] == "failed" and "2.1.1" in record["answer"]["why"]
            return
        assert (record["phase"], record["answer"]["result"]) == ("done", "ACCEPTED")

        async def planned():
            return (await drivers.api.get(f"/roaming/sessions/{session['id']}"))["plan"]

        assert [p["limit"] for p in (await until(planned, 10, what="the plan"))["periods"]] == [7400]
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_the_simulators_hub_speaks_for_its_stations(drivers, version):
    process, number = await sim(drivers, version, role="hub")
    try:
        assert (await first(drivers, "/roaming/locations"))["ref"] == "SIM-1"
        found = await drivers.api.get(f"/partners/{number}")
        assert found["version"] == version and "HUB" in [role["role"] for role in found["roles"]]
        bill = await until(lambda: one(drivers, "/roaming/cdrs"), 45, what="the CDR")
        assert bill["doubts"] == [] and bill["cost"]["excl_vat"] == "1.20"
    finally:
        process.terminate()
        await process.wait()


async def test_our_driver_books_at_the_simulators_operator(drivers):
    process, number = await sim(drivers, "2.3.0")
    try:
        place = await until(lambda: one(drivers, "/roaming/booking-locations"), 30, what="what can be booked is known")
        calendar = place["record"]["calendars"][0]
        assert place["location_ref"] == "SIM-1" and calendar["timeslot_increment"] == 15
        quarter = (int(time.time()) // 900 + 1) * 900
        wish = {"booking_location": place["id"], "token": CARD, "from": stamp(quarter), "to": stamp(quarter + 3_600)}
        record = await drivers.api.post("/roaming/commands/book", wish, wait=20)
        assert (record["phase"], record["answer"]["result"]) == ("done", "ACCEPTED")
        booking = await one(drivers, "/roaming/bookings")
        assert (booking["status"], booking["from"]) == ("RESERVED", stamp(quarter)) and booking["gone_at"] is None
        moved = {"booking": booking["id"], "from": stamp(quarter + 900), "to": stamp(quarter + 4_500)}
        assert (await drivers.api.post("/roaming/commands/change-booking", moved, wait=20))["phase"] == "done"
        assert (await one(drivers, "/roaming/bookings"))["from"] == stamp(quarter + 900)
        gone = await drivers.api.post("/roaming/commands/cancel-booking", {"booking": booking["id"], "reason": "TRAFFIC"}, wait=20)
        assert gone["phase"] == "done" and (await one(drivers, "/roaming/bookings"))["status"] == "CANCELED"
        await drivers.api.post(f"/partners/{number}/pull", {"whole": True})

        async def read():
            pulls = {pull["module"]: pull for pull in await drivers.api.items(f"/partners/{number}/pulls")}
            return pulls["booking"]["count"] and pulls["booking_locations"]["whole_at"] and pulls["booking"]["last_error"] is None

        await until(read, 20, what="its lists are read")
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.parametrize("mood", ["duplicates", "late", "wrong-base64"])
async def test_an_operator_that_misbehaves_has_its_cdr_here_once(drivers, mood):
    process, _ = await sim(drivers, "2.2.1", mood)
    try:
        if mood == "wrong-base64":
            await asyncio.sleep(3)
            assert await drivers.api.items("/roaming/locations") == []
            return
        await until(lambda: one(drivers, "/roaming/cdrs"), 60, what="the CDR")
        await asyncio.sleep(7)
        assert len(await drivers.api.items("/roaming/cdrs")) == 1
        [session] = await drivers.api.items("/roaming/sessions")
        assert session["status"] == "COMPLETED"
    finally:
        process.terminate()
        await process.wait()
