import Domain
import Wire

/// A letter as the wire carries it (RFC 5322): a head in ASCII and a body in base64, so that no line is too long for a
/// server and no text from outside becomes a field of the head.
struct MailText {
  let bytes: Bytes

  init(_ letter: Letter, from: String, host: String) {
    let fields = [
      ("Date", Self.date(letter.at)), ("From", from), ("To", letter.to.joined(separator: ",\r\n ")),
      ("Subject", Self.encodedWords(letter.subject)), ("Message-ID", "<\(letter.id)@\(host)>"),
      // RFC 3834: no machine answers a machine.
      ("Auto-Submitted", "auto-generated"), ("MIME-Version", "1.0"),
      ("Content-Type", "text/plain; charset=utf-8"), ("Content-Transfer-Encoding", "base64"),
    ]
    var text = ""
    for (name, value) in fields { text += "\(name): \(value)\r\n" }
    text += "\r\n"
    let body = Array(Bytes(utf8: letter.text).base64.utf8)
    for start in stride(from: 0, to: body.count, by: Self.lineBytes) {
      text += String(decoding: body[start..<min(start + Self.lineBytes, body.count)], as: UTF8.self) + "\r\n"
    }
    bytes = Bytes(utf8: text)
  }

  /// RFC 2045 6.8: no longer lines.
  private static let lineBytes = 76
  /// RFC 2047 2: an encoded word has 75 characters at most, of which 12 are its marks.
  private static let wordBytes = 45

  /// RFC 2047, where the text is not plain ASCII; a line break or a control character never reaches the head.
  static func encodedWords(_ text: String) -> String {
    let line = String(
      String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    if line.utf8.count <= lineBytes, line.utf8.allSatisfy({ $0 < 0x80 }), !line.contains("=?") { return line }
    var words: [String] = []
    var piece: [UInt8] = []
    for scalar in line.unicodeScalars {
      let more = Array(String(scalar).utf8)
      if piece.count + more.count > wordBytes {
        words.append("=?UTF-8?B?\(piece.base64)?=")
        piece = []
      }
      piece += more
    }
    if !piece.isEmpty { words.append("=?UTF-8?B?\(piece.base64)?=") }
    return words.joined(separator: "\r\n ")
  }

  /// RFC 5322 3.3, in UTC.
  static func date(_ time: Timestamp) -> String {
    let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let seconds = time.milliseconds / 1_000
    let day = Int(seconds / 86_400 % 7)
    // 2026-11-03T09:15:00Z or with milliseconds
    let text = time.text
    let parts = text.prefix(10).split(separator: "-")
    let month = Int(parts[1]).map { months[$0 - 1] } ?? ""
    return "\(days[day]), \(parts[2]) \(month) \(parts[0]) \(text.dropFirst(11).prefix(8)) +0000"
  }
}
