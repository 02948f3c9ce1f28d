import ArgumentParser
import Dispatch
import Domain
import Store
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// `ostler doctor`: is the house sound? Each line says OK, WARN or FAIL, and what helps. Works beside a running daemon and
/// without one, and changes nothing.
struct Doctor: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Look over books, disk, files, clock, certificates and the public URL, with a running daemon or without.",
    discussion: """
      Each line says OK, WARN or FAIL, and what helps. Ends with 1 where one says FAIL. A running daemon tells its settings \
      itself; without one give those with which it will run.
      """)
  @Option(help: "A backup to check as well.") var backup: String?
  @Flag(help: "Print the outcome as JSON.") var json = false
  @OptionGroup var options: ServeOptions

  func run() async throws {
    let findings = await Self.findings(of: try await RunningDaemon.ask(options), backup: backup)
    if json {
      print(JSON.array(findings.map(\.json)).pretty)
    } else {
      for finding in findings { print(finding.line) }
    }
    if findings.contains(where: { $0.verdict == .fail }) { throw ExitCode.failure }
  }

  static func findings(of daemon: RunningDaemon, backup: String?) async -> [Finding] {
    let folder = daemon.configuration.data
    guard access(Store.file(in: folder), F_OK) == 0 else {
      return [.fail("books", "there is no database in \(folder)", "name the data folder with --data")]
    }
    // The whole of the books is read: beside the daemon that is work for a queue of its own.
    let inside = await withCheckedContinuation { answer in
      Checkup.queue.async { answer.resume(returning: Checkup(folder: folder, backup: backup).findings()) }
    }
    let around = Surroundings(configuration: daemon.configuration, isRunning: daemon.isRunning)
    return inside + (await around.findings())
  }
}

/// One line of the doctor's.
struct Finding: Equatable {
  enum Verdict: String { case ok = "OK", warn = "WARN", fail = "FAIL" }

  let verdict: Verdict
  let check: String
  let detail: String
  /// What helps, where something is wrong.
  var remedy: String?

  static func ok(_ check: String, _ detail: String) -> Finding { Finding(verdict: .ok, check: check, detail: detail) }
  static func warn(_ check: String, _ detail: String, _ remedy: String) -> Finding {
    Finding(verdict: .warn, check: check, detail: detail, remedy: remedy)
  }
  static func fail(_ check: String, _ detail: String, _ remedy: String) -> Finding {
    Finding(verdict: .fail, check: check, detail: detail, remedy: remedy)
  }
  static func fail(_ check: String, _ fault: StoreFault) -> Finding {
    .fail(check, fault.description, fault.remedy ?? "the log of the daemon says more")
  }

  var line: String {
    let word = verdict.rawValue + String(repeating: " ", count: 5 - verdict.rawValue.count)
    return "\(word)\(check): \(detail)" + (remedy.map { "; \($0)" } ?? "")
  }

  var json: JSON {
    [
      "verdict": .string(verdict.rawValue), "check": .string(check), "detail": .string(detail),
      "remedy": remedy.map { .string($0) } ?? .null,
    ]
  }
}

/// What the doctor looks at.
struct Checkup {
  let folder: String
  let backup: String?

  fileprivate static let queue = DispatchQueue(label: "doctor", qos: .utility)

  // From here on the doctor warns, or says that it fails.
  static let scarceDiskBytes = (warn: 1 << 30, fail: 64 << 20)
  static let longLogBytes = 256 << 20
  static let fewDescriptors = 8_192
  static let oldBackupDays: Int64 = 7
  static let oldPushSeconds: Int64 = 3_600
  static let oldAuthorityDays: Int64 = 90

  func findings() -> [Finding] {
    var all = [schema(), books(), messages(), writeAheadLog(), disk()] + files() + authorities() + [lastBackup()]
    if let backup { all.append(check(backup: backup)) }
    return all + pushes()
  }

  private func look(_ check: String, _ body: () throws(StoreFault) -> Finding) -> Finding {
    do { return try body() } catch { return .fail(check, error) }
  }

  // MARK: The books

  private func schema() -> Finding {
    look("schema") { () throws(StoreFault) in
      let (found, known) = try Health.schema(in: folder)
      return found == known
        ? .ok("schema", "\(found), the newest") : .ok("schema", "\(found); the next start brings it to \(known)")
    }
  }

  private func books() -> Finding {
    look("books") { () throws(StoreFault) in
      let problems = try Health.problems(in: folder)
      guard let first = problems.first else { return .ok("books", "every page is whole, every CDR is as it was made") }
      return .fail(
        "books", problems.count == 1 ? first : "\(first), and \(problems.count - 1) more",
        "stop the daemon and bring a backup back: `ostler restore BACKUP`")
    }
  }

  private func messages() -> Finding {
    guard access(MessageLog.file(in: folder), F_OK) == 0 else { return .ok("messages", "there is no log yet") }
    do throws(StoreFault) {
      guard let problem = try Health.messageProblems(in: folder).first else {
        return .ok("messages", "the log is whole")
      }
      return .warn("messages", problem, "stop the daemon, move \(MessageLog.file(in: folder)) away, and start it")
    } catch { return .warn("messages", "\(error)", "the next start puts a damaged log aside") }
  }

  private func writeAheadLog() -> Finding {
    let bytes = size(of: Store.file(in: folder) + "-wal") ?? 0
    return bytes <= Self.longLogBytes
      ? .ok("write-ahead log", Self.text(bytes))
      : .warn(
        "write-ahead log", Self.text(bytes), "close other programs that read the database: they keep it from shrinking")
  }

  private func pushes() -> [Finding] {
    guard let waiting = try? Health.waitingPushes(in: folder) else { return [] }
    return waiting.map { partner, depth in
      let check = "pushes to \(partner.name)"
      if depth.parked > 0 {
        return .warn(check, "\(depth.parked) were refused", "look at `ostler partner pushes \(partner.id)`")
      }
      guard let oldest = depth.oldest, Timestamp.now() - oldest > .seconds(Self.oldPushSeconds) else {
        return .ok(check, "\(depth.due) are due")
      }
      return .warn(
        check, "\(depth.due) are due, the oldest since \(oldest.text)", "look at `ostler partner pushes \(partner.id)`")
    }
  }

  // MARK: The machine

  private func disk() -> Finding {
    var space = statvfs()
    guard statvfs(folder, &space) == 0 else {
      return .fail("disk", "\(folder): \(String(cString: strerror(errno)))", "see to the disk")
    }
    let free = Int(space.f_bavail) * Int(space.f_frsize)
    let detail = "\(Self.text(free)) are free"
    let remedy = "make room on the disk of \(folder)"
    if free < Self.scarceDiskBytes.fail { return .fail("disk", detail, remedy) }
    return free < Self.scarceDiskBytes.warn ? .warn("disk", detail, remedy) : .ok("disk", detail)
  }

  /// Tokens, keys and hashes are in there: they are for the owner's eyes alone.
  private func files() -> [Finding] {
    let open = ([folder] + Folder.names(in: folder).map { "\(folder)/\($0)" }).filter { path in
      var status = stat()
      return lstat(path, &status) == 0 && status.st_mode & 0o077 != 0
    }
    guard !open.isEmpty else { return [.ok("files", "for their owner alone")] }
    return open.map { path in
      path == folder
        ? .warn("files", "others can look into \(path)", "chmod 700 \(path)")
        : .fail("files", "others can open \(path)", "chmod 600 \(path)")
    }
  }

  /// A key that is lost is better found here than on the day when the first certificate has to be renewed.
  private func authorities() -> [Finding] {
    AuthorityPurpose.allCases.compactMap { purpose -> Finding? in
      let check = "\(purpose.rawValue) certificate authority"
      do throws(AuthorityFault) {
        guard let issuer = try AuthorityFolder(data: folder).load(purpose) else { return nil }
        let end = issuer.certificate.notAfter
        return end - Timestamp.now() > .seconds(Self.oldAuthorityDays * 86_400)
          ? .ok(check, "its key is there, and it is good until \(end.text)")
          : .warn(check, "it ends at \(end.text)", "make another one, and certify the stations anew")
      } catch {
        return .fail(check, error.description, "bring the folder `ca` of the data folder back from your own copy")
      }
    }
  }

  // MARK: Backups

  private func lastBackup() -> Finding {
    let remedy = "make one: `ostler backup FILE`"
    return look("last backup") { () throws(StoreFault) in
      guard let last = try Backup.last(of: folder) else { return .warn("last backup", "there is none", remedy) }
      if access(last.file, F_OK) == 0 {
        let found = check(backup: last.file, "last backup")
        guard found.verdict == .ok else { return found }
      }
      let detail = "\(last.file) of \(last.at.text)"
      let isOld = Timestamp.now() - last.at > .seconds(Self.oldBackupDays * 86_400)
      return isOld ? .warn("last backup", detail, remedy) : .ok("last backup", detail)
    }
  }

  private func check(backup file: String, _ check: String = "backup") -> Finding {
    do throws(StoreFault) { return .ok(check, "\(file) is whole, sha256 \(try Backup.verify(file))") } catch {
      return .fail(check, "\(error)", "make another (`ostler backup FILE`), and see to the disk that it was on")
    }
  }

  private func size(of path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
  }

  private static func text(_ bytes: Int) -> String {
    bytes >= 10 << 30 ? "\(bytes >> 30) GB" : bytes >= 10 << 20 ? "\(bytes >> 20) MB" : "\(bytes >> 10) kB"
  }
}
