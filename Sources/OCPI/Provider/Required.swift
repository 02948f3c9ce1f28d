import Domain
import Wire

/// What an object must have when a partner pushes it, by the text of its version (cardinality 1 and +), beyond what is
/// needed to read it. Lists that we read ourselves are held against less: there nobody hears what is missing.
public struct RequiredFields: Sendable {
  /// Each by its name in the version, with other versions' names for the same behind it: partners mix them.
  fileprivate let location, evse, connector, tariff, session, cdr: [[String]]
  fileprivate var bookingLocation: [[String]] = [], calendar: [[String]] = [], booking: [[String]] = []

  enum Kind { case location, evse, connector, tariff, session, cdr, bookingLocation, calendar, booking }

  /// - Throws: `.invalid`, naming the first field that has no value, or a list of at least one that is empty.
  func demand(_ kind: Kind, of json: JSON) throws(PartnerFault) {
    guard json.object != nil else { throw .invalid("the object is expected to be an object") }
    let fields =
      switch kind {
      case .location: location
      case .evse: evse
      case .connector: connector
      case .tariff: tariff
      case .session: session
      case .cdr: cdr
      case .bookingLocation: bookingLocation
      case .calendar: calendar
      case .booking: booking
      }
    for names in fields where !names.contains(where: { json[$0].map { !$0.isNull } ?? false }) {
      throw .invalid("\(names[0]) is missing")
    }
    for names in fields {
      guard let empty = names.first(where: { json[$0]?.array?.isEmpty == true }) else { continue }
      throw .invalid("\(empty) is empty")
    }
  }
}

extension RequiredFields {
  /// Of 2.1.1, whose objects do not say whose they are. Its locations must have a type and a postal code, which later
  /// versions do without, and so do many partners.
  static let before220 = RequiredFields(
    location: fields("id address city country coordinates last_updated"),
    evse: fields("uid status connectors last_updated"),
    connector: fields("id standard format power_type voltage/max_voltage amperage/max_amperage last_updated"),
    tariff: fields("id currency elements last_updated"),
    session: fields(
      "id start_datetime/start_date_time kwh auth_id/cdr_token auth_method location/location_id currency status"
        + " last_updated"),
    cdr: fields(
      "id start_date_time stop_date_time/end_date_time auth_id/cdr_token auth_method location/cdr_location currency"
        + " charging_periods total_cost total_energy total_time last_updated"))

  /// Of 2.2.1 and 2.3.0. That tariffs of 2.3.0 say `tax_included` is asked of nobody: the text's own examples do not.
  static let since221 = RequiredFields(
    location: fields("country_code party_id id publish address city country coordinates time_zone last_updated"),
    evse: fields("uid status connectors last_updated"),
    connector: fields("id standard format power_type max_voltage/voltage max_amperage/amperage last_updated"),
    tariff: fields("country_code party_id id currency elements last_updated"),
    session: fields(
      "country_code party_id id start_date_time kwh cdr_token auth_method location_id evse_uid connector_id currency"
        + " status last_updated"),
    cdr: fields(
      "country_code party_id id start_date_time end_date_time cdr_token auth_method cdr_location currency"
        + " charging_periods total_cost total_energy total_time last_updated"),
    bookingLocation: fields("country_code party_id id location_id last_updated"),
    calendar: fields("id begin_from end_before available_timeslots last_updated"),
    booking: fields(
      "id country_code party_id request_id location_id period reservation_status authorization_reference booking_terms"
        + " booking_requests last_updated"))

  private static func fields(_ text: String) -> [[String]] {
    text.split(separator: " ").map { $0.split(separator: "/").map(String.init) }
  }
}
