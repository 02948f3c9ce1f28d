import Domain
import HTTP
import Wire

/// Writes down what is said between us and partners as it stood on the wire, for the person who looks for a fault.
/// Credentials tokens are taken out first: they stand in one header field and in the bodies of one module.
struct ConversationLog: Sendable {
  let frames: any FrameLog
  let clock: Clock

  /// - Parameters:
  ///   - line: the method and address, or the status.
  ///   - headers: as they came or go; what proves who somebody is gets blanked out.
  func note(
    _ direction: LoggedFrame.Direction, peer: String, module: String, ids: MessageIDs, line: String,
    headers: Headers = Headers(), body: Bytes, isError: Bool = false
  ) {
    // What belongs to no module may have been meant for the credentials.
    let holdsNone = OCPIModule.Name(rawValue: module).map { $0 != .credentials } ?? false
    let shown = holdsNone ? body : Self.withoutTokens(body)
    var text = Bytes(utf8: line)
    for field in headers.fields.prefix(Limits.loggedFields) {
      let value = Self.secretFields.contains(field.name.ciFolded) ? "…" : field.value.excerpt
      text += "\n\(field.name.excerpt): \(value)".utf8
    }
    if !shown.isEmpty {
      text += "\n\n".utf8
      text += shown.prefix(Limits.loggedBytes - min(text.count, Limits.loggedBytes))
    }
    frames.record(
      LoggedFrame(
        at: clock.now(), door: "ocpi", peer: peer, direction: direction, action: module, correlation: ids.request,
        text: text, isError: isError))
  }

  private static let secretFields: Set<String> = [
    "authorization".ciFolded, "proxy-authorization".ciFolded, "cookie".ciFolded, "set-cookie".ciFolded,
  ]

  /// The body with every member named `token` blanked out; nothing of one that cannot be read.
  static func withoutTokens(_ body: Bytes) -> Bytes {
    guard !body.isEmpty else { return [] }
    guard let json = try? JSON.parse(body) else { return Bytes(utf8: "(left out: it may hold a token)") }
    return blank(json).bytes
  }

  // As deep as the parser lets a document be.
  private static func blank(_ json: JSON) -> JSON {
    switch json {
    case .object(let object):
      .object(
        JSONObject(
          object.members.map { member in
            member.key == "token" && member.value.string != nil
              ? JSONObject.Member(member.key, .string("…")) : JSONObject.Member(member.key, blank(member.value))
          }))
    case .array(let elements): .array(elements.map(blank))
    case .null, .bool, .number, .string: json
    }
  }
}
