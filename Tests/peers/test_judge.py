"""The judges themselves: they find what is wrong, so that their silence elsewhere means something."""

from judge import needs_catalogue, ocpi_flaws, ocpp_flaws

TOKEN = {
    "country_code": "DE", "party_id": "EMP", "uid": "1", "type": "RFID", "contract_id": "C", "issuer": "E", "valid": True,
    "whitelist": "ALWAYS", "last_updated": "2026-01-01T00:00:00Z"}


def test_the_schemas_find_wrong_types_unknown_fields_and_times_without_a_zone():
    good = {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 300}
    assert ocpp_flaws("BootNotificationResponse", good) == []
    for wrong in (
        {"interval": "300"}, {"status": "Perhaps"}, {"currentTime": "2026-01-01T00:00:00"}, {"extra": 1}):
        assert ocpp_flaws("BootNotificationResponse", {**good, **wrong}), wrong


def test_multiples_of_a_tenth_are_decimals():
    def profile(limit):
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
        return {"connectorId": 1, "csChargingProfiles": {
            "chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute", "chargingSchedule": schedule}}

    assert ocpp_flaws("SetChargingProfile", profile(6.6)) == []
    assert ocpp_flaws("SetChargingProfile", profile(6.61))


@needs_catalogue
def test_the_catalogue_finds_wrong_types_unknown_fields_and_what_is_missing():
    assert ocpi_flaws("Token", TOKEN) == []
    for wrong in ({"valid": "yes"}, {"type": "CARD"}, {"uid": "x" * 37}, {"surprise": 1}, {"last_updated": "2026-01-01T00:00:00"}):
        assert ocpi_flaws("Token", {**TOKEN, **wrong}), wrong
    assert ocpi_flaws("Token", {k: v for k, v in TOKEN.items() if k != "issuer"})
    assert ocpi_flaws("Token", {"valid": False}, partial=True) == []
