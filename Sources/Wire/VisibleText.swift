extension String {
  /// The text with every mark to be seen: control characters, and marks that turn the direction of what follows, are spelt
  /// out as `\u202e`, as the page shows them. What a stranger wrote must not rewrite the line in which it stands.
  /// - Parameter keepsLines: whether line breaks stay, where a text may have several lines.
  public func spelledOut(keepsLines: Bool = false) -> String {
    guard unicodeScalars.contains(where: { Self.isHidden($0, keepsLines) }) else { return self }
    var spelled = ""
    spelled.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      if Self.isHidden(scalar, keepsLines) {
        let digits = String(scalar.value, radix: 16)
        spelled += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      } else {
        spelled.unicodeScalars.append(scalar)
      }
    }
    return spelled
  }

  /// Whether every mark of it can be printed: it has no line break and no tab either.
  public var isPrintable: Bool {
    unicodeScalars.allSatisfy { $0.value != 0x09 && !Self.isHidden($0, false) }
  }

  private static func isHidden(_ scalar: Unicode.Scalar, _ keepsLines: Bool) -> Bool {
    switch scalar.value {
    case 0x09: false
    case 0x0A, 0x0D: !keepsLines
    // Separators of lines and paragraphs break a line as well.
    case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
