import CSystem
import Net
import Testing
import Wire

@testable import HTTP

/// A certificate for localhost that vouches for itself.
private struct Certificate {
  let identity: TLSIdentity
  let authority: PEMSource

  init() throws {
    let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil)
    defer { EVP_PKEY_CTX_free(context) }
    var made: OpaquePointer?
    try #require(EVP_PKEY_keygen_init(context) == 1)
    try #require(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1)
    try #require(EVP_PKEY_keygen(context, &made) == 1)
    let key = try #require(made)
    defer { EVP_PKEY_free(key) }
    let certificate = try #require(X509_new())
    defer { X509_free(certificate) }
    X509_set_version(certificate, 2)
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3_600)
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3_600)
    try #require(X509_set_pubkey(certificate, key) == 1)
    let subject = X509_get_subject_name(certificate)
    try #require(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_FLAG, "localhost", -1, -1, 0) == 1)
    X509_set_issuer_name(certificate, subject)
    for (kind, value) in [(NID_basic_constraints, "critical,CA:TRUE"), (NID_subject_alt_name, "IP:127.0.0.1")] {
      let part = try #require(X509V3_EXT_conf_nid(nil, nil, kind, value))
      defer { X509_EXTENSION_free(part) }
      try #require(X509_add_ext(certificate, part, -1) == 1)
    }
    try #require(X509_sign(certificate, key, EVP_sha256()) > 0)
    authority = .text(Self.text { PEM_write_bio_X509($0, certificate) })
    identity = TLSIdentity(
      chain: authority, key: .text(Self.text { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }))
  }

  private static func text(_ write: (OpaquePointer?) -> Int32) -> String {
    let bio = BIO_new(BIO_s_mem())
    defer { BIO_free(bio) }
    _ = write(bio)
    var buffer = [UInt8](repeating: 0, count: 8_192)
    let count = BIO_read(bio, &buffer, Int32(buffer.count))
    return String(decoding: buffer.prefix(Int(max(0, count))), as: UTF8.self)
  }
}

@Suite(.overBothReadinessSets) struct SecureTests {
  private let server: TestServer
  private let port: UInt16
  private let trusting: TLSContext

  init() throws {
    let certificate = try Certificate()
    let context = try TLSContext(server: TLSServerSettings(identities: [certificate.identity]))
    trusting = try TLSContext(client: TLSClientSettings(trust: .authorities(certificate.authority)))
    server = try TestServer { request, exchange in
      if request.upgrade != nil {
        exchange.accept(handler: Echo())
      } else {
        exchange.respond(
          Response(.ok, headers: ["X-TLS": "\(request.isTLS) \(request.tls?.version ?? "-")"], body: request.body))
      }
    }
    let bound = server.server
    let address = on(server.loop) { try? bound.value.listen(on: .v4(0x7F00_0001, port: 0), tls: context) }
    port = try #require(address).port
  }

  private func ask(_ tls: TLSContext?, body: [UInt8] = []) throws -> Result<ClientResponse, ClientFault>? {
    let loop = try EventLoop(label: "test.client", readiness: OverBoth.readiness)
    defer { loop.shutdown {} }
    let box = Box<Result<ClientResponse, ClientFault>>()
    let request = ClientRequest(.post, try HTTPURL("https://127.0.0.1:\(port)/"), body: body)
    let client = on(loop) { LoopBound(Client(loop: loop, tls: tls), loop: loop) }
    loop.execute { client.value.send(request, ClientOptions(allowPrivate: true)) { box.set($0) } }
    return box.wait()
  }

  @Test func requestsGoThroughTLS() throws {
    let body = (0..<700_000).map { UInt8(truncatingIfNeeded: $0) }
    let answer = try #require(try ask(trusting, body: body)).get()
    #expect(answer.headers["x-tls"] == "true TLSv1.3")
    #expect(answer.body == body)
  }

  @Test func aCertificateThatNobodyVouchesForIsRefused() throws {
    let stranger = try TLSContext(client: TLSClientSettings(trust: .authorities(Certificate().authority)))
    guard case .tls(host: "127.0.0.1", _)? = failure(try ask(stranger)) else {
      Issue.record("a stranger's certificate was taken")
      return
    }
  }

  @Test func webSocketsGoThroughTLS() throws {
    let loop = try EventLoop(label: "test.client", readiness: OverBoth.readiness)
    let log = Log()
    let url = try HTTPURL("wss://127.0.0.1:\(port)/CS1")
    let trusting = self.trusting
    loop.execute {
      WebSocketClient.connect(url, WebSocketClient.Options(tls: trusting), loop: loop, handler: Asker(log)) { result in
        if case .failure(let fault) = result { log.add("\(fault)") }
      }
    }
    #expect(log.wait(for: 1) == ["100000"])
    loop.shutdown {}
  }

  @Test func plainHTTPOnATLSDoorGetsASentence() throws {
    let peer = try RawPeer(port)
    peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    let answer = try peer.answer()
    #expect(answer.status == 400)
    #expect(answer.body.contains("https"))
  }

  private final class Asker: WebSocketHandler {
    let log: Log
    init(_ log: Log) { self.log = log }
    func webSocketDidOpen(_ webSocket: WebSocket) { webSocket.send(text: [UInt8](repeating: 0x61, count: 100_000)) }
    func webSocket(_ webSocket: WebSocket, text: [UInt8]) { log.add("\(text.count)") }
    func webSocket(_ webSocket: WebSocket, closed code: UInt16?, reason: String, clean: Bool) {}
  }
}
