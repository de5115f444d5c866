#include "config.h"

#include "media.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *media_name(const struct media *media, const char *name)
{
    static char path[1200];

    snprintf(path, sizeof(path), "%s/%s", media->path, name);
    return path;
}

void media_write(const struct media *media, const char *name,
                 const struct flv_bytes *file)
{
    const int fd = open(media_name(media, name),
                        O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    ck_assert_int_ge(fd, 0);
    flv_bytes_write(file, fd);
    close(fd);
}

void media_start(struct media *media, struct server *server)
{
    struct library_error error;

    server_start(server, small_file());
    strcpy(media->base, "/tmp/flvd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(media->base));
    snprintf(media->path, sizeof(media->path), "%s/media", media->base);
    ck_assert_int_eq(mkdir(media->path, 0755), 0);
    media_write(media, "movie.flv", &server->file);
    library_close(server->library);
    server->library = library_open((char *[]){media->path}, 1, &error);
    ck_assert_msg(server->library != NULL, "%s", error.reason.what);
    server->context.library = server->library;
}

const char *media_stop(struct media *media, struct server *server,
                       const char *reason)
{
    const char *log = server_stop_for_log(server, reason);

    media_remove(media);
    return log;
}

void media_remove(struct media *media)
{
    char command[64];

    snprintf(command, sizeof(command), "rm -rf %s", media->base);
    ck_assert_int_eq(system(command), 0);
}
