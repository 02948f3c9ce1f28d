"""The figures, each a chapter: what is done to both sides, and how it is shown."""
import signal, sqlite3, threading, time

from . import report
from .bench import BUSY, MONTH
from .load import Guests, client
from .machine import give_up
from .partner import Partner
from .servers import Books, Daemon, copied

class Figure:
    """One thing that is measured on both sides in every run."""
    name = ""
    stations = BUSY  # how many the books must hold

    def measure(self, bench):
        """What was found in one run: `ostler` and `limit`, and more where it takes more."""
        raise NotImplementedError

    def report(self, runs):
        raise NotImplementedError


def each(runs, *names):
    return [report.path(run, *names) for run in runs]


class Heartbeats(Figure):
    """Every station asks again as soon as it is answered: nothing is decided and nothing is kept on either side."""
    name = "heartbeats"

    def measure(self, bench):
        seconds = bench.seconds(5, 2)
        with bench.limit() as limit:
            floor = client("heartbeats", limit, stations=BUSY, seconds=seconds)
        with bench.daemon() as daemon:
            ours = client("heartbeats", daemon, stations=BUSY, seconds=seconds)
        return {"limit": floor, "ostler": ours}

    def report(self, runs):
        both = lambda name: (each(runs, "ostler", name), each(runs, "limit", name))
        report.heading(f"Heartbeats: {BUSY} stations, one call open each")
        report.line("answers", "1/s", *both("messages_per_second"))
        report.line("processor time of an answer", "µs", *both("cpu_us_per_message"), 1, target="2 at most")
        report.line("half of the answers came within", "ms", *both("p50_ms"), 2)
        report.line("99 % came within", "ms", *both("p99_ms"), 2)


class Durable(Figure):
    """Calls whose answers mean that the fact is on disk. The limit is the sum of what C needs to carry the calls and what
    SQLite needs to keep one row of each in commits of as many rows as there are stations."""
    seconds = (5, 2)

    def measure(self, bench):
        with bench.limit() as limit:
            floor = client(self.name, limit, stations=BUSY, seconds=bench.seconds(5, 2))
        disk = bench.disk()
        with bench.daemon() as daemon:
            ours = client(self.name, daemon, stations=BUSY, seconds=bench.seconds(*self.seconds))
            ours["peak_bytes"] = daemon.memory("VmHWM")
            daemon.stop()
            self.check(daemon.data, ours)
        transport = floor["cpu_us_per_message"]
        floor["durable_us"] = transport + disk["grouped"]["us_per_row"]
        floor["durable_cpu_us"] = transport + disk["grouped"]["cpu_us_per_row"]
        return {"limit": floor, "disk": disk, "ostler": ours}

    def check(self, data, ours):
        """What was answered is in the books."""

    def report_messages(self, runs, target=None):
        floor = "C transport + grouped commit"
        rate, cpu = each(runs, "ostler", "messages_per_second"), each(runs, "ostler", "cpu_us_per_message")
        most = [1e6 / us for us in each(runs, "limit", "durable_us")]
        report.line("answers", "1/s", rate, most, 0, floor, target)
        report.line("processor time of an answer", "µs", cpu, each(runs, "limit", "durable_cpu_us"), 1, floor)
        report.line("the server's core was busy", "%", [100 * load for load in each(runs, "ostler", "server_load")])
        report.line("half of the answers came within", "ms", each(runs, "ostler", "p50_ms"), digits=2)
        report.line("99 % came within", "ms", each(runs, "ostler", "p99_ms"), digits=2)


class Transactions(Durable):
    """Authorize, StartTransaction, StatusNotification, two MeterValues, StopTransaction with its bill."""
    name = "transactions"
    seconds = (10, 4)

    def check(self, data, ours):
        """As many completed sessions and bills as were answered, and two readings of each."""
        rounds = ours["rounds_ever"]
        with sqlite3.connect(f"file:{data}/ostler.db?mode=ro", uri=True) as books:
            count = lambda sql: books.execute(sql).fetchone()[0]
            sessions = count("SELECT count(*) FROM session WHERE state = 'completed'")
            bills = count("SELECT count(*) FROM cdr WHERE cost > 0 AND energy = 110000")
            readings = count("SELECT count(*) FROM reading WHERE context NOT IN ('begin', 'end')")
        if (sessions, bills) != (rounds, rounds) or readings < 2 * rounds:
            give_up(f"{rounds} transactions were answered, but there are {sessions} sessions, {bills} bills and "
                    f"{readings} readings")

    def report(self, runs):
        report.heading("Transactions of six messages, each on disk before it is answered, billed at the end")
        rounds = each(runs, "ostler", "rounds_per_second")
        most = [1e6 / us / 6 for us in each(runs, "limit", "durable_us")]
        report.line("transactions", "1/s", rounds, most, 0, "C transport + grouped commit", "0.5 at least")
        self.report_messages(runs)
        report.line("this disk: rows, grouped", "1/s", each(runs, "disk", "grouped", "rows_per_second"))
        report.line("this disk: rows, one by one", "1/s", each(runs, "disk", "single", "rows_per_second"))


class Readings(Durable):
    """MeterValues of five values each, of a running session."""
    name = "readings"

    def check(self, data, ours):
        with sqlite3.connect(f"file:{data}/ostler.db?mode=ro", uri=True) as books:
            kept = books.execute("SELECT count(*) FROM reading WHERE context NOT IN ('begin', 'end')").fetchone()[0]
        if kept < ours["rounds_ever"]:
            give_up(f"{ours['rounds_ever']} messages were answered, but there are {kept} readings")

    def report(self, runs):
        report.heading("MeterValues of five values, each on disk before it is answered")
        self.report_messages(runs)


class HalfLoad(Figure):
    """The whole transactions at half of the rate that was reached, whether or not the answers come in time (an open
    loop). The limit does the same at half of its own rate; its answers mean nothing, so a commit of one row is added."""
    name = "half"

    def measure(self, bench):
        seconds = bench.seconds(5, 2)
        disk = bench.disk()
        with bench.limit() as limit:
            floor = self.at_half(limit, seconds)
        with bench.daemon() as daemon:
            ours = self.at_half(daemon, seconds)
        floor["durable_p99_ms"] = floor["p99_ms"] + disk["single"]["us_per_row"] / 1000
        return {"limit": floor, "disk": disk, "ostler": ours}

    def at_half(self, server, seconds):
        most = client("transactions", server, stations=BUSY, seconds=seconds)["messages_per_second"]
        return client("transactions", server, stations=BUSY, seconds=seconds, pace=most / 2) | {"pace": most / 2}

    def report(self, runs):
        floor = "C transport at its half load + one commit"
        report.heading("Transactions at half load")
        report.line("pace", "1/s", each(runs, "ostler", "pace"), each(runs, "limit", "pace"))
        report.line("half of the answers came within", "ms", each(runs, "ostler", "p50_ms"), digits=2)
        report.line("99 % came within", "ms", each(runs, "ostler", "p99_ms"), each(runs, "limit", "durable_p99_ms"), 2,
                    floor)


class Idle(Figure):
    """Stations connect, boot, send a heartbeat and rest. Anonymous resident memory after minus before, for each of them:
    links, buffers, and what their arrival left behind. Over TLS the limit is OpenSSL's own memory, with the same mode."""
    name = "idle"
    stations = 2000

    def measure(self, bench):
        found = {"limit": {}, "ostler": {}}
        for kind, certificate in (("ws", ()), ("wss", bench.certificate())):
            with bench.limit(certificate=certificate) as limit:
                found["limit"][kind] = self.resident(limit, certificate, rest=0.5)
            with bench.daemon(certificate=certificate) as daemon:
                found["ostler"][kind] = self.resident(daemon, certificate, rest=4)
        return found

    def resident(self, server, certificate, rest):
        before = server.memory()
        with Guests("fleet", server, stations=self.stations, **tls(certificate)) as fleet:
            arrival = fleet.hear()
            time.sleep(rest)
            return {"station_bytes": (server.memory() - before) / self.stations, "arrival": arrival}

    def report(self, runs):
        report.heading(f"{self.stations:,} idle stations")
        report.line("memory of a station, ws", "bytes", each(runs, "ostler", "ws", "station_bytes"),
                    each(runs, "limit", "ws", "station_bytes"), target="2,048 bytes at most")
        ours, floor = each(runs, "ostler", "wss", "station_bytes"), each(runs, "limit", "wss", "station_bytes")
        report.line("memory of a station, wss", "bytes", ours, floor)
        report.line("of that beyond OpenSSL's own", "bytes", [a - b for a, b in zip(ours, floor)],
                    target="2,048 bytes at most")


class Storm(Figure):
    """The server is killed with SIGKILL and started again; all stations connect, boot and send a heartbeat. Seconds from
    the first connection to the last answer. Whoever is refused comes again, and is counted. The limit does the same work
    on the wire, over TLS with the same certificate and whole handshakes on both sides, and keeps nothing."""
    name = "storm"
    stations = 5000
    secure_stations = 3000

    def measure(self, bench):
        found = {"limit": {}, "ostler": {}}
        for kind, count, certificate in (
                ("ws", self.stations, ()), ("wss", self.secure_stations, bench.certificate())):
            options = {"stations": count, **tls(certificate)}
            with bench.limit(certificate=certificate) as limit, Guests("fleet", limit, **options) as fleet:
                fleet.hear()
                found["limit"][kind] = fleet.tell("return")
            data = bench.copy()
            daemon = Daemon(data, certificate)
            with Guests("fleet", daemon, **options) as fleet:
                fleet.hear()
                # As a power cut would: no goodbye, and the stations come back at once.
                daemon.stop(signal.SIGKILL)
                with Daemon(data, certificate, daemon.port) as daemon:
                    found["ostler"][kind] = fleet.tell("return") | {"restart_seconds": daemon.start}
        return found

    def report(self, runs):
        report.heading("Stations return after kill -9: connect, boot, heartbeat")
        for kind, count in (("ws", self.stations), ("wss", self.secure_stations)):
            report.line(f"{count:,} are back, {kind}", "s", each(runs, "ostler", kind, "seconds"),
                        each(runs, "limit", kind, "seconds"), 2, target="2.5 at most" if kind == "ws" else None)
            report.line("refused on the way", "", each(runs, "ostler", kind, "refused"), target="none")
        report.line("start after kill -9", "ms", [1000 * s for s in each(runs, "ostler", "ws", "restart_seconds")])


class FanOut(Figure):
    """A command for each of 1,000 stations, through the API, while 200 others do whole transactions: until the last of
    the stations has answered. Each command is on disk before it leaves. The limit only passes a call on, under the same
    calls of the same 200."""
    name = "fanout"
    stations = 1201
    commanded = 1000

    def measure(self, bench):
        with bench.limit() as limit:
            floor = client("fanout", limit, stations=self.stations)
        with bench.daemon() as daemon:
            ours = client("fanout", daemon, stations=self.stations, socket=daemon.data + "/ostler.sock")
        for side in (floor, ours):
            if side["stations"] != self.commanded:
                give_up(f"{side['stations']} stations were asked instead of {self.commanded}")
        return {"limit": floor, "ostler": ours}

    def report(self, runs):
        report.heading(f"A command for {self.commanded:,} stations while {BUSY} others charge without pause")
        report.line("until the last has answered", "s", each(runs, "ostler", "seconds"), each(runs, "limit", "seconds"),
                    3, target="within 1 s")


class Start(Figure):
    """From exec to the first 200 of `/readyz` on books with very many CDRs."""
    name = "start"

    def measure(self, bench):
        with bench.daemon(bench.long_books()) as daemon:
            return {"ostler": {"seconds": daemon.start, "resident_bytes": daemon.memory("VmRSS")},
                    "cdrs": bench.long_count}

    def report(self, runs):
        report.heading(f"Books with {runs[0]['cdrs']:,} CDRs")
        report.line("start", "ms", [1000 * start for start in each(runs, "ostler", "seconds")], target="100 at most")
        report.line("resident memory then", "MB", [size / 2**20 for size in each(runs, "ostler", "resident_bytes")],
                    digits=1)


class Export(Figure):
    """All CDRs of a month as CSV through the API while the stations do whole transactions at half of the rate that was reached; the
    same pace without the export says what it does to them. The limit reads the same rows with SQLite in C, and writes
    their columns."""
    name = "export"

    def measure(self, bench):
        books = bench.long_books()
        floor = bench.disk_reads(books)
        with bench.daemon(books) as daemon:
            seconds = bench.seconds(5, 2)
            pace = client("transactions", daemon, stations=BUSY, seconds=seconds)["messages_per_second"] / 2
            alone = client("transactions", daemon, stations=BUSY, seconds=seconds, pace=pace)
            exported = {}
            worker = threading.Thread(target=lambda: exported.update(self.export(daemon)))
            worker.start()
            beside = client("transactions", daemon, stations=BUSY, seconds=seconds, pace=pace)
            worker.join()
        if exported["rows"] < bench.long_count:
            give_up(f"{exported['rows']} of {bench.long_count} CDRs were exported")
        return {"limit": floor, "ostler": {"alone": alone, "beside": beside, "export": exported}}

    def export(self, daemon):
        began = time.monotonic()
        books = Books(daemon.data)
        books.request("GET", f"/api/v1/cdrs.csv?month={MONTH}")
        response = books.getresponse()
        rows = 0
        while piece := response.read(1 << 18):
            rows += piece.count(b"\n")
        books.close()
        return {"seconds": time.monotonic() - began, "rows": rows - 1, "status": response.status}

    def report(self, runs):
        report.heading("Export of those CDRs as CSV while stations charge at half load")
        rate = [run["ostler"]["export"]["rows"] / run["ostler"]["export"]["seconds"] for run in runs]
        report.line("rows exported", "1/s", rate, each(runs, "limit", "rows_per_second"), 0, "C reads the rows")
        report.line("99 % of answers came within", "ms", each(runs, "ostler", "beside", "p99_ms"),
                    each(runs, "ostler", "alone", "p99_ms"), 2, "the same without the export")


class Roaming(Figure):
    """A partner asks for one location and for a page of 50, each with a station of one EVSE, over 16 connections that
    stay open. The limit answers as many bytes at once, whatever was asked."""
    name = "ocpi"
    locations = 60

    def measure(self, bench):
        found = {"limit": {}, "ostler": {}}
        with bench.daemon() as daemon:
            books = Books(daemon.data)
            for index in range(self.locations):
                place = books.add("POST", "/locations", {
                    "name": f"Place {index}", "address": "Road 1", "city": "Ghent", "country": "BEL",
                    "time_zone": "Europe/Brussels", "latitude": "51.05", "longitude": "3.72"})["id"]
                books.add("PATCH", f"/stations/BENCH-{index:05}", {"location": place})
            partner = Partner(books)
            books.close()
            location = partner.ask("GET", partner.urls["locations"], partner.token)[0]["id"]
            for what, path in (("object", f"/{location}"), ("page", "?limit=50")):
                found["ostler"][what] = client(
                    "http", daemon, path=partner.path("locations", path), authorization=partner.authorization,
                    seconds=bench.seconds(3, 1.5))
        with bench.limit() as limit:
            for what, ours in found["ostler"].items():
                found["limit"][what] = client(
                    "http", limit, path=f"/bytes/{ours['body_bytes']:.0f}", seconds=bench.seconds(3, 1.5))
        return found

    def report(self, runs):
        report.heading("OCPI 2.2.1: a partner reads locations")
        for what, name in (("object", "one location"), ("page", "page of 50")):
            both = lambda figure: (each(runs, "ostler", what, figure), each(runs, "limit", what, figure))
            size = runs[0]["ostler"][what]["body_bytes"]
            report.line(f"{name}, {size:,.0f} bytes", "1/s", *both("messages_per_second"))
            report.line("processor time of an answer", "µs", *both("cpu_us_per_message"), 1)
            report.line("99 % came within", "ms", *both("p99_ms"), 2)


class Pull(Figure):
    """A partner reads every location and every CDR of a large network, page by page by the links, while the stations do whole
    transactions at half of the rate that was reached; the same pace without it says what it does to them. What the daemon
    needs while the last half of the list is read must be what it needed for the first tenth."""
    name = "pull"
    locations, plugs = 10_000, 4

    def measure(self, bench):
        data = copied(bench.long_books(), f"{bench.folder}/pull")
        with bench.daemon(data) as daemon:
            books = Books(data)
            partner = Partner(books)
            books.close()
        self.fill(data)
        with bench.daemon(data) as daemon:
            seconds = bench.seconds(10, 2)
            pace = client("transactions", daemon, stations=BUSY, seconds=seconds)["messages_per_second"] / 2
            alone = client("transactions", daemon, stations=BUSY, seconds=seconds, pace=pace)
            read = {}
            worker = threading.Thread(target=lambda: read.update(self.read(daemon, partner)))
            worker.start()
            beside = client("transactions", daemon, stations=BUSY, seconds=seconds, pace=pace)
            worker.join()
        want = {"locations": self.locations, "plugs": self.locations * self.plugs, "cdrs": bench.long_count}
        for what, count in want.items():
            if read.get(what, 0) < count:
                give_up(f"{read.get(what)} of {count} {what} were read")
        return {"ostler": {"alone": alone, "beside": beside, "read": read}}

    def fill(self, data):
        """The bills are the partner's, and around the stations stands a network."""
        books = sqlite3.connect(f"{data}/ostler.db", isolation_level=None)
        party, partner = (books.execute(f"SELECT max(id) FROM {table}").fetchone()[0] for table in ("party", "partner"))
        books.execute("BEGIN")
        books.execute("UPDATE cdr SET partner = ?", (partner,))
        count = f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {self.locations}) "
        books.execute(count + """INSERT INTO location (party, ref, name, address, city, country, latitude, longitude, time_zone,
            created_at, updated_at, changed_at) SELECT ?, 'PULL-' || i, 'Place ' || i, 'Road 1', 'Ghent', 'BEL', '51.05', '3.72',
            'Europe/Brussels', i * 1000, i * 1000, i * 1000 FROM n""", (party,))
        books.execute("""INSERT INTO station (identity, location, registration, created_at, updated_at)
            SELECT ref, id, 'accepted', 0, 0 FROM location WHERE ref LIKE 'PULL-%'""")
        books.execute("""INSERT INTO evse (station, number, uid, status, status_since, updated_at)
            SELECT id, i, identity || '-' || i, 'available', 0, 0 FROM station,
            (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n)
            WHERE identity LIKE 'PULL-%'""", (self.plugs,))
        books.execute("""INSERT INTO connector (evse, number, standard, format, power_type, max_voltage, max_amperage, updated_at)
            SELECT id, 1, 'IEC_62196_T2', 'SOCKET', 'AC_3_PHASE', 230, 32, 0 FROM evse WHERE uid LIKE 'PULL-%'""")
        books.execute("COMMIT")
        books.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        books.close()

    def read(self, daemon, partner):
        began, found = time.monotonic(), {"locations": 0, "plugs": 0, "cdrs": 0}
        for body, total in partner.walk(daemon.port, partner.path("locations")):
            found["locations"] += body.count(b'"coordinates"')
            found["plugs"] += body.count(b'"power_type"')
        found["locations_seconds"] = time.monotonic() - began
        began, most = time.monotonic(), []
        for body, total in partner.walk(daemon.port, partner.path("cdrs")):
            found["cdrs"] += body.count(b'"cdr_token"')
            most.append((found["cdrs"] / total, daemon.memory()))
        found["cdrs_seconds"] = time.monotonic() - began
        found["first_bytes"] = max(size for part, size in most if part <= 0.1)
        found["last_bytes"] = max(size for part, size in most if part > 0.5)
        return found

    def report(self, runs):
        report.heading(f"A partner reads {self.locations:,} locations and all those CDRs while stations charge at half load")
        for what in ("locations", "cdrs"):
            rate = [run["ostler"]["read"][what] / run["ostler"]["read"][f"{what}_seconds"] for run in runs]
            report.line(f"{what} read", "1/s", rate)
        report.line("memory at most, in the last half", "MB", [size / 2**20 for size in each(runs, "ostler", "read", "last_bytes")],
                    [size / 2**20 for size in each(runs, "ostler", "read", "first_bytes")], 1, "in the first tenth")
        report.line("99 % of answers came within", "ms", each(runs, "ostler", "beside", "p99_ms"),
                    each(runs, "ostler", "alone", "p99_ms"), 2, "the same without the partner")


def tls(certificate):
    return {"tls": 1} if certificate else {}


ALL = [Heartbeats(), Readings(), Transactions(), HalfLoad(), Idle(), Storm(), FanOut(), Start(), Export(), Roaming(),
       Pull()]
NAMES = [figure.name for figure in ALL]
