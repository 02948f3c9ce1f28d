"""Stations that break the rules, each in the one way that was seen in the field: the session and its energy come out
right, and what was odd stands on the station's page."""

import asyncio
from decimal import Decimal

import pytest

from rough import TAG, flagged, flags, rough, session  # noqa: F401 (rough: fixture)
from stations import later, now, text


# Transactions.


@pytest.mark.parametrize("number", [-1, 0])
async def test_a_stop_without_the_right_id_ends_the_open_session(house, rough, number):
    station = await rough()
    await station.begin(meter=1_000)
    assert (await station.end(number, 3_000, idTag=TAG))[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == 2
    await flagged(house, "StopTransaction.transactionId")


@pytest.mark.parametrize("number", [4_711, 9223372036854775807])
async def test_a_transaction_of_another_system_is_answered_and_parked(house, rough, number):
    station = await rough()
    assert (await station.end(number, 3_000))[0] == 3
    assert (await station.values(number, [{"value": "1"}]))[0] == 3
    assert {p["action"] for p in await house.api.items("/parked")} == {"StopTransaction", "MeterValues"}
    assert await house.api.items("/sessions") == []


@pytest.mark.parametrize("named", [True, False])
async def test_a_last_reading_after_the_stop_is_kept_and_opens_nothing(house, rough, named):
    station = await rough()
    transaction = await station.begin(meter=1_000, at=now() - later(60))
    await station.end(transaction, 3_000)
    values = [{"value": "3100", "context": "Transaction.End"}]
    answer = await station.values(transaction if named else None, values)
    assert answer[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == 2
    assert any(Decimal(reading["register_kwh"] or 0) == Decimal("3.1") for reading in found["readings"])
    assert len(await house.api.items("/sessions")) == 1
    await flagged(house, "after the stop")


async def test_numbers_of_transactions_are_never_used_twice(house, rough):
    station = await rough()
    before = []
    for connector in (1, 2):
        before.append(await station.begin(connector=connector))
    await station.close()
    await house.restart()
    again = await rough()
    after = await again.begin(at=now() + later(5))
    assert max(before) < after < 2**31


async def test_a_session_of_which_nothing_is_told_for_long_is_no_fault(house, rough):
    station = await rough()
    await station.begin(at=now() - later(6 * 3_600))
    await station.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "SuspendedEV"})
    await asyncio.sleep(2.5)
    assert (await session(house))["state"] == "active" and await flags(house) == {}
    attention = (await house.api.get("/overview"))["needs_attention"]
    assert not any("session" in line["kind"] for line in attention), attention


async def test_numbers_of_the_stations_own_are_matched_by_the_evse(house, rough):
    station = await rough()
    await station.begin(meter=0)
    assert (await station.values(-7, [{"value": "900"}]))[0] == 3
    assert (await station.end(-7, 1_500))[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == Decimal("1.5")
    await flagged(house, "MeterValues.transactionId")
    await flagged(house, "StopTransaction.transactionId")


async def test_the_same_start_and_stop_under_new_ids_are_one_session(house, rough):
    station = await rough()
    begin = now() - later(60)
    first = await station.begin(at=begin)
    assert await station.begin(at=begin) == first
    end = now()
    for _ in range(3):
        assert (await station.end(first, 1_600, at=end))[0] == 3
    assert len(await house.api.items("/sessions")) == 1
    found = await session(house)
    assert Decimal(found["energy_kwh"]) == Decimal("0.6") and len(found["readings"]) == 2


@pytest.mark.parametrize("tag", ["04a1b2c3d4e5f6", " 04A1B2C3D4E5F6 ", "04 A1 B2 C3 D4 E5 F6"])
async def test_a_tag_in_other_letters_is_the_same_card(house, rough, tag):
    station = await rough()
    answer = await station.call("Authorize", {"idTag": tag})
    assert answer[2]["idTagInfo"]["status"] == "Accepted"


async def test_a_free_station_charges_without_any_tag_and_bills_the_chosen_token(house, rough):
    station = await rough({"free_vend": True, "free_vend_token": TAG})
    transaction = await station.begin(idTag=None)
    found = await session(house)
    assert found["token"]["uid"] == TAG and found["state"] == "active"
    assert (await station.end(transaction, 1_500))[0] == 3
    assert (await session(house))["state"] == "completed"


async def test_a_start_without_a_register_begins_at_nothing_and_its_bill_is_held(house, rough):
    station = await rough()
    transaction = await station.begin(meter=None, at=now() - later(3_600))
    await station.values(transaction, [{"value": "8000000"}], at=now() - later(3_540))
    await station.end(transaction, 8_001_000)
    cdr = await house.api.get(f"/cdrs/{(await session(house))['cdr']}")
    assert cdr["held_because"]
    await flagged(house, "meter: ")


# Metering.


@pytest.mark.parametrize("samples, flag", [
    ([{"value": 2500}], "value"),
    ([{"value": "2.5", "unit": "kWh"}], None),
    ([{"value": "1.0", "context": "Transaction.Begin", "unit": "kWh"}, {"value": "2500", "context": "Sample.Periodic"}], None),
    ([{"value": "900", "phase": "L1"}, {"value": "800", "phase": "L2"}, {"value": "800", "phase": "L3"}], None),
    ([{"value": "2500", "phase": "L1-N"}, {"value": "23", "measurand": "Temperature", "unit": "Celcius"}], None),
    ([{"value": "2500", "phase": "L1"}, {"value": "3", "measurand": "Current.Import", "phase": "N"}], None),
    ([{"value": "2500"}, {"value": "50", "measurand": "Frequency", "unit": "Hz"}], "unit"),
    ([{"value": "2.5E3"}], None),
    ([{"value": "2500"}, {"value": "12,5", "measurand": "Power.Active.Import"}], "badNumber"),
    ([{"value": "2500", "context": "History"}], "context"),
])
async def test_energy_comes_out_right_whatever_form_it_has(house, rough, samples, flag):
    station = await rough()
    transaction = await station.begin(meter=1_000)
    assert (await station.values(transaction, samples))[0] == 3
    assert Decimal((await session(house))["energy_kwh"]) == Decimal("1.5")
    if flag:
        await flagged(house, flag)
    else:
        assert await flags(house) == {}
    await station.end(transaction, 2_600)
    assert Decimal((await session(house))["energy_kwh"]) == Decimal("1.6")


async def test_no_samples_at_all_are_no_error(house, rough):
    station = await rough()
    transaction = await station.begin(meter=1_000)
    assert (await station.values(transaction, []))[0] == 3
    assert (await session(house))["state"] == "active"


async def test_kwh_labelled_wh_hold_the_bill_and_a_factor_mends_the_next(house, rough):
    station = await rough()

    async def charge(connector):
        begin = now() - later(3_600)
        transaction = await station.begin(meter=1_000, at=begin, connector=connector)
        for minute in (20, 40, 59):
            await station.values(
                transaction, [{"value": str(1_000 + minute / 10)}, {"value": "6000", "measurand": "Power.Active.Import"}],
                at=begin + later(60 * minute), connector=connector)
        await station.end(transaction, 1_006, at=begin + later(3_600))
        return await house.api.get(f"/cdrs/{(await session(house))['cdr']}")

    held = await charge(1)
    assert "kWh that are labelled Wh" in held["held_because"]
    await flagged(house, "kWh labelled Wh")
    await house.api.patch("/stations/CP-1", {"quirks": {"energy_factor": "1000"}})
    cdr = await charge(2)
    assert cdr["held_because"] is None and Decimal(cdr["energy_kwh"]) == 6


async def test_a_register_that_begins_anew_within_a_session_holds_its_bill(house, rough):
    station = await rough()
    begin = now() - later(3_600)
    transaction = await station.begin(meter=50_000, at=begin)
    await station.values(transaction, [{"value": "52000"}], at=begin + later(600))
    await station.values(transaction, [{"value": "10"}], at=begin + later(1_200))
    await station.values(transaction, [{"value": "53000"}], at=begin + later(1_800))
    await station.end(transaction, 54_000)
    cdr = await house.api.get(f"/cdrs/{(await session(house))['cdr']}")
    assert "begins anew" in cdr["held_because"]


async def test_a_register_that_begins_anew_with_each_session_is_no_error(house, rough):
    station = await rough()
    for meter in (900_000, 0):
        begin = now() - later(1_800)
        transaction = await station.begin(meter=meter, at=begin)
        await station.end(transaction, meter + 3_000, at=begin + later(1_800))
        cdr = await house.api.get(f"/cdrs/{(await session(house))['cdr']}")
        assert cdr["held_because"] is None and Decimal(cdr["energy_kwh"]) == 3


async def test_a_backlog_of_old_readings_in_one_message_is_kept(house, rough):
    station = await rough()
    begin = now() - later(7_200)
    transaction = await station.begin(meter=0, at=begin)
    moments = [
        {"timestamp": text(begin + later(60 * n)), "sampledValue": [{"value": str(100 * n)}]} for n in range(1, 101)]
    answer = await station.call(
        "MeterValues", {"connectorId": 1, "transactionId": transaction, "meterValue": moments})
    assert answer[0] == 3
    found = await session(house)
    assert Decimal(found["energy_kwh"]) == 10 and len(found["readings"]) == 101
