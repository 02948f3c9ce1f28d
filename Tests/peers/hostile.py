"""Peers that want to do harm. Each attack is a function that goes on for some seconds against one daemon and returns what it
saw. They run in a process of their own, so that what they cost is not counted against the good station beside them:

    python hostile.py ATTACK PORT SECONDS
"""

import base64
import contextlib
import json
import os
import random
import select
import socket
import struct
import sys
import time
import zlib
from collections import Counter

PASSWORD = "open-sesame-16-ch"
GOOD = "GOOD-1"
ATTACKS = {}


def attack(function):
    ATTACKS[function.__name__] = function
    return function


# What attackers are made of.


class Peer:
    """A socket that sends exactly the bytes it is told to."""

    def __init__(self, port, source=None, timeout=5, receive=None):
        self.socket = socket.socket()
        self.socket.settimeout(timeout)
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        """False once the other side is gone."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def more(self):
        try:
            data = self.socket.recv(65536)
        except OSError:
            return False
        self.buffer += data
        return bool(data)

    def until(self, end):
        while end not in self.buffer:
            if not self.more():
                break
        found, _, self.buffer = self.buffer.partition(end)
        return found + end

    def status(self):
        """The status of the next answer, 0 where there is none."""
        line = self.until(b"\r\n\r\n").split(b" ", 2)
        return int(line[1]) if len(line) > 1 and line[1][:3].isdigit() else 0

    def rest(self):
        while self.more():
            pass
        return self.buffer

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def basic(identity, password):
    return b"Authorization: Basic " + base64.b64encode(f"{identity}:{password}".encode()) + b"\r\n"


def handshake(identity, password=PASSWORD, extra=b""):
    word = basic(identity, password) if password is not None else b""
    return (
        f"GET /ocpp/{identity} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: ocpp1.6\r\n").encode() + word + extra + b"\r\n"


def upgraded(port, identity, extra=b"", **ways):
    """A station that the house knows, in a hurry to misbehave; waits as long as it is told that it comes too often."""
    while True:
        peer = Peer(port, **ways)
        peer.send(handshake(identity, extra=extra))
        status = peer.status()
        if status == 101:
            return peer
        peer.close()
        assert status in (429, 503), f"{identity}: {status}"
        time.sleep(0.5)


def frame(opcode, payload=b"", fin=True, packed=False, length=None):
    """A masked frame; `length` is what it claims."""
    count = len(payload) if length is None else length
    head = bytes([(0x80 if fin else 0) | (0x40 if packed else 0) | opcode])
    if count < 126:
        head += bytes([0x80 | count])
    elif count < 65536:
        head += bytes([0x80 | 126]) + count.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + count.to_bytes(8, "big")
    return head + b"\0\0\0\0" + payload


def received(peer):
    """The next frame's opcode and payload; None at the end."""

    def take(count):
        while len(peer.buffer) < count:
            if not peer.more():
                return None
        found, peer.buffer = peer.buffer[:count], peer.buffer[count:]
        return found

    head = take(2)
    if head is None:
        return None
    count = head[1] & 127
    if count == 126:
        count = int.from_bytes(take(2) or b"", "big")
    elif count == 127:
        count = int.from_bytes(take(8) or b"", "big")
    payload = take(count)
    return None if payload is None else (head[0] & 15, payload)


def end(peer):
    """The code with which the daemon closes; None where it only ends the connection."""
    while True:
        found = received(peer)
        if found is None:
            return None
        if found[0] == 8:
            return int.from_bytes(found[1][:2], "big")


def heartbeat(number=0):
    return json.dumps([2, f"h{number}", "Heartbeat", {}]).encode()


def meter_values(number=0):
    value = {"value": str(number), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return json.dumps(
        [2, f"m{number}", "MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": [value]}]}]).encode()


def again_and_again(seconds, once, pause=0.0):
    """Does something until the time is up; counts what it returns."""
    until, seen = time.monotonic() + seconds, Counter()
    while time.monotonic() < until:
        seen[str(once())] += 1
        if pause:
            time.sleep(pause)
    return dict(seen)


def bad(number=0):
    return f"BAD-{number}"


# HTTP and connections.


def drip(port, seconds, begin, count=200):
    """Many connections that send a byte now and then; how many were still open at the end."""
    peers = []
    for _ in range(count):
        peer = Peer(port)
        peer.send(begin)
        peers.append(peer)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        peers = [peer for peer in peers if peer.send(b"x")]
        time.sleep(0.2)
    return {"open": len(peers)}


@attack
def slow_heads(port, seconds):
    return drip(port, seconds, b"GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ")


@attack
def slow_bodies(port, seconds):
    return drip(
        port, seconds, b"POST /api/v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n")


@attack
def silence(port, seconds):
    peers = [Peer(port) for _ in range(1_000)]
    time.sleep(seconds)
    return {"open": len(peers)}


@attack
def crowd_of_one_address(port, seconds):
    """Ten thousand connections that say nothing, from one address."""
    peers, refused = [], 0
    for _ in range(10_000):
        peers.append(Peer(port, source="127.0.0.2"))
    # Those that were refused can read why.
    ready, _, _ = select_many(peers)
    for peer in ready:
        refused += peer.status() == 429
    time.sleep(seconds)
    return {"refused": refused, "kept": len(peers) - len(ready)}


@attack
def crowd_of_many_addresses(port, seconds):
    """The same from two hundred addresses, one after the other."""
    peers = [Peer(port, source=f"127.0.{1 + n % 200}.{1 + n % 250}") for n in range(10_000)]
    time.sleep(seconds)
    return {"made": len(peers)}


def select_many(peers):
    poll = select.poll()
    known = {peer.socket.fileno(): peer for peer in peers}
    for number in known:
        poll.register(number, select.POLLIN)
    time.sleep(0.5)
    return [known[number] for number, _ in poll.poll(0)], None, None


@attack
def bytewise_requests(port, seconds):
    def once():
        peer = Peer(port)
        for byte in b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n":
            peer.send(bytes([byte]))
        status = peer.status()
        peer.close()
        return status

    return again_and_again(seconds, once)


@attack
def resets_in_the_answer(port, seconds):
    """Asks for something large and breaks the connection in the middle."""

    def once():
        peer = Peer(port, receive=4096)
        peer.send(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n" * 4)
        found = peer.socket.recv(200)
        peer.reset()
        return found[:12].decode()

    return again_and_again(seconds, once, 0.001)


@attack
def large_heads(port, seconds):
    bombs = [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: y\r\n" * 9_000 + b"\r\n",
        b"GET /?" + b"a=b&" * 1_900 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"\0" * 70_000,
    ]

    def once():
        peer = Peer(port)
        peer.send(random.choice(bombs))
        status = peer.status()
        peer.close()
        return status

    return again_and_again(seconds, once)


@attack
def smuggled_requests(port, seconds):
    """Framing that two readers could read differently: nothing behind it may be answered."""
    inner = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    tricks = [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n", b"Content-Length: +0\r\n\r\n", b"Content-Length : 0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nx\r\n0\r\n\r\n", b"X: y\r\n Content-Length: 5\r\n\r\n",
        b"Content-Length: 0\n\r\n", b"Host: other\r\n\r\n",
    ]

    def once():
        peer = Peer(port)
        peer.send(b"POST /healthz HTTP/1.1\r\nHost: h\r\n" + random.choice(tricks) + inner)
        answers = peer.rest().split(b"HTTP/1.1 ")
        peer.close()
        return b"".join(answer[:3] + b" " for answer in answers[1:]).decode().strip()

    return again_and_again(seconds, once)


@attack
def tls_on_the_plain_port(port, seconds):
    hello = bytes.fromhex("16030100c8010000c40303") + os.urandom(32) + b"\x00" * 160

    def once():
        peer = Peer(port)
        peer.send(random.choice([hello, os.urandom(500), b"\x16\x03\x01", b"SSH-2.0-x\r\n", b"*1\r\n$4\r\nPING\r\n"]) + b"\r\n\r\n")
        status = peer.status()
        peer.close()
        return status

    return again_and_again(seconds, once)


@attack
def pipelined_flood(port, seconds):
    """Requests without end, whose answers nobody reads."""
    peer = Peer(port, timeout=0.5, receive=4096)
    many = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n" * 500
    until, sent = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        try:
            sent += peer.socket.send(many)
        except TimeoutError:
            continue
        except OSError:
            break
    return {"sent": sent}


@attack
def gzip_grinder(port, seconds):
    """The largest file of the page, packed, over and over, on some connections at once."""
    peers = [Peer(port) for _ in range(8)]
    ask = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\n\r\n"
    until, answers = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        for peer in peers:
            peer.send(ask)
        for peer in peers:
            head = peer.until(b"\r\n\r\n").lower()
            count = int(head.split(b"content-length: ")[1].split(b"\r")[0])
            while len(peer.buffer) < count:
                if not peer.more():
                    return {"answers": answers, "lost": True}
            peer.buffer = peer.buffer[count:]
            answers += 1
    return {"answers": answers}


@attack
def logins(port, seconds):
    """Guesses the operator's password."""
    body = json.dumps({"name": "anna", "password": "guess-guess-guess"}).encode()

    def once():
        peer = Peer(port)
        peer.send(
            b"POST /api/v1/login HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        status = peer.status()
        peer.close()
        return status

    return again_and_again(seconds, once)


# At the stations' door.


@attack
def impersonation(port, seconds):
    """The good station's name without its password, and with wrong ones."""

    def once():
        peer = Peer(port)
        peer.send(handshake(GOOD, random.choice([None, "", "wrong-password-of-it", "x" * 5_000])))
        status = peer.status()
        peer.close()
        return status

    return again_and_again(seconds, once)


@attack
def strangers(port, seconds):
    """Names that nobody knows, without end."""

    def once():
        peer = Peer(port)
        peer.send(handshake(f"X-{random.randrange(1_000_000)}", None))
        status = peer.status()
        peer.close()
        return status

    return again_and_again(seconds, once)


@attack
def flapping(port, seconds):
    """One station, with its password, comes and goes as fast as it can."""

    def once():
        peer = Peer(port)
        peer.send(handshake(bad()))
        status = peer.status()
        if random.random() < 0.5:
            peer.reset()
        else:
            peer.close()
        return status

    return again_and_again(seconds, once)


@attack
def reconnect_storm(port, seconds):
    """A fleet comes back at once, boots, and goes again."""

    def once():
        peers = [Peer(port) for _ in range(100)]
        for number, peer in enumerate(peers):
            peer.send(handshake(bad(number)))
        statuses = {peer.status() for peer in peers}
        for peer in peers:
            peer.send(frame(1, heartbeat()))
        for peer in peers:
            peer.close()
        return sorted(statuses)

    return again_and_again(seconds, once, 0.2)


@attack
def names_that_forge_lines(port, seconds):
    names = [
        "a%0d%0alevel=critical%20event=forged", "%1b[31mred", "%00nul", "%E2%80%AEreversed", "..%2f..%2fetc%2fpasswd", "%2e%2e",
        "x" * 5_000, "a:b", "%ff%fe", "a%20b", "<script>alert(1)</script>", "%C2%85next", "'%20OR%201=1--",
    ]

    def once():
        peer = Peer(port)
        peer.send(handshake(random.choice(names), random.choice([None, "x\r\nlevel=critical event=forged"])))
        status = peer.status()
        peer.close()
        return status

    return again_and_again(seconds, once, 0.005)


@attack
def half_open(port, seconds):
    """Fifty stations that come in and fall silent."""
    peers = [upgraded(port, bad(number)) for number in range(50)]
    time.sleep(seconds)
    return {"open": len(peers)}


# Frames and messages.


@attack
def huge_claims(port, seconds):
    """A frame that claims nearly 2^63 bytes, or sets the bit that RFC 6455 §5.2 wants clear (which is 1002, not 1009)."""

    def once():
        peer = upgraded(port, bad())
        peer.send(frame(random.choice([1, 2]), b"x", length=random.choice([1 << 63, (1 << 63) - 1, 1 << 40, (1 << 20) + 1])))
        return end(peer)

    return again_and_again(seconds, once, 0.2)


@attack
def endless_fragments(port, seconds):
    def once():
        peer = upgraded(port, bad())
        peer.send(frame(1, b"[", fin=False))
        many = frame(0, b"x", fin=False) * 2_000
        while peer.send(many):
            ready, _, _ = select.select([peer.socket], [], [], 0)
            if ready:
                break
        return end(peer)

    return again_and_again(seconds, once, 0.2)


@attack
def empty_fragments(port, seconds):
    """Half a million fragments without a byte in them."""

    def once():
        peer = upgraded(port, bad())
        peer.send(frame(1, b"", fin=False))
        many = frame(0, b"", fin=False) * 5_000
        for _ in range(100):
            if not peer.send(many):
                break
        return end(peer)

    return again_and_again(seconds, once, 0.2)


@attack
def ping_flood(port, seconds):
    def once():
        peer = upgraded(port, bad(), timeout=1)
        many = frame(9, b"p" * 100) * 500
        for _ in range(200):
            if not peer.send(many):
                break
        return end(peer)

    return again_and_again(seconds, once, 0.2)


@attack
def deaf_caller(port, seconds):
    """Calls without end and reads no answer."""
    peer = upgraded(port, bad(), timeout=0.5, receive=4096)
    many = b"".join(frame(1, heartbeat(n)) for n in range(500))
    until, sent = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        try:
            sent += peer.socket.send(many)
        except TimeoutError:
            continue
        except OSError:
            break
    return {"sent": sent}


@attack
def flood_of_calls(port, seconds):
    """Valid calls as fast as they are taken, all of them answered."""
    peer = upgraded(port, bad())
    peer.socket.setblocking(False)
    many = b"".join(frame(1, meter_values(n) if n % 2 else heartbeat(n)) for n in range(100))
    until, sent, answered = time.monotonic() + seconds, 0, 0
    view = memoryview(many)
    while time.monotonic() < until:
        readable, writable, _ = select.select([peer.socket], [peer.socket], [], 0.5)
        if readable:
            data = peer.socket.recv(1 << 20)
            if not data:
                return {"lost": True}
            answered += data.count(b"[3,")
        if writable:
            with contextlib.suppress(BlockingIOError):
                count = peer.socket.send(view)
                sent += count
                view = view[count:] or memoryview(many)
    return {"sent": sent, "answered": answered}


@attack
def deflate_bombs(port, seconds):
    """A thousand bytes that become a hundred megabytes, and many that stay just below the bound."""

    def packed(text):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        return (squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]

    bomb = packed(b" " * (100 << 20))
    below = packed(heartbeat() + b" " * ((1 << 20) - 200))

    def once():
        peer = upgraded(port, bad(), b"Sec-WebSocket-Extensions: permessage-deflate\r\n")
        peer.send(frame(1, below, packed=True) * 50)
        peer.send(frame(1, bomb, packed=True))
        return end(peer)

    return again_and_again(seconds, once, 0.2)


@attack
def json_bombs(port, seconds):
    """Depth, digits, names given a hundred thousand times, words that are none: the link lives on, and every call that has
    an id is answered."""
    pieces = [
        b"[" * 500_000, b'{"a":' * 100_000, b"[2,\"d\",\"Heartbeat\"," + b'{"x":' * 10_000 + b"1" + b"}" * 10_000 + b"]",
        b'[2,"n","MeterValues",{"connectorId":' + b"9" * 500_000 + b"}]",
        b'[2,"e","MeterValues",{"connectorId":1e' + b"9" * 100_000 + b"}]",
        b'[2,"k","StatusNotification",{' + b'"connectorId":1,' * 50_000 + b'"status":"Available","errorCode":"NoError"}]',
        b'[2,"u","StatusNotification",{' + b",".join(b'"k%d":1' % n for n in range(50_000)) + b"}]",
        b'[2,"s","Authorize",{"idTag":"' + b"\\ud800" * 50_000 + b'"}]', b'[2,"z","Authorize",{"idTag":"\\u0000"}]',
        b"[2,\"" + b"i" * 500_000 + b'","Heartbeat",{}]', b"[" + b"0," * 400_000 + b"0]", b'"' + b"x" * 900_000,
        b'[3,"never asked",{}]', b'[4,"never asked","InternalError","",{}]', b"nullnull", b"", b"[2]", b'[2,"x"]',
    ]
    peer = upgraded(port, bad(), timeout=20)

    def once():
        peer.send(frame(1, random.choice(pieces)))
        peer.send(frame(1, b'[2,"after","Heartbeat",{}]'))
        while True:
            found = received(peer)
            if found is None or found[0] == 8:
                return "lost"
            if b'"after"' in found[1][:20]:
                return "alive"

    return again_and_again(seconds, once)


@attack
def broken_texts(port, seconds):
    """What is no UTF-8, frames without a mask, reserved bits, broken close frames."""
    tricks = {
        1007: [frame(1, b"\xff"), frame(1, b"\xed\xa0\x80"), frame(1, b"\xc0\xaf"), frame(1, b"\xf4\x90\x80\x80"),
               frame(1, b"\xe2\x82"), frame(8, b"\x03\xe8\xff")],
        1002: [b"\x81\x01x", frame(3), frame(11), frame(9, fin=False), frame(9, b"x" * 126), frame(0, b"x"), frame(8, b"\x03"),
               frame(8, b"\x03\xed"), frame(1, b"x", packed=True), frame(1, fin=False) + frame(1), b"\xf1\x80\0\0\0\0",
               b"\x81\xfe\x00\x01\0\0\0\0x"],
    }

    def once():
        code = random.choice(list(tricks))
        peer = upgraded(port, bad())
        peer.send(random.choice(tricks[code]))
        return "due" if end(peer) == code else "wrong"

    return again_and_again(seconds, once, 0.2)


@attack
def bytewise_calls(port, seconds):
    peer = upgraded(port, bad())

    def once():
        for byte in frame(1, meter_values(7)):
            peer.send(bytes([byte]))
        found = received(peer)
        return found and found[1][:3].decode()

    return again_and_again(seconds, once)


def main(name, port, seconds):
    print(json.dumps(ATTACKS[name](int(port), float(seconds))))


if __name__ == "__main__":
    main(*sys.argv[1:])
