import CSMS
import HTTP
import Wire

// What the daemon tells of itself: figures for Prometheus, and facts for who helps from afar, and whether it is sound.
extension Route {
  static let metrics: [Route] = [
    Route("showMetrics", .get, "/metrics", .look, isAtRoot: true) { api, _ in try await api.showMetrics() },
    Route("examineHouse", .get, "/checkup", .own) { api, _ in .json(["findings": await api.checkup()]) },
    Route("showSupportFacts", .get, "/support", .own) { api, _ in .json(api.supportFacts()) },
  ]
}

extension API {
  /// Everybody tells of himself: the household, the message log, this API, and whoever lives on loops.
  fileprivate func showMetrics() async throws -> Answer {
    var exposition = Exposition()
    exposition.family("ostler_build_info", .gauge, "The version of this daemon.")
    exposition.sample(1, ["version": settings.version])
    try await house.write(into: &exposition)
    exposition.family("ostler_page_listeners", .gauge, "Browsers and programs that follow the events.")
    exposition.sample(live.listenerCount)
    if let messages {
      exposition.family(
        "ostler_message_log_dropped_total", .counter, "Frames that the message log had to leave out.")
      exposition.sample(messages.droppedCount)
    }
    exposition = await outerFigures(exposition)
    return .response(Response(.ok, headers: ["Content-Type": Exposition.contentType], body: exposition.bytes))
  }
}
