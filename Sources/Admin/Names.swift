import CSMS

/// The household's refusal. The HTTP parser has a `Refusal` of its own, so this room says whose it means.
typealias HouseRefusal = Refusal
