import Wire

/// The floor plan of a site: a picture on which stations have their places. A picture is a PNG or a JPEG, which hold
/// nothing that a browser would run.
public struct SitePlan: Equatable, Sendable {
  public enum ImageType: String, Word {
    case png = "image/png"
    case jpeg = "image/jpeg"
  }

  public var type: ImageType
  /// In pixels.
  public var width: Int
  public var height: Int
  public var image: Bytes
  public var updatedAt: Timestamp

  public init(type: ImageType, width: Int, height: Int, image: Bytes, updatedAt: Timestamp) {
    (self.type, self.width, self.height, self.image, self.updatedAt) = (type, width, height, image, updatedAt)
  }

  /// A picture as somebody brought it; nil where it is neither a PNG nor a JPEG, says no size, or is past a bound.
  public init?(image: Bytes, at time: Timestamp) {
    guard image.count <= Limits.planBytes else { return nil }
    if let (width, height) = Self.sizeOfPNG(image) {
      self.init(type: .png, width: width, height: height, image: image, updatedAt: time)
    } else if let (width, height) = Self.sizeOfJPEG(image) {
      self.init(type: .jpeg, width: width, height: height, image: image, updatedAt: time)
    } else {
      return nil
    }
    guard (1...Limits.planPixels).contains(width), (1...Limits.planPixels).contains(height) else { return nil }
  }

  /// Signature, then IHDR, whose first words are width and height (PNG 3rd edition, 5.2 and 11.2.1).
  private static func sizeOfPNG(_ image: Bytes) -> (Int, Int)? {
    let head: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
    guard image.count > head.count + 8, image.starts(with: head) else { return nil }
    func word(at place: Int) -> Int { image[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    return (word(at: 16), word(at: 20))
  }

  /// Marker segments up to the frame header, which has height and width behind its precision (ITU-T T.81, B.2.2).
  private static func sizeOfJPEG(_ image: Bytes) -> (Int, Int)? {
    guard image.starts(with: [0xFF, 0xD8]) else { return nil }
    func word(at place: Int) -> Int { Int(image[place]) << 8 | Int(image[place + 1]) }
    var place = 2
    while place + 9 <= image.count, image[place] == 0xFF {
      let marker = image[place + 1]
      // A marker may be preceded by fill bytes.
      if marker == 0xFF {
        place += 1
        continue
      }
      let isFrame = (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
      if isFrame { return (word(at: place + 7), word(at: place + 5)) }
      // The scan without a frame before it, and the end.
      guard marker != 0xDA, marker != 0xD9 else { return nil }
      let length = word(at: place + 2)
      guard length >= 2 else { return nil }
      place += 2 + length
    }
    return nil
  }
}

/// Where on its site's plan a station stands.
public struct PlanPin: Equatable, Sendable {
  /// What `x` and `y` lie in: ten-thousandths of the picture, from its left and upper edge.
  public static let range = 0...10_000

  public let station: ID<Station>
  public let x: Int
  public let y: Int

  public init(station: ID<Station>, x: Int, y: Int) { (self.station, self.x, self.y) = (station, x, y) }
}
