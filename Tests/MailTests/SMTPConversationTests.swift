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
  }

  /// A conversation that has come to its recipients.
  private func addressing() -> SMTPConversation {
    var talk = conversation(server(.plain))
    _ = talk.heard(220, [""])
    _ = talk.heard(250, [""])
    _ = talk.heard(250, [""])
    return talk
  }

  @Test func whoIsNotTakenKeepsNobodyElseFromTheLetter() {
    var talk = addressing()
    #expect(talk.heard(550, ["no such user"]) == .say("RCPT TO:<b@example.org>"))
    #expect(talk.heard(250, [""]) == .say("DATA"))
    _ = talk.heard(354, [""])
    #expect(
      talk.heard(250, ["queued"])
        == .end(.takenForSome("the mail server does not take it for a@example.org: 550 no such user")))
  }

  @Test func aLetterThatIsTakenForNobodyIsRefusedOrTriedAgain() {
    var wrong = addressing()
    _ = wrong.heard(550, ["gone"])
    let both = "a@example.org: 550 gone, b@example.org: 553 what"
    #expect(wrong.heard(553, ["what"]) == .end(.refused("the mail server does not take it for \(both)")))
    var later = addressing()
    _ = later.heard(550, ["gone"])
    guard case .end(.failed) = later.heard(450, ["later"]) else {
      Issue.record("the one who may be taken later is not tried again")
      return
    }
    var closing = addressing()
    #expect(closing.heard(421, ["bye"]) == .end(.failed("the mail server answered 421 bye")))
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
