import Crypto
import Domain
import Glibc
import Store
import Wire

// Files of the house's own: small operators have no server from which stations fetch firmware and to which they send their
// logs. Who knows an address may bring one file, or fetch it, until it is used or too old; the books know its digest only.

extension CSMS {
  /// Where the file door is reached, such as `http://10.0.0.5:9000/files/`; set by the one who assembles the house.
  public var fileBase: String {
    get { filing.base }
    set { filing.base = newValue }
  }

  /// Room for a file that somebody will bring, and the address for that.
  public func expectFile(
    _ kind: StoredFile.Kind, name: String, by who: String
  ) async throws(Refusal) -> (file: StoredFile, url: String) {
    try await turn { () throws(Refusal) in
      try checkText(name, "name", 1...Limits.nameLength)
      return try self.expectFile(kind, name: name, station: nil, by: who)
    }
  }

  /// An address by which a file that is here is fetched.
  public func fetchFile(_ id: String) async throws(Refusal) -> String {
    try await turn { () throws(Refusal) in try self.addressToFetch(id) }
  }

  public func removeFile(_ id: String, by who: String) async throws(Refusal) {
    try await turn { () throws(Refusal) in
      guard let file = try keep({ () throws(StoreFault) in try self.books.files.file(id) }), file.state != .gone else {
        throw .notFound("no such file")
      }
      try keep { () throws(StoreFault) in try self.discard(file, by: who) }
    }
  }

  // MARK: Within a turn

  func expectFile(
    _ kind: StoredFile.Kind, name: String, station: ID<Station>?, by who: String
  ) throws(Refusal) -> (file: StoredFile, url: String) {
    guard !filing.base.isEmpty else { throw .conflict("no door of this house takes files") }
    return try keep { () throws(StoreFault) in
      let file = StoredFile(id: newID(), kind: kind, name: name, station: station, origin: who, at: now)
      try books.files.create(file)
      try record(.fileMoved(file, by: who))
      return (file, try address(of: file, .bring))
    }
  }

  /// The address by which one station fetches a file.
  func addressToFetch(_ id: String) throws(Refusal) -> String {
    guard let file = try keep({ () throws(StoreFault) in try self.books.files.file(id) }), file.state == .here else {
      throw .notFound("no such file is here")
    }
    guard !filing.base.isEmpty else { throw .conflict("no door of this house gives files") }
    return try keep { () throws(StoreFault) in try self.address(of: file, .fetch) }
  }

  private func address(of file: StoredFile, _ way: FileWay) throws(StoreFault) -> String {
    let secret = randomBytes(Limits.fileSecretBytes).base64URL
    try books.files.giveAddress(
      SHA256.digest(Bytes(utf8: secret)).hex, to: file.id, way, until: now + .seconds(Limits.fileAddressSeconds))
    return filing.base + secret
  }

  private func discard(_ old: StoredFile, by who: String) throws(StoreFault) {
    var file = old
    (file.state, file.bytes, file.updatedAt) = (.gone, nil, now)
    try books.files.save(file)
    try books.files.useUp(file.id, .bring)
    try books.files.useUp(file.id, .fetch)
    try record(.fileMoved(file, by: who))
    let path = store.path(ofFile: file.id)
    afterCommit {
      unlink(path)
      // What a crash left of it.
      unlink(path + ".part")
    }
  }

  /// Logs are kept as long as events are, firmware until somebody removes it.
  func pruneFiles() throws(StoreFault) {
    _ = try books.files.pruneAddresses(at: now)
    for file in try books.files.old(before: now - .seconds(settings.eventDays * 86_400), limit: Limits.dutiesAtOnce) {
      if file.state == .gone { try books.files.forget(file.id) } else { try discard(file, by: "house") }
    }
  }
}

extension CSMS: FileService {
  public func pass(_ secret: String, _ way: FileWay) throws(TurnFault) -> FilePass? {
    try keeping { () throws(StoreFault) in
      guard let file = try books.files.file(at: SHA256.digest(Bytes(utf8: secret)).hex, way, now: now),
        file.state == (way == .bring ? .awaited : .here)
      else { return nil }
      let taken = way == .bring ? try books.files.bytes() : 0
      let room = max(0, Limits.fileBytesInAll - taken)
      return FilePass(file: file.id, way: way, path: store.path(ofFile: file.id), most: min(room, Limits.fileBytes))
    }
  }

  public func arrived(_ pass: FilePass, bytes: Int64) throws(TurnFault) {
    try keeping { () throws(StoreFault) in
      guard var file = try books.files.file(pass.file), file.state == .awaited else { return }
      (file.state, file.bytes, file.updatedAt) = (.here, bytes, now)
      try books.files.save(file)
      try books.files.useUp(file.id, .bring)
      try record(.fileMoved(file, by: "door"))
      try logArrived(file)
    }
  }
}

/// Where the file door is.
struct Filing {
  var base = ""
}
