import Domain
import Store
import Wire

// What other networks tell of bookings (OCPI 2.3.0 bookings): places that our drivers can book there, and what they have booked.

extension CSMS {
  public func roamingBookingLocation(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    try await found { books throws(StoreFault) in try books.roamingBookings.place(key)?.body }
  }

  public func keepBookingLocation(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingBookingLocation
  ) async throws(PartnerFault) -> Bool {
    try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in try self.books.roamingBookings.place(key) }
      return try self.receive(try change(held?.body), of: key.partner)
    }
  }

  /// True where it is new.
  func receive(_ place: RoamingBookingLocation, of partner: ID<Partner>) throws(PartnerFault) -> Bool {
    let key = RoamingKey(partner: partner, party: place.party, ref: place.ref)
    let put = try stored { () throws(StoreFault) -> RoamingPut? in
      if try books.roamingBookings.place(key) == nil,
        try books.roamingBookings.placeCount(of: partner) >= Limits.roamingBookingLocations
      {
        return nil
      }
      return try books.roamingBookings.put(place, of: partner, at: now)
    }
    guard let put else {
      throw .invalid("no more than \(Limits.roamingBookingLocations) booking locations of yours are kept")
    }
    return put == .created
  }

  public func roamingBooking(_ key: RoamingKey) async throws(PartnerFault) -> JSON {
    try await found { books throws(StoreFault) in try books.roamingBookings.booking(at: key)?.body }
  }

  public func keepBooking(
    _ key: RoamingKey, from caller: PartnerCaller,
    _ change: @escaping @Sendable (JSON?) throws(PartnerFault) -> RoamingBooking
  ) async throws(PartnerFault) -> Bool {
    try await partnerTurn { () throws(PartnerFault) in
      let held = try stored { () throws(StoreFault) in try self.books.roamingBookings.booking(at: key) }
      return try self.receive(try change(held?.body), of: key.partner)
    }
  }

  /// True where it is new.
  @discardableResult
  func receive(_ booking: RoamingBooking, of partner: ID<Partner>) throws(PartnerFault) -> Bool {
    let key = RoamingKey(partner: partner, party: booking.party, ref: booking.ref)
    let held = try stored { () throws(StoreFault) in try books.roamingBookings.booking(key) }
    if held == nil {
      let count = try stored { () throws(StoreFault) in try books.roamingBookings.count(of: partner) }
      guard count < Limits.roamingBookings else {
        throw .invalid("no more than \(Limits.roamingBookings) bookings of yours are kept")
      }
    }
    return try stored { () throws(StoreFault) in
      let put = try books.roamingBookings.put(booking, of: partner, at: now)
      guard put != .unchanged, let kept = try books.roamingBookings.booking(key) else { return false }
      if held?.status != booking.status {
        try record(.roaming(.bookingTold(kept.id, of: partner, status: booking.status)))
      }
      for command in try books.roamingCommands.waiting(forBooking: booking.requestID, of: partner) {
        try decide(command, by: booking)
      }
      return put == .created
    }
  }

  // MARK: What we ask

  /// What is asked of whoever runs the place, and of whom it was told.
  func bookingCommand(
    _ wish: RoamingWish, id: String, partner: ID<Partner>, provider: Party
  ) throws(Refusal) -> RoamingCommand? {
    switch wish {
    case .book(let token, let place, let period, let evse):
      let place = try roamingPlace(place)
      guard period.start < period.end, period.end > now else {
        throw .invalid(field: "to", "a time in the future, after the beginning")
      }
      let (offered, reference) = try offer(token, at: place.location, partner: partner, provider: provider)
      var request = BookingRequest()
      (request.country, request.party, request.id) = (provider.name.country, provider.name.party, id)
      (request.location, request.place, request.period) = (place.location, place.key.ref, period)
      request.tokens = [
        TokenReference(
          party: provider.name, uid: offered.token.uid, kind: offered.token.kind, contractID: offered.token.contractID)
      ]
      request.authorizationReference = reference
      if let evse {
        request.option = BookingOption()
        request.option?.evse = evse
      }
      return .book(request, isChange: false)
    case .changeBooking(let id, let period):
      var request = try lastRequest(of: id)
      guard period.start < period.end, period.end > now else {
        throw .invalid(field: "to", "a time in the future, after the beginning")
      }
      request.period = period
      return .book(request, isChange: true)
    case .cancelBooking(let id, let reason):
      var request = try lastRequest(of: id)
      request.canceled = Cancellation(reason, by: .emsp)
      return .book(request, isChange: true)
    case .start, .stop, .reserve, .cancel, .unlock, .setProfile, .clearProfile, .activeProfile: return nil
    }
  }

  private func roamingPlace(_ id: ID<RoamingBookingLocation>) throws(Refusal) -> KeptRoamingBookingLocation {
    let place = try keep { () throws(StoreFault) in try self.books.roamingBookings.place(id) }
    guard let place, place.goneAt == nil else { throw .notFound("no such booking location") }
    return place
  }

  /// All edits of a booking have the id of its first request, and say all of it (BookingRequest).
  private func lastRequest(of id: ID<RoamingBooking>) throws(Refusal) -> BookingRequest {
    guard let booking = try keep({ () throws(StoreFault) in try self.books.roamingBookings.booking(id) }) else {
      throw .notFound("no such booking")
    }
    let told = booking.body["booking_requests"]?.array?.last?["booking_request"]
    guard let told, var request = try? BookingRequest.read(told).value, request.id == booking.requestID else {
      throw .conflict("the partner does not repeat what was asked")
    }
    request.canceled = nil
    return request
  }

  /// What a booking says of the command that asked for it.
  func decide(_ command: RoamingCommandRecord, by booking: RoamingBooking) throws(StoreFault) {
    let answer: JSON = ["answer": .string(booking.status), "result": .string(booking.verdict)]
    let phase: CommandRecord.Phase =
      switch booking.verdict {
      case "PENDING": .accepted
      case "ACCEPTED", "RESERVED", "FULFILLED": .done
      case "CANCELED": command.verb == .cancelBooking ? .done : .refused
      default: .refused
      }
    let wait = Limits.longestRoamingCommandSeconds + Limits.roamingGraceSeconds
    try move(command.id, of: command.partner, phase, answer, dueAt: phase == .accepted ? now + .seconds(wait) : nil)
  }
}
