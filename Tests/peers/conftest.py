"""What the tests share: daemons on folders of their own, the things of a small operator, and peers that are put away."""

import os

import pytest
import pytest_asyncio

from house import BINARY, Daemon
from stations import Station

SITE = {
    "ref": "SITE-1", "name": "Market square", "address": "Markt 1", "city": "Delft", "postal_code": "2611GP",
    "country": "NLD", "latitude": "52.011600", "longitude": "4.357100", "time_zone": "Europe/Amsterdam"}


def pytest_sessionstart(session):
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"there is no daemon at {BINARY}: build it, or say where it is with OSTLER", returncode=2)


@pytest_asyncio.fixture
async def daemons(tmp_path):
    """Makes daemons; each is stopped after the test, and a log line of an error fails it unless it was `forgiven`."""
    made = []

    async def make(name="data", forgiven=(), **settings):
        daemon = await Daemon(tmp_path / name, **settings).start()
        made.append((daemon, forgiven))
        return daemon

    yield make
    for daemon, _ in made:
        await daemon.stop()
    for daemon, forgiven in made:
        bad = [line for line in daemon.complaints() if not any(word in line for word in forgiven)]
        assert not bad, "the daemon logged errors:\n" + "\n".join(bad)


@pytest_asyncio.fixture
async def house(daemons):
    """One daemon with an owner, a key, a site, and one token of its own."""
    daemon = await daemons()
    daemon.site = (await daemon.api.post("/locations", SITE))["id"]
    await daemon.api.post("/tokens", {"uid": "04A1B2C3D4E5F6"})
    return daemon


@pytest_asyncio.fixture
async def stations():
    """Keeps stations to close them at the end; all that the daemon sent to them is judged by the official schemas."""
    kept = []

    class Keeper:
        async def __call__(self, coming):
            made = await coming
            station = made[0] if isinstance(made, tuple) else made
            kept.append(station)
            return made

        def keep(self, station: Station):
            kept.append(station)
            return station

    yield Keeper()
    flaws = []
    for station in kept:
        await station.close()
        flaws += [f"{station.id}: {flaw}" for flaw in station.tape.flaws()]
    assert not flaws, "\n".join(flaws)


@pytest_asyncio.fixture
async def partners():
    """Starts partners; at the end all that Ostler sent them is judged by the catalogue."""
    kept = []

    async def start(partner):
        kept.append(partner)
        return await partner.start()

    yield start
    flaws = []
    for partner in kept:
        await partner.close()
        flaws += [f"{partner.name}: {flaw}" for flaw in partner.judgement()]
    assert not flaws, "\n".join(sorted(set(flaws)))
