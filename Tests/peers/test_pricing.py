"""Prices of hundreds of random sessions: `ostler tariff simulate` against a second pricer that counts seconds."""

import asyncio
import json
import os
import random
from datetime import datetime, timedelta, timezone
from fractions import Fraction

import pytest
from naive_pricer import Pricer, exact, rounded

from house import BINARY

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
# Nights on which the clock is set, an ordinary day, a new year.
STARTS = ["2026-03-28T22:00:00", "2026-10-24T21:00:00", "2026-06-01T13:30:00", "2026-12-31T20:00:00"]


def stamp(moment):
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def restrictions(rng, holds):
    """For a session; what a reservation knows nothing of is left out for one."""
    r = {}
    clock = lambda: f"{rng.randrange(24):02}:{rng.choice((0, 15, 30, 45)):02}"  # noqa: E731
    if rng.random() < 0.4:
        r["start_time"] = clock()
    if rng.random() < 0.4:
        r["end_time"] = clock()
    if rng.random() < 0.2:
        r["day_of_week"] = rng.sample(DAYS, rng.randint(1, 6))
    if rng.random() < 0.1:
        r["start_date"] = rng.choice(("2026-03-29", "2026-06-01", "2027-01-01"))
    if rng.random() < 0.1:
        r["end_date"] = rng.choice(("2026-03-29", "2026-10-25", "2027-01-01"))
    if rng.random() < 0.3:
        r["min_duration"] = rng.randrange(0, 5000)
    if rng.random() < 0.3:
        r["max_duration"] = rng.randrange(1, 9000)
    if holds:
        return r
    for name, highest in (("power", 50), ("current", 64)):
        if rng.random() < 0.15:
            r[f"min_{name}"] = rng.randrange(0, highest)
        if rng.random() < 0.15:
            r[f"max_{name}"] = rng.randrange(1, highest)
    # Whole kWh, so that a flow of 10 Wh a second reaches them at a whole second, where both must cut.
    if rng.random() < 0.2:
        r["min_kwh"] = rng.randrange(0, 20)
    if rng.random() < 0.2:
        r["max_kwh"] = rng.randrange(1, 30)
    return r


def component(rng, dimension):
    made = {"type": dimension, "price": rng.randrange(0, 30000) / 10000,
            "step_size": rng.choice((0, 1, 1, 1, 60, 300, 900, 1000))}
    if rng.random() < 0.6:
        made["vat"] = rng.choice((0, 5.5, 9, 20, 21))
    return made


def example(seed):
    """A tariff and a session of that seed, with what the naive pricer needs to know of it."""
    rng = random.Random(seed)
    start = datetime.fromisoformat(rng.choice(STARTS)).replace(tzinfo=timezone.utc)
    start += timedelta(seconds=rng.randrange(0, 14400))
    seconds = rng.choice((0, 1, rng.randrange(2, 600), rng.randrange(600, 20000)))
    elements = []
    for index in range(rng.randint(1, 5)):
        chosen = rng.sample(["ENERGY", "TIME", "PARKING_TIME", "FLAT"], rng.randint(1, 4))
        element = {"price_components": [component(rng, name) for name in chosen]}
        if index < 4 and rng.random() < 0.8:
            element["restrictions"] = restrictions(rng, False)
        elements.append(element)
    reserved, ending = 0, "used"
    if rng.random() < 0.25:
        reserved, ending = rng.randrange(1, 7200), rng.choice(("used", "cancelled", "expired"))
        for kind in ("RESERVATION", "RESERVATION_EXPIRES"):
            if rng.random() < 0.7:
                chosen = rng.sample(["TIME", "FLAT"], rng.randint(1, 2))
                elements.append({"price_components": [component(rng, name) for name in chosen],
                                 "restrictions": {**restrictions(rng, True), "reservation": kind}})
    tariff = {"id": f"T{seed}", "currency": "EUR", "elements": elements}
    if rng.random() < 0.3:
        tariff["tax_included"] = rng.choice(("YES", "NO", "N/A"))
    if rng.random() < 0.2:
        tariff["min_price"] = {"excl_vat": rng.randrange(0, 5)}
        if rng.random() < 0.5:
            tariff["min_price"]["incl_vat"] = tariff["min_price"]["excl_vat"] + 1
    if rng.random() < 0.2:
        tariff["max_price"] = {"excl_vat": rng.randrange(6, 20)}
        if rng.random() < 0.5:
            tariff["max_price"]["incl_vat"] = tariff["max_price"]["excl_vat"] + 1

    # In stretches of even flow, each with as many 0.1 Wh a second, so that every second has a whole number of them.
    marks = sorted({0, seconds, *(rng.randrange(0, seconds + 1) for _ in range(rng.randint(0, 6)))})
    asks_energy = any("kwh" in key for element in elements for key in element.get("restrictions", {}))
    rates, readings, register = [], [], 0
    has_power, has_current = rng.random() < 0.6, rng.random() < 0.5
    for begin, end in zip(marks, marks[1:]):
        rate = rng.choice((0, 100)) if asks_energy else rng.choice((0, 5, 10, 20, 50, 100))
        power = rng.randrange(0, 60) if has_power else None
        amps = rng.randrange(0, 70) if has_current else None
        register += rate * (end - begin)
        rates.append((begin, end, rate, power, amps))
        reading = {"at": stamp(start + timedelta(seconds=end)), "kwh": register / 10000}
        if power is not None:
            reading["power_kw"] = power
        if amps is not None:
            reading["current_a"] = amps
        readings.append(reading)
    # Without a reading of power, a tariff that asks for it gets the mean of each stretch.
    asks_power = any("power" in key for element in elements for key in element.get("restrictions", {}))

    def stretch(second):
        return next((s for s in rates if s[0] <= second < s[1]), None)

    def kw(second):
        found = stretch(second)
        if found is None:
            return None
        if found[3] is not None:
            return Fraction(found[3])
        return Fraction(found[2] * 360, 1000) if asks_power and not has_power else None

    idle = []
    if seconds > 10 and rng.random() < 0.5:
        cuts = sorted(rng.sample(range(0, seconds + 1), rng.choice((2, 4))))
        idle = list(zip(cuts[::2], cuts[1::2]))
    session = {
        "start": stamp(start), "end": stamp(start + timedelta(seconds=seconds)), "time_zone": "Europe/Amsterdam",
        "energy_kwh": register / 10000, "readings": readings,
        "idle": [{"from": stamp(start + timedelta(seconds=a)), "to": stamp(start + timedelta(seconds=b))}
                 for a, b in idle],
    }
    if reserved:
        session["reserved_from"] = stamp(start - timedelta(seconds=reserved))
        session["reservation"] = ending

    def amps(second):
        found = stretch(second)
        return None if found is None or found[4] is None else Fraction(found[4])

    def kwh(second):
        found = stretch(second)
        return Fraction(found[2] if found else 0, 10000)

    naive = Pricer(
        tariff, start, seconds, kwh=kwh, kw=kw, amps=amps,
        idle=lambda second: any(a <= second < b for a, b in idle), zone="Europe/Amsterdam",
        reserved=reserved, reservation=ending)
    rng.shuffle(readings)
    # The pricer reads them when it is asked: they change what a price is told as, not what is used.
    if rng.random() < 0.3:
        tariff["taxes"] = rng.choice((
            [{"name": "State tax", "percentage": 6.25}],
            [{"name": "GST", "percentage": 5}, {"name": "QST", "percentage": 9.975}]))
    return tariff, session, naive


async def simulate(tmp_path, name, tariff, session):
    files = [tmp_path / f"{name}-{what}.json" for what in ("tariff", "session")]
    files[0].write_text(json.dumps(tariff))
    files[1].write_text(json.dumps(session))
    process = await asyncio.create_subprocess_exec(
        BINARY, "tariff", "simulate", "--tariff", str(files[0]), "--session", str(files[1]), "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    return json.loads(out)


def amounts(cost):
    if cost is None:
        return Fraction(0), None
    return exact(cost["excl_vat"]), None if cost["incl_vat"] is None else exact(cost["incl_vat"])


CASES = int(os.environ.get("OSTLER_PRICING_CASES", "400"))
SLICE = 50


@pytest.mark.parametrize("first", range(0, CASES, SLICE))
async def test_a_pricer_that_counts_seconds_agrees(tmp_path, first):
    for seed in range(first, min(first + SLICE, CASES)):
        tariff, session, naive = example(seed)
        told = (await simulate(tmp_path, seed, tariff, session))["totals"]
        where = f"seed {seed}: {json.dumps(tariff)} {json.dumps(session)}"
        for part in ("energy", "time", "parking", "fixed", "reservation"):
            before, after = naive.cost_of(part)
            assert amounts(told[f"{part}_cost"])[0] == before, f"{part}, {where}"
            assert (amounts(told[f"{part}_cost"])[1] or before) == (after if after is not None else before), where
        before, after = naive.total()
        assert amounts(told["cost"])[0] == before, f"total {float(before)}, {where}"
        assert (amounts(told["cost"])[1] or before) == (after if after is not None else before), where


def test_the_naive_pricer_knows_the_examples_of_the_text():
    """OCPI 2.2.1, mod_tariffs: what its prose says that they cost."""
    start = datetime(2019, 2, 5, 10, 0, tzinfo=timezone.utc)
    fee = {"elements": [
        {"price_components": [{"type": "FLAT", "price": 4, "vat": 20}],
         "restrictions": {"reservation": "RESERVATION_EXPIRES"}},
        {"price_components": [{"type": "TIME", "price": 2, "vat": 20, "step_size": 600}],
         "restrictions": {"reservation": "RESERVATION"}},
        {"price_components": [{"type": "FLAT", "price": 0.5, "vat": 20},
                              {"type": "ENERGY", "price": 0.25, "vat": 10, "step_size": 1}]}]}
    hour = dict(kwh=lambda second: Fraction(20, 3600))
    assert Pricer(fee, start, 3600, reserved=22 * 60, **hour).total() == (exact(6.5), exact(7.3))
    assert Pricer(fee, start, 0, reserved=3600, reservation="expired").total() == (exact(6), exact(7.2))
    parked = {"elements": [{"price_components": [
        {"type": "FLAT", "price": 0.5, "vat": 20}, {"type": "ENERGY", "price": 0.25, "vat": 10, "step_size": 1},
        {"type": "PARKING_TIME", "price": 2, "vat": 20, "step_size": 900}]}]}
    session = Pricer(parked, start, 6000, kwh=lambda s: Fraction(20, 3600) if s < 3600 else Fraction(0),
                     idle=lambda s: s >= 3600)
    assert session.total() == (exact(7), exact(7.9))
    assert rounded(Fraction(1, 3)) == Fraction(3333, 10000)


async def test_a_partners_record_is_priced_again(tmp_path):
    record = {
        "start_date_time": "2026-06-01T10:00:00Z", "end_date_time": "2026-06-01T11:00:00Z", "currency": "EUR",
        "tariffs": [{"id": "12", "currency": "EUR", "tax_included": "NO", "elements": [
            {"price_components": [{"type": "ENERGY", "price": 0.25, "vat": 10, "step_size": 1}]}],
            "min_price": {"before_taxes": 0.5}, "last_updated": "2026-01-01T00:00:00Z"}],
        "charging_periods": [{"start_date_time": "2026-06-01T10:00:00Z",
                              "dimensions": [{"type": "ENERGY", "volume": 20}, {"type": "TIME", "volume": 1}]}],
        "total_cost": {"before_taxes": 5.0, "taxes": [{"name": "VAT", "amount": 0.5}]}, "total_energy": 20,
    }
    file = tmp_path / "cdr.json"
    for change, code in (({}, 0), ({"total_cost": {"excl_vat": 5, "incl_vat": 5.5}}, 0), ({"total_cost": 5}, 0),
                         ({"total_cost": 5.2}, 1),
                         ({"credit": True, "total_cost": {"excl_vat": -5, "incl_vat": -5.5}}, 0)):
        file.write_text(json.dumps({"data": {**record, **change}, "status_code": 1000}))
        process = await asyncio.create_subprocess_exec(
            BINARY, "tariff", "simulate", "--session", str(file), "--json", stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        assert process.returncode == code, (change, out.decode())
        told = json.loads(out)
        assert told["totals"]["cost"]["excl_vat"] == "5.00"
        assert [d["field"] for d in told["differences"]] == (["total_cost"] if code else [])


async def test_flaws_of_tariffs_of_each_version_are_named(tmp_path):
    old = {"id": "1", "currency": "EUR", "last_updated": "2015-06-29T20:39:09Z", "elements": [
        {"price_components": [{"type": "TIME", "price": 2, "step_size": 1}],
         "restrictions": {"start_time": "08:00", "end_time": "18:00", "day_of_week": ["MONDAY", "TUESDAY"]}}]}
    new = {"id": "2", "country_code": "NL", "party_id": "TNM", "currency": "EUR", "tax_included": "N/A",
           "min_price": {"before_taxes": 5, "after_taxes": 4}, "last_updated": "2026-01-01T00:00:00Z",
           "elements": [{"price_components": [{"type": "ENERGY", "price": 0.25, "vat": 21, "step_size": 1}]}]}
    file = tmp_path / "both.json"
    file.write_text(json.dumps([old, new]))
    process = await asyncio.create_subprocess_exec(
        BINARY, "tariff", "validate", str(file), "--json", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 1
    flaws = {(f["file"].split()[-1], f["kind"]): f["text"] for f in json.loads(out)}
    assert "MONDAY 00:00 to MONDAY 08:00" in flaws["1", "gap"]
    assert "MONDAY 18:00 to TUESDAY 08:00" in flaws["1", "gap"]
    assert ("2", "contradiction") in flaws and ("2", "bad_limits") in flaws
    assert len(flaws) == 3
