import Wire

/// One value of a station: a setting, or what it measures of itself.
public struct DeviceValue: Sendable, Equatable {
  /// Which of the values of a variable it is: the one that is, the one that is aimed at, or the bounds for it.
  public enum Attribute: String, Word, Comparable {
    case actual, target, least = "min_set", most = "max_set"

    public static func < (left: Attribute, right: Attribute) -> Bool { left.rawValue < right.rawValue }
  }
  public enum Access: String, Word { case readOnly = "read_only", writeOnly = "write_only", readWrite = "read_write" }
  public enum Kind: String, Word {
    case text, decimal, whole = "integer", time, flag = "boolean", option, sequence, members
  }

  public var name: SettingName
  public var attribute = Attribute.actual
  /// Nil where it can only be written, or was not told.
  public var value: String?
  public var access = Access.readWrite
  public var kind: Kind?
  public var unit: String?
  /// Of a number; of a text or list `most` is its length.
  public var least: Decimal?
  public var most: Decimal?
  /// What an option, sequence or list of members may hold.
  public var choices: String?
  public var canBeMonitored: Bool?

  /// Whether its value must not be shown: by its name, or because its station lets nobody read it.
  public var isSecret: Bool { name.isSecret || access == .writeOnly }

  public init(_ name: SettingName, attribute: Attribute = .actual, value: String?, access: Access = .readWrite) {
    (self.name, self.attribute, self.value, self.access) = (name, attribute, value, access)
  }
}

/// A part of something that a station tells in several messages, because it was asked to.
public struct ReportPart: Sendable, Equatable {
  /// The number of the wish that it answers.
  public var request: Int64
  /// Counts the parts from 0 on; nil where the protocol does not count them.
  public var number: Int?
  public var isLast: Bool

  public init(request: Int64, number: Int?, isLast: Bool) {
    (self.request, self.number, self.isLast) = (request, number, isLast)
  }
}

/// What a station tells of its device model.
@MainActor
public protocol DeviceReports {
  func report(_ values: [DeviceValue], in part: ReportPart) throws(TurnFault)
}

/// What is asked of a station about its settings.
public enum SettingsCommand: Sendable, Equatable {
  case set([Setting])
  /// The whole device model, or one of the two shorter forms of it; `id` comes back with each part.
  case report(id: Int64, Inventory)
  /// Some components or variables, or components in some state.
  case reportOf(id: Int64, [SettingName], states: [ComponentState])
  /// - Parameter use: how it comes to use it; nil: it only keeps it.
  case network(slot: Int, NetworkProfile, use: NetworkOrder? = nil)

  public struct Setting: Sendable, Equatable {
    public var name: SettingName
    public var attribute: DeviceValue.Attribute
    public var value: String

    public init(_ name: SettingName, attribute: DeviceValue.Attribute = .actual, value: String) {
      (self.name, self.attribute, self.value) = (name, attribute, value)
    }
  }

  public enum Inventory: String, Word { case full, configuration, summary }
  public enum ComponentState: String, Word { case active, available, enabled, problem }

  public var verb: String {
    switch self {
    case .set: "set-configuration"
    case .report, .reportOf: "report"
    case .network: "network-profile"
    }
  }

  /// Without secrets.
  public var detail: JSON {
    switch self {
    case .set(let settings):
      [
        "settings": .array(
          settings.map { setting in
            var json: JSON = [
              "key": .string(setting.name.description),
              "value": .string(setting.name.isSecret ? "(hidden)" : setting.value),
            ]
            if setting.attribute != .actual { json["attribute"] = .string(setting.attribute.rawValue) }
            return json
          })
      ]
    case .report(let id, let inventory): ["request": .number(JSONNumber(id)), "inventory": .string(inventory.rawValue)]
    case .reportOf(let id, let names, let states):
      [
        "request": .number(JSONNumber(id)), "keys": .array(names.map { .string($0.description) }),
        "states": .array(states.map { .string($0.rawValue) }),
      ]
    case .network(let slot, let profile, let use):
      ["slot": .number(JSONNumber(slot)), "url": .string(profile.url), "use": use?.json ?? .null]
    }
  }
}

/// In which order a station tries its slots, and whether it is restarted so that it does (OCPP 2.0.1 B10).
public struct NetworkOrder: Sendable, Equatable {
  public var slots: [Int]
  public var restarts: Bool

  public init(slots: [Int], restarts: Bool = false) { (self.slots, self.restarts) = (slots, restarts) }

  /// As the books keep it with the command; nil for what is no such order.
  public init?(_ json: JSON) {
    guard let slots = json["slots"]?.array?.compactMap(\.int), !slots.isEmpty else { return nil }
    self.init(slots: slots.map { Int($0) }, restarts: json["restart"]?.bool ?? false)
  }

  var json: JSON { ["slots": .array(slots.map { .number(JSONNumber($0)) }), "restart": .bool(restarts)] }
}

/// A way to connect that a station keeps in one of its slots (OCPP 2.0.1 B09).
public struct NetworkProfile: Sendable, Equatable {
  public enum Interface: String, Word {
    case wired0, wired1, wired2, wired3, wireless0, wireless1, wireless2, wireless3, any
  }

  /// Without the identity of the station.
  public var url: String
  public var securityProfile: SecurityProfile
  public var interface: Interface
  public var messageTimeoutSeconds: Int
  /// With which identity and password it connects there, where they are not those that it has.
  public var identity: String?
  public var password: String?
  public var apn: AccessPoint?

  /// Of a mobile network.
  public struct AccessPoint: Sendable, Equatable {
    public var name: String
    public var user: String?
    public var password: String?
    public var simPIN: Int?

    public init(name: String, user: String? = nil, password: String? = nil, simPIN: Int? = nil) {
      (self.name, self.user, self.password, self.simPIN) = (name, user, password, simPIN)
    }
  }

  public init(
    url: String, securityProfile: SecurityProfile, interface: Interface = .any, messageTimeoutSeconds: Int = 30,
    identity: String? = nil, password: String? = nil, apn: AccessPoint? = nil
  ) {
    self.url = url
    self.securityProfile = securityProfile
    self.interface = interface
    self.messageTimeoutSeconds = messageTimeoutSeconds
    self.identity = identity
    self.password = password
    self.apn = apn
  }
}
