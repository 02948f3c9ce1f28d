// One libFuzzer program for all harnesses: OSTLER_FUZZ names the one that runs. `Fuzz/run` builds and calls it.

import Glibc

/// libFuzzer's own main loop. It is C with plain arguments, for which both calling conventions are the same.
@_silgen_name("LLVMFuzzerRunDriver")
func runLibFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ takeOne: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

enum Chosen {
  static let harness: Harness = {
    let name = getenv("OSTLER_FUZZ").map { String(cString: $0) } ?? ""
    guard let harness = Harness.all.first(where: { $0.name == name }) else {
      print("OSTLER_FUZZ names none of: \(Harness.all.map(\.name).joined(separator: " "))")
      exit(2)
    }
    return harness
  }()
}

_ = Chosen.harness
var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
  runLibFuzzer(&count, &arguments) { data, size in
    Chosen.harness.take(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
  })
