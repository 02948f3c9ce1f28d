// OCPP 1.6: what a station can hold, by the names of its configuration keys (§9).

import Domain
import Wire

extension V16 {
  static let capacityNames = [
    "LocalAuthListEnabled", "LocalAuthListMaxLength", "SendLocalListMaxLength", "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit", "ChargingScheduleMaxPeriods", "MaxChargingProfilesInstalled",
    "ReserveConnectorZeroSupported",
  ].map { SettingName(component: nil, variable: $0) }

  static func capacity(_ question: CapacityQuestion) throws(Unspeakable) -> CommandRequest {
    var call = GetConfiguration()
    let names =
      switch question {
      case .all, .each: capacityNames
      case .of(let some): some
      }
    call.key = names.map(\.variable)
    return try CommandRequest(call, .v16) { StationCapacity($0).json }
  }
}

extension StationCapacity {
  /// Values are texts, and a station may leave out or mistype any of them; what cannot be read says nothing.
  init(_ reply: V16.GetConfiguration.Reply) {
    self.init()
    let values = Dictionary(
      (reply.configurationKey ?? []).compactMap { pair in pair.value.map { (pair.key.ciFolded, $0) } }
    ) { first, _ in first }
    func whole(_ key: String) -> Int? { values[key.ciFolded].flatMap(Self.count) }
    func flag(_ key: String) -> Bool? { values[key.ciFolded].flatMap { Bool($0.ciFolded) } }

    isListEnabled = flag("LocalAuthListEnabled")
    listEntries = whole("LocalAuthListMaxLength")
    listEntriesPerMessage = whole("SendLocalListMaxLength")
    highestStackLevel = whole("ChargeProfileMaxStackLevel")
    schedulePeriods = whole("ChargingScheduleMaxPeriods")
    profiles = whole("MaxChargingProfilesInstalled")
    reservesAnyEVSE = flag("ReserveConnectorZeroSupported")
    if let units = values["ChargingScheduleAllowedChargingRateUnit".ciFolded]?.ciFolded {
      takesAmperes = units.contains("current") || units == "a"
      takesWatts = units.contains("power") || units == "w"
    }
  }
}
