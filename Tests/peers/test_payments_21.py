"""Paying without being anybody's driver, with stations of PyPI `ocpp` in 2.1: the QR code on the display, the provider that
tells of a payment, and the limit that the payment is good for. The one-time password is reckoned here anew."""

import hashlib
import hmac
import time

import httpx
import pytest
from certification import Case, Kept, Stage16, Stage21, Stage201

from house import Refused, until

SIGNS = "0123456789abcdefghijklmnpqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PUBLIC = "http://charge.example"
PLACE = {"id": 1, "connectorId": 1}


def password(told, ago=0):
    """What the station shows, or showed so many of its intervals ago (OCPP 2.1 C25)."""
    interval = int(time.time()) // int(told["ValidityTime"]) - ago
    digest = hmac.new(told["SharedSecret"].encode(), interval.to_bytes(8, "big"), hashlib.sha256).digest()
    offset = digest[-1] & 15
    return "".join(SIGNS[digest[(offset + n) % 32] % len(SIGNS)] for n in range(int(told["Length"])))


def settings(answer):
    """Answers each setting alike, and remembers in `told` what it was told."""
    told = {}

    def take(asked):
        for one in asked["setVariableData"]:
            assert one["component"] == {"name": "WebPaymentsCtrlr"}
            if answer == "Accepted":
                told[one["variable"]["name"]] = one["attributeValue"]
        return {"setVariableResult": [
            {"attributeStatus": answer, "component": one["component"], "variable": one["variable"]}
            for one in asked["setVariableData"]]}

    return told, take


async def case_of(kind, house, stations):
    house.site = None
    case = await Case(house, kind).prepare()
    stations.keep(Kept(case))
    case.station.answers["NotifyWebPaymentStarted"] = {}
    return case


async def scan(house, shown, evse=1, station="CS-1", version="v1", **wishes):
    """Where a phone lands that read the code."""
    async with httpx.AsyncClient(base_url=house.url) as phone:
        answer = await phone.get(f"/api/v1/scan/{station}/{evse}/{shown}/{version}", params=wishes)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


async def test_a_code_on_the_display_leads_to_where_its_reader_pays(daemons, stations):
    house = await daemons(public_url=PUBLIC, payment_url="https://pay.example/at/{station}?evse={evse}")
    case = await case_of(Stage21, house, stations)
    told, case.station.answers["SetVariables"] = settings("Accepted")
    assert (await case.api.command("CS-1", "payment-codes", seconds=60, length=10))["phase"] == "done"
    assert told["URLTemplate"] == f"{PUBLIC}/api/v1/scan/{{chargingstationid}}/{{evse}}/{{totp}}/{{version}}"
    assert (told["TOTPVersion"], told["ValidityTime"], told["Length"], told["Enabled"]) == ("v1", "60", "10", "true")
    # What the driver chose at the display goes along; what is no figure does not.
    place = await scan(house, password(told), maxenergy="20000", maxtime="drop", maxcost="12.5", other="1")
    assert place == "https://pay.example/at/CS-1?evse=1&maxenergy=20000&maxcost=12.5"
    await until(lambda: case.station.told("NotifyWebPaymentStarted"), what="the station hears of it")
    assert case.station.told("NotifyWebPaymentStarted") == [{"evseId": 1, "timeout": 120}]
    # The same code again tells it nothing new; the one before is still good, and any older or other one is not.
    await scan(house, password(told))
    assert len(case.station.told("NotifyWebPaymentStarted")) == 1
    assert "pay.example" in await scan(house, password(told, ago=1))
    for shown, more in [
            (password(told, ago=3), {}), ("0123456789", {}), (password(told), {"evse": 9}), (password(told), {"version": "v2"}),
            (password(told), {"station": "CS-9"})]:
        assert await scan(house, shown, **more) == "/c/expired"


async def test_without_a_provider_a_code_leads_to_the_page_of_its_evse(daemons, stations):
    house = await daemons(public_url=PUBLIC)
    case = await case_of(Stage21, house, stations)
    told, case.station.answers["SetVariables"] = settings("Accepted")
    await case.api.command("CS-1", "payment-codes")
    place = await scan(house, password(told), evse=2)
    label = next(c for c in (await case.api.get("/stations/CS-1/codes"))["items"] if c["evse"] == 2)
    assert place == f"/c/{label['code']}"


async def test_a_new_secret_counts_once_the_station_took_it_and_is_shown_nowhere(daemons, stations):
    house = await daemons(public_url=PUBLIC)
    case = await case_of(Stage21, house, stations)
    first, case.station.answers["SetVariables"] = settings("Accepted")
    await case.api.command("CS-1", "payment-codes")
    _, case.station.answers["SetVariables"] = settings("Rejected")
    assert (await case.api.command("CS-1", "payment-codes"))["phase"] == "refused"
    assert await scan(house, password(first)) != "/c/expired"
    second, case.station.answers["SetVariables"] = settings("Accepted")
    await case.api.command("CS-1", "payment-codes")
    assert await scan(house, password(first)) == "/c/expired"
    assert await scan(house, password(second)) != "/c/expired"

    async def logged():
        return len([m for m in await case.api.items("/messages") if m["action"] == "SetVariables"]) >= 3

    await until(logged, 8, what="the messages are in the log")
    for list_ in ("/messages", "/stations/CS-1/commands", "/events", "/stations/CS-1/settings"):
        shown = str(await case.api.get(list_, limit=100))
        assert first["SharedSecret"] not in shown and second["SharedSecret"] not in shown, list_


async def test_codes_need_an_address_and_bounds(house, stations):
    case = await case_of(Stage21, house, stations)
    for body, field in [({"seconds": 5}, "seconds"), ({"seconds": 3_601}, "seconds"), ({"length": 5}, "length"), ({"length": 33}, "length")]:
        with pytest.raises(Refused) as refused:
            await case.api.command("CS-1", "payment-codes", **body)
        assert refused.value.problem["field"] == field


@pytest.mark.parametrize("kind", [Stage16, Stage201, Stage21], ids=["1.6", "2.0.1", "2.1"])
async def test_a_payment_that_is_sure_starts_a_session(house, stations, kind):
    case = await case_of(kind, house, stations)
    action = "RemoteStartTransaction" if kind is Stage16 else "RequestStartTransaction"
    started = await case.api.command("CS-1", "start", payment="psp-4711", evse=1, limit={"cost": "20"})
    assert started["phase"] == "accepted"
    (asked,) = case.station.told(action)
    if kind is Stage16:
        assert asked["idTag"] == "psp-4711"
        assert (await case.station.authorize("psp-4711"))["status"] == "Accepted"
        begun = await case.station.begin("psp-4711")
        assert begun["idTagInfo"]["status"] == "Accepted"
    else:
        token = {"idToken": "psp-4711", "type": "DirectPayment" if kind is Stage21 else "Central"}
        assert asked["idToken"] == token and asked["evseId"] == 1
        answer = await case.station.event(
            "Started", "RemoteStart", 0, token=token, evse=PLACE, state="Charging", wh=0,
            info={"remoteStartId": asked["remoteStartId"]})
        assert answer["idTokenInfo"]["status"] == "Accepted"
        if kind is Stage21:
            assert float(answer["transactionLimit"]["maxCost"]) == 20
    (session,) = await case.sessions()
    assert session["command"] == started["id"] and session["state"] == "active" and session["token"]["uid"] == "psp-4711"
    for wish in ({"payment": "x" * 256}, {"payment": "psp-1", "token": "04A1B2C3D4E5F6"}):
        with pytest.raises(Refused) as refused:
            await case.api.command("CS-1", "start", evse=2, **wish)
        assert refused.value.problem["field"] == "payment"
