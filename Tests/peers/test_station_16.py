"""A 1.6J client that nobody here wrote: the whole day of a station, every command, repeats, and what stations do wrong."""

import asyncio
import json
import socket
from decimal import Decimal

import pytest
from ocpp.exceptions import SecurityError
from ocpp.v16 import call
from ocpp.v16.enums import AuthorizationStatus, RegistrationStatus
from websockets.exceptions import InvalidStatus

from house import Refused, until
from stations import Station, admit, connect, known, knock, later, now, text

TAG = "04A1B2C3D4E5F6"
PASSWORD = "open-sesame-16-ch"


async def events(house, kind):
    return [event for event in await house.api.items("/events") if event["kind"] == kind]


async def oddities(house, identity):
    return {o["what"] for o in (await house.api.get(f"/stations/{identity}"))["oddities"]}


async def only_session(house):
    found = await house.api.items("/sessions")
    assert len(found) == 1, found
    return await house.api.get(f"/sessions/{found[0]['id']}")


# A station's day.


async def test_a_stranger_knocks_is_accepted_and_charges(house, stations):
    station, boot = await stations(knock(house, "CP-1", PASSWORD))
    assert boot.status == RegistrationStatus.pending and boot.interval == 30
    strangers = await house.api.items("/knocks")
    assert [(k["id"], k["vendor"], k["model"], k["has_password"]) for k in strangers] == [("CP-1", "Acme", "Twin 22", True)]
    assert await house.api.items("/stations") == []

    await house.api.post("/knocks/CP-1/accept")

    async def introduced():
        found = await house.api.get("/stations/CP-1")
        return found["online"] and [e["status"] for e in found["evses"]] == ["available"] * 2

    await until(introduced, 3, what="the station introduces itself")
    assert [c[1]["requested_message"] for c in station.commands] == ["BootNotification", "StatusNotification"]
    assert (await station.boot()).status == RegistrationStatus.accepted
    assert (await station.call(call.Heartbeat())).current_time.endswith("Z")

    assert (await station.authorize(TAG))["status"] == AuthorizationStatus.accepted
    begin = now() - later(600)
    await station.status(1, "Preparing")
    started = await station.begin(TAG, meter=12_345, at=begin)
    assert started.id_tag_info["status"] == AuthorizationStatus.accepted and 0 < started.transaction_id < 2**31
    await station.status(1, "Charging")
    for minute in range(1, 11):
        await station.meter(12_345 + 180 * minute, at=begin + later(60 * minute - 30), power=10_800)
        session = await only_session(house)
        assert session["state"] == "active"
        assert Decimal(session["energy_kwh"]) == Decimal(180 * minute) / 1000
        assert Decimal(session["power_kw"]) == Decimal("10.8")
    await station.end(14_321, at=begin + later(600), tag=TAG)

    session = await only_session(house)
    assert session["state"] == "completed" and session["ending"] == "local"
    assert Decimal(session["energy_kwh"]) == Decimal("1.976") and session["duration_seconds"] == 600
    registers = [Decimal(r["register_kwh"]) for r in session["readings"] if r["register_kwh"]]
    assert registers == [Decimal(w) / 1000 for w in [12_345, *range(12_525, 14_200, 180), 14_321]]
    cdr = await house.api.get(f"/cdrs/{session['cdr']}")
    assert Decimal(cdr["energy_kwh"]) == Decimal("1.976") and cdr["duration_seconds"] == 600
    assert cdr["token"]["uid"] == TAG and not cdr["estimated"] and cdr["held_because"] is None


async def test_a_station_survives_a_restart_of_the_daemon(house, stations):
    await (await stations(admit(house, "CP-1", PASSWORD))).begin(TAG, meter=0)
    await house.restart()
    assert (await house.api.get("/stations/CP-1"))["registration"] == "accepted"
    again = stations.keep(Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD)))
    session = await only_session(house)
    again.transaction = session["transaction_id"]
    await again.meter(500)
    await again.end(1_000)
    assert (await only_session(house))["state"] == "completed"
    assert Decimal((await only_session(house))["energy_kwh"]) == 1


@pytest.mark.parametrize("base", ["/ocpp/", "/", "/some/other/prefix/"])
async def test_any_path_that_ends_with_the_identity_is_the_stations_door(house, stations, base):
    await house.api.post("/stations", {"id": "CP=7@home", "password": PASSWORD})
    url = house.station_url("CP%3D7%40home/", base)
    station = stations.keep(Station("CP=7@home", await connect(url, "CP=7@home", PASSWORD)))
    assert (await station.boot()).status == RegistrationStatus.accepted


# Who may come in.


async def test_basic_authentication_right_and_wrong(house, stations):
    good = await stations(admit(house, "CP-1", PASSWORD))
    for identity, user, password in [
        ("CP-1", "CP-1", "wrong"), ("CP-1", "CP-2", PASSWORD), ("CP-1", "CP-1", ""), ("CP-1", "CP-1", PASSWORD + " ")]:
        with pytest.raises(InvalidStatus) as refused:
            await connect(house.station_url(identity), user, password)
        assert refused.value.response.status_code == 401
    with pytest.raises(InvalidStatus) as refused:
        await connect(house.station_url("CP-1"), "CP-1")
    assert refused.value.response.status_code == 401
    assert refused.value.response.headers["WWW-Authenticate"].startswith("Basic")
    # The good connection never noticed.
    assert (await good.boot()).status == RegistrationStatus.accepted
    assert len([e for e in await events(house, "station.refused")]) <= 2


async def test_a_password_of_bytes_and_its_hex_digits_are_one(house, stations):
    key = bytes(range(0xEC, 0x100))
    await house.api.post("/stations", {"id": "CP-1", "password": key.hex()})
    for password in (key, key.hex(), key.hex().upper()):
        station = stations.keep(Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", password)))
        assert (await station.boot()).status == RegistrationStatus.accepted


async def test_strangers_hear_404_where_none_may_knock(daemons):
    house = await daemons(unknown_stations="refuse")
    with pytest.raises(InvalidStatus) as refused:
        await connect(house.station_url("NOBODY"), "NOBODY", PASSWORD)
    assert refused.value.response.status_code == 404
    assert await house.api.items("/knocks") == []


async def test_a_boot_is_answered_as_the_operator_decided_and_a_rejected_station_says_nothing_else(house, stations):
    station = await stations(admit(house, "CP-1", PASSWORD))
    await house.api.patch("/stations/CP-1", {"registration": "rejected"})
    assert (await station.boot()).status == RegistrationStatus.rejected
    with pytest.raises(SecurityError):
        await station.status(1, "Available")
    with pytest.raises(SecurityError):
        await station.begin(TAG, meter=0)
    assert await house.api.items("/sessions") == []
    # One that comes anew hears the same.
    again = stations.keep(Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD)))
    assert (await again.boot()).status == RegistrationStatus.rejected
    with pytest.raises(InvalidStatus) as refused:
        await connect(house.station_url("CP-1"), "CP-1", "wrong-password-16ch")
    assert refused.value.response.status_code == 401
    await house.api.patch("/stations/CP-1", {"registration": "pending"})
    assert (await again.boot()).status == RegistrationStatus.pending
    await again.status(1, "Available")
    await house.api.patch("/stations/CP-1", {"registration": "accepted"})
    await until(lambda: ("TriggerMessage", {"requested_message": "BootNotification", "connector_id": None}) in again.commands)
    assert (await again.boot()).status == RegistrationStatus.accepted
    assert (await again.begin(TAG, meter=0)).transaction_id > 0


async def test_the_newest_authenticated_connection_wins(house, stations):
    old = await stations(known(house, "CP-1", PASSWORD))
    await old.begin(TAG, meter=0)
    new = stations.keep(Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD)))
    code, reason = await old.closed()
    assert code == 1000 and "newer" in reason
    new.transaction = old.transaction
    await new.boot()
    await new.meter(100)
    assert (await house.api.get("/stations/CP-1"))["online"]
    assert (await house.api.command("CP-1", "clear-cache"))["phase"] == "done"
    assert new.commands == [("ClearCache", {})] and old.commands == []
    # Somebody who only knows the identity displaces nobody.
    with pytest.raises(InvalidStatus):
        await connect(house.station_url("CP-1"), "CP-1", "guess")
    await new.meter(200)
    assert Decimal((await only_session(house))["energy_kwh"]) == Decimal("0.2")


async def test_a_connection_without_the_subprotocol_is_closed_with_a_reason(house):
    await house.api.post("/stations", {"id": "CP-1"})
    for offered in ([], ["ocpp2.0"], ["soap"]):
        client = await connect(house.station_url("CP-1"), "CP-1", subprotocols=offered)
        assert client.subprotocol is None
        await asyncio.wait_for(client.wait_closed(), 5)
        assert client.close_code == 1002 and client.close_reason
    await house.api.patch("/stations/CP-1", {"quirks": {"assumed_version": "1.6"}})
    client = await connect(house.station_url("CP-1"), "CP-1", subprotocols=[])
    await client.send('[2,"1","Heartbeat",{}]')
    assert json.loads(await client.recv())[:2] == [3, "1"]
    await client.close()


# What the operator asks.


async def test_every_command_reaches_the_station_and_its_answer_comes_back(house, stations):
    station = await stations(known(house, "CP-1"))
    ask = lambda verb, **body: house.api.command("CP-1", verb, **body)  # noqa: E731

    assert (await ask("reset"))["phase"] == "done"
    assert (await ask("reset", hard=True))["phase"] == "done"
    assert (await ask("unlock", evse=2))["answer"] == {"status": "Unlocked"}
    assert (await ask("availability", operative=False))["phase"] == "done"
    assert (await ask("availability", evse=1, operative=True))["phase"] == "done"
    taken = (await ask("set-configuration", key="HeartbeatInterval", value="60"))["answer"]
    assert taken["settings"] == [{"key": "HeartbeatInterval", "accepted": True, "status": "Accepted"}]
    refused = await ask("set-configuration", key="Nonsense", value="1")
    assert refused["phase"] == "refused" and refused["answer"]["status"] == "NotSupported"
    found = (await ask("get-configuration", keys=["HeartbeatInterval", "Nonsense"]))["answer"]
    assert found["settings"] == [{"key": "HeartbeatInterval", "read_only": False, "value": "60"}]
    assert found["unknown"] == [{"key": "Nonsense"}]
    assert len((await ask("get-configuration"))["answer"]["settings"]) == 3
    kept = (await house.api.get("/stations/CP-1/settings?q=heartbeat"))["items"]
    assert [(one["key"], one["value"]) for one in kept] == [("HeartbeatInterval", "60")]
    assert (await ask("clear-cache"))["phase"] == "done"
    for what in ("boot", "heartbeat", "status"):
        assert (await ask("trigger", what=what))["phase"] == "done"
    assert (await ask("trigger", what="status", evse=2))["phase"] == "done"
    assert (await ask("data-transfer", vendor="com.acme", message="ping", data="x"))["answer"]["data"] == "pong"
    raw = await house.api.post("/stations/CP-1/ocpp/GetConfiguration", {"key": ["NumberOfConnectors"]})
    assert raw["configurationKey"][0]["value"] == "2"

    assert [name for name, _ in station.commands] == [
        "Reset", "Reset", "UnlockConnector", "ChangeAvailability", "ChangeAvailability", "ChangeConfiguration",
        "ChangeConfiguration", "GetConfiguration", "GetConfiguration", "ClearCache", "TriggerMessage", "TriggerMessage",
        "TriggerMessage", "TriggerMessage", "DataTransfer", "GetConfiguration"]
    said = dict(enumerate(what for _, what in station.commands))
    assert (said[0]["type"], said[1]["type"]) == ("Soft", "Hard")
    assert said[2] == {"connector_id": 2}
    assert said[3] == {"connector_id": 0, "type": "Inoperative"} and said[4] == {"connector_id": 1, "type": "Operative"}
    assert len(await house.api.items("/stations/CP-1/commands")) == 16


async def test_a_refusal_an_error_and_silence_are_told_apart(daemons, stations):
    house = await daemons(command_seconds=1)
    station = await stations(known(house, "CP-1"))
    station.refuses = {"Reset"}
    assert (await house.api.command("CP-1", "reset"))["phase"] == "refused"
    with pytest.raises(Refused) as failed:
        await house.api.post("/stations/CP-1/ocpp/NoSuchAction", {}, check="off")
    assert failed.value.status == 502 and failed.value.problem["code"] == "NotSupported"
    await station.mute()
    silent = await house.api.command("CP-1", "clear-cache", wait=5)
    assert silent["phase"] == "failed" and "in time" in silent["answer"]


async def test_remote_start_and_stop(house, stations):
    station = await stations(known(house, "CP-1"))
    command = await house.api.command("CP-1", "start", token=TAG, evse=2)
    assert command["phase"] in ("accepted", "done")
    assert station.commands[0] == ("RemoteStartTransaction", {"id_tag": TAG, "connector_id": 2})

    async def running():
        found = await house.api.get(f"/sessions/{command['session']}")
        return found["state"] == "active" and found

    session = await until(running)
    assert session["auth_method"] == "COMMAND" and session["evse"] == 2 and session["command"] == command["id"]
    assert (await house.api.get(f"/commands/{command['id']}"))["phase"] == "done"
    stopped = await house.api.post(f"/sessions/{session['id']}/stop", wait=10)
    assert stopped["phase"] in ("accepted", "done")

    async def ended():
        found = await house.api.get(f"/sessions/{session['id']}")
        return found["state"] == "completed" and found

    assert (await until(ended))["ending"] == "remote"


async def test_a_remote_start_without_a_car_leaves_an_invalid_session(daemons, stations):
    house = await daemons(connection_seconds=10)
    await house.api.post("/tokens", {"uid": TAG})
    station = await stations(known(house, "CP-1"))
    station.starts_itself = False
    station.refuses = {"RemoteStartTransaction"}
    refused = await house.api.command("CP-1", "start", token=TAG, evse=1)
    assert refused["phase"] == "refused"
    assert (await house.api.get(f"/sessions/{refused['session']}"))["state"] == "invalid"
    assert await house.api.items("/cdrs") == []


async def test_a_long_uid_travels_under_an_alias(house, stations):
    uid = "DE8AA0123456789012345678901234567890"
    await house.api.post("/tokens", {"uid": uid, "type": "APP_USER", "group_id": "FAMILY-7"})
    station = await stations(known(house, "CP-1"))
    command = await house.api.command("CP-1", "start", token=uid)
    tag = station.commands[0][1]["id_tag"]
    assert len(tag) == 16 and tag != uid[:16]
    session = await until(lambda: _active(house, command["session"]))
    assert session["token"]["uid"] == uid
    # The card of the group may end it; the alias may not begin another.
    assert (await station.authorize(tag))["parent_id_tag"] == "FAMILY-7"
    await station.end(2_000, tag=tag)
    assert (await station.begin(tag, meter=2_000)).id_tag_info["status"] == AuthorizationStatus.invalid


async def _active(house, session):
    found = await house.api.get(f"/sessions/{session}")
    return found if found["state"] == "active" else None


# Repeats, strangers' transactions, late things.


async def test_the_same_start_again_is_the_same_session(house, stations):
    station = await stations(known(house, "CP-1"))
    at = now()
    first = await station.begin(TAG, meter=100, at=at)
    for _ in range(3):
        again = await station.begin(TAG, meter=100, at=at)
        assert again.transaction_id == first.transaction_id
        assert again.id_tag_info["status"] == AuthorizationStatus.accepted
    await station.meter(200, at=at + later(60))
    await station.meter(200, at=at + later(60))
    session = await only_session(house)
    assert len([r for r in session["readings"] if r["register_kwh"] == "0.2"]) == 1, session["readings"]
    await station.end(300, at=at + later(120))
    await station.end(300, at=at + later(120))
    await station.end(900, at=at + later(600))
    assert Decimal((await only_session(house))["energy_kwh"]) == Decimal("0.2")
    assert len(await house.api.items("/cdrs")) == 1
    assert len(await events(house, "session.stop_differs")) == 1


async def test_unknown_transactions_are_answered_and_parked(house, stations):
    station = await stations(known(house, "CP-1"))
    for transaction in (-1, 0, 4_711, 2**31 - 1):
        await station.end(500, transaction=transaction)
        await station.meter(400, transaction=transaction)
    await station.raw(
        [2, "huge", "MeterValues", {"connectorId": 1, "transactionId": 9223372036854775807, "meterValue": [
            {"timestamp": text(now()), "sampledValue": [{"value": "1"}]}]}])
    await until(lambda: [3, "huge", {}] in station.tape.received)
    station.tape.received = [f for f in station.tape.received if f[1] != "huge"]
    assert await house.api.items("/sessions") == []
    parked = await events(house, "station.parked")
    assert len(parked) >= 5
    assert "message_parked" in [a["kind"] for a in (await house.api.get("/overview"))["needs_attention"]]
    await station.begin(TAG, meter=0)
    await station.end(1_000)
    assert (await only_session(house))["state"] == "completed"


async def test_a_foreign_number_changes_nothing_while_a_car_charges(house, stations):
    """What another system began is not the session that runs here."""
    station = await stations(known(house, "CP-1"))
    at = now() - later(3_600)
    await station.begin(TAG, meter=1_000, at=at)
    await station.meter(1_500, at=at + later(600))
    await station.meter(9_999, at=at + later(700), transaction=4_711)
    await station.end(9_999, at=at + later(800), transaction=4_711)
    session = await only_session(house)
    assert session["state"] == "active" and Decimal(session["energy_kwh"]) == Decimal("0.5")
    assert len(await events(house, "station.parked")) == 2
    await station.end(2_000, at=at + later(1_200))
    session = await only_session(house)
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 1


async def test_a_stop_without_a_number_ends_the_only_session_that_fits(house, stations):
    """The answer to the start was lost, so the station has no number of its own to name."""
    station = await stations(known(house, "CP-1"))
    at = now() - later(3_600)
    await station.begin(TAG, meter=1_000, at=at)
    await station.meter(2_000, at=at + later(600), transaction=-1)
    await station.end(4_000, at=at + later(1_200), tag=TAG, transaction=-1)
    session = await only_session(house)
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 3
    assert {"StopTransaction.transactionId: not the one that we gave"} <= await oddities(house, "CP-1")
    # With two open sessions nobody can say which is meant: the stop waits for a person.
    await station.begin(TAG, connector=1, meter=4_000, at=at + later(1_800))
    await station.begin(TAG, connector=2, meter=0, at=at + later(1_800))
    await station.end(5_000, tag=TAG, transaction=-1)
    assert len(await house.api.items("/sessions", state="active")) == 2
    assert len(await events(house, "station.parked")) == 1


async def test_many_calls_at_once_are_answered_in_their_order(house, stations):
    client = await muted(await stations(known(house, "CP-1")))
    for number in range(200):
        action = "Heartbeat" if number % 3 else "Authorize"
        await client.send(json.dumps([2, str(number), action, {"idTag": TAG} if action == "Authorize" else {}]))
    answers = [json.loads(await asyncio.wait_for(client.recv(), 5)) for _ in range(200)]
    assert [frame[:2] for frame in answers] == [[3, str(number)] for number in range(200)]


async def test_another_stations_transaction_is_not_touched(house, stations):
    one, two = await stations(known(house, "CP-1")), await stations(known(house, "CP-2"))
    await one.begin(TAG, meter=0)
    await two.meter(9_999, transaction=one.transaction)
    await two.end(99_999, transaction=one.transaction)
    session = await only_session(house)
    assert session["state"] == "active" and session["station"] == "CP-1" and Decimal(session["energy_kwh"]) == 0
    assert [e["station"] for e in await events(house, "station.parked")] == ["CP-2"] * 2
    await one.end(1_000)
    assert Decimal((await only_session(house))["energy_kwh"]) == 1


async def test_a_session_that_was_never_stopped_is_superseded_and_takes_its_late_stop(house, stations):
    station = await stations(known(house, "CP-1"))
    at = now() - later(7_200)
    await station.begin(TAG, meter=0, at=at)
    first = station.transaction
    await station.meter(5_000, at=at + later(1_800))
    await station.begin(TAG, meter=6_000, at=at + later(3_600))
    states = {s["transaction_id"]: s["state"] for s in await house.api.items("/sessions")}
    assert states == {first: "superseded", station.transaction: "active"}
    await station.end(6_000, at=at + later(3_000), transaction=first)
    found = {s["transaction_id"]: s for s in await house.api.items("/sessions")}
    assert found[first]["state"] == "completed" and Decimal(found[first]["energy_kwh"]) == 6


async def test_offline_sessions_are_taken_with_the_stations_own_times(house, stations):
    station = await stations(known(house, "CP-1"))
    begin = now() - later(5 * 3_600)
    await station.begin(TAG, meter=10_000, at=begin)
    for half_hour in range(1, 5):
        await station.meter(10_000 + 3_000 * half_hour, at=begin + later(1_800 * half_hour))
    await station.end(22_000, at=begin + later(7_200))
    session = await only_session(house)
    assert session["duration_seconds"] == 7_200 and Decimal(session["energy_kwh"]) == 12
    assert session["started_at"].startswith(text(begin)[:19])


# What stations do wrong.


async def muted(station):
    await station.mute()
    return station.socket


async def ask(client, frame):
    await client.send(frame if isinstance(frame, str) else json.dumps(frame))
    return json.loads(await asyncio.wait_for(client.recv(), 5))


BAD = [
    ("Authorize", {}, "OccurenceConstraintViolation", "idTag"),
    ("Authorize", {"idTag": {"a": 1}}, "TypeConstraintViolation", "idTag"),
    ("BootNotification", {"chargePointModel": "x"}, "OccurenceConstraintViolation", "chargePointVendor"),
    ("StatusNotification", {"connectorId": "one", "errorCode": "NoError", "status": "Available"}, "TypeConstraintViolation", "connectorId"),
    ("StatusNotification", {"connectorId": -1, "errorCode": "NoError", "status": "Available"}, "PropertyConstraintViolation", "connectorId"),
    ("DataTransfer", {"vendorId": []}, "TypeConstraintViolation", "vendorId"),
    ("Heartbeat", [], "FormationViolation", None),
]


@pytest.mark.parametrize("action,payload,code,field", BAD)
async def test_a_bad_payload_gets_an_error_that_names_the_field(house, stations, action, payload, code, field):
    station = await stations(known(house, "CP-1"))
    client = await muted(station)
    kind, id_, said, description, details = await ask(client, [2, "bad", action, payload])
    assert (kind, id_) == (4, "bad")
    assert said in (code, "TypeConstraintViolation" if field is None else code)
    if field:
        assert field in description and details == {"field": field}
    assert (await ask(client, [2, "good", "Heartbeat", {}]))[:2] == [3, "good"]


async def test_unknown_actions_and_broken_frames(house, stations):
    station = await stations(known(house, "CP-1"))
    client = await muted(station)
    answer = await ask(client, [2, "1", "Teleport", {}])
    assert answer[:3] == [4, "1", "NotImplemented"] and "Teleport" in answer[3]
    # Broken in a way that known stations break it: mended.
    meter = '[2,"2","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[,{"timestamp":"%s","sampledValue":[{"value":"1"}]}]}]'
    assert await ask(client, meter % text(now())) == [3, "2", {}]
    # Broken otherwise, with a legible id.
    answer = await ask(client, '[2,"3","Heartbeat",{"a":]')
    assert answer[:3] == [4, "3", "FormationViolation"]
    # Without one: nothing can be answered, and the next good message is served.
    for garbage in ("hello", "[]", "{}", "[9,\"x\"]", "[2]", "\u0000", "[" * 40 + "]" * 40):
        await client.send(garbage)
    await client.send(b'[2,"4","Heartbeat",{}]')
    assert json.loads(await client.recv())[:2] == [3, "4"]
    assert (await ask(client, [2, 5, "Heartbeat", {}]))[:2] == [3, 5]
    assert (await ask(client, '[2,"6","Heartbeat"]'))[:2] == [3, "6"]
    assert "frame.json: brokenFrame" in await until(lambda: oddities(house, "CP-1"))


async def test_what_is_odd_is_taken_and_flagged(house, stations):
    station = await stations(known(house, "CP-1"))
    client = await muted(station)
    boot = {"chargePointVendor": "V" * 40, "chargePointModel": "M", "surprise": {"a": [1]}}
    assert (await ask(client, [2, "1", "BootNotification", boot]))[0] == 3
    status = {"connectorId": "1", "errorCode": "Error", "status": "Available", "timestamp": "2022-02-29T12:00:00Z"}
    assert await ask(client, [2, "2", "StatusNotification", status]) == [3, "2", {}]
    start = {"connectorId": 1, "idTag": f" {TAG.lower()} ", "meterStart": "100", "timestamp": "1970-01-01T00:00:00"}
    answer = await ask(client, [2, "3", "StartTransaction", start])
    assert answer[0] == 3 and answer[2]["idTagInfo"]["status"] == "Accepted"
    transaction = answer[2]["transactionId"]
    value = {"value": 1234.5, "unit": "Wh", "context": "Nonsense", "phase": "L9"}
    meter = {"connectorId": 1, "transactionId": str(transaction), "meterValue": [{"timestamp": text(now()), "sampledValue": [value]}]}
    assert await ask(client, [2, "4", "MeterValues", meter]) == [3, "4", {}]
    empty = {"connectorId": 1, "transactionId": transaction, "meterValue": [{"timestamp": text(now()), "sampledValue": []}]}
    assert await ask(client, [2, "5", "MeterValues", empty]) == [3, "5", {}]
    stop = {"transactionId": transaction, "meterStop": 1300, "timestamp": text(now()), "reason": "Bored"}
    assert (await ask(client, [2, "6", "StopTransaction", stop]))[0] == 3
    session = await only_session(house)
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == Decimal("1.2")
    assert Decimal("1.2345") in [Decimal(r["register_kwh"]) for r in session["readings"] if r["register_kwh"]]
    assert session["token"]["uid"] == TAG


async def test_transaction_messages_that_cannot_be_read_are_answered_and_parked(house, stations):
    station = await stations(known(house, "CP-1"))
    client = await muted(station)
    for id_, action, payload in [
        ("1", "StartTransaction", {"connectorId": 1}), ("2", "StopTransaction", {"transactionId": "x"}),
        ("3", "MeterValues", {"connectorId": 1, "meterValue": "none"})]:
        answer = await ask(client, [2, id_, action, payload])
        assert answer[:2] == [3, id_], answer
    assert len(await events(house, "station.parked")) == 3
    assert await house.api.items("/sessions") == []


async def test_frames_of_a_megabyte(house, stations):
    station = await stations(known(house, "CP-1"))
    client = await muted(station)
    just = json.dumps([2, "1", "DataTransfer", {"vendorId": "com.acme", "data": "x" * (2**20 - 100)}])
    assert len(just) <= 2**20
    assert (await ask(client, just))[2] == {"status": "UnknownVendorId"}
    await client.send(json.dumps([2, "2", "DataTransfer", {"vendorId": "com.acme", "data": "x" * 2**20}]))
    await asyncio.wait_for(client.wait_closed(), 5)
    assert client.close_code == 1009
    again = stations.keep(Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD)))
    assert (await again.boot()).status == RegistrationStatus.accepted


async def test_garbage_after_the_upgrade_closes_that_connection_and_no_other(house, stations):
    good = await stations(known(house, "CP-1"))
    await house.api.post("/stations", {"id": "CP-2"})
    upgrade = (
        "GET /ocpp/CP-2 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n")
    for garbage, code in [
        (b"GET / HTTP/1.1\r\n\r\n", 1002), (b"\xff" * 64, 1002), (b"\x81\x05hello", 1002),
        (b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1009), (b"\x81\x82\x00\x00\x00\x00\xc3\x28", 1007)]:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(upgrade.encode())
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(garbage)
        head = await asyncio.wait_for(reader.readexactly(4), 5)
        assert head[0] == 0x88 and int.from_bytes(head[2:4], "big") == code, (garbage, head)
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
    # A connection that is reset in the middle is no trouble either.
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(upgrade.encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.close()
    assert (await good.boot()).status == RegistrationStatus.accepted


async def test_a_tag_that_may_not_charge_hears_why(house, stations):
    station = await stations(known(house, "CP-1"))
    assert (await station.authorize("NOBODY"))["status"] == AuthorizationStatus.invalid
    assert [t["uid"] for t in await house.api.items("/unknown-tags")] == ["NOBODY"]
    blocked = await house.api.post("/tokens", {"uid": "BLOCKED", "valid": False})
    assert (await station.authorize("BLOCKED"))["status"] == AuthorizationStatus.blocked
    await house.api.post("/tokens", {"uid": "OLD", "valid_until": "2020-01-01T00:00:00Z"})
    assert (await station.authorize("old"))["status"] == AuthorizationStatus.expired
    await house.api.patch(f"/tokens/{blocked['id']}", {"valid": True})
    assert (await station.authorize(" blocked "))["status"] == AuthorizationStatus.accepted
    # A station that charges a stranger all the same is believed: the session is kept, the answer says Invalid.
    started = await station.begin("NOBODY", meter=0)
    assert started.id_tag_info["status"] == AuthorizationStatus.invalid and started.transaction_id > 0
    await station.end(10, reason="DeAuthorized")
    assert (await only_session(house))["ending"] == "deauthorized"


async def test_a_thousand_pings_do_no_harm(house, stations):
    station = await stations(known(house, "CP-1"))
    for _ in range(1_000):
        await station.socket.ping()
    assert (await station.boot()).status == RegistrationStatus.accepted


async def test_the_messages_of_one_session_are_found(house, stations):
    station = await stations(known(house, "CP-1", PASSWORD))
    other = await stations(known(house, "CP-2", PASSWORD))
    await other.begin("SOMEBODY", meter=0)
    await station.authorize(TAG)
    await station.begin(TAG, meter=0)
    await station.meter(500)
    await station.end(1_000)
    await other.end(1_000)
    [session] = [s for s in await house.api.items("/sessions") if s["station"] == "CP-1"]

    async def logged():
        found = await house.api.items("/messages", session=session["id"])
        return [m["action"] for m in found if m["direction"] == "in"] if len(found) >= 5 else None

    said = await until(logged, what="the log has them")
    assert said == ["StopTransaction", "MeterValues", "StartTransaction", "Authorize"]
    found = await house.api.items("/messages", session=session["id"])
    assert {m["peer"] for m in found} == {"CP-1"}
