// Shows that the binary carries exactly the files of Resources/ that it should, byte for byte.
import CResources
import Glibc
import Testing

@Suite struct EmbeddedFiles {
  @Test func everyFileIsEmbeddedAndNothingElse() throws {
    let onDisk = try places.flatMap { try files(at: $0) }.sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) }
    #expect(embedded().map(\.path) == onDisk, "run `make resources`")
  }

  @Test func whatIsEmbeddedIsWhatIsOnDisk() throws {
    for file in embedded() { #expect(try contents(of: file.path) == file.bytes, "\(file.path) is stale") }
  }

  @Test func aZeroByteFollowsEveryFile() {
    for file in embedded() { #expect(file.following == 0, "\(file.path)") }
  }

  @Test func theTableIsThereEvenWhenItIsEmpty() {
    var count = -1
    #expect(ostler_resources(&count) != nil)
    #expect(count >= 0)
  }
}

/// What list.sh looks at.
private let places = ["Admin", "Migrations", "i18n", "openapi.json", "station-presets.json"]

private struct Embedded {
  let path: String
  let bytes: [UInt8]
  let following: UInt8
}

private func embedded() -> [Embedded] {
  var count = 0
  let table = UnsafeBufferPointer(start: ostler_resources(&count), count: count)
  return table.map { file in
    Embedded(
      path: String(cString: file.path),
      bytes: Array(UnsafeBufferPointer(start: file.start, count: file.end - file.start)),
      following: file.end.pointee)
  }
}

private struct Unreadable: Error { let path: String }

private let resources: String = {
  let here = #filePath.split(separator: "/", omittingEmptySubsequences: false)
  return here.dropLast(3).joined(separator: "/") + "/Resources/"
}()

/// The paths of all files at and below a place that may be missing, without those whose name starts with a dot.
private func files(at place: String) throws -> [String] {
  var status = stat()
  guard stat(resources + place, &status) == 0 else { return [] }
  guard status.st_mode & S_IFMT == S_IFDIR else { return [place] }
  guard let folder = opendir(resources + place) else { throw Unreadable(path: place) }
  defer { closedir(folder) }
  var found: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { found += try files(at: place + "/" + name) }
  }
  return found
}

private func contents(of path: String) throws -> [UInt8] {
  guard let file = fopen(resources + path, "r") else { throw Unreadable(path: path) }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
  return bytes
}
