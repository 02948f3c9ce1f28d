"""Operators of stations, with Ostler as the provider of drivers: `CPO` is written by the text of OCPI 2.2.1, `PyCPO` is PyPI
`extrawest-ocpi` in that role, with its own readers and its own habits: its links to the next page lead nowhere."""

import copy
import secrets

# Before the package, which reads where it is when it is imported.
import pyocpi

from py_ocpi import get_application
from py_ocpi.core.dependencies import get_endpoints
from py_ocpi.core.enums import Action, ModuleID, RoleEnum
from py_ocpi.modules.versions.enums import VersionNumber
from py_ocpi.modules.versions.v_2_2_1.enums import InterfaceRole

from partners import EMSP, SEEN, stamp
from pyocpi import PyOCPI

LISTS = ("locations", "tariffs", "sessions", "cdrs")


class Stations:
    """What an operator has, and how its drivers charge there."""

    def furnish(self, count=1):
        self.lists = {name: [] for name in LISTS}
        self.commands = []
        self.party = {"country_code": "BE", "party_id": "CPO"}
        for number in range(count):
            self.lists["locations"].append(self.location(f"LOC-{number:03}"))
        self.lists["tariffs"].append({
            **self.party, "id": "T1", "currency": "EUR", "last_updated": stamp(),
            "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]}]})
        return self

    def location(self, id_, status="AVAILABLE", **more):
        connector = {
            "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE", "max_voltage": 230,
            "max_amperage": 32, "tariff_ids": ["T1"], "last_updated": stamp()}
        evse = {"uid": f"{id_}-E1", "evse_id": "BE*CPO*E1", "status": status, "connectors": [connector], "last_updated": stamp()}
        return {
            **self.party, "id": id_, "publish": True, "name": f"Place {id_}", "address": "Weg 1", "city": "Gent",
            "country": "BEL", "coordinates": {"latitude": "51.05347", "longitude": "3.73040"}, "evses": [evse],
            "time_zone": "Europe/Brussels", "last_updated": stamp(), **more}

    @property
    def credentials(self):
        roles = [{"role": "CPO", "business_details": {"name": self.name}, **self.party}]
        return {"token": self.token, "url": self.versions_url, "roles": roles}

    async def enrol(self, house, party, **quirks):
        """Ostler registers with us, as the provider of drivers alone."""
        found = await house.api.post("/partners/register", {
            "versions_url": self.versions_url, "token": self.token_a, "name": self.name, "party": party,
            "quirks": {"allow_private": True, **quirks}})
        self.number = found["id"]
        self.registered = True
        await self.explore(house.versions_url, self.ours)
        return found

    def told_session(self, token, kwh=0, status="ACTIVE", id_="S1", began=None, **more):
        return {
            **self.party, "id": id_, "start_date_time": began or stamp(), "kwh": kwh,
            "cdr_token": {name: token[name] for name in ("country_code", "party_id", "uid", "type", "contract_id")},
            "auth_method": "COMMAND", "location_id": "LOC-000", "evse_uid": "LOC-000-E1", "connector_id": "1",
            "currency": "EUR", "status": status, "last_updated": stamp(), **more}

    def cdr(self, session, began, ended, cost=3.0, id_=None):
        return {
            **self.party, "id": id_ or "CDR-" + secrets.token_hex(4), "start_date_time": began, "end_date_time": ended,
            "session_id": session["id"], "cdr_token": session["cdr_token"], "auth_method": "COMMAND",
            **({"authorization_reference": session["authorization_reference"]} if "authorization_reference" in session else {}),
            "cdr_location": {
                "id": "LOC-000", "address": "Weg 1", "city": "Gent", "country": "BEL",
                "coordinates": {"latitude": "51.05347", "longitude": "3.73040"}, "evse_uid": "LOC-000-E1", "evse_id": "BE*CPO*E1",
                "connector_id": "1", "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
                "connector_power_type": "AC_3_PHASE"},
            "currency": "EUR", "tariffs": self.lists["tariffs"],
            "charging_periods": [{
                "start_date_time": began, "dimensions": [{"type": "ENERGY", "volume": 10}, {"type": "TIME", "volume": 1}]}],
            "total_cost": {"excl_vat": cost}, "total_energy": 10, "total_time": 1, "last_updated": ended}


class CPO(Stations, EMSP):
    """Written by the text of 2.2.1 and 2.3.0. `profiles` are the requests about charging profiles, with their queries, and `word`
    is what it says to them at once."""

    def __init__(self, name="Other Network", count=1, version="2.2.1"):
        super().__init__(name, version=version)
        self.furnish(count)
        self.page = 50
        self.profiles = []
        self.word = "ACCEPTED"

    async def _details(self, request):
        modules = [("credentials", "RECEIVER"), ("commands", "RECEIVER"), ("tokens", "RECEIVER"), ("chargingprofiles", "RECEIVER")]
        modules += [(name, "SENDER") for name in LISTS]
        endpoints = [{"identifier": m, "role": r, "url": f"{self.url}/ocpi/emsp/{self.version}/{m}"} for m, r in modules]
        return self.envelope({"version": self.version, "endpoints": endpoints})

    async def take(self, request):
        seen = request[SEEN]
        match seen.module, seen.method:
            case ("locations" | "tariffs" | "sessions" | "cdrs") as module, "GET":
                since = request.query.get("date_from", "")
                found = [thing for thing in self.lists[module] if thing["last_updated"] >= since]
                offset, limit = int(request.query.get("offset", 0)), min(int(request.query.get("limit", 50)), self.page)
                headers = {"X-Total-Count": str(len(found)), "X-Limit": str(self.page)}
                if offset + limit < len(found):
                    link = request.url.update_query(offset=offset + limit, limit=limit)
                    headers["Link"] = f'<{link}>; rel="next"'
                return self.envelope(found[offset:offset + limit], **headers)
            case "tokens", "PUT":
                self.drivers[seen.place[2].lower()] = seen.json
                return self.envelope(None)
            case "commands", "POST":
                self.commands.append((seen.place[0], seen.json))
                return self.envelope({"result": "ACCEPTED", "timeout": 30})
            case "chargingprofiles", "PUT" | "GET" | "DELETE":
                self.profiles.append((seen.method, seen.place, seen.json or dict(request.query)))
                return self.envelope({"result": self.word, "timeout": 30})
        return await super().take(request)

    async def say(self, command, word="ACCEPTED"):
        """The result of a command, at the address that was named."""
        return await self.ask("POST", command["response_url"], {"result": word})


class PyCPO(Stations, PyOCPI):
    role, side = RoleEnum.cpo, "cpo"

    def __init__(self, name="Extra West Stations", count=1):
        super().__init__()
        self.name = name
        self.furnish(count)

    def application(self, door):
        app = get_application(
            version_numbers=[VersionNumber.v_2_2_1], roles=[RoleEnum.cpo], crud=StationCrud(self), modules=pyocpi.MODULES,
            authenticator=door)
        # It takes commands, and forgets to say so.
        listed = copy.deepcopy(app.dependency_overrides[get_endpoints]())
        commands = copy.deepcopy(listed[VersionNumber.v_2_2_1][0])
        commands.identifier, commands.role = ModuleID.commands, InterfaceRole.receiver
        commands.url = type(commands.url)(f"{self.url}/ocpi/cpo/2.2.1/commands/")
        listed[VersionNumber.v_2_2_1].append(commands)
        app.dependency_overrides[get_endpoints] = lambda: listed
        return app


class StationCrud(pyocpi.Crud):
    async def get(self, module, role, id, *args, **more):
        if module == ModuleID.commands:
            return {"result": "ACCEPTED"}
        if module == ModuleID.locations:
            return next((place for place in self.partner.lists["locations"] if place["id"].lower() == str(id).lower()), None)
        return await super().get(module, role, id, *args, **more)

    async def list(self, module, role, filters, *args, **more):
        found = self.partner.lists.get(module.value, [])
        page = found[filters["offset"]:filters["offset"] + filters["limit"]]
        return page, len(found), filters["offset"] + len(page) >= len(found)

    async def create(self, module, role, data, *args, **more):
        if module == ModuleID.tokens:
            self.partner.drivers[str(data["uid"]).lower()] = data
        return await super().create(module, role, data, *args, **more)

    async def update(self, module, role, data, id, *args, **more):
        if module == ModuleID.tokens:
            self.partner.drivers[str(id).lower()] = data
        return await super().update(module, role, data, id, *args, **more)

    async def do(self, module, role, action, *args, data=None, **more):
        if action == Action.get_client_token:
            return self.partner.ours
        self.partner.commands.append((more["command"].value, args[0] if args else data))
        return {"result": "ACCEPTED", "timeout": 30}
