"""Every endpoint of ours in every version, on both sides, gone through row by row (`endpoint_table`): statuses, header fields,
tokens that are none, bodies that are none, and lists that are walked by their links."""

import copy
import json
import re
import secrets

import pytest
import pytest_asyncio

from charging import priced, tariff
from endpoint_bodies import Bodies, required
from endpoint_table import ALL, GOOD, LISTS, MADE, PAGES, ROWS
from house import until
from partners import EMSP, header, parse
from stations import later, now

PROVIDER = {"country_code": "NL", "party_id": "DRV", "role": "EMSP", "business_name": "Ostler Drivers"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


class Both(EMSP):
    """A partner with drivers (DE*EMP) and stations (BE*CPO); 2.1.1 knows one party of each, which then is BE*CPO's too."""

    @property
    def credentials(self):
        made = super().credentials
        if self.version != "2.1.1":
            made["roles"].append({
                "role": "CPO", "business_details": {"name": "Other Stations"}, "country_code": "BE", "party_id": "CPO"})
        return made


class Scene:
    """A house with stations and drivers of its own, a partner that may see what its driver did, and another one's session."""

    def __init__(self, house, partner, version):
        self.house, self.partner, self.version = house, partner, version
        self.names = {"place": "SITE-1", "tariff": "EVENING"}

    async def ask(self, side, method, path, body=None, headers=None, token=None):
        """The answer as it came, with the header fields that were sent."""
        own = {"Authorization": header(token or self.partner.ours, self.version)} if token != "" else {}
        own |= {"X-Request-ID": secrets.token_hex(8), "X-Correlation-ID": secrets.token_hex(8)}
        if self.version != "2.1.1":
            own |= {
                "OCPI-to-country-code": "NL", "OCPI-to-party-id": "OST" if side == "cpo" else "DRV",
                "OCPI-from-country-code": "DE", "OCPI-from-party-id": "EMP"}
        own |= headers or {}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if content is not None:
            own["Content-Type"] = "application/json"
        base = f"{self.house.url}/ocpi/{self.version}{'/emsp' if side == 'emsp' else ''}"
        url = base + path.format_map(self.names)
        response = await self.partner.http.request(method, url, content=content, headers=own)
        return response, own

    def flaws(self, side, method, path, response, own, routed=True):
        """What is wrong with any answer, whatever it says."""
        found = []
        if not response.headers.get("content-type", "").startswith("application/json"):
            return [f"no JSON but {response.headers.get('content-type')}"]
        envelope = parse(response.content)
        if not TIME.match(envelope.get("timestamp", "")):
            found.append("no timestamp")
        if (envelope["status_code"] < 2000) != response.is_success and response.status_code != 200:
            found.append("HTTP and OCPI contradict each other")
        for name in ("X-Request-ID", "X-Correlation-ID"):
            if response.headers.get(name) != own[name]:
                found.append(f"{name} is not repeated")
        configures = path == "" or path.startswith(("/credentials", "/hubclientinfo", "/nothing"))
        routed = routed and self.version != "2.1.1" and not configures and envelope["status_code"] == 1000
        for field, want in (
                ("OCPI-to-country-code", "DE"), ("OCPI-to-party-id", "EMP"), ("OCPI-from-country-code", "NL"),
                ("OCPI-from-party-id", "OST" if side == "cpo" else "DRV")):
            got = response.headers.get(field)
            if routed and got != want:
                found.append(f"{field}: {got}")
            if configures and got is not None:
                found.append(f"{field} has no place there")
        if response.status_code == 405 and path != "/credentials" and not response.headers.get("Allow"):
            found.append("405 without Allow")
        return found


def verdict(response):
    return response.status_code, parse(response.content)["status_code"]


@pytest_asyncio.fixture(params=ALL)
async def scene(request, house, stations, partners):
    version = request.param
    await house.api.post("/parties", PROVIDER)
    partner, other = await partners(Both(version=version)), await partners(EMSP("Other", "OTH"))
    scene = Scene(house, partner, version)
    if version == "2.1.1":
        # One party, one role: it stands for both sides.
        partner.party = {"country_code": "BE", "party_id": "CPO"}
    await partner.join(house)
    await other.join(house)
    if version == "2.3.0":
        await house.api.post("/booking-locations", {
            "location": house.site, "ref": "BL-1", "rules": {"slot_minutes": 60, "days_ahead": 7}})
    scene.names["reply"] = f"{partner.url}/ocpi/emsp/{version}/commands/none"
    station = await stations(priced(house, "CP-1", await tariff(house)))
    scene.names["evse"] = station.evses[1]
    for who, uid, name in ((partner, "EMP-0001", ""), (other, "OTH-0001", "foreign_")):
        assert (await who.give(who.driver(uid))).status == 201
        await station.begin(uid, meter=0, at=now() - later(600))
        await station.end(1_000)
        cdr = (await until(lambda: who.cdrs(), what="a CDR"))[0]
        kept = (await house.api.items("/cdrs"))[0]
        scene.names[f"{name}cdr"], scene.names[f"{name}session"] = cdr["id"], kept["session"]
    return scene


def rows(version, side=None):
    """Those of a version. In 2.1.1 the partner is one party, and its tokens are BE*CPO's."""
    for row in ROWS:
        if version in row.versions and side in (None, row.side):
            path = row.path.replace("/DE/EMP", "/BE/CPO").replace("/de/emp", "/be/cpo") if version == "2.1.1" else row.path
            yield row, path


def body_of(row, bodies):
    return copy.deepcopy(bodies[row.body]) if isinstance(row.body, str) else row.body


async def test_each_endpoint_answers_as_its_text_says(scene):
    bodies, wrong = Bodies(scene.version, scene.names["reply"]), []
    for row, path in rows(scene.version):
        response, own = await scene.ask(row.side, row.method, path, body_of(row, bodies))
        place = f"{row.side} {row.method} {path}"
        if verdict(response) != row.answer_in(scene.version):
            wrong.append(f"{place}: {verdict(response)} and not {row.answer_in(scene.version)}: {response.text[:200]}")
        wrong += [f"{place}: {flaw}" for flaw in scene.flaws(row.side, row.method, path, response, own)]
    assert not wrong, "\n".join(wrong)


async def test_who_is_nobody_hears_401_everywhere(scene):
    wrong = []
    invited = (await scene.house.api.post("/partners", {"name": "Invited"}))["token"]
    strangers = {
        "no token": {}, "an unknown one": {"Authorization": header("nobody", scene.version)},
        "another scheme": {"Authorization": f"Bearer {scene.partner.ours}"}, "no value": {"Authorization": "Token"},
        "too many words": {"Authorization": f"Token {scene.partner.ours} x"}}
    for row, path in rows(scene.version):
        asked = strangers if row.answer in (GOOD, MADE) else {"no token": {}}
        for who, fields in asked.items():
            response, _ = await scene.ask(row.side, row.method, path, {}, headers=fields, token="")
            if verdict(response) != (401, 2000) or "WWW-Authenticate" not in response.headers:
                wrong.append(f"{row.side} {row.method} {path}: {who}: {verdict(response)}")
        # Who has not registered yet may do that and nothing else.
        if row.answer in (GOOD, MADE) and path and not path.startswith("/credentials"):
            response, _ = await scene.ask(row.side, row.method, path, {}, token=invited)
            if verdict(response) != (401, 2000):
                wrong.append(f"{row.side} {row.method} {path}: token A: {verdict(response)}")
    assert not wrong, "\n".join(wrong)
    # The token as it stands, or in base64, with and without the line feed of the text's example.
    for value in (scene.partner.ours, header(scene.partner.ours)[6:], header(scene.partner.ours + "\n")[6:]):
        response, _ = await scene.ask("cpo", "GET", "/locations", headers={"Authorization": f"Token {value}"}, token="")
        assert verdict(response) == GOOD, value


async def test_bodies_that_are_none_are_told_apart(scene):
    bodies, wrong = Bodies(scene.version, scene.names["reply"]), []
    # What is changed or asked for must be there first.
    for row, path in rows(scene.version):
        if row.answer == MADE:
            await scene.ask(row.side, row.method, path, body_of(row, bodies))
    for row, path in rows(scene.version):
        if row.body is None or row.answer not in (GOOD, MADE) or row.path.startswith("/commands/MAKE"):
            continue
        for body, want in ((b"", 400), (b"{", 400), (b"<x/>", 400), (b"\xff\xfe", 400), (b"[]", 200), (b"null", 200), (b"42", 200), (b'""', 200)):
            response, _ = await scene.ask(row.side, row.method, path, body)
            may_be_empty = body == b"" and path.endswith(("authorize", "authorize?type=RFID"))
            # Where nothing is said about a body nothing can be wrong with it.
            if may_be_empty or path.startswith("/commands/CANCEL") and scene.version == "2.1.1":
                continue
            if verdict(response) != (want, 2001) and not (body == b"null" and path.endswith("authorize")):
                wrong.append(f"{row.side} {row.method} {path} with {body!r}: {verdict(response)}")
        if not isinstance(row.body, str):
            continue
        for name in required(row.body, scene.version):
            for change in ("missing", "null"):
                body = bodies[row.body]
                if change == "missing":
                    del body[name]
                else:
                    body[name] = None
                response, _ = await scene.ask(row.side, row.method, path, body)
                said = parse(response.content).get("status_message", "")
                if verdict(response) != (200, 2001) or name not in said:
                    wrong.append(f"{row.side} {row.method} {path} with {name} {change}: {verdict(response)} {said}")
    assert not wrong, "\n".join(wrong)


async def test_pages_are_what_is_asked_for(scene):
    wrong = []
    if scene.version == "2.3.0":
        made, _ = await scene.ask("cpo", "POST", "/bookings", Bodies(scene.version, "")["booking_request"])
        assert verdict(made) == MADE
    for side, module, first, versions in LISTS:
        if scene.version not in versions:
            continue
        for query, want, is_empty in PAGES:
            if first and "date_from" not in query:
                query = f"{first}&{query}" if query else first
            response, own = await scene.ask(side, "GET", f"/{module}?{query}")
            place = f"{module}?{query}"
            if verdict(response) != want:
                wrong.append(f"{place}: {verdict(response)} {response.text[:120]}")
                continue
            wrong += [f"{place}: {flaw}" for flaw in scene.flaws(side, "GET", f"/{module}", response, own)]
            if want != GOOD:
                continue
            data, link = parse(response.content)["data"], response.headers.get("Link")
            total, limit = int(response.headers["X-Total-Count"]), int(response.headers["X-Limit"])
            if not isinstance(data, list) or len(data) > limit or (is_empty and data):
                wrong.append(f"{place}: {len(data)} objects of {limit}")
            if "offset" in query and total == 0 and module != "invoicereconciliation":
                wrong.append(f"{place}: the total has to be without the offset")
            if link and (is_empty or not re.fullmatch(r'<http://[^>]+>; rel="next"', link)):
                wrong.append(f"{place}: Link {link}")
    assert not wrong, "\n".join(wrong)


async def test_whoever_is_named_is_answered(scene):
    if scene.version == "2.1.1":
        response, _ = await scene.ask("cpo", "GET", "/locations", headers={"OCPI-from-party-id": "EMP", "OCPI-from-country-code": "DE"})
        assert not [name for name in response.headers if name.lower().startswith("ocpi-")]
        return
    # An open question names no receiver: whoever answers says so.
    own = {name: "" for name in ("OCPI-to-country-code", "OCPI-to-party-id")}
    response, _ = await scene.ask("cpo", "GET", "/locations", headers=own)
    assert response.headers["OCPI-from-party-id"] == "OST" and response.headers["OCPI-to-party-id"] == "EMP"
    # One for a party that we are not is answered in our own name.
    response, _ = await scene.ask("cpo", "GET", "/locations", headers={"OCPI-to-country-code": "FR", "OCPI-to-party-id": "XXX"})
    assert verdict(response) == GOOD
    assert (response.headers["OCPI-from-country-code"], response.headers["OCPI-from-party-id"]) == ("NL", "OST")
    response, _ = await scene.ask("cpo", "GET", "/locations", headers={"OCPI-to-country-code": "nl", "OCPI-to-party-id": "ost"})
    assert response.headers["OCPI-from-party-id"] == "OST"


async def test_a_cdr_is_found_where_its_answer_says(scene):
    bodies = Bodies(scene.version, scene.names["reply"])
    posted = bodies["cdr"]
    first, _ = await scene.ask("emsp", "POST", "/cdrs", posted)
    again, _ = await scene.ask("emsp", "POST", "/cdrs", posted)
    assert (verdict(first), verdict(again)) == (MADE, GOOD)
    assert first.headers["Location"] == again.headers["Location"]
    shown = await scene.partner.ask("GET", first.headers["Location"])
    assert json.loads(json.dumps(shown.data, default=float)) == json.loads(json.dumps(posted, default=float))


async def test_who_leaves_is_a_stranger(scene):
    partner = scene.partner
    assert (await partner.ask("DELETE", f"{scene.house.url}/ocpi/{scene.version}/credentials")).code == 1000
    for path in ("", "/credentials", "/locations"):
        response, _ = await scene.ask("cpo", "GET", path)
        assert verdict(response) == (401, 2000), path
