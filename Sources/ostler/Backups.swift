import ArgumentParser
import Store
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// Where a command finds the house without asking a daemon.
struct DataFolder: ParsableArguments {
  @Option(help: "The data folder; else OSTLER_DATA, else where a daemon without --data keeps it.") var data: String?
  @Flag(help: "Print the outcome as JSON.") var json = false

  func path() throws -> String {
    try Configuration(flags: data.map { ["data": $0] } ?? [:], environment: Environment.all, file: nil).data
  }

  /// The folder of a house that is there: a missing database is a mistyped folder.
  func house() throws -> String {
    let folder = try path()
    guard access(Store.file(in: folder), F_OK) == 0 else {
      throw Complaint("there is no database in \(folder): is this the data folder?")
    }
    return folder
  }
}

/// `ostler backup`: one file with all books.
struct BackUp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Write all books to one file, beside a running daemon or without one.",
    discussion: """
      The file is consistent as of one moment, and its last line is the SHA-256 of the rest, by which `ostler restore` and \
      `ostler doctor` check it. It holds keys and tokens: keep it as you keep the data folder. Firmware and logs of the \
      house's own door are in it with --with-files, the keys of its certificate authorities with --with-keys; the log of \
      messages never is.
      """)
  @Argument(help: "The file to write; one that is there is replaced.") var file: String
  @Flag(help: "Take the files of the house's own door too.") var withFiles = false
  @Flag(help: "Take the certificate authorities with their keys too: whoever has the backup can sign.")
  var withKeys = false
  @OptionGroup var folder: DataFolder

  func run() throws {
    let path = file.hasPrefix("/") ? file : try Self.here() + "/" + file
    let house = try folder.house()
    var extras: BackupExtras = []
    if withFiles { extras.insert(.files) }
    if withKeys { extras.insert(.keys) }
    let wish = extras
    let made = try told { () throws(StoreFault) in try Backup.make(of: house, to: path, with: wish) }
    // The backup is good even where this cannot be written.
    do throws(StoreFault) { try Backup.remember(made, in: house) } catch {
      Console.complain("the backup is made, but the books could not be told of it: \(error)")
    }
    if folder.json {
      print(
        ([
          "file": .string(made.file), "at": .string(made.at.text), "sha256": .string(made.digest),
          "files": .number(JSONNumber(made.files)), "keys": .bool(made.hasKeys),
        ] as JSON).pretty)
    } else {
      print("\(made.file)\nsha256 \(made.digest)\n\(Self.contents(of: made))")
    }
  }

  /// What is in it and what is not, for somebody who keeps it.
  static func contents(of made: Backup.Made) -> String {
    let parts = ["the books", "\(made.files) files", made.hasKeys ? "the keys of the certificate authorities" : nil]
    let missing = [
      made.files == 0 ? "files (--with-files)" : nil,
      made.hasKeys ? nil : "the keys of the certificate authorities (--with-keys)", "the log of messages",
    ]
    return "in it: \(parts.compactMap(\.self).joined(separator: ", "))\n"
      + "not in it: \(missing.compactMap(\.self).joined(separator: ", "))"
  }

  private static func here() throws -> String {
    guard let path = getcwd(nil, 0) else { throw Complaint("this folder has no name any more") }
    defer { free(path) }
    return String(cString: path)
  }
}

/// `ostler restore`: the books of a backup instead of those that are there.
struct RestoreBackup: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Put the books of a backup in the place of those in the data folder. The daemon must be stopped.",
    discussion: """
      The backup is checked before anything is changed, and the books that were there stay beside the new ones under \
      another name. Transaction numbers jump by 1,000,000, so that none that a station knows is given again.
      """)
  @Argument(help: "A file that `ostler backup` wrote.") var file: String
  @OptionGroup var folder: DataFolder

  func run() throws {
    let house = try folder.path()
    try Folder.make(house)
    let done = try told { () throws(StoreFault) in
      let lock = try FolderLock(folder: house)
      defer { withExtendedLifetime(lock) {} }
      return try Restore.bring(file, into: house)
    }
    if folder.json {
      print(
        ([
          "file": .string(file), "sha256": .string(done.digest), "books": .string(Store.file(in: house)),
          "replaced": done.aside.map { .string($0) } ?? .null, "files": .number(JSONNumber(done.extras.files)),
          "keys": .number(JSONNumber(done.extras.keys)),
        ] as JSON).pretty)
    } else {
      print("\(Store.file(in: house)) is the backup \(file)\nsha256 \(done.digest)")
      if done.extras.files > 0 { print("\(done.extras.files) files came with them") }
      if done.extras.keys > 0 { print("the certificate authorities and their keys came with them") }
      if let aside = done.aside { print("the books that were there: \(aside)") }
    }
  }
}

/// A fault of the books ends a command with its words and what helps.
func told<R>(_ work: () throws(StoreFault) -> R) throws -> R {
  do { return try work() } catch {
    throw Complaint([error.description, error.remedy].compactMap(\.self).joined(separator: "; "))
  }
}
