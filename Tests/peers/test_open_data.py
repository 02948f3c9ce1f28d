"""What everybody may read: locations and tariffs as OCPI, and the publications of DATEX II, by clients without a name."""

from xml.etree import ElementTree

import httpx
import pyocpi  # noqa: F401  It says who we are before the package is read.
from py_ocpi.modules.locations.v_2_2_1.schemas import Location

from conftest import SITE
from stations import known

NAMES = {
    "egi": "http://datex2.eu/schema/3/energyInfrastructure", "fac": "http://datex2.eu/schema/3/facilities",
    "loc": "http://datex2.eu/schema/3/locationReferencing", "com": "http://datex2.eu/schema/3/common"}
KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"


async def read(house, path, status=200):
    async with httpx.AsyncClient(base_url=house.url) as http:
        response = await http.get(path)
    assert response.status_code == status, response.text
    return response


async def test_nothing_is_public_before_the_operator_says_so(house):
    await read(house, "/open-data/ocpi/2.2.1/locations", 404)


async def test_locations_are_read_without_credentials(daemons, stations):
    house = await daemons(open_data="true")
    house.site = (await house.api.post("/locations", SITE))["id"]
    hidden = {**SITE, "ref": "SITE-2", "name": "Depot", "published": False}
    await house.api.post("/locations", hidden)
    station = await stations(known(house, "CP-1"))
    await station.available()
    response = await read(house, "/open-data/ocpi/2.2.1/locations")
    body = response.json()
    assert body["status_code"] == 1000 and response.headers["x-total-count"] == "1"
    assert "max-age" in response.headers["cache-control"]
    place = Location.model_validate(body["data"][0]) if hasattr(Location, "model_validate") else Location(**body["data"][0])
    # The package lower-cases ids.
    assert place.id.casefold() == "site-1" and body["data"][0]["id"] == "SITE-1" and place.name == "Market square"
    assert place.evses and {evse.status.value for evse in place.evses} == {"AVAILABLE"}
    assert (await read(house, "/open-data/ocpi/2.2.1/tariffs")).json()["status_code"] == 1000
    await read(house, "/open-data/ocpi/2.2.1/sessions", 404)
    async with httpx.AsyncClient(base_url=house.url) as http:
        assert (await http.post("/open-data/ocpi/2.2.1/locations")).status_code == 405


async def test_both_publications_speak_of_the_same_points(daemons, stations):
    house = await daemons(open_data="true")
    house.site = (await house.api.post("/locations", SITE))["id"]
    station = await stations(known(house, "CP-1"))
    await station.available()
    table = ElementTree.fromstring((await read(house, "/open-data/datex2/v3/table.xml")).content)
    status = ElementTree.fromstring((await read(house, "/open-data/datex2/v3/status.xml")).content)
    assert table.get(KIND) == "egi:EnergyInfrastructureTablePublication"
    assert status.get(KIND) == "egi:EnergyInfrastructureStatusPublication"
    site = table.find(".//egi:energyInfrastructureSite", NAMES)
    assert site.get("id") == "SITE-1"
    assert site.find(".//loc:latitude", NAMES).text == "52.011600"
    points = [point.get("id") for point in site.findall(".//egi:refillPoint", NAMES)]
    told = status.findall(".//egi:refillPointStatus", NAMES)
    assert points and [point.find("fac:reference", NAMES).get("id") for point in told] == points
    assert [point.find("egi:status", NAMES).text for point in told] == ["available"] * len(points)


async def test_strangers_do_not_shut_the_shelf(daemons):
    """What nobody reads of a query makes no publication of its own, and what is new is kept however much there is."""
    house = await daemons(open_data="true")
    house.site = (await house.api.post("/locations", SITE))["id"]
    path = "/open-data/ocpi/2.2.1/locations"
    async with httpx.AsyncClient(base_url=house.url) as http:
        for number in range(250):
            await http.get(f"{path}?offset={number}&x={number}")
        # Made once: the time of its envelope is the same.
        kept = (await http.get(f"{path}?offset=1000")).content
        assert (await http.get(f"{path}?offset=1000&y=1")).content == kept
