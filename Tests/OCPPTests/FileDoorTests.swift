import Domain
import Glibc
import HTTP
import Net
import Testing
import Wire

@testable import OCPP

/// Knows one file, which is brought to one address and fetched from another.
@MainActor
private final class OneFile: FileService {
  nonisolated let path: String
  var arrivals: [Int64] = []
  var most: Int64 = 1_000_000

  nonisolated init() {
    var template = Array("/tmp/ostler-files-XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil, "no folder for the test")
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/file"
  }

  deinit {
    unlink(path)
    rmdir(String(path.dropLast(5)))
  }

  func pass(_ secret: String, _ way: FileWay) -> FilePass? {
    secret == "secret" ? FilePass(file: "f", way: way, path: path, most: most) : nil
  }

  func arrived(_ pass: FilePass, bytes: Int64) { arrivals.append(bytes) }
}

@MainActor @Suite final class FileDoorTests {
  private let loop: EventLoop
  private let file = OneFile()
  private let house = TestHouse()
  private let base: String
  private let door: LoopBound<Server>
  private let client: ClientHandle

  init() async throws {
    loop = try EventLoop(label: "test.files")
    let (file, house) = (file, house)
    let made = await loop.run { loop in
      let files = FileDoor(loop: loop, household: house, desk: file)
      return (Server(loop: loop, door: "files", handler: files).handle, Client(loop: loop, tls: nil).handle)
    }
    (door, client) = made
    let port = await loop.run { _ in
      (try? made.0.value.listen(on: .v4(0x7F00_0001, port: 0)))?.port ?? 0
    }
    base = "http://127.0.0.1:\(port)/files/"
  }

  deinit { loop.shutdown {} }

  private func ask(_ method: HTTP.Method, _ name: String, _ body: Bytes = []) async throws -> ClientResponse {
    try await client.send(
      ClientRequest(method, try HTTPURL(base + name), body: body), ClientOptions(allowPrivate: true))
  }

  @Test func whatIsBroughtIsFetched() async throws {
    let body = Bytes((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    #expect(try await ask(.get, "secret").status == .notFound)
    #expect(try await ask(.put, "secret/diagnostics%201.zip", body).status == .created)
    #expect(file.arrivals == [300_000])
    let fetched = try await ask(.get, "secret")
    #expect(fetched.status == .ok)
    #expect(fetched.body == body)
    #expect(fetched.headers["content-length"] == "300000")
  }

  @Test func aStrangersAddressLeadsNowhere() async throws {
    #expect(try await ask(.put, "guess", [1]).status == .notFound)
    #expect(try await ask(.get, "guess").status == .notFound)
    #expect(try await ask(.delete, "secret").status == .methodNotAllowed)
    #expect(file.arrivals.isEmpty)
  }

  @Test func aFileHasABound() async throws {
    file.most = 1_000
    #expect(try await ask(.post, "secret", Bytes(repeating: 1, count: 1_001)).status == .tooLarge)
    #expect(access(file.path, F_OK) != 0)
    #expect(access(file.path + ".part", F_OK) != 0)
    #expect(try await ask(.post, "secret", Bytes(repeating: 1, count: 1_000)).status == .created)
  }

  @Test func aHouseThatCannotKeepItSaysComeBack() async throws {
    house.fault = .storage("full")
    #expect(try await ask(.put, "secret", [1]).status == .unavailable)
  }
}
