"""Starts on folders in a bad state: what can be mended is mended, and else the daemon says which file, what is wrong with it
and what helps. And ends of the log: whatever becomes of standard error, the service goes on."""

import asyncio
import contextlib
import fcntl
import os
import random
import sqlite3
import time
from pathlib import Path

import httpx
import pytest

from disk import FaultyHouse, furnished
from house import BINARY, until
from partners import free_port
from stations import known

OURS = "04A1B2C3D4E5F6"
MIGRATIONS = Path(__file__).parents[2] / "Resources/Migrations"


async def refuses(house):
    """What a daemon says that does not start on the house's folder."""
    code, _, error = await house.run("serve", "--data", str(house.data), "--listen", "127.0.0.1:0")
    assert code not in (0, None) and "does not start" in error, error
    return error


async def with_a_session(house, stations):
    station = await stations(known(house, "CP-1"))
    await station.begin(OURS)
    return (await house.api.items("/sessions"))[0]["id"]


async def test_a_broken_header_is_named(house, stations):
    await with_a_session(house, stations)
    await house.stop()
    books = house.data / "ostler.db"
    whole = books.read_bytes()
    books.write_bytes(b"\0" * 100 + whole[100:])
    error = await refuses(house)
    assert str(books) in error and "restore" in error
    books.write_bytes(whole)
    await house.start()


async def test_a_table_that_does_not_open_is_found_at_the_start(house, stations):
    await with_a_session(house, stations)
    await house.stop()
    books = house.data / "ostler.db"
    with sqlite3.connect(books) as shell:
        page = shell.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'session'").fetchone()[0]
        size = shell.execute("PRAGMA page_size").fetchone()[0]
    shell.close()
    with books.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xee" * size)
    error = await refuses(house)
    assert str(books) in error and "damaged" in error and "restore" in error
    code, out, _ = await house.run("doctor", "--data", str(house.data))
    assert code == 1 and "FAIL books" in out and "restore" in out


async def test_a_newer_schema_is_refused_with_both_numbers(house):
    await house.stop()
    with sqlite3.connect(house.data / "ostler.db") as shell:
        known_ = shell.execute("PRAGMA user_version").fetchone()[0]
        shell.execute(f"PRAGMA user_version = {known_ + 7}")
    shell.close()
    error = await refuses(house)
    assert str(house.data / "ostler.db") in error and str(known_ + 7) in error and str(known_) in error and "install" in error
    code, out, _ = await house.run("doctor", "--data", str(house.data))
    assert code == 1 and "FAIL schema" in out


async def test_another_programs_database_is_left_alone(tmp_path):
    from house import Daemon

    house = Daemon(tmp_path / "data")
    house.data.mkdir(mode=0o700)
    with sqlite3.connect(house.data / "ostler.db") as shell:
        shell.execute("CREATE TABLE theirs (x)")
    shell.close()
    before = (house.data / "ostler.db").read_bytes()
    assert "another program" in await refuses(house)
    assert (house.data / "ostler.db").read_bytes() == before


@pytest.mark.parametrize("what", ["garbage in the log", "a cut log", "garbage in the index", "an index without a log"])
async def test_what_a_crash_left_beside_the_books_is_no_hindrance(house, stations, what):
    session = await with_a_session(house, stations)
    await house.kill()
    log, index = house.data / "ostler.db-wal", house.data / "ostler.db-shm"
    dice = random.Random(7)
    match what:
        case "garbage in the log":
            # Behind what was committed, as a write leaves it that was under way.
            with log.open("ab") as file:
                file.write(dice.randbytes(9_999))
        case "a cut log":
            with log.open("ab") as file:
                file.write(log.read_bytes()[32:3_000])
        case "garbage in the index":
            index.write_bytes(dice.randbytes(index.stat().st_size))
        case "an index without a log":
            shell = sqlite3.connect(house.data / "ostler.db")
            shell.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shell.close()
            index.write_bytes(dice.randbytes(32_768))
    await house.start()
    assert [s["id"] for s in await house.api.items("/sessions")] == [session]


@pytest.mark.parametrize("what", ["damaged", "a folder"])
async def test_a_log_of_messages_that_does_not_open_is_set_aside(house, daemons, what):
    await house.stop()
    log = house.data / "messages.db"
    log.unlink()
    log.mkdir() if what == "a folder" else log.write_bytes(b"no database at all, but long enough for a header" * 9)
    await house.start()
    said = house.events("the log of messages does not open and was set aside; a new one begins")
    assert len(said) == 1 and os.path.exists(said[0]["aside"])
    house.log.clear()


async def test_a_log_of_messages_that_is_locked_keeps_nobody_out(house, daemons, stations):
    await house.stop()
    shell = sqlite3.connect(house.data / "messages.db", isolation_level=None)
    shell.execute("PRAGMA locking_mode = EXCLUSIVE")
    shell.execute("BEGIN EXCLUSIVE")
    await house.start()
    assert house.events("messages are lost: the log of messages cannot be written")
    shell.close()
    await stations(known(house, "CP-1"))

    async def found():
        return await house.api.items("/messages")

    await until(found, 10, what="messages are kept again")
    house.log.clear()


async def test_a_backup_over_the_books_is_refused(house, daemons, tmp_path):
    link = tmp_path / "a-link"
    link.symlink_to(house.data / "ostler.db")
    before = (house.data / "ostler.db").stat().st_ino
    for target in ("ostler.db", "messages.db", "ostler.db-wal"):
        code, _, error = await house.run("backup", str(house.data / target), "--data", str(house.data))
        assert code != 0 and "one of the house's own files" in error
    code, _, error = await house.run("backup", str(link), "--data", str(house.data))
    assert code != 0 and "one of the house's own files" in error
    assert (house.data / "ostler.db").stat().st_ino == before
    await house.cli("backup", str(house.data / "kept.backup"))


async def test_a_first_start_that_is_cut_off_is_done_again(tmp_path):
    """Each migration is one transaction: wherever the power goes while the books are made, the next start makes them."""
    reference = FaultyHouse(tmp_path / "reference", is_powered=True)
    await furnished(reference)
    operations = reference.disk.writes + reference.disk.syncs
    await reference.stop()
    assert operations > 20
    dice = random.Random(11)
    for operation in sorted(dice.sample(range(1, operations), min(12, operations - 1))):
        folder = tmp_path / f"at-{operation}"
        house = FaultyHouse(folder, is_powered=True)
        house.disk.seed = operation
        house.disk.cut = operation
        with contextlib.suppress(AssertionError, httpx.HTTPError, OSError):
            await furnished(house)
            await house.stop()
        await house.kill()
        house.disk.well()
        await house.launch()
        assert await house.stop() == 0


def books_of_the_first_schema(folder):
    """A data folder as the first schema left it, with three sessions and their readings."""
    folder.mkdir(mode=0o700)
    shell = sqlite3.connect(folder / "ostler.db", isolation_level=None)
    shell.executescript("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
    shell.executescript((MIGRATIONS / "0001_house.sql").read_text())
    shell.executescript("PRAGMA application_id = 0x4F53544C; PRAGMA user_version = 1;")
    # One commit: fifteen hundred of them take longer than all upgrades together.
    shell.execute("BEGIN")
    shell.execute("INSERT INTO party VALUES (1, 'NL', 'OST', 'CPO', 'Ostler', NULL)")
    for number in range(3):
        id_ = f"0190000{number}-0000-7000-8000-000000000000"
        shell.execute(
            """INSERT INTO session (id, party, station, evse, connector, token, folded_uid, method, state, started_at,
                 ended_at, meter_start, meter_last, updated_at)
               VALUES (?, 1, 1, 1, 1, '{}', 'X', 'WHITELIST', 'invalid', 1, 2, 0, 0, 2)""", (id_,))
        for seq in range(500):
            shell.execute(
                "INSERT INTO reading (session, seq, at, context, register, raw, digest, received_at) VALUES (?, ?, ?, 'periodic', 1, ?, ?, 1)",
                (id_, seq, seq, "{}" * 50, seq))
    shell.execute("COMMIT")
    shell.close()
    for path in folder.iterdir():
        path.chmod(0o600)


def counted(folder):
    shell = sqlite3.connect(folder / "ostler.db")
    try:
        return [shell.execute(sql).fetchone()[0] for sql in (
            "PRAGMA user_version", "SELECT count(*) FROM session", "SELECT count(*) FROM reading", "PRAGMA integrity_check")]
    finally:
        shell.close()


async def test_an_upgrade_that_is_cut_off_is_done_again_and_the_old_books_are_kept(tmp_path):
    newest = len(list(MIGRATIONS.glob("*.sql")))
    assert newest > 1
    reference = FaultyHouse(tmp_path / "reference", is_powered=True)
    books_of_the_first_schema(reference.data)
    await reference.launch()
    operations = reference.disk.writes + reference.disk.syncs
    assert await reference.stop() == 0 and counted(reference.data) == [newest, 3, 1_500, "ok"]
    dice = random.Random(13)
    for operation in sorted(dice.sample(range(1, operations), min(12, operations - 1))):
        house = FaultyHouse(tmp_path / f"at-{operation}", is_powered=True)
        books_of_the_first_schema(house.data)
        house.disk.seed = house.disk.cut = operation
        with contextlib.suppress(AssertionError):
            await house.launch()
            await house.stop()
        await house.kill()
        house.disk.well()
        await house.launch()
        assert await house.stop() == 0
        assert counted(house.data) == [newest, 3, 1_500, "ok"], f"cut at operation {operation}"
    # Who wants to go back has the books as they were; coming forward from them is an upgrade like the first.
    kept = house.data / "ostler.db.schema-1.backup"
    code, out, _ = await house.run("doctor", "--data", str(house.data), "--backup", str(kept))
    assert code == 0 and f"OK   backup: {kept}" in out, out
    await house.cli("restore", str(kept))
    assert counted(house.data) == [newest, 3, 1_500, "ok"]


# What becomes of the log.


async def unheard(tmp_path, **streams):
    """A daemon whose standard error nobody reads; returns the process and its port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        BINARY, "serve", "--data", str(tmp_path / "data"), "--listen", f"127.0.0.1:{port}", stdout=asyncio.subprocess.DEVNULL,
        **streams)

    async def alive():
        try:
            async with httpx.AsyncClient() as http:
                return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    await until(alive, 10)
    return process, port


async def turned_away(port, numbers):
    """Connections of which the log says something each, once a name."""
    import websockets

    async def one(number):
        try:
            async with websockets.connect(
                    f"ws://127.0.0.1:{port}/ocpp/X-{number}", subprotocols=["ocpp9.9"], open_timeout=5, close_timeout=1) as socket:
                await socket.recv()
        except websockets.WebSocketException:
            pass

    for begin in numbers[::50]:
        await asyncio.gather(*(one(number) for number in range(begin, begin + 50)))


@pytest.mark.parametrize("end", ["closed", "full", "broken", "stalled"])
async def test_the_service_goes_on_whatever_becomes_of_standard_error(tmp_path, end):
    reader, writer = os.pipe()
    # As small as a pipe can be: the house says such things at most two hundred times a minute.
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    match end:
        case "closed": streams = {"stderr": asyncio.subprocess.DEVNULL, "preexec_fn": lambda: os.close(2)}
        case "full": streams = {"stderr": open("/dev/full", "w")}
        case _: streams = {"stderr": writer}
    process, port = await unheard(tmp_path, **streams)
    os.close(writer)
    if end == "broken":
        os.close(reader)
    try:
        await turned_away(port, range(100))
        begun = time.monotonic()
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        assert time.monotonic() - begun < 1
        if end == "stalled":
            # Once somebody reads again, the log says how much of it is missing.
            os.set_blocking(reader, False)
            while True:
                try:
                    if not os.read(reader, 1 << 16):
                        break
                except BlockingIOError:
                    break
            await turned_away(port, range(100, 150))
            assert "log lines were lost" in os.read(reader, 1 << 20).decode()
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
    with sqlite3.connect(tmp_path / "data/ostler.db") as shell:
        assert shell.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    shell.close()
