"""What stations of OCPP 2.0.1 and 2.1 tell of themselves, told by stations that nobody here wrote: settings in as many
messages as they take, device model, monitors and alerts, streams, displays, and what they know of a customer."""

import pytest
from ocpp.routing import after, on

from house import Refused, until
from stations import now, text
from stations2 import Station21, Station201, known2

LIMITS = {
    ("DeviceDataCtrlr", "ItemsPerMessage", "SetVariables"): "2", ("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables"): "2",
    ("DeviceDataCtrlr", "BytesPerMessage", "SetVariables"): "4096", ("DeviceDataCtrlr", "BytesPerMessage", "GetVariables"): "4096"}


class Device:
    """A station with a device model, monitors and a display."""

    def __init__(self, identity, socket):
        super().__init__(identity, socket)
        self.values = {
            **LIMITS, ("OCPPCommCtrlr", "HeartbeatInterval", None): "300", ("TxCtrlr", "EVConnectionTimeOut", None): "60",
            ("SecurityCtrlr", "Identity", None): identity}
        self.monitors = {}
        self.shown = {}

    @staticmethod
    def place(item):
        return item["component"]["name"], item["variable"]["name"], item["variable"].get("instance")

    @on("SetVariables")
    def on_set(self, set_variable_data, **rest):
        self._heard("SetVariables", data=set_variable_data)
        results = []
        for item in set_variable_data:
            known = self.place(item) in self.values
            if known:
                self.values[self.place(item)] = item["attribute_value"]
            results.append({
                "attribute_status": "Accepted" if known else "UnknownVariable", "component": item["component"],
                "variable": item["variable"]})
        return self.hears.SetVariables(set_variable_result=results)

    @on("GetVariables")
    def on_get(self, get_variable_data, **rest):
        self._heard("GetVariables", data=get_variable_data)
        results = []
        for item in get_variable_data:
            value = self.values.get(self.place(item))
            told = {"attribute_status": "UnknownVariable"} if value is None else {
                "attribute_status": "Accepted", "attribute_value": value}
            results.append({**told, "component": item["component"], "variable": item["variable"]})
        return self.hears.GetVariables(get_variable_result=results)

    @on("GetBaseReport")
    def on_base_report(self, **what):
        return self._answer("GetBaseReport", **what)

    @after("GetBaseReport")
    async def after_base_report(self, request_id, **rest):
        values = list(self.values.items())
        for number, part in enumerate([values[:3], values[3:]]):
            await self.ask(
                "NotifyReport", request_id=request_id, generated_at=text(now()), seq_no=number, tbc=number == 0, report_data=[{
                    "component": {"name": component}, "variable": {"name": variable, **({"instance": instance} if instance else {})},
                    "variable_attribute": [{"value": value, "mutability": "ReadWrite"}],
                    "variable_characteristics": {"data_type": "string", "supports_monitoring": False}}
                    for (component, variable, instance), value in part])

    @on("SetNetworkProfile")
    def on_network(self, **what):
        return self._answer("SetNetworkProfile", **what)

    @on("SetMonitoringBase")
    def on_base(self, **what):
        return self._answer("SetMonitoringBase", **what)

    @on("SetMonitoringLevel")
    def on_level(self, **what):
        return self._answer("SetMonitoringLevel", **what)

    @on("SetVariableMonitoring")
    def on_monitor(self, set_monitoring_data, **rest):
        results = []
        for item in set_monitoring_data:
            number = len(self.monitors) + 1
            self.monitors[number] = item
            results.append({
                "id": number, "status": "Accepted", "type": item["type"], "severity": item["severity"],
                "component": item["component"], "variable": item["variable"]})
        return self.hears.SetVariableMonitoring(set_monitoring_result=results)

    @on("ClearVariableMonitoring")
    def on_clear_monitors(self, id, **rest):
        return self.hears.ClearVariableMonitoring(clear_monitoring_result=[
            {"id": number, "status": "Accepted" if self.monitors.pop(number, None) else "NotFound"} for number in id])

    @on("GetMonitoringReport")
    def on_monitoring_report(self, **what):
        return self._answer("GetMonitoringReport", **what)

    @after("GetMonitoringReport")
    async def after_monitoring_report(self, request_id, **rest):
        origin = {"event_notification_type": "CustomMonitor"} if isinstance(self, Station21) else {}
        await self.ask(
            "NotifyMonitoringReport", request_id=request_id, seq_no=0, generated_at=text(now()), monitor=[{
                "component": item["component"], "variable": item["variable"], "variable_monitoring": [{
                    "id": number, "transaction": False, "value": item["value"], "type": item["type"],
                    "severity": item["severity"], **origin}]}
                for number, item in self.monitors.items()])

    @on("SetDisplayMessage")
    def on_show(self, message, **rest):
        if self._heard("SetDisplayMessage", message=message):
            self.shown[message["id"]] = message
        return self.hears.SetDisplayMessage(status="Rejected" if "SetDisplayMessage" in self.refuses else "Accepted")

    @on("ClearDisplayMessage")
    def on_unshow(self, id, **rest):
        return self.hears.ClearDisplayMessage(status="Accepted" if self.shown.pop(id, None) else "Unknown")

    @on("GetDisplayMessages")
    def on_shown(self, **what):
        return self._answer("GetDisplayMessages", no="Unknown", **what)

    @after("GetDisplayMessages")
    async def after_shown(self, request_id, **rest):
        await self.ask("NotifyDisplayMessages", request_id=request_id, message_info=list(self.shown.values()))

    @on("CustomerInformation")
    def on_customer(self, **what):
        return self._answer("CustomerInformation", **what)

    @after("CustomerInformation")
    async def after_customer(self, request_id, report, **rest):
        for number, words in enumerate(["3 sessions, ", "last on Monday"] if report else []):
            await self.ask(
                "NotifyCustomerInformation", data=words, seq_no=number, tbc=number == 0, generated_at=text(now()),
                request_id=request_id)


class Device201(Device, Station201):
    pass


class Device21(Device, Station21):
    pass


@pytest.fixture(params=[Device201, Device21], ids=["2.0.1", "2.1"])
def kind(request):
    return request.param


async def ready(kind, house, stations):
    station = await stations(known2(kind, house, "CS-1", location=house.site))
    ask = lambda verb, **body: house.api.command("CS-1", verb, **body)  # noqa: E731
    return station, ask


async def ended(house, kind):
    async def done():
        reports = (await house.api.get("/stations/CS-1/reports", kind=kind))["items"]
        return reports and reports[0]["ended_at"] and reports[0]
    return await until(done, what=f"the report of {kind} ends")


async def test_the_device_model_is_told_part_by_part_and_settings_go_in_messages_that_fit(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    assert (await ask("report"))["phase"] == "done"
    report = await ended(house, "settings")
    assert report["parts"] == 2 and report["missing"] == 0
    told = (await house.api.get("/stations/CS-1/settings"))["items"]
    assert len(told) == len(station.values)
    assert [one["value"] for one in told if one["key"] == "DeviceDataCtrlr.ItemsPerMessage[SetVariables]"] == ["2"]

    settings = [{"key": f"{c}.{v}", "value": "77"} for c, v, i in station.values if not i]
    done = await ask("set-configuration", settings=settings)
    assert done["phase"] == "done" and len(done["answer"]["settings"]) == len(settings)
    assert [len(what["data"]) for name, what in station.commands if name == "SetVariables"] == [2, 1]
    got = await ask("get-configuration", keys=[one["key"] for one in settings] + ["No.Such"])
    assert [one["value"] for one in got["answer"]["settings"]] == ["77"] * len(settings)
    assert got["answer"]["unknown"] == [{"key": "No.Such", "status": "UnknownVariable"}]

    plain = await ask("set-configuration", key="HeartbeatInterval", value="120")
    assert plain["phase"] == "done"
    assert station.values[("OCPPCommCtrlr", "HeartbeatInterval", None)] == "120"
    refused = await ask("set-configuration", key="No.Such", value="1")
    assert refused["phase"] == "refused" and refused["answer"]["settings"][0]["status"] == "UnknownVariable"


async def test_a_template_sets_what_differs(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    await ask("report")
    await ended(house, "settings")
    template = await house.api.post("/setting-templates", {
        "name": "All", "settings": {"OCPPCommCtrlr.HeartbeatInterval": "300", "TxCtrlr.EVConnectionTimeOut": "90"}})
    differs = (await house.api.get("/stations/CS-1/settings/differences", template=template["id"]))["items"]
    assert differs == [{"key": "TxCtrlr.EVConnectionTimeOut", "wanted": "90", "actual": "60"}]
    assert (await ask("apply-settings", template=template["id"]))["phase"] == "done"
    assert station.values[("TxCtrlr", "EVConnectionTimeOut", None)] == "90"
    assert (await house.api.get("/stations/CS-1/settings/differences", template=template["id"]))["items"] == []


async def test_monitors_are_set_told_and_taken_back_and_their_alerts_wait(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    assert (await ask("monitoring-base", base="all"))["phase"] == "done"
    assert (await ask("monitoring-level", severity=5))["phase"] == "done"
    wish = {"key": "EVSE#1.Temperature", "kind": "above", "value": "80.5", "severity": 2}
    assert (await ask("monitor", monitors=[wish]))["answer"]["monitors"][0]["monitor"] == 1
    assert (await ask("monitoring-report"))["phase"] == "done"
    await ended(house, "monitors")
    kept = (await house.api.get("/stations/CS-1/monitors"))["items"]
    assert [(one["monitor"], one["key"], one["value"]) for one in kept] == [(1, "EVSE#1.Temperature", "80.5")]

    async def alert(number, value, **more):
        await station.ask("NotifyEvent", generated_at=text(now()), seq_no=0, event_data=[{
            "event_id": number, "timestamp": text(now()), "trigger": "Alerting", "actual_value": value,
            "component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Temperature"},
            "event_notification_type": "CustomMonitor", "variable_monitoring_id": 1, **more}])

    await alert(1, "82")
    assert [one["value"] for one in (await house.api.get("/alerts", open="true"))["items"]] == ["82"]
    await alert(2, "75", cleared=True)
    assert (await house.api.get("/alerts", open="true"))["items"] == []

    assert (await ask("clear-monitors", monitors=[1]))["phase"] == "done"
    assert (await house.api.get("/stations/CS-1/monitors"))["items"] == []


async def test_messages_are_shown_told_and_taken_back(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    assert (await ask("show-message", text="Out of order", language="en", priority="always_front"))["phase"] == "done"
    assert (await ask("list-messages"))["phase"] == "done"
    await ended(house, "messages")
    shown = (await house.api.get("/stations/CS-1/display-messages"))["items"]
    assert [(one["message"], one["text"], one["priority"]) for one in shown] == [(1, "Out of order", "always_front")]
    assert (await ask("clear-message", message=1))["phase"] == "done"
    assert station.shown == {} and (await house.api.get("/stations/CS-1/display-messages"))["items"] == []


async def test_a_message_of_a_session_goes_with_it(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    await station.begin("04A1B2C3D4E5F6", transaction="tx-7")
    for words, more in [("Charging", {"transaction": "tx-7"}), ("Open day and night", {})]:
        assert (await ask("show-message", text=words, **more))["phase"] == "done"

    async def shown():
        return [one["text"] for one in (await house.api.get("/stations/CS-1/display-messages"))["items"]]

    assert await shown() == ["Charging", "Open day and night"]
    await station.end("tx-7")
    assert await shown() == ["Open day and night"]


async def test_what_a_station_knows_of_a_customer_is_told(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    assert (await ask("customer-information", identifier="C-17", report=True, clear=True))["phase"] == "done"
    assert (await ended(house, "customer"))["text"] == "3 sessions, last on Monday"
    assert station.commands[-1][1]["clear"] is True


async def test_a_network_profile_is_put_into_a_slot(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    done = await ask("network-profile", slot=2, url="wss://csms.example.com/ocpp", security_profile=2, interface="wired0")
    assert done["phase"] == "done"
    what = dict(station.commands)["SetNetworkProfile"]
    assert what["configuration_slot"] == 2 and what["connection_data"]["ocpp_csms_url"] == "wss://csms.example.com/ocpp"


async def test_a_network_profile_is_put_to_use_step_by_step(house, stations, kind):
    station, ask = await ready(kind, house, stations)
    station.values["OCPPCommCtrlr", "NetworkConfigurationPriority", None] = "1"
    written = {"slot": 2, "url": "wss://csms.example.com/ocpp", "security_profile": 2}
    await ask("network-profile", **written, use={"slots": [2, 1], "restart": True})
    await until(lambda: "Reset" in dict(station.commands), what="the station is restarted")
    assert [action for action, _ in station.commands[-3:]] == ["SetNetworkProfile", "SetVariables", "Reset"]
    assert station.values["OCPPCommCtrlr", "NetworkConfigurationPriority", None] == "2,1"

    async def steps():
        told = await house.api.items("/stations/CS-1/commands")
        return [(c["verb"], c["phase"]) for c in told if c["verb"] in ("network-profile", "use-network", "reset")]

    async def all_done():
        return await steps() == [("reset", "done"), ("use-network", "done"), ("network-profile", "done")]

    await until(all_done, what="each step has its answer")
    # Where the station says no, it stays with what it has.
    station.refuses = {"SetNetworkProfile"}
    assert (await ask("network-profile", **written, use={"slots": [2, 1], "restart": True}))["phase"] == "refused"
    station.values.pop(("OCPPCommCtrlr", "NetworkConfigurationPriority", None))
    assert (await ask("use-network", slots=[1], restart=True))["phase"] == "refused"
    assert sum(action == "Reset" for action, _ in station.commands) == 1


async def test_an_order_of_networks_that_makes_no_sense_is_refused(house, stations, kind):
    _, ask = await ready(kind, house, stations)
    for slots in ([], [1, 1], [99]):
        with pytest.raises(Refused) as refused:
            await ask("use-network", slots=slots)
        assert refused.value.problem["field"] == "slots"
    with pytest.raises(Refused) as refused:
        await ask("network-profile", slot=2, url="wss://x.example", security_profile=2, use={"slots": [1]})
    assert refused.value.problem["field"] == "use.slots"
