// OCPP 2.x block C, Authorization: a vehicle that pays by its contract (C07).

import Domain
import Wire

extension V2.Authorize {
  /// For stations that ask about nothing but contracts; those of 2.x ask about every kind of token.
  static let contractRoute = Route(Self.self) { (call, station) throws(TurnFault) in
    let received = call.received
    return try station.authorize(call.message.contract).map { Reply($0, at: received) }
  }

  /// The contract that it shows, with what it shows for it.
  var contract: ContractReport {
    ContractReport(
      contract: idToken.idToken, chain: certificate,
      questions: (iso15118CertificateHashData ?? []).compactMap(\.question))
  }

  /// Whether it is about a contract's certificate.
  var hasCertificate: Bool { certificate != nil || iso15118CertificateHashData != nil }
}

extension V2.Authorize.Reply {
  init(_ verdict: ContractAuthorization, at now: Timestamp) {
    idTokenInfo = V2.IdTokenInfo(verdict.authorization, at: now)
    allowedEnergyTransfer = verdict.authorization.transferWords
    tariff = verdict.authorization.tariffForDriver
    certificateStatus =
      switch verdict.certificate {
      case .accepted: .accepted
      case .expired: .certificateExpired
      case .revoked: .certificateRevoked
      case .cancelled: .contractCancelled
      // What cannot be looked at is as good as wrong (C07.FR.17).
      case .untrusted, .unavailable: .certChainError
      case nil: nil
      }
  }
}
