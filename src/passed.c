/* The names of passed sockets. */
#include "config.h"

#include "passed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/service_manager.h"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* sd_listen_fds_with_names(3): "unknown" stands for no names at all. */
static bool is_unnamed(const char *name)
{
    return name[0] == '\0' || strcmp(name, "unknown") == 0 ||
           ends_with(name, ".socket");
}

static bool sort_one(struct passed_socket *socket, const char *name,
                     char *fault)
{
    socket->is_tls = strcmp(name, "rtmps") == 0;
    socket->is_status = strcmp(name, "status") == 0;
    if (socket->is_tls || socket->is_status || strcmp(name, "rtmp") == 0 ||
        is_unnamed(name))
        return true;
    snprintf(fault, PASSED_FAULT_BYTES,
             "a socket named '%.64s' was passed: the names are 'rtmp', "
             "'rtmps' and 'status' (FileDescriptorName= in a socket unit)",
             name);
    return false;
}

bool passed_sort(struct passed_sockets *passed, char *const *names,
                 size_t count, char fault[static PASSED_FAULT_BYTES])
{
    passed->count = 0;
    if (count > OPTIONS_MAX_PASSED) {
        snprintf(fault, PASSED_FAULT_BYTES,
                 "%zu sockets were passed, but there may be %d at most", count,
                 OPTIONS_MAX_PASSED);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct passed_socket *socket = &passed->all[i];

        socket->fd = SERVICE_MANAGER_FIRST_FD + (int)i;
        if (!sort_one(socket, names[i], fault))
            return false;
    }
    passed->count = count;
    return true;
}

bool passed_take(struct passed_sockets *passed,
                 char fault[static PASSED_FAULT_BYTES])
{
    char **names;
    int count = service_manager_sockets(&names, fault);
    bool is_good;

    passed->count = 0;
    if (count <= 0)
        return count == 0;
    is_good = passed_sort(passed, names, (size_t)count, fault);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return is_good;
}

struct options_passed passed_count(const struct passed_sockets *passed)
{
    struct options_passed counted = {0};

    for (size_t i = 0; i < passed->count; i++) {
        if (passed->all[i].is_status)
            counted.status++;
        else if (passed->all[i].is_tls)
            counted.tls++;
        else
            counted.plain++;
    }
    return counted;
}
