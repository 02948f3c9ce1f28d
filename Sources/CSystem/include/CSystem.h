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

#include <pthread.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/uio.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif

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

/// A number that no two running threads share.
static inline uintptr_t ostler_current_thread(void) { return (uintptr_t)pthread_self(); }

/// From now on the signal does nothing but put a byte into a pipe whose reading end is returned: -1 on failure. Call it
/// from one thread at a time. The pipe stays open for the life of the process.
int ostler_catch_signal(int signal_number);
/// The signal has its default effect again.
void ostler_release_signal(int signal_number);

// TLS: what OpenSSL offers only as macros, or what needs its typed stacks.
enum { OSTLER_PEM_OK = 0, OSTLER_PEM_BAD_CHAIN, OSTLER_PEM_BAD_KEY, OSTLER_PEM_KEY_MISMATCH, OSTLER_PEM_REFUSED };

SSL_CTX *ostler_tls_context(int server, const char *ciphers);
/// Installs one certificate chain (leaf first) with its key; one of OSTLER_PEM_*.
int ostler_tls_identity(SSL_CTX *context, const void *chain, int chain_size, const void *key, int key_size);
/// Trusts every certificate of a PEM text; how many there were, or -1. A server may also name them to its clients.
int ostler_tls_trust(SSL_CTX *context, const void *pem, int size, int name_to_clients);
int ostler_tls_set_server_name(SSL *ssl, const char *name);
/// The first entry of that kind in UTF-8, cut at size; its length, or -1.
int ostler_x509_name_part(const X509_NAME *name, int nid, char *buffer, int size);
/// The serial number in upper-case hex; its length, or -1.
int ostler_x509_serial(const X509 *certificate, char *buffer, int size);
/// Seconds since 1970 in UTC, INT64_MIN when the time cannot be read.
int64_t ostler_asn1_seconds(const ASN1_TIME *time);
int ostler_error_reason(unsigned long code);
