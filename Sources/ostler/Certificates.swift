import CSMS
import Domain
import Logging
import Net
import Wire

/// Keeps what the doors show and trust as it stands in the files: a file that changed is read again, without touching a
/// connection that stands. One that cannot be used leaves the old one in place, and that is said loudly.
actor CertificateKeeper {
  /// How often the files are looked at, and how often fresh keys of session tickets are made in any case.
  private static let look = Duration.seconds(2)
  private static let freshKeys = Duration.seconds(12 * 3_600)

  private struct Door {
    let name: String
    let context: TLSContext
    /// The files as they were when the context last read them, and as they were at the last look.
    var read: [FileStamp?]
    var seen: [FileStamp?]
    var readAt = ContinuousClock.now
  }

  private var doors: [Door]
  private let csms: CSMS
  private let log = Logger(label: "certificates")

  init(_ contexts: [(door: String, context: TLSContext)], csms: CSMS) {
    doors = contexts.map { name, context in
      let stamps = Self.stamps(context)
      return Door(name: name, context: context, read: stamps, seen: stamps)
    }
    self.csms = csms
  }

  /// Tells the household what the doors show, then looks at the files until the task is cancelled.
  func watch() async {
    await tell()
    guard !doors.isEmpty else { return }
    while !Task.isCancelled {
      try? await Task.sleep(for: Self.look)
      await lookAtFiles()
    }
  }

  /// Whom the doors trust changed while they are open: an authority was made, or one of ours revoked somebody.
  func adopt(_ settings: [(door: String, tls: TLSServerSettings)]) async {
    for place in doors.indices {
      guard let fresh = settings.first(where: { $0.door == doors[place].name })?.tls else { continue }
      do throws(TLSFault) {
        try doors[place].context.exchange(server: fresh)
        let stamps = Self.stamps(doors[place].context)
        (doors[place].read, doors[place].seen, doors[place].readAt) = (stamps, stamps, .now)
      } catch {
        log.error(
          "a door does not know our authority", metadata: ["door": "\(doors[place].name)", "cause": "\(error)"])
      }
    }
    await tell()
  }

  /// The operator says that something changed (SIGHUP).
  func reload() async {
    for place in doors.indices { await reload(place) }
    await tell()
  }

  private func lookAtFiles() async {
    var hasChanged = false
    for place in doors.indices {
      let now = Self.stamps(doors[place].context)
      defer { doors[place].seen = now }
      // A certificate and its key are two files: they are read once both have stood still from one look to the next.
      if now != doors[place].read, now == doors[place].seen {
        await reload(place)
        hasChanged = true
      } else if ContinuousClock.now - doors[place].readAt > Self.freshKeys {
        await reload(place)
      }
    }
    if hasChanged { await tell() }
  }

  private func reload(_ place: Int) async {
    let (name, context) = (doors[place].name, doors[place].context)
    let before = context.certificates
    let stamps = Self.stamps(context)
    (doors[place].read, doors[place].seen, doors[place].readAt) = (stamps, stamps, .now)
    do throws(TLSFault) {
      try context.reload()
      let isNew = context.certificates != before
      log.notice("certificates were read again", metadata: ["door": "\(name)", "new": "\(isNew)"])
      await csms.certificateWasRead(at: name, isNew: isNew)
    } catch {
      let flaw = error.description
      log.error(
        "a certificate stays as it was: the new one is of no use", metadata: ["door": "\(name)", "cause": "\(flaw)"])
      await csms.certificateIsUnusable(at: name, because: flaw)
    }
  }

  private func tell() async {
    let shown = doors.flatMap { door in
      let own = door.context.certificates.map {
        DoorCertificate(
          door: door.name, name: $0.commonName ?? "", serial: $0.serial,
          expiresAt: Timestamp(seconds: max(0, $0.notAfter)))
      }
      // Past this time the list still counts, but it is no longer known who was revoked since.
      guard let end = door.context.revocationsEnd, end < Self.never else { return own }
      return own + [
        DoorCertificate(
          door: door.name, name: "revocation list", serial: "CRL-\(end)", expiresAt: Timestamp(seconds: max(0, end)),
          isRevocationList: true)
      ]
    }
    await csms.show(shown)
  }

  /// Seconds since 1970 beyond which no time is meant: the year 9999 ends here.
  private static let never: Int64 = 253_402_300_799

  private static func stamps(_ context: TLSContext) -> [FileStamp?] { context.files.map { FileStamp($0) } }
}
