"""Stations that nobody here wrote: PyPI `ocpp` as a 1.6 charge point on `websockets`. Every frame is recorded, and every
payload that the daemon sends is judged by the official schemas."""

import asyncio
import base64
import contextlib
import json
import logging
from datetime import datetime, timedelta, timezone

import websockets
from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import (
    AvailabilityStatus, ChargePointErrorCode, ChargePointStatus, ClearCacheStatus, ConfigurationStatus,
    DataTransferStatus, RemoteStartStopStatus, ResetStatus, TriggerMessageStatus, UnlockStatus)

from judge import ocpp_flaws

logging.getLogger("ocpp").setLevel(logging.CRITICAL)


def text(time):
    """A time as stations write it."""
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def now():
    return datetime.now(timezone.utc).replace(microsecond=0)


def basic(identity, password):
    word = password if isinstance(password, bytes) else password.encode()
    return {"Authorization": "Basic " + base64.b64encode(identity.encode() + b":" + word).decode()}


def connect(url, identity, password=None, subprotocols=("ocpp1.6",), **options):
    headers = basic(identity, password) if password is not None else {}
    return websockets.connect(
        url, subprotocols=list(subprotocols) or None, additional_headers=headers, open_timeout=10, close_timeout=2,
        max_size=None, **options)


class Tape:
    """A connection that remembers what went over it."""

    def __init__(self, socket, version="v16"):
        self.socket = socket
        self.version = version
        self.sent = []
        self.received = []

    async def send(self, message):
        self.sent.append(json.loads(message))
        await self.socket.send(message)

    async def recv(self):
        message = await self.socket.recv()
        self.received.append(json.loads(message))
        return message

    def flaws(self):
        """What the official schemas say against the payloads that the daemon sent."""
        asked = {frame[1]: frame[2] for frame in self.sent if frame[0] == 2}
        found = []
        for frame in self.received:
            if frame[0] == 2:
                found += ocpp_flaws(frame[2], frame[3], self.version)
                if len(frame[1]) > 36:
                    found.append(f"{frame[2]}: message id of {len(frame[1])} characters")
            elif frame[0] == 3:
                found += ocpp_flaws(asked[frame[1]] + "Response", frame[2], self.version)
        return found


class Station(ChargePoint):
    """A charge point with two connectors that does as it is told, unless `refuses` names the action."""

    def __init__(self, identity, socket):
        super().__init__(identity, Tape(socket), response_timeout=15)
        self.refuses = set()
        self.configuration = {"HeartbeatInterval": "300", "NumberOfConnectors": "2", "MeterValueSampleInterval": "60"}
        self.commands = []
        self.transaction = None
        self.register = 0
        self.starts_itself = True
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

    async def mute(self):
        """Stops answering and reading; the test reads from `socket` itself."""
        self.reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.reader

    async def close(self):
        await self.socket.close()
        # What is still being handled has nobody to tell.
        self.reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.reader

    async def closed(self, seconds=5):
        """The code and reason of the daemon's close frame."""
        await asyncio.wait_for(self.socket.wait_closed(), seconds)
        return self.socket.close_code, self.socket.close_reason

    # What it says.

    async def boot(self, vendor="Acme", model="Twin 22"):
        return await self.call(
            call.BootNotification(
                charge_point_model=model, charge_point_vendor=vendor, charge_point_serial_number=f"SN-{self.id}"[:25],
                firmware_version="1.2.3"),
            suppress=False)

    async def status(self, connector, status, at=None):
        await self.call(
            call.StatusNotification(
                connector_id=connector, error_code=ChargePointErrorCode.no_error, status=status, timestamp=text(at or now())),
            suppress=False)

    async def available(self, connectors=(0, 1, 2)):
        for connector in connectors:
            await self.status(connector, ChargePointStatus.available)

    async def authorize(self, tag):
        return (await self.call(call.Authorize(id_tag=tag), suppress=False)).id_tag_info

    async def begin(self, tag, connector=1, meter=1_000, at=None):
        """StartTransaction; keeps the transaction id."""
        reply = await self.call(
            call.StartTransaction(connector_id=connector, id_tag=tag, meter_start=meter, timestamp=text(at or now())),
            suppress=False)
        self.transaction = reply.transaction_id
        self.register = meter
        return reply

    async def meter(self, register, at=None, connector=1, power=None, transaction=None):
        """MeterValues: the register in Wh and, where it is given, the power in W."""
        self.register = register
        values = [{"value": str(register), "measurand": "Energy.Active.Import.Register", "unit": "Wh", "context": "Sample.Periodic"}]
        if power is not None:
            values.append({"value": str(power), "measurand": "Power.Active.Import", "unit": "W", "context": "Sample.Periodic"})
        return await self.call(
            call.MeterValues(
                connector_id=connector, transaction_id=self.transaction if transaction is None else transaction,
                meter_value=[{"timestamp": text(at or now()), "sampledValue": values}]),
            suppress=False)

    async def end(self, register=None, at=None, tag=None, reason="Local", transaction=None):
        """StopTransaction."""
        return await self.call(
            call.StopTransaction(
                meter_stop=self.register if register is None else register, timestamp=text(at or now()),
                transaction_id=self.transaction if transaction is None else transaction, reason=reason, id_tag=tag),
            suppress=False)

    async def raw(self, frame):
        """Sends any bytes; returns the next frame that answers them or, for what has no id, nothing."""
        await self.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    # What it is asked.

    def _heard(self, action, **what):
        self.commands.append((action, what))
        return action not in self.refuses

    @on("RemoteStartTransaction")
    def on_remote_start(self, id_tag, connector_id=None, **rest):
        ok = self._heard("RemoteStartTransaction", id_tag=id_tag, connector_id=connector_id, **rest)
        return call_result.RemoteStartTransaction(RemoteStartStopStatus.accepted if ok else RemoteStartStopStatus.rejected)

    @after("RemoteStartTransaction")
    async def after_remote_start(self, id_tag, connector_id=None, **rest):
        if "RemoteStartTransaction" not in self.refuses and self.starts_itself:
            await self.begin(id_tag, connector_id or 1)

    @on("RemoteStopTransaction")
    def on_remote_stop(self, transaction_id):
        ok = self._heard("RemoteStopTransaction", transaction_id=transaction_id)
        return call_result.RemoteStopTransaction(RemoteStartStopStatus.accepted if ok else RemoteStartStopStatus.rejected)

    @after("RemoteStopTransaction")
    async def after_remote_stop(self, transaction_id):
        if "RemoteStopTransaction" not in self.refuses:
            await self.end(transaction=transaction_id, reason="Remote")

    @on("Reset")
    def on_reset(self, type):
        ok = self._heard("Reset", type=type)
        return call_result.Reset(ResetStatus.accepted if ok else ResetStatus.rejected)

    @on("UnlockConnector")
    def on_unlock(self, connector_id):
        ok = self._heard("UnlockConnector", connector_id=connector_id)
        return call_result.UnlockConnector(UnlockStatus.unlocked if ok else UnlockStatus.unlock_failed)

    @on("ChangeAvailability")
    def on_change_availability(self, connector_id, type):
        ok = self._heard("ChangeAvailability", connector_id=connector_id, type=type)
        return call_result.ChangeAvailability(AvailabilityStatus.accepted if ok else AvailabilityStatus.rejected)

    @on("ChangeConfiguration")
    def on_change_configuration(self, key, value):
        self._heard("ChangeConfiguration", key=key, value=value)
        if key not in self.configuration:
            return call_result.ChangeConfiguration(ConfigurationStatus.not_supported)
        self.configuration[key] = value
        return call_result.ChangeConfiguration(ConfigurationStatus.accepted)

    @on("GetConfiguration")
    def on_get_configuration(self, key=None):
        self._heard("GetConfiguration", key=key)
        asked = key or list(self.configuration)
        known = [{"key": k, "readonly": False, "value": self.configuration[k]} for k in asked if k in self.configuration]
        return call_result.GetConfiguration(
            configuration_key=known, unknown_key=[k for k in asked if k not in self.configuration] or None)

    @on("ClearCache")
    def on_clear_cache(self):
        ok = self._heard("ClearCache")
        return call_result.ClearCache(ClearCacheStatus.accepted if ok else ClearCacheStatus.rejected)

    @on("TriggerMessage")
    def on_trigger(self, requested_message, connector_id=None):
        ok = self._heard("TriggerMessage", requested_message=requested_message, connector_id=connector_id)
        return call_result.TriggerMessage(TriggerMessageStatus.accepted if ok else TriggerMessageStatus.rejected)

    @after("TriggerMessage")
    async def after_trigger(self, requested_message, connector_id=None):
        if "TriggerMessage" in self.refuses:
            return
        if requested_message == "BootNotification":
            await self.boot()
        elif requested_message == "StatusNotification":
            await self.available([connector_id] if connector_id is not None else (0, 1, 2))
        elif requested_message == "Heartbeat":
            await self.call(call.Heartbeat(), suppress=False)

    @on("DataTransfer")
    def on_data_transfer(self, vendor_id, message_id=None, data=None):
        self._heard("DataTransfer", vendor_id=vendor_id, message_id=message_id, data=data)
        return call_result.DataTransfer(DataTransferStatus.accepted, data="pong")


async def knock(house, identity, password=None):
    """Connects as a stranger and boots: Pending."""
    station = Station(identity, await connect(house.station_url(identity), identity, password))
    return station, await station.boot()


async def admit(house, identity, password="open-sesame-16-ch"):
    """A station that knocked, was accepted by the operator, introduced itself, and is available."""
    from house import until

    station, _ = await knock(house, identity, password)
    await house.api.post(f"/knocks/{identity}/accept")

    async def ready():
        found = await house.api.get(f"/stations/{identity}")
        return [e["status"] for e in found["evses"]] == ["available"] * 2

    await until(ready, what=f"{identity} introduces itself after the operator's yes")
    return station


async def known(house, identity, password="open-sesame-16-ch", location=None):
    """A station that the operator entered before it came; booted and available."""
    body = {"id": identity, "password": password, "evses": 2}
    await house.api.post("/stations", body if location is None else {**body, "location": location})
    station = Station(identity, await connect(house.station_url(identity), identity, password))
    await station.boot()
    await station.available()
    return station


def later(seconds):
    return timedelta(seconds=seconds)
