#if canImport(Glibc)
  import Glibc
#endif

/// Folders of the disk: made so that they are there after a power cut, and looked into.
enum Folder {
  /// A new folder is there after a power cut only if the one above it is on disk.
  private static func sync(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// What lies in a folder, by name, but for itself and the one above; nothing where it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The data folder, for our eyes only. One that is there already keeps its mode, unless others can write in it.
  static func make(_ path: String) throws {
    var built = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      let parent = built.isEmpty ? "." : built
      built += part + "/"
      if mkdir(built, 0o700) == 0 {
        sync(parent)
      } else if errno != EEXIST {
        throw Complaint("cannot make the data folder \(path): \(String(cString: strerror(errno)))")
      }
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw Complaint("cannot write in the data folder \(path): \(String(cString: strerror(errno)))")
    }
  }
}
