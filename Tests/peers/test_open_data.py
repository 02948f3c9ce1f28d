"""What everybody may read: locations and tariffs as OCPI, and the publications of DATEX II, by clients without a name."""

from xml.etree import ElementTree

import httpx
import pyocpi  # noqa: F401  It says who we are before the package is read.
from py_ocpi.modules.locations.v_2_2_1.schemas import Location

from charging import TARIFF, fit, priced, tariff
from conftest import SITE
from stations import known

NAMES = {
    "aegi": "http://datex2.eu/schema/3/afirEnergyInfrastructure", "afac": "http://datex2.eu/schema/3/afirFacilities",
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
    # Of the tariffs those that drivers meet at a published place, and no drafts nor what hangs elsewhere.
    depot = next(site["id"] for site in await house.api.items("/locations") if site["name"] == "Depot")
    await stations(known(house, "CP-2", location=depot))
    for name, identity in (("PUBLIC", "CP-1"), ("STAFF", "CP-2"), ("DRAFT", None)):
        number = await tariff(house, {**TARIFF, "id": name})
        if identity:
            await fit(house, identity, number)
    told = (await read(house, "/open-data/ocpi/2.2.1/tariffs")).json()["data"]
    assert [one["id"] for one in told] == ["PUBLIC"]
    response = await read(house, "/open-data/ocpi/2.2.1/locations")
    body = response.json()
    assert body["status_code"] == 1000 and response.headers["x-total-count"] == "1"
    assert "max-age" in response.headers["cache-control"]
    place = validated(body["data"][0])
    # The package lower-cases ids.
    assert place.id.casefold() == "site-1" and body["data"][0]["id"] == "SITE-1" and place.name == "Market square"
    assert place.evses and {evse.status.value for evse in place.evses} == {"AVAILABLE"}
    assert (await read(house, "/open-data/ocpi/2.2.1/tariffs")).json()["status_code"] == 1000
    await read(house, "/open-data/ocpi/2.2.1/sessions", 404)
    async with httpx.AsyncClient(base_url=house.url) as http:
        assert (await http.post("/open-data/ocpi/2.2.1/locations")).status_code == 405


async def test_a_client_finds_its_way_from_the_versions_through_every_page(daemons, stations):
    house = await daemons(open_data="true")
    for number in range(7):
        await house.api.post("/locations", {**SITE, "ref": f"SITE-{number}", "name": f"Square {number}"})
    async with httpx.AsyncClient() as http:
        async def data(url):
            response = await http.get(url)
            assert (response.status_code, response.json()["status_code"]) == (200, 1000), response.text
            return response.json()["data"], response

        versions, _ = await data(f"{house.url}/open-data/ocpi/versions")
        assert [v["version"] for v in versions] == ["2.2.1", "2.3.0"]
        for version in versions:
            details, _ = await data(version["url"])
            assert details["version"] == version["version"]
            assert [(e["identifier"], e["role"]) for e in details["endpoints"]] == [
                ("locations", "SENDER"), ("tariffs", "SENDER")]
            url, pages, seen = details["endpoints"][0]["url"] + "?limit=3", 0, []
            while url:
                places, response = await data(url)
                assert (response.headers["x-total-count"], response.headers["x-limit"]) == ("7", "100")
                seen, pages = seen + [place["id"] for place in places], pages + 1
                url = response.links.get("next", {}).get("url")
                if version["version"] == "2.2.1":
                    assert [validated(place).name for place in places] == [place["name"] for place in places]
            assert pages == 3 and sorted(seen) == [f"SITE-{number}" for number in range(7)]
    await read(house, "/open-data/ocpi/2.1.1/locations", 404)
    await read(house, "/open-data/ocpi/2.3.0/cdrs", 404)


def validated(place):
    return Location.model_validate(place) if hasattr(Location, "model_validate") else Location(**place)


async def test_both_publications_speak_of_the_same_points(daemons, stations):
    house = await daemons(open_data="true")
    house.site = (await house.api.post("/locations", SITE))["id"]
    station = await stations(known(house, "CP-1"))
    await station.available()
    table = ElementTree.fromstring((await read(house, "/open-data/datex2/v3/table.xml")).content)
    status = ElementTree.fromstring((await read(house, "/open-data/datex2/v3/status.xml")).content)
    assert table.get(KIND) == "aegi:EnergyInfrastructureTablePublication"
    assert status.get(KIND) == "aegi:EnergyInfrastructureStatusPublication"
    site = table.find(".//aegi:energyInfrastructureSite", NAMES)
    assert site.get("id") == "SITE-1"
    assert site.find(".//loc:latitude", NAMES).text == "52.011600"
    points = [point.get("id") for point in site.findall(".//aegi:refillPoint", NAMES)]
    told = status.findall(".//aegi:refillPointStatus", NAMES)
    assert points and [point.find("afac:reference", NAMES).get("id") for point in told] == points
    assert [point.find("aegi:status", NAMES).text for point in told] == ["available"] * len(points)


async def test_the_price_without_a_contract_is_read_beside_the_point_and_its_state(daemons, stations):
    """Regulation (EU) 2023/1804, article 20(2): static and dynamic data, of which the ad hoc price is one. Prices with tax."""
    house = await daemons(open_data="true")
    house.site = (await house.api.post("/locations", SITE))["id"]
    await tariff(house, {**TARIFF, "id": "CARD", "type": "REGULAR"})
    number = await tariff(house, {**TARIFF, "type": "AD_HOC_PAYMENT"})
    await (await stations(priced(house, "CP-1", number))).available()
    table = ElementTree.fromstring((await read(house, "/open-data/datex2/v3/table.xml")).content)
    status = ElementTree.fromstring((await read(house, "/open-data/datex2/v3/status.xml")).content)
    points = table.findall(".//aegi:refillPoint", NAMES)
    assert len(points) == 2
    for point, state in zip(points, status.findall(".//aegi:refillPointStatus", NAMES)):
        rates = point.findall("aegi:energyProduct/aegi:energyRate", NAMES)
        assert [rate.find("aegi:ratePolicy", NAMES).text for rate in rates] == ["adHoc"]
        update = state.find("aegi:energyRateUpdate", NAMES)
        assert update.find("aegi:energyRateReference", NAMES).get("id") == rates[0].get("id") == f"{point.get('id')}-EVENING"
        for told in (rates[0], update):
            prices = told.findall("aegi:energyPrice", NAMES)
            assert [(p.find("aegi:priceGroupIndex", NAMES).text, p.find("aegi:priceType", NAMES).text,
                     p.find("aegi:value", NAMES).text, p.find("aegi:taxIncluded", NAMES).text) for p in prices] == [
                ("0", "pricePerKWh", "0.54", "true"), ("1", "pricePerKWh", "0.36", "true"),
                ("1", "pricePerMinute", "0.02", "true"), ("1", "pricePerMinute", "0.07", "true"),
                ("1", "basePrice", "0.91", "true")]
            evening = prices[0].find(".//com:recurringTimePeriodOfDay", NAMES)
            assert [time.text for time in evening] == ["18:05:00", "20:00:00"]
            # Two decimals are all that there are: the whole price stands in words.
            assert "0.5445 EUR" in prices[0].find("aegi:additionalInformation//com:value", NAMES).text


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
