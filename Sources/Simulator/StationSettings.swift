import OCPP
import Wire

/// The configuration keys of a station (OCPP 1.6 §9.1) with what they hold. Those that would change nothing here are
/// read-only, as on stations that do not support them.
struct StationSettings: Sendable, Equatable {
  enum Rule: Sendable, Equatable {
    case fixed
    case flag
    case whole(ClosedRange<Int>)
    case measurands
  }

  struct Key: Sendable {
    let name: String
    let rule: Rule
    let first: String

    init(_ name: String, _ rule: Rule, _ first: String) { (self.name, self.rule, self.first) = (name, rule, first) }
  }

  static let keys: [Key] = [
    Key("AllowOfflineTxForUnknownId", .flag, "false"),
    Key("AuthorizationCacheEnabled", .flag, "true"),
    Key("AuthorizeRemoteTxRequests", .flag, "false"),
    Key("ChargeProfileMaxStackLevel", .fixed, "9"),
    Key("ChargingScheduleAllowedChargingRateUnit", .fixed, "Current,Power"),
    Key("ChargingScheduleMaxPeriods", .fixed, "24"),
    Key("ClockAlignedDataInterval", .fixed, "0"),
    Key("ConnectionTimeOut", .whole(1...86_400), "60"),
    Key("ConnectorPhaseRotation", .fixed, "NotApplicable"),
    Key("GetConfigurationMaxKeys", .fixed, String(Limits.askedKeys)),
    Key("HeartbeatInterval", .whole(1...Limits.bootSeconds), "300"),
    Key("LocalAuthorizeOffline", .flag, "true"),
    Key("LocalPreAuthorize", .flag, "false"),
    Key("MaxChargingProfilesInstalled", .fixed, String(Limits.keptDuties)),
    Key("MeterValuesAlignedData", .fixed, ""),
    Key("MeterValuesSampledData", .measurands, ""),
    Key("MeterValueSampleInterval", .whole(0...86_400), "60"),
    Key("NumberOfConnectors", .fixed, "1"),
    Key("ResetRetries", .fixed, "0"),
    Key("StopTransactionOnEVSideDisconnect", .fixed, "true"),
    Key("StopTransactionOnInvalidId", .flag, "true"),
    Key("StopTxnAlignedData", .fixed, ""),
    Key("StopTxnSampledData", .fixed, ""),
    Key("SupportedFeatureProfiles", .fixed, "Core,FirmwareManagement,RemoteTrigger,SmartCharging"),
    Key("TransactionMessageAttempts", .whole(1...100), "3"),
    Key("TransactionMessageRetryInterval", .whole(0...86_400), "60"),
    Key("UnlockConnectorOnEVSideDisconnect", .fixed, "true"),
    Key("WebSocketPingInterval", .whole(0...3_600), "0"),
  ]

  private static let byName = Dictionary(keys.map { ($0.name.ciFolded, $0) }) { first, _ in first }

  /// Only what differs from `first`: a fleet of thousands shares the rest.
  private var changed: [String: String] = [:]
  private(set) var sampled: [V16.SampledValue.Measurand]

  init(_ profile: StationProfile) {
    sampled = [.energyImport, .powerImport, .currentImport] + (profile.kind.isDC ? [.stateOfCharge] : [])
    set("MeterValuesSampledData", sampled.map(\.rawValue).joined(separator: ","))
    set("MeterValueSampleInterval", String(max(profile.meterSeconds, 0)))
    set("NumberOfConnectors", String(profile.connectors))
  }

  private mutating func set(_ name: String, _ value: String) { changed[name] = value }

  static func key(_ name: String) -> Key? { byName[name.ciFolded] }

  func value(_ key: Key) -> String { changed[key.name] ?? key.first }

  private func value(_ name: String) -> String { Self.key(name).map(value) ?? "" }

  func whole(_ name: String) -> Int { Int(value(name)) ?? 0 }

  func isOn(_ name: String) -> Bool { value(name) == "true" }

  /// The house names the interval in its answer to the boot.
  mutating func heartbeat(every seconds: Int) { set("HeartbeatInterval", String(seconds)) }

  /// OCPP 1.6 §5.3.
  mutating func change(_ name: String, to text: String) -> V16.ChangeConfiguration.Reply.Status {
    guard let key = Self.key(name) else { return .notSupported }
    switch key.rule {
    case .fixed:
      return .rejected
    case .flag:
      guard ["true", "false"].contains(text.ciFolded) else { return .rejected }
      set(key.name, text.ciFolded)
    case .whole(let range):
      guard let number = Int(text), range.contains(number) else { return .rejected }
      set(key.name, String(number))
    case .measurands:
      var wanted: [V16.SampledValue.Measurand] = []
      for word in text.split(separator: ",") {
        guard let measurand = V16.SampledValue.Measurand(rawValue: String(word)), Self.measured.contains(measurand)
        else {
          return .rejected
        }
        wanted.append(measurand)
      }
      sampled = wanted
      set(key.name, text)
    }
    return .accepted
  }

  private static let measured: [V16.SampledValue.Measurand] = [
    .energyImport, .powerImport, .powerOffered, .currentImport, .voltage, .stateOfCharge,
  ]
}
