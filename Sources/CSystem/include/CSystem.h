// One door to the C libraries and to the few Linux calls that Swift cannot see.
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sqlite3.h>
#include <zlib.h>

#include <pthread.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/uio.h>
#ifdef __linux__
#include <malloc.h>
#include <sys/epoll.h>
#endif

/// Tells SQLite not to count the bytes that it uses, which costs a lock at every allocation, and to keep pages apart.
/// Before the first connection; once is enough. The function behind it is variadic, which Swift cannot import.
void ostler_sqlite_prepare(void);

/// From now on pages of SQLite's files lie in a room of their own.
void ostler_keep_pages_apart(void);
/// Gives the system back what no page lies in.
void ostler_give_back_pages(void);

/// At most so many arenas of malloc from now on. Threads of libdispatch come and go, each takes an arena of its own, and
/// what a rush of stations leaves free in one is of no use to the others. Without effect where malloc is not glibc's.
void ostler_bound_arenas(int count);

/// SHA-256 into 32 bytes; 0 where OpenSSL has none. OpenSSL looks an algorithm up by its name each time it is used, which
/// takes longer than the digest of a short text: this looks once.
int ostler_sha256(const void *bytes, size_t count, unsigned char *digest);

/// sqlite3_bind_text/blob with SQLITE_TRANSIENT, whose macro is a cast that Swift cannot import.
int ostler_bind_text(sqlite3_stmt *statement, int index, const char *text, int bytes);
int ostler_bind_blob(sqlite3_stmt *statement, int index, const void *blob, int bytes);

// Sockets: every descriptor made here is non-blocking and closed on exec. All return -1 with errno set on failure.
int ostler_socket(int family);
int ostler_accept(int listener, struct sockaddr_storage *peer, socklen_t *size);
/// Makes a descriptor that somebody else opened non-blocking and closed on exec.
int ostler_adopt(int descriptor);
/// TCP_NODELAY and SO_KEEPALIVE; without effect on sockets that are not TCP.
void ostler_tune(int descriptor, int keepalive_idle_seconds);
/// The next close() sends RST and drops what the kernel still holds for this peer.
void ostler_reset_on_close(int descriptor);
/// Takes the pending error of a socket (0: none).
int ostler_socket_error(int descriptor);
/// sendmsg() that never raises SIGPIPE.
ssize_t ostler_send(int descriptor, const struct iovec *parts, int count);
ssize_t ostler_receive(int descriptor, void *buffer, size_t size);

/// From now on the calling thread gets of a busy processor what the others leave; without effect where threads have no
/// priorities of their own.
void ostler_lower_priority(void);

/// Whether the kernel knows that a time service keeps its clock right; 1 also where that cannot be asked.
int ostler_clock_is_kept(void);

/// A number that no two running threads share.
static inline uintptr_t ostler_current_thread(void) { return (uintptr_t)pthread_self(); }

/// From now on the signal does nothing but put a byte into a pipe whose reading end is returned: -1 on failure. Call it
/// from one thread at a time. The pipe stays open for the life of the process.
int ostler_catch_signal(int signal_number);
/// The signal has its default effect again.
void ostler_release_signal(int signal_number);

// TLS: what OpenSSL offers only as macros, or what needs its typed stacks.
enum { OSTLER_PEM_OK = 0, OSTLER_PEM_BAD_CHAIN, OSTLER_PEM_BAD_KEY, OSTLER_PEM_KEY_MISMATCH, OSTLER_PEM_REFUSED };

/// `legacy_signatures` also allows SHA-1, for peers that name no signature algorithms.
SSL_CTX *ostler_tls_context(int server, const char *ciphers, int legacy_signatures);
/// Installs one certificate chain (leaf first) with its key; one of OSTLER_PEM_*.
int ostler_tls_identity(SSL_CTX *context, const void *chain, int chain_size, const void *key, int key_size);
/// Trusts every certificate of a PEM text; how many there were, or -1. A server may also name them to its clients.
int ostler_tls_trust(SSL_CTX *context, const void *pem, int size, int name_to_clients);
/// Adds revocation lists (PEM, or DER): how many there were, or -1. From then on the peer's own certificate must be of an
/// authority with a list. `ends` becomes the first time at which one of them is due to be renewed, if it is earlier.
int ostler_tls_revoke(SSL_CTX *context, const void *lists, int size, int64_t *ends);
/// Verifies peers, and remembers the certificate that is refused. `lists_may_lack`: a certificate whose authority has no
/// revocation list is taken all the same.
void ostler_tls_verify(SSL_CTX *context, int mode, int lists_may_lack);
/// The certificate that this connection refused, or NULL; it belongs to the connection.
X509 *ostler_tls_refused(SSL *ssl);
int ostler_tls_set_server_name(SSL *ssl, const char *name);
/// The first entry of that kind in UTF-8, cut at size; its length, or -1.
int ostler_x509_name_part(const X509_NAME *name, int nid, char *buffer, int size);
/// The serial number in upper-case hex; its length, or -1.
int ostler_x509_serial(const X509 *certificate, char *buffer, int size);
/// Seconds since 1970 in UTC, INT64_MIN when the time cannot be read.
int64_t ostler_asn1_seconds(const ASN1_TIME *time);
/// The SSL_R_* of an error of OpenSSL, or 0 where it is not one of TLS itself: other libraries use the same numbers.
int ostler_tls_reason(unsigned long code);
