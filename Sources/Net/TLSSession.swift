import CSystem
import Glibc

/// One TLS connection: OpenSSL over the channel's own descriptor, its answers told as steps.
final class TLSSession {
  private let ssl: OpaquePointer
  /// After a fatal error OpenSSL must not be asked to say goodbye.
  private var isBroken = false
  private var isEstablished = false
  /// What the handshake waits for.
  private(set) var handshakeInterest = Readiness.read

  init(server context: TLSContext, descriptor: Int32) throws(TLSFault) {
    ssl = try context.newSession()
    SSL_set_fd(ssl, descriptor)
    SSL_set_accept_state(ssl)
  }

  init(client configuration: TLSClientConfiguration, descriptor: Int32) throws(TLSFault) {
    ssl = try configuration.context.newSession()
    SSL_set_fd(ssl, descriptor)
    SSL_set_connect_state(ssl)
    var host = configuration.host
    if host.hasSuffix(".") { host.removeLast() }
    let isSet: Int32
    if let address = SocketAddress(host: host, port: 0) {
      isSet = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address.host)
    } else {
      SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      isSet = host.isEmpty ? 0 : SSL_set1_host(ssl, host) & ostler_tls_set_server_name(ssl, host)
    }
    guard isSet == 1 else { throw .configuration("“\(host)” cannot be the name of a server") }
    let offered = configuration.alpn.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
    if !offered.isEmpty { SSL_set_alpn_protos(ssl, offered, UInt32(offered.count)) }
  }

  deinit { SSL_free(ssl) }

  /// `.bytes` when the handshake is done.
  func shakeHands() -> IOStep {
    ERR_clear_error()
    let outcome = SSL_do_handshake(ssl)
    if outcome == 1 {
      isEstablished = true
      return .bytes(0)
    }
    let step = step(outcome)
    handshakeInterest = if case .wouldBlockWriting = step { .write } else { .read }
    return step
  }

  func read(into room: UnsafeMutableRawBufferPointer) -> IOStep {
    ERR_clear_error()
    let count = SSL_read(ssl, room.baseAddress, Int32(room.count))
    return count > 0 ? .bytes(Int(count)) : step(count)
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> IOStep {
    ERR_clear_error()
    let count = SSL_write(ssl, bytes.baseAddress, Int32(bytes.count))
    return count > 0 ? .bytes(Int(count)) : step(count)
  }

  /// Bytes that were decrypted already: the kernel will not announce them.
  var holdsBytes: Bool { SSL_pending(ssl) > 0 }

  /// Tells the peer that nothing follows, if the socket takes it at once.
  func shutDown() {
    guard isEstablished, !isBroken else { return }
    ERR_clear_error()
    SSL_shutdown(ssl)
  }

  var info: TLSInfo {
    let certificate = SSL_get1_peer_certificate(ssl)
    defer { X509_free(certificate) }
    var alpn: UnsafePointer<UInt8>?
    var alpnSize: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &alpn, &alpnSize)
    return TLSInfo(
      version: String(cString: SSL_get_version(ssl)),
      cipher: String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))),
      isResumed: SSL_session_reused(ssl) == 1,
      serverName: SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) },
      alpn: alpn.map { String(decoding: UnsafeBufferPointer(start: $0, count: Int(alpnSize)), as: UTF8.self) },
      peer: certificate.map { TLSCertificate($0) })
  }

  // MARK: OpenSSL's answers

  private func step(_ outcome: Int32) -> IOStep {
    let number = errno
    switch SSL_get_error(ssl, outcome) {
    case SSL_ERROR_WANT_READ: return .wouldBlockReading
    case SSL_ERROR_WANT_WRITE: return .wouldBlockWriting
    case SSL_ERROR_ZERO_RETURN: return .end
    case SSL_ERROR_SYSCALL:
      isBroken = true
      return number == 0 ? .failed(.reset) : .failed(.init(errno: number))
    default:
      isBroken = true
      let code = ERR_peek_error()
      ERR_clear_error()
      if ostler_tls_reason(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING {
        return isEstablished ? .failed(.tls(.truncated)) : .end
      }
      return .failed(.tls(fault(code)))
    }
  }

  private func fault(_ code: UInt) -> TLSFault {
    let reason = ostler_tls_reason(code)
    switch reason {
    case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: return .plainHTTP
    case SSL_R_WRONG_VERSION_NUMBER: return .notTLS
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_UNKNOWN_PROTOCOL: return .versionTooOld
    case SSL_R_NO_SHARED_CIPHER: return .noCommonCipher
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS: return .noCommonSignature
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return .noClientCertificate
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return certificateFault
    case SSL_AD_REASON_OFFSET...(SSL_AD_REASON_OFFSET + 255):
      return .alert(Int(reason - SSL_AD_REASON_OFFSET), opensslWord(code))
    default: return .other("TLS failed: \(opensslWord(code))")
    }
  }

  private var certificateFault: TLSFault {
    let result = SSL_get_verify_result(ssl)
    let word = X509_verify_cert_error_string(result).map { String(cString: $0) } ?? "error \(result)"
    let problem: TLSFault.Certificate =
      switch Int32(truncatingIfNeeded: result) {
      case X509_V_ERR_CERT_HAS_EXPIRED: .expired
      case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
      case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongName
      case X509_V_ERR_CERT_REVOKED: .revoked
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
        X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_SIGNATURE_FAILURE:
        .untrusted
      default: .refused
      }
    return .certificate(problem, word, of: ostler_tls_refused(ssl).map { TLSCertificate($0) })
  }
}
