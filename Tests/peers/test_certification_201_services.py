"""The cases by which central systems of OCPP 2.0.1 are certified, blocks K to P, rehearsed as in `test_certification_201`, and
what holds for all calls."""

import asyncio
import hashlib

import pytest
from certification import CARD, Stage21, case, kind  # noqa: F401 (case, kind: fixtures)
from test_certification_201_sessions import wanted

from house import until
from stations import later, now, text

YES, NO = {"status": "Accepted"}, {"status": "Rejected"}
PLACE = {"id": 1, "connectorId": 1}
HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1f"}


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
