/// Cuts a connection's bytes into requests, in whatever pieces they arrive.
public struct RequestParser {
  public enum Step: Equatable {
    /// All given bytes are consumed.
    case needMore
    case head(RequestHead)
    /// These of the given bytes belong to the body.
    case body(Range<Int>)
    /// The request is whole; the next byte begins another one.
    case end
    /// Nothing after this byte can be trusted: answer and close.
    case refused(Refusal)
  }

  private enum State {
    case head(HeadReader)
    case body(BodyReader)
    case broken(Refusal)
  }
  private let limits: HTTPLimits.Head
  private var state: State
  private var lastTarget: [UInt8] = []

  public init(limits: HTTPLimits.Head = HTTPLimits.Head()) {
    self.limits = limits
    state = .head(HeadReader(.request, limits))
  }

  /// What the request that is being read, or was refused, is for, as far as that came.
  public var target: [UInt8] {
    switch state {
    case .head(let reader): reader.target
    case .body, .broken: lastTarget
    }
  }

  /// False only between requests.
  public var isInside: Bool {
    switch state {
    case .head(let reader): reader.hasBegun
    case .body, .broken: true
    }
  }

  /// The next thing at or after `at`, which moves on. Bytes after a head are the body's, or the next protocol's.
  public mutating func next(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Step {
    switch state {
    case .head(var reader):
      // Taken out of the enum while it works, so that its buffers are not copied.
      state = .broken(Refusal(.badRequest, ""))
      let step = reader.read(bytes, &at)
      switch step {
      case .needMore:
        state = .head(reader)
        return .needMore
      case .refused(let refusal):
        lastTarget = reader.target
        return refuse(refusal)
      case .done:
        lastTarget = reader.target
        do throws(Refusal) {
          let head = try requestHead(reader)
          state = .body(BodyReader(head.framing))
          return .head(head)
        } catch {
          return refuse(error)
        }
      }
    case .body(var reader):
      let step = reader.read(bytes, &at)
      state = .body(reader)
      switch step {
      case .needMore: return .needMore
      case .bytes(let run): return .body(run)
      case .refused(let refusal): return refuse(refusal)
      case .end:
        state = .head(HeadReader(.request, limits))
        return .end
      }
    case .broken(let refusal):
      return .refused(refusal)
    }
  }

  private mutating func refuse(_ refusal: Refusal) -> Step {
    state = .broken(refusal)
    return .refused(refusal)
  }

  private func requestHead(_ reader: HeadReader) throws(Refusal) -> RequestHead {
    let target = try Target(reader.target, method: reader.method)
    let framing: Framing = reader.isChunked ? .chunked : reader.contentLength.map { .length($0) } ?? .none
    return RequestHead(
      method: reader.method, target: target, minor: reader.minor, headers: reader.headers, framing: framing)
  }
}

/// Cuts a connection's bytes into answers. It must be told what was asked: an answer to HEAD has no body.
public struct ResponseParser {
  public enum Step: Equatable {
    case needMore
    /// An interim answer (1xx other than 101) was skipped inside; this is the real one.
    case head(ResponseHead)
    case body(Range<Int>)
    case end
    case refused(Refusal)
  }

  private enum State {
    case head(HeadReader)
    case body(BodyReader)
    case broken(Refusal)
  }
  private let limits: HTTPLimits.Head
  private let method: Method
  private var state: State
  private var interim = 0

  public init(answering method: Method, limits: HTTPLimits.Head = HTTPLimits.Head()) {
    self.method = method
    self.limits = limits
    state = .head(HeadReader(.response, limits))
  }

  /// Whether any byte of an answer has been seen.
  public private(set) var hasBegun = false

  public mutating func next(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Step {
    hasBegun = hasBegun || at < bytes.count
    while true {
      switch state {
      case .head(var reader):
        state = .broken(Refusal(.badGateway, ""))
        switch reader.read(bytes, &at) {
        case .needMore:
          state = .head(reader)
          return .needMore
        case .refused(let refusal):
          return refuse(refusal)
        case .done:
          if reader.status < 200, reader.status != 101 {
            interim += 1
            if interim > 8 { return refuse(Refusal(.badGateway, "Too many interim answers.")) }
            state = .head(HeadReader(.response, limits))
            continue
          }
          let head = responseHead(reader)
          state = .body(BodyReader(head.framing))
          return .head(head)
        }
      case .body(var reader):
        let step = reader.read(bytes, &at)
        state = .body(reader)
        switch step {
        case .needMore: return .needMore
        case .bytes(let run): return .body(run)
        case .refused(let refusal): return refuse(refusal)
        case .end: return .end
        }
      case .broken(let refusal):
        return .refused(refusal)
      }
    }
  }

  private mutating func refuse(_ refusal: Refusal) -> Step {
    state = .broken(refusal)
    return .refused(refusal)
  }

  private func responseHead(_ reader: HeadReader) -> ResponseHead {
    let status = Status(rawValue: reader.status)
    let framing: Framing
    if method == .head || status.forbidsBody {
      framing = .none
    } else if reader.isChunked {
      framing = .chunked
    } else {
      framing = reader.contentLength.map { .length($0) } ?? .untilClose
    }
    return ResponseHead(status: status, minor: reader.minor, headers: reader.headers, framing: framing)
  }
}
