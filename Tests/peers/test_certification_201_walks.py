"""The certification cases of OCPP 2.0.1 that are whole walks, step by step as the test document has them: what the station says
between what it is asked, and what must have come of it. What a case merely sends stands in `test_certification_201`."""

import asyncio
from decimal import Decimal

import pytest
from certification import CARD, Case, Kept, Stage21, cards, case, kind  # noqa: F401 (case, kind: fixtures)

from house import until
from stations import later, now, text

YES, NO = {"status": "Accepted"}, {"status": "Rejected"}
HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1f"}


@pytest.fixture(params=["StatusNotification", "NotifyEvent"])
def notice(request):
    return request.param


class Car:
    """What happens at one EVSE, by the states that the test document begins its cases with."""

    def __init__(self, case, evse=1, card=CARD, notice="StatusNotification"):
        self.case, self.evse, self.card, self.notice = case, evse, card, notice
        self.name, self.seq = f"walk-{evse}", 0
        self.is_plugged = self.is_authorized = False

    async def tell(self, trigger, kind=None, **more):
        kind = kind or ("Updated" if self.seq else "Started")
        told = await self.case.station.event(kind, trigger, self.seq, self.name, **more)
        self.seq += 1
        return told

    async def connector(self, word):
        tell = self.case.station.status if self.notice == "StatusNotification" else self.case.station.availability
        assert await tell(self.evse, word) == {}

    async def plug(self):
        await self.connector("Occupied")
        await self.tell("CablePluggedIn", state="EVConnected", evse={"id": self.evse, "connectorId": 1})
        self.is_plugged = True

    async def authorize(self):
        assert (await self.case.station.authorize(self.card))["idTokenInfo"]["status"] == "Accepted"
        assert (await self.tell("Authorized", token=self.card))["idTokenInfo"]["status"] == "Accepted"
        self.is_authorized = True

    async def charge(self):
        if not self.is_authorized:
            await self.authorize()
        if not self.is_plugged:
            await self.plug()
        assert "idTokenInfo" not in await self.tell("ChargingStateChanged", state="Charging", wh=0)

    async def suspend(self):
        await self.tell("ChargingStateChanged", state="SuspendedEV", wh=800)

    async def stop(self, with_token=True):
        told = await self.tell("StopAuthorized", **({"token": self.card} if with_token else {}), wh=1_000)
        assert told["idTokenInfo"]["status"] == "Accepted"

    async def finish(self):
        await self.tell("ChargingStateChanged", state="EVConnected", wh=1_000)

    async def unplug(self, word="Available", **more):
        await self.connector(word)
        return await self.tell(
            "EVCommunicationLost", "Ended", state="Idle", info={"stoppedReason": "EVDisconnected"}, **(more or {"wh": 1_000}))

    async def session(self):
        (session,) = [s for s in await self.case.sessions() if s["transaction_id"] == self.name]
        return session


async def billed(car, kwh=1):
    session = await car.session()
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == kwh and session["token"]["uid"] == car.card


# B: resets.


@pytest.mark.parametrize("evse", [None, 1])
async def test_b_21_26_a_reset_waits_for_the_transaction(case, evse, notice):
    car = Car(case, notice=notice)
    await car.charge()
    await case.raw("Reset", {"type": "OnIdle", **({"evseId": evse} if evse else {})}, {"status": "Scheduled"})
    await car.stop()
    await car.unplug()
    if evse is None:
        await case.come_again()
        assert (await case.station.boot("ScheduledReset"))["status"] == "Accepted"
        await car.connector("Available")
    await billed(car)
    assert await case.evse() == "available"


@pytest.mark.parametrize("evse", [None, 1])
async def test_b_22_27_a_reset_ends_the_transaction(case, evse, notice):
    car = Car(case, notice=notice)
    await car.charge()
    await case.raw("Reset", {"type": "Immediate", **({"evseId": evse} if evse else {})}, YES)
    told = await car.tell("ResetCommand", "Ended", state="EVConnected", wh=1_000, info={"stoppedReason": "ImmediateReset"})
    assert "idTokenInfo" not in told
    if evse is None:
        await case.come_again()
        assert (await case.station.boot("RemoteReset"))["status"] == "Accepted"
        await car.connector("Occupied")
    await billed(car)


async def test_b_08_no_more_variables_are_read_at_once_than_a_station_answers(case):
    limit = {"component": {"name": "DeviceDataCtrlr"}, "variable": {"name": "ItemsPerMessage", "instance": "GetVariables"}}
    await case.raw("GetVariables", {"getVariableData": [limit]}, {
        "getVariableResult": [{**limit, "attributeStatus": "Accepted", "attributeValue": "4"}]})
    case.station.answers["GetVariables"] = lambda asked: {"getVariableResult": [
        {**one, "attributeStatus": "Accepted", "attributeValue": "1"} for one in asked["getVariableData"]]}
    keys = [f"DeviceDataCtrlr.{name}PerMessage[{of}]" for name in ("Items", "Bytes") for of in ("GetReport", "GetVariables")]
    done = await case.api.command("CS-1", "get-configuration", keys=[*keys, "AuthCtrlr.AuthorizeRemoteStart"])
    assert done["phase"] == "done" and len(done["answer"]["settings"]) == 5
    assert [len(asked["getVariableData"]) for asked in case.station.told("GetVariables")] == [1, 4, 1]


async def test_b_09_what_was_written_by_hand_is_known(case):
    one = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}
    other = {"component": {"name": "AuthCtrlr"}, "variable": {"name": "AuthorizeRemoteStart"}}
    await case.raw(
        "SetVariables", {"setVariableData": [{**one, "attributeValue": "123"}, {**other, "attributeValue": "false"}]},
        {"setVariableResult": [{**one, "attributeStatus": "Accepted"}, {**other, "attributeStatus": "Rejected"}]})
    known = {v["key"]: v["value"] for v in await case.api.items("/stations/CS-1/settings")}
    assert known.get("OCPPCommCtrlr.OfflineThreshold") == "123" and "AuthCtrlr.AuthorizeRemoteStart" not in known


# C: who may.


@pytest.mark.parametrize("card, status", [(CARD, "Accepted"), ("NOBODY01", "Invalid")])
async def test_c_08_20_a_car_was_there_first(case, card, status):
    car = Car(case, card=card)
    await car.plug()
    assert (await car.tell("Authorized", token=card))["idTokenInfo"]["status"] == status


@pytest.mark.parametrize("asks", [True, False], ids=["online", "by the local list"])
async def test_c_39_40_43_one_card_of_a_group_starts_and_the_other_stops(case, asks):
    def holds(told):
        assert told["idTokenInfo"]["status"] == "Accepted"
        assert told["idTokenInfo"]["groupIdToken"] == {"idToken": "FLEET", "type": "Central"}

    car = Car(case, card="GROUP0001")
    await car.plug()
    if asks:
        holds(await case.station.authorize("GROUP0002"))
    holds(await car.tell("Authorized", token="GROUP0001"))
    car.is_authorized = True
    await car.charge()
    if asks:
        holds(await case.station.authorize("GROUP0002"))
    holds(await car.tell("StopAuthorized", token="GROUP0002", wh=1_000))
    await car.finish()
    await car.unplug()
    await billed(car)


@pytest.mark.parametrize("with_token", [True, False])
async def test_the_state_stop_authorized(case, with_token):
    car = Car(case, card="GROUP0001")
    await car.charge()
    await car.stop(with_token)
    await car.finish()
    assert "idTokenInfo" not in await car.unplug()
    await billed(car)


async def test_nobody_is_accepted_for_a_stop_where_nobody_was_known(case):
    car = Car(case)
    await car.plug()
    assert "idTokenInfo" not in await car.tell("StopAuthorized")


async def test_c_48_the_master_pass_stops_one_of_two(case):
    cars = [Car(case, 1), Car(case, 2, "GROUP0001")]
    for car in cars:
        await car.charge()
    told = await cars[1].tell("StopAuthorized", "Ended", token="MASTER001", wh=1_000, info={"stoppedReason": "MasterPass"})
    assert told["idTokenInfo"] == {"status": "Accepted", "groupIdToken": {"idToken": "MASTER", "type": "Central"}}
    await billed(cars[1])
    assert (await cars[0].session())["state"] == "active"


# D: the local list, with and without entries.


@pytest.mark.parametrize("entries", [
    {"localAuthorizationList": [{"idToken": {"idToken": CARD, "type": "ISO14443"}}]}, {}])
async def test_d_01_to_04_entries_are_taken_out_and_lists_emptied(case, entries):
    await case.raw("GetLocalListVersion", {}, {"versionNumber": 1})
    kind = "Differential" if entries else "Full"
    await case.raw("SendLocalList", {"versionNumber": 2, "updateType": kind, **entries}, YES)


# E: transactions.


async def test_e_26_a_cable_is_out_and_in_again_within_one_transaction(case, notice):
    car = Car(case, notice=notice)
    await car.charge()
    await car.suspend()
    assert await case.evse() == "suspended_ev"
    await car.tell("EVCommunicationLost", state="Idle")
    await car.connector("Available")
    await car.connector("Occupied")
    await car.tell("CablePluggedIn", state="EVConnected")
    await car.tell("ChargingStateChanged", state="Charging")
    assert await case.evse() == "charging"
    await car.stop()
    await car.unplug()
    await billed(car)


@pytest.mark.parametrize("named", [True, False])
async def test_e_29_33_what_became_of_a_transaction_after_a_lost_line(case, named):
    car = Car(case)
    await car.charge()
    await case.come_again()
    wish = {"transactionId": car.name} if named else {}
    await case.raw("GetTransactionStatus", wish, {"messagesInQueue": True, **({"ongoingIndicator": True} if named else {})})
    assert "idTokenInfo" not in await car.tell("MeterValuePeriodic", wh=600, offline=True)
    await car.stop()
    await car.unplug()
    await billed(car)


@pytest.mark.parametrize("kind_of_event", ["Updated", "Ended"])
async def test_f_04_nobody_came_to_plug_in(case, kind_of_event):
    wish = {"idToken": {"idToken": CARD, "type": "ISO14443"}, "remoteStartId": 77_001, "evseId": 1}
    await case.raw("RequestStartTransaction", wish, YES)
    car = Car(case)
    await car.tell("RemoteStart", token=CARD, info={"remoteStartId": 77_001})
    info = {"stoppedReason": "Timeout"} if kind_of_event == "Ended" else {}
    assert "idTokenInfo" not in await car.tell("EVConnectTimeout", kind_of_event, info=info)


# G: availability with a transaction.


@pytest.mark.parametrize("place", [None, {"id": 1}, {"id": 1, "connectorId": 1}])
async def test_g_11_14_17_what_is_scheduled_happens_after_the_transaction(case, place, notice):
    car = Car(case, notice=notice)
    await car.charge()
    wish = {"operationalStatus": "Inoperative", **({"evse": place} if place else {})}
    await case.raw("ChangeAvailability", wish, {"status": "Scheduled"})
    if place is None:
        await case.station.status(2, "Unavailable")
    assert await case.evse() == "charging"
    await car.stop()
    await car.finish()
    await car.unplug("Unavailable")
    await billed(car)
    assert await case.evse() == "unavailable"
    assert await case.evse(2) == ("available" if place else "unavailable")


# H: reservations.


def hold(number=7, **more):
    return {"id": number, "expiryDateTime": text(now() + later(600)), "idToken": {"idToken": CARD, "type": "ISO14443"}, **more}


@pytest.mark.parametrize("word, then", [("Expired", "Available"), ("Removed", "Faulted")])
async def test_h_07_20_a_reservation_that_is_not_used(case, notice, word, then):
    car = Car(case, notice=notice)
    await case.raw("ReserveNow", hold(evseId=1), YES)
    await car.connector("Reserved")
    assert await case.evse() == "reserved"
    await car.connector(then)
    assert await case.station.say("ReservationStatusUpdate", reservationId=7, reservationUpdateStatus=word) == {}
    assert await case.evse() == then.lower()


async def test_h_14_as_many_reservations_as_places(case, notice):
    for number in (7, 8):
        await case.raw("ReserveNow", hold(number), YES)
    for evse in (1, 2):
        await Car(case, evse, notice=notice).connector("Reserved")
        assert await case.evse(evse) == "reserved"


async def test_h_17_a_reservation_is_taken_back(case, notice):
    car = Car(case, notice=notice)
    await case.raw("ReserveNow", hold(evseId=1), YES)
    await car.connector("Reserved")
    await case.raw("CancelReservation", {"reservationId": 7}, YES)
    await car.connector("Available")
    assert await case.evse() == "available"


async def test_h_19_somebody_of_the_group_uses_what_is_reserved(case, notice):
    car = Car(case, card="GROUP0002", notice=notice)
    group = {"groupIdToken": {"idToken": "FLEET", "type": "Central"}, "idToken": {"idToken": "GROUP0001", "type": "ISO14443"}}
    await case.raw("ReserveNow", hold(evseId=1, **group), YES)
    await car.connector("Reserved")
    await car.charge()
    assert await case.evse() == "charging"
    await car.stop()
    await car.unplug()
    await billed(car)


# I, J: costs and readings.


async def test_i_01_the_running_cost_is_told_with_each_reading_or_by_itself(case):
    car = Car(case)
    await car.charge()
    for wh in (300, 600):
        told = await car.tell("MeterValuePeriodic", wh=wh)
        assert "totalCost" in told or await until(lambda: case.station.told("CostUpdated"), what="the cost is told")


async def test_j_01_02_readings_by_the_clock(case):
    sample = {"value": 5_000, "context": "Sample.Clock"}
    for evse in (0, 1, 2):
        assert await case.station.say("MeterValues", evseId=evse, meterValue=[{"timestamp": text(now()), "sampledValue": [sample]}]) == {}
    assert await case.station.say("NotifyEvent", generatedAt=text(now()), seqNo=0, eventData=[{
        "eventId": 1, "timestamp": text(now()), "trigger": "Periodic", "actualValue": "5000", "eventNotificationType": "HardWiredNotification",
        "component": {"name": "FiscalMetering", "evse": {"id": 1}}, "variable": {"name": "EnergyImport"}}]) == {}
    car = Car(case)
    await car.charge()
    await car.tell("MeterValueClock", meterValue=[{"timestamp": text(now()), "sampledValue": [{**sample, "value": 400}]}])
    assert Decimal((await car.session())["energy_kwh"]) == Decimal("0.4")


@pytest.mark.parametrize("context", ["Sample.Clock", "Sample.Periodic"])
@pytest.mark.parametrize("signed", [True, False])
async def test_j_03_04_10_11_readings_that_come_with_the_end(case, context, signed):
    proof = {"signedMeterValue": {
        "signedMeterData": "T0NNRnx7fXx7fQ==", "signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}} if signed else {}
    if case.kind is Stage21 and signed:
        proof["signedMeterValue"] = {"signedMeterData": "T0NNRnx7fXx7fQ==", "encodingMethod": "OCMF"}
    car = Car(case)
    await car.charge()
    begun = now()
    values = [(100 * n, context) for n in range(1, 10)] + [(1_000, "Transaction.End")]
    await car.unplug(meterValue=[
        {"timestamp": text(begun), "sampledValue": [{"value": wh, "context": word, **proof}]} for wh, word in values])
    await billed(car)
    found = await case.api.get(f"/sessions/{(await car.session())['id']}")
    assert len(found["readings"]) >= len(values)


# K: a limit of somebody else is gone.


async def test_k_51_a_limit_of_somebody_else_ends_within_a_transaction(case):
    car = Car(case)
    await car.charge()
    assert await case.station.say("ClearedChargingLimit", chargingLimitSource="EMS") == {}
    await car.tell("ChargingRateChanged", wh=500)
    await car.stop()
    await car.unplug()
    await billed(car)


# L: firmware over a restart.


def firmware(number=5):
    return {"requestId": number, "firmware": {
        "location": "https://example/fw", "retrieveDateTime": text(now()), "signingCertificate": "-----BEGIN", "signature": "aa"}}


async def tells(case, *words, number=5):
    for word in words:
        assert await case.station.say("FirmwareStatusNotification", status=word, requestId=number) == {}


@pytest.mark.parametrize("end", ["Installed", "InstallationFailed"])
async def test_l_01_09_firmware_with_a_restart(case, notice, end):
    await case.raw("UpdateFirmware", firmware(), YES)
    await tells(case, "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting")
    await case.come_again()
    assert (await case.station.boot("FirmwareUpdate"))["status"] == "Accepted"
    await Car(case, notice=notice).connector("Available")
    await tells(case, end)


@pytest.mark.parametrize("event", ["InvalidFirmwareSigningCertificate", "InvalidFirmwareSignature"])
async def test_l_05_06_firmware_that_is_not_believed(case, event):
    answer = "InvalidCertificate" if "Certificate" in event else "Accepted"
    await case.raw("UpdateFirmware", firmware(), {"status": answer})
    if answer == "Accepted":
        await tells(case, "Downloading", "Downloaded", "InvalidSignature")
    assert await case.station.say("SecurityEventNotification", type=event, timestamp=text(now())) == {}
    assert [e["type"] for e in await case.api.items("/stations/CS-1/security-events")] == [event]


@pytest.mark.parametrize("answer", ["AcceptedCanceled", "Rejected"])
async def test_l_10_11_an_update_within_an_update(case, answer):
    await case.raw("UpdateFirmware", firmware(5), YES)
    await tells(case, "Downloading")
    await case.raw("UpdateFirmware", firmware(6), {"status": answer})
    number = 6 if answer == "AcceptedCanceled" else 5
    await tells(case, "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", number=number)
    await case.come_again()
    assert (await case.station.boot("FirmwareUpdate"))["status"] == "Accepted"
    await tells(case, "Installed", number=number)


async def test_l_13_an_update_waits_for_the_transaction(case, notice):
    car = Car(case, notice=notice)
    await car.charge()
    await case.raw("UpdateFirmware", firmware(), YES)
    await tells(case, "DownloadScheduled")
    await Car(case, 2, notice=notice).connector("Unavailable")
    await car.stop()
    await car.finish()
    await car.unplug()
    await tells(case, "Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting")
    await case.come_again()
    assert (await case.station.boot("FirmwareUpdate"))["status"] == "Accepted"
    await tells(case, "Installed")
    await billed(car)


# M: certificates by every digest.


@pytest.mark.parametrize("digest", ["SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize("deleted", ["Accepted", "Failed"])
async def test_m_12_20_21_a_certificate_is_listed_and_deleted(case, digest, deleted):
    await case.raw("InstallCertificate", {"certificateType": "CSMSRootCertificate", "certificate": "-----BEGIN CERTIFICATE-----"}, YES)
    held = {**HASHES, "hashAlgorithm": digest}
    listed = await case.raw("GetInstalledCertificateIds", {"certificateType": ["CSMSRootCertificate"]}, {
        **YES, "certificateHashDataChain": [{"certificateType": "CSMSRootCertificate", "certificateHashData": held}]})
    (found,) = listed["certificateHashDataChain"]
    await case.raw("DeleteCertificate", {"certificateHashData": found["certificateHashData"]}, {"status": deleted})


# N: monitors and logs.


async def test_n_18_no_more_monitors_are_cleared_at_once_than_a_station_takes(case):
    limit = {"component": {"name": "MonitoringCtrlr"}, "variable": {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"}}
    await case.raw("GetVariables", {"getVariableData": [limit]}, {
        "getVariableResult": [{**limit, "attributeStatus": "Accepted", "attributeValue": "2"}]})
    case.station.answers["ClearVariableMonitoring"] = lambda asked: {
        "clearMonitoringResult": [{"id": one, "status": "NotFound"} for one in asked["id"]]}
    await case.api.command("CS-1", "clear-monitors", monitors=[1, 2, 3])
    assert [asked["id"] for asked in case.station.told("ClearVariableMonitoring")] == [[1, 2], [3]]


@pytest.mark.parametrize("which", ["DiagnosticsLog", "SecurityLog"])
async def test_n_36_a_log_within_a_log(case, which):
    def wish(number):
        return {"logType": which, "requestId": number, "log": {"remoteLocation": "https://example/up"}}

    async def tells_log(word, number):
        assert await case.station.say("LogStatusNotification", status=word, requestId=number) == {}

    await case.raw("GetLog", wish(1), {**YES, "filename": "a"})
    await tells_log("Uploading", 1)
    await case.raw("GetLog", wish(2), {"status": "AcceptedCanceled", "filename": "b"})
    for word, number in [("AcceptedCanceled", 1), ("Uploading", 2), ("Uploaded", 2)]:
        await tells_log(word, number)


# O: a message that belongs to a transaction.


@pytest.mark.parametrize("more", [{}, {"startDateTime": "2030-01-01T00:00:00Z"}, {"endDateTime": "2030-01-01T00:00:00Z", "state": "Charging"}])
async def test_o_06_27_28_a_message_of_a_transaction(case, more):
    car = Car(case)
    await car.charge()
    await case.raw("SetDisplayMessage", {"message": {
        "id": 42, "priority": "NormalCycle", "transactionId": car.name,
        "message": {"format": "UTF8", "content": "Hello"}, **more}}, YES)
    await car.stop()
    await car.unplug()
    await billed(car)


# What the cases need of the daemon itself.


async def test_while_a_case_waits_the_daemon_asks_nothing_of_itself(house, stations, kind):
    """From the first connection over a boot, a session and a lost line, with a card in the books, a station that is left alone
    hears only what the case lets the daemon send."""
    await cards(house)
    case = await Case(house, kind).prepare()
    stations.keep(Kept(case))
    car = Car(case)
    await car.charge()
    await car.stop()
    await car.unplug()
    await case.come_again()
    assert (await case.station.boot("RemoteReset"))["status"] == "Accepted"
    await case.station.status(1, "Available")
    # Some beats of the house's clock, by which it does what is due.
    await asyncio.sleep(3)
    assert [name for name, _ in case.station.heard if name != "CostUpdated"] == []


async def test_two_calls_at_once_go_one_after_the_other(case):
    open_calls = []

    async def slow(msg):
        open_calls.append(1)
        assert len(open_calls) == 1, "a second call came before the first was answered"
        await asyncio.sleep(0.2)
        open_calls.pop()
        await case.station._send(f'[3,"{msg.unique_id}",{{"status":"Accepted"}}]')

    case.station._handle_call = lambda msg: asyncio.ensure_future(slow(msg)) and asyncio.sleep(0)
    told = await asyncio.gather(*[case.door("ClearCache") for _ in range(4)])
    assert [status for status, _ in told] == [200] * 4


@pytest.mark.parametrize("registration", ["pending", "rejected"])
async def test_a_station_that_is_not_accepted_may_be_asked_anything_by_hand(house, stations, kind, registration):
    case = await Case(house, kind).prepare(boots=False, registration=registration)
    stations.keep(Kept(case))
    assert (await case.station.boot())["status"] == registration.capitalize()
    for action, wish in [
            ("TriggerMessage", {"requestedMessage": "BootNotification"}), ("Reset", {"type": "Immediate"}), ("ClearCache", {}),
            ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})]:
        await case.raw(action, wish, YES)
