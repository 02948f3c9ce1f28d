/// Why a command, or the daemon, cannot go on: a sentence that somebody reads.
struct Complaint: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
