"""RFC 7692 from outside: what is offered and agreed, and payloads of every kind, by bare bytes against `ostler-ws-echo`."""

import json
import random

import pytest

from rawsocket import BINARY_MESSAGE, CONTINUATION, PING, PONG, TEXT, Echo, RawSocket, fragments, frame, packed, unpacked

DEFLATE = "permessage-deflate"
LIMIT = 2 << 20
RESET = {DEFLATE, "server_no_context_takeover", "client_no_context_takeover"}


@pytest.fixture(scope="module")
def echo():
    running = Echo("--max-message", str(LIMIT))
    yield running
    running.stop()


# Negotiation (§5, §7.1)

@pytest.mark.parametrize("offer,agreed", [
    (DEFLATE, RESET),
    (f"{DEFLATE}; client_no_context_takeover", RESET),
    (f"{DEFLATE}; server_no_context_takeover", RESET),
    (f"{DEFLATE}; client_max_window_bits", RESET),
    (f"{DEFLATE}; client_max_window_bits=8", RESET),
    (f"{DEFLATE}; client_max_window_bits=15", RESET),
    (f"{DEFLATE}; client_max_window_bits; server_max_window_bits=10", RESET | {"server_max_window_bits=10"}),
    (f"{DEFLATE}; server_max_window_bits=9", RESET | {"server_max_window_bits=9"}),
    (f"{DEFLATE}; server_max_window_bits=15", RESET | {"server_max_window_bits=15"}),
    (f"{DEFLATE};server_max_window_bits=\"12\"", RESET | {"server_max_window_bits=12"}),
    # zlib has no raw stream with a window of 2^8: that offer is declined, and the next one is taken (§7.1.2.1).
    (f"{DEFLATE}; server_max_window_bits=8, {DEFLATE}; server_max_window_bits=11", RESET | {"server_max_window_bits=11"}),
    (f"{DEFLATE}; server_max_window_bits=8", None),
    (f"{DEFLATE}; nobody_knows_this, {DEFLATE}", RESET),
    ("x-webkit-deflate-frame", None),
    (f"{DEFLATE}; nobody_knows_this", None),
    (f"{DEFLATE}; server_max_window_bits", None),
    (f"{DEFLATE}; server_max_window_bits=16", None),
    (f"{DEFLATE}; server_max_window_bits=7", None),
    (f"{DEFLATE}; server_max_window_bits=09", None),
    (f"{DEFLATE}; client_max_window_bits=16", None),
    (f"{DEFLATE}; client_max_window_bits=x", None),
    (f"{DEFLATE}; client_no_context_takeover=1", None),
    (f"{DEFLATE}; server_no_context_takeover; server_no_context_takeover", None)])
def test_offers_are_agreed_to_or_declined(echo, offer, agreed):
    with RawSocket(echo, offer) as peer:
        assert peer.status == 101 and peer.agreed == agreed
        text = b"again and again " * 20
        if agreed is None:
            peer.send(frame(TEXT, text))
            assert peer.frame() == (TEXT, text, False)
            peer.send(frame(TEXT, packed(text), rsv=4))
            peer.ends(1002)
        else:
            bits = next((int(part.split("=")[1]) for part in agreed if part.startswith("server_max_window_bits")), 15)
            peer.send(frame(TEXT, packed(text), rsv=4))
            opcode, payload, compressed = peer.frame()
            assert opcode == TEXT and compressed and len(payload) < len(text) // 2
            assert unpacked(payload, bits) == text


def test_an_echo_that_does_not_compress_agrees_to_nothing():
    running = Echo("--no-deflate")
    with RawSocket(running, DEFLATE) as peer:
        assert peer.agreed is None
        peer.send(frame(TEXT, b"plain"))
        peer.hears(TEXT, b"plain")
    running.stop()


# Payloads (§7.2)

def families(size):
    rest = random.Random(size)
    words = ("StatusNotification MeterValues Energy.Active.Import.Register Größe €uro 😀 " * (size // 40 + 1))
    reading = {"timestamp": "2026-11-22T10:02:11Z", "sampledValue": [{"value": "10.5", "unit": "kWh"}]}
    return {
        "words": words.encode()[:size].decode(errors="ignore").encode(),
        "json": json.dumps([reading] * (size // 90 + 1)).encode()[:size],
        "zeros": bytes(size), "noise": rest.randbytes(size), "two letters": bytes(rest.choice(b"ab") for _ in range(size))}


@pytest.mark.parametrize("family", ["words", "json", "zeros", "noise", "two letters"])
@pytest.mark.parametrize("bits", [9, 12, 15])
def test_payloads_of_every_kind_come_back(echo, family, bits):
    with RawSocket(echo, f"{DEFLATE}; server_max_window_bits={bits}") as peer:
        for size in [16, 99, 100, 256, 1_024, 8_192, 65_536, 131_072]:
            payload = families(size)[family]
            opcode = BINARY_MESSAGE if family == "noise" else TEXT
            for level, sent in [(0, 15), (1, 9), (9, 15)]:
                for data in [frame(opcode, packed(payload, sent, level), rsv=4), frame(opcode, payload),
                             fragments(opcode, packed(payload, sent, level), max(1, size // 7), rsv=4)]:
                    peer.send(data)
                    kind, answer, compressed = peer.frame()
                    # Each by a fresh state with the window that was agreed: nothing is taken over.
                    assert kind == opcode and (unpacked(answer, bits) if compressed else answer) == payload
                    assert compressed == (len(payload) >= 100)


def test_a_thousand_messages_do_not_depend_on_each_other(echo):
    with RawSocket(echo, DEFLATE) as peer:
        messages = [b'[2,"%d","MeterValues",{"connectorId":1,"meterValue":[]}]' % n * 4 for n in range(1_000)]
        peer.send(b"".join(frame(TEXT, packed(message), rsv=4) for message in messages))
        for message in messages:
            peer.hears(TEXT, message)


def test_control_frames_stand_between_compressed_fragments(echo):
    with RawSocket(echo, DEFLATE) as peer:
        text = b"again and again " * 100
        data = packed(text)
        for chop in [None, 1]:
            peer.send(
                frame(TEXT, data[:10], fin=False, rsv=4) + frame(PING, b"p") + frame(CONTINUATION, b"", fin=False)
                + frame(CONTINUATION, data[10:]), chop)
            peer.hears(PONG, b"p")
            peer.hears(TEXT, text)


@pytest.mark.parametrize("data", [
    bytes.fromhex("f248cdc9c90700"), bytes.fromhex("000500faff48656c6c6f00"), bytes.fromhex("f348cdc9c9070000"),
    bytes.fromhex("f24805000000ffffcac9c90700")], ids=["a block", "stored", "a final block", "two blocks"])
def test_the_examples_of_the_specification_are_read(echo, data):
    """§7.2.3.1 to §7.2.3.5."""
    with RawSocket(echo, DEFLATE) as peer:
        peer.send(frame(TEXT, data, rsv=4))
        peer.hears(TEXT, b"Hello")
        peer.send(frame(TEXT, data[:3], fin=False, rsv=4) + frame(CONTINUATION, data[3:]))
        peer.hears(TEXT, b"Hello")
        # §7.2.3.6: an empty message is one empty block.
        peer.send(frame(TEXT, b"\x00", rsv=4))
        peer.hears(TEXT, b"")


@pytest.mark.parametrize("payload,code", [
    (b"\xff\xff\xff", 1007), (b"\x07", 1007), (b"\x78\x9c\x03\x00", 1007), (packed(b"\xe4" * 200), 1007),
    (packed("ä".encode()[:1]), 1007), (packed(bytes(LIMIT + 1)), 1009)],
    ids=["no deflate", "reserved block", "zlib's header", "no UTF-8", "half a character", "a bomb"])
def test_broken_and_enormous_payloads_end_the_connection(echo, payload, code):
    with RawSocket(echo, DEFLATE) as peer:
        peer.send(frame(TEXT, payload, rsv=4))
        peer.ends(code)


@pytest.mark.parametrize("data", [
    frame(TEXT, packed(b"x"), fin=False, rsv=4) + frame(CONTINUATION, b"", rsv=4), frame(PING, b"", rsv=4),
    frame(TEXT, b"x", rsv=2), frame(TEXT, b"x", rsv=6), frame(TEXT, b"x", rsv=1)],
    ids=["on a later fragment", "on a ping", "RSV2", "RSV1 and RSV2", "RSV3"])
def test_the_compression_bit_stands_on_the_first_frame_of_a_message_only(echo, data):
    with RawSocket(echo, DEFLATE) as peer:
        peer.send(data)
        peer.ends(1002)


def test_many_bombs_in_one_read_do_not_end_the_echo(echo):
    """Sixty-four messages of a few bytes, each of which inflates to much, and all of them wanted back."""
    with RawSocket(echo, DEFLATE) as peer:
        zeros = bytes(1 << 15)
        peer.send(frame(BINARY_MESSAGE, packed(zeros), rsv=4) * 64)
        for _ in range(64):
            peer.hears(BINARY_MESSAGE, zeros)
