"""What 2.0.1 and 2.1 clients that nobody here wrote are asked beyond charging, by the same verbs as a 1.6 station."""

import pytest
from ocpp.routing import on

from house import Refused, until
from stations import later, now, text
from stations2 import Station21, Station201, known2

TAG = "04A1B2C3D4E5F6"

VARIABLES = {
    ("LocalAuthListCtrlr", "Enabled"): "true", ("LocalAuthListCtrlr", "ItemsPerMessage"): "2",
    ("SmartChargingCtrlr", "RateUnit"): "W", ("SmartChargingCtrlr", "ProfileStackLevel"): "3"}


class Duties:
    """Keeps a local list, reservations and profiles as the specification says."""

    def __init__(self, identity, socket):
        super().__init__(identity, socket)
        self.list_version = 0
        self.list = {}
        self.updates = []
        self.reservations = {}
        self.profiles = {}
        self.places = []
        self.questions = []
        self.reports = []
        self.variables = VARIABLES

    @on("GetVariables")
    def on_variables(self, get_variable_data, **rest):
        self.questions.append(len(get_variable_data))
        results = []
        for asked in get_variable_data:
            value = self.variables.get((asked["component"]["name"], asked["variable"]["name"]))
            results.append({
                "attribute_status": "Accepted" if value else "UnknownVariable", "component": asked["component"],
                "variable": asked["variable"], **({"attribute_value": value} if value else {})})
        return self.hears.GetVariables(get_variable_result=results)

    @on("GetBaseReport")
    def on_base_report(self, request_id, **rest):
        self.reports.append(request_id)
        return self.hears.GetBaseReport(status="Accepted")

    @on("GetLocalListVersion")
    def on_list_version(self, **rest):
        return self.hears.GetLocalListVersion(version_number=self.list_version)

    @on("SendLocalList")
    def on_list(self, version_number, update_type, local_authorization_list=(), **rest):
        if update_type == "Differential" and version_number <= self.list_version:
            return self.hears.SendLocalList(status="VersionMismatch")
        self.updates.append((update_type, len(local_authorization_list)))
        if update_type == "Full":
            self.list = {}
        for entry in local_authorization_list:
            uid = entry["id_token"]["id_token"]
            if "id_token_info" in entry:
                self.list[uid] = entry["id_token_info"]
            else:
                self.list.pop(uid, None)
        self.list_version = version_number
        return self.hears.SendLocalList(status="Accepted")

    @on("ReserveNow")
    def on_reserve(self, id, **wish):
        self.reservations[id] = wish
        return self.hears.ReserveNow(status="Accepted")

    @on("CancelReservation")
    def on_cancel(self, reservation_id, **rest):
        known = self.reservations.pop(reservation_id, None)
        return self.hears.CancelReservation(status="Accepted" if known else "Rejected")

    @on("SetChargingProfile")
    def on_profile(self, evse_id, charging_profile, **rest):
        self.profiles[evse_id] = charging_profile
        return self.hears.SetChargingProfile(status="Accepted")

    @on("GetCompositeSchedule")
    def on_composite(self, evse_id, duration, **rest):
        schedule = self.profiles[evse_id]["charging_schedule"][0]
        return self.hears.GetCompositeSchedule(
            status="Accepted", schedule={
                "evse_id": evse_id, "duration": duration, "schedule_start": text(now()), "charging_rate_unit": "W",
                "charging_schedule_period": schedule["charging_schedule_period"]})

    @on("UpdateFirmware")
    def on_firmware(self, firmware, **rest):
        self.places.append(firmware["location"])
        return self.hears.UpdateFirmware(status="Accepted")

    @on("PublishFirmware")
    def on_publish(self, location, checksum, **rest):
        self.places.append((location, checksum))
        return self.hears.PublishFirmware(status="Accepted")

    @on("UnpublishFirmware")
    def on_unpublish(self, checksum, **rest):
        known = any(place[1] == checksum for place in self.places)
        return self.hears.UnpublishFirmware(status="Unpublished" if known else "NoFirmware")

    @on("GetLog")
    def on_log(self, log, **rest):
        self.places.append(log["remote_location"])
        return self.hears.GetLog(status="Accepted", filename="log.zip")


class Dutiful201(Duties, Station201):
    pass


class Dutiful21(Duties, Station21):
    pass


@pytest.fixture(params=[Dutiful201, Dutiful21], ids=["2.0.1", "2.1"])
def kind(request):
    return request.param


async def test_a_local_list_is_kept_in_step(house, stations, kind):
    for number in range(2):
        await house.api.post("/tokens", {"uid": f"0{number}CAFE"})
    station = await stations(known2(kind, house, "CS-1"))
    await house.api.patch("/stations/CS-1/local-list", {"keep": True})

    async def in_step():
        return (await house.api.get("/stations/CS-1/local-list"))["state"] == "in_step"

    await until(in_step, 10, what="the list is sent")
    assert station.updates == [("Full", 2), ("Differential", 1)]
    assert sorted(station.list) == ["00CAFE", "01CAFE", TAG]


async def test_an_evse_is_held_until_the_station_gives_it_up(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    await house.api.command("CS-1", "reserve", token=TAG, evse=1, expires_at=text(now() + later(900)))
    (held,) = await house.api.items("/reservations")
    assert held["state"] == "placed" and list(station.reservations) == [held["number"]]
    await station.ask("ReservationStatusUpdate", reservation_id=held["number"], reservation_update_status="Removed")
    assert (await house.api.get(f"/reservations/{held['id']}"))["state"] == "lost"


async def test_a_driver_uses_what_is_held(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    await house.api.command("CS-1", "reserve", token=TAG, evse=1, expires_at=text(now() + later(900)))
    (held,) = await house.api.items("/reservations")
    await station.begin(TAG, reservation_id=held["number"])
    used = await house.api.get(f"/reservations/{held['id']}")
    assert used["state"] == "used" and used["session"] is not None


async def test_a_vehicle_is_offered_a_profile(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    await station.begin(TAG)
    answer = await station.ask(
        "NotifyEVChargingNeeds", evse_id=1, charging_needs={
            "requested_energy_transfer": "AC_three_phase", "departure_time": text(now() + later(7_200)),
            "ac_charging_parameters": {
                "energy_amount": 20_000, "ev_min_current": 6, "ev_max_current": 32, "ev_max_voltage": 230}})
    assert answer.status == "Accepted"
    await until(lambda: 1 in station.profiles, what="a profile")
    offer = station.profiles[1]
    assert offer["charging_profile_purpose"] == "TxProfile" and offer["transaction_id"] == "tx-0"


async def test_limits_from_elsewhere_are_shown(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    await station.ask("NotifyChargingLimit", charging_limit={"charging_limit_source": "EMS", "is_grid_critical": True})
    (notice,) = await house.api.items("/stations/CS-1/charging-notices")
    assert notice["what"] == "limit" and notice["source"] == "EMS" and notice["told"]["grid_critical"]
    await station.ask("ClearedChargingLimit", charging_limit_source="EMS")
    assert await house.api.items("/stations/CS-1/charging-notices") == []


async def test_firmware_and_logs_go_by_their_numbers(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    await house.api.command("CS-1", "update-firmware", url="https://files.example/fw.bin")
    (job,) = await house.api.items("/jobs")
    for word, state in [("Downloading", "transferring"), ("InstallVerificationFailed", "failed")]:
        await station.ask("FirmwareStatusNotification", status=word, request_id=job["number"])
        assert (await house.api.get(f"/jobs/{job['id']}"))["state"] == state
    await house.api.command("CS-1", "get-log", kind="security")
    log = (await house.api.items("/jobs"))[0]
    assert log["file_name"] == "log.zip" and "/files/" in station.places[-1]
    await station.ask("LogStatusNotification", status="Uploaded", request_id=log["number"])
    assert (await house.api.get(f"/jobs/{log['id']}"))["state"] == "done"


async def test_a_local_controller_offers_firmware_to_the_stations_behind_it(house, stations, kind):
    """L03, L04."""
    station = await stations(known2(kind, house, "CS-1"))
    md5 = "d41d8cd98f00b204e9800998ecf8427e"
    with pytest.raises(Refused):
        await house.api.command("CS-1", "publish-firmware", url="https://files.example/fw.bin", md5="short")
    asked = await house.api.command("CS-1", "publish-firmware", url="https://files.example/fw.bin", md5=md5, retries=2)
    assert asked["phase"] == "done"
    (job,) = await house.api.items("/jobs")
    assert job["kind"] == "firmware" and job["request"]["md5"] == md5
    steps = [("Downloading", "transferring"), ("ChecksumVerified", "downloaded"), ("Published", "done")]
    for word, state in steps:
        more = {"location": ["http://10.0.0.9/fw.bin"]} if word == "Published" else {}
        await station.ask("PublishFirmwareStatusNotification", status=word, request_id=job["number"], **more)
        told = await house.api.get(f"/jobs/{job['id']}")
        assert told["state"] == state
    assert "http://10.0.0.9/fw.bin" in told["word"]
    assert (await house.api.command("CS-1", "unpublish-firmware", md5=md5))["phase"] == "done"


async def test_it_is_asked_no_more_at_once_than_it_takes(house, stations, kind):
    station = await stations(known2(kind, house, "CS-1"))
    await house.api.patch("/stations/CS-1/local-list", {"keep": True})
    await until(lambda: station.updates, 10, what="the list is sent")
    # It never said how many.
    assert set(station.questions) == {1}
    await house.api.command("CS-1", "report")
    limit = {"component": {"name": "DeviceDataCtrlr"}, "variable": {"name": "ItemsPerMessage", "instance": "GetVariables"}}
    await station.ask(
        "NotifyReport", request_id=station.reports[-1], generated_at=text(now()), seq_no=0, report_data=[
            {**limit, "variable_attribute": [{"value": "4"}]}])
    station.questions = []
    answer = await house.api.command("CS-1", "capacity")
    assert answer["phase"] in ("done", "refused") and answer["answer"]["list_entries_per_message"] == 2
    assert max(station.questions) == 4 and len(station.questions) == 2


async def test_a_component_without_a_word_of_being_available_is_there(house, stations, kind):
    """Some stations leave `Available`, and `Enabled` too, out of what they tell of their controllers."""
    station = await stations(known2(kind, house, "CS-1"))
    station.variables = {("LocalAuthListCtrlr", "ItemsPerMessage"): "1"}
    await house.api.patch("/stations/CS-1/local-list", {"keep": True})
    await until(lambda: station.list, 10, what="the list is sent")
    made = await house.api.command("CS-1", "reserve", token=TAG, evse=1, expires_at=text(now() + later(900)))
    assert made["phase"] == "done"
    profile = {
        "purpose": "any_session", "stack_level": 0, "kind": "absolute",
        "schedule": {"unit": "W", "starts_at": text(now()), "periods": [{"start_s": 0, "limit": 7_000}]}}
    assert (await house.api.command("CS-1", "set-profile", evse=1, profile=profile))["phase"] == "done"
    assert 1 in station.profiles
