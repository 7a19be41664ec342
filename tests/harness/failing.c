/* Loaded before libc: lets writes below a folder fail from the n-th on, for as long as is said.
   LACEBARK_FAIL_BELOW folder, _AT first write that fails, _TIMES how many fail (0: all after it),
   _WITH errno (0: the process is killed before it), _SOCKETS what goes to sockets counts too,
   _COUNT file that is told how many writes there were when the process ends, _TRACE file that gets
   a letter for what is done to a write-ahead log (w written, s synced) and D for a DELE that is sent. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long seen = 0;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static long setting(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

static int fails(int fd) {
  const char *below = getenv("LACEBARK_FAIL_BELOW");
  char link[64], path[PATH_MAX];
  if (!below) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  int is_socket = getenv("LACEBARK_FAIL_SOCKETS") && strncmp(path, "socket:", 7) == 0;
  if (!is_socket && strncmp(path, below, strlen(below)) != 0) return 0;
  pthread_mutex_lock(&lock);
  long now = ++seen;
  pthread_mutex_unlock(&lock);
  long at = setting("LACEBARK_FAIL_AT"), times = setting("LACEBARK_FAIL_TIMES");
  if (at == 0 || now < at || (times != 0 && now >= at + times)) return 0;
  errno = (int)setting("LACEBARK_FAIL_WITH");
  if (errno == 0) kill(getpid(), SIGKILL);
  return 1;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("LACEBARK_FAIL_COUNT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", seen);
  fclose(file);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void trace(int fd, char what, const void *bytes, size_t count) {
  const char *to = getenv("LACEBARK_FAIL_TRACE"), *below = getenv("LACEBARK_FAIL_BELOW");
  char link[64], path[PATH_MAX];
  if (!to || !below) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = 0;
  if (strncmp(path, "socket:", 7) == 0) {
    if (!bytes || !memmem(bytes, count, "DELE ", 5)) return;
    what = 'D';
  } else if (strncmp(path, below, strlen(below)) != 0 || !strstr(path, "-wal")) {
    return;
  }
  int file = open(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  if (REAL(write)(file, &what, 1) != 1) abort();
  close(file);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  trace(fd, 'w', bytes, count);
  return fails(fd) ? -1 : REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  trace(fd, 'w', bytes, count);
  return fails(fd) ? -1 : REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  trace(fd, 'w', bytes, count);
  return fails(fd) ? -1 : REAL(pwrite64)(fd, bytes, count, at);
}
int ftruncate(int fd, off_t length) { return fails(fd) ? -1 : REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { return fails(fd) ? -1 : REAL(ftruncate64)(fd, length); }
int fsync(int fd) {
  trace(fd, 's', NULL, 0);
  return fails(fd) ? -1 : REAL(fsync)(fd);
}
int fdatasync(int fd) {
  trace(fd, 's', NULL, 0);
  return fails(fd) ? -1 : REAL(fdatasync)(fd);
}
int posix_fallocate(int fd, off_t at, off_t length) {
  return fails(fd) ? errno : REAL(posix_fallocate)(fd, at, length);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  for (int n = 0; n < count; n++) trace(fd, 'w', parts[n].iov_base, parts[n].iov_len);
  return fails(fd) ? -1 : REAL(writev)(fd, parts, count);
}
ssize_t send(int fd, const void *bytes, size_t count, int flags) {
  trace(fd, 'w', bytes, count);
  return fails(fd) ? -1 : REAL(send)(fd, bytes, count, flags);
}
