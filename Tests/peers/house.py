"""A daemon under test: its process, its API, its command line. Knows nothing of stations and partners."""

import asyncio
import atexit
import json
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path

import httpx

BINARY = os.environ.get("OSTLER", str(Path(__file__).parents[2] / ".build/debug/ostler"))
FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')
OWNER = {"name": "anna", "password": "correct horse battery"}


async def until(look, seconds=5.0, every=0.02, what=None):
    """What `look` gives (a value or a coroutine's) as soon as it is true; fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or getattr(look, '__doc__', None) or 'what was waited for'}")
        await asyncio.sleep(every)


class Refused(AssertionError):
    """The API answered with a problem."""

    def __init__(self, response):
        super().__init__(f"{response.request.method} {response.request.url}: {response.status_code} {response.text}")
        self.status = response.status_code
        self.problem = response.json() if response.headers.get("content-type", "").endswith("json") else None


class API:
    """`/api/v1` with a key, every answer as JSON."""

    def __init__(self, url, key):
        self.http = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    async def ask(self, method, path, body=None, **query):
        response = await self.http.request(
            method, path, params={k: v for k, v in query.items() if v is not None},
            **({} if body is None else {"json": body}))
        if response.is_error:
            raise Refused(response)
        return response.json() if response.content else None

    async def get(self, path, **query):
        return await self.ask("GET", path, **query)

    async def post(self, path, body=None, **query):
        return await self.ask("POST", path, {} if body is None else body, **query)

    async def patch(self, path, body):
        return await self.ask("PATCH", path, body)

    async def put(self, path, body):
        return await self.ask("PUT", path, body)

    async def delete(self, path):
        return await self.ask("DELETE", path)

    async def items(self, path, **query):
        """All items of a list, page by page."""
        found, cursor = [], None
        while True:
            page = await self.get(path, cursor=cursor, **query)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return found

    async def command(self, station, verb, wait=10, **body):
        """Asks something of a station and waits for its answer."""
        return await self.post(f"/stations/{station}/commands/{verb}", body, wait=wait)

    async def close(self):
        await self.http.aclose()


# Settings that a house writes down at its first start.
NAMES_ITSELF = {"party", "party_name"}


class Template:
    """A house with an owner and a key, made once: hundreds of tests begin with one, and a password takes its time."""

    folder = key = None

    @classmethod
    async def copy(cls, data):
        """Puts it where a daemon wants it; its key."""
        if cls.folder is None:
            above = tempfile.mkdtemp(prefix="house-")
            atexit.register(shutil.rmtree, above, ignore_errors=True)
            # This one names itself, so that it is made from nothing.
            daemon = await Daemon(Path(above) / "data", party="NL*OST").start()
            assert await daemon.stop() == 0
            cls.folder, cls.key = daemon.data, daemon.key
        data.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(cls.folder, data, ignore=shutil.ignore_patterns("*.sock"))
        return cls.key


class Daemon:
    """`ostler serve` on a folder of its own, on a port that stays the same over restarts."""

    # Whether a new one may begin with a copy of books that were made before.
    may_be_copied = True

    def __init__(self, folder, **settings):
        self.data = Path(folder)
        self.settings = settings
        self.environment = {}
        self.port = 0
        self.process = None
        self.api = None
        self.key = None
        self.log = []
        self.printed = []
        self._readers = []

    # Where it is.

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def station_url(self, identity, base="/ocpp/"):
        return f"ws://127.0.0.1:{self.port}{base}{identity}"

    @property
    def versions_url(self):
        return f"{self.url}/ocpi/versions"

    # Its life.

    def command_line(self):
        line = [BINARY, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"]
        for name, value in self.settings.items():
            line += ["--set", f"{name}={value}"]
        return line

    async def launch(self):
        """Starts the process and waits until it listens."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command_line(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **self.environment})
        begun = len(self.log)
        self._readers = [
            asyncio.create_task(self._read(self.process.stderr, self.log)),
            asyncio.create_task(self._read(self.process.stdout, self.printed)),
        ]
        line = await until(
            lambda: self._listening(begun) or self.process.returncode is not None, 20, what="the daemon listens")
        if line is True:
            raise AssertionError("the daemon did not start:\n" + "\n".join(self.log[begun:]))
        self.port = int(re.search(r"tcp://127\.0\.0\.1:(\d+)", line)[1])

    async def start(self):
        """Launches it, with a first owner on a new folder, and opens the API."""
        if self.may_be_copied and self.key is None and not self.data.exists() and not self.settings.keys() & NAMES_ITSELF:
            self.key = await Template.copy(self.data)
        await self.launch()
        if self.key is None:
            token = re.search(r"setup=(\S+)", await until(lambda: "\n".join(self.printed), what="a set-up link"))[1]
            async with httpx.AsyncClient(base_url=self.url) as http:
                (await http.post("/api/v1/setup", json={"token": token, **OWNER})).raise_for_status()
            self.key = (await self.cli("apikey", "create", "tests", "--role", "owner")).strip()
        self.api = API(f"{self.url}/api/v1", self.key)
        return self

    async def stop(self):
        """SIGTERM; returns the exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self):
        """kill -9: nothing is finished, nothing is said."""
        return await self._end(signal.SIGKILL)

    async def restart(self):
        await self.stop()
        await self.start()

    async def _end(self, how):
        if self.process is None:
            return None
        if self.api:
            await self.api.close()
        if self.process.returncode is None:
            self.process.send_signal(how)
        code = await asyncio.wait_for(self.process.wait(), 15)
        await asyncio.wait_for(asyncio.gather(*self._readers), 15)
        self.process = None
        return code

    async def _read(self, stream, lines):
        async for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))

    # What it says.

    def events(self, name=None, since=0):
        """Its log, line by line as dictionaries."""
        found = ({key: value.strip('"') for key, value in FIELD.findall(line)} for line in self.log[since:])
        return [event for event in found if name is None or event.get("event") == name]

    def _listening(self, since):
        return next((line for line in self.log[since:] if "tcp://" in line), None)

    def complaints(self):
        """Log lines of errors: a test that did not provoke them fails on them."""
        return [line for line in self.log if re.search(r"level=(error|critical)", line)]

    # Its command line.

    async def run(self, *arguments, env=None):
        """Runs a subcommand; returns exit code, standard output and standard error."""
        process = await asyncio.create_subprocess_exec(
            BINARY, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **(env or {})})
        try:
            out, error = await asyncio.wait_for(process.communicate(), 60)
        except asyncio.TimeoutError:
            process.kill()
            raise
        return process.returncode, out.decode(), error.decode()

    async def cli(self, *arguments):
        """Runs a subcommand that must succeed, over this daemon's socket; returns what it printed."""
        code, out, error = await self.run(*arguments, "--data", str(self.data))
        assert code == 0, f"ostler {' '.join(arguments)}: {code}\n{out}{error}"
        return out

    async def cli_plain(self, *arguments):
        """Runs a subcommand that needs no daemon and must succeed."""
        code, out, error = await self.run(*arguments)
        assert code == 0, f"ostler {' '.join(arguments)}: {code}\n{out}{error}"
        return out

    async def cli_json(self, *arguments):
        return json.loads(await self.cli(*arguments, "--json"))
