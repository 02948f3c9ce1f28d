"""Fills the books of a daemon that is not running with years of a network, by SQL alone, and times every view of insight:
a million sessions and ten million readings unless it is told otherwise. Beside it stations in a session tell their meters, and
whether they notice is measured too. Reports and exports, which are no views, are timed without a bound.
`python Benchmarks/suite/insight.py BINARY [--sessions N] [--data FOLDER]`: a folder is filled once and kept."""

import argparse
import json
import multiprocessing
import re
import shutil
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

QUARTER, DAYS, LOCATIONS, STATIONS = 900, 730, 100, 500
READINGS = 10
# Stations that tell their meters beside it, how many messages a second come from all of them together, and for how long
# they are measured with and without views.
GUESTS, PACE, SECONDS = 30, 40, 30
# Every view at its longest: two years, of all and of one location, as pages and as tables.
VIEWS = [
    "/insight/usage?by=day", "/insight/usage?by=week", "/insight/usage?by=month", "/insight/usage?by=day&location=1",
    "/insight/heatmap", "/insight/heatmap?location=1", "/insight/connectors", "/insight/connectors?location=1",
    "/insight/margin?by=day", "/insight/margin?by=location", "/insight/failures?by=code", "/insight/failures?by=station",
    "/insight/failures?by=model", "/insight/partners", "/insight/forecast", "/insight/forecast?location=1",
    "/insight/off-peak", "/insight/usage?by=day&station=CP-1", "/insight/heatmap?station=CP-1",
    "/insight/usage.csv?by=day", "/insight/heatmap.csv", "/insight/connectors.csv", "/insight/margin.csv?by=day",
    "/insight/failures.csv?by=station", "/insight/partners.csv", "/insight/forecast.csv",
    # These have a time of their own.
    "/insight/usage?by=hour&days=200", "/insight/margin?by=hour&days=200", "/insight/effect?days=365",
    "/price-policies/1/preview?days=400", "/price-policies/1/preview?days=31", "/reports/uptime?rule=nevi&location=1&days=90",
    "/reports/uptime?rule=nevi&days=90", "/reports/uptime?rule=plain&days=365", "/reports/uptime.csv?rule=nevi&days=365",
]
# A quarter of a network, in files that nobody waits for on a page.
REPORTS = [
    "/reports/nevi-uptime.csv?days=90", "/reports/nevi-outages.csv?days=90", "/reports/nevi-sessions.csv?days=90",
    "/reports/carbon.csv?days=31",
]
MIGRATIONS = Path(__file__).parents[2] / "Resources/Migrations"
TARIFF = {"id": "T1", "currency": "EUR", "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]}]}
POLICY = {"name": "hours", "time_zone": "Europe/Amsterdam", "base": 0.3, "floor": 0.2, "cap": 0.4, "step": 0.2, "grain": 0.01,
          "notice_seconds": 0, "hold_seconds": 0, "rules": [
              {"kind": "hours", "start_time": "22:00", "end_time": "06:00", "add": -0.05}]}


def fill(file, sessions, end):
    """`end`: the second of UTC up to which it goes."""
    db = sqlite3.connect(file)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
    begin = end // 86_400 * 86_400 - DAYS * 86_400
    party = db.execute("SELECT min(id) FROM party").fetchone()[0]
    db.executemany("INSERT INTO partner (id, name, party, state, created_at, updated_at) VALUES (?, ?, ?, 'registered', 0, 0)",
                   [(number, f"Partner {number}", party) for number in range(1, 6)])
    run = lambda sql, *values: db.execute(sql, values)  # noqa: E731
    count = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    run(count.format(LOCATIONS) + """INSERT INTO location (id, party, ref, name, address, city, country, latitude, longitude,
        time_zone, created_at, updated_at, changed_at)
        SELECT i, ?, 'L' || i, 'Site ' || i, 'Street 1', 'Town', 'NLD', '52.0', '4.3', 'Europe/Amsterdam', 0, 0, 0 FROM n""", party)
    run(count.format(STATIONS) + """INSERT INTO station (id, identity, location, registration, vendor, model, created_at,
        updated_at) SELECT i, 'CP-' || i, 1 + i % ?, 'accepted', 'Acme', 'M' || i % 7, 0, 0 FROM n""", LOCATIONS)
    run(count.format(2 * STATIONS) + """INSERT INTO evse (id, station, number, uid, status, status_since, updated_at)
        SELECT i, (i + 1) / 2, 2 - i % 2, 'E' || i, 'available', 0, 0 FROM n""")
    run("""INSERT INTO connector (id, evse, number, standard, format, power_type, max_voltage, max_amperage, tariff, updated_at)
        SELECT id, id, 1, 'IEC_62196_T2', 'SOCKET', 'AC_3_PHASE', 230, 32, 1, 0 FROM evse""")
    # Twice a day each EVSE changes its status, and now and then that is a fault.
    run(count.format(2 * DAYS) + """INSERT INTO status_history (evse, status, at)
        SELECT evse.id, iif((i + evse.id) % 37 = 0, 'faulted', iif(i % 2, 'charging', 'available')),
          (?1 + i * 43200 + evse.id % 43200) * 1000 FROM n CROSS JOIN evse""", begin)
    run(re.search(r"INSERT INTO status_time.*?;", next(MIGRATIONS.glob("*_status_time.sql")).read_text(), re.S)[0])
    # A session every so many seconds, at one connector after the other; it lasts an hour and up to six quarters more.
    step = DAYS * 86_400 / sessions
    run(count.format(sessions) + """INSERT INTO session (number, id, party, station, evse, connector, location, token,
        folded_uid, method, state, started_at, ended_at, ending, meter_start, meter_last, updated_at)
        SELECT i, printf('%036d', i), ?1, (e + 1) / 2, e, e, 1 + (e + 1) / 2 % ?2, json_object('country_code', 'NL',
            'party_id', 'OST', 'uid', 'T' || i % 5000, 'type', 'RFID', 'contract_id', 'C1'), 'T' || i % 5000, 'WHITELIST',
          'completed', at, at + 3600000 + i % 7 * 900000, 'local', 0, 40000 + i % 300000, at
        FROM (SELECT i, 1 + i * 7919 % ?3 AS e, (?4 + CAST(i * ?5 AS INTEGER)) * 1000 AS at FROM n)""",
        party, LOCATIONS, 2 * STATIONS, begin, step)
    run(f"""WITH k (j) AS (VALUES {', '.join(f'({j})' for j in range(READINGS))})
        INSERT INTO reading (session, at, context, register, power, raw, digest, received_at)
        SELECT number, started_at + j * 300000, 'Sample.Periodic', j * 1000, 7000 + j * 111 || '', '[]', j, started_at
        FROM session, k""")
    # What bills add to the books of use, spread evenly over the quarters of each session; longer rows from shorter ones.
    run("""CREATE TEMP TABLE part AS
        SELECT started_at / 900000 + k.j AS quarter, location, connector, number % 6 AS partner,
          meter_last / ((ended_at - started_at) / 900000) AS energy, k.j = 0 AS first, iif(k.j = 0, meter_last / 3, 0) AS revenue
        FROM (WITH RECURSIVE n (j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM n WHERE j < 9) SELECT j FROM n) k
        CROSS JOIN session WHERE k.j * 900000 < ended_at - started_at""")
    for scope, subject in ((2, "connector"), (1, "location"), (3, "partner"), (0, "0")):
        run(f"""INSERT INTO usage (grain, scope, subject, bucket, currency, energy, busy, idle, sessions, revenue)
            SELECT 0, ?, {subject}, quarter, 'EUR', sum(energy), count(*) * 900, 0, sum(first), sum(revenue)
            FROM part GROUP BY 3, 4""", scope)
    run("DROP TABLE part")
    for grain, length in ((0, 1), (1, 96), (2, 32)):
        if grain:
            run("""INSERT INTO usage (grain, scope, subject, bucket, currency, energy, busy, idle, sessions, revenue)
                SELECT ?1, scope, subject, bucket / ?2, 'EUR', sum(energy), sum(busy), 0, sum(sessions), sum(revenue)
                FROM usage WHERE grain = ?1 - 1 GROUP BY 2, 3, 4""", grain, length)
        run("""INSERT INTO energy_cost (grain, location, bucket, currency, energy, cost)
            SELECT grain, subject, bucket, currency, energy, energy / 5 FROM usage WHERE grain = ? AND scope IN (0, 1)""", grain)
    run(count.format(sessions // 20) + """INSERT INTO incident (bucket, station, location, kind, code, count, seconds)
        SELECT ?1 / 900 + CAST(i * ?2 AS INTEGER), station.id, station.location, 'fault', 'Code' || i % 12, 1, 600
        FROM n JOIN station ON station.id = 1 + i * 7919 % ?3 WHERE true
        ON CONFLICT DO NOTHING""", begin, DAYS * 96 / (sessions // 20), STATIONS)
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("binary")
    options.add_argument("--sessions", type=int, default=1_000_000)
    options.add_argument("--most", type=float, default=0.3, help="seconds that no view may take")
    options.add_argument("--data", type=Path, help="the books, which are filled where they are not there yet and kept")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data, kept = Path(folder) / "data", options.data and options.data / "kept.json"
        if kept and kept.exists():
            key, end = json.loads(kept.read_text())
            shutil.copytree(options.data / "data", data)
        else:
            key, end = make(options.binary, data, options.sessions)
            if kept:
                shutil.copytree(data, options.data / "data")
                kept.write_text(json.dumps([key, end]))
        daemon, base, _ = serve(options.binary, data, key)
        try:
            slow = measure(base, key, end, options.most)
            for report in REPORTS:
                print(f"{ask(base, key, end, report) * 1000:7.0f} ms  {report}  (a file)", flush=True)
            is_noticed = beside(base, key, end)
        finally:
            daemon.terminate()
            daemon.wait()
    if slow or is_noticed:
        raise SystemExit(f"{len(slow)} views take too long" if slow else "the stations notice it")


def make(binary, data, sessions):
    """Books that are full; returns the key and the second up to which they go."""
    daemon, base, key = serve(binary, data)
    for path, body in (("/tariffs", TARIFF), ("/price-policies", {"tariff": 1, "policy": POLICY})):
        post = urllib.request.Request(f"{base}/api/v1{path}", json.dumps(body).encode(), {
            "Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        urllib.request.urlopen(post).close()
    daemon.terminate()
    daemon.wait()
    begun, end = time.monotonic(), int(time.time())
    fill(data / "ostler.db", sessions, end)
    print(f"{sessions} sessions, {sessions * READINGS} readings, filled in {time.monotonic() - begun:.0f} s", flush=True)
    return key, end


def ask(base, key, end, view):
    """Seconds that the answer to one view took."""
    stamp = lambda second: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))  # noqa: E731
    stop = end // QUARTER * QUARTER
    if "effect" in view:
        span = f"since={stamp(stop - 365 * 86_400)}"
    elif "forecast" in view:
        span = ""
    else:
        days = int(found[1]) if (found := re.search(r"[?&]days=(\d+)", view)) else DAYS
        span = f"from={stamp(stop - days * 86_400)}&to={stamp(stop)}"
    url = f"{base}/api/v1{view}{'&' if '?' in view else '?'}{span}&zone=Europe/Amsterdam"
    begun = time.monotonic()
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})) as answer:
        assert answer.read()
    return time.monotonic() - begun


def measure(base, key, end, most):
    slow = []
    for view in VIEWS:
        middle = statistics.median(ask(base, key, end, view) for _ in range(5))
        print(f"{middle * 1000:7.0f} ms  {view}{'  TOO LONG' if middle > most else ''}", flush=True)
        if middle > most:
            slow.append(view)
    return slow


# MARK: Stations beside it


def beside(base, key, end):
    """Whether 99 of 100 answers to stations come later while views are asked, one after the other without a pause."""
    here, there = multiprocessing.Pipe()
    guests = multiprocessing.Process(target=tell, args=(int(base.rsplit(":", 1)[1]), there), daemon=True)
    guests.start()
    here.recv()

    def late(work):
        here.send("begin")
        stop = time.monotonic() + SECONDS
        while time.monotonic() < stop:
            work()
        here.send("end")
        return here.recv()

    turn = iter(range(1_000_000))
    runs = [(late(lambda: time.sleep(0.1)), late(lambda: ask(base, key, end, VIEWS[next(turn) % len(VIEWS)])))
            for _ in range(2)]
    guests.kill()
    quiet, asked = (min(statistics.quantiles(run[side], n=100)[98] for run in runs) for side in (0, 1))
    print(f"99 of 100 answers to stations within {quiet * 1000:.1f} ms, and within {asked * 1000:.1f} ms while views are asked "
          f"({sum(len(part) for run in runs for part in run)} messages)")
    # A disk and a second core are shared with the views: what a commit takes anyway is no notice.
    return asked > 2 * quiet + 0.010


def tell(port, pipe):
    """Stations that say what their meters say at a fixed pace; each answer is as late as it is after its moment."""
    lines = [Line(port, f"CP-{number}") for number in range(1, GUESTS + 1)]
    pipe.send("ready")
    late, moment, sent = [], time.monotonic(), 0
    while True:
        if pipe.poll():
            if pipe.recv() == "end":
                pipe.send(late)
            late, moment = [], max(moment, time.monotonic())
        moment += 1 / PACE
        time.sleep(max(0, moment - time.monotonic()))
        lines[sent % GUESTS].meter()
        sent += 1
        late.append(time.monotonic() - moment)


class Line:
    """A station's line, spoken by hand: OCPP 1.6 in masked frames whose mask is zero."""

    def __init__(self, port, identity):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall((f"GET /{identity} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: ocpp1.6\r\n"
                             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.socket.recv(4_096)
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"{identity} is not let in: {head.decode()}")
        self.number, self.register = 0, 1_000
        self.call("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "M1"})
        self.transaction = self.call("StartTransaction", {
            "connectorId": 1, "idTag": "T1", "meterStart": 1_000, "timestamp": self.now()})["transactionId"]

    @staticmethod
    def now():
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def meter(self):
        self.register += 10
        self.call("MeterValues", {"connectorId": 1, "transactionId": self.transaction, "meterValue": [{
            "timestamp": self.now(), "sampledValue": [
                {"value": str(self.register), "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
                {"value": "11000", "measurand": "Power.Active.Import", "unit": "W"}]}]})

    def call(self, action, payload):
        self.number += 1
        text = json.dumps([2, str(self.number), action, payload]).encode()
        size = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0xFE]) + len(text).to_bytes(2, "big")
        self.socket.sendall(b"\x81" + size + bytes(4) + text)
        while True:
            kind, body = self.frame()
            if kind == 9:
                self.socket.sendall(bytes([0x8A, 0x80 | len(body)]) + bytes(4) + body)
            elif kind == 8:
                raise SystemExit(f"a station was sent away: {body[2:].decode()}")
            elif (told := json.loads(body))[0] == 3 and told[1] == str(self.number):
                return told[2]
            elif told[0] == 2:
                # What the house asks of it is not its matter here.
                text = json.dumps([4, told[1], "NotSupported", "", {}]).encode()
                self.socket.sendall(bytes([0x81, 0x80 | len(text)]) + bytes(4) + text)
            elif told[0] == 4:
                raise SystemExit(f"{action}: {told}")

    def frame(self):
        kind, size = self.take(2)
        if (size := size & 0x7F) == 126:
            size = int.from_bytes(self.take(2), "big")
        return kind & 15, self.take(size)

    def take(self, size):
        while len(self.rest) < size:
            part = self.socket.recv(65_536)
            if not part:
                raise SystemExit("a station's line was cut")
            self.rest += part
        part, self.rest = self.rest[:size], self.rest[size:]
        return part


# MARK: The daemon


def serve(binary, data, key=None):
    """Starts a daemon on a free port; returns it, its address, and a key, which it makes where there is none."""
    daemon = subprocess.Popen([binary, "serve", "--data", str(data), "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    token = base = None
    while base is None or (key is None and token is None):
        line = daemon.stdout.readline()
        if not line:
            raise SystemExit("the daemon did not start")
        base = base or (found := re.search(r"tcp://(127\.0\.0\.1:\d+)", line)) and f"http://{found[1]}"
        token = token or (found := re.search(r"setup=(\S+)", line)) and found[1]
    if key is None:
        body = json.dumps({"token": token, "name": "owner", "password": "a long enough password"}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{base}/api/v1/setup", body, {"Content-Type": "application/json"})).close()
        key = subprocess.run([binary, "apikey", "create", "bench", "--role", "owner", "--data", str(data)],
                             capture_output=True, text=True, check=True).stdout.strip()
    return daemon, base, key


if __name__ == "__main__":
    main()
