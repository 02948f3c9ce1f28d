"""The daemon ends at random moments under the load of fifty stations, by kill -9, politely, or because the power of its disk
goes: what was acknowledged is in the books after the restart, once, and every CDR reaches the partner under one id with the
same bytes. OSTLER_KILLS=100, OSTLER_STOPS=100 and OSTLER_CUTS=200 are the full runs; a failure prints its seed, and
OSTLER_SEED repeats its dice."""

import asyncio
import json
import os
import random
import time
from decimal import Decimal

from charging import tariff
from disk import FaultyHouse, furnished
from house import Daemon, until
from ledger import drained, judge, judge_partner
from light import fleet
from partners import EMSP
from stations import known

KILLS = int(os.environ.get("OSTLER_KILLS", "5"))
STOPS = int(os.environ.get("OSTLER_STOPS", "3"))
CUTS = int(os.environ.get("OSTLER_CUTS", "8"))
SEED = int(os.environ.get("OSTLER_SEED", random.randrange(2**32)))
STATIONS = 50
OURS = "04A1B2C3D4E5F6"


async def test_nothing_acknowledged_is_lost_by_kill_9(house, partners):
    async def end(dice):
        await asyncio.sleep(dice.uniform(0.4, 2.5))
        await house.kill()

    await survives(house, partners, end, KILLS)


async def test_nothing_acknowledged_is_lost_by_a_polite_end(house, partners):
    async def end(dice):
        await asyncio.sleep(dice.uniform(0.4, 2.5))
        begun = time.monotonic()
        assert await house.stop() == 0
        assert time.monotonic() - begun < 6, "its stations and partner were waited for too long"

    await survives(house, partners, end, STOPS)


async def test_nothing_acknowledged_is_lost_by_a_power_cut(tmp_path, partners):
    house = FaultyHouse(tmp_path / "data", is_powered=True)
    house.disk.seed = SEED
    await furnished(house)

    async def end(dice):
        await house.lose_power(dice.choice([dice.randrange(1, 60), dice.randrange(1, 3_000)]))
        house.disk.seed += 1

    try:
        await survives(house, partners, end, CUTS)
    finally:
        await house.stop()
    code, out, _ = await house.run("doctor", "--data", str(house.data), "--json")
    books = next(line for line in json.loads(out) if line["check"] == "books")
    assert books["verdict"] == "OK", books


async def test_a_disk_that_lies_about_its_syncs_is_found_out(tmp_path):
    """The model and the ledger are judged: where a sync does nothing, what was acknowledged is lost, and they notice."""
    house = FaultyHouse(tmp_path / "data", is_powered=True)
    house.disk.seed = SEED
    await furnished(house)
    station, = await fleet(house, 1, [OURS])
    acknowledged = []
    for _ in range(20):
        house.disk.lies = 1
        await station.connect()
        acknowledged += [(await station.charge()).transaction for _ in range(3)]
        await house.lose_power(1)
        house.disk.seed += 1
        house.disk.well()
        try:
            await house.start()
        except AssertionError as error:
            assert "damaged" in str(error)
            break
        if set(acknowledged) - {s["transaction_id"] for s in await house.api.items("/sessions", limit=500)}:
            break
    else:
        raise AssertionError("twenty power cuts took nothing from a disk that writes nothing")
    await house.stop()


async def survives(house, partners, end, times):
    """The house ends so many times as `end` has it, and the ledger is held against its books."""
    emsp = await partners(EMSP())
    await emsp.join(house)
    drivers = [f"DE-EMP-D{n}" for n in range(STATIONS // 2)]
    for uid in drivers:
        await emsp.give(emsp.driver(uid))
    fleet_ = await fleet(house, STATIONS, [OURS, *drivers], await tariff(house), pause=0.05)
    dice = random.Random(SEED)
    print(f"seed {SEED}")
    running = [asyncio.create_task(station.run()) for station in fleet_]
    try:
        for _ in range(times):
            await end(dice)
            failed = next((task for task in running if task.done() and task.exception()), None)
            assert failed is None, failed
            await house.start()
        await asyncio.sleep(1)
        for station in fleet_:
            station.finish()
        await asyncio.wait_for(asyncio.gather(*running), 60)
    finally:
        for task in running:
            task.cancel()

    await drained(house, emsp)
    ledger = [entry for station in fleet_ for entry in station.ledger]
    await judge(house, ledger, STATIONS)
    judge_partner(emsp, [entry for entry in ledger if entry.tag != OURS])
    readings = sum(len(entry.readings) for entry in ledger)
    print(f"{times} ends, {len(ledger)} sessions, {readings} readings, {sum(s.reconnects for s in fleet_)} reconnects")


async def test_a_polite_end_says_goodbye_and_leaves_everything_on_disk(house, stations):
    one, two = await stations(known(house, "CP-1")), await stations(known(house, "CP-2"))
    await one.begin(OURS, meter=0)
    await one.meter(1_000)
    assert await house.stop() == 0
    for station in (one, two):
        code, _ = await station.closed()
        assert code == 1001
    assert [event["event"] for event in house.events()][-1] == "closed"
    await house.start()
    session = (await house.api.items("/sessions"))[0]
    assert session["state"] == "active" and Decimal(session["energy_kwh"]) == 1
    assert "setup=" not in "\n".join(house.printed[2:])


async def test_a_polite_end_waits_for_no_partner_and_the_queue_goes_on_afterwards(house, partners):
    emsp = await partners(EMSP())
    await emsp.join(house)
    await emsp.give(emsp.driver("DE-EMP-D1"))
    station, = await fleet(house, 1, ["DE-EMP-D1"], await tariff(house))
    emsp.mood = "hanging"
    await station.charge()
    await station.connect()
    begun = time.monotonic()
    assert await house.stop() == 0
    assert time.monotonic() - begun < 6
    # A partner that hung is one that was started anew.
    emsp.mood = "well"
    await emsp.stop()
    await emsp.start()
    await house.start()
    await until(lambda: emsp.cdrs(), 10, what="the CDR after the restart")
    bodies = {seen.body for seen in emsp.asked if seen.module == "cdrs"}
    assert len(bodies) == 1 and emsp.session()[-1]["status"] == "COMPLETED"


async def test_a_second_daemon_on_the_same_folder_refuses_with_a_sentence(house):
    second = Daemon(house.data)
    code, _, error = await second.run("serve", "--data", str(house.data), "--listen", "127.0.0.1:0")
    assert code not in (0, None) and "another daemon" in error and str(house.data) in error
    assert (await house.api.get("/me"))["role"] == "owner"
    # The lock ends with its process, however that ended.
    await house.kill()
    await house.start()


async def test_a_port_that_is_taken_is_said(house, tmp_path):
    code, _, error = await house.run("serve", "--data", str(tmp_path / "other"), "--listen", f"127.0.0.1:{house.port}")
    assert code not in (0, None) and str(house.port) in error, error


async def test_the_folder_is_for_its_owner_only(house):
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in house.data.iterdir()}
    assert oct(house.data.stat().st_mode & 0o777) == "0o700"
    assert set(modes.values()) == {"0o600"}, modes
