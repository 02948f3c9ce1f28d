import Wire

/// The wish that a station begins a session for somebody. Each version of the protocol takes of it what it has words for.
public struct RemoteStart: Sendable, Equatable {
  public var evse: Int?
  /// What a station can hold that takes short texts only: the token's uid or a one-use alias.
  public var tag: String
  /// The token itself, for stations that take longer ones.
  public var token: PresentedToken?
  public var groupID: String?
  /// Our number for it, by which a 2.x station's session is bound to it: remoteStartId (OCPP 2.0.1 F01.FR.25).
  public var number: Int64
  /// How the session shall charge from its first second (OCPP 1.6 §5.11, OCPP 2.0.1 K05), and what the station knows that
  /// profile by. Some stations refuse a start for it.
  public var profile: Profile?

  public struct Profile: Sendable, Equatable {
    public var number: Int64
    public var profile: ChargingProfile

    public init(number: Int64, profile: ChargingProfile) { (self.number, self.profile) = (number, profile) }
  }

  public init(
    evse: Int?, tag: String, token: PresentedToken? = nil, groupID: String? = nil, number: Int64,
    profile: Profile? = nil
  ) {
    (self.evse, self.tag, self.token, self.groupID, self.number) = (evse, tag, token, groupID, number)
    self.profile = profile
  }

  /// The same without the profile: for a station that takes none with a start.
  public var plain: RemoteStart {
    var start = self
    start.profile = nil
    return start
  }

  /// The tag as the books may keep it: a PIN is a secret (OCPP 2.0.1 C04.FR.04).
  var shownTag: String { token?.means == .keyCode ? "(hidden)" : tag }
}

/// By what a station knows one of its sessions: a number that we gave (1.6), or a text of its own (2.x).
public enum TransactionName: Sendable, Equatable {
  case number(Int64)
  case text(String)

  public var text: String {
    switch self {
    case .number(let number): "\(number)"
    case .text(let text): text
    }
  }

  var json: JSON {
    switch self {
    case .number(let number): .number(JSONNumber(number))
    case .text(let text): .string(text)
    }
  }
}
