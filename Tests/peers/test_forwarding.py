"""A station mirrored to a second central system that nobody here wrote: PyPI `ocpp` on `websockets`."""

import asyncio
import json

import pytest
import websockets

from house import until
from stations import Station, connect, known

TAG = "04A1B2C3D4E5F6"
PASSWORD = "open-sesame-16-ch"


class Follower:
    """A central system that answers what it hears with names of its own."""

    def __init__(self):
        self.heard = []
        self.paths = []
        self.headers = []
        self.sockets = []
        self.answers = {}
        self.server = None

    async def start(self, port=0):
        self.server = await websockets.serve(self._serve, "127.0.0.1", port, subprotocols=["ocpp1.6"])
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, socket):
        self.paths.append(socket.request.path)
        self.headers.append(socket.request.headers.get("Authorization"))
        self.sockets.append(socket)
        try:
            async for message in socket:
                frame = json.loads(message)
                if frame[0] != 2:
                    self.answers[frame[1]] = frame
                    continue
                self.heard.append((frame[2], frame[3]))
                reply = {"BootNotification": {"status": "Rejected", "currentTime": "2026-01-01T00:00:00Z", "interval": 1},
                         "StartTransaction": {"transactionId": 4_242, "idTagInfo": {"status": "Blocked"}},
                         "StopTransaction": {}, "MeterValues": {}}.get(frame[2], {})
                await socket.send(json.dumps([3, frame[1], reply]))
        except websockets.ConnectionClosed:
            pass

    async def ask(self, action, payload):
        """Asks the station something; returns the whole answer."""
        await self.sockets[-1].send(json.dumps([2, f"q-{action}", action, payload]))
        return await until(lambda: self.answers.get(f"q-{action}"), what=f"an answer to {action}")

    def actions(self):
        return [action for action, _ in self.heard]


@pytest.fixture
async def follower():
    made = await Follower().start()
    yield made
    await made.stop()


async def mirror(house, follower, **rules):
    await house.api.patch(
        "/stations/CP-1",
        {"forwarding": {"url": f"ws://127.0.0.1:{follower.port}/mirror", "allow_private": True, **rules}})


async def test_a_second_system_hears_all_and_ours_alone_answers(house, stations, follower):
    station = await stations(known(house, "CP-1", PASSWORD))
    await mirror(house, follower, identity="ACME#7", password="their-secret")
    await until(lambda: follower.sockets, what="the follower is called")
    assert follower.paths == ["/mirror/ACME%237"] and follower.headers[0].startswith("Basic ")

    async def connected():
        return (await house.api.get("/stations/CP-1"))["forwarding"]["state"] == "connected"

    await until(connected)
    # Its Rejected and Blocked reach nobody.
    assert (await station.boot()).status == "Accepted"
    started = await station.begin(TAG, meter=100)
    assert started.id_tag_info["status"] == "Accepted" and started.transaction_id != 4_242
    await station.meter(400)
    await station.end(500)
    await until(lambda: "StopTransaction" in follower.actions())
    assert follower.actions() == ["BootNotification", "StartTransaction", "MeterValues", "StopTransaction"]
    said = dict(follower.heard)
    assert said["MeterValues"]["transactionId"] == said["StopTransaction"]["transactionId"] == 4_242
    assert (await house.api.items("/sessions"))[0]["state"] == "completed"
    shown = (await house.api.get("/stations/CP-1"))["forwarding"]
    assert shown["has_password"] and "their-secret" not in json.dumps(shown)

    async def logged():
        return await house.api.items("/messages", peer="CP-1 (mirror)", action="StopTransaction", direction="out")

    # The log is written beside the house, a little later.
    assert len(await until(logged, what="the frame in the log")) == 1


async def test_only_what_the_rules_let_through(house, stations, follower):
    station = await stations(known(house, "CP-1", PASSWORD))
    await mirror(house, follower, actions=["StartTransaction", "StopTransaction"], may_call=["RemoteStopTransaction"])
    await until(lambda: follower.sockets)
    await station.status(1, "Preparing")
    await station.begin(TAG, meter=0)
    await until(lambda: follower.actions() == ["StartTransaction"])
    assert (await follower.ask("Reset", {"type": "Hard"}))[0] == 4
    assert (await follower.ask("RemoteStopTransaction", {"transactionId": 4_242}))[:3:2] == [3, {"status": "Accepted"}]
    await until(lambda: follower.actions() == ["StartTransaction", "StopTransaction"])
    assert station.commands == [("RemoteStopTransaction", {"transaction_id": station.transaction})]


async def test_a_follower_that_is_away_hears_later_what_it_missed(house, stations, follower):
    station = await stations(known(house, "CP-1", PASSWORD))
    await mirror(house, follower)
    await until(lambda: follower.sockets)
    port = follower.port
    await follower.stop()

    async def away():
        return (await house.api.get("/stations/CP-1"))["forwarding"]["state"] == "away"

    await until(away)
    await station.begin(TAG, meter=0)
    await station.meter(300)
    await station.end(500)
    again = await Follower().start(port)
    try:
        await until(lambda: "StopTransaction" in again.actions(), 15, what="it hears what it missed")
        assert [a for a in again.actions() if a != "StatusNotification"] == [
            "StartTransaction", "MeterValues", "StopTransaction"]
        await house.api.patch("/stations/CP-1", {"forwarding": None})
        await asyncio.wait_for(again.sockets[0].wait_closed(), 5)
        assert (await house.api.get("/stations/CP-1"))["forwarding"] is None
    finally:
        await again.stop()


@pytest.mark.parametrize("loops", [1, 2])
async def test_a_link_that_is_replaced_hands_its_follower_over(daemons, stations, follower, loops):
    """The line died without a word, and the station is back before anybody knows: its transaction ends at the follower too."""
    house = await daemons(loops=loops)
    await house.api.post("/tokens", {"uid": TAG})
    first = await stations(known(house, "CP-1", PASSWORD))
    await mirror(house, follower)
    await until(lambda: follower.sockets)
    await first.begin(TAG, meter=0)
    await until(lambda: "StartTransaction" in follower.actions())
    second = stations.keep(Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD)))
    await second.boot()
    await until(lambda: len(follower.sockets) == 2, what="the follower sees the station come again")
    second.transaction = first.transaction
    await second.meter(300)
    await second.end(500)
    await until(lambda: "StopTransaction" in follower.actions(), 15, what="the end is told")
    told = [payload for action, payload in follower.heard if action in ("MeterValues", "StopTransaction")]
    assert [payload["transactionId"] for payload in told] == [4_242, 4_242]
    await asyncio.sleep(1.5)
    assert len(follower.sockets) == 2, "two connections of one station throw each other out"
