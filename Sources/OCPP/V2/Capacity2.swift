// OCPP 2.x: what a station can hold, by the names of its variables (Part 2, appendix of components and variables).

import Domain
import Wire

extension V2 {
  static func capacityNames(_ edition: Edition) -> [SettingName] {
    let names = [
      "LocalAuthListCtrlr.Enabled", "LocalAuthListCtrlr.ItemsPerMessage", "SmartChargingCtrlr.ProfileStackLevel",
      "SmartChargingCtrlr.RateUnit", "SmartChargingCtrlr.PeriodsPerSchedule", "ReservationCtrlr.NonEvseSpecific",
    ]
    return (edition < .v21 ? names : names + ["SmartChargingCtrlr.MaxExternalConstraintsId"]).map {
      SettingName(reading: $0)
    }
  }

  static func capacity(_ question: CapacityQuestion, _ edition: Edition) throws(Unspeakable) -> CommandRequest {
    let names =
      switch question {
      case .all, .each: capacityNames(edition)
      case .of(let some): some
      }
    var call = GetVariables()
    call.getVariableData = names.map { GetVariableData(spelledOut: $0) }
    return try CommandRequest(call, edition, tellsRefusals: true) { StationCapacity($0).json }
  }
}

extension StationCapacity {
  /// What a station does not have, or does not say, says nothing.
  init(_ reply: V2.GetVariables.Reply) {
    self.init()
    let values = Dictionary(
      reply.getVariableResult.compactMap { result in
        result.attributeStatus.refusal == nil
          ? result.attributeValue.map { ("\(result.component.name).\(result.variable.name)".ciFolded, $0) } : nil
      }
    ) { first, _ in first }
    func value(_ name: String) -> String? { values[name.ciFolded] }

    isListEnabled = value("LocalAuthListCtrlr.Enabled").flatMap { Bool($0.ciFolded) }
    listEntriesPerMessage = value("LocalAuthListCtrlr.ItemsPerMessage").flatMap(Self.count)
    highestStackLevel = value("SmartChargingCtrlr.ProfileStackLevel").flatMap(Self.count)
    schedulePeriods = value("SmartChargingCtrlr.PeriodsPerSchedule").flatMap(Self.count)
    reservesAnyEVSE = value("ReservationCtrlr.NonEvseSpecific").flatMap { Bool($0.ciFolded) }
    ownProfiles = value("SmartChargingCtrlr.MaxExternalConstraintsId").flatMap(Self.count)
    if let units = value("SmartChargingCtrlr.RateUnit")?.split(separator: ",").map({
      $0.filter { $0 != " " }.uppercased()
    }) {
      (takesAmperes, takesWatts) = (units.contains("A"), units.contains("W"))
    }
  }
}
