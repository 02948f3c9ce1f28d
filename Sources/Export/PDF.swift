// Pages to print and to send (PDF 1.4, ISO 32000-1), with the two fonts that every reader has.
import Wire

/// Writes a document of A4 pages: text in Helvetica, lines, and boxes. Places are in points from the upper left.
public struct PDF: Sendable {
  public static let width = 595.0
  public static let height = 842.0

  public enum Weight: Sendable { case plain, bold }
  public enum Side: Sendable { case left, right, middle }

  private let title: String
  private var pages: [String] = []

  public init(title: String) { self.title = title }

  public mutating func beginPage() { pages.append("") }

  /// Writes one line; `x` is its left end, its right end, or its middle. What Western European fonts do not have becomes
  /// a question mark.
  /// - Parameter grey: 0 is black, 1 is white.
  public mutating func text(
    _ text: String, x: Double, y: Double, size: Double = 10, weight: Weight = .plain, side: Side = .left,
    grey: Double = 0
  ) {
    let bytes = WinAnsi.bytes(of: text)
    let width = WinAnsi.width(of: bytes, weight) * size
    let start =
      switch side {
      case .left: x
      case .right: x - width
      case .middle: x - width / 2
      }
    let font = weight == .bold ? "F2" : "F1"
    draw(
      "BT /\(font) \(Self.number(size)) Tf \(Self.number(grey)) g \(Self.number(start)) \(Self.number(Self.height - y)) Td "
        + "<\(bytes.hex)> Tj ET")
  }

  public mutating func line(fromX x: Double, y: Double, toX end: Double, width: Double = 0.5, grey: Double = 0.6) {
    let height = Self.number(Self.height - y)
    draw(
      "\(Self.number(width)) w \(Self.number(grey)) G \(Self.number(x)) \(height) m \(Self.number(end)) \(height) l S")
  }

  /// A filled box.
  public mutating func box(x: Double, y: Double, width: Double, height: Double, grey: Double = 0) {
    draw(
      "\(Self.number(grey)) g \(Self.number(x)) \(Self.number(Self.height - y - height)) \(Self.number(width)) "
        + "\(Self.number(height)) re f")
  }

  /// A QR code with its quiet zone within the square.
  public mutating func code(_ code: QRCode, x: Double, y: Double, side: Double) {
    let unit = side / Double(code.size + 8)
    for row in 0..<code.size {
      var column = 0
      while column < code.size {
        let start = column
        while column < code.size, code[column, row] { column += 1 }
        if column > start {
          // A hair higher than its row, so that no reader shows a seam.
          box(
            x: x + Double(start + 4) * unit, y: y + Double(row + 4) * unit, width: Double(column - start) * unit,
            height: unit * 1.02)
        } else {
          column += 1
        }
      }
    }
  }

  /// The text cut so that it is no wider, with an ellipsis where something is missing.
  public static func fitted(_ text: String, to width: Double, size: Double = 10, weight: Weight = .plain) -> String {
    // No further than the line goes, whatever somebody wrote.
    let room = width / size
    let ellipsis = WinAnsi.width(of: WinAnsi.bytes(of: "…"), weight)
    var taken = 0.0
    var end = text.startIndex
    for place in text.indices {
      taken += WinAnsi.width(of: WinAnsi.bytes(of: String(text[place])), weight)
      if taken > room { return text[..<end] + "…" }
      if taken + ellipsis <= room { end = text.index(after: place) }
    }
    return text
  }

  /// The lines of a text that is broken at its spaces.
  public static func lines(_ text: String, width: Double, size: Double = 10, weight: Weight = .plain) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      let longer = (lines.last.map { $0 + " " } ?? "") + word
      if !lines.isEmpty, WinAnsi.width(of: WinAnsi.bytes(of: longer), weight) * size <= width {
        lines[lines.count - 1] = longer
      } else {
        lines.append(fitted(String(word), to: width, size: size, weight: weight))
      }
    }
    return lines
  }

  private mutating func draw(_ operators: String) {
    precondition(!pages.isEmpty, "no page was begun")
    pages[pages.count - 1] += operators + "\n"
  }

  /// With two decimals, as a number in a document must have no exponent.
  private static func number(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = abs(hundredths) % 100
    return "\(hundredths < 0 ? "-" : "")\(abs(hundredths) / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// The whole document.
  public func finished() -> Bytes {
    let kids = pages.indices.map { "\(6 + $0 * 2) 0 R" }.joined(separator: " ")
    var objects: [Bytes] = [
      Bytes(utf8: "<< /Type /Catalog /Pages 2 0 R >>"),
      Bytes(utf8: "<< /Type /Pages /Count \(pages.count) /Kids [\(kids)] >>"),
      Bytes(utf8: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"),
      Bytes(utf8: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>"),
      Bytes(utf8: "<< /Title <\(WinAnsi.bytes(of: title).hex)> /Producer (Ostler) >>"),
    ]
    for (place, page) in pages.enumerated() {
      objects.append(
        Bytes(
          utf8: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents \(7 + place * 2) 0 R "
            + "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"))
      let packed = Self.zlib(Bytes(utf8: page))
      objects.append(
        Bytes(utf8: "<< /Length \(packed.count) /Filter /FlateDecode >>\nstream\n") + packed
          + Bytes(utf8: "\nendstream"))
    }
    var document = Bytes(utf8: "%PDF-1.4\n%") + [0xE2, 0xE3, 0xCF, 0xD3, 0x0A]
    var offsets: [Int] = []
    for (place, object) in objects.enumerated() {
      offsets.append(document.count)
      document += Bytes(utf8: "\(place + 1) 0 obj\n") + object + Bytes(utf8: "\nendobj\n")
    }
    let table = document.count
    document += Bytes(utf8: "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n")
    for offset in offsets {
      let text = String(offset)
      document += Bytes(utf8: String(repeating: "0", count: 10 - text.utf8.count) + text + " 00000 n \n")
    }
    document += Bytes(
      utf8: "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R /Info 5 0 R >>\nstartxref\n\(table)\n%%EOF\n")
    return document
  }

  /// Deflate in the wrapping that FlateDecode expects (RFC 1950).
  private static func zlib(_ content: Bytes) -> Bytes {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in content {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    let check = b << 16 | a
    return [0x78, 0x9C] + Zip.deflated(content) + (0..<4).map { UInt8(truncatingIfNeeded: check >> (24 - 8 * $0)) }
  }
}

/// The encoding of the standard fonts, and how wide their letters are.
private enum WinAnsi {
  /// What stands between 0x80 and 0x9F.
  private static let special: [Unicode.Scalar: UInt8] = [
    "€": 0x80, "‚": 0x82, "ƒ": 0x83, "„": 0x84, "…": 0x85, "†": 0x86, "‡": 0x87, "‰": 0x89, "Š": 0x8A, "‹": 0x8B,
    "Œ": 0x8C, "Ž": 0x8E, "‘": 0x91, "’": 0x92, "“": 0x93, "”": 0x94, "•": 0x95, "–": 0x96, "—": 0x97, "™": 0x99,
    "š": 0x9A, "›": 0x9B, "œ": 0x9C, "ž": 0x9E, "Ÿ": 0x9F,
  ]

  static func bytes(of text: String) -> Bytes {
    text.unicodeScalars.map { scalar in
      if let byte = special[scalar] { return byte }
      // Spaces of other widths, as number formats use them.
      if scalar.value == 0x202F || scalar.value == 0x2009 { return 0x20 }
      if (0x20...0x7E).contains(scalar.value) || (0xA0...0xFF).contains(scalar.value) { return UInt8(scalar.value) }
      return (0x100...0x17F).contains(scalar.value) ? bases[Int(scalar.value) - 0x100] : UInt8(ascii: "?")
    }
  }

  /// The letters of which those of Latin Extended-A are made, from U+0100 on. The fonts have none of these, and a name can
  /// be read without its marks.
  private static let bases = Array(
    ("AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLl"
      + "NnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs").utf8)

  /// In parts of the font's size.
  static func width(of bytes: Bytes, _ weight: PDF.Weight) -> Double {
    Double(bytes.reduce(0) { $0 + width(of: $1, weight) }) / 1_000
  }

  private static func width(of byte: UInt8, _ weight: PDF.Weight) -> Int {
    if (0x20...0x7E).contains(byte) { return (weight == .bold ? bold : plain)[Int(byte) - 0x20] }
    if byte >= 0xC0 { return upper[Int(byte) - 0xC0] }
    return byte == 0x85 || byte == 0x97 || byte == 0x99 ? 1_000 : 556
  }

  /// Adobe's metrics of Helvetica and Helvetica-Bold, from the space to the tilde.
  private static let plain = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
  ]
  private static let bold = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
  ]
  /// From À to ÿ, as in Helvetica; the bold ones differ by less than a point in a line.
  private static let upper = [
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278, 722, 722, 778, 778, 778, 778, 778,
    584, 778, 722, 722, 722, 722, 667, 667, 611, 556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278,
    278, 278, 556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
  ]
}
