import CSystem
import Crypto
import Glibc
import Wire

/// Whole copies of a database, made while it is in use. A backup is an SQLite database followed by one line, which says
/// the SHA-256 of all that stands before it: so every copy of it, wherever it went, can be checked by itself.
nonisolated public enum Backup {
  /// `ostler-backup sha256 <64 hex digits>` and a line's end.
  private static let seal = "ostler-backup sha256 "
  private static let sealBytes = seal.utf8.count + 2 * SHA256.byteCount + 1

  /// A backup that was made, as the books remember the last one.
  public struct Made: Sendable, Equatable {
    public let file: String
    public let at: Timestamp
    /// In hex.
    public let digest: String
    /// Files of the house's own in it, and whether the keys of its authorities are.
    public let files: Int
    public let hasKeys: Bool

    public init(file: String, at: Timestamp, digest: String, files: Int = 0, hasKeys: Bool = false) {
      (self.file, self.at, self.digest, self.files, self.hasKeys) = (file, at, digest, files, hasKeys)
    }
  }

  /// Copies the books of a folder to a new file, consistent as of one moment. Beside the daemon or without it; to be
  /// called on a queue that may block.
  /// - Parameter extras: what is taken beside the books; the copy is no more secret than that.
  /// - Throws: `.constraint` where the target is one of the house's own databases.
  public static func make(
    of folder: String, to target: String, with extras: BackupExtras = []
  ) throws(StoreFault) -> Made {
    try refuseOwnFiles(of: folder, as: target)
    let db = try Database(file: Store.file(in: folder), access: .read)
    var taken = BackupExtras.Taken()
    let digest = try copy(db, to: target) { part throws(StoreFault) in taken = try extras.take(from: folder, into: part)
    }
    return Made(file: target, at: .now(), digest: digest, files: taken.files, hasKeys: taken.keys > 0)
  }

  /// A backup over the books themselves, or over what SQLite keeps beside them, would end them: the daemon would go on
  /// writing into a file without a name.
  private static func refuseOwnFiles(of folder: String, as target: String) throws(StoreFault) {
    let own = [Store.file(in: folder), MessageLog.file(in: folder)]
    let (place, name) = parts(of: target)
    let isBeside =
      identity(of: place) == identity(of: folder)
      && own.contains { name.hasPrefix(parts(of: $0).name) }
    let isLink = identity(of: target).map { found in own.contains { identity(of: $0) == found } } ?? false
    guard !isBeside, !isLink else {
      throw .constraint("\(target) is one of the house's own files: name another one for the backup")
    }
  }

  private static func parts(of path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (slash == path.startIndex ? "/" : String(path[..<slash]), String(path[path.index(after: slash)...]))
  }

  /// What a path leads to, whatever it is called; nil where nothing is there.
  private static func identity(of path: String) -> [UInt64]? {
    var status = stat()
    return stat(path, &status) == 0 ? [UInt64(status.st_dev), UInt64(status.st_ino)] : nil
  }

  /// Keeps in the books that a backup was made.
  public static func remember(_ made: Made, in folder: String) throws(StoreFault) {
    let db = try Database(file: Store.file(in: folder), access: .write(isDurable: true))
    let fields: JSON = ["file": .string(made.file), "at": .string(made.at.text), "sha256": .string(made.digest)]
    try Settings(db: db).set("last_backup", fields.text)
  }

  /// The last backup of a folder's books; nil where there was none.
  public static func last(of folder: String) throws(StoreFault) -> Made? {
    let db = try Database(file: Store.file(in: folder), access: .read)
    guard let text = try Settings(db: db).value("last_backup"), let fields = try? JSON.parse(text),
      let file = fields["file"]?.string, let at = fields["at"]?.string.flatMap({ Timestamp($0) }),
      let digest = fields["sha256"]?.string
    else { return nil }
    return Made(file: file, at: at, digest: digest)
  }

  /// Reads a whole backup and compares it with its last line. Returns its digest in hex.
  /// - Parameter copyingTo: an open file that gets the database within.
  /// - Throws: `.corrupt` where it was damaged or cut short, or is no backup.
  @discardableResult
  public static func verify(_ path: String, copyingTo copy: Int32? = nil) throws(StoreFault) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path) }
    let size = Int(status.st_size) - sealBytes
    var line = Bytes(repeating: 0, count: sealBytes)
    guard size > 0, pread(descriptor, &line, sealBytes, off_t(size)) == sealBytes, line.starts(with: seal.utf8) else {
      throw .corrupt(file: path, what: "it does not end as a backup does: it was cut short, or it is none")
    }
    let digest = try digest(of: descriptor, bytes: size, path: path, copyingTo: copy)
    guard line.dropFirst(seal.utf8.count).dropLast().elementsEqual(digest.utf8) else {
      throw .corrupt(file: path, what: "it is not what was written: its last line has the SHA-256 of other bytes")
    }
    return digest
  }

  /// Writes the copy beside its place and moves it there when it is whole and on disk. Returns its digest in hex.
  @discardableResult
  static func copy(
    _ db: Database, to target: String, adding: (String) throws(StoreFault) -> Void = { _ in }
  ) throws(StoreFault) -> String {
    let part = target + ".part"
    unlink(part)
    let digest: String
    do throws(StoreFault) {
      try prepareFile(part)
      try db.run("VACUUM INTO ?1", part)
      try adding(part)
      digest = try sealUp(part)
      guard rename(part, target) == 0 else { throw failure(target) }
    } catch {
      // Half a copy is of no use, and on a full disk it would be in the way.
      unlink(part)
      throw error
    }
    try sync(folderOf: target)
    return digest
  }

  /// Adds the last line and brings everything to the disk.
  private static func sealUp(_ path: String) throws(StoreFault) -> String {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    let size = lseek(descriptor, 0, SEEK_END)
    guard size >= 0 else { throw failure(path) }
    let digest = try digest(of: descriptor, bytes: Int(size), path: path)
    let line = Bytes(utf8: "\(seal)\(digest)\n")
    guard pwrite(descriptor, line, line.count, size) == line.count, fsync(descriptor) == 0 else { throw failure(path) }
    return digest
  }

  /// The SHA-256 of the first bytes of a file, in hex.
  private static func digest(
    of descriptor: Int32, bytes: Int, path: String, copyingTo copy: Int32? = nil
  ) throws(StoreFault) -> String {
    guard let context = EVP_MD_CTX_new() else { throw .other(code: ENOMEM, text: "no memory for a digest") }
    defer { EVP_MD_CTX_free(context) }
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    var chunk = Bytes(repeating: 0, count: 1 << 20)
    var place = 0
    while place < bytes {
      let count = pread(descriptor, &chunk, min(chunk.count, bytes - place), off_t(place))
      guard count > 0 else { throw failure(path) }
      EVP_DigestUpdate(context, chunk, count)
      if let copy { guard pwrite(copy, chunk, count, off_t(place)) == count else { throw failure(path) } }
      place += count
    }
    var digest = Bytes(repeating: 0, count: SHA256.byteCount)
    EVP_DigestFinal_ex(context, &digest, nil)
    return digest.hex
  }

  /// The names in a folder are on disk only when the folder is.
  static func sync(folderOf path: String) throws(StoreFault) {
    let folder = parts(of: path).folder
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(folder) }
  }

  static func failure(_ path: String) -> StoreFault {
    if errno == ENOSPC || errno == EDQUOT { return .full }
    return .other(code: errno, text: "\(path): \(String(cString: strerror(errno)))")
  }
}

/// Puts the books of a backup in the place of those that are there.
nonisolated public enum Restore {
  /// What a restore did.
  public struct Done: Sendable, Equatable {
    /// Of the backup, in hex.
    public let digest: String
    /// Where the books lie that were there before; nil where there were none.
    public let aside: String?
    /// What else was in the backup and lies in the folder now.
    public let extras: BackupExtras.Taken
  }

  /// Checks the backup and every table in it before anything is changed; at whatever moment it is cut off, the folder has
  /// either the old books or the new ones. The caller holds the folder's lock.
  public static func bring(_ backup: String, into folder: String) throws(StoreFault) -> Done {
    let (place, coming) = (Store.file(in: folder), Store.file(in: folder) + ".restoring")
    remove(coming)
    do throws(StoreFault) {
      let digest = try unpack(backup, to: coming)
      // Before the books: what they speak of is there when they are.
      let extras = try BackupExtras.bring(from: coming, into: folder)
      try makeItOurs(coming, backup)
      let aside = try setAside(place)
      guard rename(coming, place) == 0 else { throw Backup.failure(place) }
      try Backup.sync(folderOf: place)
      return Done(digest: digest, aside: aside, extras: extras)
    } catch {
      remove(coming)
      throw error
    }
  }

  private static func remove(_ file: String) { for part in ["", "-wal", "-shm"] { unlink(file + part) } }

  private static func unpack(_ backup: String, to file: String) throws(StoreFault) -> String {
    let descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Backup.failure(file) }
    defer { close(descriptor) }
    let digest = try Backup.verify(backup, copyingTo: descriptor)
    guard fsync(descriptor) == 0 else { throw Backup.failure(file) }
    return digest
  }

  /// No number that left the house after the backup was made is given again: neither a transaction's, nor a fact's, nor
  /// one by which others know a thing of ours.
  private static func makeItOurs(_ file: String, _ backup: String) throws(StoreFault) {
    let db = try Migrations.house.open(file, isDurable: true)
    if let problem = try Health.problems(of: db).first { throw .corrupt(file: backup, what: problem) }
    let books = Books(db: db)
    try db.transaction { () throws(StoreFault) in
      try books.sessions.jumpTransactions()
      try books.invoices.jump()
      try db.run("UPDATE sqlite_sequence SET seq = seq + ?1", Limits.transactionJump)
      let fact = try books.events.append(.booksRestored(from: backup), at: .now())
      // The next one follows the newest.
      try db.run("UPDATE event SET seq = seq + ?2 WHERE seq = ?1", fact.seq, Limits.transactionJump)
    }
    try db.script("PRAGMA wal_checkpoint(TRUNCATE)")
  }

  /// Gives the old books a second name; the first is replaced a moment later.
  private static func setAside(_ file: String) throws(StoreFault) -> String? {
    guard access(file, F_OK) == 0 else { return nil }
    let aside = "\(file).replaced-\(Timestamp.now().milliseconds)"
    // Their log is brought in, so that it is not taken for the log of the new ones. Where that cannot be done they are
    // damaged, and the log goes with them: SQLite is not asked about a file that is none of its own, because it would
    // throw the log away.
    var isRead = false
    do throws(StoreFault) {
      try prepareFile(file)
      let db = try Database(file: file, access: .write(isDurable: true))
      isRead = try db.value("PRAGMA wal_checkpoint(TRUNCATE)") == 1
    } catch {}
    // While another program reads them, their log cannot be brought in, and without it they would lose what came last.
    guard !isRead else { throw .busy }
    for part in ["-wal", "-shm"] where access(file + part, F_OK) == 0 {
      guard rename(file + part, aside + part) == 0 else { throw Backup.failure(aside + part) }
    }
    guard link(file, aside) == 0 else { throw Backup.failure(aside) }
    return aside
  }
}
