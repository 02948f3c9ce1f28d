"""The cases by which central systems of OCPP 1.6 are certified, rehearsed, each by its number: the station is PyPI `ocpp`,
and what the case lets the daemon send goes through the raw call door."""

from decimal import Decimal

import pytest
from certification import CARD, case16 as case  # noqa: F401 (case: fixture)

from stations import later, now, text


# Core: booting, sessions.


async def test_001_cold_boot_with_statuses_and_heartbeat(case):
    assert await case.station.status(0, "Available") == {}
    assert (await case.station.say("Heartbeat"))["currentTime"].endswith("Z")
    shown = await case.shown()
    assert shown["online"] and [e["status"] for e in shown["evses"]] == ["available"] * 2


async def run_session(case, tag=CARD, reason="Local", before=(), after=("Charging",), stop_tag=None, **start):
    """A session as all cases of its kind have it."""
    for word in before:
        await case.station.status(1, word)
    begun = await case.station.begin(tag, **start)
    assert begun["idTagInfo"]["status"] == "Accepted" and begun["transactionId"] > 0
    for word in after:
        await case.station.status(1, word)
    await case.station.say(
        "MeterValues", connectorId=1, transactionId=begun["transactionId"],
        meterValue=[{"timestamp": text(now()), "sampledValue": [{"value": "400"}]}])
    more = {"idTag": stop_tag} if stop_tag else {}
    ended = await case.station.end(begun["transactionId"], reason=reason, **more)
    if stop_tag:
        assert ended["idTagInfo"]["status"] == "Accepted"
    await case.station.status(1, "Finishing")
    await case.station.status(1, "Available")
    (session,) = await case.api.items("/sessions")
    assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == 1
    assert await case.evse() == "available"
    return session


async def test_003_plug_in_first(case):
    assert (await case.station.authorize(CARD))["status"] == "Accepted"
    await run_session(case, before=("Preparing",), stop_tag=CARD)


async def test_004_1_identification_first(case):
    await case.station.status(1, "Preparing")
    assert (await case.station.authorize(CARD))["status"] == "Accepted"
    await run_session(case)


async def test_004_2_identification_first_and_nobody_plugs_in(case):
    await case.raw("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "5"}, {"status": "Accepted"})
    assert (await case.station.authorize(CARD))["status"] == "Accepted"
    await case.station.status(1, "Preparing")
    await case.station.status(1, "Available")
    assert await case.api.items("/sessions") == []


@pytest.mark.parametrize("stops, unlocks, reason", [("true", "true", "EVDisconnected"), ("true", "false", "EVDisconnected"), ("false", "false", "Local")])
async def test_005_the_vehicle_is_unplugged(case, stops, unlocks, reason):
    for key, value in [
            ("MinimumStatusDuration", "0"), ("StopTransactionOnEVSideDisconnect", stops),
            ("UnlockConnectorOnEVSideDisconnect", unlocks)]:
        await case.raw("ChangeConfiguration", {"key": key, "value": value}, {"status": "Accepted"})
    session = await run_session(case, reason=reason, after=("Charging", "SuspendedEV"))
    assert session["ending"] == ("ev_disconnected" if stops == "true" else "local")


async def test_007_a_cached_id(case):
    await case.raw("ChangeConfiguration", {"key": "AuthorizationCacheEnabled", "value": "true"}, {"status": "Accepted"})
    await run_session(case, before=("Preparing",))


@pytest.mark.parametrize("plugged", [True, False])
async def test_010_and_011_1_remote_start_by_the_raw_door(case, plugged):
    await case.raw("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1}, {"status": "Accepted"})
    if not plugged:
        await case.station.status(1, "Preparing")
    assert (await case.station.authorize(CARD))["status"] == "Accepted"
    await run_session(case, before=("Preparing",))


async def test_011_1_remote_start_by_the_verb(case):
    started = await case.api.command("CP-1", "start", token=CARD, evse=1)
    assert started["phase"] == "accepted" and case.station.told("RemoteStartTransaction") == [{"idTag": CARD, "connectorId": 1}]
    session = await run_session(case)
    assert session["command"] == started["id"]


async def test_011_2_remote_start_and_nobody_comes(case):
    await case.raw("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1}, {"status": "Accepted"})
    await case.station.status(1, "Preparing")
    await case.station.status(1, "Available")
    assert await case.evse() == "available"


@pytest.mark.parametrize("door", ["raw", "verb"])
async def test_012_a_session_is_stopped_from_afar(case, door):
    transaction = (await case.station.begin(CARD))["transactionId"]
    if door == "raw":
        await case.raw("RemoteStopTransaction", {"transactionId": transaction}, {"status": "Accepted"})
    else:
        await case.api.command("CP-1", "stop", transaction=transaction)
        assert case.station.told("RemoteStopTransaction") == [{"transactionId": transaction}]
    await case.station.end(transaction, reason="Remote")
    (session,) = await case.api.items("/sessions")
    assert session["ending"] == "remote"


@pytest.mark.parametrize("kind", ["Hard", "Soft"])
async def test_013_and_014_reset_and_boot(case, kind):
    await case.raw("Reset", {"type": kind}, {"status": "Accepted"})
    await case.come_again()
    assert (await case.station.boot())["status"] == "Accepted"
    assert await case.station.status(1, "Available") == {}


@pytest.mark.parametrize("kind, reason", [("Hard", "HardReset"), ("Soft", "SoftReset")])
async def test_015_and_016_reset_during_a_session(case, kind, reason):
    transaction = (await case.station.begin(CARD))["transactionId"]
    await case.raw("Reset", {"type": kind}, {"status": "Accepted"})
    await case.station.end(transaction, reason=reason)
    await case.come_again()
    await case.station.boot()
    (session,) = await case.api.items("/sessions")
    assert session["state"] == "completed"


@pytest.mark.parametrize("answer", ["Unlocked", "UnlockFailed", "NotSupported"])
async def test_017_018_030_031_unlock(case, answer):
    await case.raw("UnlockConnector", {"connectorId": 1}, {"status": answer})
    done = await case.api.command("CP-1", "unlock", evse=1)
    assert done["phase"] == ("done" if answer == "Unlocked" else "refused")


async def test_018_1_unlock_during_a_session(case):
    transaction = (await case.station.begin(CARD))["transactionId"]
    await case.raw("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"})
    await case.station.status(1, "Finishing")
    await case.station.end(transaction, reason="UnlockCommand")
    await case.station.status(1, "Available")
    (session,) = await case.api.items("/sessions")
    assert session["state"] == "completed" and await case.evse() == "available"


async def test_019_021_configuration(case):
    known = {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}], "unknownKey": ["Nope"]}
    await case.raw("GetConfiguration", {}, known)
    await case.raw("GetConfiguration", {"key": ["HeartbeatInterval", "Nope"]}, known)
    await case.raw("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "60"}, {"status": "Accepted"})
    shown = {v["key"]: v["value"] for v in await case.api.items("/stations/CP-1/settings")}
    assert shown == {"HeartbeatInterval": "300", "MeterValueSampleInterval": "60"}


@pytest.mark.parametrize("tag, status", [("NOBODY01", "Invalid"), ("EXPIRED01", "Expired"), ("BLOCKED01", "Blocked"), (CARD, "Accepted")])
async def test_023_who_may_not_charge(case, tag, status):
    assert (await case.station.authorize(tag))["status"] == status
    begun = await case.station.begin(tag)
    assert begun["idTagInfo"]["status"] == status
    assert await case.station.end(begun["transactionId"], reason="DeAuthorized") == {}


async def test_024_a_lock_fails(case):
    await case.station.authorize(CARD)
    await case.station.status(1, "Faulted", "ConnectorLockFailure")
    assert await case.evse() == "faulted"


@pytest.mark.parametrize("action, payload", [
    ("RemoteStartTransaction", {"idTag": CARD, "connectorId": 1}), ("RemoteStopTransaction", {"transactionId": 1}),
    ("Reset", {"type": "Soft"}), ("ClearCache", {}), ("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}),
    ("TriggerMessage", {"requestedMessage": "MeterValues"}), ("CancelReservation", {"reservationId": 1}),
    ("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": {
        "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]}}}),
    ("InstallCertificate", {"certificateType": "ManufacturerRootCertificate", "certificate": "x"})])
async def test_026_028_055_060_what_a_station_rejects(case, action, payload):
    await case.raw(action, payload, {"status": "Rejected"})


@pytest.mark.parametrize("action, payload", [
    ("RemoteStartTransaction", {"idTag": CARD, "connectorId": 0}), ("UnlockConnector", {"connectorId": 0}),
    ("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 0}), ("ReserveNow", {
        "connectorId": -1, "expiryDate": "2030-01-01T00:00:00Z", "idTag": CARD, "reservationId": 1})])
async def test_027_what_makes_no_sense_is_sent_all_the_same(case, action, payload):
    await case.raw(action, payload, {"status": "NotSupported" if action == "UnlockConnector" else "Rejected"})


async def test_032_power_fails_and_the_stop_comes_after_the_boot(case):
    transaction = (await case.station.begin(CARD))["transactionId"]
    await case.come_again()
    assert (await case.station.boot())["status"] == "Accepted"
    for number, word in ((0, "Available"), (1, "Finishing"), (2, "Available")):
        await case.station.status(number, word)
    await case.station.end(transaction, reason="PowerLoss")
    await case.station.status(1, "Available")
    (session,) = await case.api.items("/sessions")
    assert session["ending"] == "power_loss"


async def test_037_to_039_what_happened_offline(case):
    begin = now() - later(600)
    await case.come_again()
    for tag, status in [(CARD, "Accepted"), ("NOBODY01", "Invalid")]:
        begun = await case.station.begin(tag, at=text(begin))
        assert begun["idTagInfo"]["status"] == status
        await case.station.end(begun["transactionId"], at=text(begin + later(300)))
    assert [s["state"] for s in await case.api.items("/sessions")] == ["completed", "completed"]


@pytest.mark.parametrize("answer", ["NotSupported", "Rejected", "RebootRequired"])
async def test_040_settings_that_are_not_taken(case, answer):
    await case.raw("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "-1"}, {"status": answer})


@pytest.mark.parametrize("tag, status, reason", [(CARD, "Accepted", None), ("NOBODY01", "Invalid", "DeAuthorized")])
async def test_037_a_start_offline_is_told_when_the_line_is_back(case, tag, status, reason):
    await case.come_again()
    begun = await case.station.begin(tag, at=text(now() - later(60)))
    assert begun["idTagInfo"]["status"] == status and begun["transactionId"] > 0
    await case.station.status(1, "Charging")
    if reason:
        assert await case.station.end(begun["transactionId"], meter=100, reason=reason) == {}
        await case.station.status(1, "Finishing")
    (session,) = await case.api.items("/sessions")
    assert session["state"] == ("completed" if reason else "active")
    assert Decimal(session["energy_kwh"]) == (Decimal("0.1") if reason else 0)


# Local authorization list.


@pytest.mark.parametrize("version", [-1, 0, 3])
async def test_042_the_version_of_the_local_list(case, version):
    await case.raw("GetLocalListVersion", {}, {"listVersion": version})


@pytest.mark.parametrize("kind", ["Full", "Differential"])
@pytest.mark.parametrize("answer", ["Accepted", "Failed", "NotSupported", "VersionMismatch"])
async def test_043_a_local_list_is_sent(case, kind, answer):
    await case.raw(
        "SendLocalList", {
            "listVersion": 1, "updateType": kind,
            "localAuthorizationList": [{"idTag": CARD, "idTagInfo": {"status": "Accepted"}}]}, {"status": answer})


# Firmware and diagnostics.


@pytest.mark.parametrize("end", [("Downloaded", "Installing", "Installed"), ("DownloadFailed",), ("Downloaded", "Installing", "InstallationFailed")])
async def test_044_firmware(case, end):
    await case.raw("UpdateFirmware", {"location": "https://example/fw.bin", "retrieveDate": text(now())}, {})
    for word in ("Downloading", *end):
        if word == "Installing":
            await case.station.status(1, "Unavailable")
        if word.startswith("Install") and word != "Installing":
            await case.come_again()
            assert (await case.station.boot())["status"] == "Accepted"
            await case.station.status(1, "Available")
        assert await case.station.say("FirmwareStatusNotification", status=word) == {}
    assert await case.evse() == "available"


@pytest.mark.parametrize("end", ["Uploaded", "UploadFailed"])
async def test_045_diagnostics(case, end):
    await case.raw("GetDiagnostics", {"location": "https://example/up"}, {"fileName": "diagnostics.zip"})
    for word in ("Uploading", end, "Idle"):
        assert await case.station.say("DiagnosticsStatusNotification", status=word) == {}


# Reservation.


def hold(**more):
    return {"connectorId": 1, "expiryDate": text(now() + later(600)), "idTag": CARD, "reservationId": 7, **more}


@pytest.mark.parametrize("connector", [0, 1])
async def test_046_049_a_reservation_is_used(case, connector):
    await case.raw("ReserveNow", hold(connectorId=connector), {"status": "Accepted"})
    await case.station.status(1, "Reserved")
    await case.becomes("reserved")
    session = await run_session(case, reservationId=7)
    assert session["ending"] == "local"


async def test_047_a_reservation_expires(case):
    await case.raw("ReserveNow", hold(expiryDate=text(now() + later(1))), {"status": "Accepted"})
    await case.station.status(1, "Reserved")
    await case.station.status(1, "Available")
    await case.becomes("available")


@pytest.mark.parametrize("answer", ["Faulted", "Occupied", "Unavailable", "Rejected"])
async def test_048_a_reservation_is_refused(case, answer):
    if answer == "Occupied":
        await case.station.status(1, "Preparing")
    if answer == "Unavailable":
        await case.raw("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, {"status": "Accepted"})
        await case.station.status(1, "Unavailable")
    await case.raw("ReserveNow", hold(), {"status": answer})
    assert (await case.api.items("/reservations")) == []


@pytest.mark.parametrize("answer", ["Accepted", "Rejected"])
async def test_051_052_a_reservation_is_cancelled(case, answer):
    await case.raw("ReserveNow", hold(), {"status": "Accepted"})
    await case.station.status(1, "Reserved")
    await case.raw("CancelReservation", {"reservationId": 7 if answer == "Accepted" else 8}, {"status": answer})
    if answer == "Accepted":
        await case.station.status(1, "Available")
    assert await case.evse() == ("available" if answer == "Accepted" else "reserved")


async def test_053_a_reservation_of_a_group(case):
    await case.raw("ReserveNow", hold(parentIdTag="FLEET"), {"status": "Accepted"})
    told = await case.station.authorize("GROUP0002")
    assert told == {"status": "Accepted", "parentIdTag": "FLEET"}
    begun = await case.station.begin("GROUP0002", reservationId=7)
    assert begun["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FLEET"}
    await case.station.status(1, "Charging")
    # Another card of the group ends it.
    assert await case.station.authorize("GROUP0001") == {"status": "Accepted", "parentIdTag": "FLEET"}
    ended = await case.station.end(begun["transactionId"], idTag="GROUP0001")
    assert ended["idTagInfo"] == {"status": "Accepted", "parentIdTag": "FLEET"}
    await case.station.status(1, "Finishing")
    (session,) = await case.api.items("/sessions")
    assert session["state"] == "completed"


# Remote trigger.


@pytest.mark.parametrize("what", [
    "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues", "StatusNotification"])
async def test_054_each_message_is_triggered(case, what):
    wish = {"requestedMessage": what, **({"connectorId": 1} if what in ("MeterValues", "StatusNotification") else {})}
    await case.raw("TriggerMessage", wish, {"status": "Accepted"})
    say = {
        "BootNotification": case.station.boot, "Heartbeat": lambda: case.station.say("Heartbeat"),
        "DiagnosticsStatusNotification": lambda: case.station.say("DiagnosticsStatusNotification", status="Idle"),
        "FirmwareStatusNotification": lambda: case.station.say("FirmwareStatusNotification", status="Idle"),
        "MeterValues": lambda: case.station.say(
            "MeterValues", connectorId=1, meterValue=[{"timestamp": text(now()), "sampledValue": [{"value": "5"}]}]),
        "StatusNotification": lambda: case.station.status(1, "Available")}
    await say[what]()


async def test_055_an_unknown_trigger_is_refused(case):
    await case.raw("TriggerMessage", {"requestedMessage": "MeterValues"}, {"status": "NotImplemented"})
    # A connector that the station does not have.
    await case.raw("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 3}, {"status": "Rejected"})


# Smart charging.


def profile(purpose, **more):
    return {
        "chargingProfileId": 158, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute",
        "validFrom": text(now()), "validTo": text(now() + later(3_600)),
        "chargingSchedule": {
            "duration": 300, "startSchedule": text(now()), "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}, {"startPeriod": 100, "limit": 10.0, "numberPhases": 3}]},
        **more}


@pytest.mark.parametrize("purpose, connector", [("TxDefaultProfile", 0), ("TxDefaultProfile", 1), ("ChargePointMaxProfile", 0)])
async def test_056_profiles(case, purpose, connector):
    await case.raw(
        "SetChargingProfile", {"connectorId": connector, "csChargingProfiles": profile(purpose)}, {"status": "Accepted"})


async def test_057_a_profile_of_a_session(case):
    transaction = (await case.station.begin(CARD))["transactionId"]
    wish = {"connectorId": 1, "csChargingProfiles": profile("TxProfile", transactionId=transaction)}
    await case.raw("SetChargingProfile", wish, {"status": "Accepted"})
    await case.station.end(transaction)


@pytest.mark.parametrize("answer", ["Accepted", "Rejected"])
async def test_059_060_remote_start_with_a_profile(case, answer):
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]}
    wish = {"idTag": CARD, "connectorId": 1, "chargingProfile": {
        "chargingProfileId": 158, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": schedule}}
    await case.raw("RemoteStartTransaction", wish, {"status": answer})
    if answer == "Accepted":
        assert (await case.station.authorize(CARD))["status"] == "Accepted"
        await run_session(case, before=("Preparing",))


async def test_066_what_comes_of_the_profiles(case):
    schedule = {"status": "Accepted", "connectorId": 1, "scheduleStart": text(now()), "chargingSchedule": {
        "duration": 300, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]}}
    await case.raw("GetCompositeSchedule", {"connectorId": 1, "duration": 300, "chargingRateUnit": "A"}, schedule)


@pytest.mark.parametrize("which", [{"id": 158}, {"connectorId": 1}, {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}, {}])
@pytest.mark.parametrize("answer", ["Accepted", "Unknown"])
async def test_067_profiles_are_cleared(case, which, answer):
    await case.raw("ClearChargingProfile", which, {"status": answer})


async def test_067_three_profiles_are_cleared_by_number_by_kind_and_all(case):
    for level in range(3):
        wish = {**profile("TxDefaultProfile"), "chargingProfileId": 158 + level, "stackLevel": level}
        await case.raw("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": wish}, {"status": "Accepted"})
    kind = {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1}
    for which in ({"id": 158}, kind, {}):
        await case.raw("ClearChargingProfile", which, {"status": "Accepted"})


# Availability, cache, data.


@pytest.mark.parametrize("connector", [0, 1])
@pytest.mark.parametrize("answer", ["Accepted", "Scheduled", "Rejected"])
async def test_availability_is_changed_and_told(case, connector, answer):
    await case.raw("ChangeAvailability", {"connectorId": connector, "type": "Inoperative"}, {"status": answer})
    if answer == "Accepted":
        await case.station.status(1, "Unavailable")
        assert await case.evse() == "unavailable"
        # It stays so over a new connection that tells nothing.
        await case.come_again()
        await case.station.boot()
        assert await case.evse() == "unavailable"


async def test_061_the_cache_is_cleared(case):
    await case.raw("ClearCache", {}, {"status": "Accepted"})
    assert (await case.api.command("CP-1", "clear-cache"))["phase"] == "done"


@pytest.mark.parametrize("answer", ["Accepted", "Rejected", "UnknownVendorId", "UnknownMessageId"])
async def test_062_data_to_the_station(case, answer):
    await case.raw("DataTransfer", {"vendorId": "Acme", "messageId": "m", "data": "{}"}, {"status": answer})


async def test_064_data_of_a_vendor_that_nobody_knows(case):
    assert (await case.station.say("DataTransfer", vendorId="org.nobody", messageId="x", data="y"))["status"] == "UnknownVendorId"
    await case.patch(quirks={"transfers": [{"vendor": "Acme", "message": "hello", "answer": "accepted", "data": "there"}]})
    assert await case.station.say("DataTransfer", vendorId="Acme", messageId="hello") == {"status": "Accepted", "data": "there"}
    assert (await case.station.say("DataTransfer", vendorId="Acme", messageId="bye"))["status"] == "UnknownMessageId"
