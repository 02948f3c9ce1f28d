"""The API held against its own document: requests of every operation, good and bad ones, and no answer that it does not
describe. A reader of OpenAPI that is not ours (schemathesis) makes them; a third of the ids are ones that exist."""

import asyncio
import os
import sys

import pytest

from stations import known

pytestmark = pytest.mark.asyncio

# Streams have no end to wait for; one's own key, user or site must not go while others ask with it.
LEFT_OUT = ["followEvents", "followDrive", "removeAPIKey", "removeUser", "changeUser", "endUserLogins", "removeLocation"]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


async def lived_in(house, stations):
    """A house with something of most kinds; the ids that a path may name."""
    tariff = await house.api.post("/tariffs", {
        "id": "T1", "currency": "EUR", "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]}]})
    station = stations.keep(await known(house, "CS-1", location=house.site))
    await house.api.patch("/stations/CS-1/evses/1", {"connectors": [{"number": 1, "tariff": tariff["id"]}]})
    await station.begin("04A1B2C3D4E5F6", meter=0)
    await station.end(20_000)
    await station.begin("04A1B2C3D4E5F6", meter=20_000)
    session = (await house.api.get("/sessions"))["items"][0]["id"]
    cdr = (await house.api.get("/cdrs"))["items"][0]["id"]
    await house.api.post(f"/locations/{house.site}/circuits", {"name": "Main", "rated_a": "100", "usable_a": "80"})
    return {
        "stations": "CS-1", "sessions": session, "cdrs": cdr, "locations": str(house.site), "tariffs": str(tariff["id"]),
        "tokens": "1", "circuits": "1", "invoices": "1", "number": "1"}


@pytest.mark.timeout(600)
async def test_every_answer_is_one_that_the_document_describes(house, stations, tmp_path):
    ids = await lived_in(house, stations)
    (tmp_path / "hooks.py").write_text(HOOKS.format(ids=ids))
    (tmp_path / "schemathesis.toml").write_text("[phases.coverage]\nunexpected-methods = []\n")
    line = [
        sys.executable, "-m", "schemathesis.cli",
        "--config-file", str(tmp_path / "schemathesis.toml"), "run", f"{house.url}/api/v1/openapi.json", "--url",
        f"{house.url}/api/v1", "-H", f"Authorization: Bearer {house.key}", "--checks", CHECKS, "--max-examples", "5",
        "--seed", "1", "--phases", "examples,coverage,fuzzing", "--request-timeout", "60", "--continue-on-failure",
        "--no-color", "--suppress-health-check", "all", "--generation-database", "none",
        *[word for name in LEFT_OUT for word in ("--exclude-operation-id", name)]]
    process = await asyncio.create_subprocess_exec(
        *line, cwd=tmp_path, env={**os.environ, "SCHEMATHESIS_HOOKS": "hooks"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    out = (await process.communicate())[0].decode()
    assert process.returncode == 0, out[-12_000:]
    assert "Tested:" in out


HOOKS = '''
import schemathesis
KNOWN = {ids}

@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """What exists in the place of every third id."""
    parts = context.operation.path.strip("/").split("/")
    for name in path_parameters or {{}}:
        found = KNOWN.get(parts[0]) if name == "id" else KNOWN.get(name)
        if found and len(str(path_parameters)) % 3 == 0:
            path_parameters[name] = found
    return path_parameters
'''
