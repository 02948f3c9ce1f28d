// What is kept of a secret that a machine made: enough to find its owner, not enough to use it.
import Wire

/// The lookup key of an inbound OCPI token, an API key or a session id.
///
/// Such a secret has full entropy, so no salt is needed and one digest finds its row by an index. The index compares
/// digests, not secrets, so its timing tells nothing that helps to guess one.
public enum TokenDigest {
  /// SHA-256 of the secret's UTF-8 bytes, as 64 lower-case hex digits.
  public static func of(_ secret: String) -> String {
    SHA256.digest(Bytes(utf8: secret)).hex
  }
}
