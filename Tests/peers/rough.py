"""What the tests of quirks share: a station that sends exactly what the test writes, and how what was odd is seen."""

import asyncio
import json

import pytest
import websockets

from house import Refused, until
from stations import connect, now, text

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
