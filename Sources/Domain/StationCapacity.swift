import Wire

/// How much a station can hold of lists and profiles, as its own settings say; nil where it says nothing. The house asks
/// for it before it sends anything that has to fit.
public struct StationCapacity: Payload, Equatable {
  /// Entries of the local list, in all and in one message.
  public var listEntries: Int?
  public var listEntriesPerMessage: Int?
  public var isListEnabled: Bool?
  /// The units that its charging schedules may have.
  public var takesAmperes: Bool?
  public var takesWatts: Bool?
  /// Whether a limit must be told it in watts.
  public var takesWattsOnly: Bool { takesAmperes == false && takesWatts == true }
  public var highestStackLevel: Int?
  public var schedulePeriods: Int?
  public var profiles: Int?
  /// Whether an EVSE can be left open in a reservation.
  public var reservesAnyEVSE: Bool?
  /// Profiles up to this number are the station's own (OCPP 2.1 K01.FR.80).
  public var ownProfiles: Int?

  public init() {}

  /// A number of something as a station writes it; nil where it is none.
  public static func count(_ text: String) -> Int? {
    Int(text).flatMap { (0...Limits.stationCount).contains($0) ? $0 : nil }
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("list_entries", &listEntries)
    try w.visit("list_entries_per_message", &listEntriesPerMessage)
    try w.visit("list_enabled", &isListEnabled)
    try w.visit("takes_amperes", &takesAmperes)
    try w.visit("takes_watts", &takesWatts)
    try w.visit("highest_stack_level", &highestStackLevel)
    try w.visit("schedule_periods", &schedulePeriods)
    try w.visit("profiles", &profiles)
    try w.visit("reserves_any_evse", &reservesAnyEVSE)
    try w.visit("own_profiles", &ownProfiles)
  }
}

/// How a station is asked what it can hold.
public enum CapacityQuestion: Sendable, Equatable {
  /// In as few calls as it takes.
  case all
  /// Each thing by itself: it did not answer, or with an error, when it was asked for several.
  case each
  /// A piece of it.
  case of([SettingName])
}
