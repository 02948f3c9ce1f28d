import ArgumentParser
import Wire

/// `ostler partner`: roaming partners and what waits for them.
struct Partners: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "partner", abstract: "Roaming partners.",
    subcommands: [
      List.self, Show.self, Invite.self, Register.self, Retry.self, Probe.self, Version.self, Provider.self, Side.self,
      Trace.self, Pushes.self, Pause.self, Resume.self,
      Redeliver.self, Pulls.self, Pull.self, Messages.self,
      Unregister.self, Remove.self,
    ])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the partners.")
    @OptionGroup var remote: Remote

    func run() async throws {
      remote.show(
        try await remote.list("/partners"),
        ["id", "name", "state", "version", "queue.due", "queue.parked", "last_contact_at"])
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one partner.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws { print(try await partner.remote.ask(.get, partner.path).pretty) }
  }

  struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make the token and the URL with which a partner can register here; the token is shown once.")
    @Argument(help: "Its name, for you.") var name: String
    @Flag(help: "Its addresses may be private or on this machine.") var allowPrivate = false
    @OptionGroup var remote: Remote

    func run() async throws {
      let invitation = try await remote.ask(
        .post, "/partners", [], ["name": .string(name), "quirks": quirks(allowPrivate)])
      if remote.json { return remote.show(invitation) }
      print("partner      \(invitation["partner"]?["id"]?.int ?? 0)")
      print("versions url \(invitation["versions_url"]?.string ?? "")")
      print("token        \(invitation["token"]?.string ?? "")")
    }
  }

  struct Register: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Register at a partner that gave us a URL and a token.")
    @Argument(help: "Its versions URL.") var url: String
    @Argument(help: "Its token.") var token: String
    @Option(help: "Its name, for you.") var name: String?
    @Flag(help: "Its addresses may be private or on this machine.") var allowPrivate = false
    @OptionGroup var remote: Remote

    func run() async throws {
      var body: JSON = ["versions_url": .string(url), "token": .string(token), "quirks": quirks(allowPrivate)]
      if let name { body["name"] = .string(name) }
      remote.show(try await remote.ask(.post, "/partners/register", [], body))
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try a registration again, or make new tokens with a partner that is registered.")
    @OptionGroup var partner: PartnerArgument
    @Option(help: "Another versions URL than before.") var url: String?
    @Option(help: "Another token than before.") var token: String?
    @Flag(help: "Its addresses may be private or on this machine from now on.") var allowPrivate = false

    func run() async throws {
      if allowPrivate { try await partner.remote.ask(.patch, partner.path, [], ["quirks": quirks(true)]) }
      var body: JSON = [:]
      if let url { body["versions_url"] = .string(url) }
      if let token { body["token"] = .string(token) }
      partner.remote.show(try await partner.remote.ask(.post, "\(partner.path)/register", [], body))
    }
  }

  struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Try the first steps of a registration by themselves; nothing changes.")
    @OptionGroup var partner: PartnerArgument
    @Option(help: "Another versions URL than before.") var url: String?
    @Option(help: "Another token than before.") var token: String?
    @Flag(help: "Its addresses may be private or on this machine from now on.") var allowPrivate = false

    func run() async throws {
      if allowPrivate { try await partner.remote.ask(.patch, partner.path, [], ["quirks": quirks(true)]) }
      var body: JSON = [:]
      if let url { body["versions_url"] = .string(url) }
      if let token { body["token"] = .string(token) }
      let trace = try await partner.remote.ask(.post, "\(partner.path)/probe", [], body)
      partner.remote.show(trace["items"]?.array ?? [], ["at", "step", "ok", "detail", "advice"])
    }
  }

  struct Version: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Speak another version of OCPI with a partner: 2.1.1, 2.2.1, 2.3.0, or the highest that both have.")
    @OptionGroup var partner: PartnerArgument
    @Argument(help: "The version, or highest.") var version: String

    func run() async throws {
      let body: JSON = ["version": version == "highest" ? .null : .string(version)]
      partner.remote.show(try await partner.remote.ask(.patch, partner.path, [], body))
    }
  }

  struct Provider: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a partner deal with our provider of drivers too, or no longer; new tokens are made with it.")
    @OptionGroup var partner: PartnerArgument
    @Argument(help: "Our party with the role EMSP, such as NL*DRV, or none.") var party: String

    func run() async throws {
      var provider: JSON = .null
      if party != "none" {
        guard let id = try await partner.remote.party(party, as: "EMSP") else {
          throw Complaint("\(party) is no provider of drivers of ours")
        }
        provider = id
      }
      partner.remote.show(try await partner.remote.ask(.patch, partner.path, [], ["provider": provider]))
    }
  }

  struct Side: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say what a partner is that speaks 2.1.1, which has no words for it: cpo, emsp, both, or auto.")
    @OptionGroup var partner: PartnerArgument
    @Argument(help: "cpo, emsp, both, or auto: as its addresses say.") var side: String

    func run() async throws {
      let word: JSON = side == "auto" ? .null : .string(side.uppercased())
      partner.remote.show(try await partner.remote.ask(.patch, partner.path, [], ["quirks": ["side": word]]))
    }
  }

  struct Trace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the steps of the handshakes with a partner.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws {
      partner.remote.show(
        try await partner.remote.list(partner.path + "/trace"), ["at", "step", "ok", "detail", "advice"])
    }
  }

  struct Pushes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what waits for a partner.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws {
      partner.remote.show(
        try await partner.remote.list(partner.path + "/pushes"),
        ["module", "object", "state", "attempts", "next_at", "due_since", "last_error"])
    }
  }

  struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Hold all pushes to a partner.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws { try await partner.verb("pause") }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send to a paused partner again.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws { try await partner.verb("resume") }
  }

  struct Redeliver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Send what is parked or waits, now.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws { try await partner.verb("redeliver") }
  }

  struct Pulls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show where we are with each list of a partner.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws {
      partner.remote.show(
        try await partner.remote.list(partner.path + "/pulls"),
        ["module", "due_at", "since", "whole_at", "count", "attempts", "last_error"])
    }
  }

  struct Pull: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Read a partner's lists now.")
    @OptionGroup var partner: PartnerArgument
    @Option(help: "Only this list: locations, tariffs, sessions, cdrs or tokens.") var module: String?
    @Flag(help: "The whole list, not only what changed.") var whole = false

    func run() async throws {
      var body: JSON = ["whole": .bool(whole)]
      if let module { body["module"] = .string(module) }
      let pulls = try await partner.remote.ask(.post, partner.path + "/pull", [], body)
      partner.remote.show(pulls["items"]?.array ?? [], ["module", "due_at", "since", "whole_at"])
    }
  }

  struct Messages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what was said between a partner and us, newest first.")
    @OptionGroup var partner: PartnerArgument
    @Option(help: "So many.") var limit = 50
    @Flag(help: "Only errors.") var errors = false

    func run() async throws {
      let page = try await partner.remote.ask(
        .get, partner.path + "/messages", [("limit", "\(limit)"), ("errors", errors ? "true" : nil)])
      partner.remote.show(page["items"]?.array ?? [], ["at", "direction", "action", "text"])
    }
  }

  struct Unregister: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End the relationship at both ends.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws { try await partner.verb("unregister") }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove a partner that is not registered.")
    @OptionGroup var partner: PartnerArgument

    func run() async throws { try await partner.remote.ask(.delete, partner.path) }
  }

  private static func quirks(_ allowPrivate: Bool) -> JSON { allowPrivate ? ["allow_private": true] : [:] }
}

/// Which partner, and how its daemon is reached.
struct PartnerArgument: ParsableArguments {
  @Argument(help: "The partner's number in the list.") var id: Int
  @OptionGroup var remote: Remote

  var path: String { "/partners/\(id)" }

  func verb(_ verb: String) async throws { remote.show(try await remote.ask(.post, "\(path)/\(verb)", [], [:])) }
}
