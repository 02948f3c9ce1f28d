import CSMS
import Domain
import HTTP
import Store
import Wire

// What needs a person and was told to one, how that is told, and the letters that tell it.
extension Route {
  static let alarms: [Route] = [
    Route("listAlarms", .get, "/alarms", .look) { api, _ in
      .page(try await api.house.alarms().map(\.json), next: nil)
    },
    Route("showAlarmRules", .get, "/alarms/rules", .own) { api, _ in try await api.showAlarmRules() },
    Route("changeAlarmRules", .put, "/alarms/rules", .own) { try await $0.changeAlarmRules($1) },
    Route("testAlarms", .post, "/alarms/test", .own) { try await $0.testAlarms($1) },
    Route("listLetters", .get, "/letters", .own) { api, call in
      .page(try await api.house.letters(limit: try call.limit()).map(\.json), next: nil)
    },
  ]
}

extension API {
  fileprivate func showAlarmRules() async throws -> Answer {
    let rules = try await house.alarmRules()
    return .json(rules.shown, etag: rules.tag)
  }

  fileprivate func changeAlarmRules(_ call: Call) async throws -> Answer {
    let rules = try self.rules(in: call.request.body)
    try await house.changeAlarmRules(rules, by: call.by) { before throws(HouseRefusal) in try call.expect(before.tag) }
    return try await showAlarmRules()
  }

  /// What is left out is as in a new house.
  private func rules(in body: [UInt8]) throws(Problem) -> AlarmRules {
    let given: JSON
    do { given = try JSON.parse(body) } catch { throw Problem(.malformed, "the body is not JSON: \(error)") }
    guard let members = given.object?.members else { throw Problem(.malformed, "the body must be a JSON object") }
    var whole = AlarmRules().json
    for member in members { whole[member.key] = member.value }
    if let named = given["server"]?.object?.members {
      var server = MailServer().json
      for member in named { server[member.key] = member.value }
      whole["server"] = server
    }
    return try Fields.payload(whole.bytes)
  }

  fileprivate func testAlarms(_ call: Call) async throws -> Answer {
    try call.fields().finish()
    let (word, why): (String, String?) =
      switch try await house.testAlarms(by: call.by) {
      case nil: ("nobody", nil)
      case .taken: ("taken", nil)
      case .takenForSome(let why): ("taken", why)
      case .failed(let why): ("failed", why)
      case .refused(let why): ("refused", why)
      }
    return .json(["letter": .string(word), "why": .text(why)])
  }
}

nonisolated extension AlarmRules {
  /// Without the password.
  fileprivate var shown: JSON {
    [
      "rules": .list(rules) {
        ["kind": .word($0.kind), "on": .bool($0.isOn), "delay_minutes": .whole($0.delayMinutes)]
      },
      "recipients": .list(recipients) { .string($0) },
      "server": server?.shown ?? .null,
      "quiet_from": .text(quietFrom), "quiet_to": .text(quietTo), "time_zone": .string(timeZone),
      "repeat_hours": .whole(repeatHours), "calm_minutes": .whole(calmMinutes),
    ]
  }

  fileprivate var tag: ETag { ETag(of: encoded()) }
}

nonisolated extension MailServer {
  fileprivate var shown: JSON {
    [
      "host": .string(host), "port": .whole(port), "security": .word(security), "user": .text(user),
      "has_password": .bool(password != nil), "from": .string(from), "allow_private": .bool(allowsPrivate),
    ]
  }
}

nonisolated extension Alarm {
  fileprivate var json: JSON {
    [
      "kind": .word(kind), "about": .string(subject), "detail": .text(detail), "since": .time(since),
      "told_at": .time(toldAt), "ended_at": .time(endedAt),
    ]
  }
}

nonisolated extension KeptLetter {
  fileprivate var json: JSON {
    [
      "id": .string(letter.id), "to": .list(letter.to) { .string($0) }, "subject": .string(letter.subject),
      "text": .string(letter.text), "state": .word(state), "attempts": .whole(attempts), "why": .text(why),
      "created_at": .time(letter.at), "next_at": state == .waiting ? .time(nextAt) : .null, "ended_at": .time(endedAt),
    ]
  }
}
