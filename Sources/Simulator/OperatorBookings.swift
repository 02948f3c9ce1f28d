import Domain
import HTTP
import OCPI
import Wire

/// What an operator of stations lets drivers book (OCPI 2.3.0 bookings): its EVSEs for the next days, in steps of a quarter of
/// an hour. What is asked is decided at once.
struct OperatorBookings: Sendable {
  let party: PartyID
  /// The uids of its EVSEs; one is known by its place here.
  let evses: [String]
  private let place: BookingLocation
  /// By whoever asked, and the id of the request.
  private var bookings: [String: Booking] = [:]
  private var movedAt: Timestamp

  static let place = "SIM-BL1"
  private static let edition = Edition(230)

  init(party: PartyID, evses: [String], at now: Timestamp) {
    (self.party, self.evses, movedAt) = (party, evses, now)
    var terms = BookingTerms()
    (terms.takesRemoteStart, terms.allowsEarlyStart, terms.earlyStart, terms.noShow) = (true, true, 10, 15)
    place = BookingLocation(ref: Self.place, location: ID(1), terms: terms, at: now)
  }

  // MARK: Requests of the house

  /// Below the address of the module; nil where there is nothing.
  mutating func answer(
    _ method: HTTP.Method, _ path: [String], _ body: Bytes, at now: Timestamp
  ) -> (PartnerDesk.Reply, [OperatorDesk.Errand])? {
    switch (method, path.first, path.count) {
    case (.post, nil, 0):
      guard let json = try? JSON.parse(body), let request = try? BookingRequest.read(json, edition: Self.edition).value
      else { return (.init(Envelope(.invalid, "The body is no request for a booking.")), []) }
      guard request.place.ciFolded == Self.place.ciFolded, request.location == OperatorDesk.location else {
        return (.init(Envelope(.unknownLocation, "Nothing can be booked there.")), [])
      }
      guard let (booking, isNew) = take(request, at: now) else {
        return (.init(Envelope(.serverError, "No more of these can be kept."), status: .internalError), [])
      }
      let reply = PartnerDesk.Reply(Envelope(data: written(booking).bytes), status: isNew ? .created : .ok)
      return (reply, [.tellBookingLocation])
    case (.get, Endpoints.bookingLocationWords[0], 2...3):
      let offer = offer(at: now)
      guard path[1].ciFolded == Self.place.ciFolded, path.count == 2 || path[2].ciFolded == Self.place.ciFolded else {
        return (.init(Envelope(.unknownLocation, "There is no such place."), status: .notFound), [])
      }
      return (.init(Envelope(data: (path.count == 2 ? offer : offer["calendars"]?[0] ?? .null).bytes)), [])
    default: return nil
    }
  }

  private mutating func take(_ request: BookingRequest, at now: Timestamp) -> (Booking, isNew: Bool)? {
    let key = "\(request.asker)/\(request.id)".ciFolded
    let held = bookings[key]
    guard held != nil || bookings.count < Limits.heldObjects else { return nil }
    var booking =
      held
      ?? Booking(
        id: "SIM-B\(bookings.count + 1)", of: request, at: place, partner: ID(1), owner: nil, at: now)
    guard !booking.isRepeat(request) else { return (booking, false) }
    if held != nil, let why = booking.refusal(of: request, at: now) {
      booking.decline(request, because: why, now: now)
    } else if let cancellation = request.canceled {
      _ = booking.cancel(cancellation, by: request, now: now)
    } else if let evse = free(for: request, besides: booking.id, at: now) {
      booking.accept(request, at: evse, now: now)
    } else {
      booking.decline(request, because: "it is taken at that time", now: now)
    }
    (bookings[key], movedAt) = (booking, now)
    return (booking, held == nil)
  }

  private func free(for request: BookingRequest, besides id: String, at now: Timestamp) -> ID<EVSE>? {
    let calendar = calendar(at: now)
    guard calendar.flaw(of: request.period) == nil else { return nil }
    let wish = request.option?.evse.flatMap { $0 == BookingOption.unassigned ? nil : $0.ciFolded }
    let held = calendar.held(by: request.period)
    let place = evses.indices.first { index in
      (wish == nil || wish == evses[index].ciFolded)
        && !holds(at: ID(Int64(index)), besides: id).contains { $0.overlaps(held) }
    }
    return place.map { ID(Int64($0)) }
  }

  private func calendar(at now: Timestamp) -> BookingCalendar {
    BookingCalendar(place.rules, place.terms, hours: nil, zone: .utc, at: now)
  }

  private func holds(at evse: ID<EVSE>, besides id: String? = nil) -> [BookingPeriod] {
    bookings.values.filter { $0.evse == evse && $0.status.holds && $0.id != id }.map(\.held)
  }

  // MARK: What becomes of them

  /// A session begins: the booking of its driver is fulfilled, wherever that driver charges here.
  mutating func fulfil(by session: OperatorDesk.HeldSession) -> JSON? {
    let uid = session.token["uid"]?.string ?? ""
    let (now, evse) = (session.startedAt, evses.firstIndex(of: session.evse) ?? 0)
    return change { booking in
      let isMeant =
        booking.isFor(tag: uid, at: now) || session.reference == booking.details.authorizationReference
      return isMeant && booking.fulfil(by: session.id, at: ID(Int64(evse)), now: now)
    }
  }

  /// The operator takes one back.
  mutating func takeBack(_ id: String, because reason: Cancellation.Reason, at now: Timestamp) -> JSON? {
    change { $0.id == id && $0.cancel(Cancellation(reason, by: .cpo), now: now) }
  }

  /// The first that changes.
  private mutating func change(_ edit: (inout Booking) -> Bool) -> JSON? {
    for key in bookings.keys.sorted() {
      guard var booking = bookings[key], edit(&booking) else { continue }
      (bookings[key], movedAt) = (booking, booking.updatedAt)
      return written(booking)
    }
    return nil
  }

  // MARK: As OCPI 2.3.0 writes it

  var all: [JSON] { bookings.values.sorted { ($0.updatedAt, $0.id) < ($1.updatedAt, $1.id) }.map(written) }

  /// The place with what is free.
  func offer(at now: Timestamp) -> JSON {
    var shown = PublishedBookingLocation()
    (shown.country, shown.party, shown.id, shown.location) = (
      party.country, party.party, Self.place, OperatorDesk.location
    )
    (shown.terms, shown.updatedAt) = (place.terms, movedAt)
    var option = BookingOption()
    (option.formats, option.standards, option.powerTypes) = ([.socket], [.type2], [.ac3])
    shown.option = option
    let times = calendar(at: now)
    let windows = times.windows(of: evses.indices.map { holds(at: ID(Int64($0))) })
    guard !windows.isEmpty else { return tree(shown) }
    var calendar = PublishedCalendar()
    (calendar.id, calendar.span, calendar.increment) = (Self.place, times.span, place.rules.slot)
    (calendar.slots, calendar.updatedAt) = (windows.map { Timeslot($0, maxPower: 22_080) }, movedAt)
    shown.calendars = [calendar]
    return tree(shown)
  }

  private func written(_ booking: Booking) -> JSON {
    let evse = booking.evse.flatMap { evses.indices.contains(Int($0.value)) ? evses[Int($0.value)] : nil }
    return tree(PublishedBooking(booking, of: party, location: OperatorDesk.location, evse: evse))
  }

  private func tree(_ object: some Payload) -> JSON {
    (try? JSON.parse(object.encoded(edition: Self.edition, options: PartnerDesk.style))) ?? .null
  }
}
