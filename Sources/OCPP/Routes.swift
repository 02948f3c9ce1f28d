// From a payload on a tape to a fact of the house: what each incoming message means.

import Domain
import Wire

/// What one incoming message means to the house. It is declared beside its message; a dialect only gathers routes.
public struct Route: Sendable {
  let message: any Message.Type
  /// Reads the payload, on the loop.
  let prepare: @Sendable (JSONTape.Element, Edition, Timestamp) throws(Flaw) -> Prepared

  /// A message that the house decides, inside a turn.
  public init<M: Message>(
    _ message: M.Type,
    decide: @escaping @MainActor @Sendable (Call<M>, any StationService) throws(TurnFault) -> Eventually<M.Reply>
  ) {
    self.message = message
    prepare = { (payload, edition, received) throws(Flaw) in
      let read = try M.read(payload, edition: edition)
      return Self.prepared(Call(read.value, payload: payload, received: received), read.oddities, decide)
    }
  }

  /// A transaction message: stations repeat it for ever until it is answered positively, so one that cannot be read is
  /// parked, changes nothing, and gets the reply `parked`. Where only one part is beyond reading,
  /// `salvage` gives the message without that part. Fields in `forgiven` that are absent stand for a value that says so:
  /// the message is as good as any, and flagged.
  public init<M: Message>(
    _ message: M.Type, parked: M.Reply, forgiven: [String: JSON] = [:],
    salvage: @escaping @Sendable (JSON, Flaw) -> JSON? = { _, _ in nil },
    decide: @escaping @MainActor @Sendable (Call<M>, any StationService) throws(TurnFault) -> Eventually<M.Reply>
  ) {
    self.message = message
    prepare = { (payload, edition, received) in
      let flaw: Flaw
      do throws(Flaw) {
        let read = try M.read(payload, edition: edition)
        return Self.prepared(Call(read.value, payload: payload, received: received), read.oddities, decide)
      } catch {
        flaw = error
      }
      if let mended = Self.mended(payload.json, forgiven),
        let read = try? M.read(mended.payload, edition: edition)
      {
        return Self.prepared(
          Call(read.value, payload: payload, received: received), mended.oddities + read.oddities, decide)
      }
      let why = CallFault.malformed(flaw).description
      if let rest = salvage(payload.json, flaw), let read = try? M.read(rest, edition: edition) {
        let whole = Self.prepared(Call(read.value, payload: payload, received: received), read.oddities, decide)
        return Prepared(
          .turn { (station) throws(TurnFault) in
            try station.park(action: M.action, payload: payload.json, why: why)
            return try whole.decide(station)
          }, oddities: read.oddities)
      }
      return Prepared(
        .turn { (station) throws(TurnFault) in
          try station.park(action: M.action, payload: payload.json, why: why)
          return .now(parked)
        }, oddities: [])
    }
  }

  /// The payload with what is absent and forgiven; nil where nothing of it is.
  private static func mended(_ payload: JSON, _ forgiven: [String: JSON]) -> (payload: JSON, oddities: [Oddity])? {
    var mended = payload
    var oddities: [Oddity] = []
    for (name, value) in forgiven.sorted(by: { $0.key < $1.key }) where (payload[name] ?? .null).isNull {
      mended[name] = value
      oddities.append(Oddity(path: name, kind: .absent, raw: ""))
    }
    return oddities.isEmpty ? nil : (mended, oddities)
  }

  /// A message that needs nothing of the house: answered on the loop, also while the disk is slow.
  public static func onLoop<M: Message>(
    _ message: M.Type, reply: @escaping @Sendable (M, Timestamp) -> M.Reply
  ) -> Route {
    Route(message: message) { (payload, edition, received) throws(Flaw) in
      let read = try M.read(payload, edition: edition)
      return Prepared(.reply(reply(read.value, received)), oddities: read.oddities)
    }
  }

  private init(
    message: any Message.Type,
    prepare: @escaping @Sendable (JSONTape.Element, Edition, Timestamp) throws(Flaw) -> Prepared
  ) {
    (self.message, self.prepare) = (message, prepare)
  }

  private static func prepared<M: Message>(
    _ call: Call<M>, _ oddities: [Oddity],
    _ decide: @escaping @MainActor @Sendable (Call<M>, any StationService) throws(TurnFault) -> Eventually<M.Reply>
  ) -> Prepared {
    Prepared(
      .turn { (station) throws(TurnFault) in
        switch try decide(call, station) {
        case .now(let reply): .now(reply)
        case .later(let ticket): .later(ticket.map { $0 })
        }
      }, oddities: oddities)
  }
}

/// A call that was read and waits to be answered.
public struct Prepared: Sendable {
  public enum Work: Sendable {
    /// The reply is known without the house.
    case reply(any Payload)
    /// To be done inside a turn.
    case turn(@MainActor @Sendable (any StationService) throws(TurnFault) -> Eventually<any Payload>)
  }

  public let work: Work
  public let oddities: [Oddity]

  init(_ work: Work, oddities: [Oddity]) { (self.work, self.oddities) = (work, oddities) }

  @MainActor
  public func decide(_ station: any StationService) throws(TurnFault) -> Eventually<any Payload> {
    switch work {
    case .reply(let reply): .now(reply)
    case .turn(let decide): try decide(station)
    }
  }
}

/// The routes of one dialect by their actions.
public struct Routes: Sendable {
  private let routes: [String: Route]

  /// - Precondition: no action has two routes.
  public init(_ profiles: [[Route]]) {
    routes = Dictionary(profiles.joined().map { ($0.message.action, $0) }) { first, _ in
      preconditionFailure("two routes for \(first.message.action)")
    }
  }

  public var actions: [String] { Array(routes.keys) }

  /// What stations send.
  public var messages: [any Message.Type] { routes.values.map(\.message) }

  /// Reads a call. Throws what the station is told in a CALLERROR.
  public func read(
    _ action: String, _ payload: JSONTape.Element, edition: Edition, received: Timestamp
  ) throws(CallFault) -> Prepared {
    guard let route = routes[action], route.message.since <= edition else {
      throw .unknownAction(String(action.unicodeScalars.prefix(64)))
    }
    do {
      return try route.prepare(payload, edition, received)
    } catch {
      throw .malformed(error)
    }
  }
}
