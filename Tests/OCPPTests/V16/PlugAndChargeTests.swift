import Domain
@testable import OCPP
import Testing
import Wire

/// ISO 15118 over 1.6: messages of 2.0.1 within DataTransfer.
@MainActor @Suite struct PlugAndChargeTests {
  private let desk = Desk()
  private static let hash =
    #"{"hashAlgorithm":"SHA256","issuerNameHash":"aa","issuerKeyHash":"bb","serialNumber":"1f"}"#

  private func ask(_ message: String, _ data: String) throws -> JSON {
    let call: JSON = [
      "vendorId": "org.openchargealliance.iso15118pnc", "messageId": .string(message), "data": .string(data),
    ]
    return try JSON.parse(try answer("DataTransfer", call.text, desk))
  }

  private func data(_ reply: JSON) throws -> JSON { try JSON.parse(try #require(reply["data"]?.string)) }

  @Test func aRequestTowardsVehiclesIsOne() throws {
    let reply = try ask("SignCertificate", #"{"csr":"PEM","certificateType":"V2GCertificate"}"#)
    #expect(reply["status"] == "Accepted")
    #expect(try data(reply)["status"] == "Accepted")
    #expect(desk.requests.map(\.kind) == [.v2g])
  }

  @Test func aContractIsAuthorizedHoweverItIsWritten() throws {
    for token in [#""NLTNMC00122045K""#, #"{"idToken":"NLTNMC00122045K","type":"eMAID"}"#] {
      let hash = Self.hash.dropLast() + #","responderURL":"http://ocsp"}"#
      let told = try data(try ask("Authorize", #"{"idToken":\#(token),"iso15118CertificateHashData":[\#(hash)]}"#))
      #expect(told["certificateStatus"] == "Accepted" && told["idTokenInfo"]?["status"] == "Accepted")
    }
    #expect(desk.contracts.map(\.contract) == ["NLTNMC00122045K", "NLTNMC00122045K"])
    #expect(desk.contracts[0].questions.first?.urls == ["http://ocsp"])
  }

  @Test func aRespondersAnswerIsPassedOnInBase64() throws {
    let asked = #"{"ocspRequestData":\#(Self.hash.dropLast()),"responderURL":"http://ocsp"}}"#
    #expect(try data(ask("GetCertificateStatus", asked))["ocspResult"] == "AQID")
    desk.responderAnswer = .failed("no route")
    let failed = try data(ask("GetCertificateStatus", asked))
    #expect(failed["status"] == "Failed" && failed["statusInfo"]?["additionalInfo"] == "no route")
  }

  @Test func aVehiclesWishIsPassedOn() throws {
    let wish = #"{"iso15118SchemaVersion":"urn","action":"Update","exiRequest":"RVhJ"}"#
    #expect(try data(ask("Get15118EVCertificate", wish))["exiResponse"] == "RVhJ")
    #expect(desk.wishes.map(\.action) == [.update])
  }

  @Test func whatIsNoMessageOrNoJSONIsRefused() throws {
    #expect(try ask("Reboot", "{}")["status"] == "UnknownMessageId")
    #expect(try ask("Authorize", "no json")["status"] == "Rejected")
    #expect(try ask("GetCertificateStatus", "{}")["status"] == "Rejected")
    #expect(desk.transfers.isEmpty && !desk.flags.isEmpty)
  }

  @Test func commandsOfPlugAndChargeTravelTheSameWay() throws {
    let request = try Dialect16().request(for: .security(.install(.v2g, pem: "PEM")))
    #expect(request.action == "DataTransfer")
    let payload = try JSON.parse(request.payload)
    #expect(payload["messageId"] == "InstallCertificate")
    let inner = try JSON.parse(try #require(payload["data"]?.string))
    #expect(inner == ["certificateType": "V2GRootCertificate", "certificate": "PEM"])
    #expect(
      request.outcome(["status": "Accepted", "data": #"{"status":"Accepted"}"#])
        == .accepted(answer: ["status": "Accepted"]))
    #expect(
      request.outcome(["status": "Accepted", "data": #"{"status":"Failed"}"#])
        == .refused(word: "Failed", answer: ["status": "Failed"]))
    guard case .refused = request.outcome(["status": "UnknownVendorId"]) else {
      Issue.record("a station that does not know the vendor refuses")
      return
    }
  }

  @Test func whatIsHeldForVehiclesIsListedInTheHousesWords() throws {
    let request = try Dialect16().request(for: .security(.list(.v2g)))
    let inner =
      #"{"status":"Accepted","certificateHashDataChain":[{"certificateType":"V2GRootCertificate","certificateHashData":\#(Self.hash)}]}"#
    let held = HeldCertificate(.v2g, CertificateID(.sha256, issuerName: "aa", issuerKey: "bb", serial: "1f"))
    #expect(
      request.outcome(["status": "Accepted", "data": .string(inner)])
        == .accepted(answer: HeldCertificates([held]).json))
  }
}
