"""`ostler backup`, `ostler restore` and `ostler doctor`, from outside."""

import asyncio
import hashlib
import json
import shutil
import sqlite3
from decimal import Decimal

import httpx
import pytest

from charging import tariff
from house import OWNER, Daemon, until
from ledger import drained, kwh
from light import fleet
from partners import EMSP
from stations import known

OURS = "04A1B2C3D4E5F6"
SEAL = len("ostler-backup sha256 ") + 64 + 1


async def doctor(house, *arguments):
    code, out, error = await house.run("doctor", "--data", str(house.data), "--json", *arguments)
    return code, {line["check"]: line for line in json.loads(out)}


async def test_a_backup_under_load_is_one_moment_and_proves_itself(house, tmp_path):
    stations = await fleet(house, 20, [OURS], await tariff(house), pause=0)
    running = [asyncio.create_task(station.run()) for station in stations]
    file = tmp_path / "b.ostler"
    try:
        await until(lambda: sum(len(station.ledger) for station in stations) > 40)
        made = await house.cli_json("backup", str(file))
    finally:
        for station in stations:
            station.finish()
        await asyncio.gather(*running)
    whole = file.read_bytes()
    assert whole[-SEAL:].decode() == f"ostler-backup sha256 {made['sha256']}\n"
    assert hashlib.sha256(whole[:-SEAL]).hexdigest() == made["sha256"]
    assert file.stat().st_mode & 0o777 == 0o600
    code, found = await doctor(house, "--backup", str(file))
    assert code == 0 and found["last backup"]["verdict"] == "OK" == found["backup"]["verdict"], found
    assert {line["verdict"] for line in found.values()} <= {"OK", "WARN"}
    # Sessions and their CDRs are of one moment, and SQLite itself reads the file.
    with sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True) as shell:
        ended, billed = (shell.execute(f"SELECT count(*) FROM {of}").fetchone()[0] for of in (
            "session WHERE state = 'completed'", "cdr"))
        assert ended == billed > 0 and shell.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    shell.close()


async def test_a_restored_house_goes_on_and_gives_no_number_twice(house, stations, tmp_path):
    station = await stations(known(house, "CP-1"))
    await station.begin(OURS)
    before = (await house.api.items("/sessions"))[0]
    file = tmp_path / "b.ostler"
    await house.cli("backup", str(file))
    await station.end(2_000)
    given = (await station.begin(OURS, meter=2_000)).transaction_id
    newest = (await house.api.items("/events", after=0))[-1]["seq"]

    code, _, error = await house.run("restore", str(file), "--data", str(house.data))
    assert code != 0 and "another daemon" in error and "stop" in error
    await house.stop()
    out = await house.cli("restore", str(file))
    assert str(file) in out and "replaced" in out
    await house.start()
    sessions = await house.api.items("/sessions")
    assert [(s["id"], s["state"]) for s in sessions] == [(before["id"], "active")]
    again = await stations(known_again(house, "CP-1"))
    assert (await again.begin(OURS, connector=2)).transaction_id > given + 900_000
    events = await house.api.items("/events", after=0)
    restored = next(event for event in events if event["kind"] == "house.books_restored")
    assert restored["seq"] > newest and restored["body"]["from"] == str(file)
    # What was there before is there still.
    aside = next(house.data.glob("ostler.db.replaced-*"))
    with sqlite3.connect(aside) as shell:
        assert shell.execute("SELECT count(*) FROM session").fetchone()[0] == 2
    shell.close()


@pytest.mark.timeout(300)
async def test_a_house_that_was_lost_comes_back_as_of_its_backup(house, partners, tmp_path):
    """Made under load, with a partner away: what was acknowledged before it is there to the reading, logins go on, and what
    waited for the partner reaches it, each CDR once."""
    emsp = await partners(EMSP())
    await emsp.join(house)
    tag = emsp.driver("DE-EMP-C00007")
    await emsp.give(tag)
    async with httpx.AsyncClient(base_url=house.url) as browser:
        assert (await browser.post("/api/v1/login", json=OWNER)).status_code == 200
        stations = await fleet(house, 10, [tag["uid"]], await tariff(house), pause=0)
        running = [asyncio.create_task(station.run()) for station in stations]
        file = tmp_path / "b.ostler"
        try:
            await until(lambda: emsp.cdrs())
            await emsp.stop()
            await until(lambda: sum(entry.stopped for station in stations for entry in station.ledger) > 40)
            kept = [entry for station in stations for entry in station.ledger if entry.stopped]
            await house.cli("backup", str(file))
        finally:
            for station in stations:
                station.finish()
            await asyncio.gather(*running)
        later = [entry for station in stations for entry in station.ledger if entry.stopped]
        assert await house.stop() == 0
        shutil.rmtree(house.data)
        await house.cli("restore", str(file))
        await house.start()

        assert (await browser.get("/api/v1/me")).status_code == 200
        assert (await browser.post("/api/v1/login", json=OWNER)).status_code == 200
    sessions = {s["transaction_id"]: s for s in await house.api.items("/sessions", limit=500)}
    billed = await house.api.items("/cdrs", limit=500)
    completed = [s for s in sessions.values() if s["state"] == "completed"]
    assert len(kept) <= len(billed) == len(completed) <= len(later)
    for entry in kept:
        session = await house.api.get(f"/sessions/{sessions[entry.transaction]['id']}")
        assert session["state"] == "completed" and len(session["readings"]) == len(entry.readings) + 2
        assert Decimal(session["energy_kwh"]) == kwh(entry.stop[1] - entry.meter)
    assert (await house.api.get(f"/partners/{emsp.number}"))["queue"]["due"] > 0
    await emsp.start()
    await house.api.post(f"/partners/{emsp.number}/redeliver")
    await drained(house, emsp)
    bodies = {}
    for seen in emsp.told("cdrs"):
        bodies.setdefault(seen.json["id"], set()).add(seen.body)
    # It has some that were made after the backup, and none in two versions.
    assert {cdr["id"] for cdr in billed} <= set(bodies) and all(len(each) == 1 for each in bodies.values())
    code, found = await doctor(house, "--backup", str(file))
    assert code == 0 and found["backup"]["verdict"] == "OK", found


async def known_again(house, identity):
    from stations import Station, connect

    station = Station(identity, await connect(house.station_url(identity), identity, "open-sesame-16-ch"))
    await station.boot()
    return station


async def test_a_backup_comes_to_another_machine(house, tmp_path):
    await house.api.post("/tokens", {"uid": "MOVED"})
    file = tmp_path / "b.ostler"
    await house.cli("backup", str(file))
    other = Daemon(tmp_path / "elsewhere/data")
    await other.cli("restore", str(file))
    other.key = house.key
    await other.start()
    assert "MOVED" in [token["uid"] for token in await other.api.items("/tokens")]
    await other.stop()


@pytest.mark.parametrize("harm", ["a flipped bit", "a cut end", "no backup"])
async def test_a_backup_that_was_harmed_is_refused_and_changes_nothing(house, tmp_path, harm):
    file = tmp_path / "b.ostler"
    await house.cli("backup", str(file))
    whole = bytearray(file.read_bytes())
    match harm:
        case "a flipped bit": whole[len(whole) // 2] ^= 1
        case "a cut end": del whole[-4_096:]
        case "no backup": whole = bytearray(b"-- a dump\n" * 100)
    file.write_bytes(whole)
    code, found = await doctor(house)
    assert code == 1 and found["last backup"]["verdict"] == "FAIL" and "ostler backup" in found["last backup"]["remedy"]
    await house.stop()
    before = {path.name for path in house.data.iterdir()}
    code, _, error = await house.run("restore", str(file), "--data", str(house.data))
    assert code != 0 and str(file) in error, error
    assert {path.name for path in house.data.iterdir()} == before
    await house.start()
    assert OURS in [token["uid"] for token in await house.api.items("/tokens")]


async def test_the_doctor_finds_what_is_wrong_and_names_what_helps(house, stations, tmp_path):
    station = await stations(known(house, "CP-1"))
    await station.begin(OURS)
    await station.end(2_000)
    code, found = await doctor(house)
    assert code == 0 and {"schema", "books", "messages", "write-ahead log", "disk", "files", "descriptors"} <= set(found)
    assert found["last backup"]["verdict"] == "WARN" and "ostler backup" in found["last backup"]["remedy"]
    await house.stop()
    books = house.data / "ostler.db"
    books.chmod(0o644)
    with sqlite3.connect(books) as shell:
        shell.execute("UPDATE cdr SET body = replace(body, 'EUR', 'USD')")
    shell.close()
    code, found = await doctor(house)
    assert code == 1
    assert found["books"]["verdict"] == "FAIL" and "changed after it was made" in found["books"]["detail"]
    assert found["files"]["verdict"] == "FAIL"
    code, out, _ = await house.run("doctor", "--data", str(house.data))
    assert code == 1 and f"; chmod 600 {books}\n" in out
    code, out, _ = await house.run("doctor", "--data", str(tmp_path / "nowhere"))
    assert code == 1 and "--data" in out
