import Wire

/// Facts about certificates, keys and the stations' own security.
public enum CertificateEvent: Sendable, Equatable {
  /// A certificate authority of ours was made or brought; `purpose` is what it signs for.
  case authorityMade(purpose: String, name: String, by: String)
  case issued(serial: String, to: String, by: String)
  case revoked(serial: String, of: String, because: String, by: String)
  case rootTrusted(use: CertificateUse, name: String, by: String)
  case rootDistrusted(use: CertificateUse, name: String, by: String)
  /// A station asked to be certified, and will be.
  case requested(ID<Station>, StationCertificateKind, serial: String)
  case requestRefused(ID<Station>, StationCertificateKind, why: String)
  /// It took its certificate, or did not.
  case delivered(ID<Station>, serial: String)
  case notTaken(ID<Station>, serial: String, why: String)
  /// What a station told of its own security (OCPP 2.0.1 A04).
  case securityEvent(ID<Station>, type: String, info: String?, isAlarming: Bool)
  /// A station on its way to security profile 3 began a step, or gave up.
  case profileStep(ID<Station>, ProfileWalk.Step, why: String?)

  /// Name, subject and the rest, as the log has them.
  var written: (kind: String, subject: String, body: JSON) {
    switch self {
    case .authorityMade(let purpose, let name, let by):
      ("authority.made", "authority/\(purpose)", ["name": .string(name), "by": .string(by)])
    case .issued(let serial, let to, let by):
      ("certificate.issued", "certificate/\(serial)", ["to": .string(to), "by": .string(by)])
    case .revoked(let serial, let owner, let why, let by):
      (
        "certificate.revoked", "certificate/\(serial)",
        ["of": .string(owner), "because": .string(why), "by": .string(by)]
      )
    case .rootTrusted(let use, let name, let by):
      ("root.trusted", "root/\(use.rawValue)", ["name": .string(name), "by": .string(by)])
    case .rootDistrusted(let use, let name, let by):
      ("root.distrusted", "root/\(use.rawValue)", ["name": .string(name), "by": .string(by)])
    case .requested(let id, let kind, let serial):
      ("certificate.requested", "station/\(id)", ["kind": .string(kind.rawValue), "serial": .string(serial)])
    case .requestRefused(let id, let kind, let why):
      ("certificate.request_refused", "station/\(id)", ["kind": .string(kind.rawValue), "why": .string(why)])
    case .delivered(let id, let serial): ("certificate.delivered", "station/\(id)", ["serial": .string(serial)])
    case .notTaken(let id, let serial, let why):
      ("certificate.not_taken", "station/\(id)", ["serial": .string(serial), "why": .string(why)])
    case .securityEvent(let id, let type, let info, let isAlarming):
      (
        "station.security_event", "station/\(id)",
        ["type": .string(type), "info": info.map { .string($0) } ?? .null, "alarming": .bool(isAlarming)]
      )
    case .profileStep(let id, let step, let why):
      (
        "station.profile_step", "station/\(id)",
        ["step": .string(step.rawValue), "why": why.map { .string($0) } ?? .null]
      )
    }
  }
}
