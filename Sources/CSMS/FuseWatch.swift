import Domain
import Store
import Wire

// What people must hear of a site's circuits, and what a restart must not forget of them.

extension CSMS {
  /// Stations that disobey may together need more than a circuit carries, and then nobody can take it from them but a
  /// person: who must hear of it, once, as soon as it lasts.
  func watchFuses(at location: ID<Location>) {
    guard var site = balancing.sites[location] else { return }
    var news: [Event] = []
    for level in site.balancer.levels(at: now) {
      let name = site.balancer.circuits.first { $0.id == level.circuit }?.name ?? ""
      guard level.excess > .zero else {
        if site.overSince.removeValue(forKey: level.circuit)?.isTold == true {
          news.append(.circuitWithin(location, circuit: name))
        }
        continue
      }
      let (since, isTold) = site.overSince[level.circuit] ?? (now, false)
      let isLong = now - since >= .seconds(Limits.overFuseSeconds)
      if isLong, !isTold { news.append(.circuitOver(location, circuit: name, by: level.excess)) }
      site.overSince[level.circuit] = (since, isTold || isLong)
    }
    balancing.sites[location] = site
    guard !news.isEmpty else { return }
    let told = news
    note { () throws(StoreFault) in for event in told { try self.record(event) } }
  }

  /// What a meter showed of late goes on to count when it falls silent; that must not go on unseen.
  func watchMeters(at location: ID<Location>) {
    guard var site = balancing.sites[location] else { return }
    let silent = site.balancer.silentMeters(at: now).filter { now - $0.value >= .seconds(Limits.silentMeterSeconds) }
    guard silent.keys != site.silent.keys else { return }
    func name(_ circuit: ID<Circuit>) -> String { site.balancer.circuits.first { $0.id == circuit }?.name ?? "" }
    let news =
      silent.keys.filter { site.silent[$0] == nil }.map { Event.meterSilent(location, circuit: name($0)) }
      + site.silent.keys.filter { silent[$0] == nil }.map { Event.meterHeard(location, circuit: name($0)) }
    site.silent = silent
    balancing.sites[location] = site
    note { () throws(StoreFault) in for event in news { try self.record(event) } }
  }

  /// Circuits whose meters are silent, the longest silence first.
  public var silentMeters: [SilentMeter] {
    balancing.sites.flatMap { location, site in
      site.silent.map { id, since in
        SilentMeter(
          location: location, circuit: site.balancer.circuits.first { $0.id == id }?.name ?? "", since: since)
      }
    }.sorted { ($0.since, $0.circuit) < ($1.since, $1.circuit) }
  }

  /// A restart must forget neither whom not to believe nor what a silent meter showed.
  func keepMemory(of location: ID<Location>) {
    guard let site = balancing.sites[location] else { return }
    let (disobeying, loads) = (site.balancer.disobeying, site.balancer.highLoads)
    guard disobeying != site.keptDisobeying || loads != site.keptLoads else { return }
    note { () throws(StoreFault) in
      for evse in disobeying.subtracting(site.keptDisobeying) {
        try self.books.circuits.keep(disobeying: evse, at: self.now)
      }
      for evse in site.keptDisobeying.subtracting(disobeying) { try self.books.circuits.obeys(evse) }
      for (circuit, load) in loads where site.keptLoads[circuit] != load {
        try self.books.circuits.keep(load, of: circuit)
      }
      self.afterCommit {
        self.balancing.sites[location]?.keptDisobeying = disobeying
        self.balancing.sites[location]?.keptLoads = loads
      }
    }
  }

  /// Circuits of which it was told that more is reserved on them than they carry, the oldest first.
  public var circuitsOver: [CircuitOver] {
    balancing.sites.flatMap { location, site in
      site.overSince.filter(\.value.isTold).map { id, over in
        CircuitOver(
          location: location, circuit: site.balancer.circuits.first { $0.id == id }?.name ?? "", since: over.time)
      }
    }.sorted { ($0.since, $0.circuit) < ($1.since, $1.circuit) }
  }
}
