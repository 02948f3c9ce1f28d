"""What a 1.6J client that nobody here wrote is asked beyond charging: its local list, reservations, charging profiles,
firmware and logs, with the files brought and fetched at the house's own door."""

import httpx
import pytest
from ocpp.routing import on
from ocpp.v16 import call, call_result

from house import Refused, until
from stations import Station, connect, later, now, text

TAG = "04A1B2C3D4E5F6"


class Dutiful(Station):
    """Keeps a local list, reservations and profiles as the specification says."""

    def __init__(self, identity, socket):
        super().__init__(identity, socket)
        self.version = 0
        self.list = {}
        self.updates = []
        self.reservations = {}
        self.profiles = {}
        self.places = []
        self.ignores = False
        self.configuration |= {
            "LocalAuthListEnabled": "true", "LocalAuthListMaxLength": "100", "SendLocalListMaxLength": "2",
            "ChargingScheduleAllowedChargingRateUnit": "Power", "ChargeProfileMaxStackLevel": "5"}

    @on("GetLocalListVersion")
    def on_version(self):
        return call_result.GetLocalListVersion(list_version=self.version)

    @on("SendLocalList")
    def on_list(self, list_version, update_type, local_authorization_list=(), **rest):
        if update_type == "Differential" and list_version <= self.version:
            return call_result.SendLocalList(status="VersionMismatch")
        self.updates.append((update_type, len(local_authorization_list)))
        if update_type == "Full":
            self.list = {}
        for entry in local_authorization_list:
            if "id_tag_info" in entry:
                self.list[entry["id_tag"]] = entry["id_tag_info"]
            else:
                self.list.pop(entry["id_tag"], None)
        self.version = list_version
        return call_result.SendLocalList(status="Accepted")

    @on("ReserveNow")
    def on_reserve(self, reservation_id, connector_id, **wish):
        if connector_id == 2:
            return call_result.ReserveNow(status="Occupied")
        self.reservations[reservation_id] = wish
        return call_result.ReserveNow(status="Accepted")

    @on("CancelReservation")
    def on_cancel(self, reservation_id):
        known = self.reservations.pop(reservation_id, None)
        return call_result.CancelReservation(status="Accepted" if known else "Rejected")

    @on("SetChargingProfile")
    def on_profile(self, connector_id, cs_charging_profiles):
        if connector_id == 0:
            return call_result.SetChargingProfile(status="Rejected")
        self.profiles[connector_id] = cs_charging_profiles
        return call_result.SetChargingProfile(status="Accepted")

    @on("ClearChargingProfile")
    def on_clear(self, **which):
        self.profiles = {}
        return call_result.ClearChargingProfile(status="Accepted")

    @on("GetCompositeSchedule")
    def on_composite(self, connector_id, duration, **rest):
        profile = self.profiles.get(connector_id)
        if profile is None:
            return call_result.GetCompositeSchedule(status="Rejected")
        return call_result.GetCompositeSchedule(
            status="Accepted", connector_id=connector_id, schedule_start=text(now()),
            charging_schedule={
                "duration": duration, "charging_rate_unit": "W",
                "charging_schedule_period": [{"start_period": 0, "limit": 11_000}] if self.ignores
                else profile["charging_schedule"]["charging_schedule_period"]})

    @on("UpdateFirmware")
    def on_firmware(self, location, **rest):
        self.places.append(location)
        return call_result.UpdateFirmware()

    @on("GetDiagnostics")
    def on_diagnostics(self, location, **rest):
        self.places.append(location)
        return call_result.GetDiagnostics(file_name="diagnostics.zip")


async def dutiful(house, stations):
    await house.api.post("/stations", {"id": "CP-1", "evses": 2, "location": house.site})
    station = await stations(arrive(house))
    return station


async def arrive(house):
    station = Dutiful("CP-1", await connect(house.station_url("CP-1"), "CP-1"))
    await station.boot()
    await station.available()
    return station


async def test_a_local_list_is_kept_in_step(house, stations):
    for number in range(4):
        await house.api.post("/tokens", {"uid": f"0{number}CAFE"})
    station = await dutiful(house, stations)
    await house.api.patch("/stations/CP-1/local-list", {"keep": True})

    async def in_step():
        return (await house.api.get("/stations/CP-1/local-list"))["state"] == "in_step"

    await until(in_step, 10, what="the list is sent")
    assert station.updates == [("Full", 2), ("Differential", 2), ("Differential", 1)]
    assert sorted(station.list) == sorted([TAG, *(f"0{n}CAFE" for n in range(4))])

    tokens = {token["uid"]: token["id"] for token in await house.api.items("/tokens")}
    await house.api.delete(f"/tokens/{tokens['00CAFE']}")
    await until(lambda: "00CAFE" not in station.list, 15, what="the token is off the list")
    assert station.updates[-1] == ("Differential", 1)

    station.version, station.list = 77, {"STRANGER": {}}
    await station.boot()
    await until(lambda: len(station.list) == 4, 10, what="the whole list")
    assert station.version == 79 and "STRANGER" not in station.list and TAG in station.list


async def test_an_evse_is_held_used_and_let_go(house, stations):
    station = await dutiful(house, stations)
    end = text(now() + later(900))
    made = await house.api.command("CP-1", "reserve", token=TAG, evse=1, expires_at=end)
    assert made["phase"] == "done"
    (held,) = await house.api.items("/reservations")
    assert held["state"] == "placed" and list(station.reservations) == [held["number"]]

    refused = await house.api.command("CP-1", "reserve", token=TAG, evse=2, expires_at=end)
    assert refused["phase"] == "refused" and refused["answer"]["status"] == "Occupied"

    begun = await station.call(
        call.StartTransaction(
            connector_id=1, id_tag=TAG, meter_start=0, timestamp=text(now()), reservation_id=held["number"]))
    used = await house.api.get(f"/reservations/{held['id']}")
    assert used["state"] == "used" and used["session"] is not None
    await station.call(
        call.StopTransaction(transaction_id=begun.transaction_id, meter_stop=10, timestamp=text(now())))

    await house.api.command("CP-1", "reserve", token=TAG, evse=1, expires_at=end)
    second = (await house.api.items("/reservations", open="true"))[0]
    await house.api.delete(f"/reservations/{second['id']}")

    async def gone():
        return (await house.api.get(f"/reservations/{second['id']}"))["state"] == "cancelled"

    await until(gone, what="the station lets it go")
    assert second["number"] not in station.reservations


async def test_a_limit_comes_in_the_unit_of_the_station_and_per_evse(house, stations):
    station = await dutiful(house, stations)
    profile = {
        "purpose": "station", "stack_level": 9, "kind": "absolute",
        "schedule": {"unit": "A", "starts_at": text(now()), "periods": [{"start_s": 0, "limit": 32}]}}
    answer = await house.api.command("CP-1", "set-profile", evse=0, profile=profile)
    assert answer["phase"] == "refused"
    await until(lambda: len(station.profiles) == 2, what="one profile for each EVSE")
    for sent in station.profiles.values():
        assert sent["charging_schedule"]["charging_rate_unit"] == "W"
        assert sent["charging_schedule"]["charging_schedule_period"][0]["limit"] == 16 * 230 * 3
        assert sent["stack_level"] == 5 and sent["charging_profile_purpose"] == "TxDefaultProfile"

    async def read_back():
        return [c["evse"] for c in await house.api.items("/stations/CP-1/composite-schedules")] == [1, 2]

    await until(read_back, what="what comes of them")
    states = [p["state"] for p in await house.api.items("/stations/CP-1/profiles")]
    assert sorted(states) == ["in_force", "in_force", "refused"]


async def test_firmware_is_fetched_and_a_log_is_brought_at_the_houses_door(house, stations):
    station = await dutiful(house, stations)
    made = await house.api.post("/files", {"name": "fw-2.bin"})
    image = bytes(range(256)) * 4_000
    async with httpx.AsyncClient() as http:
        assert (await http.put(made["upload_url"], content=image)).status_code == 201
        assert (await http.put(made["upload_url"], content=image)).status_code == 404

        await house.api.command("CP-1", "update-firmware", file=made["file"]["id"])
        (job,) = await house.api.items("/jobs")
        fetched = await http.get(station.places[0])
        assert fetched.content == image and fetched.headers["content-length"] == str(len(image))
        for word, state in [
            ("Downloading", "transferring"), ("Downloaded", "downloaded"), ("Installing", "installing"),
            ("Installed", "done"),
        ]:
            await station.call(call.FirmwareStatusNotification(status=word))
            shown = await house.api.get(f"/jobs/{job['id']}")
            assert (shown["state"], shown["word"]) == (state, word)

        await house.api.command("CP-1", "get-log")
        log = (await house.api.items("/jobs"))[0]
        assert log["file_name"] == "diagnostics.zip"
        assert (await http.post(station.places[1] + "/diagnostics.zip", content=b"PK log")).status_code == 201
        assert (await house.api.get(f"/jobs/{log['id']}"))["state"] == "done"
        url = (await house.api.post(f"/files/{log['file']}/fetch"))["url"]
        assert (await http.get(url)).content == b"PK log"
    await house.api.delete(f"/files/{log['file']}")
    assert (await house.api.get(f"/files/{log['file']}"))["state"] == "gone"


async def test_a_campaign_goes_from_station_to_station(house, stations):
    station = await dutiful(house, stations)
    campaign = await house.api.post(
        "/campaigns",
        {
            "name": "Spring", "stations": ["CP-1"],
            "plan": {"url": "http://files.example/fw.bin", "wave_size": 1, "attempts": 1, "pause_minutes": 1}})
    await until(lambda: station.places, what="the station is asked")
    await station.call(call.FirmwareStatusNotification(status="Installed"))
    shown = await house.api.get(f"/campaigns/{campaign['id']}")
    assert shown["state"] == "done" and [s["state"] for s in shown["stations"]] == ["done"]


# Stations that answer questions about their settings oddly, or not at all.


def by_itself_only(station, says):
    """It answers about one key; about several at once it says this, or nothing."""
    handle = station._handle_call

    async def hear(message):
        if message.action == "GetConfiguration" and len(message.payload.get("key", ())) != 1 and says is None:
            return
        await handle(message)

    def on_get(key=None):
        if key is None or len(key) != 1:
            return says()
        # Without a list of unknown keys.
        known = [{"key": k, "readonly": False, "value": station.configuration[k]} for k in key if k in station.configuration]
        return call_result.GetConfiguration(configuration_key=known)

    station._handle_call = hear
    station.route_map["GetConfiguration"]["_on_action"] = on_get


def an_error():
    raise ValueError("no lists")


def nothing_known():
    return call_result.GetConfiguration(configuration_key=[])


@pytest.mark.parametrize("says, why", [(None, "no answer"), (an_error, "InternalError"), (nothing_known, "an empty list")])
async def test_settings_are_read_key_by_key_where_a_list_is_not_answered(daemons, stations, says, why):
    house = await daemons(command_seconds=1)
    house.site = None
    station = await dutiful(house, stations)
    by_itself_only(station, says)
    told = await house.api.post("/stations/CP-1/settings/read")
    assert told["done"] >= 2 and "AuthorizeRemoteTxRequests" in told["refused"]
    values = {value["key"]: value["value"] for value in await house.api.items("/stations/CP-1/settings")}
    assert values["HeartbeatInterval"] == "300"
    (flag,) = [o for o in (await house.api.get("/stations/CP-1"))["oddities"] if "all at once" in o["what"]]
    assert flag["sample"] == why


@pytest.mark.parametrize("says", [None, an_error])
async def test_what_it_holds_is_asked_key_by_key_where_a_list_is_not_answered(daemons, stations, says):
    house = await daemons(command_seconds=1)
    house.site = None
    for number in range(3):
        await house.api.post("/tokens", {"uid": f"0{number}CAFE"})
    station = await dutiful(house, stations)
    by_itself_only(station, says)
    await house.api.patch("/stations/CP-1/local-list", {"keep": True})
    await until(lambda: len(station.list) == 3, 20, what="the list is sent")
    # As many at once as it said.
    assert station.updates == [("Full", 2), ("Differential", 1)]
    assert any("several settings" in o["what"] for o in (await house.api.get("/stations/CP-1"))["oddities"])


async def test_who_says_nothing_of_its_settings_gets_its_list_all_the_same(daemons, stations):
    house = await daemons(command_seconds=1)
    house.site = None
    await house.api.post("/tokens", {"uid": "00CAFE"})
    station = await dutiful(house, stations)
    handle = station._handle_call

    async def hear(message):
        if message.action != "GetConfiguration":
            await handle(message)

    station._handle_call = hear
    await house.api.patch("/stations/CP-1/local-list", {"keep": True})
    await until(lambda: station.list, 20, what="the list is sent")


# What becomes of a profile, and of a stop.


async def test_a_sessions_profile_names_its_transaction_and_what_comes_of_it_is_read_back(house, stations):
    station = await dutiful(house, stations)
    begun = await station.begin(TAG)
    (running,) = await house.api.items("/sessions")
    profile = {
        "purpose": "session", "stack_level": 1, "kind": "absolute",
        "schedule": {"unit": "W", "starts_at": text(now()), "periods": [{"start_s": 0, "limit": 4_000}]}}
    # It takes the profile and goes on as before, as go-e does: what it says that it does stands beside what was wished.
    station.ignores = True
    answer = await house.api.command("CP-1", "set-profile", session=running["id"], profile=profile)
    assert answer["phase"] == "done"
    assert station.profiles[1]["transaction_id"] == begun.transaction_id
    assert station.profiles[1]["charging_profile_purpose"] == "TxProfile"

    async def read_back():
        return await house.api.items("/stations/CP-1/composite-schedules")

    (composite,) = await until(read_back, what="what comes of it")
    assert composite["evse"] == 1 and composite["schedule"]["periods"][0]["limit"] in (11_000, "11000")

    async def flags():
        return [o["what"] for o in (await house.api.get("/stations/CP-1"))["oddities"]]

    assert "a session's charging profile is accepted and not followed" in await flags()
    await house.api.delete("/stations/CP-1/oddities")
    station.ignores = False
    assert (await house.api.command("CP-1", "set-profile", session=running["id"], profile=profile))["phase"] == "done"

    async def followed():
        (composite,) = await read_back()
        return composite["schedule"]["periods"][0]["limit"] in (4_000, "4000")

    await until(followed, what="it follows now")
    assert await flags() == []


async def test_a_stop_that_is_accepted_and_not_done_is_found(house, stations):
    station = await dutiful(house, stations)
    await station.begin(TAG)
    station.route_map["RemoteStopTransaction"].pop("_after_action")
    (running,) = await house.api.items("/sessions")
    stop = await house.api.command("CP-1", "stop", session=running["id"])
    assert stop["phase"] == "accepted"
    await station.meter(1_500)

    async def failed():
        return (await house.api.get(f"/commands/{stop['id']}"))["phase"] == "failed"

    # A station has a minute for it.
    await until(failed, 75, every=1, what="the stop is found to be ignored")
    assert (await house.api.get(f"/sessions/{running['id']}"))["state"] == "active"
    assert any("stop accepted" in o["what"] for o in (await house.api.get("/stations/CP-1"))["oddities"])


async def test_a_start_that_may_not_bring_a_profile_is_asked_again_without_and_gets_it_after(house, stations):
    station = await dutiful(house, stations)
    accept = station.route_map["RemoteStartTransaction"]["_on_action"]

    def picky(id_tag, connector_id=None, charging_profile=None):
        if charging_profile is None:
            return accept(id_tag=id_tag, connector_id=connector_id)
        station.commands.append(("RemoteStartTransaction", {"charging_profile": charging_profile}))
        return call_result.RemoteStartTransaction(status="Rejected")

    begin = station.route_map["RemoteStartTransaction"]["_after_action"]

    async def follow(charging_profile=None, **what):
        if charging_profile is None:
            await begin(**what)

    station.route_map["RemoteStartTransaction"] |= {"_on_action": picky, "_after_action": follow}
    profile = {
        "purpose": "session", "stack_level": 1, "kind": "relative",
        "schedule": {"unit": "W", "periods": [{"start_s": 0, "limit": 4_000}]}}
    await house.api.command("CP-1", "start", token=TAG, evse=1, profile=profile)
    # The profile may overtake the station's own reading of the answer to its start.
    await until(lambda: 1 in station.profiles and station.transaction, what="the profile follows")
    asked = [what for action, what in station.commands if action == "RemoteStartTransaction"]
    assert len(asked) == 2 and "transaction_id" not in asked[0]["charging_profile"]
    assert station.profiles[1]["transaction_id"] == station.transaction
    (running,) = await house.api.items("/sessions")
    assert running["state"] == "active" and running["token"]["uid"] == TAG


async def test_statuses_that_are_not_told_for_the_whole_are_asked_for_each_evse(house, stations):
    station = await dutiful(house, stations)
    await house.api.patch("/stations/CP-1", {"quirks": {"after_boot": {"trigger_status": True}}})
    heard = []

    def picky(requested_message, connector_id=None):
        heard.append((requested_message, connector_id))
        return call_result.TriggerMessage(status="Accepted" if connector_id else "Rejected")

    station.route_map["TriggerMessage"]["_on_action"] = picky
    station.route_map["TriggerMessage"].pop("_after_action")
    await station.boot()
    await until(lambda: len(heard) == 3, 15, what="each is asked for")
    assert heard == [("StatusNotification", None), ("StatusNotification", 1), ("StatusNotification", 2)]
