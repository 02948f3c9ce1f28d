"""Every line and every column of each table of insight, recomputed from the exported records with exact fractions: over the
night that has 25 hours and over the one that has 23, on clocks of whole hours, of halves and of quarters, with drivers of our
own and of a partner at two stations."""

import asyncio
import csv
import io
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from charging import priced, tariff
from house import until
from partners import EMSP
from stations import Station, connect
from test_insight import PLAIN, TAG, at, charge, half_up, quarters
from test_insight_raw import moment, records

WORK = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
# The hours of the Sunday, its eve, and the moment of UTC around which everything happens: four hours before the change.
NIGHTS = {
    "Amsterdam in autumn": ("Europe/Amsterdam", 25, "2026-10-24", "2026-10-24T20:37:11"),
    "Amsterdam in spring": ("Europe/Amsterdam", 23, "2026-03-28", "2026-03-28T20:37:11"),
    "New York in autumn": ("America/New_York", 25, "2026-10-31", "2026-11-01T01:37:11"),
    "New York in spring": ("America/New_York", 23, "2026-03-07", "2026-03-08T02:37:11"),
    "Adelaide in autumn": ("Australia/Adelaide", 25, "2026-04-04", "2026-04-04T12:07:11"),
    "Adelaide in spring": ("Australia/Adelaide", 23, "2026-10-03", "2026-10-03T12:07:11"),
    "Kathmandu": ("Asia/Kathmandu", 24, "2026-10-24", "2026-10-24T16:52:11"),
}


def share(part, whole):
    """A share as texts have it: four decimals, half up; empty where there is nothing of it."""
    return half_up(Fraction(part) / Fraction(whole), 4) if whole else None


def cell(text):
    return None if text == "" else Fraction(text)


@pytest.mark.parametrize("night", NIGHTS)
async def test_every_table_is_what_the_records_give(house, stations, partners, night):
    zone_name, hours_of_sunday, day, eve = NIGHTS[night]
    zone, eve = ZoneInfo(zone_name), at(eve)
    begin, end = (str(date.fromisoformat(day) + timedelta(days=days)) for days in (-9, 7))

    def midnight(day):
        return datetime.fromisoformat(day).replace(tzinfo=zone)

    def local(second):
        return datetime.fromtimestamp(second, zone)

    emsp = await partners(EMSP())
    await emsp.join(house)
    assert (await emsp.give(emsp.driver("DE-EMP-D1"))).code == 1000
    number = await tariff(house, PLAIN)
    one, two = await stations(priced(house, "CP-1", number)), await stations(priced(house, "CP-2", number))
    registers = {1: 0, 2: 0}

    async def use(which, hours, minutes, wh, connector=1, idle=0, tag=TAG):
        station = {1: one, 2: two}[which]
        start = eve + timedelta(hours=hours)
        await station.begin(tag, connector=connector, meter=registers[which], at=start)
        await station.meter(registers[which] + wh // 3, at=start + timedelta(minutes=minutes / 4), connector=connector)
        if idle:
            await station.status(connector, "SuspendedEV", at=start + timedelta(minutes=minutes))
        registers[which] += wh
        await station.end(registers[which], at=start + timedelta(minutes=minutes + idle))

    # So many that something can be said of the hours of a week.
    for turn in range(12):
        await use(1 + turn % 2, -200 + 9.3 * turn, 61 + 7 * turn, 1_111 + 707 * turn, connector=1 + turn // 2 % 2)
    await use(1, -61.25, 77, 8_123)
    await use(2, -36.1, 130, 21_007, connector=2, tag="DE-EMP-D1")
    await use(1, -12.5, 600, 40_011, idle=55)
    # Over the hour that comes twice, or not at all.
    await use(1, 1.1, 351, 31_415, idle=41)
    await use(2, 3.3, 200.5, 17_171, tag="DE-EMP-D1", idle=7)
    await use(2, 9.9, 0.4, 55, connector=2)
    await use(1, 50, 95, 9_999, connector=2, tag="DE-EMP-D1")
    await use(2, 80.2, 313, 27_182)

    told = await records(house)
    assert len(told) == 20
    first, last = int(midnight(begin).timestamp()), int(midnight(end).timestamp())
    span = {"from": begin, "to": end, "zone": zone_name}
    places = {}
    for identity in ("CP-1", "CP-2"):
        for evse in (await house.api.get(f"/stations/{identity}"))["evses"]:
            places[evse["uid"]] = (identity, evse["number"])
    evses = len(places)
    assert evses == 4

    # By quarters: whose, where, and [0.1 Wh, busy, idle, sessions]; money counts where a session ended.
    seen, money = [], []
    for record in told:
        whose = "own" if record["cdr_token"]["uid"] == TAG else "partner"
        where = places[record["cdr_location"]["evse_uid"]]
        seen += [(second, whose, where, figures) for second, figures in quarters(record).items()
                 if first <= second < last]
        over = moment(record["end_date_time"]).timestamp()
        assert first <= over < last
        money.append((over, whose, where, Fraction(str(record["totals"]["total_cost"]["excl_vat"]))))

    def sums(chosen):
        found = [0, 0, 0, 0]
        for second, whose, where, figures in seen:
            if chosen(second, whose, where):
                found = [a + b for a, b in zip(found, figures)]
        earned = [amount for over, whose, where, amount in money if chosen(over, whose, where)]
        return found, sum(earned) if earned else None

    def held(row, chosen, seconds):
        found, earned = sums(chosen)
        assert [Fraction(row["energy_kwh"]) * 10_000, int(row["busy_seconds"]), int(row["idle_seconds"]),
                int(row["sessions"])] == found, row
        assert cell(row["utilisation"]) == share(found[1], seconds), row
        assert cell(row["revenue"]) == earned and row["currency"] == ("EUR" if earned else ""), row

    async def table(view, **query):
        response = await house.api.http.get(f"/insight/{view}.csv", params={**span, **query})
        assert response.status_code == 200, response.text
        return list(csv.DictReader(io.StringIO(response.text)))

    # Over time. The day of the change has 25 or 23 hours, and so many lines.
    for by in ("hour", "day", "week", "month"):
        rows, edge = await table("usage", by=by), first
        for row in rows:
            start, stop = moment(row["start"]).timestamp(), moment(row["end"]).timestamp()
            assert start == edge < stop
            held(row, lambda second, *_: start <= second < stop, (stop - start) * evses)
            edge = stop
            if by == "day":
                assert (local(start).hour, local(stop).hour) == (0, 0)
        assert edge == last
        hours = (last - first) // 3600
        days = {"hour": hours, "day": round(hours / 24), "week": 3, "month": len({local(s).month for s in (first, last - 1)})}
        assert len(rows) == days[by], by
    changed = next(r for r in await table("usage", by="day") if local(moment(r["start"]).timestamp()).date().day
                   == (midnight(day) + timedelta(days=1)).day)
    assert moment(changed["end"]) - moment(changed["start"]) == timedelta(hours=hours_of_sunday)

    # By the hours of the week.
    lengths = defaultdict(int)
    for second in range(first, last, 900):
        lengths[local(second).isoweekday(), local(second).hour] += 900
    rows = await table("heatmap")
    assert [(int(r["weekday"]), int(r["hour"])) for r in rows] == [(d, h) for d in range(1, 8) for h in range(24)]
    busy = defaultdict(int)
    for row in rows:
        place = int(row["weekday"]), int(row["hour"])
        found, _ = sums(lambda second, *_: (local(second).isoweekday(), local(second).hour) == place)
        assert [Fraction(row["energy_kwh"]) * 10_000, int(row["busy_seconds"]), int(row["idle_seconds"]),
                int(row["sessions"])] == found, place
        assert cell(row["utilisation"]) == share(found[1], lengths[place] * evses)
        busy[place] = found[1]

    # What stands empty, and what would fill it.
    def use_of(days, hours):
        return share(sum(busy[d, h] for d in days for h in hours),
                     sum(lengths[d, h] for d in days for h in hours) * evses)

    mean, wanted = use_of(range(1, 8), range(24)), []
    for days in (range(1, 6), range(6, 8)):
        quiet = [use_of(days, [hour]) * 2 <= mean for hour in range(24)] + [False]
        best, start = None, None
        for hour, is_quiet in enumerate(quiet):
            if is_quiet and start is None:
                start = hour
            elif not is_quiet and start is not None:
                if hour - start >= 2 and hour - start > (best[1] - best[0] if best else 0):
                    best = start, hour
                start = None
        if best:
            used = use_of(days, range(*best))
            fives = half_up((1 - half_up(used / mean, 4)) * 30 / 5)
            names = WORK if len(days) == 5 else ["SATURDAY", "SUNDAY"]
            wanted.append((names, *best, used, max(5, min(5 * int(fives), 30))))
    empty = await house.api.get("/insight/off-peak", tariff=str(number), **span)
    assert Fraction(empty["utilisation"]) == mean
    used = min(second for second, *_ in seen)
    assert (empty["enough"], empty["sessions"], empty["days"]) == (True, 20, (last - used) // 86_400)
    assert [(i["days"], i["from_hour"], i["to_hour"], Fraction(i["utilisation"]), i["discount_percent"])
            for i in empty["items"]] == wanted and wanted
    for element, (_, start, stop, _, percent) in zip(empty["tariff"]["elements"], wanted):
        assert element["restrictions"]["start_time"] == f"{start:02}:00"
        assert element["restrictions"]["end_time"] == f"{stop % 24:02}:00"
        assert Fraction(str(element["price_components"][0]["price"])) == half_up(Fraction(30 * (100 - percent), 10_000), 4)

    # Of a shorter time nothing is said but why.
    few = await house.api.get("/insight/off-peak", tariff=str(number), **{**span, "from": day})
    assert not few["enough"] and few["items"] == [] and few["tariff"] is None
    assert few["sessions"] < few["sessions_needed"] == 20 and few["days"] < few["days_needed"] == 14

    # By connector, the busiest first.
    rows = await table("connectors")
    assert {(r["station"], int(r["evse"])) for r in rows} == set(places.values())
    for row in rows:
        held(row, lambda _, __, where: where == (row["station"], int(row["evse"])), last - first)
    order = [int(r["busy_seconds"]) for r in rows]
    assert order == sorted(order, reverse=True)

    # Partners beside our own drivers.
    rows = await table("partners")
    whole = sums(lambda *_: True)[0][0]
    assert [r["partner"] for r in rows] == ["", str(emsp.number)] or [r["partner"] for r in rows] == [str(emsp.number), ""]
    for row in rows:
        whose = "partner" if row["partner"] else "own"
        found, earned = sums(lambda _, who, __: who == whose)
        assert [Fraction(row["energy_kwh"]) * 10_000, int(row["busy_seconds"]), int(row["idle_seconds"]),
                int(row["sessions"])] == found
        assert Fraction(row["share"]) == share(found[0], whole)
        assert Fraction(row["kwh_per_session"]) == half_up(Fraction(found[0], 10_000) / found[3], 4)
        assert Fraction(row["revenue"]) == earned
        assert Fraction(row["revenue_per_kwh"]) == half_up(earned / Fraction(found[0], 10_000), 4)

    # What a table says its view says too.
    for view in ("usage", "heatmap", "connectors", "partners", "failures", "margin", "forecast"):
        rows, items = await table(view), (await house.api.get(f"/insight/{view}", **span))["items"]
        assert len(rows) == len(items), view
        for row, item in zip(rows, items):
            for name in set(row) & set(item) - {"revenue", "partner", "start", "end", "location", "name"}:
                plain = "" if item[name] is None else str(item[name])
                assert row[name] == plain or Decimal(row[name]) == Decimal(plain), (view, name)


async def test_failures_are_counted_with_their_shares(house, stations):
    number = await tariff(house, PLAIN)
    one, two = await stations(priced(house, "CP-1", number)), await stations(priced(house, "CP-2", number))
    for station, connector, times in ((one, 1, 3), (one, 2, 1), (two, 1, 2)):
        for turn in range(times):
            await station.status(connector, "Faulted")
            await asyncio.sleep(1.3 * turn)
            await station.status(connector, "Available")
    # A session without energy is one too.
    await one.begin(TAG, connector=1, meter=0)
    await one.end(0)
    # How long each lasted, by the house's clock.
    lasted = {"CP-1": 0, "CP-2": 0}
    for identity in lasted:
        told = (await house.api.get(f"/stations/{identity}/status-history", **{"from": "2026-01-01T00:00:00Z"}))["items"]
        for evse in (1, 2):
            own = [change for change in told if change["evse"] == evse]
            for change, after in zip(own, own[1:]):
                if change["status"] == "faulted":
                    lasted[identity] += int((moment(after["at"]) - moment(change["at"])).total_seconds())
    assert lasted["CP-1"] >= 3 and lasted["CP-2"] >= 1
    counts = {"station": {"CP-1": 5, "CP-2": 2}, "model": {"Twin 22": 7}}
    for by, wanted in counts.items():
        response = await house.api.http.get("/insight/failures.csv", params={"by": by})
        rows = list(csv.DictReader(io.StringIO(response.text)))
        assert {row[by]: int(row["count"]) for row in rows} == wanted
        # A session without energy lasts no time.
        assert {row[by]: int(row["seconds"]) for row in rows} == (
            lasted if by == "station" else {"Twin 22": sum(lasted.values())})
        assert [int(row["stations"]) for row in rows] == ([1, 1] if by == "station" else [2])
        whole, so_far = sum(wanted.values()), 0
        for row in rows:
            so_far += int(row["count"])
            assert Fraction(row["share"]) == share(int(row["count"]), whole)
            assert Fraction(row["share_so_far"]) == share(so_far, whole)
        history = []
        for identity in ("CP-1", "CP-2"):
            told = await house.api.get(f"/stations/{identity}/status-history", **{"from": "2026-01-01T00:00:00Z"})
            history += [c for c in told["items"] if c["status"] == "faulted"]
        empty = [s for s in await house.api.items("/sessions") if Decimal(s["energy_kwh"]) == 0]
        assert len(history) + len(empty) == whole
    # A line that is lost is one failure of the station, from then until it is back.
    await two.close()

    async def lost():
        """The first EVSE's loss of the line, and its return once there is one."""
        told = (await house.api.get("/stations/CP-2/status-history", **{"from": "2026-01-01T00:00:00Z"}))["items"]
        own = [change for change in told if change["evse"] == 1]
        return [(a, b) for a, b in zip(own, [*own[1:], None]) if a["status"] == "unknown" and a["at"] > own[-3]["at"]]

    await until(lost, seconds=60, every=1, what="the station counts as offline")
    await asyncio.sleep(1.2)
    again = stations.keep(Station("CP-2", await connect(house.station_url("CP-2"), "CP-2", "open-sesame-16-ch")))
    await again.boot()
    await again.available()
    ((gone, back),) = await lost()
    line = next(l for l in (await house.api.get("/insight/failures", by="code"))["items"] if l["kind"] == "offline")
    assert (line["count"], line["stations"]) == (1, 1)
    assert line["seconds"] == int((moment(back["at"]) - moment(gone["at"])).total_seconds()) >= 1
