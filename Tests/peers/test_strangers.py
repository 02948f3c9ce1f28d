"""A program of others that reads what we say with readers of its own: PyPI `ocpi-211-sdk` asks us as a partner of OCPI 2.1.1."""

import asyncio

import pytest_asyncio
from ocpplab_ocpi_211 import OcpiClient
from ocpplab_ocpi_211.core.api_error import ApiError

from charging import priced, tariff
from partners import EMSP, header


@pytest_asyncio.fixture
async def old(partners):
    return await partners(EMSP(version="2.1.1"))


async def test_a_sdk_of_others_reads_places_and_prices_of_2_1_1(house, stations, old):
    await old.join(house)
    await stations(priced(house, "CP-1", await tariff(house)))

    def read():
        # Its base is the version's own address, and its key the whole header field.
        ask = OcpiClient(base_url=f"{house.url}/ocpi/2.1.1", api_key=header(old.ours, "2.1.1"))
        [place] = ask.locations.get_locations().data
        assert ask.locations.get_location_by_location_id(place.id).data.id == place.id
        evse = place.evses[0]
        assert ask.locations.get_evse_by_location_id_and_evse_uid(place.id, evse.uid).data.uid == evse.uid
        assert ask.tariffs.get_tariffs().data[0].id == "EVENING"
        assert ask.credentials.get_credentials().data.party_id == "OST"
        try:
            ask.locations.get_location_by_location_id("NOWHERE")
            raise AssertionError("there is no such place")
        except ApiError as error:
            assert error.status_code == 404
        return place

    # Sessions and bills are not read by it: it wants their places as 2.2.1 has them.
    assert (await asyncio.to_thread(read)).id == "SITE-1"
