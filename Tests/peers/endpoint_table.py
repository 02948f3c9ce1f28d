"""Every endpoint of OCPI that Ostler has, by version, side and method, with what the texts want as the answer to a request
that is right, and to each way in which it can be wrong. Nothing here talks to anybody."""

from dataclasses import dataclass

from partners import stamp

ALL, NEW, LAST = ("2.1.1", "2.2.1", "2.3.0"), ("2.2.1", "2.3.0"), ("2.3.0",)
# HTTP's and OCPI's answer. What a version does not have is nowhere (404); a method that an address does not have is 405.
GOOD, MADE, FLAW, BROKEN = (200, 1000), (201, 1000), (200, 2001), (400, 2001)
NOWHERE, NO_METHOD, UNKNOWN_TOKEN, UNKNOWN_PLACE, FOREIGN = (404, 2000), (405, 2000), (404, 2004), (404, 2003), (404, 2001)


@dataclass(frozen=True)
class Row:
    """One request and its answer. `side` is `cpo` (Ostler runs the stations) or `emsp` (it provides the drivers); `body` names
    an object of `Bodies`, or is the JSON itself; what stands in braces is filled in from what the test has found."""

    side: str
    method: str
    path: str
    answer: tuple
    body: object = None
    versions: tuple = ALL

    def answer_in(self, version):
        """2.1.1 has no code of its own for a token that is not there."""
        status, code = self.answer
        return status, 2000 if version == "2.1.1" and code == 2004 else code


def cpo(method, path, answer, body=None, versions=ALL):
    return Row("cpo", method, path, answer, body, versions)


def emsp(method, path, answer, body=None, versions=ALL):
    return Row("emsp", method, path, answer, body, versions)


# The lists, by side; sessions must not be asked for as a whole.
LISTS = [
    ("cpo", "locations", "", ALL), ("cpo", "tariffs", "", ALL), ("cpo", "cdrs", "", ALL),
    ("cpo", "sessions", "date_from=2020-01-01T00:00:00Z", ALL), ("emsp", "tokens", "", ALL),
    ("cpo", "invoicereconciliation", "", LAST), ("cpo", "bookings", "", LAST), ("cpo", "bookings/booking_locations", "", LAST),
    ("cpo", "bookings/bookinglocations", "", LAST)]

# A query, its answer, and whether the page it gives is empty.
PAGES = [
    ("", GOOD, False), ("limit=1", GOOD, False), ("limit=1000000000", GOOD, False), ("limit=99999999999999999999999", GOOD, False),
    ("limit=0", FLAW, True), ("limit=-1", FLAW, True), ("limit=many", FLAW, True), ("limit=1.5", FLAW, True), ("limit=", FLAW, True),
    ("offset=0", GOOD, False), ("offset=1000000", GOOD, True), ("offset=9223372036854775807", GOOD, True),
    ("offset=99999999999999999999999", GOOD, True), ("offset=-1", FLAW, True), ("offset=x", FLAW, True),
    ("date_from=2020-01-01T00:00:00Z", GOOD, False), ("date_from=2020-01-01T00:00:00", GOOD, False),
    ("date_from=2020-01-01T00:00:00.123Z", GOOD, False), ("date_from=2099-01-01T00:00:00Z", GOOD, True),
    ("date_from=2020-01-01T00:00:00Z&date_to=2020-01-02T00:00:00Z", GOOD, True),
    ("date_from=2099-01-01T00:00:00Z&date_to=2020-01-01T00:00:00Z", GOOD, True),
    ("date_from=yesterday", FLAW, True), ("date_from=2026-13-01T00:00:00Z", FLAW, True),
    ("date_from=2026-02-30T00:00:00Z", FLAW, True), ("date_from=2026-01-01T25:00:00Z", FLAW, True), ("date_from=", FLAW, True),
    ("date_to=0", FLAW, True), ("date_from=1767225600", FLAW, True), ("colour=green&limit=1", GOOD, False)]

ROWS = [
    # Versions and credentials.
    cpo("GET", "", GOOD), cpo("PUT", "", NO_METHOD, {}), cpo("DELETE", "", NO_METHOD), cpo("GET", "/credentials", GOOD),
    cpo("POST", "/credentials", NO_METHOD, "credentials"), cpo("PUT", "/credentials", BROKEN, b"{"),
    cpo("PUT", "/credentials", FLAW, {}), cpo("PATCH", "/credentials", NO_METHOD, {}), cpo("GET", "/credentials/1", NOWHERE),
    cpo("GET", "/nothing", NOWHERE), cpo("POST", "/nothing/at/all", NOWHERE, {}),

    # What we are asked for as the operator.
    cpo("GET", "/locations/{place}", GOOD), cpo("GET", "/locations/{place}/", GOOD), cpo("GET", "/locations/{place}/{evse}", GOOD),
    cpo("GET", "/locations/{place}/{evse}/1", GOOD), cpo("GET", "/locations/NOWHERE", UNKNOWN_PLACE),
    cpo("GET", "/locations/{place}/NOTHING", NOWHERE), cpo("GET", "/locations/{place}/{evse}/9", NOWHERE),
    cpo("GET", "/locations/{place}/{evse}/1/2/3", NOWHERE), cpo("POST", "/locations", NO_METHOD, {}),
    cpo("PUT", "/locations/{place}", NO_METHOD, {}), cpo("PATCH", "/locations/{place}", NO_METHOD, {}),
    cpo("DELETE", "/locations/{place}", NO_METHOD), cpo("GET", "/tariffs/{tariff}", GOOD), cpo("GET", "/tariffs/NONE", NOWHERE),
    cpo("PUT", "/tariffs/{tariff}", NO_METHOD, {}), cpo("GET", "/sessions", FLAW),
    cpo("GET", "/sessions?date_to=2030-01-01T00:00:00Z", FLAW), cpo("GET", "/sessions/{session}", GOOD),
    cpo("GET", "/sessions/{foreign_session}", NOWHERE), cpo("GET", "/sessions/NONE", NOWHERE), cpo("POST", "/sessions", NO_METHOD, {}),
    cpo("GET", "/cdrs/{cdr}", GOOD), cpo("GET", "/cdrs/{foreign_cdr}", NOWHERE), cpo("GET", "/cdrs/NONE", NOWHERE),
    cpo("POST", "/cdrs", NO_METHOD, {}), cpo("PUT", "/cdrs/{cdr}", NO_METHOD, {}), cpo("DELETE", "/cdrs/{cdr}", NO_METHOD),

    # Their tokens.
    cpo("GET", "/tokens/DE/EMP/EMP-0001", GOOD), cpo("GET", "/tokens/de/emp/emp-0001?type=RFID", GOOD),
    cpo("GET", "/tokens/DE/EMP/EMP-0001?type=APP_USER", UNKNOWN_TOKEN), cpo("GET", "/tokens/DE/EMP/EMP-0001?type=RING", FLAW),
    cpo("GET", "/tokens/DE/EMP/NONE", UNKNOWN_TOKEN), cpo("GET", "/tokens/FR/XXX/EMP-0001", FOREIGN),
    cpo("GET", "/tokens/NL/OST/EMP-0001", FOREIGN), cpo("PUT", "/tokens/DE/EMP/SWEEP-1", MADE, "token"),
    cpo("PUT", "/tokens/DE/EMP/SWEEP-1", GOOD, "token"), cpo("PUT", "/tokens/DE/EMP/SWEEP-1?type=RFID", GOOD, "token"),
    cpo("PUT", "/tokens/DE/EMP/SWEEP-1?type=APP_USER", FLAW, "token"), cpo("PUT", "/tokens/DE/EMP/OTHER", FLAW, "token"),
    cpo("PUT", "/tokens/FR/XXX/SWEEP-1", FOREIGN, "token"), cpo("PATCH", "/tokens/DE/EMP/SWEEP-1", GOOD, "token_patch"),
    cpo("PATCH", "/tokens/DE/EMP/SWEEP-1", FLAW, {"valid": False}, NEW), cpo("PATCH", "/tokens/DE/EMP/SWEEP-1", GOOD, {"valid": False}, ("2.1.1",)),
    cpo("PATCH", "/tokens/DE/EMP/SWEEP-1", FLAW, {"uid": "ELSE", "last_updated": stamp()}),
    cpo("PATCH", "/tokens/DE/EMP/NONE", UNKNOWN_TOKEN, "token_patch"), cpo("PATCH", "/tokens/FR/XXX/SWEEP-1", FOREIGN, "token_patch"),
    cpo("PUT", "/tokens/DE/EMP/SWEEP-2", FLAW, "token_yesterday"), cpo("PUT", "/tokens/DE/EMP/SWEEP-2", FLAW, "token_on_no_day"),
    cpo("PUT", f"/tokens/DE/EMP/{'x' * 37}", FLAW, "token_too_long"), cpo("PUT", "/tokens/DE/EMP/SWEEP-3", MADE, "token_of_no_kind"),
    cpo("GET", "/tokens/DE/EMP/SWEEP-3?type=OTHER", GOOD), cpo("PUT", "/tokens/ZZ/EMP/SWEEP-1", FOREIGN, "token"),
    cpo("PUT", "/tokens/DEU/E/SWEEP-1", FOREIGN, "token"), cpo("PUT", "/tokens/DE/EMP/SWEEP-1", FLAW, "token_of_another", NEW),
    cpo("DELETE", "/tokens/DE/EMP/SWEEP-1", NO_METHOD), cpo("POST", "/tokens/DE/EMP/SWEEP-1", NO_METHOD, "token"),
    cpo("GET", "/tokens", NOWHERE),

    # Their commands.
    cpo("POST", "/commands/START_SESSION", (200, 2003), "start_nowhere"), cpo("POST", "/commands/START_SESSION", FLAW, {}),
    cpo("POST", "/commands/START_SESSION", FLAW, "start_without_place"), cpo("POST", "/commands/START_SESSION", FLAW, "start_for_another"),
    cpo("POST", "/commands/STOP_SESSION", GOOD, "stop"), cpo("POST", "/commands/STOP_SESSION", FLAW, {}),
    cpo("POST", "/commands/UNLOCK_CONNECTOR", (200, 2003), "unlock_nowhere"), cpo("POST", "/commands/UNLOCK_CONNECTOR", FLAW, {}),
    cpo("POST", "/commands/RESERVE_NOW", (200, 2003), "reserve_nowhere"), cpo("POST", "/commands/RESERVE_NOW", FLAW, {}),
    cpo("POST", "/commands/CANCEL_RESERVATION", GOOD, "cancel"), cpo("POST", "/commands/CANCEL_RESERVATION", FLAW, {}, NEW),
    cpo("POST", "/commands/RESERVE_NOW", FLAW, "reserve_soon"), cpo("POST", "/commands/UNLOCK_CONNECTOR", FLAW, "unlock_no_cable"),
    cpo("POST", "/commands/MAKE_COFFEE", GOOD, {"sugar": 2}), cpo("GET", "/commands/START_SESSION", NO_METHOD),
    cpo("POST", "/commands/START_SESSION", BROKEN, b"{\"token\":"), cpo("POST", "/commands", NOWHERE, {}),

    # How their drivers are charged.
    cpo("PUT", "/sessions/{session}/charging_preferences", GOOD, {"profile_type": "FAST"}, NEW),
    cpo("PUT", "/sessions/{foreign_session}/charging_preferences", NOWHERE, {"profile_type": "FAST"}, NEW),
    cpo("PUT", "/sessions/{session}/charging_preferences", FLAW, {}, NEW),
    cpo("PUT", "/sessions/{session}/charging_preferences", FLAW, {"profile_type": "GREEN", "departure_time": "soon"}, NEW),
    cpo("GET", "/sessions/{session}/charging_preferences", NO_METHOD, None, NEW),
    cpo("PUT", "/sessions/{session}/charging_preferences", NOWHERE, {"profile_type": "FAST"}, ("2.1.1",)),
    cpo("GET", "/chargingprofiles/NONE?duration=900&response_url={reply}", GOOD, None, NEW),
    cpo("GET", "/chargingprofiles/{session}?duration=900", FLAW, None, NEW),
    cpo("GET", "/chargingprofiles/{session}?duration=soon&response_url={reply}", FLAW, None, NEW),
    cpo("GET", "/chargingprofiles/{session}?duration=-1&response_url={reply}", FLAW, None, NEW),
    cpo("PUT", "/chargingprofiles/NONE", GOOD, "profile", NEW), cpo("PUT", "/chargingprofiles/{session}", FLAW, {}, NEW),
    cpo("PUT", "/chargingprofiles/{session}", BROKEN, b"no", NEW), cpo("DELETE", "/chargingprofiles/{session}", FLAW, None, NEW),
    cpo("DELETE", "/chargingprofiles/NONE?response_url={reply}", GOOD, None, NEW),
    cpo("GET", "/chargingprofiles/{session}?duration=0&response_url={reply}", FLAW, None, NEW),
    cpo("GET", "/chargingprofiles/{session}?duration=99999999999999999999&response_url={reply}", FLAW, None, NEW),
    cpo("GET", "/chargingprofiles/{session}?duration=900&response_url=", FLAW, None, NEW),
    cpo("PUT", "/chargingprofiles/NONE", FLAW, "profile_in_horses", NEW), cpo("PUT", "/chargingprofiles/NONE", FLAW, "profile_soon", NEW),
    cpo("PATCH", "/chargingprofiles/{session}", NO_METHOD, {}, NEW),
    cpo("GET", "/chargingprofiles/{session}?duration=900&response_url={reply}", NOWHERE, None, ("2.1.1",)),

    # Parties behind a hub, and payment providers.
    cpo("PUT", "/hubclientinfo/DE/XYZ", MADE, "client", NEW), cpo("PUT", "/hubclientinfo/DE/XYZ", GOOD, "client", NEW),
    cpo("GET", "/hubclientinfo/DE/XYZ", GOOD, None, NEW), cpo("PUT", "/hubclientinfo/DE/OTH", FLAW, "client", NEW),
    cpo("PUT", "/hubclientinfo/DE/XYZ", FLAW, {}, NEW), cpo("GET", "/hubclientinfo/DE/NOT", NOWHERE, None, NEW),
    cpo("PUT", "/hubclientinfo/DE/XYZ", FLAW, "client_soon", NEW), cpo("GET", "/hubclientinfo", NOWHERE, None, NEW),
    cpo("DELETE", "/hubclientinfo/DE/XYZ", NO_METHOD, None, NEW), cpo("GET", "/hubclientinfo/DE/XYZ", NOWHERE, None, ("2.1.1",)),
    cpo("POST", "/payments/terminals", MADE, "terminal", LAST), cpo("POST", "/payments/terminals", GOOD, "terminal", LAST),
    cpo("GET", "/payments/terminals/T-1", GOOD, None, LAST), cpo("GET", "/payments/terminals/T-9", NOWHERE, None, LAST),
    cpo("POST", "/payments/terminals", FLAW, "terminal_soon", LAST), cpo("POST", "/payments/terminals", FLAW, "terminal_too_long", LAST),
    cpo("POST", "/payments/financial-advice-confirmations", FLAW, "advice_for_much", LAST), cpo("GET", "/payments/terminals", NO_METHOD, None, LAST),
    cpo("POST", "/payments/terminals", FLAW, {}, LAST), cpo("DELETE", "/payments/terminals/T-1", NO_METHOD, None, LAST),
    cpo("POST", "/payments/financial-advice-confirmations", MADE, "advice", LAST),
    cpo("POST", "/payments/financial-advice-confirmations", GOOD, "advice", LAST),
    cpo("GET", "/payments/financial-advice-confirmations/F-1", GOOD, None, LAST),
    cpo("GET", "/payments/financial-advice-confirmations/F-9", NOWHERE, None, LAST),
    cpo("POST", "/payments/financial-advice-confirmations", FLAW, {}, LAST),
    cpo("GET", "/payments/terminals/T-1", NOWHERE, None, ("2.1.1", "2.2.1")),

    # Which CDRs invoices ask for, at both doors.
    cpo("GET", "/invoicereconciliation", GOOD, None, LAST), cpo("POST", "/invoicereconciliation", MADE, "record", LAST),
    cpo("POST", "/invoicereconciliation", GOOD, "record", LAST), cpo("POST", "/invoicereconciliation", FLAW, {}, LAST),
    cpo("POST", "/invoicereconciliation", FLAW, "record_of_nothing", LAST), cpo("POST", "/invoicereconciliation", FLAW, "record_soon", LAST),
    cpo("POST", "/invoicereconciliation", FLAW, "foreign_record", LAST), cpo("POST", "/invoicereconciliation", BROKEN, b"{", LAST),
    cpo("GET", "/invoicereconciliation/BE/CPO/R-1", GOOD, None, LAST), cpo("GET", "/invoicereconciliation/BE/CPO/R-9", NOWHERE, None, LAST),
    cpo("GET", "/invoicereconciliation/FR/XXX/R-1", FOREIGN, None, LAST),
    cpo("PUT", "/invoicereconciliation/BE/CPO/R-1", GOOD, "record", LAST), cpo("PUT", "/invoicereconciliation/BE/CPO/R-2", FLAW, "record", LAST),
    cpo("PUT", "/invoicereconciliation/DE/EMP/R-1", FLAW, "record", LAST), cpo("PATCH", "/invoicereconciliation/BE/CPO/R-1", NO_METHOD, {}, LAST),
    emsp("GET", "/invoicereconciliation/BE/CPO/R-1", GOOD, None, LAST), emsp("GET", "/invoicereconciliation", NO_METHOD, None, LAST),
    emsp("DELETE", "/invoicereconciliation/BE/CPO/R-1", GOOD, None, LAST), emsp("DELETE", "/invoicereconciliation/BE/CPO/R-1", NOWHERE, None, LAST),
    emsp("POST", "/invoicereconciliation", MADE, "record", LAST), emsp("PUT", "/invoicereconciliation/FR/XXX/R-1", FOREIGN, "record", LAST),
    cpo("GET", "/invoicereconciliation", NOWHERE, None, ("2.1.1", "2.2.1")),

    # What can be booked, and what is. The text spells the addresses in two ways.
    cpo("GET", "/bookings", GOOD, None, LAST), cpo("POST", "/bookings", MADE, "booking_request", LAST),
    cpo("POST", "/bookings", GOOD, "booking_request", LAST), cpo("POST", "/bookings", FLAW, {}, LAST),
    cpo("POST", "/bookings", BROKEN, b"{", LAST), cpo("POST", "/bookings", FLAW, "booking_of_another", LAST),
    cpo("POST", "/bookings", FLAW, "booking_for_another", LAST), cpo("POST", "/bookings", (200, 2003), "booking_nowhere", LAST),
    cpo("POST", "/bookings", FLAW, "booking_elsewhere", LAST), cpo("POST", "/bookings", FLAW, "booking_soon", LAST),
    cpo("POST", "/bookings", FLAW, "booking_too_long", LAST), cpo("POST", "/bookings", FLAW, "booking_of_nothing_given_up", LAST),
    cpo("POST", "/bookings", MADE, "booking_backwards", LAST),
    cpo("PATCH", "/bookings", NO_METHOD, {}, LAST), cpo("DELETE", "/bookings", NO_METHOD, None, LAST),
    cpo("GET", "/bookings/booking_locations/BL-1", GOOD, None, LAST), cpo("GET", "/bookings/bookinglocations/bl-1", GOOD, None, LAST),
    cpo("GET", "/bookings/booking_locations/BL-1/BL-1", GOOD, None, LAST),
    cpo("GET", "/bookings/booking_locations/BL-1/NONE", NOWHERE, None, LAST),
    cpo("GET", "/bookings/booking_locations/NONE", UNKNOWN_PLACE, None, LAST),
    cpo("GET", "/bookings/booking_locations?timeslot_from=soon", FLAW, None, LAST),
    cpo("GET", "/bookings/booking_locations?timeslot_from=2020-01-01T00:00:00Z&timeslot_to=2099-01-01T00:00:00Z", GOOD, None, LAST),
    cpo("PUT", "/bookings/booking_locations/BL-1", NO_METHOD, {}, LAST), cpo("POST", "/bookings/booking_locations", NO_METHOD, {}, LAST),
    cpo("GET", "/bookings/B-9", NOWHERE, None, LAST), cpo("GET", "/bookings", NOWHERE, None, ("2.1.1", "2.2.1")),
    emsp("PUT", "/bookings/BE/CPO/booking_locations/BL1", MADE, "booking_location", LAST),
    emsp("PUT", "/bookings/BE/CPO/booking_locations/BL1", GOOD, "booking_location", LAST),
    emsp("PUT", "/bookings/bookinglocations/BE/CPO/BL1", GOOD, "booking_location", LAST),
    emsp("PUT", "/bookings/booking_locations/BE/CPO/BL2", FLAW, "booking_location", LAST),
    emsp("PUT", "/bookings/BE/CPO/booking_locations/BL1", FLAW, "booking_location_soon", LAST),
    emsp("PUT", "/bookings/FR/XXX/booking_locations/BL1", FOREIGN, "booking_location", LAST),
    emsp("GET", "/bookings/BE/CPO/booking_locations/BL1", GOOD, None, LAST), emsp("GET", "/bookings/bookinglocations/BE/CPO/BL1", GOOD, None, LAST),
    emsp("GET", "/bookings/bookinglocations/BE/CPO/BL1/C1", GOOD, None, LAST), emsp("GET", "/bookings/BE/CPO/booking_locations/BL1/C9", NOWHERE, None, LAST),
    emsp("PATCH", "/bookings/BE/CPO/booking_locations/BL1/C1", GOOD, "calendar_patch", LAST),
    emsp("PATCH", "/bookings/bookinglocations/BE/CPO/BL1/C9", NOWHERE, "calendar_patch", LAST),
    emsp("PATCH", "/bookings/BE/CPO/booking_locations/BL1", GOOD, "gone_patch", LAST),
    emsp("PATCH", "/bookings/BE/CPO/booking_locations/BL1", FLAW, {"status": "REMOVED"}, LAST),
    emsp("PATCH", "/bookings/BE/CPO/booking_locations/BL9", NOWHERE, "gone_patch", LAST),
    emsp("GET", "/bookings/BE/CPO/booking_locations/BL9", NOWHERE, None, LAST),
    emsp("DELETE", "/bookings/BE/CPO/booking_locations/BL1", NO_METHOD, None, LAST),
    emsp("PUT", "/bookings/BE/CPO/B1", MADE, "booking", LAST), emsp("PUT", "/bookings/BE/CPO/B1", GOOD, "booking", LAST),
    emsp("PUT", "/bookings/BE/CPO/B2", FLAW, "booking", LAST), emsp("PUT", "/bookings/FR/XXX/B1", FOREIGN, "booking", LAST),
    emsp("GET", "/bookings/BE/CPO/B1", GOOD, None, LAST), emsp("GET", "/bookings/BE/CPO/B9", NOWHERE, None, LAST),
    emsp("GET", "/bookings/FR/XXX/B1", FOREIGN, None, LAST), emsp("PATCH", "/bookings/BE/CPO/B1", GOOD, "booking_patch", LAST),
    emsp("PATCH", "/bookings/BE/CPO/B1", FLAW, {"reservation_status": "CANCELED"}, LAST),
    emsp("PATCH", "/bookings/BE/CPO/B9", NOWHERE, "booking_patch", LAST), emsp("DELETE", "/bookings/BE/CPO/B1", NO_METHOD, None, LAST),
    emsp("POST", "/bookings", NOWHERE, "booking_request", LAST), emsp("GET", "/bookings/BE/CPO/B1", NOWHERE, None, ("2.1.1", "2.2.1")),

    # What we are told as the provider: stations.
    emsp("PUT", "/locations/BE/CPO/L1", MADE, "location"), emsp("PUT", "/locations/BE/CPO/L1", GOOD, "location"),
    emsp("GET", "/locations/BE/CPO/L1", GOOD), emsp("GET", "/locations/be/cpo/l1", GOOD), emsp("GET", "/locations/BE/CPO/L1/E1", GOOD),
    emsp("GET", "/locations/BE/CPO/L1/E1/1", GOOD), emsp("GET", "/locations/BE/CPO/L9", NOWHERE),
    emsp("GET", "/locations/BE/CPO/L1/E9", NOWHERE), emsp("GET", "/locations/BE/CPO/L1/E1/9", NOWHERE),
    emsp("GET", "/locations/FR/XXX/L1", FOREIGN), emsp("PUT", "/locations/FR/XXX/L1", FOREIGN, "location"),
    emsp("PUT", "/locations/BE/CPO/L2", FLAW, "location"), emsp("PUT", "/locations/BE/CPO/L1/E1", GOOD, "evse"),
    emsp("PUT", "/locations/BE/CPO/L1/E2", FLAW, "evse"), emsp("PUT", "/locations/BE/CPO/L9/E1", UNKNOWN_PLACE, "evse"),
    emsp("PUT", "/locations/BE/CPO/L1/E1/1", GOOD, "connector"), emsp("PUT", "/locations/BE/CPO/L1/E9/1", NOWHERE, "connector"),
    emsp("PATCH", "/locations/BE/CPO/L1", GOOD, "place_patch"), emsp("PATCH", "/locations/BE/CPO/L1/E1", GOOD, "evse_patch"),
    emsp("PATCH", "/locations/BE/CPO/L1/E1/1", GOOD, "connector_patch"), emsp("PATCH", "/locations/BE/CPO/L1", FLAW, {"name": "X"}, NEW),
    emsp("PATCH", "/locations/BE/CPO/L1/E1", FLAW, {"status": "CHARGING"}, NEW),
    emsp("PATCH", "/locations/BE/CPO/L1", GOOD, {"name": "X"}, ("2.1.1",)),
    emsp("PATCH", "/locations/BE/CPO/L9", UNKNOWN_PLACE, "place_patch"), emsp("PATCH", "/locations/BE/CPO/L1/E9", NOWHERE, "evse_patch"),
    emsp("PUT", "/locations/BE/CPO/L1", FLAW, "location_off_the_earth"), emsp("PUT", "/locations/BE/CPO/L1", FLAW, "location_soon"),
    emsp("PUT", "/locations/BE/CPO/L1/E1", FLAW, "evse_without_plugs"), emsp("PUT", "/locations/ZZ/CPO/L1", FOREIGN, "location"),
    emsp("DELETE", "/locations/BE/CPO/L1", NO_METHOD), emsp("POST", "/locations/BE/CPO/L1", NO_METHOD, "location"),
    emsp("GET", "/locations", NOWHERE),

    # Tariffs.
    emsp("PUT", "/tariffs/BE/CPO/T1", MADE, "tariff"), emsp("PUT", "/tariffs/BE/CPO/T1", GOOD, "tariff"),
    emsp("GET", "/tariffs/BE/CPO/T1", GOOD), emsp("GET", "/tariffs/BE/CPO/T9", NOWHERE), emsp("GET", "/tariffs/FR/XXX/T1", FOREIGN),
    emsp("PUT", "/tariffs/BE/CPO/T1", FLAW, "tariff_of_nothing"), emsp("PUT", "/tariffs/BE/CPO/T1", FLAW, "tariff_for_free"),
    emsp("PUT", "/tariffs/FR/XXX/T1", FOREIGN, "tariff"), emsp("PUT", "/tariffs/BE/CPO/T2", FLAW, "tariff"),
    emsp("PATCH", "/tariffs/BE/CPO/T1", GOOD, {"currency": "EUR"}, ("2.1.1",)),
    emsp("PATCH", "/tariffs/BE/CPO/T9", NOWHERE, {"currency": "EUR"}, ("2.1.1",)),
    emsp("PATCH", "/tariffs/BE/CPO/T1", NO_METHOD, {"currency": "EUR"}, NEW), emsp("DELETE", "/tariffs/FR/XXX/T1", FOREIGN),
    emsp("DELETE", "/tariffs/BE/CPO/T9", NOWHERE), emsp("DELETE", "/tariffs/BE/CPO/T1", GOOD),
    emsp("GET", "/tariffs/BE/CPO/T1", NOWHERE), emsp("DELETE", "/tariffs/BE/CPO/T1", NOWHERE),

    # Sessions and CDRs.
    emsp("PUT", "/sessions/BE/CPO/S1", MADE, "session"), emsp("PUT", "/sessions/BE/CPO/S1", GOOD, "session"),
    emsp("GET", "/sessions/BE/CPO/S1", GOOD), emsp("GET", "/sessions/BE/CPO/S9", NOWHERE), emsp("GET", "/sessions/FR/XXX/S1", FOREIGN),
    emsp("PUT", "/sessions/FR/XXX/S1", FOREIGN, "session"), emsp("PUT", "/sessions/BE/CPO/S2", FLAW, "session"),
    emsp("PUT", "/sessions/BE/CPO/S3", (200, 2004), "strangers_session"),
    emsp("PUT", "/sessions/BE/CPO/S1", FLAW, "session_of_lots"), emsp("PUT", "/sessions/BE/CPO/S1", FLAW, "session_soon"),
    emsp("PATCH", "/sessions/BE/CPO/S1", GOOD, "session_patch"), emsp("PATCH", "/sessions/BE/CPO/S1", FLAW, {"kwh": 3}, NEW),
    emsp("PATCH", "/sessions/BE/CPO/S1", GOOD, {"kwh": 3}, ("2.1.1",)),
    emsp("PATCH", "/sessions/BE/CPO/S9", NOWHERE, "session_patch"), emsp("DELETE", "/sessions/BE/CPO/S1", NO_METHOD),
    emsp("POST", "/cdrs", MADE, "cdr"), emsp("POST", "/cdrs", GOOD, "cdr"), emsp("POST", "/cdrs", FLAW, "other_cdr"),
    emsp("POST", "/cdrs", FLAW, "foreign_cdr", NEW), emsp("POST", "/cdrs", (200, 2004), "strangers_cdr"),
    emsp("POST", "/cdrs", FLAW, "cdr_without_periods"), emsp("POST", "/cdrs", FLAW, "cdr_too_long"), emsp("POST", "/cdrs", FLAW, "cdr_for_much"),
    emsp("GET", "/cdrs/BE/CPO/C1", GOOD), emsp("GET", "/cdrs/BE/CPO/C9", NOWHERE), emsp("GET", "/cdrs/FR/XXX/C1", FOREIGN),
    emsp("PUT", "/cdrs/BE/CPO/C1", NO_METHOD, "cdr"), emsp("PATCH", "/cdrs/BE/CPO/C1", NO_METHOD, {}),
    emsp("DELETE", "/cdrs/BE/CPO/C1", NO_METHOD), emsp("GET", "/cdrs", NO_METHOD),

    # Our tokens, results and plans.
    emsp("PUT", "/chargingprofiles/S1", GOOD, "active_profile", NEW), emsp("PUT", "/chargingprofiles/S9", NOWHERE, "active_profile", NEW),
    emsp("PUT", "/chargingprofiles/S1", FLAW, {}, NEW), emsp("GET", "/chargingprofiles/S1", NO_METHOD, None, NEW),
    emsp("PUT", "/chargingprofiles/S1", FLAW, "active_horses", NEW), emsp("PUT", "/chargingprofiles/S1", FLAW, "active_soon", NEW),
    emsp("POST", "/chargingprofiles/results/none", NOWHERE, {"result": "ACCEPTED"}, NEW),
    emsp("POST", "/chargingprofiles/results/none", FLAW, {}, NEW), emsp("GET", "/chargingprofiles/results/none", NO_METHOD, None, NEW),
    emsp("POST", "/chargingprofiles/results/none", NOWHERE, {"result": "ACCEPTED"}, ("2.1.1",)),
    emsp("PUT", "/chargingprofiles/S1", NOWHERE, "active_profile", ("2.1.1",)),
    emsp("POST", "/tokens/04A1B2C3D4E5F6/authorize", GOOD), emsp("POST", "/tokens/04a1b2c3d4e5f6/authorize?type=RFID", GOOD),
    emsp("POST", "/tokens/04A1B2C3D4E5F6/authorize", GOOD, {"location_id": "L1", "evse_uids": ["E1"]}),
    emsp("POST", "/tokens/NOBODY/authorize", UNKNOWN_TOKEN), emsp("POST", "/tokens/04A1B2C3D4E5F6/authorize?type=RING", FLAW),
    emsp("POST", "/tokens/04A1B2C3D4E5F6/authorize", BROKEN, b"{"), emsp("POST", "/tokens/04A1B2C3D4E5F6/authorize", FLAW, []),
    emsp("POST", "/tokens/04A1B2C3D4E5F6/authorize?type=APP_USER", UNKNOWN_TOKEN),
    emsp("POST", "/tokens/04A1B2C3D4E5F6/authorize", FLAW, {"location_id": "L1", "evse_uids": "E1"}),
    emsp("GET", "/tokens/04A1B2C3D4E5F6/authorize", NO_METHOD), emsp("PUT", "/tokens/DE/EMP/X", NOWHERE, "token"),
    emsp("POST", "/commands/START_SESSION/none", NOWHERE, {"result": "ACCEPTED"}),
    emsp("POST", "/commands/START_SESSION/none", FLAW, {}), emsp("GET", "/commands/START_SESSION/none", NO_METHOD),
]
