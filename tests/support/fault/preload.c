/* preload.c: loaded before a tool with LD_PRELOAD, fails or kills it at the Nth call that writes to a file.
 *
 * Counted are write, pwrite, writev, fsync, fdatasync, ftruncate, close on regular files, and rename, renameat,
 * renameat2, unlink, whatever the thread, in the process that loaded it but not in its forked children. Closing what
 * was only read is not counted: nothing can be lost there.
 * From the environment, read once:
 *   FAULT_AT      N, from 1; 0 or absent: only count
 *   FAULT_ACTION  kill: SIGKILL before the call; eio, einval: the call fails with that error and does nothing;
 *                 full: this and every later call that needs space fails with ENOSPC
 *   FAULT_ONLY    count calls of this name alone: write, pwrite, writev, ftruncate, fsync, close, rename, renameat2,
 *                 unlink
 *   FAULT_CALLS   file that gets the name of every counted call, a line each
 * A close that fails has closed the descriptor, as on Linux. unlink can be killed at but does not fail. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;
static pid_t self; /* forked children, which walk foreign HDF5 files, are not the victim */
static long fault_at;
static int fault_errno;
static int disk_full;
static const char* only_call;
static int names = -1; /* descriptor of FAULT_CALLS */

__attribute__((constructor)) static void read_environment(void) {
  self = getpid();
  const char* at = getenv("FAULT_AT");
  const char* action = getenv("FAULT_ACTION");
  fault_at = at ? atol(at) : 0;
  only_call = getenv("FAULT_ONLY");
  disk_full = action != NULL && strcmp(action, "full") == 0;
  fault_errno = EIO;
  if (action == NULL || strcmp(action, "kill") == 0) fault_errno = 0;
  if (action != NULL && strcmp(action, "einval") == 0) fault_errno = EINVAL;
  if (disk_full) fault_errno = ENOSPC;
  const char* file = getenv("FAULT_CALLS");
  if (file != NULL) names = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int needs_space(const char* name) { return strstr(name, "write") != NULL || strcmp(name, "ftruncate") == 0; }

/* Past our own write(): it is not counted. */
static void note(const char* name) {
  char line[32];
  const int size = snprintf(line, sizeof line, "%s\n", name);
  if (names >= 0 && syscall(SYS_write, names, line, (size_t)size) != size) abort();
}

/* True when this call is to fail; does not return when it is to kill. */
static int is_fault(const char* name) {
  if (getpid() != self || (only_call != NULL && strcmp(only_call, name) != 0)) return 0;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  note(name);
  if (fault_at == 0 || call < fault_at) return 0;
  if (disk_full ? !needs_space(name) : call > fault_at) return 0;
  if (fault_errno == 0) kill(getpid(), SIGKILL);
  errno = fault_errno;
  return 1;
}

static int is_regular(int fd) {
  struct stat info;
  const int saved = errno;
  const int regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  errno = saved;
  return regular;
}

static int is_written(int fd) { return is_regular(fd) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY; }

/* ISO C has no conversion from void* to function pointers; POSIX asks for this one. */
static void* next(const char* name) { return dlsym(RTLD_NEXT, name); }
#define NEXT(result, name, ...)       \
  static result (*real)(__VA_ARGS__); \
  if (real == NULL) *(void**)(&real) = next(name)

ssize_t write(int fd, const void* data, size_t size) {
  NEXT(ssize_t, "write", int, const void*, size_t);
  return is_regular(fd) && is_fault("write") ? -1 : real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  NEXT(ssize_t, "writev", int, const struct iovec*, int);
  return is_regular(fd) && is_fault("writev") ? -1 : real(fd, parts, count);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  NEXT(ssize_t, "pwrite", int, const void*, size_t, off_t);
  return is_regular(fd) && is_fault("pwrite") ? -1 : real(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  NEXT(ssize_t, "pwrite64", int, const void*, size_t, off64_t);
  return is_regular(fd) && is_fault("pwrite") ? -1 : real(fd, data, size, offset);
}

int fsync(int fd) {
  NEXT(int, "fsync", int);
  return is_fault("fsync") ? -1 : real(fd);
}

int fdatasync(int fd) {
  NEXT(int, "fdatasync", int);
  return is_fault("fsync") ? -1 : real(fd);
}

int ftruncate(int fd, off_t size) {
  NEXT(int, "ftruncate", int, off_t);
  return is_fault("ftruncate") ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  NEXT(int, "ftruncate64", int, off64_t);
  return is_fault("ftruncate") ? -1 : real(fd, size);
}

int close(int fd) {
  NEXT(int, "close", int);
  if (!is_written(fd) || !is_fault("close")) return real(fd);
  real(fd);
  errno = fault_errno;
  return -1;
}

int rename(const char* from, const char* to) {
  NEXT(int, "rename", const char*, const char*);
  return is_fault("rename") ? -1 : real(from, to);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  NEXT(int, "renameat", int, const char*, int, const char*);
  return is_fault("rename") ? -1 : real(from_folder, from, to_folder, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  NEXT(int, "renameat2", int, const char*, int, const char*, unsigned);
  return is_fault("renameat2") ? -1 : real(from_folder, from, to_folder, to, flags);
}

int unlink(const char* path) {
  NEXT(int, "unlink", const char*);
  const int saved = errno;
  (void)is_fault("unlink");
  errno = saved;
  return real(path);
}
