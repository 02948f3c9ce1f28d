import ArgumentParser
import Wire

/// `ostler ca`: the certificate authority of the house.
struct Authority: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ca", abstract: "The house's own certificate authority, for stations and doors.",
    subcommands: [
      Create.self, Import.self, Show.self, Root.self, List.self, Sign.self, Door.self, Revoke.self, RevocationList.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the authority; its key lies in the folder `ca` of the data folder, and in no backup.")
    @Option(help: "Its name; the operator's with “Root” by default.") var name: String?
    @Option(help: "p256, p384, p521, rsa3072 or rsa4096.") var key = "p256"
    @OptionGroup var remote: Remote

    func run() async throws {
      var body: JSON = ["key": .string(key)]
      if let name { body["name"] = .string(name) }
      Authority.show(try await remote.ask(.post, "/ca", [], body)["station"] ?? .null, remote)
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Bring an authority that was made elsewhere.")
    @Argument(help: "station, or v2g for certificates towards vehicles.") var purpose: String
    @Argument(help: "PEM file with its chain, the authority itself first.") var chain: String
    @Argument(help: "PEM file with its key, without passphrase.") var key: String
    @OptionGroup var remote: Remote

    func run() async throws {
      let body: JSON = [
        "purpose": .string(purpose), "chain": .string(try text(of: chain)), "key": .string(try text(of: key)),
      ]
      Authority.show(try await remote.ask(.post, "/ca/import", [], body)[purpose] ?? .null, remote)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the authority.")
    @OptionGroup var remote: Remote

    func run() async throws {
      let all = try await remote.ask(.get, "/ca")
      guard !remote.json else { return remote.show(all) }
      guard all["station"]?.isNull == false else {
        throw Complaint("there is no certificate authority here: make one with `ostler ca create`")
      }
      Authority.show(all["station"] ?? .null, remote)
    }
  }

  struct Root: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the root by which stations know the doors, in PEM.")
    @OptionGroup var remote: Remote

    func run() async throws { try await Authority.export("root", remote) }
  }

  struct RevocationList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "crl", abstract: "Print the list of revoked certificates, in PEM.")
    @OptionGroup var remote: Remote

    func run() async throws { try await Authority.export("revocation_list", remote) }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the certificates that it signed.")
    @Option(help: "Only those of this station.") var station: String?
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/ca/certificates", [("station", station)]),
        ["serial", "purpose", "common_name", "issued_by", "expires_at", "revoked_at"])
    }
  }

  struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sign a request that a station's installer brought, and print the chain.")
    @Argument(help: "The station.") var station: String
    @Argument(help: "PEM file with the request.") var request: String
    @OptionGroup var remote: Remote

    func run() async throws {
      let made = try await remote.ask(
        .post, "/ca/certificates", [], ["station": .string(station), "request": .string(try text(of: request))])
      if remote.json { remote.show(made) } else { print(made["certificate"]?.string ?? "", terminator: "") }
    }
  }

  struct Door: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make key and certificate of a door, and print where they lie.",
      discussion: "Name the files as `station_tls_certificate` and `station_tls_key`.")
    @Argument(help: "Host names and addresses under which stations call.") var hosts: [String]
    @OptionGroup var remote: Remote

    func run() async throws {
      let made = try await remote.ask(.post, "/ca/doors", [], ["hosts": .array(hosts.map { .string($0) })])
      guard !remote.json else { return remote.show(made) }
      print("station_tls_certificate=\(made["certificate_file"]?.string ?? "")")
      print("station_tls_key=\(made["key_file"]?.string ?? "")")
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Revoke a certificate: nobody comes in with it any more.")
    @Argument(help: "Its serial number.") var serial: String
    @Option(help: "Why.") var because = "revoked by the operator"
    @OptionGroup var remote: Remote

    func run() async throws {
      try await remote.ask(.post, "/ca/certificates/\(serial)/revoke", [], ["because": .string(because)])
    }
  }

  private static func show(_ authority: JSON, _ remote: Remote) {
    guard !remote.json else { return remote.show(authority) }
    var short = authority
    for name in ["certificate", "root", "revocation_list", "hosts"] { short[name] = .null }
    remote.show(short)
  }

  private static func export(_ what: String, _ remote: Remote) async throws {
    guard let pem = try await remote.ask(.get, "/ca")["station"]?[what]?.string else {
      throw Complaint("there is no certificate authority here: make one with `ostler ca create`")
    }
    print(pem, terminator: "")
  }
}

/// A PEM file that somebody names on the command line.
private func text(of file: String) throws -> String {
  guard let text = File.read(file).flatMap({ String(utf8: $0) }) else { throw Complaint("cannot read \(file)") }
  return text
}
