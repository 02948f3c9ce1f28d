"""The cases by which central systems of OCPP 2.0.1 are certified, block by block, as far as they are known, rehearsed: the
station is PyPI `ocpp`, and what the case lets the daemon send goes through the raw call door."""

import asyncio
import hashlib
from decimal import Decimal

import pytest
import websockets
from certification import CARD, PASSWORD, Case, Kept, Refusal, Stage21, Stage201, cards, request, status_of

from house import until
from stations import basic, connect, later, now, text


@pytest.fixture(params=[Stage201, Stage21], ids=["2.0.1", "2.1"])
def kind(request):
    return request.param


@pytest.fixture
async def case(house, stations, kind):
    await cards(house)
    case = await Case(house, kind).prepare()
    stations.keep(Kept(case))
    yield case


YES, NO = {"status": "Accepted"}, {"status": "Rejected"}
PLACE = {"id": 1, "connectorId": 1}
HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1f"}


def setting(component, variable, **more):
    return {"component": {"name": component}, "variable": {"name": variable}, **more}


# A: security.


async def test_a_01_to_03_who_is_let_in(case):
    url = case.house.station_url("CS-1")
    way = {"identity": "CS-1", "subprotocols": (case.kind.subprotocol,)}
    assert await status_of(case.house, url, password=PASSWORD, **way) == 101
    assert await status_of(case.house, url, password="not-the-password", **way) == 401
    assert await status_of(case.house, url, **way) == 401
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await websockets.connect(url, subprotocols=[case.kind.subprotocol], additional_headers=basic("CS-2", PASSWORD))
    assert refusal.value.response.status_code == 401


@pytest.mark.parametrize("answer", ["Accepted", "Rejected"])
async def test_a_09_10_the_password_changes(case, answer):
    new = "the-new-password-of-CS-1"
    wish = {"setVariableData": [
        setting("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="300"),
        setting("SecurityCtrlr", "BasicAuthPassword", attributeValue=new)]}
    await case.raw("SetVariables", wish, {"setVariableResult": [
        setting("OCPPCommCtrlr", "HeartbeatInterval", attributeStatus="Accepted"),
        setting("SecurityCtrlr", "BasicAuthPassword", attributeStatus=answer)]})
    await case.station.close()
    holds, fails = (new, PASSWORD) if answer == "Accepted" else (PASSWORD, new)
    url = case.house.station_url("CS-1")
    assert await status_of(case.house, url, identity="CS-1", password=fails, subprotocols=(case.kind.subprotocol,)) == 401
    case.station = case.kind("CS-1", await connect(url, "CS-1", holds, (case.kind.subprotocol,)))
    assert (await case.station.boot())["status"] == "Accepted"


@pytest.mark.parametrize("what", ["SignChargingStationCertificate", "SignV2GCertificate", "SignCombinedCertificate"])
async def test_a_11_to_14_certificates_by_order_of_the_daemon(case, what):
    await case.raw("TriggerMessage", {"requestedMessage": what}, YES)
    # What is no request is refused, and the daemon sends nothing for it.
    assert (await case.station.say("SignCertificate", csr="garbage"))["status"] == "Rejected"
    wish = {"certificateChain": "-----BEGIN CERTIFICATE-----", "certificateType": "ChargingStationCertificate"}
    await case.raw("CertificateSigned", wish, YES)
    await case.raw("CertificateSigned", wish, NO)


async def test_a_11_a_request_is_signed_and_comes_back(case, tmp_path):
    csr = request(tmp_path, "CS-1")
    assert (await case.station.say("SignCertificate", csr=csr, certificateType="ChargingStationCertificate"))["status"] == "Accepted"
    await until(lambda: case.station.told("CertificateSigned"), what="the certificate comes")
    (given,) = case.station.told("CertificateSigned")
    assert given["certificateChain"].startswith("-----BEGIN CERTIFICATE-----")
    assert given.get("certificateType") == "ChargingStationCertificate"


async def test_a_15_a_request_for_somebody_else_is_refused(case, tmp_path):
    answer = await case.station.say("SignCertificate", csr=request(tmp_path, "CS-99"))
    assert answer["status"] == "Rejected" and case.station.told("CertificateSigned") == []


@pytest.mark.parametrize("kind_of_event", ["FirmwareUpdated", "SettingSystemTime", "TamperDetectionActivated", "VendorOwn"])
async def test_a_security_events(case, kind_of_event):
    assert await case.station.say("SecurityEventNotification", type=kind_of_event, timestamp=text(now()), techInfo="x") == {}
    (kept,) = await case.api.items("/stations/CS-1/security-events")
    assert kept["type"] == kind_of_event


def network(case, profile=2):
    return {"configurationSlot": 1, "connectionData": {
        **({"ocppVersion": "OCPP20"} if case.kind is Stage201 else {}), "ocppTransport": "JSON", "messageTimeout": 30,
        "ocppCsmsUrl": "wss://example.org/ocpp", "securityProfile": profile, "ocppInterface": "Wired0"}}


async def test_a_19_the_security_profile_is_raised(case):
    await case.raw("SetNetworkProfile", network(case), YES)
    await case.raw(
        "SetVariables", {"setVariableData": [setting("OCPPCommCtrlr", "NetworkConfigurationPriority", attributeValue="1")]},
        {"setVariableResult": [setting("OCPPCommCtrlr", "NetworkConfigurationPriority", attributeStatus="RebootRequired")]})
    await case.raw("Reset", {"type": "OnIdle"}, YES)
    await case.patch(security_profile=2)
    await until(lambda: case.station.socket.close_code is not None, what="the plain connection ends")
    way = {"identity": "CS-1", "password": PASSWORD, "subprotocols": (case.kind.subprotocol,)}
    assert await status_of(case.house, case.house.station_url("CS-1"), **way) == 403


# B: provisioning.


async def test_b_01_cold_boot(case):
    assert (await case.station.say("Heartbeat"))["currentTime"].endswith("Z")
    for word, shown in [("Available", "available"), ("Unavailable", "unavailable"), ("Faulted", "faulted"), ("Reserved", "reserved")]:
        await case.station.status(1, word)
        assert await case.evse() == shown
        await case.station.availability(2, word)
        assert await case.evse(2) == shown


async def test_b_01_every_reason_of_a_boot(case):
    for reason in [ "ApplicationReset", "FirmwareUpdate", "LocalReset", "PowerUp", "RemoteReset", "ScheduledReset", "Triggered", "Unknown", "Watchdog"]:
        assert (await case.station.boot(reason))["status"] == "Accepted"


async def test_b_02_30_31_pending(house, stations, kind):
    case = await Case(house, kind).prepare(boots=False, registration="pending")
    stations.keep(Kept(case))
    answer = await case.station.boot()
    assert answer["status"] == "Pending" and answer["interval"] > 0
    # What the daemon did not ask for it does not hear.
    for say in (case.station.status(1, "Available"), case.station.authorize(CARD), case.station.say("Heartbeat")):
        with pytest.raises(Refusal) as refusal:
            await say
        assert refusal.value.code == "SecurityError"
    # It may ask, and what it asked for it takes.
    one = setting("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="60")
    await case.raw("SetVariables", {"setVariableData": [one]}, {
        "setVariableResult": [setting("OCPPCommCtrlr", "HeartbeatInterval", attributeStatus="Accepted")]})
    await case.raw("GetVariables", {"getVariableData": [setting("OCPPCommCtrlr", "HeartbeatInterval")]}, {
        "getVariableResult": [setting("OCPPCommCtrlr", "HeartbeatInterval", attributeStatus="Accepted", attributeValue="60")]})
    await case.raw("GetBaseReport", {"requestId": 9, "reportBase": "FullInventory"}, YES)
    assert await case.station.say("NotifyReport", requestId=9, generatedAt=text(now()), seqNo=0) == {}
    await case.raw("TriggerMessage", {"requestedMessage": "StatusNotification", "evse": PLACE}, YES)
    assert await case.station.status(1, "Available") == {}
    await case.patch(registration="accepted")
    await case.raw("TriggerMessage", {"requestedMessage": "BootNotification"}, YES)
    assert (await case.station.boot("Triggered"))["status"] == "Accepted"
    assert await case.station.status(1, "Available") == {}


async def test_b_03_rejected(house, stations, kind):
    case = await Case(house, kind).prepare(boots=False, registration="rejected")
    stations.keep(Kept(case))
    answer = await case.station.boot()
    assert answer["status"] == "Rejected" and answer["interval"] > 0
    with pytest.raises(Refusal) as refusal:
        await case.station.say("Heartbeat")
    assert refusal.value.code == "SecurityError"
    await case.patch(registration="accepted")
    assert (await case.station.boot())["status"] == "Accepted"


VARIABLES = [("OCPPCommCtrlr", "HeartbeatInterval"), ("AuthCtrlr", "LocalPreAuthorize"), ("TxCtrlr", "EVConnectionTimeOut")]
WORDS = ["Accepted", "Rejected", "UnknownComponent", "UnknownVariable", "NotSupportedAttributeType"]


async def test_b_06_to_11_variables_are_got_and_set(case):
    for attribute in [None, "Target", "MinSet", "MaxSet"]:
        for count in [1, 3]:
            for word in WORDS:
                more = {"attributeType": attribute} if attribute else {}
                value = {"attributeValue": "30"} if word == "Accepted" else {}
                await case.raw(
                    "GetVariables", {"getVariableData": [setting(*name, **more) for name in VARIABLES[:count]]},
                    {"getVariableResult": [setting(*name, attributeStatus=word, **value, **more) for name in VARIABLES[:count]]})
                await case.raw(
                    "SetVariables", {"setVariableData": [setting(*name, attributeValue="30", **more) for name in VARIABLES[:count]]},
                    {"setVariableResult": [setting(*name, attributeStatus=word, **more) for name in VARIABLES[:count]]})


def told(name="OCPPCommCtrlr", variable="HeartbeatInterval", value="300"):
    return {
        "component": {"name": name}, "variable": {"name": variable}, "variableAttribute": [{"value": value, "mutability": "ReadWrite"}],
        "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": True}}


@pytest.mark.parametrize("base", ["ConfigurationInventory", "FullInventory", "SummaryInventory"])
async def test_b_12_to_14_base_reports(case, base):
    await case.raw("GetBaseReport", {"requestId": 4711, "reportBase": base}, YES)
    for number in range(3):
        assert await case.station.say(
            "NotifyReport", requestId=4711, generatedAt=text(now()), seqNo=number, tbc=number < 2,
            reportData=[told(variable=f"V{number}")]) == {}
    values = await case.api.items("/stations/CS-1/settings")
    assert {"OCPPCommCtrlr.V0", "OCPPCommCtrlr.V1", "OCPPCommCtrlr.V2"} <= {v["key"] for v in values}


async def test_b_15_16_reports_that_are_not_given(case):
    for answer in ["Rejected", "NotSupported", "EmptyResultSet"]:
        await case.raw("GetBaseReport", {"requestId": 1, "reportBase": "SummaryInventory"}, {"status": answer})
        wish = {"requestId": 2, "componentCriteria": ["Problem"], "componentVariable": [{"component": {"name": "EVSE", "evse": {"id": 1}}}]}
        await case.raw("GetReport", wish, {"status": answer})


async def test_b_18_custom_reports(case):
    for criteria in [["Active"], ["Available"], ["Enabled"], ["Problem"], ["Available", "Problem"]]:
        wish = {
            "requestId": 5, "componentCriteria": criteria,
            "componentVariable": [{"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}}]}
        await case.raw("GetReport", wish, YES)
        assert await case.station.say("NotifyReport", requestId=5, generatedAt=text(now()), seqNo=0, reportData=[told("EVSE", "AvailabilityState", "Available")]) == {}


@pytest.mark.parametrize("evse", [None, 1])
@pytest.mark.parametrize("how, answer", [("OnIdle", "Accepted"), ("OnIdle", "Scheduled"), ("Immediate", "Accepted"), ("Immediate", "Rejected")])
async def test_b_20_to_28_reset(case, evse, how, answer):
    wish = {"type": how, **({"evseId": evse} if evse else {})}
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging")
    await case.raw("Reset", wish, {"status": answer})
    if answer == "Rejected":
        return
    reason = "Local" if how == "OnIdle" else "ImmediateReset"
    await case.station.event("Ended", "ResetCommand" if how == "Immediate" else "EVDeparted", 1, info={"stoppedReason": reason})
    if evse is None:
        await case.come_again()
        assert (await case.station.boot("RemoteReset"))["status"] == "Accepted"
    (session,) = await case.sessions()
    assert session["state"] == "completed"


async def test_b_42_to_44_network_profiles(case):
    for answer in ["Accepted", "Rejected", "Failed"]:
        await case.raw("SetNetworkProfile", network(case, 1), {"status": answer})


async def test_b_58_the_subprotocol_is_chosen(case):
    url = case.house.station_url("CS-1")
    async with websockets.connect(
            url, subprotocols=["ocpp0.1", case.kind.subprotocol], additional_headers=basic("CS-1", PASSWORD)) as socket:
        assert socket.subprotocol == case.kind.subprotocol
    with pytest.raises((websockets.InvalidHandshake, websockets.ConnectionClosed)):
        async with websockets.connect(url, subprotocols=["ocpp0.1"], additional_headers=basic("CS-1", PASSWORD)) as socket:
            await socket.recv()


# C: authorization.

FATES = [(CARD, "Accepted"), (CARD.lower(), "Accepted"), ("NOBODY01", "Invalid"), ("BLOCKED01", "Blocked"), ("EXPIRED01", "Expired")]


@pytest.mark.parametrize("uid, status", FATES)
async def test_c_01_02_06_07_who_may_charge(case, uid, status):
    told = await case.station.authorize(uid)
    assert told["idTokenInfo"]["status"] == status
    # Where a token comes with the event, its answer tells of it; where none comes, it does not.
    started = await case.station.event("Started", "Authorized", 0, token=uid, evse=PLACE, state="EVConnected")
    assert started["idTokenInfo"]["status"] == status
    assert "idTokenInfo" not in await case.station.event("Updated", "ChargingStateChanged", 1, state="SuspendedEVSE")
    assert "idTokenInfo" not in await case.station.event("Ended", "Deauthorized", 2, info={"stoppedReason": "DeAuthorized"})


@pytest.mark.parametrize("word", ["Unknown", "Invalid"])
async def test_c_02_an_unknown_token_may_not(case, word):
    assert (await case.station.authorize(f"{word}-TOKEN"))["idTokenInfo"]["status"] in ("Invalid", "Unknown")


async def test_c_05_a_start_button(case):
    answer = await case.station.event("Started", "Authorized", 0, token={"idToken": "", "type": "NoAuthorization"}, evse=PLACE)
    assert answer["idTokenInfo"]["status"] == "Accepted"


@pytest.mark.parametrize("means", ["Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress"])
async def test_c_every_kind_of_token_is_answered(case, means):
    await case.api.post("/tokens", {"uid": "TOKEN-1", "type": {"KeyCode": "KEY_CODE", "MacAddress": "MAC_ADDRESS", "eMAID": "EMAID"}.get(means, "RFID")})
    assert (await case.station.authorize("TOKEN-1", means))["idTokenInfo"]["status"] == "Accepted"
    assert (await case.station.authorize("TOKEN-2", means))["idTokenInfo"]["status"] in ("Invalid", "Unknown")


async def test_c_09_39_40_groups(case):
    group = {"idToken": "FLEET", "type": "Central"}
    assert (await case.station.authorize("GROUP0001"))["idTokenInfo"] == {"status": "Accepted", "groupIdToken": group}
    started = await case.station.event("Started", "Authorized", 0, token="GROUP0001", evse=PLACE, state="Charging")
    assert started["idTokenInfo"]["groupIdToken"] == group
    ended = await case.station.event("Ended", "StopAuthorized", 1, token="GROUP0002", info={"stoppedReason": "Local"})
    assert ended["idTokenInfo"] == {"status": "Accepted", "groupIdToken": group}
    (session,) = await case.sessions()
    assert session["token"]["uid"] == "GROUP0001"


async def test_c_47_to_49_the_master_pass_stops_all(case):
    await case.station.event("Started", "Authorized", 0, "tx-1", token=CARD, evse=PLACE, state="Charging")
    await case.station.event("Started", "Authorized", 0, "tx-2", token="GROUP0001", evse={"id": 2, "connectorId": 1}, state="Charging")
    shown = await case.station.authorize("MASTER001")
    assert shown["idTokenInfo"] == {"status": "Accepted", "groupIdToken": {"idToken": "MASTER", "type": "Central"}}
    for name in ("tx-1", "tx-2"):
        ended = await case.station.event("Ended", "StopAuthorized", 1, name, token="MASTER001", info={"stoppedReason": "MasterPass"})
        assert ended["idTokenInfo"]["status"] == "Accepted"
    assert {s["ending"] for s in await case.sessions()} == {"master_pass"}


async def test_c_37_38_the_cache_is_cleared(case):
    for answer in [YES, NO]:
        await case.raw("ClearCache", {}, answer)


async def test_c_50_to_57_plug_and_charge(case):
    await case.api.post("/tokens", {"uid": "NLTNMC00122045K", "type": "EMAID"})
    hashes = {**HASHES, "responderURL": "http://127.0.0.1:9/ocsp"}
    answer = await case.station.authorize("NLTNMC00122045K", "eMAID", iso15118CertificateHashData=[hashes])
    # No responder vouches for it here, so the contract is not believed; the answer says both.
    assert answer["certificateStatus"] != "Accepted" and answer["idTokenInfo"]["status"] == "Invalid"
    assert (await case.station.authorize("NLTNMC00122045K", "eMAID"))["idTokenInfo"]["status"] == "Accepted"


# D: local authorization list.


async def test_d_01_to_07_a_list_is_sent(case):
    for answer in ["Accepted", "Failed", "VersionMismatch"]:
        for update in ["Full", "Differential"]:
            await case.raw("SendLocalList", {
                "versionNumber": 1, "updateType": update, "localAuthorizationList": [
                    {"idToken": {"idToken": CARD, "type": "ISO14443"}, "idTokenInfo": {"status": "Accepted"}}]}, {"status": answer})


async def test_d_08_09_the_version_of_the_list(case):
    for version in [0, 1]:
        await case.raw("GetLocalListVersion", {}, {"versionNumber": version})


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


# K: smart charging.


def profile(case, purpose="TxDefaultProfile", number=158, **more):
    schedule = {
        "id": 1, "duration": 300, "startSchedule": text(now()), "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0, "numberPhases": 3}, {"startPeriod": 100, "limit": 10.0}]}
    return {"id": number, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute", "chargingSchedule": [schedule], **more}


async def test_k_01_to_10_profiles(case):
    for answer in [YES, NO]:
        for purpose, evse in [("TxDefaultProfile", 0), ("TxDefaultProfile", 1), ("ChargingStationMaxProfile", 0), ("TxProfile", 1)]:
            more = {"transactionId": "tx-1"} if purpose == "TxProfile" else {}
            await case.raw("SetChargingProfile", {"evseId": evse, "chargingProfile": profile(case, purpose, **more)}, answer)


async def test_k_37_remote_start_with_a_profile(case):
    await case.raw("RequestStartTransaction", wanted(chargingProfile=profile(case, "TxProfile")), YES)


async def test_k_43_44_what_comes_of_the_profiles(case):
    wish = {"evseId": 1, "duration": 300, "chargingRateUnit": "A"}
    await case.raw("GetCompositeSchedule", wish, {**YES, "schedule": {
        "evseId": 1, "duration": 300, "scheduleStart": text(now()), "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.0}]}})
    await case.raw("GetCompositeSchedule", wish, NO)


async def test_k_29_to_36_profiles_are_reported(case):
    for criterion in [ {"chargingProfileId": [158]}, {"chargingProfilePurpose": "TxDefaultProfile"}, {"stackLevel": 0}, {"chargingLimitSource": ["CSO"]}]:
        await case.raw("GetChargingProfiles", {"requestId": 3, "evseId": 1, "chargingProfile": criterion}, YES)
        for more in (True, False):
            assert await case.station.say(
                "ReportChargingProfiles", requestId=3, evseId=1, chargingLimitSource="CSO", chargingProfile=[profile(case)], tbc=more) == {}
        await case.raw("GetChargingProfiles", {"requestId": 3, "chargingProfile": criterion}, {"status": "NoProfiles"})


async def test_k_profiles_are_cleared(case):
    for answer in ["Accepted", "Unknown"]:
        for which in [ {"chargingProfileId": 158}, {"chargingProfileCriteria": {"evseId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}}]:
            await case.raw("ClearChargingProfile", which, {"status": answer})


async def test_k_limits_of_others(case):
    for source in ["EMS", "Other", "SO", "CSO"]:
        schedule = profile(case)["chargingSchedule"]
        assert await case.station.say(
            "NotifyChargingLimit", evseId=1, chargingLimit={"chargingLimitSource": source, "isGridCritical": True}, chargingSchedule=schedule) == {}
        assert await case.station.say("ClearedChargingLimit", evseId=1, chargingLimitSource=source) == {}


async def test_k_53_to_59_what_a_vehicle_needs(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="EVConnected")
    needs = {
        "requestedEnergyTransfer": "AC_three_phase", "departureTime": text(now() + later(7_200)),
        "acChargingParameters": {"energyAmount": 20_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230}}
    answer = await case.station.say("NotifyEVChargingNeeds", evseId=1, chargingNeeds=needs, maxScheduleTuples=3)
    assert answer["status"] in ("Accepted", "Processing")
    await until(lambda: case.station.told("SetChargingProfile"), what="a profile is offered")
    (offer,) = case.station.told("SetChargingProfile")
    assert offer["evseId"] == 1 and offer["chargingProfile"]["transactionId"] == "tx-1"
    assert offer["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    schedule = profile(case)["chargingSchedule"][0]
    told = await case.station.say("NotifyEVChargingSchedule", timeBase=text(now()), evseId=1, chargingSchedule=schedule)
    assert told["status"] == "Accepted"
    # The vehicle wants something else: the offer is made anew (K17).
    assert (await case.station.say("NotifyEVChargingNeeds", evseId=1, chargingNeeds=needs))["status"] in ("Accepted", "Processing")
    await until(lambda: len(case.station.told("SetChargingProfile")) == 2, what="a profile is offered again")


# L: firmware.

FIRMWARE = [
    ["Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "InstallVerificationFailed"],
    ["DownloadScheduled", "Downloading", "DownloadPaused", "Downloading", "Downloaded", "SignatureVerified", "InstallScheduled", "Installing", "Installed"],
    ["Downloading", "DownloadFailed"], ["Downloading", "Downloaded", "InvalidSignature"], ["Downloading", "Downloaded", "Installing", "InstallationFailed"]]


async def test_l_01_to_12_firmware(case):
    for words in FIRMWARE:
        wish = {"requestId": 5, "retries": 1, "retryInterval": 5, "firmware": {
            "location": "https://example/fw", "retrieveDateTime": text(now()), "signingCertificate": "-----BEGIN", "signature": "aa"}}
        await case.raw("UpdateFirmware", wish, YES)
        for word in words:
            assert await case.station.say("FirmwareStatusNotification", status=word, requestId=5) == {}


async def test_l_what_a_station_says_to_firmware(case):
    for answer in ["Accepted", "Rejected", "AcceptedCanceled", "InvalidCertificate", "RevokedCertificate"]:
        await case.raw("UpdateFirmware", {"requestId": 5, "firmware": {"location": "https://example/fw", "retrieveDateTime": text(now())}}, {"status": answer})


async def test_l_13_to_23_firmware_is_published(case):
    for words in [["Downloading", "Downloaded", "ChecksumVerified", "Published"], ["Downloading", "DownloadFailed"], ["Downloaded", "InvalidChecksum"], ["PublishFailed"]]:
        digest = hashlib.md5(b"firmware").hexdigest()
        await case.raw("PublishFirmware", {"location": "https://example/fw", "checksum": digest, "requestId": 6}, YES)
        for word in words:
            more = {"location": ["https://local/fw"]} if word == "Published" else {}
            assert await case.station.say("PublishFirmwareStatusNotification", status=word, requestId=6, **more) == {}
        for word in ("Unpublished", "DownloadOngoing", "NoFirmware"):
            await case.raw("UnpublishFirmware", {"checksum": digest}, {"status": word})


# M: certificates.

USES = ["V2GRootCertificate", "MORootCertificate", "CSMSRootCertificate", "ManufacturerRootCertificate"]


async def test_m_01_to_11_authorities_are_installed(case):
    for answer in ["Accepted", "Rejected", "Failed"]:
        for use in USES:
            await case.raw("InstallCertificate", {"certificateType": use, "certificate": "-----BEGIN CERTIFICATE-----"}, {"status": answer})


async def test_m_12_to_19_what_is_installed(case):
    for uses in [None, [USES[0]], ["V2GCertificateChain"], USES]:
        wish = {"certificateType": uses} if uses else {}
        chain = {"certificateType": "V2GRootCertificate", "certificateHashData": HASHES, "childCertificateHashData": [HASHES]}
        await case.raw("GetInstalledCertificateIds", wish, {**YES, "certificateHashDataChain": [chain]})
        await case.raw("GetInstalledCertificateIds", wish, {"status": "NotFound"})


async def test_m_20_to_23_certificates_are_deleted(case):
    for answer in ["Accepted", "Failed", "NotFound"]:
        await case.raw("DeleteCertificate", {"certificateHashData": HASHES}, {"status": answer})


async def test_m_24_status_of_a_certificate(case):
    answer = await case.station.say("GetCertificateStatus", ocspRequestData={**HASHES, "responderURL": "http://127.0.0.1:9/ocsp"})
    assert answer["status"] == "Failed"


async def test_m_26_28_contract_certificates(case):
    for what in ["Install", "Update"]:
        answer = await case.station.say(
            "Get15118EVCertificate", iso15118SchemaVersion="urn:iso:15118:2:2013:MsgDef", action=what, exiRequest="RVhJ")
        assert answer["status"] == "Failed" and "exiResponse" in answer


# N: diagnostics.


async def test_n_25_to_36_logs(case):
    for words in [["Uploading", "Uploaded"], ["Uploading", "UploadFailure"], ["BadMessage"], ["PermissionDenied"], ["NotSupportedOperation"], ["AcceptedCanceled"]]:
        for which in ["DiagnosticsLog", "SecurityLog"]:
            wish = {"logType": which, "requestId": 12, "retries": 2, "log": {"remoteLocation": "https://example/up", "oldestTimestamp": text(now() - later(60)), "latestTimestamp": text(now())}}
            await case.raw("GetLog", wish, {**YES, "filename": "log.txt"})
            for word in words:
                assert await case.station.say("LogStatusNotification", status=word, requestId=12) == {}


async def test_n_01_to_04_monitoring_reports(case):
    for criteria in [{}, {"monitoringCriteria": ["ThresholdMonitoring"]}, {"monitoringCriteria": ["DeltaMonitoring", "PeriodicMonitoring"]}, {"componentVariable": [{"component": {"name": "EVSE"}}]}]:
        await case.raw("GetMonitoringReport", {"requestId": 8, **criteria}, YES)
        monitor = {"component": {"name": "EVSE"}, "variable": {"name": "Power"}, "variableMonitoring": [{
            "id": 1, "transaction": False, "value": 5, "type": "UpperThreshold", "severity": 4,
            **({"eventNotificationType": "CustomMonitor"} if case.kind is Stage21 else {})}]}
        for number in range(2):
            assert await case.station.say("NotifyMonitoringReport", requestId=8, seqNo=number, generatedAt=text(now()), tbc=number == 0, monitor=[monitor]) == {}
        await case.raw("GetMonitoringReport", {"requestId": 9, **criteria}, {"status": "EmptyResultSet"})


async def test_n_05_monitoring_bases(case):
    for base in ["All", "FactoryDefault", "HardWiredOnly"]:
        for answer in ["Accepted", "Rejected", "NotSupported"]:
            await case.raw("SetMonitoringBase", {"monitoringBase": base}, {"status": answer})


async def test_n_16_17_monitoring_levels(case):
    for severity in [0, 4, 9]:
        await case.raw("SetMonitoringLevel", {"severity": severity}, YES)
        await case.raw("SetMonitoringLevel", {"severity": severity}, NO)


async def test_n_08_to_15_monitors_are_set_and_cleared(case):
    for word in ["Accepted", "UnknownComponent", "UnknownVariable", "UnsupportedMonitorType", "Rejected", "Duplicate"]:
        for kind_of_monitor in ["UpperThreshold", "LowerThreshold", "Delta", "Periodic", "PeriodicClockAligned"]:
            place = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
            await case.raw(
                "SetVariableMonitoring", {"setMonitoringData": [{"value": 30, "type": kind_of_monitor, "severity": 8, **place}] * 2},
                {"setMonitoringResult": [{**({"id": 1} if word == "Accepted" else {}), "status": word, "type": kind_of_monitor, "severity": 8, **place}] * 2})
            await case.raw("ClearVariableMonitoring", {"id": [1, 2]}, {"clearMonitoringResult": [{"id": 1, "status": "Accepted"}, {"id": 2, "status": "NotFound"}]})


async def test_n_18_to_24_events(case):
    for trigger in ["Alerting", "Delta", "Periodic"]:
        data = [{
            "eventId": n, "timestamp": text(now()), "trigger": trigger, "actualValue": "31", "variableMonitoringId": 1,
            "eventNotificationType": "CustomMonitor", "component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}} for n in range(2)]
        for number in range(2):
            assert await case.station.say("NotifyEvent", generatedAt=text(now()), seqNo=number, tbc=number == 0, eventData=data) == {}


async def test_n_customers(case):
    for report, clear in [(True, False), (True, True), (False, True)]:
        for person in [{"idToken": {"idToken": CARD, "type": "ISO14443"}}, {"customerIdentifier": "Anna"}, {"customerCertificate": HASHES}]:
            await case.raw("CustomerInformation", {"requestId": 14, "report": report, "clear": clear, **person}, YES)
            for number in range(2):
                assert await case.station.say("NotifyCustomerInformation", requestId=14, data="x", seqNo=number, tbc=number == 0, generatedAt=text(now())) == {}
            await case.raw("CustomerInformation", {"requestId": 15, "report": report, "clear": clear, **person}, {"status": "Invalid"})


@pytest.mark.parametrize("more", [{"actualValue": ""}, {"actualValue": "1", "cleared": True}, {"actualValue": "7", "trigger": "Periodic"}])
async def test_n_48_to_50_events_of_all_kinds(case, more):
    event = {
        "eventId": 5, "timestamp": text(now()), "trigger": "Alerting", "eventNotificationType": "CustomMonitor", "variableMonitoringId": 1,
        "component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}, **more}
    assert await case.station.say("NotifyEvent", generatedAt=text(now()), seqNo=0, eventData=[event]) == {}


# O: displays.


def message(case, **more):
    return {"id": 42, "priority": "NormalCycle", "message": {"format": "UTF8", "language": "en", "content": "Hello"}, **more}


async def test_o_01_to_28_messages_are_shown(case):
    for answer in ["Accepted", "NotSupportedPriority", "NotSupportedState", "NotSupportedMessageFormat", "UnknownTransaction", "Rejected"]:
        for more in [ {}, {"priority": "AlwaysFront"}, {"priority": "InFront", "state": "Charging"}, {"state": "Faulted"}, {"transactionId": "tx-1"}, {"startDateTime": "2030-01-01T00:00:00Z", "endDateTime": "2030-01-02T00:00:00Z"}]:
            await case.raw("SetDisplayMessage", {"message": message(case, **more)}, {"status": answer})


async def test_o_messages_are_reported_and_cleared(case):
    for which in [{}, {"id": [42]}, {"priority": "NormalCycle"}, {"state": "Charging"}]:
        await case.raw("GetDisplayMessages", {"requestId": 16, **which}, YES)
        for more in (True, False):
            assert await case.station.say("NotifyDisplayMessages", requestId=16, messageInfo=[message(case)], tbc=more) == {}
        await case.raw("GetDisplayMessages", {"requestId": 17, **which}, {"status": "Unknown"})
        for word in ("Accepted", "Unknown"):
            await case.raw("ClearDisplayMessage", {"id": 42}, {"status": word})


# P: vendors' data.


async def test_p_01_data_to_the_station(case):
    for answer in ["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]:
        await case.raw("DataTransfer", {"vendorId": "Acme", "messageId": "m", "data": {"any": ["thing", 1]}}, {"status": answer, "data": "y"})


async def test_p_02_data_of_a_vendor_that_nobody_knows(case):
    assert (await case.station.say("DataTransfer", vendorId="org.nobody", messageId="x", data={"y": 1}))["status"] == "UnknownVendorId"
    await case.patch(quirks={"transfers": [{"vendor": "Acme", "message": "hello", "answer": "accepted"}]})
    assert (await case.station.say("DataTransfer", vendorId="Acme", messageId="hello"))["status"] == "Accepted"
    assert (await case.station.say("DataTransfer", vendorId="Acme", messageId="bye"))["status"] == "UnknownMessageId"


async def test_p_03_what_a_vendor_adds_disturbs_nothing(case):
    own = {"customData": {"vendorId": "org.nobody", "more": {"of": ["this", 1]}}}
    assert await case.station.say(
        "StatusNotification", timestamp=text(now()), connectorStatus="Available", evseId=1, connectorId=1, **own) == {}
    begun = await case.station.event(
        "Started", "Authorized", 0, token={"idToken": CARD, "type": "ISO14443", **own}, evse={**PLACE, **own}, state="Charging",
        info=own, **own)
    assert begun["idTokenInfo"]["status"] == "Accepted"
    assert (await case.shown())["oddities"] == []


# What holds for all calls.


async def test_errors_time_out_and_lost_lines(case):
    case.station.answers["ClearCache"] = "NotSupported"
    assert (await case.door("ClearCache"))[1]["code"] == "NotSupported"
    with pytest.raises(Exception) as refusal:
        await case.raw("ReserveNow", {"id": "seven"})
    assert "422" in str(refusal.value)

    async def hang(_):
        await asyncio.sleep(9)

    case.station._handle_call = hang
    assert (await case.door("ClearCache", timeout=1))[0] == 504
    asking = asyncio.create_task(case.door("ClearCache"))
    await asyncio.sleep(0.3)
    case.station.reader.cancel()
    case.station.socket.transport.abort()
    assert (await asyncio.wait_for(asking, 4))[0] == 502
