// One message of a station as far as it can be read without its link: a large one is read beside the loop.

import Domain
import Wire

/// A message that came in, read: its envelope and, where it is a call, its payload, which waits to be decided.
struct Arrival: Sendable {
  enum Content: Sendable {
    case call(MessageID, action: String, Result<Prepared, CallFault>)
    case result(MessageID, JSON)
    case error(MessageID, code: String, description: String, details: JSON)
    case resultError(MessageID, code: String, description: String)
    /// Nobody waits for an answer.
    case send(MessageID, action: String, Result<Prepared, CallFault>)
    case garbage(Garbage)
  }

  let content: Content
  /// It was broken in a way that we know, and read all the same.
  let isMended: Bool
  /// The payload of a call, where a follower hears it too.
  let payload: JSON?
  /// It had times without a zone, which the station's own clock explains.
  let hasLocalTimes: Bool
  /// As the message log keeps it.
  let logged: Bytes
  /// Its beginning, for people.
  let excerpt: String
  /// Tells whether another message with the same id says the same.
  let fingerprint: UInt32

  /// - Parameter zone: the clock by which the station writes times without a zone.
  init(_ bytes: Bytes, dialect: any Dialect, at now: Timestamp, zone: ZoneRules = .utc, isMirrored: Bool = false) {
    var isMended = false
    var payload: JSON?
    // UTC is what they are read as anyway.
    let zoned = zone == .utc ? nil : withZones(bytes, zone)
    hasLocalTimes = zoned != nil
    do throws(Garbage) {
      let frame = try Self.frame(zoned ?? bytes, &isMended)
      if isMirrored, case .call(_, _, let element) = frame { payload = element.json }
      content = Self.content(frame, dialect, now)
    } catch {
      content = .garbage(error)
    }
    self.isMended = isMended
    self.payload = payload
    logged = loggable(bytes)
    if case .call = content { fingerprint = RecentCalls.fingerprint(bytes) } else { fingerprint = 0 }
    if case .garbage = content { excerpt = Self.excerpt(bytes) } else { excerpt = isMended ? Self.excerpt(bytes) : "" }
  }

  /// The frame, mended where it is broken in a way that we know.
  private static func frame(_ bytes: Bytes, _ isMended: inout Bool) throws(Garbage) -> Frame {
    do throws(Garbage) {
      return try Frame.read(bytes)
    } catch {
      guard error.kind == .notJSON, bytes.count <= OCPPLimits.mendedBytes, let whole = mended(bytes),
        let frame = try? Frame.read(whole)
      else { throw error }
      isMended = true
      return frame
    }
  }

  private static func content(_ frame: Frame, _ dialect: any Dialect, _ now: Timestamp) -> Content {
    switch frame {
    case .call(let id, let action, let payload):
      return .call(id, action: action, read(action, payload, dialect, now))
    case .send(let id, let action, let payload):
      return dialect.edition < .v21 ? tooNew(dialect) : .send(id, action: action, read(action, payload, dialect, now))
    case .resultError(let id, let code, let description):
      return dialect.edition < .v21 ? tooNew(dialect) : .resultError(id, code: code, description: description)
    case .result(let id, let payload): return .result(id, payload.json)
    case .error(let id, let code, let description, let details):
      return .error(id, code: code, description: description, details: details)
    }
  }

  private static func tooNew(_ dialect: any Dialect) -> Content {
    .garbage(Garbage(.unknownType, "OCPP \(dialect.version) has no such message type", prefix: nil))
  }

  private static func read(
    _ action: String, _ payload: JSONTape.Element, _ dialect: any Dialect, _ now: Timestamp
  ) -> Result<Prepared, CallFault> {
    do throws(CallFault) {
      return .success(try dialect.routes.read(action, payload, edition: dialect.edition, received: now))
    } catch {
      return .failure(error)
    }
  }

  static func excerpt(_ bytes: Bytes) -> String {
    let start = String(decoding: bytes.prefix(WireLimits.oddityCharacters * 4), as: UTF8.self)
    return String(start.unicodeScalars.prefix(WireLimits.oddityCharacters))
  }
}

extension Oddity {
  /// One of each kind and field: places in arrays are left out, so that the house counts fields and not their elements.
  static func folded(_ oddities: [Oddity]) -> [Oddity] {
    var folded: [Oddity] = []
    for var oddity in oddities {
      if oddity.path.utf8.contains(UInt8(ascii: "[")) {
        oddity.path = oddity.path.split(separator: "[").enumerated()
          .map { $0.offset == 0 ? String($0.element) : String($0.element.drop { $0 != "]" }.dropFirst()) }.joined()
      }
      if !folded.contains(where: { $0.path == oddity.path && $0.kind == oddity.kind }) { folded.append(oddity) }
    }
    return folded
  }
}
