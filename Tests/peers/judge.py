"""What leaves the daemon is judged by others: OCPP payloads by the official JSON schemas, OCPI objects by the catalogue
of the specification's fields (where it is there)."""

import importlib.util
import json
import os
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import jsonschema
import ocpp
import pytest

SCHEMAS = Path(ocpp.__file__).parent
REFERENCE = os.environ.get("OSTLER_REFERENCE")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")


def _file(name, version):
    """Where the official schema of a payload is. 2.x names those of calls `…Request`."""
    if version != "v16" and not name.endswith("Response"):
        name += "Request"
    return SCHEMAS / version / "schemas" / f"{name}.json"


def _exact(text):
    """6.6 is a multiple of 0.1 in decimals only."""
    return json.loads(text, parse_float=Decimal)


@cache
def schema(name, version="v16"):
    found = _exact(_file(name, version).read_text(encoding="utf-8-sig"))
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("date-time")(lambda value: not isinstance(value, str) or bool(TIME.match(value)))
    kind = jsonschema.Draft4Validator if version == "v16" else jsonschema.Draft6Validator
    return kind(found, format_checker=checker)


def ocpp_flaws(name, payload, version="v16"):
    """What is wrong with an OCPP payload by its official schema; `name` is the action, or action + `Response`. An action
    without a schema was asked for through the raw door."""
    if not _file(name, version).exists():
        return []
    return [
        f"{name}: {flaw.json_path}: {flaw.message}" for flaw in schema(name, version).iter_errors(_exact(json.dumps(payload)))]


@cache
def _catalogue(version):
    if not REFERENCE:
        return None
    path = Path(REFERENCE) / "ocpi" / "validate.py"
    spec = importlib.util.spec_from_file_location("ocpi_validate", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, module.load(version)


needs_catalogue = pytest.mark.skipif(
    not REFERENCE, reason="OSTLER_REFERENCE is not set: no catalogue to judge OCPI objects by")


def ocpi_flaws(kind, thing, partial=False, version="2.2.1"):
    """What is wrong with an OCPI object by its version's catalogue; nothing where there is no catalogue. Unknown fields
    count as flaws too: strict out."""
    found = _catalogue(version)
    if found is None:
        return []
    module, catalogue = found
    flaws = []
    module.check(catalogue, kind, _floats(thing), "", flaws, partial=partial)
    return [f"{kind}: {severity} {path}: {text}" for severity, path, text in flaws]


def _floats(thing):
    """The catalogue knows JSON's numbers as Python's; the tests read them as Decimal."""
    if isinstance(thing, Decimal):
        return int(thing) if thing == thing.to_integral_value() else float(thing)
    if isinstance(thing, dict):
        return {key: _floats(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [_floats(value) for value in thing]
    return thing
