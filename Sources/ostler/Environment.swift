#if canImport(Glibc)
  import Glibc
#endif

/// What the process was started with, and the name of its machine.
enum Environment {
  static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Of this machine, as mail servers want to hear it; an address literal where it has none (RFC 5321 4.1.3).
  static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "[127.0.0.1]" }
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 < 0x80 } && !text.contains { $0.isWhitespace }
    return isPlain ? text : "[127.0.0.1]"
  }

  static var all: [String: String] {
    var found: [String: String] = [:]
    var entry = environ
    while let line = entry.pointee {
      let text = String(cString: line)
      if let equals = text.firstIndex(of: "=") {
        found[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      entry += 1
    }
    return found
  }
}
