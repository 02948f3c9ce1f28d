"""Stations that break the rules, each in the one way that was seen in the field: the session and its energy come out right,
and what was odd stands on the station's page."""

import asyncio
import contextlib
import json
import re
from datetime import datetime
from decimal import Decimal

import pytest
import websockets

from house import Refused, until
from rawsocket import CLOSE, PING, TEXT, RawSocket, frame, packed
from stations import basic, connect, known, later, now, text

TAG = "04A1B2C3D4E5F6"
PASSWORD = "open-sesame-16-ch"


class Rough:
    """A station that sends exactly what the test writes."""

    def __init__(self, socket):
        self.socket = socket
        self.number = 0
        self.asked = []
        self.answers = {}
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        try:
            async for message in self.socket:
                frame = json.loads(message)
                if frame[0] == 2:
                    self.asked.append(frame)
                else:
                    self.answers.setdefault(frame[1], frame)
        except websockets.ConnectionClosed:
            pass

    async def send(self, frame):
        await self.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    async def call(self, action, payload, id=None):
        """Sends a call, its payload as JSON or as raw text; returns the daemon's answer."""
        self.number += 1
        id = id or f"m{self.number}"
        self.answers.pop(id, None)
        body = payload if isinstance(payload, str) else json.dumps(payload)
        await self.socket.send(f'[2,{json.dumps(id)},"{action}",{body}]')
        return await until(lambda: self.answers.get(id), what=f"an answer to {action}")

    async def boot(self, **what):
        return (await self.call("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "One", **what}))[2]

    async def begin(self, meter=1_000, connector=1, at=None, **what):
        fields = {"connectorId": connector, "idTag": TAG, "meterStart": meter, "timestamp": text(at or now()), **what}
        answer = await self.call("StartTransaction", {k: v for k, v in fields.items() if v is not None})
        assert answer[0] == 3, answer
        return answer[2]["transactionId"]

    async def end(self, transaction, meter, at=None, **what):
        return await self.call(
            "StopTransaction", {"transactionId": transaction, "meterStop": meter, "timestamp": text(at or now()), **what})

    async def values(self, transaction, sampled, at=None, connector=1):
        return await self.call(
            "MeterValues", {"connectorId": connector, "transactionId": transaction,
                            "meterValue": [{"timestamp": text(at or now()), "sampledValue": sampled}]})

    async def close(self):
        await self.socket.close()
        self.reader.cancel()


@pytest.fixture
async def rough(house):
    """A rough station `CP-1` that the operator knows, with these settings."""
    made = []

    async def open(quirks=None, evses=2, boots=True, **options):
        try:
            await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD, "evses": evses})
        except Refused:
            pass
        if quirks:
            await house.api.patch("/stations/CP-1", {"quirks": quirks})
        station = Rough(await connect(house.station_url("CP-1"), "CP-1", PASSWORD, **options))
        made.append(station)
        if boots:
            assert (await station.boot())["status"] == "Accepted"
        return station

    yield open
    for station in made:
        await station.close()


async def session(house, at=0):
    found = await house.api.items("/sessions")
    return await house.api.get(f"/sessions/{found[at]['id']}")


async def flags(house):
    return {o["what"]: o["count"] for o in (await house.api.get("/stations/CP-1"))["oddities"]}


async def flagged(house, part):
    async def seen():
        return any(part in what for what in await flags(house))

    await until(seen, what=f"a flag with {part}")


# Connection.


async def test_no_subprotocol_is_1_6_where_the_operator_says_so_and_else_a_clear_sentence(house, rough):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD, "evses": 2})
    async with connect(house.station_url("CP-1"), "CP-1", PASSWORD, subprotocols=()) as closed:
        await asyncio.wait_for(closed.wait_closed(), 5)
        assert closed.close_code == 1002 and "Sec-WebSocket-Protocol" in closed.close_reason
    refused = [e for e in await house.api.items("/events") if e["kind"] == "station.refused"]
    assert "assumed version" in refused[-1]["body"]["why"]
    station = await rough({"assumed_version": "1.6"}, subprotocols=())
    assert station.socket.subprotocol is None
    assert await station.begin() > 0


async def test_a_version_that_the_operator_does_not_accept_is_sent_away_with_a_sentence(house, rough):
    station = await rough({"accepted_versions": ["2.0.1"]}, boots=False)
    await asyncio.wait_for(station.socket.wait_closed(), 5)
    assert station.socket.close_code == 1002 and "ocpp1.6" in station.socket.close_reason
    await rough({"accepted_versions": ["1.6"]})


async def test_a_station_whose_answers_must_wait_gets_them_later(house, rough):
    station = await rough({"answer_delay_ms": 400})
    begin = asyncio.get_running_loop().time()
    await station.begin()
    assert asyncio.get_running_loop().time() - begin > 0.35


async def test_the_heartbeat_interval_of_the_boot_is_the_stations_own(house, rough):
    await rough({"heartbeat_seconds": 17})
    station = await rough()
    assert (await station.boot())["interval"] == 17


def bare(house, **extra):
    """A WebSocket of bare bytes to `CP-1`; what is None is left out of its handshake."""
    return RawSocket(house, path="/ocpp/CP-1", **{"Sec-WebSocket-Protocol": "ocpp1.6", **basic("CP-1", PASSWORD), **extra})


async def ended(house, part):
    """The connection of the station ends, for a reason that holds these words."""
    async def told():
        reasons = [e["body"]["reason"] for e in await house.api.items("/events") if e["kind"] == "station.disconnected"]
        return any(part in reason for reason in reasons)

    await until(told, 12, what=f"the connection ends: {part}")


async def test_a_handshake_without_connection_upgrade_is_one(house):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    peer = await asyncio.to_thread(bare, house, Connection="keep-alive")
    peer.socket.sendall(frame(TEXT, b'[2,"1","Heartbeat",{}]'))
    opcode, answer, _ = await asyncio.to_thread(peer.frame)
    assert opcode == TEXT and json.loads(answer)[:2] == [3, "1"]
    peer.socket.close()


async def test_compression_that_nobody_agreed_on_ends_the_connection_with_a_reason(house):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    peer = await asyncio.to_thread(bare, house)
    peer.socket.sendall(frame(TEXT, packed(b'[2,"1","Heartbeat",{}]'), rsv=4))
    opcode, payload, _ = await asyncio.to_thread(peer.frame)
    assert opcode == CLOSE and int.from_bytes(payload[:2], "big") == 1002
    await ended(house, "compressed without agreement")
    peer.socket.close()


@pytest.mark.parametrize("seconds, pings", [(0, 0), (1, 2)])
async def test_a_station_is_pinged_as_often_as_it_bears(house, seconds, pings):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    await house.api.patch("/stations/CP-1", {"quirks": {"ping_seconds": seconds}})
    peer = await asyncio.to_thread(bare, house)
    peer.socket.settimeout(3.5)
    heard = []
    with contextlib.suppress(TimeoutError):
        while len(heard) < 3:
            heard.append((await asyncio.to_thread(peer.frame))[0])
    assert set(heard) <= {PING} and len(heard) >= pings if pings else heard == []
    # It answered none of them, and whatever it says is a life sign all the same.
    peer.socket.sendall(frame(TEXT, b'[2,"1","Heartbeat",{}]'))
    while (await asyncio.to_thread(peer.frame))[0] != TEXT:
        pass
    peer.socket.close()


async def test_whether_a_station_answers_pings_is_asked_as_soon_as_it_is_ready(house):
    """Long before the first of the regular ones: until it has answered one, its silence means nothing."""
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    peer = await asyncio.to_thread(bare, house)
    peer.socket.settimeout(5)
    boot = b'[2,"1","BootNotification",{"chargePointVendor":"Acme","chargePointModel":"Twin"}]'
    peer.socket.sendall(frame(TEXT, boot))
    heard = []
    while PING not in heard:
        heard.append((await asyncio.to_thread(peer.frame))[0])
    peer.socket.close()


async def test_a_silent_station_has_three_heartbeats(house):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    await house.api.patch("/stations/CP-1", {"quirks": {"heartbeat_seconds": 1, "ping_seconds": 0}})
    peer = await asyncio.to_thread(bare, house)
    begin = asyncio.get_running_loop().time()
    await ended(house, "")
    assert 2.5 < asyncio.get_running_loop().time() - begin < 8
    peer.socket.close()


async def test_what_a_station_hears_is_short_and_its_times_are_whole_seconds(house, rough):
    station = await rough()
    raw = []
    station.reader.cancel()
    await asyncio.wait([station.reader])
    await station.socket.send('[2,"h","Heartbeat",{}]')
    raw.append(await station.socket.recv())
    assert " " not in raw[0] and re.fullmatch(r'\[3,"h",\{"currentTime":"[0-9-]+T[0-9:]+Z"\}\]', raw[0])


async def test_nothing_is_asked_before_the_boot_has_its_answer(house, rough):
    station = await rough({"settle_seconds": 1}, boots=False)
    asking = asyncio.create_task(house.api.command("CP-1", "clear-cache", wait=1))
    await asyncio.sleep(0.5)
    assert station.asked == []
    await station.boot()
    booted = asyncio.get_running_loop().time()
    await until(lambda: station.asked, what="the call goes out")
    assert asyncio.get_running_loop().time() - booted > 0.8 and station.asked[0][2] == "ClearCache"
    await asking


# Framing.


async def test_a_transaction_id_without_a_value_is_mended(house, rough):
    station = await rough()
    transaction = await station.begin(meter=1_000)
    answer = await station.call(
        "MeterValues",
        '{"connectorId":1,"transactionId":,"meterValue":[{"timestamp":"%s","sampledValue":[{"value":"1500"}]}]}' % text(now()))
    assert answer[0] == 3
    assert Decimal((await session(house))["energy_kwh"]) == Decimal("0.5")
    await flagged(house, "brokenFrame")
    await station.end(transaction, 2_000)
    assert Decimal((await session(house))["energy_kwh"]) == 1


async def test_a_comma_before_the_first_element_is_mended(house, rough):
    station = await rough()
    transaction = await station.begin(meter=0)
    answer = await station.call(
        "MeterValues",
        '{"connectorId":1,"transactionId":%d,"meterValue":[{"timestamp":"%s","sampledValue":[,{"value":"700"}]}]}'
        % (transaction, text(now())))
    assert answer[0] == 3
    assert Decimal((await session(house))["energy_kwh"]) == Decimal("0.7")
    await flagged(house, "brokenFrame")


async def test_an_answer_under_another_id_counts_where_the_operator_says_so(house, rough):
    station = await rough({"takes_any_answer_id": True})
    asked = asyncio.create_task(house.api.post("/stations/CP-1/ocpp/ClearCache", {}, timeout=5))
    await until(lambda: station.asked)
    await station.send([3, "quite-another", {"status": "Accepted"}])
    assert await asked == {"status": "Accepted"}
    await flagged(house, "foreignID")


async def test_an_answer_under_another_id_is_ignored_otherwise(house, rough):
    station = await rough()
    asked = asyncio.create_task(house.api.post("/stations/CP-1/ocpp/ClearCache", {}, timeout=1))
    await until(lambda: station.asked)
    await station.send([3, "quite-another", {"status": "Accepted"}])
    with pytest.raises(Refused) as refused:
        await asked
    assert refused.value.status == 504


# Time.


async def test_times_without_a_zone_are_those_of_the_stations_clock(house, rough):
    station = await rough({"time_zone": "Asia/Shanghai"})
    begin = now() - later(600)
    local = (begin + later(8 * 3_600)).strftime("%Y-%m-%dT%H:%M:%S")
    await station.begin(timestamp=local)
    assert (await session(house))["started_at"] == begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    await flagged(house, "timestampForm")


async def test_times_without_a_zone_are_utc_by_default(house, rough):
    station = await rough()
    begin = now() - later(600)
    await station.begin(timestamp=begin.strftime("%Y-%m-%dT%H:%M:%S"))
    assert (await session(house))["started_at"] == begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    await flagged(house, "timestampForm")


@pytest.mark.parametrize("offset", ["+02", "+0200", "+02:00"])
async def test_offsets_of_all_forms_are_read(house, rough, offset):
    station = await rough()
    begin = now() - later(600)
    await station.begin(timestamp=(begin + later(7_200)).strftime("%Y-%m-%dT%H:%M:%S") + offset)
    assert (await session(house))["started_at"] == begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    # Only the last of them is a form of the standard.
    if offset == "+02:00":
        assert await flags(house) == {}
    else:
        await flagged(house, "timestampForm")


async def test_an_impossible_date_is_the_time_of_reception(house, rough):
    station = await rough()
    before = now()
    transaction = await station.begin(timestamp="2022-02-29T12:00:00Z")
    assert datetime.fromisoformat((await session(house))["started_at"]) >= before
    await flagged(house, "badTimestamp")
    assert (await station.end(transaction, 1_100, timestamp="2022-02-29T13:00:00Z"))[0] == 3
    assert (await session(house))["state"] == "completed"


async def test_how_far_a_clock_is_off_stands_on_the_stations_page(house, rough):
    station = await rough()
    await station.call(
        "StatusNotification",
        {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": text(now() + later(300))})
    assert 290 < (await house.api.get("/stations/CP-1"))["clock_offset_seconds"] <= 301


# Boot and state.


async def test_a_station_that_returns_without_a_boot_is_served(house, rough):
    first = await rough()
    transaction = await first.begin(meter=0)
    await first.close()
    again = await rough(boots=False)
    assert (await again.values(transaction, [{"value": "500"}]))[0] == 3
    assert Decimal((await session(house))["energy_kwh"]) == Decimal("0.5")


@pytest.mark.parametrize("odd", [{"errorCode": "Error"}, {"info": "x" * 80}, {"vendorErrorCode": 17}, {"extra": {"a": 1}}])
async def test_words_beyond_the_standard_are_kept_and_flagged(house, rough, odd):
    station = await rough()
    answer = await station.call(
        "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging", **odd})
    assert answer[0] == 3
    assert (await house.api.get("/stations/CP-1"))["evses"][0]["status"] == "charging"
    await flagged(house, next(iter(odd)))


async def test_a_trigger_that_is_accepted_and_not_followed_is_not_repeated(house, rough):
    first = await rough()
    await first.close()
    station = await rough(boots=False)

    async def answer():
        while True:
            for frame_ in station.asked:
                if frame_[1] not in answered:
                    answered.add(frame_[1])
                    await station.send([3, frame_[1], {"status": "Accepted"}])
            await asyncio.sleep(0.05)

    answered = set()
    answering = asyncio.create_task(answer())
    await until(lambda: len(station.asked) == 2, 15, what="it is asked for its boot, then for its statuses")
    await asyncio.sleep(3)
    answering.cancel()
    assert [f[3]["requestedMessage"] for f in station.asked] == ["BootNotification", "StatusNotification"]


# Transactions.


@pytest.mark.parametrize("number", [-1, 0])
async def test_a_stop_without_the_right_id_ends_the_open_session(house, rough, number):
    station = await rough()
    await station.begin(meter=1_000)
    assert (await station.end(number, 3_000, idTag=TAG))[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == 2
    await flagged(house, "StopTransaction.transactionId")


@pytest.mark.parametrize("number", [4_711, 9223372036854775807])
async def test_a_transaction_of_another_system_is_answered_and_parked(house, rough, number):
    station = await rough()
    assert (await station.end(number, 3_000))[0] == 3
    assert (await station.values(number, [{"value": "1"}]))[0] == 3
    assert {p["action"] for p in await house.api.items("/parked")} == {"StopTransaction", "MeterValues"}
    assert await house.api.items("/sessions") == []


@pytest.mark.parametrize("named", [True, False])
async def test_a_last_reading_after_the_stop_is_kept_and_opens_nothing(house, rough, named):
    station = await rough()
    transaction = await station.begin(meter=1_000, at=now() - later(60))
    await station.end(transaction, 3_000)
    values = [{"value": "3100", "context": "Transaction.End"}]
    answer = await station.values(transaction if named else None, values)
    assert answer[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == 2
    assert any(Decimal(reading["register_kwh"] or 0) == Decimal("3.1") for reading in found["readings"])
    assert len(await house.api.items("/sessions")) == 1
    await flagged(house, "after the stop")


async def test_numbers_of_transactions_are_never_used_twice(house, rough):
    station = await rough()
    before = []
    for connector in (1, 2):
        before.append(await station.begin(connector=connector))
    await station.close()
    await house.restart()
    again = await rough()
    after = await again.begin(at=now() + later(5))
    assert max(before) < after < 2**31


async def test_a_session_of_which_nothing_is_told_for_long_is_no_fault(house, rough):
    station = await rough()
    await station.begin(at=now() - later(6 * 3_600))
    await station.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "SuspendedEV"})
    await asyncio.sleep(2.5)
    assert (await session(house))["state"] == "active" and await flags(house) == {}
    attention = (await house.api.get("/overview"))["needs_attention"]
    assert not any("session" in line["kind"] for line in attention), attention


async def test_numbers_of_the_stations_own_are_matched_by_the_evse(house, rough):
    station = await rough()
    await station.begin(meter=0)
    assert (await station.values(-7, [{"value": "900"}]))[0] == 3
    assert (await station.end(-7, 1_500))[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == Decimal("1.5")
    await flagged(house, "MeterValues.transactionId")
    await flagged(house, "StopTransaction.transactionId")


async def test_the_same_start_and_stop_under_new_ids_are_one_session(house, rough):
    station = await rough()
    begin = now() - later(60)
    first = await station.begin(at=begin)
    assert await station.begin(at=begin) == first
    end = now()
    for _ in range(3):
        assert (await station.end(first, 1_600, at=end))[0] == 3
    assert len(await house.api.items("/sessions")) == 1
    found = await session(house)
    assert Decimal(found["energy_kwh"]) == Decimal("0.6") and len(found["readings"]) == 2


@pytest.mark.parametrize("tag", ["04a1b2c3d4e5f6", " 04A1B2C3D4E5F6 ", "04 A1 B2 C3 D4 E5 F6"])
async def test_a_tag_in_other_letters_is_the_same_card(house, rough, tag):
    station = await rough()
    answer = await station.call("Authorize", {"idTag": tag})
    assert answer[2]["idTagInfo"]["status"] == "Accepted"


async def test_a_free_station_charges_without_any_tag_and_bills_the_chosen_token(house, rough):
    station = await rough({"free_vend": True, "free_vend_token": TAG})
    transaction = await station.begin(idTag=None)
    found = await session(house)
    assert found["token"]["uid"] == TAG and found["state"] == "active"
    assert (await station.end(transaction, 1_500))[0] == 3
    assert (await session(house))["state"] == "completed"


async def test_a_start_without_a_register_begins_at_nothing_and_its_bill_is_held(house, rough):
    station = await rough()
    transaction = await station.begin(meter=None, at=now() - later(3_600))
    await station.values(transaction, [{"value": "8000000"}], at=now() - later(3_540))
    await station.end(transaction, 8_001_000)
    cdr = await house.api.get(f"/cdrs/{(await session(house))['cdr']}")
    assert cdr["held_because"]
    await flagged(house, "meter: ")


# Metering.


@pytest.mark.parametrize("samples, flag", [
    ([{"value": 2500}], "value"),
    ([{"value": "2.5", "unit": "kWh"}], None),
    ([{"value": "1.0", "context": "Transaction.Begin", "unit": "kWh"}, {"value": "2500", "context": "Sample.Periodic"}], None),
    ([{"value": "900", "phase": "L1"}, {"value": "800", "phase": "L2"}, {"value": "800", "phase": "L3"}], None),
    ([{"value": "2500", "phase": "L1-N"}, {"value": "23", "measurand": "Temperature", "unit": "Celcius"}], None),
    ([{"value": "2500", "phase": "L1"}, {"value": "3", "measurand": "Current.Import", "phase": "N"}], None),
    ([{"value": "2500"}, {"value": "50", "measurand": "Frequency", "unit": "Hz"}], "unit"),
    ([{"value": "2.5E3"}], None),
    ([{"value": "2500"}, {"value": "12,5", "measurand": "Power.Active.Import"}], "badNumber"),
    ([{"value": "2500", "context": "History"}], "context"),
])
async def test_energy_comes_out_right_whatever_form_it_has(house, rough, samples, flag):
    station = await rough()
    transaction = await station.begin(meter=1_000)
    assert (await station.values(transaction, samples))[0] == 3
    assert Decimal((await session(house))["energy_kwh"]) == Decimal("1.5")
    if flag:
        await flagged(house, flag)
    else:
        assert await flags(house) == {}
    await station.end(transaction, 2_600)
    assert Decimal((await session(house))["energy_kwh"]) == Decimal("1.6")


async def test_no_samples_at_all_are_no_error(house, rough):
    station = await rough()
    transaction = await station.begin(meter=1_000)
    assert (await station.values(transaction, []))[0] == 3
    assert (await session(house))["state"] == "active"


async def test_kwh_labelled_wh_hold_the_bill_and_a_factor_mends_the_next(house, rough):
    station = await rough()

    async def charge(connector):
        begin = now() - later(3_600)
        transaction = await station.begin(meter=1_000, at=begin, connector=connector)
        for minute in (20, 40, 59):
            await station.values(
                transaction, [{"value": str(1_000 + minute / 10)}, {"value": "6000", "measurand": "Power.Active.Import"}],
                at=begin + later(60 * minute), connector=connector)
        await station.end(transaction, 1_006, at=begin + later(3_600))
        return await house.api.get(f"/cdrs/{(await session(house))['cdr']}")

    held = await charge(1)
    assert "kWh that are labelled Wh" in held["held_because"]
    await flagged(house, "kWh labelled Wh")
    await house.api.patch("/stations/CP-1", {"quirks": {"energy_factor": "1000"}})
    cdr = await charge(2)
    assert cdr["held_because"] is None and Decimal(cdr["energy_kwh"]) == 6


async def test_a_register_that_begins_anew_within_a_session_holds_its_bill(house, rough):
    station = await rough()
    begin = now() - later(3_600)
    transaction = await station.begin(meter=50_000, at=begin)
    await station.values(transaction, [{"value": "52000"}], at=begin + later(600))
    await station.values(transaction, [{"value": "10"}], at=begin + later(1_200))
    await station.values(transaction, [{"value": "53000"}], at=begin + later(1_800))
    await station.end(transaction, 54_000)
    cdr = await house.api.get(f"/cdrs/{(await session(house))['cdr']}")
    assert "begins anew" in cdr["held_because"]


async def test_a_register_that_begins_anew_with_each_session_is_no_error(house, rough):
    station = await rough()
    for meter in (900_000, 0):
        begin = now() - later(1_800)
        transaction = await station.begin(meter=meter, at=begin)
        await station.end(transaction, meter + 3_000, at=begin + later(1_800))
        cdr = await house.api.get(f"/cdrs/{(await session(house))['cdr']}")
        assert cdr["held_because"] is None and Decimal(cdr["energy_kwh"]) == 3


# Settings and commands.


async def test_a_list_of_measurands_is_written_as_far_as_the_station_takes_it(house, stations):
    station = await stations(known(house, "CP-1", PASSWORD))
    station.configuration["MeterValuesSampledData"] = ""
    allowed = {"Energy.Active.Import.Register", "Power.Active.Import", "SoC"}
    station.route_map["ChangeConfiguration"]["_on_action"] = picky(station, allowed)
    wanted = "Energy.Active.Import.Register,Temperature,Power.Active.Import,Power.Offered,SoC"
    await house.api.patch(
        "/stations/CP-1", {"quirks": {"wanted_settings": [{"key": "MeterValuesSampledData", "value": wanted}]}})
    assert (await house.api.post("/stations/CP-1/settings/write"))["refused"] == ["MeterValuesSampledData"]
    assert station.configuration["MeterValuesSampledData"] == "Energy.Active.Import.Register,Power.Active.Import,SoC"
    await flagged(house, "MeterValuesSampledData refused as a whole")


def picky(station, allowed):
    from ocpp.v16 import call_result

    def on_change(key, value):
        if not set(value.split(",")) <= allowed:
            return call_result.ChangeConfiguration("Rejected")
        station.configuration[key] = value
        return call_result.ChangeConfiguration("Accepted")

    return on_change


async def test_settings_are_read_all_at_once(house, stations):
    station = await stations(known(house, "CP-1", PASSWORD))
    assert await house.api.post("/stations/CP-1/settings/read") == {"done": 3, "refused": []}
    assert station.commands == [("GetConfiguration", {"key": None})]


async def test_two_connectors_that_are_one_evse(house, rough):
    station = await rough(evses=1)
    await house.api.patch("/stations/CP-1", {"quirks": {"joined": [{"evse": 1, "connectors": [1, 2]}]}})
    for connector, status in ((1, "Unavailable"), (2, "Charging")):
        await station.call("StatusNotification", {"connectorId": connector, "errorCode": "NoError", "status": status})
    evses = (await house.api.get("/stations/CP-1"))["evses"]
    assert [(e["number"], e["status"], len(e["connectors"])) for e in evses] == [(1, "charging", 2)]
    await station.begin(connector=2)
    assert (await session(house))["evse"] == 1


async def test_a_preset_applies_by_itself_and_says_why(house, rough):
    station = await rough(boots=False)
    await station.boot(chargePointVendor="Free2Move eSolutions", chargePointModel="eProWallbox")
    found = await house.api.get("/stations/CP-1")
    assert found["preset"]["name"] == "Free2move eProWallbox" and "StartTransaction" in found["preset"]["because"]
    assert found["needs"]["answer_delay_ms"] == 1000 and found["quirks"] == {}
    await house.api.patch("/stations/CP-1", {"quirks": {"ignores_presets": True}})
    assert "answer_delay_ms" not in (await house.api.get("/stations/CP-1"))["needs"]


async def test_the_operator_lays_out_a_station_and_sets_its_password_in_one_change(house, rough):
    station = await rough(evses=3)
    await house.api.patch(
        "/stations/CP-1",
        {"password": "another-password", "serial_number": "SN-9", "security_profile": 1,
         "evses": [{"number": 1, "evse_id": "NL*OST*E1",
                    "connectors": [{"number": 1, "standard": "IEC_62196_T2", "max_amperage": 16},
                                   {"number": 2, "standard": "DOMESTIC_F", "power_type": "AC_1_PHASE"}]}]})
    found = await house.api.get("/stations/CP-1")
    assert [(e["number"], e["evse_id"], len(e["connectors"])) for e in found["evses"]] == [(1, "NL*OST*E1", 2)]
    assert found["serial_number"] == "SN-9" and found["has_password"]
    assert (await station.boot())["status"] == "Accepted"
    socket = await connect(house.station_url("CP-1"), "CP-1", "another-password")
    await socket.close()
    await house.api.patch("/stations/CP-1", {"password": None})
    assert not (await house.api.get("/stations/CP-1"))["has_password"]
    with pytest.raises(Refused) as refused:
        await house.api.patch("/stations/CP-1", {"quirks": {"time_zone": "Moon/Base"}})
    assert refused.value.problem["field"] == "quirks.time_zone"
    with pytest.raises(Refused) as refused:
        await house.api.patch("/stations/CP-1", {"quirks": {"answer_delay": 1}})
    assert refused.value.problem["field"] == "quirks.answer_delay"


async def test_vendors_data_is_answered_as_the_operator_says(house, rough):
    station = await rough()
    ping = {"vendorId": "com.acme", "messageId": "ping", "data": "x"}
    assert (await station.call("DataTransfer", ping))[2] == {"status": "UnknownVendorId"}
    rules = [{"vendor": "com.acme", "message": "ping", "answer": "accepted", "data": "pong"},
             {"vendor": "com.acme", "message": "bye", "answer": "rejected"}]
    await house.api.patch("/stations/CP-1", {"quirks": {"transfers": rules}})
    assert (await station.call("DataTransfer", ping))[2] == {"status": "Accepted", "data": "pong"}
    assert (await station.call("DataTransfer", {**ping, "messageId": "bye"}))[2] == {"status": "Rejected"}
    assert (await station.call("DataTransfer", {**ping, "messageId": "hm"}))[2] == {"status": "UnknownMessageId"}


async def test_a_pending_station_hears_when_to_come_again_and_its_commands_go_out(house, rough):
    await rough()
    await house.api.patch("/stations/CP-1", {"registration": "pending", "quirks": {"retry_seconds": 7}})
    station = await rough(boots=False)
    answer = await station.boot()
    assert (answer["status"], answer["interval"]) == ("Pending", 7)
    asked = asyncio.create_task(
        house.api.post("/stations/CP-1/ocpp/TriggerMessage", {"requestedMessage": "BootNotification"}))
    await until(lambda: station.asked)
    await station.send([3, station.asked[0][1], {"status": "Accepted"}])
    assert await asked == {"status": "Accepted"}


async def test_both_sides_may_have_a_call_open_at_once(house, rough):
    station = await rough()
    asked = asyncio.create_task(house.api.post("/stations/CP-1/ocpp/ClearCache", {}, timeout=5))
    await until(lambda: station.asked)
    # The station's own call is answered before it answers ours.
    answer = await station.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
    assert answer[0] == 3 and not asked.done()
    await station.send([3, station.asked[0][1], {"status": "Accepted"}])
    assert await asked == {"status": "Accepted"}


async def test_an_answer_that_comes_again_or_late_changes_nothing(house, rough):
    station = await rough()
    asked = asyncio.create_task(house.api.post("/stations/CP-1/ocpp/ClearCache", {}, timeout=1))
    await until(lambda: station.asked)
    with pytest.raises(Refused):
        await asked
    late = station.asked[0][1]
    for _ in range(3):
        await station.send([3, late, {"status": "Accepted"}])
    again = asyncio.create_task(house.api.post("/stations/CP-1/ocpp/ClearCache", {}, timeout=5))
    await until(lambda: len(station.asked) == 2)
    await station.send([3, station.asked[1][1], {"status": "Rejected"}])
    assert await again == {"status": "Rejected"}
    await flagged(house, "unasked")
    assert [count for what, count in (await flags(house)).items() if "unasked" in what] == [3]


async def test_the_status_is_the_one_that_came_last_whatever_its_time(house, rough):
    station = await rough()
    for status, age in (("Charging", 0), ("Available", 7_200)):
        await station.call(
            "StatusNotification",
            {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": text(now() - later(age))})
    assert (await house.api.get("/stations/CP-1"))["evses"][0]["status"] == "available"


async def test_a_backlog_of_old_readings_in_one_message_is_kept(house, rough):
    station = await rough()
    begin = now() - later(7_200)
    transaction = await station.begin(meter=0, at=begin)
    moments = [
        {"timestamp": text(begin + later(60 * n)), "sampledValue": [{"value": str(100 * n)}]} for n in range(1, 101)]
    answer = await station.call(
        "MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": moments})
    assert answer[0] == 3
    found = await session(house)
    assert Decimal(found["energy_kwh"]) == 10 and len(found["readings"]) == 101


async def test_a_value_longer_than_the_standard_allows_comes_through(house, rough):
    station = await rough()
    asked = asyncio.create_task(house.api.post("/stations/CP-1/ocpp/GetConfiguration", {}, timeout=5))
    await until(lambda: station.asked)
    answer = {"configurationKey": [{"key": "Long", "readonly": True, "value": "x" * 5_000}]}
    await station.send([3, station.asked[0][1], answer])
    assert await asked == answer
