import Glibc
import Testing

@testable import Net

@Suite(.overBothReadinessSets) struct ListenerTests {
  @Test func aTakenPortIsAnErrorThatSaysSo() async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let (text, address) = try await loop.run { loop in
      let first = try Listener(loop: loop, address: .v4(0x7f00_0001, port: 0)) { _ in }
      let fault = #expect(throws: NetFault.self) { try Listener(loop: loop, address: first.address) { _ in } }
      return (fault?.description, first.address)
    }
    #expect(text == "cannot listen on \(address): address already in use")
    #expect(address.port != 0)
    await loop.end()
  }

  @Test func bothFamiliesListenOnOnePort() async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    try await loop.run { loop in
      let four = try Listener(loop: loop, address: .v4(0, port: 0)) { _ in }
      _ = try Listener(loop: loop, address: .v6(high: 0, low: 0, port: four.address.port, zone: 0)) { _ in }
    }
    await loop.end()
  }

  @Test func aPausedListenerAcceptsLater() async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let (door, client) = try await loop.run { loop in
      let door = try Door(loop)
      door.listener?.pause()
      return (LoopBound(door, loop: loop), LoopBound(call(loop, door.address), loop: loop))
    }
    // The kernel connects for us.
    await loop.wait { client.value.isActive }
    #expect(try await loop.run { _ in door.value.accepted.isEmpty })
    try await loop.run { _ in door.value.listener?.resume() }
    await loop.wait { door.value.accepted.count == 1 }
    await loop.end()
  }

  @Test func connectionsAreSharedInTurnWithTheLoopsThatHelp() async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let other = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let there = try await other.run { LoopBound(Accepted(), loop: $0) }
    let (door, clients) = try await loop.run { loop in
      let door = try Door(loop, prepare: echo)
      door.listener?.helpers = [
        Listener.Helper(loop: other) { channel in
          let probe = Probe()
          echo(probe)
          there.value.probes.append(probe)
          channel.handler = probe
        }
      ]
      let clients = (0..<6).map { _ in call(loop, door.address) { $0.onActive = { $0.write("hello") } } }
      return (LoopBound(door, loop: loop), LoopBound(clients, loop: loop))
    }
    await loop.wait { clients.value.allSatisfy { $0.text == "hello" } }
    #expect(try await loop.run { _ in door.value.accepted.count } == 3)
    #expect(try await other.run { _ in there.value.probes.map(\.text) } == ["hello", "hello", "hello"])
    // One that comes to a loop that has ended is closed.
    await other.end()
    let late = try await loop.run { loop in LoopBound((0..<2).map { _ in call(loop, door.value.address) }, loop: loop) }
    await loop.wait { late.value.contains { $0.closed == [.peerEOF] } }
    await loop.end()
  }

  @Test func aDeadSocketFileIsReplacedAndALivingOneIsNot() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/door.sock"
    // What a killed process leaves behind.
    let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    _ = SocketAddress.unix(path).withSocketAddress { bind(dead, $0, $1) }
    close(dead)
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    try await loop.run { loop in
      _ = try Listener(loop: loop, address: .unix(path)) { _ in }
      let fault = #expect(throws: NetFault.self) { try Listener(loop: loop, address: .unix(path)) { _ in } }
      #expect(fault?.errno == EADDRINUSE)
    }
    let file = try folder.write("not a socket", "file")
    try await loop.run { loop in
      _ = #expect(throws: NetFault.self) { try Listener(loop: loop, address: .unix(file)) { _ in } }
    }
    await loop.end()
  }

  @Test func aChannelWithoutHandlerIsClosed() async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let client = try await loop.run { loop in
      let listener = try Listener(loop: loop, address: .v4(0x7f00_0001, port: 0)) { _ in }
      return LoopBound(call(loop, listener.address), loop: loop)
    }
    await loop.wait { client.value.closed == [.peerEOF] }
    await loop.end()
  }

  @Test func aChannelThatItsOwnerClosesAtTheDoorIsClosed() async throws {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let client = try await loop.run { loop in
      let listener = try Listener(loop: loop, address: .v4(0x7f00_0001, port: 0)) { channel in
        channel.handler = Probe()
        channel.close()
      }
      return LoopBound(call(loop, listener.address), loop: loop)
    }
    await loop.wait { !client.value.closed.isEmpty }
    await loop.end()
  }

  /// In a process of its own, because the limit holds for all threads.
  @Test func withoutDescriptorsNewPeersAreTurnedAwayAndOldOnesServed() async {
    await #expect(processExitsWith: .success) {
      let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
      let (door, good) = try await loop.run { loop in
        let door = try Door(loop, prepare: echo)
        door.listener?.refusal = Array("full".utf8)
        return (LoopBound(door, loop: loop), LoopBound(call(loop, door.address), loop: loop))
      }
      await loop.wait { good.value.isActive && door.value.accepted.count == 1 }
      let address = try await loop.run { _ in door.value.address }
      // The sockets of the peers exist before the limit falls.
      let peers = (0..<20).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
      var limit = rlimit(rlim_cur: 0, rlim_max: 0)
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 200
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      while open("/dev/null", O_RDONLY) >= 0 {}
      var answers: [String] = []
      for peer in peers {
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        _ = address.withSocketAddress { connect(peer, $0, $1) }
        var room = [UInt8](repeating: 0, count: 16)
        let count = read(peer, &room, room.count)
        answers.append(String(decoding: room.prefix(max(0, count)), as: UTF8.self))
      }
      let turnedAway = try await loop.run { _ in
        door.value.troubles.filter { if case .turnedAway = $0 { true } else { false } }.count
      }
      try await loop.run { _ in good.value.channel?.write("still here") }
      await loop.wait { good.value.text == "still here" }
      let served = try await loop.run { _ in door.value.accepted.count }
      guard turnedAway == 20, served == 1, answers.allSatisfy({ $0 == "full" }) else { exit(2) }
      exit(0)
    }
  }
}

/// What a helping loop was handed.
private final class Accepted {
  var probes: [Probe] = []
}
