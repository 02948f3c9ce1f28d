"""The edges of OCPI's addresses: one place spelled in many ways, methods that an address lacks, ids with odd letters, moments at
the ends of calendars, content under other names. What a place is must not hang on how somebody writes it."""

import json
from urllib.parse import unquote

import pytest

from endpoint_bodies import Bodies
from endpoint_table import BROKEN, FLAW, GOOD, MADE, NO_METHOD, NOWHERE, UNKNOWN_PLACE, UNKNOWN_TOKEN
from partners import parse, stamp
from test_endpoints import scene, verdict  # noqa: F401 (scene: fixture)

PLACES = [
    ("/locations", GOOD), ("/locations/", GOOD), ("//locations", GOOD), ("/locations//", GOOD), ("/locations?", GOOD),
    ("/locations/?limit=1", GOOD), ("/locations/{place}/", GOOD), ("/locations//{place}", GOOD), ("/locations/{place}/{evse}//1/", GOOD),
    ("/credentials/", GOOD), ("/", GOOD), ("/tariffs/", GOOD), ("/cdrs/", GOOD), ("/sessions/?date_from=2020-01-01T00:00:00Z", GOOD),
    ("/locations/site-1", GOOD), ("/locations/SITE%2D1", GOOD), ("/locations/SITE-1#part", GOOD), ("/locations?%zz", GOOD),
    ("/LOCATIONS", NOWHERE), ("/locations/SITE-1%2F{evse}", UNKNOWN_PLACE), ("/locations/%2FSITE-1", UNKNOWN_PLACE),
    ("/locations/SITE-1%20", UNKNOWN_PLACE), ("/locations/%E2%82%AC", UNKNOWN_PLACE), (f"/locations/{'x' * 37}", UNKNOWN_PLACE),
    (f"/locations/{'x' * 5_000}", UNKNOWN_PLACE), ("/locations/SITE-1;a=b", UNKNOWN_PLACE), ("/locations/%00", BROKEN),
    ("/locations/%ff", BROKEN)]

# Moments, and whether the list is empty then.
MOMENTS = [
    ("date_from=2026-01-01T00:00:00%2B01:00", GOOD, False), ("date_from=2026-01-01T00:00:00+01:00", GOOD, False),
    ("date_from=2026-01-01T00:00:00%2b00:00", GOOD, False), ("date_from=2026-01-01%2000:00:00", GOOD, False),
    ("date_from=0001-01-01T00:00:00Z", GOOD, False), ("date_from=0001-01-01T00:00:00", GOOD, False),
    ("date_from=9999-12-31T23:59:59Z", GOOD, True), ("date_from=9999-12-31T23:59:59.999Z", GOOD, True),
    ("date_from=2020-01-01T00:00:00Z&date_to=9999-12-31T23:59:59Z", GOOD, False),
    ("date_from=2020-01-01T00:00:00Z&date_to=0001-01-01T00:00:00Z", GOOD, True),
    ("date_from=9999-13-31T00:00:00Z", FLAW, None), ("date_from=10000-01-01T00:00:00Z", FLAW, None), ("date_from=9999", FLAW, None),
    ("date_from=2026-01-01", FLAW, None), ("date_from=2026-01-01T00:00Z", FLAW, None), ("date_from=2026-01-01T00:00:00+1", FLAW, None),
    ("limit=%31", GOOD, False), ("limit=+1", FLAW, None), ("limit=1e3", FLAW, None), ("offset=1.0", FLAW, None), ("LIMIT=0", GOOD, False)]

# An address, and the methods that it knows. Where a version lacks the place it is nowhere.
METHODS = [
    ("cpo", "", "GET, HEAD"), ("cpo", "/credentials", "GET, HEAD, POST, PUT, DELETE"), ("cpo", "/locations", "GET, HEAD"),
    ("cpo", "/locations/{place}", "GET, HEAD"), ("cpo", "/sessions", "GET, HEAD"), ("cpo", "/cdrs/{cdr}", "GET, HEAD"),
    ("cpo", "/tokens/DE/EMP/EMP-0001", "GET, HEAD, PUT, PATCH"), ("cpo", "/commands/START_SESSION", "POST"),
    ("emsp", "/tokens", "GET, HEAD"), ("emsp", "/tokens/X/authorize", "POST"), ("emsp", "/locations/BE/CPO/L1", "GET, HEAD, PUT, PATCH"),
    ("emsp", "/sessions/BE/CPO/S1", "GET, HEAD, PUT, PATCH"), ("emsp", "/cdrs", "POST")]

# Ids as they stand in an address, and what a token of that id hears.
IDS = [
    ("A%2FB", MADE), ("A%20B", MADE), ("A+B", MADE), ("A%2BB", GOOD), ("a%2bb", GOOD), ("x" * 36, MADE), ("x" * 37, FLAW), ("%25", MADE),
    ("A;B", MADE), ("A,B", MADE), ("%2e%2e", MADE), ("A'B", MADE), ("A%22B", MADE), ("A%5CB", MADE), ("A:B", MADE), ("%C3%A9", FLAW),
    ("%F0%9F%98%80", FLAW), ("A%09", FLAW), ("A%00", BROKEN), ("%ff", BROKEN)]

TYPES = (
    "text/plain", "application/xml", "application/json; charset=UTF-8", "application/x-www-form-urlencoded", "", "application/vnd.api+json")


def who(scene):  # noqa: F811
    return "BE/CPO" if scene.version == "2.1.1" else "DE/EMP"


def answer_of(scene, answer):  # noqa: F811
    return (answer[0], 2000) if scene.version == "2.1.1" and answer[1] == 2004 else answer


async def test_a_place_is_one_however_it_is_written(scene):  # noqa: F811
    wrong = []
    for path, want in PLACES:
        response, own = await scene.ask("cpo", "GET", path)
        if verdict(response) != want:
            wrong.append(f"{path[:60]}: {verdict(response)} and not {want}: {response.text[:120]}")
        if want != BROKEN and response.headers.get("X-Request-ID") != own["X-Request-ID"]:
            wrong.append(f"{path[:60]}: X-Request-ID is not repeated")
    assert not wrong, "\n".join(wrong)


async def test_a_moment_is_read_as_it_is_meant(scene):  # noqa: F811
    wrong = []
    for query, want, is_empty in MOMENTS:
        response, _ = await scene.ask("cpo", "GET", f"/locations?{query}")
        if verdict(response) != want or (want == GOOD and (not parse(response.content)["data"]) != is_empty):
            wrong.append(f"{query}: {verdict(response)} {response.text[:160]}")
    assert not wrong, "\n".join(wrong)


async def test_an_address_says_which_methods_it_knows(scene):  # noqa: F811
    wrong = []
    for side, path, allow in METHODS:
        options, own = await scene.ask(side, "OPTIONS", path)
        if verdict(options) != NO_METHOD or options.headers.get("Allow") != allow:
            wrong.append(f"OPTIONS {side} {path}: {verdict(options)} {options.headers.get('Allow')}")
        head, _ = await scene.ask(side, "HEAD", path)
        get, _ = await scene.ask(side, "GET", path)
        if head.status_code != get.status_code or head.content:
            wrong.append(f"HEAD {side} {path}: {head.status_code}, GET {get.status_code}, {head.content[:40]}")
        for name in ("X-Total-Count", "X-Limit", "Content-Type", "Allow"):
            if head.headers.get(name) != get.headers.get(name):
                wrong.append(f"HEAD {side} {path}: {name} {head.headers.get(name)} and not {get.headers.get(name)}")
    # Nobody learns an address's methods, or whether it is one, without a token.
    for path in ("/locations", "/nothing"):
        response, _ = await scene.ask("cpo", "OPTIONS", path, token="")
        assert verdict(response) == (401, 2000), path
    assert not wrong, "\n".join(wrong)


async def test_ids_have_any_letters_that_the_text_allows(scene):  # noqa: F811
    wrong, bodies = [], Bodies(scene.version, "")
    for uid, want in IDS:
        token = {**bodies["token"], "uid": unquote(uid, errors="replace")}
        response, _ = await scene.ask("cpo", "PUT", f"/tokens/{who(scene)}/{uid}", token)
        if verdict(response) != want:
            wrong.append(f"PUT {uid}: {verdict(response)} {response.text[:120]}")
        response, _ = await scene.ask("cpo", "GET", f"/tokens/{who(scene)}/{uid}")
        there = GOOD if want in (MADE, GOOD) else BROKEN if want == BROKEN else answer_of(scene, UNKNOWN_TOKEN)
        if verdict(response) != there:
            wrong.append(f"GET {uid}: {verdict(response)} {response.text[:120]}")
        elif there == GOOD and parse(response.content)["data"]["uid"].lower() != token["uid"].lower():
            wrong.append(f"GET {uid}: {response.text[:120]}")
    assert not wrong, "\n".join(wrong)


async def test_content_is_json_by_whatever_name(scene):  # noqa: F811
    token = json.dumps({**Bodies(scene.version, "")["token"], "uid": "TYPED"}).encode()
    for place, name in enumerate(TYPES):
        response, _ = await scene.ask("cpo", "PUT", f"/tokens/{who(scene)}/TYPED", token, {"Content-Type": name})
        assert verdict(response) == (MADE if place == 0 else GOOD), name


@pytest.mark.parametrize(("name", "path"), [
    ("location", "/locations/BE/CPO/L1"), ("tariff", "/tariffs/BE/CPO/T1"), ("session", "/sessions/BE/CPO/S1")])
async def test_what_is_told_is_of_its_address(scene, name, path):  # noqa: F811
    wrong, body = [], Bodies(scene.version, "")[name]

    async def tell(method, content, want, what):
        response, _ = await scene.ask("emsp", method, path, content)
        if verdict(response) != want:
            wrong.append(f"{method} {what}: {verdict(response)} and not {want}: {response.text[:120]}")

    await tell("PUT", body, MADE, "as it is")
    is_new = scene.version != "2.1.1"
    told = [("id", "OTHER", FLAW), ("id", body["id"].lower(), GOOD), ("id", None, FLAW), ("last_updated", "2001-01-01T00:00:00Z", GOOD),
            ("last_updated", "soon", FLAW), ("last_updated", None, FLAW)]
    if is_new:
        told += [("country_code", "FR", FLAW), ("party_id", "ZZZ", FLAW), ("country_code", "be", GOOD)]
    for field, value, want in told:
        await tell("PUT", {**body, field: value}, want, f"{field}={value}")
    if name == "tariff":
        # "Without an end", as some calendars have it.
        await tell("PUT", {**body, "end_date_time": "9999-12-31T23:59:59Z"}, GOOD, "valid for ever")
        await tell("PUT", {**body, "end_date_time": "soon"}, FLAW if is_new else GOOD, "valid until soon")
        if is_new:
            return await tell("PATCH", {}, NO_METHOD, "a tariff")
    late = {"last_updated": stamp()}
    for change, want in (
            ({}, FLAW if is_new else GOOD), (late, GOOD), ({**late, "id": "OTHER"}, FLAW), ({"last_updated": "2001-01-01T00:00:00Z"}, GOOD),
            ({"last_updated": None}, FLAW), ({"last_updated": "soon"}, FLAW), ([], FLAW), (b"", BROKEN), (b"null", FLAW)):
        await tell("PATCH", change, want, str(change))
    if is_new:
        await tell("PATCH", {**late, "country_code": "FR"}, FLAW, "another country")
    assert not wrong, "\n".join(wrong)
