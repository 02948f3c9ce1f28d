import CSystem
import Glibc

/// Keeps a second daemon out of a data folder for as long as it lives. The kernel lets go when the process dies,
/// however it dies; tools that may work beside the daemon do not take it.
nonisolated public final class FolderLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `.inUse` where another process holds it.
  public init(folder: String) throws(StoreFault) {
    let path = folder + "/ostler.lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .other(code: errno, text: "\(path): \(String(cString: strerror(errno)))") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw .inUse(folder: folder)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
