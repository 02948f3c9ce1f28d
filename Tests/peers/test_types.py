"""What Ostler says in OCPI, read by PyPI `ocpi-types`, whose classes were made from the text of each version: nothing is missing,
no word is unknown, and nothing is lost when it is written again."""

import importlib
import json

from test_endpoints import scene  # noqa: F401 (a fixture)
from test_partner_230 import DETAILS

from house import until

READERS = {"2.1.1": "v2_1_1", "2.2.1": "v2_2_1", "2.3.0": "v2_3_0"}
SINCE = {"date_from": "2020-01-01T00:00:00Z"}


def plain(thing):
    """Without what is null, and with numbers as one kind of number."""
    if isinstance(thing, dict):
        return {name: plain(value) for name, value in thing.items() if value is not None}
    if isinstance(thing, list):
        return [plain(value) for value in thing]
    return float(thing) if isinstance(thing, int) and not isinstance(thing, bool) else thing


async def test_another_reader_understands_all_that_is_said(scene):  # noqa: F811
    types, partner, wrong, count = importlib.import_module(f"ocpi_types.{READERS[scene.version]}"), scene.partner, [], 0

    def read(name, thing):
        nonlocal count
        thing, kind = json.loads(json.dumps(thing, default=float)), getattr(types, name, None) or getattr(types, name.upper())
        count += 1
        try:
            again = kind.from_dict(thing).to_dict()
        except Exception as problem:  # noqa: BLE001 (its readers assert)
            wrong.append(f"{name}: {type(problem).__name__} {problem}: {thing}")
            return
        if plain(again) != plain(thing):
            wrong.append(f"{name}: {plain(again)} was {plain(thing)}")

    await scene.house.api.patch(f"/locations/{scene.house.site}", {"always_open": False, "details": DETAILS})
    await until(lambda: [s for s in partner.told("locations") if (s.json or {}).get("facilities")], what="the place as it is now")
    for module, name in (("locations", "Location"), ("tariffs", "Tariff"), ("sessions", "Session"), ("cdrs", "Cdr")):
        for thing in (await partner.module("GET", module, **SINCE)).data:
            read(name, thing)
        for seen in partner.told(module):
            if seen.body and len(seen.place) < 4:
                read(name, seen.json)
    for side, path, name in (("emsp", "/tokens", "Token"), ("cpo", "/credentials", "Credentials"), ("cpo", "", "Endpoint")):
        response, _ = await scene.ask(side, "GET", path)
        data = response.json()["data"]
        for thing in data.get("endpoints", [data]) if isinstance(data, dict) else data:
            # Payments came in a text of its own, whose name for the module the core's list does not have.
            if thing.get("identifier") != "payments" and hasattr(types, name):
                read(name, thing)
    assert count >= 12 and not wrong, "\n".join(wrong)
