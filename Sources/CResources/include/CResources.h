// The files of Resources/ that travel inside the binary: the page, the migrations, the translations.
#pragma once

#include <stddef.h>

/// One embedded file. The bytes live in the binary's read-only data for as long as the process does, so they are read
/// in place and never freed. A zero byte that `end` does not count follows them: a text may be handed to C as it is.
struct ostler_resource {
  const char *path;  ///< below Resources/, with slashes: "Migrations/0001.sql"
  const unsigned char *start;
  const unsigned char *end;  ///< one past the last byte
};

/// All embedded files, sorted by the bytes of their path. Never NULL, also when there are none.
const struct ostler_resource *ostler_resources(size_t *count);
