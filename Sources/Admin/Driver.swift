import CSMS
import Domain
import Export
import HTTP
import Store
import Wire

// The driver's page: a label's code leads to one EVSE, and whoever stands there begins and ends a session without being
// a user. A ticket, which the browser keeps, stands for the session that it began. And the public page of what is free.
extension Route {
  static let driver: [Route] = [
    Route("showPlace", .get, "/drive/{code}", .open) { try await $0.showPlace($1) },
    Route("beginDrive", .post, "/drive/{code}", .open) { try await $0.beginDrive($1) },
    Route("followDrive", .get, "/drive/{code}/session", .open) { try await $0.followDrive($1) },
    Route("endDrive", .post, "/drive/{code}/stop", .open) { try await $0.endDrive($1) },
    Route("scanCode", .get, "/scan/{station}/{evse}/{password}/{version}", .open) { try await $0.scanCode($1) },
    Route("listCodes", .get, "/stations/{id}/codes", .look) { try await $0.listCodes($1) },
    Route("makeCodes", .post, "/stations/{id}/codes", .run) { try await $0.makeCodes($1) },
    Route("printCodes", .get, "/stations/{id}/labels", .look) { try await $0.printCodes($1) },
    Route("showPublicPages", .get, "/public", .look) { api, _ in
      .publicPages(try await api.house.isStatusPublic())
    },
    Route("changePublicPages", .put, "/public", .own) { try await $0.changePublicPages($1) },
    Route("showPublicStatus", .get, "/public/status", .open) { try await $0.showPublicStatus($1) },
  ]
}

// MARK: - Drivers

extension API {
  fileprivate func showPlace(_ call: Call) async throws -> Answer {
    let place = try await self.place(call)
    let needs = place.station.needs
    let country = place.location?.country
    return .json([
      "station": .string(place.station.identity.text), "evse": .whole(place.evse.number),
      "label": .text(place.evse.physicalReference), "site": .text(place.location?.name),
      "address": .text(place.location.map { "\($0.address), \($0.city)" }),
      "time_zone": .text(place.location?.timeZone), "status": .word(place.evse.status),
      "online": .bool(house.isOnline(place.station.id)),
      "free_vend": .bool(needs.isFreeVend == true && needs.freeVendToken != nil),
      "busy": .bool(place.session != nil), "tariff": place.tariff?.json ?? .null,
      "prices": place.tariff.map { PriceTag($0, in: country).json } ?? .null,
      "price_rule": .text(country.flatMap { PriceDisplay(country: $0) }?.rawValue),
    ])
  }

  private func place(_ call: Call) async throws -> DrivenEVSE {
    let code = call.text("code")
    guard code.utf8.count <= Limits.driverCode, let place = try await house.driven(code) else {
      throw Problem(.notFound, "no such place")
    }
    return place
  }

  /// Guesses are slowed down by the address they come from, and those of PINs, which are short, by their place as well:
  /// who holds a card there waits for nobody's guesses.
  fileprivate func beginDrive(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let secret = try fields.maybeText("token")
    try fields.finish()
    let (code, address) = (call.text("code"), call.request.peer.host)
    let isCard = secret.map { $0.utf8.count > Limits.pinCharacters } ?? false
    let account = isCard ? "\(code) \(Token.fold(secret ?? ""))" : code
    _ = try await place(call)
    if let seconds = drivePace.pause(account: account, address: address, at: now) { throw Problem(tooManyFor: seconds) }
    drivePace.failed(account: account, address: address, at: now)
    let begun: (ticket: String, command: String)?
    do { begun = try await house.drive(code, with: secret) } catch {
      // A station that is away, or an EVSE that is taken, is nobody's wrong guess.
      drivePace.forgive(account: account, address: address)
      throw error
    }
    guard let begun else { throw Problem.invalid("token", "nobody has such a token or PIN") }
    drivePace.succeeded(account: account, address: address)
    return .json(["ticket": .string(begun.ticket)], status: .created)
  }

  private func ticket(_ call: Call) throws(Problem) -> String {
    guard let ticket = call.request.headers["x-ticket"], ticket.utf8.count <= Limits.driverTicket else {
      throw Problem(.unauthenticated, "send the ticket of this session as `X-Ticket`")
    }
    return ticket
  }

  fileprivate func endDrive(_ call: Call) async throws -> Answer {
    guard let driving = try await house.driving(try ticket(call)) else { throw Problem(.notFound, "no such ticket") }
    guard let session = driving.session else { throw Problem(.conflict, "the session has not begun") }
    _ = try await house.stopSession(session.id, by: driving.command.origin)
    return .done
  }

  /// The figures of a ticket's session, every two seconds while they move, until it has ended and its bill is made.
  fileprivate func followDrive(_ call: Call) async throws -> Answer {
    let ticket = try self.ticket(call)
    guard try await house.driving(ticket) != nil else { throw Problem(.notFound, "no such ticket") }
    guard drivers < Limits.drivers else { throw Problem(.unavailable, "too many are watching") }
    drivers += 1
    return .stream { responder in
      Task { await self.tell(ticket, responder) }
    }
  }

  private func tell(_ ticket: String, _ responder: Responder) async {
    defer { drivers -= 1 }
    var head = Response(.ok)
    Self.harden(&head)
    let sender = responder.events(headers: head.headers)
    var told = JSON.null
    for _ in 0..<(Limits.driveSeconds / Limits.driveBeatSeconds) {
      guard let json = try? await figures(of: ticket) else { break }
      if json != told {
        sender.send(data: json.bytes)
        told = json
      }
      if json["over"] == true { break }
      // A reader that is gone, or too slow, ends it.
      let goesOn = await withCheckedContinuation { waiting in sender.whenReady { waiting.resume(returning: $0) } }
      guard goesOn else { return }
      try? await Task.sleep(for: .seconds(Limits.driveBeatSeconds))
    }
    sender.finish()
  }

  private func figures(of ticket: String) async throws -> JSON {
    guard let driving = try await house.driving(ticket) else { throw Problem(.notFound, "no such ticket") }
    let shaper = sessionShaper
    let command: JSON = ["phase": .word(driving.command.phase), "answer": driving.command.answer]
    guard let session = driving.session else {
      let isLost = driving.command.phase == .refused || driving.command.phase == .failed
      return ["command": command, "session": .null, "over": .bool(isLost)]
    }
    let whole = try await house.read { books throws(StoreFault) in
      var shaper = shaper
      return try shaper.json(session, books)
    }
    var shown: JSON = [:]
    for name in [
      "state", "started_at", "ended_at", "duration_seconds", "energy_kwh", "power_kw", "state_of_charge", "cost", "cdr",
    ] {
      shown[name] = whole[name] ?? .null
    }
    let isOver = session.state == .invalid || session.endedAt != nil && whole["cdr"]?.string != nil
    let receipt = isOver ? try await receipt(of: whole) : .null
    return ["command": command, "session": shown, "over": .bool(isOver), "receipt": receipt]
  }
}

// MARK: - The code on a station's display

extension API {
  /// Lets a station show codes that lead here (OCPP 2.1 C25).
  func showPaymentCodes(at identity: StationIdentity, seconds: Int, length: Int, by who: String) async throws
    -> CommandRecord
  {
    guard Limits.paymentCodeSeconds.contains(seconds) else { throw Problem.invalid("seconds", "6 to 3600 seconds") }
    guard Limits.paymentCodeLengths.contains(length) else { throw Problem.invalid("length", "6 to 32 characters") }
    guard !settings.publicURL.isEmpty else { throw Problem(.conflict, "there is no public_url to which a code leads") }
    return try await house.showPaymentCodes(
      at: identity, url: "\(settings.publicURL)/api/v1/scan/{chargingstationid}/{evse}/{totp}/{version}",
      seconds: seconds, length: length, by: who)
  }

  /// Whoever read the code goes on to where they pay; with an old or an invented one they are told so, and no more. What
  /// they wished for at the display goes with them (C25.FR.59).
  fileprivate func scanCode(_ call: Call) async throws -> Answer {
    let address = call.request.peer.host
    if let seconds = scanPace.pause(account: Self.scans, address: address, isKnown: true, at: now) {
      throw Problem(tooManyFor: seconds)
    }
    scanPace.failed(account: Self.scans, address: address, isKnown: true, at: now)
    guard call.text("version") == "v1", let station = StationIdentity(call.text("station")),
      let evse = Int(call.text("evse")),
      let label = try await house.scanned(call.text("password"), at: station, evse: evse)
    else { return .response(.redirect(to: "/c/\(Self.noLabel)")) }
    scanPace.succeeded(account: Self.scans, address: address)
    guard let place = house.settings.paymentURL else { return .response(.redirect(to: "/c/\(label)")) }
    var url = place.replacing("{station}", with: station.text.percentEncoded).replacing("{evse}", with: "\(evse)")
    for name in ["maxenergy", "maxtime", "maxcost"] {
      guard let value = call[query: name].flatMap({ Decimal($0) }), value > .zero else { continue }
      url += "\(url.contains("?") ? "&" : "?")\(name)=\(value)"
    }
    return .response(.redirect(to: url))
  }

  private static let scans = "code on a display"
  /// No label has it, and its page says so.
  private static let noLabel = "expired"
}

extension PriceTag {
  fileprivate var json: JSON {
    [
      "currency": .string(currency), "minor_unit": .text(minorUnit),
      "lines": .list(lines) { line in
        [
          "parts": .list(line.parts) { ["type": .word($0.dimension), "incl_vat": .decimal($0.price)] },
          "hours": .text(line.hours), "weekdays": line.weekdays.map { .list($0) { .whole($0) } } ?? .null,
          "bounds": .list(line.bounds) { .string($0) },
        ]
      },
    ]
  }
}

extension API {
  /// Who asks to be paid, and where the car stood.
  private func receipt(of session: JSON) async throws -> JSON {
    let seller = try await house.company()
    return [
      "seller": .text(seller.name.isEmpty ? nil : seller.name),
      "address": .text(seller.address.isEmpty ? nil : seller.address), "vat_id": .text(seller.vatID),
      "site": session["location"]?["name"] ?? .null, "station": session["station"] ?? .null,
      "evse": session["evse"] ?? .null, "time_zone": session["location"]?["time_zone"] ?? .null,
    ]
  }
}

// MARK: - Labels

extension API {
  fileprivate func makeCodes(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let isFresh = try fields.maybeFlag("fresh") ?? false
    try fields.finish()
    _ = try await house.makeCodes(of: call.identity(), fresh: isFresh, by: call.by)
    return try await listCodes(call)
  }

  private func codes(_ call: Call) async throws -> [(evse: Int, code: String)] {
    let identity = try call.identity()
    guard let codes = try await house.codes(of: identity) else { throw Problem(.notFound, "no station \(identity)") }
    return codes
  }

  /// The address that a label shows: that of whoever prints, else the public one. The name by which a request came may be
  /// somebody's tunnel.
  private func base(_ call: Call) throws(Problem) -> String {
    guard let base = call[query: "base"] else { return settings.publicURL }
    guard base.hasPrefix("https://") || base.hasPrefix("http://"), base.utf8.count <= Limits.labelBase,
      base.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { throw .invalid("base", "an address such as https://charge.example") }
    return base.hasSuffix("/") ? String(base.dropLast()) : base
  }

  fileprivate func listCodes(_ call: Call) async throws -> Answer {
    let (codes, base) = (try await self.codes(call), try self.base(call))
    return .page(
      codes.map { evse, code in
        let url = "\(base)/c/\(code)"
        let picture = QRCode(url)
        return [
          "evse": .whole(evse), "code": .string(code), "url": .string(url), "size": .whole(picture?.size),
          "path": .text(picture?.path),
        ]
      }, next: nil)
  }

  fileprivate func printCodes(_ call: Call) async throws -> Answer {
    let (codes, base, identity) = (try await self.codes(call), try self.base(call), try call.identity())
    guard !base.isEmpty else { throw Problem.invalid("base", "an address such as https://charge.example") }
    let site = try await house.read { books throws(StoreFault) in
      try books.stations.station(identity)?.location.flatMap { id throws(StoreFault) in
        try books.locations.location(id)?.name
      }
    }
    let words = PaperWords(assets, language: call[query: "language"] ?? "en")
    var labels: [LabelSheet.Label] = []
    for (evse, code) in codes {
      let place = try await house.driven(code)
      let tag = place?.tariff.map { PriceTag($0, in: place?.location?.country) }
      let zone = place?.location.flatMap { zones[$0.timeZone] } ?? .utc
      labels.append(
        LabelSheet.Label(
          evse: evse, url: "\(base)/c/\(code)", prices: tag.map { $0.lines(in: words) } ?? [],
          day: String(zone.moment(now).prefix(10))))
    }
    let sheet = LabelSheet(station: identity.text, site: site, labels: labels, words: words)
    return .file(sheet.document(), "application/pdf", named: "\(identity.text).pdf")
  }
}

/// Labels to stick on: one A4 page for each EVSE, with a large code, what to do, the address for those whose phone reads
/// none, and what it cost on the day on which they were printed.
struct LabelSheet {
  struct Label {
    let evse: Int
    let url: String
    /// A line each.
    let prices: [String]
    let day: String
  }

  /// As many as there is room for.
  private static let mostPrices = 4

  let station: String
  let site: String?
  let labels: [Label]
  let words: PaperWords

  func document() -> Bytes {
    var document = PDF(title: station)
    let middle = PDF.width / 2
    for label in labels {
      document.beginPage()
      document.text(
        PDF.fitted(site ?? station, to: 440, size: 30, weight: .bold), x: middle, y: 110, size: 30, weight: .bold,
        side: .middle)
      document.text(
        PDF.fitted(words["label.place", ["station": station, "evse": "\(label.evse)"]], to: 440, size: 18), x: middle,
        y: 142, size: 18, side: .middle, grey: 0.3)
      if let code = QRCode(label.url) { document.code(code, x: middle - 190, y: 180, side: 380) }
      document.text(words["label.scan"], x: middle, y: 610, size: 22, weight: .bold, side: .middle)
      document.text(words["label.steps"], x: middle, y: 640, size: 15, side: .middle, grey: 0.3)
      document.text(PDF.fitted(label.url, to: 480, size: 14), x: middle, y: 680, size: 14, side: .middle, grey: 0.3)
      write(label, middle, in: &document)
    }
    if labels.isEmpty { document.beginPage() }
    return document.finished()
  }

  private func write(_ label: Label, _ middle: Double, in document: inout PDF) {
    guard !label.prices.isEmpty else { return }
    var lines = Array(label.prices.prefix(Self.mostPrices))
    if label.prices.count > Self.mostPrices { lines[Self.mostPrices - 1] = "…" }
    for (number, line) in lines.enumerated() {
      document.text(
        PDF.fitted(line, to: 480, size: 16), x: middle, y: 718 + Double(number) * 21, size: 16, side: .middle)
    }
    document.text(
      words["label.prices", ["date": label.day]], x: middle, y: 722 + Double(lines.count) * 21, size: 11, side: .middle,
      grey: 0.3)
  }
}

extension PriceTag {
  /// What it costs, a line for each set of conditions.
  func lines(in words: PaperWords) -> [String] {
    lines.map { line in
      let prices = line.parts.map { part -> String in
        let price = minorUnit.map { "\(part.price * 100) \($0)" } ?? "\(part.price.text(places: 2)) \(currency)"
        return words["label.price.\(part.dimension.rawValue.lowercased())", ["price": price]]
      }
      let days = line.weekdays.map { days in days.map { words["day.\(Self.days[$0 - 1])"] }.joined(separator: " ") }
      // The fonts of a document have no such sign.
      let when = [line.hours, days].compactMap(\.self) + line.bounds.map { $0.replacing("≥", with: ">=") }
      return ([prices.isEmpty ? words["tariff.free"] : prices.joined(separator: " + ")] + when)
        .joined(separator: ", ")
    }
  }

  private static let days = Tariff.Restrictions.Weekday.allCases.map { $0.rawValue.lowercased() }
}

// MARK: - The public page

extension Answer {
  fileprivate static func publicPages(_ isOn: Bool) -> Answer {
    .json(["status": .bool(isOn)], etag: ETag(version: isOn))
  }
}

extension API {
  fileprivate func changePublicPages(_ call: Call) async throws -> Answer {
    var fields = try call.fields()
    let isOn = try fields.flag("status")
    try fields.finish()
    try await house.setStatusPublic(isOn) { known throws(HouseRefusal) in try call.expect(ETag(version: known)) }
    return .publicPages(isOn)
  }

  /// What is free, by site: no identity, no token, nothing of whoever charges.
  fileprivate func showPublicStatus(_ call: Call) async throws -> Answer {
    guard try await house.isStatusPublic() else { throw Problem(.notFound, "the public page is off") }
    let places = try await house.read { books throws(StoreFault) in
      try books.driverPages.publicPlaces(limit: Limits.longestPage)
    }
    let sites = places.map { place -> JSON in
      [
        "name": .string(place.name), "address": .string(place.address), "evses": .whole(place.evses),
        "free": .whole(place.free), "out_of_order": .whole(place.outOfOrder),
      ]
    }
    return .json(["at": .time(now), "sites": .array(sites)])
  }
}
