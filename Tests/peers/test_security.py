"""Who may come in, and what proves it: OCPP security profiles 0 to 3 over real TLS, certificates that `openssl` made, keys
under change, and certificates that are exchanged while stations are connected."""

import asyncio
import signal
import ssl
import subprocess

import httpx
import pytest
import pytest_asyncio
import websockets
from ocpp.v16 import call
from ocpp.v16.enums import RegistrationStatus

from house import until
from partners import free_port
from stations import Station, connect

PASSWORD = "open-sesame-16-ch"


class Authority:
    """A small public-key infrastructure, by the `openssl` command."""

    def __init__(self, folder, name):
        self.folder = folder / name
        self.folder.mkdir()
        self.issued = 0
        (self.folder / "index.txt").touch()
        (self.folder / "crlnumber").write_text("01\n")
        (self.folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca = own\n[own]\ndatabase = {self.folder}/index.txt\ncrlnumber = {self.folder}/crlnumber\n"
            "default_md = sha256\ndefault_crl_days = 7\n")
        self.run(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365", "-subj",
            f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", self.key, "-out", self.certificate)

    @property
    def key(self):
        return str(self.folder / "ca.key")

    @property
    def certificate(self):
        return str(self.folder / "ca.pem")

    def run(self, *arguments):
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sign(self, name, organization="Ostler", kind="ec", days=90, into=None, names="DNS:localhost,IP:127.0.0.1"):
        """Chain and key, as paths."""
        self.issued += 1
        stem = into or str(self.folder / f"leaf-{self.issued}")
        chain, key, request = f"{stem}.pem", f"{stem}.key", f"{stem}.csr"
        made = ["-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["-pkeyopt", "rsa_keygen_bits:2048"]
        self.run("req", "-new", "-newkey", kind, *made, "-nodes", "-subj", f"/O={organization}/CN={name}", "-addext",
                 f"subjectAltName={names}", "-keyout", key, "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", str(days), "-set_serial",
                 str(1000 + self.issued), "-copy_extensions", "copy", "-out", chain)
        return chain, key

    def revoke(self, *chains):
        """The list of all that were ever revoked, as a path."""
        base = ["ca", "-config", str(self.folder / "ca.cnf"), "-cert", self.certificate, "-keyfile", self.key]
        for chain in chains:
            self.run(*base, "-revoke", chain)
        self.run(*base, "-gencrl", "-out", str(self.folder / "list.pem"))
        return str(self.folder / "list.pem")


def tls(authority, identity=None, highest=None, ciphers=None):
    """What a station trusts, and shows."""
    context = ssl.create_default_context(cafile=authority.certificate)
    if identity:
        context.load_cert_chain(*identity)
    if highest:
        context.maximum_version = highest
    if ciphers:
        context.set_ciphers(ciphers)
    return context


class Secure:
    """A daemon whose stations have a listener of their own, with TLS."""

    def __init__(self, house, authority, port):
        self.house, self.authority, self.port = house, authority, port
        self.api = house.api

    def url(self, identity):
        return f"wss://localhost:{self.port}/ocpp/{identity}"

    async def station(self, identity, password=None, shown=None):
        """One that came in, and boots."""
        station = Station(identity, await connect(self.url(identity), identity, password, ssl=tls(self.authority, shown)))
        assert (await station.boot()).status == RegistrationStatus.accepted
        return station

    async def refused(self, identity, password=None, shown=None):
        """Status and reason for one that does not come in."""
        with pytest.raises(websockets.InvalidStatus) as refusal:
            await connect(self.url(identity), identity, password, ssl=tls(self.authority, shown))
        response = refusal.value.response
        return response.status_code, response.body.decode()

    async def events(self, kind):
        return [event for event in await self.api.items("/events") if event["kind"] == kind]

    async def shown(self):
        """The serial number of the certificate that the door shows now."""
        reader, writer = await asyncio.open_connection(
            "localhost", self.port, ssl=tls(self.authority), server_hostname="localhost")
        found = writer.get_extra_info("peercert")["serialNumber"]
        writer.close()
        return found


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "roots")


@pytest_asyncio.fixture
async def secure(daemons, authority, tmp_path):
    (tmp_path / "door").mkdir()
    ec = authority.sign("localhost", into=str(tmp_path / "door/ec"))
    rsa = authority.sign("localhost", kind="rsa", into=str(tmp_path / "door/rsa"))
    port = free_port()
    house = await daemons(
        station_listen=f"127.0.0.1:{port}", station_tls_certificate=f"{ec[0]},{rsa[0]}", station_tls_key=f"{ec[1]},{rsa[1]}",
        station_client_ca=authority.certificate, station_client_crl=authority.revoke(),
        forgiven=("a certificate stays as it was", "certificates were"))
    return Secure(house, authority, port)


# Profiles.


async def test_profiles_are_floors(secure, authority):
    for profile in range(4):
        await secure.api.post("/stations", {"id": f"P{profile}", "security_profile": profile, **({"password": PASSWORD} if profile in (1, 2) else {})})
    # 2 and below come in with a password over TLS, 3 with its certificate alone.
    for profile in (1, 2):
        await (await secure.station(f"P{profile}", PASSWORD)).close()
    await (await secure.station("P0")).close()
    status, why = await secure.refused("P3", PASSWORD)
    assert status == 403 and "security profile 3" in why
    assert (await secure.refused("P2"))[0] == 401 and (await secure.refused("P2", "wrong-password-16"))[0] == 401
    await (await secure.station("P3", shown=authority.sign("P3"))).close()
    seen = await secure.api.get("/stations/P3")
    assert seen["certificate"]["common_name"] == "P3" and seen["certificate"]["matched_by"] == "identity"
    told = {event["subject"]: event for event in await secure.events("station.refused")}
    assert "security profile 3" in told["knock/P3"]["body"]["why"]


async def test_a_station_of_profile_2_is_refused_over_plain_and_nothing_over_the_wire_lowers_it(house):
    await house.api.post("/stations", {"id": "CP-1", "security_profile": 2, "password": PASSWORD})
    with pytest.raises(websockets.InvalidStatus) as refusal:
        await connect(house.station_url("CP-1"), "CP-1", PASSWORD)
    assert refusal.value.response.status_code == 403 and b"security profile 2" in refusal.value.response.body
    await house.api.patch("/stations/CP-1", {"security_profile": 1})
    station = Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD))
    assert (await station.boot()).status == RegistrationStatus.accepted
    # The operator raises it: the plain connection ends.
    await house.api.patch("/stations/CP-1", {"security_profile": 2})
    await station.closed()
    await station.close()


async def test_the_first_certificate_is_the_floor_from_then_on(secure, authority):
    await secure.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    await (await secure.station("CP-1", PASSWORD)).close()
    assert (await secure.api.get("/stations/CP-1"))["security_profile"] == 2
    await (await secure.station("CP-1", shown=authority.sign("CP-1"))).close()
    assert (await secure.api.get("/stations/CP-1"))["security_profile"] == 3
    assert (await secure.refused("CP-1", PASSWORD))[0] == 403


# Certificates.


async def test_whose_certificate_it_is(secure, authority):
    await secure.api.post("/stations", {"id": "CP-1", "serial_number": "SN-77", "security_profile": 3})
    for name in ("CP-1", "SN-77"):
        await (await secure.station("CP-1", shown=authority.sign(name))).close()
    assert (await secure.api.get("/stations/CP-1"))["certificate"]["matched_by"] == "serial_number"
    status, why = await secure.refused("CP-1", shown=authority.sign("CP-2"))
    assert status == 403 and "CP-2" in why
    status, why = await secure.refused("CP-1", shown=authority.sign("CP-1", organization="Another"))
    assert status == 403 and "Another" in why


async def test_certificates_that_end_the_handshake(secure, authority, tmp_path):
    await secure.api.post("/stations", {"id": "CP-1", "security_profile": 3})
    stranger = Authority(tmp_path, "strangers")
    expired = authority.sign("CP-1", days=-1)
    for shown in (stranger.sign("CP-1"), expired):
        with pytest.raises((ssl.SSLError, ConnectionError, websockets.InvalidHandshake, EOFError)):
            await connect(secure.url("CP-1"), "CP-1", ssl=tls(authority, shown))
    told = await until(lambda: secure.events("tls.refused"), what="the refusals are events")
    assert all(event["subject"].startswith("station/") for event in told)


async def test_a_revocation_counts_without_a_restart(secure, authority):
    await secure.api.post("/stations", {"id": "CP-1", "security_profile": 3})
    await secure.api.post("/stations", {"id": "CP-2", "security_profile": 3})
    shown = authority.sign("CP-1")
    other = await secure.station("CP-2", shown=authority.sign("CP-2"))
    await (await secure.station("CP-1", shown=shown)).close()
    authority.revoke(shown[0])
    secure.house.process.send_signal(signal.SIGHUP)

    async def is_out():
        try:
            await (await connect(secure.url("CP-1"), "CP-1", ssl=tls(authority, shown))).close()
        except (ssl.SSLError, ConnectionError, websockets.InvalidHandshake, EOFError):
            return True

    await until(is_out, what="the revoked certificate is refused")
    assert (await other.call(call.Heartbeat())).current_time
    await other.close()


async def test_rsa_and_ecdsa_stand_side_by_side_and_old_tls_does_not(secure, authority):
    for ciphers in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", "AES128-GCM-SHA256", "AES256-GCM-SHA384"):
        _, writer = await asyncio.open_connection(
            "localhost", secure.port, ssl=tls(authority, highest=ssl.TLSVersion.TLSv1_2, ciphers=ciphers), server_hostname="localhost")
        assert writer.get_extra_info("cipher")[0] == ciphers
        writer.close()
    old = tls(authority, ciphers="ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("localhost", secure.port, ssl=old, server_hostname="localhost")
    (told,) = await until(lambda: secure.events("tls.refused"), what="the refusal is an event")
    assert told["body"]["why"] == "the peer does not know TLS 1.2"


async def test_certificates_are_exchanged_under_a_station_that_stays(secure, authority, tmp_path):
    await secure.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    station = await secure.station("CP-1", PASSWORD)
    first = await secure.shown()
    # By a look at the files.
    authority.sign("localhost", into=str(tmp_path / "door/ec"))
    second = await until(lambda: changed(secure, first), 15, what="the new certificate is shown")
    # By a signal.
    authority.sign("localhost", into=str(tmp_path / "door/ec"))
    secure.house.process.send_signal(signal.SIGHUP)
    third = await until(lambda: changed(secure, second), what="the new certificate is shown")
    # A broken one changes nothing, and is said.
    (tmp_path / "door/ec.pem").write_text("garbage")
    secure.house.process.send_signal(signal.SIGHUP)
    await until(lambda: secure.events("certificate.unusable"), what="the broken certificate is an event")
    assert await secure.shown() == third
    assert (await station.call(call.Heartbeat())).current_time
    seen = await secure.api.get("/stations/CP-1")
    assert seen["online"] and seen["encrypted"] and seen["connection_profile"] == 2
    await station.close()


async def test_certificates_that_end_soon_are_told(secure, authority, tmp_path):
    authority.sign("localhost", into=str(tmp_path / "door/ec"), days=10)
    secure.house.process.send_signal(signal.SIGHUP)
    told = await until(lambda: secure.events("certificate.expires"), what="the door's certificate ends soon")
    assert [event["body"]["days"] for event in told] == [9]
    await secure.api.post("/stations", {"id": "CP-1", "security_profile": 3})
    await (await secure.station("CP-1", shown=authority.sign("CP-1", days=5))).close()
    lines = (await secure.api.get("/overview"))["needs_attention"]
    assert {"certificate_expiring", "station_certificate_expiring"} <= {line["kind"] for line in lines}


async def changed(secure, before):
    found = await secure.shown()
    return found if found != before else None


async def test_a_legacy_listener_also_takes_stations_that_know_only_old_signatures(daemons, authority):
    chain, key = authority.sign("localhost", kind="rsa")
    modern, legacy = free_port(), free_port()
    await daemons(
        station_listen=f"127.0.0.1:{modern}", station_tls_certificate=chain, station_tls_key=key,
        legacy_station_listen=f"127.0.0.1:{legacy}")
    for port, is_taken in ((modern, False), (legacy, True)):
        _, writer = await asyncio.open_connection(
            "localhost", port, ssl=tls(authority, highest=ssl.TLSVersion.TLSv1_2), server_hostname="localhost")
        writer.close()
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-CAfile", authority.certificate,
             "-cipher", "ALL:@SECLEVEL=0", "-sigalgs", "RSA+SHA1"], input="", capture_output=True, text=True, timeout=20)
        assert (done.returncode == 0) == is_taken, done.stdout + done.stderr


@pytest.mark.parametrize("settings, word", [
    ({"station_client_ca": "roots.pem"}, "station_listen with TLS"),
    ({"station_client_crl": "list.pem"}, "station_client_ca beside it"),
    ({"tls_certificate": "a.pem,b.pem", "tls_key": "a.key"}, "as many certificates as keys"),
    ({"lowest_security_profile": "4"}, "0, 1, 2 or 3")])
async def test_settings_that_cannot_work_are_refused_in_a_sentence(house, settings, word):
    line = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    code, _, error = await house.run("check-config", *line)
    assert code != 0 and word in error, error


# Keys.


async def test_a_new_key_holds_once_the_station_took_it(house):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    station = Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD))
    await station.boot()
    # One that does not know the setting refuses: the old key holds.
    async with httpx.AsyncClient(base_url=f"{house.url}/api/v1", headers=house.api.http.headers) as http:
        assert (await http.put("/stations/CP-1/password", json={"send": True})).status_code == 409
    station.configuration["AuthorizationKey"] = PASSWORD
    made = await house.api.put("/stations/CP-1/password", {"send": True})
    assert made["undecided"] is False and station.configuration["AuthorizationKey"] == made["password"]
    await station.close()
    with pytest.raises(websockets.InvalidStatus):
        await connect(house.station_url("CP-1"), "CP-1", PASSWORD)
    # Stations show the hex digits, or the bytes that they stand for.
    for shown in (made["password"], bytes.fromhex(made["password"])):
        await (await connect(house.station_url("CP-1"), "CP-1", shown)).close()


async def test_both_keys_are_good_while_nobody_knows_which_one_the_station_has(house):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD})
    station = Station("CP-1", await connect(house.station_url("CP-1"), "CP-1", PASSWORD))
    await station.boot()
    await station.mute()
    asking = asyncio.create_task(house.api.put("/stations/CP-1/password", {"send": True, "password": "the-other-key-16c"}))
    await asyncio.wait_for(station.socket.recv(), 5)
    # It took the key, and the connection breaks before it says so.
    station.socket.transport.abort()
    assert (await asking)["undecided"] is True
    assert (await house.api.get("/stations/CP-1"))["undecided_keys"] == 1
    attention = (await house.api.get("/overview"))["needs_attention"]
    assert any(line["kind"] == "station_key_undecided" for line in attention)
    await (await connect(house.station_url("CP-1"), "CP-1", PASSWORD)).close()
    await (await connect(house.station_url("CP-1"), "CP-1", "the-other-key-16c")).close()
    # That settled it.
    with pytest.raises(websockets.InvalidStatus):
        await connect(house.station_url("CP-1"), "CP-1", PASSWORD)
    assert (await house.api.get("/stations/CP-1"))["undecided_keys"] == 0


async def test_a_browser_that_came_by_tls_is_told_to_come_by_nothing_else(daemons):
    """A proxy that is trusted says how its client came."""
    house = await daemons(trusted_proxies="127.0.0.1")
    for scheme, told in (("https", "max-age=31536000"), ("http", None)):
        for path in ("/", "/app.js", "/api/v1/me", "/nothing"):
            answer = await house.api.http.get(house.url + path, headers={"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": scheme})
            assert answer.headers.get("strict-transport-security") == told, (scheme, path)
