import Testing
import Wire

struct JSONTapeTests {
  @Test func aFrameIsTakenApart() throws {
    let tape = try JSONTape(Bytes(utf8: #"[2, "id-1" ,"Heartbeat",{"a":[1,{"b":null}],"c":1.50}, true]"#))
    let root = tape.root
    #expect(root.kind == .array)
    #expect(root.count == 5)
    #expect(root[0]?.int == 2)
    #expect(root[1]?.string == "id-1")
    #expect(root[2]?.string == "Heartbeat")
    let payload = try #require(root[3])
    #expect(text([UInt8](payload.raw)) == #"{"a":[1,{"b":null}],"c":1.50}"#)
    #expect(payload.kind == .object)
    #expect(payload.count == 2)
    #expect(payload["c"]?.decimal == Decimal("1.5"))
    #expect(payload["a"]?[1]?["b"]?.isNull == true)
    #expect(payload["d"] == nil)
    #expect(payload.members.map(\.key) == ["a", "c"])
    #expect(root.elements.map(\.kind) == [.number, .string, .string, .object, .bool])
    #expect(root[4]?.bool == true)
    #expect(root[5] == nil)
    #expect(root[-1] == nil)
    #expect(root.json.text == #"[2,"id-1","Heartbeat",{"a":[1,{"b":null}],"c":1.50},true]"#)
  }

  @Test func aHandleAnswersOnlyForItsKind() throws {
    let root = try JSONTape(Bytes(utf8: #"["1",1,true,null]"#)).root
    #expect(root.string == nil)
    #expect(root[0]?.int == nil)
    #expect(root[0]?.decimal == nil)
    #expect(root[1]?.string == nil)
    #expect(root[1]?.bool == nil)
    #expect(root[2]?.int == nil)
    #expect(root[3]?.string == nil)
    #expect(root["a"] == nil)
    #expect(root[1]?[0] == nil)
    #expect(root[1]?.count == 0)
    #expect(root[1]?.elements.isEmpty == true)
    #expect(root.members.isEmpty)
  }

  @Test func theLastOfTwoMembersIsFound() throws {
    let root = try JSONTape(Bytes(utf8: #"{"a":1,"\u0061":2,"ab":3}"#)).root
    #expect(root["a"]?.int == 2)
    #expect(root["ab"]?.int == 3)
  }

  @Test func wholeNumbersEndAt64Bits() throws {
    let text = "[9223372036854775807,9223372036854775808,-9223372036854775808,-9223372036854775809,1.0,-0]"
    let numbers = try JSONTape(Bytes(utf8: text)).root.elements.map(\.int)
    #expect(numbers == [.max, nil, .min, nil, nil, 0])
  }
}
