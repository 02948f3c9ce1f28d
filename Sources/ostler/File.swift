import Domain
import Synchronization
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// Reads small files without Foundation.
enum File {
  /// Settings, certificates and time zones are far below it; what is larger is not read.
  static let longest = 4 << 20

  /// The whole file; nil where it cannot be read or is too long.
  static func read(_ path: String) -> Bytes? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = Bytes()
    var piece = Bytes(repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0, bytes.count + count <= longest else { return nil }
      if count == 0 { return bytes }
      bytes += piece[..<count]
    }
  }
}

extension File {
  /// A new file, or one that is made anew, for our eyes only.
  static func write(_ bytes: Bytes, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Complaint("\(path) cannot be written: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var at = 0
    while at < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + at, bytes.count - at) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Complaint("\(path) cannot be written: \(String(cString: strerror(errno)))") }
      at += count
    }
  }
}

/// The time zones of the system: TZif files under `OSTLER_TZDIR` or /usr/share/zoneinfo, each read once.
final class SystemZones: Sendable {
  private let folder: String
  private let known = Mutex<[String: ZoneRules]>([:])

  init(folder: String?) { self.folder = folder ?? "/usr/share/zoneinfo" }

  var library: ZoneLibrary { ZoneLibrary { self.rules(of: $0) } }

  /// A sentence that names the package to install, where there are no zones at all.
  var complaint: String? {
    rules(of: "Europe/Amsterdam") != nil
      ? nil : "no time zones in \(folder): install the package tzdata, or set OSTLER_TZDIR"
  }

  private func rules(of name: String) -> ZoneRules? {
    if let rules = known.withLock({ $0[name] }) { return rules }
    guard let bytes = File.read("\(folder)/\(name)"), let rules = try? ZoneRules(tzif: bytes) else { return nil }
    known.withLock { $0[name] = rules }
    return rules
  }
}
