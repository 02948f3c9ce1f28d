"""What the rehearsals of the certification cases share: stations of PyPI `ocpp` in every version that answer each call as the
case wants it, and the raw call door by which the case lets the daemon send."""

import asyncio
import contextlib
import subprocess

import ocpp.v16
import ocpp.v21
import ocpp.v201
import pytest
import websockets
from ocpp.messages import Call, CallError, validate_payload

from house import until
from stations import Tape, connect, now, text

PASSWORD = "open-sesame-16-ch"
CARD = "04A1B2C3D4E5F6"


class Refusal(Exception):
    """The daemon answered with a CALLERROR."""

    def __init__(self, error):
        super().__init__(f"{error.error_code}: {error.error_description}")
        self.code = error.error_code


class Stage:
    """A station that says what the case lets it say, payloads as they go over the wire."""

    def __init__(self, identity, socket):
        super().__init__(identity, Tape(socket, self.version), response_timeout=15)
        self.answers = {}
        self.then = {}
        self.heard = []
        self.reader = asyncio.create_task(self._serve())

    async def _serve(self):
        with contextlib.suppress(websockets.ConnectionClosed):
            await self.start()

    @property
    def tape(self):
        return self._connection

    @property
    def socket(self):
        return self._connection.socket

    async def close(self):
        await self.socket.close()
        with contextlib.suppress(asyncio.CancelledError):
            await self.reader

    async def _handle_call(self, msg):
        self.heard.append((msg.action, msg.payload))
        answer = self.answers.get(msg.action, {"status": "Accepted"})
        answer = answer(msg.payload) if callable(answer) else answer
        if isinstance(answer, str):
            await self._send(f'[4,"{msg.unique_id}","{answer}","",{{}}]')
            return
        result = msg.create_call_result(answer)
        await validate_payload(result, self._ocpp_version)
        await self._send(result.to_json())
        if msg.action in self.then:
            asyncio.ensure_future(self.then[msg.action](msg.payload))

    async def say(self, action, /, **payload):
        """Sends a call; returns the payload of its answer, which both are held against the official schemas."""
        call = Call(unique_id=str(self._unique_id_generator()), action=action, payload=payload)
        await validate_payload(call, self._ocpp_version)
        async with self._call_lock:
            await self._send(call.to_json())
            response = await self._get_specific_response(call.unique_id, self._response_timeout)
        if isinstance(response, CallError):
            raise Refusal(response)
        response.action = action
        await validate_payload(response, self._ocpp_version)
        return response.payload

    def told(self, action):
        """The payloads of the daemon's calls of that action."""
        return [payload for name, payload in self.heard if name == action]


class Stage16(Stage, ocpp.v16.ChargePoint):
    version, subprotocol = "v16", "ocpp1.6"

    async def boot(self):
        return await self.say(
            "BootNotification", chargePointVendor="Acme", chargePointModel="Twin 22", chargePointSerialNumber="SN-1",
            firmwareVersion="1.0")

    async def status(self, connector, word, error="NoError"):
        return await self.say("StatusNotification", connectorId=connector, status=word, errorCode=error, timestamp=text(now()))

    async def authorize(self, tag):
        return (await self.say("Authorize", idTag=tag))["idTagInfo"]

    async def begin(self, tag, connector=1, meter=0, **more):
        return await self.say(
            "StartTransaction", connectorId=connector, idTag=tag, meterStart=meter, timestamp=more.pop("at", text(now())), **more)

    async def end(self, transaction, meter=1_000, reason="Local", **more):
        return await self.say(
            "StopTransaction", transactionId=transaction, meterStop=meter, timestamp=more.pop("at", text(now())), reason=reason,
            **more)


class Stage2(Stage):
    async def boot(self, reason="PowerUp"):
        return await self.say(
            "BootNotification", reason=reason,
            chargingStation={"model": "Twin 50", "vendorName": "Acme", "serialNumber": "SN-1", "firmwareVersion": "2.0"})

    async def status(self, evse, word, connector=1):
        return await self.say(
            "StatusNotification", timestamp=text(now()), connectorStatus=word, evseId=evse, connectorId=connector)

    async def availability(self, evse, word, connector=1):
        """The same, as an event of the device model."""
        return await self.say(
            "NotifyEvent", generatedAt=text(now()), seqNo=0, eventData=[{
                "eventId": 1, "timestamp": text(now()), "trigger": "Delta", "actualValue": word,
                "eventNotificationType": "HardWiredNotification",
                "component": {"name": "Connector", "evse": {"id": evse, "connectorId": connector}},
                "variable": {"name": "AvailabilityState"}}])

    async def authorize(self, uid, kind="ISO14443", **more):
        return await self.say("Authorize", idToken={"idToken": uid, "type": kind}, **more)

    async def event(self, kind, trigger, seq, transaction="tx-1", token=None, state=None, info=None, wh=None, **more):
        at = more.pop("at", text(now()))
        if token is not None:
            more["idToken"] = token if isinstance(token, dict) else {"idToken": token, "type": "ISO14443"}
        if wh is not None:
            more["meterValue"] = [{"timestamp": at, "sampledValue": [{"value": wh}]}]
        told = {"transactionId": transaction, **({"chargingState": state} if state else {}), **(info or {})}
        return await self.say(
            "TransactionEvent", eventType=kind, timestamp=at, triggerReason=trigger, seqNo=seq, transactionInfo=told, **more)


class Stage201(Stage2, ocpp.v201.ChargePoint):
    version, subprotocol = "v201", "ocpp2.0.1"


class Stage21(Stage2, ocpp.v21.ChargePoint):
    version, subprotocol = "v21", "ocpp2.1"


class Kept:
    """A case as the fixture `stations` keeps it: whichever connection is the last one is closed and judged."""

    def __init__(self, case):
        self.case, self.id = case, case.identity

    @property
    def tape(self):
        return self.case.station.tape

    async def close(self):
        await self.case.station.close()


class Case:
    """One station of a daemon, and what the case does with both."""

    def __init__(self, house, kind, identity="CS-1"):
        self.house, self.api, self.kind, self.identity = house, house.api, kind, identity
        self.station = None

    async def prepare(self, boots=True, **changes):
        await self.api.post("/stations", {"id": self.identity, "password": PASSWORD, "evses": 2, "location": self.house.site})
        # The suite alone decides what the station is asked.
        await self.api.patch(
            f"/stations/{self.identity}", {"quirks": {"leave_alone_after_boot": True, "after_boot": {"trigger_boot": False}}, **changes})
        await self.come()
        if boots:
            answer = await self.station.boot()
            assert answer["status"] == "Accepted" and answer["interval"] > 0 and answer["currentTime"].endswith("Z")
            for number in (1, 2):
                assert await self.station.status(number, "Available") == {}
        return self

    async def come(self):
        self.station = self.kind(
            self.identity,
            await connect(self.house.station_url(self.identity), self.identity, PASSWORD, (self.kind.subprotocol,)))
        return self.station

    async def come_again(self):
        await self.station.close()
        return await self.come()

    async def raw(self, action, payload=None, answer=None, check=None):
        """The daemon sends that call: it must arrive as it was written, and the answer must come back as it was given."""
        if answer is not None:
            self.station.answers[action] = answer
        given = await self.api.post(f"/stations/{self.identity}/ocpp/{action}", payload or {}, timeout=5, check=check)
        assert self.station.told(action)[-1] == (payload or {}), action
        if isinstance(answer, dict):
            assert given == answer, action
        return given

    async def door(self, action, payload=None, **query):
        """The same, where the answer is no answer: status and problem."""
        response = await self.api.http.post(
            f"/stations/{self.identity}/ocpp/{action}", json=payload or {}, params={"timeout": 5, **query})
        return response.status_code, response.json()

    async def shown(self):
        return await self.api.get(f"/stations/{self.identity}")

    async def evse(self, number=1):
        return next(e["status"] for e in (await self.shown())["evses"] if e["number"] == number)

    async def becomes(self, word, number=1):
        async def is_so():
            return await self.evse(number) == word

        await until(is_so, what=f"EVSE {number} is {word}")

    async def sessions(self):
        return await self.api.items("/sessions")

    async def patch(self, **changes):
        return await self.api.patch(f"/stations/{self.identity}", changes)


async def cards(house):
    """One token of each fate."""
    yesterday = text(now().replace(year=now().year - 1))
    for body in (
            {"uid": "BLOCKED01", "valid": False}, {"uid": "EXPIRED01", "valid_until": yesterday},
            {"uid": "GROUP0001", "group_id": "FLEET"}, {"uid": "GROUP0002", "group_id": "FLEET"},
            {"uid": "MASTER001", "group_id": "MASTER"}):
        await house.api.post("/tokens", body)


def request(folder, name):
    """A fresh key, which stays in the folder, and the request for a certificate of it, as `openssl` writes it."""
    done = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/O=Ostler/CN={name}",
         "-keyout", str(folder / "own.key")], capture_output=True, text=True, check=True)
    return done.stdout


async def status_of(house, url, **options):
    """What the door says to somebody who is not let in."""
    try:
        await (await connect(url, **options)).close()
    except websockets.InvalidStatus as refusal:
        return refusal.response.status_code
    return 101


@pytest.fixture
async def case16(house, stations):
    await cards(house)
    case = await Case(house, Stage16, "CP-1").prepare()
    stations.keep(Kept(case))
    yield case


@pytest.fixture(params=[Stage201, Stage21], ids=["2.0.1", "2.1"])
def kind(request):
    return request.param


@pytest.fixture
async def case(house, stations, kind):
    await cards(house)
    case = await Case(house, kind).prepare()
    stations.keep(Kept(case))
    yield case
