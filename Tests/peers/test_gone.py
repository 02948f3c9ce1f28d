"""What goes at the operator's goes at its partners: a site, a station and a tariff that are removed while a partner is away, a
site that a rule hides from it, and the drivers of a party that its partner names no longer."""

import pytest

from charging import priced, tariff
from endpoint_table import ALL
from house import Refused, until
from partners import EMSP, stamp
from stations import later, now


def last(partner, place):
    """What the partner was told last of a whole location."""
    told = [s.json for s in partner.told("locations", "PUT") if len(s.place) == 3]
    return next((one for one in reversed(told) if one["id"] == place), {})


def statuses(location):
    return {evse["status"] for evse in location.get("evses", [])}


@pytest.mark.parametrize("version", ALL)
async def test_what_went_while_a_partner_was_away_is_taken_from_it(house, stations, partners, version):
    partner = await partners(EMSP(version=version))
    await partner.join(house)
    number = await tariff(house)
    spare = (await house.api.post("/tariffs", {
        "id": "SPARE", "currency": "EUR", "elements": [{"price_components": [{"type": "ENERGY", "price": 0.2, "step_size": 1}]}]}))["id"]
    station = await stations(priced(house, "CP-1", number))
    place = (await house.api.get(f"/locations/{house.site}"))["ref"]
    await until(lambda: statuses(last(partner, place)) and "SPARE" in [s.place[-1] for s in partner.told("tariffs")],
                what="the partner knows the site and the tariff")
    before = stamp()
    await partner.stop()
    await station.close()
    await house.api.delete("/stations/CP-1")
    await house.api.delete(f"/locations/{house.site}")
    await house.api.delete(f"/tariffs/{spare}")
    assert place not in [one["ref"] for one in await house.api.items("/locations")]
    # Who asks hears it before it is told: in the list of what changed, and at the place itself.
    changed, _ = await partner.walk("locations", "Location", date_from=before)
    (shown,) = [one for one in changed if one["id"] == place]
    assert statuses(shown) == {"REMOVED"} and shown.get("publish", False) is False
    (evse,) = {one["uid"] for one in shown["evses"] if one["uid"] == station.evses[1]}
    assert (await partner.module("GET", "locations", f"{place}/{evse}")).data["status"] == "REMOVED"
    await partner.start()
    await house.api.post(f"/partners/{partner.number}/redeliver")
    await until(lambda: statuses(last(partner, place)) == {"REMOVED"}, 30, what="the partner hears that the site is gone")
    await until(lambda: any(s.method == "DELETE" and s.place[-1] == "SPARE" for s in partner.seen if s.module == "tariffs"), 30,
                what="and the tariff")
    assert not partner.judgement(), partner.judgement()
    # Under its ref it comes back as itself, and what stood there does not.
    again = await house.api.post("/locations", {
        "ref": place, "name": "Again", "address": "Dam 1", "city": "Amsterdam", "country": "NLD", "latitude": "52.37300",
        "longitude": "4.89300", "time_zone": "Europe/Amsterdam"})
    assert again["id"] == house.site
    await until(lambda: last(partner, place).get("name") == "Again", what="it is told anew")
    assert statuses(last(partner, place)) == {"REMOVED"}


async def test_a_site_that_is_hidden_from_a_partner_is_gone_for_it(house, stations, partners):
    partner, other = await partners(EMSP()), await partners(EMSP("Other", "OTH"))
    await partner.join(house)
    await other.join(house)
    await stations(priced(house, "CP-1", await tariff(house)))
    place = (await house.api.get(f"/locations/{house.site}"))["ref"]
    for who in (partner, other):
        await until(lambda who=who: statuses(last(who, place)) - {"REMOVED"}, what="both know the site")
    first = last(partner, place)["last_updated"]
    await house.api.patch(f"/partners/{partner.number}", {"publishing": {"hidden_locations": [place]}})
    await until(lambda: statuses(last(partner, place)) == {"REMOVED"}, what="it is gone for the one")
    hidden = last(partner, place)
    assert hidden["publish"] is False and hidden["last_updated"] >= first
    assert (await partner.module("GET", "locations")).data == []
    assert statuses(last(other, place)) - {"REMOVED"} and len((await other.module("GET", "locations")).data) == 1
    await house.api.patch(f"/partners/{partner.number}", {"publishing": {"hidden_locations": []}})
    await until(lambda: "AVAILABLE" in statuses(last(partner, place)), what="it is there again")
    assert last(partner, place)["last_updated"] >= hidden["last_updated"]
    assert not partner.judgement() + other.judgement()


async def test_a_party_that_is_named_no_longer_is_billed_and_has_no_drivers(house, stations, partners):
    partner = await partners(EMSP())
    await partner.join(house)
    assert (await partner.give(partner.driver("EMP-0001"))).status == 201
    station = await stations(priced(house, "CP-1", await tariff(house)))
    await station.begin("EMP-0001", meter=0, at=now() - later(600))

    async def name(*names):
        told = {**partner.credentials, "roles": [
            {"role": "EMSP", "business_details": {"name": name}, "country_code": "DE", "party_id": name} for name in names]}
        answer = await partner.module("PUT", "credentials", body=told)
        assert (answer.status, answer.code) == (200, 1000), answer.envelope
        partner.ours = answer.data["token"]

    await name("NEW")
    assert (await station.authorize("EMP-0001"))["status"] == "Invalid"
    assert (await partner.module("GET", "tokens", "DE/EMP/EMP-0001")).status == 404
    with pytest.raises(Refused):
        await house.api.command("CP-1", "start", evse=2, token="EMP-0001")
    await station.end(1_000)
    bill = (await until(lambda: partner.cdrs(), what="the CDR"))[0]
    assert (bill["cdr_token"]["party_id"], bill["cdr_token"]["uid"]) == ("EMP", "EMP-0001")
    await name("NEW", "EMP")
    assert (await partner.module("GET", "tokens", "DE/EMP/EMP-0001")).data["uid"] == "EMP-0001"
    assert (await station.authorize("EMP-0001"))["status"] == "Accepted"
    assert partner.cdrs() == [bill]
