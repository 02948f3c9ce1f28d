import CResources
import Testing
import Wire

@testable import Admin

/// The page's files as they leave the house.
@Suite struct AssetsTests {
  private func text(_ path: String...) -> String {
    String(decoding: Assets()[path]?.bytes ?? [], as: UTF8.self)
  }

  @Test func aModuleIsSentWithoutItsCommentsAndIndentation() {
    let module = "// Why.\n\nexport const a = 'x'; // Not this one.\n  /// What.\n  if (a) {\n    b();\n  }\n"
    let lean = String(decoding: Assets.lean(Array(module.utf8)), as: UTF8.self)
    #expect(lean == "export const a = 'x'; // Not this one.\nif (a) {\nb();\n}\n")
    #expect(!text("app.js").isEmpty && !text("app.js").hasPrefix("//"))
  }

  /// A text over several lines would lose what looks like indentation or a comment.
  @Test func noTextOfAModuleGoesOverSeveralLines() {
    var count = 0
    for entry in UnsafeBufferPointer(start: ostler_resources(&count), count: count) {
      let path = String(cString: entry.path)
      guard path.hasSuffix(".js") else { continue }
      let source = String(
        decoding: UnsafeBufferPointer(start: entry.start, count: entry.end - entry.start), as: UTF8.self)
      for line in source.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
        #expect(line.count { $0 == "`" }.isMultiple(of: 2), "\(path): \(line)")
      }
    }
  }

  @Test(arguments: ["en", "de", "nl", "fr"])
  func thePartsOfALanguageAreAllOfIt(_ language: String) throws {
    func keys(_ path: String...) throws -> [String] {
      try JSON.parse(try #require(Assets()[path]).bytes).object?.keys ?? []
    }
    let (first, other) = try (keys("i18n", language, "first.json"), keys("i18n", language, "other.json"))
    #expect(!first.isEmpty && first.count < other.count)
    #expect(Set(first).isDisjoint(with: other))
    #expect(try Set(first + other) == Set(keys("i18n", "\(language).json")))
    let entry = try keys("i18n", language, "entry.json")
    #expect(entry.contains("login.title") && entry.count < first.count)
  }
}
