"""A price rule from a month of data to the bill at a partner: what it would have earned over that month, its step as a version
of the tariff that the partner is told, and two sessions of the partner's driver, each with the price with which it began."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from charging import priced, tariff
from house import until
from partners import EMSP
from stations import now
from test_insight import charge, half_up, stamp
from test_insight_raw import records

ENERGY = {"id": "SPOT", "currency": "EUR", "elements": [
    {"price_components": [{"type": "ENERGY", "price": 0.30, "vat": 21, "step_size": 1}]}]}
DRIVER = "DE-EMP-D1"


async def test_a_rule_leads_from_a_month_of_data_to_the_bill_at_the_partner(house, stations, partners):
    emsp = await partners(EMSP())
    await emsp.join(house)
    assert (await emsp.give(emsp.driver(DRIVER))).code == 1000
    number = await tariff(house, ENERGY)
    station = await stations(priced(house, "CP-1", number))
    await until(lambda: emsp.told("tariffs", "PUT", place=["SPOT"]), what="the tariff is pushed")

    # A month of sessions, at all hours.
    start, register = now().replace(minute=0, second=0, microsecond=0) - timedelta(days=30), 0
    for day in range(30):
        begin = start + timedelta(days=day, hours=7 * day % 24, minutes=11 * day % 60)
        register = await charge(station, begin, 35 + 13 * day % 90, 3_000 + 977 * day % 20_000, 1 + day % 2, 0, register)
    told = await records(house)
    assert len(told) == 30

    # 150 EUR a MWh would cost 0.15 a kWh more: the cap is 0.40, and one step is 0.05.
    hour = now().replace(minute=0, second=0, microsecond=0)
    prices = [{"start": stamp(start + timedelta(hours=at)), "price_per_mwh": "20" if at % 2 else "-40"} for at in range(720)]
    prices += [{"start": stamp(hour + timedelta(hours=at)), "price_per_mwh": "150"} for at in range(3)]
    await house.api.put("/grid-prices/NL", {"items": prices})
    policy = {
        "name": "spot", "area": "NL", "time_zone": "Etc/UTC", "base": 0.30, "floor": 0.28, "cap": 0.40, "step": 0.05,
        "grain": 0.01, "notice_seconds": 0, "hold_seconds": 3_600, "rules": [{"kind": "grid", "share": 1}]}
    made = await house.api.post("/price-policies", {"tariff": number, "policy": policy})
    span = {"from": stamp(start), "to": stamp(start + timedelta(days=30))}
    preview = await house.api.get(f"/price-policies/{made['id']}/preview", elasticity="0", **span)
    first = int(start.timestamp())
    earned = would = earned_taxed = would_taxed = Fraction(0)
    for record in told:
        cost, kwh = record["totals"]["total_cost"], Fraction(str(record["totals"]["total_energy"]))
        begin = int(datetime.fromisoformat(record["start_date_time"].replace("Z", "+00:00")).timestamp())
        price = Fraction("0.32") if (begin - first) // 3600 % 2 else Fraction("0.28")
        earned += Fraction(str(cost["excl_vat"]))
        earned_taxed += Fraction(str(cost["incl_vat"]))
        would += half_up(kwh * price, 4)
        would_taxed += half_up(kwh * price * Fraction("1.21"), 4)
    assert Fraction(preview["earned"]) == earned > 0
    assert Fraction(preview["would_have_earned"]) == would != earned
    assert Fraction(preview["earned_incl_vat"]) == earned_taxed
    assert Fraction(preview["would_have_earned_incl_vat"]) == would_taxed
    assert (preview["lowest_price"], preview["highest_price"]) == ("0.28", "0.32")

    # A session begins before the rule is live, and another one after its step.
    before = (await station.begin(DRIVER, connector=1, meter=0)).transaction_id
    pushed = len(emsp.told("tariffs", "PUT", place=["SPOT"]))
    await house.api.patch(f"/price-policies/{made['id']}", {"state": "live"})

    def newest():
        return [s.json for s in emsp.told("tariffs", "PUT", place=["SPOT"])][pushed:]

    await until(newest, seconds=90, what="the partner is told the new price")
    component = newest()[-1]["elements"][0]["price_components"][0]
    assert (component["type"], Decimal(str(component["price"]))) == ("ENERGY", Decimal("0.35"))
    shown = await house.api.get(f"/tariffs/{number}")
    assert shown["version"] == 2
    moves = (await house.api.get(f"/price-policies/{made['id']}/moves"))["items"]
    assert [(m["price"], m["version"], m["live"]) for m in moves] == [("0.35", 2, True)]
    after = (await station.begin(DRIVER, connector=2, meter=0)).transaction_id
    # More than 22 kW would be doubted.
    await asyncio.sleep(15)
    for transaction in (before, after):
        await station.end(60, transaction=transaction)
    bills = await until(lambda: len(emsp.cdrs()) == 2 and emsp.cdrs(), seconds=20, what="both bills are pushed")
    for bill, price in zip(sorted(bills, key=lambda b: b["start_date_time"]), ("0.30", "0.35")):
        assert Decimal(str(bill["total_energy"])) == Decimal("0.06")
        assert [Decimal(str(c["price"])) for t in bill["tariffs"] for e in t["elements"] for c in e["price_components"]] == [
            Decimal(price)]
        net = Fraction(price) * Fraction("0.06")
        assert Fraction(str(bill["total_cost"]["excl_vat"])) == half_up(net, 4)
        assert Fraction(str(bill["total_cost"]["incl_vat"])) == half_up(net * Fraction("1.21"), 4)
    # One of the same hour would be a second step, which must wait until the first one has held its hour.
    assert (await house.api.get(f"/tariffs/{number}"))["version"] == 2
