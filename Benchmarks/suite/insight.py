"""Fills the books of a daemon that is not running with years of a network, by SQL alone, and times every view of insight:
a million sessions and ten million readings unless it is told otherwise. `python Benchmarks/suite/insight.py BINARY [--sessions N]`."""

import argparse
import json
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

QUARTER, DAYS, LOCATIONS, STATIONS = 900, 730, 100, 500
READINGS = 10
# Every view at its longest: two years, of all and of one location.
VIEWS = [
    "/insight/usage?by=day", "/insight/usage?by=week", "/insight/usage?by=month", "/insight/usage?by=day&location=1",
    "/insight/heatmap", "/insight/heatmap?location=1", "/insight/connectors", "/insight/connectors?location=1",
    "/insight/margin?by=day", "/insight/margin?by=location", "/insight/failures?by=code", "/insight/failures?by=station",
    "/insight/failures?by=model", "/insight/partners", "/insight/forecast", "/insight/forecast?location=1",
    "/insight/off-peak", "/insight/usage?by=day&station=CP-1",
]


def fill(file, sessions, end):
    """`end`: the second of UTC up to which it goes."""
    db = sqlite3.connect(file)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000;")
    begin = end // 86_400 * 86_400 - DAYS * 86_400
    party = db.execute("SELECT min(id) FROM party").fetchone()[0]
    run = lambda sql, *values: db.execute(sql, values)  # noqa: E731
    count = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    run(count.format(LOCATIONS) + """INSERT INTO location (id, party, ref, name, address, city, country, latitude, longitude,
        time_zone, created_at, updated_at, changed_at)
        SELECT i, ?, 'L' || i, 'Site ' || i, 'Street 1', 'Town', 'NLD', '52.0', '4.3', 'Europe/Amsterdam', 0, 0, 0 FROM n""", party)
    run(count.format(STATIONS) + """INSERT INTO station (id, identity, location, registration, vendor, model, created_at,
        updated_at) SELECT i, 'CP-' || i, 1 + i % ?, 'accepted', 'Acme', 'M' || i % 7, 0, 0 FROM n""", LOCATIONS)
    run(count.format(2 * STATIONS) + """INSERT INTO evse (id, station, number, uid, status, status_since, updated_at)
        SELECT i, (i + 1) / 2, 2 - i % 2, 'E' || i, 'available', 0, 0 FROM n""")
    run("""INSERT INTO connector (id, evse, number, standard, format, power_type, max_voltage, max_amperage, updated_at)
        SELECT id, id, 1, 'IEC_62196_T2', 'SOCKET', 'AC_3_PHASE', 230, 32, 0 FROM evse""")
    # A session every so many seconds, at one connector after the other; it lasts an hour and up to six quarters more.
    step = DAYS * 86_400 / sessions
    run(count.format(sessions) + """INSERT INTO session (number, id, party, station, evse, connector, location, token,
        folded_uid, method, state, started_at, ended_at, ending, meter_start, meter_last, updated_at)
        SELECT i, printf('%036d', i), ?1, (e + 1) / 2, e, e, 1 + (e + 1) / 2 % ?2, '{}', 'T' || i % 5000, 'WHITELIST',
          'completed', at, at + 3600000 + i % 7 * 900000, 'local', 0, 40000 + i % 300000, at
        FROM (SELECT i, 1 + i * 7919 % ?3 AS e, (?4 + CAST(i * ?5 AS INTEGER)) * 1000 AS at FROM n)""",
        party, LOCATIONS, 2 * STATIONS, begin, step)
    run(f"""WITH k (j) AS (VALUES {', '.join(f'({j})' for j in range(READINGS))})
        INSERT INTO reading (session, at, context, register, raw, digest, received_at)
        SELECT number, started_at + j * 300000, 'Sample.Periodic', j * 1000, '[]', j, started_at FROM session, k""")
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
    run(count.format(sessions // 20) + """INSERT INTO incident (bucket, station, kind, code, count, seconds)
        SELECT ?1 / 900 + CAST(i * ?2 AS INTEGER), 1 + i * 7919 % ?3, 'fault', 'Code' || i % 12, 1, 600 FROM n WHERE true
        ON CONFLICT DO NOTHING""", begin, DAYS * 96 / (sessions // 20), STATIONS)
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("binary")
    options.add_argument("--sessions", type=int, default=1_000_000)
    options.add_argument("--most", type=float, default=0.3, help="seconds that no view may take")
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        daemon, base, key = serve(options.binary, data)
        daemon.terminate()
        daemon.wait()
        begun = time.monotonic()
        end = int(time.time())
        fill(data / "ostler.db", options.sessions, end)
        print(f"{options.sessions} sessions, {options.sessions * READINGS} readings, filled in {time.monotonic() - begun:.0f} s")
        daemon, base, _ = serve(options.binary, data, key)
        try:
            slow = measure(base, key, end, options.most)
        finally:
            daemon.terminate()
            daemon.wait()
    raise SystemExit(f"{len(slow)} views take too long" if slow else 0)


def measure(base, key, end, most):
    slow = []
    stop = end // QUARTER * QUARTER
    stamp = lambda second: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))  # noqa: E731
    for view in VIEWS:
        span = f"from={stamp(stop - DAYS * 86_400)}&to={stamp(stop)}&zone=Europe/Amsterdam"
        if "forecast" in view:
            span = "zone=Europe/Amsterdam"
        url = f"{base}/api/v1{view}{'&' if '?' in view else '?'}{span}"
        took = []
        for _ in range(5):
            begun = time.monotonic()
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})) as answer:
                json.load(answer)
            took.append(time.monotonic() - begun)
        middle = statistics.median(took)
        print(f"{middle * 1000:7.0f} ms  {view}{'  TOO LONG' if middle > most else ''}", flush=True)
        if middle > most:
            slow.append(view)
    return slow


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
