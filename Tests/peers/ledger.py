"""The books of the house and of its partner, held against the stations' own account of what was acknowledged."""

import asyncio
from collections import Counter
from decimal import Decimal


def kwh(wh):
    return Decimal(wh) / 1_000


async def drained(house, emsp):
    """Waits until the partner was told everything, as long as the queue gets shorter."""
    least = None
    while True:
        queue = (await house.api.get(f"/partners/{emsp.number}"))["queue"]
        print(queue)
        if queue["due"] == 0:
            return
        assert least is None or queue["due"] < least, f"the push queue stands still: {queue}"
        least = queue["due"]
        await asyncio.sleep(5 if least > 100 else 1)


async def judge(house, ledger, stations):
    """The books against the stations' own account."""
    assert len(ledger) >= stations and all(entry.started and entry.stopped for entry in ledger)
    sessions = {s["transaction_id"]: s for s in await house.api.items("/sessions", limit=500)}
    assert len(sessions) == len(ledger), "a start was kept twice, or lost"
    assert {entry.transaction for entry in ledger} == set(sessions)
    cdrs = Counter(c["session"] for c in await house.api.items("/cdrs", limit=500))
    for entry in ledger:
        session = await house.api.get(f"/sessions/{sessions[entry.transaction]['id']}")
        assert session["station"] == entry.station and session["token"]["uid"].upper() == entry.tag
        assert session["started_at"] == entry.at and session["ended_at"] == entry.stop[0]
        assert session["state"] == "completed" and Decimal(session["energy_kwh"]) == kwh(entry.stop[1] - entry.meter)
        kept = [(r["at"], Decimal(r["register_kwh"])) for r in session["readings"]]
        expected = [(entry.at, entry.meter), *sorted(entry.readings.items()), entry.stop]
        assert kept == [(at, kwh(wh)) for at, wh in expected], entry
        assert cdrs[session["id"]] == 1


def judge_partner(emsp, ledger):
    """What the partner has of its drivers' sessions."""
    bodies = {}
    for seen in emsp.asked:
        if seen.module == "cdrs":
            bodies.setdefault(seen.json["id"], set()).add(seen.body)
    assert all(len(each) == 1 for each in bodies.values()), "a CDR was sent in two versions"
    taken = {cdr["id"]: cdr for cdr in emsp.cdrs()}
    assert len(taken) == len(ledger) == len({cdr["session_id"] for cdr in taken.values()})
    by_start = {(cdr["cdr_token"]["uid"], cdr["start_date_time"], cdr["total_energy"]) for cdr in taken.values()}
    assert by_start == {(e.tag, e.at, kwh(e.stop[1] - e.meter)) for e in ledger}
    states = emsp.newest("sessions")
    assert Counter(s["status"] for s in states.values()) == {"COMPLETED": len(ledger)}
