import OCPP
import Wire

/// What a station does otherwise than the standard says, as real ones were seen to do it: by name, for whoever wants to know
/// how a house bears it.
public enum StationHabit: String, Sendable, CaseIterable {
  /// Times have no zone.
  case noTimeZone = "no-time-zone"
  /// MeterValues of 1.6 name a transaction without a value, which is no JSON.
  case brokenJSON = "broken-json"
  /// Statuses have a word that the standard does not know.
  case unknownWords = "unknown-words"
  /// It goes on as if nothing had been when the connection returns.
  case noBoot = "no-boot"
  /// A remote stop is accepted, and the car charges on.
  case ignoresStop = "ignores-stop"
  /// A remote start that brings a charging profile is refused.
  case refusesStartProfile = "refuses-start-profile"
  /// Charging profiles are taken, and cars charge on as they like.
  case ignoresLimits = "ignores-limits"
  /// Charging profiles are refused.
  case refusesLimits = "refuses-limits"
  /// Answers have an id of their own.
  case foreignIDs = "foreign-ids"
}

extension StationProfile {
  /// Takes a bad habit.
  public mutating func take(_ habit: StationHabit) {
    badHabits.insert(habit)
    if habit == .noBoot { bootsOnReconnect = false }
  }
}

extension StationModel {
  func has(_ habit: StationHabit) -> Bool { profile.badHabits.contains(habit) }

  /// The frame as this station writes it.
  func spoilt(_ frame: Bytes) -> Bytes {
    guard !profile.badHabits.isEmpty else { return frame }
    var text = String(decoding: frame, as: UTF8.self)
    if has(.noTimeZone) { text = text.withoutZones }
    if has(.unknownWords) { text = text.replacing("\"errorCode\":\"NoError\"", with: "\"errorCode\":\"Error\"") }
    if has(.brokenJSON), text.contains("\"MeterValues\"") { text = text.withoutTransactionID }
    if has(.foreignIDs), text.hasPrefix("[3,\"") {
      text = text.replacing("[3,\"", with: "[3,\"own-", maxReplacements: 1)
    }
    return Bytes(utf8: text)
  }
}

extension String {
  /// `…T12:00:00Z` becomes `…T12:00:00`.
  fileprivate var withoutZones: String {
    var left: [UInt8] = []
    let bytes = Array(utf8)
    for (place, byte) in bytes.enumerated() {
      let isZone =
        byte == UInt8(ascii: "Z") && place > 3 && place + 1 < bytes.count && bytes[place + 1] == UInt8(ascii: "\"")
        && bytes[place - 3] == UInt8(ascii: ":")
      if !isZone { left.append(byte) }
    }
    return String(decoding: left, as: UTF8.self)
  }

  /// `"transactionId":17` becomes `"transactionId":`.
  fileprivate var withoutTransactionID: String {
    let name = "\"transactionId\":"
    guard let found = firstRange(of: name) else { return self }
    let rest = self[found.upperBound...].drop { $0 == "-" || $0.isNumber }
    return String(self[..<found.upperBound]) + rest
  }
}
