"""The objects that the rows of `endpoint_table` send, as each version spells them, right and wrong, and what it requires of
each."""

import time

from partners import stamp

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
