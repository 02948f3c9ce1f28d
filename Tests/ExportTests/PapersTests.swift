import CSystem
import Testing
import Wire

@testable import Export

/// What the writers of workbooks and documents must keep; that other programs read them is shown by Tests/peers.
@Suite struct PapersTests {
  private func inflated(_ packed: Bytes, to count: Int) -> Bytes {
    var stream = z_stream()
    #expect(inflateInit2_(&stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
    defer { inflateEnd(&stream) }
    var (input, output) = (packed, Bytes(repeating: 0, count: count + 1))
    input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
        #expect(inflate(&stream, Z_FINISH) == Z_STREAM_END)
      }
    }
    return Bytes(output.prefix(Int(stream.total_out)))
  }

  @Test(arguments: [0, 1, 1_000, 300_000]) func whatIsDeflatedComesBack(_ count: Int) {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 5) }
    #expect(inflated(Zip.deflated(content), to: count) == content)
  }

  @Test func anArchiveEndsWithItsDirectory() {
    var zip = Zip()
    zip.add("a.txt", Bytes(utf8: "one"))
    zip.add("b.txt", Bytes(utf8: "two"))
    let archive = zip.finished()
    let end = Bytes(archive.suffix(22))
    #expect(end.prefix(4).elementsEqual([0x50, 0x4B, 0x05, 0x06]))
    #expect(end[10] == 2)
    let start = Int(end[16]) | Int(end[17]) << 8
    #expect(archive[start..<start + 4].elementsEqual([0x50, 0x4B, 0x01, 0x02]))
  }

  @Test(arguments: [("a<b&c", "a&lt;b&amp;c"), ("\u{1}\u{8}", "??"), ("=1+1", "=1+1"), ("a\nb", "a\nb")])
  func aTextStaysATextInXML(_ text: String, _ escaped: String) {
    #expect(XML.escaped(text) == escaped)
  }

  @Test func aLineThatIsTooLongIsBrokenAtItsSpacesAndAWordIsCut() {
    let lines = PDF.lines("the quick brown fox jumps", width: 60)
    #expect(lines.count > 1)
    #expect(lines.joined(separator: " ") == "the quick brown fox jumps")
    #expect(PDF.fitted(String(repeating: "W", count: 100), to: 60).hasSuffix("…"))
  }

  /// However long a text is, only what fits is looked at.
  @Test func aTextOfMegabytesIsCutInNoTime() {
    let long = String(repeating: "W", count: 4_000_000)
    #expect(PDF.fitted(long, to: 60) == "WWWWW…")
    #expect(PDF.fitted("\u{301}" + String(repeating: "\u{301}", count: 1_000_000), to: 60) == "…")
    #expect(PDF.lines(long, width: 60) == ["WWWWW…"])
  }

  @Test func theLastLetterThatFitsIsKept() {
    // Ten digits of 5.56 points.
    #expect(PDF.fitted("0123456789", to: 55.6001) == "0123456789")
    #expect(PDF.fitted("0123456789", to: 55.5) == "01234567…")
    #expect(PDF.fitted("", to: 1) == "")
    #expect(PDF.fitted("W", to: 1) == "…")
  }

  @Test func aCellHoldsWhatItCanAndNoMore() {
    let most = String(repeating: "a", count: XLSX.cellUnits)
    #expect(XLSX.kept(most) == most)
    #expect(XLSX.kept(most + "a") == most.dropLast() + "…")
    // A letter of two units is not cut in two.
    let pairs = String(repeating: "🔌", count: XLSX.cellUnits)
    #expect(XLSX.kept(pairs).utf16.count == XLSX.cellUnits)
    #expect(XLSX.kept(pairs).hasSuffix("🔌…"))
  }

  @Test(arguments: [
    ("_x000A_", "_x005F_x000A_"), ("a_x202e_b", "a_x005F_x202e_b"), ("_x00", "_x00"), ("_xyzab_", "_xyzab_"),
    ("\u{202E}gnp.exe\u{2066}", "\\u202egnp.exe\\u2066"), ("a\nb", "a\nb"), ("a\u{7}b", "a\\u0007b"),
  ])
  func nothingInACellIsReadAsSomethingElse(_ text: String, _ kept: String) {
    #expect(XLSX.kept(text) == kept)
  }

  /// The standard fonts have no letters of Warsaw and Prague, and whoever pays is to be recognised all the same.
  @Test func aLetterThatTheFontsLackStandsWithoutItsMark() {
    var document = PDF(title: "Łukasz Čech, Zürich 電")
    document.beginPage()
    let text = String(decoding: document.finished(), as: UTF8.self)
    let shown = Bytes(utf8: "Lukasz Cech, Z") + [0xFC] + Bytes(utf8: "rich ?")
    #expect(text.contains("/Title <\(shown.hex)>"))
  }

  @Test func theTableOfADocumentNamesWhereEachObjectBegins() throws {
    var document = PDF(title: "Bill (1)")
    document.beginPage()
    document.text("Größe € \u{202E}x)", x: 50, y: 50)
    let bytes = document.finished()
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasPrefix("%PDF-1.4") && text.hasSuffix("%%EOF\n"))
    let start = try #require(text.split(separator: "\n").dropLast().last.flatMap { Int($0) })
    let table = String(decoding: bytes[start...], as: UTF8.self).split(separator: "\n")
    #expect(table[0] == "xref")
    for (number, line) in table[3...].prefix(while: { $0.hasSuffix(" n ") }).enumerated() {
      let offset = try #require(Int(line.prefix(10)))
      #expect(String(decoding: bytes[offset...].prefix(12), as: UTF8.self).hasPrefix("\(number + 1) 0 obj"))
    }
  }
}
