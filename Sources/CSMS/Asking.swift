import Domain
import Store

/// Why the house does not do what an operator or a program asked. Said to them in words, with the field where one is
/// wrong.
public enum Refusal: Error, Equatable, Sendable {
  case notFound(String)
  /// Somebody changed it meanwhile, or it is in use, or its name is taken.
  case conflict(String)
  case invalid(field: String, String)
  /// Nothing was kept; try again.
  case unavailable(String)

  init(_ fault: TurnFault) {
    switch fault {
    case .busy: self = .unavailable("too much waits to be decided")
    case .closing: self = .unavailable("the daemon is stopping")
    case .storage(let why): self = .unavailable(why)
    }
  }
}

// Not isolated, because a conformance that is cannot be seen where the shell prints an error.
nonisolated extension Refusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFound(let why), .conflict(let why), .unavailable(let why): why
    case .invalid(let field, let why): "\(field): \(why)"
    }
  }
}

extension Refusal {
  /// An edit compares what it was given with what the caller had read, and refuses with this where they differ.
  public static let changedMeanwhile = Refusal.conflict(
    "it was changed since you read it: read it again and look at the difference")
}

/// Refuses a text of the wrong length, and one with control characters, which nobody means.
func checkText(_ text: String?, _ field: String, _ length: ClosedRange<Int>) throws(Refusal) {
  guard let text else { return }
  guard length.contains(text.count) else {
    throw .invalid(field: field, "\(length.lowerBound) to \(length.upperBound) characters")
  }
  guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
    throw .invalid(field: field, "a text without control characters")
  }
}

extension CSMS {
  /// Decides something for a person or a program, in the next turn, and returns after its commit. What `decide` throws
  /// undoes what it wrote.
  public func turn<Value: Sendable>(
    _ decide: @escaping @MainActor @Sendable () throws(Refusal) -> Value
  ) async throws(Refusal) -> Value {
    let result: Result<Value, Refusal> = await withCheckedContinuation { waiting in
      bring(
        Errand(
          decide: { () throws(TurnFault) in
            do throws(Refusal) {
              let value = try self.attempt(decide)
              return { waiting.resume(returning: .success(value)) }
            } catch {
              return { waiting.resume(returning: .failure(error)) }
            }
          },
          fail: { fault in waiting.resume(returning: .failure(Refusal(fault))) }))
    }
    return try result.get()
  }

  /// Computes something beside the house, so that stations are answered meanwhile. It is given as a closure: Swift 6.3 loses
  /// its stack where an asynchronous function with more arguments than registers leaves its actor.
  @concurrent nonisolated public func beside<Value: Sendable, Fault: Error>(
    _ work: @Sendable () throws(Fault) -> Value
  ) async throws(Fault) -> Value {
    try work()
  }

  /// The same as a turn for something that only the house itself waits for: the clock, an outcome that came in. `onFault` hears
  /// that nothing of it was kept.
  func note(
    _ decide: @escaping @MainActor @Sendable () throws(StoreFault) -> Void,
    onFault: @escaping @MainActor @Sendable () -> Void = {}
  ) {
    bring(
      Errand(
        decide: { () throws(TurnFault) in
          try keeping(decide)
          return {}
        },
        fail: { fault in
          Task { @MainActor in
            // At the end of the process what was not noted is found by the next start; what the books refused was said.
            if fault == .busy { self.log.error("a note was lost", metadata: ["cause": "\(fault)"]) }
            onFault()
          }
        }))
  }

  /// A note that nobody can send again, such as a station's answer to a command: where its turn fails it waits for the
  /// next beat, and the one after, for at most so many.
  func insist(
    beats: Int = Limits.insistingBeats, _ decide: @escaping @MainActor @Sendable () throws(StoreFault) -> Void
  ) {
    note(decide) {
      guard beats > 0 else { return }
      self.unwritten.append { self.insist(beats: beats - 1, decide) }
    }
  }

  /// Reads from a snapshot, beside the turns. Under a scope (`SiteScope.current`) only its sites are seen.
  public func read<Value: Sendable>(
    _ question: @escaping @Sendable (Books) throws(StoreFault) -> Value
  ) async throws(Refusal) -> Value {
    do { return try await store.readers.read(within: .current, question) } catch { throw .unavailable("\(error)") }
  }

  /// The same from the whole house, whatever scope there is: for what is of no site.
  public func readWhole<Value: Sendable>(
    _ question: @escaping @Sendable (Books) throws(StoreFault) -> Value
  ) async throws(Refusal) -> Value {
    do { return try await store.readers.read(within: nil, question) } catch { throw .unavailable("\(error)") }
  }
}

/// Runs storage work and says its fault as a refusal.
func keep<R>(_ work: () throws(StoreFault) -> R) throws(Refusal) -> R {
  do { return try work() } catch { throw Refusal(storage: error) }
}
