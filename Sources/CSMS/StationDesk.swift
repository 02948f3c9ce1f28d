import Domain
import Store
import Wire

/// The desk at which one station, on one link, is served: it turns what the station may ask into the house's duties.
/// A stranger that only knocks has a desk too; it is answered, and nothing of it is kept but its boot report.
final class StationDesk: StationService {
  unowned let house: CSMS
  private let place: LiveLinks.Link
  var link: LinkID { place.id }
  var identity: StationIdentity { place.identity }
  /// Nil while the station only knocks.
  var station: ID<Station>? { place.station }

  init(house: CSMS, at place: LiveLinks.Link) { (self.house, self.place) = (house, place) }

  func boot(_ report: BootReport) throws(TurnFault) -> BootVerdict {
    try keeping { () throws(StoreFault) in
      house.triggers.came(.boot, on: link)
      guard let station else {
        house.afterCommit { [house, identity] in house.knocks.booted(identity, report) }
        return BootVerdict(registration: .pending, interval: house.settings.pendingSeconds, now: house.now)
      }
      if let certificate = place.security.certificate, report.isHeldToCertificate,
        certificate.isForeign(to: report.serialNumber)
      {
        return try house.sentAway(station, link, sayingIt: report.serialNumber ?? "", though: certificate.commonName)
      }
      return try house.booted(station, report)
    }
  }

  func report(_ status: StatusReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      house.triggers.came(.status, on: link)
      var status = status
      try house.needs(of: station).mend(&status)
      house.told(status.at, by: station)
      try house.statusReported(status, by: station)
    }
  }

  func authorize(tag: String) throws(TurnFault) -> Eventually<Authorization> {
    try authorize(PresentedToken(tag))
  }

  func authorize(_ token: PresentedToken) throws(TurnFault) -> Eventually<Authorization> {
    try keeping { () throws(StoreFault) in
      guard let station else { return .now(Authorization(.invalid)) }
      return try house.authorize(token, at: station)
    }
  }

  func report(_ connector: ConnectorReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      house.triggers.came(.status, on: link)
      try house.connectorReported(connector, by: station)
    }
  }

  func tell(_ report: TransactionReport) throws(TurnFault) -> TransactionVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else {
        return TransactionVerdict(authorization: report.token.map { _ in Authorization(.invalid) })
      }
      house.triggers.came(.transaction, on: link)
      if !report.readings.isEmpty { house.triggers.came(.meterValues, on: link) }
      var report = report
      try house.needs(of: station).mend(&report)
      house.told(report.at, by: station)
      return try house.transactionTold(report, by: station)
    }
  }

  func start(_ report: StartReport) throws(TurnFault) -> StartVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else { return StartVerdict(transaction: 0, authorization: Authorization(.invalid)) }
      var report = report
      try house.needs(of: station).mend(&report)
      house.told(report.at, by: station)
      return try house.started(report, at: station)
    }
  }

  func meter(_ report: MeterReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      house.triggers.came(.meterValues, on: link)
      var report = report
      try house.needs(of: station).mend(&report)
      house.told(report.readings.last?.at, by: station)
      try house.metered(report, by: station)
    }
  }

  func stop(_ report: StopReport) throws(TurnFault) -> StopVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else { return StopVerdict(authorization: nil) }
      var report = report
      try house.needs(of: station).mend(&report)
      house.told(report.at, by: station)
      return try house.stopped(report, at: station)
    }
  }

  func transfer(vendor: String, message: String?, data: JSON?) throws(TurnFault) -> TransferVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else { return .unknownVendor }
      // What the operator says of this station comes before what holds for all of them.
      let verdict = try house.needs(of: station).verdict(onTransferOf: vendor, message: message)
      guard house.settings.dataVendors.contains(vendor) else { return verdict }
      // Whoever wants to act on it follows the events; a long one stands in the message log as a whole.
      let text = data?.text ?? ""
      let isKept = text.utf8.count <= Limits.vendorDataBytes
      let kept: JSON = isKept ? data ?? .null : .string("\(text.utf8.count) bytes")
      try house.record(.dataReceived(station, vendor: vendor, message: message, data: kept))
      return verdict == .unknownVendor ? .accepted(data: nil) : verdict
    }
  }

  func park(action: String, payload: JSON, why: String) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      try house.park(action: action, payload: payload, why: why, of: station)
    }
  }

  func flag(action: String, oddities: [Oddity]) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      for oddity in oddities {
        let what = "\(action).\(oddity.path): \(oddity.kind.rawValue)"
        try house.noteOddity(what, sample: oddity.raw, of: station)
      }
    }
  }
}

extension StationCertificate {
  /// It was issued to a serial number, and the station says that it has another one.
  fileprivate func isForeign(to serialNumber: String?) -> Bool {
    match == .serialNumber && serialNumber.map { $0 != commonName } ?? false
  }
}

extension StationDesk {
  /// A duty towards a station that is ours; nothing is done for a stranger.
  @discardableResult
  func served<R>(_ duty: (CSMS, ID<Station>) throws(StoreFault) -> R) throws(TurnFault) -> R? {
    guard let station else { return nil }
    return try keeping { () throws(StoreFault) in try duty(house, station) }
  }
}

/// Runs a duty and says its storage fault in the words of the doors.
func keeping<R>(_ duty: () throws(StoreFault) -> R) throws(TurnFault) -> R {
  do { return try duty() } catch { throw TurnFault(storage: error) }
}
