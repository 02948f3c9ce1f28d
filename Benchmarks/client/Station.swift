// One station of the load: a socket, its handshake, one call at a time.

import CSystem
import Glibc
import Wire

/// What a station's socket tells the scenario.
enum News {
  /// The upgrade is done.
  case opened
  /// The open call was answered as a station hopes for.
  case answered(microseconds: Int)
  /// The server asked something, and was answered.
  case asked
  /// The server refused the connection, the upgrade or the call, or closed.
  case refused(String)
}

/// A virtual station as thin as it can be. It comes from a loopback address of its own, as stations do, and has at most
/// one call open, as OCPP-J demands.
final class Station {
  let index: Int
  private(set) var isOpen = false
  /// Transactions that this station has begun, and the number of the newest.
  var transactions = 0
  private(set) var number = 0
  /// Where the station is in what it says again and again.
  var step = 0

  private var descriptor: Int32 = -1
  private var isConnecting = false
  private var tls: OpaquePointer?
  private var ids = 0
  private var open: (id: Int, saying: Saying, at: UInt64)?
  /// Bytes of an unfinished frame or head.
  private var rest: [UInt8] = []
  private unowned let load: Load

  init(_ index: Int, in load: Load) { (self.index, self.load) = (index, load) }

  // MARK: Coming and going

  func connect() {
    leave()
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else {
      return load.hears(.refused("no socket: \(String(cString: strerror(errno)))"), of: self)
    }
    ostler_tune(descriptor, 60)
    // 127.1.0.1, 127.1.0.2, …: an address per station, so that limits per address mean what they mean in the field.
    guard Self.bind(descriptor, address: 0x7F01_0001 + UInt32(index)),
      Self.connect(descriptor, address: 0x7F00_0001, port: load.port) || errno == EINPROGRESS
    else { return load.hears(.refused("no connection: \(String(cString: strerror(errno)))"), of: self) }
    isConnecting = true
    load.watch(descriptor, for: index, EPOLLOUT.rawValue | EPOLLIN.rawValue)
  }

  func leave() {
    guard descriptor >= 0 else { return }
    if let tls { SSL_free(tls) }
    tls = nil
    close(descriptor)
    descriptor = -1
    (isOpen, isConnecting, open, rest) = (false, false, nil, [])
  }

  private func upgrade() {
    let name = load.name(of: index)
    let basic = Bytes(utf8: "\(name):\(load.password)").base64
    var head =
      "GET /ocpp/\(name) HTTP/1.1\r\nHost: 127.0.0.1:\(load.port)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    head += "Sec-WebSocket-Protocol: ocpp1.6\r\nAuthorization: Basic \(basic)\r\n\r\n"
    head.withUTF8 { put(UnsafeRawBufferPointer($0)) }
  }

  // MARK: Calls

  /// - Parameter due: when it should have been said, where a pace is kept; a late answer is late from then on.
  func say(_ saying: Saying, due: UInt64? = nil) {
    ids += 1
    if saying == .authorize { transactions += 1 }
    let frame = load.composer.compose(
      saying, id: ids, station: index, transaction: transactions, number: number, epoch: load.epoch)
    open = (ids, saying, due ?? nanoseconds())
    put(frame)
  }

  /// The call that has no answer yet.
  var saying: Saying? { open?.saying }

  private func put(_ bytes: UnsafeRawBufferPointer) {
    let sent =
      tls.map { Int(SSL_write($0, bytes.baseAddress, Int32(bytes.count))) }
      ?? send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    guard sent != bytes.count else { return }
    refuse("a call could not be sent")
  }

  private func refuse(_ why: String) {
    leave()
    load.hears(.refused(why), of: self)
  }

  // MARK: What comes back

  func isReady() {
    guard descriptor >= 0 else { return }
    if isConnecting {
      let code = ostler_socket_error(descriptor)
      guard code == 0 else { return refuse("no connection: \(String(cString: strerror(code)))") }
      isConnecting = false
      load.rewatch(descriptor, for: index, EPOLLIN.rawValue)
      guard load.tls != nil else { return upgrade() }
      tls = SSL_new(load.tls)
      SSL_set_fd(tls, descriptor)
      SSL_set_connect_state(tls)
    }
    if let tls, SSL_is_init_finished(tls) == 0 {
      let code = SSL_do_handshake(tls)
      guard code == 1 else {
        if SSL_get_error(tls, code) == SSL_ERROR_WANT_READ { return }
        return refuse("no TLS handshake")
      }
      return upgrade()
    }
    let count =
      tls.map { Int(SSL_read($0, load.buffer, Int32(Load.bufferBytes))) }
      ?? recv(descriptor, load.buffer, Load.bufferBytes, 0)
    guard count > 0 else {
      if let tls { if SSL_get_error(tls, Int32(count)) == SSL_ERROR_WANT_READ { return } }
      if tls == nil, count < 0, errno == EAGAIN { return }
      return refuse("the server closed the connection")
    }
    guard rest.isEmpty else {
      rest += UnsafeBufferPointer(start: load.buffer, count: count)
      var whole: [UInt8] = []
      swap(&whole, &rest)
      return whole.withUnsafeMutableBufferPointer { take($0) }
    }
    take(UnsafeMutableBufferPointer(start: load.buffer, count: count))
  }

  private func take(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
    var at = 0
    while at < bytes.count, descriptor >= 0 {
      let left = UnsafeMutableBufferPointer(rebasing: bytes[at...])
      let used = isOpen ? takeFrame(left) : takeHead(left)
      guard used > 0 else { break }
      at += used
    }
    if at < bytes.count, descriptor >= 0 { rest = Array(bytes[at...]) }
  }

  private func takeHead(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Int {
    guard let end = has("\r\n\r\n", bytes) else { return 0 }
    guard memcmp(bytes.baseAddress!, "HTTP/1.1 101", min(12, bytes.count)) == 0 else {
      refuse("refused: \(String(decoding: bytes.prefix { $0 != 13 }, as: UTF8.self))")
      return 0
    }
    isOpen = true
    load.hears(.opened, of: self)
    return end
  }

  private func takeFrame(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Int {
    guard bytes.count >= 2 else { return 0 }
    var (head, length) = (2, Int(bytes[1] & 0x7F))
    if length == 126 {
      guard bytes.count >= 4 else { return 0 }
      (head, length) = (4, Int(bytes[2]) << 8 | Int(bytes[3]))
    }
    guard bytes.count >= head + length else { return 0 }
    let payload = UnsafeMutableBufferPointer(rebasing: bytes[head..<(head + length)])
    switch bytes[0] & 0x0F {
    case 1: takeMessage(payload)
    case 8: refuse("the server said goodbye: \(String(decoding: payload.dropFirst(2), as: UTF8.self))")
    case 9:
      load.composer.clear()
      load.composer.add(Array(payload))
      put(load.composer.seal(opcode: 10))
    default: break
    }
    return head + length
  }

  private func takeMessage(_ text: UnsafeMutableBufferPointer<UInt8>) {
    if text.count > 4, text[1] == UInt8(ascii: "2") { return decline(text) }
    guard let call = open else { return refuse("an answer to nothing: \(String(decoding: text, as: UTF8.self))") }
    guard text.count > 16, text[1] == UInt8(ascii: "3"), wholeNumber(in: text, from: 4) == call.id,
      isWelcome(text, call.saying)
    else {
      return refuse("\(call.saying) was answered: \(String(decoding: text, as: UTF8.self))")
    }
    open = nil
    load.hears(.answered(microseconds: Int((nanoseconds() - call.at) / 1_000)), of: self)
  }

  private func isWelcome(_ text: UnsafeMutableBufferPointer<UInt8>, _ saying: Saying) -> Bool {
    switch saying {
    case .boot, .authorize: return has("\"status\":\"Accepted\"", text) != nil
    case .start:
      guard has("\"status\":\"Accepted\"", text) != nil, let place = has("\"transactionId\":", text) else {
        return false
      }
      number = wholeNumber(in: text, from: place)
      return number > 0
    case .heartbeat: return has("\"currentTime\":", text) != nil
    case .status, .firstReading, .secondReading, .reading, .stop, .fanOut: return true
    }
  }

  /// The server asks something: this station has a cache that can be cleared, and else can do nothing but charge.
  private func decline(_ text: UnsafeMutableBufferPointer<UInt8>) {
    guard let start = text.firstIndex(of: UInt8(ascii: "\"")),
      let end = text[(start + 1)...].firstIndex(of: UInt8(ascii: "\""))
    else { return }
    let isKnown = has("\"ClearCache\"", text) != nil
    load.composer.clear()
    load.composer.add(isKnown ? "[3," : "[4,")
    load.composer.add(Array(text[start...end]))
    if isKnown {
      load.composer.add(",{\"status\":\"Accepted\"}]")
    } else {
      load.composer.add(",\"NotSupported\",\"\",{}]")
    }
    put(load.composer.seal())
    if isKnown { load.hears(.asked, of: self) }
  }

  // MARK: Addresses

  private static func bind(_ descriptor: Int32, address: UInt32) -> Bool {
    withAddress(address, port: 0) { Glibc.bind(descriptor, $0, $1) == 0 }
  }

  static func connect(_ descriptor: Int32, address: UInt32, port: UInt16) -> Bool {
    withAddress(address, port: port) { Glibc.connect(descriptor, $0, $1) == 0 }
  }

  private static func withAddress(_ address: UInt32, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool)
    -> Bool
  {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = address.bigEndian
    place.sin_port = port.bigEndian
    return withUnsafePointer(to: place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}

/// Monotonic nanoseconds.
func nanoseconds() -> UInt64 {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

/// Where the text goes on behind the words.
func has(_ words: StaticString, _ text: UnsafeMutableBufferPointer<UInt8>) -> Int? {
  let count = words.utf8CodeUnitCount
  var at = 0
  while at + count <= text.count {
    if text[at] == words.utf8Start[0], memcmp(text.baseAddress! + at, words.utf8Start, count) == 0 {
      return at + count
    }
    at += 1
  }
  return nil
}

/// The decimal number that begins there; 0 where none does.
func wholeNumber(in text: UnsafeMutableBufferPointer<UInt8>, from place: Int) -> Int {
  var (at, number) = (place, 0)
  while at < text.count, text[at] &- 48 < 10 {
    number = number * 10 + Int(text[at] - 48)
    at += 1
  }
  return number
}
