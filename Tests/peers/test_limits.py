"""Sessions that begin with a profile, end at a limit, and show what they cost: stations of 1.6, 2.0.1 and 2.1 of the Python
package, asked by the operator's verbs."""

from decimal import Decimal

import pytest
from certification import CARD, Case, Kept, Stage16, Stage21, Stage201
from charging import fit, tariff

from conftest import SITE
from house import Refused, until
from stations import now, text

PLACE = {"id": 1, "connectorId": 1}
PROFILE = {
    "purpose": "session", "stack_level": 1, "kind": "relative",
    "schedule": {"unit": "A", "periods": [{"start_s": 0, "limit": 16}]}}


async def case_of(kind, house, stations):
    case = await Case(house, kind).prepare()
    stations.keep(Kept(case))
    await fit(house, "CS-1", await tariff(house))
    for action in ("GetConfiguration", "GetVariables"):
        case.station.answers[action] = (
            {"configurationKey": []} if action == "GetConfiguration" else lambda asked: {"getVariableResult": [
                {**one, "attributeStatus": "UnknownVariable"} for one in asked["getVariableData"]]})
    case.station.answers["GetCompositeSchedule"] = {"status": "Rejected"}
    return case


async def profiles(case):
    return await case.api.items("/stations/CS-1/profiles")


@pytest.mark.parametrize("kind", [Stage16, Stage201, Stage21], ids=["1.6", "2.0.1", "2.1"])
@pytest.mark.parametrize("takes", [True, False])
async def test_a_remote_start_with_a_profile(house, stations, kind, takes):
    case = await case_of(kind, house, stations)
    action = "RemoteStartTransaction" if kind is Stage16 else "RequestStartTransaction"
    case.station.answers[action] = lambda asked: {"status": "Accepted" if takes or "chargingProfile" not in asked else "Rejected"}
    started = await case.api.command("CS-1", "start", token=CARD, evse=1, profile=PROFILE)
    assert started["phase"] == "accepted"
    asked = case.station.told(action)
    assert ["chargingProfile" in one for one in asked] == ([True] if takes else [True, False])
    assert asked[0]["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    if kind is Stage16:
        name = str((await case.station.begin(CARD))["transactionId"])
    else:
        name = "tx-1"
        await case.station.event(
            "Started", "RemoteStart", 0, token=CARD, evse=PLACE, state="Charging", wh=0, info={"remoteStartId": asked[-1]["remoteStartId"]})

    async def in_force():
        return [p["state"] for p in await profiles(case)] == ["in_force"]

    await until(in_force, what="the profile is in force")
    assert (await profiles(case))[0]["profile"]["transaction"] == name
    sent = case.station.told("SetChargingProfile")
    assert len(sent) == (0 if takes else 1)
    if sent:
        profile = sent[0].get("csChargingProfiles") or sent[0]["chargingProfile"]
        assert str(profile["transactionId"]) == name


@pytest.mark.parametrize("kind", [Stage16, Stage201], ids=["1.6", "2.0.1"])
async def test_a_station_that_knows_no_limits_is_stopped(house, stations, kind):
    case = await case_of(kind, house, stations)
    if kind is Stage16:
        transaction = (await case.station.begin(CARD, meter=0))["transactionId"]
    else:
        await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    (session,) = await case.sessions()
    assert await case.api.patch(f"/sessions/{session['id']}/limit", {"energy_kwh": "2.5"}) == {
        "cost": None, "energy_kwh": "2.5", "seconds": None, "soc": None}
    if kind is Stage16:
        await case.station.say("MeterValues", connectorId=1, transactionId=transaction, meterValue=[
            {"timestamp": text(now()), "sampledValue": [{"value": "2600"}]}])
        await until(lambda: case.station.told("RemoteStopTransaction"), 12, what="the session is stopped")
        assert case.station.told("RemoteStopTransaction") == [{"transactionId": transaction}]
    else:
        # It hears of no limit, and has a while all the same, as a station of 2.1 would need it.
        answer = await case.station.event("Updated", "MeterValuePeriodic", 1, wh=2_600)
        assert "transactionLimit" not in answer
        await until(lambda: case.station.told("RequestStopTransaction"), 50, what="the session is stopped")


async def test_a_station_of_2_1_hears_its_limits_once(house, stations):
    case = await case_of(Stage21, house, stations)
    await case.api.post("/tokens", {"uid": "PREPAID01", "credit": "5.00", "priority": 3})
    started = await case.api.command("CS-1", "start", token="PREPAID01", evse=1, limit={"seconds": 3_600, "soc": 80})
    (asked,) = case.station.told("RequestStartTransaction")
    answer = await case.station.event(
        "Started", "RemoteStart", 0, token="PREPAID01", evse=PLACE, state="Charging", wh=0,
        info={"remoteStartId": asked["remoteStartId"]})
    assert answer["transactionLimit"] == {"maxCost": 5, "maxTime": 3_600, "maxSoC": 80}
    (session,) = await case.sessions()
    assert session["command"] == started["id"]
    quiet = await case.station.event("Updated", "LimitSet", 1, info={"transactionLimit": {"maxCost": 5}})
    assert "transactionLimit" not in quiet
    louder = await case.station.event("Updated", "LimitSet", 2, info={"transactionLimit": {"maxCost": 9}})
    assert louder["transactionLimit"]["maxCost"] == 5
    assert (await case.station.authorize("PREPAID01"))["idTokenInfo"]["chargingPriority"] == 3
    shown = await case.api.get(f"/sessions/{session['id']}")
    assert shown["limit"] == {"cost": "5", "energy_kwh": None, "seconds": 3_600, "soc": 80}


@pytest.mark.parametrize("kind", [Stage201, Stage21], ids=["2.0.1", "2.1"])
async def test_costs_are_told_between_the_stations_own_words(daemons, stations, kind):
    house = await daemons(cost_seconds="1")
    house.site = (await house.api.post("/locations", SITE))["id"]
    await house.api.post("/tokens", {"uid": CARD})
    case = await case_of(kind, house, stations)
    case.station.answers["CostUpdated"] = {}
    await case.patch(quirks={"show_costs": True})
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    await case.station.say("MeterValues", evseId=1, meterValue=[
        {"timestamp": text(now()), "sampledValue": [{"value": 2_000, "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh"}}]}])
    await until(lambda: case.station.told("CostUpdated"), 15, what="a cost is told")
    told = case.station.told("CostUpdated")[-1]
    assert told["transactionId"] == "tx-1" and Decimal(str(told["totalCost"])) > 0


async def test_a_token_that_may_charge_once_at_a_time(house, stations):
    case = await case_of(Stage16, house, stations)
    await case.api.post("/tokens", {"uid": "ONCE00001", "sessions_at_once": 1})
    assert (await case.station.begin("ONCE00001"))["idTagInfo"]["status"] == "Accepted"
    assert (await case.station.begin("ONCE00001", connector=2))["idTagInfo"]["status"] == "ConcurrentTx"


async def test_a_token_that_may_charge_at_one_place_only(house, stations):
    case = await case_of(Stage16, house, stations)
    other = (await case.api.post("/locations", {**SITE, "ref": "SITE-2"}))["id"]
    for uid, place in [
            ("HERE00001", {"location": house.site}), ("THERE0001", {"location": other}), ("FIRST0001", {"station": "CS-1", "evse": 1})]:
        made = await case.api.post("/tokens", {"uid": uid, "places": [place]})
        assert made["places"] == [{"location": None, "station": None, "evse": None, **place}]
    assert (await case.station.authorize("HERE00001"))["status"] == "Accepted"
    assert (await case.station.authorize("THERE0001"))["status"] == "Invalid"
    with pytest.raises(Refused, match="other places"):
        await case.api.command("CS-1", "start", token="THERE0001", evse=2)
    assert (await case.station.begin("FIRST0001", connector=2))["idTagInfo"]["status"] == "Invalid"
    assert (await case.station.begin("FIRST0001", connector=1))["idTagInfo"]["status"] == "Accepted"
    (there,) = await case.api.items("/tokens", q="THERE0001")
    for wrong in ([], [{}], [{"evse": 1}], [{"location": 1, "station": "CS-1"}], [{"station": "CS-1", "hour": 3}]):
        with pytest.raises(Refused) as refused:
            await case.api.patch(f"/tokens/{there['id']}", {"places": wrong})
        assert refused.value.status in (400, 422) and "places" in str(refused.value), wrong
    await case.api.patch(f"/tokens/{there['id']}", {"places": None})
    assert (await case.station.authorize("THERE0001"))["status"] == "Accepted"


@pytest.mark.parametrize("kind", [Stage201, Stage21], ids=["2.0.1", "2.1"])
async def test_a_station_hears_at_which_of_its_evses_a_token_may_charge(house, stations, kind):
    """C01.FR.19, .20 and .22."""
    case = await case_of(kind, house, stations)
    await case.api.post("/tokens", {"uid": "FIRST0001", "places": [{"station": "CS-1", "evse": 1}]})
    await case.api.post("/tokens", {"uid": "AWAY00001", "places": [{"station": "CS-9"}]})
    told = (await case.station.authorize("FIRST0001"))["idTokenInfo"]
    assert told["status"] == "Accepted" and told["evseId"] == [1]
    told = (await case.station.authorize("AWAY00001"))["idTokenInfo"]
    assert told["status"] == "NotAtThisLocation" and "evseId" not in told
    assert "evseId" not in (await case.station.authorize(CARD))["idTokenInfo"]
    reply = await case.station.event("Started", "Authorized", 0, "tx-2", token="FIRST0001", evse={"id": 2, "connectorId": 1}, state="Charging", wh=0)
    assert reply["idTokenInfo"]["status"] == "NotAtThisLocation"


async def test_what_only_2_1_is_asked(house, stations):
    case = await case_of(Stage21, house, stations)
    case.station.answers["NotifyWebPaymentStarted"] = {}
    assert (await case.api.command("CS-1", "web-payment", evse=1, seconds=90))["phase"] == "done"
    assert case.station.told("NotifyWebPaymentStarted") == [{"evseId": 1, "timeout": 90}]
    assert (await case.api.command("CS-1", "grid-signal", signal=4))["phase"] == "done"
    (signal,) = case.station.told("AFRRSignal")
    assert signal["signal"] == 4
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    (session,) = await case.sessions()
    two_ways = {**PROFILE, "schedule": {"unit": "W", "periods": [
        {"start_s": 0, "limit": 11_000, "bidirectional": {"mode": "central_setpoint", "setpoint": -3_000}}]}}
    assert (await case.api.command("CS-1", "set-profile", session=session["id"], profile=two_ways))["phase"] == "done"
    (sent,) = case.station.told("SetChargingProfile")
    assert sent["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "setpoint": -3_000, "operationMode": "CentralSetpoint"}]


async def test_the_messages_of_a_session_that_its_station_named(house, stations):
    case = await case_of(Stage201, house, stations)
    await case.station.event("Started", "CablePluggedIn", 0, "an-own-name", evse=PLACE, state="EVConnected")
    await case.station.event("Updated", "Authorized", 1, "an-own-name", token=CARD)
    await case.station.event("Ended", "EVDeparted", 2, "an-own-name", wh=10, info={"stoppedReason": "EVDisconnected"})
    session = (await case.sessions())[0]

    async def all_three():
        found = await case.api.get("/messages", session=session["id"], limit=100)
        return sum(m["action"] == "TransactionEvent" and m["direction"] == "in" for m in found["items"]) == 3

    await until(all_three, 8, what="the session's messages are found by its name")


async def test_connectors_of_one_evse_have_a_status_each(house, stations):
    case = await case_of(Stage201, house, stations)
    await case.station.status(1, "Available", connector=2)
    await case.station.status(1, "Faulted", connector=1)
    evse = next(e for e in (await case.shown())["evses"] if e["number"] == 1)
    assert {c["number"]: c["status"] for c in evse["connectors"]} == {1: "faulted", 2: "available"}
    assert evse["status"] == "available"


async def test_a_vat_number_that_nobody_looks_up_is_no_valid_one(house, stations):
    case = await case_of(Stage21, house, stations)
    answer = await case.station.say("VatNumberValidation", vatNumber="NL123456789B01", evseId=1)
    assert answer["status"] == "Rejected" and "vat_register_url" in answer["statusInfo"]["additionalInfo"]


async def test_a_receipt_is_where_the_operator_says(daemons, stations):
    house = await daemons(receipt_url="https://pay.example/receipts/{session}?payment={reference}")
    house.site = None
    case = await case_of(Stage21, house, stations)
    await case.station.event(
        "Started", "Authorized", 0, token={"idToken": "P/7", "type": "DirectPayment"}, evse={"id": 1, "connectorId": 1}, wh=0)
    await case.station.event("Ended", "StopAuthorized", 1, wh=900, info={"stoppedReason": "Local"})
    (session,) = await house.api.items("/sessions")

    async def settle(status, transaction="tx-1", **more):
        return await case.station.say(
            "NotifySettlement", transactionId=transaction, pspRef="P/7", status=status, settlementAmount=1.5,
            settlementTime=text(now()), **more)

    assert await settle("Settled") == {"receiptUrl": f"https://pay.example/receipts/{session['id']}?payment=P%2F7"}
    # The terminal's own; no money; no session of ours.
    assert await settle("Settled", receiptUrl="https://terminal.example/1", receiptId="1") == {}
    assert await settle("Rejected") == {}
    assert await settle("Settled", transaction="nobody") == {}
