#include "CSystem.h"

#include <string.h>
#include <time.h>

// Key shares and signatures that are sound today, and that scanners expect (Mozilla's "intermediate" has these curves and
// no others); every client of TLS 1.2 has P-256.
static const char groups[] = "X25519:P-256:P-384";
#define SOUND_SIGNATURES \
  "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:" \
  "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512"

// Without a callback OpenSSL would ask the terminal for the passphrase of an encrypted key.
static int no_passphrase(char *buffer, int size, int writing, void *context) { return 0; }

// We speak HTTP/1.1 only. A client that offers protocols and not this one is refused (RFC 7301 3.2); one that offers
// none is taken to speak it.
static int select_http11(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
                         unsigned int in_size, void *context) {
  static const unsigned char offered[] = "\x08http/1.1";
  unsigned char *chosen = NULL;
  if (SSL_select_next_proto(&chosen, out_size, offered, sizeof offered - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *ostler_tls_context(int server, const char *ciphers, int legacy_signatures) {
  SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  if (!context) return NULL;
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  if (server) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Sessions live in tickets at the client; a cache here would only grow.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (server) SSL_CTX_set_alpn_select_cb(context, select_http11, NULL);
  // Level 2 refuses keys below 112 bits and SHA-1, whatever the system's own settings say.
  SSL_CTX_set_security_level(context, legacy_signatures ? 0 : 2);
  if (!SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) || !SSL_CTX_set_cipher_list(context, ciphers) ||
      !SSL_CTX_set1_groups_list(context, groups) ||
      !SSL_CTX_set1_sigalgs_list(context, legacy_signatures ? SOUND_SIGNATURES ":ECDSA+SHA1:RSA+SHA1" : SOUND_SIGNATURES)) {
    SSL_CTX_free(context);
    return NULL;
  }
  return context;
}

int ostler_tls_identity(SSL_CTX *context, const void *chain, int chain_size, const void *key, int key_size) {
  int outcome = OSTLER_PEM_BAD_CHAIN;
  X509 *leaf = NULL, *next = NULL;
  EVP_PKEY *private_key = NULL;
  STACK_OF(X509) *rest = sk_X509_new_null();
  BIO *chain_bio = BIO_new_mem_buf(chain, chain_size), *key_bio = BIO_new_mem_buf(key, key_size);
  if (!rest || !chain_bio || !key_bio) goto end;
  leaf = PEM_read_bio_X509(chain_bio, NULL, no_passphrase, NULL);
  if (!leaf) goto end;
  while ((next = PEM_read_bio_X509(chain_bio, NULL, no_passphrase, NULL))) sk_X509_push(rest, next);
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) goto end;
  ERR_clear_error();
  outcome = OSTLER_PEM_BAD_KEY;
  private_key = PEM_read_bio_PrivateKey(key_bio, NULL, no_passphrase, NULL);
  if (!private_key) goto end;
  outcome = OSTLER_PEM_KEY_MISMATCH;
  if (X509_check_private_key(leaf, private_key) != 1) goto end;
  outcome = OSTLER_PEM_REFUSED;
  // Refuses a second certificate of one kind of key, which would silently take the place of the first.
  if (SSL_CTX_use_cert_and_key(context, leaf, private_key, rest, 0) == 1) outcome = OSTLER_PEM_OK;
end:
  sk_X509_pop_free(rest, X509_free);
  X509_free(leaf);
  EVP_PKEY_free(private_key);
  BIO_free(chain_bio);
  BIO_free(key_bio);
  return outcome;
}

int ostler_tls_trust(SSL_CTX *context, const void *pem, int size, int name_to_clients) {
  int count = 0;
  X509 *authority = NULL;
  BIO *bio = BIO_new_mem_buf(pem, size);
  if (!bio) return -1;
  // Whoever names an intermediate authority, or one server's own certificate, means exactly that one.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
  while ((authority = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
    int good = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority);
    if (good && name_to_clients) good = SSL_CTX_add_client_CA(context, authority);
    X509_free(authority);
    if (!good) { count = -1; break; }
    count++;
  }
  if (count >= 0 && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) count = -1;
  ERR_clear_error();
  BIO_free(bio);
  return count;
}

int ostler_tls_revoke(SSL_CTX *context, const void *lists, int size, int64_t *ends) {
  int count = 0;
  X509_STORE *store = SSL_CTX_get_cert_store(context);
  const unsigned char *der = lists;
  // Authorities publish their lists in DER as often as in PEM.
  int is_der = size > 0 && der[0] == 0x30;
  BIO *bio = BIO_new_mem_buf(lists, size);
  if (!bio) return -1;
  for (;;) {
    X509_CRL *list = is_der ? d2i_X509_CRL_bio(bio, NULL) : PEM_read_bio_X509_CRL(bio, NULL, no_passphrase, NULL);
    if (!list) break;
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(list);
    int64_t end = next ? ostler_asn1_seconds(next) : INT64_MAX;
    if (end < *ends) *ends = end;
    int good = X509_STORE_add_crl(store, list);
    X509_CRL_free(list);
    if (!good) { count = -1; break; }
    count++;
    if (is_der && BIO_pending(bio) == 0) break;
  }
  if (count > 0 && !is_der && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) count = -1;
  if (count > 0) ERR_clear_error();
  BIO_free(bio);
  if (count > 0) X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return count;
}

// Where a connection keeps the certificate that it refused.
static int refused_index = -1;

static void free_refused(void *parent, void *certificate, CRYPTO_EX_DATA *data, int index, long number, void *pointer) {
  X509_free(certificate);
}

static void make_index(void) { refused_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_refused); }

static int judged(int good, X509_STORE_CTX *check, int lists_may_lack) {
  if (good) return 1;
  int error = X509_STORE_CTX_get_error(check);
  // A revocation list that is out of date, or was written before a clock was set back, still says who was revoked, and a
  // missing new one must not shut all stations out; authorities above the leaf need no list of their own.
  if (error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID ||
      (error == X509_V_ERR_UNABLE_TO_GET_CRL && (lists_may_lack || X509_STORE_CTX_get_error_depth(check) > 0))) {
    X509_STORE_CTX_set_error(check, X509_V_OK);
    return 1;
  }
  SSL *ssl = X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
  X509 *leaf = X509_STORE_CTX_get0_cert(check);
  if (ssl && leaf && !SSL_get_ex_data(ssl, refused_index) && X509_up_ref(leaf)) SSL_set_ex_data(ssl, refused_index, leaf);
  return 0;
}

static int verified(int good, X509_STORE_CTX *check) { return judged(good, check, 0); }
static int verified_without_list(int good, X509_STORE_CTX *check) { return judged(good, check, 1); }

void ostler_tls_verify(SSL_CTX *context, int mode, int lists_may_lack) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_index);
  SSL_CTX_set_verify(context, mode, lists_may_lack ? verified_without_list : verified);
}

X509 *ostler_tls_refused(SSL *ssl) { return refused_index < 0 ? NULL : SSL_get_ex_data(ssl, refused_index); }

int ostler_tls_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }

int ostler_x509_name_part(const X509_NAME *name, int nid, char *buffer, int size) {
  int index = X509_NAME_get_index_by_NID((X509_NAME *)name, nid, -1);
  if (index < 0) return -1;
  unsigned char *text = NULL;
  int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (length < 0) return -1;
  if (length > size) length = size;
  memcpy(buffer, text, length);
  OPENSSL_free(text);
  return length;
}

int ostler_x509_serial(const X509 *certificate, char *buffer, int size) {
  BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
  char *hex = number ? BN_bn2hex(number) : NULL;
  int length = hex ? (int)strlen(hex) : -1;
  if (length > size) length = -1;
  if (length > 0) memcpy(buffer, hex, length);
  OPENSSL_free(hex);
  BN_free(number);
  return length;
}

int64_t ostler_asn1_seconds(const ASN1_TIME *time) {
  struct tm fields;
  memset(&fields, 0, sizeof fields);
  if (!ASN1_TIME_to_tm(time, &fields)) return INT64_MIN;
  return (int64_t)timegm(&fields);
}

int ostler_tls_reason(unsigned long code) { return ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0; }
