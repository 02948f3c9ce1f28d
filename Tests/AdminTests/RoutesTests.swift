import HTTP
import Testing
import Wire

@testable import Admin

@MainActor @Suite struct RoutesTests {
  private let document = Document.shared

  @Test func everyRouteIsDescribedUnderItsName() {
    let described = document.operations
    for route in Route.all {
      let found = described.first { $0.id == route.name }
      #expect(found?.method == route.method, "\(route.name)")
      #expect(found?.path == route.path, "\(route.name)")
      #expect(found?.isOpen == (route.access == .open), "\(route.name): security")
      #expect(found?.isAtRoot == route.isAtRoot, "\(route.name): servers")
    }
  }

  @Test func everythingDescribedHasARoute() {
    #expect(Set(document.operations.map(\.id)) == Set(Route.all.map(\.name)))
    #expect(document.operations.count == Route.all.count)
  }

  @Test func idempotencyKeysAreDescribedWhereTheyAreTaken() {
    for operation in document.operations {
      let takesKey = operation.parameters.contains { document.resolve($0)["name"]?.string == "Idempotency-Key" }
      #expect(takesKey == Route.all.first { $0.name == operation.id }?.isCommand, "\(operation.id)")
    }
  }

  @Test func everyCaptureOfAPathIsDescribed() {
    for operation in document.operations {
      let captures = operation.path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
        String($0.dropFirst().dropLast())
      }
      let named = operation.parameters.map(document.resolve).filter { $0["in"]?.string == "path" }.compactMap {
        $0["name"]?.string
      }
      #expect(Set(captures) == Set(named), "\(operation.path)")
    }
  }

  @Test func everyReferenceLeadsSomewhere() {
    for (reference, leads) in document.references(in: document.root) { #expect(leads, "\(reference)") }
  }

  @Test func unsafeMethodsNeedMoreThanAViewer() {
    // Everybody may change what is their own.
    let harmless: Set = [
      "setUp", "logIn", "logOut", "validateTariff", "simulateTariff", "changeMyPassword", "endMyLogin", "beginMyFactor",
      "confirmMyFactor", "removeMyFactor", "keepMyView", "removeMyView", "beginDrive", "endDrive",
    ]
    for route in Route.all where route.method != .get && !harmless.contains(route.name) {
      #expect([.help, .run, .own].contains(route.access), "\(route.name)")
    }
  }

  @Test func everyKindOfProblemIsDescribed() {
    let text = document.root["components"]?["schemas"]?["Problem"]?["properties"]?["type"]?["description"]?.string ?? ""
    for kind in Problem.Kind.allCases { #expect(text.contains("`\(kind.rawValue)`"), "\(kind.rawValue)") }
  }
}
