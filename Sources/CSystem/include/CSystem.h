// One door to the C libraries and to the few Linux calls that Swift cannot see.
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sqlite3.h>
#include <zlib.h>

#include <sys/file.h>
#include <sys/socket.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif

/// sqlite3_bind_text/blob with SQLITE_TRANSIENT, whose macro is a cast that Swift cannot import.
int ostler_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes);
int ostler_bind_blob(sqlite3_stmt *statement, int index, const void *blob, int bytes);
