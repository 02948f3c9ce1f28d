/// A request's body that is taken in pieces: no more is read from the peer than the taker asks for, so that a large
/// upload costs no more memory than one piece. It belongs to the server's loop.
public final class IncomingBody {
  public enum Piece: Equatable, Sendable {
    case bytes([UInt8])
    /// The body is whole; nothing follows.
    case end
    /// It will never be whole: the peer is gone, sent too much, or broke the framing. The answer goes nowhere.
    case broken
  }

  private enum Rest { case toCome, whole, broken }

  private var kept: [UInt8] = []
  private var rest = Rest.toCome
  private var taker: ((Piece) -> Void)?
  private let room: Int
  /// Tells the connection that somebody waits for more, or that there is room again.
  private let onWanted: () -> Void

  /// - Parameter room: bytes that may wait for the taker before the peer is no longer read.
  init(room: Int, onWanted: @escaping () -> Void) { (self.room, self.onWanted) = (room, onWanted) }

  /// Asks for the next piece; `take` is called once, at once where something is there. Ask again for the one after.
  /// - Precondition: the piece before has come.
  public func next(_ take: @escaping (Piece) -> Void) {
    precondition(taker == nil, "two takers of one body")
    taker = take
    if kept.isEmpty, rest == .toCome { onWanted() }
    deliver()
  }

  // MARK: From the connection

  var hasRoom: Bool { kept.count < room }
  /// Somebody waits for what the peer has not sent yet.
  var isWanted: Bool { taker != nil }

  func append(_ bytes: UnsafeRawBufferPointer) {
    kept.append(contentsOf: bytes)
    deliver()
  }

  func end() {
    rest = .whole
    deliver()
  }

  func breakOff() {
    guard rest == .toCome else { return }
    rest = .broken
    kept = []
    deliver()
  }

  private func deliver() {
    guard let take = taker else { return }
    let piece: Piece
    if !kept.isEmpty {
      piece = .bytes(kept)
      kept = []
    } else {
      switch rest {
      case .toCome: return
      case .whole: piece = .end
      case .broken: piece = .broken
      }
    }
    taker = nil
    take(piece)
    if rest == .toCome { onWanted() }
  }
}
