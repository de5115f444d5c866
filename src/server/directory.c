/* The descriptor is opened once and kept: a directory that is moved, or whose
 * parents may not be searched any more, is served on. */
#include "config.h"

#include "server/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

#define DIRECTORY_FLAGS (O_DIRECTORY | O_CLOEXEC)
/* openat2 may see that the tree was changed while it looked. */
#define MAX_TRIES 16

static bool is_readable(int fd)
{
    return faccessat(fd, ".", R_OK | X_OK, AT_EACCESS) == 0;
}

static int open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | DIRECTORY_FLAGS);

    if (fd < 0)
        return -1;
    if (!is_readable(fd)) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

bool directory_open(struct directory *directory, const char *path)
{
    int fd = open_directory(path);

    if (fd < 0)
        return false;
    directory->path = path;
    directory->fd = fd;
    pthread_mutex_init(&directory->lock, NULL);
    return true;
}

bool directory_is_readable(const struct directory *directory)
{
    return is_readable(directory->fd);
}

void directory_close(struct directory *directory)
{
    close(directory->fd);
    pthread_mutex_destroy(&directory->lock);
}

bool directory_reopen(struct directory *directory)
{
    int fd = open_directory(directory->path);
    int before;

    if (fd < 0)
        return false;
    pthread_mutex_lock(&directory->lock);
    before = directory->fd;
    directory->fd = fd;
    pthread_mutex_unlock(&directory->lock);
    close(before);
    return true;
}

/* A file on a dead network mount may take for ever to be opened: nobody shall
 * wait for the lock meanwhile, least of all the thread of the signals. */
static int duplicate(struct directory *directory)
{
    int fd;

    pthread_mutex_lock(&directory->lock);
    fd = fcntl(directory->fd, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_unlock(&directory->lock);
    return fd;
}

int directory_open_file(struct directory *directory, const char *path)
{
    const int directory_fd = duplicate(directory);
    int fd, error;

    if (directory_fd < 0)
        return -1;
    fd = directory_open_beneath(directory_fd, path);
    error = errno;
    close(directory_fd);
    errno = error;
    return fd;
}

int directory_open_beneath(int directory_fd, const char *path)
{
    struct open_how how = {.flags = FILE_OPEN_FLAGS,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    int fd;

    for (int tries = 0; tries < MAX_TRIES; tries++) {
        fd = (int)syscall(SYS_openat2, directory_fd, path, &how, sizeof(how));
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    /* A kernel before 5.6, or a sandbox that does not know the call. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
        return directory_walk_beneath(directory_fd, path);
    return fd;
}

/* The component that `path` begins with, and where the next one begins. False
 * when it is none that stays where it is. */
static bool next_component(const char **path, char component[NAME_MAX + 1])
{
    size_t length = strcspn(*path, "/");

    if (length > NAME_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(component, *path, length);
    component[length] = '\0';
    if (length == 0 || strcmp(component, "..") == 0) {
        errno = EXDEV;
        return false;
    }
    *path += length;
    *path += strspn(*path, "/");
    return true;
}

int directory_walk_beneath(int directory_fd, const char *path)
{
    char component[NAME_MAX + 1];
    int at = directory_fd;
    int fd = -1;

    while (next_component(&path, component)) {
        bool is_last = *path == '\0';
        int error;

        fd = openat(at, component,
                    O_NOFOLLOW |
                        (is_last ? FILE_OPEN_FLAGS : O_PATH | DIRECTORY_FLAGS));
        error = errno;
        if (at != directory_fd)
            close(at);
        errno = error;
        if (fd < 0 || is_last)
            return fd;
        at = fd;
    }
    if (at != directory_fd) {
        int error = errno;

        close(at);
        errno = error;
    }
    return -1;
}
