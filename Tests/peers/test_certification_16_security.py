"""The cases by which central systems of OCPP 1.6 are certified that are about security and refusals, rehearsed as in
`test_certification_16`."""

import asyncio
import base64

import pytest
import websockets
from certification import PASSWORD, Case, Kept, Stage16, request, status_of, case16 as case  # noqa: F401 (case: fixture)

from house import until
from stations import basic, connect, later, now, text


# Security.


@pytest.mark.parametrize("answer", ["Accepted", "Rejected"])
async def test_073_the_password_changes(case, answer):
    new = b"0123456789abcdef".hex().upper()
    await case.raw("ChangeConfiguration", {"key": "AuthorizationKey", "value": new}, {"status": answer})
    await case.station.close()
    holds = bytes.fromhex(new) if answer == "Accepted" else PASSWORD
    fails = PASSWORD if answer == "Accepted" else bytes.fromhex(new)
    url = case.house.station_url("CP-1")
    assert await status_of(case.house, url, identity="CP-1", password=fails) == 401
    case.station = Stage16("CP-1", await connect(url, "CP-1", holds))
    assert (await case.station.boot())["status"] == "Accepted"


async def test_074_a_certificate_by_order_of_the_daemon(case):
    await case.raw("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}, {"status": "Accepted"})
    # What is no request is refused.
    assert await case.station.say("SignCertificate", csr="garbage") == {"status": "Rejected"}
    await case.raw("CertificateSigned", {"certificateChain": "-----BEGIN CERTIFICATE-----"}, {"status": "Accepted"})
    await case.raw("CertificateSigned", {"certificateChain": "-----BEGIN CERTIFICATE-----"}, {"status": "Rejected"})


@pytest.mark.parametrize("answer", ["Accepted", "Rejected"])
async def test_074_077_a_request_is_signed_and_the_certificate_comes_by_itself(case, tmp_path, answer):
    await case.raw("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"}, {"status": "Accepted"})
    case.station.answers["CertificateSigned"] = {"status": answer}
    assert await case.station.say("SignCertificate", csr=request(tmp_path, "CP-1")) == {"status": "Accepted"}
    await until(lambda: case.station.told("CertificateSigned"), what="the certificate comes")
    (given,) = case.station.told("CertificateSigned")
    assert given["certificateChain"].startswith("-----BEGIN CERTIFICATE-----")
    if answer == "Rejected":
        event = {"type": "InvalidChargePointCertificate", "timestamp": text(now())}
        assert await case.station.say("SecurityEventNotification", **event) == {}
        (kept,) = await case.api.items("/stations/CP-1/security-events")
        assert kept["type"] == "InvalidChargePointCertificate"


async def test_078_a_root_is_refused_and_the_event_follows(case):
    wish = {"certificateType": "CentralSystemRootCertificate", "certificate": "-----BEGIN CERTIFICATE-----"}
    await case.raw("InstallCertificate", wish, {"status": "Rejected"})
    assert await case.station.say("SecurityEventNotification", type="InvalidCentralSystemCertificate", timestamp=text(now())) == {}


@pytest.mark.parametrize("what", ["CentralSystemRootCertificate", "ManufacturerRootCertificate"])
async def test_075_076_certificates_of_authorities(case, what):
    hashes = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1f"}
    await case.raw("InstallCertificate", {"certificateType": what, "certificate": "-----BEGIN"}, {"status": "Accepted"})
    await case.raw("GetInstalledCertificateIds", {"certificateType": what}, {"status": "Accepted", "certificateHashData": [hashes]})
    await case.raw("DeleteCertificate", {"certificateHashData": hashes}, {"status": "Accepted"})
    await case.raw("GetInstalledCertificateIds", {"certificateType": what}, {"status": "NotFound"})


@pytest.mark.parametrize("kind", ["InvalidChargePointCertificate", "InvalidCentralSystemCertificate"])
async def test_077_078_security_events(case, kind):
    assert await case.station.say("SecurityEventNotification", type=kind, timestamp=text(now())) == {}
    (kept,) = await case.api.items("/stations/CP-1/security-events")
    assert kept["type"] == kind


@pytest.mark.parametrize("kind", ["DiagnosticsLog", "SecurityLog"])
async def test_079_logs(case, kind):
    wish = {"logType": kind, "requestId": 12, "log": {"remoteLocation": "https://example/up", "oldestTimestamp": text(now() - later(60))}}
    await case.raw("GetLog", wish, {"status": "Accepted", "filename": "log.txt"})
    for word in ("Uploading", "Uploaded"):
        assert await case.station.say("LogStatusNotification", status=word, requestId=12) == {}


@pytest.mark.parametrize("words", [
    ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed"),
    ("Downloading", "Downloaded", "InvalidSignature")])
async def test_080_081_signed_firmware(case, words):
    wish = {"requestId": 5, "firmware": {
        "location": "https://example/fw", "retrieveDateTime": text(now()), "signingCertificate": "-----BEGIN", "signature": "aa"}}
    await case.raw("SignedUpdateFirmware", wish, {"status": "Accepted"})
    for word in words:
        if word == "Installing":
            await case.station.status(1, "Unavailable")
        if word == "Installed":
            await case.come_again()
            assert (await case.station.boot())["status"] == "Accepted"
            assert await case.station.say("SecurityEventNotification", type="FirmwareUpdated", timestamp=text(now())) == {}
            await case.station.status(1, "Available")
        assert await case.station.say("SignedFirmwareStatusNotification", status=word, requestId=5) == {}
    if words[-1] == "InvalidSignature":
        assert await case.station.say("SecurityEventNotification", type="InvalidFirmwareSignature", timestamp=text(now())) == {}


async def test_083_the_security_profile_is_raised(case):
    await case.raw("ChangeConfiguration", {"key": "SecurityProfile", "value": "2"}, {"status": "Accepted"})
    await case.patch(security_profile=2)
    await until(lambda: case.station.socket.close_code is not None, what="the plain connection ends")
    assert await status_of(case.house, case.house.station_url("CP-1"), identity="CP-1", password=PASSWORD) == 403


async def test_085_who_is_let_in(case):
    url = case.house.station_url("CP-1")
    assert await status_of(case.house, url, identity="CP-1", password=PASSWORD) == 101
    assert await status_of(case.house, url, identity="CP-1", password="not-the-password") == 401
    assert await status_of(case.house, url, identity="CP-1") == 401
    socket = websockets.connect(url, subprotocols=["ocpp1.6"], additional_headers=basic("CP-2", PASSWORD))
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await socket
    assert refusal.value.response.status_code == 401
    bare = {"Authorization": "Basic " + base64.b64encode(b"CP-1").decode()}
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(url, subprotocols=["ocpp1.6"], additional_headers=bare)


async def test_088_the_subprotocol_is_chosen(case):
    async with websockets.connect(
            case.house.station_url("CP-1"), subprotocols=["ocpp0.1", "ocpp1.6"], additional_headers=basic("CP-1", PASSWORD)) as socket:
        assert socket.subprotocol == "ocpp1.6"
    # Nothing that both speak: no subprotocol is named, and the connection ends.
    with pytest.raises((websockets.InvalidHandshake, websockets.ConnectionClosed)):
        async with websockets.connect(
                case.house.station_url("CP-1"), subprotocols=["ocpp0.1"], additional_headers=basic("CP-1", PASSWORD)) as socket:
            await socket.recv()


# Before it is accepted.


@pytest.mark.parametrize("word", ["pending", "rejected"])
async def test_a_boot_that_is_not_accepted_yet(house, stations, word):
    case = await Case(house, Stage16, "CP-1").prepare(boots=False, registration=word)
    stations.keep(Kept(case))
    answer = await case.station.boot()
    assert answer["status"] == word.capitalize() and answer["interval"] > 0
    if word == "pending":
        # The daemon may ask already.
        await case.raw("GetConfiguration", {}, {"configurationKey": []})
        await case.raw("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Accepted"})
        assert (await case.station.boot())["status"] == "Pending"
    await case.patch(registration="accepted")
    assert (await case.station.boot())["status"] == "Accepted"


async def test_a_call_that_the_station_answers_with_an_error(case):
    case.station.answers["ClearCache"] = "NotSupported"
    status, problem = await case.door("ClearCache")
    assert status == 502 and problem["code"] == "NotSupported"


async def test_a_call_that_is_open_when_the_connection_ends(case):
    async def hang(_):
        await asyncio.sleep(5)

    case.station._handle_call = hang
    asking = asyncio.create_task(case.door("ClearCache"))
    await asyncio.sleep(0.3)
    case.station.reader.cancel()
    case.station.socket.transport.abort()
    status, _ = await asyncio.wait_for(asking, 4)
    assert status in (409, 502, 503)
