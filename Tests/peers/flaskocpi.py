"""PyPI `python-ocpi` (NOWUM, on Flask) as a real partner, as an eMSP and as an operator of stations. It is written for OCPI 2.2
and stricter than the text: its readers want a location's state, name `kWh` in a session otherwise than the text, and have no way
to post a CDR; over an EVSE of a location that it does not have it fails (3000). Its lists have no headers."""

import asyncio
import io
import logging
import threading

from flask import Flask
from ocpi import createOcpiBlueprint, managers
from ocpi.namespaces import cdrs, commands, credentials, locations, sessions, tariffs, tokens, versions
from werkzeug.serving import make_server

from operators import Stations
from partners import Partner, Seen

logging.getLogger("ocpi").setLevel(logging.CRITICAL)
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)


class FlaskOCPI(Partner):
    side = "RECEIVER"

    def __init__(self, name="Flask Mobility"):
        super().__init__(name)
        self.registered = False
        self.books = {
            "locations": managers.LocationManager(), "tariffs": managers.TariffsManager(), "sessions": managers.SessionManager(),
            "tokens": managers.TokensManager(), "commands": managers.CommandsManager(), "cdrs": managers.CdrManager()}
        self.server = None

    async def start(self):
        app = Flask("partner")
        injected = {name: {"role": self.side, "object": book} for name, book in self.books.items()}
        injected["tokens"]["role"] = "SENDER" if self.side == "RECEIVER" else "RECEIVER"
        injected["credentials"] = {"role": "RECEIVER", "object": Register(self)}
        # Its modules are made once for a process; what an earlier partner made of them is taken off.
        for module in (cdrs, commands, locations, sessions, tariffs, tokens):
            namespace = getattr(module, f"{module.__name__.rsplit('.', 1)[-1]}_ns")
            namespace.resources.clear()
            namespace.apis.clear()
        credentials.credentials_ns.apis.clear()
        versions.versions_ns.apis.clear()
        app.register_blueprint(createOcpiBlueprint(f"{self.url}/ocpi", injected, ocpi_version="2.2.1"))
        self.adjust(versions.versions_ns.resources[0].kwargs["resource_class_kwargs"]["versions"].details()["endpoints"])
        app.wsgi_app = self._recording(app.wsgi_app)
        self.server = make_server("127.0.0.1", self.port, app, threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def adjust(self, endpoints):
        """What is announced of its modules."""

    async def close(self):
        if self.server:
            await asyncio.to_thread(self.server.shutdown)
            self.server.server_close()
        await super().close()

    def _recording(self, app):
        """Keeps every request; and says 2.2.1 of the details, whose place it has written as 2.2."""

        def recorded(environ, respond):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            parts = [part for part in environ["PATH_INFO"].split("/") if part]
            module, place = (parts[2], parts[3:]) if len(parts) > 2 else ("versions", [])
            headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
            seen = Seen(environ["REQUEST_METHOD"], module, place, body, headers)
            self.seen.append(seen)
            if parts == ["ocpi", "2.2.1"]:
                environ["PATH_INFO"] = "/ocpi/2.2"

            def answer(status, *more):
                seen.status = int(status.split()[0])
                return respond(status, *more)

            return app(environ, answer)

        return recorded


class FlaskCPO(Stations, FlaskOCPI):
    side = "SENDER"

    def __init__(self, name="Flask Stations", count=1):
        super().__init__(name)
        self.furnish(count)
        for place in self.lists["locations"]:
            place["state"] = "Vlaanderen"
        for name in ("locations", "tariffs"):
            setattr(self.books[name], name, {thing["id"]: thing for thing in self.lists[name]})
        self.books["commands"].startSession = self.take

    def adjust(self, endpoints):
        # It takes commands, and calls that the sender's side.
        for endpoint in endpoints:
            if endpoint["identifier"] == "commands":
                endpoint["role"] = "RECEIVER"

    def take(self, command, token):
        self.commands.append(("START_SESSION", dict(command)))
        return {"result": "ACCEPTED", "timeout": 30, "message": {"language": "en", "text": "soon"}}


class Register(managers.CredentialsManager):
    """What the package leaves to its user: whose tokens are known."""

    def __init__(self, partner):
        self.partner = partner
        super().__init__(partner.credentials["roles"], partner.versions_url)

    def isAuthenticated(self, token):
        return token in ((self.partner.token,) if self.partner.registered else (self.partner.token, self.partner.token_a))

    def _getEndpoints(self, client_url, client_version="2.2.1"):
        return []

    def _updateToken(self, token, client_url, client_token, endpoint_list=None):
        self.partner.token, self.partner.ours, self.partner.registered = token, client_token, True

    def _deleteToken(self, token):
        self.partner.registered = False
