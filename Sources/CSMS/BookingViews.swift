import Domain
import Store
import Wire

/// What can be booked and what is booked, as the books have it at one moment.
nonisolated public struct BookingViews {
  let books: Books
  let zones: ZoneLibrary
  let now: Timestamp

  public init(books: Books, zones: ZoneLibrary, now: Timestamp) {
    (self.books, self.zones, self.now) = (books, zones, now)
  }

  // MARK: Places

  func zone(of location: Location) -> ZoneRules { zones[location.timeZone] ?? .utc }

  public func calendar(of place: BookingLocation, at location: Location) -> BookingCalendar {
    BookingCalendar(
      place.rules, place.terms, hours: location.isAlwaysOpen ? nil : location.details.opening,
      zone: zone(of: location), at: now)
  }

  /// Its EVSEs that are there, of stations that we serve.
  public func evses(of place: BookingLocation) throws(StoreFault) -> [EVSE] {
    let stations = try books.stations.list(StationFilter(location: place.location), limit: .max)
    var evses: [EVSE] = []
    for station in stations where station.registration == .accepted {
      evses += try books.stations.evses(of: station.id).filter { !$0.connectors.isEmpty && place.covers($0) }
    }
    return evses
  }

  /// What is held at an EVSE: by bookings, and by reservations that nobody booked.
  func holds(at evse: EVSE, in span: BookingPeriod, besides id: String? = nil) throws(StoreFault) -> [BookingPeriod] {
    var holds = try books.bookings.holds(at: evse.id, in: span, besides: id).map(\.held)
    for reservation in try books.reservations.open(of: evse.station) where reservation.evse == evse.number {
      if try books.bookings.booking(reservation: reservation.id) == nil {
        holds.append(BookingPeriod(reservation.createdAt, reservation.expiresAt))
      }
    }
    return holds
  }

  /// - Parameter period: with early start and late stop.
  func isFree(_ evse: EVSE, for period: BookingPeriod, besides id: String) throws(StoreFault) -> Bool {
    try !holds(at: evse, in: period, besides: id).contains { $0.overlaps(period) }
  }

  /// The longest periods that can be booked there.
  public func windows(of place: BookingLocation, at location: Location) throws(StoreFault) -> [BookingPeriod] {
    guard place.isOpen else { return [] }
    let calendar = calendar(of: place, at: location)
    let span = calendar.held(by: calendar.span)
    let soon = BookingPeriod(now, now + .seconds(Limits.soonBookedSeconds))
    let held = try evses(of: place).map { evse throws(StoreFault) in
      try holds(at: evse, in: span) + (evse.status == .available ? [] : [soon])
    }
    return calendar.windows(of: held)
  }

  /// The refs of what is charged by there.
  func tariffs(of evses: [EVSE], by rules: PublishingRules) throws(StoreFault) -> [String]? {
    let refs = try Set(evses.flatMap(\.connectors).flatMap(\.tariffs))
      .map { id throws(StoreFault) in try books.tariffs.tariff(id)?.tariff.ref }
      .compactMap { $0 }.filter { rules.shows(tariff: $0) }.sorted()
    return refs.isEmpty ? nil : refs
  }

  /// - Parameter rules: which tariffs whoever reads it may see.
  public func published(
    _ place: BookingLocation, by rules: PublishingRules = PublishingRules()
  ) throws(StoreFault) -> PublishedBookingLocation? {
    guard let location = try books.locations.location(place.location),
      let party = try books.parties.party(location.party)
    else { return nil }
    let evses = try evses(of: place)
    var shown = PublishedBookingLocation()
    (shown.country, shown.party, shown.id, shown.location) = (
      party.name.country, party.name.party, place.ref, location.ref
    )
    shown.option = BookingOption(evses)
    shown.tariffs = try tariffs(of: evses, by: rules)
    (shown.terms, shown.updatedAt) = (place.terms, place.updatedAt)
    let windows = try windows(of: place, at: location)
    guard let first = windows.first, let last = windows.last else { return shown }
    var calendar = PublishedCalendar()
    // One place has one calendar. Without anything free there is none: the text wants at least one time in it.
    calendar.id = place.ref
    let span = self.calendar(of: place, at: location).span
    calendar.span = BookingPeriod(min(span.start, first.start), max(span.end, last.end))
    (calendar.increment, calendar.updatedAt) = (place.rules.slot, place.updatedAt)
    let power = evses.flatMap(\.connectors).map(\.ratedPower).max()
    calendar.slots = windows.map { Timeslot($0, maxPower: power, isGreen: location.details.energyMix?.isGreen) }
    shown.calendars = [calendar]
    return shown
  }

  // MARK: Bookings

  public func published(_ booking: Booking) throws(StoreFault) -> PublishedBooking? {
    guard let location = try books.locations.location(booking.location),
      let party = try books.parties.party(location.party)
    else { return nil }
    let evse = try booking.evse.flatMap { id throws(StoreFault) in try books.stations.evse(id) }
    return PublishedBooking(booking, of: party.name, location: location.ref, evse: evse?.uid)
  }
}

nonisolated extension BookingOption {
  /// What some EVSEs have: the one where it is one, else all their plugs.
  fileprivate init(_ evses: [EVSE]) {
    self.init()
    if evses.count == 1 { evse = evses[0].uid }
    let plugs = evses.flatMap(\.connectors)
    formats = Set(plugs.map(\.format)).sorted { $0.rawValue < $1.rawValue }
    standards = Set(plugs.map(\.standard)).sorted { $0.rawValue < $1.rawValue }
    powerTypes = Set(plugs.map(\.powerType)).sorted { $0.rawValue < $1.rawValue }
    if plugs.isEmpty { (formats, standards, powerTypes) = (nil, nil, nil) }
  }
}
