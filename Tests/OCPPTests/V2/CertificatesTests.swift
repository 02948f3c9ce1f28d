import Domain
@testable import OCPP
import Testing
import Wire

/// Blocks A and M of 2.x towards the house: what stations ask and tell, and what they are asked.
@MainActor @Suite struct CertificatesTests {
  private let desk = Desk()
  private nonisolated static let hash =
    #"{"hashAlgorithm":"SHA384","issuerNameHash":"AAbb","issuerKeyHash":"CCdd","serialNumber":"1f"}"#
  private nonisolated static let question =
    #"{"hashAlgorithm":"SHA384","issuerNameHash":"AAbb","issuerKeyHash":"CCdd","serialNumber":"1f","responderURL":"http://ocsp"}"#

  private func ask(_ action: String, _ payload: String, _ edition: Edition = .v21) throws -> JSON {
    let routes = Routes([V2.securityRoutes, V2.certificateRoutes, [V2.Authorize.contractRoute]])
    let tape = try JSONTape(Bytes(utf8: payload))
    let prepared = try routes.read(action, tape.root, edition: edition, received: received)
    desk.flags += prepared.oddities
    guard case .now(let reply) = try prepared.decide(desk) else { return .null }
    return try JSON.parse(reply.encoded(edition: edition, options: Frame.writerOptions))
  }

  // MARK: Asked by stations

  @Test func aRequestBringsItsKindAndItsNumber() throws {
    let reply = try ask("SignCertificate", #"{"csr":"PEM","certificateType":"V2GCertificate","requestId":7}"#)
    #expect(reply == ["status": "Accepted"])
    _ = try ask("SignCertificate", #"{"csr":"PEM"}"#, .v201)
    #expect(desk.requests.map(\.kind) == [.v2g, .station] && desk.requests.map(\.number) == [7, nil])
  }

  @Test func aRefusalSaysWhy() throws {
    desk.certificateVerdict = .refused("its key is too weak")
    let reply = try ask("SignCertificate", #"{"csr":"PEM"}"#)
    #expect(reply["status"] == "Rejected" && reply["statusInfo"]?["additionalInfo"] == "its key is too weak")
    #expect(try ask("SignCertificate", #"{"csr":"PEM","certificateType":"Other"}"#)["status"] == "Rejected")
    #expect(desk.requests.count == 1)
  }

  @Test func aSecurityEventIsTold() throws {
    let payload = #"{"type":"MaintenanceLoginFailed","timestamp":"2026-03-01T12:00:00Z"}"#
    #expect(try ask("SecurityEventNotification", payload) == [:])
    #expect(desk.securityEvents.map(\.isAlarming) == [true])
  }

  @Test func aRespondersAnswerIsPassedOn() throws {
    let payload = #"{"ocspRequestData":\#(Self.question)}"#
    #expect(try ask("GetCertificateStatus", payload) == ["status": "Accepted", "ocspResult": "AQID"])
    #expect(desk.questions == [CertificateQuestion(someCertificate, urls: ["http://ocsp"])])
    desk.responderAnswer = .failed("no route")
    #expect(try ask("GetCertificateStatus", payload)["status"] == "Failed")
  }

  @Test func aVehiclesChainIsAnsweredCertificateByCertificate() throws {
    let one = #"{"certificateHashData":\#(Self.hash),"source":"OCSP","urls":["http://a","http://b"]}"#
    let reply = try ask("GetCertificateChainStatus", #"{"certificateStatusRequests":[\#(one),\#(one)]}"#)
    let states = try #require(reply["certificateStatus"]?.array)
    #expect(states.count == 2 && states.allSatisfy { $0["status"] == "Revoked" && $0["source"] == "OCSP" })
    #expect(states[0]["certificateHashData"] == (try JSON.parse(Self.hash)))
    #expect(desk.questions.map(\.urls) == [["http://a", "http://b"], ["http://a", "http://b"]])
  }

  @Test func aVehiclesWishIsPassedOnAndARefusalIsClear() throws {
    let payload =
      #"{"iso15118SchemaVersion":"urn","action":"Install","exiRequest":"RVhJ","maximumContractCertificateChains":2,"prioritizedEMAIDs":["A"]}"#
    desk.contractAnswer = .answered("QUJD", remaining: 1)
    let reply = try ask("Get15118EVCertificate", payload)
    #expect(reply["status"] == "Accepted" && reply["exiResponse"] == "QUJD" && reply["remainingContracts"] == 1)
    #expect(desk.wishes.first?.mostChains == 2 && desk.wishes.first?.contracts == ["A"])
    desk.contractAnswer = .failed("no provider")
    let refused = try ask("Get15118EVCertificate", payload, .v201)
    #expect(refused["status"] == "Failed" && refused["statusInfo"]?["additionalInfo"] == "no provider")
    #expect(refused["exiResponse"] == "")
  }

  @Test(
    arguments: [
      (.accepted, "Accepted"), (.expired, "CertificateExpired"), (.revoked, "CertificateRevoked"),
      (.untrusted, "CertChainError"), (.unavailable, "CertChainError"), (.cancelled, "ContractCancelled"), (nil, nil),
    ] as [(ContractAuthorization.Verdict?, String?)])
  func whatACertificateIsWorthIsSaidInTheProtocolsWords(verdict: ContractAuthorization.Verdict?, word: String?) throws {
    desk.contractAuthorization = ContractAuthorization(Authorization(.accepted), certificate: verdict)
    let payload =
      #"{"idToken":{"idToken":"EMAID","type":"eMAID"},"certificate":"PEM","iso15118CertificateHashData":[\#(Self.question)]}"#
    let reply = try ask("Authorize", payload)
    #expect(reply["certificateStatus"]?.string == word && reply["idTokenInfo"]?["status"] == "Accepted")
    #expect(desk.contracts.first?.chain == "PEM" && desk.contracts.first?.questions.count == 1)
  }

  // MARK: Asked of stations

  private nonisolated func payload(_ command: SecurityCommand, _ edition: Edition = .v21) throws -> (String, JSON) {
    let request = try V2.security(command, edition)
    return (request.action, try JSON.parse(request.payload))
  }

  @Test func aCertificateGoesBackUnderTheNumberOfItsRequest() throws {
    let newer = try payload(.deliver(chain: "PEM", .v2g, request: 7))
    #expect(newer.0 == "CertificateSigned")
    #expect(newer.1 == ["certificateChain": "PEM", "certificateType": "V2GCertificate", "requestId": 7])
    #expect(try payload(.deliver(chain: "PEM", .station, request: nil), .v201).1["requestId"] == nil)
    #expect(throws: Unspeakable.self) { try V2.security(.deliver(chain: "PEM", .v2g20, request: nil), .v201) }
  }

  @Test(
    arguments: [
      (.csms, "CSMSRootCertificate"), (.manufacturer, "ManufacturerRootCertificate"), (.v2g, "V2GRootCertificate"),
      (.mobilityOperator, "MORootCertificate"), (.vehicleMaker, "OEMRootCertificate"),
    ] as [(Domain.CertificateUse, String)])
  func rootsOfEveryUseAreInstalledAndListed(use: Domain.CertificateUse, word: String) throws {
    #expect(try payload(.install(use, pem: "PEM")).1["certificateType"]?.string == word)
    #expect(try payload(.list(use)).1["certificateType"] == [.string(word)])
  }

  @Test func everyUseIsListedAtOnce() throws {
    let request = try V2.security(.list(nil), .v201)
    #expect(try JSON.parse(request.payload) == [:])
    let answer = try JSON.parse(
      #"{"status":"Accepted","certificateHashDataChain":[{"certificateType":"MORootCertificate","certificateHashData":\#(Self.hash)},{"certificateType":"V2GCertificateChain","certificateHashData":\#(Self.hash),"childCertificateHashData":[\#(Self.hash)]}]}"#
    )
    let held = HeldCertificates([
      HeldCertificate(.mobilityOperator, someCertificate),
      HeldCertificate(.v2gChain, someCertificate, children: [someCertificate]),
    ])
    #expect(request.outcome(answer) == .accepted(answer: held.json))
    #expect(request.outcome(["status": "NotFound"]) == .accepted(answer: HeldCertificates().json))
  }

  @Test func aKeyIsAVariableAndItsAnswerIsAWord() throws {
    let request = try V2.security(.setKey("0123456789abcdef"), .v201)
    let data = try JSON.parse(request.payload)["setVariableData"]?.array?.first
    #expect(data?["component"]?["name"] == "SecurityCtrlr" && data?["variable"]?["name"] == "BasicAuthPassword")
    func answer(_ word: String) -> JSON {
      [
        "setVariableResult": [
          [
            "attributeStatus": .string(word), "component": ["name": "SecurityCtrlr"],
            "variable": ["name": "BasicAuthPassword"],
          ]
        ]
      ]
    }
    #expect(request.outcome(answer("RebootRequired")) == .accepted(answer: ["status": "RebootRequired"]))
    guard case .refused(let word, _) = request.outcome(answer("Rejected")) else {
      Issue.record("a rejected variable is no yes")
      return
    }
    #expect(word == "Rejected")
  }

  @Test(arguments: [
    (Edition.v201, NetworkProfile.Interface.any, "Wired0"), (.v21, .any, "Any"), (.v201, .wireless1, "Wireless1"),
    (.v21, .wireless1, "Wireless1"),
  ])
  func aProfileIsAWayToUsThatIsThenPreferred(
    edition: Edition, interface: NetworkProfile.Interface, word: String
  ) throws {
    let request = try V2.security(
      .setProfile(.certificate, slot: 3, url: "wss://csms.example.com/ocpp/", over: interface), edition)
    let payload = try JSON.parse(request.payload)
    #expect(request.action == "SetNetworkProfile" && payload["configurationSlot"] == 3)
    #expect(payload["connectionData"]?["ocppCsmsUrl"] == "wss://csms.example.com/ocpp")
    #expect(payload["connectionData"]?["securityProfile"] == 3)
    // One that is in over a mobile network has no wire.
    #expect(payload["connectionData"]?["ocppInterface"]?.string == word)
    guard case .accepted(let told) = request.outcome(["status": "Accepted"]) else {
      Issue.record("it was accepted")
      return
    }
    #expect(told["needs"] == "preference")
    let (action, wish) = try self.payload(.preferProfile(NetworkOrder(slots: [3, 1])), edition)
    #expect(action == "SetVariables")
    #expect(wish["setVariableData"]?.array?.first?["attributeValue"] == "3,1")
  }
}
