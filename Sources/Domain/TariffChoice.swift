import Wire

// Which of a connector's tariffs a session has (OCPI 2.2.1 §11.3.1: type, start_date_time, end_date_time).

extension Tariff {
  /// The first that is valid at that time and made for this way of charging; else the first that is made for every way,
  /// else the regular one. Where all that are valid are made for other ways the first one holds, because a connector
  /// with prices is never free by accident.
  public static func choose(from all: [Tariff], for kind: Kind, at time: Timestamp) -> Tariff? {
    let valid = all.filter { $0.isValid(at: time) }
    return valid.first { $0.kind == kind } ?? valid.first { $0.kind == nil } ?? valid.first { $0.kind == .regular }
      ?? valid.first
  }

  public func isValid(at time: Timestamp) -> Bool {
    (validFrom.map { $0 <= time } ?? true) && (validUntil.map { time < $0 } ?? true)
  }
}

extension Tariff.Kind {
  /// The way of charging of somebody who begins with such a token.
  /// - Parameter preference: how the driver wants to be charged, where that was told (OCPI 2.2.1 §11.4.8).
  public init(_ kind: Token.Kind, preferring preference: ChargingPreferences.Kind? = nil) {
    switch preference {
    case .cheap: self = .profileCheap
    case .fast: self = .profileFast
    case .green: self = .profileGreen
    case .regular, nil: self = kind == .adHocUser ? .adHoc : .regular
    }
  }

  /// Whether it is for drivers who say how they want to be charged.
  public var isOfPreference: Bool {
    switch self {
    case .profileCheap, .profileFast, .profileGreen: true
    case .adHoc, .regular: false
    }
  }
}
