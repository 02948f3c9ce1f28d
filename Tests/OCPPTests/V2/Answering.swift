import Domain
@testable import OCPP
import Wire

/// The reply of a route of OCPP 2.x, as JSON text; or the CALLERROR's code and description.
@MainActor
func answer(
  _ route: Route, _ payload: String, _ desk: Desk, edition: Edition = .v201
) throws -> String {
  let tape = try JSONTape(Bytes(utf8: payload))
  do throws(CallFault) {
    let prepared = try Routes([[route]]).read(route.message.action, tape.root, edition: edition, received: received)
    desk.flags += prepared.oddities
    guard case .now(let reply) = try! prepared.decide(desk) else { return "later" }
    return String(decoding: reply.encoded(edition: edition, options: Frame.writerOptions), as: UTF8.self)
  } catch {
    return "\(error.code.spelled(in: edition)) \(error.description)"
  }
}
