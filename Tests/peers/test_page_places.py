"""Each operation of the API has a place on the page, or stands here with the reason why it has none: what an operator may want
must not be reached by programs alone without anybody having decided so."""

import json
import re
from pathlib import Path

RESOURCES = Path(__file__).parents[2] / "Resources"
VERBS = {"post": "post", "patch": "patch", "replace": "put", "remove": "delete"}
# A call of the API or any other text that is an address; what is filled in counts as a part that the path names, `*`.
ADDRESS = re.compile(r"(?:\b(?P<call>post|patch|replace|remove)\(\s*(?:[\w.]+ \? )?)?(?:path)?(?P<quote>[`'])(?P<text>/[a-z][^`'\n]*)(?P=quote)")
LISTED = re.compile(r"(?:csvButton\(|\burl: )(?:path)?[`'](?P<text>/[a-z][^`'\n]*)[`']")
FILLED = re.compile(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")

# Addresses whose last part is one of several words, which the same file has.
ASSEMBLED = {
    "post /partners/*/*": ["redeliver", "pause", "resume"], "post /stations/*/settings/*": ["read", "write"],
    "post /bulk-runs/*/*": ["stop", "repeat", "undo"],
}
VIEWS = "get /insight/*.csv*"

# Operations that are spelled in another way, and how.
SPELLED = {
    "delete /bookings/{id}": "remove(`${path`/bookings/${booking.id}`}", "patch /stations/{id}/outlets/{number}": "patch(at(values.evse)",
    "post /alerts/{id}/settle": "settle(path`/alerts/${a.id}/settle`)", "get /invoices.xlsx": "/api/v1/invoices.xlsx$",
}

# Operations without a place, and why.
ELSEWHERE = {
    "get /healthz": "for supervisors", "get /readyz": "for supervisors", "get /metrics": "for Prometheus",
    "get /scan/{station}/{evse}/{password}/{version}": "where the code on a display leads", "get /public/status": "the status page, which knows no users",
    "get /drive/{code}": "the driver's page", "post /drive/{code}": "the driver's page", "get /drive/{code}/session": "the driver's page",
    "post /drive/{code}/stop": "the driver's page",
    "get /months": "a month is chosen, and is asked for by itself", "get /invoices/{id}": "the list says all of it",
    "get /locations/{id}/outlets": "they stand among the load of their site", "get /stations/{id}/profile-walk": "comes with the certificates",
    "get /reservations/{id}": "the list says all of it", "get /jobs/{id}": "the list says all of it", "get /files/{id}": "the list says all of it",
    "get /roaming/bookings/{id}": "the list says all of it",
    "get /roaming/commands/{id}": "the list says all of it", "get /roaming/commands.csv": "they belong to a session, which shows them",
    "get /partners/{id}/messages": "the message log shows them", "get /partners/{id}/messages.csv": "the message log exports them",
}


def page():
    """The page's modules by their name; a driver's page and the status page are others."""
    return {file.name: file.read_text() for file in sorted((RESOURCES / "Admin").rglob("*.js")) if file.name not in ("drive.js", "status.js")}


def bare(text):
    return FILLED.sub("*", text).split("?")[0].removeprefix("/api/v1")


def asked(modules):
    """What the modules ask for: `get /stations/*`."""
    found = set()
    for text in modules.values():
        for one in ADDRESS.finditer(text):
            address = bare(one["text"])
            found.add(f"{VERBS.get(one['call'], 'get')} {address}")
            found |= {f"post {address.removesuffix('*')}{word}" for word in ASSEMBLED.get(f"post {address}", []) if f"'{word}'" in text}
        found |= {f"get {bare(one['text'])}.csv" for one in LISTED.finditer(text)}
        if VIEWS in found:
            found |= {f"get /insight/{view}.csv" for view in re.findall(r"csv\('(\w+)'", text)}
    return found


def operations():
    document = json.loads((RESOURCES / "openapi.json").read_text())
    return [(verb, path) for path, verbs in document["paths"].items() for verb in verbs if verb in ("get", "put", "post", "patch", "delete")]


def test_each_operation_has_a_place_or_a_reason():
    there = asked(page())
    for operation, text in SPELLED.items():
        assert any(text in module for module in page().values()), f"{operation} is spelled otherwise by now"
    without = {f"{verb} {path}" for verb, path in operations() if f"{verb} {re.sub(r'{[^}]*}', '*', path)}" not in there} - set(SPELLED)
    known = set(ELSEWHERE)
    assert not sorted(without - known), "these have no place on the page: give them one, or a reason"
    assert not sorted(known - without), "these have a place by now"


def test_nobody_finds_what_is_not_there():
    """The search itself must be able to fail."""
    there = asked({"one.js": "get('/stations'); post(path`/partners/${id}/${verb}`, {}); act('pause'); csvButton('/users', x)"})
    assert there == {"get /stations", "post /partners/*/*", "post /partners/*/pause", "get /users", "get /users.csv"}
