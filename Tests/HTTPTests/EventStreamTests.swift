import Testing

@testable import HTTP

@Suite(.overBothReadinessSets) struct EventStreamTests {
  @Test func eventsAreWrittenAndReadBack() {
    let bytes =
      EventStream.event(id: "7", event: "session", data: Array("a\nb\r\nc".utf8)) + EventStream.keepAlive
      + EventStream.retry(milliseconds: 5) + EventStream.event(data: [])
    #expect(
      String(decoding: bytes.prefix(48), as: UTF8.self) == "id: 7\nevent: session\ndata: a\ndata: b\ndata: c\n\n: ")
    for pieces in [1, 2, 7, 1_000] {
      var reader = EventStream.Reader()
      var events: [EventStream.Event] = []
      for from in stride(from: 0, to: bytes.count, by: pieces) {
        events += reader.read(bytes[from..<min(from + pieces, bytes.count)])
      }
      #expect(
        events == [
          EventStream.Event(id: "7", event: "session", data: "a\nb\nc"),
          EventStream.Event(id: "7", event: "message", data: ""),
        ])
    }
  }

  @Test func namesCannotBeginALine() {
    let bytes = EventStream.event(id: "1\ndata: x", event: "e\r\n\r\n", data: [0x61])
    #expect(String(decoding: bytes, as: UTF8.self) == "id: 1 data: x\nevent: e    \ndata: a\n\n")
  }

  @Test func eventsThatAreTooLargeAreDropped() {
    var reader = EventStream.Reader()
    let large = [UInt8](repeating: 0x61, count: HTTPLimits.eventBytes + 10)
    #expect(reader.read("data: ".utf8).isEmpty)
    #expect(reader.read(large).isEmpty)
    #expect(reader.read("\n\n".utf8).isEmpty)
    #expect(reader.read("data: b\r\r".utf8) == [EventStream.Event(id: nil, event: "message", data: "b")])
  }
}
