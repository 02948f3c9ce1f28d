import Dispatch
import Synchronization

/// Read-only connections beside the writer's. Each question reads one snapshot, never delays a turn, and ends within a
/// second; a long export asks again from where it was.
nonisolated public final class Readers: Sendable {
  private let readers: [Reader]
  /// Shows the sites of a scope only.
  private let limited: Reader
  private let next = Atomic<Int>(0)

  init(
    file: String, time: Duration, onDiskFailure: @escaping @Sendable (StoreFault) -> Void
  ) throws(StoreFault) {
    var readers: [Reader] = []
    for number in 1...Limits.readers {
      let db = try Database(file: file, access: .read)
      db.onDiskFailure = onDiskFailure
      readers.append(Reader(db: db, time: time, queue: WorkerQueue("ostler.reader-\(number)")))
    }
    self.readers = readers
    let db = try Database(file: file, access: .limitedRead)
    db.onDiskFailure = onDiskFailure
    limited = Reader(db: db, time: time, queue: WorkerQueue("ostler.reader-limited"))
  }

  /// Asks within one read transaction, on a queue that may block.
  /// - Parameter scope: the sites that are seen; nil is the whole house.
  /// - Throws: `.tooSlow` past the time that a snapshot may live.
  public func read<T: Sendable>(
    within scope: SiteScope? = nil, _ body: @escaping @Sendable (Books) throws(StoreFault) -> T
  ) async throws(StoreFault) -> T {
    if let scope { return try await limited.read(within: scope, body) }
    let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return try await readers[Int(UInt(bitPattern: turn) % UInt(readers.count))].read(body)
  }
}

/// One of them.
private actor Reader {
  private let queue: WorkerQueue
  private let books: Books
  private let time: Duration

  init(db: sending Database, time: Duration, queue: WorkerQueue) {
    self.queue = queue
    self.time = time
    books = Books(db: db)
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  func read<T: Sendable>(_ body: @Sendable (Books) throws(StoreFault) -> T) throws(StoreFault) -> T {
    try books.db.snapshot(for: time) { () throws(StoreFault) in try body(books) }
  }

  func read<T: Sendable>(
    within scope: SiteScope, _ body: @Sendable (Books) throws(StoreFault) -> T
  ) throws(StoreFault) -> T {
    try books.db.snapshot(for: time) { () throws(StoreFault) in
      try scope.enter(books.db)
      return try body(books)
    }
  }
}

/// A named queue for an actor whose work may block, so that it takes no thread from the shared pool.
nonisolated final class WorkerQueue: SerialExecutor {
  private let queue: DispatchQueue

  init(_ name: String) { queue = DispatchQueue(label: name) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }
}
