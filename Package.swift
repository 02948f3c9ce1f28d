// swift-tools-version: 6.2
// The rooms of Ostler and the floors they stand on. Arrows only go down; ARCHITECTURE.md says why each room exists.
import PackageDescription

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .enableUpcomingFeature("ExistentialAny")]

/// A room whose code belongs to no one actor: loops own it, or it is plain values.
func room(_ name: String, _ below: [String], _ libraries: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: below.map { .byName(name: $0) } + libraries, swiftSettings: strict)
}

/// A room of the household: everything in it runs on the main actor unless it says otherwise.
func house(_ name: String, _ below: [String], _ libraries: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: below.map { .byName(name: $0) } + libraries,
    swiftSettings: strict + [.defaultIsolation(MainActor.self)])
}

func tool(_ name: String, _ below: [String], _ libraries: [Target.Dependency] = [], path: String? = nil) -> Target {
  .executableTarget(
    name: name, dependencies: below.map { .byName(name: $0) } + libraries, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ below: [String]) -> Target {
  .testTarget(name: name, dependencies: below.map { .byName(name: $0) }, swiftSettings: strict)
}

// The fuzzing program links against libFuzzer, so only `make fuzz` knows it (Fuzz/run).
let fuzzing: [Target] =
  Context.environment["OSTLER_FUZZING"] == nil
  ? [] : [tool("ostler-fuzz", ["Wire", "HTTP", "OCPP"], path: "Fuzz/harness")]

let package = Package(
  name: "ostler",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "ostler", targets: ["ostler"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .target(
      name: "CSystem",
      linkerSettings: [.linkedLibrary("sqlite3"), .linkedLibrary("ssl"), .linkedLibrary("crypto"), .linkedLibrary("z")]),
    .target(name: "CResources", exclude: ["list.sh"]),
    room("Wire", []),
    room("Net", ["CSystem", "Wire"]),
    room("Crypto", ["CSystem", "Wire"]),
    room("Domain", ["Wire"]),
    room("HTTP", ["CSystem", "Wire", "Net"]),
    house("Store", ["CSystem", "CResources", "Wire", "Domain", "Crypto"]),
    room("Export", ["CSystem", "Wire", "Domain"]),
    room("Mail", ["Wire", "Net", "Domain"]),
    room("OCPP", ["Wire", "Net", "HTTP", "Domain"], [logging]),
    room("OCPI", ["Wire", "HTTP", "Domain"], [logging]),
    house("CSMS", ["Wire", "Crypto", "Domain", "Store"], [logging]),
    house("Admin", ["CResources", "Wire", "Net", "HTTP", "Crypto", "Domain", "Store", "Export", "CSMS"], [logging]),
    room("Simulator", ["Wire", "Net", "Crypto", "HTTP", "Domain", "OCPP", "OCPI"]),
    tool(
      "ostler",
      [
        "CSystem", "Wire", "Net", "Crypto", "Domain", "HTTP", "Store", "Export", "Mail", "OCPP", "OCPI", "CSMS",
        "Admin", "Simulator",
      ],
      [argumentParser, logging]),
    // The load of `make bench`: a program of its own, so that what it costs is not the server's.
    tool("ostler-bench", ["CSystem", "Wire"], path: "Benchmarks/client"),
    // Simulated sites by the thousand; what it asks it shares with the tests of Domain, by links.
    tool("ostler-sites", ["Wire", "Domain"], path: "Benchmarks/sites"),
    // For suites that judge a WebSocket server from outside.
    tool("ostler-ws-echo", ["Wire", "Net", "HTTP"], [argumentParser]),
    tests("CResourcesTests", ["CResources"]),
    tests("WireTests", ["Wire"]),
    tests("NetTests", ["Net", "Wire", "CSystem"]),
    tests("CryptoTests", ["Crypto", "Wire"]),
    tests("DomainTests", ["Domain", "Wire"]),
    tests("HTTPTests", ["HTTP", "Net", "Wire", "CSystem"]),
    // SQLite's file system with a fault at the n-th operation.
    .target(name: "FaultyDisk", path: "Tests/FaultyDisk", linkerSettings: [.linkedLibrary("sqlite3")]),
    tests("StoreTests", ["Store", "Domain", "Wire", "CSystem"]),
    tests("ExportTests", ["CSystem", "Export", "Domain", "Wire"]),
    tests("MailTests", ["Mail", "Domain", "Wire"]),
    tests("OCPPTests", ["OCPP", "Net", "HTTP", "Domain", "Wire"]),
    tests("OCPITests", ["OCPI", "Net", "HTTP", "Domain", "Wire"]),
    tests("CSMSTests", ["CSMS", "Store", "Domain", "Crypto", "Wire", "FaultyDisk"]),
    tests("AdminTests", ["Admin", "CResources", "CSMS", "Store", "HTTP", "Net", "Crypto", "Domain", "Wire"]),
    tests("SimulatorTests", ["Simulator", "OCPP", "OCPI", "HTTP", "Net", "Domain", "Wire"]),
    tests("HouseTests", ["CSMS", "Store", "Domain", "Crypto", "Wire"]),
  ] + fuzzing,
  swiftLanguageModes: [.v6]
)
