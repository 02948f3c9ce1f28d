"""OCPI 2.2.1 with PyPI `python-ocpi`, which nobody here wrote and which refuses or fails over much of what the text allows: as an
eMSP and as an operator of stations."""

from test_provider import CARD, drivers, first  # noqa: F401 (a fixture)

from charging import priced, tariff
from flaskocpi import FlaskCPO, FlaskOCPI
from house import until
from stations import later, now

# Three failures in a row, one, two and four seconds apart at most by a quarter more, and what stands behind them.
SECONDS = 15


async def rows(house, partner, module):
    return [row for row in await house.api.items(f"/partners/{partner.number}/pushes") if row["module"] == module]


async def parked(house, partner, module, why):
    return [row for row in await rows(house, partner, module) if row["state"] == "parked" and why in row["last_error"]]


async def test_what_it_refuses_or_fails_over_holds_up_nothing(house, stations, partners):
    partner = await partners(FlaskOCPI())
    found = await partner.invite(house)
    assert (found["state"], found["version"]) == ("registered", "2.2.1")
    await partner.give(partner.driver("EMP-0001"))
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("EMP-0001", at=now() - later(3_600))
    await until(lambda: partner.told("sessions", "PUT", status=[400]), SECONDS, what="the session, which it refuses")
    # Of a location that it refused it has no EVSE, and it fails over each: what stands behind them does not wait.
    assert await parked(house, partner, "locations", "'state' is a required property")
    assert await parked(house, partner, "sessions", "'kWh' is a required property")
    assert any("3000" in row["last_error"] for row in await rows(house, partner, "evses") if row["last_error"])
    await station.end(2_000)
    await until(lambda: partner.told("cdrs", "POST", status=[404]), SECONDS, what="the CDR, which it has no way to take")
    assert "EVENING" in partner.books["tariffs"].tariffs
    # With the province it takes the location, and then its EVSEs.
    number = (await house.api.items("/locations"))[0]["id"]
    await house.api.patch(f"/locations/{number}", {"state": "Zuid-Holland"})
    place = await until(lambda: partner.books["locations"].locations.get("SITE-1"), SECONDS, what="the location")
    assert place["state"] == "Zuid-Holland" and len(place["evses"]) == 2
    await house.api.post(f"/partners/{partner.number}/redeliver", {})

    async def told():
        return not await rows(house, partner, "evses") and not await rows(house, partner, "locations")

    await until(told, SECONDS, what="all of the place")
    assert set(station.evses.values()) <= set(partner.books["locations"].locations["SITE-1"])


async def test_its_stations_are_read_and_our_drivers_charge_there(drivers, partners):  # noqa: F811
    network = await partners(FlaskCPO())
    found = await network.enrol(drivers, drivers.party)
    assert (found["state"], found["version"]) == ("registered", "2.2.1")
    place = await first(drivers, "/roaming/locations")
    assert (place["name"], place["city"], place["available"]) == ("Place LOC-000", "Gent", 1)
    assert (await first(drivers, "/roaming/tariffs"))["currency"] == "EUR"
    await until(lambda: network.books["tokens"].tokens.get(CARD), 10, what="our driver's token")
    code, out, error = await drivers.run(
        "roaming", "start", str(place["id"]), CARD, "--evse", "LOC-000-E1", "--wait", "0", "--data", str(drivers.data))
    assert code == 0, error
    name, command = (await until(lambda: network.commands, 10, what="the command"))[0]
    assert (name, command["token"]["uid"], command["location_id"]) == ("START_SESSION", CARD, "LOC-000")
    assert (await network.ask("POST", command["response_url"], {"result": "ACCEPTED"})).code == 1000
    told = network.told_session(command["token"], authorization_reference=command["authorization_reference"])
    party = f"{network.party['country_code']}/{network.party['party_id']}"
    assert (await network.module("PUT", "sessions", f"{party}/{told['id']}", told)).status == 201
    bill = network.cdr(told, told["start_date_time"], told["last_updated"])
    assert (await network.module("POST", "cdrs", body=bill)).code == 1000
    kept = await first(drivers, "/roaming/cdrs")
    assert kept["ref"] == bill["id"]
