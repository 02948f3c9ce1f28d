// ISO 15118 over OCPP 1.6, as the Open Charge Alliance's application note has it: DataTransfer carries messages of OCPP
// 2.0.1, each as JSON in a text, under one vendor's name. So those messages and their routes are used as they stand.

import Domain
import Wire

extension V16 {
  enum PlugAndCharge {
    static let vendor = "org.openchargealliance.iso15118pnc"

    /// What stations ask this way.
    private static let routes = Routes([
      [
        V2.SignCertificate.route, V2.Authorize.contractRoute, V2.Get15118EVCertificate.route,
        V2.GetCertificateStatus.route,
      ]
    ])

    /// Nil where there is no such message.
    @MainActor
    static func answer(
      _ message: String?, _ data: JSON?, received: Timestamp, _ station: any StationService
    ) throws(TurnFault) -> Eventually<DataTransfer.Reply>? {
      let prepared: Prepared
      do throws(CallFault) {
        prepared = try routes.read(message ?? "", try tape(of: data), edition: .v201, received: received)
      } catch {
        guard case .unknownAction = error else {
          // 1.6 has no place for a reason but the data themselves.
          try station.flag(
            action: "DataTransfer", oddities: [Oddity(path: message ?? "", kind: .brokenFrame, raw: error.description)])
          return .reply(DataTransfer.Reply(.rejected))
        }
        return nil
      }
      if !prepared.oddities.isEmpty { try station.flag(action: message ?? "", oddities: prepared.oddities) }
      return try prepared.decide(station).map { reply in
        var answer = DataTransfer.Reply(.accepted)
        let text = reply.encoded(edition: .v201, options: Frame.writerOptions)
        answer.data = FreeData(.string(String(decoding: text, as: UTF8.self)))
        return answer
      }
    }

    /// JSON in a text as the note has it, or as it is.
    private static func tape(of data: JSON?) throws(CallFault) -> JSONTape.Element {
      do {
        var json = try data?.string.map { try JSON.parse($0) } ?? data ?? [:]
        // Some stations write a contract as 1.6 writes tags.
        if let contract = json["idToken"]?.string {
          json["idToken"] = ["idToken": .string(contract), "type": .string(V2.IdToken.Kind.eMAID.rawValue)]
        }
        return try JSONTape(json.bytes).root
      } catch {
        throw .unreadable("its data are no JSON: \(error)")
      }
    }

    /// A call of 2.0.1 on this way.
    static func wrapped(_ inner: CommandRequest) throws(Unspeakable) -> CommandRequest {
      var call = DataTransfer()
      call.vendorId = vendor
      call.messageId = inner.action
      call.data = FreeData(.string(String(decoding: inner.payload, as: UTF8.self)))
      return try CommandRequest(call, .v16).followed(by: { answer in
        guard let told = answer["data"]?.string.flatMap({ try? JSON.parse($0) }) else {
          return .failed(code: "FormationViolation", description: "the station's data are no JSON", details: [:])
        }
        return inner.outcome(told)
      })
    }
  }
}

extension V16.DataTransfer.Reply {
  init(_ status: Status) {
    self.init()
    self.status = .known(status)
  }
}
