import CSMS
import Domain
import Wire

// The verbs about keys and certificates.
extension SecurityCommand {
  /// A verb with its fields; nil for a verb that is none of these. Who is sent a certificate, and when, is decided by the
  /// house, so there is no verb for it.
  init?(_ verb: String, _ fields: inout Fields, house: CSMS) throws {
    switch verb {
    case "install-certificate":
      let use: CertificateUse = try fields.word("use")
      self = .install(use, pem: try house.installable(try fields.maybeText("certificate"), for: use))
    case "list-certificates": self = .list(try fields.maybeWord("use"))
    case "delete-certificate":
      self = .remove(
        CertificateID(
          try fields.maybeWord("hash_algorithm") ?? .sha256, issuerName: try fields.text("issuer_name_hash"),
          issuerKey: try fields.text("issuer_key_hash"), serial: try fields.text("serial_number")),
        try fields.maybeWord("use"))
    case "use-network": self = .preferProfile(try NetworkOrder(&fields))
    default: return nil
    }
  }
}
