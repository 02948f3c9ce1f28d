import Dispatch
import Testing

@testable import CSMS

@Suite struct PasswordQueueTests {
  @Test func strangersLeavePlacesToThoseWhoAreKnown() async throws {
    let queue = PasswordQueue()
    let gate = DispatchSemaphore(value: 0)
    let strangers = (0..<Limits.waitingPasswords - Limits.passwordsOfTheKnown).map { _ in
      Task { try await queue.work(isKnown: false) { gate.wait() } }
    }
    // Until all of them stand there, which nothing tells.
    try await Task.sleep(for: .milliseconds(200))
    await #expect(throws: Refusal.unavailable("too many people are logging in at once")) {
      try await queue.work(isKnown: false) { 0 }
    }
    let owner = Task { try await queue.work { 7 } }
    for _ in strangers { gate.signal() }
    #expect(try await owner.value == 7)
    for stranger in strangers { try await stranger.value }
  }
}
