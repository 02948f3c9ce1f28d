// What a station says before its connection is a WebSocket: who it is, its password, and which version it speaks.

import Domain
import HTTP
import Net
import Wire

/// The HTTP Basic credentials of a station, as bytes: keys are not always text.
public enum Credentials: Equatable, Sendable {
  case none
  case password(Bytes)
  /// A header that cannot be read, or a user name that is not the identity (OCPP-J 1.6 §6.2.2).
  case wrong

  public init(_ headers: Headers, for identity: StationIdentity) {
    let fields = headers.all("authorization")
    guard let field = fields.first else {
      self = .none
      return
    }
    // Bytes and not characters: thousands of stations may return at once.
    let space = UInt8(ascii: " ")
    let parts = field.utf8.split(separator: space, maxSplits: 1, omittingEmptySubsequences: true)
    guard fields.count == 1, parts.count == 2, String(decoding: parts[0], as: UTF8.self).ciFolded == "basic",
      let plain = Bytes(base64: String(decoding: parts[1].filter { $0 != space }, as: UTF8.self)),
      let colon = plain.firstIndex(of: UInt8(ascii: ":")),
      plain[..<colon].elementsEqual(identity.text.utf8)
    else {
      self = .wrong
      return
    }
    self = .password(Bytes(plain[(colon + 1)...]))
  }
}

extension StationIdentity {
  /// The last segment of the path that is not empty, decoded, under any prefix.
  public init?(_ target: Target) {
    guard let last = target.segments.last else { return nil }
    self.init(last)
  }
}

/// The version that a link will speak.
public enum VersionChoice: Sendable {
  /// `answer` is what the 101 says about it; nil where the station offered nothing and its version is assumed.
  case speak(any Dialect, answer: String?)
  /// 101 without the header, then close 1002 (OCPP-J 1.6 §3.2); the reason is for the operator.
  case nothingInCommon(String)

  /// The station's first offer that we speak, in its own spelling; or what the operator lets us assume.
  ///
  /// - Parameter accepted: the versions that the operator lets this station speak; nil or none: all.
  public init(offered: [String], assumed: String?, accepted: [String]? = nil, dialects all: [any Dialect]) {
    let accepted = (accepted ?? []).map(\.ciFolded)
    let dialects = all.filter {
      accepted.isEmpty || accepted.contains($0.version) || accepted.contains($0.subprotocol.ciFolded)
    }
    for offer in offered {
      if let dialect = dialects.first(where: { $0.subprotocol.ciFolded == offer.ciFolded }) {
        self = .speak(dialect, answer: offer)
        return
      }
    }
    let spoken = dialects.map(\.subprotocol).joined(separator: ", ")
    guard offered.isEmpty else {
      self = .nothingInCommon(
        "it offers \(offered.joined(separator: ", ")), and we speak \(spoken.isEmpty ? "none that it may" : spoken)")
      return
    }
    if let assumed = assumed?.ciFolded,
      let dialect = dialects.first(where: { $0.version == assumed || $0.subprotocol.ciFolded == assumed })
    {
      self = .speak(dialect, answer: nil)
    } else {
      self = .nothingInCommon("it sends no Sec-WebSocket-Protocol header; set its assumed version to let it in")
    }
  }
}

extension ClientCertificate {
  /// The one of a TLS handshake.
  public init(_ certificate: TLSCertificate) {
    self.init(
      commonName: certificate.commonName, organization: certificate.organization, serial: certificate.serial,
      // A time that cannot be read is long past.
      expiresAt: certificate.notAfter < 0 ? .epoch : Timestamp(seconds: certificate.notAfter))
  }
}

extension Admission {
  /// The answer for a station that stays outside; nil for one that comes in.
  var refusal: Response? {
    switch self {
    case .welcome:
      return nil
    case .unauthorized:
      return .unauthorizedStation
    case .unknown:
      return .text("This station is not known here.\n", status: .notFound)
    case .insecure(let why):
      return .text("\(why)\n", status: .forbidden)
    case .crowded:
      return .comeBack("Too many unknown stations wait already.\n", seconds: 60)
    case .tooOften(let seconds):
      return .comeBack("That was too often.\n", seconds: seconds, status: .tooManyRequests)
    }
  }
}

extension Response {
  static var unauthorizedStation: Response {
    let why = "A user name equal to the identity and the station's password are needed.\n"
    var response = Response.text(why, status: .unauthorized)
    response.headers["WWW-Authenticate"] = "Basic realm=\"OCPP\""
    return response
  }

  static func comeBack(_ text: String, seconds: Int, status: Status = .unavailable) -> Response {
    var response = Response.text(text, status: status)
    response.headers["Retry-After"] = String(seconds)
    return response
  }
}
