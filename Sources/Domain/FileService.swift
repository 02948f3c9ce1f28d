import Wire

/// A file at the house's own door: firmware for stations, or a log that a station sent.
public struct StoredFile: Sendable, Equatable {
  public enum Kind: String, Word { case firmware, log }
  public enum State: String, Word {
    /// Nobody brought it yet.
    case awaited
    case here
    /// Removed from the disk.
    case gone
  }

  /// Its name on the disk too.
  public var id: String
  public var kind: Kind
  /// As people call it.
  public var name: String
  public var state: State
  public var bytes: Int64?
  public var station: ID<Station>?
  public var origin: String
  public var createdAt: Timestamp
  public var updatedAt: Timestamp

  public init(
    id: String, kind: Kind, name: String, station: ID<Station>? = nil, origin: String, at now: Timestamp
  ) {
    (self.id, self.kind, self.name, self.station) = (id, kind, name, station)
    (self.origin, createdAt, updatedAt) = (origin, now, now)
    (state, bytes) = (.awaited, nil)
  }
}

/// What the way to a file is for.
public enum FileWay: String, Word { case bring = "in", fetch = "out" }

/// Leave to bring or to fetch one file.
public struct FilePass: Sendable, Equatable {
  public var file: String
  public var way: FileWay
  /// Where it lies on the disk.
  public var path: String
  /// Bytes that it may have.
  public var most: Int64

  public init(file: String, way: FileWay, path: String, most: Int64) {
    (self.file, self.way, self.path, self.most) = (file, way, path, most)
  }
}

/// The desk at which the file door asks. CSMS implements it; it is called from errands, inside a turn.
@MainActor
public protocol FileService: AnyObject, Sendable {
  /// Nil where the address is none of ours, was used, or is too old.
  func pass(_ secret: String, _ way: FileWay) throws(TurnFault) -> FilePass?
  /// The whole file is on the disk; its address is used up.
  func arrived(_ pass: FilePass, bytes: Int64) throws(TurnFault)
}
