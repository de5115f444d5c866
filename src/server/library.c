/* The operands in their order: the first that has the name wins. A FILE has one
 * name, a DIRECTORY those of the files in it. One FILE alone has every name. */
#include "config.h"

#include "server/library.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "server/directory.h"
#include "server/shelf.h"

/* Of the names that a walk gives, by their numbers. */
#define ALL_FORMS ((1u << NAME_MAX_FORMS) - 1)

static const char *const extensions[] = {".flv", ".FLV"};

struct operand {
    const char *path;
    struct amf0_string name; /* of a FILE */
    bool is_directory;
    struct directory directory;
    int kept_fd; /* of a FILE that may not be opened any more, or -1 */
};

struct library {
    struct movie *memory; /* the only movie there is; NULL: see the operands */
    struct shelf shelf;
    struct keyring *keyring; /* NULL: everything may be played */
    size_t operand_count;
    struct operand operands[];
};

static void fail(struct movie_error *reason, const char *what, int cause)
{
    char text[128];

    *reason = (struct movie_error){.offset_bytes = -1};
    snprintf(reason->what, sizeof(reason->what), "%s: %s", what,
             strerror_r(cause, text, sizeof(text)));
}

static void refuse(struct movie_error *reason, const char *why)
{
    *reason = (struct movie_error){.offset_bytes = -1};
    snprintf(reason->what, sizeof(reason->what), "%s", why);
}

/* --- opening ------------------------------------------------------------ */

static struct library *library_new(size_t operand_count)
{
    struct library *library = calloc(
        1, sizeof(*library) + operand_count * sizeof(library->operands[0]));

    if (library != NULL)
        shelf_init(&library->shelf);
    return library;
}

void library_close(struct library *library)
{
    if (library == NULL)
        return;
    for (size_t i = 0; i < library->operand_count; i++) {
        if (library->operands[i].is_directory)
            directory_close(&library->operands[i].directory);
        else if (library->operands[i].kept_fd >= 0)
            close(library->operands[i].kept_fd);
    }
    shelf_destroy(&library->shelf);
    movie_unref(library->memory);
    free(library);
}

static bool is_same_name(struct amf0_string a, struct amf0_string b)
{
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* Another FILE of the same name before this one. */
static const struct operand *find_namesake(const struct library *library,
                                           const struct operand *operand)
{
    for (const struct operand *o = library->operands; o < operand; o++) {
        if (!o->is_directory && is_same_name(o->name, operand->name))
            return o;
    }
    return NULL;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Names the FILE at `path`. One alone needs no name. */
static bool name_file(const struct library *library, struct operand *operand,
                      bool is_alone, struct library_error *error)
{
    const struct operand *namesake;

    operand->name = name_of_file(operand->path);
    if (!is_alone && operand->name.length > 0 &&
        !name_can_be_asked_for(operand->name)) {
        error->is_bad_name = true;
        return false;
    }
    namesake = find_namesake(library, operand);
    if (namesake != NULL)
        error->same_name = namesake->path;
    return namesake == NULL;
}

/* Names and directories come before the files, which may take long. */
static bool add_operands(struct library *library, char *const paths[],
                         size_t count, struct library_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct operand *operand = &library->operands[i];

        error->path = operand->path = paths[i];
        operand->kept_fd = -1;
        if (is_directory(paths[i])) {
            if (!directory_open(&operand->directory, paths[i])) {
                fail(&error->reason, "cannot be opened", errno);
                return false;
            }
            operand->is_directory = true;
        } else if (!name_file(library, operand, count == 1, error)) {
            return false;
        }
        library->operand_count = i + 1;
    }
    return true;
}

static bool may_not(int error)
{
    return error == EACCES || error == EPERM;
}

/* Opens a FILE as it is now; one that may not be opened any more as it was. */
static int open_file(const struct operand *operand)
{
    int fd = open(operand->path, FILE_OPEN_FLAGS);

    if (fd < 0 && may_not(errno) && operand->kept_fd >= 0)
        fd = fcntl(operand->kept_fd, F_DUPFD_CLOEXEC, 0);
    return fd;
}

/* Root may be about to become somebody who may not open it. */
static void keep_file(struct operand *operand, int fd)
{
    if (geteuid() == 0)
        operand->kept_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static bool try_files(struct library *library, struct library_error *error)
{
    for (size_t i = 0; i < library->operand_count; i++) {
        struct operand *operand = &library->operands[i];
        struct movie *movie;
        int fd;

        if (operand->is_directory)
            continue;
        error->path = operand->path;
        fd = open_file(operand);
        if (fd < 0) {
            fail(&error->reason, "cannot be opened", errno);
            return false;
        }
        keep_file(operand, fd);
        movie = shelf_open(&library->shelf, fd, operand->path, &error->reason);
        if (movie == NULL)
            return false;
        movie_unref(movie);
    }
    return true;
}

struct library *library_open(char *const paths[], size_t count,
                             struct library_error *error)
{
    struct library *library = library_new(count);

    *error = (struct library_error){.path = paths[0]};
    if (library == NULL) {
        fail(&error->reason, "cannot be served", ENOMEM);
        return NULL;
    }
    if (!add_operands(library, paths, count, error) ||
        !try_files(library, error)) {
        library_close(library);
        return NULL;
    }
    return library;
}

/* Whether a FILE may still be opened: then it needs not be kept. */
static void settle_file(struct operand *operand, const char *user)
{
    char escaped[LOG_ESCAPED_BYTES], reason[96];
    int fd;

    if (operand->kept_fd < 0)
        return;
    fd = open(operand->path, FILE_OPEN_FLAGS);
    if (fd < 0 && may_not(errno)) {
        log_warn("%s: is served as it is now, but what replaces it would not "
                 "be: the user %s could not open it: %s",
                 log_escape(escaped, operand->path, strlen(operand->path)),
                 user, strerror_r(errno, reason, sizeof(reason)));
        return;
    }
    if (fd >= 0)
        close(fd);
    close(operand->kept_fd);
    operand->kept_fd = -1;
}

/* The way to a directory matters as well: it is gone again at SIGHUP. */
static bool settle_directory(struct operand *operand, const char *user,
                             struct movie_error *fault)
{
    char escaped[LOG_ESCAPED_BYTES], reason[96], what[128];

    if (!directory_is_readable(&operand->directory)) {
        snprintf(what, sizeof(what),
                 "cannot be read by the user %s (see "
                 "--user)",
                 user);
        fail(fault, what, errno);
        return false;
    }
    if (!directory_reopen(&operand->directory))
        log_warn("%s: is served, but not what may take its place: the user %s "
                 "could not open it (see --user): %s",
                 log_escape(escaped, operand->path, strlen(operand->path)),
                 user, strerror_r(errno, reason, sizeof(reason)));
    return true;
}

bool library_settle(struct library *library, const char *user,
                    struct library_error *error)
{

    for (size_t i = 0; i < library->operand_count; i++) {
        struct operand *operand = &library->operands[i];

        *error = (struct library_error){.path = operand->path};
        if (!operand->is_directory)
            settle_file(operand, user);
        else if (!settle_directory(operand, user, &error->reason))
            return false;
    }
    return true;
}

static int open_memory(const uint8_t *data, size_t length)
{
    int fd = memfd_create("flvd-demo", MFD_CLOEXEC);
    size_t written = 0;

    if (fd < 0)
        return -1;
    while (written < length) {
        ssize_t n = write(fd, data + written, length - written);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            close(fd);
            return -1;
        }
        written += (size_t)n;
    }
    return fd;
}

struct library *library_open_memory(const void *data, size_t length,
                                    struct library_error *error)
{
    struct library *library = library_new(0);
    int fd;

    *error = (struct library_error){.path = "demo"};
    if (library == NULL) {
        fail(&error->reason, "cannot be served", ENOMEM);
        return NULL;
    }
    fd = open_memory(data, length);
    if (fd < 0) {
        fail(&error->reason, "cannot be put into memory", errno);
        library_close(library);
        return NULL;
    }
    library->memory = shelf_open(&library->shelf, fd, "demo", &error->reason);
    if (library->memory == NULL) {
        library_close(library);
        return NULL;
    }
    return library;
}

/* --- finding ------------------------------------------------------------ */

bool library_is_one_file(const struct library *library)
{
    return library->memory != NULL ||
           (library->operand_count == 1 && !library->operands[0].is_directory);
}

struct amf0_string library_name(const struct library *library)
{
    if (library->memory != NULL)
        return (struct amf0_string){"demo", 4};
    if (library_is_one_file(library))
        return library->operands[0].name;
    return (struct amf0_string){"", 0};
}

size_t library_holdings(const struct library *library)
{
    return library->memory != NULL ? 1 : library->operand_count;
}

struct library_holding library_holding(const struct library *library,
                                       size_t number)
{
    const struct operand *operand = &library->operands[number];

    if (library->memory != NULL)
        return (struct library_holding){library_name(library), false};
    if (!operand->is_directory)
        return (struct library_holding){operand->name, false};
    return (struct library_holding){{operand->path, strlen(operand->path)},
                                    true};
}

struct shelf_size library_measure(struct library *library)
{
    if (library->memory != NULL)
        return (struct shelf_size){1, movie_index_bytes(library->memory)};
    return shelf_measure(&library->shelf);
}

/* --- tokens ------------------------------------------------------------- */

void library_demand_tokens(struct library *library, struct keyring *keyring)
{
    library->keyring = keyring;
}

bool library_demands_tokens(const struct library *library)
{
    return library->keyring != NULL;
}

/* The names, by the numbers of their forms, that a claim is for. */
static unsigned forms_for(const struct library_request *request,
                          const struct token_key *key)
{
    struct name_walk walk;
    char name[NAME_BYTES];
    unsigned forms = 0;

    name_walk_init(&walk, request->app, request->name);
    while (name_walk_next(&walk, name)) {
        if (token_claim_is_for(request->claim, key, name))
            forms |= 1u << (walk.next_form - 1);
    }
    return forms;
}

static bool is_for_only(const struct library *library,
                        const struct library_request *request,
                        const struct token_key *key)
{
    const struct amf0_string only = library_name(library);
    char name[NAME_BYTES];

    snprintf(name, sizeof(name), "%.*s", (int)only.length, only.data);
    return token_claim_is_for(request->claim, key, name);
}

/* The forms that may be looked up; 0, and why, when none may. */
static unsigned permitted_forms(const struct library *library,
                                const struct library_request *request,
                                struct library_answer *answer)
{
    struct token_key key;
    const char *fault;
    unsigned forms = ALL_FORMS;
    size_t id_length;

    if (library->keyring == NULL)
        return ALL_FORMS;
    fault = token_claim_fault(request->claim, request->now_unix_s, &id_length);
    if (fault == NULL &&
        !keyring_find(library->keyring, request->claim->token, id_length, &key))
        fault = "the token's key is not in the token file";
    if (fault == NULL) {
        if (!library_is_one_file(library))
            forms = forms_for(request, &key);
        else if (!is_for_only(library, request, &key))
            forms = 0;
        explicit_bzero(&key, sizeof(key));
    }
    if (fault == NULL && forms == 0)
        fault = "the token is not for this name and time";
    if (fault == NULL)
        return forms;
    refuse(&answer->reason, fault);
    return 0;
}

/* --- looking up --------------------------------------------------------- */

/* Why a file could not be opened: whether it is not there at all, which only
 * one that leads out of its directory is worth a word. */
static enum library_result judge(int cause, struct library_answer *answer)
{
    if (cause == ENOENT || cause == ENOTDIR || cause == ENAMETOOLONG)
        return LIBRARY_NOT_FOUND;
    if (cause == EXDEV || cause == ELOOP) {
        refuse(
            &answer->reason,
            cause == EXDEV
                ? "a symbolic link leads out of the directory, or is absolute"
                : "its symbolic links cannot be followed");
        return LIBRARY_NOT_FOUND;
    }
    fail(&answer->reason, "cannot be opened", cause);
    return LIBRARY_FAILED;
}

static enum library_result take(struct library *library, int fd,
                                const char *label,
                                struct library_answer *answer)
{
    answer->movie = shelf_open(&library->shelf, fd, label, &answer->reason);
    return answer->movie == NULL ? LIBRARY_FAILED : LIBRARY_FOUND;
}

/* Both parts of a file's path: where the second begins is what its directory
 * knows it by. Not on the stack: a page of it that was touched once stays. NULL
 * when memory is short. */
static char *make_path(const struct operand *operand, const char *name,
                       const char *extension, const char **beneath)
{
    char *path =
        malloc(strlen(operand->path) + strlen(name) + strlen(extension) + 2);
    char *end;

    if (path == NULL)
        return NULL;
    end = stpcpy(stpcpy(path, operand->path), "/");
    *beneath = end;
    stpcpy(stpcpy(end, name), extension);
    return path;
}

static enum library_result find_in_directory(struct library *library,
                                             struct operand *operand,
                                             struct library_answer *answer)
{
    enum library_result result = LIBRARY_NOT_FOUND;

    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]) &&
                       result == LIBRARY_NOT_FOUND;
         i++) {
        const char *beneath;
        char *path = make_path(operand, answer->name, extensions[i], &beneath);
        int fd = -1;

        errno = ENOMEM;
        if (path != NULL)
            fd = directory_open_file(&operand->directory, beneath);
        result =
            fd < 0 ? judge(errno, answer) : take(library, fd, path, answer);
        free(path);
    }
    return result;
}

static enum library_result find_file(struct library *library,
                                     const struct operand *operand,
                                     struct library_answer *answer)
{
    const struct amf0_string wanted = {answer->name, strlen(answer->name)};
    int fd;

    if (!is_same_name(operand->name, wanted))
        return LIBRARY_NOT_FOUND;
    fd = open_file(operand);
    return fd < 0 ? judge(errno, answer)
                  : take(library, fd, operand->path, answer);
}

/* The first operand that has the name in `answer`. */
static enum library_result find_name(struct library *library,
                                     struct library_answer *answer)
{
    enum library_result result = LIBRARY_NOT_FOUND;

    for (size_t i = 0;
         i < library->operand_count && result == LIBRARY_NOT_FOUND; i++) {
        struct operand *operand = &library->operands[i];

        result = operand->is_directory
                     ? find_in_directory(library, operand, answer)
                     : find_file(library, operand, answer);
    }
    return result;
}

static enum library_result find_only(struct library *library,
                                     struct library_answer *answer)
{
    const struct operand *operand = library->operands;
    const struct amf0_string name = library_name(library);
    size_t length;
    int fd, cause;

    length = name.length < NAME_BYTES ? name.length : NAME_BYTES - 1;
    memcpy(answer->name, name.data, length);
    answer->name[length] = '\0';
    if (library->memory != NULL) {
        answer->movie = movie_ref(library->memory);
        return LIBRARY_FOUND;
    }
    fd = open_file(operand);
    if (fd >= 0)
        return take(library, fd, operand->path, answer);
    cause = errno;
    fail(&answer->reason, "cannot be opened", cause);
    return cause == ENOENT || cause == ENOTDIR ? LIBRARY_NOT_FOUND
                                               : LIBRARY_FAILED;
}

enum library_result library_find(struct library *library,
                                 const struct library_request *request,
                                 struct library_answer *answer)
{
    enum library_result result = LIBRARY_NOT_FOUND;
    struct name_walk walk;
    unsigned forms;

    answer->movie = NULL;
    answer->reason = (struct movie_error){.offset_bytes = -1};
    forms = permitted_forms(library, request, answer);
    if (forms == 0)
        return LIBRARY_FORBIDDEN;
    if (library_is_one_file(library))
        return find_only(library, answer);
    if (request->app.data == NULL) {
        refuse(&answer->reason, "the application's name is too long");
        return LIBRARY_NOT_FOUND;
    }
    name_walk_init(&walk, request->app, request->name);
    while (result == LIBRARY_NOT_FOUND && name_walk_next(&walk, answer->name)) {
        if ((forms >> (walk.next_form - 1) & 1) != 0)
            result = find_name(library, answer);
    }
    if (result == LIBRARY_NOT_FOUND && answer->reason.what[0] == '\0')
        refuse(&answer->reason,
               walk.fault == NULL ? "there is no such .flv file" : walk.fault);
    return result;
}

/* --- what is kept ------------------------------------------------------- */

void library_tidy(struct library *library)
{
    shelf_tidy(&library->shelf);
}

/* Whether an operand can be opened by its path. */
static bool reopen(struct operand *operand)
{
    int fd;

    if (operand->is_directory)
        return directory_reopen(&operand->directory);
    if (operand->kept_fd < 0)
        return true;
    fd = open(operand->path, FILE_OPEN_FLAGS);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void library_forget(struct library *library)
{
    shelf_forget(&library->shelf);
    for (size_t i = 0; i < library->operand_count; i++) {
        struct operand *operand = &library->operands[i];
        char escaped[LOG_ESCAPED_BYTES];

        if (reopen(operand))
            continue;
        log_warn("%s: cannot be opened again, and is served as it was: %m%s",
                 log_escape(escaped, operand->path, strlen(operand->path)),
                 operand->is_directory && errno == EACCES
                     ? "; one that took the place of another needs a restart "
                       "of flvd, or --no-sandbox; see also --user"
                     : "");
    }
}
