import CSystem

/// How this process takes memory from the system and gives it back.
public enum Memory {
  /// Bytes from which a block is a mapping of its own, given back as soon as it is free.
  private static let mappedBytes: Int32 = 256 * 1024

  /// Bytes at the end of the heap that stay for the next turn. With the usual 128 kB every turn of a busy house takes its
  /// megabyte from the kernel page by page and gives it back; a house at rest keeps nothing of it (`Store.rest`).
  private static let keptBytes: Int32 = 4 << 20

  /// Keeps a few large messages from leaving their megabytes behind. glibc raises the size from which a block is mapped
  /// whenever a larger one is freed, up to 32 MB; from then on such blocks come from the heap, which shrinks only from
  /// its end. Naming a size switches that off.
  public static func givesBackLargeBlocks() {
    mallopt(M_MMAP_THRESHOLD, mappedBytes)
    mallopt(M_TRIM_THRESHOLD, keptBytes)
  }
}
