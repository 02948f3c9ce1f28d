// Who hears what becomes of a channel.

/// The owner of a channel's bytes. All calls come on the channel's loop, and never from inside a call to the channel.
public protocol ChannelHandler: AnyObject {
  /// The connection stands, and the TLS handshake is done.
  func channelDidBecomeActive(_ channel: Channel)
  /// `bytes` are valid during the call; at most `Limits.readBudget` of them come per batch.
  func channel(_ channel: Channel, read bytes: UnsafeRawBufferPointer)
  /// Writing is welcome again: what waits fell below `Limits.writeLowWater` after `isWritable` had been false.
  func channelDidDrain(_ channel: Channel)
  /// The peer will send no more but may still read. The default sends what waits and closes with `.peerEOF`; who wants
  /// to answer later overrides it and calls `closeAfterFlush` when done.
  func channelInputEnded(_ channel: Channel)
  /// The last call, exactly once.
  func channel(_ channel: Channel, closed reason: CloseReason)
}

extension ChannelHandler {
  public func channelDidBecomeActive(_ channel: Channel) {}
  public func channelDidDrain(_ channel: Channel) {}
  public func channelInputEnded(_ channel: Channel) { channel.closeAfterFlush() }
}
