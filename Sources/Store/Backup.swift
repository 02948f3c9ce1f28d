import CSystem
import Crypto
import Glibc
import Wire

/// Whole copies of a database, made while it is in use.
nonisolated public enum Backup {
  /// Copies the books of a folder to a new file, consistent as of one moment, and returns its SHA-256 in hex. Beside
  /// the daemon or without it; to be called on a queue that may block.
  public static func make(of folder: String, to target: String) throws(StoreFault) -> String {
    let db = try Database(file: Store.file(in: folder), access: .read)
    try copy(db, to: target)
    return try digest(of: target)
  }

  /// The SHA-256 of a file, in hex.
  public static func digest(of path: String) throws(StoreFault) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    guard let context = EVP_MD_CTX_new() else { throw .other(code: ENOMEM, text: "no memory for a digest") }
    defer { EVP_MD_CTX_free(context) }
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
    var chunk = Bytes(repeating: 0, count: 1 << 20)
    while true {
      let count = read(descriptor, &chunk, chunk.count)
      guard count >= 0 else { throw failure(path) }
      if count == 0 { break }
      EVP_DigestUpdate(context, chunk, count)
    }
    var digest = Bytes(repeating: 0, count: SHA256.byteCount)
    EVP_DigestFinal_ex(context, &digest, nil)
    return digest.hex
  }

  /// Writes the copy beside its place and moves it there when it is whole and on disk.
  static func copy(_ db: Database, to target: String) throws(StoreFault) {
    let part = target + ".part"
    unlink(part)
    do throws(StoreFault) {
      try prepareFile(part)
      try db.run("VACUUM INTO ?1", part)
      try sync(part, isFolder: false)
      guard rename(part, target) == 0 else { throw failure(target) }
    } catch {
      // Half a copy is of no use, and on a full disk it would be in the way.
      unlink(part)
      throw error
    }
    try sync(folder(of: target), isFolder: true)
  }

  private static func sync(_ path: String, isFolder: Bool) throws(StoreFault) {
    let descriptor = open(path, (isFolder ? O_RDONLY | O_DIRECTORY : O_RDWR) | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(path) }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func failure(_ path: String) -> StoreFault {
    if errno == ENOSPC || errno == EDQUOT { return .full }
    return .other(code: errno, text: "\(path): \(String(cString: strerror(errno)))")
  }
}
