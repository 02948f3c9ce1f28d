import Crypto
import Domain
import Testing
import Wire

@testable import CSMS
@testable import Store

/// Readings that a meter signed: kept to the letter, judged by the key that is known, and handed on with the bill.
@MainActor
struct SignedMeterTests {
  let house: HouseUnderTest
  private let meter: PrivateKey

  init() throws {
    house = try HouseUnderTest().furnish()
    meter = try PrivateKey.make()
  }

  private func line(_ wattHours: Int, by key: PrivateKey? = nil) throws -> String {
    let readings = #"{"FV":"1.0","GI":"Meter","RD":[{"RV":\#(wattHours),"RU":"Wh"}]}"#
    let signature = try (key ?? meter).sign(Bytes(utf8: readings))
    return "OCMF|\(readings)|{\"SD\":\"\(signature.hex)\"}"
  }

  /// A session with a signed reading at its begin, in its middle and at its end.
  private func charge(_ lines: [String], keyAlong: String? = nil) throws -> Session {
    try house.addToken("A")
    let station = try house.connect("CS-1")
    let transaction = try station.start("A").transaction
    for (place, line) in lines.enumerated() {
      house.clock.now += .seconds(60)
      let context: Reading.Context = place == 0 ? .begin : place == lines.count - 1 ? .end : .periodic
      let reading = Reading(
        at: house.now, context: context, raw: JSONText(["value": .string(line)]),
        signed: [SignedReading(format: "", key: keyAlong, data: line)])
      try house.decide { [desk = station.desk] () throws(TurnFault) in
        try desk.meter(MeterReport(evse: 1, transaction: transaction, readings: [reading]))
      }
    }
    try station.stop(transaction, meter: 3_000)
    return try house.session(transaction)
  }

  private func verdicts(on session: Session) throws -> [SignedReading.Verdict] {
    try SignedMeter(books: house.books).readings(of: session).map(\.verdict)
  }

  private func setKey(_ key: String?) throws {
    let evse = try house.evse().id
    let now = house.now
    try house.write { books throws(StoreFault) in try books.signedReadings.setKey(key, of: evse, at: now) }
  }

  @Test func theKeyOnFileDecides() throws {
    let other = try PrivateKey.make()
    let session = try charge([line(0), line(1_500, by: other), line(3_000)])
    #expect(try verdicts(on: session) == [.noKey, .noKey, .noKey])
    try setKey(meter.publicKey.pem)
    #expect(try verdicts(on: session) == [.verified, .wrong, .verified])
    try setKey(other.publicKey.der.hex)
    #expect(try verdicts(on: session) == [.wrong, .verified, .wrong])
  }

  @Test func aKeyThatCameAlongSaysOnlyThatTheDataAreWhole() throws {
    let session = try charge([line(0), line(3_000)], keyAlong: meter.publicKey.der.base64)
    #expect(try verdicts(on: session) == [.consistent, .consistent])
    // The one on file counts more.
    try setKey(PrivateKey.make().publicKey.pem)
    #expect(try verdicts(on: session) == [.wrong, .wrong])
  }

  @Test func whatIsNotUnderstoodIsKeptAndSaidSo() throws {
    let session = try charge(["AP;0;3;ABC", "<signedMeterValue/>"])
    #expect(try verdicts(on: session) == [.unknownFormat, .unknownFormat])
    let kept = try house.books.signedReadings.list(of: session.id, limit: 9)
    #expect(kept.map(\.signed.data) == ["AP;0;3;ABC", "<signedMeterValue/>"])
    #expect(kept.map(\.signed.format) == ["Alfen", ""])
  }

  @Test func theBillCarriesTheFirstAndTheLastToTheLetter() throws {
    let lines = try [line(0), line(1_500), line(3_000)]
    try setKey(meter.publicKey.der.hex)
    let session = try charge(lines)
    let cdr = try #require(try house.books.cdrs.cdr(session: session.id)).cdr
    let data = try #require(cdr.signedData)
    #expect(data.encodingMethod == "OCMF" && data.encodingVersion == 1)
    #expect(data.publicKey == (try meter.publicKey.der.hex))
    #expect(data.values.map(\.nature) == ["Start", "End"])
    #expect(data.values.map { Bytes(base64: $0.signed).flatMap { String(utf8: $0) } } == [lines[0], lines[2]])
    #expect(data.values[0].plain.contains("\"RV\":0"))
  }

  @Test func theEndIsTheLastReadingHoweverManyThereWere() throws {
    let lines = try (0...Limits.signaturesShown + 1).map { try line($0) }
    let session = try charge(lines)
    let data = try #require(try house.books.cdrs.cdr(session: session.id)?.cdr.signedData)
    #expect(data.values.map(\.nature) == ["Start", "End"])
    #expect(data.values.last.flatMap { Bytes(base64: $0.signed) }.flatMap { String(utf8: $0) } == lines.last)
  }

  @Test func aMeterThatSignsNothingLeavesNoTrace() throws {
    try house.addToken("A")
    let station = try house.connect("CS-1")
    let transaction = try station.start("A").transaction
    house.clock.now += .seconds(600)
    try station.stop(transaction, meter: 1_000)
    #expect(try house.cdr(of: transaction).signedData == nil)
  }
}
