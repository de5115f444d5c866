/* A list of keys that never changes, and is exchanged as a whole. */
#include "config.h"

#include "server/keyring.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* RFC 2104 wants as many bytes as the hash has; fewer than this is a
 * password. */
#define LEAST_WISE_KEY_BYTES 16

struct key_list {
    size_t count;
    struct token_key keys[KEYRING_MAX_KEYS];
};

struct keyring {
    const char *path;
    pthread_mutex_t lock; /* guards the list */
    struct key_list *list;
};

static bool fail(char *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always false, so that it can be returned. */
static bool fail(char *fault, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault, KEYRING_FAULT_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* --- reading ------------------------------------------------------------ */

/* The bytes of a file that is not too long. */
struct text {
    char bytes[KEYRING_MAX_FILE_BYTES + 1];
    size_t length;
};

/* False with errno when it cannot be read. */
static bool read_all(int fd, struct text *text)
{
    text->length = 0;
    while (text->length < sizeof(text->bytes)) {
        ssize_t n = read(fd, text->bytes + text->length,
                         sizeof(text->bytes) - text->length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            break;
        text->length += (size_t)n;
    }
    return true;
}

static bool read_file(const char *path, struct text *text, char *fault)
{
    char escaped[LOG_ESCAPED_BYTES], reason[96];
    struct stat st;
    const int fd = open(path, FILE_OPEN_FLAGS);
    bool good = fd >= 0 && fstat(fd, &st) == 0;

    log_escape(escaped, path, strlen(path));
    if (good && !S_ISREG(st.st_mode)) {
        close(fd);
        return fail(fault, "the token file %s is no regular file", escaped);
    }
    good = good && read_all(fd, text);
    if (!good)
        (void)fail(fault, "the token file %s cannot be read: %s", escaped,
                   strerror_r(errno, reason, sizeof(reason)));
    else if (text->length == sizeof(text->bytes))
        good = fail(fault, "the token file %s has more than %d bytes", escaped,
                    KEYRING_MAX_FILE_BYTES);
    else if ((st.st_mode & S_IROTH) != 0)
        log_warn("the token file %s can be read by everybody on this host; "
                 "chmod o= would keep its keys secret",
                 escaped);
    if (fd >= 0)
        close(fd);
    return good;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *add_line(struct key_list *list, const char *line,
                            size_t length)
{
    struct token_key *key = &list->keys[list->count];
    const char *wrong;

    while (length > 0 && is_blank(line[length - 1]))
        length--;
    while (length > 0 && is_blank(line[0])) {
        line++;
        length--;
    }
    if (length == 0 || line[0] == '#')
        return NULL;
    if (list->count == KEYRING_MAX_KEYS)
        return "there are more than 256 keys";
    wrong = token_key_read(key, line, length);
    if (wrong != NULL)
        return wrong;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->keys[i].id, key->id) == 0)
            return "its KEYID stood in a line before";
    }
    list->count++;
    return NULL;
}

static bool read_keys(const char *path, const struct text *text,
                      struct key_list *list, char *fault)
{
    const char *line = text->bytes;
    const char *const end = text->bytes + text->length;
    char escaped[LOG_ESCAPED_BYTES];

    log_escape(escaped, path, strlen(path));
    for (size_t number = 1; line < end; number++) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline == NULL ? end : newline;
        const char *wrong = add_line(list, line, (size_t)(stop - line));

        if (wrong != NULL)
            return fail(fault, "the token file %s, line %zu: %s", escaped,
                        number, wrong);
        line = stop + 1;
    }
    if (list->count == 0)
        return fail(fault, "the token file %s has no KEYID:BASE64-KEY line",
                    escaped);
    return true;
}

static void warn_of_short_keys(const struct key_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->keys[i].length < LEAST_WISE_KEY_BYTES)
            log_warn("the token key %s has only %zu bytes and may be guessed; "
                     "openssl rand -base64 32 makes a good one",
                     list->keys[i].id, list->keys[i].length);
    }
}

static void free_list(struct key_list *list)
{
    if (list != NULL)
        explicit_bzero(list, sizeof(*list));
    free(list);
}

/* NULL, and `fault`, when it cannot be made. */
static struct key_list *read_list(const char *path, char *fault)
{
    struct key_list *list = calloc(1, sizeof(*list));
    struct text *text = malloc(sizeof(*text));
    bool good = list != NULL && text != NULL;

    if (!good)
        (void)fail(fault, "out of memory for the token file");
    good = good && read_file(path, text, fault) &&
           read_keys(path, text, list, fault);
    if (text != NULL)
        explicit_bzero(text, sizeof(*text));
    free(text);
    if (good) {
        warn_of_short_keys(list);
        return list;
    }
    free_list(list);
    return NULL;
}

/* --- the ring ----------------------------------------------------------- */

struct keyring *keyring_open(const char *path,
                             char fault[static KEYRING_FAULT_BYTES])
{
    struct keyring *keyring = malloc(sizeof(*keyring));

    if (keyring == NULL) {
        (void)fail(fault, "out of memory for the token file");
        return NULL;
    }
    keyring->path = path;
    keyring->list = read_list(path, fault);
    if (keyring->list == NULL) {
        free(keyring);
        return NULL;
    }
    pthread_mutex_init(&keyring->lock, NULL);
    return keyring;
}

void keyring_close(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    free_list(keyring->list);
    pthread_mutex_destroy(&keyring->lock);
    free(keyring);
}

bool keyring_reload(struct keyring *keyring,
                    char fault[static KEYRING_FAULT_BYTES])
{
    struct key_list *list = read_list(keyring->path, fault);
    struct key_list *old;

    if (list == NULL)
        return false;
    pthread_mutex_lock(&keyring->lock);
    old = keyring->list;
    keyring->list = list;
    pthread_mutex_unlock(&keyring->lock);
    free_list(old);
    return true;
}

struct token_key keyring_first(struct keyring *keyring)
{
    struct token_key key;

    pthread_mutex_lock(&keyring->lock);
    key = keyring->list->keys[0];
    pthread_mutex_unlock(&keyring->lock);
    return key;
}

bool keyring_find(struct keyring *keyring, const char *id, size_t id_length,
                  struct token_key *key)
{
    bool found = false;

    pthread_mutex_lock(&keyring->lock);
    for (size_t i = 0; i < keyring->list->count && !found; i++) {
        const struct token_key *candidate = &keyring->list->keys[i];

        found = strlen(candidate->id) == id_length &&
                memcmp(candidate->id, id, id_length) == 0;
        if (found)
            *key = *candidate;
    }
    pthread_mutex_unlock(&keyring->lock);
    return found;
}
