"""Our WebSocket library beside two that others wrote, PyPI's websockets and Debian's node-ws: as server and as client."""

import asyncio
import contextlib
import json
import os
import random
import shutil
from pathlib import Path

import pytest
import websockets
from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from rawsocket import BINARY, Echo

NODE_PATH = "/usr/share/nodejs"
SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20]
needs_node = pytest.mark.skipif(
    not shutil.which("node") or not Path(NODE_PATH, "ws").exists(), reason="Debian's node-ws is not installed")


@pytest.fixture
def echo():
    running = Echo()
    yield running
    running.stop()


def messages():
    for size in SIZES:
        yield ("MeterValues €" * (size // 13 + 1)).encode()[:size].decode(errors="ignore")
        yield random.Random(size).randbytes(size)


async def node(script, *arguments):
    process = await asyncio.create_subprocess_exec(
        "node", str(Path(__file__).with_name(script)), *arguments, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_PATH": NODE_PATH})
    return process, process.stdout


# Our server

@pytest.mark.parametrize("extensions", [
    [], [ClientPerMessageDeflateFactory()], [ClientPerMessageDeflateFactory(client_max_window_bits=True)],
    [ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9)],
    [ClientPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)]],
    ids=["plain", "deflate", "client window", "windows of 9", "no context takeover"])
async def test_websockets_as_our_client(echo, extensions):
    async with websockets.connect(
            f"{echo.url}/any", compression=None, extensions=extensions, max_size=None, subprotocols=["ocpp1.6"]) as socket:
        assert socket.subprotocol == "ocpp1.6" and len(socket.protocol.extensions) == len(extensions)
        for message in messages():
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send([b"in ", b"three ", b"fragments"])
        assert await socket.recv() == b"in three fragments"
        await (await socket.ping(b"ping"))
        await socket.close(4000, "done")
        # The answer to a close frame repeats its code (RFC 6455 5.5.1).
        assert socket.protocol.close_rcvd.code == socket.protocol.close_sent.code == 4000


@needs_node
@pytest.mark.parametrize("options", [
    False, True, {"threshold": 0}, {"serverNoContextTakeover": True, "clientNoContextTakeover": True, "threshold": 0},
    {"serverMaxWindowBits": 10, "clientMaxWindowBits": 10, "threshold": 0}],
    ids=["plain", "deflate", "everything deflated", "no context takeover", "windows of 10"])
async def test_node_as_our_client(echo, options):
    process, out = await node("echo-client.cjs", echo.url, json.dumps(SIZES), json.dumps(options))
    said = json.loads(await asyncio.wait_for(out.read(), 30))
    assert await process.wait() == 0, said
    assert said == {"same": 2 * len(SIZES), "pong": "ping", "code": 4000, "extensions": said["extensions"]}
    assert bool(said["extensions"]) == bool(options)


# Our client: the server drives it as a suite does.

async def visit(url, *options):
    process = await asyncio.create_subprocess_exec(BINARY, "--suite", url, *options)
    try:
        return await asyncio.wait_for(process.wait(), 30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


@pytest.mark.parametrize("extensions,deflates", [
    ([], False), ([ServerPerMessageDeflateFactory()], True),
    ([ServerPerMessageDeflateFactory(server_max_window_bits=9)], True),
    ([ServerPerMessageDeflateFactory(client_max_window_bits=9)], True),
    ([ServerPerMessageDeflateFactory(client_max_window_bits=8)], True),
    ([ServerPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)], True)],
    ids=["plain", "deflate", "its window of 9", "ours of 9", "ours of 8", "no context takeover"])
async def test_websockets_as_our_server(extensions, deflates):
    paths, seen = [], []

    async def talk(socket):
        path = socket.request.path
        paths.append(path)
        if path == "/getCaseCount":
            await socket.send("2")
        elif path.startswith("/runCase"):
            seen.append(bool(socket.protocol.extensions))
            for message in messages():
                await socket.send(message)
                assert await socket.recv() == message
            await (await socket.ping(b"ping"))
        await socket.close(4000 if "case=2" in path else 1000, "done")
        assert socket.protocol.close_rcvd.code in (1000, 4000)

    async with serve(talk, "127.0.0.1", 0, compression=None, extensions=extensions, max_size=None) as server:
        port = server.sockets[0].getsockname()[1]
        assert await visit(f"ws://127.0.0.1:{port}") == 0
    assert paths == ["/getCaseCount", "/runCase?case=1&agent=ostler", "/runCase?case=2&agent=ostler", "/updateReports?agent=ostler"]
    assert seen == [deflates] * 2


@needs_node
@pytest.mark.parametrize("options", [False, True, {"threshold": 0}], ids=["plain", "deflate", "everything deflated"])
async def test_node_as_our_server(options):
    process, out = await node("echo-server.cjs", json.dumps(SIZES), json.dumps(options))
    port = int(await asyncio.wait_for(out.readline(), 10))
    assert await visit(f"ws://127.0.0.1:{port}") == 0
    said = json.loads(await asyncio.wait_for(out.read(), 30))
    assert await process.wait() == 0, said
    assert said == {"same": 2 * len(SIZES), "pong": "ping", "code": 4000, "extensions": said["extensions"]}
    assert bool(said["extensions"]) == bool(options)
