"""A second WebSocket client that nobody here wrote: Debian's node-ws, with and without compression."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from house import until

NODE_PATH = "/usr/share/nodejs"
PASSWORD = "open-sesame-16-ch"

pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not Path(NODE_PATH, "ws").exists(), reason="Debian's node-ws is not installed")


@pytest.mark.parametrize("options,wanted", [
    (False, ""), (True, "permessage-deflate"), ({"threshold": 0}, "permessage-deflate"),
    ({"serverNoContextTakeover": True, "clientNoContextTakeover": True, "threshold": 0}, "permessage-deflate"),
    ({"clientMaxWindowBits": 10, "serverMaxWindowBits": 10, "threshold": 0}, "permessage-deflate")],
    ids=["plain", "compressed", "everything compressed", "no context takeover", "small windows"])
async def test_a_station_with_compression(house, options, wanted):
    await house.api.post("/stations", {"id": "CP-1", "password": PASSWORD, "evses": 1})
    process = await asyncio.create_subprocess_exec(
        "node", str(Path(__file__).with_name("station.cjs")), house.station_url("CP-1"), "CP-1", PASSWORD, json.dumps(options),
        stdout=asyncio.subprocess.PIPE, env={**os.environ, "NODE_PATH": NODE_PATH})
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    said = json.loads(out)
    assert process.returncode == 0, said
    assert said["protocol"] == "ocpp1.6" and said["extensions"].split(";")[0] == wanted and said["code"] == 1000
    assert [frame[:2] for frame in said["replies"]] == [[3, str(n)] for n in range(23)]
    assert said["replies"][0][2]["status"] == "Accepted" and said["replies"][1][2] == {"status": "UnknownVendorId"}
    # 64,000 characters of the same words: compressed they are next to nothing.
    assert (said["bytes"]["written"] < 10_000) == bool(wanted)
    # The message log is written a moment later, and shows what was said.
    frames = await until(lambda: house.api.items("/messages", peer="CP-1", action="DataTransfer", direction="in"))
    assert len(frames) == 1 and "again and again" in frames[0]["text"]
