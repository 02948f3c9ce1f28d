import Domain
import Wire

/// How a credentials token stands in the Authorization header (2.2.1 §4.1.2): base64 of its UTF-8, or, with many
/// partners, as it is.
public enum TokenHeader {
  public static func value(_ token: String, _ form: PartnerQuirks.TokenForm) -> String {
    switch form {
    case .base64: "Token \(Bytes(utf8: token).base64)"
    case .raw: "Token \(token)"
    }
  }

  /// What the header can mean, the likelier first. The text's own example decodes to a token with a line feed at its
  /// end, so white space there is not part of the token.
  public static func candidates(in header: String) -> [String] {
    let words = header.split(separator: " ", omittingEmptySubsequences: true)
    guard let last = words.last, words.count <= 2 else { return [] }
    if words.count == 2, String(words[0]).ciFolded != "token" { return [] }
    let raw = String(last)
    var candidates: [String] = []
    if let bytes = Bytes(base64: raw) ?? Bytes(base64URL: raw), let text = String(utf8: bytes) {
      let plain = trimmed(text)
      if isToken(plain) { candidates.append(plain) }
    }
    if isToken(raw) { candidates.append(raw) }
    return candidates
  }

  private static func trimmed(_ text: String) -> String {
    var bytes = text.utf8[...]
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isToken(_ text: String) -> Bool {
    (1...Limits.credentialsToken).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
  }
}
