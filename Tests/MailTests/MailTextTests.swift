import Domain
import Testing
import Wire

@testable import Mail

@Suite struct MailTextTests {
  private func text(_ subject: String, _ body: String = "x") -> String {
    let letter = Letter(
      id: "0193", to: ["a@example.org"], subject: subject, text: body, at: Timestamp(seconds: 1_793_700_000))
    return String(decoding: MailText(letter, from: "ostler@example.org", host: "house").bytes, as: UTF8.self)
  }

  @Test func theHeadIsThatOfALetter() {
    let head = text("Fault: CS-1")
    #expect(
      head.hasPrefix("Date: Tue, 03 Nov 2026 10:00:00 +0000\r\nFrom: ostler@example.org\r\nTo: a@example.org\r\n"))
    #expect(head.contains("\r\nSubject: Fault: CS-1\r\nMessage-ID: <0193@house>\r\n"))
  }

  @Test(
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (951_825_600, "Tue, 29 Feb 2000 12:00:00 +0000"),
    ] as [(Int64, String)])
  func datesAreOfTheirDayOfTheWeek(_ seconds: Int64, _ text: String) {
    #expect(MailText.date(Timestamp(seconds: seconds)) == text)
  }

  @Test func aSubjectFromOutsideNeverBecomesAField() {
    let head = text("CS-1\r\nBcc: everybody@example.org")
    #expect(!head.contains("\r\nBcc:"))
    #expect(head.contains("Subject: CS-1  Bcc: everybody@example.org\r\n"))
  }

  @Test func whatIsNotASCIIIsEncodedAndLongWordsAreFolded() throws {
    let word = MailText.encodedWords("Störung " + String(repeating: "ü", count: 100))
    let lines = word.split(separator: "\r\n ")
    #expect(lines.count > 1 && word.utf8.allSatisfy { $0 < 0x80 })
    #expect(lines.allSatisfy { $0.utf8.count <= 75 && $0.hasPrefix("=?UTF-8?B?") && $0.hasSuffix("?=") })
    let bytes = lines.flatMap { Bytes(base64: $0.dropFirst(10).dropLast(2)) ?? [] }
    #expect(String(decoding: bytes, as: UTF8.self) == "Störung " + String(repeating: "ü", count: 100))
  }

  @Test func noLineOfTheBodyIsLongerThanAServerTakes() {
    let body = text("x", String(repeating: "ä\n", count: 500))
    #expect(body.split(separator: "\r\n", omittingEmptySubsequences: false).allSatisfy { $0.utf8.count <= 76 })
  }
}
