"""What OCPP 1.6 and its security whitepaper demand of a central system, where no case of certification looks. The numbers in
the names are sections of the specification, `j` those of its JSON edition, and requirements of the whitepaper."""

import asyncio
import json

import pytest
import websockets
from certification import CARD, PASSWORD, Case, Kept, Stage16, cards, case16 as case  # noqa: F401 (case: fixture)
from test_certification_16 import hold
from test_limits import PROFILE

from house import Refused, until
from stations import basic, later, now, text

YES = {"status": "Accepted"}


# J: the envelope.


async def test_j_4_1_1_the_next_call_waits_for_the_answer_to_the_one_before(case):
    release = asyncio.Event()
    answer = case.station._handle_call

    async def slowly(call):
        case.station.heard.append(("open", call.action))
        await release.wait()
        await answer(call)

    case.station._handle_call = lambda call: asyncio.sleep(0, asyncio.ensure_future(slowly(call)))
    asking = [asyncio.create_task(case.door(action, payload)) for action, payload in (("ClearCache", {}), ("Reset", {"type": "Soft"}))]
    await until(lambda: case.station.told("open"), what="the first call")
    # The station's own calls go on meanwhile.
    assert "currentTime" in await case.station.say("Heartbeat")
    assert len(case.station.told("open")) == 1
    release.set()
    assert [status for status, _ in await asyncio.gather(*asking)] == [200, 200]
    ids = [frame[1] for frame in case.station.tape.received if frame[0] == 2]
    assert len(ids) == len(set(ids)) >= 2


@pytest.mark.parametrize("frame", ['[5,"a7","Heartbeat",{}]', '[6,"a7"]', '[1,"a7","Heartbeat",{}]', '[77,{}]'])
async def test_j_4_1_3_an_unknown_kind_of_message_is_ignored(case, frame):
    await case.station.socket.send(frame)
    assert "currentTime" in await case.station.say("Heartbeat")
    assert case.station.socket.close_code is None


@pytest.mark.parametrize("frame, code", [
    ('[2,"a7","Nonsense",{}]', "NotImplemented"), ('[2,"a7",7,{}]', "FormationViolation"),
    ('[2,"a7","Authorize",{}]', "OccurenceConstraintViolation"), ('[2,"a7","Authorize",{"idTag":{}}]', "TypeConstraintViolation")])
async def test_j_4_2_3_each_error_has_its_code(case, frame, code):
    async with websockets.connect(
            case.house.station_url("CP-1"), subprotocols=["ocpp1.6"], additional_headers=basic("CP-1", PASSWORD)) as socket:
        await socket.send(frame)
        told = json.loads(await socket.recv())
    assert told[:2] == [4, "a7"] and told[3] and isinstance(told[4], dict)
    assert told[2] == code


# 3: how both sides behave.


async def test_3_7_whatever_comes_in_shows_that_the_station_is_there(house, stations):
    await cards(house)
    case = await Case(house, Stage16, "CP-1").prepare(boots=False)
    stations.keep(Kept(case))
    await case.patch(quirks={"leave_alone_after_boot": True, "after_boot": {"trigger_boot": False}, "heartbeat_seconds": 1, "ping_seconds": 0})
    assert (await (await case.come_again()).boot())["interval"] == 1
    # Three times longer than silence may last, and never a heartbeat.
    for _ in range(9):
        await asyncio.sleep(1)
        await case.station.status(0, "Available")
    assert (await case.shown())["online"] and case.station.socket.close_code is None


async def test_3_7_1_a_broken_queue_is_emptied_in_order_and_live_messages_come_between(case):
    begin = now() - later(3_600)
    await case.come_again()
    await case.station.boot()
    # Status is told first, as it needs no queue.
    await case.station.status(1, "Available")
    begun = await case.station.begin(CARD, meter=5_000, at=text(begin))
    await case.station.say("Heartbeat")
    for minute in (10, 20):
        await case.station.say(
            "MeterValues", connectorId=1, transactionId=begun["transactionId"], meterValue=[{
                "timestamp": text(begin + later(60 * minute)), "sampledValue": [{"value": str(5_000 + 100 * minute)}]}])
        await case.station.status(1, "Available")
    await case.station.end(begun["transactionId"], meter=8_000, at=text(begin + later(1_800)))
    (session,) = await case.sessions()
    assert (session["state"], session["energy_kwh"]) == ("completed", "3")
    assert session["started_at"] == text(begin) and session["ended_at"] == text(begin + later(1_800))
    assert await case.evse() == "available"


async def test_3_7_2_a_session_outlives_its_connection(case):
    begun = await case.station.begin(CARD, meter=0)
    for meter in (100, 200):
        await case.come_again()
        await case.station.say(
            "MeterValues", connectorId=1, transactionId=begun["transactionId"],
            meterValue=[{"timestamp": text(now()), "sampledValue": [{"value": str(meter)}]}])
        (session,) = await case.sessions()
        assert session["state"] == "active"
    await case.station.end(begun["transactionId"], meter=300)
    (session,) = await case.sessions()
    assert (session["state"], session["energy_kwh"]) == ("completed", "0.3")


# 4: what the station says.


async def test_4_1_4_8_a_parent_is_told_wherever_the_tag_is(case):
    known = {"status": "Accepted", "parentIdTag": "FLEET"}
    assert await case.station.authorize("GROUP0001") == known
    begun = await case.station.begin("GROUP0001")
    assert begun["idTagInfo"] == known
    # Who stops without a card is told nothing of one.
    assert await case.station.end(begun["transactionId"]) == {}


@pytest.mark.parametrize("word", ["pending", "rejected"])
async def test_4_2_nobody_is_started_at_a_station_that_is_not_accepted(house, stations, word):
    case = await Case(house, Stage16, "CP-1").prepare(boots=False, registration=word)
    stations.keep(Kept(case))
    answer = await case.station.boot()
    assert answer["status"] == word.capitalize()
    with pytest.raises(Refused):
        await case.api.command("CP-1", "start", token=CARD, evse=1)
    assert case.station.told("RemoteStartTransaction") == []


async def test_4_2_the_clock_of_a_boot_and_a_heartbeat_is_ours(case):
    for told in (await case.station.boot(), await case.station.say("Heartbeat")):
        assert text(now() - later(5)) <= told["currentTime"] <= text(now() + later(5))


@pytest.mark.parametrize("word, error, shown", [
    ("Faulted", "GroundFailure", "faulted"), ("Unavailable", "NoError", "unavailable"), ("SuspendedEVSE", "NoError", "suspended_evse")])
async def test_4_9_a_status_comes_with_all_that_it_may_say(case, word, error, shown):
    assert await case.station.say(
        "StatusNotification", connectorId=1, status=word, errorCode=error, info="x" * 50, vendorId="v" * 255,
        vendorErrorCode="e" * 50, timestamp=text(now())) == {}
    assert await case.evse() == shown
    assert await case.evse(2) == "available"


async def test_errata_a_transaction_that_is_unknown_blocks_no_queue(case):
    for number in (0, -1, 77):
        assert await case.station.say(
            "MeterValues", connectorId=1, transactionId=number,
            meterValue=[{"timestamp": text(now()), "sampledValue": [{"value": "5"}]}]) == {}
        assert "idTagInfo" not in await case.station.end(number)
    assert await case.sessions() == []


# 5: what the house asks.


async def test_5_11_a_start_by_the_house_has_a_profile_of_the_session_and_names_no_transaction(case):
    case.station.answers["GetConfiguration"] = {"configurationKey": [
        {"key": "ChargeProfileMaxStackLevel", "readonly": True, "value": "5"},
        {"key": "ChargingScheduleAllowedChargingRateUnit", "readonly": True, "value": "Current,Power"}]}
    await case.api.command("CP-1", "start", token=CARD, evse=1, profile=PROFILE)
    (start,) = case.station.told("RemoteStartTransaction")
    assert start["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in start["chargingProfile"]


@pytest.mark.parametrize("answer", ["Failed", "VersionMismatch"])
async def test_5_15_a_list_whose_update_fails_is_sent_whole(case, answer):
    versions = [0]

    def list_answer(update):
        if update["updateType"] == "Differential":
            return {"status": answer}
        versions[0] = update["listVersion"]
        return YES

    case.station.answers |= {
        "SendLocalList": list_answer, "GetLocalListVersion": lambda _: {"listVersion": versions[0]},
        "GetConfiguration": {"configurationKey": [
            {"key": "LocalAuthListEnabled", "readonly": False, "value": "true"},
            {"key": "SendLocalListMaxLength", "readonly": True, "value": "50"}]}}
    await case.api.patch("/stations/CP-1/local-list", {"keep": True})

    async def in_step():
        return (await case.api.get("/stations/CP-1/local-list"))["state"] == "in_step"

    await until(in_step, 10, what="the list is there")
    await case.api.post("/tokens", {"uid": "NEW000001"})
    await until(lambda: case.station.told("SendLocalList")[-1]["updateType"] == "Full" and len(case.station.told("SendLocalList")) >= 3, 15,
                what="the whole list after the update that failed")
    assert [u["updateType"] for u in case.station.told("SendLocalList")][-2:] == ["Differential", "Full"]
    assert "NEW000001" in [entry["idTag"] for entry in case.station.told("SendLocalList")[-1]["localAuthorizationList"]]


async def test_5_13_a_reservation_is_changed_under_its_own_number(case):
    for seconds in (300, 900):
        await case.raw("ReserveNow", hold(expiryDate=text(now() + later(seconds))), YES)
    assert [r["reservationId"] for r in case.station.told("ReserveNow")] == [7, 7]


# The security whitepaper.


async def test_a01_fr_09_no_password_stands_in_the_log(case):
    secret = b"no-log-has-me-123".hex().upper()
    await case.raw("ChangeConfiguration", {"key": "AuthorizationKey", "value": secret}, YES)
    frames = await until(lambda: case.api.items("/messages", peer="CP-1", action="ChangeConfiguration"), what="the frame is logged")
    assert secret not in json.dumps(frames) and "no-log-has-me-123" not in json.dumps(frames)
    assert secret not in json.dumps(await case.api.items("/stations/CP-1/commands"))
    assert not any(secret in str(line) for line in case.house.log)


async def test_a04_fr_03_an_event_of_security_is_answered_and_kept_with_its_time(case):
    at = text(now() - later(7_200))
    assert await case.station.say(
        "SecurityEventNotification", type="TamperDetectionActivated", timestamp=at, techInfo="t" * 255) == {}
    (kept,) = await case.api.items("/stations/CP-1/security-events")
    assert (kept["type"], kept["at"]) == ("TamperDetectionActivated", at)
