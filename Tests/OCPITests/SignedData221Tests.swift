import Domain
import Testing
import Wire

@testable import OCPI

/// What a meter signed, in a CDR of OCPI 2.2.1 (§10.4.6, §10.4.7).
struct SignedData221Tests {
  @Test func signedReadingsAreHandedOnToTheLetter() throws {
    var cdr = Domain.CDR()
    var value = Domain.CDR.SignedValue()
    (value.nature, value.plain, value.signed) = ("Start", #"{"RV":1}"#, "T0NNRg==")
    var data = Domain.CDR.SignedData()
    (data.encodingMethod, data.encodingVersion, data.publicKey, data.values) = ("OCMF", 1, "04AB", [value])
    cdr.signedData = data
    let json = V221.CDR(cdr, .v221).json(edition: .v221)
    #expect(
      json["signed_data"] == [
        "encoding_method": "OCMF", "encoding_method_version": 1, "public_key": "04AB",
        "signed_values": [["nature": "Start", "plain_data": #"{"RV":1}"#, "signed_data": "T0NNRg=="]],
      ])
  }

  @Test func withoutThemThereIsNoField() {
    #expect(V221.CDR(Domain.CDR(), .v221).json(edition: .v221)["signed_data"] == nil)
  }
}
