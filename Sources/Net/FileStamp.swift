// By what a file is known to have changed, without reading it.

import Glibc

/// A file as it was found: another file under the same name, or another content, has another stamp.
public struct FileStamp: Sendable, Equatable {
  private let device: UInt
  private let inode: UInt
  private let size: Int
  private let seconds: Int
  private let nanoseconds: Int

  /// Nil where there is no such file, or where we may not look.
  public init?(_ path: String) {
    var found = stat()
    // Through a link, because tools that renew certificates exchange the link and not the file.
    guard stat(path, &found) == 0 else { return nil }
    device = UInt(found.st_dev)
    inode = UInt(found.st_ino)
    size = Int(found.st_size)
    seconds = found.st_mtim.tv_sec
    nanoseconds = found.st_mtim.tv_nsec
  }
}
