import Glibc
import Testing
import Wire

/// The other side in these tests: the `openssl` command, in a folder of its own.
final class OpenSSLCommand {
  let folder: String

  init() throws {
    var template = Array("/tmp/ostler-openssl-XXXXXX".utf8CString)
    folder = String(cString: try #require(mkdtemp(&template)))
  }

  deinit { _ = spawn("/bin/rm", ["-rf", folder]) }

  func path(_ name: String) -> String { folder + "/" + name }

  func write(_ text: String, as name: String) throws { try write(Bytes(utf8: text), as: name) }

  func write(_ bytes: Bytes, as name: String) throws {
    let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
  }

  func bytes(_ name: String) throws -> Bytes {
    let descriptor = open(path(name), O_RDONLY)
    try #require(descriptor >= 0, "there is no \(name)")
    defer { close(descriptor) }
    var bytes = Bytes(repeating: 0, count: 1 << 20)
    let count = read(descriptor, &bytes, bytes.count)
    return Bytes(bytes.prefix(max(0, count)))
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  /// Runs `openssl …` in the folder; what it prints, both streams.
  @discardableResult
  func run(_ line: String, fails: Bool = false, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let script = "cd \(folder) && openssl \(line) >out 2>&1"
    let status = spawn("/bin/sh", ["-c", script])
    let said = try text("out")
    #expect((status == 0) != fails, "openssl \(line): \(said)", sourceLocation: sourceLocation)
    return said
  }
}

private func spawn(_ program: String, _ arguments: [String]) -> Int32 {
  var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
  defer { words.forEach { free($0) } }
  var child: pid_t = 0
  guard posix_spawn(&child, program, nil, nil, &words, environ) == 0 else { return -1 }
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0, errno == EINTR {}
  return status
}
