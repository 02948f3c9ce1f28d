"""The servers that are compared: the limit in C, and Ostler on a folder of books."""
import http.client, json, os, shutil, signal, socket, subprocess, time

from .machine import BUILD, OSTLER, give_up, pinned, status

PASSWORD = "bench-password-1"
TARIFF = {
    "currency": "EUR", "type": "REGULAR",
    "elements": [{"price_components": [
        {"type": "ENERGY", "price": 0.35, "vat": 21, "step_size": 1},
        {"type": "TIME", "price": 1.2, "vat": 21, "step_size": 60},
        {"type": "PARKING_TIME", "price": 3, "vat": 21, "step_size": 300}]}],
}


class Server:
    """A process under test, on the first core; it ends with its `with`."""

    def __init__(self, command, log):
        self.began = time.monotonic()
        self.log = open(log, "a")
        self.process = subprocess.Popen(pinned(0, *command), stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
        self.stop()

    def memory(self, kind="RssAnon"):
        return status(self.pid, kind)

    def stop(self, how=signal.SIGTERM):
        if self.process.returncode is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            give_up(f"the server did not end; see {self.log.name}")
        self.process.stdout.close()
        self.log.close()


class Limit(Server):
    def __init__(self, certificate=()):
        super().__init__([f"{BUILD}/limit", "0", *certificate], f"{BUILD}/limit.log")
        self.port = int(self.process.stdout.readline())


class Daemon(Server):
    """`ostler serve` on a folder; `start` is the time from exec until it says that it is ready, in seconds."""

    def __init__(self, data, certificate=(), port=None):
        self.data, page = data, free_port()
        # Where stations come in: a door of their own when it speaks TLS.
        self.port = port or (free_port() if certificate else page)
        if not certificate:
            page = self.port
        command = [OSTLER, "serve", "--data", data, "--listen", f"127.0.0.1:{page}", "--log-level", "warning",
                   "--set", "partner_requests_per_minute=10000000"]
        if certificate:
            for setting in (f"listen=127.0.0.1:{self.port}", f"tls_certificate={certificate[0]}",
                            f"tls_key={certificate[1]}"):
                command += ["--set", f"station_{setting}"]
        super().__init__(command, f"{BUILD}/ostler.log")
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", page, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                pass
            if self.process.poll() is not None:
                give_up(f"the daemon ended; see {BUILD}/ostler.log")
            if time.monotonic() - self.began > 60:
                self.process.kill()
                give_up("the daemon is not ready after 60 s")
            time.sleep(0.001)
        self.start = time.monotonic() - self.began


class Books(http.client.HTTPConnection):
    """The daemon's API through its socket in the data folder."""

    def __init__(self, data):
        super().__init__("localhost", timeout=60)
        self.path = data + "/ostler.sock"

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def add(self, method, path, body):
        self.request(method, "/api/v1" + path, json.dumps(body), {"Content-Type": "application/json"})
        response = self.getresponse()
        text = response.read()
        if response.status >= 300:
            give_up(f"{method} {path}: {response.status} {text.decode()}")
        return json.loads(text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_books(data, fleet, busy):
    """Books with a tariff, drivers and stations; how many stations a second could be added."""
    with Daemon(data) as daemon:
        books = Books(data)
        tariff = books.add("POST", "/tariffs", TARIFF)["id"]
        for index in range(busy):
            books.add("POST", "/tokens", {"uid": f"BENCH{index:05}"})
        began = time.monotonic()
        for index in range(fleet):
            books.add("POST", "/stations", {"id": f"BENCH-{index:05}", "password": PASSWORD, "evses": 1})
        rate = fleet / (time.monotonic() - began)
        for index in range(busy):
            books.add("PATCH", f"/stations/BENCH-{index:05}/evses/1", {"connectors": [{"number": 1, "tariff": tariff}]})
        books.close()
        daemon.stop()
    return rate


def copied(books, data):
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(books, data, ignore=shutil.ignore_patterns("*.sock"))
    return data
