"""OCPI 2.2.1 as a charge point operator, against an eMSP that nobody here wrote (PyPI `extrawest-ocpi`) and one written by
the text. Every object that leaves is judged by the catalogue of the specification when the partner is put away."""

import asyncio
import json
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

import pyocpi
from charging import TARIFF, priced, tariff
from conftest import SITE
from house import until
from judge import ocpi_flaws
from partners import EMSP, header, stamp
from stations import knock, known, later, now, text

KINDS = [EMSP, pyocpi.PyOCPI, lambda: pyocpi.PyOCPI(slashes=False)]
NAMES = ["by the text", "extrawest", "extrawest without slashes"]


@pytest_asyncio.fixture(params=KINDS, ids=NAMES)
async def partner(request, partners):
    return await partners(request.param())


@pytest_asyncio.fixture
async def emsp(partners):
    return await partners(EMSP())


# Registration.


async def test_a_partner_registers_with_us(house, partner):
    ours = await partner.join(house)
    assert ours["url"] == house.versions_url
    assert ours["roles"] == [{"role": "CPO", "business_details": {"name": "Ostler"}, "party_id": "OST", "country_code": "NL"}]
    found = await house.api.get(f"/partners/{partner.number}")
    assert found["state"] == "registered" and found["version"] == "2.2.1"
    assert [(r["country_code"].upper(), r["party_id"].upper(), r["role"]) for r in found["roles"]] == [("DE", "EMP", "EMSP")]
    trace = await house.api.items(f"/partners/{partner.number}/trace")
    assert [(t["step"], t["ok"]) for t in trace] == [
        ("credentials", True), ("versions", True), ("details", True), ("registered", True)]
    shown = await partner.module("GET", "credentials")
    assert shown.data["token"] == partner.ours
    # The site is told without being asked.
    await until(lambda: partner.told("locations", "PUT", place=["SITE-1"]), what="the location is pushed")


async def test_we_register_with_a_partner(house, partner):
    found = await partner.invite(house)
    assert found["state"] == "registered" and found["version"] == "2.2.1"
    assert {e["identifier"] for e in found["endpoints"]} >= {"credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands"}
    steps = [(t["step"], t["ok"]) for t in await house.api.items(f"/partners/{partner.number}/trace")]
    assert steps == [("versions", True), ("details", True), ("credentials", True)]
    assert (await partner.module("GET", "locations")).code == 1000
    await until(lambda: partner.told("locations", "PUT", place=["SITE-1"]), what="the location is pushed")
    assert partner.redirects == (0 if partner.slashes else 1)


async def test_registration_that_fails_says_where_and_can_be_tried_again(house, partner):
    good, partner.token_a = partner.token_a, "wrong-token"
    code, out, error = await house.run(
        "partner", "register", partner.versions_url, "other-token", "--allow-private", "--data", str(house.data))
    assert code != 0 and "versions" in error and "HTTP 40" in error
    number = (await house.api.items("/partners"))[0]["id"]
    assert [(t["step"], t["ok"]) for t in await house.api.items(f"/partners/{number}/trace")] == [("versions", False)]
    partner.token_a = good
    again = await house.api.post(f"/partners/{number}/register", {"token": good})
    assert again["state"] == "registered"


async def test_token_a_opens_nothing_but_registration(house, emsp):
    invitation = await house.api.post("/partners", {"name": "E", "quirks": {"allow_private": True}})
    await emsp.explore(invitation["versions_url"], invitation["token"])
    for module in ("locations", "tariffs", "cdrs", "sessions"):
        answer = await emsp.ask("GET", emsp.endpoints[module], token=invitation["token"])
        assert answer.status == 401, (module, answer.envelope)
    for wrong in ("nonsense", invitation["token"] + "x"):
        assert (await emsp.ask("GET", house.versions_url, token=wrong)).status == 401
    bare = await emsp.http.get(house.versions_url)
    assert bare.status_code == 401 and bare.json()["status_code"] == 2000
    # As many peers in the field send it: not base64.
    raw = await emsp.http.get(house.versions_url, headers={"Authorization": f"Token {invitation['token']}"})
    assert raw.status_code == 200
    # PUT and DELETE before POST; POST again afterwards.
    put = await emsp.ask("PUT", emsp.endpoints["credentials"], emsp.credentials, token=invitation["token"])
    assert put.status == 405
    assert (await emsp.ask("DELETE", emsp.endpoints["credentials"], token=invitation["token"])).status == 405
    await emsp.join(house)
    assert (await emsp.module("POST", "credentials", body=emsp.credentials)).status == 405


async def test_a_partner_rotates_and_leaves(house, partner):
    await partner.join(house)
    first = partner.ours
    partner.token = "call-me-by-this-now"
    answer = await partner.module("PUT", "credentials", body=partner.credentials)
    assert (answer.status, answer.code) == (200, 1000), answer.envelope
    # Until the new one was used the old one still works: the answer might have been lost.
    assert (await partner.module("GET", "locations")).code == 1000
    partner.ours = answer.data["token"]
    assert partner.ours != first and (await partner.module("GET", "locations")).code == 1000
    old = await partner.ask("GET", partner.endpoints["locations"], token=first)
    assert old.status == 401
    # And we call with the new one.
    begun = len(partner.told("locations"))
    number = (await house.api.items("/locations"))[0]["id"]
    await house.api.patch(f"/locations/{number}", {"name": "Market place"})
    await until(lambda: len(partner.told("locations")) > begun, what="a push with the new token")
    assert partner.told("locations")[-1].headers["authorization"] == header(partner.token)

    assert (await partner.module("DELETE", "credentials")).code == 1000
    assert (await partner.module("GET", "locations")).status == 401
    assert (await house.api.get(f"/partners/{partner.number}"))["state"] == "unregistered"


async def test_we_rotate_and_leave(house, partner):
    await partner.invite(house)
    first = partner.ours
    found = await house.api.post(f"/partners/{partner.number}/register", {})
    assert found["state"] == "registered" and partner.ours != first
    assert [s.method for s in partner.told("credentials")] == ["POST", "PUT"]
    assert (await partner.module("GET", "locations")).code == 1000
    await house.cli("partner", "unregister", str(partner.number))
    assert [s.method for s in partner.told("credentials")] == ["POST", "PUT", "DELETE"]
    assert (await partner.ask("GET", partner.endpoints["locations"], token=first)).status == 401


# What we publish, pulled and pushed.


async def test_lists_are_walked_by_their_links(house, emsp):
    for number in range(2, 8):
        await house.api.post("/locations", {**SITE, "ref": f"SITE-{number}", "name": f"Site {number}"})
    for number in range(5):
        await tariff(house, {**TARIFF, "id": f"T-{number}"})
    (await priced(house, "CP-1", (await house.api.items("/tariffs"))[0]["id"])).reader.cancel()
    await emsp.join(house)
    found, pages = await emsp.walk("locations", "Location", limit=3)
    assert sorted(x["id"] for x in found) == [f"SITE-{n}" for n in range(1, 8)] and pages == 3
    site = next(x for x in found if x["id"] == "SITE-1")
    assert [e["status"] for e in site["evses"]] == ["AVAILABLE"] * 2
    assert site["time_zone"] == "Europe/Amsterdam" and site["coordinates"] == {"latitude": "52.011600", "longitude": "4.357100"}
    found, pages = await emsp.walk("tariffs", "Tariff", limit=1)
    assert sorted(x["id"] for x in found) == [f"T-{n}" for n in range(5)] and pages == 5
    tomorrow = stamp(datetime.now(timezone.utc).timestamp() + 86_400)
    assert (await emsp.walk("locations", "Location", date_from=tomorrow))[0] == []
    rest, _ = await emsp.walk("locations", "Location", date_from="2020-01-01T00:00:00Z", date_to=tomorrow, offset=5)
    assert len(rest) == 2
    rest, pages = await emsp.walk("locations", "Location", date_from="2020-01-01T00:00:00.000Z", date_to=tomorrow, limit=2)
    assert len({x["id"] for x in rest}) == 7 and pages == 4
    one = (await emsp.module("GET", "locations", "SITE-1")).data
    assert one == site
    evse = (await emsp.module("GET", "locations", f"SITE-1/{site['evses'][0]['uid']}")).data
    assert evse == site["evses"][0]
    connector = (await emsp.module("GET", "locations", f"SITE-1/{evse['uid']}/1")).data
    assert connector == evse["connectors"][0] and connector["tariff_ids"] == ["T-0"]
    assert (await emsp.module("GET", "locations", "NOWHERE")).status == 404
    assert (await emsp.module("GET", "tariffs", "T-3")).data["id"] == "T-3"


async def test_an_offset_past_the_first_page_counts_from_the_whole(house, emsp):
    await emsp.join(house)
    answer = await emsp.module("GET", "locations", offset=5)
    assert (answer.code, answer.data, answer.headers["X-Total-Count"]) == (1000, [], "1")


@pytest.mark.parametrize("query,named", [
    ({"limit": "many"}, "limit"), ({"limit": "0"}, "limit"), ({"offset": "-1"}, "offset"), ({"date_from": "yesterday"}, "date_from"),
    ({"date_to": "2020-13-01T00:00:00Z"}, "date_to")])
async def test_bad_queries_get_2001_naming_the_field(house, emsp, query, named):
    await emsp.join(house)
    answer = await emsp.module("GET", "locations", **query)
    assert (answer.status, answer.code) == (200, 2001) and named in answer.envelope["status_message"]


async def test_changes_are_pushed_as_they_happen(house, stations, partner):
    await partner.join(house)
    number = await tariff(house)
    station = await stations(priced(house, "CP-1", number))
    await until(lambda: _connectors(partner), what="the tariff on the pushed connectors")
    pushed = partner.newest("tariffs")["NL/OST/EVENING"]
    assert pushed["elements"][0]["restrictions"] == {"start_time": "18:05", "end_time": "20:00"}
    uid = station.evses[1]
    await station.status(1, "Charging")
    await until(lambda: _status(partner, uid) == "CHARGING", what="the status of the EVSE")
    # A lost link is UNKNOWN after a while, and the old status is back with the station.
    await house.api.patch(f"/tariffs/{number}", {**TARIFF, "currency": "CHF"})
    await until(lambda: partner.newest("tariffs")["NL/OST/EVENING"]["currency"] == "CHF")


def _connectors(partner):
    """The newest connectors that were pushed, by location or by EVSE, all with their tariff."""
    evses = [s.json for s in partner.told("locations", "PUT") if len(s.place) == 4]
    for s in partner.told("locations", "PUT"):
        if len(s.place) == 3:
            evses += s.json.get("evses", [])
    fitted = {e["uid"] for e in evses if [c.get("tariff_ids") for c in e["connectors"]] == [["EVENING"]]}
    return len(fitted) == 2


def _status(partner, uid):
    """The newest status of an EVSE that was pushed, by itself or in its location."""
    status = None
    for s in partner.told("locations", "PUT"):
        for evse in [s.json] if len(s.place) == 4 else s.json.get("evses", []):
            if evse["uid"] == uid:
                status = evse["status"]
    return status


async def test_a_lost_station_is_unknown_at_the_partner(daemons, stations, emsp):
    house = await daemons(offline_seconds=0)
    house.site = (await house.api.post("/locations", SITE))["id"]
    await emsp.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    uid = station.evses[1]
    await until(lambda: _status(emsp, uid) == "AVAILABLE")
    await station.close()
    await until(lambda: _status(emsp, uid) == "UNKNOWN", what="UNKNOWN after the link is lost")
    await house.api.delete("/stations/CP-1")
    await until(lambda: _status(emsp, uid) in ("REMOVED", "gone") or not _listed(emsp, uid), what="the EVSE is gone or REMOVED")


def _listed(partner, uid):
    whole = [s.json for s in partner.told("locations", "PUT") if len(s.place) == 3]
    return any(e["uid"] == uid for e in whole[-1].get("evses", []))


# Their tokens.


async def test_tokens_are_put_patched_and_shown(house, emsp):
    await emsp.join(house)
    token = emsp.driver("DE-EMP-0001", group_id="FLEET", language="de")
    put = await emsp.give(token)
    assert (put.status, put.code) == (201, 1000)
    assert (await emsp.give(token)).status == 200
    shown = (await emsp.module("GET", "tokens", "DE/EMP/de-emp-0001")).data
    assert shown == token and ocpi_flaws("Token", shown) == []
    patch = {"valid": False, "last_updated": stamp(datetime.now(timezone.utc).timestamp() + 1)}
    assert (await emsp.module("PATCH", "tokens", "DE/EMP/DE-EMP-0001", patch)).code == 1000
    assert (await emsp.module("GET", "tokens", "DE/EMP/DE-EMP-0001", type="RFID")).data["valid"] is False
    # Older news change nothing; no date is no news; others' tokens and unknown ones are not ours to change.
    await emsp.module("PATCH", "tokens", "DE/EMP/DE-EMP-0001", {"valid": True, "last_updated": "2020-01-01T00:00:00Z"})
    assert (await emsp.module("GET", "tokens", "DE/EMP/DE-EMP-0001")).data["valid"] is False
    assert (await emsp.module("PATCH", "tokens", "DE/EMP/DE-EMP-0001", {"valid": True})).code == 2001
    assert (await emsp.module("PATCH", "tokens", "DE/EMP/NOBODY", patch)).status == 404
    assert (await emsp.module("PUT", "tokens", "FR/XYZ/1", {**token, "country_code": "FR", "party_id": "XYZ", "uid": "1"})).code == 2001
    assert (await emsp.module("PUT", "tokens", "DE/EMP/OTHER", token)).code == 2001
    missing = {k: v for k, v in token.items() if k != "contract_id"}
    answer = await emsp.module("PUT", "tokens", "DE/EMP/DE-EMP-0001", missing)
    assert answer.code == 2001 and "contract_id" in answer.envelope["status_message"]
    answer = await emsp.module("PUT", "tokens", "DE/EMP/DE-EMP-0001", {**token, "valid": "perhaps"})
    assert answer.code == 2001 and "valid" in answer.envelope["status_message"]
    assert (await emsp.module("PUT", "tokens", "DE/EMP/DE-EMP-0001", "{broken")).status == 400
    assert len(await house.api.items("/tokens", owner="partners")) == 1


async def test_real_time_authorization_follows_the_whitelist(house, stations, partner):
    await partner.join(house)
    station = await stations(known(house, "CP-1", location=house.site))
    asked = lambda: [s.place[0] for s in partner.told("tokens", "POST", status=range(200, 500))]  # noqa: E731
    for uid, whitelist in [("ALWAYS-1", "ALWAYS"), ("ALLOWED-1", "ALLOWED"), ("OFFLINE-1", "ALLOWED_OFFLINE"), ("NEVER-1", "NEVER")]:
        assert (await partner.give(partner.driver(uid, whitelist))).code == 1000
        assert (await station.authorize(uid))["status"] == "Accepted", uid
    assert asked() == ["ALLOWED-1", "OFFLINE-1", "NEVER-1"]
    assert partner.told("tokens", "POST")[0].json["location_id"] == "SITE-1"
    for verdict, status in [("BLOCKED", "Blocked"), ("EXPIRED", "Expired"), ("NO_CREDIT", "Blocked"), ("NOT_ALLOWED", "Invalid")]:
        uid = f"NEVER-{verdict}"
        await partner.give(partner.driver(uid, "NEVER"))
        partner.authorizations[uid.lower()] = verdict
        assert (await station.authorize(uid))["status"] == status, verdict
    # A token that nobody sent us is asked about only where that is switched on.
    partner.driver("SURPRISE-1", "NEVER")
    assert (await station.authorize("SURPRISE-1"))["status"] == "Invalid"
    await house.api.patch(f"/partners/{partner.number}", {"quirks": {"allow_private": True, "ask_unknown_tokens": True}})
    assert (await station.authorize("SURPRISE-1"))["status"] == "Accepted"
    assert (await station.authorize("NOBODY-AT-ALL"))["status"] == "Invalid"
    # What the partner said counts for the start that follows.
    await station.begin("NEVER-1", meter=0)
    session = await until(lambda: partner.session(), what="the session at the partner")
    assert session[-1]["auth_method"] == "AUTH_REQUEST" and session[-1]["authorization_reference"].upper() == "AUTH-NEVER-1"


async def test_a_silent_partner_and_the_whitelist(daemons, stations, emsp):
    house = await daemons(authorization_seconds=1)
    house.site = (await house.api.post("/locations", SITE))["id"]
    await emsp.join(house)
    station = await stations(known(house, "CP-1", location=house.site))
    for uid, whitelist in [("ALWAYS-1", "ALWAYS"), ("ALLOWED-1", "ALLOWED"), ("OFFLINE-1", "ALLOWED_OFFLINE"), ("NEVER-1", "NEVER")]:
        await emsp.give(emsp.driver(uid, whitelist))
    emsp.mood = "hanging"
    begin = asyncio.get_running_loop().time()
    said = {uid: (await station.authorize(uid))["status"] for uid in ("ALWAYS-1", "ALLOWED-1", "OFFLINE-1", "NEVER-1")}
    assert said == {"ALWAYS-1": "Accepted", "ALLOWED-1": "Invalid", "OFFLINE-1": "Accepted", "NEVER-1": "Invalid"}
    assert asyncio.get_running_loop().time() - begin < 5
    emsp.mood = "well"


# A whole session of a roaming driver, to the last digit.


def round4(exact):
    """Half up to four decimals, from the exact value."""
    scaled = Fraction(exact) * 10_000
    return Decimal((scaled * 2 + 1).__floor__() // 2) / 10_000


def hours(seconds):
    return round4(Fraction(seconds, 3_600))


async def test_one_roaming_session_priced_by_hand(house, stations, partner):
    await partner.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await partner.give(partner.driver("DE-EMP-C00007"))
    assert (await station.authorize("DE-EMP-C00007"))["status"] == "Accepted"

    # Yesterday evening at the site; the price changes at 18:05 between two readings, the car is full at 18:55:07.
    zone = ZoneInfo("Europe/Amsterdam")
    evening = datetime.now(zone).replace(hour=17, minute=40, second=7, microsecond=0) - timedelta(days=1)
    begin = evening.astimezone(timezone.utc)
    registers = [1_833, 3_667, 5_512, 7_340, 9_101, 12_207, 15_333]
    await station.begin("DE-EMP-C00007", meter=220_015, at=begin)
    id_ = (await until(lambda: partner.session(), what="the session at the partner"))[0]["id"]
    for place, wh in enumerate(registers):
        await station.meter(220_015 + wh, at=begin + later(600 * (place + 1)), power=11_000 + 3 * place)
        if place in (1, 4):
            await until(lambda: partner.session(id_)[-1]["kwh"] == Decimal(wh) / 1_000, what="an update at the partner")
    full = begin + later(4_500)
    await station.meter(220_015 + 16_487, at=full, power=3_000)
    await station.status(1, "SuspendedEV", at=full)
    end = begin + later(5_500)
    await station.end(220_015 + 16_488, at=end)
    cdr = (await until(lambda: partner.cdrs(), what="the CDR at the partner"))[0]
    await asyncio.sleep(0.3)
    assert len(partner.cdrs()) == 1

    # By hand. Energy at 18:05:00: 293 of the 600 seconds between 3,667 and 5,512 Wh, to the nearest 0.1 Wh.
    at_change = Decimal(round(Fraction(36_670) + Fraction(18_450 * 293, 600))) / 10_000
    assert at_change == Decimal("4.5680")
    parts = [at_change, Decimal("16.487") - at_change, Decimal("0.001")]
    change = begin + later(1_493)
    periods = cdr["charging_periods"]
    assert [p["start_date_time"] for p in periods] == [text(begin), text(change), text(full)]
    volumes = [{d["type"]: d["volume"] for d in p["dimensions"]} for p in periods]
    assert [v["ENERGY"] for v in volumes] == parts
    assert volumes[0]["TIME"] == hours(1_493) and volumes[1]["TIME"] == hours(4_500) - hours(1_493)
    assert volumes[2]["PARKING_TIME"] == hours(1_000) and "TIME" not in volumes[2]
    assert volumes[0]["MAX_POWER"] == Decimal("11.006") and volumes[1]["MAX_POWER"] == Decimal("11.018")
    assert {p["tariff_id"] for p in periods} == {"EVENING"}

    # Step sizes: 16,488 Wh become 16,500 at the last price; 1,000 s of parking become 1,200.
    energy = Fraction(30, 100) * Fraction(parts[0]) + Fraction(45, 100) * Fraction(parts[1] + parts[2] + Decimal("0.012"))
    time_ = Fraction(90, 100) * Fraction(4_500, 3_600)
    parking = Fraction(360, 100) * Fraction(1_200, 3_600)
    flat = Fraction(75, 100)
    vat = Fraction(121, 100)
    assert cdr["total_energy_cost"] == {"excl_vat": round4(energy), "incl_vat": round4(energy * vat)}
    assert cdr["total_time_cost"] == {"excl_vat": round4(time_), "incl_vat": round4(time_ * vat)}
    assert cdr["total_parking_cost"] == {"excl_vat": round4(parking), "incl_vat": round4(parking * Fraction(110, 100))}
    assert cdr["total_fixed_cost"] == {"excl_vat": round4(flat), "incl_vat": round4(flat * vat)}
    total = {
        "excl_vat": round4(energy + time_ + parking + flat),
        "incl_vat": round4((energy + time_ + flat) * vat + parking * Fraction(110, 100))}
    assert cdr["total_cost"] == total
    assert (cdr["total_energy"], cdr["total_time"], cdr["total_parking_time"]) == (Decimal("16.488"), hours(5_500), hours(1_000))
    assert (cdr["start_date_time"], cdr["end_date_time"]) == (text(begin), text(end))
    assert cdr["cdr_token"] == {**{k: v for k, v in partner.drivers["de-emp-c00007"].items() if k in (
        "country_code", "party_id", "uid", "type", "contract_id")}}
    assert cdr["auth_method"] == "WHITELIST" and cdr["currency"] == "EUR" and cdr["session_id"] == id_
    place = cdr["cdr_location"]
    assert place["evse_uid"] == station.evses[1] and place["evse_id"] == "NL*OST*ECP1*1" and place["id"] == "SITE-1"
    assert place["connector_standard"] == "IEC_62196_T2" and place["connector_power_type"] == "AC_3_PHASE"

    # The session told the same, in order.
    states = partner.session(id_)
    assert [s["status"] for s in states][0] == "ACTIVE" and states[-1]["status"] == "COMPLETED"
    assert [s["status"] for s in states].count("COMPLETED") >= 1 and len(states) >= 4
    assert [s["kwh"] for s in states] == sorted(s["kwh"] for s in states)
    assert states[-1]["total_cost"] == total and states[-1]["end_date_time"] == text(end)
    assert states[-1]["charging_periods"] == periods
    assert partner.told("sessions")[-1].at < partner.told("cdrs")[0].at

    # And whoever pulls gets the same record again, as does the operator.
    listed, _ = await partner.walk("cdrs", "CDR")
    assert listed == [cdr] and (await partner.module("GET", "cdrs", cdr["id"])).data == cdr
    pulled, _ = await partner.walk("sessions", "Session", date_from="2020-01-01T00:00:00Z")
    assert pulled == [states[-1]]
    assert (await partner.module("GET", "sessions")).code == 2001
    kept = await house.api.get(f"/cdrs/{cdr['id']}")
    assert Decimal(kept["cost"]["excl_vat"]) == total["excl_vat"] and Decimal(kept["cost"]["incl_vat"]) == total["incl_vat"]
    assert [p["state"] for p in kept["pushes"]] == ["sent"]


async def test_a_driver_of_ours_is_told_to_nobody(house, stations, emsp):
    await emsp.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("04A1B2C3D4E5F6", meter=0, at=now() - later(600))
    await station.end(1_000)
    assert (await emsp.walk("cdrs", "CDR"))[0] == [] and emsp.session() == [] and emsp.cdrs() == []


async def test_one_partner_sees_nothing_of_another(house, stations, partners):
    one, two = await partners(EMSP("One", "ONE")), await partners(EMSP("Two", "TWO"))
    await one.join(house)
    await two.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await one.give(one.driver("ONE-1"))
    await station.begin("ONE-1", meter=0, at=now() - later(600))
    await station.end(1_000)
    cdr = (await until(lambda: one.cdrs()))[0]
    assert (await two.walk("cdrs", "CDR"))[0] == []
    assert (await two.module("GET", "cdrs", cdr["id"])).status == 404
    assert (await two.module("GET", "sessions", cdr["session_id"])).status == 404
    assert (await two.module("GET", "tokens", "DE/ONE/ONE-1")).code == 2001
    answer, _ = await two.command("STOP_SESSION", session_id=cdr["session_id"])
    assert answer.data["result"] == "UNKNOWN_SESSION"
    assert two.session() == [] and two.cdrs() == []


# Their commands.


async def test_start_and_stop_by_the_partner(house, stations, partner):
    await partner.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    station.starts_itself = False
    token = partner.driver("DE-EMP-REMOTE-00000000042", type="APP_USER")
    answer, uid = await partner.command(
        "START_SESSION", token=token, location_id="SITE-1", evse_uid=station.evses[2], connector_id="1",
        authorization_reference="REF-4711")
    assert answer.data["result"] == "ACCEPTED" and answer.data["timeout"] > 0
    await until(lambda: partner.results(uid), what="the late result")
    assert partner.results(uid) == ["ACCEPTED"]
    pending = (await until(lambda: partner.session(), what="a pending session"))[0]
    assert pending["status"] == "PENDING" and pending["authorization_reference"] == "REF-4711" and pending["kwh"] == 0

    asked = station.commands[0][1]
    assert asked["connector_id"] == 2 and len(asked["id_tag"]) <= 20
    begin = now() - later(1_800)
    assert (await station.begin(asked["id_tag"], connector=2, meter=50_000, at=begin)).id_tag_info["status"] == "Accepted"
    await until(lambda: partner.session()[-1]["status"] == "ACTIVE", what="ACTIVE at the partner")
    await station.meter(53_000, at=begin + later(900), connector=2)
    station.register = 55_000

    id_ = pending["id"]
    answer, stop = await partner.command("STOP_SESSION", session_id=id_)
    assert answer.data["result"] == "ACCEPTED"
    await until(lambda: partner.results(stop) == ["ACCEPTED"], what="the late result of the stop")
    cdr = (await until(lambda: partner.cdrs(), what="the CDR"))[0]
    assert cdr["auth_method"] == "COMMAND" and cdr["authorization_reference"] == "REF-4711" and cdr["session_id"] == id_
    assert cdr["cdr_token"]["uid"] == "DE-EMP-REMOTE-00000000042" and cdr["cdr_token"]["type"] == "APP_USER"
    assert cdr["total_energy"] == 5 and cdr["cdr_location"]["evse_uid"] == station.evses[2]
    states = [s["status"] for s in partner.session(id_)]
    assert states[0] == "PENDING" and "ACTIVE" in states and states[-1] == "COMPLETED"
    again, _ = await partner.command("STOP_SESSION", session_id=id_)
    assert again.data["result"] == "UNKNOWN_SESSION"
    assert len(partner.cdrs()) == 1 and partner.results(uid) == ["ACCEPTED"]


async def test_unlock_by_the_partner(house, stations, partner):
    await partner.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    where = {"location_id": "SITE-1", "evse_uid": station.evses[2], "connector_id": "1"}
    answer, uid = await partner.command("UNLOCK_CONNECTOR", **where)
    assert answer.data["result"] == "ACCEPTED"
    await until(lambda: partner.results(uid) == ["ACCEPTED"])
    assert station.commands == [("UnlockConnector", {"connector_id": 2})]
    station.refuses = {"UnlockConnector"}
    answer, uid = await partner.command("UNLOCK_CONNECTOR", **where)
    await until(lambda: partner.results(uid))
    assert partner.results(uid)[0] in ("REJECTED", "FAILED")
    # Another driver charges there.
    await station.begin("04A1B2C3D4E5F6", connector=2, meter=0)
    answer, _ = await partner.command("UNLOCK_CONNECTOR", **where)
    assert answer.data["result"] == "REJECTED"


async def test_commands_that_cannot_be(house, stations, emsp):
    await emsp.join(house)
    station = await stations(priced(house, "CP-1", await tariff(house)))
    token = emsp.driver("DE-EMP-1")
    where = {"location_id": "SITE-1", "evse_uid": station.evses[1]}
    reject = lambda answer: (answer.code, answer.data and answer.data["result"])  # noqa: E731

    answer, _ = await emsp.command("START_SESSION", token=token, location_id="NOWHERE")
    assert answer.code == 2003
    answer, _ = await emsp.command("START_SESSION", token=token, location_id="SITE-1", evse_uid="nothing")
    assert reject(answer) == (1000, "REJECTED")
    answer, _ = await emsp.command("START_SESSION", token={**token, "valid": False}, **where)
    assert reject(answer) == (1000, "REJECTED")
    answer, _ = await emsp.command("START_SESSION", token={**token, "party_id": "XXX"}, **where)
    assert answer.code == 2001
    answer, _ = await emsp.command("START_SESSION", **where)
    assert answer.code == 2001 and "token" in answer.envelope["status_message"]
    answer, _ = await emsp.command("STOP_SESSION", session_id="no-such-session")
    assert reject(answer) == (1000, "UNKNOWN_SESSION")
    answer, _ = await emsp.command("RESERVE_NOW", token=token, expiry_date=stamp(), reservation_id="1", **where)
    assert reject(answer) == (1000, "REJECTED")
    answer, _ = await emsp.command("MAKE_COFFEE")
    assert answer.code in (1000, 2000, 2001) and reject(answer)[1] in (None, "NOT_SUPPORTED")
    assert station.commands == []

    # The same command again, because an answer was lost, is not a second one.
    station.starts_itself = False
    answer, uid = await emsp.command("START_SESSION", token=token, **where)
    assert reject(answer) == (1000, "ACCEPTED")
    await until(lambda: emsp.results(uid) == ["ACCEPTED"])
    body = {"response_url": f"{emsp.url}/ocpi/emsp/2.2.1/commands/{uid}", "token": token, **where}
    again = await emsp.ask("POST", f"{emsp.endpoints['commands']}/START_SESSION", body)
    assert reject(again) == (1000, "ACCEPTED")
    await asyncio.sleep(0.3)
    assert len(station.commands) == 1 and len({s["id"] for s in emsp.session()}) == 1

    # The station says no: no session, and no bill.
    station.refuses = {"RemoteStartTransaction"}
    answer, uid = await emsp.command("START_SESSION", token=token, **{**where, "evse_uid": station.evses[2]})
    assert reject(answer) == (1000, "ACCEPTED")
    await until(lambda: emsp.results(uid) == ["REJECTED"])
    await until(lambda: emsp.session()[-1]["status"] == "INVALID", what="the session that never was")
    assert emsp.cdrs() == []

    # The station is gone.
    await station.close()
    await until(lambda: _offline(house, "CP-1"))
    answer, _ = await emsp.command("START_SESSION", token=token, **where)
    assert reject(answer) == (1000, "REJECTED")


async def _offline(house, identity):
    return not (await house.api.get(f"/stations/{identity}"))["online"]


async def test_a_result_goes_to_no_stranger(house, stations, emsp):
    """Without `allow_private`, a partner at a private address is not called; with it, everything is open on purpose."""
    invitation = await house.api.post("/partners", {"name": "Sly"})
    await emsp.explore(invitation["versions_url"], invitation["token"])
    answer = await emsp.ask("POST", emsp.endpoints["credentials"], emsp.credentials, token=invitation["token"])
    assert answer.code == 3001 and not emsp.told("versions")


async def test_an_unknown_address_under_ocpi(house, emsp):
    await emsp.join(house)
    for path in ("/ocpi", "/ocpi/2.2.1/nothing", "/ocpi/9.9", "/ocpi/2.2.1/cdrs/%2e%2e/%2e%2e/%2e%2e/api/v1/me"):
        answer = await emsp.ask("GET", house.url + path)
        assert answer.status == 404 and answer.code == 2000, path
    assert (await emsp.ask("POST", emsp.endpoints["locations"], {})).status == 405
    # Both forms of an address, without a redirect.
    assert (await emsp.ask("GET", emsp.endpoints["locations"] + "/")).code == 1000
