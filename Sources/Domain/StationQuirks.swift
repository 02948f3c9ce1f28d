import Wire

/// What one station needs done differently. Everything here is off until the operator, a preset or evidence turns it on;
/// what the operator wrote counts before what the preset says.
public struct StationQuirks: Payload {
  // How it connects
  /// The version to assume where the station offers no WebSocket subprotocol.
  public var assumedVersion: String?
  /// The versions that are spoken with it; all where it is absent or empty.
  public var acceptedVersions: [String]?
  /// Seconds between our pings; 0 is off, absent is the house's default.
  public var pingSeconds: Int?
  /// Seconds between heartbeats; absent is the house's default.
  public var heartbeatSeconds: Int?
  /// Seconds until a pending or rejected station boots again; absent is the house's default.
  public var retrySeconds: Int?
  /// Milliseconds for which each answer to the station is held back; some drop the line when one comes at once.
  public var answerDelayMilliseconds: Int?
  /// Seconds for which a station is left alone after it booted: some treat an early call badly.
  public var settleSeconds: Int?
  /// An answer under another id than that of our one open call is taken for its answer.
  public var takesAnyAnswerID: Bool?
  /// Over which of its networks, and from which of its slots, it comes to us.
  public var network: NetworkPlace?

  // What it says
  /// The IANA time zone of its clock, for times that it writes without one; UTC where it is absent.
  public var timeZone: String?
  /// Its registers are multiplied by this: 1000 where it labels kWh as Wh.
  public var energyFactor: Decimal?
  /// The register at the start is not believed: the first one that it tells in the session counts instead.
  public var startsAtFirstReading: Bool?
  /// Its connectors that are one EVSE.
  public var joined: [JoinedEVSE]?

  /// How vendors' data that it sends are answered; a vendor that is not named here is unknown.
  public var transfers: [TransferRule]?

  // Who charges
  /// Any car charges here without a token.
  public var isFreeVend: Bool?
  /// The uid of the token that such sessions are billed to.
  public var freeVendToken: String?
  /// Nobody pays at its terminal, whatever that offers (OCPP 2.1 C18.FR.04).
  public var refusesPayments: Bool?
  /// It is told what a running session costs, also between what it tells itself (OCPP 2.0.1 I02). Absent: where its own
  /// settings say that it shows costs.
  public var showsCosts: Bool?
  /// How long a token's uid may be for a remote start; 20 by the standard, 16 are safe everywhere.
  public var tagLength: Int?
  /// The one tag that it takes for a remote start, whoever charges: one of its own white list.
  public var startTag: String?

  // What the house does by itself
  public var afterBoot: AfterBoot?
  /// After a boot we ask it nothing by ourselves, whatever else is set.
  public var isLeftAloneAfterBoot: Bool?
  /// What its settings should be; written after a boot, and when the operator asks.
  public var wantedSettings: [StationSetting]?
  /// No preset is taken for it.
  public var ignoresPresets: Bool?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("assumed_version", &assumedVersion, max: 10)
    try w.visit("accepted_versions", &acceptedVersions, max: 10, count: 0...8)
    try w.visit("ping_seconds", &pingSeconds, 0...86_400)
    try w.visit("heartbeat_seconds", &heartbeatSeconds, 1...86_400)
    try w.visit("retry_seconds", &retrySeconds, 1...86_400)
    try w.visit("answer_delay_ms", &answerDelayMilliseconds, 0...10_000)
    try w.visit("settle_seconds", &settleSeconds, 0...600)
    try w.visit("takes_any_answer_id", &takesAnyAnswerID)
    try w.visit("network", &network)
    try w.visit("time_zone", &timeZone, max: 64)
    try w.visit("energy_factor", &energyFactor)
    try w.visit("starts_at_first_reading", &startsAtFirstReading)
    try w.visit("joined", &joined, count: 0...100)
    try w.visit("transfers", &transfers, count: 0...100)
    try w.visit("free_vend", &isFreeVend)
    try w.visit("free_vend_token", &freeVendToken, max: 36)
    try w.visit("no_payments", &refusesPayments)
    try w.visit("show_costs", &showsCosts)
    try w.visit("tag_length", &tagLength, 8...36)
    try w.visit("start_tag", &startTag, max: 36)
    try w.visit("after_boot", &afterBoot)
    try w.visit("leave_alone_after_boot", &isLeftAloneAfterBoot)
    try w.visit("wanted_settings", &wantedSettings, count: 0...Limits.wantedSettings)
    try w.visit("ignores_presets", &ignoresPresets)
  }

  /// These, and where nothing is said, those of the preset.
  public func over(_ preset: StationQuirks) -> StationQuirks {
    var all = self
    all.assumedVersion = assumedVersion ?? preset.assumedVersion
    all.acceptedVersions = acceptedVersions ?? preset.acceptedVersions
    all.pingSeconds = pingSeconds ?? preset.pingSeconds
    all.heartbeatSeconds = heartbeatSeconds ?? preset.heartbeatSeconds
    all.retrySeconds = retrySeconds ?? preset.retrySeconds
    all.answerDelayMilliseconds = answerDelayMilliseconds ?? preset.answerDelayMilliseconds
    all.settleSeconds = settleSeconds ?? preset.settleSeconds
    all.takesAnyAnswerID = takesAnyAnswerID ?? preset.takesAnyAnswerID
    all.network = network ?? preset.network
    all.timeZone = timeZone ?? preset.timeZone
    all.energyFactor = energyFactor ?? preset.energyFactor
    all.startsAtFirstReading = startsAtFirstReading ?? preset.startsAtFirstReading
    all.joined = joined ?? preset.joined
    all.transfers = transfers ?? preset.transfers
    all.isFreeVend = isFreeVend ?? preset.isFreeVend
    all.freeVendToken = freeVendToken ?? preset.freeVendToken
    all.refusesPayments = refusesPayments ?? preset.refusesPayments
    all.showsCosts = showsCosts ?? preset.showsCosts
    all.tagLength = tagLength ?? preset.tagLength
    all.startTag = startTag ?? preset.startTag
    all.afterBoot = (afterBoot ?? AfterBoot()).over(preset.afterBoot)
    all.isLeftAloneAfterBoot = isLeftAloneAfterBoot ?? preset.isLeftAloneAfterBoot
    all.wantedSettings = wantedSettings ?? preset.wantedSettings
    return all
  }
}

/// Where a station of 2.x keeps the way to us that the house gives it (OCPP 2.0.1 B09, B10).
public struct NetworkPlace: Payload, Equatable {
  /// 2.0.1 has no word for any: a station that comes over a mobile network needs its own.
  public var interface: NetworkProfile.Interface?
  /// Its slot; the house's rule where it is absent.
  public var slot: Int?
  /// The slots that it tries after that one, in this order.
  public var fallbacks: [Int]?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("interface", &interface)
    try w.visit("slot", &slot, 0...Limits.networkSlots)
    try w.visit("fallbacks", &fallbacks, 0...Limits.networkSlots, count: 0...Limits.networkSlots)
  }
}

/// Connectors of a 1.6 station that are one EVSE: one car at a time, several plugs.
public struct JoinedEVSE: Payload {
  /// Its number here: that of its first connector, unless the operator wants another.
  public var evse = 0
  /// The station's own numbers; the first is connector 1 of the EVSE, the next connector 2.
  public var connectors: [Int] = []

  public init() {}

  public init(_ evse: Int, _ connectors: [Int]) { (self.evse, self.connectors) = (evse, connectors) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("evse", &evse, 1...200)
    try w.visit("connectors", &connectors, 1...200, count: 1...10)
  }
}

extension StationQuirks {
  /// EVSE and connector of the house for a number that the station used for one of its connectors.
  public func place(ofConnector number: Int) -> (evse: Int, connector: Int)? {
    for group in joined ?? [] {
      if let place = group.connectors.firstIndex(of: number) { return (group.evse, place + 1) }
    }
    return nil
  }

  /// The station's own number for a connector of a joined EVSE, the first one where none is named; nil where the EVSE is
  /// not joined.
  public func number(ofEVSE evse: Int, connector: Int? = nil) -> Int? {
    guard let group = (joined ?? []).first(where: { $0.evse == evse }) else { return nil }
    guard let connector, group.connectors.indices.contains(connector - 1) else { return group.connectors.first }
    return group.connectors[connector - 1]
  }
}

/// What the house does by itself once a station booted and was accepted, and when it returns without a boot.
public struct AfterBoot: Payload {
  /// Ask a station that returns without a boot for one, once it has settled. On unless the operator says no.
  public var triggersBoot: Bool?
  /// Ask for the status of its connectors. Off unless the operator says yes; with `triggersBoot`, after that boot.
  public var triggersStatus: Bool?
  /// Read its settings and keep them. Off unless the operator says yes.
  public var readsSettings: Bool?
  /// Write the settings that are wanted, where there are any. On unless the operator says no.
  public var writesSettings: Bool?
  /// Ask for a report of its whole device model (OCPP 2.0.1 B07): yes is after each boot, no is never. Where the operator
  /// says nothing it is asked for once, a while after it came, and again when its firmware changed.
  public var readsReport: Bool?
  /// Bring its local list, reservations and charging profiles in step again. On unless the operator says no.
  public var keepsDuties: Bool?

  public init() {}

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("trigger_boot", &triggersBoot)
    try w.visit("trigger_status", &triggersStatus)
    try w.visit("read_settings", &readsSettings)
    try w.visit("write_settings", &writesSettings)
    try w.visit("read_report", &readsReport)
    try w.visit("keep_duties", &keepsDuties)
  }

  func over(_ preset: AfterBoot?) -> AfterBoot {
    guard let preset else { return self }
    var all = self
    all.triggersBoot = triggersBoot ?? preset.triggersBoot
    all.triggersStatus = triggersStatus ?? preset.triggersStatus
    all.readsSettings = readsSettings ?? preset.readsSettings
    all.writesSettings = writesSettings ?? preset.writesSettings
    all.readsReport = readsReport ?? preset.readsReport
    all.keepsDuties = keepsDuties ?? preset.keepsDuties
    return all
  }
}

/// How one kind of a vendor's data is answered.
public struct TransferRule: Payload {
  public enum Answer: String, Word { case accepted, rejected }

  public var vendor = ""
  /// Any message of the vendor where it is absent.
  public var message: String?
  public var answer = Answer.accepted
  /// What goes back with it.
  public var data: String?

  public init() {}

  public init(_ vendor: String, message: String? = nil, _ answer: Answer = .accepted, data: String? = nil) {
    (self.vendor, self.message, self.answer, self.data) = (vendor, message, answer, data)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("vendor", &vendor, max: 255)
    try w.visit("message", &message, max: 50)
    try w.visit("answer", &answer)
    try w.visit("data", &data, max: 2_500)
  }
}

extension StationQuirks {
  /// The answer to a vendor's data: by the rule that names the message, else by the one for all of the vendor.
  public func verdict(onTransferOf vendor: String, message: String?) -> TransferVerdict {
    let known = (transfers ?? []).filter { $0.vendor.ciFolded == vendor.ciFolded }
    guard !known.isEmpty else { return .unknownVendor }
    guard
      let rule = known.first(where: { $0.message != nil && $0.message == message })
        ?? known.first(where: { $0.message == nil })
    else { return .unknownMessage }
    return rule.answer == .accepted ? .accepted(data: rule.data) : .rejected
  }
}

/// One setting of a station by its key: a configuration key of 1.6.
public struct StationSetting: Payload, Equatable {
  public var key = ""
  public var value = ""

  public init() {}

  public init(_ key: String, _ value: String) { (self.key, self.value) = (key, value) }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("key", &key, max: 50)
    try w.visit("value", &value, max: 500)
  }
}
