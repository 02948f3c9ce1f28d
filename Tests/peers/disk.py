"""A daemon whose disk fails on demand: `disk.c`, preloaded, and the orders that it follows."""

import asyncio
import ctypes
import mmap
import os
import subprocess
import tempfile
import time
from pathlib import Path

from house import Daemon

HERE = Path(__file__).parent


class Orders(ctypes.Structure):
    """As `struct orders` in disk.c; what each means stands there."""

    _fields_ = [(name, ctypes.c_int64) for name in (
        "full", "sync_ms", "fail_write", "fail_read", "fail_sync", "lies", "cut", "seed", "writes_fail", "reads_fail",
        "writes", "reads", "syncs")] + [
        ("only", ctypes.c_char * 64)]

    def well(self):
        """The disk is a good one again."""
        self.full = self.sync_ms = self.fail_write = self.fail_read = self.fail_sync = self.lies = self.cut = 0
        self.writes_fail = self.reads_fail = 0
        self.only = b""


def library():
    """The compiled disk.c."""
    built = Path(tempfile.gettempdir()) / f"ostler-disk-{os.getuid()}-{(HERE / 'disk.c').stat().st_mtime_ns}.so"
    if not built.exists():
        part = built.with_suffix(f".{os.getpid()}")
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", part, HERE / "disk.c", "-ldl"], check=True)
        part.rename(built)
    return str(built)


class FaultyHouse(Daemon):
    """A daemon on such a disk. `disk` are its orders."""

    # How full its files are is what a full disk is about.
    may_be_copied = False

    def __init__(self, folder, is_powered=False, **settings):
        super().__init__(folder, **settings)
        self.shared = Path(f"{folder}.orders")
        self.shared.write_bytes(bytes(ctypes.sizeof(Orders)))
        with self.shared.open("r+b") as file:
            self.disk = Orders.from_buffer(mmap.mmap(file.fileno(), 0))
        self.disk.seed = int.from_bytes(os.urandom(4))
        self.environment = {
            "LD_PRELOAD": library(), "DISK_FOLDER": str(self.data), "DISK_ORDERS": str(self.shared),
            **({"DISK_POWER": "1"} if is_powered else {})}


    async def lose_power(self, operation):
        """The power goes in the middle of so many writes and syncs from now; returns when it is gone."""
        self.disk.cut = operation
        await asyncio.wait_for(self.process.wait(), 60)
        await self.kill()


async def furnished(house):
    """Starts a daemon and gives it a site and a token, as the `house` of other tests has them."""
    from conftest import SITE

    await house.start()
    house.site = (await house.api.post("/locations", SITE))["id"]
    await house.api.post("/tokens", {"uid": "04A1B2C3D4E5F6"})
    return house


class Supervisor:
    """Starts a daemon again whenever it ends, as systemd does with Restart=always, and keeps how long each took."""

    def __init__(self, house):
        self.house = house
        self.ends = []
        self.returns = []
        self.task = asyncio.create_task(self._watch())

    async def _watch(self):
        while True:
            code = await self.house.process.wait()
            ended = time.monotonic()
            self.ends.append((ended, code))
            self.house.disk.well()
            await self.house.launch()
            self.returns.append(time.monotonic() - ended)

    async def end(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


class Pulse:
    """A station that sends a heartbeat every so often, and how long each answer took. One that is never answered fails
    the test that asks for `slowest`."""

    def __init__(self, station, every=0.05):
        self.station, self.every = station, every
        self.took = []
        self.task = asyncio.create_task(self._beat())

    async def _beat(self):
        while True:
            sent = time.monotonic()
            await self.station.call("Heartbeat", {})
            self.took.append(time.monotonic() - sent)
            await asyncio.sleep(self.every)

    def slowest(self):
        if self.task.done():
            self.task.result()
        return max(self.took)

    async def end(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        return max(self.took)
