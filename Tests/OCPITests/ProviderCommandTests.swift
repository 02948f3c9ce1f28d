import Domain
import HTTP
import Testing
import Wire

@testable import OCPI

/// Our commands as operators of stations get them.
@Suite struct ProviderCommandTests {
  private static let token = OfferedToken(token: Sample.token("CARD-1"), party: PartyID(country: "NL", party: "DRV"))

  private static func commands() -> [RoamingCommand] {
    [
      .start(token, location: "L1", evse: "E1", connector: "1", reference: "REF-1"), .stop(session: "S1"),
      .reserve(
        token, location: "L1", evse: nil, reservation: "17", until: at("2026-03-10T13:00:00Z"), reference: "REF-2"),
      .cancel(reservation: "17"), .unlock(location: "L1", evse: "E1", connector: "1"),
    ]
  }

  private static func body(_ command: RoamingCommand, _ edition: any OCPIEdition) -> JSON? {
    (try? edition.command(command, respondTo: "https://us/r", seconds))?.json
  }

  @Test func eachVersionGetsWhatItHasWordsFor() throws {
    let (old, new) = (Edition211(zones: zones), Edition221(zones: zones))
    for edition in [old, new, Edition230(zones: zones)] as [any OCPIEdition] {
      let start = try #require(Self.body(Self.commands()[0], edition))
      #expect(start["response_url"]?.string == "https://us/r" && start["location_id"]?.string == "L1")
      #expect(start["token"]?["uid"]?.string == "CARD-1")
      #expect((start["connector_id"] != nil) == (edition.version != "2.1.1"))
      #expect((start["authorization_reference"] != nil) == (edition.version != "2.1.1"))
      #expect(Self.body(Self.commands()[1], edition)?["session_id"]?.string == "S1")
      #expect(Self.body(Self.commands()[2], edition)?["expiry_date"]?.string == "2026-03-10T13:00:00Z")
      #expect(Self.body(Self.commands()[4], edition)?["connector_id"]?.string == "1")
    }
    #expect(Self.body(Self.commands()[2], old)?["reservation_id"]?.int == 17)
    #expect(Self.body(Self.commands()[2], new)?["reservation_id"]?.string == "17")
    #expect(Self.body(Self.commands()[3], old) == nil)
    #expect(Self.body(Self.commands()[3], new)?["reservation_id"]?.string == "17")
  }

  // MARK: Charging profiles

  private static func schedule() -> ChargingProfile.Schedule {
    var schedule = ChargingProfile.Schedule()
    (schedule.unit, schedule.startsAt, schedule.seconds) = (.watts, at("2026-03-10T13:00:00Z"), 7_200)
    schedule.periods = [.init(start: 0, limit: 11_000), .init(start: 3_600, limit: Decimal(37005, places: 1))]
    return schedule
  }

  @Test func aProfileIsWrittenAsItsTextSaysAndNotAtAllBefore22() throws {
    for edition in [Edition221(zones: zones), Edition230(zones: zones)] as [any OCPIEdition] {
      let body = try #require(Self.body(.setProfile(session: "S1", Self.schedule()), edition))
      #expect(body["response_url"]?.string == "https://us/r" && body["session"] == nil)
      let profile = try #require(body["charging_profile"])
      #expect(profile["charging_rate_unit"]?.string == "W" && profile["duration"]?.int == 7_200)
      #expect(profile["start_date_time"]?.string == "2026-03-10T13:00:00Z")
      #expect(
        profile["charging_profile_period"]?.text
          == #"[{"start_period":0,"limit":11000},{"start_period":3600,"limit":3700.5}]"#)
      for command in [RoamingCommand.clearProfile(session: "S1"), .activeProfile(session: "S1", seconds: 900)] {
        #expect(try edition.command(command, respondTo: "https://us/r", seconds).isEmpty)
      }
    }
    let old = Edition211(zones: zones)
    for command in [
      RoamingCommand.setProfile(session: "S1", Self.schedule()), .clearProfile(session: "S1"),
      .activeProfile(session: "S1", seconds: 900),
    ] {
      #expect(throws: PushFault.self) { try old.command(command, respondTo: "https://us/r", seconds) }
    }
  }

  @Test func aProfileIsSetAskedForAndClearedAtItsSession() async throws {
    let result = "https://us/ocpi/2.2.1/emsp/chargingprofiles/results/CMD-1"
    let answer = #"{"result":"ACCEPTED","timeout":30}"#
    let (set, heard) = try await Self.ask(.setProfile(session: "S 1", Self.schedule())) { _ in Self.said(answer) }
    #expect(heard == ["PUT /profiles/S%201", "DRV", result])
    #expect(try set.get() == RoamingCommand.Answer(word: "ACCEPTED", timeout: 30))
    for (command, method) in [
      (RoamingCommand.clearProfile(session: "S1"), "DELETE"), (.activeProfile(session: "S1", seconds: 900), "GET"),
    ] {
      let asked = Lines()
      let (_, heard) = try await Self.ask(command) { request in
        asked.add(request.target["response_url"] ?? "-")
        asked.add(request.target["duration"] ?? "-")
        return Self.said(answer)
      }
      #expect(heard == ["\(method) /profiles/S1", "DRV", "-"])
      #expect(asked.all == [result, method == "GET" ? "900" : "-"])
    }
    let (refused, _) = try await Self.ask(.clearProfile(session: "S1")) { _ in Self.said(#"{"result":"TOO_OFTEN"}"#) }
    #expect(try refused.get() == RoamingCommand.Answer(word: "TOO_OFTEN"))
  }

  private static func ask(
    _ command: RoamingCommand, _ answer: @escaping @Sendable (Request) -> Response
  ) async throws -> (Result<RoamingCommand.Answer, RoamingFault>, [String]) {
    let loopback = try await Loopback()
    let heard = Lines()
    loopback.serve { request, exchange in
      heard.add("\(request.method.rawValue) \(request.target.path)")
      heard.add(request.headers["OCPI-from-party-id"] ?? "-")
      heard.add(request.body.json["response_url"]?.string ?? "-")
      exchange.respond(answer(request))
    }
    var terms = ProviderEndpointsTests.House.terms()
    terms.partner.endpoints = [
      .init(module: "commands", role: "RECEIVER", url: "\(loopback.url)/commands"),
      .init(module: "chargingprofiles", role: "RECEIVER", url: "\(loopback.url)/profiles"),
    ]
    terms.partner.quirks.allowPrivate = true
    let link = try OCPIDoor(publicURL: "https://us", http: loopback.http, zones: zones, frames: Frames()).link
    let result = await withCheckedContinuation { waiting in
      link.send(command, id: "CMD-1", terms: terms) { waiting.resume(returning: $0) }
    }
    return (result, heard.all)
  }

  private static func said(_ text: String, _ status: HTTP.Status = .ok) -> Response {
    .json(Envelope(data: Bytes(utf8: text)).bytes(at: .epoch), status: status)
  }

  @Test func aCommandGoesToItsAddressAndSaysWhereItsResultIsAwaited() async throws {
    let (answer, heard) = try await Self.ask(.stop(session: "S1")) { _ in
      Self.said(#"{"result":"ACCEPTED","timeout":30,"message":[{"language":"en","text":"soon"}]}"#)
    }
    #expect(heard == ["POST /commands/STOP_SESSION", "DRV", "https://us/ocpi/2.2.1/emsp/commands/STOP_SESSION/CMD-1"])
    #expect(try answer.get() == RoamingCommand.Answer(word: "ACCEPTED", timeout: 30, message: "soon"))
  }

  @Test func answersAreToldApart() async throws {
    func outcome(_ response: Response) async throws -> Result<RoamingCommand.Answer, RoamingFault> {
      try await Self.ask(.stop(session: "S1")) { _ in response }.0
    }
    // Some wrap one object in a list.
    #expect(try await outcome(Self.said(#"[{"result":"REJECTED"}]"#)).get().word == "REJECTED")
    for (response, isSilent) in [
      (Response.json(Envelope(.invalid, "no").bytes(at: .epoch)), false),
      (Response.json(Envelope(.serverError, "busy").bytes(at: .epoch)), true),
      (Response.text("<html>", status: .unavailable), true),
      (Response.text("nothing here", status: .notFound), false),
      (Self.said(#"{"word":"X"}"#), false),
    ] {
      switch try await outcome(response) {
      case .success: Issue.record("\(response.status) is no answer")
      case .failure(.silent): #expect(isSilent)
      case .failure(.refused): #expect(!isSilent)
      case .failure(.impossible): Issue.record("\(response.status) is an answer")
      }
    }
  }

  @Test func whatAPartnerDoesNotTakeIsImpossible() async throws {
    let loopback = try await Loopback()
    let link = try OCPIDoor(publicURL: "https://us", http: loopback.http, zones: zones, frames: Frames()).link
    var terms = ProviderEndpointsTests.House.terms()
    terms.partner.endpoints = []
    for command in [RoamingCommand.stop(session: "S1"), .clearProfile(session: "S1")] {
      let result = await withCheckedContinuation { waiting in
        link.send(command, id: "X", terms: terms) { waiting.resume(returning: $0) }
      }
      guard case .failure(.impossible) = result else {
        Issue.record("it was sent: \(result)")
        continue
      }
    }
  }

  @Test func aTokenIsPushedToItsOwnAddress() async throws {
    let loopback = try await Loopback()
    let link = try OCPIDoor(publicURL: "https://us", http: loopback.http, zones: zones, frames: Frames()).link
    var terms = ProviderEndpointsTests.House.terms()
    terms.partner.endpoints = [.init(module: "tokens", role: "RECEIVER", url: "https://cpo.example.org/tokens")]
    let request = try link.request(for: .token(Self.token), terms: terms)
    #expect(request.method == "PUT" && request.url == "https://cpo.example.org/tokens/NL/DRV/CARD-1?type=RFID")
    #expect(request.body.json["valid"]?.bool == true && request.body.json["party_id"]?.string == "DRV")
  }
}
