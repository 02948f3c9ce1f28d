import Glibc
import Testing

@testable import Net

@Test(arguments: [
  ("127.0.0.1:8080", "127.0.0.1:8080"), ("[::1]:80", "[::1]:80"), ("0.0.0.0:0", "0.0.0.0:0"),
  ("[2001:DB8:0:0:0:0:0:1]:65535", "[2001:db8::1]:65535"), ("[::ffff:10.0.0.1]:9", "10.0.0.1:9"),
  ("unix:/run/ostler.sock", "unix:/run/ostler.sock"),
])
func anAddressIsReadAndWritten(text: String, written: String) throws {
  let address = try SocketAddress(parsing: text)
  #expect(address.description == written)
  let again = try #require(
    address.withSocketAddress { pointer, size in
      var storage = sockaddr_storage()
      withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: .init(start: pointer, count: Int(size))) }
      return SocketAddress(storage, size: size)
    })
  #expect(again == address)
}

@Test(arguments: [
  "", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "::1:80", "localhost:80",
  "127.1:80", "0x7f.0.0.1:80", "2130706433:80", "0177.0.0.1:80", "[::1]", "[::1%]:80", "unix:",
  "unix:" + String(repeating: "x", count: 108), "1.2.3.4\0:80",
])
func whatIsNotAnAddressIsRefused(text: String) {
  #expect(throws: NetFault.self) { try SocketAddress(parsing: text) }
}

@Test(arguments: [
  ("127.0.0.1", AddressScope.loopback), ("127.255.255.255", .loopback), ("::1", .loopback),
  ("::ffff:127.0.0.1", .loopback), ("::127.0.0.1", .loopback), ("64:ff9b::7f00:1", .loopback),
  ("2002:7f00:1::", .loopback),
  ("10.0.0.0", .private), ("10.255.255.255", .private), ("172.16.0.1", .private), ("172.31.255.255", .private),
  ("192.168.0.1", .private), ("100.64.0.1", .private), ("100.127.255.255", .private), ("192.0.2.1", .private),
  ("198.18.0.1", .private), ("198.19.255.255", .private), ("fc00::1", .private), ("fdff::1", .private),
  ("::ffff:192.168.1.1", .private), ("fec0::1", .private), ("2001:db8::1", .private), ("64:ff9b:1::1", .private),
  ("169.254.169.254", .linkLocal), ("::ffff:169.254.169.254", .linkLocal), ("fe80::1", .linkLocal),
  ("febf::1", .linkLocal),
  ("64:ff9b::a9fe:a9fe", .linkLocal),
  ("0.0.0.0", .unspecified), ("0.1.2.3", .unspecified), ("::", .unspecified), ("::ffff:0.0.0.0", .unspecified),
  ("224.0.0.1", .multicast), ("255.255.255.255", .multicast), ("240.0.0.1", .multicast), ("ff02::1", .multicast),
  ("9.255.255.255", .public), ("11.0.0.0", .public), ("172.15.255.255", .public), ("172.32.0.0", .public),
  ("100.63.255.255", .public), ("100.128.0.0", .public), ("192.167.255.255", .public), ("192.169.0.0", .public),
  ("169.253.255.255", .public), ("169.255.0.0", .public), ("198.17.255.255", .public), ("198.20.0.0", .public),
  ("223.255.255.255", .public), ("1.1.1.1", .public), ("2606:4700::1111", .public), ("::ffff:8.8.8.8", .public),
  ("fe00::1", .public), ("64:ff9b::808:808", .public),
])
func theScopeOfAnAddress(host: String, scope: AddressScope) throws {
  #expect(try #require(SocketAddress(host: host, port: 1)).scope == scope)
}

@Test func theMappedFormCountsAsTheSamePeer() throws {
  let mapped = try #require(SocketAddress(host: "::ffff:10.1.2.3", port: 5))
  #expect(mapped.host == "10.1.2.3")
  #expect(mapped.unmapped == SocketAddress(host: "10.1.2.3", port: 5))
}
