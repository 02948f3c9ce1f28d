import Wire

/// What is asked of a station about keys and certificates (OCPP 1.6 security whitepaper; OCPP 2.0.1 A and M).
public enum SecurityCommand: Sendable, Equatable {
  /// The certificate that it asked for, leaf first, in PEM; `request` is the number under which it asked, where it gave
  /// one.
  case deliver(chain: String, StationCertificateKind, request: Int64?)
  /// Installs a root (M05).
  case install(CertificateUse, pem: String)
  /// Which certificates it holds, for one use or for all (M03).
  case list(CertificateUse?)
  /// Forgets one (M04). In which of its stores it lies, only old stations must be told.
  case remove(CertificateID, CertificateUse?)
  /// Its new password (A01).
  case setKey(String)
  /// The security profile with which it is to come in (A05). A station that keeps several ways to us gets this one, to
  /// `url`, under the number `slot`, and says by `"needs": "preference"` in its answer that `preferProfile` must follow.
  case setProfile(SecurityProfile, slot: Int, url: String, over: NetworkProfile.Interface)
  /// Which of its slots it is to try, and in which order (B10).
  case preferProfile(NetworkOrder)

  public var verb: String {
    switch self {
    case .deliver: "send-certificate"
    case .install: "install-certificate"
    case .list: "list-certificates"
    case .remove: "delete-certificate"
    case .setKey: "set-password"
    case .setProfile: "set-security-profile"
    case .preferProfile: "use-network"
    }
  }

  /// Without secrets; a certificate is none, but long.
  public var detail: JSON {
    switch self {
    case .deliver(_, let kind, let request):
      ["kind": .string(kind.rawValue), "request": request.map { .number(JSONNumber($0)) } ?? .null]
    case .install(let use, _): ["use": .string(use.rawValue)]
    case .list(let use): ["use": use.map { .string($0.rawValue) } ?? .null]
    case .remove(let id, _): ["serial_number": .string(id.serial), "issuer_name_hash": .string(id.issuerName)]
    case .setKey: ["password": "(hidden)"]
    case .setProfile(let profile, let slot, let url, let interface):
      [
        "profile": .number(JSONNumber(profile.rawValue)), "slot": .number(JSONNumber(slot)), "url": .string(url),
        "interface": .string(interface.rawValue),
      ]
    case .preferProfile(let order): order.json
    }
  }
}
