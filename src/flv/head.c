/* The FLV file header (Adobe E.2), and what a file is that has none.
 *
 * The flags that tell which streams exist are wrong too often to be read. Of
 * other formats only those are told by name that ffmpeg could remux to FLV. */
#include "config.h"

#include "flv/head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* MPEG-TS (ISO 13818-1, 2.4.3.2): packets of this size, each beginning so */
#define TS_PACKET_BYTES 188
#define TS_SYNC_BYTE 0x47
#define EBML_MAGIC 0x1A45DFA3u /* Matroska, WebM (RFC 8794) */

static const char *irregular(mode_t mode)
{
    if (S_ISDIR(mode))
        return "is a directory";
    if (S_ISFIFO(mode))
        return "is a FIFO";
    if (S_ISSOCK(mode))
        return "is a socket";
    if (S_ISBLK(mode) || S_ISCHR(mode))
        return "is a device";
    return "is no regular file";
}

bool flv_head_check_file(int fd, struct stat *st, struct movie_error *error)
{
    const char *what = NULL;

    if (fstat(fd, st) != 0) {
        snprintf(error->what, sizeof(error->what), "cannot be read: %m");
        error->may_pass = true;
        return false;
    }
    if (!S_ISREG(st->st_mode))
        what = irregular(st->st_mode);
    else if (st->st_size == 0)
        what = "is empty";
    if (what != NULL)
        snprintf(error->what, sizeof(error->what), "%s", what);
    return what == NULL;
}

static bool is_mp4(struct byte_reader r)
{
    const uint32_t box_bytes = byte_read_u32(&r);
    const uint8_t *type = byte_read_bytes(&r, 4);

    (void)box_bytes;
    return type != NULL &&
           (memcmp(type, "ftyp", 4) == 0 || memcmp(type, "moov", 4) == 0 ||
            memcmp(type, "mdat", 4) == 0 || memcmp(type, "wide", 4) == 0);
}

static bool is_mpeg_ts(struct byte_reader r)
{
    for (int i = 0; i < 3; i++) {
        if (byte_read_u8(&r) != TS_SYNC_BYTE || r.failed)
            return false;
        (void)byte_read_bytes(&r, TS_PACKET_BYTES - 1);
    }
    return true;
}

static void refuse(struct byte_reader r, struct movie_error *error)
{
    struct byte_reader magic = r;
    const char *format = NULL;

    if (is_mp4(r))
        format = "an MP4";
    else if (byte_read_u32(&magic) == EBML_MAGIC)
        format = "a Matroska or WebM";
    else if (is_mpeg_ts(r))
        format = "an MPEG-TS";

    error->offset_bytes = 0;
    if (format != NULL) {
        error->can_remux = true;
        snprintf(error->what, sizeof(error->what), "is %s file, not FLV",
                 format);
    } else {
        const uint32_t first = byte_read_u24(&r);

        if (r.failed)
            snprintf(error->what, sizeof(error->what),
                     "is not FLV: it is too short");
        else
            snprintf(error->what, sizeof(error->what),
                     "is not FLV: it begins with the bytes %06" PRIX32
                     " (hexadecimal)",
                     first);
    }
}

static void tell(const struct flv_scan *scan, int64_t offset_bytes,
                 const char *what)
{
    if (scan->on_fault != NULL)
        scan->on_fault(scan->context, FLV_FAULT_DAMAGE, offset_bytes, what);
}

/* Some writers count PreviousTagSize0 into the offset, and damage may put
 * anything there: a wrong offset is told by where the tags are. */
static uint32_t sound_data_offset(struct flv_scan *scan, uint32_t offset_bytes,
                                  int64_t size_bytes)
{
    struct flv_tag_header header;
    char what[96];

    if (offset_bytes == FLV_HEADER_BYTES)
        return offset_bytes;
    if (offset_bytes > FLV_HEADER_BYTES &&
        offset_bytes <= FLV_MAX_DATA_OFFSET && offset_bytes < size_bytes &&
        (flv_scan_header(scan, (int64_t)offset_bytes + FLV_BACK_POINTER_BYTES,
                         &header) ||
         !flv_scan_header(scan, FLV_HEADER_BYTES + FLV_BACK_POINTER_BYTES,
                          &header)))
        return offset_bytes;
    snprintf(what, sizeof(what),
             "the header's data offset is %" PRIu32 ", taken for %d",
             offset_bytes, FLV_HEADER_BYTES);
    tell(scan, 5, what);
    return FLV_HEADER_BYTES;
}

static void check_first_back_pointer(struct flv_scan *scan,
                                     int64_t offset_bytes)
{
    struct byte_reader r;
    char what[96];
    uint32_t back_pointer;

    if (!flv_scan_read(scan, offset_bytes, FLV_BACK_POINTER_BYTES, &r))
        return;
    back_pointer = byte_read_u32(&r);
    if (r.failed || back_pointer == 0)
        return;
    snprintf(what, sizeof(what),
             "the first PreviousTagSize is %" PRIu32 " instead of 0",
             back_pointer);
    tell(scan, offset_bytes, what);
}

bool flv_head_read(struct flv_scan *scan, int64_t size_bytes,
                   int64_t *first_tag_bytes, struct movie_error *error)
{
    struct byte_reader r, start;
    uint32_t data_offset;
    uint8_t version;

    if (!flv_scan_read(scan, 0, FLV_SCAN_BUFFER_BYTES, &start)) {
        snprintf(error->what, sizeof(error->what), "cannot be read: %m");
        error->may_pass = true;
        return false;
    }
    r = start;
    if (byte_read_u24(&r) != FLV_SIGNATURE) {
        refuse(start, error);
        return false;
    }
    version = byte_read_u8(&r);
    (void)byte_read_u8(&r); /* the flags */
    data_offset = byte_read_u32(&r);
    if (r.failed) {
        error->offset_bytes = size_bytes;
        snprintf(error->what, sizeof(error->what), "ends within its header");
        return false;
    }
    if (version > FLV_MAX_VERSION) {
        error->offset_bytes = 3;
        snprintf(error->what, sizeof(error->what),
                 "is FLV of version %u, which nobody has defined", version);
        return false;
    }
    if (version != FLV_VERSION)
        tell(scan, 3, "the version is not 1");
    data_offset = sound_data_offset(scan, data_offset, size_bytes);
    check_first_back_pointer(scan, data_offset);
    *first_tag_bytes = (int64_t)data_offset + FLV_BACK_POINTER_BYTES;
    return true;
}
