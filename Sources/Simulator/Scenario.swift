import Net
import Wire

/// A script: what is to happen when, in seconds of the machine's clock. The same seed makes the same script, so that a
/// demo and a test repeat.
public struct Scenario<Action> {
  public struct Step {
    public let after: Duration
    public let action: Action
  }

  /// In the order of their times; of one time, in the order in which they were added.
  public private(set) var steps: [Step] = []
  private var random: SeededGenerator

  public init(seed: UInt64 = 1) { random = SeededGenerator(seed: seed) }

  /// Adds a step, up to `jitter` seconds earlier or later.
  public mutating func at(_ seconds: Double, jitter: Double = 0, _ action: Action) {
    guard steps.count < Limits.scenarioSteps else { return }
    let shift = jitter > 0 ? Double.random(in: -jitter...jitter, using: &random) : 0
    let after = Duration.milliseconds(Int64(max(0, seconds + shift) * 1_000))
    let place = steps.firstIndex { $0.after > after } ?? steps.endIndex
    steps.insert(Step(after: after, action: action), at: place)
  }

  /// Adds a step again and again, from one second up to another.
  public mutating func every(
    _ seconds: Double, from first: Double, until last: Double, jitter: Double = 0, _ action: (Int) -> Action
  ) {
    guard seconds > 0 else { return }
    var count = 0
    var at = first
    while at <= last, steps.count < Limits.scenarioSteps {
      self.at(at, jitter: jitter, action(count))
      count += 1
      at = first + Double(count) * seconds
    }
  }
}

extension Scenario: Sendable where Action: Sendable {}
extension Scenario.Step: Sendable where Action: Sendable {}

/// Plays a script on a loop.
public final class ScenarioPlayer<Action> {
  /// Called on the loop after the last step.
  public var onEnd: (() -> Void)?
  private let scenario: Scenario<Action>
  private let loop: EventLoop
  private let perform: (Action) -> Void
  private var began: Instant?
  private var next = 0
  private var timer: Timers.Token?

  public init(_ scenario: Scenario<Action>, loop: EventLoop, perform: @escaping (Action) -> Void) {
    loop.preconditionCurrent()
    (self.scenario, self.loop, self.perform) = (scenario, loop, perform)
  }

  /// Begins; without effect a second time.
  public func play() {
    guard began == nil else { return }
    began = loop.now
    goOn()
  }

  public func stop() {
    if let timer { loop.cancel(timer) }
    timer = nil
    next = scenario.steps.count
  }

  private func goOn() {
    timer = nil
    guard let began else { return }
    while next < scenario.steps.count, began + scenario.steps[next].after <= loop.now {
      next += 1
      perform(scenario.steps[next - 1].action)
    }
    guard next < scenario.steps.count else {
      let ended = onEnd
      onEnd = nil
      ended?()
      return
    }
    timer = loop.schedule(after: began + scenario.steps[next].after - loop.now) { [weak self] in self?.goOn() }
  }
}
