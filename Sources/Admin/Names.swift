import CSMS

/// The household's refusal. The HTTP parser has a `Refusal` of its own, so this room says whose it means.
typealias HouseRefusal = Refusal

/// What a verb of the household does to a thing on a caller's wish; it may refuse.
typealias Edit<Value> = @MainActor @Sendable (inout Value) throws(HouseRefusal) -> Void
