// Random bytes that nobody can foretell, and the secrets made of them.
import CSystem
import Wire

/// `count` bytes from OpenSSL's generator, which the kernel seeds.
public func randomBytes(_ count: Int) -> Bytes {
  // The library would write the length 0 into the one empty array that all threads share.
  guard count > 0 else { return [] }
  return Bytes(unsafeUninitializedCapacity: count) { buffer, written in
    // A generator that cannot be seeded must end the process: every secret made after it would be guessable.
    precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "no source of randomness")
    written = count
  }
}

/// Secrets that a machine makes and a machine keeps: session ids, API keys, OCPI tokens, set-up links.
public enum Secret {
  /// `bytes` random bytes as base64url text without padding; 32 bytes make 43 characters. None begins with a hyphen, which
  /// a command line takes for an option.
  public static func make(bytes: Int = 32) -> String {
    while true {
      let text = randomBytes(bytes).base64URL
      if !text.hasPrefix("-") { return text }
    }
  }
}
