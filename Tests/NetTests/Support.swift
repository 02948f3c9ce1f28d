// A loop with a listener and handlers that remember what they heard.

import CSystem
import Dispatch
import Glibc
import Testing

@testable import Net

extension EventLoop {
  /// Runs `body` on the loop and waits for its result.
  func run<T: Sendable>(_ body: @escaping @Sendable (EventLoop) throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      execute { continuation.resume(with: Result { try body(self) }) }
    }
  }

  /// Waits until `condition` holds; it is asked on the loop every millisecond, for half a minute.
  func wait(
    _ sourceLocation: SourceLocation = #_sourceLocation, until condition: @escaping @Sendable () -> Bool
  ) async {
    let held = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
      execute { self.ask(condition, 30_000) { continuation.resume(returning: $0) } }
    }
    if !held { Issue.record("waited in vain", sourceLocation: sourceLocation) }
  }

  private func ask(_ condition: @escaping () -> Bool, _ times: Int, _ done: @escaping (Bool) -> Void) {
    if condition() || times == 0 { return done(times > 0) }
    schedule(after: .milliseconds(1)) { self.ask(condition, times - 1, done) }
  }

  func end() async {
    await withCheckedContinuation { continuation in shutdown { continuation.resume() } }
  }
}

/// Remembers what it hears. The hooks act on it.
final class Probe: ChannelHandler {
  var channel: Channel?
  var isActive = false
  var received: [UInt8] = []
  var reads = 0
  var largestRead = 0
  var drains = 0
  var inputEnds = 0
  var closed: [CloseReason] = []
  var onRead: ((Channel, UnsafeRawBufferPointer) -> Void)?
  var onActive: ((Channel) -> Void)?
  var onDrain: ((Channel) -> Void)?
  var onInputEnd: ((Channel) -> Void)?
  /// Echo and flood tests need no copy of what came.
  var keepsBytes = true
  var count = 0

  func channelDidBecomeActive(_ channel: Channel) {
    self.channel = channel
    isActive = true
    onActive?(channel)
  }

  func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
    reads += 1
    largestRead = max(largestRead, bytes.count)
    count += bytes.count
    if keepsBytes { received += bytes }
    onRead?(channel, bytes)
  }

  func channelDidDrain(_ channel: Channel) {
    drains += 1
    onDrain?(channel)
  }

  func channelInputEnded(_ channel: Channel) {
    inputEnds += 1
    if let onInputEnd { onInputEnd(channel) } else { channel.closeAfterFlush() }
  }

  func channel(_ channel: Channel, closed reason: CloseReason) { closed.append(reason) }

  var text: String { String(decoding: received, as: UTF8.self) }
}

/// One listener and all that it accepted, on one loop.
final class Door {
  var listener: Listener?
  var accepted: [Probe] = []
  var troubles: [Listener.Trouble] = []

  /// `prepare` sees each new handler before anything happens to it.
  init(
    _ loop: EventLoop, at address: SocketAddress = .v4(0x7f00_0001, port: 0), tls: TLSContext? = nil,
    prepare: @escaping (Probe) -> Void = { _ in }
  ) throws {
    let listener = try Listener(loop: loop, address: address, tls: tls) { [weak self] channel in
      let probe = Probe()
      prepare(probe)
      self?.accepted.append(probe)
      channel.handler = probe
    }
    listener.onTrouble = { [weak self] in self?.troubles.append($0) }
    self.listener = listener
  }

  var address: SocketAddress { listener?.address ?? .unix("") }
}

func echo(_ probe: Probe) {
  probe.onRead = { channel, bytes in channel.write(bytes) }
}

/// A connection of a client, with its handler bound to the loop.
func call(
  _ loop: EventLoop, _ address: SocketAddress, tls: TLSClientConfiguration? = nil,
  deadline: Duration = .seconds(10), prepare: (Probe) -> Void = { _ in }
) -> Probe {
  let probe = Probe()
  prepare(probe)
  probe.channel = Channel.connect(loop: loop, to: address, tls: tls, deadline: deadline, handler: probe)
  return probe
}

/// The same bytes each time, without a short period.
func bytes(_ count: Int) -> [UInt8] {
  let page = (0..<4_099).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
  var all: [UInt8] = []
  all.reserveCapacity(count + page.count)
  while all.count < count { all += page }
  all.removeLast(all.count - count)
  return all
}

/// A plain blocking socket, for peers that misbehave in ways that a channel cannot.
struct RawSocket: ~Copyable, Sendable {
  let descriptor: Int32

  init(_ address: SocketAddress) throws {
    descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    let connected = address.withSocketAddress { Glibc.connect(descriptor, $0, $1) }
    try #require(connected == 0)
  }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) { _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } }

  /// Reads until the end or `limit` bytes.
  func readAll(limit: Int = 1 << 20) -> [UInt8] {
    var all: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 65536)
    while all.count < limit {
      let count = room.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count <= 0 { break }
      all += room.prefix(count)
    }
    return all
  }

  func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// The next close sends RST.
  func resetAtClose() { ostler_reset_on_close(descriptor) }

  deinit { close(descriptor) }
}

/// Runs blocking work on a thread of its own.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
  }
}

/// A folder that is removed with its owner.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/ostler-net-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
    try #require(made)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func write(_ text: String, _ name: String) throws -> String {
    let file = path + "/" + name
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    let written = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    try #require(written == text.utf8.count)
    close(descriptor)
    return file
  }

  deinit {
    if let folder = opendir(path) {
      while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        unlink(path + "/" + name)
      }
      closedir(folder)
    }
    rmdir(path)
  }
}
