#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0  // where it is missing, SIGPIPE is ignored for the whole process
#endif

static int ready_for_loop(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
  return fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

int ostler_socket(int family) {
#ifdef __linux__
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
  int descriptor = socket(family, SOCK_STREAM, 0);
  if (descriptor >= 0 && ready_for_loop(descriptor) < 0) { close(descriptor); return -1; }
  return descriptor;
#endif
}

int ostler_accept(int listener, struct sockaddr_storage *peer, socklen_t *size) {
#ifdef __linux__
  return accept4(listener, (struct sockaddr *)peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
  int descriptor = accept(listener, (struct sockaddr *)peer, size);
  if (descriptor >= 0 && ready_for_loop(descriptor) < 0) { close(descriptor); return -1; }
  return descriptor;
#endif
}

int ostler_adopt(int descriptor) { return ready_for_loop(descriptor); }

void ostler_tune(int descriptor, int keepalive_idle_seconds) {
  int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef TCP_KEEPIDLE
  setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_idle_seconds, sizeof keepalive_idle_seconds);
#endif
}

void ostler_reset_on_close(int descriptor) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int ostler_socket_error(int descriptor) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

ssize_t ostler_send(int descriptor, const struct iovec *parts, int count) {
  struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = count};
  return sendmsg(descriptor, &message, MSG_NOSIGNAL);
}

ssize_t ostler_receive(int descriptor, void *buffer, size_t size) { return recv(descriptor, buffer, size, 0); }
