import Domain
import Logging
import Store
import Wire

// Certificates end, and nobody notices until nothing connects any more: the operator is warned 30, 14 and 3 days before,
// once each, of the doors' certificates and of the stations'. And what goes wrong in TLS before a station has a name.

extension CSMS {
  /// What the doors show from now on.
  public func show(_ certificates: [DoorCertificate]) {
    doorCertificates = certificates
    note { () throws(StoreFault) in try self.warnOfExpiries() }
  }

  /// A door read its files again and uses them.
  public func certificateWasRead(at door: String, isNew: Bool) {
    brokenCertificates[door] = nil
    if isNew { note { () throws(StoreFault) in try self.record(.certificateReplaced(door: door)) } }
  }

  /// A door cannot use what stands in its files now, and goes on with what it had.
  public func certificateIsUnusable(at door: String, because flaw: String) {
    brokenCertificates[door] = flaw
    note { () throws(StoreFault) in try self.record(.certificateUnusable(door: door, why: flaw)) }
  }

  /// A TLS handshake failed before it was known who calls. Where a certificate was shown it tells whose it seems to be.
  public func refusedInHandshake(from address: String, because why: String, certificate: ClientCertificate?) {
    note { () throws(StoreFault) in
      guard self.doorNotes.takes("tls \(address) \(certificate?.serial ?? "")", at: self.now) else { return }
      var station: Station?
      if let name = certificate?.commonName {
        station = try self.books.stations.station(serialNumber: name)
        if station == nil, let identity = StationIdentity(name) {
          station = try self.books.stations.station(identity)
        }
      }
      try self.record(.tlsRefused(station?.id, address: address, why: why, certificate: certificate?.serial))
    }
  }

  /// The operator is told of each step once, also where the daemon was not running when it came.
  func warnOfExpiries() throws(StoreFault) {
    for certificate in doorCertificates where !certificate.isRevocationList || certificate.expiresAt < now {
      try warn(of: "\(certificate.door): \(certificate.name)", certificate.serial, certificate.expiresAt)
    }
    let horizon = now + .seconds(Limits.expiryNoticeDays[0] * 86_400)
    for (station, certificate) in try books.security.expiring(by: horizon, limit: Limits.expiriesAtOnce) {
      try warn(of: station.text, certificate.serial, certificate.expiresAt)
    }
  }

  private func warn(of owner: String, _ serial: String, _ end: Timestamp) throws(StoreFault) {
    let seconds = end.seconds(since: now)
    let days = seconds >= 0 ? Int(seconds / 86_400) : -1
    guard let step = (Limits.expiryNoticeDays + [-1]).last(where: { days <= $0 }) else { return }
    guard try books.security.takesNotice("\(owner)/\(serial)", days: step, at: now) else { return }
    try record(.certificateExpires(of: owner, serial: serial, days: days))

    let metadata: Logger.Metadata = [
      "certificate": "\(owner)", "serial": "\(serial)", "expires": "\(end.text)",
    ]
    if days < 0 {
      log.error("a certificate has expired", metadata: metadata)
    } else {
      log.warning("a certificate expires soon", metadata: metadata)
    }
  }
}
