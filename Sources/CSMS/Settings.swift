import Domain
import Store
import Wire

// Stations' settings: what is asked and set, in as many calls as each station can take, what it told, and what the
// operator wants it to be.

extension CSMS {
  // MARK: In pieces

  /// The command in as many calls as its station takes, each report with the number that comes back with its parts.
  func pieces(
    of command: StationCommand, id: String, over link: LiveLinks.Link, to station: ID<Station>
  ) throws(StoreFault) -> [StationCommand] {
    let pieces =
      stationLink?.pieces(of: command, version: link.version) { name in
        // A limit that cannot be read just now is one that is not known.
        (try? self.books.device.value(name, of: station))?.value.value.flatMap { Int($0) }
      } ?? [command]
    return try pieces.map { piece throws(StoreFault) in try numbered(piece, id: id, of: station) }
  }

  private func numbered(
    _ command: StationCommand, id: String, of station: ID<Station>
  ) throws(StoreFault) -> StationCommand {
    func begin(_ kind: StationReport.Kind, isWhole: Bool = false) throws(StoreFault) -> Int64 {
      try books.reports.begin(kind, isWhole: isWhole, of: station, command: id, at: now)
    }
    switch command {
    case .settings(.report(_, let inventory)):
      return .settings(.report(id: try begin(.settings, isWhole: inventory == .full), inventory))
    case .settings(.reportOf(_, let names, let states)):
      return .settings(.reportOf(id: try begin(.settings), names, states: states))
    case .monitoring(.report(_, let names, let kinds)):
      let isWhole = names.isEmpty && kinds.isEmpty
      return .monitoring(.report(id: try begin(.monitors, isWhole: isWhole), names, kinds: kinds))
    case .display(.report(_, let numbers, let priority, let moment)):
      let isWhole = numbers.isEmpty && priority == nil && moment == nil
      return .display(.report(id: try begin(.messages, isWhole: isWhole), numbers, priority: priority, moment: moment))
    case .grid(.report(_, let control, let kind, let isDefault)):
      let isWhole = control == nil && kind == nil && isDefault == nil
      let id = try begin(.controls, isWhole: isWhole)
      return .grid(.report(id: id, control: control, kind: kind, isDefault: isDefault))
    case .swap(var wish):
      wish.id = try begin(.swap)
      return .swap(wish)
    case .customer(var wish):
      wish.id = try begin(.customer)
      return .customer(wish)
    default: return command
    }
  }

  /// Sends the pieces one after the other and tells once how the whole ended. A piece that is refused does not keep the
  /// others back; a link that ends or is silent does.
  func carry(
    _ pieces: [StationCommand], on link: LinkID, within seconds: Int, hiding names: Set<SettingName> = [],
    told: CommandOutcome? = nil,
    done: @escaping @MainActor @Sendable (CommandOutcome) -> Void
  ) {
    guard let first = pieces.first else { return done(told ?? .accepted(answer: [:])) }
    tell(first, on: link, within: seconds, hiding: names) { outcome in
      let whole = told.map { $0.joined(with: outcome) } ?? outcome
      switch outcome {
      case .accepted, .refused, .impossible:
        guard pieces.count > 1 else { return done(whole) }
        self.carry(Array(pieces.dropFirst()), on: link, within: seconds, hiding: names, told: whole, done: done)
      case .failed, .timedOut, .disconnected: done(whole)
      }
    }
  }

  // MARK: What a station's answer tells

  /// A station answered about its settings: what it has, and what it took from us.
  func settingsAnswered(_ record: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    guard let answer = outcome.answer, let told = (try settings(told: answer, to: record) ?? answer)["settings"]?.array
    else { return }
    let wished = record.detail["settings"]?.array ?? [record.detail]
    for setting in told {
      guard let key = setting["key"]?.string else { continue }
      let name = SettingName(reading: key)
      let attribute = setting["attribute"]?.string.flatMap { DeviceValue.Attribute(rawValue: $0) } ?? .actual
      switch record.verb {
      case "get-configuration", "raw":
        try books.device.set(
          setting["value"]?.string, of: name, attribute, isReadOnly: setting["read_only"]?.bool,
          station: record.station, at: now)
      case "set-configuration" where setting["accepted"]?.bool == true:
        let wish = wished.first {
          $0["key"]?.string.map { SettingName(reading: $0) } == name
            && ($0["attribute"]?.string ?? "actual") == attribute.rawValue
        }
        if let value = wish?["value"]?.string {
          try books.device.set(value, of: name, attribute, isReadOnly: nil, station: record.station, at: now)
        }
      default: break
      }
    }
  }

  /// What support staff read and wrote by hand is known as well.
  private func settings(told answer: JSON, to record: CommandRecord) throws(StoreFault) -> JSON? {
    guard record.verb == "raw", let action = record.detail["action"]?.string, let payload = record.detail["payload"],
      let version = try books.stations.station(record.station)?.lastVersion
    else { return nil }
    return stationLink?.settings(told: answer, to: action, with: payload, version: version)
  }

  // MARK: What a report tells

  func reported(_ values: [DeviceValue], in part: ReportPart, by station: ID<Station>) throws(StoreFault) {
    for value in values where try !books.device.keep(value, of: station, at: now) {
      try noteOddity("NotifyReport: more values than are kept", sample: value.name.description, of: station)
      break
    }
    if let report = try took(part, of: station), report.isComplete {
      try books.device.forget(of: station, toldBefore: report.startedAt)
      try books.device.wasRead(
        station, firmware: books.stations.station(station)?.firmwareVersion, isWhole: true, at: now)
    }
  }

  /// A part of a report came; the report, where it was the last one.
  func took(
    _ part: ReportPart, saying text: String? = nil, of station: ID<Station>
  ) throws(StoreFault) -> StationReport? {
    guard let report = try books.reports.report(part.request, of: station) else {
      try noteOddity("a report that nobody asked for", sample: "\(part.request)", of: station)
      return nil
    }
    // Parts come in order, so a number that is ahead tells of lost ones; one that is behind came again.
    let place = part.number ?? report.parts
    let skipped = max(0, place - report.parts)
    let isAgain = place < report.parts
    try books.reports.took(
      report.id, parts: max(report.parts, place + 1), missing: report.missing + skipped, adding: isAgain ? nil : text,
      endedAt: part.isLast ? now : report.endedAt)
    guard part.isLast, !isAgain else { return nil }
    let whole = try books.reports.report(report.id, of: station)
    try record(
      .stationReported(station, what: report.kind.rawValue, request: report.id, missing: report.missing + skipped))
    return whole
  }
}

extension CommandOutcome {
  /// What the station said, where it said something.
  var answer: JSON? {
    switch self {
    case .accepted(let answer), .refused(_, let answer): answer
    case .failed, .timedOut, .disconnected, .impossible: nil
    }
  }

  /// The outcome of a whole of which this is the first part: a no of any part is a no, and lists are joined.
  func joined(with next: CommandOutcome) -> CommandOutcome {
    switch (self, next) {
    case (.accepted(let first), .accepted(let second)): .accepted(answer: first.joined(with: second))
    case (.accepted(let first), .refused(let word, let second)):
      .refused(word: word, answer: first.joined(with: second))
    case (.refused(let word, let first), .accepted(let second)),
      (.refused(let word, let first), .refused(_, let second)):
      .refused(word: word, answer: first.joined(with: second))
    case (.impossible, .accepted), (.impossible, .refused), (.impossible, .impossible): self
    case (_, .impossible), (_, .failed), (_, .timedOut), (_, .disconnected): next
    case (.failed, _), (.timedOut, _), (.disconnected, _): self
    }
  }
}

extension JSON {
  fileprivate func joined(with next: JSON) -> JSON {
    guard var whole = object, let more = next.object else { return isNull ? next : self }
    for member in more.members {
      if let before = whole[member.key]?.array, let after = member.value.array {
        whole[member.key] = .array(before + after)
      } else {
        whole[member.key] = member.value
      }
    }
    return .object(whole)
  }
}

// MARK: - Templates

/// A setting that is not what the template wants.
nonisolated public struct SettingDifference: Sendable, Equatable {
  public let name: SettingName
  public let wanted: String
  /// Nil where the station never told it.
  public let actual: String?
}

extension CSMS {
  /// What a station's settings differ in from a template, as far as they are known.
  public nonisolated static func differences(
    from template: SettingTemplate, at station: ID<Station>, in books: Books
  ) throws(StoreFault) -> [SettingDifference] {
    var found: [SettingDifference] = []
    for (name, wanted) in template.settings.sorted(by: { $0.key.folded < $1.key.folded }) {
      let actual = try books.device.value(name, of: station)?.value.value
      if actual != wanted { found.append(SettingDifference(name: name, wanted: wanted, actual: actual)) }
    }
    return found
  }

  /// Sets what differs from a template.
  public func applySettings(
    _ id: ID<SettingTemplate>, to identity: StationIdentity, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      let found = try keep { () throws(StoreFault) in
        try self.books.device.template(id).map { template throws(StoreFault) in
          try CSMS.differences(from: template, at: station.id, in: self.books)
        }
      }
      guard let found else { throw .notFound("no such template") }
      guard !found.isEmpty else { throw .conflict("the station is set as the template wants it") }
      let settings = found.map { SettingsCommand.Setting($0.name, value: $0.wanted) }
      return try self.issue(.settings(.set(settings)), to: station.id, by: who)
    }
  }

  public func addTemplate(_ template: SettingTemplate, by who: String) async throws(Refusal) -> ID<SettingTemplate> {
    try await turn { () throws(Refusal) in
      try self.check(template)
      return try keep { () throws(StoreFault) in
        let id = try self.books.device.create(template)
        try self.record(.settingTemplateChanged(id: id.value, name: template.name, by: who))
        return id
      }
    }
  }

  public func changeTemplate(
    _ id: ID<SettingTemplate>, by who: String, _ edit: @escaping (inout SettingTemplate) throws(Refusal) -> Void
  ) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard var template = try keep({ () throws(StoreFault) in try self.books.device.template(id) }) else {
        throw .notFound("no such template")
      }
      try edit(&template)
      template.updatedAt = self.now
      try self.check(template)
      try keep { () throws(StoreFault) in
        try self.books.device.update(template)
        try self.record(.settingTemplateChanged(id: id.value, name: template.name, by: who))
      }
    }
  }

  public func removeTemplate(_ id: ID<SettingTemplate>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard let template = try keep({ () throws(StoreFault) in try self.books.device.template(id) }) else {
        throw .notFound("no such template")
      }
      try keep { () throws(StoreFault) in
        try self.books.device.removeTemplate(id)
        try self.record(.settingTemplateChanged(id: id.value, name: template.name, by: who))
      }
    }
  }

  private func check(_ template: SettingTemplate) throws(Refusal) {
    guard (1...Limits.nameLength).contains(template.name.count) else {
      throw .invalid(field: "name", "1 to \(Limits.nameLength) characters")
    }
    if let secret = template.settings.keys.first(where: \.isSecret) {
      throw .invalid(field: "settings", "\(secret) is a secret: set a station's password by itself")
    }
  }
}
