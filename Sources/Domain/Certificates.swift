import Wire

/// What a certificate in a station's store is for.
public enum CertificateUse: String, Word {
  /// The root by which a station knows us.
  case csms
  /// The root by which it knows its maker's firmware.
  case manufacturer
  /// The root of vehicle-to-grid communication (ISO 15118-2).
  case v2g
  /// The root of those who issue contracts.
  case mobilityOperator = "mobility_operator"
  /// The root of the vehicles' makers.
  case vehicleMaker = "vehicle_maker"
  /// The station's own chain towards vehicles; it is listed, and never installed as a root.
  case v2gChain = "v2g_chain"
}

/// What a station asks to be certified for.
public enum StationCertificateKind: String, Word {
  /// To prove to us who it is.
  case station
  /// To prove to vehicles who it is: ISO 15118-2, and ISO 15118-20.
  case v2g
  case v2g20
}

/// A certificate as OCPP names it without sending it: issuer and serial number, the issuer as digests (OCPP 2.0.1
/// `CertificateHashDataType`). Kept in the spelling of whoever told it.
public struct CertificateID: Payload, Hashable {
  public enum Algorithm: String, Word { case sha256 = "SHA256", sha384 = "SHA384", sha512 = "SHA512" }

  public var algorithm = Algorithm.sha256
  /// Hex.
  public var issuerName = ""
  public var issuerKey = ""
  /// Hex without leading zeros.
  public var serial = ""

  public init() {}

  public init(_ algorithm: Algorithm, issuerName: String, issuerKey: String, serial: String) {
    (self.algorithm, self.issuerName, self.issuerKey, self.serial) = (algorithm, issuerName, issuerKey, serial)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("hash_algorithm", &algorithm)
    try w.visit("issuer_name_hash", &issuerName, max: 128)
    try w.visit("issuer_key_hash", &issuerKey, max: 128)
    try w.visit("serial_number", &serial, max: 40)
  }
}

/// One certificate that a station holds, as it told.
public struct HeldCertificate: Payload, Hashable {
  public var use = CertificateUse.csms
  public var id = CertificateID()
  /// Of a chain: those that stand below the first.
  public var children: [CertificateID]?

  public init() {}

  public init(_ use: CertificateUse, _ id: CertificateID, children: [CertificateID]? = nil) {
    (self.use, self.id, self.children) = (use, id, children)
  }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) {
    try w.visit("use", &use)
    try w.visit("id", &id)
    try w.visit("children", &children)
  }
}

/// What a station answered when it was asked for its certificates, in the house's words.
public struct HeldCertificates: Payload {
  public var certificates: [HeldCertificate] = []

  public init() {}
  public init(_ certificates: [HeldCertificate]) { self.certificates = certificates }

  public mutating func walk(_ w: inout some Walker) throws(Flaw) { try w.visit("certificates", &certificates) }
}
