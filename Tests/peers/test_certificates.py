"""The house's own certificate authority, seen by a station that nobody here wrote: it asks by PyPI `ocpp`, makes its keys
and requests with `openssl`, and shows its certificates through Python's ssl."""

import re
import ssl
import subprocess

import pytest
import pytest_asyncio
import websockets
from ocpp.routing import after, on
from ocpp.v16 import call, call_result
from ocpp.v16.enums import RegistrationStatus

from house import until
from partners import free_port
from stations import Station, connect

PASSWORD = "open-sesame-16-ch"


def openssl(*arguments, text=None):
    done = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


class CertifiedStation(Station):
    """A station of the security extension: asks for a certificate when it is told to, keeps what it gets, and holds roots."""

    folder = None

    @property
    def shown(self):
        return str(self.folder / "own.pem"), str(self.folder / "own.key")

    def request(self, name=None):
        """A fresh key and the request for it."""
        return openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            f"/O=Ostler/CN={name or self.id}", "-keyout", str(self.folder / "next.key"))

    async def sign(self, name=None):
        return (await self.call(call.SignCertificate(csr=self.request(name)), suppress=False)).status

    @on("ExtendedTriggerMessage")
    def on_extended_trigger(self, requested_message, connector_id=None):
        self._heard("ExtendedTriggerMessage", requested_message=requested_message)
        return call_result.ExtendedTriggerMessage("Accepted")

    @after("ExtendedTriggerMessage")
    async def after_extended_trigger(self, requested_message, connector_id=None):
        if requested_message == "SignChargePointCertificate":
            await self.sign()

    @on("CertificateSigned")
    def on_certificate_signed(self, certificate_chain):
        self._heard("CertificateSigned", certificate_chain=certificate_chain)
        (self.folder / "own.pem").write_text(certificate_chain)
        (self.folder / "next.key").rename(self.folder / "own.key")
        return call_result.CertificateSigned("Accepted")

    @on("InstallCertificate")
    def on_install_certificate(self, certificate_type, certificate):
        self._heard("InstallCertificate", certificate_type=certificate_type)
        (self.folder / "root.pem").write_text(certificate)
        return call_result.InstallCertificate("Accepted")

    @on("GetInstalledCertificateIds")
    def on_get_installed_certificate_ids(self, certificate_type):
        root = self.folder / "root.pem"
        if certificate_type != "CentralSystemRootCertificate" or not root.exists():
            return call_result.GetInstalledCertificateIds("NotFound")
        # openssl names a certificate by its hashes where it asks for it; of a root issuer and subject are one.
        text = openssl("ocsp", "-sha256", "-no_nonce", "-issuer", str(root), "-cert", str(root), "-req_text")
        found = {name: re.search(f"{words}: ([0-9A-F]+)", text)[1] for name, words in (
            ("issuerNameHash", "Issuer Name Hash"), ("issuerKeyHash", "Issuer Key Hash"), ("serialNumber", "Serial Number"))}
        return call_result.GetInstalledCertificateIds("Accepted", [{"hashAlgorithm": "SHA256", **found}])

    @on("DeleteCertificate")
    def on_delete_certificate(self, certificate_hash_data):
        self._heard("DeleteCertificate", **certificate_hash_data)
        (self.folder / "root.pem").unlink()
        return call_result.DeleteCertificate("Accepted")


class Certifying:
    """A daemon whose stations' door shows a certificate of its own authority, made at its start."""

    def __init__(self, house, port, folder):
        self.house, self.port, self.folder = house, port, folder
        self.api = house.api

    async def trust(self):
        (self.folder / "trusted.pem").write_text((await self.api.get("/ca"))["station"]["root"])

    def tls(self, shown=None):
        context = ssl.create_default_context(cafile=str(self.folder / "trusted.pem"))
        if shown:
            context.load_cert_chain(*shown)
        return context

    async def station(self, identity, password=None, shown=None):
        socket = await connect(
            f"wss://localhost:{self.port}/ocpp/{identity}", identity, password, ssl=self.tls(shown))
        station = CertifiedStation(identity, socket)
        station.folder = self.folder
        station.configuration["SecurityProfile"] = "2"
        assert (await station.boot()).status == RegistrationStatus.accepted
        return station

    async def walk(self, identity):
        return await self.api.get(f"/stations/{identity}/profile-walk")


@pytest_asyncio.fixture
async def certifying(daemons, tmp_path):
    port = free_port()
    house = await daemons(
        station_listen=f"127.0.0.1:{port}", station_tls_names="localhost,127.0.0.1",
        forgiven=("certificates were read again",))
    made = Certifying(house, port, tmp_path)
    await made.trust()
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD, "security_profile": 2})
    return made


async def test_one_order_brings_a_station_from_its_password_to_its_certificate(certifying):
    station = await certifying.station("CP-1", PASSWORD)
    await certifying.api.post("/stations/CP-1/profile-walk")
    await until(lambda: station.configuration["SecurityProfile"] == "3", 20, what="the station is told profile 3")
    assert [action for action, _ in station.commands if action in (
        "InstallCertificate", "ExtendedTriggerMessage", "CertificateSigned")] == [
        "InstallCertificate", "ExtendedTriggerMessage", "CertificateSigned"]
    text = openssl("x509", "-in", station.shown[0], "-noout", "-subject", "-ext", "extendedKeyUsage")
    assert "CP-1" in text and "Client Authentication" in text
    assert (await certifying.walk("CP-1"))["step"] == "await_return"
    await station.close()
    station = await certifying.station("CP-1", shown=station.shown)
    assert (await certifying.walk("CP-1"))["step"] == "done"
    seen = await certifying.api.get("/stations/CP-1")
    assert seen["security_profile"] == 3 and seen["connection_profile"] == 3
    # What it was signed for is on the page, and the root that it holds.
    held = await until(lambda: holds(certifying, 1), 10, what="the installed root is known")
    assert held[0]["use"] == "csms"
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await connect(f"wss://localhost:{certifying.port}/ocpp/CP-1", "CP-1", PASSWORD, ssl=certifying.tls())
    assert refusal.value.response.status_code == 403
    await station.close()


async def holds(certifying, count):
    held = (await certifying.api.get("/stations/CP-1/certificates"))["held"]
    return held if len(held) == count else None


async def certified(certifying):
    """The station with a certificate of its own, connected by it."""
    station = await certifying.station("CP-1", PASSWORD)
    assert await station.sign() == "Accepted"
    await until(lambda: (certifying.folder / "own.pem").exists(), 10, what="the certificate comes")
    await station.close()
    return await certifying.station("CP-1", shown=station.shown)


async def test_a_certificate_is_renewed_by_the_station_and_the_newer_one_is_shown(certifying):
    station = await certified(certifying)
    first = openssl("x509", "-in", station.shown[0], "-noout", "-serial")
    await certifying.api.command("CP-1", "trigger", what="certificate")
    await until(
        lambda: openssl("x509", "-in", station.shown[0], "-noout", "-serial") != first, 10, what="a second certificate comes")
    await station.close()
    station = await certifying.station("CP-1", shown=station.shown)
    serial = openssl("x509", "-in", station.shown[0], "-noout", "-serial").strip().split("=")[1]
    assert (await certifying.api.get("/stations/CP-1"))["certificate"]["serial"] == serial
    assert len(await certifying.api.items("/ca/certificates", station="CP-1")) == 2
    await station.close()


async def test_a_revoked_station_goes_and_is_refused(certifying):
    station = await certified(certifying)
    serial = (await certifying.api.get("/stations/CP-1"))["certificate"]["serial"]
    await certifying.house.cli("ca", "revoke", serial, "--because", "stolen")
    await station.closed()

    async def is_out():
        try:
            await (await connect(
                f"wss://localhost:{certifying.port}/ocpp/CP-1", "CP-1", ssl=certifying.tls(station.shown))).close()
        except websockets.InvalidStatus:
            return False  # By the household; the handshake follows.
        except (ssl.SSLError, ConnectionError, websockets.InvalidHandshake, EOFError):
            return True

    await until(is_out, 10, what="the handshake ends")
    (certifying.folder / "list.pem").write_text(await certifying.house.cli("ca", "crl"))
    text = openssl("crl", "-in", str(certifying.folder / "list.pem"), "-noout", "-text")
    assert serial in text
    await station.close()


async def test_requests_that_are_not_signed(certifying):
    station = await certifying.station("CP-1", PASSWORD)
    assert await station.sign("CP-2") == "Rejected"
    assert (await station.call(call.SignCertificate(csr="nothing"), suppress=False)).status == "Rejected"
    requests = (await certifying.api.get("/stations/CP-1/certificates"))["requests"]
    assert [request["phase"] for request in requests] == ["refused", "refused"]
    assert "PKCS#10" in requests[0]["reason"] and "CP-2" in requests[1]["reason"]
    await station.close()


async def test_roots_are_installed_listed_and_deleted(certifying):
    station = await certifying.station("CP-1", PASSWORD)
    done = await certifying.api.command("CP-1", "install-certificate", use="csms")
    assert done["phase"] == "done"
    held = (await until(lambda: holds(certifying, 1), 10, what="it is asked what it holds"))[0]
    answer = await certifying.api.command(
        "CP-1", "delete-certificate",
        **{name: held[name] for name in ("hash_algorithm", "issuer_name_hash", "issuer_key_hash", "serial_number")})
    assert answer["phase"] == "done"
    assert ("DeleteCertificate", {
        "hash_algorithm": "SHA256", "issuer_name_hash": held["issuer_name_hash"], "issuer_key_hash": held["issuer_key_hash"],
        "serial_number": held["serial_number"]}) in station.commands
    await until(lambda: none_held(certifying), 10, what="nothing is held any more")
    await station.close()


async def none_held(certifying):
    return not (await certifying.api.get("/stations/CP-1/certificates"))["held"]


async def test_security_events_are_kept(certifying):
    station = await certifying.station("CP-1", PASSWORD)
    await station.call(
        call.SecurityEventNotification(
            type="TamperDetectionActivated", timestamp="2026-11-26T12:00:00Z", tech_info="door"), suppress=False)
    kept = await certifying.api.items("/stations/CP-1/security-events")
    assert [(event["type"], event["info"], event["alarming"]) for event in kept] == [("TamperDetectionActivated", "door", True)]
    await station.close()


async def test_an_authority_that_is_made_while_stations_are_connected_counts_at_once(daemons, tmp_path):
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "door.key"), "-out",
        str(tmp_path / "trusted.pem"))
    port = free_port()
    house = await daemons(
        station_listen=f"127.0.0.1:{port}", station_tls_certificate=str(tmp_path / "trusted.pem"),
        station_tls_key=str(tmp_path / "door.key"), forgiven=("certificates were read again",))
    made = Certifying(house, port, tmp_path)
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD, "security_profile": 2})
    station = await made.station("CP-1", PASSWORD)
    # The first right request makes it; a wrong one does not.
    assert await station.sign("SOMEBODY") == "Rejected"
    assert not (tmp_path / "data/ca").exists()
    assert await station.sign() == "Accepted"
    assert (tmp_path / "data/ca/station.key").stat().st_mode & 0o777 == 0o600
    await until(lambda: (tmp_path / "own.pem").exists(), 10, what="the certificate comes")
    await station.close()
    station = await made.station("CP-1", shown=station.shown)
    assert (await house.api.get("/stations/CP-1"))["security_profile"] == 3
    await station.close()
