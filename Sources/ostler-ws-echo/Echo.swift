import ArgumentParser
import Dispatch
import Glibc
import HTTP
import Net

/// `ostler-ws-echo`: sends back what it hears, on the same HTTP and WebSocket library as the daemon's doors. It is for
/// suites that judge a WebSocket server from outside, and no part of the daemon.
@main
struct WebSocketEcho: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ostler-ws-echo",
    abstract: "Echo WebSocket messages on any path, for conformance suites.",
    discussion:
      "Takes the first subprotocol that is offered. Listens until it is killed; a client ends after its suite.")

  @Option(help: "Port to listen on; 0: one that the system chooses, which is printed.") var port: UInt16?
  @Option(help: "Address to listen on.") var host = "127.0.0.1"
  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Certificate chain and key, as PEM files.", valueName: "chain key"))
  var tls: [String] = []
  @Flag(help: "Do not agree to permessage-deflate.") var noDeflate = false
  // Suites send messages of 16 MiB (RFC 6455 sets no bound).
  @Option(help: "Largest message, in bytes; a larger one is closed with 1009.") var maxMessage = 32 << 20
  @Option(help: "Event loops that share the connections.") var loops = 1
  @Option(help: "Be the client of a suite that listens here, such as ws://127.0.0.1:9001.") var suite: String?

  func validate() throws {
    guard (port == nil) != (suite == nil) else { throw ValidationError("either --port or --suite is needed") }
    guard SocketAddress(host: host, port: 0) != nil else { throw ValidationError("--host \(host) is no address") }
    if let suite, (try? HTTPURL(suite)) == nil { throw ValidationError("--suite \(suite) is no address") }
    guard tls.isEmpty || tls.count == 2 else { throw ValidationError("--tls takes a certificate chain and a key") }
    guard loops > 0 else { throw ValidationError("--loops must be above 0") }
    guard maxMessage > 0 else { throw ValidationError("--max-message must be above 0") }
  }

  func run() throws {
    let loops = try (0..<loops).map { try EventLoop(label: "echo-\($0)") }
    if let suite { visit(suite, loops[0]) } else { try listen(loops) }
    dispatchMain()
  }

  private func listen(_ loops: [EventLoop]) throws {
    guard let address = SocketAddress(host: host, port: port ?? 0) else { return }
    var context: TLSContext?
    if tls.count == 2 {
      let identity = TLSIdentity(chain: .file(tls[0]), key: .file(tls[1]))
      context = try TLSContext(server: TLSServerSettings(identities: [identity]))
    }
    var options = WebSocketOptions()
    options.allowsCompression = !noDeflate
    options.limits = limits
    Self.serve(loops, options, at: address, context)
  }

  /// Makes a server on each loop, the last one first; the first one listens and shares its connections with the others.
  private static func serve(
    _ loops: [EventLoop], _ options: WebSocketOptions, at address: SocketAddress, _ tls: TLSContext?,
    sharedWith others: [LoopBound<Server>] = []
  ) {
    guard let loop = loops.last else { return }
    loop.execute {
      let server = Door(options).open(on: loop)
      guard loops.count == 1 else {
        return serve(loops.dropLast(), options, at: address, tls, sharedWith: others + [server.handle])
      }
      do throws(NetFault) {
        let bound = try server.listen(on: address, tls: tls, sharedWith: others)
        Console.say("listening on \(tls == nil ? "ws" : "wss")://\(bound)", to: STDOUT_FILENO)
      } catch {
        Console.fail("\(error)")
      }
    }
  }

  private func visit(_ suite: String, _ loop: EventLoop) {
    var options = WebSocketClient.Options()
    options.offersCompression = !noDeflate
    options.limits = limits
    loop.execute { [options] in SuiteVisit(suite, options, loop).begin() }
  }

  private var limits: HTTPLimits.WebSocket {
    var limits = HTTPLimits.WebSocket()
    limits.messageBytes = maxMessage
    // What one read holds may inflate to many messages before reading pauses.
    limits.pendingBytes = max(64 << 20, 4 * maxMessage)
    // A suite may listen in silence for as long as it likes, and counts every frame that it did not ask for.
    limits.pingInterval = nil
    limits.idleLimit = nil
    // And it judges the packing, whatever it costs.
    limits.packedBytes = limits.packedBytes.lowerBound...max(16 << 20, maxMessage)
    return limits
  }
}

/// Accepts every WebSocket; an ordinary request is told that it should be one.
private final class Door: RequestHandler {
  private let options: WebSocketOptions
  /// Server and door keep each other: both live as long as the process.
  private var server: Server?

  init(_ options: WebSocketOptions) { self.options = options }

  func open(on loop: EventLoop) -> Server {
    let server = Server(loop: loop, door: "echo", handler: self)
    self.server = server
    return server
  }

  func handle(_ request: Request, _ exchange: Exchange) {
    var options = options
    options.subprotocol = request.upgrade?.subprotocols.first
    exchange.accept(options, handler: Echo())
  }
}

class Echo: WebSocketHandler {
  func webSocket(_ webSocket: WebSocket, text: [UInt8]) { webSocket.send(text: text) }
  func webSocket(_ webSocket: WebSocket, binary: [UInt8]) { webSocket.send(binary: binary) }
  func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {}
}

enum Console {
  /// At once, not when a buffer is full: whoever started us waits for the line.
  static func say(_ line: String, to descriptor: Int32) {
    var line = line + "\n"
    line.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }

  static func fail(_ why: String) -> Never {
    say("ostler-ws-echo: \(why)", to: STDERR_FILENO)
    Glibc.exit(1)
  }
}
