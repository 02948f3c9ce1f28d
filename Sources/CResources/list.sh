#!/bin/sh
# Writes files.h, the list of the files that travel inside the binary. It touches files.h only when the list changed.
# Contents need no list: the compiler reads each file through #embed and the build rebuilds when one changes.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../../Resources"
list=../Sources/CResources/files.h

found=$(for place in Admin Migrations i18n openapi.json station-presets.json; do
  if [ -e "$place" ]; then find -L "$place" -name '.*' -prune -o -type f -print; fi
done | sort)

# A path becomes a C name and a C string, so it is kept to what needs no escape in either.
odd=$(printf '%s\n' "$found" | grep '[^A-Za-z0-9._/-]' || true)
if [ -n "$odd" ]; then
  printf 'A resource is named with letters, digits, dots, dashes and underscores:\n%s\n' "$odd" >&2
  exit 1
fi

printf '%s\n' "$found" | awk '
  BEGIN { print "// Written by `make resources`: one array for each file of Resources/ that the binary carries, and their list." }
  $0 != "" {
    name = $0
    gsub(/[^A-Za-z0-9]/, "_", name)
    name = "file_" name
    if (name in taken) { print "Two resources differ only in punctuation: " taken[name] " and " $0 > "/dev/stderr"; exit 1 }
    taken[name] = $0
    print "static const unsigned char " name "[] = {"
    print "#embed \"../../Resources/" $0 "\" suffix(, 0) if_empty(0)"
    print "};"
    entries = entries " \\\n  FILE(\"" $0 "\", " name ")"
  }
  END { print "#define FILES(FILE)" entries }
' > "$list.new" || { rm -f "$list.new"; exit 1; }

if cmp -s "$list.new" "$list"; then rm "$list.new"; else mv "$list.new" "$list"; fi
