// The limit: what one core can answer when nothing is decided and nothing is kept. A WebSocket server on epoll that finds
// the id and the action of an OCPP call and sends a canned reply. Ostler's figures are given as ratios to it.
//
//   limit PORT [CERTIFICATE KEY]     (127.0.0.1; PORT 0: the system's choice, printed; with PEM files it speaks TLS)
//
// A request without an upgrade, for /bytes/N, gets as many bytes at once: what an HTTP answer of that size costs. A call
// FanOut of one station is passed on to all that never charged, and answered when they all have answered.
//
// It trusts its client: frames below 64 kB, no fragments, and replies that always fit the socket's buffer.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ = 1 << 16, BATCH = 256 };

struct station {
  int fd;
  SSL *tls;         // NULL on a plain connection
  struct station *next, *before;
  int open;         // the upgrade is done
  int charges;      // it has begun a transaction
  size_t left;      // bytes of an unfinished frame or head
  uint8_t *kept;
};

static uint8_t in[2 * READ], out[2 * READ], body[1 << 20];
static SSL_CTX *context;
static struct station all = {.next = &all, .before = &all};
static struct station *caller;   // the one whose FanOut is under way
static long unanswered;
static char fan_id[37];
static long transactions;

static void need(int good, const char *what) {
  if (good) return;
  perror(what);
  exit(1);
}

static void drop(struct station *s) {
  if (caller == s) caller = NULL;
  s->next->before = s->before;
  s->before->next = s->next;
  SSL_free(s->tls);
  close(s->fd);
  free(s->kept);
  free(s);
}

static int send_all(struct station *s, const void *bytes, size_t size) {
  if (size == 0) return 1;
  return (s->tls ? SSL_write(s->tls, bytes, size) : send(s->fd, bytes, size, MSG_NOSIGNAL)) == (ssize_t)size;
}

// Reads what is there; 0 at the end or when the connection is broken, -1 when there is nothing yet.
static ssize_t receive(struct station *s, void *to, size_t size) {
  if (!s->tls) {
    ssize_t count = recv(s->fd, to, size, 0);
    return count < 0 ? (errno == EAGAIN ? -1 : 0) : count;
  }
  int count = SSL_read(s->tls, to, size);
  if (count > 0) return count;
  int why = SSL_get_error(s->tls, count);
  return why == SSL_ERROR_WANT_READ ? -1 : 0;
}

// Answers a request that is no upgrade with as many bytes as its path says.
static int answer_bytes(struct station *s, const char *head) {
  size_t size = 0;
  if (sscanf(head, "GET /bytes/%zu", &size) != 1 || size > sizeof body - 256) return 0;
  int count = sprintf((char *)body, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
    size);
  memset(body + count, 'x', size);
  return send_all(s, body, count + size);
}

// Answers the upgrade; bytes used, 0 when the head is not whole yet, -1 when it is none.
static ssize_t upgrade(struct station *s, uint8_t *head, size_t size) {
  uint8_t *end = memmem(head, size, "\r\n\r\n", 4);
  if (!end) return 0;
  *end = 0;
  char *key = strcasestr((char *)head, "\r\nsec-websocket-key:"), text[128];
  if (!key) return answer_bytes(s, (char *)head) ? end + 4 - head : -1;
  key += strlen("\r\nsec-websocket-key:");
  key += strspn(key, " ");
  snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
  uint8_t digest[20], accept[32], reply[256];
  SHA1((uint8_t *)text, strlen(text), digest);
  EVP_EncodeBlock(accept, digest, sizeof digest);
  int count = snprintf((char *)reply, sizeof reply,
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n", accept);
  s->open = 1;
  return send_all(s, reply, count) ? end + 4 - head : -1;
}

// Puts a short text into an unmasked frame; bytes written.
static size_t framed(const char *text, size_t count, uint8_t *to) {
  size_t head = count < 126 ? 2 : 4;
  to[0] = 0x81;
  to[1] = count < 126 ? count : 126;
  if (head == 4) {
    to[2] = count >> 8;
    to[3] = count & 0xFF;
  }
  memcpy(to + head, text, count);
  return head + count;
}

// Asks all that rest for something.
static void fan_out(struct station *s, const char *id, int length) {
  const char *call = "[2,\"fan\",\"ClearCache\",{}]";
  uint8_t bytes[128];
  size_t size = framed(call, strlen(call), bytes);
  snprintf(fan_id, sizeof fan_id, "%.*s", length, id);
  caller = s;
  for (struct station *one = all.next; one != &all; one = one->next)
    if (one != s && one->open && !one->charges && send_all(one, bytes, size)) unanswered++;
}

// One of them has answered; the last one lets the caller know.
static void fanned(void) {
  if (!caller || unanswered == 0 || --unanswered) return;
  char reply[64];
  uint8_t bytes[80];
  send_all(caller, bytes, framed(reply, sprintf(reply, "[3,\"%s\",{}]", fan_id), bytes));
  caller = NULL;
}

// The canned reply to one call, as a frame; bytes written, 0 for what is no call.
static size_t answer(struct station *s, const uint8_t *call, size_t size, uint8_t *to) {
  if (size > 4 && (call[1] == '3' || call[1] == '4')) fanned();
  if (size < 8 || memcmp(call, "[2,\"", 4)) return 0;
  const uint8_t *id = call + 4, *id_end = memchr(id, '"', size - 4);
  if (!id_end || id_end - id > 36) return 0;
  const uint8_t *action = memchr(id_end + 1, '"', call + size - id_end - 1);
  if (!action) return 0;
  char reply[256];
  int count = snprintf(reply, sizeof reply, "[3,\"%.*s\",", (int)(id_end - id), id);
  const char *accepted = "{\"idTagInfo\":{\"status\":\"Accepted\"}}";
#define IS(name) (!memcmp(action + 1, name "\"", sizeof name))
  s->charges |= IS("StartTransaction");
  if (IS("FanOut")) return fan_out(s, (const char *)id, id_end - id), 0;
  if (IS("Heartbeat")) count += sprintf(reply + count, "{\"currentTime\":\"2026-01-01T00:00:00Z\"}");
  else if (IS("Authorize") || IS("StopTransaction")) count += sprintf(reply + count, "%s", accepted);
  else if (IS("StartTransaction"))
    count += sprintf(reply + count, "{\"idTagInfo\":{\"status\":\"Accepted\"},\"transactionId\":%ld}", ++transactions);
  else if (IS("BootNotification"))
    count += sprintf(reply + count,
      "{\"currentTime\":\"2026-01-01T00:00:00Z\",\"interval\":300,\"status\":\"Accepted\"}");
  else count += sprintf(reply + count, "{}");
  reply[count++] = ']';
  return framed(reply, count, to);
}

// Takes one frame off the bytes; its size, 0 when it is not whole, -1 to close. Replies gather in `out`.
static ssize_t frame(struct station *s, uint8_t *at, size_t size, size_t *waiting) {
  if (size < 6) return 0;
  size_t head = 6, length = at[1] & 0x7F;
  if (length == 127) return -1;
  if (length == 126) {
    if (size < 8) return 0;
    head = 8;
    length = at[2] << 8 | at[3];
  }
  if (size < head + length) return 0;
  if ((at[0] & 0x0F) == 8) return -1;
  uint8_t *mask = at + head - 4, *text = at + head;
  for (size_t i = 0; i < length; i++) text[i] ^= mask[i & 3];
  if ((at[0] & 0x0F) == 1 && *waiting < READ) *waiting += answer(s, text, length, out + *waiting);
  return head + length;
}

// Reads once and answers all that is whole; 0 to close.
static int serve(struct station *s) {
  if (s->left) memcpy(in, s->kept, s->left);
  ssize_t count = receive(s, in + s->left, READ);
  if (count <= 0) return count < 0;
  size_t size = s->left + count, at = 0, waiting = 0;
  while (at < size) {
    ssize_t used = s->open ? frame(s, in + at, size - at, &waiting) : upgrade(s, in + at, size - at);
    if (used < 0) return 0;
    if (used == 0) break;
    at += used;
  }
  free(s->kept);
  s->kept = NULL;
  if ((s->left = size - at)) {
    if (s->left > READ) return 0;
    s->kept = malloc(s->left);
    need(s->kept != NULL, "malloc");
    memcpy(s->kept, in + at, s->left);
  }
  return send_all(s, out, waiting);
}

int main(int argc, char **argv) {
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (argc > 3) {
    need((context = SSL_CTX_new(TLS_server_method())) != NULL, "TLS");
    // As Ostler's station door: no buffers while a connection rests.
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
    need(SSL_CTX_use_certificate_chain_file(context, argv[2]) == 1, "certificate");
    need(SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) == 1, "key");
  }
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), set = epoll_create1(0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  address.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  need(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  need(listen(listener, 1024) == 0, "listen");
  getsockname(listener, (struct sockaddr *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[BATCH];
  need(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
  for (;;) {
    int count = epoll_wait(set, ready, BATCH, -1);
    for (int i = 0; i < count; i++) {
      struct station *s = ready[i].data.ptr;
      if (s) {
        if (!serve(s)) drop(s);
        continue;
      }
      int fd;
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        s = calloc(1, sizeof *s);
        need(s != NULL, "calloc");
        s->fd = fd;
        s->next = &all;
        s->before = all.before;
        all.before->next = s;
        all.before = s;
        if (context) {
          need((s->tls = SSL_new(context)) != NULL && SSL_set_fd(s->tls, fd), "TLS");
          SSL_set_accept_state(s->tls);
        }
        event.data.ptr = s;
        need(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
      }
    }
  }
}
