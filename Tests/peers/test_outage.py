"""The partner is away while ten cars charge. Afterwards it has the current state of everything and each CDR under one id
with the same bytes, in order, without a flood and within seconds."""

import asyncio
import time
from collections import Counter
from decimal import Decimal

import pytest

from charging import tariff
from house import until
from light import fleet
from partners import EMSP, SEEN


async def prepared(house, partners):
    emsp = await partners(EMSP())
    await emsp.join(house)
    number = await tariff(house)
    for driver in range(10):
        await emsp.give(emsp.driver(f"DE-EMP-D{driver}"))
    stations = await fleet(house, 10, [f"DE-EMP-D{n}" for n in range(10)], number, pause=0.15, readings=8)
    await until(lambda: quiet(house, emsp), 15, what="everything is told before the outage")
    return emsp, stations


async def quiet(house, emsp):
    queue = (await house.api.get(f"/partners/{emsp.number}"))["queue"]
    return queue["due"] == 0 and queue["parked"] == 0


@pytest.mark.parametrize("illness", ["closed", "failing", "hanging", "mute"])
async def test_a_partner_that_was_away_gets_the_current_state(house, partners, illness):
    emsp, stations = await prepared(house, partners)
    if illness == "closed":
        await emsp.stop()
    else:
        emsp.mood = illness
    gone = time.monotonic()
    begun = len(emsp.asked)
    entries = await asyncio.gather(*(station.charge() for station in stations))
    await house.api.patch(f"/locations/{house.site}", {"name": "Renamed meanwhile"})
    await asyncio.sleep(3)
    away = emsp.asked[begun:]
    queue = (await house.api.get(f"/partners/{emsp.number}"))["queue"]
    if illness != "mute":
        assert queue["due"] >= 20 and queue["oldest_at"] and queue["last_error"] or illness == "hanging"
    # While it is away it is left alone: a try now and then, doubling the pause.
    most = max(Counter(int(s.at) for s in away).values(), default=0)
    assert illness == "mute" or most <= 8, f"{most} requests in one second at a partner that is {illness}"

    back = len(emsp.asked)
    emsp.mood = "well"
    if illness in ("closed", "hanging"):
        # A partner that hung is one that was started anew.
        await emsp.stop()
        await emsp.start()
    returned = time.monotonic()
    assert returned - gone < 20
    await until(lambda: quiet(house, emsp), 20, 0.1, what="the queue is empty again")

    # Every CDR under one id, every attempt the same bytes.
    attempts = {}
    for s in emsp.asked[begun:]:
        if s.module == "cdrs":
            attempts.setdefault(s.json["id"], set()).add(s.body)
    assert len(attempts) == 10 and all(len(bodies) == 1 for bodies in attempts.values())
    taken = {s.json["id"]: s for s in emsp.told("cdrs", "POST")}
    assert set(taken) == set(attempts) == {id_ for module, id_, *_ in emsp.objects if module == "cdrs"}
    by_tag = {s.json["cdr_token"]["uid"]: s.json for s in taken.values()}
    for station, entry in zip(stations, entries):
        assert by_tag[station.tag]["total_energy"] == Decimal(entry.stop[1] - entry.meter) / 1_000
        assert by_tag[station.tag]["end_date_time"] == entry.stop[0]

    # The current state, and in order: the location, the completed session, its CDR. What was under way when the location
    # changed is no news.
    after = emsp.asked[back:]
    if illness != "mute":
        known = {s.body for s in away}
        news = [s for s in after if s.module != "sessions" or s.body not in known]
        location = next(n for n, s in enumerate(news) if s.module == "locations" and len(s.place) == 3)
        assert news[location].json["name"] == "Renamed meanwhile"
        assert location < min(n for n, s in enumerate(news) if s.module in ("sessions", "cdrs"))
    for cdr in taken.values():
        session = [s for s in emsp.told("sessions") if s.place[-1] == cdr.json["session_id"]]
        assert session[-1].json["status"] == "COMPLETED"
        assert session[-1].json["kwh"] == cdr.json["total_energy"]
        assert next(s for s in session if s.json["status"] == "COMPLETED").at < cdr.at

    # No replay: each object once, or twice where an attempt was under way when it returned.
    told = Counter((s.module, *s.place, s.json.get("id") if s.module == "cdrs" else None) for s in after)
    assert max(told.values()) <= 2, told.most_common(3)
    assert (await house.api.get(f"/partners/{emsp.number}"))["queue"]["last_error"] is None


async def test_a_partner_that_calls_is_served_at_once(house, partners):
    """After a long outage the pauses are long; its first request of its own ends them. (One that calls all the time while
    its own door fails is not tried at each call: so this one is quiet for a while.)"""
    emsp, stations = await prepared(house, partners)
    emsp.mood = "failing"
    await asyncio.gather(*(station.charge() for station in stations[:2]))
    await asyncio.sleep(10)
    emsp.mood = "well"
    await emsp.module("GET", "locations")
    await until(lambda: len(emsp.cdrs()) == 2, 2, what="the CDRs, at once")


async def test_one_partners_silence_does_not_hold_up_another(house, partners):
    emsp, stations = await prepared(house, partners)
    other = await partners(EMSP("Other", party="OTH"))
    await other.join(house)
    await other.give(other.driver("OTHER-1"))
    emsp.mood = "hanging"
    silent, talking = stations[0], stations[1]
    talking.tag = "OTHER-1"
    await asyncio.gather(silent.charge(), talking.charge())
    await until(lambda: len(other.cdrs()) == 1, 2, what="the other partner's CDR")
    assert other.session()[-1]["status"] == "COMPLETED" and emsp.cdrs() == []
    emsp.mood = "well"


async def test_data_that_is_refused_is_parked_and_blocks_nothing(house, partners):
    emsp, stations = await prepared(house, partners)

    async def refusing(request):
        return emsp.envelope(None, 2001) if request[SEEN].module == "sessions" else await emsp.take(request)

    emsp.handle_module = refusing
    await stations[0].charge()
    await until(lambda: len(emsp.cdrs()) == 1, what="the CDR in spite of the refused session")

    async def parked():
        found = await house.api.items(f"/partners/{emsp.number}/pushes", state="parked")
        return found

    row = (await until(parked))[0]
    assert row["module"] == "sessions" and "2001" in row["last_error"]
    assert "push_parked" in [a["kind"] for a in (await house.api.get("/overview"))["needs_attention"]]
    emsp.handle_module = emsp.take
    await house.cli("partner", "redeliver", str(emsp.number))
    await until(lambda: quiet(house, emsp))
    assert emsp.session()[-1]["status"] == "COMPLETED" and len(emsp.cdrs()) == 1
