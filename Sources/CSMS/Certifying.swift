import Crypto
import Domain
import Store
import Wire

// Certificates of stations, from the request to the renewal (OCPP 2.0.1 A02, A03, M03 to M05, and the same messages of
// the 1.6 security whitepaper): a request is judged and answered at once, the certificate follows in a call of its own,
// and what a station holds is known.

extension StationDesk: CertificateReports {
  func requestCertificate(_ report: CertificateRequestReport) throws(TurnFault) -> CertificateRequestVerdict {
    try keeping { () throws(StoreFault) in
      guard let station else { return .refused("the station is not accepted yet") }
      return try house.certificateRequested(report, by: station)
    }
  }

  func report(_ event: SecurityEventReport) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard let station else { return }
      try house.securityEventReported(event, by: station)
    }
  }
}

extension CSMS {
  // MARK: Asked for

  func certificateRequested(
    _ report: CertificateRequestReport, by id: ID<Station>
  ) throws(StoreFault) -> CertificateRequestVerdict {
    guard let station = try books.stations.station(id) else { return .refused("the station is not known") }
    let digest = SHA256.digest(Bytes(utf8: report.request)).hex
    // Stations ask again while they wait: the same request gets the certificate that is under way.
    if var open = try books.certificates.requests(of: id, limit: Limits.recentCertificateRequests).first(where: {
      $0.kind == report.kind && $0.digest == digest && $0.phase == .signed
    }) {
      open.number = report.number
      if open.command == nil { open.dueAt = now }
      try books.certificates.update(open)
      return .accepted
    }
    let judgement: Certification
    do { judgement = try judge(report.request, kind: report.kind, of: station) } catch {
      judgement = .refused("\(error)")
    }
    switch judgement {
    case .refused(let why):
      try books.certificates.insert(
        CertificateRequest(
          station: id, kind: report.kind, number: report.number, digest: digest, phase: .refused, reason: why, at: now))
      try record(.certificate(.requestRefused(id, report.kind, why: why)))
      log.warning(
        "a station's request for a certificate was refused",
        metadata: ["station": "\(station.identity)", "reason": "\(why)"])
      return .refused(why)
    case .signed(let certificate, let chain):
      try enter(
        certificate, chain: chain, authority: report.kind == .station ? .station : .v2g,
        purpose: report.kind == .station ? .station : .v2g, station: id, by: "station")
      // With the next beat, so that the answer to the request goes first.
      try books.certificates.insert(
        CertificateRequest(
          station: id, kind: report.kind, number: report.number, digest: digest, phase: .signed,
          serial: certificate.serial, dueAt: now, at: now))
      try record(.certificate(.requested(id, report.kind, serial: certificate.serial)))
      if report.kind == .station { try walkSigned(certificate.serial, of: id) }
      return .accepted
    }
  }

  // MARK: Sent

  /// Sends the certificates that wait. One whose station is away waits for it.
  func deliverCertificates() throws(StoreFault) {
    try each(try books.certificates.requestsDue(at: now, limit: Limits.deliveriesAtOnce), of: "certificates") {
      due throws(StoreFault) in
      var request = due
      guard let serial = request.serial, let issued = try books.certificates.issued(serial) else {
        return try fail(&request, because: "the certificate is gone")
      }
      guard isOnline(request.station) else {
        request.dueAt = now + .seconds(Limits.deliveryPauseSeconds)
        return try books.certificates.update(request)
      }
      guard request.attempts < Limits.deliveryAttempts else {
        return try fail(&request, because: request.reason ?? "the station did not answer")
      }
      do {
        let command = StationCommand.security(
          .deliver(chain: issued.pem, request.kind, request: request.number))
        request.command = try issue(command, to: request.station, by: "house").id
        request.attempts += 1
        request.dueAt = nil
      } catch {
        request.dueAt = now + .seconds(Limits.deliveryPauseSeconds)
        request.reason = "\(error)"
      }
      try books.certificates.update(request)
    }
  }

  /// How a command about certificates ended.
  func certificatesAnswered(_ record: CommandRecord, _ outcome: CommandOutcome) throws(StoreFault) {
    if var request = try books.certificates.request(carriedBy: record.id) {
      try deliveryAnswered(&request, outcome)
    }
    guard let group = SecurityVerb(rawValue: record.verb) else { return }
    switch group {
    case .list:
      guard case .accepted(let answer) = outcome else { return }
      let use = record.detail["use"]?.string.flatMap { CertificateUse(rawValue: $0) }
      try heldTold(answer, for: use, by: record.station)
    case .install:
      guard case .accepted = outcome, let use = record.detail["use"]?.string.flatMap({ CertificateUse(rawValue: $0) })
      else { return }
      askForHeld(use, by: record.station)
    case .remove:
      if case .accepted = outcome {
      } else if case .refused(let word, _) = outcome, word.ciFolded == "notfound" {
      } else {
        return
      }
      guard let serial = record.detail["serial_number"]?.string, let name = record.detail["issuer_name_hash"]?.string
      else { return }
      for held in try books.certificates.held(by: record.station)
      where held.certificate.id.serial == serial && held.certificate.id.issuerName == name {
        try books.certificates.forgetHeld(held.certificate.id.key, by: record.station)
        askForHeld(held.certificate.use, by: record.station)
      }
    }
  }

  /// The verbs whose answers change what is known of a station's store.
  private enum SecurityVerb: String {
    case list = "list-certificates", install = "install-certificate", remove = "delete-certificate"
  }

  private func deliveryAnswered(_ request: inout CertificateRequest, _ outcome: CommandOutcome) throws(StoreFault) {
    request.command = nil
    switch outcome {
    case .accepted:
      (request.phase, request.reason) = (.accepted, nil)
      try books.certificates.update(request)
      guard let serial = request.serial else { return }
      try record(.certificate(.delivered(request.station, serial: serial)))
      if request.kind == .station { try walkTookCertificate(serial, of: request.station) }
    case .refused(let word, _):
      // It will not want it the next time either (A02.FR.20: it asks again by itself where it wants another).
      try fail(&request, because: "the station refused the certificate (\(word))")
    case .impossible(let why): try fail(&request, because: why)
    case .failed(let code, let description, _):
      try again(&request, because: "the station answered with an error (\(code)) \(description)")
    case .timedOut: try again(&request, because: "the station did not answer")
    case .disconnected: try again(&request, because: "the connection was lost before the station answered")
    }
  }

  private func again(_ request: inout CertificateRequest, because why: String) throws(StoreFault) {
    request.reason = why
    request.dueAt = now + .seconds(Limits.deliveryPauseSeconds << min(request.attempts, 6))
    try books.certificates.update(request)
  }

  private func fail(_ request: inout CertificateRequest, because why: String) throws(StoreFault) {
    (request.phase, request.reason, request.dueAt, request.command) = (.failed, why, nil, nil)
    try books.certificates.update(request)
    try record(.certificate(.notTaken(request.station, serial: request.serial ?? "", why: why)))
    try walkFailed(of: request.station, because: why)
    log.warning("a station did not take its certificate", metadata: ["reason": "\(why)"])
  }

  // MARK: Held

  private func heldTold(_ answer: JSON, for use: CertificateUse?, by station: ID<Station>) throws(StoreFault) {
    guard let told = try? HeldCertificates.read(answer.bytes).value else { return }
    try books.certificates.replaceHeld(
      by: station, uses: use.map { [$0] } ?? [], with: told.certificates.map { ($0.id.key, $0) }, at: now)
  }

  /// Asks a station anew what it holds, so that what is shown stays true.
  private func askForHeld(_ use: CertificateUse, by station: ID<Station>) {
    afterCommit {
      self.note { () throws(StoreFault) in
        do { _ = try self.issue(.security(.list(use)), to: station, by: "house") } catch {
          // It went meanwhile; whoever wants to know can ask.
        }
      }
    }
  }

  // MARK: Renewed

  /// Stations whose certificate of ours ends soon are told to ask for the next one (A02).
  func renewCertificates() throws(StoreFault) {
    guard settings.certificateRenewalDays > 0 else { return }
    let horizon = now + .seconds(settings.certificateRenewalDays * 86_400)
    for (identity, certificate) in try books.security.expiring(by: horizon, limit: Limits.expiriesAtOnce) {
      guard let station = try books.stations.station(identity), isOnline(station.id),
        try books.certificates.issued(certificate.serial) != nil,
        try !holdsNewer(than: certificate.expiresAt, station.id),
        try books.certificates.asksForRenewal(
          station.id, since: now - .seconds(Limits.renewalPauseSeconds), at: now)
      else { continue }
      do { _ = try issue(.trigger(.certificate, evse: nil), to: station.id, by: "house") } catch {
        log.notice("a station was not told to renew its certificate", metadata: ["cause": "\(error)"])
      }
    }
  }

  /// It took a later one already, and has not come in with it yet.
  private func holdsNewer(than end: Timestamp, _ station: ID<Station>) throws(StoreFault) -> Bool {
    let recent = try books.certificates.requests(of: station, limit: Limits.recentCertificateRequests)
    for request in recent where request.kind == .station && (request.phase == .accepted || request.phase == .signed) {
      if let serial = request.serial, let issued = try books.certificates.issued(serial), issued.expiresAt > end {
        return true
      }
    }
    return false
  }

  // MARK: Security events (A04)

  func securityEventReported(_ report: SecurityEventReport, by station: ID<Station>) throws(StoreFault) {
    try books.securityEvents.append(report, of: station, at: now)
    try record(
      .certificate(
        .securityEvent(station, type: report.type, info: report.info, isAlarming: report.isAlarming)))
    guard report.isAlarming, let identity = try books.stations.station(station)?.identity else { return }
    log.warning(
      "a station raises an alarm",
      metadata: ["station": "\(identity)", "type": "\(report.type)", "info": "\(report.info ?? "")"])
  }
}

// MARK: - Roots

extension CSMS {
  /// Trusts a root: contracts below it are believed, and it is offered for installation on stations.
  public func trust(_ pem: String, for use: CertificateUse, by who: String) async throws(Refusal) -> TrustedRoot {
    guard use != .v2gChain else { throw .invalid(field: "use", "a station's own chain is no root") }
    let certificate: Certificate
    do { certificate = try Certificate(pem: pem) } catch {
      throw .invalid(field: "certificate", "a certificate in PEM is expected")
    }
    guard certificate.isAuthority else { throw .invalid(field: "certificate", "it is no authority's certificate") }
    return try await turn { () throws(Refusal) in
      let name = certificate.subject.commonName ?? certificate.subject.organization ?? certificate.serial
      var root = TrustedRoot(
        use: use, name: name, fingerprint: certificate.fingerprint, pem: certificate.pem,
        expiresAt: certificate.notAfter, addedAt: self.now)
      let kept = try keep { () throws(StoreFault) in try self.books.certificates.roots(for: use) }
      if let same = kept.first(where: { $0.fingerprint == root.fingerprint }) { return same }
      guard kept.count < Limits.trustedRoots else {
        throw .conflict("there are \(Limits.trustedRoots) of them already")
      }
      let new = root
      root.id = try keep { () throws(StoreFault) in
        let id = try self.books.certificates.insert(new)
        try self.record(.certificate(.rootTrusted(use: use, name: name, by: who)))
        return id
      }
      return root
    }
  }

  public func distrust(_ id: ID<TrustedRoot>, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard let root = try keep({ () throws(StoreFault) in try self.books.certificates.root(id) }) else {
        throw .notFound("no such root")
      }
      try keep { () throws(StoreFault) in
        try self.books.certificates.removeRoot(id)
        try self.record(.certificate(.rootDistrusted(use: root.use, name: root.name, by: who)))
      }
    }
  }

  /// The root that a station is to install: one that was given, or our own authority's.
  public func installable(_ pem: String?, for use: CertificateUse) throws(Refusal) -> String {
    if let pem {
      guard let certificate = try? Certificate(pem: pem) else {
        throw .invalid(field: "certificate", "a certificate in PEM is expected")
      }
      return certificate.pem
    }
    guard use == .csms else { throw .invalid(field: "certificate", "this field is required") }
    guard let own = try authorityRoot() else {
      throw .invalid(field: "certificate", "this field is required: there is no authority of our own")
    }
    return own.pem
  }
}

extension CertificateID {
  /// The same in the words of whoever computes with it.
  var hash: CertificateHash {
    let algorithm: HashAlgorithm =
      switch algorithm {
      case .sha256: .sha256
      case .sha384: .sha384
      case .sha512: .sha512
      }
    return CertificateHash(algorithm, issuerName: issuerName, issuerKey: issuerKey, serial: serial)
  }

  /// One spelling for all.
  var key: String { hash.key }
}
