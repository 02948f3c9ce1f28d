"""Stations of OCPP 2.0.1 and 2.1 that nobody here wrote, through the ways in which their sessions go."""

import random
from decimal import Decimal

import pytest
from ocpp.exceptions import SecurityError

from charging import TARIFF, fit, tariff
from house import until
from partners import EMSP
from stations import later, now
from stations2 import Station21, Station201, come, known2, token

TAG = "04A1B2C3D4E5F6"


@pytest.fixture(params=[Station201, Station21], ids=["2.0.1", "2.1"])
def kind(request):
    return request.param


async def events(house, kind):
    return [event for event in await house.api.items("/events") if event["kind"] == kind]


async def only_session(house):
    found = await house.api.items("/sessions")
    assert len(found) == 1, found
    return await house.api.get(f"/sessions/{found[0]['id']}")


async def evse(house, station, number=1):
    return {e["number"]: e["status"] for e in (await house.api.get(f"/stations/{station}"))["evses"]}[number]


async def priced2(kind, house, stations, identity="CS-1"):
    station = await stations(known2(kind, house, identity, location=house.site))
    await fit(house, identity, await tariff(house))
    return station


# A station's day.


async def test_a_whole_session(house, stations, kind):
    station = await priced2(kind, house, stations)
    assert (await house.api.get("/stations/CS-1"))["online"]
    assert (await station.ask("Heartbeat")).current_time.endswith("Z")
    assert (await station.authorize(TAG))["status"] == "Accepted"
    begin = now() - later(600)
    await station.status(1, "Occupied")
    assert await evse(house, "CS-1") == "preparing"
    started = await station.begin(TAG, wh=12_345, at=begin)
    assert started.id_token_info["status"] == "Accepted"
    assert await evse(house, "CS-1") == "charging"
    costs = []
    for minute in range(1, 11):
        reply = await station.go_on("tx-0", 12_345 + 180 * minute, begin + later(60 * minute - 30))
        costs.append(Decimal(str(reply.total_cost)))
        assert Decimal((await only_session(house))["energy_kwh"]) == Decimal(180 * minute) / 1000
    assert costs == sorted(costs) and costs[0] > 0
    ended = await station.end("tx-0", 14_321, begin + later(600), id_token=token(TAG))
    assert ended.id_token_info["status"] == "Accepted"

    session = await only_session(house)
    assert session["state"] == "completed" and session["ending"] == "local"
    assert Decimal(session["energy_kwh"]) == Decimal("1.976") and session["duration_seconds"] == 600
    cdr = await house.api.get(f"/cdrs/{session['cdr']}")
    assert Decimal(cdr["energy_kwh"]) == Decimal("1.976") and not cdr["estimated"] and cdr["held_because"] is None
    assert Decimal(str(ended.total_cost)) == Decimal(session["cost"]["incl_vat"])
    assert await evse(house, "CS-1") == "finishing"
    await station.status(1, "Available")
    assert await evse(house, "CS-1") == "available"


async def test_a_stranger_hears_only_its_boot_answered_until_it_is_accepted(house, stations, kind):
    station = await stations(come(kind, house, "CS-9"))
    assert (await station.boot()).status == "Pending"
    for message in (station.status(1, "Available"), station.ask("Heartbeat"), station.authorize(TAG), station.begin(TAG)):
        with pytest.raises(SecurityError):
            await message
    await house.api.post("/knocks/CS-9/accept")
    await until(lambda: [c[1]["requested_message"] for c in station.commands] == ["BootNotification"], what="the trigger of a boot")
    await until(lambda: [f for f in station.tape.received if f[0] == 3 and f[2].get("status") == "Accepted"], what="the boot is accepted")
    await station.available()
    assert (await house.api.get("/stations/CS-9"))["model"] == "Twin 50"
    assert await evse(house, "CS-9", 2) == "available"


# Who charges.


@pytest.mark.parametrize("uid, entered, medium, kind_in_books", [
    ("1234", "1234", "KeyCode", "KEY_CODE"), ("AABBCCDDEEFF", "aa:bb:cc:dd:ee:ff", "MacAddress", "MAC_ADDRESS"),
    ("DE8AA1234567X1", "DE-8AA-1234567X-1", "eMAID", "EMAID"), ("04FF00", "04ff00", "ISO15693", "RFID"),
])
async def test_whatever_a_driver_shows(house, stations, kind, uid, entered, medium, kind_in_books):
    body = {"uid": entered, "type": kind_in_books}
    if kind_in_books == "EMAID":
        body["contract_id"] = entered
    await house.api.post("/tokens", body)
    station = await stations(known2(kind, house, "CS-1"))
    assert (await station.authorize(uid, medium))["status"] == "Accepted"
    assert (await station.authorize(uid + "0", medium))["status"] == "Invalid"
    if medium != "ISO15693":
        assert (await station.authorize(uid, "ISO14443"))["status"] == "Invalid"
    assert (await station.begin(uid, kind=medium)).id_token_info["status"] == "Accepted"
    await station.end("tx-0", 2_000)
    assert (await only_session(house))["token"]["uid"] == entered
    if medium == "KeyCode":
        # What somebody mistyped may be most of what is right, and is shown in no list.
        assert "12340" not in [t["uid"] for t in await house.api.items("/unknown-tags")]


async def test_a_start_button_is_for_everybody(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    assert (await station.begin("", kind="NoAuthorization")).id_token_info["status"] == "Accepted"
    await station.end("tx-0", 2_000)
    assert (await only_session(house))["state"] == "completed"


async def test_cards_of_one_group_end_each_others_sessions(house, stations, kind):
    for uid in ("MINE", "HERS"):
        await house.api.post("/tokens", {"uid": uid, "group_id": "FAMILY"})
    station = await stations(known2(kind, house, "CS-1"))
    begun = (await station.begin("MINE")).id_token_info
    assert begun["group_id_token"]["id_token"] == "FAMILY"
    ended = (await station.end("tx-0", 3_000, id_token=token("HERS"))).id_token_info
    assert ended["status"] == "Accepted" and ended["group_id_token"]["id_token"] == "FAMILY"
    assert (await only_session(house))["token"]["uid"] == "MINE"


async def test_a_car_that_is_plugged_in_first(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    begin = now() - later(900)
    place = {"id": 2, "connector_id": 1}
    reply = await station.event("Started", "CablePluggedIn", 0, at=begin, wh=500, state="EVConnected", context="Transaction.Begin", evse=place)
    assert reply.id_token_info is None
    assert await evse(house, "CS-1", 2) == "preparing"
    reply = await station.event("Updated", "Authorized", 1, at=begin + later(60), id_token=token(TAG))
    assert reply.id_token_info["status"] == "Accepted"
    await station.event("Updated", "ChargingStateChanged", 2, at=begin + later(70), state="Charging")
    await station.event(
        "Ended", "EVDeparted", 3, at=begin + later(860), wh=4_500, state="Idle", context="Transaction.End",
        info={"stopped_reason": "EVDisconnected"})
    session = await only_session(house)
    assert session["token"]["uid"] == TAG and session["ending"] == "ev_disconnected" and session["evse"] == 2
    assert Decimal(session["energy_kwh"]) == 4 and session["duration_seconds"] == 800


# From afar.


async def test_remote_start_and_stop(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    started = await house.api.command("CS-1", "start", token=TAG, evse=2)
    assert started["phase"] in ("accepted", "done")
    asked = station.commands[0][1]
    assert asked["evse_id"] == 2 and asked["id_token"] == {"id_token": TAG, "type": "ISO14443"}
    session = await until(lambda: active(house), what="the session runs")
    assert session["command"] == started["id"] and session["auth_method"] == "COMMAND"
    await until(lambda: phase(house, started["id"], "done"), what="the start is done")
    stopped = await house.api.command("CS-1", "stop", session=session["id"])
    assert stopped["phase"] in ("accepted", "done") and stopped["detail"]["transaction"] == "tx-0"
    await until(lambda: ended(house, "remote"), what="the session ends")
    await until(lambda: phase(house, stopped["id"], "done"), what="the stop is done")


async def active(house):
    found = await house.api.items("/sessions", state="active")
    return found[0] if found else None


async def ended(house, why):
    found = await house.api.items("/sessions", state="completed")
    return found and found[0]["ending"] == why


async def phase(house, command, word):
    return (await house.api.get(f"/commands/{command}"))["phase"] == word


async def test_a_remote_start_for_a_car_that_is_plugged_in(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    station.starts_itself = False
    begin = now() - later(300)
    await station.event(
        "Started", "CablePluggedIn", 0, at=begin, wh=500, state="EVConnected", context="Transaction.Begin", evse={"id": 1, "connector_id": 1})
    asked = await house.api.command("CS-1", "start", token=TAG, evse=1)
    number = station.commands[0][1]["remote_start_id"]
    await station.event("Updated", "RemoteStart", 1, at=begin + later(100), info={"remote_start_id": number}, id_token=token(TAG))
    await station.event("Ended", "RemoteStop", 2, at=begin + later(300), wh=2_500, context="Transaction.End", info={"stopped_reason": "Remote"})
    done = [s for s in await house.api.items("/sessions") if s["state"] == "completed"]
    assert len(done) == 1 and done[0]["command"] == asked["id"]
    assert Decimal(done[0]["energy_kwh"]) == 2 and done[0]["duration_seconds"] == 200
    assert {s["state"] for s in await house.api.items("/sessions")} == {"completed", "invalid"}


async def test_every_verb_of_the_operator(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    asks = [
        ("reset", {}, "Reset", {"type": "OnIdle"}), ("reset", {"kind": "hard", "evse": 2}, "Reset", {"type": "Immediate", "evse_id": 2}),
        ("unlock", {"evse": 1}, "UnlockConnector", {"evse_id": 1, "connector_id": 1}),
        ("availability", {"operative": False}, "ChangeAvailability", {"operational_status": "Inoperative"}),
        ("availability", {"evse": 1, "connector": 1, "operative": True}, "ChangeAvailability",
            {"operational_status": "Operative", "evse": {"id": 1, "connector_id": 1}}),
        ("clear-cache", {}, "ClearCache", {}), ("trigger", {"what": "heartbeat"}, "TriggerMessage", {"requested_message": "Heartbeat"}),
        ("trigger", {"what": "status", "evse": 2}, "TriggerMessage",
            {"requested_message": "StatusNotification", "evse": {"id": 2, "connector_id": 1}}),
        ("data-transfer", {"vendor": "Acme", "data": "x"}, "DataTransfer", {"vendor_id": "Acme", "data": "x"}),
        ("transaction-status", {}, "GetTransactionStatus", {"transaction_id": None}),
    ]
    for verb, body, action, heard in asks:
        record = await house.api.command("CS-1", verb, **body)
        assert record["phase"] == "done", record
        assert station.commands[-1] == (action, heard)
    resumed = await house.api.command("CS-1", "reset", kind="resume")
    assert resumed["phase"] == ("done" if kind is Station21 else "failed")
    station.refuses.add("Reset")
    assert (await house.api.command("CS-1", "reset"))["phase"] == "refused"


# Without a connection.


@pytest.mark.parametrize("seed", range(3))
async def test_what_happened_offline_is_one_session_in_whatever_order_it_is_told(house, stations, kind, seed):
    station = await priced2(kind, house, stations)
    begin = now() - later(7_200)
    place = {"id": 1, "connector_id": 1}
    told = [
        ("Started", "Authorized", 0, begin, 1_000, "EVConnected", "Transaction.Begin", {"evse": place, "id_token": token(TAG)}),
        ("Updated", "ChargingStateChanged", 1, begin + later(10), None, "Charging", None, {}),
        ("Updated", "MeterValuePeriodic", 2, begin + later(900), 4_000, "Charging", "Sample.Periodic", {}),
        ("Updated", "MeterValuePeriodic", 3, begin + later(1_800), 8_000, "SuspendedEV", "Sample.Periodic", {}),
        ("Ended", "EVDeparted", 4, begin + later(3_600), 9_000, "Idle", "Transaction.End", {"info": {"stopped_reason": "EVDisconnected"}}),
    ]
    random.Random(seed).shuffle(told)
    station.messages_in_queue = True
    for kind_, trigger, seq, at, wh, state, context, more in told + told[:2]:
        more = {**more, **({"info": dict(more["info"])} if "info" in more else {})}
        await station.event(kind_, trigger, seq, "off-1", at, wh, state, context or "Sample.Periodic", offline=True, **more)
        assert await evse(house, "CS-1") == "available"
    session = await only_session(house)
    assert session["state"] == "completed" and session["ending"] == "ev_disconnected"
    assert Decimal(session["energy_kwh"]) == 8 and session["duration_seconds"] == 3_600
    assert len(await events(house, "cdr.made")) == 1
    parked = [p["seconds"] for p in session["periods"] if p["activity"] == "idle"]
    assert sum(parked) == 1_800


async def test_a_gap_is_asked_about_and_filled(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    begin = now() - later(600)
    await station.begin(TAG, at=begin)
    station.messages_in_queue = True
    station.running["tx-0"]["seq"] = 2
    reply = await station.end("tx-0", 3_000, begin + later(600), offline=True)
    assert reply.total_cost is None
    await until(lambda: [c for c in station.commands if c[0] == "GetTransactionStatus"], what="the station is asked")
    assert station.commands[-1][1] == {"transaction_id": "tx-0"}
    assert (await only_session(house))["state"] == "superseded"
    for seq in (1, 2):
        await station.event("Updated", "MeterValuePeriodic", seq, "tx-0", begin + later(100 * seq), 1_500, "Charging", offline=True)
    session = await only_session(house)
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 2
    assert len(await events(house, "session.gap")) >= 1


async def test_a_session_goes_on_over_a_restart_of_the_daemon(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    await station.begin(TAG)
    await station.go_on("tx-0", 1_500)
    await house.restart()
    again = stations.keep(await come(kind, house, "CS-1"))
    again.running = station.running
    await again.go_on("tx-0", 2_500)
    await again.end("tx-0", 3_000)
    session = await only_session(house)
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 2


# At the partner.


async def test_a_partner_gets_the_same_energy_and_money(house, stations, partners, kind):
    emsp = await partners(EMSP())
    await emsp.join(house)
    await emsp.give(emsp.driver("DE-ROAMER-01"))
    station = await priced2(kind, house, stations)
    begin = now() - later(1_800)
    await station.begin("DE-ROAMER-01", wh=10_000, at=begin)
    await station.go_on("tx-0", 14_000, begin + later(900))
    ended = await station.end("tx-0", 17_500, begin + later(1_800))
    cdr = (await until(emsp.cdrs, what="the CDR comes"))[0]
    assert Decimal(str(cdr["total_energy"])) == Decimal("7.5")
    assert Decimal(str(cdr["total_cost"]["incl_vat"])) == Decimal(str(ended.total_cost))
    assert cdr["cdr_token"]["uid"] == "DE-ROAMER-01" and TARIFF["id"] == cdr["tariffs"][0]["id"]


async def test_a_partner_starts_and_stops(house, stations, partners, kind):
    emsp = await partners(EMSP())
    await emsp.join(house)
    station = await priced2(kind, house, stations)
    driver = emsp.driver("0193f8a2-app-user-of-a-partner-0001", type="APP_USER")
    uid = {e["number"]: e["uid"] for e in (await house.api.get("/stations/CS-1"))["evses"]}[1]
    answer, result = await emsp.command("START_SESSION", token=driver, location_id="SITE-1", evse_uid=uid, authorization_reference="REF-1")
    assert answer.data["result"] == "ACCEPTED"
    await until(lambda: emsp.results(result) == ["ACCEPTED"], what="the station's yes reaches the partner")
    # The whole uid, which no 1.6 station could hold.
    assert station.commands[-1][1]["id_token"] == {"id_token": driver["uid"], "type": "Central"}
    session = await until(lambda: next((s for s in emsp.session() if s["status"] == "ACTIVE"), None), what="an active session")
    answer, result = await emsp.command("STOP_SESSION", session_id=session["id"])
    await until(lambda: emsp.results(result) == ["ACCEPTED"], what="the stop's yes reaches the partner")
    cdr = (await until(emsp.cdrs, what="the CDR comes"))[0]
    assert cdr["session_id"] == session["id"] and cdr["authorization_reference"] == "REF-1"
