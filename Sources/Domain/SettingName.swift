import Wire

/// Where in a station a setting or a value stands, as operators write it. `OCPPCommCtrlr.HeartbeatInterval` is a variable
/// of a component, `DeviceDataCtrlr.ItemsPerMessage[SetVariables]` one of its instances, `Connector#1/2.Available` a
/// variable of connector 2 of EVSE 1; a bare word is a setting of a station that has no components. Letter case does not
/// count, and a backslash takes the meaning from a sign.
public struct SettingName: Sendable, CustomStringConvertible {
  /// Nil for a bare word.
  public var component: String?
  public var componentInstance: String?
  public var evse: Int?
  public var connector: Int?
  public var variable: String
  public var instance: String?

  public init(
    component: String?, componentInstance: String? = nil, evse: Int? = nil, connector: Int? = nil, variable: String,
    instance: String? = nil
  ) {
    self.component = component
    self.componentInstance = componentInstance
    self.evse = evse
    self.connector = connector
    self.variable = variable
    self.instance = instance
  }

  /// Nil for what is no name.
  public init?(_ text: String) {
    var scanner = Scanner(text)
    guard let first = scanner.word() else { return nil }
    if scanner.isAtEnd {
      self.init(component: nil, variable: first)
      return
    }
    var name = SettingName(component: first, variable: "")
    if scanner.take("[") {
      guard let inner = scanner.word(), scanner.take("]") else { return nil }
      name.componentInstance = inner
    }
    if scanner.take("#") {
      guard let evse = scanner.number() else { return nil }
      name.evse = evse
      if scanner.take("/") {
        guard let connector = scanner.number() else { return nil }
        name.connector = connector
      }
    }
    if scanner.take(".") {
      guard let variable = scanner.word() else { return nil }
      name.variable = variable
      if scanner.take("[") {
        guard let inner = scanner.word(), scanner.take("]") else { return nil }
        name.instance = inner
      }
    } else {
      // `ItemsPerMessage[SetVariables]` without a component is a bare word with an instance.
      guard name.evse == nil else { return nil }
      (name.variable, name.component) = (first, nil)
      (name.instance, name.componentInstance) = (name.componentInstance, nil)
    }
    guard scanner.isAtEnd else { return nil }
    self = name
  }

  /// What is no such name is a bare word.
  public init(reading text: String) { self = SettingName(text) ?? SettingName(component: nil, variable: text) }

  /// A bare word as a station without components writes it.
  public var plain: String { component == nil && instance == nil ? variable : description }

  public var description: String {
    var text = ""
    if let component {
      text += escaped(component)
      if let componentInstance { text += "[\(escaped(componentInstance))]" }
      if let evse { text += "#\(evse)" }
      if let connector { text += "/\(connector)" }
      text += "."
    }
    text += escaped(variable)
    if let instance { text += "[\(escaped(instance))]" }
    return text
  }

  /// Whether its value must not be shown, at whichever component and of whichever vendor.
  public var isSecret: Bool { Self.isSecret(variable) }

  /// Whether a word names a secret by its end, as `WifiPassword` does and `PasswordLength` does not.
  static func isSecret(_ word: String) -> Bool {
    let word = word.ciFolded
    return secretEnds.contains { word.hasSuffix($0) }
  }

  /// `OCPP/Secrets.swift` looks for each of them in frames.
  static let secretEnds = [
    "password", "passwd", "pwd", "passphrase", "secret", "psk", "simpin", "pincode", "authorizationkey", "apikey",
    "privatekey", "sharedkey", "accesskey", "encryptionkey",
  ]

  /// The password with which the station comes in (OCPP 2.0.1 A01.FR.03). That of another component is another one's.
  public var isStationKey: Bool {
    ["authorizationkey", "basicauthpassword"].contains(variable.ciFolded)
      && [nil, "securityctrlr"].contains(component?.ciFolded)
  }

  /// The password with which the station comes in once it uses one of its network profiles (OCPP 2.1 B09).
  public var isSlotKey: Bool {
    variable.ciFolded == "basicauthpassword" && component?.ciFolded == "networkconfiguration"
  }

  private func escaped(_ word: String) -> String {
    var text = ""
    for scalar in word.unicodeScalars {
      if Scanner.signs.contains(scalar) { text += "\\" }
      text.unicodeScalars.append(scalar)
    }
    return text
  }

  private struct Scanner {
    static let signs: Set<Unicode.Scalar> = ["[", "]", "#", "/", ".", ":", "\\"]
    private var rest: Substring.UnicodeScalarView

    init(_ text: String) { rest = Substring(text).unicodeScalars }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ sign: Unicode.Scalar) -> Bool {
      guard rest.first == sign else { return false }
      rest.removeFirst()
      return true
    }

    /// Up to the next sign; nil where there is nothing.
    mutating func word() -> String? {
      var word = String.UnicodeScalarView()
      while let scalar = rest.first {
        if scalar == "\\" {
          rest.removeFirst()
          guard let next = rest.first else { return nil }
          word.append(next)
        } else if Self.signs.contains(scalar) {
          break
        } else {
          word.append(scalar)
        }
        rest.removeFirst()
      }
      return word.isEmpty ? nil : String(word)
    }

    mutating func number() -> Int? {
      let digits = rest.prefix { $0.value >= 0x30 && $0.value <= 0x39 }
      rest.removeFirst(digits.count)
      return Int(String(digits))
    }
  }
}

extension SettingName: Hashable {
  public static func == (left: SettingName, right: SettingName) -> Bool { left.folded == right.folded }
  public func hash(into hasher: inout Hasher) { hasher.combine(folded) }

  /// What is the same for two spellings of one name.
  public var folded: String { description.ciFolded }
}
