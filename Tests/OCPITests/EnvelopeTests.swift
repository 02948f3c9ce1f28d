import Testing
import Wire

@testable import OCPI

@Suite struct EnvelopeTests {
  @Test func anEnvelopeIsWrittenWithItsDataFirstAndWholeSeconds() {
    let time = at("2026-03-01T10:00:00.750Z")
    #expect(
      Envelope(data: Bytes(utf8: "{\"a\":1}")).bytes(at: time).text
        == "{\"data\":{\"a\":1},\"status_code\":1000,\"timestamp\":\"2026-03-01T10:00:00Z\"}")
    #expect(
      Envelope(.invalid, "uid is \"missing\"").bytes(at: time).text
        == "{\"status_code\":2001,\"status_message\":\"uid is \\\"missing\\\"\",\"timestamp\":\"2026-03-01T10:00:00Z\"}"
    )
    #expect(Envelope(list: []).bytes(at: time).text.hasPrefix("{\"data\":[],"))
    #expect(Envelope(list: [[0x31], [0x32]]).bytes(at: time).text.hasPrefix("{\"data\":[1,2],"))
  }

  @Test(arguments: [
    "{\"status_code\":1000,\"timestamp\":\"2026-03-01T10:00:00Z\"}",
    "{\"data\":null,\"status_code\":1000}", "{\"data\":[],\"status_code\":1000}", "{\"data\":{},\"status_code\":1000}",
    "{\"data\":\"\",\"status_code\":1000}", "{\"data\":[[]],\"status_code\":1000}", "{\"status_code\":\"1000\"}",
    "{\"data\":[{\"a\":1},{\"a\":2}],\"status_code\":1000}",
  ])
  func noDataAndNotOneObjectAreNoObject(text: String) {
    let answer = PartnerAnswer(Bytes(utf8: text))
    guard case .envelope(let code, _, _) = answer else {
      Issue.record("\(text) is an envelope")
      return
    }
    #expect(code == .success)
    #expect(answer.object == nil)
  }

  @Test(arguments: ["{\"data\":{\"a\":1},\"status_code\":1000}", "{\"data\":[{\"a\":1}],\"status_code\":1000}"])
  func anObjectIsFoundAlsoInAListOfOne(text: String) {
    let answer = PartnerAnswer(Bytes(utf8: text))
    #expect(answer.object == json("{\"a\":1}"))
    #expect(answer.list == [json("{\"a\":1}")])
  }

  @Test(arguments: [
    ("", PartnerAnswer.empty), (" \r\n", .empty), ("<html><body>502</body></html>", .html),
    ("\n<!doctype html>", .html),
    ("upstream error", .notJSON), ("{\"status_code\":1000", .notJSON),
    ("{\"detail\":\"no\"}", .bareJSON(json("{\"detail\":\"no\"}"))),
    ("{\"status_code\":200}", .bareJSON(json("{\"status_code\":200}"))), ("[]", .bareJSON(json("[]"))),
    ("{\"status_code\":99999999999}", .bareJSON(json("{\"status_code\":99999999999}"))),
  ])
  func whatIsNoEnvelopeIsToldApart(text: String, expected: PartnerAnswer) {
    #expect(PartnerAnswer(Bytes(utf8: text)) == expected)
  }

  @Test func aLongMessageIsCutInASummaryAndCannotBreakALine() {
    let long = String(repeating: "x", count: 5_000)
    let answer = PartnerAnswer(Bytes(utf8: "{\"status_code\":2000,\"status_message\":\"a\\nb\(long)\"}"))
    #expect(answer.summary.count == 206)
    #expect(!answer.summary.contains("\n"))
  }
}

@Suite struct TokenHeaderTests {
  @Test func theTokenIsWrittenInEitherForm() {
    #expect(TokenHeader.value("example-token", .base64) == "Token ZXhhbXBsZS10b2tlbg==")
    #expect(TokenHeader.value("example-token", .raw) == "Token example-token")
  }

  @Test(arguments: [
    ("Token ZXhhbXBsZS10b2tlbg==", ["example-token", "ZXhhbXBsZS10b2tlbg=="]),
    // The text's own example: a line feed was encoded with it.
    ("Token ZXhhbXBsZS10b2tlbgo=", ["example-token", "ZXhhbXBsZS10b2tlbgo="]),
    ("token ZXhhbXBsZS10b2tlbg", ["example-token", "ZXhhbXBsZS10b2tlbg"]),
    ("Token   ZXhhbXBsZS10b2tlbg==", ["example-token", "ZXhhbXBsZS10b2tlbg=="]),
    ("Token example-token", ["example-token"]), ("example-token", ["example-token"]),
    // Decodes to bytes that are no text: it can only be meant as it stands.
    ("Token ffffffffffffffff", ["ffffffffffffffff"]),
    ("Bearer example-token", []), ("Token", ["Token"]), ("Token a b", []), ("", []),
  ])
  func theHeaderIsReadInEveryFormThatPartnersSend(header: String, candidates: [String]) {
    #expect(TokenHeader.candidates(in: header) == candidates)
  }

  @Test func aTokenOfTheLongestLengthIsReadAndALongerOneIsNot() {
    let longest = String(repeating: "a", count: Limits.credentialsToken)
    #expect(TokenHeader.candidates(in: "Token \(Bytes(utf8: longest).base64)").first == longest)
    let longer = longest + "a"
    #expect(!TokenHeader.candidates(in: "Token \(Bytes(utf8: longer).base64)").contains(longer))
  }
}
