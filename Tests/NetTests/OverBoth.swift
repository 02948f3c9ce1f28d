import Net
import Testing

/// Runs each test of a suite twice: over the one epoll set of a loop, and over one Dispatch source per socket. Loops
/// that the tests make ask `OverBoth.readiness` which it is.
struct OverBoth: TestTrait, SuiteTrait, TestScoping {
  @TaskLocal static var readiness = EventLoop.ReadinessKind.standard

  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void
  ) async throws {
    for kind in EventLoop.ReadinessKind.allCases {
      try await Self.$readiness.withValue(kind) { try await body() }
    }
  }
}

extension Trait where Self == OverBoth {
  static var overBothReadinessSets: Self { OverBoth() }
}
