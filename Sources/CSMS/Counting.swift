import Domain
import Store
import Wire

// Use by quarters of an hour: each bill adds to it in its own commit.

extension CSMS {
  func count(_ cdr: CDR, location: ID<Location>?, connector: ID<Connector>?) throws(StoreFault) {
    try count(cdr.usage, in: cdr.currency, location, connector)
  }

  /// A credit takes the money back. What was delivered stays delivered, unless the session is counted once more.
  func uncount(_ cdr: CDR, location: ID<Location>?, connector: ID<Connector>?, wholly: Bool) throws(StoreFault) {
    let usage = cdr.usage.map { quarter, figures -> (quarter: Int64, figures: UsageFigures) in
      var taken = UsageFigures()
      taken.revenue = -figures.revenue
      return (quarter, wholly ? figures.negated : taken)
    }
    try count(usage.filter { $0.figures != UsageFigures() }, in: cdr.currency, location, connector)
  }

  private func count(
    _ usage: [(quarter: Int64, figures: UsageFigures)], in currency: String, _ location: ID<Location>?,
    _ connector: ID<Connector>?
  ) throws(StoreFault) {
    var scopes: [UsageScope] = [.house]
    if let location { scopes.append(.location(location)) }
    if let connector { scopes.append(.connector(connector)) }
    try add(usage, in: currency, to: scopes)
  }

  /// Counts the bills of before use was counted, a piece with each beat.
  func countBacklog() throws(StoreFault) {
    let waiting = try books.usage.backlog(limit: Limits.backlogAtOnce)
    for (_, kept) in waiting {
      let session = try books.sessions.session(kept.cdr.session)
      try count(kept.cdr, location: kept.location, connector: session?.connector)
    }
    if let last = waiting.last?.number { try books.usage.counted(upTo: last) }
    if waiting.isEmpty { afterCommit { self.isBacklogCounted = true } }
  }
}
