import Domain
import Wire

@testable import CSMS

/// A partner's system as the world has it: it takes what reaches it, fails for hours, and remembers what it saw.
@MainActor
final class ModelPartner {
  enum Health: CaseIterable { case well, down, flaky, deaf, slow }

  let partner: Partner
  let token: String
  var health = Health.well
  /// Under each URL the last body that arrived.
  private(set) var objects: [String: JSON] = [:]
  /// Every body of every CDR that arrived, by its URL.
  private(set) var bills: [String: Set<Bytes>] = [:]
  private(set) var results: [String: [String]] = [:]
  /// When it was asked for something and failed.
  private(set) var failures: [Timestamp] = []
  /// Requests that it has not answered, and when whoever waits gives up.
  var open: [(sent: FakePartners.Sent, until: Timestamp)] = []

  init(_ partner: Partner, token: String) { (self.partner, self.token) = (partner, token) }

  /// What becomes of a request now.
  func takes(_ request: PushRequest, at now: Timestamp, _ random: inout Seeded) -> FakePartners.Mood {
    switch health {
    case .well:
      see(request)
      return .accepts
    case .down:
      failures.append(now)
      return .fails(after: nil)
    case .flaky:
      guard random.chance(500) else {
        failures.append(now)
        return .fails(after: random.chance(200) ? 20 : nil)
      }
      see(request)
      return .accepts
    case .deaf:
      // It takes it, and its answer is lost.
      if random.chance(700) { see(request) }
      failures.append(now)
      return .acceptsSilently
    case .slow:
      if random.chance(500) { see(request) }
      return .hangs
    }
  }

  private func see(_ request: PushRequest) {
    let body = (try? JSON.parse(request.body)) ?? .null
    switch request.module {
    case "cdrs": bills[request.url, default: []].insert(request.body)
    case "commands": results[request.url, default: []].append(body["result"]?.string ?? "-")
    default: objects[request.url] = body
    }
  }

  func sawBill(_ request: PushRequest) { bills[request.url, default: []].insert(request.body) }

  /// The most failures within a minute.
  var busiestMinute: Int {
    var most = 0
    var first = 0
    for last in failures.indices {
      while failures[last] - failures[first] >= .seconds(60) { first += 1 }
      most = max(most, last - first + 1)
    }
    return most
  }
}
