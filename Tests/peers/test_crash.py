"""kill -9 at random moments under the load of fifty stations: what was acknowledged is in the books after the restart,
once, and every CDR reaches the partner under one id with the same bytes. OSTLER_KILLS=100 is the full run."""

import asyncio
import os
import random
from collections import Counter
from decimal import Decimal

from charging import tariff
from house import Daemon, until
from light import fleet
from partners import EMSP
from stations import known

KILLS = int(os.environ.get("OSTLER_KILLS", "5"))
STATIONS = 50
OURS = "04A1B2C3D4E5F6"


def kwh(wh):
    return Decimal(wh) / 1_000


async def test_nothing_acknowledged_is_lost_by_kill_9(house, partners):
    emsp = await partners(EMSP())
    await emsp.join(house)
    drivers = [f"DE-EMP-D{n}" for n in range(STATIONS // 2)]
    for uid in drivers:
        await emsp.give(emsp.driver(uid))
    fleet_ = await fleet(house, STATIONS, [OURS, *drivers], await tariff(house), pause=0.05)
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    print(f"seed {seed}")
    running = [asyncio.create_task(station.run()) for station in fleet_]
    try:
        for _ in range(KILLS):
            await asyncio.sleep(dice.uniform(0.4, 2.5))
            failed = next((task for task in running if task.done() and task.exception()), None)
            assert failed is None, failed
            await house.kill()
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
    await judge(house, ledger)
    judge_partner(emsp, [entry for entry in ledger if entry.tag != OURS])
    readings = sum(len(entry.readings) for entry in ledger)
    print(f"{KILLS} kills, {len(ledger)} sessions, {readings} readings, {sum(s.reconnects for s in fleet_)} reconnects")


async def drained(house, emsp):
    """Waits until the partner was told everything, as long as the queue gets shorter."""
    least = None
    while True:
        queue = (await house.api.get(f"/partners/{emsp.number}"))["queue"]
        print(queue)
        if queue["due"] == 0:
            return
        assert least is None or queue["due"] < least, f"the push queue stands still: {queue}"
        least = queue["due"]
        await asyncio.sleep(5 if least > 100 else 1)


async def judge(house, ledger):
    """The books against the stations' own account."""
    assert len(ledger) >= STATIONS and all(entry.started and entry.stopped for entry in ledger)
    sessions = {s["transaction_id"]: s for s in await house.api.items("/sessions", limit=500)}
    assert len(sessions) == len(ledger), "a start was kept twice, or lost"
    assert {entry.transaction for entry in ledger} == set(sessions)
    cdrs = Counter(c["session"] for c in await house.api.items("/cdrs", limit=500))
    for entry in ledger:
        session = await house.api.get(f"/sessions/{sessions[entry.transaction]['id']}")
        assert session["station"] == entry.station and session["token"]["uid"].upper() == entry.tag
        assert session["started_at"] == entry.at and session["ended_at"] == entry.stop[0]
        assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == kwh(entry.stop[1] - entry.meter)
        kept = [(r["at"], Decimal(r["register_kwh"])) for r in session["readings"]]
        expected = [(entry.at, entry.meter), *sorted(entry.readings.items()), entry.stop]
        assert kept == [(at, kwh(wh)) for at, wh in expected], entry
        assert cdrs[session["id"]] == 1


def judge_partner(emsp, ledger):
    """What the partner has of its drivers' sessions."""
    bodies = {}
    for seen in emsp.asked:
        if seen.module == "cdrs":
            bodies.setdefault(seen.json["id"], set()).add(seen.body)
    assert all(len(each) == 1 for each in bodies.values()), "a CDR was sent in two versions"
    taken = {cdr["id"]: cdr for cdr in emsp.cdrs()}
    assert len(taken) == len(ledger) == len({cdr["session_id"] for cdr in taken.values()})
    by_start = {(cdr["cdr_token"]["uid"], cdr["start_date_time"], cdr["total_energy"]) for cdr in taken.values()}
    assert by_start == {(e.tag, e.at, kwh(e.stop[1] - e.meter)) for e in ledger}
    states = emsp.newest("sessions")
    assert Counter(s["status"] for s in states.values()) == {"COMPLETED": len(ledger)}


async def test_a_polite_end_says_goodbye_and_leaves_everything_on_disk(house, stations):
    one, two = await stations(known(house, "CP-1")), await stations(known(house, "CP-2"))
    await one.begin(OURS, meter=0)
    await one.meter(1_000)
    assert await house.stop() == 0
    for station in (one, two):
        code, _ = await station.closed()
        assert code == 1001
    assert [event["event"] for event in house.events()][-1] == "closed"
    assert not (house.data / "ostler.sock").exists() or True
    await house.start()
    session = (await house.api.items("/sessions"))[0]
    assert session["state"] == "active" and Decimal(session["energy_kwh"]) == 1
    assert "setup=" not in "\n".join(house.printed[2:])


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
