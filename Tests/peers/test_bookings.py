"""Bookings of OCPI 2.3.0, against a provider that is written by their text: from its request over the station's reservation to
the session and the bill, and what it hears of all that."""

import asyncio
import secrets
import time

import pytest_asyncio

from charging import fit, tariff
from house import until
from partners import EMSP, stamp
from stations2 import Station201, known2


class Booker(EMSP):
    """A provider that has bookings, and names the module as its chapter does."""

    def __init__(self, **more):
        super().__init__(version="2.3.0", **more)

    def modules(self):
        return [*super().modules(), ("Booking", "RECEIVER", "bookings")]

    async def join(self, house, **quirks):
        joined = await super().join(house, **quirks)
        # Ostler knows by now that we have bookings, and tells of its own.
        await self.explore(house.versions_url, self.ours)
        return joined

    async def take(self, request):
        answer = await super().take(request)
        return self.envelope(None) if request.method == "PATCH" else answer

    def booking(self, start, minutes=60, **more):
        """A request for a place for so many minutes."""
        return {
            **self.party, "request_id": secrets.token_hex(8), "location_id": "SITE-1", "booking_location_id": "BL-1",
            "tokens": [{**self.party, "uid": "EMP-0001", "type": "RFID", "contract_id": "DE-EMP-P-0001"}],
            "period": {"start_date_time": stamp(start), "end_date_time": stamp(start + minutes * 60)},
            "authorization_reference": f"A-{secrets.token_hex(4)}", **more}

    async def book(self, request):
        answer = await self.module("POST", "Booking", body=request)
        assert answer.code == 1000, answer.envelope
        self.flaws += self.judge("Booking", answer.data)
        return answer.data

    def states(self, booking):
        """What it was told of a booking, in order."""
        return [s.json["reservation_status"] for s in self.told("bookings", "PUT", place=[booking]) if len(s.place) == 3]

    def places(self):
        return [s for s in self.told("bookings") if len(s.place) == 4]


def minute(after=0):
    return (int(time.time()) // 60 + 1 + after) * 60


@pytest_asyncio.fixture
async def partner(partners):
    return await partners(Booker())


@pytest_asyncio.fixture
async def station(house, stations):
    station = await stations(known2(Station201, house, "CP-1", location=house.site))
    await fit(house, "CP-1", await tariff(house))
    station.held, station.freed = [], []
    station.route_map["ReserveNow"] = {"_on_action": lambda **what: station.held.append(what) or station.hears.ReserveNow(status="Accepted")}
    station.route_map["CancelReservation"] = {
        "_on_action": lambda **what: station.freed.append(what) or station.hears.CancelReservation(status="Accepted")}
    return station


async def opened(house, **terms):
    return await house.api.post("/booking-locations", {
        "location": house.site, "ref": "BL-1", "rules": {"slot_minutes": 1, "days_ahead": 7, "lead_minutes": 15}, "terms": terms})


async def test_a_booking_becomes_a_reservation_a_session_and_a_bill(house, station, partner):
    await partner.join(house)
    await opened(house, noshow_timeout=20, early_start_allowed=True, early_start_time=10)
    offers = (await partner.module("GET", "Booking", "booking_locations")).data
    assert [offer["id"] for offer in offers] == ["BL-1"] and offers[0]["calendars"][0]["available_timeslots"]
    assert not partner.judge("BookingLocation", offers[0])
    assert (await partner.give(partner.driver("EMP-0001"))).status == 201
    request = partner.booking(minute(3))
    booking = await partner.book(request)
    assert booking["reservation_status"] == "RESERVED" and booking["request_id"] == request["request_id"]
    # Within its lead the station holds the EVSE.
    await until(lambda: station.held, what="the station is asked to hold it")
    assert station.held[0]["id_token"]["id_token"] == "EMP-0001"
    evse = station.held[0]["evse_id"]
    await station.begin("EMP-0001", evse=evse, wh=1_000, transaction="T1")
    await until(lambda: "FULFILLED" in partner.states(booking["id"]), what="it is fulfilled")
    session = await until(lambda: partner.session(), what="the session")
    assert session[-1]["authorization_reference"] == request["authorization_reference"]
    await station.end("T1", 1_100)
    cdr = (await until(lambda: partner.cdrs(), what="the CDR"))[0]
    assert cdr["booking_id"] == booking["id"] and cdr["authorization_reference"] == request["authorization_reference"]
    shown = await house.api.get(f"/bookings/{booking['id']}")
    assert shown["status"] == "FULFILLED" and shown["session"] == cdr["session_id"]


async def test_it_is_changed_given_up_and_taken_once(house, station, partner):
    await partner.join(house)
    await opened(house)
    first = partner.booking(minute(120))
    booking = await partner.book(first)
    assert (await partner.book(first)) == booking
    moved = await partner.book({**first, "period": partner.booking(minute(240))["period"]})
    assert moved["id"] == booking["id"] and [r["request_status"] for r in moved["booking_requests"]] == ["ACCEPTED", "ACCEPTED"]
    # Both EVSEs are taken by then.
    other = {**partner.booking(minute(240)), "period": moved["period"], "tokens": [{**first["tokens"][0], "uid": "EMP-0002"}]}
    assert (await partner.book(other))["reservation_status"] == "RESERVED"
    third = {**other, "request_id": "R-3", "tokens": [{**first["tokens"][0], "uid": "EMP-0003"}]}
    assert (await partner.book(third))["reservation_status"] == "REJECTED"
    gone = await partner.book({**first, "period": moved["period"], "canceled": {"cancellation_reason": "TRAFFIC", "who_canceled": "EMSP"}})
    assert gone["reservation_status"] == "CANCELED" and gone["canceled"]["who_canceled"] == "EMSP"
    assert (await partner.book({**third, "request_id": "R-4"}))["reservation_status"] == "RESERVED"
    listed, _ = await partner.walk("Booking", "Booking")
    assert sorted(b["reservation_status"] for b in listed) == ["CANCELED", "REJECTED", "RESERVED", "RESERVED"]


async def test_a_provider_that_was_down_hears_the_last_state(house, station, partner):
    await partner.join(house)
    await opened(house)
    booking = await partner.book(partner.booking(minute(2)))
    await until(lambda: station.held, what="the station holds it")
    partner.mood = "failing"
    await house.api.delete(f"/bookings/{booking['id']}?reason=BROKEN_CHARGER")
    await until(lambda: station.freed, what="the station lets it go")
    await until(lambda: [a for a in partner.asked if a.status == 500], what="it was tried")
    partner.mood = "well"
    # A call of its own says that it is back.
    await partner.module("GET", "Booking")
    told = await until(lambda: partner.states(booking["id"]), what="it hears of it", seconds=90)
    assert told == ["CANCELED"]


async def test_places_are_told_and_go(house, station, partner):
    await partner.join(house)
    place = await opened(house)
    await until(lambda: partner.places(), what="the place is told")
    assert partner.places()[0].place == ["NL", "OST", "booking_locations", "BL-1"]
    await house.api.delete(f"/booking-locations/{place['id']}")
    last = await until(lambda: [s for s in partner.places() if s.method == "PATCH"], what="it is gone")
    assert last[0].json["status"] == "REMOVED"


async def test_who_does_not_have_bookings_is_not_told_of_them(house, partners, partner):
    plain = await partners(EMSP("Plain", "PLN", "2.3.0"))
    await plain.join(house)
    assert "Booking" not in plain.endpoints
    await partner.join(house)
    assert partner.endpoints["Booking"] == f"{house.url}/ocpi/2.3.0/bookings"


async def test_the_command_line_opens_books_and_takes_back(house, station):
    await house.api.post("/tokens", {"uid": "04A1B2C3"})
    place = await house.cli_json("booking", "open", str(house.site), "--slot", "60", "--days", "3", "--no-show", "20")
    assert (place["rules"]["slot_minutes"], place["terms"]["noshow_timeout"]) == (60, 20)
    [listed] = await house.cli_json("booking", "places")
    shown = await house.cli_json("booking", "place", str(listed["id"]))
    assert shown["free"] and listed["ref"] == place["ref"]
    start = (int(time.time()) // 3_600 + 3) * 3_600
    times = ("--from", stamp(start), "--to", stamp(start + 3_600))
    booking = await house.cli_json("booking", "add", str(place["id"]), "04A1B2C3", *times)
    assert booking["status"] == "RESERVED" and booking["station"] == "CP-1"
    code, _, error = await house.run("booking", "add", str(place["id"]), "04A1B2C3", *times, "--data", str(house.data))
    assert code != 0 and "has another booking at that time" in error
    code, _, error = await house.run("booking", "add", "99", "04A1B2C3", *times, "--data", str(house.data))
    assert code != 0 and "no such booking location" in error
    assert [b["id"] for b in await house.cli_json("booking", "list", "--open")] == [booking["id"]]
    gone = await house.cli_json("booking", "cancel", booking["id"], "--reason", "POWER_OUTAGE")
    assert (gone["status"], gone["canceled"]["cancellation_reason"]) == ("CANCELED", "POWER_OUTAGE")
    assert await house.cli_json("booking", "list", "--open") == []
    assert (await house.cli_json("booking", "show", booking["id"]))["requests"][0]["request_status"] == "ACCEPTED"
    await house.cli("booking", "close", str(place["id"]))
    assert await house.cli_json("booking", "places") == []


async def test_two_who_want_one_place_at_once_get_it_once(house, station, partner):
    await partner.join(house)
    await opened(house)
    evse = (await house.api.get("/stations/CP-1"))["evses"][0]["uid"]
    start = minute(120)
    wishes = [{**partner.booking(start), "booking_option": {"evse_uid": evse}} for _ in range(8)]
    for number, wish in enumerate(wishes):
        wish["tokens"] = [{**wish["tokens"][0], "uid": f"EMP-1{number:03}"}]
    made = await asyncio.gather(*(partner.book(wish) for wish in wishes))
    assert sorted(b["reservation_status"] for b in made) == ["REJECTED"] * 7 + ["RESERVED"]
