import Wire

/// The door at which stations knock. CSMS implements it; the OCPP room calls it from errands, inside a turn.
@MainActor
public protocol StationDoor: AnyObject, Sendable {
  /// A station asks to come in, before its connection is upgraded. Authenticates it.
  func admit(_ caller: StationCaller) throws(TurnFault) -> Admission
  /// A station that was let in speaks no version that we do; it is sent away for that reason.
  func turnedAway(_ caller: StationCaller, because why: String) throws(TurnFault)
  /// The upgrade is done. An older link of the same station is closed: the newest authenticated one wins.
  func opened(_ link: LinkID, of station: Admission.Guest, version: String, address: String) throws(TurnFault)
    -> any StationService
  /// The link is gone, for the reason that people read.
  func closed(_ link: LinkID, reason: String) throws(TurnFault)
  /// The loop read something of an accepted station: its last-seen time moves with the next turn that happens anyway.
  func seen(_ link: LinkID, at: Timestamp)
  /// Where the connection to a station's follower stands now.
  func followed(_ link: LinkID, _ state: FollowerState)
}

/// What a station shows at the door.
public struct StationCaller: Sendable {
  public var identity: StationIdentity
  /// HTTP Basic password, as bytes; nil where it sent none.
  public var password: Bytes?
  public var address: String
  /// Subprotocols offered, such as `ocpp1.6`.
  public var offered: [String]
  public var isLoopback: Bool
  /// Whether the way to it is encrypted, here or at a trusted proxy.
  public var isEncrypted: Bool
  /// The certificate that it showed in the TLS handshake, where it showed one.
  public var certificate: ClientCertificate?

  public init(
    identity: StationIdentity, password: Bytes?, address: String, offered: [String], isLoopback: Bool,
    isEncrypted: Bool = false, certificate: ClientCertificate? = nil
  ) {
    self.identity = identity
    self.password = password
    self.address = address
    self.offered = offered
    self.isLoopback = isLoopback
    self.isEncrypted = isEncrypted
    self.certificate = certificate
  }
}

/// What the door says.
public enum Admission: Sendable {
  case welcome(Guest)
  /// 401: no password or a wrong one.
  case unauthorized
  /// 404: nobody knows it and strangers are not let in (`unknown_stations = refuse`).
  case unknown
  /// 403: its connection is not secured as it must be, or its certificate is not its own; the reason is for people.
  case insecure(String)
  /// 503: a hundred strangers knock already.
  case crowded
  /// 429: it came too often, or its password was wrong too often; nothing was looked at.
  case tooOften(seconds: Int)

  /// Who comes in, and how its link is kept.
  public struct Guest: Sendable {
    public var identity: StationIdentity
    /// Nil while it only knocks.
    public var station: ID<Station>?
    /// Accepted: Heartbeats may be answered without the house. Rejected: it hears that at its boot, and nothing else is
    /// taken from it.
    public var registration: Station.Registration
    /// What it needs done differently.
    public var quirks: StationQuirks
    /// The clock by which it writes times without a zone.
    public var zone: ZoneRules
    /// The second central system that hears what it says.
    public var forwarding: Forwarding?
    /// How it proved who it is.
    public var security: LinkSecurity

    public init(
      identity: StationIdentity, station: ID<Station>?, registration: Station.Registration, quirks: StationQuirks,
      zone: ZoneRules = .utc, forwarding: Forwarding? = nil, security: LinkSecurity = LinkSecurity()
    ) {
      self.identity = identity
      self.station = station
      self.registration = registration
      self.quirks = quirks
      self.zone = zone
      self.forwarding = forwarding
      self.security = security
    }
  }
}

/// What one station, on one link, may ask of the house. Every verb runs inside a turn; a fault undoes the whole call.
@MainActor
public protocol StationService:
  AnyObject, Sendable, Identification, TransactionReports, ConnectorReports, ReservationReports, ChargingReports,
  MaintenanceReports, CertificateReports, ContractReports, DeviceReports, MonitoringReports, DisplayReports,
  CustomerReports, GridControlReports, BatterySwapReports, PaymentReports
{
  /// It started, or restarted (OCPP 1.6 §4.2).
  func boot(_ report: BootReport) throws(TurnFault) -> BootVerdict
  /// What an EVSE does; number 0 is the station itself.
  func report(_ status: StatusReport) throws(TurnFault)
  /// May this tag charge? May have to ask a partner.
  func authorize(tag: String) throws(TurnFault) -> Eventually<Authorization>
  /// A session begins. Answered at once: who is asked about a token was asked before, or the house's rule decides.
  func start(_ report: StartReport) throws(TurnFault) -> StartVerdict
  func meter(_ report: MeterReport) throws(TurnFault)
  func stop(_ report: StopReport) throws(TurnFault) -> StopVerdict
  /// Vendor's own data; the words are the protocol's own.
  func transfer(vendor: String, message: String?, data: JSON?) throws(TurnFault) -> TransferVerdict
  /// It sent a transaction message that cannot be used: kept as it is, answered positively, shown to the operator.
  func park(action: String, payload: JSON, why: String) throws(TurnFault)
  /// Lenient reading met something odd: counted and shown on the station's page.
  func flag(action: String, oddities: [Oddity]) throws(TurnFault)
}

public struct BootReport: Sendable {
  public var vendor: String
  public var model: String
  public var serialNumber: String?
  public var firmwareVersion: String?
  public var iccid: String?
  public var imsi: String?
  public var meterType: String?
  public var meterSerialNumber: String?
  /// Why it started; OCPP 1.6 does not say.
  public var reason: Reason?
  /// Its serial number must be the one that its certificate bears, where that bears one (OCPP 2.0.1 B01.FR.11).
  public var isHeldToCertificate: Bool

  public enum Reason: String, Word {
    case applicationReset = "application_reset", firmwareUpdate = "firmware_update", localReset = "local_reset"
    case powerUp = "power_up", remoteReset = "remote_reset", scheduledReset = "scheduled_reset", triggered, unknown
    case watchdog
  }

  public init(
    vendor: String, model: String, serialNumber: String? = nil, firmwareVersion: String? = nil, iccid: String? = nil,
    imsi: String? = nil, meterType: String? = nil, meterSerialNumber: String? = nil, reason: Reason? = nil,
    isHeldToCertificate: Bool = false
  ) {
    (self.reason, self.isHeldToCertificate) = (reason, isHeldToCertificate)
    self.vendor = kept(vendor)
    self.model = kept(model)
    self.serialNumber = serialNumber.map(kept)
    self.firmwareVersion = firmwareVersion.map(kept)
    self.iccid = iccid.map(kept)
    self.imsi = imsi.map(kept)
    self.meterType = meterType.map(kept)
    self.meterSerialNumber = meterSerialNumber.map(kept)
  }
}

/// As much of a station's own words as is kept, counted in scalars: one character can have any number of accents.
func kept(_ words: String) -> String {
  guard words.utf8.count > Limits.stationWords else { return words }
  return String(String.UnicodeScalarView(words.unicodeScalars.prefix(Limits.stationWords)))
}

public struct BootVerdict: Sendable, Equatable {
  public var registration: Station.Registration
  /// Seconds: between heartbeats, or until the next boot where it is not accepted.
  public var interval: Int
  public var now: Timestamp

  public init(registration: Station.Registration, interval: Int, now: Timestamp) {
    (self.registration, self.interval, self.now) = (registration, interval, now)
  }
}

public struct StatusReport: Sendable {
  public var evse: Int
  public var connector: Int
  public var status: EVSE.Status
  /// The station's own words: error code, info, vendor's code.
  public var note: String?
  /// It speaks of an error, whatever the status is.
  public var isProblem: Bool
  /// The station's clock; nil where it sent none that is plausible.
  public var at: Timestamp?

  public init(
    evse: Int, connector: Int = 1, status: EVSE.Status, note: String? = nil, isProblem: Bool = false,
    at: Timestamp? = nil
  ) {
    (self.evse, self.connector, self.status, self.note, self.at) = (evse, connector, status, note.map(kept), at)
    self.isProblem = isProblem
  }
}

public struct StartReport: Sendable {
  public var evse: Int
  public var connector: Int
  public var tag: String
  public var meterStart: Energy
  /// The station's clock; nil where it was not plausible, then reception counts.
  public var at: Timestamp?
  /// The same as the station wrote it: what makes a repeated start the same start.
  public var written: String?
  public var reservation: Int?
  /// The message as it came, kept as evidence.
  public var raw: JSONText

  public init(
    evse: Int, connector: Int = 1, tag: String, meterStart: Energy, at: Timestamp?, written: String? = nil,
    reservation: Int? = nil, raw: JSONText
  ) {
    self.evse = evse
    self.connector = connector
    self.tag = tag
    self.meterStart = meterStart
    (self.at, self.written) = (at, written)
    self.reservation = reservation
    self.raw = raw
  }
}

public struct StartVerdict: Sendable, Equatable {
  public var transaction: Int64
  public var authorization: Authorization

  public init(transaction: Int64, authorization: Authorization) {
    (self.transaction, self.authorization) = (transaction, authorization)
  }
}

public struct MeterReport: Sendable {
  public var evse: Int
  /// The station's word for the session; nil where it named none.
  public var transaction: Int64?
  public var readings: [Reading]

  public init(evse: Int, transaction: Int64?, readings: [Reading]) {
    (self.evse, self.transaction, self.readings) = (evse, transaction, readings)
  }
}

public struct StopReport: Sendable {
  public var transaction: Int64
  /// Who stopped it; nil for a stop without a card.
  public var tag: String?
  public var meterStop: Energy?
  /// The station's clock; nil where it was not plausible, then reception counts.
  public var at: Timestamp?
  /// The same as the station wrote it: what makes a repeated stop the same stop.
  public var written: String?
  public var ending: Session.Ending
  /// Readings that came with the stop.
  public var readings: [Reading]
  public var raw: JSONText

  public init(
    transaction: Int64, tag: String?, meterStop: Energy?, at: Timestamp?, written: String? = nil,
    ending: Session.Ending, readings: [Reading], raw: JSONText
  ) {
    self.transaction = transaction
    self.tag = tag
    self.meterStop = meterStop
    (self.at, self.written) = (at, written)
    self.ending = ending
    self.readings = readings
    self.raw = raw
  }
}

public struct StopVerdict: Sendable, Equatable {
  /// Nil where the stop named no tag.
  public var authorization: Authorization?

  public init(authorization: Authorization?) { self.authorization = authorization }
}

public enum TransferVerdict: Sendable, Equatable {
  case accepted(data: String?)
  case rejected
  case unknownVendor
  case unknownMessage
}

// MARK: - Stations that count and measure differently

extension Energy {
  /// The same where a station's registers must be multiplied; nil where that is beyond any meter.
  fileprivate func times(_ factor: Decimal?) -> Energy? {
    guard let factor else { return self }
    return Energy(wattHours: wattHours * factor)
  }
}

extension StationQuirks {
  /// The report with the house's numbers and the meter's true unit.
  public func mend(_ report: inout StatusReport) { place(&report.evse, &report.connector) }

  public func mend(_ report: inout StartReport) {
    place(&report.evse, &report.connector)
    report.meterStart = report.meterStart.times(energyFactor) ?? report.meterStart
  }

  public func mend(_ report: inout MeterReport) {
    var connector = 1
    place(&report.evse, &connector)
    mend(&report.readings)
  }

  public func mend(_ report: inout StopReport) {
    report.meterStop = report.meterStop?.times(energyFactor)
    mend(&report.readings)
  }

  /// A station of 2.x counts its EVSEs itself.
  public func mend(_ report: inout TransactionReport) { mend(&report.readings) }

  private func mend(_ readings: inout [Reading]) {
    guard energyFactor != nil else { return }
    for place in readings.indices {
      readings[place].register = readings[place].register?.times(energyFactor)
      readings[place].exported = readings[place].exported?.times(energyFactor)
    }
  }

  private func place(_ evse: inout Int, _ connector: inout Int) {
    guard let place = place(ofConnector: evse) else { return }
    (evse, connector) = (place.evse, place.connector)
  }
}
