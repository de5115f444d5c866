/* confined.h */
#include "config.h"

#include "confined.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char root_path[] = "/tmp/flvd-test-sandbox.XXXXXX";

int outcome(bool went_well)
{
    return went_well ? WENT_WELL : errno;
}

int outcome_of(int child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return ENDED_BY_SIGSYS;
    ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

int in_child(int (*attempt)(const void *), const void *argument)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(attempt(argument));
    return outcome_of(child);
}

bool is_root(void)
{
    return geteuid() == 0;
}

const char *path_of(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", root_path, name);
    return path;
}

static void make_file(const char *name, mode_t mode)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, name, strlen(name)), (ssize_t)strlen(name));
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(path_of(name), 0755), 0);
    ck_assert_int_eq(chmod(path_of(name), 0755), 0);
}

void tree_make(void)
{
    strcpy(strrchr(root_path, '.'), ".XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root_path));
    ck_assert_int_eq(chmod(root_path, 0755), 0);
    make_folder("media");
    make_folder("media/sub");
    make_folder("folder");
    make_folder("far");
    make_folder("links");
    make_folder("beside");
    make_file("media/movie", 0644);
    make_file("media/sub/movie", 0644);
    make_file("folder/file", 0644);
    make_file("folder/next", 0644);
    make_file("far/target", 0644);
    make_file("beside/file", 0644);
    make_file("outside", 0644);
    make_file("secret", 0600);
    ck_assert_int_eq(symlink("../far/target", path_of("links/link")), 0);
    ck_assert_int_eq(symlink("../../outside", path_of("media/sub/out")), 0);
}

void tree_remove(void)
{
    char command[300];

    snprintf(command, sizeof(command), "rm -rf %s", root_path);
    ck_assert_int_eq(system(command), 0);
}

int open_to_read(const void *name)
{
    return outcome(open(path_of(name), O_RDONLY | O_CLOEXEC) >= 0);
}
