#include "CResources.h"

// #embed is C23, and clang 19 or later has it in every edition of C, with a remark.
#pragma clang diagnostic ignored "-Wc23-extensions"
#include "files.h"

#define FILE_ENTRY(path, bytes) {path, bytes, bytes + sizeof(bytes) - 1},

// The closing entry keeps the table legal C when no file is listed; it is not counted.
static const struct ostler_resource resources[] = {FILES(FILE_ENTRY){0, 0, 0}};

const struct ostler_resource *ostler_resources(size_t *count) {
  *count = sizeof(resources) / sizeof(resources[0]) - 1;
  return resources;
}
