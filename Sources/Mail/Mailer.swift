import Domain
import Glibc
import Net
import Wire

/// Hands letters to mail servers: a connection for each, on one loop. Every address that a server's name leads to is
/// judged before it is called, as for all that goes out.
public final class Mailer {
  private let loop: EventLoop
  private let tls: TLSContext?
  /// Who we say we are; a server may refuse a name without a point.
  private let name: String

  /// - Parameter tls: whom to trust; nil: only servers in the clear can be reached.
  public init(loop: EventLoop, tls: TLSContext?, name: String) {
    loop.preconditionCurrent()
    (self.loop, self.tls, self.name) = (loop, tls, name)
  }

  /// A handle for other threads.
  public var handle: MailerHandle { MailerHandle(mailer: LoopBound(self, loop: loop)) }

  /// Call it on the loop; `done` is called there, once.
  func send(_ letter: Letter, by server: MailServer, done: @escaping (MailOutcome) -> Void) {
    guard let port = UInt16(exactly: server.port) else { return done(.failed("\(server.port) is no port")) }
    guard server.security != .plain else { return deliver(letter, by: server, at: port, done: done) }
    guard let tls else { return done(.failed("this mailer has no TLS settings")) }
    tls.prepare(on: loop) { self.deliver(letter, by: server, at: port, done: done) }
  }

  private func deliver(
    _ letter: Letter, by server: MailServer, at port: UInt16, done: @escaping (MailOutcome) -> Void
  ) {
    Resolver.resolve(host: server.host, port: port, on: loop, deadline: Limits.resolveDeadline) {
      [loop, tls, name] result in
      switch result {
      case .failure(let fault): done(.failed("\(server.host) has no address: \(fault)"))
      case .success(let addresses):
        if let bad = AddressGuard.refused(addresses, allowPrivate: server.allowsPrivate) {
          return done(.failed("\(server.host) leads to \(bad.host), which is not public; that has to be allowed"))
        }
        let delivery = Delivery(letter, by: server, as: name, on: loop, tls: tls, done: done)
        delivery.connect(addresses)
      }
    }
  }

  /// One letter on its way. Its channel keeps it alive.
  private final class Delivery: ChannelHandler {
    private let server: MailServer
    private let loop: EventLoop
    private let tls: TLSContext?
    private var conversation: SMTPConversation
    private var reader = SMTPReader()
    private var done: ((MailOutcome) -> Void)?
    private var addresses: [SocketAddress] = []
    private var deadline: Timers.Token?
    private var isActive = false
    private var isSecuring = false

    init(
      _ letter: Letter, by server: MailServer, as name: String, on loop: EventLoop, tls: TLSContext?,
      done: @escaping (MailOutcome) -> Void
    ) {
      (self.server, self.loop, self.tls, self.done) = (server, loop, tls, done)
      conversation = SMTPConversation(letter, by: server, as: name)
    }

    private var secret: TLSClientConfiguration? { tls.map { TLSClientConfiguration(context: $0, host: server.host) } }

    func connect(_ addresses: [SocketAddress]) {
      guard let address = addresses.first else { return finish(.failed("no address could be reached"), nil) }
      self.addresses = Array(addresses.dropFirst())
      Channel.connect(
        loop: loop, to: address, tls: server.security == .tls ? secret : nil, deadline: Limits.connectDeadline,
        handler: self)
    }

    func channelDidBecomeActive(_ channel: Channel) {
      isActive = true
      awaitAnswer(channel)
      guard isSecuring else { return }
      isSecuring = false
      take(conversation.secured(), channel)
    }

    func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer) {
      guard done != nil else { return }
      do {
        try reader.add(bytes)
        guard let (code, lines) = try reader.next() else { return }
        // We say one thing at a time, so what comes behind an answer was not asked for: somebody between us can have put
        // it there, before the way was private (CVE-2011-0411).
        guard reader.isEmpty else { return finish(.failed("the server speaks before it is asked"), channel) }
        awaitAnswer(channel)
        take(conversation.heard(code, lines), channel)
      } catch {
        finish(.failed("what \(server.host) says is no SMTP"), channel)
      }
    }

    private func take(_ step: SMTPConversation.Step, _ channel: Channel) {
      switch step {
      case .wait: break
      case .say(let line): channel.write(line + "\r\n")
      case .tell(let bytes):
        channel.writeMax = max(channel.writeMax, bytes.count)
        channel.write(bytes)
      case .secure:
        guard let secret else { return finish(.failed("this house has no TLS settings"), channel) }
        isSecuring = true
        channel.startTLS(secret, deadline: Limits.connectDeadline)
      case .end(let outcome):
        channel.write("QUIT\r\n")
        finish(outcome, channel)
      }
    }

    private func awaitAnswer(_ channel: Channel) {
      if let deadline { loop.cancel(deadline) }
      deadline = loop.schedule(after: Limits.answerDeadline) { [weak self, weak channel] in
        self?.deadline = nil
        self?.finish(.failed("the mail server took too long"), channel)
      }
    }

    func channelInputEnded(_ channel: Channel) { channel.close(.peerEOF) }

    func channel(_ channel: Channel, closed reason: CloseReason) {
      if !isActive, !addresses.isEmpty, done != nil, case .io = reason { return connect(addresses) }
      finish(.failed("the connection with \(server.host) ended: \(reason)"), nil)
    }

    private func finish(_ outcome: MailOutcome, _ channel: Channel?) {
      if let deadline { loop.cancel(deadline) }
      deadline = nil
      let done = self.done
      self.done = nil
      done?(outcome)
      channel?.closeAfterFlush()
    }
  }
}

/// A mailer for any thread: the way out for the household's letters.
public struct MailerHandle: MailLink {
  fileprivate let mailer: LoopBound<Mailer>

  public func send(
    _ letter: Letter, by server: MailServer, done: @escaping @MainActor @Sendable (MailOutcome) -> Void
  ) {
    mailer.loop.execute { [mailer] in
      mailer.value.send(letter, by: server) { outcome in Task { @MainActor in done(outcome) } }
    }
  }
}
