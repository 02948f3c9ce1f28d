import Testing
import Wire

@testable import Crypto

/// Signed readings of meters, with keys and signatures that the `openssl` command makes.
struct OCMFTests {
  private let openssl: OpenSSLCommand
  private let readings =
    #"{"FV":"1.0","GI":"Meter","RD":[{"TM":"2026-11-26T12:00:00,000+0000 S","RV":12.345,"RU":"kWh","TX":"a|{b"}]}"#

  init() throws { openssl = try OpenSSLCommand() }

  /// A line that the owner of `meter.key` signed.
  private func line(_ curve: String, _ method: String, digest: String = "sha256", base64: Bool = false) throws -> String
  {
    try openssl.run("ecparam -name \(curve) -genkey -noout -out meter.key")
    try openssl.run("ec -in meter.key -pubout -out meter.pem")
    try openssl.run("ec -in meter.key -pubout -outform DER -out meter.der")
    try openssl.write(readings, as: "readings")
    try openssl.run("dgst -\(digest) -sign meter.key -out signature readings")
    let signature = try openssl.bytes("signature")
    let text = base64 ? signature.base64 : signature.hex
    return "OCMF|\(readings)|{\"SA\":\"\(method)\",\"SE\":\"\(base64 ? "base64" : "hex")\",\"SD\":\"\(text)\"}"
  }

  @Test(arguments: [
    ("prime256v1", "ECDSA-secp256r1-SHA256", "sha256"), ("secp384r1", "ECDSA-secp384r1-SHA256", "sha256"),
    ("secp256k1", "ECDSA-secp256k1-SHA256", "sha256"), ("brainpoolP256r1", "ECDSA-brainpool256r1-SHA256", "sha256"),
    ("secp521r1", "ECDSA-secp521r1-SHA512", "sha512"), ("prime192v1", "ECDSA-secp192r1-SHA256", "sha256"),
  ])
  func theMetersOwnKeyVerifiesAndAnotherDoesNot(curve: String, method: String, digest: String) throws {
    let ocmf = try #require(OCMF(try line(curve, method, digest: digest)))
    #expect(ocmf.readings == readings && ocmf.method == method && ocmf.version == "1.0")
    let own = try #require(MeterKey(try openssl.text("meter.pem")))
    #expect(ocmf.isSigned(by: own) == true)
    try openssl.run("ecparam -name \(curve) -genkey -noout -out other.key")
    try openssl.run("ec -in other.key -pubout -out other.pem")
    #expect(ocmf.isSigned(by: try #require(MeterKey(try openssl.text("other.pem")))) == false)
  }

  @Test func oneLetterMoreIsAnotherReading() throws {
    let text = try line("prime256v1", "ECDSA-secp256r1-SHA256", base64: true)
    let key = try #require(MeterKey(try openssl.text("meter.pem")))
    #expect(OCMF(text)?.isSigned(by: key) == true)
    #expect(OCMF(text.replacing("12.345", with: "12.346"))?.isSigned(by: key) == false)
    #expect(OCMF(text.replacing(",\"RU\"", with: ", \"RU\""))?.isSigned(by: key) == false)
  }

  @Test func aKeyIsUnderstoodHoweverItIsTold() throws {
    let ocmf = try #require(OCMF(try line("prime256v1", "ECDSA-secp256r1-SHA256")))
    let der = try openssl.bytes("meter.der")
    // The point is what stands last in the key.
    let point = Bytes(der.suffix(65))
    let spellings = [
      der.hex, der.hex.uppercased(), der.base64, point.hex, point.base64, Bytes(utf8: der.hex).base64,
      Bytes(utf8: try openssl.text("meter.pem")).base64,
    ]
    for text in spellings { #expect(MeterKey(text).flatMap { ocmf.isSigned(by: $0) } == true, "\(text)") }
    for text in ["", "no key", "04", point.dropLast().hex] {
      #expect(MeterKey(text).flatMap { ocmf.isSigned(by: $0) } != true, "\(text)")
    }
  }

  @Test func whatIsNoOCMFIsNone() {
    for text in [
      "", "OCMF", "OCMF|{}", "OCMF|{}|", "OCMF|{}|{}", "OCMF|x|{\"SD\":\"00\"}", "EDL|{}|{\"SD\":\"00\"}",
      "OCMF|{}|{\"SD\":\"no hex\"}",
    ] {
      #expect(OCMF(text) == nil, "\(text)")
    }
  }

  @Test func aMethodThatNobodyKnowsIsNoVerdict() throws {
    let ocmf = try #require(OCMF(try line("prime256v1", "RSA-2048-SHA256")))
    #expect(ocmf.isSigned(by: try #require(MeterKey(try openssl.text("meter.pem")))) == nil)
  }
}
