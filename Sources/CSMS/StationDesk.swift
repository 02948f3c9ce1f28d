import Domain
import Store
import Wire

/// The desk at which one station, on one link, is served: it turns what the station may ask into the house's duties.
/// A stranger that only knocks has a desk too; it is answered, and nothing of it is kept but its boot report.
final class StationDesk: StationService {
  private unowned let house: CSMS
  let link: LinkID
  let identity: StationIdentity
  /// Nil while the station only knocks.
  var station: ID<Station>?

  init(house: CSMS, link: LinkID, identity: StationIdentity, station: ID<Station>?) {
    (self.house, self.link, self.identity, self.station) = (house, link, identity, station)
  }

  func boot(_ report: BootReport) throws(TurnFault) -> BootVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else {
        house.afterCommit { [house, identity] in house.knocks.booted(identity, report) }
        return BootVerdict(registration: .pending, interval: house.settings.pendingSeconds, now: house.now)
      }
      return try house.booted(station, report)
    }
  }

  func report(_ status: StatusReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      try house.statusReported(status, by: station)
    }
  }

  func authorize(tag: String) throws(TurnFault) -> Eventually<Authorization> {
    try keeping { () throws(StoreFault) in
      guard let station else { return .now(Authorization(.invalid)) }
      return try house.authorize(tag, at: station)
    }
  }

  func start(_ report: StartReport) throws(TurnFault) -> StartVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else { return StartVerdict(transaction: 0, authorization: Authorization(.invalid)) }
      return try house.started(report, at: station)
    }
  }

  func meter(_ report: MeterReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      try house.metered(report, by: station)
    }
  }

  func stop(_ report: StopReport) throws(TurnFault) -> StopVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else { return StopVerdict(authorization: nil) }
      return try house.stopped(report, at: station)
    }
  }

  func transfer(vendor: String, message: String?, data: JSON?) throws(TurnFault) -> TransferVerdict {
    // No vendor's private language is spoken here yet; the message stands in the message log.
    .unknownVendor
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

/// Runs a duty and says its storage fault in the words of the doors.
func keeping<R>(_ duty: () throws(StoreFault) -> R) throws(TurnFault) -> R {
  do { return try duty() } catch { throw TurnFault(storage: error) }
}
