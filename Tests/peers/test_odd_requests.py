"""Requests to OCPI's endpoints that no partner should send: any method, place, query and body, and what is no request at all.
Each is answered with an envelope that is whole, none with a fault of ours, and what was there is there still."""

import asyncio
import json
import os
import random
import secrets

import pytest

from charging import priced, tariff
from house import until
from partners import EMSP, header
from stations import later, now

SEED = int(os.environ.get("OSTLER_SEED", secrets.randbelow(1 << 32)))
REQUESTS = 200
METHODS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS")
WORDS = (
    "", "0", "-1", "a", "DE", "EMP", "EMP-0001", "START_SESSION", "authorize", "charging_preferences", "terminals", "page",
    "%2e%2e", "%2F", "é", "’", "x" * 300, "' OR 1=1 --", "<script>", "null", "2.2.1", "😀")
NAMES = (
    "date_from", "date_to", "offset", "limit", "type", "duration", "response_url", "uid", "country_code", "party_id", "valid", "id",
    "token", "expiry_date", "reservation_id", "location_id", "session_id", "charging_profile", "last_updated", "cdrs", "whitelist",
    "roles", "url", "profile_type", "departure_time", "energy_need", "evse_uid", "connector_id", "status", "kwh", "contract_id")
VALUES = (
    None, True, False, 0, -1, 1.5, 10**30, 1e300, -0.0, "", "soon", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "http://127.0.0.1:1/", "http://[::1", "file:///etc/passwd", "\0", "\u202e", "x" * 5_000, "ALWAYS", "RFID", "ACTIVE",
    "DE", "EMP")


def anything(chance, depth=0):
    """A JSON value, rarely deep."""
    kind = chance.random()
    if depth > 3 or kind < 0.4:
        return chance.choice(VALUES)
    if kind < 0.55:
        return [anything(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(NAMES): anything(chance, depth + 1) for _ in range(chance.randrange(8))}


def body(chance):
    if chance.random() < 0.3:
        return None
    text = json.dumps(anything(chance)).encode()
    match chance.randrange(8):
        case 0:
            return text[:chance.randrange(len(text) + 1)]
        case 1:
            return chance.randbytes(40)
        case 2:
            return b"[" * 1_000
        case 3:
            return text.replace(b"{", b'{"id": "a", "id": "b", ', 1)
    return text


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_whatever_is_asked_there_is_an_envelope(house, stations, partners, version):
    partner = await partners(EMSP(version=version))
    await partner.join(house, **({"reconciles_invoices": True} if version == "2.3.0" else {}))
    await partner.give(partner.driver("EMP-0001"))
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("EMP-0001", meter=0, at=now() - later(600))
    await station.end(1_000)
    bill = (await until(lambda: partner.cdrs(), what="the CDR"))[0]["id"]
    before = (await partner.module("GET", "cdrs")).data
    chance = random.Random(SEED)
    doors = [url for name, url in sorted(partner.endpoints.items()) if name != "credentials"]
    for number in range(REQUESTS):
        method, door = chance.choice(METHODS), chance.choice(doors)
        place = "".join(f"/{chance.choice((*WORDS, bill))}" for _ in range(chance.randrange(5)))
        query = {chance.choice(NAMES[:7]): str(chance.choice(VALUES)).replace("\0", "")[:500] for _ in range(chance.choice((0, 0, 1, 3)))}
        content = body(chance)
        what = f"seed {SEED}, request {number}: {method} {door}{place} {query} {content!r}"
        response = await partner.http.request(
            method, door + place, params=query or None, content=content,
            headers={"Authorization": header(partner.ours, version), "Content-Type": "application/json"})
        assert response.status_code < 500, f"{what}: {response.status_code} {response.text}"
        if method == "HEAD" or response.status_code == 204:
            continue
        try:
            envelope = response.json()
        except ValueError:
            raise AssertionError(f"{what}: {response.status_code} without an envelope: {response.text!r}") from None
        assert 1_000 <= envelope["status_code"] < 5_000 and envelope["timestamp"].endswith("Z"), f"{what}: {envelope}"
        assert response.status_code < 300 or envelope["status_code"] >= 2_000, f"{what}: {envelope}"
    assert (await partner.module("GET", "cdrs")).data == before
    await station.authorize("EMP-0001")


# What HTTP refuses before there is a request, by the status that says so.
NO_REQUESTS = [
    (400, b"GET /ocpi/versions HTTP/1.1\r\n\r\n"), (400, b"GET /ocpi/2.2.1/locations/%00 HTTP/1.1\r\nHost: h\r\n\r\n"),
    (400, b"GET /ocpi/2.2.1/locations/\x07 HTTP/1.1\r\n"), (400, b"GET /ocpi/versions HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    (400, b"PUT /ocpi/2.2.1/tokens/DE/EMP/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
    (400, b"PUT /ocpi/2.2.1/tokens/DE/EMP/1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    (413, b"PUT /ocpi/2.2.1/tokens/DE/EMP/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n"),
    (414, b"GET /ocpi/" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n"),
    (415, b"PUT /ocpi/2.2.1/tokens/DE/EMP/1 HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n"),
    (417, b"PUT /ocpi/2.2.1/tokens/DE/EMP/1 HTTP/1.1\r\nHost: h\r\nExpect: cake\r\nContent-Length: 2\r\n\r\n"),
    (431, b"GET /ocpi/versions HTTP/1.1\r\nHost: h\r\n" + b"X-A: b\r\n" * 5_000 + b"\r\n"),
    (501, b"PROPFIND /ocpi/versions HTTP/1.1\r\nHost: h\r\n\r\n"), (505, b"GET /ocpi/versions HTTP/2.0\r\nHost: h\r\n\r\n")]


async def test_what_is_no_request_is_refused_in_an_envelope(house):
    host, port = house.url.removeprefix("http://").split(":")
    for status, text in NO_REQUESTS:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(text)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert int(head.split()[1]) == status, (text[:80], head)
        envelope = json.loads(body)
        assert 2_000 <= envelope["status_code"] < 3_000 and envelope["status_message"] and envelope["timestamp"], (text[:80], body)
        assert b"x-request-id" in head.lower() and b"application/json" in head.lower(), (text[:80], head)
    # Elsewhere it is a sentence, as it was.
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 501") and answer.endswith(b"The method is not one of ours.\n")
