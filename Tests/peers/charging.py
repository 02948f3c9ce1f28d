"""What several tests need of a small operator: a tariff, and stations at a site whose connectors cost that much."""

from stations import known

TARIFF = {
    "id": "EVENING", "currency": "EUR", "type": "REGULAR",
    "tariff_alt_text": [{"language": "en", "text": "0.30 per kWh, 0.45 from 18:05 to 20:00"}],
    "elements": [
        {
            "price_components": [{"type": "ENERGY", "price": 0.45, "vat": 21, "step_size": 100}],
            "restrictions": {"start_time": "18:05", "end_time": "20:00"}},
        {
            "price_components": [
                {"type": "FLAT", "price": 0.75, "vat": 21, "step_size": 1},
                {"type": "ENERGY", "price": 0.30, "vat": 21, "step_size": 100},
                {"type": "TIME", "price": 0.90, "vat": 21, "step_size": 60},
                {"type": "PARKING_TIME", "price": 3.60, "vat": 10, "step_size": 300}]}]}

CONNECTOR = {
    "number": 1, "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE", "max_voltage": 230,
    "max_amperage": 32}


async def tariff(house, body=TARIFF):
    """The tariff's number in the API."""
    return (await house.api.post("/tariffs", body))["id"]


async def fit(house, station, tariff, numbers=(1, 2)):
    """Tells the house what the connectors of a station are and cost."""
    for number in numbers:
        await house.api.patch(
            f"/stations/{station}/evses/{number}",
            {"evse_id": f"NL*OST*E{station.replace('-', '')}*{number}", "connectors": [{**CONNECTOR, "tariff": tariff}]})


async def priced(house, identity, number):
    """A station at the house's site that charges by the tariff of that number."""
    station = await known(house, identity, location=house.site)
    await fit(house, identity, number)
    station.evses = {e["number"]: e["uid"] for e in (await house.api.get(f"/stations/{identity}"))["evses"]}
    return station
