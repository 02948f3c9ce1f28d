import Domain
import Store
import Wire

// What stations tell of themselves: monitors and the alerts that they raise, streams of values, messages on their
// displays, and what they know of a customer.

extension CSMS {
  // MARK: Monitors

  func reported(_ monitors: [Monitor], in part: ReportPart, by station: ID<Station>) throws(StoreFault) {
    for monitor in monitors { try books.monitors.keep(monitor, of: station, at: now) }
    if let report = try took(part, of: station), report.isComplete {
      try books.monitors.forget(of: station, toldBefore: report.startedAt)
    }
  }

  /// A station answered about its monitors: which numbers it gave to ours, and which are gone.
  func monitoringAnswered(_ record: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    switch record.verb {
    case "monitor":
      let wishes = record.detail["monitors"]?.array ?? []
      for result in outcome.answer?["monitors"]?.array ?? [] where result["accepted"]?.bool == true {
        guard let number = result["monitor"]?.int, let key = result["key"]?.string,
          let kind = result["kind"]?.string.flatMap({ Monitor.Kind(rawValue: $0) })
        else { continue }
        let name = SettingName(reading: key)
        let wish = wishes.first {
          $0["key"]?.string.map { SettingName(reading: $0) } == name && $0["kind"]?.string == kind.rawValue
        }
        guard let wish, let value = wish["value"]?.decimal, let severity = wish["severity"]?.int else { continue }
        try books.monitors.keep(
          Monitor(
            number: Int(number), name: name, kind: kind, value: value, severity: Int(severity),
            isForSessions: wish["for_sessions"]?.bool == true, origin: .custom), of: record.station, at: now)
      }
    case "clear-monitors":
      for result in outcome.answer?["monitors"]?.array ?? [] where result["accepted"]?.bool == true {
        if let number = result["monitor"]?.int { try books.monitors.forget(Int(number), of: record.station) }
      }
    case "adjust-stream":
      guard case .accepted = outcome, let stream = record.detail["stream"]?.int else { return }
      try books.monitors.adjust(
        Int(stream), of: record.station, seconds: record.detail["seconds"]?.int.map { Int($0) },
        values: record.detail["values"]?.int.map { Int($0) })
    default: break
    }
  }

  func alerted(_ alerts: [Alert], by station: ID<Station>) throws(StoreFault) {
    for alert in alerts {
      if alert.isCleared { try books.monitors.ended(alert.name, monitor: alert.monitor, of: station, at: now) }
      guard try books.monitors.keep(alert, of: station, at: now) else { continue }
      if alert.takesOver { try books.monitors.endedBefore(alert.name, of: station, at: now) }
      // What comes every few minutes is a reading and no news.
      guard alert.trigger != .periodic else { continue }
      try record(
        .stationAlert(
          station, name: alert.name.description, value: alert.value, severity: alert.severity, isOver: alert.isCleared))
    }
  }

  /// What is wrong with the whole station, or with an EVSE whose status stays what it is, stands in no history of statuses
  /// (OCPP 1.6 §4.9): it is an alert until the station says that it is over.
  func problemTold(_ report: StatusReport, by station: ID<Station>) throws(StoreFault) {
    let name =
      report.evse > 0
      ? SettingName(component: "EVSE", evse: report.evse, variable: "Problem")
      : SettingName(component: "ChargingStation", variable: "Problem")
    let open = try books.monitors.open(name, of: station)
    let isWrong = report.isProblem || report.evse == 0 && report.status == .faulted
    let words = report.note ?? report.status.rawValue
    guard isWrong ? open != words : open != nil else { return }
    if isWrong, open != nil { try books.monitors.ended(name, monitor: nil, of: station, at: now) }
    try alerted(
      [Alert(number: 0, at: now, name: name, trigger: .change, value: words, isCleared: !isWrong)], by: station)
  }

  /// The operator has seen it.
  public func settleAlert(_ id: ID<KeptAlert>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard let alert = try keep({ () throws(StoreFault) in try self.books.monitors.alert(id) }), alert.endedAt == nil
      else { throw .notFound("no such alert waits") }
      try keep { () throws(StoreFault) in
        _ = try self.books.monitors.settle(id, by: who, at: self.now)
        try self.record(.alertSettled(alert.station, name: alert.alert.name.description, by: who))
      }
    }
  }

  // MARK: Streams

  func opened(_ stream: ValueStream, by station: ID<Station>) throws(StoreFault) -> Bool {
    try books.monitors.open(stream, of: station, at: now)
  }

  func took(
    _ values: [StreamedValue], of stream: Int, pending: Int, by station: ID<Station>
  ) throws(StoreFault) {
    guard try books.monitors.take(values, of: stream, pending: pending, station: station) else {
      return try noteOddity("a stream that was not opened", sample: "\(stream)", of: station)
    }
  }

  // MARK: Displays

  func reported(_ messages: [DisplayMessage], in part: ReportPart, by station: ID<Station>) throws(StoreFault) {
    for message in messages { try books.displays.keep(message, of: station, at: now) }
    if let report = try took(part, of: station), report.isComplete {
      try books.displays.forget(of: station, toldBefore: report.startedAt)
    }
  }

  /// Shows a message; one without a number gets the next free one.
  public func show(
    _ message: DisplayMessage, at identity: StationIdentity, by who: String
  ) async throws(Refusal) -> CommandRecord {
    try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      var message = message
      if message.number == 0 {
        message.number = try keep { () throws(StoreFault) in
          try self.books.displays.freeNumber(at: station.id, now: self.now)
        }
      }
      return try self.issue(.display(.show(message)), to: station.id, by: who)
    }
  }

  func displayAnswered(_ command: StationCommand, _ station: ID<Station>, _ outcome: CommandOutcome) throws(StoreFault)
  {
    guard case .display(let wish) = command else { return }
    // What a station does not know, it does not show (OCPP 2.0.1 O03.FR.06, O05.FR.02).
    let isUnknown = if case .refused(let word, _) = outcome { word.ciFolded == "unknown" } else { false }
    switch wish {
    case .show(let message) where outcome.isYes:
      if message.priority == .alone { try giveWay(to: message, at: station) }
      try books.displays.keep(message, of: station, at: now)
    case .clear(let number) where outcome.isYes || isUnknown: try books.displays.forget(number, of: station)
    case .report(_, let numbers, nil, nil) where isUnknown:
      for number in numbers { try books.displays.forget(number, of: station) }
      if numbers.isEmpty { try books.displays.forget(of: station, toldBefore: now + .milliseconds(1)) }
    case .show, .clear, .report: break
    }
  }

  /// Of those that are shown alone a display has one: the newest (O01.FR.16).
  private func giveWay(to message: DisplayMessage, at station: ID<Station>) throws(StoreFault) {
    for other in try books.displays.list(of: station, at: now)
    where other.priority == .alone && other.display == message.display {
      try books.displays.forget(other.number, of: station)
    }
  }

  // MARK: Customers

  func reported(customer text: String, in part: ReportPart, by station: ID<Station>) throws(StoreFault) {
    _ = try took(part, saying: text, of: station)
  }
}

extension StationDesk {
  func report(_ values: [DeviceValue], in part: ReportPart) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.reported(values, in: part, by: station) }
  }

  func report(_ monitors: [Monitor], in part: ReportPart) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.reported(monitors, in: part, by: station) }
  }

  func alert(_ alerts: [Alert]) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.alerted(alerts, by: station) }
  }

  func open(_ stream: ValueStream) throws(TurnFault) -> Bool {
    try served { house, station throws(StoreFault) in try house.opened(stream, by: station) } ?? false
  }

  func close(stream: Int) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.books.monitors.close(stream, of: station) }
  }

  func take(_ values: [StreamedValue], of stream: Int, pending: Int) throws(TurnFault) {
    try served { house, station throws(StoreFault) in
      try house.took(values, of: stream, pending: pending, by: station)
    }
  }

  func report(_ messages: [DisplayMessage], in part: ReportPart) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.reported(messages, in: part, by: station) }
  }

  func report(customer text: String, in part: ReportPart) throws(TurnFault) {
    try served { house, station throws(StoreFault) in try house.reported(customer: text, in: part, by: station) }
  }
}
