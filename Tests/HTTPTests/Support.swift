import Testing

@testable import HTTP

/// Feeds a parser in pieces of a size, and tells what came out: heads, bodies, the refusal.
struct Parsed: Equatable {
  var heads: [RequestHead] = []
  var bodies: [[UInt8]] = []
  var refusal: Refusal?

  init(_ bytes: [UInt8], pieces: Int) {
    var parser = RequestParser()
    var from = 0
    outer: while from < bytes.count {
      let piece = Array(bytes[from..<min(from + pieces, bytes.count)])
      from += piece.count
      let goesOn = piece.withUnsafeBytes { buffer in
        var at = 0
        while true {
          switch parser.next(buffer, &at) {
          case .needMore: return true
          case .head(let head):
            heads.append(head)
            bodies.append([])
          case .body(let run): bodies[bodies.count - 1].append(contentsOf: buffer[run])
          case .end:
            completed += 1
            if let last = heads.last, !last.keepsAlive { return false }
          case .refused(let why):
            refusal = why
            return false
          }
        }
      }
      if !goesOn {
        stoppedEarly = from < bytes.count
        break outer
      }
    }
  }

  /// Requests that were whole.
  var completed = 0
  var stoppedEarly = false
}

/// The same text whole, in pieces of every small size, and byte by byte; the results must be equal.
func parsed(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) -> Parsed {
  parsed(Array(text.utf8), sourceLocation: sourceLocation)
}

func parsed(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> Parsed {
  let whole = Parsed(bytes, pieces: max(bytes.count, 1))
  for size in [1, 2, 3, 7, 64] {
    let cut = Parsed(bytes, pieces: size)
    #expect(cut.heads == whole.heads, "pieces of \(size)", sourceLocation: sourceLocation)
    #expect(cut.bodies == whole.bodies, "pieces of \(size)", sourceLocation: sourceLocation)
    #expect(cut.refusal == whole.refusal, "pieces of \(size)", sourceLocation: sourceLocation)
  }
  return whole
}
