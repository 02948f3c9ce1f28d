extension String {
  /// Of an IP address as text, the part that is one customer's: an IPv4 address as a whole, of IPv6 the first 64 bits,
  /// which whoever rents the smallest machine has to themselves, with all of their 2^64 addresses (RFC 6177 §2).
  public var addressNetwork: String {
    guard contains(":") else { return self }
    let plain = prefix { $0 != "%" }
    // An IPv4 address that came by an IPv6 socket (RFC 4291 §2.5.5.2).
    if plain.contains("."), let colon = plain.lastIndex(of: ":") { return String(plain[plain.index(after: colon)...]) }
    let groups = plain.split(separator: ":", omittingEmptySubsequences: false)
    guard let gap = groups.firstIndex(of: "") else { return groups.prefix(4).joined(separator: ":") + "::/64" }
    let (front, back) = (groups[..<gap].filter { !$0.isEmpty }, groups[gap...].filter { !$0.isEmpty })
    let zeros = Array(repeating: Substring("0"), count: max(0, 8 - front.count - back.count))
    return (front + zeros + back).prefix(4).joined(separator: ":") + "::/64"
  }
}
