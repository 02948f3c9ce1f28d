import Glibc

/// What one attempt to move bytes came to.
enum IOStep {
  case bytes(Int)
  case wouldBlockReading
  case wouldBlockWriting
  /// The peer ended in the agreed way.
  case end
  case failed(CloseReason)

  init(errno number: Int32, writing: Bool) {
    switch number {
    case EAGAIN, EINTR: self = writing ? .wouldBlockWriting : .wouldBlockReading
    default: self = .failed(.init(errno: number))
    }
  }
}
