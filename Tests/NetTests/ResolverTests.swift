import Glibc
import Testing

@testable import Net

@Suite struct ResolverTests {
  private func ask(_ host: String) async throws -> Result<[SocketAddress], NetFault> {
    let loop = try EventLoop(label: "ostler.test", readiness: OverBoth.readiness)
    let answer = await withCheckedContinuation { continuation in
      loop.execute {
        Resolver.resolve(host: host, port: 443, on: loop, deadline: .seconds(10)) { result in
          loop.preconditionCurrent()
          continuation.resume(returning: result)
        }
      }
    }
    await loop.end()
    return answer
  }

  @Test(arguments: ["127.0.0.1", "::1", "[::1]"])
  func aLiteralAddressIsItself(host: String) async throws {
    let address = try #require(SocketAddress(host: host == "[::1]" ? "::1" : host, port: 443))
    #expect(try await ask(host).get() == [address])
  }

  @Test func localhostIsLoopback() async throws {
    let addresses = try await ask("localhost").get()
    #expect(!addresses.isEmpty)
    #expect(addresses.allSatisfy { $0.isLoopback && $0.port == 443 })
  }

  /// The C library reads the old forms of an address. Their scope shows what they are.
  @Test(arguments: ["2130706433", "0x7f.1", "0177.0.0.1", "127.1"])
  func disguisedLoopbackIsStillLoopback(host: String) async throws {
    let addresses = (try? await ask(host).get()) ?? []
    #expect(addresses.allSatisfy { $0.isLoopback })
  }

  @Test(arguments: ["", String(repeating: "a", count: 254), "a\0b", "no-such-host.invalid", "two words"])
  func whatHasNoAddressFails(host: String) async throws {
    let answer = try await ask(host)
    #expect(throws: NetFault.self) { try answer.get() }
  }
}
