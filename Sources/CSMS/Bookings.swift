import Domain
import Store
import Wire

// Who books which place for when (OCPI 2.3.0 bookings): what can be booked is the operator's choice, and what is asked is decided
// at once. No two bookings hold one EVSE at one time, whoever asks first.

extension CSMS {
  // MARK: What can be booked

  /// Its id and times are given here.
  public func addBookingLocation(_ draft: BookingLocation, by who: String) async throws(Refusal) -> BookingLocation {
    try await turn { () throws(Refusal) in
      var place = draft
      if place.ref.isEmpty { place.ref = self.newID() }
      try checkText(place.ref, "ref", 1...36)
      (place.createdAt, place.updatedAt) = (self.now, self.now)
      try self.check(place)
      let new = place
      let count = try keep { () throws(StoreFault) in try self.books.bookings.placeCount() }
      guard count < Limits.bookingLocations else { throw .conflict("there are \(count) booking locations already") }
      guard try keep({ () throws(StoreFault) in try self.books.bookings.place(new.ref) }) == nil else {
        throw .conflict("there is a booking location \(new.ref) already")
      }
      return try keep { () throws(StoreFault) in
        let made = try self.books.bookings.create(new)
        try self.record(.bookingLocationChanged(made.location, ref: made.ref, by: who))
        return try self.moved(made)
      }
    }
  }

  /// Changes what can be booked from now on; what is booked stays as it was agreed.
  public func changeBookingLocation(
    _ id: ID<BookingLocation>, by who: String,
    _ edit: @escaping @MainActor @Sendable (inout BookingLocation) throws(Refusal) -> Void
  ) async throws(Refusal) -> BookingLocation {
    try await turn { () throws(Refusal) in
      let old = try self.bookingLocation(id)
      var place = old
      try edit(&place)
      guard place != old else { return old }
      try self.check(place)
      let changed = place
      return try keep { () throws(StoreFault) in
        try self.record(.bookingLocationChanged(changed.location, ref: changed.ref, by: who))
        return try self.moved(changed)
      }
    }
  }

  public func removeBookingLocation(_ id: ID<BookingLocation>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      let place = try self.bookingLocation(id)
      try keep { () throws(StoreFault) in
        var gone = place
        gone.isOpen = false
        _ = try self.moved(gone)
        try self.books.bookings.remove(id)
        try self.record(.bookingLocationChanged(place.location, ref: place.ref, by: who))
      }
    }
  }

  private func bookingLocation(_ id: ID<BookingLocation>) throws(Refusal) -> BookingLocation {
    guard let place = try keep({ () throws(StoreFault) in try self.books.bookings.place(id) }) else {
      throw .notFound("no such booking location")
    }
    return place
  }

  private func check(_ place: BookingLocation) throws(Refusal) {
    guard try keep({ () throws(StoreFault) in try self.books.locations.location(place.location) }) != nil else {
      throw .invalid(field: "location", "there is no such location")
    }
    if let flaw = place.terms.flaw { throw .invalid(field: "terms.\(flaw.field)", flaw.why) }
    if let flaw = place.rules.flaw { throw .invalid(field: "rules.\(flaw.field)", flaw.why) }
    for evse in place.evses {
      let isThere = try keep { () throws(StoreFault) in
        guard let evse = try self.books.stations.evse(evse) else { return false }
        return try self.station(evse.station)?.location == place.location
      }
      guard isThere else { throw .invalid(field: "evses", "the location has no EVSE \(evse)") }
    }
  }

  /// Keeps it, and tells whoever may see it.
  @discardableResult
  func moved(_ place: BookingLocation) throws(StoreFault) -> BookingLocation {
    guard let location = try books.locations.location(place.location) else { return place }
    var moved = place
    moved.updatedAt = time(after: place.updatedAt)
    moved.rollsAt = bookingViews.zone(of: location).startOfNextDay(now)
    try books.bookings.save(moved)
    for partner in try receivers(of: .bookings, party: location.party) where partner.quirks.takesBookings != false {
      let key = PushKey(partner: partner.id, module: .bookingLocations, object: place.ref)
      if try moved.isOpen && sees(partner, location) ? true : wasTold(key) {
        try want(.bookingLocations, place.ref, of: partner.id, party: location.party)
      }
    }
    return moved
  }

  /// All that can be booked, for a partner that has just registered, or is to see other locations than before.
  func tellBookingLocations(to partner: Partner) throws(StoreFault) {
    guard partner.takes(.bookings), partner.quirks.takesBookings != false else { return }
    for place in try books.bookings.places(limit: .max) {
      guard let location = try books.locations.location(place.location), partner.dealsWith(location.party) else {
        continue
      }
      let key = PushKey(partner: partner.id, module: .bookingLocations, object: place.ref)
      if try place.isOpen && sees(partner, location) ? true : wasTold(key) {
        try want(.bookingLocations, place.ref, of: partner.id, party: location.party)
      }
    }
  }

  /// Something changed that all places of a location show: what is free, when it is open, whether it is published.
  func bookingLocationsMoved(at location: ID<Location>) throws(StoreFault) {
    for place in try books.bookings.places(at: location, limit: .max) { try moved(place) }
  }

  var bookingViews: BookingViews { BookingViews(books: books, zones: zones, now: now) }

  // MARK: What partners see

  public func bookingLocations(
    _ query: PageQuery, slotFrom: Timestamp?, slotTo: Timestamp?, for caller: PartnerCaller
  ) async throws(PartnerFault) -> Page<PublishedBookingLocation> {
    let (parties, rules) = (caller.terms.parties.map(\.id), caller.terms.partner.publishing)
    let (zones, now) = (zones, now)
    return try await answer { books throws(StoreFault) in
      let views = BookingViews(books: books, zones: zones, now: now)
      var places: [(place: BookingLocation, view: PublishedBookingLocation?)] = []
      for place in try books.bookings.published(from: query.from, to: query.to, of: parties) {
        guard let location = try books.locations.location(place.location), rules.shows(location: location.ref) else {
          continue
        }
        guard slotFrom != nil || slotTo != nil else {
          places.append((place, nil))
          continue
        }
        let view = try views.published(place, by: rules)
        if view?.hasSlot(from: slotFrom, to: slotTo) == true { places.append((place, view)) }
      }
      let mark = query.after.map { ($0.time, Int64($0.id) ?? 0) }
      let first =
        mark.map { mark in places.firstIndex { ($0.place.updatedAt, $0.place.id.value) > mark } ?? places.count }
        ?? min(query.offset, places.count)
      let page = places[first...].prefix(query.limit)
      var items: [PublishedBookingLocation] = []
      for (place, view) in page {
        if let view {
          items.append(view)
        } else if let view = try views.published(place, by: rules) {
          items.append(view)
        }
      }
      let last = first + page.count < places.count ? page.last?.place : nil
      return Page(
        items: items, total: places.count,
        rest: last.map { .after(PageMark(time: $0.updatedAt, id: "\($0.id)")) } ?? .nothing)
    }
  }

  public func bookingLocation(
    _ ref: String, for caller: PartnerCaller
  ) async throws(PartnerFault) -> PublishedBookingLocation {
    let (terms, zones, now) = (caller.terms, zones, now)
    let found = try await answer { books throws(StoreFault) -> PublishedBookingLocation? in
      guard let place = try books.bookings.place(ref), let location = try books.locations.location(place.location),
        terms.canBook(place, at: location)
      else { return nil }
      return try BookingViews(books: books, zones: zones, now: now).published(place, by: terms.partner.publishing)
    }
    guard let found else { throw .unknownLocation }
    return found
  }

  public func bookings(_ query: PageQuery, for caller: PartnerCaller) async throws(PartnerFault) -> Page<
    PublishedBooking
  > {
    let (partner, behalf, zones, now) = (caller.terms.partner.id, caller.behalf, zones, now)
    return try await answer { books throws(StoreFault) in
      let views = BookingViews(books: books, zones: zones, now: now)
      let page = try books.bookings.page(query, of: partner, behalf: behalf)
      return Page(
        items: try page.items.map { booking throws(StoreFault) in try views.published(booking) }.compactMap { $0 },
        total: page.total, rest: page.rest)
    }
  }

  // MARK: Booking

  public func book(
    _ request: BookingRequest, from caller: PartnerCaller
  ) async throws(PartnerFault) -> (booking: PublishedBooking, isNew: Bool) {
    let owner = try await role(request.asker, of: caller)
    return try await partnerTurn { () throws(PartnerFault) in
      let partner = caller.terms.partner
      @MainActor func decided(_ booking: Booking, at place: BookingLocation?) throws(PartnerFault) -> PublishedBooking {
        try stored { () throws(StoreFault) in
          let shown = try self.bookingViews.published(try self.decide(request, about: booking, at: place))
          guard let shown else { throw .missing("the booking's location") }
          return shown
        }
      }
      let held = try stored { () throws(StoreFault) in
        try self.books.bookings.booking(request.id, asked: request.asker, of: partner.id)
      }
      // What is booked can be given up, whatever has become of its place since.
      if let held, request.canceled != nil || held.isRepeat(request) { return (try decided(held, at: nil), false) }
      if request.canceled != nil { throw .invalid("request_id: there is no such booking") }
      let found = try stored { () throws(StoreFault) in
        try self.books.bookings.place(request.place).flatMap { place throws(StoreFault) in
          try self.books.locations.location(place.location).map { (place, $0) }
        }
      }
      guard let (place, location) = found else { throw .unknownLocation }
      guard caller.terms.canBook(place, at: location) else {
        guard let held else { throw .unknownLocation }
        return (try decided(held, at: nil), false)
      }
      guard location.ref.ciFolded == request.location.ciFolded else {
        throw .invalid("location_id is not the location of \(place.ref)")
      }
      for token in request.tokens ?? [] where !caller.terms.isPartner(token.owner) {
        throw .invalid("tokens: \(token.owner) is not one of your parties")
      }
      let count = try stored { () throws(StoreFault) in try self.books.bookings.count(of: partner.id) }
      guard held != nil || count < Limits.bookingsOfPartner else {
        throw .invalid("no more than \(Limits.bookingsOfPartner) bookings of yours are kept")
      }
      let booking =
        held
        ?? Booking(id: self.newID(), of: request, at: place, partner: partner.id, owner: owner.id, at: self.now)
      return (try decided(booking, at: place), held == nil)
    }
  }

  /// The operator books for a driver of ours.
  public func book(
    _ token: ID<Token>, at id: ID<BookingLocation>, from start: Timestamp, to end: Timestamp, evse: String?,
    by who: String
  ) async throws(Refusal) -> Booking {
    try await turn { () throws(Refusal) in
      let place = try self.bookingLocation(id)
      guard let token = try keep({ () throws(StoreFault) in try self.books.tokens.token(token) }), token.owner == nil
      else { throw .notFound("no such token of ours") }
      guard token.isUsable(at: self.now) else { throw .conflict("the token is blocked or expired") }
      let booking = try keep { () throws(StoreFault) in
        guard let location = try self.books.locations.location(place.location),
          let party = try self.books.parties.party(location.party)
        else { throw .missing("the party of the location") }
        var request = BookingRequest()
        (request.country, request.party, request.id) = (party.name.country, party.name.party, self.newID())
        (request.location, request.place, request.period) = (location.ref, place.ref, BookingPeriod(start, end))
        request.tokens = [
          TokenReference(party: party.name, uid: token.uid, kind: token.kind, contractID: token.contractID)
        ]
        request.authorizationReference = request.id
        if let evse {
          request.option = BookingOption()
          request.option?.evse = evse
        }
        let asked = request
        return try self.decide(
          asked, about: Booking(id: self.newID(), of: asked, at: place, partner: nil, owner: nil, at: self.now),
          at: place)
      }
      // What a partner hears as a rejected booking is nothing to keep for whoever can look at the calendar.
      guard booking.status == .reserved else { throw .conflict(booking.why ?? "it cannot be booked then") }
      return booking
    }
  }

  /// The operator takes a booking back.
  public func cancelBooking(
    _ id: String, because reason: Cancellation.Reason, by who: String
  ) async throws(Refusal) -> Booking {
    try await turn { () throws(Refusal) in
      guard var booking = try keep({ () throws(StoreFault) in try self.books.bookings.booking(id) }) else {
        throw .notFound("no such booking")
      }
      guard booking.cancel(Cancellation(reason, by: .cpo), because: "by \(who)", now: self.now) else {
        throw .conflict("the booking is over: \(booking.status.rawValue)")
      }
      let cancelled = booking
      return try keep { () throws(StoreFault) in
        try self.release(cancelled)
        try self.moved(cancelled)
        return cancelled
      }
    }
  }

  // MARK: Deciding, within a turn

  /// - Parameter place: nil where it cannot be booked any more.
  private func decide(
    _ request: BookingRequest, about booking: Booking, at place: BookingLocation?
  ) throws(StoreFault) -> Booking {
    guard !booking.isRepeat(request) else { return booking }
    var booking = booking
    let before = booking
    let isNew = booking.status == .pending
    if !isNew, let why = booking.refusal(of: request, at: now) {
      booking.decline(request, because: why, now: now)
    } else if var cancellation = request.canceled {
      // Whatever the request says: it is not we who give it up.
      if cancellation.by == .cpo { cancellation.by = .emsp }
      _ = booking.cancel(cancellation, by: request, now: now)
    } else if let place, isNew || booking.place == place.id {
      switch try evse(for: request, of: booking, at: place) {
      case .success(let evse):
        booking.accept(request, at: evse.id, now: now)
        let rules = try booking.partner.flatMap { id throws(StoreFault) in try books.partners.partner(id)?.publishing }
        booking.details.tariffs = try bookingViews.tariffs(of: [evse], by: rules ?? PublishingRules())
      case .failure(let no): booking.decline(request, because: no.why, now: now)
      }
    } else {
      let why = place == nil ? "nothing can be booked there any more" : "another place is another booking"
      booking.decline(request, because: why, now: now)
    }
    if isNew {
      booking = try books.bookings.create(booking)
    } else if booking.status != .reserved || booking.period != before.period || booking.evse != before.evse
      || booking.details.tokens != before.details.tokens
    {
      try release(before)
      if booking.reservation != nil, booking.status == .reserved { booking.reservation = nil }
    }
    try moved(booking, isAnswered: true)
    return booking
  }

  private struct No: Error { let why: String }

  /// The EVSE that is booked by that: the one that it has already, else the first that is free.
  private func evse(
    for request: BookingRequest, of booking: Booking, at place: BookingLocation
  ) throws(StoreFault) -> Result<EVSE, No> {
    guard place.isOpen, let location = try books.locations.location(place.location) else {
      return .failure(No(why: "nothing can be booked here"))
    }
    let views = bookingViews
    let calendar = views.calendar(of: place, at: location)
    if let flaw = calendar.flaw(of: request.period) { return .failure(No(why: flaw)) }
    for token in request.tokens ?? [] where try isBarred(token, of: booking) {
      return .failure(No(why: "tokens: \(token.uid) is blocked or expired"))
    }
    if place.terms.allowsOverlaps != true {
      for token in request.tokens ?? [] {
        let other = try books.bookings.isBooked(
          token.uid, of: booking.partner, in: request.period, besides: booking.id)
        if other { return .failure(No(why: "tokens: \(token.uid) has another booking at that time")) }
      }
    }
    let held = calendar.held(by: request.period)
    let fitting = try views.evses(of: place).filter { request.option?.fits($0) ?? true }
    guard !fitting.isEmpty else { return .failure(No(why: "booking_option: nothing here is such")) }
    let isSoon = request.period.start < now + .seconds(Limits.soonBookedSeconds)
    let own = fitting.filter { $0.id == booking.evse }
    for evse in own + fitting.filter({ $0.id != booking.evse }) {
      guard !isSoon || evse.id == booking.evse || evse.status == .available else { continue }
      if try views.isFree(evse, for: held, besides: booking.id) { return .success(evse) }
    }
    return .failure(No(why: "it is taken at that time"))
  }

  /// A token that we hold must be good then; of one that we do not hold its provider says so by asking.
  private func isBarred(_ token: TokenReference, of booking: Booking) throws(StoreFault) -> Bool {
    guard let held = try books.tokens.token(token.uid, token.kind, owner: booking.owner) else { return false }
    return !held.isUsable(at: now)
  }

  /// Keeps it, and tells its partner, where that has not just asked.
  func moved(_ booking: Booking, isAnswered: Bool = false) throws(StoreFault) {
    try books.bookings.save(booking)
    try record(.bookingMoved(booking))
    try bookingLocationsMoved(at: booking.location)
    guard !isAnswered, let id = booking.partner, let partner = try books.partners.partner(id), partner.takes(.bookings),
      partner.quirks.takesBookings != false, let location = try books.locations.location(booking.location)
    else { return }
    try want(.bookings, booking.id, of: id, party: location.party, location: location.id)
  }
}

extension PartnerTerms {
  /// Whether the partner may book a place there.
  nonisolated fileprivate func canBook(_ place: BookingLocation, at location: Location) -> Bool {
    place.isOpen && location.isPublished && partner.publishing.shows(location: location.ref)
      && parties.contains { $0.id == location.party }
  }
}
