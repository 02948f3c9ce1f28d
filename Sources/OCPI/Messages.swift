import Domain
import HTTP
import Wire

/// The ids that bind an answer to its request in everybody's logs (2.2.1 §4.2).
public struct MessageIDs: Sendable {
  public let request: String
  public let correlation: String

  /// New ones, for a request of ours.
  public init(at now: Timestamp) {
    request = UUIDv7.make(at: now)
    correlation = UUIDv7.make(at: now)
  }

  /// Those of a request; new ones for what it left out.
  public init(_ headers: Headers, at now: Timestamp) {
    let fresh = MessageIDs(at: now)
    request = headers["X-Request-ID"].flatMap { String($0.prefix(Limits.messageID)).nonEmpty } ?? fresh.request
    correlation =
      headers["X-Correlation-ID"].flatMap { String($0.prefix(Limits.messageID)).nonEmpty } ?? fresh.correlation
  }

  public func write(to headers: inout Headers) {
    headers["X-Request-ID"] = request
    headers["X-Correlation-ID"] = correlation
  }
}

/// Which party speaks to which (2.2.1 §4.1.9). On functional modules only.
public struct Routing: Sendable {
  public let to: PartyID?
  public let from: PartyID?

  public init(to: PartyID?, from: PartyID?) { (self.to, self.from) = (to, from) }

  public init(_ headers: Headers) {
    func party(_ side: String) -> PartyID? {
      guard let country = headers["OCPI-\(side)-country-code"], let party = headers["OCPI-\(side)-party-id"],
        country.utf8.count == 2, party.utf8.count == 3
      else { return nil }
      return PartyID(country: country, party: party)
    }
    self.init(to: party("to"), from: party("from"))
  }

  /// The answer goes back where the question came from, in the name of whoever of us answers: also where the question
  /// named nobody (an open routing request) or somebody whom we are not. To one without any of the fields we add none.
  public func answered(by ours: PartyID) -> Routing {
    from == nil && to == nil ? self : Routing(to: from, from: ours)
  }

  public func write(to headers: inout Headers) {
    if let to {
      headers["OCPI-to-country-code"] = to.country
      headers["OCPI-to-party-id"] = to.party
    }
    if let from {
      headers["OCPI-from-country-code"] = from.country
      headers["OCPI-from-party-id"] = from.party
    }
  }
}
