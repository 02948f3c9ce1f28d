/// One thing that reads what strangers send, with the properties that must hold for any bytes whatever.
struct Harness: Sendable {
  let name: String
  /// Traps where a property does not hold; libFuzzer then keeps the input.
  let take: @Sendable ([UInt8]) -> Void

  static let all = [json, time, request, response, frames, inflate, ocpp]
}

/// A property of the harness; the sentence is the last thing that is printed.
func require(_ holds: Bool, _ sentence: @autoclosure () -> String) {
  if !holds { fatalError("not true: " + sentence()) }
}

/// The sizes of the pieces in which a stream is read: all at once, byte by byte, and as the input itself says.
func cuts(of bytes: [UInt8], _ choice: UInt8) -> [Int] { [max(bytes.count, 1), 1, 2 + Int(choice % 61)] }

/// Hands the bytes to `read` in pieces until it wants no more.
func feed(_ bytes: [UInt8], pieces: Int, _ read: (UnsafeRawBufferPointer, inout Int) -> Bool) {
  bytes.withUnsafeBytes { whole in
    var from = 0
    while from < whole.count {
      let piece = UnsafeRawBufferPointer(rebasing: whole[from..<min(from + pieces, whole.count)])
      var at = 0
      guard read(piece, &at) else { return }
      require(at == piece.count, "a reader that asks for more has taken all there was")
      from += pieces
    }
  }
}
