import Domain
@testable import OCPP
import Testing
import Wire

let someCertificate = CertificateID(.sha384, issuerName: "AAbb", issuerKey: "CCdd", serial: "1f")

/// The security extension of 1.6 towards the house: what stations ask and tell, and what they are asked.
@MainActor @Suite struct SecurityTests16 {
  private nonisolated static let hash =
    #"{"hashAlgorithm":"SHA384","issuerNameHash":"AAbb","issuerKeyHash":"CCdd","serialNumber":"1f"}"#

  @Test func aRequestIsAcceptedOrRejectedAsTheHouseSays() throws {
    let desk = Desk()
    #expect(try answer("SignCertificate", #"{"csr":"PEM"}"#, desk) == #"{"status":"Accepted"}"#)
    #expect(
      desk.requests.map(\.request) == ["PEM"] && desk.requests[0].kind == .station && desk.requests[0].number == nil)
    desk.certificateVerdict = .refused("no authority")
    #expect(try answer("SignCertificate", #"{"csr":"PEM"}"#, desk) == #"{"status":"Rejected"}"#)
  }

  @Test func aSecurityEventIsToldWithItsTimeWhereThatIsPlausible() throws {
    let desk = Desk()
    for time in ["2026-03-01T12:00:00Z", "1970-01-01T00:00:00Z"] {
      let payload = #"{"type":"TamperDetectionActivated","timestamp":"\#(time)","techInfo":"door"}"#
      #expect(try answer("SecurityEventNotification", payload, desk) == "{}")
    }
    #expect(desk.securityEvents.map(\.type) == ["TamperDetectionActivated", "TamperDetectionActivated"])
    #expect(desk.securityEvents.map(\.at) == [Timestamp("2026-03-01T12:00:00Z"), nil])
    #expect(desk.securityEvents[0].isAlarming && desk.securityEvents[0].info == "door")
  }

  @Test(
    arguments: [
      (.deliver(chain: "PEM", .station, request: 7), "CertificateSigned", #"{"certificateChain":"PEM"}"#),
      (
        .install(.csms, pem: "PEM"), "InstallCertificate",
        #"{"certificateType":"CentralSystemRootCertificate","certificate":"PEM"}"#
      ),
      (
        .list(.manufacturer), "GetInstalledCertificateIds", #"{"certificateType":"ManufacturerRootCertificate"}"#
      ),
      (.remove(someCertificate, .csms), "DeleteCertificate", #"{"certificateHashData":\#(hash)}"#),
      (.setKey("0123"), "ChangeConfiguration", #"{"key":"AuthorizationKey","value":"0123"}"#),
      (
        .setProfile(.certificate, slot: 3, url: "", over: .any), "ChangeConfiguration",
        #"{"key":"SecurityProfile","value":"3"}"#
      ),
    ] as [(SecurityCommand, String, String)])
  func everyCommandHasItsCall(command: SecurityCommand, action: String, payload: String) throws {
    let request = try Dialect16().request(for: .security(command))
    #expect(request.action == action && String(decoding: request.payload, as: UTF8.self) == payload)
  }

  @Test(
    arguments: [
      .list(nil), .install(.v2gChain, pem: "PEM"), .preferProfile(NetworkOrder(slots: [3])),
      .install(.csms, pem: String(repeating: "x", count: 5_501)),
      .deliver(chain: String(repeating: "x", count: 10_001), .station, request: nil),
    ] as [SecurityCommand])
  func whatThisVersionLacksIsSaid(command: SecurityCommand) {
    #expect(throws: Unspeakable.self) { try Dialect16().request(for: .security(command)) }
  }

  @Test func whatAStationHoldsIsToldInTheHousesWords() throws {
    let request = try Dialect16().request(for: .security(.list(.csms)))
    let told = request.outcome(try JSON.parse(#"{"status":"Accepted","certificateHashData":[\#(Self.hash)]}"#))
    #expect(told == .accepted(answer: HeldCertificates([HeldCertificate(.csms, someCertificate)]).json))
    #expect(request.outcome(["status": "NotFound"]) == .accepted(answer: HeldCertificates().json))
  }

  @Test func aRefusalKeepsTheStationsWord() throws {
    let removal = try Dialect16().request(for: .security(.remove(someCertificate, nil)))
    #expect(removal.outcome(["status": "NotFound"]) == .refused(word: "NotFound", answer: ["status": "NotFound"]))
    let installation = try Dialect16().request(for: .security(.install(.csms, pem: "PEM")))
    #expect(installation.outcome(["status": "Failed"]) == .refused(word: "Failed", answer: ["status": "Failed"]))
  }
}
