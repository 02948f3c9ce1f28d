import Domain
import Store
import Wire

// EVSEs that are held for drivers (OCPP 1.6 §5.13, OCPP 2.0.1 block H). The station is asked until it says yes or no or
// the time is over; one that may have forgotten is asked again, under the same number.

extension CSMS {
  /// Holds an EVSE for a token, or any EVSE of the station.
  public func reserve(
    at identity: StationIdentity, evse: Int?, token id: ID<Token>, until end: Timestamp, by who: String
  ) async throws(Refusal) -> (reservation: Reservation, command: CommandRecord) {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      guard let token = try keep({ () throws(StoreFault) in try self.books.tokens.token(id) }) else {
        throw .notFound("no such token")
      }
      try self.requireUsable(token, at: station, evse: evse)
      let holder = try keep { () throws(StoreFault) in try self.holder(of: token, method: .command) }
      return try self.reserve(holder, at: station, evse: evse, until: end, by: who, respondTo: nil, reference: nil)
    }
  }

  /// Lets an EVSE go. A station that is away hears of it when it is back.
  public func cancelReservation(_ id: String, by who: String) async throws(Refusal) -> Reservation {
    try await turn { () throws(Refusal) in
      guard let reservation = try keep({ () throws(StoreFault) in try self.books.reservations.reservation(id) }) else {
        throw .notFound("no such reservation")
      }
      let booking = try keep { () throws(StoreFault) in
        try self.books.bookings.booking(reservation: reservation.id)
      }
      if let booking, booking.status == .reserved {
        throw .conflict("it is kept for booking \(booking.id): cancel that one")
      }
      return try self.cancel(reservation, by: who, respondTo: nil).reservation
    }
  }

  // MARK: Within a turn

  /// - Parameters:
  ///   - reference: a partner's own id; the same again moves that reservation (OCPI 2.2.1 §13.3.7).
  ///   - booking: the id of the one that it keeps.
  func reserve(
    _ holder: Session.Holder, at station: Station, evse number: Int?, until end: Timestamp, by who: String,
    respondTo: CommandOrigin?, reference: String?, of booking: String? = nil
  ) throws(Refusal) -> (reservation: Reservation, command: CommandRecord) {
    guard end > now, end < now + .seconds(Limits.reservationSeconds) else {
      throw .invalid(field: "expires_at", "a time within the next \(Limits.reservationSeconds / 86_400) days")
    }
    guard isOnline(station.id) else { throw .conflict("the station is not connected") }
    // OCPP 1.6 ReserveConnectorZeroSupported, OCPP 2.0.1 H01.FR.19.
    let reservesAny = try keep { () throws(StoreFault) in
      try self.books.capacities.capacity(of: station.id)?.reservesAnyEVSE
    }
    guard number != nil || reservesAny != false else {
      throw .invalid(field: "evse", "this station holds single EVSEs only")
    }
    let earlier = try keep { () throws(StoreFault) in
      guard let reference, let partner = respondTo?.partner else { return nil as Reservation? }
      return try self.books.reservations.reservation(reference, of: partner).flatMap { $0.state.isOpen ? $0 : nil }
    }
    if let number {
      guard let evse = try keep({ () throws(StoreFault) in try self.books.stations.evse(station.id, number: number) })
      else {
        throw .notFound("the station has no EVSE \(number)")
      }
      let booked = try keep { () throws(StoreFault) in
        try self.books.bookings.holds(at: evse.id, in: BookingPeriod(self.now, end), besides: booking)
      }
      if let first = booked.first { throw .conflict("it is booked from \(first.held.start.text) on") }
    }
    let held = try keep { () throws(StoreFault) in try self.books.reservations.open(of: station.id) }
      .filter { $0.id != earlier?.id }
    guard held.count < Limits.reservationsPerStation, !held.contains(where: { $0.evse == number && number != nil })
    else {
      throw .conflict("it is reserved already")
    }
    return try keep { () throws(StoreFault) in
      var reservation: Reservation
      if let earlier, earlier.station == station.id {
        reservation = earlier
        (reservation.evse, reservation.expiresAt, reservation.state) = (number, end, .asked)
        // Another driver's begins when the station holds it for them.
        if reservation.token != holder.token || reservation.owner != holder.owner { reservation.placedAt = nil }
        (reservation.token, reservation.owner, reservation.groupID) = (holder.token, holder.owner, holder.groupID)
        reservation.authorizationReference = holder.reference
        reservation.tariff = try self.tariff(ofAny: number, at: station.id, for: holder)
      } else {
        if let earlier { _ = try self.letGo(earlier, because: "it was moved to another station") }
        reservation = try self.books.reservations.create(
          Reservation(
            id: self.newID(), number: 0, station: station.id, evse: number, token: holder.token, owner: holder.owner,
            groupID: holder.groupID, expiresAt: end, origin: who, partner: respondTo?.partner,
            partnerReference: reference, at: self.now,
            tariff: try self.tariff(ofAny: number, at: station.id, for: holder), reference: holder.reference))
      }
      let command = try self.place(&reservation, by: who, respondTo: respondTo)
      try self.record(.reservationMoved(reservation))
      guard let command else { throw StoreFault.missing("the link of station \(station.id)") }
      return (reservation, command)
    }
  }

  func cancel(
    _ reservation: Reservation, by who: String, respondTo: CommandOrigin?
  ) throws(Refusal) -> (reservation: Reservation, command: CommandRecord?) {
    guard reservation.state.isOpen else { throw .conflict("the reservation is over: \(reservation.state.rawValue)") }
    return try keep { () throws(StoreFault) in
      var reservation = reservation
      // Only whoever pays for it can give it up; what the operator takes back costs nothing.
      if respondTo != nil { reservation.givenUpAt = self.now }
      return try self.letGo(reservation, because: nil, by: who, respondTo: respondTo)
    }
  }

  func letGo(
    _ open: Reservation, because why: String?, by who: String = "house", respondTo: CommandOrigin? = nil
  ) throws(StoreFault) -> (reservation: Reservation, command: CommandRecord?) {
    var reservation = open
    (reservation.state, reservation.answer, reservation.dueAt) = (.cancelling, why, now)
    let command = try free(&reservation, by: who, respondTo: respondTo)
    try record(.reservationMoved(reservation))
    return (reservation, command)
  }

  private func place(
    _ reservation: inout Reservation, by who: String, respondTo: CommandOrigin? = nil
  ) throws(StoreFault) -> CommandRecord? {
    try send(.reservation(.reserve(reservation.wish)), of: &reservation, by: who, respondTo: respondTo)
  }

  private func free(
    _ reservation: inout Reservation, by who: String, respondTo: CommandOrigin? = nil
  ) throws(StoreFault) -> CommandRecord? {
    try send(.reservation(.cancel(number: reservation.number)), of: &reservation, by: who, respondTo: respondTo)
  }

  private func send(
    _ command: StationCommand, of reservation: inout Reservation, by who: String, respondTo: CommandOrigin?
  ) throws(StoreFault) -> CommandRecord? {
    let record = try line(to: reservation.station).map { link throws(StoreFault) in
      try issue(command, id: newID(), over: link, by: who, session: nil, respondTo: respondTo)
    }
    reservation.command = record?.id
    // Where it is away its return makes this due; else an answer does, or the time for one is over.
    reservation.dueAt =
      record == nil ? nil : now + .seconds(settings.commandSeconds + Limits.firstDutyPauseSeconds)
    reservation.updatedAt = now
    try books.reservations.save(reservation)
    return record
  }

  /// What is due is asked; what is over ends.
  func keepReservations() throws(StoreFault) {
    try each(try books.reservations.expired(at: now, limit: Limits.dutiesAtOnce), of: "reservations") {
      over throws(StoreFault) in
      guard over.state == .placed, mayHaveBeenUsed(until: over.expiresAt, at: over.station) else {
        return try end(over, as: over.state == .cancelling ? .cancelled : .expired)
      }
      var reservation = over
      reservation.dueAt = now + .seconds(Limits.firstDutyPauseSeconds)
      try books.reservations.save(reservation)
    }
    try each(try books.reservations.due(at: now, limit: Limits.dutiesAtOnce), of: "reservations") {
      due throws(StoreFault) in
      var reservation = due
      switch reservation.state {
      case .asked: _ = try place(&reservation, by: "house")
      case .cancelling: _ = try free(&reservation, by: "house")
      case .placed, .used, .cancelled, .expired, .refused, .lost:
        reservation.dueAt = nil
        try books.reservations.save(reservation)
      }
    }
  }

  /// Whether a driver may have come in time whose station could not tell it: one that is away, or has just come back.
  func mayHaveBeenUsed(until end: Timestamp, at station: ID<Station>) -> Bool {
    guard now < end + .seconds(settings.lateStopHours * 3_600) else { return false }
    guard let link = links.link(of: station) else { return true }
    return link.openedAt > end && now < link.openedAt + .seconds(Limits.retellingSeconds)
  }

  private func end(_ open: Reservation, as state: Reservation.State, because why: String? = nil) throws(StoreFault) {
    var reservation = open
    (reservation.state, reservation.answer) = (state, why ?? reservation.answer)
    (reservation.command, reservation.dueAt, reservation.updatedAt) = (nil, nil, now)
    try books.reservations.save(reservation)
    try record(.reservationMoved(reservation))
    try bookingIsKept(by: reservation)
    try bill(reservation)
  }

  /// What holding it costs is fixed now, as a session's price is when it begins.
  private func tariff(
    ofAny number: Int?, at station: ID<Station>, for holder: Session.Holder
  ) throws(StoreFault) -> Tariff? {
    let evses = try books.stations.evses(of: station)
    guard let evse = number.map({ number in evses.first { $0.number == number } }) ?? evses.first,
      let connector = evse.connectors.first
    else { return nil }
    return try tariff(of: connector, of: evse, for: holder, at: now)
  }

  // MARK: What the station says

  func reservationAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard var reservation = try books.reservations.reservation(command: command.id, at: command.station),
      reservation.state == .asked
    else { return }
    switch outcome {
    case .accepted:
      (reservation.state, reservation.answer, reservation.command, reservation.dueAt) = (.placed, nil, nil, nil)
      reservation.placedAt = reservation.placedAt ?? now
      reservation.updatedAt = now
      try books.reservations.save(reservation)
      try record(.reservationMoved(reservation))
    case .refused, .failed, .impossible: try end(reservation, as: .refused, because: outcome.why)
    case .timedOut:
      reservation.dueAt = now + .seconds(Limits.firstDutyPauseSeconds)
      try books.reservations.save(reservation)
    case .disconnected:
      reservation.dueAt = isOnline(reservation.station) ? now : nil
      try books.reservations.save(reservation)
    }
  }

  /// A station that does not know the reservation does not hold it, which is what was wanted.
  func cancellationAnswered(_ command: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard var reservation = try books.reservations.reservation(command: command.id, at: command.station),
      reservation.state == .cancelling
    else { return }
    guard !outcome.isOpen else {
      reservation.dueAt =
        isOnline(reservation.station) ? now + .seconds(Limits.firstDutyPauseSeconds) : nil
      return try books.reservations.save(reservation)
    }
    try end(reservation, as: .cancelled, because: outcome.why)
  }

  func reservationEnded(_ number: Int64, _ ending: ReservationEnding, at station: ID<Station>) throws(StoreFault) {
    guard let reservation = try books.reservations.reservation(number: number, at: station), reservation.state.isOpen
    else { return }
    switch ending {
    case .expired: try end(reservation, as: .expired)
    case .removed: try end(reservation, as: reservation.state == .cancelling ? .cancelled : .lost)
    case .noTransaction: try end(reservation, as: .lost, because: "no car came")
    }
  }

  /// A failed EVSE, or one that is out of service, holds nothing any more (OCPP 1.6 §3.8, OCPP 2.0.1 H01).
  func reservationsGiveWay(to status: EVSE.Status, at evse: EVSE) throws(StoreFault) {
    guard status == .faulted || status == .unavailable else { return }
    for reservation in try books.reservations.open(of: evse.station) where reservation.evse == evse.number {
      try end(
        reservation, as: reservation.state == .cancelling ? .cancelled : .lost,
        because: "the EVSE is \(status.rawValue)")
    }
  }

  /// It booted, and some forget what they held.
  func reservationsMayBeLost(at station: ID<Station>) throws(StoreFault) {
    for var reservation in try books.reservations.open(of: station) where reservation.expiresAt > now {
      if reservation.state == .placed { reservation.state = .asked }
      (reservation.dueAt, reservation.updatedAt) = (now, now)
      try books.reservations.save(reservation)
    }
  }

  /// A session begins: the reservation that it names, or that is held there for its driver, is used.
  func useReservation(
    _ number: Int?, tag: String, by session: Session, at evse: EVSE, on time: Timestamp
  ) throws(StoreFault) {
    try fulfilBooking(by: session, tag: tag, at: evse, on: time)
    let open = try books.reservations.open(of: evse.station)
    let named = number.flatMap { number in open.first { $0.number == Int64(number) } }
    let held = open.first {
      ($0.evse == nil || $0.evse == evse.number) && $0.isFor(tag: tag, groupID: session.groupID) && time <= $0.expiresAt
    }
    guard var reservation = named ?? held else { return }
    reservation.session = session.id
    try end(reservation, as: .used)
  }
}

extension StationDesk {
  func reservation(_ number: Int64, ended ending: ReservationEnding) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      try house.reservationEnded(number, ending, at: station)
    }
  }
}
