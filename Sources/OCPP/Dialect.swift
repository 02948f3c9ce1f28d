// What differs between versions of the protocol, and how a command of the house becomes a call.

import Domain
import Wire

/// One version of the protocol as the link needs it. It translates and never decides. An object, because every link
/// holds it and asks it several times for each message.
public protocol Dialect: AnyObject, Sendable {
  /// As people write it: `1.6`.
  var version: String { get }
  /// As the handshake writes it: `ocpp1.6`.
  var subprotocol: String { get }
  var edition: Edition { get }
  /// What the station's messages mean.
  var routes: Routes { get }
  /// The messages that the house sends to stations: what is written by hand is held against these.
  var calls: [any Message.Type] { get }
  /// The field in which the name that a central system gave to a transaction stands, in the station's calls and in ours; nil
  /// where stations give the names.
  var transactionField: String? { get }
  /// The station's calls that a transaction cannot do without.
  var transactionActions: Set<String> { get }
  /// The names of the settings that every station of this version should have: asked for one by one where a station does
  /// not tell all of them at once.
  var settingKeys: [String] { get }
  /// The call that asks a station for a command.
  func request(for command: StationCommand) throws(Unspeakable) -> CommandRequest
  /// The command in as many calls as the station can take. `limit` is a whole number among its settings.
  func pieces(of command: StationCommand, limit: (SettingName) -> Int?) -> [StationCommand]
  /// What a call that was written by hand and its answer tell of the station's settings, as a command for settings is
  /// answered; nil where they tell nothing of any.
  func settings(told answer: JSON, to action: String, with payload: JSON) -> JSON?
  /// Nil unless the reply answers a boot; then what the station is told of its registration.
  func bootAnswer(_ reply: any Payload) -> Station.Registration?
  /// A station that is not accepted may boot, and else only say what it was asked for (OCPP 2.0.1 B02.FR.09).
  var hearsOnlyTheAccepted: Bool { get }
  /// The actions that such a station may send because of a call of ours.
  func invited(by action: String, _ payload: Bytes) -> [String]
}

extension Dialect {
  /// The message by which a station registers, in all versions: the one that is taken from a rejected station too.
  public var bootAction: String { "BootNotification" }
  public var transactionField: String? { nil }
  public var settingKeys: [String] { [] }
  public var hearsOnlyTheAccepted: Bool { false }

  public func invited(by action: String, _ payload: Bytes) -> [String] { [] }
  public func pieces(of command: StationCommand, limit: (SettingName) -> Int?) -> [StationCommand] { [command] }

  /// Every action that is declared, the station's and ours: by these, and no others, frames are counted.
  public var actions: [String] {
    routes.actions + calls.map { $0.action }.filter { !routes.actions.contains($0) }
  }
}

/// The versions that are spoken here; a station's first offer that is among them is taken.
public enum Dialects {
  public static let all: [any Dialect] = [Dialect16(), Dialect2.v201, Dialect2.v21]
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
  /// refused here instead of by the station. Its answer stands in the books as the station wrote it.
  public init<M: Message>(_ message: M, _ edition: Edition) throws(Unspeakable) where M.Reply: Verdict {
    try self.init(message, edition, yes: nil, no: nil)
  }

  /// - Parameter told: what the answer stands in the books as, in the house's words.
  /// - Parameter tellsRefusals: whether that holds for a no too; else a no stays as the station wrote it.
  public init<M: Message>(
    _ message: M, _ edition: Edition, tellsRefusals: Bool = false, told: @escaping @Sendable (M.Reply) -> JSON
  ) throws(Unspeakable) where M.Reply: Verdict {
    try self.init(message, edition, yes: told, no: tellsRefusals ? told : nil)
  }

  private init<M: Message>(
    _ message: M, _ edition: Edition, yes: (@Sendable (M.Reply) -> JSON)?, no: (@Sendable (M.Reply) -> JSON)?
  ) throws(Unspeakable) where M.Reply: Verdict {
    guard M.since <= edition else { throw Unspeakable("\(M.action) is a message of a later version of OCPP") }
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
        if let word = reply.refusal { return .refused(word: word, answer: no?(reply) ?? answer) }
        return .accepted(answer: yes?(reply) ?? answer)
      } catch {
        let fault = CallFault.malformed(error)
        return .failed(code: fault.code.spelled(in: edition), description: "the station's answer: \(fault.description)")
      }
    }
  }

  /// The same, where a yes is only the envelope of the answer.
  func followed(by inner: @escaping @Sendable (JSON) -> CommandOutcome) -> CommandRequest {
    let outcome = outcome
    return CommandRequest(action: action, payload: payload) { answer in
      if case .accepted(let told) = outcome(answer) { inner(told) } else { outcome(answer) }
    }
  }

  /// The same, where one word that says no is as good as a yes.
  func content(with word: String) -> CommandRequest {
    let outcome = outcome
    return CommandRequest(action: action, payload: payload) { answer in
      let told = outcome(answer)
      guard case .refused(let said, let details) = told, said.ciFolded == word.ciFolded else { return told }
      return .accepted(answer: details)
    }
  }

  private init(action: String, payload: Bytes, outcome: @escaping @Sendable (JSON) -> CommandOutcome) {
    (self.action, self.payload, self.outcome) = (action, payload, outcome)
  }

  /// Any call, as support staff write it. Its answer is what the declared message takes it as; that of any other counts as
  /// a yes unless its status is a word that says no.
  public init(
    raw action: String, _ payload: JSON, _ edition: Edition, _ calls: [any Message.Type]
  ) throws(Unspeakable) {
    guard !action.isEmpty, action.utf8.count <= 64, action.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Unspeakable("an action is a word of at most 64 letters")
    }
    guard payload.object != nil else { throw Unspeakable("the payload of a call is a JSON object") }
    self.action = action
    self.payload = payload.bytes
    guard self.payload.count <= OCPPLimits.messageBytes else { throw Unspeakable("the payload is larger than 1 MiB") }
    let declared = calls.first { $0.action == action }
    outcome = { answer in
      let word = answer["status"]?.string
      if let verdict = declared.flatMap({ Self.verdict(in: answer, to: $0, edition) }) {
        return verdict.refusal.map { .refused(word: word ?? $0, answer: answer) } ?? .accepted(answer: answer)
      }
      let yes = ["accepted", "unlocked", "scheduled", "rebootrequired"]
      guard let word, !yes.contains(word.ciFolded) else { return .accepted(answer: answer) }
      return .refused(word: word, answer: answer)
    }
  }

  /// What the declared message takes the answer as; nil where it cannot be read, or says neither yes nor no.
  private static func verdict<M: Message>(in answer: JSON, to message: M.Type, _ edition: Edition) -> (any Verdict)? {
    (try? M.Reply.read(answer, edition: edition).value) as? any Verdict
  }
}
