// A layer over SQLite's file system, for tests: the n-th operation on the files of one folder fails, and all after it.
#pragma once

enum FaultyOperation {
  FAULTY_READ = 1,
  FAULTY_WRITE = 2,
  FAULTY_SYNC = 4,
};

/// Lets the n-th of these operations fail, on files whose names begin with `prefix` and end with `suffix`: with EIO, or as
/// on a full disk, where only writes fail. One plan at a time; all other files of the process are left alone.
void faulty_disk_arm(const char *prefix, const char *suffix, int operations, int nth, int is_full);
/// The disk is a good one again. Returns how many operations failed.
int faulty_disk_disarm(void);
