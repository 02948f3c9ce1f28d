"""Stations that break the rules, each in the one way that was seen in the field: what can be set and asked, and what the
operator does about each."""

import pytest

from house import Refused
from rough import PASSWORD, flagged, rough, session  # noqa: F401 (rough: fixture)
from stations import connect, known


# Settings and commands.


async def test_a_list_of_measurands_is_written_as_far_as_the_station_takes_it(house, stations):
    station = await stations(known(house, "CP-1", PASSWORD))
    station.configuration["MeterValuesSampledData"] = ""
    allowed = {"Energy.Active.Import.Register", "Power.Active.Import", "SoC"}
    station.route_map["ChangeConfiguration"]["_on_action"] = picky(station, allowed)
    wanted = "Energy.Active.Import.Register,Temperature,Power.Active.Import,Power.Offered,SoC"
    await house.api.patch(
        "/stations/CP-1", {"quirks": {"wanted_settings": [{"key": "MeterValuesSampledData", "value": wanted}]}})
    assert (await house.api.post("/stations/CP-1/settings/write"))["refused"] == ["MeterValuesSampledData"]
    assert station.configuration["MeterValuesSampledData"] == "Energy.Active.Import.Register,Power.Active.Import,SoC"
    await flagged(house, "MeterValuesSampledData refused as a whole")


def picky(station, allowed):
    from ocpp.v16 import call_result

    def on_change(key, value):
        if not set(value.split(",")) <= allowed:
            return call_result.ChangeConfiguration("Rejected")
        station.configuration[key] = value
        return call_result.ChangeConfiguration("Accepted")

    return on_change


async def test_settings_are_read_all_at_once(house, stations):
    station = await stations(known(house, "CP-1", PASSWORD))
    assert await house.api.post("/stations/CP-1/settings/read") == {"done": 3, "refused": []}
    assert station.commands == [("GetConfiguration", {"key": None})]


async def test_two_connectors_that_are_one_evse(house, rough):
    station = await rough(evses=1)
    await house.api.patch("/stations/CP-1", {"quirks": {"joined": [{"evse": 1, "connectors": [1, 2]}]}})
    for connector, status in ((1, "Unavailable"), (2, "Charging")):
        await station.call("StatusNotification", {"connectorId": connector, "errorCode": "NoError", "status": status})
    evses = (await house.api.get("/stations/CP-1"))["evses"]
    assert [(e["number"], e["status"], len(e["connectors"])) for e in evses] == [(1, "charging", 2)]
    await station.begin(connector=2)
    assert (await session(house))["evse"] == 1


async def test_a_preset_applies_by_itself_and_says_why(house, rough):
    station = await rough(boots=False)
    await station.boot(chargePointVendor="Free2Move eSolutions", chargePointModel="eProWallbox")
    found = await house.api.get("/stations/CP-1")
    assert found["preset"]["name"] == "Free2move eProWallbox" and "StartTransaction" in found["preset"]["because"]
    assert found["needs"]["answer_delay_ms"] == 1000 and found["quirks"] == {}
    await house.api.patch("/stations/CP-1", {"quirks": {"ignores_presets": True}})
    assert "answer_delay_ms" not in (await house.api.get("/stations/CP-1"))["needs"]


async def test_the_operator_lays_out_a_station_and_sets_its_password_in_one_change(house, rough):
    station = await rough(evses=3)
    await house.api.patch(
        "/stations/CP-1",
        {"password": "another-password", "serial_number": "SN-9", "security_profile": 1,
         "evses": [{"number": 1, "evse_id": "NL*OST*E1",
                    "connectors": [{"number": 1, "standard": "IEC_62196_T2", "max_amperage": 16},
                                   {"number": 2, "standard": "DOMESTIC_F", "power_type": "AC_1_PHASE"}]}]})
    found = await house.api.get("/stations/CP-1")
    assert [(e["number"], e["evse_id"], len(e["connectors"])) for e in found["evses"]] == [(1, "NL*OST*E1", 2)]
    assert found["serial_number"] == "SN-9" and found["has_password"]
    assert (await station.boot())["status"] == "Accepted"
    socket = await connect(house.station_url("CP-1"), "CP-1", "another-password")
    await socket.close()
    await house.api.patch("/stations/CP-1", {"password": None})
    assert not (await house.api.get("/stations/CP-1"))["has_password"]
    with pytest.raises(Refused) as refused:
        await house.api.patch("/stations/CP-1", {"quirks": {"time_zone": "Moon/Base"}})
    assert refused.value.problem["field"] == "quirks.time_zone"
    with pytest.raises(Refused) as refused:
        await house.api.patch("/stations/CP-1", {"quirks": {"answer_delay": 1}})
    assert refused.value.problem["field"] == "quirks.answer_delay"


async def test_vendors_data_is_answered_as_the_operator_says(house, rough):
    station = await rough()
    ping = {"vendorId": "com.acme", "messageId": "ping", "data": "x"}
    assert (await station.call("DataTransfer", ping))[2] == {"status": "UnknownVendorId"}
    rules = [{"vendor": "com.acme", "message": "ping", "answer": "accepted", "data": "pong"},
             {"vendor": "com.acme", "message": "bye", "answer": "rejected"}]
    await house.api.patch("/stations/CP-1", {"quirks": {"transfers": rules}})
    assert (await station.call("DataTransfer", ping))[2] == {"status": "Accepted", "data": "pong"}
    assert (await station.call("DataTransfer", {**ping, "messageId": "bye"}))[2] == {"status": "Rejected"}
    assert (await station.call("DataTransfer", {**ping, "messageId": "hm"}))[2] == {"status": "UnknownMessageId"}
