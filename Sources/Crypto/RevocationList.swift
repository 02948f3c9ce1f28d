import CSystem
import Wire

/// What an authority revoked, as the authority itself publishes it (RFC 5280 §5).
public enum RevocationList {
  /// Reads a list, in PEM or DER, about one certificate of the authority that made it. With authorities it must be signed
  /// by the one of them whose name it bears.
  public static func read(
    _ bytes: Bytes, about hash: CertificateHash, at now: Timestamp, authorities: [Certificate] = []
  ) throws(OCSP.Flaw) -> OCSP.Answer {
    defer { ERR_clear_error() }
    let der = String(utf8: bytes).flatMap { PEM.blocks("X509 CRL", in: $0).first } ?? bytes
    guard let list = decoded(der, { d2i_X509_CRL(nil, $0, $1) }) else { throw .unreadable }
    defer { X509_CRL_free(list) }
    let issuer = encoded { i2d_X509_NAME(X509_CRL_get_issuer(list), $0) }
    guard hash.algorithm.digest(issuer).hex == hash.issuerName.ciFolded else { throw .besideThePoint }
    let next = X509_CRL_get0_nextUpdate(list).map { time($0) }
    guard let from = X509_CRL_get0_lastUpdate(list), time(from) <= now + OCSP.skew,
      next.map({ $0 > now - OCSP.skew }) ?? true
    else { throw .besideThePoint }
    let signers = authorities.filter { $0.subject.der == issuer }
    guard authorities.isEmpty || signers.contains(where: { isSigned(list, by: $0.key) }) else { throw .untrusted }
    guard let serial = integer(hex: hash.serial) else { throw .besideThePoint }
    defer { ASN1_STRING_free(serial) }
    var entry: OpaquePointer?
    // 2 is an entry that takes a former one back.
    let isRevoked = X509_CRL_get0_by_serial(list, &entry, serial) == 1
    return OCSP.Answer(state: isRevoked ? .revoked : .good, nextUpdate: next)
  }

  private static func isSigned(_ list: OpaquePointer, by key: PublicKey) -> Bool {
    guard let pointer = decoded(key.der, { d2i_PUBKEY(nil, $0, $1) }) else { return false }
    defer { EVP_PKEY_free(pointer) }
    return X509_CRL_verify(list, pointer) == 1
  }
}
