import Domain

/// Tells those who listen what was committed, in order. A cursor over the event log that resumes by `seq` is theirs to
/// keep; the feed only says that there is news.
public final class Feed {
  /// What one turn brought.
  public struct News: Sendable {
    public let events: [LoggedEvent]
    /// Sessions whose figures moved, without an event of their own.
    public let progress: [String]
  }

  private var listeners: [Int: @MainActor (News) -> Void] = [:]
  private var next = 0

  /// Listens until the token is given back to `leave`.
  public func listen(_ listener: @escaping @MainActor (News) -> Void) -> Int {
    next += 1
    listeners[next] = listener
    return next
  }

  public func leave(_ token: Int) { listeners[token] = nil }

  func announce(_ events: [LoggedEvent], progress: [String]) {
    guard !events.isEmpty || !progress.isEmpty, !listeners.isEmpty else { return }
    let news = News(events: events, progress: progress)
    listeners.values.forEach { $0(news) }
  }
}
