"""RFC 6455 from outside, family by family, by bare bytes against `ostler-ws-echo`."""

import itertools
import random

import pytest

from rawsocket import (
    BINARY_MESSAGE, CLOSE, CONTINUATION, PING, PONG, TEXT, Echo, RawSocket, fragments, frame)


@pytest.fixture(scope="module")
def echo():
    running = Echo()
    yield running
    running.stop()


@pytest.fixture
def peer(echo):
    with RawSocket(echo) as open_socket:
        yield open_socket


def close_frame(code, reason=b""):
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


# Framing (§5.2)

@pytest.mark.parametrize("chop", [None, 1, 997])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65_535, 65_536])
@pytest.mark.parametrize("opcode", [TEXT, BINARY_MESSAGE], ids=["text", "binary"])
def test_every_length_comes_back(peer, opcode, size, chop):
    if chop == 1 and size > 128:
        chop = 13
    payload = b"*" * size if opcode == TEXT else bytes(n * 7 & 255 for n in range(size))
    peer.send(frame(opcode, payload), chop)
    peer.hears(opcode, payload)
    peer.send(close_frame(1000))
    peer.ends(1000)


@pytest.mark.parametrize("key", [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x00\xff\x00\x01"])
@pytest.mark.parametrize("chop", [None, 1, 3, 9])
def test_every_mask_is_taken_off(peer, key, chop):
    for size in [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31]:
        payload = bytes(range(100, 100 + size))
        peer.send(frame(BINARY_MESSAGE, payload, mask=key), chop)
        peer.hears(BINARY_MESSAGE, payload)


@pytest.mark.parametrize("data", [
    frame(TEXT, b"hello", mask=None), frame(PING, b"", mask=None), frame(BINARY_MESSAGE, b"x" * 125, form=2),
    frame(BINARY_MESSAGE, b"x" * 65_535, form=8), frame(PING, b"x", form=2), frame(TEXT, b"", form=8)],
    ids=["unmasked text", "unmasked ping", "125 in two", "65535 in eight", "ping in two", "0 in eight"])
def test_wrong_headers_are_protocol_errors(peer, data):
    peer.send(frame(TEXT, b"before") + data + frame(TEXT, b"after"))
    peer.hears(TEXT, b"before")
    peer.ends(1002)


@pytest.mark.parametrize("length,code", [((32 << 20) + 1, 1009), (1 << 40, 1009), ((1 << 63) - 1, 1009), (1 << 63, 1002)])
def test_claims_are_judged_by_their_header(peer, length, code):
    """§5.2: the most significant bit of a 64-bit length is 0; and nothing is reserved for what is only announced."""
    peer.send(frame(BINARY_MESSAGE, length=length, form=8))
    peer.ends(code)


# Pings and pongs (§5.5.2, §5.5.3)

@pytest.mark.parametrize("chop", [None, 1])
@pytest.mark.parametrize("payload", [b"", b"hello", bytes([0, 255, 254, 253, 0]), b"\xfe" * 125],
                         ids=["empty", "text", "binary", "125"])
def test_a_ping_is_answered_with_its_own_payload(peer, payload, chop):
    peer.send(frame(PING, payload), chop)
    peer.hears(PONG, payload)


def test_ten_pings_are_answered_in_their_order(peer):
    peer.send(b"".join(frame(PING, b"payload-%d" % n) for n in range(10)), chop=1)
    for n in range(10):
        peer.hears(PONG, b"payload-%d" % n)


def test_pongs_that_nobody_asked_for_are_ignored(peer):
    peer.send(frame(PONG) + frame(PONG, b"unsolicited") + frame(PING, b"ping"))
    peer.hears(PONG, b"ping")


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frames_are_short_and_whole(echo, opcode):
    for data in [frame(opcode, b"\x03\xe8" + b"x" * 124), frame(opcode, b"", fin=False)]:
        with RawSocket(echo) as peer:
            peer.send(data)
            peer.ends(1002)


# Reserved bits and opcodes (§5.2)

@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY_MESSAGE, CONTINUATION, PING, PONG, CLOSE])
def test_reserved_bits_are_protocol_errors(peer, opcode, rsv):
    start = frame(TEXT, b"a", fin=False) if opcode == CONTINUATION else b""
    peer.send(frame(TEXT, b"before") + start + frame(opcode, b"\x03\xe8", rsv=rsv) + frame(PING))
    peer.hears(TEXT, b"before")
    peer.ends(1002)


@pytest.mark.parametrize("chop", [None, 1])
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_reserved_opcodes_are_protocol_errors(peer, opcode, chop):
    peer.send(frame(TEXT, b"before") + frame(opcode, b"x") + frame(PING), chop)
    peer.hears(TEXT, b"before")
    peer.ends(1002)


# Fragmentation (§5.4)

@pytest.mark.parametrize("chop", [None, 1, 5])
@pytest.mark.parametrize("opcode", [TEXT, BINARY_MESSAGE])
def test_fragments_are_joined_around_control_frames(peer, opcode, chop):
    peer.send(
        frame(opcode, b"one", fin=False) + frame(PING, b"1") + frame(CONTINUATION, b"", fin=False) + frame(PONG, b"x")
        + frame(CONTINUATION, b"two", fin=False) + frame(PING, b"2") + frame(CONTINUATION, b"three"), chop)
    peer.hears(PONG, b"1")
    peer.hears(PONG, b"2")
    peer.hears(opcode, b"onetwothree")
    peer.send(frame(opcode, b"", fin=False) + frame(CONTINUATION, b"", fin=False) + frame(CONTINUATION, b""), chop)
    peer.hears(opcode, b"")


@pytest.mark.parametrize("data", [
    frame(CONTINUATION, b"x"), frame(CONTINUATION, b"x", fin=False),
    frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), frame(TEXT, b"a", fin=False) + frame(BINARY_MESSAGE, b"b", fin=False),
    frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b") + frame(CONTINUATION, b"c")],
    ids=["end without beginning", "middle without beginning", "text in text", "binary in text", "end after end"])
@pytest.mark.parametrize("chop", [None, 1])
def test_broken_fragmentation_is_a_protocol_error(peer, data, chop):
    peer.send(data + frame(PING), chop)
    heard = peer.frame()
    if heard == (TEXT, b"ab", False):
        heard = peer.frame()
    assert heard is not None and heard[0] == CLOSE and heard[1][:2] == (1002).to_bytes(2, "big")
    assert peer.frame() is None


# UTF-8 (§8.1, RFC 3629)

GOOD_TEXT = [
    "κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "\x00", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff",
    "\U00010000", "\U0001fffe", "\U0001ffff", "\U000fffff", "\U0010fffe", "\U0010ffff", "\ufeff", "a" * 9 + "€" * 5 + "😀" * 3]

BAD_TEXT = [
    "80", "bf", "80bf", "80bf80bf80", "".join(f"{n:02x}" for n in range(0x80, 0xC0)), "c0", "c1", "c080", "c1bf", "c020", "df20",
    "e020", "e08080", "e09fbf", "eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf", "eda080edb080", "edafbfedbfbf",
    "f020", "f0808080", "f08fbfbf", "f4908080", "f4bfbfbf", "f5808080", "f7bfbfbf", "f888808080", "fbbfbfbfbf", "fc8480808080",
    "fdbfbfbfbfbf", "fe", "ff", "fefeffff", "cebae1bdb9cf83cebceda080656469746564", "c3", "e282", "f09f98", "c3c3", "e28228", "c0af",
    "f8808080af", "e080af"]


@pytest.mark.parametrize("text", GOOD_TEXT, ids=[text.encode().hex()[:24] for text in GOOD_TEXT])
def test_good_text_comes_back_however_it_is_cut(peer, text):
    data = text.encode()
    for sent in [frame(TEXT, data), fragments(TEXT, data, 1), fragments(TEXT, data, 2)]:
        for chop in [None, 1]:
            peer.send(sent, chop)
            peer.hears(TEXT, data)


def is_text(data):
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# Python's own incremental decoder sees a surrogate one octet late, hence by trial: one of these ends any good beginning.
ENDINGS = [bytes(octets) for count in range(4) for octets in itertools.product([0x80, 0x90, 0xA0], repeat=count)]


def first_wrong(data):
    """The place of the first octet that no UTF-8 can have there; the length where only the end is missing."""
    return next((at for at in range(len(data)) if not any(is_text(data[:at + 1] + rest) for rest in ENDINGS)), len(data))


@pytest.mark.parametrize("bad", BAD_TEXT)
def test_bad_text_is_refused_however_it_is_cut(echo, bad):
    data = "κόσμε-".encode() + bytes.fromhex(bad)
    for sent in [frame(TEXT, data), fragments(TEXT, data, 1), fragments(TEXT, data, 3)]:
        for chop in [None, 1]:
            with RawSocket(echo) as peer:
                peer.send(sent + frame(PING, b"after"), chop)
                peer.ends(1007)


@pytest.mark.parametrize("bad", BAD_TEXT)
def test_bad_text_is_refused_at_the_octet_that_is_wrong(echo, bad):
    data = "κόσμε-".encode() + bytes.fromhex(bad)
    wrong = first_wrong(data)
    # Within one frame, whose rest never comes.
    if wrong < len(data):
        with RawSocket(echo) as peer:
            peer.send(frame(TEXT, data[:wrong + 1], length=len(data) + 50), chop=1)
            peer.ends(1007)
    # One octet in each fragment: what may still become right is waited for, as the pongs tell.
    with RawSocket(echo) as peer:
        for at in range(min(wrong, len(data))):
            peer.send(frame(TEXT if at == 0 else CONTINUATION, data[at:at + 1], fin=False) + frame(PING, b"%d" % at))
            peer.hears(PONG, b"%d" % at)
        peer.send(frame(CONTINUATION, data[wrong:wrong + 1], fin=wrong == len(data)))
        peer.ends(1007)


def test_bytes_that_are_no_text_may_be_binary(peer):
    for bad in BAD_TEXT:
        peer.send(frame(BINARY_MESSAGE, bytes.fromhex(bad)))
        peer.hears(BINARY_MESSAGE, bytes.fromhex(bad))


# Closing (§5.5.1, §7)

@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
def test_codes_that_may_be_sent_are_echoed(peer, code):
    peer.send(frame(TEXT, b"last") + close_frame(code, b"reason"))
    peer.hears(TEXT, b"last")
    peer.ends(code)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])
def test_codes_that_may_not_be_sent_are_protocol_errors(peer, code):
    peer.send(close_frame(code))
    peer.ends(1002)


def test_close_frames_of_every_shape(echo):
    for data, code in [
            (frame(CLOSE), None), (frame(CLOSE, b"\x03"), 1002), (close_frame(1000, b"x" * 123), 1000),
            (close_frame(1000, "€".encode() * 41), 1000), (close_frame(1000, b"x" * 124), 1002),
            (close_frame(1000, bytes.fromhex("cebae1bdb9cf83cebceda080656469746564")), 1007)]:
        for chop in [None, 1]:
            with RawSocket(echo) as peer:
                peer.send(data, chop)
                peer.ends(code)


def test_nothing_is_heard_after_a_close_frame(peer):
    peer.send(close_frame(1000) + frame(TEXT, b"late") + frame(PING, b"late") + close_frame(1001) + b"\xff" * 100)
    peer.ends(1000)


def test_a_message_that_a_close_frame_cuts_off_is_not_echoed(peer):
    peer.send(frame(TEXT, b"half", fin=False) + close_frame(1000) + frame(CONTINUATION, b"late"))
    peer.ends(1000)


# Sizes and the limit (§10.4)

@pytest.mark.parametrize("size", [1 << 20, 4 << 20, 16 << 20], ids=["1 MiB", "4 MiB", "16 MiB"])
@pytest.mark.parametrize("opcode", [TEXT, BINARY_MESSAGE], ids=["text", "binary"])
def test_large_messages_come_back_whole_and_in_fragments(peer, opcode, size):
    payload = ("Größe€😀 ".encode() * (size // 17 + 1))[:size] if opcode == TEXT else random.Random(size).randbytes(size)
    if opcode == TEXT:
        payload = payload.decode(errors="ignore").encode()
    peer.send(frame(opcode, payload))
    peer.hears(opcode, payload)
    peer.send(fragments(opcode, payload, 65_536 + 1))
    peer.hears(opcode, payload)


@pytest.mark.parametrize("size", [64, 256, 1_024])
def test_small_fragments_make_a_large_message(peer, size):
    payload = random.Random(size).randbytes(1 << 20)
    peer.send(fragments(BINARY_MESSAGE, payload, size))
    peer.hears(BINARY_MESSAGE, payload)


def test_the_limit_is_exact():
    running = Echo("--max-message", "1000")
    for size in [999, 1_000]:
        with RawSocket(running) as peer:
            peer.send(frame(BINARY_MESSAGE, b"x" * size))
            peer.hears(BINARY_MESSAGE, b"x" * size)
            peer.send(fragments(BINARY_MESSAGE, b"x" * size, 400))
            peer.hears(BINARY_MESSAGE, b"x" * size)
    for data in [frame(BINARY_MESSAGE, b"x" * 1_001), fragments(BINARY_MESSAGE, b"x" * 1_001, 400)]:
        with RawSocket(running) as peer:
            peer.send(data)
            peer.ends(1009)
    running.stop()


def test_a_thousand_messages_come_back_in_their_order(peer):
    messages = [b"%d " % n * (n % 40) for n in range(1_000)]
    peer.send(b"".join(frame(TEXT, message) for message in messages))
    for message in messages:
        peer.hears(TEXT, message)


@pytest.mark.parametrize("options", [(), ("--loops", "3")], ids=["one loop", "three loops"])
def test_many_connections_are_served_beside_each_other(options):
    running = Echo(*options)
    peers = [RawSocket(running) for _ in range(40)]
    for n, peer in enumerate(peers):
        peer.send(frame(TEXT, b"%d" % n, fin=False))
    for n, peer in enumerate(peers):
        peer.send(frame(CONTINUATION, b"!"))
        peer.hears(TEXT, b"%d!" % n)
        peer.send(close_frame(1000))
        peer.ends(1000)
        peer.close()
    running.stop()


# The handshake (§4.2)

@pytest.mark.parametrize("change,status", [
    ({"Sec-WebSocket-Version": "8"}, 426), ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400), ({"Connection": "close"}, 400),
    ({"Upgrade": "h2c"}, 426), ({"Connection": "keep-alive, Upgrade"}, 101), ({"Upgrade": "WebSocket"}, 101)],
    ids=["version 8", "short key", "no Connection: Upgrade", "another protocol", "in a list", "capitals"])
def test_the_handshake_is_judged(echo, change, status):
    with RawSocket(echo, **change) as peer:
        assert peer.status == status


def test_frames_behind_the_handshake_are_not_lost(echo):
    with RawSocket(echo, path="/any/path?a=b") as peer:
        peer.send(frame(TEXT, b"early") + frame(TEXT, b"bird"))
        peer.hears(TEXT, b"early")
        peer.hears(TEXT, b"bird")
