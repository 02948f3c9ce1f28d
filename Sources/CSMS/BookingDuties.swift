import Domain
import Store
import Wire

// What becomes of bookings in time: shortly before its beginning one is a reservation at its station; it is fulfilled when
// its driver's session begins, and missed where nobody comes.

extension CSMS {
  /// What is due is done; and a new day shows another day of each calendar.
  func keepBookings() throws(StoreFault) {
    try each(try books.bookings.due(at: now, limit: Limits.dutiesAtOnce), of: "bookings") {
      booking throws(StoreFault) in try tend(booking)
    }
    try each(try books.bookings.rolling(at: now, limit: Limits.dutiesAtOnce), of: "booking locations") {
      place throws(StoreFault) in try moved(place)
    }
  }

  private func tend(_ due: Booking) throws(StoreFault) {
    var booking = due
    let reservation = try booking.reservation.flatMap { id throws(StoreFault) in try books.reservations.reservation(id)
    }
    guard now < booking.noShowAt else { return try nobodyCame(booking, reservation) }
    booking.dueAt = booking.noShowAt
    if reservation?.state.isOpen != true, let token = booking.details.tokens?.first {
      if let evse = try evse(toPlace: booking), let asked = try place(booking, at: evse, for: token) {
        (booking.evse, booking.reservation) = (evse.id, asked)
        if evse.id != due.evse {
          booking.updatedAt = time(after: booking.updatedAt)
          try moved(booking)
        }
      } else {
        booking.dueAt = min(now + .seconds(Limits.bookingPauseSeconds), booking.noShowAt)
      }
    }
    try books.bookings.save(booking)
  }

  /// Its own EVSE where that can be had, else another one of its place that is free.
  private func evse(toPlace booking: Booking) throws(StoreFault) -> EVSE? {
    let own = try self.evse(of: booking)
    if let own, own.status == .available, isOnline(own.station) { return own }
    // Somebody who is about to leave, or a station that is about to return, is waited for as long as there is time.
    if let own, !own.status.isBroken, now < booking.period.start { return nil }
    guard let place = try booking.place.flatMap({ id throws(StoreFault) in try books.bookings.place(id) }) else {
      return nil
    }
    let views = bookingViews
    for evse in try views.evses(of: place)
    where evse.status == .available && isOnline(evse.station)
      && booking.details.option?.fits(evse, besides: own) ?? true
    {
      if try views.isFree(evse, for: booking.held, besides: booking.id) { return evse }
    }
    return nil
  }

  /// The one that it has. A station may have moved to another site meanwhile.
  private func evse(of booking: Booking) throws(StoreFault) -> EVSE? {
    let evse = try booking.evse.flatMap { id throws(StoreFault) in try books.stations.evse(id) }
    guard let evse, try station(evse.station)?.location == booking.location else { return nil }
    return evse
  }

  /// Nil where it cannot be asked of the station now.
  private func place(
    _ booking: Booking, at evse: EVSE, for token: TokenReference
  ) throws(StoreFault) -> String? {
    guard let station = try station(evse.station) else { return nil }
    let holder = Session.Holder(
      token: token, owner: booking.owner, groupID: try group(of: token, for: booking), method: .command,
      reference: booking.details.authorizationReference)
    do throws(Refusal) {
      return try reserve(
        holder, at: station, evse: evse.number, until: booking.noShowAt, by: "booking:\(booking.id)", respondTo: nil,
        reference: nil, of: booking.id
      ).reservation.id
    } catch {
      guard case .unavailable(let why) = error else { return nil }
      throw .missing(why)
    }
  }

  /// Nil where the booking's terms let nobody but its own tokens use it.
  private func group(of token: TokenReference, for booking: Booking) throws(StoreFault) -> String? {
    guard booking.terms.takesTokenGroups == true else { return nil }
    return try books.tokens.token(token.uid, token.kind, owner: booking.owner)?.groupID
  }

  private func nobodyCame(_ due: Booking, _ reservation: Reservation?) throws(StoreFault) {
    var booking = due
    let evse = try self.evse(of: booking)
    let wasHeld = reservation?.placedAt != nil && reservation?.state != .lost && reservation?.state != .refused
    if wasHeld || evse?.status.isFree == true {
      _ = booking.missed(now: now)
    } else {
      let reason: Cancellation.Reason = evse.map { !$0.status.isBroken } == true ? .full : .brokenCharger
      _ = booking.cancel(Cancellation(reason, by: .cpo), because: "the EVSE could not be had", now: now)
    }
    try release(booking)
    try moved(booking)
  }

  /// Its station lets it go.
  func release(_ booking: Booking) throws(StoreFault) {
    guard let id = booking.reservation, let reservation = try books.reservations.reservation(id),
      reservation.state.isOpen
    else { return }
    _ = try letGo(reservation, because: "booking \(booking.id): \(booking.status.rawValue)")
  }

  /// The station's word for a reservation by which a booking is kept.
  func bookingIsKept(by reservation: Reservation) throws(StoreFault) {
    guard var booking = try books.bookings.booking(reservation: reservation.id), booking.status == .reserved else {
      return
    }
    switch reservation.state {
    case .used:
      guard let session = reservation.session, let evse = try evse(of: reservation),
        booking.fulfil(by: session, at: evse.id, now: now)
      else { return }
      try moved(booking)
    case .refused, .cancelled:
      booking.dueAt = min(now + .seconds(Limits.bookingPauseSeconds), booking.noShowAt)
      try books.bookings.save(booking)
    case .expired, .lost:
      booking.dueAt = now
      try books.bookings.save(booking)
    case .asked, .placed, .cancelling: break
    }
  }

  /// A session begins: the booking that is for its driver, at whichever EVSE of its place, is fulfilled.
  /// - Parameter time: by the station's clock; what it tells late was then.
  func fulfilBooking(by session: Session, tag: String, at evse: EVSE, on time: Timestamp) throws(StoreFault) {
    guard let location = session.location else { return }
    var found: Booking?
    for booking in try books.bookings.standing(at: location, on: time) {
      let isMeant = booking.isFor(tag: tag, at: time) || booking.isFor(session)
      guard try isMeant ? true : isOfGroup(session, booking) else { continue }
      if booking.evse == evse.id {
        found = booking
        break
      }
      guard found == nil, let id = booking.place, let place = try books.bookings.place(id), place.covers(evse) else {
        continue
      }
      found = booking
    }
    guard var booking = found, booking.fulfil(by: session.id, at: evse.id, now: now) else { return }
    if let id = booking.reservation, let reservation = try books.reservations.reservation(id),
      reservation.station != evse.station || reservation.evse != evse.number
    {
      try release(booking)
    }
    try moved(booking)
  }

  private func isOfGroup(_ session: Session, _ booking: Booking) throws(StoreFault) -> Bool {
    guard let group = session.groupID, booking.owner == session.owner else { return false }
    for token in booking.details.tokens ?? [] where try self.group(of: token, for: booking) == group { return true }
    return false
  }
}

extension Booking {
  /// Whether a session is the one for which it is kept, by its provider's own word.
  nonisolated fileprivate func isFor(_ session: Session) -> Bool {
    owner == session.owner && session.authorizationReference == details.authorizationReference
  }
}

extension BookingOption {
  /// As it was wished, and not as it was assigned: the EVSE that it has is no wish.
  nonisolated fileprivate func fits(_ evse: EVSE, besides own: EVSE?) -> Bool {
    var wish = self
    if wish.evse?.ciFolded == own?.uid.ciFolded { wish.evse = nil }
    return wish.fits(evse)
  }
}

extension EVSE.Status {
  nonisolated fileprivate var isFree: Bool { self == .available || self == .preparing || self == .reserved }
  nonisolated fileprivate var isBroken: Bool { self == .faulted || self == .unavailable || self == .unknown }
}
