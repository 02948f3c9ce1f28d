import Domain
import Testing

@Suite struct AddressNetworkTests {
  @Test(arguments: [
    ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8::1", "2001:db8:0:0::/64"),
    ("::1", "0:0:0:0::/64"), ("2001:db8:1:2::", "2001:db8:1:2::/64"), ("fe80::7%2", "fe80:0:0:0::/64"),
    ("::ffff:192.0.2.7", "192.0.2.7"), ("", ""),
  ])
  func anAddressBelongsToTheNetworkOfOneCustomer(_ address: String, _ network: String) {
    #expect(address.addressNetwork == network)
  }
}
