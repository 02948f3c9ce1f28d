import Testing
import Wire

struct ExpositionTests {
  private func text(_ fill: (inout Exposition) -> Void) -> String {
    var exposition = Exposition()
    fill(&exposition)
    return String(decoding: exposition.bytes, as: UTF8.self)
  }

  @Test func aFamilySaysWhatItIsBeforeItsSamples() {
    let text = text {
      $0.family("links", .gauge, "Open links.")
      $0.sample(3, ["version": "1.6", "state": "accepted"])
      $0.sample(0.25)
    }
    #expect(
      text == """
        # HELP links Open links.
        # TYPE links gauge
        links{version="1.6",state="accepted"} 3
        links 0.25

        """)
  }

  @Test func whatWouldEndALabelIsEscaped() {
    let text = text {
      $0.family("a", .counter, "back\\slash, line\nfeed and \"quotes\"")
      $0.sample(1, ["name": "back\\slash, line\nfeed and \"quotes\""])
    }
    #expect(
      text == #"""
        # HELP a back\\slash, line\nfeed and "quotes"
        # TYPE a counter
        a{name="back\\slash, line\nfeed and \"quotes\""} 1

        """#)
  }

  @Test(arguments: [
    (0.0, "0"), (-2, "-2"), (1.5, "1.5"), (1e-05, "1e-05"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    (1e18, "1e+18"),
  ])
  func numbersAreWrittenAsTheReaderHasThem(value: Double, written: String) {
    #expect(
      text {
        $0.family("x", .gauge, "x")
        $0.sample(value)
      }.hasSuffix("x \(written)\n"))
  }

  @Test func bucketsHoldWhatIsAtMostTheirBound() {
    var sizes = Histogram(bounds: [1, 2, 5])
    for size in [1, 2, 3, 5, 6, 0] { sizes.add(size) }
    #expect(sizes.counts == [2, 1, 2])
    #expect(sizes.count == 6)
    #expect(sizes.sum == 17)
    let text = text {
      $0.family("turn", .histogram, "t")
      $0.sample(sizes, ["room": "house"])
    }
    #expect(
      text == """
        # HELP turn t
        # TYPE turn histogram
        turn_bucket{room="house",le="1"} 2
        turn_bucket{room="house",le="2"} 3
        turn_bucket{room="house",le="5"} 5
        turn_bucket{room="house",le="+Inf"} 6
        turn_sum{room="house"} 17
        turn_count{room="house"} 6

        """)
  }

  @Test func timesAreCountedInMicrosecondsAndShownInSeconds() {
    var times = Histogram.seconds
    times.add(.microseconds(100))
    times.add(.microseconds(101))
    times.add(.seconds(11))
    #expect(times.counts.first == 1)
    #expect(times.counts[1] == 1)
    #expect(times.counts.last == 0)
    let text = text {
      $0.family("t_seconds", .histogram, "t")
      $0.sample(times)
    }
    #expect(text.contains("t_seconds_bucket{le=\"0.00025\"} 2\n"))
    #expect(text.contains("t_seconds_bucket{le=\"10\"} 2\nt_seconds_bucket{le=\"+Inf\"} 3\nt_seconds_sum 11.0002"))
  }
}
