import CSMS
import Crypto
import Domain
import HTTP
import Store
import Wire

// The certificate authority of the house, whom it trusts, and what stations hold and tell of their own security.
extension Route {
  static let certificates: [Route] = [
    Route("getAuthority", .get, "/ca", .look) { api, _ in try await api.showAuthority() },
    Route("createAuthority", .post, "/ca", .own) { try await $0.createAuthority($1) },
    Route("importAuthority", .post, "/ca/import", .own) { try await $0.importAuthority($1) },
    Route("listIssuedCertificates", .get, "/ca/certificates", .look) { try await $0.listIssued($1) },
    Route("certifyStation", .post, "/ca/certificates", .own) { try await $0.certifyStation($1) },
    Route("revokeCertificate", .post, "/ca/certificates/{serial}/revoke", .run) { try await $0.revokeCertificate($1) },
    Route("certifyDoor", .post, "/ca/doors", .own) { try await $0.certifyDoor($1) },
    Route("listRoots", .get, "/roots", .look) { api, _ in try await api.listRoots() },
    Route("trustRoot", .post, "/roots", .own) { try await $0.trustRoot($1) },
    Route("distrustRoot", .delete, "/roots/{id}", .own) { try await $0.distrustRoot($1) },
    Route("getStationCertificates", .get, "/stations/{id}/certificates", .look) {
      try await $0.stationCertificates($1)
    },
    Route("setMeterKey", .put, "/stations/{id}/evses/{number}/meter-key", .run) { try await $0.setMeterKey($1) },
    Route("listSecurityEvents", .get, "/stations/{id}/security-events", .look) { try await $0.securityEvents($1) },
    Route("getProfileWalk", .get, "/stations/{id}/profile-walk", .look) { try await $0.showWalk($1.identity()) },
    Route("startProfileWalk", .post, "/stations/{id}/profile-walk", .run) { try await $0.startWalk($1) },
    Route("stopProfileWalk", .delete, "/stations/{id}/profile-walk", .run) { try await $0.stopWalk($1) },
  ]
}

extension API {
  // MARK: The authority

  fileprivate func showAuthority(status: Status = .ok) async throws -> Answer {
    func json(_ purpose: AuthorityPurpose) throws -> JSON {
      guard let own = try house.authority(purpose), let root = try house.authorityRoot(purpose) else { return .null }
      var json = own.json
      json["certificate"] = .string(own.pem)
      json["root"] = .string(root.pem)
      json["revocation_list"] = .text(try house.revocationList(purpose))
      return json
    }
    return .json(["station": try json(.station), "v2g": try json(.v2g)], status: status)
  }

  fileprivate func createAuthority(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let name = try fields.maybeText("name")
    let kind: AuthorityKey = try fields.maybeWord("key") ?? .p256
    try fields.finish()
    _ = try await house.createAuthority(name: name, kind: kind.kind, by: call.by)
    return try await showAuthority(status: .created)
  }

  fileprivate func importAuthority(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let purpose: AuthorityPurpose = try fields.word("purpose")
    let (chain, key) = try (fields.text("chain"), fields.text("key"))
    try fields.finish()
    _ = try await house.importAuthority(for: purpose, chain: chain, key: key, by: call.by)
    return try await showAuthority(status: .created)
  }

  fileprivate func listIssued(_ call: Call) async throws -> Answer {
    let limit = try call.limit()
    let cursor = try call.cursorID(of: IssuedCertificate.self)
    let station = call[query: "station"]
    let found = try await house.read { books throws(StoreFault) in
      var id: ID<Station>?
      if let station {
        guard let identity = StationIdentity(station), let known = try books.stations.station(identity) else {
          return [IssuedCertificate]()
        }
        id = known.id
      }
      return try books.certificates.issued(to: id, before: cursor, limit: limit)
    }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last.map { "\($0.id)" })
  }

  fileprivate func certifyStation(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let (station, request) = try (fields.text("station"), fields.text("request"))
    try fields.finish()
    guard let identity = StationIdentity(station) else { throw Problem.invalid("station", "no station's identity") }
    let issued = try await house.certify(request, for: identity, by: call.by)
    return .json(issued.json, status: .created)
  }

  fileprivate func revokeCertificate(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let why = try fields.maybeText("because") ?? "revoked by the operator"
    try fields.finish()
    try await house.revoke(call.text("serial"), because: why, by: call.by)
    return .done
  }

  fileprivate func certifyDoor(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let hosts = try fields.maybeTexts("hosts") ?? []
    try fields.finish()
    let made = try await house.issueDoorCertificate(hosts: hosts, by: call.by)
    var json = made.certificate.json
    json["certificate_file"] = .string(made.chain)
    json["key_file"] = .string(made.key)
    return .json(json, status: .created)
  }

  // MARK: Roots

  fileprivate func listRoots() async throws -> Answer {
    let roots = try await house.read { books throws(StoreFault) in try books.certificates.roots() }
    return .page(roots.map(\.json), next: nil)
  }

  fileprivate func trustRoot(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let use: CertificateUse = try fields.word("use")
    let pem = try fields.text("certificate")
    try fields.finish()
    return .json(try await house.trust(pem, for: use, by: call.by).json, status: .created)
  }

  fileprivate func distrustRoot(_ call: Call) async throws -> Answer {
    try await house.distrust(try call.id(), by: call.by)
    return .done
  }

  // MARK: Of one station

  fileprivate func stationCertificates(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        (
          shown: try books.security.certificate(of: station.id), held: try books.certificates.held(by: station.id),
          requests: try books.certificates.requests(of: station.id, limit: Limits.page),
          issued: try books.certificates.issued(to: station.id, limit: Limits.page),
          walk: try books.profileWalks.walk(of: station.id)
        )
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return .json([
      "shown": found.shown?.json ?? .null,
      "held": .list(found.held) { held in
        var json = held.certificate.id.json
        json["use"] = .word(held.certificate.use)
        json["children"] = .list(held.certificate.children ?? []) { $0.json }
        json["seen_at"] = .time(held.seenAt)
        return json
      },
      "requests": .list(found.requests) { $0.json }, "issued": .list(found.issued) { $0.json },
      "walk": found.walk?.json ?? .null,
    ])
  }

  fileprivate func setMeterKey(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    guard let number = Int(call.text("number")) else { throw Problem(.notFound, "an EVSE has a number") }
    var fields = try call.fields()
    let key = try fields.maybeText("key")
    try fields.finish()
    try await house.setMeterKey(key, of: number, at: identity, by: call.by)
    return .done
  }

  fileprivate func securityEvents(_ call: Call) async throws -> Answer {
    let (identity, limit, cursor) = try (call.identity(), call.limit(), call.cursorID(of: SecurityEvent.self))
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        try books.securityEvents.list(of: station.id, before: cursor, limit: limit)
      }
    }
    guard let found else { throw Problem(.notFound, "no station \(identity)") }
    return .page(found.map(\.json), next: found.count < limit ? nil : found.last.map { "\($0.id)" })
  }

  fileprivate func showWalk(_ identity: StationIdentity) async throws -> Answer {
    let found = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity).map { station throws(StoreFault) in
        try books.profileWalks.walk(of: station.id)
      }
    }
    guard let walk = found ?? nil else { throw Problem(.notFound, "\(identity) is not on its way to profile 3") }
    return .json(walk.json)
  }

  fileprivate func startWalk(_ call: Call) async throws -> Answer {
    .json(try await house.walkToProfile3(try call.identity(), by: call.by).json, status: .accepted)
  }

  fileprivate func stopWalk(_ call: Call) async throws -> Answer {
    try await house.stopWalk(of: try call.identity(), by: call.by)
    return .done
  }
}

// MARK: - How they are shown

/// The keys that an authority can be made with.
nonisolated private enum AuthorityKey: String, Word {
  case p256, p384, p521, rsa3072, rsa4096

  var kind: KeyKind {
    switch self {
    case .p256: .p256
    case .p384: .p384
    case .p521: .p521
    case .rsa3072: .rsa(bits: 3_072)
    case .rsa4096: .rsa(bits: 4_096)
    }
  }
}

nonisolated extension Certificate {
  var json: JSON {
    [
      "serial": .string(serial), "common_name": .text(subject.commonName), "organization": .text(subject.organization),
      "key": .string(key.kind.description), "fingerprint": .string(fingerprint), "not_before": .time(notBefore),
      "expires_at": .time(notAfter), "hosts": .list(hosts) { .string($0) },
    ]
  }
}

nonisolated extension IssuedCertificate {
  var json: JSON {
    [
      "serial": .string(serial), "purpose": .word(purpose), "common_name": .string(commonName),
      "certificate": .string(pem), "issued_at": .time(issuedAt), "expires_at": .time(expiresAt),
      "issued_by": .string(issuedBy), "revoked_at": .time(revokedAt), "revoked_because": .text(revokedBecause),
    ]
  }
}

nonisolated extension CertificateRequest {
  var json: JSON {
    [
      "kind": .word(kind), "phase": .word(phase), "reason": .text(reason), "serial": .text(serial),
      "attempts": .whole(attempts), "at": .time(at),
    ]
  }
}

nonisolated extension TrustedRoot {
  var json: JSON {
    [
      "id": .id(id), "use": .word(use), "name": .string(name), "fingerprint": .string(fingerprint),
      "certificate": .string(pem), "expires_at": .time(expiresAt), "added_at": .time(addedAt),
    ]
  }
}

nonisolated extension SecurityEvent {
  var json: JSON {
    [
      "type": .string(type), "info": .text(info), "at": .time(at), "received_at": .time(receivedAt),
      "alarming": .bool(isAlarming),
    ]
  }
}

nonisolated extension ProfileWalk {
  var json: JSON {
    [
      "step": .word(step), "attempts": .whole(attempts), "reason": .text(reason), "serial": .text(serial),
      "started_at": .time(startedAt), "by": .string(by), "changed_at": .time(changedAt),
    ]
  }
}
