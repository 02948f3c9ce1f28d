import Wire

/// The text form of keys, certificates and requests (RFC 7468), written strictly and read as stations write it.
enum PEM {
  /// One block, with lines of 64 letters.
  static func text(_ label: String, _ der: Bytes) -> String {
    let letters = Array(der.base64.utf8)
    var text = "-----BEGIN \(label)-----\n"
    for start in stride(from: 0, to: letters.count, by: 64) {
      text += String(decoding: letters[start..<min(start + 64, letters.count)], as: UTF8.self) + "\n"
    }
    return text + "-----END \(label)-----\n"
  }

  /// The blocks of that label in order. Line ends may be missing, or be the two letters that JSON was escaped to twice.
  static func blocks(_ label: String, in text: String) -> [Bytes] {
    var found: [Bytes] = []
    var rest = Substring(text)
    while found.count < Limits.pemBlocks, let begin = rest.firstRange(of: "-----BEGIN \(label)-----") {
      rest = rest[begin.upperBound...]
      guard let end = rest.firstRange(of: "-----END \(label)-----") else { return found }
      let body = rest[..<end.lowerBound].replacing("\\n", with: "").replacing("\\r", with: "")
      let letters = String(decoding: body.utf8.filter { $0 > 0x20 }, as: UTF8.self)
      guard let der = Bytes(base64: letters) else { return found }
      found.append(der)
      rest = rest[end.upperBound...]
    }
    return found
  }
}
