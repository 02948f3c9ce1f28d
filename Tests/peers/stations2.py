"""Stations of OCPP 2.0.1 and 2.1 that nobody here wrote: PyPI `ocpp` on `websockets`, which checks by the official schemas
what it sends, and of which the tests check what it hears."""

import asyncio
import contextlib

import ocpp.v21
import ocpp.v201
import ocpp.v21.call
import ocpp.v21.call_result
import ocpp.v201.call
import ocpp.v201.call_result
import websockets
from ocpp.routing import after, on

from stations import Tape, connect, now, text

PASSWORD = "open-sesame-16-ch"


def token(uid, kind="ISO14443"):
    return {"id_token": uid, "type": kind}


class TwoStation:
    """A station with two EVSEs of one connector each, which does as it is told unless `refuses` names the action."""

    def __init__(self, identity, socket):
        super().__init__(identity, Tape(socket, self.version), response_timeout=15)
        self.refuses = set()
        self.commands = []
        self.starts_itself = True
        self.running = {}
        self.count = 0
        self.messages_in_queue = False
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
        # What is still being handled has nobody to tell.
        self.reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.reader

    async def closed(self, seconds=5):
        await asyncio.wait_for(self.socket.wait_closed(), seconds)
        return self.socket.close_code, self.socket.close_reason

    # What it says.

    async def ask(self, name, **fields):
        return await self.call(getattr(self.says, name)(**fields), suppress=False)

    async def boot(self, reason="PowerUp"):
        return await self.ask(
            "BootNotification", reason=reason, charging_station={
                "model": "Twin 50", "vendor_name": "Acme", "serial_number": f"SN-{self.id}"[:25], "firmware_version": "2.0",
                "modem": {"iccid": "8931081321221234567", "imsi": "204080123456789"}})

    async def status(self, evse, word, connector=1):
        return await self.ask(
            "StatusNotification", timestamp=text(now()), connector_status=word, evse_id=evse, connector_id=connector)

    async def available(self):
        for evse in (1, 2):
            await self.status(evse, "Available")

    async def authorize(self, uid, kind="ISO14443"):
        return (await self.ask("Authorize", id_token=token(uid, kind))).id_token_info

    async def event(self, kind, trigger, seq, transaction="tx-1", at=None, wh=None, state=None, context="Sample.Periodic", **more):
        """TransactionEvent: the register in Wh, the charging state, and any further field."""
        info = {"transaction_id": transaction, **more.pop("info", {})}
        if state:
            info["charging_state"] = state
        at = text(at or now())
        if wh is not None:
            more["meter_value"] = [{"timestamp": at, "sampled_value": [
                {"value": wh, "context": context, "measurand": "Energy.Active.Import.Register", "unit_of_measure": {"unit": "Wh"}}]}]
        return await self.ask(
            "TransactionEvent", event_type=kind, timestamp=at, trigger_reason=trigger, seq_no=seq, transaction_info=info, **more)

    async def begin(self, uid, evse=1, wh=1_000, at=None, transaction=None, kind="ISO14443", **more):
        """A session that starts when its token may charge."""
        transaction = transaction or f"tx-{self.count}"
        self.count += 1
        self.running[transaction] = {"evse": evse, "seq": 0, "wh": wh}
        return await self.event(
            "Started", more.pop("trigger", "Authorized"), 0, transaction, at, wh, "Charging", "Transaction.Begin",
            evse={"id": evse, "connector_id": 1}, id_token=token(uid, kind), **more)

    async def go_on(self, transaction, wh, at=None, state="Charging", trigger="MeterValuePeriodic", **more):
        run = self.running[transaction]
        run["seq"] += 1
        run["wh"] = wh
        return await self.event("Updated", trigger, run["seq"], transaction, at, wh, state, **more)

    async def end(self, transaction, wh=None, at=None, trigger="StopAuthorized", reason="Local", **more):
        run = self.running.pop(transaction)
        return await self.event(
            "Ended", trigger, run["seq"] + 1, transaction, at, run["wh"] if wh is None else wh, "EVConnected", "Transaction.End",
            info={"stopped_reason": reason}, **more)

    # What it is asked.

    def _heard(self, action, **what):
        self.commands.append((action, what))
        return action not in self.refuses

    def _answer(self, action, yes="Accepted", no="Rejected", **what):
        return getattr(self.hears, action)(status=yes if self._heard(action, **what) else no)

    @on("RequestStartTransaction")
    def on_start(self, **what):
        return self._answer("RequestStartTransaction", **what)

    @after("RequestStartTransaction")
    async def after_start(self, id_token, remote_start_id, evse_id=None, **rest):
        if self.starts_itself and "RequestStartTransaction" not in self.refuses:
            await self.begin(
                id_token["id_token"], evse_id or 1, kind=id_token["type"], trigger="RemoteStart",
                info={"remote_start_id": remote_start_id})

    @on("RequestStopTransaction")
    def on_stop(self, **what):
        return self._answer("RequestStopTransaction", **what)

    @after("RequestStopTransaction")
    async def after_stop(self, transaction_id, **rest):
        if transaction_id in self.running:
            await self.end(transaction_id, trigger="RemoteStop", reason="Remote")

    @on("GetTransactionStatus")
    def on_transaction_status(self, transaction_id=None, **what):
        self._heard("GetTransactionStatus", transaction_id=transaction_id)
        ongoing = {} if transaction_id is None else {"ongoing_indicator": transaction_id in self.running}
        return self.hears.GetTransactionStatus(messages_in_queue=self.messages_in_queue, **ongoing)

    @on("Reset")
    def on_reset(self, **what):
        return self._answer("Reset", **what)

    @on("UnlockConnector")
    def on_unlock(self, **what):
        return self._answer("UnlockConnector", "Unlocked", "UnlockFailed", **what)

    @on("ChangeAvailability")
    def on_availability(self, **what):
        return self._answer("ChangeAvailability", "Scheduled", **what)

    @on("ClearCache")
    def on_clear_cache(self, **what):
        return self._answer("ClearCache", **what)

    @on("DataTransfer")
    def on_data_transfer(self, **what):
        return self._answer("DataTransfer", **what)

    @on("TriggerMessage")
    def on_trigger(self, **what):
        return self._answer("TriggerMessage", **what)

    @after("TriggerMessage")
    async def after_trigger(self, requested_message, evse=None, **rest):
        if "TriggerMessage" in self.refuses:
            return
        if requested_message == "BootNotification":
            await self.boot("Triggered")
        elif requested_message == "StatusNotification":
            await self.status(evse["id"], "Available", evse.get("connector_id", 1))
        elif requested_message == "Heartbeat":
            await self.ask("Heartbeat")


class Station201(TwoStation, ocpp.v201.ChargePoint):
    version, subprotocol, says, hears = "v201", "ocpp2.0.1", ocpp.v201.call, ocpp.v201.call_result


class Station21(TwoStation, ocpp.v21.ChargePoint):
    version, subprotocol, says, hears = "v21", "ocpp2.1", ocpp.v21.call, ocpp.v21.call_result


async def come(kind, house, identity, password=PASSWORD):
    return kind(identity, await connect(house.station_url(identity), identity, password, (kind.subprotocol,)))


async def known2(kind, house, identity, location=None):
    """A station that the operator entered before it came; booted and available."""
    body = {"id": identity, "password": PASSWORD, "evses": 2}
    await house.api.post("/stations", body if location is None else {**body, "location": location})
    station = await come(kind, house, identity)
    await station.boot()
    await station.available()
    return station
