/// Why the books could not be read or written, by what the caller can do about it.
nonisolated public enum StoreFault: Error, Equatable, Sendable {
  /// The disk is full. Nothing was kept; it goes on by itself once there is room.
  case full
  /// Somebody else holds the lock, such as a shell or a backup. Retryable.
  case busy
  /// The disk failed. Nothing may be retried on this connection: the process ends and SQLite recovers.
  case io(String)
  /// The file, or a value in it, is not what the house wrote.
  case corrupt(file: String, what: String)
  /// The file was written by a newer Ostler: its schema version and the newest that this one knows.
  case newer(file: String, found: Int, known: Int)
  /// A rule of the books forbids it: a name that is taken, a thing that is still in use.
  case constraint(String)
  /// SQLite ended the transaction by itself after an earlier fault, so the whole turn is lost.
  case ended
  /// A read took longer than a snapshot may live.
  case tooSlow
  /// Something that must be in the books is not there.
  case missing(String)
  /// Another daemon works on this folder.
  case inUse(folder: String)
  /// SQLite's own code and words.
  case other(code: Int32, text: String)
}

nonisolated extension StoreFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .full: "the disk is full"
    case .busy: "the database is locked by another program"
    case .io(let text): "the disk failed: \(text)"
    case .corrupt(let file, let what): "\(file) is damaged: \(what)"
    case .newer(let file, let found, let known):
      "\(file) has schema \(found), and this version of Ostler knows schemas up to \(known)"
    case .constraint(let text): text
    case .ended: "the transaction was ended by an earlier fault"
    case .tooSlow: "the question took too long"
    case .missing(let what): "\(what) is missing"
    case .inUse(let folder): "another daemon works on \(folder)"
    case .other(let code, let text): "SQLite \(code): \(text)"
    }
  }
}

nonisolated extension StoreFault {
  /// What a person can do, where it is not plain from the fault.
  public var remedy: String? {
    switch self {
    case .full: "make room on the disk of the data folder"
    case .busy: "close the other program that has the database open, such as a shell or a backup"
    case .io: "see to the disk; then `ostler doctor` checks the books"
    case .corrupt: "`ostler doctor` looks closer, `ostler restore BACKUP` brings a backup back"
    case .newer: "install the version that wrote it, or bring an older backup back with `ostler restore BACKUP`"
    case .inUse: "stop that daemon first"
    case .constraint, .ended, .tooSlow, .missing, .other: nil
    }
  }
}
