"""What a station of 2.1 does with money and with energy that flows back: tariffs by which it reckons, payments at its
terminal, set points that change while they hold. The station is that of the Python package."""

import pytest
from certification import CARD, Stage21
from charging import TARIFF
from test_limits import case_of

from house import Refused, until
from stations import now, text

FLOW = {
    "purpose": "any_session", "stack_level": 1, "kind": "dynamic", "max_offline_s": 300, "update_interval_s": 60,
    "schedule": {"unit": "W", "periods": [
        {"start_s": 0, "limit": 0, "bidirectional": {"mode": "central_setpoint", "setpoint": -5000}}]}}


async def test_a_tariff_at_the_station_follows_the_bill(house, stations):
    case = await case_of(Stage21, house, stations)
    case.station.answers["SetDefaultTariff"] = {"status": "Accepted"}
    plain = {**TARIFF, "id": "PLAIN", "elements": [
        {"price_components": [{"type": "ENERGY", "price": 0.40, "vat": 21, "step_size": 1}]}]}
    number = (await case.api.post("/tariffs", plain))["id"]
    given = await case.api.command("CS-1", "station-tariff", tariff=number)
    assert given["phase"] == "done"
    dearer = {**plain, "elements": [{"price_components": [{"type": "ENERGY", "price": 0.55, "vat": 21, "step_size": 1}]}]}
    await case.api.patch(f"/tariffs/{number}", dearer)
    await until(lambda: len(case.station.told("SetDefaultTariff")) == 2, what="the station is told the new price")
    first, second = (one["tariff"] for one in case.station.told("SetDefaultTariff"))
    assert (first["energy"]["prices"][0]["priceKwh"], second["energy"]["prices"][0]["priceKwh"]) == (0.4, 0.55)
    assert first["tariffId"] != second["tariffId"] and first["tariffId"].startswith("PLAIN.")

    async def in_force():
        (row,) = await case.api.items("/stations/CS-1/tariffs")
        return (row["state"], row["name"], row["billed"]) == ("in_force", second["tariffId"], False)

    await until(in_force, what="it has it")


async def test_a_session_keeps_its_tariff_also_at_the_station(house, stations):
    case = await case_of(Stage21, house, stations)
    case.station.answers["ChangeTransactionTariff"] = {"status": "Accepted"}
    other = (await case.api.post("/tariffs", {**TARIFF, "id": "OTHER"}))["id"]
    await case.station.event("Started", "Authorized", 0, token=CARD, evse={"id": 1, "connectorId": 1}, state="Charging", wh=0)
    with pytest.raises(Refused) as refused:
        await case.api.command("CS-1", "session-tariff", transaction="tx-1", tariff=other)
    assert refused.value.status == 409 and "one tariff" in str(refused.value)
    assert case.station.told("ChangeTransactionTariff") == []


async def test_what_terminals_settle_stays_beside_the_session(house, stations):
    case = await case_of(Stage21, house, stations)
    await case.station.event("Started", "Authorized", 0, token=CARD, evse={"id": 1, "connectorId": 1}, state="Charging", wh=0)
    await case.station.event("Ended", "StopAuthorized", 1, wh=900, info={"stoppedReason": "Local"})
    (session,) = await case.sessions()
    told = {
        "transactionId": "tx-1", "pspRef": "P/7", "status": "Settled", "settlementAmount": 99, "settlementTime": text(now()),
        "receiptId": "R1", "vatNumber": "NL1",
        "vatCompany": {"name": "ACME BV", "address1": "Dam 1", "city": "Amsterdam", "country": "NL"}}
    for _ in range(2):
        await case.station.say("NotifySettlement", **told)
    (kept,) = (await case.api.get(f"/sessions/{session['id']}"))["settlements"]
    assert (kept["reference"], kept["amount"], kept["receipt_id"], kept["vat_number"]) == ("P/7", "99", "R1", "NL1")
    assert kept["company"]["name"] == "ACME BV"
    assert [one["session"] for one in await case.api.items("/stations/CS-1/settlements")] == [session["id"]]
    assert any("paid at the station" in one["what"] for one in (await case.shown())["oddities"])


async def test_a_set_point_changes_while_it_holds(house, stations):
    case = await case_of(Stage21, house, stations)
    for action in ("SetChargingProfile", "UpdateDynamicSchedule"):
        case.station.answers[action] = {"status": "Accepted"}
    assert (await case.api.command("CS-1", "set-profile", evse=1, profile=FLOW))["phase"] == "done"
    (sent,) = case.station.told("SetChargingProfile")
    profile = sent["chargingProfile"]
    assert (profile["maxOfflineDuration"], profile["dynUpdateInterval"]) == (300, 60)
    period = profile["chargingSchedule"][0]["chargingSchedulePeriod"][0]
    assert period["setpoint"] == -5000 and "limit" not in period
    number = profile["id"]
    assert (await case.api.command("CS-1", "dynamic-limit", number=number, setpoint="-2500"))["phase"] == "done"
    assert case.station.told("UpdateDynamicSchedule") == [{"chargingProfileId": number, "scheduleUpdate": {"setpoint": -2500}}]
    with pytest.raises(Refused):
        await case.api.command("CS-1", "dynamic-limit", number=number, limit="1000")
    pulled = await case.station.say("PullDynamicScheduleUpdate", chargingProfileId=number)
    assert pulled == {"status": "Accepted", "scheduleUpdate": {"setpoint": -2500}}


async def test_what_a_vehicle_gives_back_is_kept(house, stations):
    case = await case_of(Stage21, house, stations)

    def meter(into, back, power):
        return [{"timestamp": text(now()), "sampledValue": [
            {"value": into, "measurand": "Energy.Active.Import.Register"},
            {"value": back, "measurand": "Energy.Active.Export.Register"},
            {"value": power, "measurand": "Power.Active.Export"}]}]

    await case.station.event(
        "Started", "Authorized", 0, token=CARD, evse={"id": 1, "connectorId": 1}, state="Charging", meterValue=meter(1_000, 500, 0))
    await case.station.event("Updated", "MeterValuePeriodic", 1, meterValue=meter(1_200, 800, 3_000))
    (session,) = await case.sessions()
    assert (session["energy_kwh"], session["exported_kwh"], session["power_kw"]) == ("0.2", "0.3", "-3")
    await case.station.event("Ended", "StopAuthorized", 2, meterValue=meter(1_200, 900, 0), info={"stoppedReason": "Local"})
    shown = await case.api.get(f"/sessions/{session['id']}")
    assert shown["exported_kwh"] == "0.4" and shown["cdr_detail"]["exported_kwh"] == "0.4"
    assert sum(float(one["exported_kwh"]) for one in shown["periods"]) == pytest.approx(0.4)
