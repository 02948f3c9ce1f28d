"""The simulator's stations at the daemon's own doors for files: what they fetch and bring arrives whole, word by word."""

import asyncio
import contextlib

import httpx
import pytest

from house import BINARY, until

WORDS = {
    False: ["Downloading", "Downloaded", "Installing", "Installed"],
    True: ["Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"]}


@contextlib.asynccontextmanager
async def simulated(house, version):
    await house.api.post("/stations", {"id": "SIM-1", "evses": 1})
    process = await asyncio.create_subprocess_exec(
        BINARY, "sim", "station", "--id", "SIM-1", "--ocpp", version, "--speed", "4", "--url",
        house.station_url("").rstrip("/"), stdout=asyncio.subprocess.PIPE)

    async def is_there():
        shown = await house.api.get("/stations/SIM-1")
        return shown["online"] and shown["booted_at"]

    try:
        await until(is_there, 15, what="the station is there")
        yield process.stdout
    finally:
        process.terminate()
        await process.wait()


async def ended(house, job, *states):
    async def is_so():
        shown = await house.api.get(f"/jobs/{job}")
        return shown if shown["state"] in (*states, "failed") else None

    shown = await until(is_so, 30, what=f"the job is {states}")
    assert shown["state"] in states, shown
    return shown


async def words(house, *actions):
    found = []
    for action in actions:
        found += await house.api.items("/messages", peer="SIM-1", action=action, direction="in")
    return found


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
@pytest.mark.parametrize("is_signed", [False, True], ids=["plain", "signed"])
async def test_a_simulated_station_fetches_its_firmware_and_says_how_it_goes(house, version, is_signed):
    made = await house.api.post("/files", {"name": "fw-2.bin"})
    async with httpx.AsyncClient() as http:
        assert (await http.put(made["upload_url"], content=bytes(range(256)) * 2_000)).status_code == 201
    proof = {"signature": "c2lnbmVk", "certificate": "-----BEGIN CERTIFICATE-----"} if is_signed else {}
    async with simulated(house, version):
        told = await house.api.command("SIM-1", "update-firmware", file=made["file"]["id"], **proof)
        assert told["phase"] == "done", told
        (job,) = await house.api.items("/jobs")
        shown = await ended(house, job["id"], "done")
        assert shown["word"] == "Installed"
        action = "SignedFirmwareStatusNotification" if is_signed and version == "1.6" else "FirmwareStatusNotification"

        async def all_told():
            return len(await words(house, action)) >= len(WORDS[is_signed])

        await until(all_told, what="each word is in the log")


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_a_simulated_station_brings_its_log(house, version):
    async with simulated(house, version):
        assert (await house.api.command("SIM-1", "get-log"))["phase"] == "done"
        (job,) = await house.api.items("/jobs")
        shown = await ended(house, job["id"], "done")
        url = (await house.api.post(f"/files/{shown['file']}/fetch"))["url"]
        async with httpx.AsyncClient() as http:
            log = (await http.get(url)).text
        assert "connector 1: Available" in log and shown["file_name"] == "SIM-1.log"


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_firmware_that_is_not_there_fails_by_its_word(house, version):
    # A place to bring a file to, from which there is nothing to fetch.
    place = (await house.api.post("/files", {"name": "fw-3.bin"}))["upload_url"]
    async with simulated(house, version):
        await house.api.command("SIM-1", "update-firmware", url=place)
        (job,) = await house.api.items("/jobs")

        async def failed():
            return (await house.api.get(f"/jobs/{job['id']}"))["word"] == "DownloadFailed"

        await until(failed, 30, what="the download fails")


async def test_a_simulated_station_shows_codes_that_lead_to_where_their_reader_pays(daemons):
    house = await daemons(public_url="http://charge.example", payment_url="https://pay.example/at/{station}?evse={evse}")
    async with simulated(house, "2.1") as said:
        assert (await house.api.command("SIM-1", "payment-codes", seconds=3_600, length=10))["phase"] == "done"

        async def shown():
            line = (await said.readline()).decode()
            return line.split("url=")[1].strip() if "event=code" in line else None

        url = await until(shown, 15, what="a code is on the display")
        async with httpx.AsyncClient() as phone:
            answer = await phone.get(url.replace("http://charge.example", house.url))
    assert answer.status_code == 303 and answer.headers["Location"] == "https://pay.example/at/SIM-1?evse=1"
