import CSMS
import Domain
import HTTP
import Store
import Wire

// The raw call door: the body is the payload of a call of the station's protocol, the answer is the station's own.
extension Route {
  static let rawCalls: [Route] = [
    Route("callStation", .post, "/stations/{id}/ocpp/{Action}", .run, isCommand: true) { try await $0.callStation($1) }
  ]
}

nonisolated private enum Check: String, Word { case on, off }

extension API {
  fileprivate func callStation(_ call: Call) async throws -> Answer {
    let identity = try call.identity()
    let isChecked = try call.queryWord("check", as: Check.self) != .off
    let payload: JSON
    do {
      payload = call.request.body.isEmpty ? [:] : try JSON.parse(call.request.body)
    } catch {
      throw Problem(.malformed, "the body is not JSON: \(error)")
    }
    guard payload.object != nil else { throw Problem(.malformed, "a payload is a JSON object") }
    let answer = try await house.call(
      call.text("Action"), payload, to: identity, within: try call.timeout(), isChecked: isChecked, by: call.by)
    let place = "/api/v1/commands/\(answer.command)"
    switch answer.outcome {
    case .accepted(let payload), .refused(_, let payload):
      var response = Response.json(payload.bytes)
      // What the books keep of it: who asked, when, and how it ended.
      response.headers["Content-Location"] = place
      return .response(response)
    case .failed, .timedOut, .disconnected, .impossible:
      var problem = Problem(endOf: answer.outcome)
      problem.headers["Content-Location"] = place
      throw problem
    }
  }
}

extension Call {
  /// Seconds for which a station's answer is waited for; the house's rule where it is not said.
  fileprivate func timeout() throws(Problem) -> Int? {
    guard let text = self[query: "timeout"] else { return nil }
    guard let seconds = Int(text), (1...Limits.callSeconds).contains(seconds) else {
      throw .invalid("timeout", "1 to \(Limits.callSeconds) seconds")
    }
    return seconds
  }
}

nonisolated extension Problem {
  /// A call that the station did not answer with a result.
  fileprivate init(endOf outcome: CommandOutcome) {
    switch outcome {
    case .failed(let code, let description, let details):
      self.init(.callError, description.isEmpty ? code : "\(code): \(description)")
      callError = ["code": .string(code), "description": .string(description), "details": details]
    case .timedOut: self.init(.callTimeout, "it may still do what it was asked")
    case .disconnected: self.init(.disconnected, "it may still do what it was asked")
    case .impossible(let why): self.init(.conflict, why)
    case .accepted, .refused: self.init(.internal, "an answer is no problem")
    }
  }
}
