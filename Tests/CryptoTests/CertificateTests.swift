// Shows that a certificate is read as it was written, and that the self-signed one serves for what it is made for.
import CSystem
import Crypto
import Testing
import Wire

@Suite struct CertificateTests {
  @Test func aCertificateSaysWhoseItIs() throws {
    let info = try CertificateInfo(pem: station)
    #expect(info.commonName == "CP-0001")
    #expect(info.organization == "Müller GmbH")
    #expect(info.serial == "ABCDEF0123")
    #expect(info.notBefore == Timestamp("2026-11-22T21:32:12Z"))
    #expect(info.notAfter == Timestamp("2036-11-19T21:32:12Z"))
    #expect(info.fingerprint.hex == "6f23f74356e7bf3f156b6363934a8fd4e11c082ac08025e652d53c1d0f5e2cac")
  }

  @Test func bothFormsSayTheSame() throws {
    let der = try derForm(of: station)
    #expect(try CertificateInfo(der: der) == CertificateInfo(pem: station))
    #expect(SHA256.digest(der) == (try CertificateInfo(der: der)).fingerprint)
  }

  @Test func whatIsNoCertificateIsRefused() throws {
    let der = try derForm(of: station)
    ERR_clear_error()
    for bytes in [[], [0x30], Array(der.dropLast()), der + [0]] as [Bytes] {
      #expect(throws: CryptoFault.certificate) { try CertificateInfo(der: bytes) }
      #expect(ERR_peek_last_error() == 0, "nothing is left for a TLS connection on this thread to find")
    }
    for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
      #expect(throws: CryptoFault.certificate) { try CertificateInfo(pem: text) }
      #expect(ERR_peek_last_error() == 0)
    }
  }

  @Test func aSelfSignedCertificateNamesItsHosts() throws {
    let made = try SelfSignedCertificate.make(
      hosts: ["csms.example.org", "*.example.net", "127.0.0.1", "::1"], days: 30, organization: "Ostler, Inc.")
    let info = try CertificateInfo(pem: made.certificatePEM)
    #expect(info.commonName == "csms.example.org")
    #expect(info.organization == "Ostler, Inc.")
    try withCertificate(made.certificatePEM) { certificate in
      #expect(X509_check_host(certificate, "csms.example.org", 0, 0, nil) == 1)
      #expect(X509_check_host(certificate, "a.example.net", 0, 0, nil) == 1)
      #expect(X509_check_host(certificate, "example.com", 0, 0, nil) == 0)
      #expect(X509_check_ip_asc(certificate, "127.0.0.1", 0) == 1)
      #expect(X509_check_ip_asc(certificate, "::1", 0) == 1)
      #expect(X509_check_ip_asc(certificate, "127.0.0.2", 0) == 0)
      #expect(X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) == 1)
      #expect(X509_check_ca(certificate) == 0)
      #expect(X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0)
      #expect(X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0)
    }
  }

  @Test func itsKeyIsItsOwn() throws {
    let made = try SelfSignedCertificate.make(hosts: ["localhost"], days: 1)
    let other = try SelfSignedCertificate.make(hosts: ["localhost"], days: 1)
    try withCertificate(made.certificatePEM) { certificate in
      try withKey(made.keyPEM) { key in
        #expect(X509_check_private_key(certificate, key) == 1)
        #expect(X509_verify(certificate, key) == 1)
      }
      try withKey(other.keyPEM) { #expect(X509_check_private_key(certificate, $0) == 0) }
    }
    ERR_clear_error()
    #expect(try CertificateInfo(pem: made.certificatePEM).serial != CertificateInfo(pem: other.certificatePEM).serial)
  }

  @Test func whatIsNoHostIsRefused() {
    ERR_clear_error()
    for host in [
      "", "a b", "a,DNS:b", "a\nb", "grün.example", "a/b", "http://a", "127.0.0.1:80", "127.0.0.1,DNS:a", "::1%lo",
      "dirName:x", "a\0b", "127.0.0.1\0,DNS:a", String(repeating: "a", count: 254),
    ] {
      #expect(throws: CryptoFault.hosts([host])) { try SelfSignedCertificate.make(hosts: ["ok", host], days: 1) }
      #expect(ERR_peek_last_error() == 0, "\(host)")
    }
  }

  @Test func thereIsAtLeastOneHostAndAtMostAHundred() throws {
    let hosts = (1...101).map { "host\($0)" }
    #expect(throws: CryptoFault.hosts([])) { try SelfSignedCertificate.make(hosts: [], days: 1) }
    #expect(throws: CryptoFault.hosts([])) { try SelfSignedCertificate.make(hosts: hosts, days: 1) }
    let made = try SelfSignedCertificate.make(hosts: Array(hosts.prefix(100)), days: 1)
    try withCertificate(made.certificatePEM) { #expect(X509_check_host($0, "host100", 0, 0, nil) == 1) }
  }

  @Test func aNameTooLongForACommonNameIsStillAHost() throws {
    for (count, isCommonName) in [(63, true), (64, true), (65, false), (253, false)] {
      let host = String(repeating: "a", count: count - 4) + ".org"
      let made = try SelfSignedCertificate.make(hosts: [host], days: 1)
      #expect(try (CertificateInfo(pem: made.certificatePEM).commonName == host) == isCommonName)
      try withCertificate(made.certificatePEM) { #expect(X509_check_host($0, host, 0, 0, nil) == 1) }
    }
  }
}

/// Made once with the openssl program; its key is gone.
private let station = """
  -----BEGIN CERTIFICATE-----
  MIIBmDCCAT+gAwIBAgIGAKvN7wEjMAoGCCqGSM49BAMCMCkxFTATBgNVBAoMDE3D
  vGxsZXIgR21iSDEQMA4GA1UEAwwHQ1AtMDAwMTAeFw0yNjExMjIyMTMyMTJaFw0z
  NjExMTkyMTMyMTJaMCkxFTATBgNVBAoMDE3DvGxsZXIgR21iSDEQMA4GA1UEAwwH
  Q1AtMDAwMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFno6xor6hKUiX3zxjP4
  cUWMNJszC+Lp/pzAAwmtCAiLUxBjoAZQ4cQF+qa/AdIVQe2xhFjjaU92kGbNsVfk
  ka2jUzBRMB0GA1UdDgQWBBQ8qMyn3FoO3nekMu1D0/8eCqZO0TAfBgNVHSMEGDAW
  gBQ8qMyn3FoO3nekMu1D0/8eCqZO0TAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
  BAMCA0cAMEQCIHdw0ULvwD1QqR7RUjauhs9YPLidMn8Ya2ogKfCoMRwAAiBp4s6z
  cFB+wDpemAwqKRXM0Gv4GDgyGZUxY8Mvrktybg==
  -----END CERTIFICATE-----
  """

private func derForm(of pem: String) throws -> Bytes {
  try #require(Bytes(base64: pem.split(separator: "\n").dropFirst().dropLast().joined()))
}

private func withCertificate(_ pem: String, _ body: (OpaquePointer) throws -> Void) throws {
  let certificate = try #require(read(pem) { PEM_read_bio_X509($0, nil, nil, nil) })
  defer { X509_free(certificate) }
  try body(certificate)
}

private func withKey(_ pem: String, _ body: (OpaquePointer) throws -> Void) throws {
  let key = try #require(read(pem) { PEM_read_bio_PrivateKey($0, nil, nil, nil) })
  defer { EVP_PKEY_free(key) }
  try body(key)
}

private func read(_ pem: String, _ parse: (OpaquePointer?) -> OpaquePointer?) -> OpaquePointer? {
  pem.withCString { text in
    let bio = BIO_new_mem_buf(text, -1)
    defer { BIO_free(bio) }
    return parse(bio)
  }
}
