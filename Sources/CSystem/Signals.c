#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

// One pipe for each signal, made once and kept for ever: a handler may be at work in any thread at any time.
static int pipes[32][2];

static void remember(int signal_number) {
  int kept = errno;
  char byte = 1;
  ssize_t ignored = write(pipes[signal_number][1], &byte, 1);  // a full pipe tells as much as one more byte
  (void)ignored;
  errno = kept;
}

int ostler_catch_signal(int signal_number) {
  if (signal_number <= 0 || signal_number >= 32) { errno = EINVAL; return -1; }
  int *ends = pipes[signal_number];
  if (ends[1] == 0) {
    if (pipe(ends) < 0) { ends[1] = 0; return -1; }
    if (ostler_adopt(ends[0]) < 0 || ostler_adopt(ends[1]) < 0) return -1;
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  return sigaction(signal_number, &action, NULL) < 0 ? -1 : ends[0];
}

void ostler_release_signal(int signal_number) { signal(signal_number, SIG_DFL); }
