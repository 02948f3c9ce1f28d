import CSystem
import HTTP
import Net
import Store
import Wire

#if canImport(Glibc)
  import Glibc
#endif

/// What the doctor asks of the world around the house: the clock, the doors' certificates, and the way on which others
/// reach us.
struct Surroundings {
  let configuration: Configuration
  /// Whether a daemon runs on these books.
  let isRunning: Bool

  // From here on the doctor warns, or says that it fails.
  static let clockAheadSeconds: Int64 = 60
  static let certificateDays: Int64 = 30

  /// The doors with our own authority among those that they trust, as the daemon opens them.
  private var plans: [Doors.Plan] { configuration.trusting(AuthorityFolder(data: configuration.data)).doors }

  func findings() async -> [Finding] {
    [clock(), descriptors()] + certificates() + [await publicURL()]
  }

  // MARK: The clock

  private func clock() -> Finding {
    let now = Timestamp.now()
    // Sessions, bills and tokens stand on this clock.
    if let newest = try? Health.newestFact(in: configuration.data), newest - now > .seconds(Self.clockAheadSeconds) {
      return .fail(
        "clock", "it says \(now.text), and the books have a fact of \(newest.text)",
        "set the clock; bills of sessions that run meanwhile are wrong")
    }
    guard ostler_clock_is_kept() == 0 else { return .ok("clock", "\(now.text), kept by a time service") }
    return .warn(
      "clock", "\(now.text), and nothing keeps it right", "run a time service, such as chrony or systemd-timesyncd")
  }

  // MARK: Descriptors

  private func descriptors() -> Finding {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    let most = Int(clamping: limit.rlim_max)
    let stations = (try? Health.stationCount(in: configuration.data)) ?? 0
    let needed = max(Checkup.fewDescriptors, stations + DoorSettings.sparedDescriptors)
    return most >= needed
      ? .ok("descriptors", "up to \(most), for \(stations) stations")
      : .warn(
        "descriptors", "at most \(most), for \(stations) stations: each needs one",
        "raise the limit (`LimitNOFILE=65536` in a systemd unit, `ulimit -Hn`)")
  }

  // MARK: Certificates

  private func certificates() -> [Finding] {
    plans.compactMap { plan in
      guard let settings = plan.tls else { return nil }
      let check = "certificate of the door \(plan.name)"
      let shown: TLSContext
      do throws(TLSFault) { shown = try TLSContext(server: settings) } catch {
        return .fail(check, "\(error)", "the daemon does not start with it: name files that belong together")
      }
      guard let first = shown.certificates.min(by: { $0.notAfter < $1.notAfter }) else { return nil }
      let end = Timestamp(seconds: max(0, first.notAfter))
      let detail = "\(first.commonName ?? first.serial) is good until \(end.text)"
      let left = end - Timestamp.now()
      if left <= .zero { return .fail(check, "\(first.commonName ?? first.serial) ended at \(end.text)", "renew it") }
      return left < .seconds(Self.certificateDays * 86_400)
        ? .warn(check, detail, "renew it; the daemon reads the new files by itself") : .ok(check, detail)
    }
  }

  // MARK: The way to us

  private func publicURL() async -> Finding {
    let check = "public URL"
    guard let text = configuration.publicURL else {
      guard plans.contains(where: { !$0.address.isLoopback }) else {
        return .ok(check, "none, and no listener is open to other machines")
      }
      return .warn(
        check, "none: stations and partners are told the listeners' own addresses",
        "set public_url to how the world reaches this house")
    }
    guard isRunning else {
      return .warn(check, "\(text) was not tried: no daemon runs here", "start the daemon and ask again")
    }
    let sight: Sight
    do throws(Blindness) { sight = try await Sight.through(text) } catch {
      return .fail(check, "\(text): \(error.why)", error.remedy)
    }
    let proxy = "set trusted_proxies to the proxy's address (\(sight.address))"
    if text.hasPrefix("https:"), !sight.isSecure {
      return .fail(
        check, "\(text) reaches us, but we do not see that the way is encrypted",
        "\(proxy), and let it send X-Forwarded-Proto")
    }
    if sight.isForwarded, configuration.trustedProxies.isEmpty {
      return .warn(check, "\(text) reaches us by a proxy that we do not believe: all callers look like one", proxy)
    }
    if configuration.stationDoor == nil, !sight.hasUpgrade {
      return .fail(
        check, "\(text) reaches us by a proxy that drops `Upgrade`: stations cannot connect",
        "let the proxy pass on Upgrade and Connection (in nginx by proxy_set_header)")
    }
    return .ok(check, "\(text) reaches us\(sight.isForwarded ? " by a proxy" : "")")
  }
}

/// Why the house cannot be seen under its own URL.
struct Blindness: Error {
  let why: String
  let remedy: String
}

/// How a request that the doctor sent to the public URL looked when it had come to the daemon.
private struct Sight {
  let address: String
  let isSecure: Bool
  let isForwarded: Bool
  let hasUpgrade: Bool

  private static let seconds = 10

  static func through(_ publicURL: String) async throws(Blindness) -> Sight {
    guard let url = try? HTTPURL(publicURL + "/healthz?seen") else {
      throw Blindness(why: "it is no URL", remedy: "set public_url anew")
    }
    let response: ClientResponse
    do {
      let loop = try EventLoop(label: "doctor")
      defer { loop.shutdown {} }
      let client = await loop.run { loop in Client(loop: loop, tls: .system()).handle }
      var options = ClientOptions(allowPrivate: true)
      options.limits.wholeDeadline = .seconds(seconds)
      let asked = ClientRequest(.get, url, headers: ["Upgrade": "websocket", "Connection": "Upgrade"])
      response = try await client.send(asked, options)
    } catch {
      throw Blindness(
        why: "\(error)",
        remedy: "see to name, proxy, firewall and certificate; from inside some networks their own outer address is "
          + "never reached")
    }
    guard let seen = try? JSON.parse(response.body), let address = seen["address"]?.string,
      let isSecure = seen["secure"]?.bool, let isForwarded = seen["forwarded"]?.bool,
      let hasUpgrade = seen["upgrade"]?.bool
    else {
      throw Blindness(
        why: "something else answers there (\(response.status))", remedy: "let the proxy pass all paths to the daemon")
    }
    return Sight(address: address, isSecure: isSecure, isForwarded: isForwarded, hasUpgrade: hasUpgrade)
  }
}
