// How fast this disk keeps what it is told: rows of a meter reading's size into SQLite with `synchronous=FULL`, in groups
// and one by one. Prints one line of JSON: rows per second, and the processor's share of them in µs.
//
//   disk commits FOLDER SECONDS GROUP
//   disk read DATABASE                  how fast all columns of its CDRs are read

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static sqlite3 *db;
static sqlite3_stmt *row;

static void need(int code) {
  if (code == SQLITE_OK || code == SQLITE_DONE) return;
  fprintf(stderr, "disk: %s\n", db ? sqlite3_errmsg(db) : "the file cannot be opened");
  exit(1);
}

static void run(const char *sql) { need(sqlite3_exec(db, sql, NULL, NULL, NULL)); }

static double wall(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

static double cpu(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

// Writes groups of rows for a while.
static void measure(const char *name, int group, double seconds, const char *end) {
  static long number;
  static char text[560];
  memset(text, 'x', sizeof text);
  double from = wall(), busy = cpu();
  long rows = 0;
  while (wall() - from < seconds) {
    run("BEGIN IMMEDIATE");
    for (int i = 0; i < group; i++) {
      sqlite3_bind_int64(row, 1, ++number);
      sqlite3_bind_int64(row, 2, number % 200);
      sqlite3_bind_text(row, 3, text, sizeof text, SQLITE_STATIC);
      need(sqlite3_step(row));
      sqlite3_reset(row);
    }
    run("COMMIT");
    rows += group;
  }
  printf("\"%s\": {\"rows_per_second\": %.0f, \"us_per_row\": %.2f, \"cpu_us_per_row\": %.2f}%s", name,
    rows / (wall() - from), (wall() - from) * 1e6 / rows, (cpu() - busy) * 1e6 / rows, end);
}

// Reads every column of every CDR in the order of an export, and writes them where nobody looks.
static int read_all(const char *file) {
  FILE *nowhere = fopen("/dev/null", "w");
  need(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL));
  need(sqlite3_prepare_v2(db, "SELECT * FROM cdr ORDER BY id", -1, &row, NULL));
  double from = wall(), busy = cpu();
  long rows = 0;
  int code;
  for (; (code = sqlite3_step(row)) == SQLITE_ROW; rows++)
    for (int i = 0; i < sqlite3_column_count(row); i++) {
      const char *text = (const char *)sqlite3_column_text(row, i);
      fprintf(nowhere, "%s,", text ? text : "");
    }
  need(code);
  printf("{\"rows_per_second\": %.0f, \"cpu_us_per_row\": %.2f}\n", rows / (wall() - from), (cpu() - busy) * 1e6 / rows);
  sqlite3_finalize(row);
  sqlite3_close(db);
  fclose(nowhere);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "read")) return read_all(argv[2]);
  if (argc != 5 || strcmp(argv[1], "commits")) return fprintf(stderr, "disk commits FOLDER SECONDS GROUP\ndisk read DATABASE\n"), 2;
  char file[1024];
  const char *const parts[] = {"", "-wal", "-shm"};
  snprintf(file, sizeof file, "%s/commits.db", argv[2]);
  need(sqlite3_open(file, &db));
  run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  run("CREATE TABLE reading (id INTEGER PRIMARY KEY, station INTEGER NOT NULL, raw TEXT NOT NULL)");
  need(sqlite3_prepare_v2(db, "INSERT INTO reading VALUES (?1, ?2, ?3)", -1, &row, NULL));
  printf("{");
  measure("grouped", atoi(argv[4]), atof(argv[3]), ", ");
  measure("single", 1, atof(argv[3]), "}\n");
  sqlite3_finalize(row);
  sqlite3_close(db);
  for (int i = 0; i < 3; i++) {
    char path[1100];
    snprintf(path, sizeof path, "%s%s", file, parts[i]);
    unlink(path);
  }
}
