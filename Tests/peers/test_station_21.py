"""What only stations of OCPP 2.1 do."""

import json
from decimal import Decimal

from house import until
from stations2 import Station21, known2, token


async def oddities(house, identity):
    return {o["what"] for o in (await house.api.get(f"/stations/{identity}"))["oddities"]}


async def test_the_newest_version_that_both_speak_is_the_stations_first_offer(house, stations):
    from stations import connect

    await house.api.post("/stations", {"id": "CS-1", "password": "open-sesame-16-ch"})
    socket = await connect(house.station_url("CS-1"), "CS-1", "open-sesame-16-ch", ("ocpp2.1", "ocpp2.0.1", "ocpp1.6"))
    assert socket.subprotocol == "ocpp2.1"
    await socket.close()
    await house.api.patch("/stations/CS-1", {"quirks": {"accepted_versions": ["1.6", "2.0.1"]}})
    socket = await connect(house.station_url("CS-1"), "CS-1", "open-sesame-16-ch", ("ocpp2.1", "ocpp2.0.1", "ocpp1.6"))
    assert socket.subprotocol == "ocpp2.0.1"
    await socket.close()


async def test_kinds_of_tokens_that_came_with_21(house, stations):
    await house.api.post("/tokens", {"uid": "WVWZZZ1JZXW000001", "type": "VIN"})
    await house.api.post("/tokens", {"uid": "00:11:22:33:44:55", "type": "EVCCID"})
    station = await stations(known2(Station21, house, "CS-1"))
    assert (await station.authorize("wvwzzz1jzxw000001", "VIN"))["status"] == "Accepted"
    assert (await station.authorize("001122334455", "EVCCID"))["status"] == "Accepted"
    assert (await station.authorize("WVWZZZ1JZXW000001", "EVCCID"))["status"] == "Invalid"
    assert (await station.authorize("psp-4711", "DirectPayment"))["status"] == "Accepted"


async def test_a_session_goes_on_after_a_forced_boot(house, stations):
    station = await stations(known2(Station21, house, "CS-1"))
    await station.begin("04A1B2C3D4E5F6")
    await station.boot("Watchdog")
    await until(lambda: [c for c in station.commands if c[0] == "GetTransactionStatus"], what="the station is asked what runs")
    await station.go_on("tx-0", 2_000, trigger="TxResumed")
    session = (await house.api.items("/sessions"))[0]
    assert session["state"] == "active"
    await station.end("tx-0", 3_000, id_token=token("04A1B2C3D4E5F6"))
    assert Decimal((await house.api.items("/sessions"))[0]["energy_kwh"]) == 2


async def test_a_send_is_never_answered(house, stations):
    station = await stations(known2(Station21, house, "CS-1"))
    begun = len(station.tape.received)
    await station.socket.send(json.dumps([6, "1", "NoSuchStream", {"id": 1}]))
    await station.socket.send(json.dumps([5, "2", "FormatViolation", "what?", {}]))
    await station.ask("Heartbeat")
    assert len(station.tape.received) == begun + 1

    async def seen():
        return {"NoSuchStream.SEND: brokenFrame", "frame.CALLRESULTERROR: brokenFrame"} <= await oddities(house, "CS-1")

    await until(seen, what="both are shown on the station's page")
