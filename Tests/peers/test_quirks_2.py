"""More stations that break the rules: how they come in, how they number what they say, and stations of OCPP 2.0.1."""

import asyncio
import json
from decimal import Decimal

import pytest
import websockets
from aiohttp import web
from certification import CARD, case, kind  # noqa: F401 (case, kind: fixtures)

from house import until
from partners import free_port
from rough import PASSWORD, TAG, flagged, rough  # noqa: F401 (rough: fixture)
from stations import Station, basic, connect, known, later, now, text
from stations2 import Station201 as Client201
from stations2 import come

PLACE = {"id": 1, "connectorId": 1}


# How they come in.


@pytest.mark.parametrize("target", [
    "ws://127.0.0.1:{port}/ocpp/CP-1", "http://central.example/CP-1", "/ws://192.168.1.2:9000/tenant/CP-1", "//ocpp//CP-1//",
    "/ocpp/CP%2D1"])
async def test_a_whole_address_in_the_request_line_is_read_to_its_end(house, target):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    fields = {
        "Host": f"127.0.0.1:{house.port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "ocpp1.6", **basic("CP-1", PASSWORD)}
    writer.write(f"GET {target.format(port=house.port)} HTTP/1.1\r\n".encode())
    writer.write("".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 101"), head

    async def online():
        return (await house.api.get("/stations/CP-1"))["online"]

    await until(online, what="the station is connected")
    writer.close()


@pytest.mark.parametrize("path", ["/ocpp/%20", "/ocpp/a:b", "/ocpp/" + "x" * 49])
async def test_an_address_without_a_right_identity_is_refused_in_a_sentence(house, path):
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await websockets.connect(f"ws://127.0.0.1:{house.port}{path}", subprotocols=["ocpp1.6"])
    assert refusal.value.response.status_code == 404 and b"must end with the station's identity" in refusal.value.response.body


async def test_an_address_that_ends_before_the_identity_knocks_by_its_last_word(house):
    async with websockets.connect(f"ws://127.0.0.1:{house.port}/ocpp/", subprotocols=["ocpp1.6"]):
        async def seen():
            return [knock["id"] for knock in await house.api.items("/knocks")] == ["ocpp"]

        await until(seen, what="the operator sees as whom it came")


async def test_the_version_is_that_of_the_connection(house, stations):
    await house.api.post("/stations", {"id": "CS-1", "password": PASSWORD})
    # It probes with 1.6, as FoxESS does, and comes back as 2.0.1.
    first = await connect(house.station_url("CS-1"), "CS-1", PASSWORD)
    await first.close()
    station = await stations(come(Client201, house, "CS-1"))
    assert (await station.boot()).status == "Accepted"
    shown = await house.api.get("/stations/CS-1")
    assert shown["online"] and "2.0.1" in shown["version"]
    await house.api.command("CS-1", "clear-cache")
    assert ("ClearCache", {}) in station.commands
    again = await stations(known_again(house, "CS-1"))
    assert (await again.boot()).status == "Accepted"
    await house.api.command("CS-1", "clear-cache")


async def known_again(house, identity):
    return Station(identity, await connect(house.station_url(identity), identity, PASSWORD))


# How they number what they say.


async def test_ids_that_come_again_are_answered_again_and_flagged(house, rough):  # noqa: F811
    station = await rough()
    status = {"connectorId": 1, "status": "Available", "errorCode": "NoError", "timestamp": text(now())}
    for word in ("Available", "Charging"):
        assert (await station.call("StatusNotification", {**status, "status": word}, id="same"))[0] == 3
    assert (await house.api.get("/stations/CP-1"))["evses"][0]["status"] == "charging"
    await flagged(house, "messageId")


async def test_an_id_may_be_a_number_and_comes_back_as_one(house, rough):  # noqa: F811
    station = await rough()
    await station.send('[2,1234567,"Heartbeat",{}]')
    answer = await until(lambda: station.answers.get(1234567), what="an answer to a number")
    assert answer[0] == 3 and answer[2]["currentTime"]


# Cards.


async def test_a_tag_that_is_two_longer_than_it_may_be_is_taken_and_is_its_card(house, rough):  # noqa: F811
    await house.api.post("/tokens", {"uid": "12345678901234567890ZZ"})
    station = await rough()
    answer = await station.call("Authorize", {"idTag": "12345678901234567890ZZ"})
    assert answer[2]["idTagInfo"]["status"] == "Accepted"
    await flagged(house, "Authorize.idTag")


async def test_remote_starts_go_under_the_tag_that_the_station_takes(house, stations):
    station = await stations(known(house, "CP-1"))
    station.starts_itself = False
    await house.api.patch("/stations/CP-1", {"quirks": {"start_tag": "DEADBEEF"}})
    await house.api.command("CP-1", "start", token=TAG, evse=1)
    asked = [what for action, what in station.commands if action == "RemoteStartTransaction"]
    assert asked[-1]["id_tag"] == "DEADBEEF"
    await station.begin("DEADBEEF")
    (found,) = await house.api.items("/sessions")
    assert found["token"]["uid"] == TAG and found["state"] == "active"


# Transactions of 2.0.1.


async def test_an_event_without_a_connector_is_of_its_evse(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse={"id": 2}, state="Charging", wh=0)
    assert await case.evse(2) == "charging"
    (found,) = await case.sessions()
    assert found["evse"] == 2


async def test_what_is_told_late_never_shows_as_now(case):
    begin = now() - later(3_600)
    late = {"offline": True}
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0, at=text(begin), **late)
    assert await case.evse() == "available"
    await case.station.event("Updated", "MeterValuePeriodic", 1, wh=1_000, at=text(begin + later(600)), **late)
    await case.station.event(
        "Ended", "StopAuthorized", 2, wh=2_000, at=text(begin + later(900)), info={"stoppedReason": "Local"}, **late)
    assert await case.evse() == "available"
    (found,) = await case.sessions()
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == 2


async def test_what_has_ended_stays_so(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    await case.station.event("Ended", "StopAuthorized", 1, wh=2_000, info={"stoppedReason": "Local"})
    await case.station.event("Updated", "MeterValuePeriodic", 2, wh=9_000, state="Charging")
    await case.station.event("Ended", "StopAuthorized", 1, wh=2_000, info={"stoppedReason": "Local"})
    (found,) = await case.sessions()
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == 2


async def test_a_transaction_is_known_by_the_name_that_its_station_gave_it(case):
    await case.station.event("Started", "Authorized", 0, "my-own-name-7", token=CARD, evse=PLACE, state="Charging", wh=0)
    (found,) = await case.sessions()
    assert found["transaction_id"] == "my-own-name-7"
    assert (await case.api.get(f"/sessions/{found['id']}"))["transaction_id"] == "my-own-name-7"


# Long words.


async def test_exi_longer_than_the_standard_allows_goes_both_ways(daemons, stations, kind):
    wishes = []

    async def provider(request):
        wishes.append(await request.json())
        return web.json_response({"exi_response": "B" * 7_500})

    app = web.Application()
    app.router.add_post("/contracts", provider)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    house = await daemons(contract_provider_url=f"http://127.0.0.1:{port}/contracts", contract_provider_private="true")
    await house.api.post("/stations", {"id": "CS-1", "password": PASSWORD})
    async with websockets.connect(
            house.station_url("CS-1"), subprotocols=[kind.subprotocol], additional_headers=basic("CS-1", PASSWORD)) as socket:
        async def ask(number, action, payload):
            await socket.send(json.dumps([2, str(number), action, payload]))
            while True:
                frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
                if frame[0] == 3 and frame[1] == str(number):
                    return frame[2]

        await ask(1, "BootNotification", {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}})
        answer = await ask(2, "Get15118EVCertificate", {
            "iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install", "exiRequest": "A" * 18_000})
    assert answer["status"] == "Accepted" and len(answer["exiResponse"]) == 7_500
    assert wishes[0]["exi_request"] == "A" * 18_000
    await runner.cleanup()


# Too many connections.


async def test_a_station_that_comes_and_goes_is_not_asked_more_each_time(house):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    heard = []
    for _ in range(4):
        socket = await connect(house.station_url("CP-1"), "CP-1", PASSWORD)
        await socket.send('[2,"1","Heartbeat",{}]')
        while json.loads(await asyncio.wait_for(socket.recv(), 5))[0] != 3:
            heard.append("asked before it settled")
        await socket.close()
    assert heard == []
