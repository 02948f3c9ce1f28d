import Wire

// A station's password must not be read back from the books or a log (OCPP 1.6 security whitepaper A.4, 2.0.1
// A01.FR.09), nor what it dials in with, nor a driver's PIN (C04.FR.04).

extension JSON {
  /// As the books keep a command or its answer.
  public var withoutSecrets: JSON { withoutSecrets(behind: "(hidden)") }

  /// With a mask in the place of each secret: of settings that are passwords, in whichever version's form and of any
  /// vendor, of variables that can only be written, of a network profile's, and of addresses.
  /// - Parameter hiding: settings that are secret whatever they are called.
  public func withoutSecrets(behind mask: String = "(hidden)", hiding names: Set<SettingName> = []) -> JSON {
    switch self {
    case .null, .bool, .number: return self
    case .string(let text): return .string(text.withoutSecrets(behind: mask))
    case .array(let items): return .array(items.map { $0.withoutSecrets(behind: mask, hiding: names) })
    case .object(let object):
      let isSecret =
        object.members.contains(where: \.namesSecret)
        || !names.isEmpty && settingName.map { names.contains($0) } == true
      let isPIN = self["type"]?.string?.ciFolded == "keycode"
      let isVPN = object["server"] != nil && object["password"] != nil
      let isWriteOnly = self["mutability"]?.string?.ciFolded == "writeonly"
      return .object(
        JSONObject(
          object.members.map { member in
            let name = member.key.ciFolded
            let isHidden =
              isSecret && ["value", "attributevalue", "actualvalue"].contains(name)
              || SettingName.isSecret(name) && member.value.isPlain
              || isVPN && name == "key"
              || isPIN && name == "idtoken"
              || isWriteOnly && name == "value"
            if isHidden { return JSONObject.Member(member.key, .string(mask)) }
            if isSecret, name == "variableattribute" { return JSONObject.Member(member.key, member.value.masked(mask)) }
            return JSONObject.Member(member.key, member.value.withoutSecrets(behind: mask, hiding: names))
          }))
    }
  }

  /// The setting of which it tells, in whichever version's form or the books'.
  private var settingName: SettingName? {
    if let key = self["key"]?.string { return SettingName(reading: key) }
    guard let variable = self["variable"], let name = variable["name"]?.string else { return nil }
    let component = self["component"], evse = component?["evse"]
    return SettingName(
      component: component?["name"]?.string, componentInstance: component?["instance"]?.string,
      evse: evse?["id"]?.int.map { Int($0) }, connector: evse?["connectorId"]?.int.map { Int($0) }, variable: name,
      instance: variable["instance"]?.string)
  }

  /// A text or a number.
  private var isPlain: Bool {
    switch self {
    case .string, .number: true
    case .null, .bool, .array, .object: false
    }
  }

  /// The values of all attributes of a secret variable.
  private func masked(_ mask: String) -> JSON {
    .array(
      (array ?? []).map { attribute in
        guard attribute["value"] != nil else { return attribute }
        var attribute = attribute
        attribute["value"] = .string(mask)
        return attribute
      })
  }
}

// A call that somebody wrote by hand can change a station's password too.
extension JSON {
  /// The Basic password that a call gives to its station, in whichever version's form; nil for any other payload.
  public var newStationKey: String? {
    if let key = self["key"]?.string, SettingName(reading: key).isStationKey { return self["value"]?.string }
    return self["setVariableData"]?.array?.first { data in
      data.isOfStationKey && ["actual", nil].contains(data["attributeType"]?.string?.ciFolded)
    }?["attributeValue"]?.string
  }

  /// Whether a station took the password, by an answer that tells of several variables; nil for any other answer.
  public var takesStationKey: Bool? {
    self["setVariableResult"]?.array?.first(where: \.isOfStationKey)?["attributeStatus"]?.string.map {
      ["accepted", "rebootrequired"].contains($0.ciFolded)
    }
  }

  /// The Basic password that a call gives to a network profile of its station; nil for any other payload.
  public var newSlotKey: String? {
    if let key = self["connectionData"]?["basicAuthPassword"]?.string { return key }
    return self["setVariableData"]?.array?.first { $0.toldSetting?.isSlotKey == true }?["attributeValue"]?.string
  }

  private var isOfStationKey: Bool { toldSetting?.isStationKey ?? false }

  private var toldSetting: SettingName? {
    self["variable"]?["name"]?.string.map { SettingName(component: self["component"]?["name"]?.string, variable: $0) }
  }
}

extension JSONObject.Member {
  /// Whether it names a secret that stands beside it: by its key, or as a variable.
  fileprivate var namesSecret: Bool {
    switch key.ciFolded {
    case "key": value.string.map { SettingName(reading: $0).isSecret } ?? false
    case "variable": value["name"]?.string.map { SettingName(component: nil, variable: $0).isSecret } ?? false
    default: false
    }
  }
}

extension String {
  /// Of an address what stands before its host without the password; of JSON in a text, as vendors send it, what JSON is.
  fileprivate func withoutSecrets(behind mask: String) -> String {
    if let first = utf8.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      guard let json = try? JSON.parse(Bytes(utf8: self)) else { return self }
      let shown = json.withoutSecrets(behind: mask)
      return shown == json ? self : shown.text
    }
    guard let scheme = firstRange(of: "://") else { return self }
    let authority = self[scheme.upperBound...].prefix { !["/", "?", "#"].contains($0) }
    guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else { return self }
    return self[...colon] + mask + self[at...]
  }
}
