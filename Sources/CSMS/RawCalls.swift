import Domain
import Store
import Wire

// The raw call door: any call of a station's protocol, as support staff and conformance suites write it, with the
// station's own answer.

/// How a raw call ended, with the command that the books keep of it.
public struct RawAnswer: Sendable, Equatable {
  public let command: String
  public let outcome: CommandOutcome
}

extension CSMS {
  /// Sends a call and waits for its end. Its structure is looked at first, unless the caller insists on sending it as it
  /// is.
  /// - Parameter within: seconds for which the station's answer is waited for, in line and under way.
  /// - Throws: `.invalid` with the field that is not as the station's version declares it.
  public func call(
    _ action: String, _ payload: JSON, to identity: StationIdentity, within seconds: Int?, isChecked: Bool,
    by who: String
  ) async throws(Refusal) -> RawAnswer {
    let ticket = Ticket<CommandOutcome>()
    let record = try await turn { () throws(Refusal) in
      let station = try self.known(identity)
      if isChecked, let link = self.links.link(of: station.id),
        let flaw = self.stationLink?.flaw(in: payload, of: action, version: link.version)
      {
        throw Refusal(flaw, action: action, version: link.version)
      }
      return try self.issue(
        .raw(action: action, payload: payload), to: station.id, by: who, within: seconds, ticket: ticket)
    }
    return await withCheckedContinuation { waiting in
      ticket.whenRedeemed { waiting.resume(returning: RawAnswer(command: record.id, outcome: $0.withoutKeys)) }
    }
  }
}

extension Refusal {
  fileprivate init(_ flaw: CallFlaw, action: String, version: String) {
    switch flaw {
    case .unknownAction:
      self = .invalid(
        field: "Action", "OCPP \(version) has no call \(action) to a station; with check=off it is sent all the same")
    case .field(let path, let what): self = .invalid(field: path, what)
    }
  }
}
