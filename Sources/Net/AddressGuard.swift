/// Keeps a stranger's URL from leading us to our own house: every address that a name resolves to is judged before
/// any is called, and the call goes to the judged address itself, so that a second look-up cannot differ.
public enum AddressGuard {
  /// The first address that must not be called; nil where all may be.
  public static func refused(_ addresses: [SocketAddress], allowPrivate: Bool) -> SocketAddress? {
    addresses.first { !mayCall($0, allowPrivate: allowPrivate) }
  }

  public static func mayCall(_ address: SocketAddress, allowPrivate: Bool) -> Bool {
    guard !isMetadata(address.carried) else { return false }
    return switch address.scope {
    case .public: true
    case .loopback, .private: allowPrivate
    // 169.254.169.254 hands out a cloud machine's secrets; nobody's charging partner lives beside it.
    case .linkLocal, .unspecified, .multicast: false
    }
  }

  /// The places outside 169.254/16 where clouds answer their own machines: Azure's 168.63.129.16, Alibaba's
  /// 100.100.100.200, Oracle's 192.0.0.192, and the IPv6 ones of Amazon, Google and Oracle.
  private static func isMetadata(_ address: SocketAddress) -> Bool {
    switch address {
    case .v4(let number, _): [0xa83f_8110, 0x6464_64c8, 0xc000_00c0].contains(number)
    case .v6(let high, let low, _, _):
      ([0xfd00_0ec2_0000_0000, 0xfd20_00ce_0000_0000].contains(high) && low == 0x254)
        || (high == 0xfd00_00c1_0000_0000 && low == 0xa9fe_a9fe)
    case .unix: false
    }
  }
}
