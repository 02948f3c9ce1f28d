"""Stations that break the rules, each in the one way that was seen in the field: how they come in, what their frames and clocks are like, and what
they say of themselves. What was odd stands on the station's page."""

import asyncio
import contextlib
import json
import re
from datetime import datetime
from decimal import Decimal

import pytest

from house import Refused, until
from rawsocket import CLOSE, PING, TEXT, RawSocket, frame, packed
from rough import PASSWORD, Rough, flagged, flags, rough, session  # noqa: F401 (rough: fixture)
from stations import basic, connect, later, now, text


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
    await flagged(house, "handshake.Sec-WebSocket-Protocol: absent")


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
    await flagged(house, "handshake.Connection: absent")
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


async def test_a_value_longer_than_the_standard_allows_comes_through(house, rough):
    station = await rough()
    asked = asyncio.create_task(house.api.post("/stations/CP-1/ocpp/GetConfiguration", {}, timeout=5))
    await until(lambda: station.asked)
    answer = {"configurationKey": [{"key": "Long", "readonly": True, "value": "x" * 5_000}]}
    await station.send([3, station.asked[0][1], answer])
    assert await asked == answer


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


async def test_a_station_that_returns_without_a_boot_and_follows_no_trigger_is_asked_once_and_flagged(daemons):
    house = await daemons(command_seconds=2)
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD, "evses": 2})

    async def come():
        return Rough(await connect(house.station_url("CP-1"), "CP-1", PASSWORD))

    first = await come()
    assert (await first.boot())["status"] == "Accepted"
    await first.close()
    station = await come()

    async def answer():
        answered = set()
        while True:
            for asked in [one for one in station.asked if one[1] not in answered]:
                answered.add(asked[1])
                await station.send([3, asked[1], {"status": "Accepted"}])
            await asyncio.sleep(0.05)

    answering = asyncio.create_task(answer())
    await until(lambda: len(station.asked) == 2, 15, what="it is asked for its boot, then for its statuses")
    await flagged(house, "came back without a BootNotification")

    async def both():
        return (await flags(house)).get("trigger accepted and not followed") == 2

    await until(both, 10, what="both promises are seen to be broken")
    answering.cancel()
    assert [f[3]["requestedMessage"] for f in station.asked] == ["BootNotification", "StatusNotification"]
    await station.close()


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


async def test_the_status_is_the_one_that_came_last_whatever_its_time(house, rough):
    station = await rough()
    for status, age in (("Charging", 0), ("Available", 7_200)):
        await station.call(
            "StatusNotification",
            {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": text(now() - later(age))})
    assert (await house.api.get("/stations/CP-1"))["evses"][0]["status"] == "available"
