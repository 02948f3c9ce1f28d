import Domain
import HTTP
import OCPI
import Wire

// What a provider of drivers books at the house (OCPI 2.3.0 bookings): a place for a time, another time, or not at all.

extension VirtualPartner {
  /// Books a place of the house for a driver: for the period that is given, else for as long as the shortest step of the
  /// place's calendar, in the first time that is free.
  /// - Parameter done: the booking as the house answers it; what becomes of it is told as events.
  public func book(
    _ place: String, token: V221.Token?, period: BookingPeriod? = nil,
    done: @escaping (Result<PublishedBooking, PartnerFailure>) -> Void
  ) {
    look(at: place) { [self] result in
      switch result {
      case .failure(let failure): done(.failure(failure))
      case .success(let offer):
        guard let period = period ?? offer.firstPeriod else {
          return done(.failure(PartnerFailure(step: Self.step, reason: "nothing is free at \(place)")))
        }
        var request = BookingRequest()
        (request.country, request.party) = (profile.party.country, profile.party.party)
        request.id = desk.newID(at: clock.now())
        (request.location, request.place, request.period) = (offer.location, offer.id, period)
        request.authorizationReference = desk.newID(at: clock.now())
        if let token {
          request.tokens = [
            TokenReference(party: profile.party, uid: token.uid, kind: .rfid, contractID: token.contractID)
          ]
        }
        ask(request, done)
      }
    }
  }

  /// Asks for another time of a booking, under the id of its first request.
  public func change(
    _ booking: PublishedBooking, to period: BookingPeriod,
    done: @escaping (Result<PublishedBooking, PartnerFailure>) -> Void
  ) {
    again(booking, done) { $0.period = period }
  }

  /// Gives a booking up.
  public func cancel(
    _ booking: PublishedBooking, because reason: Cancellation.Reason = .notTold,
    done: @escaping (Result<PublishedBooking, PartnerFailure>) -> Void
  ) {
    again(booking, done) { $0.canceled = Cancellation(reason, by: .emsp) }
  }

  private static var step: String { OCPIModule.Name.bookings.rawValue }

  private func again(
    _ booking: PublishedBooking, _ done: @escaping (Result<PublishedBooking, PartnerFailure>) -> Void,
    _ edit: (inout BookingRequest) -> Void
  ) {
    guard var request = booking.requests.last?.request else {
      return done(.failure(PartnerFailure(step: Self.step, reason: "the house does not repeat what was asked")))
    }
    request.canceled = nil
    edit(&request)
    ask(request, done)
  }

  private func ask(
    _ request: BookingRequest, _ done: @escaping (Result<PublishedBooking, PartnerFailure>) -> Void
  ) {
    send(.post, [], request.encoded(edition: Edition(230), options: PartnerDesk.style)) { [self] result in
      let read: Result<PublishedBooking, PartnerFailure> = Self.object(result)
      if case .success(let booking) = read {
        let party = PartyID(country: booking.country, party: booking.party)
        desk.books.bookings[PartnerBooks.Key(party, booking.id)] = booking
      }
      done(read)
    }
  }

  private func look(
    at place: String, _ done: @escaping (Result<PublishedBookingLocation, PartnerFailure>) -> Void
  ) {
    send(.get, ["booking_locations", place], []) { done(Self.object($0)) }
  }

  private func send(
    _ method: HTTP.Method, _ place: [String], _ body: Bytes,
    _ done: @escaping (Result<PartnerAnswer, PartnerFailure>) -> Void
  ) {
    guard let house, var url = house.endpoint(.bookings, .sender).flatMap({ try? HTTPURL($0) }) else {
      return done(.failure(PartnerFailure(step: Self.step, reason: "the house takes no bookings")))
    }
    for part in place { url = url.appending(part) }
    ask(method, url.description, token: house.token, body: body, isRouted: true, step: Self.step, done: done)
  }

  private static func object<Object: Payload>(
    _ answer: Result<PartnerAnswer, PartnerFailure>
  ) -> Result<Object, PartnerFailure> {
    answer.flatMap { answer in
      guard let json = answer.object, let read = try? Object.read(json, edition: Edition(230)).value else {
        return .failure(PartnerFailure(step: step, reason: "its answer cannot be read"))
      }
      return .success(read)
    }
  }
}

extension PublishedBookingLocation {
  /// The shortest that can be booked, in the first time that is free.
  fileprivate var firstPeriod: BookingPeriod? {
    guard let calendar = calendars?.first, let slot = calendar.slots.first else { return nil }
    let minutes = max(calendar.increment ?? 15, terms?.shortest ?? 0)
    return BookingPeriod(slot.period.start, min(slot.period.start + .seconds(minutes * 60), slot.period.end))
  }
}
