// Only under the thread sanitizer: shows it what Swift's own libraries do, which are built without it. Without this file
// it reports races where threads hand things over by a contended Mutex, a reference count, or a continuation. Each
// function takes the place of the library's, adds what the sanitizer must know, and leaves the work to the library.

#if __has_feature(thread_sanitizer)

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

void __tsan_acquire(void *);
void __tsan_release(void *);

#define CONTEXT __attribute__((swift_context))
#define THE_LIBRARYS(name) dlsym(RTLD_NEXT, name)

// Swift's runtime tells the sanitizer of tasks and actors once this is called, which the sanitizer does at its start. Where
// it is linked into the program, as on Linux, it finds an empty function of its own instead.
__attribute__((constructor)) static void begin(void) {
  void (*begin)(void) = (void (*)(void))THE_LIBRARYS("__tsan_on_initialize");
  if (begin) begin();
}

// Mutex._lockSlow (SE-0433), where two threads meet: there the kernel would give the lock, unseen. This takes the same
// word by an exchange that is seen.
__attribute__((swiftcall)) void ostler_lock_slow(uint32_t thread, CONTEXT uint32_t *word)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");

__attribute__((swiftcall)) void ostler_lock_slow(uint32_t thread, CONTEXT uint32_t *word) {
  uint32_t open = 0;
  while (!__atomic_compare_exchange_n(word, &open, thread, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    open = 0;
    sched_yield();
  }
}

// A shared array is copied before it is changed, and changed in place once nobody else holds it: whoever lets go of it
// hands over to whoever then finds itself alone.
void swift_release(void *object) {
  static void (*release)(void *);
  if (!release) release = (void (*)(void *))THE_LIBRARYS("swift_release");
  if (object) __tsan_release(object);
  release(object);
}

bool swift_isUniquelyReferenced_nonNull_native(void *object) {
  static bool (*is_unique)(void *);
  if (!is_unique) is_unique = (bool (*)(void *))THE_LIBRARYS("swift_isUniquelyReferenced_nonNull_native");
  bool unique = is_unique(object);
  if (unique) __tsan_acquire(object);
  return unique;
}

// The one hand-over that the runtime does not tell of: a continuation that was resumed before it is awaited.
void *swift_task_getCurrent(void);
typedef __attribute__((swiftasynccall)) void await_function(void *);

__attribute__((swiftasynccall, disable_sanitizer_instrumentation)) void swift_continuation_await(void *continuation) {
  static await_function *await;
  if (!await) await = (await_function *)THE_LIBRARYS("swift_continuation_await");
  __tsan_acquire(swift_task_getCurrent());
  __attribute__((musttail)) return await(continuation);
}

#endif
