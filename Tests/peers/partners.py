"""Roaming partners as the daemon meets them. `Partner` is an eMSP's own side: it registers, asks and commands, and keeps
every request that reached it; `EMSP` is a small server written by the texts of OCPI 2.1.1, 2.2.1 and 2.3.0, which can
also be ill."""

import asyncio
import base64
import json
import re
import secrets
import socket
import time
from dataclasses import dataclass, field
from decimal import Decimal

import httpx
from aiohttp import web

from judge import ocpi_flaws

COMMANDS = {
    "START_SESSION": "StartSession", "STOP_SESSION": "StopSession", "RESERVE_NOW": "ReserveNow",
    "CANCEL_RESERVATION": "CancelReservation", "UNLOCK_CONNECTOR": "UnlockConnector"}
KINDS = {"locations": {3: "Location", 4: "EVSE", 5: "Connector"}, "tariffs": {3: "Tariff"}, "sessions": {3: "Session"},
    "bookings": {3: "Booking", 4: "BookingLocation"}}


def parse(body):
    return json.loads(body, parse_float=Decimal) if body else None


def stamp(seconds=None):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def header(token, version="2.2.1"):
    """The text of 2.1.1 knows no base64."""
    return "Token " + (token if version == "2.1.1" else base64.b64encode(token.encode()).decode())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Seen:
    """A request that reached the partner. `place` is the path behind the module's endpoint."""

    method: str
    module: str
    place: list
    body: bytes
    headers: dict
    version: str = "2.2.1"
    at: float = field(default_factory=time.monotonic)
    status: int = 0

    @property
    def json(self):
        return parse(self.body)

    @property
    def kind(self):
        """The OCPI object in its body; nothing for what has none."""
        if not self.body:
            return None
        # An operator of stations is told tokens and commands, a provider of drivers is asked and told results.
        if self.module == "tokens" and self.method == "PUT":
            return "Token"
        if self.module == "commands" and self.place and self.place[0] in COMMANDS:
            return COMMANDS[self.place[0]]
        result = "CommandResponse" if self.version == "2.1.1" else "CommandResult"
        by_module = {"cdrs": "CDR", "credentials": "Credentials", "tokens": "LocationReferences", "commands": result}
        if self.place[-1:] == ["charging_preferences"]:
            return "ChargingPreferences"
        if self.module == "bookings" and self.method == "PATCH":
            # That a place is gone is told by a field that its own table does not have.
            return None
        if self.module == "chargingprofiles":
            asked = "SetChargingProfile" if "response_url" in self.json else "ActiveChargingProfile"
            return asked if self.method == "PUT" else "ActiveChargingProfileResult"
        return by_module.get(self.module) or KINDS[self.module][len(self.place)]

    def flaws(self):
        found = ocpi_flaws(self.kind, self.json, self.method == "PATCH", self.version) if self.kind else []
        for name in ("X-Request-ID", "X-Correlation-ID"):
            if not self.headers.get(name.lower()):
                found.append(f"{self.module}: no {name}")
        routed = self.module not in ("versions", "credentials") and self.version != "2.1.1"
        for name in ("OCPI-to-country-code", "OCPI-to-party-id", "OCPI-from-country-code", "OCPI-from-party-id"):
            if (name.lower() in self.headers) != routed:
                found.append(f"{self.module}: {name} {'is missing' if routed else 'has no place there'}")
        return found


SEEN = web.RequestKey("seen", Seen)


class Answer:
    """What Ostler answered a partner."""

    def __init__(self, response):
        self.status = response.status_code
        self.headers = response.headers
        self.envelope = parse(response.content)
        self.code = self.envelope["status_code"]
        self.data = self.envelope.get("data")


class Partner:
    """The eMSP's own side of the relationship."""

    # Whether it redirects callers (307), and how often it did.
    slashes = True
    redirects = 0

    version = "2.2.1"

    def __init__(self, name="Empire Mobility", party="EMP"):
        self.name = name
        self.party = {"country_code": "DE", "party_id": party}
        self.port = free_port()
        self.token_a = "invite-" + secrets.token_urlsafe(12)
        self.token = "call-me-" + secrets.token_urlsafe(12)
        self.ours = None
        self.endpoints = {}
        self.seen = []
        self.flaws = []
        self.drivers = {}
        self.authorizations = {}
        self.number = None
        self.http = httpx.AsyncClient(timeout=20)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def versions_url(self):
        return f"{self.url}/ocpi/versions"

    @property
    def credentials(self):
        business = {"business_details": {"name": self.name}}
        if self.version == "2.1.1":
            return {"token": self.token, "url": self.versions_url, **business, **self.party}
        return {"token": self.token, "url": self.versions_url, "roles": [{"role": "EMSP", **business, **self.party}]}

    # Asking Ostler.

    async def ask(self, method, url, body=None, token=None, **query):
        headers = {
            "Authorization": header(token or self.ours, self.version), "X-Request-ID": secrets.token_hex(8),
            "X-Correlation-ID": secrets.token_hex(8)}
        if self.version != "2.1.1":
            headers |= {
                "OCPI-to-country-code": "NL", "OCPI-to-party-id": "OST", "OCPI-from-country-code": self.party["country_code"],
                "OCPI-from-party-id": self.party["party_id"]}
        content = {} if body is None else {"content": body if isinstance(body, (bytes, str)) else json.dumps(body)}
        if content:
            headers["Content-Type"] = "application/json"
        response = await self.http.request(method, url, params=query or None, headers=headers, **content)
        for name in ("X-Request-ID", "X-Correlation-ID"):
            if response.headers.get(name) != headers[name]:
                self.flaws.append(f"{method} {url}: {name} was not repeated")
        answer = Answer(response)
        judged = self.judge("Responseformat", answer.envelope)
        self.flaws += [f"{method} {url}: {flaw}" for flaw in judged if "data" not in flaw]
        return answer

    def judge(self, kind, thing):
        return ocpi_flaws(kind, thing, version=self.version)

    async def module(self, method, name, place="", body=None, **query):
        """Asks at one of Ostler's endpoints, which are taken literally."""
        url = self.endpoints[name]
        return await self.ask(method, f"{url}/{place}" if place else url, body, **query)

    async def walk(self, name, kind, **query):
        """All objects of a list, by following the Link headers literally; each is judged."""
        found, pages = [], 0
        answer = await self.module("GET", name, **query)
        while True:
            pages += 1
            assert (answer.status, answer.code) == (200, 1000), answer.envelope
            found += answer.data
            for thing in answer.data:
                self.flaws += self.judge(kind, thing)
            assert int(answer.headers["X-Limit"]) > 0
            total = int(answer.headers["X-Total-Count"])
            link = answer.headers.get("Link")
            if not link:
                assert len(found) + int(query.get("offset", 0)) == total
                return found, pages
            answer = await self.ask("GET", re.fullmatch(r'<(.+)>; rel="next"', link)[1])

    async def explore(self, versions_url, token):
        """Versions and details of Ostler, as one who registers reads them."""
        versions = await self.ask("GET", versions_url, token=token)
        assert versions.status == 200, versions.envelope
        for version in versions.data:
            self.flaws += ocpi_flaws("Version", version, version="2.3.0")
        details = await self.ask("GET", next(v["url"] for v in versions.data if v["version"] == self.version), token=token)
        for endpoint in details.data["endpoints"]:
            # The list of modules is open since 2.3.0, and these came after it.
            later = ("'payments'", "'invoicereconciliation'", "'Booking'")
            self.flaws += [flaw for flaw in self.judge("Endpoint", endpoint) if not any(name in flaw for name in later)]
        # The operator's side is listed first.
        self.endpoints = {e["identifier"]: e["url"] for e in reversed(details.data["endpoints"])}
        return details.data

    async def join(self, house, **quirks):
        """They invite us, we register: POST with token A, and token C from the answer."""
        invitation = await house.api.post("/partners", {"name": self.name, "quirks": {"allow_private": True, **quirks}})
        self.number = invitation["partner"]["id"]
        await self.explore(invitation["versions_url"], invitation["token"])
        answer = await self.ask("POST", self.endpoints["credentials"], self.credentials, token=invitation["token"])
        assert (answer.status, answer.code) == (200, 1000), answer.envelope
        self.flaws += self.judge("Credentials", answer.data)
        self.ours = answer.data["token"]
        return answer.data

    async def invite(self, house, **quirks):
        """We gave them a URL and a token; they register with us."""
        body = {
            "versions_url": self.versions_url, "token": self.token_a, "name": self.name, "quirks": {"allow_private": True, **quirks}}
        found = await house.api.post("/partners/register", body)
        self.number = found["id"]
        await self.explore(house.versions_url, self.ours)
        return found

    def driver(self, uid, whitelist="ALWAYS", **more):
        """A token of one of our drivers, as an OCPI object."""
        owner = {} if self.version == "2.1.1" else self.party
        contract = "auth_id" if self.version == "2.1.1" else "contract_id"
        self.drivers[uid.lower()] = token = {
            **owner, "uid": uid, "type": "RFID", contract: f"DE-EMP-{uid[-6:]}", "issuer": self.name, "valid": True,
            "whitelist": whitelist, "last_updated": stamp(), **more}
        return token

    async def give(self, token):
        """Pushes a token to Ostler."""
        owner = {**self.party, **token}
        return await self.module("PUT", "tokens", f"{owner['country_code']}/{owner['party_id']}/{token['uid']}", token)

    async def command(self, name, **body):
        """Sends a command; returns the answer and the id at which its late result will come."""
        uid = secrets.token_hex(8)
        url = f"{self.url}/ocpi/emsp/{self.version}/commands/{uid}"
        answer = await self.ask("POST", f"{self.endpoints['commands'].rstrip('/')}/{name}", {"response_url": url, **body})
        if answer.code == 1000:
            self.flaws += self.judge("CommandResponse", answer.data)
        return answer, uid

    # What it was told.

    def told(self, module, method=None, status=range(200, 300), place=None):
        """The requests of a module that were taken, in order."""
        return [
            s for s in self.seen
            if s.module == module and (method is None or s.method == method) and s.status in status
            and (place is None or s.place[-len(place):] == place)]

    def newest(self, module):
        """The last state of each object that was pushed, by its place."""
        return {"/".join(s.place): s.json for s in self.told(module, "PUT")}

    def session(self, id_=None):
        """The states of a session, in order of arrival."""
        return [s.json for s in self.told("sessions") if id_ is None or s.place[-1] == id_]

    def cdrs(self):
        return [s.json for s in self.told("cdrs", "POST")]

    def results(self, uid):
        return [s.json["result"] for s in self.told("commands", "POST", place=[uid])]

    def judgement(self):
        """All that was wrong with what Ostler sent."""
        return self.flaws + [flaw for s in self.seen for flaw in s.flaws()]

    async def close(self):
        await self.http.aclose()


class EMSP(Partner):
    """Written by the text of its version: answers 200 with an envelope, 201 for new objects, 404 for unknown ones. `mood` makes it ill:
    `well`, `failing` (500), `hanging`, or `mute` (takes what it is told and hangs up without an answer). `asked` is all that
    came, `seen` what was taken."""

    def __init__(self, name="Empire Mobility", party="EMP", version="2.2.1"):
        super().__init__(name, party)
        self.version = version
        self.mood = "well"
        self.objects = {}
        self.asked = []
        self.runner = None
        self.handle_module = self.take

    async def start(self):
        app = web.Application(client_max_size=4 << 20, middlewares=[self._receive])
        app.router.add_get("/ocpi/versions", self._versions)
        app.router.add_get(f"/ocpi/{self.version}", self._details)
        app.router.add_route("*", f"/ocpi/emsp/{self.version}/{{module}}{{rest:.*}}", self._module)
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True).start()
        return self

    async def stop(self):
        """Closes the port."""
        if self.runner:
            await self.runner.cleanup()
            self.runner = None

    async def close(self):
        await self.stop()
        await super().close()

    @web.middleware
    async def _receive(self, request, handler):
        parts = [part for part in request.path.split("/") if part]
        module, place = (parts[3], parts[4:]) if len(parts) > 3 else ("versions", [])
        seen = Seen(request.method, module, place, await request.read(), {k.lower(): v for k, v in request.headers.items()},
            self.version)
        self.asked.append(seen)
        if self.mood == "hanging":
            await asyncio.sleep(3_600)
        if self.mood == "failing":
            seen.status = 500
            return web.Response(status=500, text="<html>Oh dear</html>", content_type="text/html")
        shown = request.headers.get("Authorization")
        allowed = {header(self.token, self.version)}
        if module in ("versions", "credentials"):
            # Before the versions are known nobody knows in which form the token is wanted.
            allowed |= {header(self.token_a, v) for v in ("2.1.1", "2.2.1")} | {header(self.token, "2.2.1")}
        if shown not in allowed:
            seen.status = 401
            return self.envelope(None, 2000, 401)
        self.seen.append(seen)
        request[SEEN] = seen
        response = await handler(request)
        seen.status = response.status
        if self.mood == "mute":
            request.transport.abort()
        return response

    @staticmethod
    def envelope(data, code=1000, status=200, **headers):
        body = {"status_code": code, "status_message": "said", "timestamp": stamp()}
        if data is not None:
            body["data"] = data
        return web.Response(status=status, text=json.dumps(body, default=float), content_type="application/json", headers=headers)

    async def _versions(self, request):
        return self.envelope([{"version": self.version, "url": f"{self.url}/ocpi/{self.version}"}])

    def modules(self):
        """Name, side and place of each module."""
        modules = [("credentials", "RECEIVER"), ("commands", "SENDER"), ("tokens", "SENDER")]
        modules += [(name, "RECEIVER") for name in ("locations", "tariffs", "sessions", "cdrs")]
        if self.version != "2.1.1":
            modules.append(("chargingprofiles", "SENDER"))
        return [(name, side, name) for name, side in modules]

    async def _details(self, request):
        modules = self.modules()
        sides = [{} if self.version == "2.1.1" else {"role": side} for _, side, _ in modules]
        endpoints = [
            {"identifier": module, **side, "url": f"{self.url}/ocpi/emsp/{self.version}/{place}"}
            for (module, _, place), side in zip(modules, sides, strict=True)]
        return self.envelope({"version": self.version, "endpoints": endpoints})

    async def _module(self, request):
        return await self.handle_module(request)

    async def take(self, request):
        """The answer to a request at a module; a test may put another one in its place."""
        seen = request[SEEN]
        match seen.module, seen.method:
            case "credentials", "POST" | "PUT":
                self.ours = seen.json["token"]
                return self.envelope(self.credentials)
            case "credentials", "DELETE":
                self.ours = None
                return self.envelope(None)
            case "tokens", "POST":
                return self._authorize(seen.place[0])
            case "cdrs", "POST":
                new = self.objects.setdefault(("cdrs", seen.json["id"]), seen.json)
                if new != seen.json:
                    return self.envelope(None, 2001)
                return self.envelope(None, status=201, Location=f"{self.url}/ocpi/emsp/{self.version}/cdrs/{seen.json['id']}")
            case _, "PUT":
                key = (seen.module, *seen.place)
                status = 200 if key in self.objects else 201
                self.objects[key] = seen.json
                return self.envelope(None, status=status)
            case "commands" | "chargingprofiles", "POST":
                return self.envelope(None)
        return self.envelope(None, 2000, 404)

    def _authorize(self, uid):
        token = self.drivers.get(uid.lower())
        if token is None:
            return self.envelope(None, 2004, 404)
        verdict = self.authorizations.get(uid.lower(), "ALLOWED")
        if self.version == "2.1.1":
            return self.envelope({"allowed": verdict})
        return self.envelope({"allowed": verdict, "token": token, "authorization_reference": f"AUTH-{uid}"[:36]})
