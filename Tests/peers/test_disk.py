"""Disks that are full, slow, broken or locked. Beside each of them a station's heartbeat is answered as ever; nothing is said
to be kept that is not; a full disk heals by itself, and a broken one ends the process at once, loudly."""

import asyncio
import os
import sqlite3
import time

import httpx
import pytest
import pytest_asyncio

from charging import tariff
from disk import FaultyHouse, Pulse, Supervisor, furnished
from house import Refused, until
from ledger import judge
from light import PASSWORD, Light, NotKept, fleet
from partners import EMSP
from stations import now, text

OURS = "04A1B2C3D4E5F6"
# On a machine with nothing else to do it is back within one.
RETURN_SECONDS = float(os.environ.get("OSTLER_RETURN_SECONDS", "5"))


@pytest_asyncio.fixture
async def faulty(tmp_path):
    house = await furnished(FaultyHouse(tmp_path / "data"))
    yield house
    house.disk.well()
    await house.stop()


async def light(house, identity):
    """A station that the house knows and that is connected."""
    await house.api.post("/stations", {"id": identity, "password": PASSWORD, "evses": 1})
    station = Light(house, identity, OURS)
    await station.connect()
    return station


def start(register=1_000):
    return "StartTransaction", {"connectorId": 1, "idTag": OURS, "meterStart": register, "timestamp": text(now())}


async def ready(house):
    async with httpx.AsyncClient(base_url=house.url) as http:
        return await http.get("/readyz")


async def is_ready(house):
    return (await ready(house)).status_code == 200


async def attention(house, kind="house_cannot_write"):
    return [one for one in (await house.api.get("/overview"))["needs_attention"] if one["kind"] == kind]


@pytest.mark.parametrize("full", [1, 2], ids=["nothing grows", "nothing is written"])
async def test_a_full_disk_loses_nothing_and_heals_by_itself(faulty, partners, full):
    house = faulty
    emsp = await partners(EMSP())
    await emsp.join(house)
    station, pulse = await light(house, "FULL-1"), Pulse(await light(house, "PULSE-1"))
    first = await station.call(*start())
    # Its session cannot be acknowledged as sent now: the answer could not be written, so it must not be sent in a loop.
    house.disk.full = full

    async def refused():
        """A station's call is refused, since the disk is full."""
        try:
            await station.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"})
            await station.call("MeterValues", {
                "connectorId": 1, "transactionId": first["transactionId"],
                "meterValue": [{"timestamp": text(now()), "sampledValue": [{"value": "x" * 3_000}]}]})
        except NotKept:
            return True

    await until(refused, 20, every=0)
    begun, asked, noted = time.monotonic(), len(emsp.asked), len(house.log)
    kept = len(await house.api.items("/sessions"))
    for register in range(5):
        with pytest.raises(NotKept):
            await station.call(*start(2_000 + register))
        with pytest.raises(Refused) as refusal:
            await house.api.post("/tokens", {"uid": f"FULL{register}"})
        assert refusal.value.status == 503 and "full" in refusal.value.problem["detail"]
        answer = await emsp.give(emsp.driver(f"DE-EMP-F{register}"))
        assert (answer.status, answer.code) == (500, 3000), answer.envelope
        await asyncio.sleep(0.4)
    # The page is readable, and says it.
    said = (await attention(house))[0]
    assert "full" in said["detail"] and said["since"]
    answer = await ready(house)
    assert answer.status_code == 503 and "full" in answer.json()["detail"]
    async with httpx.AsyncClient(base_url=house.url) as http:
        assert (await http.get("/")).status_code == 200 and (await http.get("/healthz")).status_code == 200
    assert len(await house.api.items("/sessions")) == kept
    # Neither the log nor the partner is flooded.
    assert len(house.events("turn failed", since=noted)) <= 1
    assert len(emsp.asked) - asked <= 3
    print(f"full for {time.monotonic() - begun:.1f} s")

    house.disk.well()
    healed = time.monotonic()
    await until(lambda: is_ready(house), 3, what="the house is ready again by itself")
    print(f"ready {time.monotonic() - healed:.2f} s after there was room")
    assert await attention(house) == []
    again = await station.call(*start(2_000))
    assert again["transactionId"] != first["transactionId"]
    assert (await emsp.give(emsp.driver("DE-EMP-F0"))).code == 1000
    events = [event["kind"] for event in await house.api.items("/events", after=0)]
    assert "house.could_not_write" in events
    slowest = await pulse.end()
    assert slowest < 1, f"a heartbeat took {slowest:.2f} s"
    print(f"{len(pulse.took)} heartbeats, the slowest {slowest * 1000:.0f} ms")


@pytest.mark.parametrize("order, only", [
    ("fail_write", b"ostler.db-wal"), ("fail_sync", b"ostler.db-wal"), ("fail_read", b"ostler.db"),
    ("fail_read", b"ostler.db-wal"), ("fail_write", b"ostler.db"), ("fail_sync", b"ostler.db")],
    ids=["writing the log", "syncing the log", "reading", "reading the log", "writing at a checkpoint",
         "syncing at a checkpoint"])
async def test_a_broken_disk_ends_the_process_at_once_and_the_next_one_has_everything(faulty, order, only):
    house = faulty
    stations = await fleet(house, 10, [OURS], await tariff(house), pause=0, days_ago=100)
    await asyncio.gather(*(station.charge() for station in stations))
    await house.restart()  # What is read comes from the disk again.
    supervisor = Supervisor(house)
    running = [asyncio.create_task(station.run()) for station in stations]
    try:
        await until(lambda: all(station.socket for station in stations))
        before = len(house.log)
        house.disk.only = only
        setattr(house.disk, order, 1)
        await until(lambda: getattr(house.disk, order) == 0 or supervisor.ends, 60, every=0.001, what="the disk fails")
        failed = time.monotonic()
        await until(lambda: supervisor.returns, 20)
        ended, code = supervisor.ends[0]
        assert code == os.EX_IOERR and ended - failed < 1
        assert supervisor.returns[0] < RETURN_SECONDS
        last = house.events("the disk failed; ending, so that nothing is made worse", since=before)[0]
        assert last["level"] == "critical" and "ostler.db" in last["cause"] and "doctor" in last["remedy"]
        print(f"ended after {max(0, ended - failed) * 1000:.0f} ms, back after {supervisor.returns[0] * 1000:.0f} ms")
        for station in stations:
            station.finish()
        await asyncio.wait_for(asyncio.gather(*running), 60)
    finally:
        await supervisor.end()
        for task in running:
            task.cancel()
    await judge(house, [entry for station in stations for entry in station.ledger], len(stations))


async def test_a_log_of_messages_that_breaks_is_said_and_hurts_nobody(faulty):
    house = faulty
    station, pulse = await light(house, "LOG-1"), Pulse(await light(house, "PULSE-1"))
    for only in (b"messages.db-wal", b"messages.db"):
        before = len(house.log)
        house.disk.only, house.disk.fail_write, house.disk.fail_read = only, 1, 1
        await station.call(*start())
        await until(lambda: house.events(since=before) or only == b"messages.db", 3)
        await station.call(*start(2_000))
        house.disk.well()
        if only == b"messages.db-wal":
            lost = house.events("messages are lost: the log of messages cannot be written", since=before)
            assert len(lost) == 1 and "messages.db" in lost[0]["cause"]
    assert await is_ready(house) and await pulse.end() < 1


async def test_a_slow_disk_makes_turns_larger_and_holds_up_no_heartbeat(faulty):
    house = faulty
    stations = await fleet(house, 30, [OURS], pause=0, readings=3)
    pulse = Pulse(await light(house, "PULSE-1"))
    for station in stations:
        await station.connect()
    house.disk.sync_ms = 400
    begun, syncs = time.monotonic(), house.disk.syncs
    pulse.took.clear()
    await asyncio.gather(*(station.charge() for station in stations))
    took, syncs = time.monotonic() - begun, house.disk.syncs - syncs
    slowest = await pulse.end()
    house.disk.well()
    messages = 30 * 5
    print(f"{messages} messages in {took:.1f} s with {syncs} syncs; the slowest of {len(pulse.took)} heartbeats {slowest * 1000:.0f} ms")
    # A heartbeat that had to wait for a sync would take as long as what is left of it; a busy machine delays one or two.
    late = sum(took > 0.2 for took in pulse.took)
    assert late < len(pulse.took) / 10, f"{late} of {len(pulse.took)} heartbeats took longer than 200 ms"
    assert syncs < messages / 2


@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
async def test_another_programs_lock_is_waited_for_and_then_said(faulty, kind):
    house = faulty
    station, pulse = await light(house, "LOCK-1"), Pulse(await light(house, "PULSE-1"))
    shell = sqlite3.connect(house.data / "ostler.db", isolation_level=None)
    # A short lock is waited for.
    shell.execute(f"BEGIN {kind}")
    asking = asyncio.create_task(station.call(*start()))
    await asyncio.sleep(0.5)
    assert not asking.done()
    shell.execute("ROLLBACK")
    await asyncio.wait_for(asking, 2)
    # A long one is said: the station comes again.
    shell.execute(f"BEGIN {kind}")
    begun = time.monotonic()
    with pytest.raises(NotKept):
        await station.call(*start(2_000))
    waited = time.monotonic() - begun
    assert 1 < waited < 4
    assert "locked" in (await attention(house))[0]["detail"] and not await is_ready(house)
    kept = await house.api.items("/sessions")
    begun = time.monotonic()
    with pytest.raises(NotKept):
        await station.call(*start(2_000))
    assert time.monotonic() - begun < 1, "the household spends its time with waiting"
    shell.execute("COMMIT")
    shell.close()
    await until(lambda: is_ready(house), 3)
    await station.call(*start(2_000))
    assert len(await house.api.items("/sessions")) == len(kept) + 1
    slowest = await pulse.end()
    print(f"waited {waited:.1f} s; the slowest of {len(pulse.took)} heartbeats {slowest * 1000:.0f} ms")
    assert slowest < 1
