/* Landlock by its system calls, with the numbers of the kernel's interface:
 * <linux/landlock.h> may be older than the kernel. A kernel that knows less
 * forbids less; what is beyond its ABI must not be asked for. */
#include "config.h"

#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define CREATE_RULESET_VERSION 1u
#define RULE_PATH_BENEATH 1

#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_OF_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

struct ruleset_attr {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* from ABI 4 on */
    uint64_t scoped;             /* from ABI 6 on */
};

struct path_beneath_attr {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

static struct ruleset_attr all_of(int abi, bool keeps_abstract)
{
    struct ruleset_attr attr = {.handled_access_fs = FS_OF_ABI_1};

    if (abi >= 2)
        attr.handled_access_fs |= FS_REFER;
    if (abi >= 3)
        attr.handled_access_fs |= FS_TRUNCATE;
    if (abi >= 4)
        attr.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= 5)
        attr.handled_access_fs |= FS_IOCTL_DEV;
    if (abi >= 6)
        attr.scoped =
            SCOPE_SIGNAL | (keeps_abstract ? 0 : SCOPE_ABSTRACT_UNIX_SOCKET);
    return attr;
}

bool landlock_begin(struct landlock *landlock, bool keeps_abstract)
{
    struct ruleset_attr attr;

    *landlock = (struct landlock){.fd = -1};
    landlock->abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
                                 CREATE_RULESET_VERSION);
    if (landlock->abi < 1) {
        landlock->abi = 0;
        return false;
    }
    attr = all_of(landlock->abi, keeps_abstract);
    /* What an older kernel does not know of the structure is 0. */
    landlock->fd =
        (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    return landlock->fd >= 0;
}

/* What is there cannot be opened anyway, or is of no file system. */
static bool is_left_out(int error)
{
    return error == ENOENT || error == ENOTDIR || error == EACCES ||
           error == ELOOP || error == ENAMETOOLONG || error == EBADFD ||
           error == EINVAL;
}

static void note_error(struct landlock *landlock)
{
    if (landlock->error == 0 && !is_left_out(errno))
        landlock->error = errno;
}

static void allow_beneath(struct landlock *landlock, const char *directory,
                          uint64_t access)
{
    struct path_beneath_attr attr = {.allowed_access = access};

    attr.parent_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (attr.parent_fd < 0) {
        note_error(landlock);
        return;
    }
    if (syscall(SYS_landlock_add_rule, landlock->fd, RULE_PATH_BENEATH, &attr,
                0) != 0)
        note_error(landlock);
    close(attr.parent_fd);
}

/* The folder that holds what is at `path`, by that name. */
static void allow_folder_of(struct landlock *landlock, const char *path)
{
    char *folder = strdup(path);
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');

    if (folder == NULL) {
        note_error(landlock);
        return;
    }
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    allow_beneath(landlock, slash == NULL ? "." : folder, FS_READ_FILE);
    free(folder);
}

void landlock_allow(struct landlock *landlock, const char *path)
{
    struct stat st;
    char *target;

    if (landlock->fd < 0)
        return;
    if (stat(path, &st) != 0)
        note_error(landlock);
    else if (S_ISDIR(st.st_mode)) {
        allow_beneath(landlock, path, FS_READ_FILE | FS_READ_DIR);
        return;
    }
    allow_folder_of(landlock, path);
    target = realpath(path, NULL);
    if (target != NULL)
        allow_folder_of(landlock, target);
    else
        note_error(landlock);
    free(target);
}

bool landlock_enforce(struct landlock *landlock)
{
    return syscall(SYS_landlock_restrict_self, landlock->fd, 0) == 0;
}

void landlock_end(struct landlock *landlock)
{
    if (landlock->fd >= 0)
        close(landlock->fd);
    landlock->fd = -1;
}

const char *landlock_reach(const struct landlock *landlock)
{
    if (landlock->abi >= 6)
        return "files, TCP, signals";
    return landlock->abi >= 4 ? "files, TCP" : "files";
}
