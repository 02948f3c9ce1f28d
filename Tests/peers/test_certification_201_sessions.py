"""The cases by which central systems of OCPP 2.0.1 are certified, blocks E to J, rehearsed as in `test_certification_201`."""

from decimal import Decimal

import pytest
from certification import CARD, case, kind  # noqa: F401 (case, kind: fixtures)

from house import until
from stations import later, now, text

YES, NO = {"status": "Accepted"}, {"status": "Rejected"}
PLACE = {"id": 1, "connectorId": 1}


# E: transactions.

# Where a session starts and stops, as stations are configured: each way of telling it is a session.
WAYS = {
    "plug in first": [
        ("Started", "CablePluggedIn", {"evse": PLACE, "state": "EVConnected"}), ("Updated", "Authorized", {"token": CARD}),
        ("Updated", "ChargingStateChanged", {"state": "Charging", "wh": 0}), ("Ended", "EVCommunicationLost", {"wh": 2_000, "info": {"stoppedReason": "EVDisconnected"}})],
    "authorized first": [
        ("Started", "Authorized", {"token": CARD, "evse": PLACE}), ("Updated", "CablePluggedIn", {"state": "EVConnected"}),
        ("Updated", "ChargingStateChanged", {"state": "Charging", "wh": 0}), ("Ended", "StopAuthorized", {"wh": 2_000, "token": CARD, "info": {"stoppedReason": "Local"}})],
    "parking bay": [
        ("Started", "EVDetected", {"evse": PLACE, "state": "Idle"}), ("Updated", "Authorized", {"token": CARD}),
        ("Updated", "CablePluggedIn", {"state": "EVConnected"}), ("Updated", "ChargingStateChanged", {"state": "Charging", "wh": 0}),
        ("Updated", "StopAuthorized", {"state": "EVConnected", "token": CARD, "wh": 2_000}), ("Updated", "EVCommunicationLost", {"state": "Idle"}),
        ("Ended", "EVDeparted", {"wh": 2_000, "info": {"stoppedReason": "Local"}})],
    "data signed": [
        ("Started", "SignedDataReceived", {"token": CARD, "evse": PLACE, "state": "EVConnected"}),
        ("Updated", "ChargingStateChanged", {"state": "Charging", "wh": 0}), ("Ended", "StopAuthorized", {"wh": 2_000, "info": {"stoppedReason": "Local"}})],
    "energy flows": [
        ("Started", "ChargingStateChanged", {"token": CARD, "evse": PLACE, "state": "Charging", "wh": 0}),
        ("Updated", "MeterValuePeriodic", {"wh": 1_000}), ("Updated", "MeterValueClock", {"wh": 1_500}),
        ("Ended", "ChargingStateChanged", {"wh": 2_000, "info": {"stoppedReason": "StoppedByEV"}})],
    "without a place until it is plugged in": [
        ("Started", "Authorized", {"token": CARD}), ("Updated", "CablePluggedIn", {"evse": PLACE, "state": "EVConnected"}),
        ("Updated", "ChargingStateChanged", {"state": "Charging", "wh": 0}), ("Ended", "EVDeparted", {"wh": 2_000, "info": {"stoppedReason": "EVDisconnected"}})],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("offline", [False, True])
async def test_e_01_to_31_every_way_of_a_session(case, way, offline):
    for number, (kind, trigger, fields) in enumerate(WAYS[way]):
        fields = {k: (dict(v) if isinstance(v, dict) and k == "info" else v) for k, v in fields.items()}
        answer = await case.station.event(kind, trigger, number, "tx-9", **fields, **({"offline": True} if offline else {}))
        assert ("idTokenInfo" in answer) == ("token" in fields)
    (session,) = [s for s in await case.sessions() if s["state"] != "invalid"]
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 2 and session["token"]["uid"] == CARD


async def test_e_03_nobody_plugs_in(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE)
    await case.station.event("Ended", "EVConnectTimeout", 1, info={"stoppedReason": "Timeout"})
    (session,) = await case.sessions()
    assert session["ending"] == "timeout" and Decimal(session["energy_kwh"]) == 0


@pytest.mark.parametrize("reason", [
    "DeAuthorized", "EmergencyStop", "EnergyLimitReached", "EVDisconnected", "GroundFault", "ImmediateReset", "Local", "LocalOutOfCredit",
    "MasterPass", "Other", "OvercurrentFault", "PowerLoss", "PowerQuality", "Reboot", "Remote", "SOCLimitReached", "StoppedByEV",
    "TimeLimitReached", "Timeout"])
async def test_e_every_reason_to_stop(case, reason):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    answer = await case.station.event("Ended", "StopAuthorized", 1, wh=500, info={"stoppedReason": reason})
    assert "totalCost" in answer
    (session,) = await case.sessions()
    assert session["state"] == "completed"


async def test_e_32_to_38_what_becomes_of_a_transaction(case):
    for name, answer in [ ("tx-1", {"ongoingIndicator": True, "messagesInQueue": True}), ("tx-1", {"ongoingIndicator": False, "messagesInQueue": False}), (None, {"messagesInQueue": True}), ("nobody", {"ongoingIndicator": False, "messagesInQueue": False})]:
        await case.raw("GetTransactionStatus", {"transactionId": name} if name else {}, answer)


async def test_e_31_what_was_missing_comes_after_the_end(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    await case.come_again()
    await case.station.status(1, "Available")
    late, kept = {"offline": True}, {"ongoingIndicator": False, "messagesInQueue": True}
    # The daemon asks by itself for what is missing.
    case.station.answers["GetTransactionStatus"] = kept
    end = await case.station.event(
        "Ended", "EVCommunicationLost", 3, wh=3_000, state="Idle", info={"stoppedReason": "EVDisconnected"}, **late)
    assert "idTokenInfo" not in end
    await until(lambda: case.station.told("GetTransactionStatus"), what="it asks for what is missing")
    await case.raw("GetTransactionStatus", {"transactionId": "tx-1"}, kept)
    told = await case.station.event("Updated", "StopAuthorized", 1, token=CARD, **late)
    assert told["idTokenInfo"]["status"] == "Accepted"
    assert "idTokenInfo" not in await case.station.event("Updated", "ChargingStateChanged", 2, state="EVConnected", **late)
    (session,) = await case.sessions()
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 3


async def test_e_53_each_transaction_counts_its_events_from_the_first(case):
    for name in ("tx-1", "tx-2"):
        await case.station.event("Started", "Authorized", 0, name, token=CARD, evse=PLACE, state="Charging", wh=0)
        await case.station.event("Ended", "EVCommunicationLost", 1, name, wh=100, info={"stoppedReason": "EVDisconnected"})
    assert [s["state"] for s in await case.sessions()] == ["completed", "completed"]


# F: remote control.


def wanted(**more):
    return {"idToken": {"idToken": CARD, "type": "ISO14443"}, "remoteStartId": 77_001, "evseId": 1, **more}


@pytest.mark.parametrize("plugged", [True, False])
@pytest.mark.parametrize("transaction", [True, False])
async def test_f_01_to_04_remote_start(case, plugged, transaction):
    number = 0
    if plugged:
        await case.station.event("Started", "CablePluggedIn", 0, evse=PLACE, state="EVConnected", wh=0)
        number = 1
    answer = {**YES, **({"transactionId": "tx-1"} if plugged and transaction else {})}
    await case.raw("RequestStartTransaction", wanted(), answer)
    # A station that asks before it starts for a remote start does so now.
    assert (await case.station.authorize(CARD))["idTokenInfo"]["status"] == "Accepted"
    begun = await case.station.event(
        "Updated" if plugged else "Started", "RemoteStart", number, token=CARD, evse=PLACE, state="Charging", wh=0,
        info={"remoteStartId": 77_001})
    assert begun["idTokenInfo"]["status"] == "Accepted"
    await case.station.event("Ended", "StopAuthorized", number + 1, wh=1_000, info={"stoppedReason": "Local"})
    (session,) = [s for s in await case.sessions() if s["state"] != "invalid"]
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 1


async def test_f_remote_start_by_the_verb_and_its_end(case):
    started = await case.api.command("CS-1", "start", token=CARD, evse=1)
    (asked,) = case.station.told("RequestStartTransaction")
    await case.station.event(
        "Started", "RemoteStart", 0, token=CARD, evse=PLACE, state="Charging", wh=0, info={"remoteStartId": asked["remoteStartId"]})
    await case.raw("RequestStopTransaction", {"transactionId": "tx-1"}, YES)
    await case.station.event("Ended", "RemoteStop", 1, wh=1_000, info={"stoppedReason": "Remote"})
    (session,) = await case.sessions()
    assert session["ending"] == "remote" and session["command"] == started["id"]


async def test_f_04_nobody_plugs_in_after_a_remote_start(case):
    await case.raw("RequestStartTransaction", wanted(), YES)
    await case.station.event("Started", "RemoteStart", 0, token=CARD, evse=PLACE, info={"remoteStartId": 77_001})
    await case.station.event("Ended", "EVConnectTimeout", 1, info={"stoppedReason": "Timeout"})
    (session,) = await case.sessions()
    assert session["ending"] == "timeout"


async def test_f_what_a_station_refuses(case):
    for action, wish in [ ("RequestStartTransaction", wanted()), ("RequestStopTransaction", {"transactionId": "nobody"}), ("TriggerMessage", {"requestedMessage": "Heartbeat"})]:
        await case.raw(action, wish, {**NO, "statusInfo": {"reasonCode": "TxNotFound", "additionalInfo": "no"}})


async def test_f_06_to_10_unlock(case):
    for answer in ["Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction", "UnknownConnector"]:
        await case.raw("UnlockConnector", {"evseId": 1, "connectorId": 1}, {"status": answer})


TRIGGERED = {
    "BootNotification": lambda s: s.boot("Triggered"), "Heartbeat": lambda s: s.say("Heartbeat"),
    "StatusNotification": lambda s: s.status(1, "Available"),
    "MeterValues": lambda s: s.say("MeterValues", evseId=1, meterValue=[{"timestamp": text(now()), "sampledValue": [{"value": 5, "context": "Trigger"}]}]),
    "LogStatusNotification": lambda s: s.say("LogStatusNotification", status="Idle"),
    "FirmwareStatusNotification": lambda s: s.say("FirmwareStatusNotification", status="Idle"),
    "PublishFirmwareStatusNotification": lambda s: s.say("PublishFirmwareStatusNotification", status="Idle"),
    "TransactionEvent": lambda s: s.event("Updated", "Trigger", 1, state="Charging", wh=100)}


@pytest.mark.parametrize("what", TRIGGERED)
@pytest.mark.parametrize("place", [None, {"id": 1}, PLACE])
async def test_f_11_to_27_each_message_is_triggered(case, what, place):
    if what == "StatusNotification" and place != PLACE:
        return
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    await case.raw("TriggerMessage", {"requestedMessage": what, **({"evse": place} if place else {})}, YES)
    await TRIGGERED[what](case.station)
    await case.raw("TriggerMessage", {"requestedMessage": what, **({"evse": place} if place else {})}, {"status": "NotImplemented"})


# G: availability.


@pytest.mark.parametrize("place", [None, {"id": 1}, PLACE])
@pytest.mark.parametrize("answer", ["Accepted", "Scheduled", "Rejected"])
@pytest.mark.parametrize("notice", ["StatusNotification", "NotifyEvent"])
async def test_g_03_to_17_availability(case, place, answer, notice):
    for word, shown in [("Inoperative", "unavailable"), ("Operative", "available")]:
        await case.raw("ChangeAvailability", {"operationalStatus": word, **({"evse": place} if place else {})}, {"status": answer})
        if answer == "Rejected":
            continue
        tell = case.station.status if notice == "StatusNotification" else case.station.availability
        for number in ([1] if place else [1, 2]):
            await tell(number, "Unavailable" if word == "Inoperative" else "Available")
            assert await case.evse(number) == shown
        if word == "Inoperative":
            # It stays so over a new connection that tells nothing.
            await case.come_again()
            await case.station.boot()
            assert await case.evse() == "unavailable"


async def test_g_20_a_lock_fails(case):
    assert await case.station.say(
        "NotifyEvent", generatedAt=text(now()), seqNo=0, eventData=[{
            "eventId": 3, "timestamp": text(now()), "trigger": "Delta", "actualValue": "true", "eventNotificationType": "HardWiredNotification",
            "component": {"name": "ConnectorPlugRetentionLock", "evse": PLACE}, "variable": {"name": "Problem"}}]) == {}
    assert await case.api.items("/alerts", station="CS-1") != []


# H: reservation.


def hold(**more):
    return {"id": 7, "expiryDateTime": text(now() + later(600)), "idToken": {"idToken": CARD, "type": "ISO14443"}, **more}


@pytest.mark.parametrize("place", [{}, {"evseId": 1}, {"connectorType": "cType2"}])
async def test_h_01_a_reservation_is_used(case, place):
    await case.raw("ReserveNow", hold(**place), YES)
    await case.station.status(1, "Reserved")
    assert await case.evse() == "reserved"
    assert (await case.station.authorize(CARD))["idTokenInfo"]["status"] == "Accepted"
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, reservationId=7, state="Charging")
    await case.station.status(1, "Occupied")
    assert await case.evse() == "charging"


async def test_h_a_reservation_is_refused(case):
    for answer in ["Faulted", "Occupied", "Unavailable", "Rejected"]:
        await case.raw("ReserveNow", hold(evseId=1), {"status": answer})


async def test_h_a_reservation_is_cancelled(case):
    for answer in [YES, NO]:
        await case.raw("ReserveNow", hold(evseId=1), YES)
        await case.raw("CancelReservation", {"reservationId": 7}, answer)


@pytest.mark.parametrize("word", ["Expired", "Removed"])
async def test_h_a_reservation_ends(case, word):
    await case.raw("ReserveNow", hold(evseId=1), YES)
    assert await case.station.say("ReservationStatusUpdate", reservationId=7, reservationUpdateStatus=word) == {}


async def test_h_a_reservation_of_a_group(case):
    await case.raw("ReserveNow", hold(groupIdToken={"idToken": "FLEET", "type": "Central"}), YES)
    told = await case.station.authorize("GROUP0002")
    assert told["idTokenInfo"]["groupIdToken"]["idToken"] == "FLEET"


# I: costs.


async def test_i_running_and_total_cost(case):
    await case.raw("CostUpdated", {"totalCost": 2.5, "transactionId": "tx-1"}, {})
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    assert "totalCost" in await case.station.event("Ended", "StopAuthorized", 1, wh=500, info={"stoppedReason": "Local"})


# J: meter values.


async def test_j_values_with_and_without_a_session(case):
    sampled = [{
        "value": 120.5, "context": context, "measurand": "Energy.Active.Import.Register", "location": "Outlet", "phase": "L1",
        "unitOfMeasure": {"unit": "Wh", "multiplier": 0}} for context in ("Sample.Clock", "Sample.Periodic", "Trigger", "Other")]
    assert await case.station.say("MeterValues", evseId=0, meterValue=[{"timestamp": text(now()), "sampledValue": sampled}]) == {}
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    for number, context in enumerate(("Transaction.Begin", "Interruption.Begin", "Interruption.End", "Transaction.End")):
        values = [{"timestamp": text(now()), "sampledValue": [{**sampled[0], "context": context}]}]
        assert "idTokenInfo" not in await case.station.event("Updated", "MeterValuePeriodic", number + 1, meterValue=values)
