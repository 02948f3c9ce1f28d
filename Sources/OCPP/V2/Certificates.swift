// OCPP 2.x: how certificates are named without being sent.

import Wire

// MARK: - Certificates by their hashes

extension V2 {
  /// A certificate, by hashes of its issuer and its serial number (as OCSP does, RFC 6960).
  public struct CertificateHashData: Payload {
    public var hashAlgorithm = Loose<HashAlgorithm>.known(.sha256)
    /// Hexadecimal, as the hash of the key.
    public var issuerNameHash = ""
    public var issuerKeyHash = ""
    /// Hexadecimal without leading zeros.
    public var serialNumber = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("hashAlgorithm", &hashAlgorithm)
      try w.visit("issuerNameHash", &issuerNameHash, max: 128)
      try w.visit("issuerKeyHash", &issuerKeyHash, max: 128)
      try w.visit("serialNumber", &serialNumber, max: 40)
    }
  }

  /// A certificate and those that it hangs below, as far as the station tells.
  public struct CertificateHashDataChain: Payload {
    public var certificateHashData = CertificateHashData(), certificateType = Loose<CertificateUse>.known(.v2gRoot)
    public var childCertificateHashData: [CertificateHashData]?

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("certificateHashData", &certificateHashData)
      try w.visit("certificateType", &certificateType)
      try w.visit("childCertificateHashData", &childCertificateHashData, count: 1...4)
    }
  }

  public enum HashAlgorithm: String, Word { case sha256 = "SHA256", sha384 = "SHA384", sha512 = "SHA512" }

  /// A certificate to be asked for at its OCSP responder.
  public struct OCSPRequestData: Payload {
    public var hashAlgorithm = Loose<HashAlgorithm>.known(.sha256), issuerNameHash = "", issuerKeyHash = ""
    public var serialNumber = "", responderURL = ""

    public init() {}

    public mutating func walk(_ w: inout some Walker) throws(Flaw) {
      try w.visit("hashAlgorithm", &hashAlgorithm)
      try w.visit("issuerNameHash", &issuerNameHash, max: 128)
      try w.visit("issuerKeyHash", &issuerKeyHash, max: 128)
      try w.visit("serialNumber", &serialNumber, max: 40)
      try w.visit("responderURL", &responderURL, max: w.limit(512, v21: 2000))
    }
  }

  public enum CertificateSigningUse: String, Word {
    case chargingStation = "ChargingStationCertificate", v2g = "V2GCertificate", v2g20 = "V2G20Certificate"

    public var since: Edition {
      self == .v2g20 ? .v21 : .first
    }
  }

  public enum CertificateUse: String, Word {
    case v2gRoot = "V2GRootCertificate", moRoot = "MORootCertificate", csmsRoot = "CSMSRootCertificate"
    case v2gChain = "V2GCertificateChain", manufacturerRoot = "ManufacturerRootCertificate"
    case oemRoot = "OEMRootCertificate"

    public var since: Edition {
      self == .oemRoot ? .v21 : .first
    }
  }
}
