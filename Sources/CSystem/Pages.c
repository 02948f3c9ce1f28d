// Memory for the pages of SQLite's files, apart from everything else.
//
// Pages come and go with the load, the links of stations stay. In one heap each turn puts pages between the links that it
// opens, and where a page is freed it leaves a hole that holds no whole page of the system's: after a rush of arrivals the
// heap stays half again as large as what lies in it. Here they lie side by side, and a house at rest gives them back.

#include "CSystem.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  page = 4096,
  /// A page and what SQLite keeps beside each, some 270 bytes.
  slot = 4416,
  /// The caches of the writer and of all readers; what is more comes from the heap.
  slots = 16384,
};

static struct {
  pthread_mutex_t lock;
  /// Reserved, and taken from the system where it is first written to; NULL where that failed.
  char *room;
  /// The free ones below `untouched`; the last one is taken first.
  unsigned short freed[slots];
  int free;
  /// No slot from here on was ever used.
  int untouched;
  unsigned char used[slots];
} shelf = {.lock = PTHREAD_MUTEX_INITIALIZER};

/// What SQLite uses for all else.
static sqlite3_mem_methods heap;

static char *place(int number) { return shelf.room + (size_t)slot * number; }

static int lies_here(const void *block) {
  return shelf.room && (const char *)block >= shelf.room && (const char *)block < place(slots);
}

static void *take(int size) {
  if (!shelf.room || size < page || size > slot) return heap.xMalloc(size);
  int number = -1;
  pthread_mutex_lock(&shelf.lock);
  if (shelf.free > 0) {
    number = shelf.freed[--shelf.free];
  } else if (shelf.untouched < slots) {
    number = shelf.untouched++;
  }
  if (number >= 0) shelf.used[number] = 1;
  pthread_mutex_unlock(&shelf.lock);
  return number < 0 ? heap.xMalloc(size) : place(number);
}

static void give_back(void *block) {
  if (!lies_here(block)) {
    heap.xFree(block);
    return;
  }
  int number = (int)(((char *)block - shelf.room) / slot);
  pthread_mutex_lock(&shelf.lock);
  shelf.used[number] = 0;
  shelf.freed[shelf.free++] = (unsigned short)number;
  pthread_mutex_unlock(&shelf.lock);
}

static int size_of(void *block) { return lies_here(block) ? slot : heap.xSize(block); }

static void *resize(void *block, int size) {
  if (!lies_here(block)) return heap.xRealloc(block, size);
  if (size <= slot) return block;
  void *larger = heap.xMalloc(size);
  if (!larger) return NULL;
  memcpy(larger, block, slot);
  give_back(block);
  return larger;
}

void ostler_keep_pages_apart(void) {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &heap) != SQLITE_OK) return;
  void *room = mmap(NULL, (size_t)slot * slots, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return;
  sqlite3_mem_methods ours = heap;
  ours.xMalloc = take;
  ours.xFree = give_back;
  ours.xRealloc = resize;
  ours.xSize = size_of;
  // Refused where SQLite is in use already: then it goes on as it began, and nothing is ever taken from here.
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK) shelf.room = room;
}

void ostler_give_back_pages(void) {
  const size_t unit = (size_t)sysconf(_SC_PAGESIZE);
  pthread_mutex_lock(&shelf.lock);
  for (int first = 0; first < shelf.untouched; first++) {
    int end = first;
    while (end < shelf.untouched && !shelf.used[end]) end++;
    if (end == first) continue;
    // Only what no used one reaches into.
    size_t from = ((size_t)slot * first + unit - 1) / unit * unit, to = (size_t)slot * end / unit * unit;
    if (to > from) madvise(shelf.room + from, to - from, MADV_DONTNEED);
    first = end;
  }
  pthread_mutex_unlock(&shelf.lock);
}
