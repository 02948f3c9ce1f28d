// QR codes for posters, drivers' pages and authenticators (ISO/IEC 18004), byte mode at error correction level M: a sixth
// of the picture may be dirty.
import Wire

/// A QR code: a square of dark and light modules.
public struct QRCode: Sendable, Equatable {
  /// Modules along one side.
  public private(set) var size: Int
  private var dark: [Bool]
  /// Modules that carry no data: finders, timing, alignment, format and version.
  private var isFixed: [Bool]

  /// The longest text, in UTF-8 bytes: version 15 holds it, which a phone still reads from a label.
  public static let longestText = 412
  private static let versions = 1...15
  /// Check codewords of one block, and blocks, by version (ISO/IEC 18004 table 9, level M).
  private static let checkWords = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24]
  private static let blocks = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10]

  /// Nil where the text is longer than `longestText`.
  public init?(_ text: String) {
    let bytes = Bytes(utf8: text)
    guard let version = Self.versions.first(where: { Self.capacity(of: $0) >= bytes.count }) else { return nil }
    size = 17 + 4 * version
    dark = Array(repeating: false, count: size * size)
    isFixed = dark
    drawFixed(version)
    draw(Self.codewords(of: bytes, version))
    let masks = (0..<8).map { mask in
      var masked = self
      masked.mask(with: mask)
      masked.drawFormat(mask)
      return masked
    }
    // Which of the eight is easiest to read (§7.8.3).
    self = masks.min { $0.penalty < $1.penalty } ?? self
  }

  public subscript(x: Int, y: Int) -> Bool { dark[y * size + x] }

  /// The dark modules as the `d` of an SVG path, one unit a module; the four light ones around belong to whoever draws it.
  public var path: String {
    var path = ""
    for y in 0..<size {
      var x = 0
      while x < size {
        guard self[x, y] else {
          x += 1
          continue
        }
        let start = x
        while x < size, self[x, y] { x += 1 }
        path += "M\(start) \(y)h\(x - start)v1h-\(x - start)z"
      }
    }
    return path
  }

  /// A picture of its own, with its quiet zone.
  public var svg: String {
    let side = size + 8
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-4 -4 \(side) \(side)\" shape-rendering=\"crispEdges\">"
      + "<path fill=\"#fff\" d=\"M-4-4h\(side)v\(side)h-\(side)z\"/><path d=\"\(path)\"/></svg>"
  }

  // MARK: Data

  private static func rawModules(_ version: Int) -> Int {
    var count = (16 * version + 128) * version + 64
    guard version >= 2 else { return count }
    let alignments = version / 7 + 2
    count -= (25 * alignments - 10) * alignments - 55
    return version >= 7 ? count - 36 : count
  }

  private static func dataWords(_ version: Int) -> Int {
    rawModules(version) / 8 - checkWords[version - 1] * blocks[version - 1]
  }

  /// Bytes that fit beside the mode and the count.
  private static func capacity(of version: Int) -> Int { dataWords(version) - (version < 10 ? 2 : 3) }

  private static func codewords(of bytes: Bytes, _ version: Int) -> Bytes {
    var bits: [Bool] = []
    func append(_ value: Int, _ count: Int) {
      for place in stride(from: count - 1, through: 0, by: -1) { bits.append(value >> place & 1 == 1) }
    }
    append(0b0100, 4)
    append(bytes.count, version < 10 ? 8 : 16)
    for byte in bytes { append(Int(byte), 8) }
    let room = dataWords(version) * 8
    append(0, min(4, room - bits.count))
    append(0, (8 - bits.count % 8) % 8)
    var words = stride(from: 0, to: bits.count, by: 8).map { start in
      bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
    }
    var pad: UInt8 = 0xEC
    while words.count < dataWords(version) {
      words.append(pad)
      pad ^= 0xEC ^ 0x11
    }
    return interleaved(words, version)
  }

  /// Short blocks come first and are one word shorter; words of all blocks alternate (§7.6).
  private static func interleaved(_ words: Bytes, _ version: Int) -> Bytes {
    let (count, checks) = (blocks[version - 1], checkWords[version - 1])
    let raw = rawModules(version) / 8
    let short = count - raw % count
    let length = raw / count - checks
    let divisor = ReedSolomon.divisor(checks)
    var (data, check): ([Bytes], [Bytes]) = ([], [])
    var place = 0
    for block in 0..<count {
      let next = place + length + (block < short ? 0 : 1)
      data.append(Bytes(words[place..<next]))
      check.append(ReedSolomon.remainder(data[block], divisor))
      place = next
    }
    var result = Bytes()
    for index in 0...length {
      for block in data where index < block.count { result.append(block[index]) }
    }
    for index in 0..<checks { result += check.map { $0[index] } }
    return result
  }

  // MARK: Drawing

  private mutating func set(_ x: Int, _ y: Int, _ isDark: Bool) {
    dark[y * size + x] = isDark
    isFixed[y * size + x] = true
  }

  private mutating func drawFixed(_ version: Int) {
    for place in 0..<size {
      set(6, place, place % 2 == 0)
      set(place, 6, place % 2 == 0)
    }
    for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] { drawFinder(x, y) }
    let places = alignments(version)
    for (row, y) in places.enumerated() {
      for (column, x) in places.enumerated() {
        let last = places.count - 1
        // Where finders stand there are none.
        if (row, column) == (0, 0) || (row, column) == (0, last) || (row, column) == (last, 0) { continue }
        for dy in -2...2 { for dx in -2...2 { set(x + dx, y + dy, max(abs(dx), abs(dy)) != 1) } }
      }
    }
    drawFormat(0)
    drawVersion(version)
  }

  private mutating func drawFinder(_ x: Int, _ y: Int) {
    for dy in -4...4 {
      for dx in -4...4 where (0..<size).contains(x + dx) && (0..<size).contains(y + dy) {
        let ring = max(abs(dx), abs(dy))
        set(x + dx, y + dy, ring != 2 && ring != 4)
      }
    }
  }

  private func alignments(_ version: Int) -> [Int] {
    guard version > 1 else { return [] }
    let count = version / 7 + 2
    let step = (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2
    return [6] + (0..<count - 1).map { size - 7 - $0 * step }.reversed()
  }

  /// Level M is 00; ten bits check it (§7.9).
  private mutating func drawFormat(_ mask: Int) {
    var rest = mask
    for _ in 0..<10 { rest = rest << 1 ^ (rest >> 9) * 0x537 }
    let bits = (mask << 10 | rest) ^ 0x5412
    func bit(_ place: Int) -> Bool { bits >> place & 1 == 1 }
    for place in 0...5 { set(8, place, bit(place)) }
    set(8, 7, bit(6))
    set(8, 8, bit(7))
    set(7, 8, bit(8))
    for place in 9..<15 { set(14 - place, 8, bit(place)) }
    for place in 0..<8 { set(size - 1 - place, 8, bit(place)) }
    for place in 8..<15 { set(8, size - 15 + place, bit(place)) }
    set(8, size - 8, true)
  }

  private mutating func drawVersion(_ version: Int) {
    guard version >= 7 else { return }
    var rest = version
    for _ in 0..<12 { rest = rest << 1 ^ (rest >> 11) * 0x1F25 }
    let bits = version << 12 | rest
    for place in 0..<18 {
      let (a, b) = (size - 11 + place % 3, place / 3)
      set(a, b, bits >> place & 1 == 1)
      set(b, a, bits >> place & 1 == 1)
    }
  }

  /// In columns of two, from the right, up and down in turn.
  private mutating func draw(_ words: Bytes) {
    var place = 0
    var right = size - 1
    while right >= 1 {
      if right == 6 { right = 5 }
      for step in 0..<size {
        for side in 0..<2 {
          let x = right - side
          let y = (right + 1) & 2 == 0 ? size - 1 - step : step
          guard !isFixed[y * size + x], place < words.count * 8 else { continue }
          dark[y * size + x] = words[place >> 3] >> UInt8(7 - place & 7) & 1 == 1
          place += 1
        }
      }
      right -= 2
    }
  }

  private mutating func mask(with mask: Int) {
    for y in 0..<size {
      for x in 0..<size where !isFixed[y * size + x] {
        let turns =
          switch mask {
          case 0: (x + y) % 2 == 0
          case 1: y % 2 == 0
          case 2: x % 3 == 0
          case 3: (x + y) % 3 == 0
          case 4: (x / 3 + y / 2) % 2 == 0
          case 5: x * y % 2 + x * y % 3 == 0
          case 6: (x * y % 2 + x * y % 3) % 2 == 0
          default: ((x + y) % 2 + x * y % 3) % 2 == 0
          }
        if turns { dark[y * size + x].toggle() }
      }
    }
  }

  // MARK: Which mask reads best

  private var penalty: Int {
    var penalty = 0
    for line in 0..<size {
      penalty +=
        Self.penalty(of: (0..<size).map { self[$0, line] }) + Self.penalty(of: (0..<size).map { self[line, $0] })
    }
    for y in 0..<size - 1 {
      for x in 0..<size - 1 where self[x, y] == self[x + 1, y] {
        if self[x, y] == self[x, y + 1], self[x, y] == self[x + 1, y + 1] { penalty += 3 }
      }
    }
    let share = dark.count(where: { $0 }) * 20
    return penalty + abs(share - size * size * 10) / (size * size) * 10
  }

  /// Runs of one colour, and what looks like a finder.
  private static func penalty(of line: [Bool]) -> Int {
    var (penalty, run) = (0, 1)
    for place in 1..<line.count {
      run = line[place] == line[place - 1] ? run + 1 : 1
      if run == 5 { penalty += 3 } else if run > 5 { penalty += 1 }
    }
    let finder = [true, false, true, true, true, false, true]
    let light = [false, false, false, false]
    for start in 0...line.count - 11 {
      let window = line[start..<start + 11]
      if window.elementsEqual(finder + light) || window.elementsEqual(light + finder) { penalty += 40 }
    }
    return penalty
  }
}

/// Check words over GF(2⁸) with the polynomial 0x11D (ISO/IEC 18004 §7.5).
private enum ReedSolomon {
  static func divisor(_ degree: Int) -> Bytes {
    var result = Bytes(repeating: 0, count: degree - 1) + [1]
    var root: UInt8 = 1
    for _ in 0..<degree {
      for place in 0..<degree {
        result[place] = multiply(result[place], root)
        if place + 1 < degree { result[place] ^= result[place + 1] }
      }
      root = multiply(root, 2)
    }
    return result
  }

  static func remainder(_ data: Bytes, _ divisor: Bytes) -> Bytes {
    var result = Bytes(repeating: 0, count: divisor.count)
    for byte in data {
      let factor = byte ^ result.removeFirst()
      result.append(0)
      for place in result.indices { result[place] ^= multiply(divisor[place], factor) }
    }
    return result
  }

  private static func multiply(_ a: UInt8, _ b: UInt8) -> UInt8 {
    var product = 0
    for place in stride(from: 7, through: 0, by: -1) {
      product = product << 1 ^ (product >> 7) * 0x11D
      product ^= Int(b >> UInt8(place) & 1) * Int(a)
    }
    return UInt8(truncatingIfNeeded: product)
  }
}
