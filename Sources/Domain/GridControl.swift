import Wire

/// How a station that gives energy back behaves as a generator on the grid: one control of a grid code (OCPP 2.1 R).
public struct GridControl: Sendable, Equatable {
  /// Ours, or the station's for those that it was made with.
  public var id: String
  /// As grid codes call it: `VoltWatt`, `FreqDroop`, `EnterService`…
  public var kind: String
  /// It holds always; else at its time.
  public var isDefault: Bool
  /// Another one of a higher priority holds in its place.
  public var isSuperseded: Bool
  /// Its curve or values, under the names of OCPP.
  public var settings: JSON

  /// Ten years: what is to hold longer is as good as for ever.
  private static let longestSeconds: Int64 = 315_360_000

  /// When its time is over and its station drops it (OCPP 2.1 R04.FR.10); nil for one that holds until it is cleared.
  public var endsAt: Timestamp? {
    guard !isDefault, let start = settings["startTime"]?.string.flatMap({ Timestamp($0) }),
      let seconds = settings["duration"]?.decimal?.rounded(toPlaces: 0, .up).asInt64(scaledBy: 0),
      (0...Self.longestSeconds).contains(seconds)
    else { return nil }
    return start + .seconds(seconds)
  }

  public init(id: String, kind: String, isDefault: Bool, isSuperseded: Bool = false, settings: JSON) {
    self.id = id
    self.kind = kind
    self.isDefault = isDefault
    self.isSuperseded = isSuperseded
    self.settings = settings
  }
}

@MainActor
public protocol GridControlReports {
  func report(_ controls: [GridControl], in part: ReportPart) throws(TurnFault)
  /// A control that waited for its time began or ended, in the place of others.
  func control(_ id: String, isRunning: Bool, inPlaceOf others: [String], at: Timestamp) throws(TurnFault)
}

/// What is asked of a station about its grid controls.
public enum GridCommand: Sendable, Equatable {
  case set(GridControl)
  /// One, or all of a kind.
  case clear(id: String?, kind: String?, isDefault: Bool)
  /// Comes as a report; `id` comes back with each part.
  case report(id: Int64, control: String?, kind: String?, isDefault: Bool?)
  /// The grid's own signal of this moment, which sessions under central frequency control follow by their curve (OCPP 2.1
  /// Q07, AFRRSignal).
  case signal(Int, at: Timestamp)

  public var verb: String {
    switch self {
    case .set: "grid-control"
    case .clear: "clear-grid-control"
    case .report: "list-grid-controls"
    case .signal: "grid-signal"
    }
  }

  public var detail: JSON {
    switch self {
    case .set(let control):
      [
        "control": .string(control.id), "kind": .string(control.kind), "default": .bool(control.isDefault),
        "settings": control.settings,
      ]
    case .clear(let id, let kind, let isDefault):
      ["control": .maybe(id), "kind": .maybe(kind), "default": .bool(isDefault)]
    case .report(let id, let control, let kind, let isDefault):
      [
        "request": .number(JSONNumber(id)), "control": .maybe(control), "kind": .maybe(kind),
        "default": isDefault.map { .bool($0) } ?? .null,
      ]
    case .signal(let signal, let time): ["signal": .number(JSONNumber(signal)), "at": .string(time.text)]
    }
  }
}
