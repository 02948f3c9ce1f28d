"""PyPI `extrawest-ocpi` as a real eMSP: its FastAPI application on uvicorn, with its own readers and its own habits. It
redirects (307) where a slash is missing, wraps objects in lists, and lower-cases ids."""

import asyncio
import copy
import logging
import os

import uvicorn

from partners import Partner, Seen, free_port

PORT = free_port()
# The package reads these when it is imported.
os.environ.update(OCPI_HOST=f"127.0.0.1:{PORT}", PROTOCOL="http", COUNTRY_CODE="DE", PARTY_ID="EMP", ENVIRONMENT="production")

from py_ocpi import get_application  # noqa: E402
from py_ocpi.core.authentication.authenticator import Authenticator  # noqa: E402
from py_ocpi.core.config import logger  # noqa: E402
from py_ocpi.core.dependencies import get_endpoints  # noqa: E402
from py_ocpi.core.enums import ModuleID, RoleEnum  # noqa: E402
from py_ocpi.modules.versions.enums import VersionNumber  # noqa: E402

logger.setLevel(logging.CRITICAL)
MODULES = [
    ModuleID.credentials_and_registration, ModuleID.locations, ModuleID.sessions, ModuleID.cdrs, ModuleID.tariffs,
    ModuleID.tokens, ModuleID.commands]


class PyOCPI(Partner):
    """`slashes=False`: it advertises addresses without the slash that its own routes demand, so that each is a 307."""

    side = "emsp"

    def __init__(self, slashes=True):
        super().__init__("Extra West")
        self.port = PORT
        self.slashes = slashes
        # From here on its own token is one that functional modules take.
        self.registered = False
        self.objects = {}
        self.server = None

    async def start(self):
        partner = self

        class Door(Authenticator):
            @classmethod
            async def get_valid_token_c(cls):
                return [partner.token] if partner.registered else []

            @classmethod
            async def get_valid_token_a(cls):
                return [partner.token_a] + ([] if partner.registered else [partner.token])

        app = self.application(Door)
        if not self.slashes:
            listed = copy.deepcopy(app.dependency_overrides[get_endpoints]())
            for endpoint in listed[VersionNumber.v_2_2_1]:
                endpoint.url = type(endpoint.url)(endpoint.url.rstrip("/"))
            app.dependency_overrides[get_endpoints] = lambda: listed
        config = uvicorn.Config(
            self._recording(app), host="127.0.0.1", port=self.port, log_config=None, access_log=False, lifespan="off")
        self.server = uvicorn.Server(config)
        self.task = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)
        return self

    def application(self, door):
        return get_application(
            version_numbers=[VersionNumber.v_2_2_1], roles=[RoleEnum.emsp], crud=Crud(self), modules=MODULES, authenticator=door)

    async def join(self, house, **quirks):
        answer = await super().join(house, **quirks)
        self.registered = True
        return answer

    async def close(self):
        if self.server:
            self.server.should_exit = True
            await self.task
        await super().close()

    def _recording(self, app):
        """Keeps every request before the package reads it."""

        async def recorded(scope, receive, send):
            body = b""
            while scope["type"] == "http":
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body"):
                    break
            parts = [part for part in scope["path"].split("/") if part]
            module, place = (parts[3], parts[4:]) if len(parts) > 3 and parts[1] == self.side else ("versions", [])
            headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
            seen = Seen(scope["method"], module, place, body, headers)
            self.seen.append(seen)
            given = False

            async def again():
                nonlocal given
                if given:
                    return await receive()
                given = True
                return {"type": "http.request", "body": body, "more_body": False}

            async def answer(message):
                if message["type"] == "http.response.start":
                    seen.status = message["status"]
                    self.redirects += message["status"] == 307
                await send(message)

            await app(scope, again, answer)

        return recorded


class Crud:
    """What the package leaves to its user: where objects are kept."""

    def __init__(self, partner):
        self.partner = partner

    async def get(self, module, role, id, *args, **more):
        if module == ModuleID.tokens:
            return self.partner.drivers.get(str(id).lower())
        if module == ModuleID.credentials_and_registration:
            return self.partner.credentials if self.partner.registered else None
        return self.partner.objects.get((module.value, str(id)))

    async def list(self, module, role, filters, *args, **more):
        found = list(self.partner.drivers.values()) if module == ModuleID.tokens else []
        return found[filters["offset"]:filters["offset"] + filters["limit"]], len(found), True

    async def create(self, module, role, data, *args, **more):
        if module == ModuleID.credentials_and_registration:
            self.partner.ours = data["credentials"]["token"]
            self.partner.registered = True
            return self.partner.credentials
        self.partner.objects[module.value, data.get("uid") or data["id"]] = data
        return data

    async def update(self, module, role, data, id, *args, **more):
        if module == ModuleID.credentials_and_registration:
            return await self.create(module, role, data)
        self.partner.objects[module.value, str(id)] = data
        return data

    async def delete(self, module, role, id, *args, **more):
        if module == ModuleID.credentials_and_registration:
            self.partner.registered = False
        else:
            self.partner.objects.pop((module.value, str(id)), None)

    async def do(self, module, role, action, *args, data=None, **more):
        token = self.partner.drivers[str(data["token_uid"]).lower()]
        verdict = self.partner.authorizations.get(str(data["token_uid"]).lower(), "ALLOWED")
        return {"allowed": verdict, "token": token, "authorization_reference": f"AUTH-{token['uid']}"[:36]}
