"""Stations that are light enough to be many: plain frames over `websockets`, a clock of their own, and a ledger of what the
daemon acknowledged. As real stations do, each repeats a transaction message until it is answered."""

import asyncio
import itertools
import json
import random
from dataclasses import dataclass, field
from datetime import timedelta

import websockets

from stations import basic, now, text

PASSWORD = "open-sesame-16-ch"


class NotKept(Exception):
    """The house answered InternalError: it could not keep it, and is asked again."""


GONE = (OSError, websockets.WebSocketException, asyncio.TimeoutError, NotKept)


@dataclass
class Entry:
    """One session by its station's own account. What was acknowledged must be in the books; what was begun may be."""

    station: str
    tag: str
    at: str
    meter: int
    transaction: int = 0
    started: bool = False
    readings: dict = field(default_factory=dict)
    stop: tuple = ()
    stopped: bool = False


class Light:
    """A station that charges one car after the other, `pause` seconds between messages, until it is told to `finish`."""

    def __init__(self, house, identity, tag, pause=0.01, readings=5, days_ago=10):
        self.house, self.identity, self.tag, self.pause, self.wanted = house, identity, tag, pause, readings
        self.clock = now() - timedelta(days=days_ago, seconds=random.randrange(3_600))
        self.register = random.randrange(10_000_000)
        self.ledger = []
        self.closes = []
        self.reconnects = 0
        self.last = False
        self.ids = itertools.count(1)
        self.socket = None

    def finish(self):
        """This car is the last one."""
        self.last = True

    async def run(self):
        while not self.last:
            await self.charge()
        if self.socket:
            await self.socket.close()

    async def charge(self):
        """One car: start, readings, stop, each repeated until it is acknowledged."""
        entry = Entry(self.identity, self.tag, self.tick(), self.register)
        self.ledger.append(entry)
        reply = await self.tell(
            "StartTransaction", {"connectorId": 1, "idTag": self.tag, "meterStart": entry.meter, "timestamp": entry.at})
        entry.transaction, entry.started = reply["transactionId"], True
        for _ in range(self.wanted):
            at = self.tick()
            self.register += random.randrange(100, 180)
            value = {"value": str(self.register), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
            await self.tell(
                "MeterValues",
                {"connectorId": 1, "transactionId": entry.transaction, "meterValue": [{"timestamp": at, "sampledValue": [value]}]})
            entry.readings[at] = self.register
        entry.stop = (self.tick(), self.register)
        await self.tell(
            "StopTransaction",
            {"transactionId": entry.transaction, "meterStop": self.register, "timestamp": entry.stop[0], "idTag": self.tag})
        entry.stopped = True
        return entry

    def tick(self):
        self.clock += timedelta(seconds=60)
        return text(self.clock)

    async def tell(self, action, payload):
        """The payload of the answer, over as many connections as it takes."""
        while True:
            try:
                if self.socket is None:
                    await self.connect()
                reply = await self.call(action, payload)
                await asyncio.sleep(self.pause)
                return reply
            except GONE:
                if self.socket and self.socket.close_code:
                    self.closes.append(self.socket.close_code)
                self.socket = None
                self.reconnects += 1
                await asyncio.sleep(random.uniform(0.02, 0.2))

    async def connect(self):
        socket = await websockets.connect(
            self.house.station_url(self.identity), subprotocols=["ocpp1.6"], additional_headers=basic(self.identity, PASSWORD),
            compression=None, open_timeout=5, close_timeout=1, ping_interval=None)
        self.socket = socket
        await self.call("BootNotification", {"chargePointVendor": "Light", "chargePointModel": "L1"})

    async def call(self, action, payload):
        id_ = str(next(self.ids))
        await self.socket.send(json.dumps([2, id_, action, payload]))
        while True:
            # Not `wait_for`: its task cannot be ended in the moment in which an answer comes.
            async with asyncio.timeout(10):
                frame = json.loads(await self.socket.recv())
            if frame[0] == 2:
                await self.socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
            elif frame[1] == id_:
                assert frame[0] == 3 or frame[2] == "InternalError", frame
                if frame[0] == 4:
                    raise NotKept(frame[3])
                return frame[2]


async def fleet(house, count, tags, tariff=None, **ways):
    """Stations that the house knows, on connectors that cost something."""
    from charging import fit

    made = []
    for number in range(count):
        identity = f"L-{number:03}"
        await house.api.post("/stations", {"id": identity, "password": PASSWORD, "evses": 1, "location": house.site})
        if tariff:
            await fit(house, identity, tariff, numbers=(1,))
        made.append(Light(house, identity, tags[number % len(tags)], **ways))
    return made
