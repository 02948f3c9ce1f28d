"""Every endpoint of OCPI that Ostler has, by version, side and method, with what the texts want as the answer to a request
that is right, and to each way in which it can be wrong. Nothing here talks to anybody."""

import time
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

# What each version requires of an object (cardinality 1 and +). Without one of them the answer is 2001, naming it.
REQUIRED = {
    "token": {
        "2.1.1": "uid type auth_id issuer valid whitelist last_updated",
        "new": "country_code party_id uid type contract_id issuer valid whitelist last_updated"},
    "location": {
        "2.1.1": "id address city country coordinates last_updated",
        "new": "country_code party_id id publish address city country coordinates time_zone last_updated"},
    "evse": {"all": "uid status connectors last_updated"},
    "connector": {
        "2.1.1": "id standard format power_type voltage amperage last_updated",
        "new": "id standard format power_type max_voltage max_amperage last_updated"},
    "tariff": {"2.1.1": "id currency elements last_updated", "new": "country_code party_id id currency elements last_updated"},
    "session": {
        "2.1.1": "id start_datetime kwh auth_id auth_method location currency status last_updated",
        "new": "country_code party_id id start_date_time kwh cdr_token auth_method location_id evse_uid connector_id currency"
               " status last_updated"},
    "cdr": {
        "2.1.1": "id start_date_time stop_date_time auth_id auth_method location currency charging_periods total_cost"
                 " total_energy total_time last_updated",
        "new": "country_code party_id id start_date_time end_date_time cdr_token auth_method cdr_location currency"
               " charging_periods total_cost total_energy total_time last_updated"},
    "record": {"new": "country_code party_id id invoice_id cdrs last_updated"},
    "booking_request": {
        "new": "country_code party_id request_id location_id booking_location_id period authorization_reference"},
    "booking_location": {"new": "country_code party_id id location_id last_updated"},
    "booking": {
        "new": "id country_code party_id request_id location_id period reservation_status authorization_reference booking_terms"
               " booking_requests last_updated"},
    "active_profile": {"new": "start_date_time charging_profile"},
    "client": {"new": "party_id country_code role status last_updated"},
    "terminal": {"new": "terminal_id last_updated"},
    "advice": {
        "new": "id authorization_reference total_costs currency eft_data capture_status_code last_updated"}}


def required(kind, version):
    by_version = REQUIRED.get(kind, {"all": ""})
    names = by_version.get("all") or by_version.get(version) or (by_version.get("new", "") if version != "2.1.1" else "")
    return names.split()


class Bodies:
    """The objects that the rows name, as a version spells them."""

    def __init__(self, version, reply):
        self.version, self.reply = version, reply
        self.old, self.last = version == "2.1.1", version == "2.3.0"
        self.at = stamp()

    def __getitem__(self, name):
        return getattr(self, name)()

    def _of(self, country, party):
        return {} if self.old else {"country_code": country, "party_id": party}

    def _price(self, amount):
        return amount if self.old else {"before_taxes": amount} if self.last else {"excl_vat": amount}

    def credentials(self):
        return {"token": "x", "url": "http://127.0.0.1:1/ocpi/versions"}

    # Their drivers.

    def token(self, uid="SWEEP-1"):
        contract = {"auth_id" if self.old else "contract_id": "DE-EMP-C1"}
        return {
            **self._of("DE", "EMP"), "uid": uid, "type": "RFID", **contract, "issuer": "Empire", "valid": True,
            "whitelist": "ALLOWED", "last_updated": self.at}

    def token_yesterday(self):
        return {**self.token("SWEEP-2"), "last_updated": "yesterday"}

    def token_on_no_day(self):
        return {**self.token("SWEEP-2"), "last_updated": "2026-02-30T00:00:00Z"}

    def token_too_long(self):
        return self.token("x" * 37)

    def token_of_no_kind(self):
        return {**self.token("SWEEP-3"), "type": "RING"}

    def token_of_another(self):
        return {**self.token(), "country_code": "ZZ"}

    def token_patch(self):
        return {"valid": False, "last_updated": stamp()}

    def start_nowhere(self):
        return {"response_url": self.reply, "token": self.token(), "location_id": "NOWHERE"}

    def start_without_place(self):
        return {"response_url": self.reply, "token": self.token()}

    def start_for_another(self):
        body = {"response_url": self.reply, "token": self.token(), "location_id": "SITE-1"}
        # In 2.1.1 nobody says whose token it is: then its uid is what is wrong.
        body["token"] |= {"uid": ""} if self.old else {"country_code": "FR", "party_id": "XXX"}
        return body

    def stop(self):
        return {"response_url": self.reply, "session_id": "NONE"}

    def unlock_nowhere(self):
        return {"response_url": self.reply, "location_id": "NOWHERE", "evse_uid": "E1", "connector_id": "1"}

    def reserve_nowhere(self):
        return {
            "response_url": self.reply, "token": self.token(), "expiry_date": "2030-01-01T00:00:00Z",
            "reservation_id": 7 if self.old else "R-7", "location_id": "NOWHERE"}

    def reserve_soon(self):
        return {**self.reserve_nowhere(), "expiry_date": "soon"}

    def unlock_no_cable(self):
        return {name: value for name, value in self.unlock_nowhere().items() if name != "connector_id"}

    def cancel(self):
        return {"response_url": self.reply, "reservation_id": "R-9"}

    def profile(self):
        return {
            "response_url": self.reply,
            "charging_profile": {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 7400}]}}

    def profile_in_horses(self):
        return self._charged(charging_rate_unit="HP")

    def profile_soon(self):
        return self._charged(start_date_time="soon")

    def _charged(self, **change):
        body = self.profile()
        body["charging_profile"] |= change
        return body

    # Hubs and payments.

    def client(self):
        return {"country_code": "DE", "party_id": "XYZ", "role": "EMSP", "status": "CONNECTED", "last_updated": self.at}

    def client_soon(self):
        return {**self.client(), "last_updated": "soon"}

    def terminal_soon(self):
        return {**self.terminal(), "last_updated": "soon"}

    def terminal_too_long(self):
        return {**self.terminal(), "terminal_id": "x" * 37}

    def advice_for_much(self):
        return {**self.advice(), "total_costs": {"before_taxes": "much"}}

    def terminal(self):
        return {"terminal_id": "T-1", "last_updated": self.at}

    def advice(self):
        return {
            "id": "F-1", "authorization_reference": "AUTH-1", "total_costs": {"before_taxes": 10}, "currency": "EUR",
            "eft_data": ["VISA"], "capture_status_code": "SUCCESS", "last_updated": self.at}

    def record(self):
        return {
            "country_code": "BE", "party_id": "CPO", "id": "R-1", "invoice_id": "2026-0042", "cdrs": ["C-1", "C-2"],
            "last_updated": self.at}

    def record_of_nothing(self):
        return {**self.record(), "cdrs": []}

    def record_soon(self):
        return {**self.record(), "last_updated": "soon"}

    def foreign_record(self):
        return {**self.record(), "country_code": "FR", "party_id": "XXX"}

    def active_profile(self):
        return {
            "start_date_time": self.at,
            "charging_profile": {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": 16}]}}

    def active_horses(self):
        body = self.active_profile()
        body["charging_profile"]["charging_rate_unit"] = "HP"
        return body

    def active_soon(self):
        return {**self.active_profile(), "start_date_time": "soon"}

    # Bookings.

    @staticmethod
    def period(hours=24, length=1):
        """So many hours after the next full one."""
        start = (int(time.time()) // 3_600 + hours) * 3_600
        return {"start_date_time": stamp(start), "end_date_time": stamp(start + length * 3_600)}

    def booking_request(self):
        return {
            "country_code": "DE", "party_id": "EMP", "request_id": "R-1", "location_id": "SITE-1", "booking_location_id": "BL-1",
            "tokens": [{"country_code": "DE", "party_id": "EMP", "uid": "EMP-0001", "type": "RFID", "contract_id": "DE-EMP-C1"}],
            "period": self.period(), "authorization_reference": "A-1"}

    def booking_of_another(self):
        return {**self.booking_request(), "country_code": "FR", "party_id": "XXX"}

    def booking_for_another(self):
        body = self.booking_request()
        body["tokens"][0] |= {"country_code": "FR", "party_id": "XXX"}
        return body

    def booking_nowhere(self):
        return {**self.booking_request(), "booking_location_id": "NOWHERE"}

    def booking_elsewhere(self):
        return {**self.booking_request(), "location_id": "NOWHERE"}

    def booking_soon(self):
        return {**self.booking_request(), "period": {"start_date_time": "soon", "end_date_time": "later"}}

    def booking_too_long(self):
        return {**self.booking_request(), "request_id": "x" * 37}

    def booking_of_nothing_given_up(self):
        return {**self.booking_request(), "request_id": "R-9", "canceled": {"cancellation_reason": "TRAFFIC", "who_canceled": "EMSP"}}

    def booking_backwards(self):
        """What the house declines is a booking all the same: one that is rejected."""
        return {**self.booking_request(), "request_id": "R-2", "period": self.period(24, -1)}

    def booking_location(self):
        return {
            "country_code": "BE", "party_id": "CPO", "id": "BL1", "location_id": "L1", "booking_option": {"evse_uid": "E1"},
            "calendars": [{
                "id": "C1", "begin_from": "2026-11-01T00:00:00Z", "end_before": "2026-11-02T00:00:00Z", "last_updated": self.at,
                "available_timeslots": [{"start_date_time": "2026-11-01T08:00:00Z", "end_date_time": "2026-11-01T18:00:00Z"}]}],
            "last_updated": self.at}

    def booking_location_soon(self):
        return {**self.booking_location(), "last_updated": "soon"}

    def calendar_patch(self):
        return {"timeslot_increment": 30, "last_updated": stamp()}

    def gone_patch(self):
        return {"status": "REMOVED", "last_updated": stamp()}

    def booking(self):
        asked = {**self.booking_request(), "booking_location_id": "BL1", "location_id": "L1"}
        return {
            "id": "B1", "country_code": "BE", "party_id": "CPO", "request_id": "R-7", "location_id": "L1", "period": self.period(),
            "reservation_status": "RESERVED", "authorization_reference": "A-7",
            "booking_terms": {"supported_access_methods": ["OPEN"], "change_until_minutes": 0, "cancel_until_minutes": 0},
            "booking_requests": [{"request_status": "ACCEPTED", "booking_request": asked, "request_received": self.at}],
            "last_updated": self.at}

    def booking_patch(self):
        return {"reservation_status": "FULFILLED", "last_updated": stamp()}

    # Their stations.

    def connector(self):
        power = ("voltage", "amperage") if self.old else ("max_voltage", "max_amperage")
        return {
            "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE", power[0]: 230, power[1]: 16,
            "last_updated": self.at}

    def evse(self):
        return {"uid": "E1", "status": "AVAILABLE", "connectors": [self.connector()], "last_updated": self.at}

    def location(self, evses=True):
        more = {"type": "ON_STREET", "postal_code": "9000"} if self.old else {"publish": True, "time_zone": "Europe/Brussels"}
        return {
            **self._of("BE", "CPO"), "id": "L1", "address": "Weg 1", "city": "Gent", "country": "BEL", **more,
            "coordinates": {"latitude": "51.05347", "longitude": "3.73040"}, "evses": [self.evse()], "last_updated": self.at}

    def location_off_the_earth(self):
        return {**self.location(), "coordinates": {"latitude": "91", "longitude": "0"}}

    def location_soon(self):
        return {**self.location(), "last_updated": "soon"}

    def evse_without_plugs(self):
        return {**self.evse(), "connectors": []}

    def place_patch(self):
        return {"name": "Gent", "last_updated": stamp()}

    def evse_patch(self):
        return {"status": "CHARGING", "last_updated": stamp()}

    def connector_patch(self):
        return {"format": "CABLE", "last_updated": stamp()}

    def tariff(self):
        more = {"tax_included": "NO"} if self.last else {}
        return {
            **self._of("BE", "CPO"), "id": "T1", "currency": "EUR", **more, "last_updated": self.at,
            "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]}]}

    def tariff_of_nothing(self):
        return {**self.tariff(), "elements": []}

    def tariff_for_free(self):
        return {**self.tariff(), "elements": [{"price_components": [{"type": "ENERGY", "price": "free", "step_size": 1}]}]}

    # What our driver did there.

    def _driver(self, uid="04A1B2C3D4E5F6"):
        if self.old:
            return {"auth_id": uid}
        return {"cdr_token": {
            "country_code": "NL", "party_id": "DRV", "uid": uid, "type": "RFID", "contract_id": f"NL-DRV-{uid[-6:]}"}}

    def session(self, driver=None):
        began = "start_datetime" if self.old else "start_date_time"
        where = {"location": self.location()} if self.old else {"location_id": "L1", "evse_uid": "E1", "connector_id": "1"}
        return {
            **self._of("BE", "CPO"), "id": "S1", began: "2026-11-01T10:00:00Z", "kwh": 1, **(driver or self._driver()),
            "auth_method": "WHITELIST", **where, "currency": "EUR", "status": "ACTIVE", "last_updated": self.at}

    def strangers_session(self):
        return {**self.session(self._driver("STRANGER")), "id": "S3"}

    def session_of_lots(self):
        return {**self.session(), "kwh": "lots"}

    def session_soon(self):
        return {**self.session(), "last_updated": "soon"}

    def session_patch(self):
        return {"kwh": 2, "last_updated": stamp()}

    def cdr(self, driver=None):
        ended = "stop_date_time" if self.old else "end_date_time"
        place = {"location": self.location()} if self.old else {"cdr_location": {
            "id": "L1", "address": "Weg 1", "city": "Gent", "country": "BEL",
            "coordinates": {"latitude": "51.05347", "longitude": "3.73040"}, "evse_uid": "E1", "evse_id": "BE*CPO*E1",
            "connector_id": "1", "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
            "connector_power_type": "AC_3_PHASE"}}
        return {
            **self._of("BE", "CPO"), "id": "C1", "start_date_time": "2026-11-01T10:00:00Z", ended: "2026-11-01T11:00:00Z",
            **(driver or self._driver()), "auth_method": "WHITELIST", **place, "currency": "EUR",
            "charging_periods": [{
                "start_date_time": "2026-11-01T10:00:00Z",
                "dimensions": [{"type": "ENERGY", "volume": 10}, {"type": "TIME", "volume": 1}]}],
            "total_cost": self._price(3.0), "total_energy": 10, "total_time": 1, "last_updated": self.at}

    def cdr_without_periods(self):
        return {**self.cdr(), "id": "C4", "charging_periods": []}

    def cdr_too_long(self):
        return {**self.cdr(), "id": "x" * 40}

    def cdr_for_much(self):
        return {**self.cdr(), "id": "C5", "total_cost": "much"}

    def other_cdr(self):
        return {**self.cdr(), "total_cost": self._price(4.0)}

    def foreign_cdr(self):
        return {**self.cdr(), "country_code": "FR", "party_id": "XXX", "id": "C2"}

    def strangers_cdr(self):
        return {**self.cdr(self._driver("STRANGER")), "id": "C3"}
