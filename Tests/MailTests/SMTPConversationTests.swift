import Domain
import Testing
import Wire

@testable import Mail

@Suite struct SMTPConversationTests {
  private func server(_ security: MailServer.Security, user: String? = nil) -> MailServer {
    var server = MailServer()
    (server.host, server.security, server.user, server.password) = (
      "mail.example", security, user, user.map { _ in "pässword" }
    )
    server.from = "ostler@example.org"
    return server
  }

  private let letter = Letter(
    id: "1", to: ["a@example.org", "b@example.org"], subject: "Fault", text: ".one\n", at: Timestamp(seconds: 0))

  private func conversation(_ server: MailServer) -> SMTPConversation {
    SMTPConversation(letter, by: server, as: "house.example")
  }

  @Test func aLetterIsHandedInWordByWord() throws {
    var talk = conversation(server(.tls))
    #expect(talk.heard(220, ["mail.example"]) == .say("EHLO house.example"))
    #expect(talk.heard(250, ["mail.example"]) == .say("MAIL FROM:<ostler@example.org>"))
    #expect(talk.heard(250, [""]) == .say("RCPT TO:<a@example.org>"))
    #expect(talk.heard(250, [""]) == .say("RCPT TO:<b@example.org>"))
    #expect(talk.heard(251, [""]) == .say("DATA"))
    guard case .tell(let bytes) = talk.heard(354, [""]) else {
      Issue.record("the letter is not told")
      return
    }
    #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n.\r\n"))
    #expect(talk.heard(250, ["queued"]) == .end(.taken))
    #expect(talk.heard(500, ["late"]) == .wait)
  }

  @Test func nothingIsToldBeforeTheWayIsPrivate() {
    var talk = conversation(server(.starttls, user: "anna"))
    _ = talk.heard(220, [""])
    #expect(talk.heard(250, ["mail.example", "STARTTLS", "AUTH PLAIN"]) == .say("STARTTLS"))
    #expect(talk.heard(220, ["go on"]) == .secure)
    #expect(talk.secured() == .say("EHLO house.example"))
    // What was offered before counts no more.
    #expect(talk.heard(250, ["mail.example", "AUTH LOGIN PLAIN"]) == .say("AUTH PLAIN AGFubmEAcMOkc3N3b3Jk"))
    #expect(talk.heard(235, [""]) == .say("MAIL FROM:<ostler@example.org>"))
  }

  @Test func aServerWithoutPrivacyHearsNoPassword() {
    var talk = conversation(server(.starttls, user: "anna"))
    _ = talk.heard(220, [""])
    #expect(talk.heard(250, ["mail.example", "AUTH PLAIN"]) == .end(.failed("the server does not offer STARTTLS")))
  }

  @Test func loginIsAskedForUserAndPassword() {
    var talk = conversation(server(.tls, user: "anna"))
    _ = talk.heard(220, [""])
    #expect(talk.heard(250, ["mail.example", "AUTH LOGIN"]) == .say("AUTH LOGIN"))
    #expect(talk.heard(334, ["VXNlcm5hbWU6"]) == .say("YW5uYQ=="))
    #expect(talk.heard(334, ["UGFzc3dvcmQ6"]) == .say("cMOkc3N3b3Jk"))
    #expect(talk.heard(535, ["no"]) == .end(.failed("the mail server answered 535 no")))
  }

  @Test func whatCanBeMendedIsTriedAgainAndAWrongAddressIsNot() {
    var busy = conversation(server(.plain))
    #expect(busy.heard(421, ["busy"]) == .end(.failed("the mail server answered 421 busy")))
    var wrong = conversation(server(.plain))
    _ = wrong.heard(220, [""])
    _ = wrong.heard(250, [""])
    _ = wrong.heard(250, [""])
    #expect(wrong.heard(550, ["nobody"]) == .end(.refused("the mail server answered 550 nobody")))
  }

  // MARK: Reading

  private func read(_ text: String, by reader: inout SMTPReader) throws -> [(code: Int, lines: [String])] {
    try Bytes(utf8: text).withUnsafeBytes { try reader.add($0) }
    var answers: [(code: Int, lines: [String])] = []
    while let answer = try reader.next() { answers.append(answer) }
    return answers
  }

  @Test func anAnswerOfSeveralLinesIsOne() throws {
    var reader = SMTPReader()
    #expect(try read("250-mail.example\r\n250-SIZE 10\r\n25", by: &reader).isEmpty)
    let answers = try read("0 AUTH PLAIN\r\n220 hello", by: &reader)
    #expect(answers.map(\.code) == [250])
    #expect(answers.first?.lines == ["mail.example", "SIZE 10", "AUTH PLAIN"])
    #expect(!reader.isEmpty)
  }

  @Test(arguments: ["HTTP/1.1 200 OK\r\n", "99 x\r\n", "\r\n", String(repeating: "x", count: 20_000)])
  func whatIsNoSMTPIsRefused(_ text: String) {
    var reader = SMTPReader()
    #expect(throws: SMTPReader.Flaw.self) { try read(text, by: &reader) }
  }

  @Test func linesOfOneAnswerHaveABound() {
    var reader = SMTPReader()
    #expect(throws: SMTPReader.Flaw.self) {
      try read(String(repeating: "250-x\r\n", count: Limits.answerLines + 1), by: &reader)
    }
  }
}
