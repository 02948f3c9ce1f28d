"""Every message of OCPP 1.6, 2.0.1 and 2.1 as our writer writes it, judged by the validators of the Python package `ocpp`."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import ocpp
import pytest
from ocpp.messages import Call, CallResult, validate_payload

FRAMES = Path(__file__).parent / "frames"
SCHEMAS = Path(ocpp.__file__).parent
VERSIONS = [("1.6", "v16"), ("2.0.1", "v201"), ("2.1", "v21")]


def frames(version):
    lines = (FRAMES / f"ocpp{version}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def names(version, package):
    return {path.stem for path in (SCHEMAS / package / "schemas").glob("*.json")}


@pytest.mark.parametrize("version, package", VERSIONS)
async def test_every_call_and_reply_with_all_its_fields_is_valid(version, package):
    judged = set()
    for frame in frames(version):
        if frame[0] == 2 and frame[2] == "NotifyPeriodicEventStream":
            # It is sent without a reply, and the package looks for its schema under another name.
            schema = json.loads((SCHEMAS / package / "schemas" / f"{frame[2]}.json").read_text(encoding="utf-8-sig"))
            jsonschema.validate(frame[3], schema)
            judged.add(frame[2])
        elif frame[0] == 2:
            await validate_payload(Call(frame[1], frame[2], frame[3]), version)
            judged.add(frame[2] if version == "1.6" else f"{frame[2]}Request")
        elif frame[1] != "NotifyPeriodicEventStream":
            await validate_payload(CallResult(frame[1], frame[2], action=frame[1]), version)
            judged.add(f"{frame[1]}Response")
    assert judged == names(version, package)


@pytest.mark.parametrize("version, package", VERSIONS)
def test_no_field_of_the_schemas_is_left_out(version, package):
    for frame in frames(version):
        name = frame[1] + "Response" if frame[0] == 3 else frame[2] if version == "1.6" else frame[2] + "Request"
        if "NotifyPeriodicEventStream" not in name:
            schema = json.loads((SCHEMAS / package / "schemas" / f"{name}.json").read_text(encoding="utf-8-sig"))
            assert missing(frame[-1], schema, schema) == [], name


def test_these_are_all_official_schemas():
    assert sum(len(names(version, package)) for version, package in VERSIONS) == 387


def missing(value, schema, root):
    """The declared properties that a payload does not show, at any depth."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, list):
        return missing(value[0], schema["items"], root)
    if not isinstance(value, dict):
        return []
    declared = {key: inner for key, inner in schema.get("properties", {}).items() if key != "customData"}
    return [key for key in declared if key not in value] + [
        f"{key}.{inner}" for key, part in declared.items() if key in value for inner in missing(value[key], part, root)]
