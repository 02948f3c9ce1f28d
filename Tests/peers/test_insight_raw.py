"""Every figure of money, partners, failures, plugging in, uptime and next week, recomputed from exported raw data: the records
of sessions, the history of statuses and the prices. Over a night in which the clock is set back."""

import csv
import io
import random
import re
import sqlite3
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from charging import fit, priced, tariff
from conftest import SITE
from house import until
from stations import known
from test_insight import PLAIN, TAG, ZONE, at, charge, half_up, quarters, stamp

QUARTER = 900
MIGRATIONS = Path(__file__).parents[2] / "Resources/Migrations"


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def minutes(milliseconds):
    return (Decimal(milliseconds) / 60_000).quantize(Decimal("0.01"), ROUND_HALF_UP)


async def records(house):
    bills = await house.api.items("/cdrs")
    return [(await house.api.get(f"/cdrs/{bill['id']}"))["record"] for bill in bills]


async def test_what_is_left_of_the_revenue_is_what_records_and_prices_give(house, stations):
    station = await stations(priced(house, "CP-1", await tariff(house, PLAIN)))
    # By the market with a part of its own, from a moment in the night on a price of its own; the first hours have none.
    grid = [("2026-10-24T22:00:00Z", "84.5"), ("2026-10-24T23:00:00Z", "-12.25"), ("2026-10-25T00:00:00Z", "61.9"),
            ("2026-10-25T01:00:00Z", "61.87")]
    await house.api.put("/grid-prices/NL", {"items": [{"start": s, "price_per_mwh": p} for s, p in grid]})
    await house.api.post("/energy-prices", {"area": "NL", "values": [
        {"begins_at": "2026-10-24T21:45:00Z", "price_per_kwh": "0.0315"}]})
    await house.api.post("/energy-prices", {"csv": "begins_at,price_per_kwh\n2026-10-25T01:30:00Z,0.1287\n"})
    register = 0
    for begin, long, wh, connector in (
        ("2026-10-24T21:37:11", 290, 31_415, 1), ("2026-10-25T04:00:00", 15, 5_000, 2),
        ("2026-10-26T10:07:03", 61, 12_345, 1),
    ):
        register = await charge(station, at(begin), long, wh, connector, 0, register)

    def price(second):
        if second >= at("2026-10-25T01:30:00").timestamp():
            return Fraction("0.1287")
        if second < at("2026-10-24T21:45:00").timestamp():
            return None
        held = [p for s, p in grid if moment(s).timestamp() <= second < moment(s).timestamp() + 3600]
        return Fraction("0.0315") + Fraction(held[-1]) / 1000 if held else None

    told = await records(house)
    energy = defaultdict(int)
    for record in told:
        for second, figures in quarters(record).items():
            energy[second] += figures[0]
    costs = {s: half_up(Fraction(e, 10_000) * price(s), 4) for s, e in energy.items() if price(s) is not None}
    span = {"from": "2026-10-24T22:00:00Z", "to": "2026-10-31T23:00:00Z", "zone": "Europe/Amsterdam"}
    first, last = moment(span["from"]).timestamp(), moment(span["to"]).timestamp()

    async def counted():
        told = await house.api.get("/insight/margin", **span)
        return told if Fraction(told["total"]["costed_kwh"]) * 10_000 == sum(
            e for s, e in energy.items() if s in costs and first <= s < last) else None

    view = await until(counted, seconds=60)
    # A quarter of the first session lies before any price is known.
    assert 0 < Fraction(view["total"]["costed_kwh"]) < Fraction(sum(energy.values()), 10_000)
    days = defaultdict(Fraction)
    for second, cost in costs.items():
        days[datetime.fromtimestamp(second, timezone.utc).astimezone(ZONE).date()] += cost
    text = (await house.api.http.get("/insight/margin.csv", params=span)).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 7
    for row in rows:
        day = moment(row["start"]).astimezone(ZONE).date()
        ended = [r for r in told if moment(r["end_date_time"]).astimezone(ZONE).date() == day]
        earned = sum(Fraction(str(r["totals"]["total_cost"]["excl_vat"])) for r in ended)
        if days.get(day) or earned:
            assert Fraction(row["cost"]) == days.get(day, 0), day
            assert Fraction(row["revenue"]) == earned and Fraction(row["margin"]) == earned - days.get(day, 0)
        else:
            assert row["currency"] == ""
    by_site = (await house.api.get("/insight/margin", by="location", **span))["items"]
    assert [item["moneys"] for item in by_site] == [view["total"]["moneys"]]
    for record in told:
        own = await house.api.get(f"/sessions/{record['session_id']}/margin")
        parts = {s: f[0] for s, f in quarters(record).items() if f[0]}
        assert {moment(q["start"]).timestamp(): int(Decimal(q["energy_kwh"]) * 10_000) for q in own["quarters"]} == parts
        for part in own["quarters"]:
            held = price(moment(part["start"]).timestamp())
            assert (part["price_per_kwh"] and Fraction(part["price_per_kwh"])) == held
    # Another price of the market moves what was bought by it, and nothing else.
    await house.api.put("/grid-prices/NL", {"items": [{"start": "2026-10-24T23:00:00Z", "price_per_mwh": "100"}]})
    grid[1] = ("2026-10-24T23:00:00Z", "100")
    new = sum(half_up(Fraction(e, 10_000) * price(s), 4)
              for s, e in energy.items() if first <= s < last and price(s) is not None)

    async def priced_anew():
        text = (await house.api.http.get("/insight/margin.csv", params={**span, "by": "location"})).text
        return [Fraction(row["cost"]) for row in csv.DictReader(io.StringIO(text))] == [new]

    await until(priced_anew, seconds=60)


async def test_partners_failures_and_plug_ins_are_those_of_sessions_and_history(house, stations):
    station = await stations(priced(house, "CP-1", await tariff(house, PLAIN)))
    register = 0
    for connector, wh in ((1, 4_000), (2, 0), (1, 2_500)):
        await station.status(connector, "Preparing")
        await station.begin(TAG, connector=connector, meter=register)
        await station.status(connector, "Charging")
        await station.meter(register + wh, connector=connector)
        await station.end(register + wh)
        await station.status(connector, "Available")
        register += wh
    # The station's clock tells whole seconds, so the one that leads to nothing is where no session had energy.
    await station.status(2, "Preparing")
    await station.status(2, "Available")
    await station.status(2, "Faulted")
    await station.status(2, "Available")
    await station.status(2, "Faulted")

    history = (await house.api.get("/stations/CP-1/status-history", **{"from": "2026-01-01T00:00:00Z"}))["items"]
    sessions = await house.api.items("/sessions")
    plugged = served = faults = 0
    where, when = {1: (0, 0), 2: (0, 0)}, defaultdict(int)
    for evse in (1, 2):
        since, before = None, None
        for change in [c for c in history if c["evse"] == evse]:
            faults += change["status"] == "faulted"
            if change["status"] in ("preparing", "charging", "suspended_ev", "suspended_evse", "finishing"):
                if before in ("available", "reserved"):
                    since = moment(change["at"])
            elif change["status"] == "unknown":
                since = None
            elif change["status"] in ("available", "reserved") and since:
                was_served = any(
                    s["evse"] == evse and Decimal(s["energy_kwh"]) > 0
                    and moment(s["ended_at"]) >= since - timedelta(seconds=2)
                    and moment(s["started_at"]) <= moment(change["at"]) for s in sessions)
                plugged, served = plugged + 1, served + was_served
                where[evse] = where[evse][0] + 1, where[evse][1] + was_served
                local = since.astimezone(ZONE)
                when[local.isoweekday(), local.hour] += 1
                since = None
            before = change["status"] if change["status"] not in ("faulted", "unavailable") else before
    assert (plugged, served, faults) == (4, 2, 2)
    # Of which connector, and in which hour of the week: that of the cable's coming.
    span = {"zone": "Europe/Amsterdam"}
    lines = {line["evse"]: line for line in (await house.api.get("/insight/connectors", **span))["items"]}
    assert {evse: (line["plug_ins"], line["plug_ins_served"]) for evse, line in lines.items()} == where
    cells = (await house.api.get("/insight/heatmap", **span))["items"]
    assert {(c["weekday"], c["hour"]): c["plug_ins"] for c in cells if c["plug_ins"]} == dict(when)
    rows = list(csv.DictReader(io.StringIO((await house.api.http.get("/insight/usage.csv", params={"by": "hour", **span})).text)))
    found = {(moment(r["start"]).astimezone(ZONE).isoweekday(), moment(r["start"]).astimezone(ZONE).hour): int(r["plug_ins"])
             for r in rows if r["plug_ins"] not in ("", "0")}
    assert found == dict(when)
    total = (await house.api.get("/insight/usage"))["total"]
    assert (total["plug_ins"], total["plug_ins_served"], total["plug_in_success"]) == (plugged, served, "0.5")
    for by, names in (("code", {("fault", "unknown"): 2, ("session", "no_energy"): 1}), ("station", {"CP-1": 3})):
        lines = (await house.api.get("/insight/failures", by=by))["items"]
        assert {((l["kind"], l["code"]) if by == "code" else l["station"]): l["count"] for l in lines
                if l["kind"] != "offline"} == names or by == "station"
        assert sum(l["count"] for l in lines) >= 3 and lines[-1]["share_so_far"] == "1"
    own = (await house.api.get("/insight/partners"))["items"][0]
    assert own["partner"] is None and own["sessions"] == 3 and Decimal(own["energy_kwh"]) == Decimal("6.5")
    earned = sum(Decimal(str(r["totals"]["total_cost"]["excl_vat"])) for r in await records(house))
    assert Decimal(own["revenue"][0]["excl_vat"]) == earned


async def test_next_week_is_told_by_the_weeks_before(house, stations):
    station = await stations(priced(house, "CP-1", await tariff(house, PLAIN)))
    rng, register = random.Random(5), 0
    start = datetime(2026, 11, 2, tzinfo=ZONE)
    day = datetime(2026, 9, 7, 5, tzinfo=timezone.utc)
    while day < start:
        begin = day + timedelta(minutes=rng.randrange(900))
        register = await charge(station, begin, rng.randrange(20, 400), rng.randrange(2_000, 40_000), 1, 0, register)
        day += timedelta(days=1)
    energy = defaultdict(int)
    for record in await records(house):
        for second, figures in quarters(record).items():
            energy[second] += figures[0]

    def midnight(days):
        return datetime.combine((start + timedelta(days=days)).date(), datetime.min.time(), ZONE)

    def cell(second):
        local = datetime.fromtimestamp(second, timezone.utc).astimezone(ZONE)
        return (local.isoweekday() - 1) * 24 + local.hour

    def week(back):
        sums, counts = [0] * 168, [0] * 168
        for second in range(int(midnight(-7 * back).timestamp()), int(midnight(7 - 7 * back).timestamp()), QUARTER):
            sums[cell(second)] += energy[second]
            counts[cell(second)] += 1
        return [half_up(Fraction(4 * s, n)) if n else None for s, n in zip(sums, counts)]

    weeks = [week(back) for back in range(1, 13) if midnight(-7 * back).timestamp() >= min(energy)]

    def told(weeks):
        cells = []
        for place in range(168):
            seen = [(len(weeks) - i, w[place]) for i, w in enumerate(weeks) if w[place] is not None]
            cells.append(half_up(Fraction(sum(n * v for n, v in seen), sum(n for n, _ in seen))))
        return cells

    misses = defaultdict(list)

    def band(place):
        kind = place >= 120
        near = sorted(m for hour in ((place - 1) % 24, place % 24, (place + 1) % 24) for m in misses[kind, hour])
        low, high = -(-len(near) // 10), -(-len(near) * 9 // 10)
        return min(near[low - 1], 0), max(near[high - 1], 0)

    held = tried = 0
    for back in range(len(weeks) - 5, -1, -1):
        guess, bands = told(weeks[back + 1:]), [band(p) for p in range(168)] if back == 0 else None
        for place in range(168):
            if weeks[back][place] is None:
                continue
            if bands:
                low, high = bands[place]
                tried += 1
                held += max(0, guess[place] + low) <= weeks[back][place] <= max(0, guess[place] + high)
            misses[place >= 120, place % 24].append(weeks[back][place] - guess[place])
    guess = told(weeks)
    view = await house.api.get("/insight/forecast", zone="Europe/Amsterdam", **{"from": "2026-11-02T00:00:00Z"})
    assert view["enough"] and view["weeks"] == len(weeks) >= 6 and len(view["items"]) == 168
    assert view["band_tried_hours"] == tried == 168
    assert Fraction(view["band_held_percent"]) == half_up(Fraction(100 * held, tried), 1)
    for hour in view["items"]:
        place = cell(moment(hour["start"]).timestamp())
        low, high = band(place)
        assert [int(Decimal(hour[name]) * 10_000) for name in ("energy_kwh", "least_kwh", "most_kwh")] == [
            guess[place], max(0, guess[place] + low), max(0, guess[place] + high)], hour


async def test_uptime_is_what_the_status_history_says(house, stations):
    station = await known(house, "DC-1", location=house.site)
    await fit(house, "DC-1", await tariff(house, PLAIN))
    await house.api.patch("/stations/DC-1/evses/1", {"connectors": [{
        "number": 1, "standard": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC", "max_voltage": 920,
        "max_amperage": 200}]})
    await house.stop()
    rng = random.Random(3)
    begin, end = at("2026-10-20T00:00:00"), at("2026-11-02T00:00:00")
    words = ["available", "charging", "faulted", "unavailable", "unknown", "available", "preparing"]
    changes, when = [], begin + timedelta(hours=7, seconds=11)
    while when < end:
        changes.append((int(when.timestamp() * 1000), rng.choice(words)))
        when += timedelta(milliseconds=rng.randrange(60_000, 20_000_000))
    with sqlite3.connect(house.data / "ostler.db") as db:
        evse = db.execute("SELECT evse.id FROM evse JOIN station ON station.id = evse.station WHERE identity = 'DC-1' "
                          "AND evse.number = 1").fetchone()[0]
        db.execute("UPDATE station SET created_at = 0 WHERE identity = 'DC-1'")
        db.execute("DELETE FROM status_history WHERE evse = ?", (evse,))
        db.executemany("INSERT INTO status_history (evse, status, at) VALUES (?, ?, ?)", [(evse, s, t) for t, s in changes])
        # The sums that a house that lived through all this would have kept.
        db.execute("DELETE FROM status_time")
        db.execute(re.search(r"INSERT INTO status_time.*?;", next(MIGRATIONS.glob("*_status_time.sql")).read_text(), re.S)[0])
        assert db.execute("SELECT count(*) FROM status_time WHERE evse = ?", (evse,)).fetchone()[0] >= 3
    await house.start()
    breaks = [("utility_interruption", "2026-10-21T03:00:00Z", "2026-10-21T21:30:00Z"),
              ("scheduled_maintenance", "2026-10-25T00:10:00Z", "2026-10-26T02:00:00Z"),
              ("other", "2026-10-28T00:00:00Z", "2026-10-29T00:00:00Z")]
    for cause, first, last in breaks:
        await house.api.post("/downtimes", {"station": "DC-1", "begins_at": first, "ends_at": last, "cause": cause})
    span = {"from": "2026-10-20T00:00:00Z", "to": "2026-11-02T00:00:00Z"}
    raw = [c for c in (await house.api.get("/stations/DC-1/status-history", **span))["items"] if c["evse"] == 1]
    assert len(raw) == len(changes)
    milli = lambda text: int(moment(text).timestamp() * 1000)  # noqa: E731
    edges = [(milli(c["at"]), c["status"]) for c in raw]
    first, last = milli(span["from"]), milli(span["to"])
    cuts = sorted({first, last, *(t for t, _ in edges), *(milli(x) for _, a, b in breaks for x in (a, b))})
    site = await house.api.get(f"/locations/{house.site}")
    for rule in ("plain", "nevi", "uk_2023"):
        measured = outage = excluded = unknown = gap = 0
        for a, b in zip(cuts, cuts[1:]):
            held = [s for t, s in edges if t <= a]
            cause = next((c for c, x, y in breaks if milli(x) <= a < milli(y)), None)
            if not held:
                gap += b - a
                measured += b - a if rule == "nevi" else 0
                continue
            measured += b - a
            unknown += b - a if held[-1] == "unknown" else 0
            out = {"faulted", "unavailable"} | ({"unknown"} if rule != "uk_2023" else set())
            if held[-1] in out:
                outage += b - a
                counts = {"plain": {"scheduled_maintenance"}, "uk_2023": set(),
                          "nevi": {"utility_interruption", "scheduled_maintenance"}}[rule]
                excluded += b - a if cause in counts else 0
        report = await house.api.get("/reports/uptime", rule=rule, **span)
        port = next(p for p in report["ports"] if p["station"] == "DC-1" and p["evse"] == 1)
        percent = (Decimal(measured - outage + excluded) * 100 / measured).quantize(Decimal("0.001"), ROUND_DOWN)
        assert Decimal(port["uptime_percent"]) == percent, rule
        words = {"available": "AVAILABLE", "preparing": "AVAILABLE", "charging": "CHARGING", "faulted": "OUTOFORDER",
                 "unavailable": "INOPERATIVE", "unknown": "UNKNOWN"}
        spent = defaultdict(int)
        for a, b in zip(cuts, cuts[1:]):
            if held := [s for t, s in edges if t <= a]:
                spent[words[held[-1]]] += b - a
        assert len(spent) == 5 and {s: Decimal(m) for s, m in port["status_minutes"].items()} == {
            s: minutes(spent[s]) for s in (*words.values(), "RESERVED", "BLOCKED")}
        for name, value in (("measured", measured), ("outage", outage), ("excluded", excluded), ("unknown", unknown),
                            ("gap", gap)):
            assert Decimal(port[f"{name}_minutes"]) == minutes(value), (rule, name)
        text = (await house.api.http.get("/reports/uptime.csv", params={"rule": rule, **span})).text
        row = next(r for r in csv.DictReader(io.StringIO(text)) if r["port_id"] == port["uid"])
        assert Decimal(row["uptime"]) == percent and Decimal(row["total_outage"]) == minutes(outage)
        assert Decimal(row["excluded_outage"]) == minutes(excluded)
        # Each charge point with its place and its time in every state, as the UK asks (8(2)(c)).
        assert [row[name] for name in ("location_id", "city", "country")] == ["SITE-1", site["city"], site["country"]]
        assert (row["latitude"], row["longitude"], row["address"]) == (site["latitude"], site["longitude"], site["address"])
        for state in spent:
            assert Decimal(row[f"{state.lower()}_minutes"]) == minutes(spent[state])
        assert (row["reserved_minutes"], row["blocked_minutes"]) == ("0", "0")

    # As EV-ChART takes it: month by month over the year before its end, and each outage by itself.
    def outages(first, last):
        found = []
        for a, b in zip(cuts, cuts[1:]):
            held = [s for t, s in edges if t <= a]
            if not (first <= a < last) or not held or held[-1] not in {"faulted", "unavailable", "unknown"}:
                continue
            cause = next((c for c, x, y in breaks if milli(x) <= a < milli(y)), None)
            excuse = cause if cause in ("utility_interruption", "scheduled_maintenance") else None
            if found and found[-1][1] == a and found[-1][2] == excuse:
                found[-1][1] = b
            else:
                found.append([a, b, excuse])
        return found

    cuts = sorted({*cuts, milli("2026-11-01T00:00:00Z")})
    year = milli("2025-11-01T00:00:00Z"), milli("2026-11-01T00:00:00Z")
    out = sum(b - a for a, b, _ in outages(*year))
    excused = sum(b - a for a, b, excuse in outages(*year) if excuse)
    uid = (await house.api.get("/stations/DC-1"))["evses"][0]["uid"]

    async def module(name):
        text = (await house.api.http.get(f"/reports/nevi-{name}.csv", params={"network_provider": "ostler", **span})).text
        return [r for r in csv.DictReader(io.StringIO(text)) if r["port_id"] == uid]

    told = (await module("uptime"))[0]
    assert list(told) == ["station_id", "port_id", "network_provider", "uptime_reporting_start", "uptime_reporting_end",
                          "uptime", "total_outage", "total_outage_excl"]
    assert (told["station_id"], told["network_provider"]) == ("SITE-1", "ostler")
    assert (told["uptime_reporting_start"], told["uptime_reporting_end"]) == ("2025-11-01T00:00:00Z", "2026-10-31T23:59:59Z")
    length = year[1] - year[0]
    assert Decimal(told["uptime"]) == (Decimal(length - out + excused) * 100 / length).quantize(Decimal("0.01"), ROUND_DOWN)
    assert (Decimal(told["total_outage"]), Decimal(told["total_outage_excl"])) == (minutes(out), minutes(excused))
    reasons = {"utility_interruption": "1", "scheduled_maintenance": "3", None: ""}
    rows = await module("outages")
    assert [(milli(r["outage_id"]), Decimal(r["outage_duration"]), r["excluded_outage"], r["excluded_outage_reason"])
            for r in rows] == [
        (a // 1000 * 1000, minutes(b - a), str(excuse is not None), reasons[excuse])
        for a, b, excuse in outages(first, last) if minutes(b - a)]
    assert len({r["excluded_outage_reason"] for r in rows}) == 3
    # A port without outages or sessions is told by a line without figures.
    quiet = {"from": "2026-10-20T07:00:11Z", "to": "2026-10-20T07:00:12Z"}
    for name in ("outages", "sessions"):
        text = (await house.api.http.get(f"/reports/nevi-{name}.csv", params={"network_provider": "ostler", **quiet})).text
        (row,) = [r for r in csv.DictReader(io.StringIO(text)) if r["port_id"] == uid]
        assert {k: v for k, v in row.items() if v} == {
            "station_id": "SITE-1", "port_id": uid, "network_provider": "ostler"}, name
    # By opening hours on the clock on the wall: on Sundays from half past two, which comes twice in that night, and with one
    # afternoon closed.
    hours = [{"weekday": day, "period_begin": "07:15", "period_end": "23:30"} for day in range(1, 7)]
    hours.append({"weekday": 7, "period_begin": "02:30", "period_end": "23:45"})
    shut = at("2026-10-30T10:00:00"), at("2026-10-30T14:00:00")
    await house.api.patch(f"/locations/{house.site}", {"always_open": False, "details": {"opening_times": {
        "regular_hours": hours, "exceptional_closings": [{"period_begin": stamp(shut[0]), "period_end": stamp(shut[1])}]}}})
    doors, day = [], date(2026, 10, 18)
    while day <= date(2026, 11, 2):
        own = hours[day.isoweekday() - 1]
        begin, end = (datetime.fromisoformat(f"{day}T{own[word]}").replace(tzinfo=ZONE) for word in ("period_begin", "period_end"))
        doors.append((begin, end))
        day += timedelta(days=1)
    open_ = [(int(a.timestamp() * 1000), int(b.timestamp() * 1000)) for a, b in doors]
    closed = tuple(int(moment.timestamp() * 1000) for moment in shut)
    edge = sorted({*cuts, *closed, *(t for pair in open_ for t in pair if first < t < last)})
    told_from = edges[0][0]
    for rule, measured in (("nevi", last - first), ("uk_2023", None)):
        outage = excluded = opened = 0
        for a, b in zip(edge, edge[1:]):
            if not any(x <= a < y for x, y in open_) or closed[0] <= a < closed[1]:
                continue
            opened += b - a
            held = [s for t, s in edges if t <= a]
            if held and held[-1] in {"faulted", "unavailable"} | ({"unknown"} if rule == "nevi" else set()):
                outage += b - a
                cause = next((c for c, x, y in breaks if milli(x) <= a < milli(y)), None)
                excluded += b - a if rule == "nevi" and cause in ("utility_interruption", "scheduled_maintenance") else 0
        measured = measured or opened - sum(b - a for a, b in zip(edge, edge[1:]) if a < told_from and any(x <= a < y for x, y in open_))
        port = next(p for p in (await house.api.get("/reports/uptime", rule=rule, **span))["ports"] if p["uid"] == uid)
        assert Decimal(port["uptime_percent"]) == (
            Decimal(measured - outage + excluded) * 100 / measured).quantize(Decimal("0.001"), ROUND_DOWN), rule
        for name, value in (("measured", measured), ("outage", outage), ("excluded", excluded),
                            ("closed", last - first - opened), ("gap", told_from - first)):
            assert Decimal(port[f"{name}_minutes"]) == minutes(value), (rule, name)
    report = await house.api.get("/reports/uptime", rule="uk_2023", **span)
    assert report["network"]["charge_points"] == 1 and report["network"]["ports"] == len(report["ports"]) == 1
    for name in ("measured", "outage", "unknown"):
        assert report["network"][f"{name}_minutes"] == report["ports"][0][f"{name}_minutes"]


async def test_sessions_are_told_in_the_fields_of_the_law(house, stations):
    """Module 2 of EV-ChART, by the records and the readings."""
    station = await stations(priced(house, "CP-1", await tariff(house, PLAIN)))
    begin, register, peaks = at("2026-10-05T08:00:00"), 0, []
    for number, (wh, power, connector) in enumerate(((12_345, 10_987, 1), (0, None, 2), (4_321, None, 1))):
        start = begin + timedelta(hours=5 * number)
        await station.begin(TAG, connector=connector, meter=register, at=start)
        if power:
            await station.meter(register + wh // 2, at=start + timedelta(minutes=20), connector=connector, power=power)
            await station.meter(register + wh // 2, at=start + timedelta(minutes=21), connector=connector, power=power // 3)
        register += wh
        await station.end(register, at=start + timedelta(minutes=50))
        peaks.append(Decimal(power) if power else Decimal(wh) * 60 / 50)
    span = {"from": "2026-10-05T00:00:00Z", "to": "2026-10-06T00:00:00Z"}
    text = (await house.api.http.get("/reports/nevi-sessions.csv", params=span)).text
    rows = sorted(csv.DictReader(io.StringIO(text)), key=lambda row: row["session_start"])
    assert list(rows[0]) == [
        "station_id", "port_id", "network_provider", "charger_id", "session_id", "connector_id", "session_start",
        "session_end", "session_error", "error_other", "energy_kwh", "power_kw", "payment_method", "payment_other"]
    sessions = {s["id"]: s for s in await house.api.items("/sessions")}
    assert len(rows) == 3 and {r["session_id"] for r in rows} == set(sessions)
    cents = Decimal("0.01")
    for row, peak in zip(rows, peaks):
        session = sessions[row["session_id"]]
        assert (row["station_id"], row["charger_id"], row["network_provider"]) == ("SITE-1", "CP-1", "Ostler")
        assert row["port_id"] == station.evses[session["evse"]] and row["connector_id"] == "1"
        assert (row["session_start"], row["session_end"]) == (session["started_at"], session["ended_at"])
        assert Decimal(row["energy_kwh"]) == Decimal(session["energy_kwh"]).quantize(cents, ROUND_HALF_UP)
        assert Decimal(row["power_kw"]) == (peak / 1000).quantize(cents, ROUND_HALF_UP)
        assert (row["session_error"], row["error_other"]) == (("none", "") if peak else ("other", "no_energy"))
        assert row["payment_method"] == "rfid"


async def test_the_grams_of_sessions_are_those_of_their_readings_and_the_factors(house, stations):
    """Energy flows evenly between two readings, and is cut to 0.1 Wh where a factor begins. Over the hour that comes twice."""
    station = await stations(priced(house, "CP-1", await tariff(house, PLAIN)))
    # Of a quarter of an hour each in the night of the change; before the first one nothing is known.
    first = at("2026-10-24T22:00:00")
    factors = [(first + timedelta(minutes=15 * n), Decimal(f"{311 + 17 * n % 97}.{n % 10}25")) for n in range(24)]
    text = "begins_at;grams_per_kwh\n" + "".join(f"{stamp(t)};{g}\n" for t, g in factors)
    assert (await house.api.post("/carbon-factors", {"csv": text}))["kept"] == 24
    register, told = 0, []
    for begin, readings in (
        (at("2026-10-24T21:37:11"), ((40, 5_003), (170, 21_007), (290, 31_415))),
        (at("2026-10-25T03:41:00"), ((7, 1_111), (300, 40_000))),
    ):
        await station.begin(TAG, meter=register, at=begin)
        registers = [(begin, 0)]
        for minutes_, wh in readings:
            registers.append((begin + timedelta(minutes=minutes_), wh * 10))
            if (minutes_, wh) != readings[-1]:
                await station.meter(register + wh, at=registers[-1][0])
        register += readings[-1][1]
        await station.end(register, at=registers[-1][0])
        told.append(registers)

    def grams(registers):
        milligrams, uncovered = Fraction(0), 0
        for (begin, before), (end, after) in zip(registers, registers[1:]):
            given, energy = 0, after - before
            cuts = [begin, *(t for t, _ in factors if begin < t < end), end]
            for a, b in zip(cuts, cuts[1:]):
                upto = energy * int((b - begin).total_seconds()) // int((end - begin).total_seconds())
                held = [g for t, g in factors if t <= a]
                milligrams += Fraction(held[-1]) * (upto - given) if held else 0
                uncovered += 0 if held else upto - given
                given = upto
        return half_up(milligrams / 10_000, 3), uncovered

    sessions = sorted(await house.api.items("/sessions"), key=lambda s: s["started_at"])
    text = (await house.api.http.get("/reports/carbon.csv", params={"from": "2026-10-24T00:00:00Z", "to": "2026-10-26T00:00:00Z"})).text
    rows = {row["session_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == 2
    for session, registers in zip(sessions, told):
        weight, uncovered = grams(registers)
        shown = await house.api.get(f"/sessions/{session['id']}/carbon")
        row = rows[session["id"]]
        assert Fraction(shown["co2_g"]) == Fraction(row["co2_g"]) == weight > 0
        assert Decimal(shown["uncovered_kwh"]) * 10_000 == Decimal(row["uncovered_kwh"]) * 10_000 == uncovered
        assert Decimal(row["energy_kwh"]) * 10_000 == registers[-1][1]
    assert grams(told[0])[1] > 0 == grams(told[1])[1]
    # A series of the site's own takes the place of that of all.
    await house.api.post("/carbon-factors", {"location": house.site, "values": [
        {"begins_at": "2026-10-01T00:00:00Z", "grams_per_kwh": "100"}]})
    factors = [(at("2026-10-01T00:00:00"), Decimal(100))]
    for session, registers in zip(sessions, told):
        own = await house.api.get(f"/sessions/{session['id']}/carbon")
        assert (Fraction(own["co2_g"]), own["uncovered_kwh"]) == (Fraction(registers[-1][1], 100), "0")


async def test_what_a_station_did_stays_where_it_was_done(house, stations):
    """A station that moves to another site and back, and one that is taken out of the books: sites, house and the station's
    own history agree with the records."""
    here, number = house.site, await tariff(house, PLAIN)
    there = (await house.api.post("/locations", {**SITE, "ref": "SITE-2", "name": "The other one"}))["id"]
    moving = await stations(priced(house, "CP-1", number))
    staying = await stations(priced(house, "CP-2", number))
    register, faults, uids = {moving: 0, staying: 0}, defaultdict(int), defaultdict(set)

    async def spend(place, day, *visits):
        if place:
            await house.api.patch("/stations/CP-1", {"location": place})
        for name in ("CP-1", "CP-2"):
            for evse in (await house.api.get(f"/stations/{name}"))["evses"]:
                uids[name, evse["number"]].add(evse["uid"])
        for station, hour, minutes_, wh, connector in visits:
            begin = at(f"2026-10-{day}T{hour:02}:07:11")
            register[station] = await charge(station, begin, minutes_, wh, connector, 0, register[station])
        await moving.status(1, "Faulted")
        await moving.status(1, "Available")
        faults[place or here] += 1

    await spend(None, 20, (moving, 4, 100, 11_111, 1), (moving, 9, 45, 7_003, 2), (staying, 5, 60, 5_000, 1))
    await spend(there, 21, (moving, 4, 200, 22_222, 1), (staying, 5, 61, 6_001, 1))
    await spend(here, 22, (moving, 11, 77, 8_765, 1))
    await spend(there, 23, (moving, 12, 33, 4_321, 2))
    await house.api.delete("/stations/CP-2")

    told = await records(house)
    assert len(told) == 7
    sites = {"SITE-1": here, "SITE-2": there}
    span = {"from": "2026-10-20T00:00:00Z", "to": "2026-10-24T00:00:00Z"}

    def sums(chosen):
        return (len(chosen), sum(Decimal(str(r["totals"]["total_energy"])) for r in chosen),
                sum(r["totals"]["total_seconds"] for r in chosen),
                sum(Decimal(str(r["totals"]["total_cost"]["excl_vat"])) for r in chosen))

    def shown(figures):
        return (figures["sessions"], Decimal(figures["energy_kwh"]), figures["busy_seconds"],
                sum((Decimal(r["excl_vat"]) for r in figures["revenue"]), Decimal(0)))

    for place in (None, here, there):
        chosen = [r for r in told if place is None or sites[r["cdr_location"]["id"]] == place]
        query = {**span, **({"location": place} if place else {})}
        assert shown((await house.api.get("/insight/usage", **query))["total"]) == sums(chosen), place
        view = await house.api.get("/insight/connectors", **query)
        assert shown(view["total"]) == sums(chosen)
        lines = [shown(item) for item in view["items"]]
        assert tuple(sum(column) for column in zip(*lines)) == sums(chosen), place
        gone = [item for item in view["items"] if item["station"] is None]
        assert [shown(item) for item in gone] == [sums([r for r in chosen if r["cdr_location"]["station"] == "CP-2"])] * len(gone)
        assert bool(gone) == (place != there)
        for item in view["items"]:
            if item["station"]:
                own = [r for r in chosen if r["cdr_location"]["evse_uid"] in uids[item["station"], item["evse"]]]
                assert shown(item) == sums(own)
        rows = list(csv.DictReader(io.StringIO((await house.api.http.get("/insight/connectors.csv", params=query)).text)))
        assert sum(Decimal(row["revenue"] or 0) for row in rows) == sums(chosen)[3]
    own = (await house.api.get("/insight/usage", station="CP-1", **span))["total"]
    assert shown(own) == sums([r for r in told if r["cdr_location"]["station"] == "CP-1"])
    margin = (await house.api.get("/insight/margin", by="location", **span))["items"]
    assert {item["location"]: Decimal(item["moneys"][0]["revenue"]) for item in margin} == {
        place: sums([r for r in told if sites[r["cdr_location"]["id"]] == place])[3] for place in (here, there)}
    for place, count in [*faults.items(), (None, 4)]:
        found = (await house.api.get("/insight/failures", by="station", **({"location": place} if place else {})))["items"]
        assert {l["station"]: l["count"] for l in found}["CP-1"] == count
