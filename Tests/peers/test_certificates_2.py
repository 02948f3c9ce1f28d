"""Certificates and contracts of stations of OCPP 2.0.1 and 2.1: PyPI `ocpp` asks, `openssl` makes keys, requests and the
responder's answers, and Python's ssl shows the certificates."""

import base64

import pytest
import pytest_asyncio
from aiohttp import web
from ocpp.routing import after, on
from test_certificates import PASSWORD, Certifying, openssl

from house import until
from partners import free_port
from stations import connect
from stations2 import Station21, Station201


def spelled(kind, field):
    """A field as the package spells it for a version: iso15118_… or iso_15118_…."""
    return field if kind.subprotocol == "ocpp2.0.1" else field.replace("iso15118", "iso_15118")


def secured(kind):
    """A station of that version that gets certificates."""

    class Secured(kind):
        folder = None
        slots = None
        variables = None

        @property
        def shown(self):
            return str(self.folder / "own.pem"), str(self.folder / "own.key")

        async def sign(self, **more):
            csr = openssl(
                "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                f"/O=Ostler/CN={self.id}", "-keyout", str(self.folder / "next.key"))
            return await self.ask("SignCertificate", csr=csr, **more)

        @after("TriggerMessage")
        async def after_trigger(self, requested_message, evse=None, **rest):
            if requested_message == "SignChargingStationCertificate":
                await self.sign(certificate_type="ChargingStationCertificate")
            else:
                await super().after_trigger(requested_message, evse, **rest)

        @on("CertificateSigned")
        def on_certificate_signed(self, certificate_chain, **what):
            self._heard("CertificateSigned", **what)
            (self.folder / "own.pem").write_text(certificate_chain)
            (self.folder / "next.key").rename(self.folder / "own.key")
            return self.hears.CertificateSigned(status="Accepted")

        @on("InstallCertificate")
        def on_install_certificate(self, **what):
            return self._answer("InstallCertificate", **what)

        @on("GetInstalledCertificateIds")
        def on_installed(self, **what):
            self._heard("GetInstalledCertificateIds", **what)
            return self.hears.GetInstalledCertificateIds(
                status="Accepted", certificate_hash_data_chain=[{
                    "certificateType": "CSMSRootCertificate", "certificateHashData": {
                        "hashAlgorithm": "SHA256", "issuerNameHash": "AA", "issuerKeyHash": "BB", "serialNumber": "1F"}}])

        @on("SetNetworkProfile")
        def on_network_profile(self, configuration_slot, connection_data):
            self.slots = {configuration_slot: connection_data}
            return self._answer("SetNetworkProfile")

        @on("SetVariables")
        def on_set_variables(self, set_variable_data):
            self.variables = {data["variable"]["name"]: data["attribute_value"] for data in set_variable_data}
            return self.hears.SetVariables(set_variable_result=[
                {"attribute_status": "Accepted", "component": data["component"], "variable": data["variable"]}
                for data in set_variable_data])

    Secured.__name__ = kind.__name__
    return Secured


@pytest.fixture(params=[Station201, Station21], ids=["2.0.1", "2.1"])
def kind(request):
    return secured(request.param)


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


async def come(certifying, kind, password=None, shown=None):
    socket = await connect(
        f"wss://localhost:{certifying.port}/ocpp/CP-1", "CP-1", password, (kind.subprotocol,), ssl=certifying.tls(shown))
    station = kind("CP-1", socket)
    station.folder = certifying.folder
    await station.boot()
    return station


async def test_one_order_brings_a_station_from_its_password_to_its_certificate(certifying, kind):
    station = await come(certifying, kind, PASSWORD)
    await certifying.api.post("/stations/CP-1/profile-walk")
    await until(lambda: any(action == "Reset" for action, _ in station.commands), 20, what="the station is restarted")
    (slot, way), = station.slots.items()
    assert way["security_profile"] == 3 and way["ocpp_csms_url"].startswith("wss://")
    assert station.variables["NetworkConfigurationPriority"] == str(slot)
    await station.close()
    station = await come(certifying, kind, shown=station.shown)
    assert (await certifying.walk("CP-1"))["step"] == "done"
    assert (await certifying.api.get("/stations/CP-1"))["security_profile"] == 3
    await station.close()


async def test_what_a_station_holds_and_tells(certifying, kind):
    station = await come(certifying, kind, PASSWORD)
    done = await certifying.api.command("CP-1", "list-certificates")
    assert done["answer"]["certificates"][0]["use"] == "csms"
    held = (await certifying.api.get("/stations/CP-1/certificates"))["held"]
    assert [(one["use"], one["serial_number"]) for one in held] == [("csms", "1F")]
    await station.ask("SecurityEventNotification", type="MemoryExhaustion", timestamp="2026-11-26T12:00:00Z")
    kept = await certifying.api.items("/stations/CP-1/security-events")
    assert [(event["type"], event["alarming"]) for event in kept] == [("MemoryExhaustion", True)]
    await station.close()


@pytest_asyncio.fixture
async def outside(tmp_path):
    """A responder, by `openssl ocsp`, and a provider of contract certificates, on this machine."""
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=MO",
        "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", str(tmp_path / "mo.key"), "-out", str(tmp_path / "mo.pem"))
    (tmp_path / "index.txt").write_text(
        "V\t991231235959Z\t\t1F\tunknown\t/CN=contract\nR\t991231235959Z\t260101000000Z\t2F\tunknown\t/CN=lost\n")
    asked = []

    async def responder(request):
        asked.append("ocsp")
        (tmp_path / "question.der").write_bytes(await request.read())
        openssl(
            "ocsp", "-index", str(tmp_path / "index.txt"), "-CA", str(tmp_path / "mo.pem"), "-rsigner", str(tmp_path / "mo.pem"),
            "-rkey", str(tmp_path / "mo.key"), "-reqin", str(tmp_path / "question.der"), "-respout",
            str(tmp_path / "answer.der"), "-ndays", "1")
        return web.Response(body=(tmp_path / "answer.der").read_bytes(), content_type="application/ocsp-response")

    async def provider(request):
        wish = await request.json()
        asked.append(wish)
        if wish["exi_request"] == "bm9uZQ==":
            return web.json_response({"reason": "no contract"}, status=404)
        return web.json_response({"exi_response": "QUJD"})

    app = web.Application()
    app.router.add_post("/ocsp", responder)
    app.router.add_post("/contracts", provider)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    text = openssl(
        "ocsp", "-sha256", "-no_nonce", "-issuer", str(tmp_path / "mo.pem"), "-serial", "0x1F", "-req_text")
    parts = {line.split(":")[0].strip(): line.split(":")[1].strip() for line in text.splitlines() if ":" in line}
    hashes = {
        "hash_algorithm": "SHA256", "issuer_name_hash": parts["Issuer Name Hash"], "issuer_key_hash": parts["Issuer Key Hash"],
        "serial_number": "1F"}
    yield f"http://127.0.0.1:{port}", hashes, asked
    await runner.cleanup()


async def test_responders_and_providers_are_asked_for_stations(daemons, outside, kind, tmp_path):
    base, hashes, asked = outside
    house = await daemons(ocsp_private="true", contract_provider_url=f"{base}/contracts", contract_provider_private="true")
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    station = kind("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD, (kind.subprotocol,)))
    await station.boot()
    question = {**hashes, "responder_url": f"{base}/ocsp"}
    for _ in range(2):
        answer = await station.ask("GetCertificateStatus", ocsp_request_data=question)
        assert answer.status == "Accepted"
        (tmp_path / "told.der").write_bytes(base64.b64decode(answer.ocsp_result))
        assert "good" in openssl("ocsp", "-respin", str(tmp_path / "told.der"), "-noverify", "-resp_text")
    assert asked.count("ocsp") == 1, "it is remembered"
    wish = {spelled(kind, "iso15118_schema_version"): "urn:iso:15118:2:2013:MsgDef", "action": "Install"}
    given = await station.ask("Get15118EVCertificate", exi_request="RVhJ", **wish)
    assert given.status == "Accepted" and given.exi_response == "QUJD"
    refused = await station.ask("Get15118EVCertificate", exi_request="bm9uZQ==", **wish)
    assert refused.status == "Failed" and "no contract" in refused.status_info["additional_info"]
    # A contract charges by its token, where its certificate holds.
    await house.api.post("/tokens", {"uid": "NLTNMC00122045K"})
    hashes_field = spelled(kind, "iso15118_certificate_hash_data")
    shown = {"id_token": {"id_token": "NLTNMC00122045K", "type": "eMAID"}, hashes_field: [question]}
    answer = await station.ask("Authorize", **shown)
    assert answer.certificate_status == "Accepted" and answer.id_token_info["status"] == "Accepted"
    # One that is revoked does not.
    lost = {**question, "serial_number": "2F"}
    answer = await station.ask("Authorize", **{**shown, hashes_field: [lost]})
    assert answer.certificate_status == "CertificateRevoked" and answer.id_token_info["status"] == "Invalid"
    await station.close()


async def test_a_responder_on_a_private_network_is_not_called_unless_that_is_allowed(daemons, outside, kind):
    base, hashes, asked = outside
    house = await daemons()
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    station = kind("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD, (kind.subprotocol,)))
    await station.boot()
    answer = await station.ask("GetCertificateStatus", ocsp_request_data={**hashes, "responder_url": f"{base}/ocsp"})
    assert answer.status == "Failed" and "not public" in answer.status_info["additional_info"]
    wish = {spelled(kind, "iso15118_schema_version"): "urn", "action": "Install", "exi_request": "RVhJ"}
    refused = await station.ask("Get15118EVCertificate", **wish)
    assert refused.status == "Failed" and "contract_provider_url" in refused.status_info["additional_info"]
    assert asked == []
    await station.close()
