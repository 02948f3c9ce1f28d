// What differs between versions of the protocol, and how a command of the house becomes a call.

import Domain
import Wire

/// One version of the protocol as the link needs it. It translates and never decides.
public protocol Dialect: Sendable {
  /// As people write it: `1.6`.
  var version: String { get }
  /// As the handshake writes it: `ocpp1.6`.
  var subprotocol: String { get }
  var edition: Edition { get }
  /// What the station's messages mean.
  var routes: Routes { get }
  /// The call that asks a station for a command.
  func request(for command: StationCommand) throws(Unspeakable) -> CommandRequest
  /// Nil unless the reply answers a boot; then whether it accepts the station.
  func bootAnswer(_ reply: any Payload) -> Bool?
}

/// Why a command cannot be put into this version's words, for the operator.
public struct Unspeakable: Error, Equatable, Sendable {
  public var why: String

  public init(_ why: String) { self.why = why }
}

/// A command as a call of the protocol, and how its answer is to be understood.
public struct CommandRequest: Sendable {
  public let action: String
  /// JSON.
  public let payload: Bytes
  /// What a CALLRESULT means.
  public let outcome: @Sendable (JSON) -> CommandOutcome

  /// A declared message. We write only what fits the declaration: it is read back, and whatever is odd about it is
  /// refused here instead of by the station.
  public init<M: Message>(_ message: M, _ edition: Edition) throws(Unspeakable) where M.Reply: Verdict {
    payload = message.encoded(edition: edition, options: Frame.writerOptions)
    action = M.action
    let oddity: Oddity?
    do throws(Flaw) {
      oddity = try M.read(payload, edition: edition).oddities.first
    } catch {
      throw Unspeakable("\(M.action) cannot carry this: \(CallFault.malformed(error).description)")
    }
    if let oddity { throw Unspeakable("\(M.action) cannot carry this: \(oddity.path) is \(oddity.kind.rawValue)") }
    outcome = { answer in
      do throws(Flaw) {
        let reply = try M.Reply.read(answer, edition: edition).value
        return reply.refusal.map { .refused(word: $0, answer: answer) } ?? .accepted(answer: answer)
      } catch {
        let fault = CallFault.malformed(error)
        return .failed(code: fault.code.spelled(in: edition), description: "the station's answer: \(fault.description)")
      }
    }
  }

  /// Any call, as support staff write it. Its answer counts as a yes unless its status is a word that says no.
  public init(raw action: String, _ payload: JSON) throws(Unspeakable) {
    guard !action.isEmpty, action.utf8.count <= 64, action.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Unspeakable("an action is a word of at most 64 letters")
    }
    guard payload.object != nil else { throw Unspeakable("the payload of a call is a JSON object") }
    self.action = action
    self.payload = payload.bytes
    guard self.payload.count <= OCPPLimits.messageBytes else { throw Unspeakable("the payload is larger than 1 MiB") }
    outcome = { answer in
      guard let word = answer["status"]?.string else { return .accepted(answer: answer) }
      let yes = ["accepted", "unlocked", "scheduled", "rebootrequired"]
      return yes.contains(word.ciFolded) ? .accepted(answer: answer) : .refused(word: word, answer: answer)
    }
  }
}
