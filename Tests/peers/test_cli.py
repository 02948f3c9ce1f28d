"""The command line as an operator types it: over the daemon's socket, for people and as JSON, with a failing exit code
where something failed."""

import csv
import io
import json

import httpx
import pytest

from charging import TARIFF, CONNECTOR, priced, tariff
from house import OWNER, Daemon, until
from partners import EMSP
from stations import knock, known, later, now


async def refused(house, *arguments):
    """What a command that must fail says."""
    code, out, error = await house.run(*arguments, "--data", str(house.data))
    assert code != 0, (arguments, out)
    assert error.startswith("Error: "), error
    return error


# Entry.


async def test_before_the_first_owner_nothing_opens_but_the_setup_link(tmp_path):
    house = Daemon(tmp_path / "data")
    await house.launch()
    try:
        async with httpx.AsyncClient(base_url=house.url) as http:
            for path in ("/api/v1/me", "/api/v1/stations"):
                answer = await http.get(path)
                assert answer.status_code == 403 and answer.json()["type"].endswith("setup-required"), path
            assert (await http.get("/ocpi/versions")).status_code in (401, 403)
            assert (await http.post("/api/v1/login", json=OWNER)).status_code == 403
            assert (await http.get("/healthz")).status_code == 200 and (await http.get("/readyz")).status_code == 200
            link = (await house.cli_json("setup-link"))["url"]
            first = "\n".join(house.printed).split("setup=")[1].split()[0]
            token = link.split("setup=")[1]
            # A new link ends the older one.
            assert (await http.post("/api/v1/setup", json={"token": first, **OWNER})).status_code == 410
            made = await http.post("/api/v1/setup", json={"token": token, **OWNER})
            assert made.status_code == 201 and made.json()["role"] == "owner"
            assert (await http.post("/api/v1/setup", json={"token": token, "name": "eve", "password": "x" * 20})).status_code == 410
            assert (await http.post("/api/v1/login", json=OWNER)).status_code == 200
            assert (await http.post("/api/v1/login", json={**OWNER, "password": "wrong-wrong"})).status_code == 401
        await house.stop()
        await house.launch()
        assert not any("setup=" in line for line in house.printed[2:])
    finally:
        await house.stop()


async def test_a_key_opens_what_its_role_may_until_it_is_revoked(house):
    key = (await house.cli("apikey", "create", "meter reader", "--role", "viewer")).strip()
    listed = {k["name"]: k for k in await house.cli_json("apikey", "list")}
    assert listed["meter reader"]["role"] == "viewer" and key not in json.dumps(listed)
    async with httpx.AsyncClient(base_url=f"{house.url}/api/v1", headers={"Authorization": f"Bearer {key}"}) as http:
        assert (await http.get("/stations")).status_code == 200
        assert (await http.post("/tokens", json={"uid": "X"})).status_code == 403
        assert (await http.get("/apikeys")).status_code == 403
        await house.cli("apikey", "revoke", str(listed["meter reader"]["id"]))
        assert (await http.get("/stations")).status_code == 401
    assert "tests" in await refused(house, "apikey", "create", "tests")
    await refused(house, "apikey", "revoke", "999")
    await refused(house, "apikey", "create", "x", "--role", "king")


# Stations.


async def test_from_a_price_to_a_bill_as_the_readme_has_it(house, stations, tmp_path):
    """What a newcomer types, in that order."""
    station, _ = await stations(knock(house, "CS-001", "open-sesame-16-ch"))
    await house.cli("station", "accept", "CS-001")
    await until(lambda: station.commands, what="it is asked to introduce itself")
    await station.available()
    await house.cli("token", "add", "04A2B3C4D5")
    (tmp_path / "tariff.json").write_text(json.dumps({"id": "DAY", "currency": "EUR", "elements": [
        {"price_components": [{"type": "ENERGY", "price": 0.39, "vat": 21, "step_size": 1}]}]}))
    tariff = await house.cli_json("tariff", "add", str(tmp_path / "tariff.json"))
    shown = await house.cli_json("station", "tariff", "CS-001", str(tariff["id"]), "--evse", "1")
    assert [c["tariff"]["id"] for c in shown["evses"][0]["connectors"]] == [tariff["id"]]
    assert "no session runs there" in await refused(house, "station", "stop", "CS-001")
    assert "no EVSE 9" in await refused(house, "station", "tariff", "CS-001", "1", "--evse", "9")
    await house.cli("station", "start", "CS-001", "--token", "04A2B3C4D5")
    await until(lambda: active(house), what="the session runs")
    await house.cli("station", "stop", "CS-001")
    bill = await until(lambda: house.cli_json("cdr", "list"), 20, what="the bill is made")
    assert bill[0]["cost"]["currency"] == "EUR"
    await house.cli("station", "tariff", "CS-001", "0")
    assert all(c["tariff"] is None for e in (await house.cli_json("station", "show", "CS-001"))["evses"] for c in e["connectors"])


async def active(house):
    return [s for s in await house.cli_json("session", "list") if s["state"] == "active"]


async def test_a_station_is_accepted_changed_told_and_removed(house, stations):
    station, _ = await stations(knock(house, "CP-1", "open-sesame-16-ch"))
    table = await house.cli("station", "knocks")
    assert table.splitlines()[0].split()[0] == "ID" and "CP-1" in table and "Twin 22" in table
    accepted = await house.cli_json("station", "accept", "CP-1")
    assert accepted["id"] == "CP-1" and accepted["registration"] == "accepted"
    await until(lambda: station.commands, what="it is asked to introduce itself")
    await station.available()
    await house.cli("station", "add", "CP-2", "--password", "another-password-16")
    assert [s["id"] for s in await house.cli_json("station", "list")] == ["CP-1", "CP-2"]
    assert (await house.cli_json("station", "show", "CP-1"))["online"] is True
    assert "CP-1" in await house.cli("station", "show", "CP-1")

    await house.cli("station", "unlock", "CP-1", "--evse", "2")
    await house.cli("station", "reset", "CP-1", "--hard")
    await house.cli("station", "availability", "CP-1", "inoperative")
    await house.cli("station", "config", "set", "CP-1", "HeartbeatInterval", "120")
    got = await house.cli_json("station", "config", "get", "CP-1", "HeartbeatInterval")
    assert got["answer"]["settings"][0]["value"] == "120"
    await house.cli("station", "trigger", "CP-1", "heartbeat")
    await house.cli("station", "clear-cache", "CP-1")
    raw = await house.cli_json("station", "call", "CP-1", "GetConfiguration", '{"key":["NumberOfConnectors"]}')
    assert raw["configurationKey"][0]["value"] == "2"
    await house.cli("station", "password", "CP-2", "a-third-password-16")

    station.refuses = {"UnlockConnector"}
    code, out, _ = await house.run("station", "unlock", "CP-1", "--data", str(house.data))
    assert code != 0 and "refused" in out
    assert "not connected" in await refused(house, "station", "reset", "CP-2")
    assert "CP-9" in await refused(house, "station", "show", "CP-9")
    assert "JSON" in await refused(house, "station", "call", "CP-1", "GetConfiguration", "{broken")
    await refused(house, "station", "availability", "CP-1", "perhaps")
    await refused(house, "station", "add", "CP-1")
    await house.cli("station", "reject", "CP-1")
    assert (await house.cli_json("station", "show", "CP-1"))["registration"] == "rejected"
    await house.cli("station", "remove", "CP-2")
    assert [s["id"] for s in await house.cli_json("station", "list")] == ["CP-1"]


# Tokens, tariffs, sessions, bills.


async def test_a_token_is_added_blocked_found_and_removed(house, stations):
    await house.cli("token", "add", "DEADBEEF", "--contract", "NL-OST-C1", "--group", "FLEET")
    found = {t["uid"]: t for t in await house.cli_json("token", "list")}
    assert found["DEADBEEF"]["contract_id"] == "NL-OST-C1" and found["DEADBEEF"]["valid"]
    assert (await house.cli_json("token", "block", "deadbeef"))["valid"] is False
    assert (await house.cli_json("token", "unblock", "DEADBEEF"))["valid"] is True
    await refused(house, "token", "add", "deadbeef")
    assert "NOBODY" in await refused(house, "token", "block", "NOBODY")
    station = await stations(known(house, "CP-1"))
    await station.authorize("NOBODY")
    assert [t["uid"] for t in await house.cli_json("token", "unknown")] == ["NOBODY"]
    await house.cli("token", "remove", "DEADBEEF")
    assert [t["uid"] for t in await house.cli_json("token", "list")] == ["04A1B2C3D4E5F6"]


async def test_a_tariff_is_judged_added_changed_and_removed(house, tmp_path):
    good, bad, ugly, worse = (tmp_path / name for name in ("good.json", "bad.json", "ugly.json", "worse.json"))
    good.write_text(json.dumps(TARIFF))
    bad.write_text(json.dumps({**TARIFF, "elements": []}))
    ugly.write_text("{")
    worse.write_text(json.dumps({**TARIFF, "currency": 7}))
    # Step sizes are rarely meant; that is a warning and no failure.
    assert "warning: elements[0].price_components[0].step_size" in await house.cli_plain("tariff", "validate", str(good))
    plain = {"currency": "EUR", "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]}]}
    good.write_text(json.dumps(plain))
    assert "nothing to complain about" in await house.cli_plain("tariff", "validate", str(good))
    good.write_text(json.dumps(TARIFF))
    for file, named in ((bad, "elements"), (ugly, "JSON"), (worse, "currency")):
        code, out, error = await house.run("tariff", "validate", str(file))
        assert code != 0 and named in out + error, out + error
    added = await house.cli_json("tariff", "add", str(good))
    number = str(added["id"])
    assert added["version"] == 1
    good.write_text(json.dumps({**TARIFF, "currency": "CHF"}))
    assert (await house.cli_json("tariff", "change", number, str(good)))["version"] == 2
    assert "CHF" in await house.cli("tariff", "list") and "EVENING" in await house.cli("tariff", "show", number)
    await refused(house, "tariff", "add", str(tmp_path / "missing.json"))
    assert "JSON" in await refused(house, "tariff", "add", str(ugly))
    station = "CP-1"
    await house.cli("station", "add", station)
    await house.api.patch(f"/stations/{station}/evses/1", {"connectors": [{**CONNECTOR, "tariff": int(number)}]})
    await refused(house, "tariff", "remove", number)
    await house.cli("station", "remove", station)
    await house.cli("tariff", "remove", number)
    assert await house.cli_json("tariff", "list") == []


async def test_a_session_is_stopped_and_billed(house, stations):
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("04A1B2C3D4E5F6", meter=0, at=now() - later(3_600))
    running = await house.cli_json("session", "list", "--state", "active", "--station", "CP-1")
    assert [s["station"] for s in running] == ["CP-1"]
    station.register = 10_000
    await house.cli("session", "stop", running[0]["id"])
    found = json.loads(await until(lambda: _completed(house, running[0]["id"])))
    assert found["ending"] == "remote" and float(found["energy_kwh"]) == 10
    await refused(house, "session", "stop", running[0]["id"])
    await refused(house, "session", "show", "nothing")

    await station.begin("04A1B2C3D4E5F6", meter=10_000, at=now() - later(600))
    await station.meter(11_000, at=now() - later(300))
    stale = (await house.cli_json("session", "list", "--state", "active"))[0]["id"]
    await refused(house, "session", "close", stale)
    await house.cli("session", "close", stale, "--reason", "the station burned down")
    assert json.loads(await house.cli("session", "show", stale))["ending"] == "closed_by_operator"

    # Months are by the end of the session; both are of today or yesterday, which may be two months.
    months = sorted({(now() - later(seconds)).strftime("%Y-%m") for seconds in (0, 3_600, 86_400)})
    rows = [row for month in months for row in csv.DictReader(io.StringIO(await house.cli("cdr", "export", "--month", month)))]
    bills = [bill for month in months for bill in json.loads(await house.cli("cdr", "export", "--month", month, "--format", "json"))]
    assert len(rows) == len(bills) == 2
    assert {b["estimated"] for b in bills} == {True, False}
    assert await house.cli("cdr", "export", "--month", "2001-01")
    await refused(house, "cdr", "export", "--month", "yesterday")
    code, _, _ = await house.run("cdr", "export", "--month", "2026-01", "--format", "papyrus", "--data", str(house.data))
    assert code != 0


async def _completed(house, id_):
    text = await house.cli("session", "show", id_)
    return text if json.loads(text)["state"] == "completed" else None


# Partners.


async def test_a_partner_is_invited_registered_followed_and_removed(house, partners):
    text = await house.cli("partner", "invite", "Empire", "--allow-private")
    said = dict(line.split(None, 1) if not line.startswith("versions") else ("versions", line.split()[-1]) for line in text.splitlines())
    assert said["versions"] == house.versions_url and len(said["token"]) >= 32
    emsp = await partners(EMSP())
    registered = await house.cli_json("partner", "register", emsp.versions_url, emsp.token_a, "--name", "Second", "--allow-private")
    number = str(registered["id"])
    assert registered["state"] == "registered"
    states = {p["name"]: p["state"] for p in await house.cli_json("partner", "list")}
    assert states == {"Empire": "invited", "Second": "registered"}
    assert "Second" in await house.cli("partner", "list")
    steps = [t["step"] for t in await house.cli_json("partner", "trace", number)]
    assert steps == ["versions", "details", "credentials"]
    await house.cli("partner", "pause", number)
    begun = len(emsp.asked)
    await house.api.patch(f"/locations/{house.site}", {"name": "While paused"})
    waiting = await house.cli_json("partner", "pushes", number)
    assert [(p["module"], p["state"]) for p in waiting] == [("locations", "due")] and len(emsp.asked) == begun
    await refused(house, "partner", "pause", number)
    await house.cli("partner", "resume", number)
    await until(lambda: len(emsp.asked) > begun)
    await house.cli("partner", "redeliver", number)
    await refused(house, "partner", "remove", number)
    await house.cli("partner", "unregister", number)
    await house.cli("partner", "remove", number)
    shown = json.loads(await house.cli("partner", "show", said["partner"]))
    assert shown["state"] == "invited" and said["token"] not in json.dumps(shown)
    await refused(house, "partner", "show", "99")
    await refused(house, "partner", "register", "http://127.0.0.1:1/ocpi/versions", "token", "--allow-private")
    assert "127.0.0.1" in await refused(house, "partner", "register", emsp.versions_url, emsp.token_a)


# Settings.


async def test_settings_come_from_flag_then_variable_then_file(tmp_path):
    house = Daemon(tmp_path)
    file = tmp_path / "ostler.conf"
    file.write_text('# the house\nlisten=127.0.0.1:7001\nOSTLER_PARTY_NAME="From the file"\nheartbeat_seconds = 60\n')
    variables = {"OSTLER_LISTEN": "127.0.0.1:7002", "OSTLER_HEARTBEAT_SECONDS": "70", "OSTLER_CONFIG": str(file)}

    async def read(*flags):
        code, out, error = await house.run("check-config", *flags, env=variables)
        assert code == 0, error
        return {line.split("=", 1)[0]: line.split("=", 1)[1].split("  # ") for line in out.splitlines()}

    found = await read("--listen", "127.0.0.1:7003", "--data", str(tmp_path / "data"))
    assert found["listen"][0] == "127.0.0.1:7003" and "command line" in found["listen"][1]
    assert found["heartbeat_seconds"][0] == "70" and "OSTLER_HEARTBEAT_SECONDS" in found["heartbeat_seconds"][1]
    assert found["party_name"][0] == "From the file" and str(file) in found["party_name"][1]
    assert (await read("--set", "heartbeat_seconds=80"))["heartbeat_seconds"][0] == "80"
    ranges = await read("--set", "trusted_proxies=10.0.0.0/8,fd00::/8, 192.0.2.1")
    assert ranges["trusted_proxies"][0] == "10.0.0.0/8,fd00::/8,192.0.2.1/32"
    # What nobody set is shown with what it is by default.
    assert found["command_seconds"][0] == "30" and found["command_seconds"][1].endswith("; default")
    assert found["party"][0] == "NL*OST"
    assert (await read())["listen"][0] == "127.0.0.1:7002"


@pytest.mark.parametrize("flags,named", [
    (["--set", "nonsense=1"], "nonsense"), (["--set", "heartbeat_seconds"], "heartbeat_seconds"),
    (["--set", "heartbeat_seconds=9"], "10 to 86400"), (["--set", "party=XXX"], "party"), (["--listen", "here"], "listen"),
    (["--log-level", "loud"], "log_level"), (["--public-url", "ftp://x"], "public_url"),
    (["--config", "/nowhere.conf"], "/nowhere.conf"), (["--set", "tls_certificate=/x.pem"], "tls_certificate"),
    (["--set", "trusted_proxies=10.0.0.0/99"], "trusted_proxies"), (["--set", "currency=€"], "currency"),
    (["--set", "currency=E1R"], "currency")])
@pytest.mark.parametrize("command", ["check-config", "serve"])
async def test_a_wrong_setting_is_named_and_nothing_starts(tmp_path, command, flags, named):
    house = Daemon(tmp_path)
    code, out, error = await house.run(command, "--data", str(tmp_path / "data"), *flags)
    assert code != 0 and named in error and not out
    assert not (tmp_path / "data").exists()


async def test_a_file_with_an_unknown_setting_or_a_line_that_is_none(tmp_path):
    house = Daemon(tmp_path)
    file = tmp_path / "ostler.conf"
    for text, named in [("listne=127.0.0.1:1\n", "listne"), ("listen=127.0.0.1:1\nhello\n", "ostler.conf:2"),
                        ("listen=127.0.0.1:1\nOSTLER_LISTEN=127.0.0.1:2\n", "ostler.conf:2")]:
        file.write_text(text)
        code, _, error = await house.run("check-config", "--config", str(file))
        assert code != 0 and named in error, error


async def test_without_a_daemon_the_socket_is_named(tmp_path):
    house = Daemon(tmp_path)
    for command in (["station", "list"], ["cdr", "export", "--month", "2026-01"], ["apikey", "create", "x"]):
        code, _, error = await house.run(*command, "--data", str(tmp_path))
        assert code != 0 and str(tmp_path / "ostler.sock") in error and "is it running" in error


async def test_logs_are_one_event_a_line_also_as_json(tmp_path):
    house = Daemon(tmp_path / "data", log_format="json")
    await house.launch()
    assert await house.stop() == 0
    assert [json.loads(line)["event"] for line in house.log] == ["listening", "closing", "closed"]


async def test_an_error_names_what_was_typed_and_not_what_the_api_calls_it(house):
    site = ["site", "add", "Harbour", "--address", "Kade 1", "--city", "Delft", "--country", "NLD", "--latitude", "52", "--longitude", "4"]
    assert (await refused(house, *site, "--time-zone", "Nowhere/Else")).startswith("Error: --time-zone: ")
    here = [word if word != "52" else "north" for word in site]
    assert (await refused(house, *here, "--time-zone", "Europe/Amsterdam")).startswith("Error: --latitude: ")
    assert (await refused(house, "user", "add", "bo", "--role", "king")).startswith("Error: --role: ")
    assert (await refused(house, "cdr", "export", "--month", "yesterday")).startswith("Error: --month: ")
    long = "N" * 200
    assert (await refused(house, "station", "add", long)).startswith("Error: <id>: ")
