// What a loop did, counted where it does it.

import Wire

/// Bytes that channels took in and gave out.
struct Traffic: Sendable, Equatable {
  var received = 0
  var sent = 0
}

/// Counters of one loop, from its beginning on.
public struct LoopFigures: Sendable, Equatable {
  let traffic: Traffic
  let handshakes: TLSHandshakes

  /// Writes the figures of all loops: bytes of each, handshakes of all.
  public static func write(_ loops: [LoopFigures], into exposition: inout Exposition) {
    exposition.family("ostler_received_bytes_total", .counter, "Payload that was read from sockets, decrypted.")
    for (index, loop) in loops.enumerated() { exposition.sample(loop.traffic.received, ["loop": "\(index)"]) }
    exposition.family("ostler_sent_bytes_total", .counter, "Payload that was written to sockets, before encryption.")
    for (index, loop) in loops.enumerated() { exposition.sample(loop.traffic.sent, ["loop": "\(index)"]) }
    let handshakes = loops.reduce(TLSHandshakes()) { $0 + $1.handshakes }
    exposition.family("ostler_tls_handshakes_total", .counter, "TLS handshakes with those who came to us.")
    exposition.sample(handshakes.done - handshakes.resumed, ["kind": "full"])
    exposition.sample(handshakes.resumed, ["kind": "resumed"])
    exposition.family("ostler_tls_failures_total", .counter, "TLS handshakes that were not completed, by the reason.")
    for reason in TLSHandshakes.Failure.allCases {
      exposition.sample(handshakes.failed[reason] ?? 0, ["reason": reason.rawValue])
    }
  }
}
