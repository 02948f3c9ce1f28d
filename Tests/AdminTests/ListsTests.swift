import Domain
import HTTP
import Testing
import Wire

@testable import Admin
@testable import Store

/// What long lists have in common.
@MainActor @Suite struct ListsTests {
  private var sorted: [Document.Operation] {
    Document.shared.operations.filter { $0.parameters.contains { $0["name"] == "sort" } }
  }

  @Test func eachOrderThatIsDescribedIsTaken() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(sorted.count == 8)
    for operation in sorted {
      let words = operation.parameters.first { $0["name"] == "sort" }?["schema"]?["enum"]?.array ?? []
      #expect(!words.isEmpty)
      for word in words.compactMap(\.string) {
        let reply = try await house.ask(.get, "\(operation.path)?sort=\(word)", as: owner)
        #expect(reply.status == 200, "\(operation.path) \(word): \(reply.text)")
      }
      for wrong in ["nothing", "-", "--id", "id;DROP"] {
        let reply = try await house.ask(.get, "\(operation.path)?sort=\(wrong)", as: owner)
        #expect(reply.status == 422 && reply.json["field"] == "sort", "\(operation.path) \(wrong): \(reply.text)")
      }
    }
  }

  @Test func pagesFollowTheOrderThatWasAskedFor() async throws {
    let (house, owner) = try await Fixture.open()
    for name in ["delta", "alpha", "charlie", "bravo", "echo"] {
      let token = try await house.ask(
        .post, "/tokens", ["uid": .string("04\(name)"), "issuer": .string(name)], as: owner)
      #expect(token.status == 201)
    }
    var names: [String] = []
    var next: String?
    repeat {
      let cursor = next.map { "&cursor=\($0)" } ?? ""
      let page = try await house.ask(.get, "/tokens?sort=-issuer&limit=2\(cursor)", as: owner)
      names += page.items.compactMap { $0["issuer"]?.string }
      next = page.next
    } while next != nil
    #expect(names == ["echo", "delta", "charlie", "bravo", "alpha"])

    let first = try await house.ask(.get, "/tokens?sort=issuer&limit=2", as: owner)
    let place = try #require(first.next)
    for query in ["sort=-issuer", "sort=uid"] {
      let reply = try await house.ask(.get, "/tokens?\(query)&cursor=\(place)", as: owner)
      #expect(reply.status == 422 && reply.json["field"] == "cursor", "\(reply.text)")
    }
  }

  // MARK: Tables

  private var tables: [Route] { Route.all.filter { $0.list != nil && $0.name != "exportTokens" } }

  @Test func eachColumnOfATableIsAMemberOfItsList() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.post, "/stations", ["id": "CS-1", "evses": 1], as: owner).status == 201)
    let document = Document.shared
    func members(_ schema: JSON) -> [String: JSON] {
      let schema = document.resolve(schema)
      var all: [String: JSON] = [:]
      for part in [schema] + (schema["allOf"]?.array ?? []) + (schema["oneOf"]?.array ?? []) {
        for member in document.resolve(part)["properties"]?.object?.members ?? [] { all[member.key] = member.value }
      }
      return all
    }
    for route in tables {
      let list = try #require(document.operations.first { $0.id == route.list })
      let answer = document.resolve(list.value["responses"]?["200"] ?? .null)
      let items = members(answer["content"]?["application/json"]?["schema"] ?? .null)["items"] ?? .null
      let path = route.path.replacing("/stations/{id}", with: "/stations/CS-1")
      let range = route.name == "exportStatusHistory" ? "?year=2026&quarter=1" : ""
      guard !path.contains("{") else { continue }
      let reply = try await house.ask(.get, path + range, as: owner)
      #expect(
        reply.status == 200 && reply.headers["content-type"] == "text/csv; charset=utf-8", "\(path): \(reply.text)")
      #expect(reply.headers["content-disposition"]?.hasPrefix("attachment") == true)
      for column in reply.text.prefix(while: { $0 != "\r\n" }).split(separator: ",") {
        var schema = items
        schema = document.resolve(schema)["items"] ?? .null
        for name in column.split(separator: ".") {
          guard let inner = members(schema)[String(name)] else {
            Issue.record("\(route.name): \(column) is no member of \(route.list ?? "")")
            break
          }
          schema = inner
        }
      }
    }
  }

  @Test func aTableHasWhatItsListHasUnderTheSameFilterAndRunsNothing() async throws {
    let (house, owner) = try await Fixture.open()
    let now = house.time.clock.now()
    try house.write { books in
      for number in 0..<(2 * Admin.Limits.longestPage + 1) {
        try books.audit.append(
          AuditEntry(
            at: now, who: number == 3 ? "=cmd" : "somebody", address: "", operation: "test", path: "/", status: 200))
      }
    }
    let all = try await house.ask(.get, "/audit.csv?operation=test", as: owner)
    #expect(all.text.split(separator: "\r\n").count == 2 * Admin.Limits.longestPage + 2)
    #expect(all.text.contains("\"'=cmd\""))
    let one = try await house.ask(.get, "/audit.csv?who=%3Dcmd&limit=1&cursor=AA", as: owner)
    #expect(one.text.split(separator: "\r\n").count == 2, "\(one.text)")
  }

  @Test func aTableIsRefusedBeforeItBegins() async throws {
    let (house, owner) = try await Fixture.open()
    #expect(try await house.ask(.get, "/webhooks/9/deliveries.csv", as: owner).status == 404)
    #expect(try await house.ask(.get, "/reservations.csv?open=maybe", as: owner).status == 422)
    #expect(try await house.ask(.get, "/audit.csv", as: house.key(.operator)).status == 403)
  }

  @Test func whoIsLimitedToSitesGetsNoMoreInATableThanInItsList() async throws {
    let both = try await TwoSites()
    let keeper = try await both.keeper(.operator)
    for route in tables where !route.path.contains("{") {
      let list = try await both.house.ask(.get, String(route.path.dropLast(4)), as: keeper)
      let table = try await both.house.ask(.get, route.path, as: keeper)
      #expect(table.status == list.status, "\(route.path): \(table.status) and \(list.status)")
      if list.status == 200, list.items.isEmpty {
        #expect(table.text.split(separator: "\r\n").count == 1, "\(route.path): \(table.text)")
      }
      #expect(!table.text.contains("CS-2") && !table.text.contains("Mountain"), "\(route.path)")
    }
  }
}
