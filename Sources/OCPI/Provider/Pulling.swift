import Domain
import HTTP
import Wire

/// Sends our commands to operators of stations and reads partners' lists.
extension PartnerLinkOverHTTP: ProviderLink {
  public func send(
    _ command: RoamingCommand, id: String, terms: PartnerTerms,
    done: @escaping @MainActor @Sendable (Result<RoamingCommand.Answer, RoamingFault>) -> Void
  ) {
    Task {
      let answer: Result<RoamingCommand.Answer, RoamingFault>
      do throws(RoamingFault) { answer = .success(try await ask(command, id, terms)) } catch {
        answer = .failure(error)
      }
      await done(answer)
    }
  }

  private func ask(
    _ command: RoamingCommand, _ id: String, _ terms: PartnerTerms
  ) async throws(RoamingFault) -> RoamingCommand.Answer {
    guard let edition = terms.partner.version.flatMap({ editions[$0] }), let token = terms.partner.outboundToken else {
      throw .impossible("the partner is not registered")
    }
    let form = command.form
    var url: HTTPURL
    let body: Bytes
    do throws(PushFault) {
      let base = try? HTTPURL(addresses.provider(form.module, edition))
      let back = base?.appending(form.resultPlace, id).description ?? ""
      body = try edition.command(command, respondTo: back, terms.partner.quirks.style)
      url = try endpoint(form.module, form.side, terms)
      if !form.place.isEmpty { url = url.appending(form.place) }
      // Without a body the address says where the result is awaited (2.2.1 §14.2.1.1 and §14.2.1.3).
      if body.isEmpty { url = url.asking(form.query + [("response_url", back)]) }
    } catch {
      switch error {
      case .notWanted: throw .impossible("the partner takes no \(form.module.words)")
      case .unfit(let why): throw .impossible(why)
      }
    }
    let reply: PartnerReply
    do throws(PartnerCallFault) {
      reply = try await client.send(
        PartnerClient.Call(
          method: form.method, url: url.description, body: body, module: form.module.rawValue, partner: terms.partner,
          token: token, routing: routing(terms, [], as: .ofProvider), seconds: Limits.commandSeconds))
    } catch {
      switch PushOutcome(error) {
      case .refused(let why): throw .impossible(why)
      case .accepted, .retry: throw .silent("\(error)")
      }
    }
    guard reply.isSuccess, let object = reply.answer.object else {
      if case .retry = PushOutcome(reply, module: form.module.rawValue) { throw .silent(reply.summary) }
      throw .refused(reply.summary)
    }
    do throws(PartnerFault) {
      return try form.module == .bookings
        ? RoamingCommand.Answer(booking: object) : RoamingCommand.Answer(from: object)
    } catch {
      throw .refused("its answer cannot be read: \(error)".excerpt)
    }
  }

  public func probe(
    versionsURL: String, with token: String, terms: PartnerTerms, step: @escaping @Sendable (HandshakeStep) -> Void
  ) async throws(RegistrationFault) {
    do throws(Handshake.Fault) {
      _ = try await Handshake(client: client, editions: editions).explore(
        versionsURL, token: token, partner: terms.partner, wanting: terms.partner.quirks.version
      ) { step($0) }
    } catch {
      throw RegistrationFault(step: error.step.rawValue, reason: error.reason)
    }
  }

  // MARK: Lists

  public func pull(
    _ module: PullModule, since: Timestamp?, terms: PartnerTerms,
    take: @escaping @MainActor @Sendable (PulledPage) async -> Bool
  ) async -> PullOutcome {
    var walk = PageWalk(isByOffset: terms.partner.quirks.pagesByOffset ?? false)
    guard let edition = terms.partner.version.flatMap({ editions[$0] }), let token = terms.partner.outboundToken,
      let list = list(of: module, terms)
    else { return walk.ended(because: "the partner has no such list") }
    // The only list that must not be asked for as a whole is that of sessions (2.2.1 §9.2.1.1).
    let since = since ?? (module == .sessions ? .epoch : nil)
    let first = list.asking(since.map { [("date_from", $0.text(fraction: .seconds))] } ?? [])
    let end = Instant.now() + .seconds(Limits.pullSeconds)
    var next: HTTPURL? = walk.isByOffset ? walk.page(of: first) : first.asking([("limit", String(Limits.pulledPage))])
    while let url = next {
      guard Instant.now() < end else { return walk.ended(because: "it took longer than \(Limits.pullSeconds) s") }
      let reply: PartnerReply
      do throws(PartnerCallFault) {
        reply = try await client.send(
          PartnerClient.Call(
            method: .get, url: url.description, module: module.rawValue, partner: terms.partner, token: token,
            routing: routing(terms, [], as: module == .tokens ? .ofOperator : .ofProvider), seconds: Limits.pageSeconds)
        )
      } catch {
        return walk.ended(because: "\(error)")
      }
      guard reply.isSuccess else {
        // The way to the first page was ours; a later one that is not there is a link that lies.
        if walk.outcome.pages > 0, !walk.isByOffset, reply.status.rawValue < 500, reply.status != .tooManyRequests {
          next = walk.distrust(from: first)
          continue
        }
        walk.outcome.retryAfter = reply.retryAfter
        return walk.ended(because: reply.summary)
      }
      guard case .envelope(_, _, let data) = reply.answer, data.array != nil || data.object != nil || data.isNull else {
        return walk.ended(because: "its list cannot be read: \(reply.summary)")
      }
      let objects = reply.answer.list
      guard walk.isNew(objects) else {
        // It sends the same page whatever is asked: there is no more to be had, and no saying what is missing.
        return walk.ended(because: "it sends the same page again and again")
      }
      let page = PulledPage(objects, of: module, by: terms, edition)
      walk.took(objects.count, flawed: page.flaws.count)
      guard walk.outcome.count <= Limits.pulledObjects, walk.outcome.pages <= Limits.pulledPages else {
        return walk.ended(because: "its list does not end")
      }
      guard await take(page) else { return walk.ended(because: "what came could not be kept") }
      next = walk.next(after: reply, objects: objects.count, from: first)
    }
    walk.outcome.isComplete = true
    return walk.outcome
  }

  /// Places that can be booked lie below the address of bookings, where they have none of their own.
  private func list(of module: PullModule, _ terms: PartnerTerms) -> HTTPURL? {
    let side = OCPIModule.Side.sender.rawValue
    if let own = terms.endpoint(module.rawValue, role: side) { return try? HTTPURL(own) }
    guard module == .bookingLocations, let base = terms.endpoint(PullModule.bookings.rawValue, role: side) else {
      return nil
    }
    return (try? HTTPURL(base))?.appending(module.rawValue)
  }
}

/// The way through a partner's pages: by its links as long as they lead on, else by offset. A value, so that every trap
/// of it is a line in a test.
struct PageWalk {
  private(set) var isByOffset: Bool
  var outcome = PullOutcome()
  private var seen: Set<String> = []
  private var lastPage: Int?
  private var offset = 0

  init(isByOffset: Bool) { self.isByOffset = isByOffset }

  mutating func took(_ count: Int, flawed: Int) {
    outcome.pages += 1
    outcome.count += count
    outcome.flawed += flawed
    offset += count
  }

  /// Whether this page is another one than that before it.
  mutating func isNew(_ objects: [JSON]) -> Bool {
    guard !objects.isEmpty else { return true }
    let print = JSON.array(objects).text.hashValue
    defer { lastPage = print }
    return print != lastPage
  }

  /// The page at our offset.
  func page(of first: HTTPURL) -> HTTPURL {
    first.asking([("offset", String(offset)), ("limit", String(Limits.pulledPage))])
  }

  /// Its links lie: on by offset from where we are.
  mutating func distrust(from first: HTTPURL) -> HTTPURL {
    isByOffset = true
    outcome.hasLyingLinks = true
    return page(of: first)
  }

  /// Where the next page is; nil at the end.
  mutating func next(after reply: PartnerReply, objects count: Int, from first: HTTPURL) -> HTTPURL? {
    let total = reply.headers["X-Total-Count"].flatMap { Int($0) }
    guard count > 0 else { return nil }
    if isByOffset {
      if let total { return offset < total ? page(of: first) : nil }
      // A page that is not full is the last, as far as anybody says how full one is.
      let full = reply.headers["X-Limit"].flatMap { Int($0) } ?? Limits.pulledPage
      return count < min(full, Limits.pulledPage) ? nil : page(of: first)
    }
    guard let link = reply.headers["Link"].flatMap(Self.next(in:)) else {
      // Many leave the link out; only a total says that there is more.
      return total.map { offset < $0 } == true ? distrust(from: first) : nil
    }
    guard let url = try? reply.url.following(link), url.origin == reply.url.origin, url != reply.url,
      seen.insert(url.description).inserted
    else { return total.map { offset >= $0 } == true ? nil : distrust(from: first) }
    return url
  }

  func ended(because fault: String) -> PullOutcome {
    var outcome = outcome
    outcome.fault = fault.excerpt
    return outcome
  }

  /// The address of `<…>; rel="next"`, also among others.
  static func next(in header: String) -> String? {
    var rest = header[...]
    while let open = rest.firstIndex(of: "<"), let close = rest[open...].firstIndex(of: ">") {
      let after = rest[rest.index(after: close)...]
      let words = after.prefix { $0 != "," && $0 != "<" }.lowercased()
      if words.contains("rel=\"next\"") || words.contains("rel=next") {
        return String(rest[rest.index(after: open)..<close])
      }
      rest = after
    }
    return nil
  }
}

extension PulledPage {
  /// Reads a page's objects, each by itself.
  init(_ objects: [JSON], of module: PullModule, by terms: PartnerTerms, _ edition: any OCPIEdition) {
    self.init()
    for json in objects {
      do throws(PartnerFault) {
        try add(json, of: module, by: terms, edition)
      } catch {
        let id = (json["id"] ?? json["uid"])?.string ?? "(no id)"
        flaws.append("\(id): \(error)".excerpt)
        if let id = json["id"]?.string { unread.append(id) }
      }
    }
  }

  private mutating func add(
    _ json: JSON, of module: PullModule, by terms: PartnerTerms, _ edition: any OCPIEdition
  ) throws(PartnerFault) {
    func read(_ json: JSON) throws(PartnerFault) -> Tariff { try edition.tariff(from: json) }
    guard module != .tokens else { return tokens.append(try edition.token(from: json, of: terms.driversParty)) }
    let told = try Told(json)
    var party = terms.stationOperator
    if let country = try told.maybeText("country_code", max: 2), let id = try told.maybeText("party_id", max: 3) {
      party = PartyID(country: country, party: id)
    }
    guard terms.speaks(for: party) else { throw .invalid("\(party) is not one of its parties") }
    switch module {
    case .locations: locations.append(try ToldPlaces.location(json, of: party))
    case .tariffs: tariffs.append(try ToldUse.tariff(json, of: party, read))
    case .sessions: sessions.append(try ToldUse.session(json, of: party))
    case .cdrs: cdrs.append(try ToldUse.cdr(json, of: party, read))
    case .bookingLocations: bookingLocations.append(try ToldBookings.place(json, of: party))
    case .bookings: bookings.append(try ToldBookings.booking(json, of: party))
    case .tokens: break
    }
  }
}

extension OCPIModule.Name {
  /// For people, of what a partner does not take.
  fileprivate var words: String { self == .chargingProfiles ? "charging profiles" : rawValue }
}
