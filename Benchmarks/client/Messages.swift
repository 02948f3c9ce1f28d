// The frames that stations send, composed in place: the client must cost less than what it measures.

import CSystem
import Glibc

/// One outgoing frame. The payload is composed first, behind room for the longest head that is used here; then it is
/// masked and the head is put before it.
struct Composer {
  private let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 4_096)
  private var end = Self.start

  /// Two bytes, two of length, four of mask.
  private static let start = 8
  /// Any mask will do: its purpose is to protect proxies, not secrets (RFC 6455 10.3).
  private static let mask: UInt64 = 0x5AC3_96E1_5AC3_96E1

  mutating func clear() { end = Self.start }

  mutating func add(_ text: StaticString) {
    memcpy(buffer + end, text.utf8Start, text.utf8CodeUnitCount)
    end += text.utf8CodeUnitCount
  }

  mutating func add(_ text: [UInt8]) {
    (buffer + end).update(from: text, count: text.count)
    end += text.count
  }

  /// Decimal digits, with zeros before them up to `width`.
  mutating func add(_ number: Int, width: Int = 1) {
    var (digits, rest) = (0, number)
    repeat {
      digits += 1
      rest /= 10
    } while rest > 0
    let count = max(digits, width)
    rest = number
    for place in stride(from: end + count - 1, through: end, by: -1) {
      buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    end += count
  }

  /// `"2026-05-01T10:00:00Z"`, of seconds since 1970.
  mutating func add(time: Int) {
    var (seconds, parts) = (time_t(time), tm())
    gmtime_r(&seconds, &parts)
    add(#"""#)
    add(Int(parts.tm_year) + 1_900)
    add("-")
    add(Int(parts.tm_mon) + 1, width: 2)
    add("-")
    add(Int(parts.tm_mday), width: 2)
    add("T")
    add(Int(parts.tm_hour), width: 2)
    add(":")
    add(Int(parts.tm_min), width: 2)
    add(":")
    add(Int(parts.tm_sec), width: 2)
    add(#"Z""#)
  }

  var payloadBytes: Int { end - Self.start }

  /// Masks what was composed and puts the head before it; good until the next `clear`.
  mutating func seal(opcode: UInt8 = 1) -> UnsafeRawBufferPointer {
    let count = payloadBytes
    let words = UnsafeMutableRawPointer(buffer + Self.start)
    for at in stride(from: 0, to: count, by: 8) {
      words.storeBytes(
        of: words.load(fromByteOffset: at, as: UInt64.self) ^ Self.mask, toByteOffset: at, as: UInt64.self)
    }
    UnsafeMutableRawPointer(buffer + 4).storeBytes(of: UInt32(truncatingIfNeeded: Self.mask), as: UInt32.self)
    guard count > 125 else {
      buffer[2] = 0x80 | opcode
      buffer[3] = 0x80 | UInt8(count)
      return UnsafeRawBufferPointer(start: buffer + 2, count: count + 6)
    }
    buffer[0] = 0x80 | opcode
    buffer[1] = 0x80 | 126
    buffer[2] = UInt8(count >> 8)
    buffer[3] = UInt8(count & 0xFF)
    return UnsafeRawBufferPointer(start: buffer, count: count + 8)
  }
}

/// What a station says, in the order of a whole transaction.
enum Saying: Int {
  case boot, heartbeat
  case authorize, start, status, firstReading, secondReading, stop
  /// One of very many of a long session.
  case reading
  /// What only the limit understands: ask all others.
  case fanOut

  static let beginning: [Saying] = [.authorize, .start]
  static let transaction: [Saying] = [.authorize, .start, .status, .firstReading, .secondReading, .stop]
}

extension Composer {
  /// Composes a call; its id has ten digits. Every transaction lasts half an hour of the station's own time and follows
  /// the one before it, so no two of them share a start, and each has energy and time to be billed.
  mutating func compose(_ saying: Saying, id: Int, station: Int, transaction count: Int, number: Int, epoch: Int)
    -> UnsafeRawBufferPointer
  {
    let begin = epoch + count * 2_400
    let register = count * 11_000
    clear()
    add(#"[2,""#)
    add(id, width: 10)
    switch saying {
    case .boot:
      add(#"","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"One"}]"#)
    case .heartbeat:
      add(#"","Heartbeat",{}]"#)
    case .authorize:
      add(#"","Authorize",{"idTag":"BENCH"#)
      add(station, width: 5)
      add(#""}]"#)
    case .start:
      add(#"","StartTransaction",{"connectorId":1,"idTag":"BENCH"#)
      add(station, width: 5)
      add(#"","meterStart":"#)
      add(register)
      add(#","timestamp":"#)
      add(time: begin)
      add("}]")
    case .status:
      // Never the one before: a status that stays as it was would cost nothing.
      add(#"","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"#)
      if count % 2 == 0 { add(#""Charging""#) } else { add(#""SuspendedEVSE""#) }
      add(#","timestamp":"#)
      add(time: begin + 1)
      add("}]")
    case .firstReading, .secondReading:
      addReading(
        at: begin + (saying == .firstReading ? 600 : 1_200),
        register: register + (saying == .firstReading ? 3_666 : 7_332),
        number)
    case .reading:
      addReading(at: epoch + id, register: id, number)
    case .fanOut: add(#"","FanOut",{}]"#)
    case .stop:
      add(#"","StopTransaction",{"transactionId":"#)
      add(number)
      add(#","idTag":"BENCH"#)
      add(station, width: 5)
      add(#"","meterStop":"#)
      add(register + 11_000)
      add(#","timestamp":"#)
      add(time: begin + 1_800)
      add(#","reason":"Local"}]"#)
    }
    return seal()
  }

  /// Five values of one moment, as stations send them.
  private mutating func addReading(at time: Int, register: Int, _ number: Int) {
    add(#"","MeterValues",{"connectorId":1,"transactionId":"#)
    add(number)
    add(#","meterValue":[{"timestamp":"#)
    add(time: time)
    add(#","sampledValue":[{"value":""#)
    add(register)
    add(#"","context":"Sample.Periodic","measurand":"Energy.Active.Import.Register","#)
    add(#""location":"Outlet","unit":"Wh"},{"value":"22000.0","context":"Sample.Periodic","#)
    add(#""measurand":"Power.Active.Import","location":"Outlet","unit":"W"},{"value":"31.9","#)
    add(#""context":"Sample.Periodic","measurand":"Current.Import","phase":"L1","unit":"A"},{"value":"230.4","#)
    add(#""context":"Sample.Periodic","measurand":"Voltage","phase":"L1-N","unit":"V"},{"value":"42","#)
    add(#""context":"Sample.Periodic","measurand":"SoC","location":"EV","unit":"Percent"}]}]}]"#)
  }
}
