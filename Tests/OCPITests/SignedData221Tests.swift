import Domain
import Testing
import Wire

@testable import OCPI

/// What a meter signed, in a CDR of OCPI 2.2.1 (§10.4.6, §10.4.7).
struct SignedData221Tests {
  private func written(
    key: String? = "04AB", plain: String = #"{"RV":1}"#, signed: String = "T0NNRg=="
  ) throws -> WrittenCDR {
    var cdr = Sample.cdr()
    var value = CDR.SignedValue()
    (value.nature, value.plain, value.signed) = ("Start", plain, signed)
    var data = CDR.SignedData()
    (data.encodingMethod, data.encodingVersion, data.publicKey, data.values) = ("OCMF", 1, key, [value])
    cdr.signedData = data
    return try edition.written(cdr, seconds)
  }

  @Test func signedReadingsAreHandedOnToTheLetter() throws {
    #expect(
      try written().bytes.json["signed_data"] == [
        "encoding_method": "OCMF", "encoding_method_version": 1, "public_key": "04AB",
        "signed_values": [["nature": "Start", "plain_data": #"{"RV":1}"#, "signed_data": "T0NNRg=="]],
      ])
  }

  @Test func withoutThemThereIsNoField() throws {
    #expect(try edition.written(Sample.cdr(), seconds).bytes.json["signed_data"] == nil)
  }

  @Test(arguments: [
    ("-----BEGIN PUBLIC KEY-----\nMFkw\nEwYH==\n-----END PUBLIC KEY-----\n", "MFkwEwYH=="),
    ("-----BEGIN PUBLIC KEY-----\r\nMFkw\r\n-----END PUBLIC KEY-----", "MFkw"), ("04 AB CD\n", "04ABCD"),
  ])
  func aKeyIsWrittenInOneLine(key: String, line: String) throws {
    #expect(try written(key: key).bytes.json["signed_data"]?["public_key"]?.string == line)
  }

  @Test func aKeyThatDoesNotFitIsLeftOutAndTheReadingsStay() throws {
    let cdr = try written(key: String(repeating: "A", count: 513))
    #expect(cdr.bytes.json["signed_data"]?["public_key"] == nil && cdr.bytes.json["signed_data"] != nil)
    #expect(cdr.unsaid == ["the public_key of signed_data"])
  }

  @Test(arguments: ["", "two\nlines", "a\ttab", "bell\u{7}"])
  func whatCannotBePrintedStandsInSignedDataAlone(plain: String) throws {
    let value = try written(plain: plain).bytes.json["signed_data"]?["signed_values"]?[0]
    #expect(value?["plain_data"] == "#NA" && value?["signed_data"] == "T0NNRg==")
  }

  @Test func aTextInAnyLanguageIsPlain() throws {
    let value = try written(plain: "Zählerstand 1 kWh €").bytes.json["signed_data"]?["signed_values"]?[0]
    #expect(value?["plain_data"] == "Zählerstand 1 kWh €")
  }

  @Test func aReadingThatIsTooLongIsLeftOutAndTheBillGoes() throws {
    #expect(try written(signed: String(repeating: "A", count: 5_000)).unsaid == [])
    let cdr = try written(signed: String(repeating: "A", count: 5_001))
    #expect(cdr.bytes.json["signed_data"] == nil && cdr.bytes.json["total_cost"] != nil)
    #expect(cdr.unsaid == ["the signed_data of a CDR"])
  }
}
