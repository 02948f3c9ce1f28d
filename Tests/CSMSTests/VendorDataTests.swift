import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

@MainActor @Suite struct VendorDataTests {
  @Test func aVendorThatTheOperatorNamedIsHeard() throws {
    let house = try HouseUnderTest { $0.dataVendors = ["com.acme"] }.furnish()
    let caller = try house.connect("CS-1")
    func transfer(_ vendor: String, _ data: JSON?) throws -> TransferVerdict {
      try house.decide { [desk = caller.desk] () throws(TurnFault) in
        try desk.transfer(vendor: vendor, message: "temperature", data: data)
      }
    }
    #expect(try transfer("com.acme", "21") == .accepted(data: nil))
    #expect(try transfer("com.other", "21") == .unknownVendor)
    #expect(try transfer("com.acme", .string(String(repeating: "x", count: 20_000))) == .accepted(data: nil))
    let told = try house.books.events.after(0, limit: 1_000).filter { $0.kind == "station.data_received" }
    #expect(told.map { $0.body["data"] } == ["21", "20002 bytes"])
    #expect(told.first?.body["vendor"] == "com.acme")
  }
}
