// Files of stations: logs that they bring, and firmware that they fetch, each by an address that the house gave out.

import Dispatch
import Domain
import Glibc
import HTTP
import Logging
import Net
import Wire

/// Answers `/files/SECRET` and whatever a station writes behind it, as some put the file's name there. It lives on a
/// server's loop; the disk is touched on a queue of its own, and no more is read of a peer than the disk has taken.
public final class FileDoor: RequestHandler {
  private let loop: EventLoop
  private let household: any Household
  private let desk: any FileService
  private let disk = DispatchQueue(label: "files")
  private let log = Logger(label: "files")

  public init(loop: EventLoop, household: any Household, desk: any FileService) {
    (self.loop, self.household, self.desk) = (loop, household, desk)
  }

  /// Whether a request is for this door.
  public static func isMeant(by target: Target) -> Bool {
    target.segments.first == "files" && target.segments.count > 1
  }

  public func bodyLimit(for head: RequestHead) -> Int? { OCPPLimits.fileBytes }
  public func takesPieces(of head: RequestHead) -> Bool { head.method == .put || head.method == .post }

  public func handle(_ request: Request, _ exchange: Exchange) {
    let way: FileWay
    switch request.method {
    case .put, .post: way = .bring
    case .get, .head: way = .fetch
    default:
      return exchange.respond(.wrongMethod(allow: [.get, .head, .put, .post]))
    }
    guard request.path.count > 1 else { return exchange.respond(Self.nothing) }
    let (secret, responder, door, desk) = (request.path[1], exchange.responder, LoopBound(self, loop: loop), desk)
    household.bring(
      Errand(
        decide: { () throws(TurnFault) in
          let pass = try desk.pass(secret, way)
          return { responder.onLoop { door.value.admitted(pass, $0) } }
        },
        fail: { _ in responder.respond(.comeBack("The house cannot look at this now.\n", seconds: 5)) }))
  }

  private static let nothing = Response.text("There is no such file, or its address was used.\n", status: .notFound)

  private func admitted(_ pass: FilePass?, _ exchange: Exchange) {
    guard let pass else { return exchange.respond(Self.nothing) }
    exchange.markTrusted()
    switch pass.way {
    case .bring: bring(pass, exchange)
    case .fetch: fetch(pass, exchange)
    }
  }

  // MARK: Brought

  private func bring(_ pass: FilePass, _ exchange: Exchange) {
    guard let body = exchange.incoming else { return exchange.respond(Self.nothing) }
    onDisk({ DiskFile.create(pass.path + ".part") }) { door, file in
      guard let file else { return door.failed(pass, exchange, "it cannot be made") }
      door.take(body, into: file, 0, pass, exchange)
    }
  }

  private func take(_ body: IncomingBody, into file: DiskFile, _ count: Int64, _ pass: FilePass, _ exchange: Exchange) {
    body.next { [self] piece in
      switch piece {
      case .bytes(let bytes):
        let sum = count + Int64(bytes.count)
        guard sum <= pass.most else {
          return onDisk({ file.discard(pass.path + ".part") }) { _, _ in
            exchange.respond(.text("The file is larger than \(pass.most) bytes.\n", status: .tooLarge))
          }
        }
        onDisk({ file.write(bytes) }) { door, isWritten in
          guard isWritten else {
            door.onDisk({ file.discard(pass.path + ".part") }) { _, _ in }
            return door.failed(pass, exchange, "the disk did not take it")
          }
          door.take(body, into: file, sum, pass, exchange)
        }
      case .end:
        onDisk({ file.keep(pass.path + ".part", as: pass.path) }) { door, isKept in
          guard isKept else { return door.failed(pass, exchange, "the disk did not take it") }
          door.arrived(pass, count, exchange)
        }
      case .broken: onDisk({ file.discard(pass.path + ".part") }) { _, _ in }
      }
    }
  }

  private func arrived(_ pass: FilePass, _ count: Int64, _ exchange: Exchange) {
    let (responder, desk) = (exchange.responder, desk)
    household.bring(
      Errand(
        decide: { () throws(TurnFault) in
          try desk.arrived(pass, bytes: count)
          return { responder.respond(.empty(.created)) }
        },
        fail: { _ in responder.respond(.comeBack("The house cannot keep this now.\n", seconds: 5)) }))
  }

  private func failed(_ pass: FilePass, _ exchange: Exchange, _ why: String) {
    log.error("a file was not kept", metadata: ["file": "\(pass.file)", "cause": "\(why)"])
    exchange.respond(.comeBack("The file cannot be kept now.\n", seconds: 60))
  }

  // MARK: Fetched

  private func fetch(_ pass: FilePass, _ exchange: Exchange) {
    onDisk({ DiskFile.open(pass.path) }) { door, opened in
      guard let (file, size) = opened else { return exchange.respond(Self.nothing) }
      var response = Response(.ok)
      response.headers["Content-Type"] = "application/octet-stream"
      response.headers["Cache-Control"] = "no-store"
      let stream = exchange.stream(response, length: size)
      door.send(file, to: stream, isHead: exchange.request.method == .head)
    }
  }

  private func send(_ file: DiskFile, to stream: BodyStream, isHead: Bool) {
    guard !isHead else { return onDisk({ file.close() }) { _, _ in } }
    let door = LoopBound(self, loop: loop)
    stream.whenReady { isOpen in
      guard isOpen else { return door.value.onDisk({ file.close() }) { _, _ in } }
      door.value.onDisk({ file.read(OCPPLimits.filePieceBytes) }) { door, bytes in
        guard let bytes else {
          door.onDisk({ file.close() }) { _, _ in }
          return stream.abort()
        }
        guard !bytes.isEmpty else {
          door.onDisk({ file.close() }) { _, _ in }
          return stream.finish()
        }
        stream.send(bytes)
        door.send(file, to: stream, isHead: false)
      }
    }
  }

  // MARK: The disk

  /// Does something on the disk's queue and goes on, on the loop, with what came of it.
  private func onDisk<Value: Sendable>(
    _ work: @escaping @Sendable () -> Value, then: @escaping (FileDoor, Value) -> Void
  ) {
    let (loop, door, next) = (loop, LoopBound(self, loop: loop), LoopBound(Continuation(then), loop: loop))
    disk.async {
      let value = work()
      loop.execute { next.value.body(door.value, value) }
    }
  }

  private final class Continuation<Value> {
    let body: (FileDoor, Value) -> Void
    init(_ body: @escaping (FileDoor, Value) -> Void) { self.body = body }
  }
}

/// An open file; used by one queue at a time.
private struct DiskFile: Sendable {
  let descriptor: Int32

  /// Nil where it cannot be made, or somebody else brings it just now.
  static func create(_ path: String) -> DiskFile? {
    let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return nil }
    // What a crash left of an earlier try is written over.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, ftruncate(descriptor, 0) == 0 else {
      Glibc.close(descriptor)
      return nil
    }
    return DiskFile(descriptor: descriptor)
  }

  static func open(_ path: String) -> (DiskFile, Int)? {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      Glibc.close(descriptor)
      return nil
    }
    return (DiskFile(descriptor: descriptor), Int(status.st_size))
  }

  func write(_ bytes: Bytes) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }

  /// Nil where the disk fails; empty at the end.
  func read(_ most: Int) -> Bytes? {
    var bytes = Bytes(repeating: 0, count: most)
    while true {
      let count = Glibc.read(descriptor, &bytes, most)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      bytes.removeLast(most - count)
      return bytes
    }
  }

  func close() { Glibc.close(descriptor) }

  func discard(_ path: String) {
    unlink(path)
    close()
  }

  /// It is whole and stays: on the disk before anybody hears so.
  func keep(_ path: String, as name: String) -> Bool {
    // Closed last: until then nobody else writes to that path.
    defer { close() }
    guard fsync(descriptor) == 0, rename(path, name) == 0 else {
      unlink(path)
      return false
    }
    // Its name too: a power cut may forget what its folder was not asked to keep.
    let folder = Glibc.open(
      String(name[..<(name.lastIndex(of: "/") ?? name.startIndex)]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return false }
    defer { Glibc.close(folder) }
    return fsync(folder) == 0
  }
}
