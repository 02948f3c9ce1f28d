"""A WebSocket client of bare bytes: it says what it is told to, right or wrong, and takes nothing for granted."""

import os
import socket
import struct
import subprocess
import zlib
from pathlib import Path

BINARY = os.environ.get("OSTLER_WS_ECHO", str(Path(__file__).parents[2] / ".build/debug/ostler-ws-echo"))
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
CONTINUATION, TEXT, BINARY_MESSAGE, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Echo:
    """One `ostler-ws-echo` on a port that the system chose."""

    def __init__(self, *options):
        self.process = subprocess.Popen([BINARY, "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().strip()
        assert line.startswith("listening on "), f"{BINARY} did not start: {line}"
        self.url = line.removeprefix("listening on ")
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self):
        assert self.process.poll() is None, "the echo ended by itself"
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x37\xfa\x21\x3d", length=None, form=None):
    """One frame, by hand. `length` and `form` (0, 2 or 8 bytes) may be other than the payload wants."""
    count = len(payload) if length is None else length
    size = form if form is not None else 0 if count < 126 else 2 if count < 65_536 else 8
    bit = 0x80 if mask else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    head += bytes([bit | count]) if size == 0 else struct.pack(">BH" if size == 2 else ">BQ", bit | (126 if size == 2 else 127), count)
    if not mask:
        return head + payload
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")
    return head + mask + masked


def fragments(opcode, payload, size, rsv=0):
    """The message in frames of a size."""
    parts = [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]
    return b"".join(
        frame(opcode if n == 0 else CONTINUATION, part, fin=n == len(parts) - 1, rsv=rsv if n == 0 else 0)
        for n, part in enumerate(parts))


def packed(payload, bits=15, level=6):
    """A message's payload as RFC 7692 7.2.1 wants it."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -bits)
    out = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
    return out.removesuffix(b"\x00\x00\xff\xff") or b"\x00"


def unpacked(payload, bits=15):
    """The text of one message, by a state that knows no earlier one and has a window of so many bits."""
    unpacker = zlib.decompressobj(-bits)
    return unpacker.decompress(payload + b"\x00\x00\xff\xff") + unpacker.flush()


class RawSocket:
    def __init__(self, echo, offer=None, path="/", **extra):
        self.socket = socket.create_connection(("127.0.0.1", echo.port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        fields = {"Host": f"127.0.0.1:{echo.port}", "Upgrade": "websocket", "Connection": "Upgrade",
                  "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13", **extra}
        if offer:
            fields["Sec-WebSocket-Extensions"] = offer
        self.socket.sendall(
            (f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            assert self._more(), f"the handshake was not answered: {bytes(self.buffer)}"
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        status, *lines = head.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if self.status == 101:
            assert self.headers["sec-websocket-accept"] == ACCEPT

    @property
    def agreed(self):
        """What was agreed about compression, as a set of parameters; None where nothing was."""
        answer = self.headers.get("sec-websocket-extensions")
        return answer and {part.strip() for part in answer.split(";")}

    def send(self, data, chop=None):
        for at in range(0, len(data), chop or len(data) or 1):
            self.socket.sendall(data[at:at + (chop or len(data))])

    def _more(self):
        try:
            data = self.socket.recv(1 << 20)
        except (ConnectionResetError, BrokenPipeError):
            return False
        self.buffer += data
        return bool(data)

    def _take(self, count):
        while len(self.buffer) < count:
            if not self._more():
                return None
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def frame(self):
        """The next frame as (opcode, payload, rsv1); None at the end of the stream."""
        head = self._take(2)
        if head is None:
            return None
        assert head[0] & 0x80 and not head[0] & 0x30 and not head[1] & 0x80, "a server's frame: whole, unmasked, plain"
        length = head[1]
        if length == 126:
            length, = struct.unpack(">H", self._take(2))
            assert length > 125, "the shortest form"
        elif length == 127:
            length, = struct.unpack(">Q", self._take(8))
            assert length > 65_535, "the shortest form"
        return head[0] & 15, self._take(length), bool(head[0] & 0x40)

    def hears(self, opcode, payload):
        heard = self.frame()
        assert heard is not None, "the connection ended"
        assert heard[0] == opcode, f"opcode {heard[0]} with {heard[1][:40]!r} came instead of {opcode}"
        text = unpacked(heard[1]) if heard[2] else heard[1]
        assert text == payload, f"{text[:80]!r} came instead of {payload[:80]!r}"

    def ends(self, code=None):
        """The next thing is a close frame with that code (None: without), and then the end."""
        heard = self.frame()
        assert heard is not None, "the connection ended without a close frame"
        assert heard[0] == CLOSE, f"opcode {heard[0]} with {heard[1][:40]!r} came instead of a close frame"
        said = int.from_bytes(heard[1][:2], "big") if heard[1] else None
        assert said == code, f"the code {said} came instead of {code}: {heard[1][2:]!r}"
        heard[1][2:].decode()
        assert self.frame() is None, "nothing follows a close frame"

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
