"""Nine pairs: a station of OCPP 1.6, 2.0.1 or 2.1, charged by a driver of a partner of OCPI 2.1.1, 2.2.1 or 2.3.0. Session
and CDR arrive, valid by the version's catalogue, with the same energy and the same money."""

from decimal import Decimal

import pytest

from charging import fit, tariff
from house import until
from partners import EMSP
from stations import known, later, now
from stations2 import Station21, Station201, known2

PRICES = {
    "id": "FLAT-RATE", "currency": "EUR",
    "elements": [{"price_components": [
        {"type": "ENERGY", "price": 0.30, "vat": 21, "step_size": 1}, {"type": "FLAT", "price": 0.50, "vat": 21, "step_size": 1}]}]}


async def charge16(house, stations, partner):
    station = await stations(known(house, "CP-1", location=house.site))
    await fit(house, "CP-1", await tariff(house, PRICES))
    begin = now() - later(3_600)
    assert (await station.begin("EMP-0001", meter=1_000, at=begin)).id_tag_info["status"] == "Accepted"
    await station.meter(5_000, at=begin + later(1_800))
    await until(lambda: partner.session(), what="the session at the partner")
    await station.end(11_000, at=begin + later(3_600))


def charge2(kind):
    async def charge(house, stations, partner):
        station = await stations(known2(kind, house, "CP-1", location=house.site))
        await fit(house, "CP-1", await tariff(house, PRICES))
        begin = now() - later(3_600)
        reply = await station.begin("EMP-0001", wh=1_000, at=begin, transaction="tx-9")
        assert reply.id_token_info["status"] == "Accepted"
        await station.go_on("tx-9", 5_000, at=begin + later(1_800))
        await until(lambda: partner.session(), what="the session at the partner")
        await station.end("tx-9", 11_000, at=begin + later(3_600))

    return charge


STATIONS = {"1.6": charge16, "2.0.1": charge2(Station201), "2.1": charge2(Station21)}


def money(version, cdr):
    """Before and after tax, as far as the version says it."""
    cost = cdr["total_cost"]
    match version:
        case "2.1.1":
            return cost, None
        case "2.2.1":
            return cost["excl_vat"], cost["incl_vat"]
        case _:
            return cost["before_taxes"], cost["before_taxes"] + sum(tax["amount"] for tax in cost["taxes"])


@pytest.mark.parametrize("ocpi", ["2.1.1", "2.2.1", "2.3.0"])
@pytest.mark.parametrize("ocpp", STATIONS)
async def test_a_session_and_its_bill_arrive(house, stations, partners, ocpp, ocpi):
    partner = await partners(EMSP(version=ocpi))
    await partner.join(house)
    assert (await partner.give(partner.driver("EMP-0001"))).status == 201
    await STATIONS[ocpp](house, stations, partner)
    cdr = (await until(lambda: partner.cdrs(), what="the CDR at the partner"))[0]
    assert cdr["total_energy"] == 10 and cdr["total_time"] == 1
    assert sum(d["volume"] for p in cdr["charging_periods"] for d in p["dimensions"] if d["type"] == "ENERGY") == 10
    before, after = money(ocpi, cdr)
    assert before == Decimal("3.5") and after in (None, Decimal("4.235"))

    def over():
        states = partner.session()
        return states and states[-1]["status"] == "COMPLETED" and states[-1]

    session = await until(over, what="the end of the session at the partner")
    assert session["kwh"] == 10 and money(ocpi, {"total_cost": session["total_cost"]})[0] == Decimal("3.5")
    assert len(partner.cdrs()) == 1
    listed, _ = await partner.walk("cdrs", "CDR")
    assert listed == [cdr]
    kept = (await house.api.items("/cdrs"))[0]
    assert Decimal(kept["cost"]["excl_vat"]) == Decimal("3.5")
    assert (await house.api.get(f"/partners/{partner.number}"))["version"] == ocpi
