"""Two event loops: stations, commands, requests and the end, whichever loop each of them is on."""

import asyncio

import httpx

from house import until
from stations import Station, connect, known

PASSWORD = "open-sesame-16-ch"


async def test_two_loops_are_one_house(daemons, stations):
    house = await daemons(loops=2)
    names = [f"CP-{number}" for number in range(1, 7)]
    # One after another, so that they are shared out in turn.
    there = [await stations(known(house, name)) for name in names]

    # A command finds its station wherever that is.
    for name, station in zip(names, there):
        assert (await house.api.command(name, "clear-cache"))["phase"] == "done"
        assert station.commands == [("ClearCache", {})]

    # Requests are answered wherever their connection came to.
    async def ask(_):
        async with httpx.AsyncClient(base_url=house.url) as http:
            return [(await http.get("/healthz")).status_code, (await http.get("/ocpi/versions")).status_code]

    assert await asyncio.gather(*map(ask, range(8))) == [[200, 401]] * 8

    # Whoever comes again is served, and the older link is closed, also where the two are on different loops.
    for name, old in zip(names, there):
        for _ in range(2):
            new = stations.keep(Station(name, await connect(house.station_url(name), name, PASSWORD)))
            assert await old.closed() == (1000, "replaced by a newer connection")
            await new.boot()
            old = new
        there[names.index(name)] = old

    async def all_online():
        return all(station["online"] for station in await house.api.items("/stations"))

    await until(all_online, what="all stations are online")
    assert await house.stop() == 0
    assert [(await station.closed())[0] for station in there] == [1001] * 6
