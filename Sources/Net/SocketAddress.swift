import CSystem
import Glibc

/// The address of a socket: where it is, how it is written, and how far from us it lies.
public enum SocketAddress: Sendable, Hashable {
  /// The address as a number, most significant byte first: 127.0.0.1 is 0x7f000001.
  case v4(UInt32, port: UInt16)
  /// Both halves, most significant byte first; `zone` is the interface's number for link-local addresses.
  case v6(high: UInt64, low: UInt64, port: UInt16, zone: UInt32)
  /// A path in the file system.
  case unix(String)

  /// `127.0.0.1` or `::1`, never a name.
  public init?(host: some StringProtocol, port: UInt16) {
    var text = String(host)
    guard !text.utf8.contains(0) else { return nil }
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      self = .v4(UInt32(bigEndian: four.s_addr), port: port)
      return
    }
    var zone: UInt32 = 0
    if let percent = text.firstIndex(of: "%") {
      let name = text[text.index(after: percent)...]
      zone = UInt32(name) ?? if_nametoindex(String(name))
      guard zone != 0 else { return nil }
      text = String(text[..<percent])
    }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
    self = SocketAddress(six, port: port, zone: zone)
  }

  /// Reads `127.0.0.1:8080`, `[::1]:80` and `unix:/run/ostler.sock`.
  public init(parsing text: String) throws(NetFault) {
    func bad(_ note: String) -> NetFault { NetFault(.parse, "“\(text)”", errno: 0, note: note) }
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard path.utf8.count < Self.pathRoom, !path.isEmpty, !path.utf8.contains(0) else {
        throw bad("a socket's path has 1 to \(Self.pathRoom - 1) bytes")
      }
      self = .unix(path)
      return
    }
    guard let colon = text.lastIndex(of: ":") else { throw bad("the port is missing, as in 127.0.0.1:8080") }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits) else {
      throw bad("the port is a number from 0 to 65535")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw bad("an IPv6 address stands in brackets, as in [::1]:8080")
    }
    guard let address = SocketAddress(host: host, port: port) else {
      throw bad("“\(host)” is not an IP address")
    }
    self = address
  }

  /// 0 for a socket in the file system.
  public var port: UInt16 {
    switch self {
    case .v4(_, let port), .v6(_, _, let port, _): port
    case .unix: 0
    }
  }

  public func with(port: UInt16) -> SocketAddress {
    switch self {
    case .v4(let address, _): .v4(address, port: port)
    case .v6(let high, let low, _, let zone): .v6(high: high, low: low, port: port, zone: zone)
    case .unix: self
    }
  }

  /// The address without its port, as limits per peer want it. An IPv4 address that came over an IPv6 socket reads as
  /// the IPv4 address that it is.
  public var host: String {
    switch self.unmapped {
    case .v4(let address, _):
      return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    case .v6(let high, let low, _, let zone):
      var six = in6_addr(high: high, low: low)
      var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      guard inet_ntop(AF_INET6, &six, &buffer, socklen_t(buffer.count)) != nil else { return "::" }
      let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return zone == 0 ? text : "\(text)%\(zone)"
    case .unix(let path):
      return path
    }
  }

  /// The IPv4 address inside a v4-mapped IPv6 one (`::ffff:10.0.0.1`); every other address as it is.
  public var unmapped: SocketAddress {
    guard case .v6(0, let low, let port, _) = self, low >> 32 == 0xffff else { return self }
    return .v4(UInt32(truncatingIfNeeded: low), port: port)
  }

  /// The IPv4 address that is called in the end: of a mapped one, and of one that a gateway translates (64:ff9b::/96,
  /// 2002::/16); every other address as it is.
  var carried: SocketAddress {
    guard case .v6(let high, let low, let port, _) = self else { return self }
    if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return .v4(UInt32(truncatingIfNeeded: low), port: port) }
    if high >> 48 == 0x2002 { return .v4(UInt32(truncatingIfNeeded: high >> 16), port: port) }
    return unmapped
  }
}

extension SocketAddress: CustomStringConvertible {
  public var description: String {
    switch self.unmapped {
    case .v4(_, let port): "\(host):\(port)"
    case .v6(_, _, let port, _): "[\(host)]:\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

/// How far an address reaches. Everything but `public` is a place where a stranger's URL must not lead us.
public enum AddressScope: Sendable, Hashable {
  case loopback
  /// 10/8, 172.16/12, 192.168/16, the carriers' 100.64/10, test networks, and fc00::/7.
  case `private`
  /// 169.254/16, where clouds keep their metadata service, and fe80::/10.
  case linkLocal
  /// 0/8 and ::, which most systems take for themselves.
  case unspecified
  /// Multicast, broadcast and the reserved 240/4.
  case multicast
  case `public`
}

extension SocketAddress {
  public var scope: AddressScope {
    switch self {
    case .unix: .loopback
    case .v4(let address, _): Self.scope(v4: address)
    case .v6(let high, let low, _, _): Self.scope(v6: high, low)
    }
  }

  public var isLoopback: Bool { scope == .loopback }

  private static func scope(v4 address: UInt32) -> AddressScope {
    func within(_ network: UInt32, _ bits: UInt32) -> Bool { (address ^ network) >> (32 - bits) == 0 }
    if within(0x7f00_0000, 8) { return .loopback }
    if within(0x0000_0000, 8) { return .unspecified }
    if within(0xa9fe_0000, 16) { return .linkLocal }
    if within(0xe000_0000, 3) { return .multicast }
    let local: [(UInt32, UInt32)] = [
      (0x0a00_0000, 8), (0xac10_0000, 12), (0xc0a8_0000, 16), (0x6440_0000, 10),
      // IETF protocol assignments, the three documentation networks, and the benchmark network.
      (0xc000_0000, 24), (0xc000_0200, 24), (0xc633_6400, 24), (0xcb00_7100, 24), (0xc612_0000, 15),
    ]
    return local.contains { within($0.0, $0.1) } ? .private : .public
  }

  private static func scope(v6 high: UInt64, _ low: UInt64) -> AddressScope {
    if high == 0 {
      switch low {
      case 0: return .unspecified
      case 1: return .loopback
      // ::ffff:a.b.c.d and the older ::a.b.c.d carry an IPv4 address.
      case _ where low >> 32 == 0xffff || low >> 32 == 0: return scope(v4: UInt32(truncatingIfNeeded: low))
      default: return .private
      }
    }
    if high >> 57 == 0xfc >> 1 { return .private }
    if high >> 54 == 0xfe80 >> 6 { return .linkLocal }
    if high >> 54 == 0xfec0 >> 6 { return .private }
    if high >> 56 == 0xff { return .multicast }
    // Translated addresses reach the IPv4 address that they carry: 64:ff9b::/96, 2002::/16; 64:ff9b:1::/48 is local.
    if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return scope(v4: UInt32(truncatingIfNeeded: low)) }
    if high >> 16 == 0x0064_ff9b_0001 { return .private }
    if high >> 48 == 0x2002 { return scope(v4: UInt32(truncatingIfNeeded: high >> 16)) }
    // 100::/64 discards, 2001::/23 is for protocols (Teredo, ORCHID, benchmarks), 2001:db8::/32 and 3fff::/20 are
    // documentation, 5f00::/16 is for segment routing.
    if high == 0x0100_0000_0000_0000 || high >> 41 == 0x2001_0000 >> 9 || high >> 32 == 0x2001_0db8 { return .private }
    if high >> 44 == 0x3fff0 || high >> 48 == 0x5f00 { return .private }
    return .public
  }
}

// MARK: The kernel's form

extension SocketAddress {
  static let pathRoom = MemoryLayout.size(ofValue: sockaddr_un().sun_path)

  var family: Int32 {
    switch self {
    case .v4: AF_INET
    case .v6: AF_INET6
    case .unix: AF_UNIX
    }
  }

  private init(_ six: in6_addr, port: UInt16, zone: UInt32) {
    let halves = withUnsafeBytes(of: six) {
      ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    self = .v6(high: UInt64(bigEndian: halves.0), low: UInt64(bigEndian: halves.1), port: port, zone: zone)
  }

  /// nil for a family that we do not speak.
  init?(_ storage: sockaddr_storage, size: socklen_t) {
    switch Int32(storage.ss_family) {
    case AF_INET:
      let four = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in.self) }
      self = .v4(UInt32(bigEndian: four.sin_addr.s_addr), port: UInt16(bigEndian: four.sin_port))
    case AF_INET6:
      let six = withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
      self = SocketAddress(six.sin6_addr, port: UInt16(bigEndian: six.sin6_port), zone: six.sin6_scope_id)
    case AF_UNIX:
      let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
      let path = withUnsafeBytes(of: storage) { bytes in
        String(decoding: bytes[start..<max(start, min(Int(size), bytes.count))].prefix { $0 != 0 }, as: UTF8.self)
      }
      self = .unix(path)
    default:
      return nil
    }
  }

  /// nil when a path is too long for the kernel.
  func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R? {
    func lend<T>(_ value: T) -> R {
      withUnsafePointer(to: value) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<T>.size)) }
      }
    }
    switch self {
    case .v4(let address, let port):
      var four = sockaddr_in()
      four.sin_family = sa_family_t(AF_INET)
      four.sin_port = port.bigEndian
      four.sin_addr.s_addr = address.bigEndian
      return lend(four)
    case .v6(let high, let low, let port, let zone):
      var six = sockaddr_in6()
      six.sin6_family = sa_family_t(AF_INET6)
      six.sin6_port = port.bigEndian
      six.sin6_addr = in6_addr(high: high, low: low)
      six.sin6_scope_id = zone
      return lend(six)
    case .unix(let path):
      var local = sockaddr_un()
      local.sun_family = sa_family_t(AF_UNIX)
      guard path.utf8.count < Self.pathRoom else { return nil }
      withUnsafeMutableBytes(of: &local.sun_path) { $0.copyBytes(from: path.utf8) }
      return lend(local)
    }
  }

  static func local(of descriptor: Int32) -> SocketAddress? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let outcome = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
    }
    return outcome == 0 ? SocketAddress(storage, size: size) : nil
  }
}

extension in6_addr {
  fileprivate init(high: UInt64, low: UInt64) {
    self.init()
    withUnsafeMutableBytes(of: &self) {
      $0.storeBytes(of: high.bigEndian, as: UInt64.self)
      $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
  }
}
