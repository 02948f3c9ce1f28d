import Domain
import Wire

// The verbs about what stations tell of themselves: settings, reports, monitors, displays, customers.
extension StationCommand {
  /// A verb with its fields; nil for one that is not among these.
  init?(deviceVerb verb: String, _ fields: inout Fields) throws(Problem) {
    if let command = try SettingsCommand(verb, &fields) {
      self = .settings(command)
    } else if let command = try MonitoringCommand(verb, &fields) {
      self = .monitoring(command)
    } else if let command = try DisplayCommand(verb, &fields) {
      self = .display(command)
    } else if verb == "customer-information" {
      self = .customer(try CustomerCommand(&fields))
    } else if let command = try GridCommand(verb, &fields) {
      self = .grid(command)
    } else if let command = try TariffCommand(verb, &fields) {
      self = .tariff(command)
    } else if verb == "swap-battery" {
      self = .swap(SwapCommand(token: try fields.text("token")))
    } else {
      return nil
    }
  }
}

extension SettingsCommand {
  fileprivate init?(_ verb: String, _ fields: inout Fields) throws(Problem) {
    switch verb {
    // One setting is a command of its own, as a password that is set so is watched until the station has it.
    case "set-configuration" where fields.has("settings"):
      var settings: [Setting] = []
      try fields.each("settings") { item throws(Problem) in
        let name = try item.settingName("key")
        if name.isSecret { throw .invalid("settings", "\(name) is a secret: set it by itself") }
        settings.append(
          Setting(name, attribute: try item.maybeWord("attribute") ?? .actual, value: try item.text("value")))
      }
      guard !settings.isEmpty else { throw .invalid("settings", "at least one is expected") }
      let places = settings.map { "\($0.name.description.ciFolded) \($0.attribute.rawValue)" }
      guard Set(places).count == places.count else { throw .invalid("settings", "each once") }
      self = .set(settings)
    case "report":
      let names = try fields.settingNames("keys")
      let states: [ComponentState] = try fields.words("states")
      if names.isEmpty, states.isEmpty {
        self = .report(id: 0, try fields.maybeWord("inventory") ?? .full)
      } else {
        self = .reportOf(id: 0, names, states: states)
      }
    case "network-profile":
      let number = try fields.whole("security_profile")
      guard let security = SecurityProfile(rawValue: number) else { throw .invalid("security_profile", "0 to 3") }
      var profile = NetworkProfile(url: try fields.text("url"), securityProfile: security)
      profile.interface = try fields.maybeWord("interface") ?? .any
      profile.messageTimeoutSeconds = try fields.maybeWhole("message_timeout") ?? 30
      profile.identity = try fields.maybeText("identity")
      profile.password = try fields.maybeText("password")
      try fields.change(within: "apn") { apn throws(Problem) in
        profile.apn = NetworkProfile.AccessPoint(
          name: try apn.text("name"), user: try apn.maybeText("user"), password: try apn.maybeText("password"),
          simPIN: try apn.maybeWhole("sim_pin"))
      }
      let slot = try fields.whole("slot")
      var use: NetworkOrder?
      try fields.change(within: "use") { fields throws(Problem) in use = try NetworkOrder(&fields) }
      if let use, !use.slots.contains(slot) { throw .invalid("use.slots", "without the slot itself") }
      self = .network(slot: slot, profile, use: use)
    default: return nil
    }
  }
}

extension NetworkOrder {
  init(_ fields: inout Fields) throws(Problem) {
    let slots = try fields.wholes("slots")
    let known = 0...Domain.Limits.networkSlots
    guard !slots.isEmpty, Set(slots).count == slots.count, slots.allSatisfy(known.contains) else {
      throw .invalid(fields.path(of: "slots"), "slots, each once, are expected in the order to try")
    }
    self.init(slots: slots, restarts: try fields.maybeFlag("restart") ?? false)
  }
}

extension MonitoringCommand {
  fileprivate init?(_ verb: String, _ fields: inout Fields) throws(Problem) {
    switch verb {
    case "monitoring-base": self = .base(try fields.word("base"))
    case "monitoring-level":
      let severity = try fields.whole("severity")
      guard (0...9).contains(severity) else { throw .invalid("severity", "0 to 9") }
      self = .level(severity)
    case "monitor":
      var wishes: [Wish] = []
      try fields.each("monitors") { item throws(Problem) in
        let severity = try item.whole("severity")
        guard (0...9).contains(severity) else { throw .invalid("monitors", "a severity is 0 to 9") }
        let value = try item.decimal("value")
        wishes.append(
          Wish(
            try item.settingName("key"), kind: try item.word("kind"), value: value, severity: severity,
            isForSessions: try item.maybeFlag("for_sessions") ?? false, replaces: try item.maybeWhole("replaces"),
            streamSeconds: try item.maybeWhole("stream_seconds")))
      }
      guard !wishes.isEmpty else { throw .invalid("monitors", "at least one is expected") }
      self = .set(wishes)
    case "clear-monitors":
      let numbers = try fields.wholes("monitors")
      guard !numbers.isEmpty else { throw .invalid("monitors", "at least one is expected") }
      self = .clear(numbers)
    case "monitoring-report":
      self = .report(id: 0, try fields.settingNames("keys"), kinds: try fields.words("kinds"))
    case "streams": self = .streams
    case "adjust-stream":
      self = .adjustStream(
        try fields.whole("stream"), seconds: try fields.maybeWhole("seconds"), values: try fields.maybeWhole("values"))
    default: return nil
    }
  }
}

extension DisplayCommand {
  /// A message without a number is the house's to number.
  fileprivate init?(_ verb: String, _ fields: inout Fields) throws(Problem) {
    switch verb {
    case "show-message":
      var message = DisplayMessage(number: try fields.maybeWhole("message") ?? 0, text: try Self.text(&fields))
      message.priority = try fields.maybeWord("priority") ?? .inTurn
      message.moment = try fields.maybeWord("moment")
      message.from = try fields.maybeTime("from")
      message.to = try fields.maybeTime("to")
      message.transaction = try fields.maybeText("transaction")
      if fields.has("display") { message.display = try fields.settingName("display") }
      var translations: [DisplayMessage.Text] = []
      try fields.each("translations") { item throws(Problem) in translations.append(try Self.text(&item)) }
      message.translations = translations
      self = .show(message)
    case "clear-message": self = .clear(try fields.whole("message"))
    case "list-messages":
      self = .report(
        id: 0, try fields.wholes("messages"), priority: try fields.maybeWord("priority"),
        moment: try fields.maybeWord("moment"))
    default: return nil
    }
  }

  private static func text(_ fields: inout Fields) throws(Problem) -> DisplayMessage.Text {
    DisplayMessage.Text(
      try fields.text("text"), format: try fields.maybeWord("format") ?? .utf8,
      language: try fields.maybeText("language"))
  }
}

extension TariffCommand {
  /// Those that need no tariff of ours.
  fileprivate init?(_ verb: String, _ fields: inout Fields) throws(Problem) {
    switch verb {
    case "list-station-tariffs": self = .list(evse: try fields.maybeWhole("evse") ?? 0)
    case "clear-station-tariffs":
      self = .clear(try fields.maybeTexts("tariffs") ?? [], evse: try fields.maybeWhole("evse"))
    case "show-cost":
      let cost = try fields.decimal("cost")
      self = .showCost(cost, transaction: try fields.text("transaction"))
    case "web-payment":
      let (evse, seconds) = try (fields.whole("evse"), fields.maybeWhole("seconds") ?? 120)
      guard (1...3_600).contains(seconds) else { throw .invalid("seconds", "1 to 3600 seconds") }
      self = .webPayment(evse: evse, seconds: seconds)
    default: return nil
    }
  }
}

extension GridCommand {
  fileprivate init?(_ verb: String, _ fields: inout Fields) throws(Problem) {
    switch verb {
    case "grid-control":
      guard let settings = try fields.maybeObject("settings") else {
        throw .invalid("settings", "the curve or the values of the control are expected")
      }
      self = .set(
        GridControl(
          id: try fields.text("control"), kind: try fields.text("kind"),
          isDefault: try fields.maybeFlag("default") ?? false, settings: settings))
    case "clear-grid-control":
      let (id, kind) = try (fields.maybeText("control"), fields.maybeText("kind"))
      self = .clear(id: id, kind: kind, isDefault: try fields.maybeFlag("default") ?? false)
    case "grid-signal": self = .signal(try fields.whole("signal"), at: try fields.maybeTime("at") ?? .now())
    case "list-grid-controls":
      self = .report(
        id: 0, control: try fields.maybeText("control"), kind: try fields.maybeText("kind"),
        isDefault: try fields.maybeFlag("default"))
    default: return nil
    }
  }
}

extension CustomerCommand {
  fileprivate init(_ fields: inout Fields) throws(Problem) {
    let (token, identifier) = try (fields.maybeText("token"), fields.maybeText("identifier"))
    let person: Person
    if let token {
      person = .token(uid: token, kind: try fields.maybeText("token_type"))
    } else if let identifier {
      person = .identifier(identifier)
    } else if let hashes = try fields.maybeObject("certificate") {
      person = .certificate(hashes)
    } else {
      throw .invalid("token", "give a token, an identifier or a certificate")
    }
    self.init(
      id: 0, person: person, isTold: try fields.maybeFlag("report") ?? true,
      isForgotten: try fields.maybeFlag("clear") ?? false)
    guard isTold || isForgotten else { throw .invalid("report", "report, clear, or both") }
  }
}

nonisolated extension Fields {
  mutating func settingName(_ field: String) throws(Problem) -> SettingName {
    let text = try text(field)
    guard (1...Limits.settingName).contains(text.utf8.count) else {
      throw .invalid(field, "1 to \(Limits.settingName) characters")
    }
    return SettingName(reading: text)
  }

  mutating func settingNames(_ field: String) throws(Problem) -> [SettingName] {
    (try maybeTexts(field) ?? []).map { SettingName(reading: $0) }
  }

  mutating func words<W: Word>(_ field: String) throws(Problem) -> [W] {
    try (maybeTexts(field) ?? []).map { text throws(Problem) in
      guard let word = W(rawValue: text) else {
        throw .invalid(field, "some of \(W.allCases.map(\.rawValue).joined(separator: ", ")) are expected")
      }
      return word
    }
  }
}
