/// The bounds of the domain's own values. What is past one is refused by name at the door that it came through.
public enum Limits {
  public static let tariffElements = 100
  public static let componentsPerElement = 20
  /// Wh or seconds.
  public static let stepSize = 1_000_000
  /// Shifts between charging and idle that one session keeps; a car that flutters longer stays as it was last.
  public static let sessionShifts = 2_000
}
