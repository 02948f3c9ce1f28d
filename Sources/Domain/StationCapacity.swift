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
  public var highestStackLevel: Int?
  public var schedulePeriods: Int?
  public var profiles: Int?
  /// Whether an EVSE can be left open in a reservation.
  public var reservesAnyEVSE: Bool?

  public init() {}

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
  }
}
