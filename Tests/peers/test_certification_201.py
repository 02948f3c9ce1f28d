"""The cases by which central systems of OCPP 2.0.1 are certified, blocks A to D, as far as they are known, rehearsed: the
station is PyPI `ocpp`, and what the case lets the daemon send goes through the raw call door."""

import pytest
import websockets
from certification import CARD, PASSWORD, Case, Kept, Refusal, Stage201, case, kind, request, status_of  # noqa: F401 (case, kind: fixtures)

from house import until
from stations import basic, connect, now, text

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
async def test_a_security_events_are_kept_and_told(case, kind_of_event):
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


async def test_b_03_a_rejected_station_hears_so(house, stations, kind):
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
