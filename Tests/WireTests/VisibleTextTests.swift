import Testing

@testable import Wire

struct VisibleTextTests {
  @Test(arguments: [
    ("plain Größe 電気\t1", "plain Größe 電気\t1"), ("\u{202E}a\u{2069}", "\\u202ea\\u2069"), ("a\u{61C}b", "a\\u061cb"),
    ("\u{0}\u{1B}[2J", "\\u0000\\u001b[2J"),
    ("\u{200F}\u{85}\u{7F}", "\\u200f\\u0085\\u007f"), ("a\r\nb\u{2028}c", "a\\u000d\\u000ab\\u2028c"), ("", ""),
  ])
  func whatCannotBeSeenIsSpeltOut(_ text: String, _ spelled: String) {
    #expect(text.spelledOut() == spelled)
  }

  @Test func aTextOfSeveralLinesMayKeepThem() {
    #expect("a\r\nb\u{202E}".spelledOut(keepsLines: true) == "a\r\nb\\u202e")
  }
}
