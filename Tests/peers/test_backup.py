"""`ostler backup`, `ostler restore` and `ostler doctor`, from outside."""

import asyncio
import hashlib
import json
import sqlite3

import pytest

from charging import tariff
from house import Daemon, until
from light import fleet
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
