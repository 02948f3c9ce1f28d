import Glibc
import Wire

/// What a backup may hold beside the books: files of the house's own (firmware, logs), and its certificate authorities with
/// their keys. Neither is in it unless somebody says so: files are large, and keys are the power to sign.
nonisolated public struct BackupExtras: OptionSet, Sendable {
  public let rawValue: Int

  public init(rawValue: Int) { self.rawValue = rawValue }

  public static let files = BackupExtras(rawValue: 1)
  public static let keys = BackupExtras(rawValue: 2)

  /// How many of each.
  public struct Taken: Sendable, Equatable {
    public var files = 0
    public var keys = 0

    public init() {}
  }

  private static let folders: [(extra: BackupExtras, name: String)] = [(.files, "files"), (.keys, "ca")]

  /// Puts them into the copy, as rows of a table of its own.
  func take(from folder: String, into copy: String) throws(StoreFault) -> Taken {
    var taken = Taken()
    guard !isEmpty else { return taken }
    let db = try Database(file: copy, access: .write(isDurable: true))
    try db.transaction { () throws(StoreFault) in
      try db.script("CREATE TABLE backup_file (path TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT")
      for (extra, name) in Self.folders where contains(extra) {
        for file in try Self.names(in: "\(folder)/\(name)") {
          let body = try Self.read("\(folder)/\(name)/\(file)")
          try db.run("INSERT INTO backup_file (path, body) VALUES (?1, ?2)", "\(name)/\(file)", body)
          if extra == .files { taken.files += 1 } else { taken.keys += 1 }
        }
      }
    }
    return taken
  }

  /// Takes them out of the books that come, into the folder. What is there already under a name is kept beside it, unless it
  /// is the same.
  static func bring(from file: String, into folder: String) throws(StoreFault) -> Taken {
    let db = try Database(file: file, access: .write(isDurable: true))
    var taken = Taken()
    let isThere: Int = try db.value("SELECT count(*) FROM sqlite_schema WHERE name = 'backup_file'") ?? 0
    guard isThere > 0 else { return taken }
    let paths = try db.rows("SELECT path FROM backup_file ORDER BY path") { (row) throws(StoreFault) in
      try row.get("path") as String
    }
    for path in paths {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).map { String($0) }
      guard parts.count == 2, folders.contains(where: { $0.name == parts[0] }), isName(parts[1]) else {
        throw .corrupt(file: file, what: "a file in it has the name \(path)")
      }
      let body: Bytes = try db.value("SELECT body FROM backup_file WHERE path = ?1", path) ?? []
      try write(body, to: "\(folder)/\(path)", in: "\(folder)/\(parts[0])")
      if parts[0] == "files" { taken.files += 1 } else { taken.keys += 1 }
    }
    try db.script("DROP TABLE backup_file")
    return taken
  }

  // MARK: Files

  /// Nothing that leads elsewhere, and nothing that is half written.
  private static func isName(_ name: String) -> Bool {
    !name.hasPrefix(".") && !name.isEmpty && name.utf8.count <= 200 && !name.utf8.contains(UInt8(ascii: "/"))
      && !name.utf8.contains(0) && !name.hasSuffix(".new")
  }

  private static func names(in folder: String) throws(StoreFault) -> [String] {
    guard let listing = opendir(folder) else {
      if errno == ENOENT { return [] }
      throw Backup.failure(folder)
    }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard isName(name), entry.pointee.d_type == UInt8(DT_REG) || entry.pointee.d_type == UInt8(DT_UNKNOWN) else {
        continue
      }
      names.append(name)
    }
    return names.sorted()
  }

  private static func read(_ path: String) throws(StoreFault) -> Bytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw Backup.failure(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Backup.failure(path) }
    var body = Bytes(repeating: 0, count: Int(status.st_size))
    var place = 0
    while place < body.count {
      let count = body.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress! + place, $0.count - place, off_t(place))
      }
      guard count > 0 else { throw Backup.failure(path) }
      place += count
    }
    return body
  }

  private static func write(_ body: Bytes, to path: String, in folder: String) throws(StoreFault) {
    if mkdir(folder, 0o700) != 0, errno != EEXIST { throw Backup.failure(folder) }
    if access(path, F_OK) == 0 {
      if try read(path) == body { return }
      let aside = "\(path).replaced-\(Timestamp.now().milliseconds)"
      guard rename(path, aside) == 0 else { throw Backup.failure(aside) }
    }
    let beside = path + ".new"
    unlink(beside)
    let descriptor = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Backup.failure(beside) }
    var place = 0
    while place < body.count {
      let count = body.withUnsafeBytes { pwrite(descriptor, $0.baseAddress! + place, $0.count - place, off_t(place)) }
      guard count > 0 else {
        close(descriptor)
        throw Backup.failure(beside)
      }
      place += count
    }
    let isSynced = fsync(descriptor) == 0
    close(descriptor)
    guard isSynced, rename(beside, path) == 0 else { throw Backup.failure(path) }
    try Backup.sync(folderOf: path)
  }
}
