// OCPP 1.6 Core: the house's settings as configuration keys.

import Domain
import Wire

extension V16 {
  /// What a command about settings becomes.
  static func request(_ command: SettingsCommand) throws(Unspeakable) -> CommandRequest {
    switch command {
    case .set(let settings):
      guard settings.count == 1, let setting = settings.first else { throw Unspeakable("one setting a call") }
      guard setting.attribute == .actual else { throw Unspeakable("a setting of OCPP 1.6 has one value") }
      return try setConfiguration(key: setting.name.plain, value: setting.value)
    case .report, .reportOf: throw Unspeakable("a station of OCPP 1.6 has no device model to report")
    case .network: throw Unspeakable("a station of OCPP 1.6 keeps no network profiles")
    }
  }

  static func setConfiguration(key: String, value: String) throws(Unspeakable) -> CommandRequest {
    var call = ChangeConfiguration()
    call.key = key
    call.value = value
    return try CommandRequest(
      call, .v16, tellsRefusals: true,
      told: { reply in
        [
          "status": .string(reply.status.text),
          "settings": [
            ["key": .string(key), "accepted": .bool(reply.refusal == nil), "status": .string(reply.status.text)]
          ],
        ]
      })
  }

  /// All keys where none is named.
  static func getConfiguration(keys: [String]) throws(Unspeakable) -> CommandRequest {
    var call = GetConfiguration()
    call.key = keys.isEmpty ? nil : keys
    return try CommandRequest(call, .v16, tellsRefusals: true, told: \.told)
  }

  /// One key a call is set, and as many are asked for as the station answers at once.
  static func pieces(of command: StationCommand, limit: (SettingName) -> Int?) -> [StationCommand] {
    switch command {
    case .settings(.set(let settings)): return settings.map { .settings(.set([$0])) }
    case .getConfiguration(let keys):
      guard !keys.isEmpty else { return [command] }
      return batches(keys, limit).map { .getConfiguration(keys: $0) }
    case .capacity(.all): return batches(capacityNames, limit).map { .capacity(.of($0)) }
    case .capacity(.each): return capacityNames.map { .capacity(.of([$0])) }
    default: return [command]
    }
  }

  private static func batches<Item>(_ items: [Item], _ limit: (SettingName) -> Int?) -> [[Item]] {
    let most = max(1, limit(SettingName(component: nil, variable: "GetConfigurationMaxKeys")) ?? items.count)
    return stride(from: 0, to: items.count, by: most).map { Array(items[$0..<min($0 + most, items.count)]) }
  }
}

extension V16 {
  static func settings(told answer: JSON, to action: String, with payload: JSON) -> JSON? {
    switch action {
    case GetConfiguration.action: return (try? GetConfiguration.Reply.read(answer, edition: .v16).value)?.told
    case ChangeConfiguration.action:
      // One that takes effect with the next start of the station is read then.
      guard answer["status"]?.string?.ciFolded == "accepted", let key = payload["key"], let value = payload["value"]
      else { return nil }
      return ["settings": [["key": key, "value": value]]]
    default: return nil
    }
  }
}

extension V16.GetConfiguration.Reply {
  /// In the house's words; the value of a secret is not shown.
  fileprivate var told: JSON {
    [
      "settings": .array(
        (configurationKey ?? []).map { key in
          let isSecret = SettingName(component: nil, variable: key.key).isSecret
          return [
            "key": .string(key.key), "value": isSecret ? "(hidden)" : key.value.map { .string($0) } ?? .null,
            "read_only": .bool(key.readonly),
          ]
        }),
      "unknown": .array((unknownKey ?? []).map { ["key": .string($0)] }),
    ]
  }
}
