import Wire

@testable import OCPP

extension Harness {
  /// Every frame is read or refused; what is read is the same after writing, and a message of 1.6 that was understood
  /// is written in one form only.
  static let ocpp = Harness(name: "ocpp") { bytes in
    if let whole = mended(bytes) {
      require(whole.count <= 5 * bytes.count + 4, "mending adds a word per member at most")
      if let frame = try? Frame.read(whole) { check(frame) }
    }
    do throws(Garbage) {
      check(try Frame.read(bytes))
    } catch {
      if let prefix = error.prefix { require((2...4).contains(prefix.type), "only known types are answered") }
    }
  }

  private static func check(_ frame: Frame) {
    switch frame {
    case .call(let id, let action, let payload):
      let again = try? Frame.read(Frame.encodeCall(id, action: action, json: Array(payload.raw)))
      guard case .call(id, action, let same)? = again else { fatalError("a call is not the same after writing") }
      require(same.json == payload.json, "a payload is the same after writing")
      for dialect in Dialects.all {
        do throws(CallFault) {
          _ = try dialect.routes.read(
            action, payload, edition: dialect.edition, received: Timestamp(milliseconds: 1_700_000_000_000))
        } catch {
          require(!error.description.isEmpty, "a refusal says why")
        }
      }
      checkForms(payload)
    case .result(_, let payload), .send(_, _, let payload):
      checkForms(payload)
    case .resultError(let id, let code, let description):
      let again = try? Frame.read(Frame.encodeResultError(id, code: code, description: description))
      guard case .resultError(id, code, _)? = again else { fatalError("an error is not the same after writing") }
    case .error(let id, let code, let description, _):
      let again = try? Frame.read(Frame.encodeError(id, code: code, description: description))
      guard case .error(id, code, let same, _)? = again else { fatalError("an error is not the same after writing") }
      require(description.unicodeScalars.starts(with: same.unicodeScalars), "a description is only cut")
    }
  }

  /// The payload as each message that a station may send, and as each answer to ours.
  private static func checkForms(_ payload: JSONTape.Element) {
    checkForm(V16.BootNotification.self, payload)
    checkForm(V16.Heartbeat.self, payload)
    checkForm(V16.StatusNotification.self, payload)
    checkForm(V16.Authorize.self, payload)
    checkForm(V16.DataTransfer.self, payload)
    checkForm(V16.MeterValues.self, payload)
    checkForm(V16.StartTransaction.self, payload)
    checkForm(V16.StopTransaction.self, payload)
    checkForm(V16.RemoteStartTransaction.Reply.self, payload)
    checkForm(V16.GetConfiguration.Reply.self, payload)
    checkForm(V16.TriggerMessage.Reply.self, payload)
  }

  private static func checkForm<P: Payload>(_ type: P.Type, _ payload: JSONTape.Element) {
    guard let value = try? P.read(payload, edition: .v16).value else { return }
    let written = value.encoded(edition: .v16, options: Frame.writerOptions)
    guard let again = try? P.read(written, edition: .v16).value else {
      fatalError(
        "not true: what was understood as \(P.self) can be read after writing: \(String(decoding: written, as: UTF8.self))"
      )
    }
    let twice = again.encoded(edition: .v16, options: Frame.writerOptions)
    require(twice == written, "what was understood as \(P.self) is written in one form only")
  }
}
