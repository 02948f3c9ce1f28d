"""What OCPP 2.0.1 and 2.1 demand of a central system, requirement by requirement, where no case of certification looks: the
numbers in the names are those of the specification's part 2."""

import asyncio
import json
import subprocess

import pytest
import websockets
from charging import CONNECTOR
from certification import CARD, PASSWORD, Case, Kept, Stage21, case, kind  # noqa: F401 (case, kind: fixtures)
from test_certificates import openssl
from test_certificates_2 import outside  # noqa: F401 (a fixture)
from test_security import Authority, authority, secure, tls  # noqa: F401 (fixtures)

from house import until
from stations import basic, connect, later, now, text

YES = {"status": "Accepted"}
PLACE = {"id": 1, "connectorId": 1}


# What is no message.


async def raw_answer(case, frame):
    """What comes back for a frame that no client would send."""
    url = case.house.station_url("CS-1")
    async with websockets.connect(
            url, subprotocols=[case.kind.subprotocol], additional_headers=basic("CS-1", PASSWORD)) as socket:
        await socket.send(frame)
        return json.loads(await socket.recv())


@pytest.mark.parametrize("frame, answer", [
    ("garbage", ["-1", "RpcFrameworkError"]), ('{"a":1}', ["-1", "RpcFrameworkError"]), ("[2]", ["-1", "RpcFrameworkError"]),
    ('[2,"a7","Heartbeat",{', ["a7", "FormatViolation"]), ('[2,"a7",7,{}]', ["a7", "FormatViolation"]),
    ('[2,"a7","Nonsense",{}]', ["a7", "NotImplemented"]),
    ('[2,"a7","Authorize",{}]', ["a7", "OccurrenceConstraintViolation"]),
    ('[2,"a7","Authorize",{"idToken":7}]', ["a7", "TypeConstraintViolation"]),
    ('[2,"a7","Authorize",{"idToken":{"idToken":"A","type":["x"]}}]', ["a7", "TypeConstraintViolation"]),
    ('[2,"a7","NotifyMonitoringReport",{"requestId":1,"seqNo":0,"generatedAt":"2026-01-01T00:00:00Z","monitor":[]}]', None)])
async def test_j_4_2_3_each_error_has_its_code(case, frame, answer):
    told = await raw_answer(case, frame)
    if answer is None:
        assert told[0] in (3, 4) and told[1] == "a7"
    else:
        assert told[0] == 4 and told[1:3] == answer and isinstance(told[3], str) and told[4:] and isinstance(told[4], dict)


# B: who boots.


async def test_b01_fr_11_a_boot_with_another_serial_number_than_its_certificates_ends(secure, authority, kind):  # noqa: F811
    await secure.api.post("/stations", {"id": "CS-1", "serial_number": "SN-77", "security_profile": 3})
    await secure.api.patch("/stations/CS-1", {"quirks": {"leave_alone_after_boot": True, "after_boot": {"trigger_boot": False}}})

    async def come():
        socket = await connect(
            secure.url("CS-1"), "CS-1", None, (kind.subprotocol,), ssl=tls(authority, authority.sign("SN-77")))
        return kind("CS-1", socket)

    async def boot(station, serial):
        return await station.say(
            "BootNotification", reason="PowerUp",
            chargingStation={"model": "Twin 50", "vendorName": "Acme", **({"serialNumber": serial} if serial else {})})

    station = await come()
    booting = asyncio.ensure_future(boot(station, "SN-78"))
    await until(lambda: station.socket.close_code is not None, what="the connection ends")
    booting.cancel()
    assert station.socket.close_code == 1008 and "serial number" in station.socket.close_reason
    told = [event for event in await secure.events("station.refused") if "SN-78" in event["body"]["why"]]
    assert len(told) == 1
    # Its own number, or none, is fine.
    for serial in ("SN-77", None):
        station = await come()
        assert (await boot(station, serial))["status"] == "Accepted"
        await station.close()
    assert (await secure.api.get("/stations/CS-1"))["serial_number"] == "SN-77"


# C, K, Q: how energy may be exchanged.


async def only(case, *ways):
    (token,) = [t for t in await case.api.items("/tokens") if t["uid"] == CARD]
    await case.api.patch(f"/tokens/{token['id']}", {"energy_transfers": list(ways) or None})


async def kinds(case, *kinds):
    for number, kind in enumerate(kinds, 1):
        await case.api.patch(f"/stations/CS-1/evses/{number}", {"connectors": [{**CONNECTOR, "power_type": kind}]})


async def test_c01_fr_18_20_who_may_not_charge_at_evses_of_this_kind(case):
    await only(case, "dc")
    # Nobody said yet of which kind they are.
    assert (await case.station.authorize(CARD))["idTokenInfo"]["status"] == "Accepted"
    await kinds(case, "AC_3_PHASE", "AC_1_PHASE")
    assert (await case.station.authorize(CARD))["idTokenInfo"]["status"] == "NotAllowedTypeEVSE"
    await kinds(case, "AC_3_PHASE", "DC")
    told = await case.station.authorize(CARD)
    assert told["idTokenInfo"]["status"] == "Accepted" and told["idTokenInfo"]["evseId"] == [2]
    # Q01.FR.01: from 2.1 on the vehicle is told how.
    assert told.get("allowedEnergyTransfer") == (["DC"] if case.kind is Stage21 else None)
    begun = await case.station.event("Started", "Authorized", 0, "tx-1", token=CARD, evse=PLACE)
    assert begun["idTokenInfo"]["status"] == "NotAllowedTypeEVSE"
    begun = await case.station.event("Started", "Authorized", 0, "tx-2", token=CARD, evse={"id": 2, "connectorId": 1})
    assert begun["idTokenInfo"]["status"] == "Accepted"
    await only(case)
    told = await case.station.authorize(CARD)
    assert "evseId" not in told["idTokenInfo"] and "allowedEnergyTransfer" not in told


async def test_k18_fr_22_q01_fr_04_a_vehicle_that_may_not_exchange_energy_in_its_way(case):
    await only(case, "ac_three_phases")
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="EVConnected")

    async def wants(way):
        return (await case.station.say(
            "NotifyEVChargingNeeds", evseId=1, chargingNeeds={**needs(), "requestedEnergyTransfer": way}))["status"]

    assert await wants("AC_single_phase") == "Rejected" and case.station.told("SetChargingProfile") == []
    assert await wants("AC_three_phase") == "Accepted"
    if case.kind is Stage21:
        # The operator allows something else for this session (Q02.FR.05).
        (session,) = await case.sessions()
        await case.api.command("CS-1", "energy-transfer", session=session["id"], allowed=["ac_bidirectional"])
        assert case.station.told("NotifyAllowedEnergyTransfer")[-1]["allowedEnergyTransfer"] == ["AC_BPT"]
        assert await wants("AC_three_phase") == "Rejected"
        assert await wants("AC_BPT") == "Accepted"


@pytest.mark.parametrize("kind", [Stage21], ids=["2.1"])
async def test_k01_fr_80_numbers_of_profiles_are_above_the_stations_own(case):
    asked = {"GetVariables": lambda payload: {"getVariableResult": [
        {**one, "attributeStatus": "Accepted", "attributeValue": "5000"} if one["variable"]["name"] == "MaxExternalConstraintsId"
        else {**one, "attributeStatus": "UnknownVariable"} for one in payload["getVariableData"]]}}
    case.station.answers |= asked
    profile = {
        "purpose": "any_session", "stack_level": 0, "kind": "absolute",
        "schedule": {"unit": "W", "starts_at": text(now()), "periods": [{"start_s": 0, "limit": 7_000}]}}
    await case.api.command("CS-1", "set-profile", evse=1, profile=profile)
    (told,) = case.station.told("SetChargingProfile")
    assert told["chargingProfile"]["id"] > 5_000


# C: contracts.


async def contract(house, kind, stations, url, hashes, uid):
    case = await Case(house, kind).prepare()
    stations.keep(Kept(case))
    question = {
        "hashAlgorithm": "SHA256", "issuerNameHash": hashes["issuer_name_hash"], "issuerKeyHash": hashes["issuer_key_hash"],
        "serialNumber": "1F", "responderURL": f"{url}/ocsp"}
    return await case.station.authorize(uid, "eMAID", iso15118CertificateHashData=[question])


@pytest.mark.parametrize("uid, status, certificate", [
    ("NLTNMC00122045K", "Accepted", "Accepted"), ("NLTNMC00122046L", "Blocked", "ContractCancelled"),
    ("NLTNMC00122047M", "Invalid", "ContractCancelled"), ("NLTNMC00122048N", "Expired", "ContractCancelled"),
    ("NLTNMC00122049P", "NoCredit", "Accepted")])
async def test_c07_fr_13_14_a_certificate_may_hold_and_its_contract_not(
        daemons, stations, outside, kind, uid, status, certificate):  # noqa: F811
    base, hashes, _ = outside
    house = await daemons(ocsp_private="true")
    house.site = None
    for body in (
            {"uid": "NLTNMC00122045K"}, {"uid": "NLTNMC00122046L", "valid": False},
            {"uid": "NLTNMC00122048N", "valid_until": "2026-01-01T00:00:00Z"}, {"uid": "NLTNMC00122049P", "credit": "0.00"}):
        await house.api.post("/tokens", {**body, "type": "EMAID"})
    answer = await contract(house, kind, stations, base, hashes, uid)
    assert answer["idTokenInfo"]["status"] == status and answer["certificateStatus"] == certificate


async def test_c07_fr_17_what_cannot_be_looked_at_is_a_broken_chain(house, stations, kind):
    await house.api.post("/tokens", {"uid": "NLTNMC00122045K", "type": "EMAID"})
    hashes = {"issuer_name_hash": "aa", "issuer_key_hash": "bb"}
    answer = await contract(house, kind, stations, "http://127.0.0.1:9", hashes, "NLTNMC00122045K")
    assert answer["certificateStatus"] == "CertChainError" and answer["idTokenInfo"]["status"] == "Invalid"


class Contracts(Authority):
    """Who makes contract certificates."""

    def contract(self, uid, days=90):
        chain, _ = self.sign(uid, organization="MO", days=days, names="DNS:vehicle")
        with open(chain) as file:
            return file.read()


async def test_c07_a_chain_is_looked_at_here(case, tmp_path):
    maker = Contracts(tmp_path, "mo")
    with open(maker.certificate) as file:
        await case.api.post("/roots", {"use": "mobility_operator", "certificate": file.read()})
    await case.api.post("/tokens", {"uid": "NLTNMC00122045K", "type": "EMAID"})
    for pem, status, certificate in [
            (maker.contract("NLTNMC00122045K"), "Accepted", "Accepted"),
            # C07.FR.15: the contract of an expired certificate has expired too.
            (maker.contract("NLTNMC00122045K", days=-1), "Expired", "CertificateExpired"),
            (Contracts(tmp_path, "stranger").contract("NLTNMC00122045K"), "Invalid", "CertChainError"),
            (maker.contract("NLTNMC00122046L"), "Invalid", "CertChainError")]:
        answer = await case.station.authorize("NLTNMC00122045K", "eMAID", certificate=pem)
        assert (answer["idTokenInfo"]["status"], answer["certificateStatus"]) == (status, certificate)


# I: costs.


async def test_i02_i03_a_session_without_a_tariff_is_free_and_that_is_said(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="Charging", wh=0)
    told = await case.station.event("Updated", "MeterValuePeriodic", 1, wh=500)
    assert told["totalCost"] == 0
    assert (await case.station.event("Ended", "StopAuthorized", 2, wh=900, info={"stoppedReason": "Local"}))["totalCost"] == 0


# K: what a vehicle makes of its offer.


def needs():
    return {
        "requestedEnergyTransfer": "AC_three_phase", "departureTime": text(now() + later(7_200)),
        "acChargingParameters": {"energyAmount": 20_000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230}}


def plan(limit, unit="W", start=0):
    return {
        "id": 1, "chargingRateUnit": unit, "chargingSchedulePeriod": [
            *([{"startPeriod": 0, "limit": 1}] if start else []), {"startPeriod": start, "limit": limit}]}


async def offered(case, count=1):
    await until(lambda: len(case.station.told("SetChargingProfile")) == count, what=f"offer {count}")
    return case.station.told("SetChargingProfile")[-1]["chargingProfile"]


async def follow(case, schedule):
    told = await case.station.say("NotifyEVChargingSchedule", timeBase=text(now()), evseId=1, chargingSchedule=schedule)
    return told["status"]


async def begun(case):
    await case.station.event("Started", "Authorized", 0, token=CARD, evse=PLACE, state="EVConnected")
    assert (await case.station.say("NotifyEVChargingNeeds", evseId=1, chargingNeeds=needs()))["status"] == "Accepted"
    offer = await offered(case)
    return offer["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"]


@pytest.mark.parametrize("start", [0, 600])
async def test_k15_fr_11_to_13_a_vehicle_that_wants_more_than_its_offer(case, start):
    limit = await begun(case)
    assert await follow(case, plan(limit, start=start)) == "Accepted"
    assert await follow(case, plan(limit + 1, start=start)) == "Rejected"
    # K16: it is asked anew, and follows.
    again = await offered(case, 2)
    assert again["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == limit
    assert await follow(case, again["chargingSchedule"][0]) == "Accepted"


async def test_k15_a_vehicle_counts_in_amperes(case):
    limit = await begun(case)
    amperes = round(limit / 690, 1)
    assert await follow(case, plan(amperes, "A")) == "Accepted"
    assert await follow(case, plan(amperes + 2, "A")) == "Rejected"


async def test_k16_a_profile_that_was_written_by_hand_is_the_offer(case):
    limit = await begun(case)
    wish = {"evseId": 1, "chargingProfile": {
        "id": 900, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute",
        "transactionId": "tx-1", "chargingSchedule": [{
            "id": 1, "startSchedule": text(now()), "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit * 2}]}]}}
    await case.raw("SetChargingProfile", wish, YES)
    assert await follow(case, plan(limit * 2)) == "Accepted"


# A02, M: certificates towards vehicles.


async def test_a02_a_certificate_towards_vehicles_needs_no_import(house, stations, kind, tmp_path):
    case = await Case(house, kind).prepare()
    stations.keep(Kept(case))
    csr = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/O=Ostler/CN=SECC-1/DC=CPO",
         "-keyout", str(tmp_path / "own.key")], capture_output=True, text=True, check=True).stdout
    assert (await case.station.say("SignCertificate", csr=csr, certificateType="V2GCertificate"))["status"] == "Accepted"
    await until(lambda: case.station.told("CertificateSigned"), what="the certificate comes")
    (given,) = case.station.told("CertificateSigned")
    assert given["certificateType"] == "V2GCertificate"
    (tmp_path / "own.pem").write_text(given["certificateChain"])
    shown = openssl("x509", "-in", str(tmp_path / "own.pem"), "-noout", "-subject", "-issuer")
    assert "SECC-1" in shown and "own V2G Root" in shown
    authority = (await house.api.get("/ca"))["v2g"]
    assert "own V2G Root" in openssl("x509", "-noout", "-subject", text=authority["root"])
    # What vehicles trust takes its place.
    root = Authority(tmp_path, "v2g")
    with open(root.certificate) as chain, open(root.key) as key:
        await house.api.post("/ca/import", {"purpose": "v2g", "chain": chain.read(), "key": key.read()})
    assert (await house.api.get("/ca"))["v2g"]["root"] != authority["root"]


# N: customers.


@pytest.mark.parametrize("door", ["verb", "raw"])
async def test_n10_fr_02_who_is_forgotten_leaves_the_local_list(case, door):
    case.station.answers["GetLocalListVersion"] = lambda _: {
        "versionNumber": next((u["versionNumber"] for u in reversed(case.station.told("SendLocalList"))), 0)}
    case.station.answers["GetVariables"] = lambda payload: {"getVariableResult": [
        {**asked, "attributeStatus": "UnknownComponent"} for asked in payload["getVariableData"]]}
    await case.api.patch("/stations/CS-1/local-list", {"keep": True})

    async def in_step():
        return (await case.api.get("/stations/CS-1/local-list"))["state"] == "in_step"

    await until(in_step, 10, what="the list is sent")
    before = case.station.told("SendLocalList")[-1]["versionNumber"]
    sent = len(case.station.told("SendLocalList"))
    token = {"idToken": CARD, "type": "ISO14443"}
    if door == "verb":
        await case.api.command("CS-1", "customer-information", report=False, clear=True, token=CARD)
    else:
        await case.raw("CustomerInformation", {"requestId": 7, "report": False, "clear": True, "idToken": token}, YES)
    await until(lambda: len(case.station.told("SendLocalList")) > sent, what="the list follows")
    update = case.station.told("SendLocalList")[-1]
    assert update["updateType"] == "Differential" and update["versionNumber"] > before
    (entry,) = update["localAuthorizationList"]
    assert entry["idToken"]["idToken"] == CARD and "idTokenInfo" not in entry
    await until(in_step, 10, what="the list is in step")
