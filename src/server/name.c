/* Each form of a name is made anew from what was received: as it is or
 * percent-decoded, joined in one of two ways, with its prefixes or without,
 * with its extension or without. Bytes beyond ASCII are what they are: file
 * names have no encoding. */
#include "config.h"

#include "server/name.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"

/* The forms, as bits of their number: the likeliest has none of them. */
#define FORM_OTHER_EXTENSION 1u
#define FORM_WITHOUT_PREFIX 2u
#define FORM_OTHER_JOIN 4u
#define FORM_DECODED 8u

static const char *const prefixes[] = {"flv:", "mp4:", "mp3:"};
/* librtmp and FFmpeg rewrite names that end so. */
static const char *const foreign_extensions[] = {".mp4", ".f4v", ".mp3"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A path as it is put together. */
struct path {
    char *text; /* NAME_BYTES of room */
    size_t length;
    size_t segments;
    size_t second_start; /* where the second segment begins, if there is one */
    bool strips_prefixes;
    bool has_stripped;
    const char *fault;
};

static size_t open_start(const struct path *path)
{
    return path->length == 0 ? 0 : path->length + 1;
}

/* The length of the prefix that a segment begins with. */
static size_t prefix_length(const char *segment, size_t length)
{
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        size_t n = strlen(prefixes[i]);

        if (length >= n && strncasecmp(segment, prefixes[i], n) == 0)
            return n;
    }
    return 0;
}

static bool is_segment(const char *segment, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(segment, text, length) == 0;
}

/* Takes in the `length` bytes that stand behind the path. */
static void end_segment(struct path *path, size_t length)
{
    size_t start = open_start(path);
    char *segment = path->text + start;
    size_t prefix = path->strips_prefixes ? prefix_length(segment, length) : 0;

    if (prefix > 0) {
        length -= prefix;
        memmove(segment, segment + prefix, length);
        path->has_stripped = true;
    }
    if (is_segment(segment, length, ".."))
        path->fault = "\"..\" is in the name";
    /* The instance of an application, for Flash Media Server. */
    if (length == 0 || is_segment(segment, length, ".") ||
        is_segment(segment, length, "_definst_"))
        return;
    if (start > 0)
        path->text[start - 1] = '/';
    path->length = start + length;
    path->segments++;
    if (path->segments == 2)
        path->second_start = start;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "%XX" stands for; -1 when `r` does not begin with one. */
static int encoded_byte(struct byte_reader r)
{
    int high, low;

    if (byte_reader_left(&r) < 3 || byte_read_u8(&r) != '%')
        return -1;
    high = hex_digit(byte_read_u8(&r));
    low = hex_digit(byte_read_u8(&r));
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool has_encoded_byte(struct amf0_string text)
{
    struct byte_reader r;

    byte_reader_init(&r, text.data, text.length);
    while (byte_reader_left(&r) > 0) {
        if (encoded_byte(r) >= 0)
            return true;
        (void)byte_read_u8(&r);
    }
    return false;
}

static uint8_t read_byte(struct byte_reader *r, bool decode)
{
    int value = decode ? encoded_byte(*r) : -1;

    if (value < 0)
        return byte_read_u8(r);
    (void)byte_read_bytes(r, 3);
    return (uint8_t)value;
}

/* Adds the segments of `text`; those that say nothing are left out. */
static void add_segments(struct path *path, struct amf0_string text,
                         bool decode)
{
    struct byte_reader r;
    size_t length = 0;

    byte_reader_init(&r, text.data, text.length);
    while (byte_reader_left(&r) > 0 && path->fault == NULL) {
        uint8_t c = read_byte(&r, decode);

        if (c == '/') {
            end_segment(path, length);
            length = 0;
        } else if (c < 0x20 || c == 0x7F) {
            path->fault = "a control character is in the name";
        } else if (c == '\\') {
            path->fault = "a backslash is in the name";
        } else if (open_start(path) + length + 1 >= NAME_BYTES) {
            path->fault = "the name is too long";
        } else {
            path->text[open_start(path) + length++] = (char)c;
        }
    }
    if (path->fault == NULL)
        end_segment(path, length);
}

static void leave_out_first(struct path *path)
{
    if (path->segments < 2)
        return;
    path->length -= path->second_start;
    memmove(path->text, path->text + path->second_start, path->length);
    path->segments--;
}

/* The first segment of an application is free, unless it is all there is.
 * The other way of joining is for a path that went into the name as a whole,
 * and for FFmpeg, which takes a slash in a query for the last of the path. */
static bool join(const struct name_walk *walk, unsigned form, struct path *path)
{
    const bool decode = (form & FORM_DECODED) != 0;
    const bool other = (form & FORM_OTHER_JOIN) != 0;
    bool has_app, query_was_split;

    add_segments(path, walk->app, decode);
    has_app = path->segments > 0;
    query_was_split =
        walk->app_has_query && path->segments > 1 && walk->name.length > 0;
    if (other && has_app && !query_was_split)
        return false;
    if (!other || !has_app)
        add_segments(path, walk->name, decode);
    if (path->fault != NULL)
        return false;
    if (path->segments == 0) {
        path->fault = "no name was given";
        return false;
    }
    if (other && path->segments < 2)
        return false;
    if (other || has_app)
        leave_out_first(path);
    return true;
}

/* Whether the last segment ends in the extension and is more than that. */
static bool ends_in(const struct path *path, const char *extension)
{
    size_t n = strlen(extension);

    return path->length > n && path->text[path->length - n - 1] != '/' &&
           strncasecmp(path->text + path->length - n, extension, n) == 0;
}

static bool ends_in_foreign(const struct path *path)
{
    for (size_t i = 0; i < COUNT(foreign_extensions); i++) {
        if (ends_in(path, foreign_extensions[i]))
            return true;
    }
    return false;
}

/* What is left of "...flv" shall not look like a way up, nor that of
 * "_definst_.flv" like the name that stands for none. */
static bool ends_in_no_name(const struct path *path)
{
    static const char *const no_names[] = {".", "..", "_definst_"};
    size_t start = path->length;

    while (start > 0 && path->text[start - 1] != '/')
        start--;
    for (size_t i = 0; i < COUNT(no_names); i++) {
        if (is_segment(path->text + start, path->length - start, no_names[i]))
            return true;
    }
    return false;
}

/* "movie.flv" is the file of this name, or else "movie.flv.flv"; "movie.mp4"
 * is "movie.mp4.flv", or else "movie.flv". */
static bool choose_extension(struct path *path, bool other)
{
    bool is_flv = ends_in(path, ".flv");

    if (other && !is_flv && !ends_in_foreign(path))
        return false;
    if (is_flv != other)
        path->length -= strlen(".flv"); /* all of them are as long */
    return !ends_in_no_name(path);
}

static bool make_form(struct name_walk *walk, unsigned form,
                      char name[static NAME_BYTES])
{
    struct path path = {.text = name,
                        .strips_prefixes = (form & FORM_WITHOUT_PREFIX) != 0};
    bool good;

    if ((form & FORM_DECODED) != 0 && !has_encoded_byte(walk->app) &&
        !has_encoded_byte(walk->name))
        return false;
    good = join(walk, form, &path) &&
           path.has_stripped == path.strips_prefixes &&
           choose_extension(&path, (form & FORM_OTHER_EXTENSION) != 0);
    if (path.fault != NULL)
        walk->fault = path.fault;
    if (good)
        name[path.length] = '\0';
    return good;
}

struct amf0_string name_without_query(struct amf0_string text)
{
    const char *mark =
        text.length == 0 ? NULL : memchr(text.data, '?', text.length);

    if (mark != NULL)
        text.length = (size_t)(mark - text.data);
    return text;
}

void name_walk_init(struct name_walk *walk, struct amf0_string app,
                    struct amf0_string name)
{
    *walk = (struct name_walk){.app = name_without_query(app),
                               .name = name_without_query(name)};
    walk->app_has_query = walk->app.length < app.length;
}

bool name_walk_next(struct name_walk *walk, char name[static NAME_BYTES])
{
    while (walk->next_form < NAME_MAX_FORMS) {
        if (make_form(walk, walk->next_form++, name))
            return true;
    }
    return false;
}

bool name_canonical(struct amf0_string text, char name[static NAME_BYTES],
                    const char **fault)
{
    struct path path = {.text = name, .strips_prefixes = true};

    add_segments(&path, name_without_query(text), true);
    if (path.fault == NULL &&
        (ends_in(&path, ".flv") || ends_in_foreign(&path)))
        path.length -= strlen(".flv"); /* all of them are as long */
    if (path.fault == NULL && (path.length == 0 || ends_in_no_name(&path)))
        path.fault = "no name was given";
    *fault = path.fault;
    if (path.fault != NULL)
        return false;
    name[path.length] = '\0';
    return true;
}

bool name_can_be_asked_for(struct amf0_string name)
{
    char text[NAME_BYTES];
    struct path path = {.text = text};

    add_segments(&path, name, false);
    return path.fault == NULL && path.segments == 1 &&
           path.length == name.length && !ends_in_no_name(&path);
}

struct amf0_string name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct amf0_string name = {.data = slash == NULL ? path : slash + 1};

    name.length = strlen(name.data);
    if (name.length > 4 && strcasecmp(name.data + name.length - 4, ".flv") == 0)
        name.length -= 4;
    return name;
}
