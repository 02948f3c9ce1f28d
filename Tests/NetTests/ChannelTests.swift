import Glibc
import Testing
import Wire

@testable import Net

/// Every way in which a channel can be carried: both readiness sets, plain and TLS.
struct Way: Sendable, CustomTestStringConvertible {
  var kind: EventLoop.ReadinessKind
  var isTLS: Bool

  static let all = EventLoop.ReadinessKind.allCases.flatMap { kind in
    [Way(kind: kind, isTLS: false), Way(kind: kind, isTLS: true)]
  }
  static let plain = all.filter { !$0.isTLS }

  var testDescription: String { "\(kind)\(isTLS ? ", TLS" : "")" }
}

/// A loop with an open door and one connection to it.
private struct Pair: Sendable {
  let loop: EventLoop
  let door: LoopBound<Door>
  let client: LoopBound<Probe>

  init(
    _ way: Way, server: @escaping @Sendable (Probe) -> Void = { _ in },
    client prepare: @escaping @Sendable (Probe) -> Void = { _ in }
  ) async throws {
    loop = try EventLoop(label: "ostler.test", readiness: way.kind)
    let trust = way.isTLS ? try TestTrust() : nil
    let serverTLS = trust?.server
    let clientTLS = trust?.call()
    (door, client) = try await loop.run { loop in
      let door = try Door(loop, tls: serverTLS, prepare: server)
      let client = call(loop, door.address, tls: clientTLS, prepare: prepare)
      return (LoopBound(door, loop: loop), LoopBound(client, loop: loop))
    }
  }

  func wait(
    _ sourceLocation: SourceLocation = #_sourceLocation,
    until condition: @escaping @Sendable (_ server: Probe, _ client: Probe) -> Bool
  ) async {
    let (door, client) = (door, client)
    await loop.wait(sourceLocation) { door.value.accepted.first.map { condition($0, client.value) } ?? false }
  }

  func look<T: Sendable>(_ body: @escaping @Sendable (_ server: Probe, _ client: Probe) -> T) async throws -> T {
    let (door, client) = (door, client)
    return try await loop.run { _ in body(try #require(door.value.accepted.first), client.value) }
  }
}

@Suite struct ChannelTests {
  @Test(arguments: Way.all)
  func bytesComeBackFromAnEcho(way: Way) async throws {
    let sent = bytes(3_000_000)
    let pair = try await Pair(
      way,
      server: { probe in
        probe.keepsBytes = false
        echo(probe)
      })
    try await pair.look2 { client in
      client.channel?.writeMax = sent.count
      client.channel?.write(sent)
    }
    await pair.wait { _, client in client.count == sent.count }
    let (received, largest) = try await pair.look { server, client in (client.received, server.largestRead) }
    #expect(received == sent)
    #expect(largest <= Limits.readBudget)
    await pair.loop.end()
  }

  @Test(arguments: Way.all)
  func smallMessagesGoBackAndForth(way: Way) async throws {
    let pair = try await Pair(
      way, server: echo,
      client: { probe in
        probe.onActive = { $0.write("0") }
        probe.onRead = { [unowned probe] channel, _ in if probe.count < 1_000 { channel.write("x") } }
      })
    await pair.wait { _, client in client.count == 1_000 }
    await pair.loop.end()
  }

  @Test(arguments: Way.plain)
  func writesOfOneBatchLeaveAsOne(way: Way) async throws {
    let pair = try await Pair(
      way,
      client: { probe in
        probe.onActive = { channel in for _ in 0..<100 { channel.write("hello ") } }
      })
    await pair.wait { server, _ in server.count == 600 }
    #expect(try await pair.look { server, _ in server.reads } == 1)
    await pair.loop.end()
  }

  @Test(arguments: Way.all)
  func aPausedChannelHandsUpNothingUntilItResumes(way: Way) async throws {
    let pair = try await Pair(
      way, server: { $0.onActive = { $0.pauseReading() } },
      client: { probe in
        probe.onActive = { $0.write([UInt8](repeating: 1, count: 100_000)) }
      })
    // A round trip of the other direction shows that the loop had its chance to read.
    await pair.wait { server, _ in server.isActive }
    try await pair.look { server, _ in server.channel?.write("are you there?") }
    await pair.wait { _, client in client.count == 14 }
    #expect(try await pair.look { server, _ in server.count } == 0)
    try await pair.look { server, _ in server.channel?.resumeReading() }
    await pair.wait { server, _ in server.count == 100_000 }
    await pair.loop.end()
  }

  @Test(arguments: Way.all)
  func pausingInsideAReadStopsTheNextOne(way: Way) async throws {
    let pair = try await Pair(
      way,
      server: { probe in
        probe.onRead = { channel, _ in channel.pauseReading() }
      },
      client: { probe in
        probe.onActive = { $0.write(bytes(400_000)) }
      })
    await pair.wait { server, _ in server.isActive }
    var reads = 0
    while try await pair.look({ server, _ in server.count }) < 400_000 {
      let expected = reads + 1
      await pair.wait { server, _ in server.reads == expected }
      reads = try await pair.look { server, _ in
        let reads = server.reads
        server.channel?.resumeReading()
        return reads
      }
      #expect(reads == expected)
    }
    #expect(try await pair.look { server, _ in server.received } == bytes(400_000))
    await pair.loop.end()
  }

  @Test(arguments: Way.all)
  func aWriterIsToldToWaitAndToGoOn(way: Way) async throws {
    let pair = try await Pair(way, server: { $0.onActive = { $0.pauseReading() } })
    await pair.wait { server, client in server.isActive && client.isActive }
    // Fill until the kernel takes no more and our own queue passes the mark.
    while try await pair.look({ _, client in
      client.channel?.write([UInt8](repeating: 7, count: Limits.writeHighWater))
      return client.channel?.isWritable == true || client.drains > 0
    }) {
      try await pair.look { _, client in client.drains = 0 }
      await pair.loop.wait { true }
      if try await pair.look({ _, client in client.channel?.pendingBytes ?? 0 > Limits.writeHighWater }) { break }
    }
    #expect(try await pair.look { _, client in client.closed } == [])
    try await pair.look { server, _ in server.channel?.resumeReading() }
    await pair.wait { _, client in client.channel?.isWritable == true && client.drains > 0 }
    await pair.loop.end()
  }

  @Test(arguments: Way.all)
  func aDeafPeerIsClosedWhenTooMuchWaits(way: Way) async throws {
    let pair = try await Pair(way, server: { $0.onActive = { $0.pauseReading() } })
    await pair.wait { server, client in server.isActive && client.isActive }
    while try await pair.look({ _, client in
      client.channel?.write([UInt8](repeating: 7, count: 1 << 20))
      return client.closed.isEmpty
    }) {}
    #expect(try await pair.look { _, client in client.closed } == [.overflow])
    // The paused side notices the reset as well.
    await pair.wait { server, _ in server.closed.count == 1 }
    await pair.loop.end()
  }

  @Test(arguments: Way.plain)
  func theWriteBoundIsExact(way: Way) async throws {
    let pair = try await Pair(way)
    try await pair.look2 { client in
      client.channel?.writeMax = 1_000
      client.channel?.write(bytes(999))
      client.channel?.write(bytes(1))
      #expect(client.channel?.pendingBytes == 1_000)
      client.channel?.write(bytes(1))
    }
    await pair.loop.wait { [client = pair.client] in client.value.closed == [.overflow] }
    await pair.loop.end()
  }

  @Test(arguments: Way.all)
  func closingAfterFlushDeliversEverythingEvenToATalkativePeer(way: Way) async throws {
    let pair = try await Pair(
      way,
      server: { probe in
        probe.onRead = { [unowned probe] channel, _ in
          guard probe.reads == 1 else { return }
          channel.write(bytes(1_000_000))
          channel.closeAfterFlush()
        }
      },
      client: { probe in
        probe.onActive = { channel in channel.write(bytes(2_000_000)) }
      })
    await pair.wait { server, client in !client.closed.isEmpty && !server.closed.isEmpty }
    let (reasons, received) = try await pair.look { ([$0.closed, $1.closed], $1.received) }
    #expect(received == bytes(1_000_000))
    #expect(reasons == [[CloseReason.local], [.peerEOF]])
    await pair.loop.end()
  }

  @Test(arguments: Way.plain)
  func aPeerThatEndedItsSideStillGetsALateAnswer(way: Way) async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: way.kind)
    let door = try await loop.run { loop in
      LoopBound(
        try Door(loop) { probe in
          probe.onInputEnd = { channel in
            channel.loop.schedule(after: .milliseconds(5)) {
              channel.write("late answer")
              channel.closeAfterFlush()
            }
          }
        }, loop: loop)
    }
    let address = try await loop.run { _ in door.value.address }
    let answer = try await blocking {
      let raw = try RawSocket(address)
      raw.send("question")
      raw.endOutput()
      return String(decoding: raw.readAll(), as: UTF8.self)
    }
    #expect(answer == "late answer")
    await loop.wait { door.value.accepted.first?.closed == [.peerEOF] }
    #expect(try await loop.run { _ in door.value.accepted.first?.text } == "question")
    await loop.end()
  }

  @Test(arguments: Way.plain)
  func aHalfClosedSocketIsClosedByDefaultAfterTheFlush(way: Way) async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: way.kind)
    let door = try await loop.run { LoopBound(try Door($0, prepare: echo), loop: $0) }
    let address = try await loop.run { _ in door.value.address }
    let answer = try await blocking {
      let raw = try RawSocket(address)
      raw.send("ping")
      raw.endOutput()
      return String(decoding: raw.readAll(), as: UTF8.self)
    }
    #expect(answer == "ping")
    await loop.wait { door.value.accepted.first?.closed == [.peerEOF] }
    await loop.end()
  }

  @Test(arguments: Way.plain, [false, true])
  func aResetIsNoticedAlsoWhilePaused(way: Way, isPaused: Bool) async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: way.kind)
    let door = try await loop.run { loop in
      LoopBound(try Door(loop) { if isPaused { $0.onActive = { $0.pauseReading() } } }, loop: loop)
    }
    let address = try await loop.run { _ in door.value.address }
    let raw = try RawSocket(address)
    raw.send("x")
    await loop.wait { door.value.accepted.first.map { isPaused ? $0.isActive : $0.count == 1 } ?? false }
    raw.resetAtClose()
    _ = consume raw
    await loop.wait { door.value.accepted.first?.closed == [.reset] }
    await loop.end()
  }

  @Test(arguments: Way.plain)
  func aRefusedConnectionIsReported(way: Way) async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: way.kind)
    // A port that is taken, where nobody listens.
    let taken = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(taken) }
    _ = SocketAddress.v4(0x7f00_0001, port: 0).withSocketAddress { bind(taken, $0, $1) }
    let address = try #require(SocketAddress.local(of: taken))
    let client = try await loop.run { loop in LoopBound(call(loop, address), loop: loop) }
    await loop.wait { !client.value.closed.isEmpty }
    #expect(try await loop.run { _ in client.value.closed } == [.io(ECONNREFUSED)])
    #expect(try await loop.run { _ in client.value.isActive } == false)
    await loop.end()
  }

  @Test func aSilentTLSServerRunsIntoTheDeadline() async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let tls = try TestTrust().call()
    let (door, client) = try await loop.run { loop in
      let door = try Door(loop)
      let client = call(loop, door.address, tls: tls, deadline: .milliseconds(30))
      return (LoopBound(door, loop: loop), LoopBound(client, loop: loop))
    }
    await loop.wait { client.value.closed == [.timeout] }
    await loop.wait { door.value.accepted.first?.closed.count == 1 }
    await loop.end()
  }

  @Test(arguments: Way.all)
  func closingInsideAReadEndsItOnce(way: Way) async throws {
    let pair = try await Pair(
      way,
      server: { probe in
        probe.onRead = { [unowned probe] channel, _ in
          channel.close()
          channel.close(.overflow)
          channel.write("nobody hears this")
          #expect(probe.closed.isEmpty, "never from inside the call")
          #expect(channel.pendingBytes == 0)
          #expect(!channel.isWritable)
        }
      }, client: { $0.onActive = { $0.write(bytes(200_000)) } })
    await pair.wait { server, client in !server.closed.isEmpty && !client.closed.isEmpty }
    #expect(try await pair.look { server, _ in [server.closed.count, server.reads] } == [1, 1])
    #expect(try await pair.look { server, _ in server.closed } == [.local])
    await pair.loop.end()
  }

  @Test(arguments: Way.all)
  func aClosedChannelAndItsHandlerAreForgotten(way: Way) async throws {
    let pair = try await Pair(way, server: echo, client: { $0.onActive = { $0.write("hello") } })
    await pair.wait { _, client in client.count == 5 }
    let (door, client) = (pair.door, pair.client)
    let remains = try await pair.loop.run { loop in
      let channels = [client.value.channel, door.value.accepted.first?.channel]
      let remains = channels.map { Remains(channel: $0, handler: $0?.handler) }
      client.value.channel?.closeAfterFlush()
      return LoopBound(remains, loop: loop)
    }
    await pair.wait { server, client in !server.closed.isEmpty && !client.closed.isEmpty }
    try await pair.look { server, client in (server.channel, client.channel) = (nil, nil) }
    try await pair.loop.run { _ in door.value.accepted = [] }
    await pair.loop.wait { remains.value[0].channel == nil && remains.value[1].channel == nil }
    #expect(try await pair.loop.run { _ in remains.value[1].handler == nil })
    await pair.loop.end()
  }

  @Test(arguments: Way.plain)
  func aSocketInTheFileSystemWorksTheSame(way: Way) async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/door.sock"
    let loop = try EventLoop(label: "ostler.test", readiness: way.kind)
    let (door, client) = try await loop.run { loop in
      let door = try Door(loop, at: .unix(path), prepare: echo)
      let client = call(loop, .unix(path)) { $0.onActive = { $0.write("hello") } }
      return (LoopBound(door, loop: loop), LoopBound(client, loop: loop))
    }
    await loop.wait { client.value.text == "hello" }
    var status = stat()
    #expect(lstat(path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    try await loop.run { _ in door.value.listener?.close() }
    #expect(lstat(path, &status) != 0)
    await loop.end()
  }

  @Test(arguments: Way.plain)
  func manyConnectionsComeAndGoWithoutMixingTheirEvents(way: Way) async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: way.kind)
    let door = try await loop.run { LoopBound(try Door($0, prepare: echo), loop: $0) }
    for round in 0..<5 {
      let clients = try await loop.run { loop in
        LoopBound(
          (0..<100).map { number in
            call(loop, door.value.address) { probe in
              probe.onActive = { $0.write("round \(round), number \(number)") }
              // Half of them end in the middle of the batch that brought their answer.
              if number % 2 == 0 { probe.onRead = { channel, _ in channel.close() } }
            }
          }, loop: loop)
      }
      await loop.wait { clients.value.allSatisfy { $0.count > 0 } }
      let texts = try await loop.run { _ in clients.value.map(\.text) }
      #expect(texts == (0..<100).map { "round \(round), number \($0)" })
      try await loop.run { _ in clients.value.forEach { $0.channel?.close() } }
    }
    await loop.wait { door.value.accepted.allSatisfy { $0.closed.count == 1 } }
    #expect(try await loop.run { _ in door.value.accepted.count } == 500)
    await loop.end()
  }
}

private struct Remains {
  weak var channel: Channel?
  weak var handler: (any ChannelHandler)?
}

extension Pair {
  /// Acts on the client alone, before the server has accepted it.
  fileprivate func look2(_ body: @escaping @Sendable (Probe) -> Void) async throws {
    let client = client
    try await loop.run { _ in body(client.value) }
  }
}
