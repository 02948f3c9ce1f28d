"""Use by hours, days and connectors, recomputed from the records that the daemon exports; and prices that follow demand."""

import csv
import io
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from charging import priced, tariff
from house import until
from stations import now

TAG = "04A1B2C3D4E5F6"
ZONE = ZoneInfo("Europe/Amsterdam")
PLAIN = {"id": "PLAIN", "currency": "EUR", "elements": [
    {"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 21, "step_size": 1},
                          {"type": "TIME", "price": 1.2, "step_size": 1}]}]}


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def stamp(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def quarters(record):
    """What a record adds to each quarter of an hour: energy in 0.1 Wh, busy and idle seconds, sessions."""
    found = defaultdict(lambda: [0, 0, 0, 0])
    periods = record["charging_periods"]
    starts = [datetime.fromisoformat(p["start_date_time"].replace("Z", "+00:00")) for p in periods]
    end = datetime.fromisoformat(record["end_date_time"].replace("Z", "+00:00"))
    quarter = lambda second: second - second % 900  # noqa: E731
    found[quarter(int(starts[0].timestamp()))][3] += 1
    for period, start, until_ in zip(periods, starts, starts[1:] + [end]):
        first, last = int(start.timestamp()), int(until_.timestamp())
        energy, given, second = int(Decimal(str(period["kwh"])) * 10000), 0, first
        while second < last:
            upto = min(quarter(second) + 900, last)
            total = (2 * energy * (upto - first) + (last - first)) // (2 * (last - first))
            figures = found[quarter(second)]
            figures[0] += total - given
            figures[1] += upto - second
            figures[2] += upto - second if period["activity"] == "idle" else 0
            given, second = total, upto
        if first == last:
            found[quarter(first)][0] += energy
    return found


async def charge(station, begin, minutes, wh, connector=1, idle=0, register=0):
    await station.begin(TAG, connector=connector, meter=register, at=begin)
    await station.meter(register + wh // 3, at=begin + timedelta(minutes=minutes / 4))
    if idle:
        await station.status(connector, "SuspendedEV", at=begin + timedelta(minutes=minutes))
    await station.end(register + wh, at=begin + timedelta(minutes=minutes + idle))
    return register + wh


async def test_figures_of_use_are_those_of_the_records(house, stations):
    station = await stations(priced(house, "CP-1", await tariff(house, PLAIN)))
    # The night in which the clock is set back, sessions over midnight and over a quarter, and short ones.
    register = 0
    for begin, minutes, wh, connector, idle in (
        ("2026-10-24T21:37:11", 290, 31_415, 1, 41), ("2026-10-25T04:00:00", 15, 5_000, 2, 0),
        ("2026-10-26T10:07:03", 61, 12_345, 1, 0), ("2026-10-26T12:00:00", 0.5, 100, 2, 0),
        ("2026-10-31T22:50:00", 85, 9_999, 1, 13),
    ):
        register = await charge(station, at(begin), minutes, wh, connector, idle, register)
    bills = await house.api.items("/cdrs")
    assert len(bills) == 5
    records = [(await house.api.get(f"/cdrs/{bill['id']}"))["record"] for bill in bills]
    all_of_them = [quarters(record) for record in records]
    query = {"from": "2026-10-24T22:00:00Z", "to": "2026-10-31T23:00:00Z", "zone": "Europe/Amsterdam"}
    first, last = (int(at(text).timestamp()) for text in ("2026-10-24T22:00:00", "2026-10-31T23:00:00"))

    week = defaultdict(lambda: [0, 0, 0, 0])
    days = defaultdict(lambda: [0, 0, 0, 0])
    for found in all_of_them:
        for second, figures in found.items():
            if first <= second < last:
                local = datetime.fromtimestamp(second, timezone.utc).astimezone(ZONE)
                for sums in (week[local.isoweekday(), local.hour], days[local.strftime("%Y-%m-%d")]):
                    sums[:] = [a + b for a, b in zip(sums, figures)]

    def figures(item):
        return [int(Decimal(item["energy_kwh"]) * 10000), int(item["busy_seconds"]), int(item["idle_seconds"]),
                int(item["sessions"])]

    seconds = defaultdict(int)
    for second in range(first, last, 900):
        local = datetime.fromtimestamp(second, timezone.utc).astimezone(ZONE)
        seconds[local.isoweekday(), local.hour] += 900
    heatmap = await house.api.get("/insight/heatmap", **query)
    for item in heatmap["items"]:
        cell = item["weekday"], item["hour"]
        assert figures(item) == week[cell], cell
        share = Fraction(week[cell][1], seconds[cell] * heatmap["evses"])
        assert Decimal(item["utilisation"]) == Decimal((20000 * share.numerator + share.denominator) // (2 * share.denominator)) / 10000
    usage = await house.api.get("/insight/usage", by="day", **query)
    assert len(usage["items"]) == 7
    for item in usage["items"]:
        local = datetime.fromisoformat(item["start"].replace("Z", "+00:00")).astimezone(ZONE)
        assert local.hour == 0
        assert figures(item) == days[local.strftime("%Y-%m-%d")], local
    assert figures(usage["total"]) == [sum(column) for column in zip(*days.values())]
    ended = [r for r in records if first <= datetime.fromisoformat(r["end_date_time"].replace("Z", "+00:00")).timestamp() < last]
    earned = sum(Decimal(str(r["totals"]["total_cost"]["excl_vat"])) for r in ended)
    assert [Decimal(m["excl_vat"]) for m in usage["total"]["revenue"]] == [earned]

    # The same over the tables, by connector, and by the station, whose sums are those of the house.
    text = (await house.api.http.get("/insight/usage.csv", params={**query, "by": "hour"})).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 169 and sum(int(r["busy_seconds"]) for r in rows) == usage["total"]["busy_seconds"]
    assert sum(Decimal(r["revenue"]) for r in rows if r["revenue"]) == earned
    connectors = (await house.api.get("/insight/connectors", **query))["items"]
    assert [sum(column) for column in zip(*(figures(c) for c in connectors))] == figures(usage["total"])
    of_station = await house.api.get("/insight/usage", station="CP-1", **query)
    assert of_station["total"] == usage["total"]

    # Before and after a change, with the share of the energy that went into the night.
    since = at("2026-10-26T00:00:00")
    effect = await house.api.get(
        "/insight/effect", since=stamp(since), days="7", zone="Europe/Amsterdam", from_hour="22", to_hour="6")
    for side, begin, end in (("before", since - timedelta(days=7), since), ("after", since, since + timedelta(days=7))):
        seen = [(second, f) for found in all_of_them for second, f in found.items()
                if begin.timestamp() <= second < end.timestamp()]
        hours = [datetime.fromtimestamp(second, timezone.utc).astimezone(ZONE).hour for second, _ in seen]
        night = sum(f[0] for hour, (_, f) in zip(hours, seen) if hour >= 22 or hour < 6)
        assert figures(effect[side]) == [sum(column) for column in zip(*(f for _, f in seen))]
        assert Fraction(effect[side]["share_in_hours"]) == half_up(Fraction(night, sum(f[0] for _, f in seen)), 4)

    # A credit takes its money back, and what was delivered stays.
    bill = next(b for b in bills if b["id"] == ended[0]["id"])
    credit = await house.cli_json("cdr", "credit", bill["id"], "--reason", "wrong price")
    assert credit["credits"] == bill["id"] and credit["cost"]["excl_vat"] == "-" + bill["cost"]["excl_vat"]
    after = (await house.api.get("/insight/usage", **query))["total"]
    assert figures(after) == figures(usage["total"])
    assert Decimal(after["revenue"][0]["excl_vat"]) == earned - Decimal(str(ended[0]["totals"]["total_cost"]["excl_vat"]))


def half_up(value, places=0):
    scaled = value * 10**places
    return Fraction((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator), 10**places)


async def test_a_preview_says_what_the_records_say(house, stations):
    """What rules would have earned and moved in a week, over the records of that week."""
    number = await tariff(house, PLAIN)
    station = await stations(priced(house, "CP-1", number))
    register = 0
    for begin, minutes, wh in (("2026-10-24T19:10:00", 300, 40_000), ("2026-10-25T09:20:00", 200, 33_333),
                               ("2026-10-27T11:00:00", 45, 7_777), ("2026-10-28T02:30:00", 95, 12_000)):
        register = await charge(station, at(begin), minutes, wh, register=register)
    policy = {
        "name": "hours", "time_zone": "Europe/Amsterdam", "base": 0.30, "floor": 0.20, "cap": 0.40, "step": 0.20,
        "grain": 0.01, "notice_seconds": 0, "hold_seconds": 0, "rules": [
            {"kind": "hours", "start_time": "22:00", "end_time": "06:00", "add": -0.05},
            {"kind": "hours", "start_time": "10:00", "end_time": "14:00", "percent": 20}]}
    made = await house.api.post("/price-policies", {"tariff": number, "policy": policy})
    first, last = (int(at(text).timestamp()) for text in ("2026-10-24T12:00:00", "2026-10-29T12:00:00"))

    told = [(await house.api.get(f"/cdrs/{bill['id']}"))["record"] for bill in await house.api.items("/cdrs")]
    assert len(told) == 4
    base, elasticity = Fraction(3, 10), Fraction(1, 2)

    def price(second):
        local = datetime.fromtimestamp(second, timezone.utc).astimezone(ZONE)
        return base - Fraction(5, 100) * (local.hour >= 22 or local.hour < 6) + Fraction(6, 100) * (10 <= local.hour < 14)

    def day(second):
        return datetime.fromtimestamp(second, timezone.utc).astimezone(ZONE).date()

    def cost(record, per_kwh):
        begin, end = (datetime.fromisoformat(record[n].replace("Z", "+00:00")) for n in ("start_date_time", "end_date_time"))
        hours = Fraction(int((end - begin).total_seconds()), 3600)
        return half_up(Fraction(str(record["totals"]["total_energy"])) * per_kwh + hours * Fraction("1.2"), 4)

    discounts = defaultdict(Fraction)
    for second in range(first, last, 900):
        discounts[day(second), price(second)] += max(base - price(second), 0)
    earned = would = moved = Fraction(0)
    for record in told:
        earned += Fraction(str(record["totals"]["total_cost"]["excl_vat"]))
        # The price with which it would have begun holds to its end.
        begin = int(datetime.fromisoformat(record["start_date_time"].replace("Z", "+00:00")).timestamp()) // 900 * 900
        own, share = price(begin), Fraction(0)
        cheap = {p: weight for (d, p), weight in discounts.items() if d == day(begin) and weight}
        if own > base and cheap:
            share = half_up(elasticity * (own - base) / base, 6)
            moved += half_up(share * int(Decimal(str(record["totals"]["total_energy"])) * 10_000))
        there = sum(cost(record, p) * w for p, w in cheap.items()) / sum(cheap.values()) if share else 0
        would += half_up(cost(record, own) * (1 - share) + there * share, 4)
    told = await house.api.get(
        f"/price-policies/{made['id']}/preview", elasticity="0.5",
        **{"from": "2026-10-24T12:00:00Z", "to": "2026-10-29T12:00:00Z"})
    assert moved > 0
    assert Fraction(told["earned"]) == earned
    assert Fraction(told["would_have_earned"]) == would
    assert Fraction(told["moved_kwh"]) == moved / 10000
    assert told["lowest_price"] == "0.25" and told["highest_price"] == "0.36" and told["sessions"] == 4
    assert [u["code"] for u in told["unknown"]] == ["new_demand", "reaction"]


async def test_rules_that_change_nothing_would_have_earned_what_was_billed(house, stations):
    """Hours, fees, two taxes and steps: the preview prices each bill again, and comes to the very cent of it."""
    number = await tariff(house)
    station = await stations(priced(house, "CP-1", number))
    register = 0
    for begin, minutes, wh, idle in (("2026-10-24T15:41:07", 300, 40_123, 13), ("2026-10-25T00:20:00", 200, 33_333, 0),
                                     ("2026-10-27T17:59:00", 45, 7_777, 61), ("2026-10-28T02:30:00", 95, 12_001, 4)):
        register = await charge(station, at(begin), minutes, wh, 1, idle, register)
    bills = [(await house.api.get(f"/cdrs/{bill['id']}"))["record"]["totals"]["total_cost"]
             for bill in await house.api.items("/cdrs")]
    policy = {
        "name": "none", "time_zone": "Europe/Amsterdam", "base": 0.30, "floor": 0.10, "cap": 0.90, "step": 0.20,
        "grain": 0.01, "notice_seconds": 0, "hold_seconds": 0, "rules": [{"kind": "hours", "add": 0}]}
    made = await house.api.post("/price-policies", {"tariff": number, "policy": policy})
    span = {"from": "2026-10-24T12:00:00Z", "to": "2026-10-29T12:00:00Z"}
    told = await house.api.get(f"/price-policies/{made['id']}/preview", elasticity="1", **span)
    assert Fraction(told["earned"]) == Fraction(told["would_have_earned"]) == sum(Fraction(str(b["excl_vat"])) for b in bills)
    assert Fraction(told["earned_incl_vat"]) == Fraction(told["would_have_earned_incl_vat"]) == sum(
        Fraction(str(b["incl_vat"])) for b in bills) > Fraction(told["earned"]) > 0
    assert told["moved_kwh"] == "0" and told["changes"] == 0 and told["sessions"] == 4
    revenue = (await house.api.get("/insight/usage", **span))["total"]["revenue"][0]
    assert Fraction(revenue["excl_vat"]) == Fraction(told["earned"])


async def test_a_price_follows_its_rules_from_the_shell(house, stations, tmp_path):
    number = await tariff(house, PLAIN)
    await stations(priced(house, "CP-1", number))
    hour = now().replace(minute=0, second=0)
    series = tmp_path / "day-ahead.csv"
    series.write_text("start,price\n" + "".join(
        f"{stamp(hour + timedelta(hours=index))},{40 + 10 * index}\n" for index in range(3)))
    assert (await house.cli_json("price", "grid", "NL", str(series)))["kept"] == 3
    rules = tmp_path / "rules.json"
    rules.write_text("""{"name": "spot", "area": "NL", "time_zone": "Etc/UTC", "base": 0.40, "floor": 0.20, "cap": 0.60,
        "step": 0.20, "grain": 0.01, "notice_seconds": 0, "hold_seconds": 0,
        "rules": [{"kind": "grid", "share": 1}]}""")
    made = await house.cli_json("price", "add", str(rules), "--tariff", str(number))
    policy = str(made["id"])
    assert made["state"] == "draft" and "spot" in await house.cli("price", "list")
    preview = await house.cli_json("price", "preview", policy, "--elasticity", "0")
    assert preview["earned"] == preview["would_have_earned"] == "0.00"
    await house.cli("price", "set", policy, "live")
    moves = await until(lambda: _moves(house, policy), seconds=90)
    assert Decimal(moves[0]["price"]) in (Decimal("0.44"), Decimal("0.45")) and moves[0]["live"]
    shown = (await house.api.get(f"/tariffs/{number}"))
    assert shown["version"] == 2
    assert Decimal(str(shown["tariff"]["elements"][0]["price_components"][0]["price"])) == Decimal(moves[0]["price"])
    await house.cli("price", "set", policy, "paused")
    await house.cli("price", "remove", policy)
    assert await house.cli_json("price", "list") == []


async def _moves(house, policy):
    return await house.cli_json("price", "moves", policy)


async def test_prices_of_energy_are_kept_from_the_shell(house, tmp_path):
    series = tmp_path / "energy.csv"
    series.write_text("begins_at;price_per_kwh\n2026-11-01T00:00:00Z;0.2145\n2026-11-01T00:15:00Z;-0.01\n")
    assert (await house.cli_json("price", "energy", "set", str(series), "--currency", "EUR"))["kept"] == 2
    await house.cli("price", "energy", "set", "0.19", "--from", "2026-11-02T00:00:00Z", "--area", "NL", "--site", str(house.site))
    told = await house.cli_json("price", "energy")
    assert [(p["begins_at"], p["price_per_kwh"], p["area"]) for p in told] == [
        ("2026-11-01T00:00:00Z", "0.2145", None), ("2026-11-01T00:15:00Z", "-0.01", None)]
    own = await house.cli_json("price", "energy", "list", "--site", str(house.site))
    assert [(p["price_per_kwh"], p["area"]) for p in own] == [("0.19", "NL")]
    await house.cli("price", "energy", "remove", "--from", "2026-11-01T00:10:00Z")
    assert [p["price_per_kwh"] for p in await house.cli_json("price", "energy")] == ["0.2145"]
