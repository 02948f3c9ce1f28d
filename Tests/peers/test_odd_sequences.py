"""What is odd and legal: messages in an order, with words or without fields that a specification allows and few expect. Each is
answered, and its session, its energy and what is flagged come out right."""

import json
from decimal import Decimal

import pytest
from certification import CARD, Case, Kept, Stage21, case, kind  # noqa: F401 (case, kind: fixtures)
from charging import fit, tariff
from rough import TAG, flagged, rough, session  # noqa: F401 (rough: fixture)

from house import until
from stations import later, now, text

PLACE = {"id": 1, "connectorId": 1}
OTHER = {"id": 2, "connectorId": 1}
NOTHING_LEFT = {"ongoingIndicator": False, "messagesInQueue": False}


async def only(case):
    (found,) = [s for s in await case.sessions() if s["state"] != "invalid"]
    return await case.api.get(f"/sessions/{found['id']}")


async def odd(case):
    return {o["what"] for o in (await case.shown())["oddities"]}


def registers(begin, *values):
    """Samples of the register, each a minute after the one before, and the last at the end."""
    words = ["Transaction.Begin", *["Sample.Periodic"] * (len(values) - 2), "Transaction.End"]
    return [{"timestamp": text(begin + later(60 * n)), "sampledValue": [{"value": value, "context": word}]}
            for n, (value, word) in enumerate(zip(values, words, strict=True))]


# Transactions of 2.x.


@pytest.mark.parametrize("seq", [0, 3])
async def test_the_end_is_all_that_is_told(case, seq):
    begin = now() - later(600)
    case.station.answers["GetTransactionStatus"] = NOTHING_LEFT
    told = await case.station.event(
        "Ended", "EVDeparted", seq, token=CARD, evse=PLACE, info={"stoppedReason": "EVDisconnected"},
        meterValue=registers(begin, 1_000, 2_000, 3_500))
    assert told["idTokenInfo"]["status"] == "Accepted"

    async def done():
        return (await only(case))["state"] == "completed"

    await until(done, 15, what="the session is billed")
    found = await only(case)
    assert Decimal(found["energy_kwh"]) == Decimal("2.5") and found["token"]["uid"] == CARD and found["ending"] == "ev_disconnected"
    assert await case.evse() == "available"


async def test_who_ends_a_session_need_not_be_who_began_it(case):
    await case.api.post("/tokens", {"uid": "SOMEBODY1"})
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    told = await case.station.event("Ended", "StopAuthorized", 1, token="SOMEBODY1", wh=700, info={"stoppedReason": "Local"})
    # The station ended it, so it is over; whose it is stays.
    assert told["idTokenInfo"]["status"] == "Accepted"
    found = await only(case)
    assert found["state"] == "completed" and found["token"]["uid"] == CARD and Decimal(found["energy_kwh"]) == Decimal("0.7")


async def test_two_stations_may_give_their_transactions_one_name(case, house, stations, kind):
    other = await Case(house, kind, "CS-2").prepare()
    stations.keep(Kept(other))
    for one, wh in ((case, 1_000), (other, 2_000)):
        await one.station.event("Started", "Authorized", 0, "tx-same", token=CARD, evse=PLACE, state="Charging", wh=0)
        await one.station.event("Ended", "EVDeparted", 1, "tx-same", wh=wh, info={"stoppedReason": "Local"})
    assert sorted(Decimal(s["energy_kwh"]) for s in await case.sessions()) == [1, 2]


async def test_a_name_that_comes_again_is_the_session_that_it_was(case):
    for _ in range(2):
        await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
        told = await case.station.event("Ended", "EVDeparted", 1, wh=1_000, info={"stoppedReason": "Local"})
        assert "totalCost" in told
    assert Decimal((await only(case))["energy_kwh"]) == 1


async def test_a_word_for_the_event_that_nobody_knows_is_news_of_the_session(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    frame = [2, "odd-1", "TransactionEvent", {
        "eventType": "Perhaps", "triggerReason": "Whim", "seqNo": 1, "timestamp": text(now()), "offline": False,
        "transactionInfo": {"transactionId": "tx-1", "chargingState": "Dreaming"},
        "meterValue": [{"timestamp": text(now()), "sampledValue": [{"value": 400}]}]}]
    await case.station.tape.send(json.dumps(frame))
    await case.station.event("Ended", "EVDeparted", 2, wh=900, info={"stoppedReason": "Other"})
    assert Decimal((await only(case))["energy_kwh"]) == Decimal("0.9")
    assert {"TransactionEvent.eventType: unknownWord", "TransactionEvent.triggerReason: unknownWord"} <= await odd(case)


@pytest.mark.parametrize("sample, kwh", [
    ({"value": 1.5, "unitOfMeasure": {"unit": "kWh"}}, "1.5"), ({"value": 1.5, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}, "1.5"),
    ({"value": 15_000, "unitOfMeasure": {"multiplier": -1}}, "1.5"), ({"value": 1_500, "measurand": "Energy.Active.Import.Register"}, "1.5")])
async def test_energy_in_every_unit(case, sample, kwh):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", meterValue=[
        {"timestamp": text(now()), "sampledValue": [{**sample, "value": 0, "context": "Transaction.Begin"}]}])
    await case.station.event("Ended", "EVDeparted", 1, info={"stoppedReason": "Local"}, meterValue=[
        {"timestamp": text(now()), "sampledValue": [{**sample, "context": "Transaction.End"}]}])
    assert Decimal((await only(case))["energy_kwh"]) == Decimal(kwh) and await odd(case) == set()


async def test_a_second_car_at_an_evse_whose_first_never_ended(case):
    begin = now() - later(600)
    await case.station.event("Started", "Authorized", 0, "tx-1", token=CARD, evse=PLACE, state="Charging", wh=0, at=text(begin))
    await case.station.event("Started", "Authorized", 0, "tx-2", token="GROUP0001", evse=PLACE, state="Charging", wh=500)
    await case.station.event("Ended", "EVDeparted", 1, "tx-2", wh=1_500, info={"stoppedReason": "Local"})
    await case.station.event("Ended", "EVDeparted", 1, "tx-1", wh=500, at=text(now()), info={"stoppedReason": "Local"}, offline=True)
    found = {s["transaction_id"]: s for s in await case.sessions()}
    assert {name: (s["state"], Decimal(s["energy_kwh"])) for name, s in found.items()} == {
        "tx-1": ("completed", Decimal("0.5")), "tx-2": ("completed", Decimal(1))}


async def test_a_session_moves_to_another_evse_only_with_a_flag_or_not_at_all(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    await case.station.event("Updated", "MeterValuePeriodic", 1, evse=OTHER, wh=300)
    await case.station.event("Ended", "EVDeparted", 2, evse=PLACE, wh=500, info={"stoppedReason": "Local"})
    found = await only(case)
    assert found["state"] == "completed" and found["evse"] == 1 and Decimal(found["energy_kwh"]) == Decimal("0.5")


async def test_a_token_as_long_as_it_may_be(case):
    uid = "X" * (255 if case.kind is Stage21 else 36)
    told = await case.station.authorize(uid, "Central")
    assert told["idTokenInfo"]["status"] in ("Invalid", "Unknown") and await odd(case) == set()
    await case.station.event("Started", "Authorized", 0, token={"idToken": uid, "type": "Central"}, evse=PLACE)
    told = await case.station.event("Ended", "Deauthorized", 1, info={"stoppedReason": "DeAuthorized"})
    assert "idTokenInfo" not in told


@pytest.mark.parametrize("reason", ["Deauthorized", "RemoteStop"])
async def test_nobodys_standing_is_told_where_the_station_or_the_house_ends_it(case, reason):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    assert "idTokenInfo" not in await case.station.event("Updated", reason, 1, state="EVConnected", wh=100)


# What came with 2.1.


only21 = pytest.mark.parametrize("kind", [Stage21], ids=["2.1"])


def reckoned(total):
    return {
        "totalCost": {"currency": "EUR", "typeOfCost": "NormalCost", "total": {"exclTax": total, "inclTax": total}},
        "totalUsage": {"energy": 1_000, "chargingTime": 60, "idleTime": 0},
        "chargingPeriods": [{"tariffId": "T-1", "startPeriod": text(now()), "dimensions": [{"type": "Energy", "volume": 1_000}]}]}


@only21
async def test_a_session_with_all_that_21_added(case):
    info = {"tariffId": "T-1", "operationMode": "ChargingOnly", "timeSpentCharging": 10, "transactionLimit": {"maxEnergy": 9_000}}
    await case.station.event(
        "Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0, info=info, preconditioningStatus="Preconditioning",
        evseSleep=False, numberOfPhasesUsed=3, cableMaxCurrent=32)
    await case.station.event("Updated", "OperationModeChanged", 1, wh=400, info={"operationMode": "CentralSetpoint"}, evseSleep=True)
    await case.station.event("Updated", "RunningCost", 2, costDetails=reckoned(0.3), preconditioningStatus="Ready")
    await case.station.event("Ended", "EVDeparted", 3, wh=1_000, info={"stoppedReason": "Local"}, costDetails=reckoned(0))
    found = await only(case)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == 1 and await odd(case) == set()


@only21
@pytest.mark.parametrize("own, is_odd", [("1.00", False), ("1.40", True)])
async def test_a_station_that_reckons_another_price_than_the_bill(case, own, is_odd):
    flat = {"id": "FLAT", "currency": "EUR", "elements": [{"price_components": [{"type": "FLAT", "price": 1.00, "step_size": 1}]}]}
    await fit(case.house, "CS-1", await tariff(case.house, flat), (1,))
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    told = await case.station.event(
        "Ended", "EVDeparted", 1, wh=1_000, info={"stoppedReason": "Local"}, costDetails=reckoned(float(own)))
    assert told["totalCost"] == 1
    assert ("its own cost of a session is not ours" in await odd(case)) == is_odd


@only21
async def test_a_vehicle_that_gives_back_and_says_when_it_leaves(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="EVConnected", wh=0)
    leaves = now() + later(7_200)
    needs = {
        "requestedEnergyTransfer": "AC_BPT", "availableEnergyTransfer": ["AC_BPT", "AC_three_phase"], "controlMode": "ScheduledControl",
        "mobilityNeedsMode": "EVCC", "departureTime": text(leaves), "v2xChargingParameters": {
            "maxChargePower": 11_000, "maxDischargePower": 5_000, "evTargetEnergyRequest": 20_000, "evMinEnergyRequest": 5_000,
            "evMaxEnergyRequest": 30_000}}
    told = await case.station.say("NotifyEVChargingNeeds", evseId=1, maxScheduleTuples=3, chargingNeeds=needs, timestamp=text(now()))
    assert told["status"] == "Accepted"
    await until(lambda: case.station.told("SetChargingProfile"), what="a profile is offered")
    (offer,) = case.station.told("SetChargingProfile")
    (schedule,) = offer["chargingProfile"]["chargingSchedule"]
    assert offer["chargingProfile"]["transactionId"] == "tx-1" and 7_100 <= schedule["duration"] <= 7_200
    assert await odd(case) == set()


@only21
async def test_values_of_a_stream_that_nobody_opened_and_of_one_that_was(case):
    def values(stream):
        body = {"id": stream, "pending": 0, "basetime": text(now()), "data": [{"t": 0, "v": "230"}, {"t": 1, "v": "231"}]}
        return case.station.socket.send(json.dumps([6, "s1", "NotifyPeriodicEventStream", body]))

    await values(7)
    await until_odd(case, "a stream that was not opened")
    told = await case.station.say("OpenPeriodicEventStream", constantStreamData={
        "id": 7, "variableMonitoringId": 3, "params": {"interval": 5, "values": 2}})
    assert told["status"] == "Accepted"
    await values(7)
    assert await case.station.say("ClosePeriodicEventStream", id=7) == {}
    assert await case.api.items("/stations/CS-1/streams") == []


async def until_odd(case, part):
    async def seen():
        return any(part in what for what in await odd(case))

    await until(seen, what=f"a flag with {part}")


# The device model.


def vendor(name, **more):
    return {
        "component": {"name": "AcmeHeater", "instance": "left", "evse": {"id": 1}, "customData": {"vendorId": "Acme", "x": [1]}},
        "variable": {"name": name, "instance": "odd [one]"},
        "variableAttribute": [{"type": "Actual", "value": "7", "mutability": "ReadOnly", "persistent": True, "constant": False}],
        "variableCharacteristics": {"dataType": "MemberList", "valuesList": "a,b", "supportsMonitoring": False}, **more}


@pytest.mark.parametrize("order, missing", [([0, 1, 2], 0), ([0, 2], 1), ([0, 0, 1, 2], 0)])
async def test_parts_of_a_report_that_are_lost_or_come_again(case, order, missing):
    await case.api.command("CS-1", "report", inventory="full")
    (asked,) = case.station.told("GetBaseReport")
    for number in order:
        assert await case.station.say(
            "NotifyReport", requestId=asked["requestId"], generatedAt=text(now()), seqNo=number, tbc=number < 2,
            reportData=[vendor(f"Own{number}")]) == {}
    (report,) = await case.api.items("/stations/CS-1/reports")
    assert report["missing"] == missing and (missing > 0 or report["ended_at"] is not None)
    known = {v["key"] for v in await case.api.items("/stations/CS-1/settings")}
    assert {key.split(".")[1].split("[")[0] for key in known if key.startswith("AcmeHeater[left]#1.")} == {f"Own{n}" for n in set(order)}
    assert await odd(case) == set()


# Sessions of 1.6.


async def test_everything_at_once_before_any_answer(house, rough):  # noqa: F811
    station = await rough()
    begin = now() - later(60)
    start = {"connectorId": 1, "idTag": TAG, "meterStart": 100, "timestamp": text(begin)}
    value = {"connectorId": 1, "meterValue": [{"timestamp": text(now()), "sampledValue": [{"value": "600"}]}]}
    stop = {"transactionId": -1, "idTag": TAG, "meterStop": 900, "timestamp": text(now())}
    for number, (action, body) in enumerate([("StartTransaction", start), ("MeterValues", value), ("StopTransaction", stop)]):
        await station.send([2, f"q{number}", action, body])
    for number in range(3):
        answer = await until(lambda: station.answers.get(f"q{number}"), what=f"answer {number}")
        assert answer[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == Decimal("0.8")
    await flagged(house, "StopTransaction.transactionId")


async def test_connector_0_is_the_whole_station(house, rough):  # noqa: F811
    station = await rough()
    for word, error in [("Available", "NoError"), ("Faulted", "GroundFailure"), ("Available", "NoError")]:
        assert (await station.call("StatusNotification", {"connectorId": 0, "status": word, "errorCode": error}))[0] == 3
    assert (await station.values(None, [{"value": "1", "measurand": "Temperature", "unit": "Celsius"}], connector=0))[0] == 3
    answer = await station.call(
        "StartTransaction", {"connectorId": 0, "idTag": TAG, "meterStart": 0, "timestamp": text(now())})
    assert answer[0] == 3 and "transactionId" in answer[2]
    # Its readings may name the station too.
    transaction = await station.begin(meter=0)
    assert (await station.values(transaction, [{"value": "300"}], connector=0))[0] == 3
    await station.end(transaction, 500)
    (found,) = [s for s in await house.api.items("/sessions") if s["transaction_id"] == transaction]
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) == Decimal("0.5")


async def test_a_stop_brings_all_readings_with_it(house, rough):  # noqa: F811
    station = await rough()
    begin = now() - later(600)
    transaction = await station.begin(meter=1_000, at=begin)
    data = [{"timestamp": text(begin + later(60 * n)), "sampledValue": [
        {"value": str(1_000 + 100 * n), "context": "Transaction.Begin" if n == 0 else "Sample.Periodic"}]} for n in range(9)]
    answer = await station.end(transaction, 2_000, transactionData=data)
    assert answer[0] == 3
    found = await session(house)
    assert Decimal(found["energy_kwh"]) == 1 and len(found["readings"]) >= 9


async def test_a_stop_below_its_start_is_held(house, rough):  # noqa: F811
    station = await rough()
    transaction = await station.begin(meter=5_000)
    assert (await station.end(transaction, 100))[0] == 3
    found = await session(house)
    assert found["state"] == "completed" and Decimal(found["energy_kwh"]) >= 0
    await flagged(house, "meter")


async def test_two_starts_at_one_connector_by_two_cards(house, rough):  # noqa: F811
    await house.api.post("/tokens", {"uid": "SOMEBODY1"})
    station = await rough()
    first = await station.begin(meter=0, at=now() - later(300))
    second = await station.begin(meter=400, idTag="SOMEBODY1")
    assert first != second
    assert (await station.end(first, 400))[0] == 3
    assert (await station.end(second, 1_000))[0] == 3
    found = {s["token"]["uid"]: (s["state"], Decimal(s["energy_kwh"])) for s in await house.api.items("/sessions")}
    assert found == {TAG: ("completed", Decimal("0.4")), "SOMEBODY1": ("completed", Decimal("0.6"))}


async def test_a_start_for_a_reservation_that_nobody_knows(house, rough):  # noqa: F811
    station = await rough()
    transaction = await station.begin(meter=0, reservationId=99)
    assert (await station.end(transaction, 100))[0] == 3
    assert (await session(house))["state"] == "completed"


@pytest.mark.parametrize("what", [{"transactionId": 0}, {"transactionId": 77_777}])
async def test_readings_of_a_transaction_that_is_none_are_answered(house, rough, what):  # noqa: F811
    station = await rough()
    answer = await station.call("MeterValues", {
        "connectorId": 1, **what, "meterValue": [{"timestamp": text(now()), "sampledValue": [{"value": "5"}]}]})
    assert answer == [3, answer[1], {}]
    assert await house.api.items("/sessions") == []
