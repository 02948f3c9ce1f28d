"""`ostler doctor` about the world around the house, and `ostler support-bundle`."""

import asyncio
import json
import sqlite3
import subprocess

import pytest

from stations import known


async def doctor(house, *arguments):
    code, out, error = await house.run("doctor", "--data", str(house.data), "--json", *arguments)
    assert out, error
    return code, {line["check"]: line for line in json.loads(out)}


class Proxy:
    """Passes one connection after the other on to a daemon, and changes the heads of requests as it is told."""

    def __init__(self, port, change):
        self.port, self.change = port, change

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_):
        self.server.close()

    async def serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        back.write(self.change(head))
        writer.write(await there.read(65536))
        await writer.drain()
        back.close()
        writer.close()


def drops_upgrade(head):
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"upgrade:", b"connection:"))]
    return b"\r\n".join(lines).replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n")


def forwards(head):
    return head.replace(b"\r\n\r\n", b"\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n")


@pytest.mark.parametrize("change, trusted, verdict, words", [
    (lambda head: head, False, "OK", "reaches us"),
    (forwards, False, "WARN", "do not believe"),
    (forwards, True, "OK", "by a proxy"),
    (drops_upgrade, True, "FAIL", "drops `Upgrade`"),
    (lambda head: b"GET /elsewhere HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", False, "FAIL", "something else answers"),
])
async def test_the_doctor_tries_the_way_to_us(daemons, tmp_path, change, trusted, verdict, words):
    plain = await daemons()
    port = plain.port
    await plain.stop()
    async with Proxy(port, change) as url:
        settings = {"public_url": url} | ({"trusted_proxies": "127.0.0.1"} if trusted else {})
        plain.settings = settings
        await plain.start()
        # A running daemon tells its settings itself.
        code, found = await doctor(plain)
    assert found["public URL"]["verdict"] == verdict and words in found["public URL"]["detail"], found["public URL"]
    assert code == (1 if verdict == "FAIL" else 0)
    assert verdict == "OK" or found["public URL"]["remedy"]


async def test_nobody_at_the_public_url_is_said(daemons):
    daemon = await daemons(public_url="http://127.0.0.1:1")
    code, found = await doctor(daemon)
    assert code == 1 and found["public URL"]["verdict"] == "FAIL" and found["public URL"]["remedy"]
    await daemon.stop()
    code, found = await doctor(daemon, "--public-url", "http://127.0.0.1:1")
    assert code == 0 and "no daemon runs" in found["public URL"]["detail"]


async def test_the_doctor_sees_clock_descriptors_and_certificates(house, tmp_path):
    code, found = await doctor(house)
    assert code == 0 and found["clock"]["verdict"] in ("OK", "WARN")
    assert "0 stations" in found["descriptors"]["detail"]
    await house.stop()
    # The clock was set back by a day since the newest fact.
    with sqlite3.connect(house.data / "ostler.db") as books:
        books.execute("UPDATE event SET at = at + 86400000 WHERE seq = (SELECT max(seq) FROM event)")
    books.close()
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for days, verdict in (("60", "OK"), ("10", "WARN")):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", days, "-subj",
             "/CN=charge.example.com", "-out", chain, "-keyout", key], check=True, capture_output=True)
        code, found = await doctor(house, "--set", f"tls_certificate={chain}", "--set", f"tls_key={key}")
        assert code == 1 and found["clock"]["verdict"] == "FAIL" and found["clock"]["remedy"]
        door = next(line for check, line in found.items() if check.startswith("certificate of the door"))
        assert door["verdict"] == verdict and "charge.example.com" in door["detail"], door
    key.write_text("garbage")
    _, found = await doctor(house, "--set", f"tls_certificate={chain}", "--set", f"tls_key={key}")
    assert any(check.startswith("certificate of the door") and line["verdict"] == "FAIL" for check, line in found.items())


async def test_a_support_bundle_is_one_file_without_secrets(daemons, stations, tmp_path):
    daemon = await daemons(contract_provider_token="hush-hush-token", contract_provider_url="http://127.0.0.1:9/")
    await stations(known(daemon, "CP-1"))
    file = tmp_path / "bundle.txt"
    assert (await daemon.cli("support-bundle", str(file))).strip() == str(file)
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    for part in ("== doctor ==", "OK   books: ", "== settings ==", "contract_provider_token=(hidden)", "heartbeat_seconds=300",
                 "== figures ==", 'ostler_connections{door="', "== log ==", "event=listening", "ostler.db "):
        assert part in text, part
    for secret in ("hush-hush-token", daemon.key, "open-sesame", "correct horse battery"):
        assert secret not in text
    code, _, error = await daemon.run("support-bundle", str(file), "--data", str(daemon.data))
    assert code != 0 and str(file) in error and file.read_text() == text
    await daemon.stop()
    alone = tmp_path / "alone.txt"
    await daemon.cli("support-bundle", str(alone))
    assert "== log ==\n(none)" in alone.read_text() and "OK   books: " in alone.read_text()
