/* The scan: which tags a sound file has, and which are left of a damaged one.
 * Also the file header and the duration, which are read with it. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flv/duration.h"
#include "flv/head.h"
#include "flv/scan.h"

#include "flv_bytes.h"

#define FIRST_TAG 13
#define MAX_TAGS 600
#define MAX_FAULTS 64

struct fault {
    enum flv_fault kind;
    int64_t offset_bytes;
    char what[160];
};

/* What a scan gave from one offset to the end. */
struct run {
    struct flv_scan scan;
    struct flv_scan_position position;
    struct flv_scan_tag tags[MAX_TAGS];
    int tag_count;
    struct fault faults[MAX_FAULTS];
    int fault_count;
    enum flv_scan_result result;
};

static void on_fault(void *context, enum flv_fault kind, int64_t offset_bytes,
                     const char *what)
{
    struct run *run = context;

    if (run->fault_count < MAX_FAULTS) {
        struct fault *fault = &run->faults[run->fault_count];

        fault->kind = kind;
        fault->offset_bytes = offset_bytes;
        strncpy(fault->what, what, sizeof(fault->what) - 1);
    }
    run->fault_count++;
}

/* Goes on to the end of the file, or what is in the way. */
static void run_on(struct run *run)
{
    struct flv_scan_tag tag;

    for (;;) {
        run->result = flv_scan_next(&run->scan, &run->position, &tag);
        if (run->result == FLV_SCAN_END || run->result == FLV_SCAN_FAILED)
            return;
        if (run->result == FLV_SCAN_TAG) {
            ck_assert_int_lt(run->tag_count, MAX_TAGS);
            run->tags[run->tag_count++] = tag;
        }
    }
}

static void run_file(struct run *run, int fd, int64_t from_bytes)
{
    memset(run, 0, sizeof(*run));
    flv_scan_init(&run->scan, fd, on_fault, run);
    flv_scan_position_init(&run->position, from_bytes);
    run_on(run);
}

static void run_bytes(struct run *run, const struct flv_bytes *b)
{
    const int fd = flv_bytes_open(b);

    run_file(run, fd, FIRST_TAG);
    close(fd);
}

static bool has_tag_at(const struct run *run, size_t offset)
{
    for (int i = 0; i < run->tag_count; i++)
        if (run->tags[i].data_offset_bytes == (int64_t)offset + 11)
            return true;
    return false;
}

/* Eight tags of different lengths behind a file header. */
#define TAGS 8
static void make_file(struct flv_bytes *b, size_t offsets[static TAGS])
{
    flv_bytes_file_header(b);
    for (uint32_t i = 0; i < TAGS; i++)
        offsets[i] = i % 3 == 0 ? flv_bytes_keyframe(b, i * 40, 200 + 31 * i)
                                : flv_bytes_inter(b, i * 40, 50 + 17 * i);
}

/* The run found all tags but those whose bits are set in `missing`, in order,
 * and nothing else. */
static void assert_tags(const struct run *run, const size_t offsets[],
                        unsigned missing)
{
    int found = 0;

    for (int i = 0; i < TAGS; i++) {
        if ((missing >> i & 1) != 0)
            continue;
        ck_assert_msg(found < run->tag_count, "tag %d is missing", i);
        ck_assert_msg(
            run->tags[found].data_offset_bytes == (int64_t)offsets[i] + 11,
            "tag %d: at %lld instead of %zu", i,
            (long long)run->tags[found].data_offset_bytes - 11, offsets[i]);
        found++;
    }
    ck_assert_int_eq(run->tag_count, found);
    ck_assert_int_eq(run->result, FLV_SCAN_END);
}

static void assert_fault(const struct run *run, int index, enum flv_fault kind,
                         size_t offset, const char *what)
{
    const struct fault *fault = &run->faults[index];

    ck_assert_int_lt(index, run->fault_count);
    ck_assert_int_eq(fault->kind, kind);
    ck_assert_int_eq(fault->offset_bytes, (int64_t)offset);
    ck_assert_msg(strstr(fault->what, what) != NULL, "\"%s\" has no \"%s\"",
                  fault->what, what);
}

START_TEST(sound_file)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0);
    ck_assert_int_eq(run.fault_count, 0);
    ck_assert_int_eq(run.tags[0].class.kind, FLV_KIND_KEYFRAME);
    ck_assert_int_eq(run.tags[1].class.kind, FLV_KIND_FRAME);
    ck_assert_uint_eq(run.tags[1].header.size_bytes, 67);
    ck_assert_uint_eq(run.tags[7].header.timestamp_ms, 280);
    flv_bytes_free(&b);
}
END_TEST

/* Cut anywhere, a file gives the tags whose data is whole, and one fault
 * unless it ends with a tag or within a back pointer. */
START_TEST(cut_at_every_length)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    for (size_t length = FIRST_TAG; length < b.length; length++) {
        const struct flv_bytes cut = {.data = b.data, .length = length};
        int whole = 0;
        bool within = false;

        for (int i = 0; i < TAGS; i++) {
            const size_t end = (i + 1 < TAGS ? offsets[i + 1] : b.length) - 4;

            whole += length >= end;
            within = within || (length > offsets[i] && length < end);
        }
        run_bytes(&run, &cut);
        assert_tags(&run, offsets, ~0u << whole);
        ck_assert_msg(run.fault_count == (within ? 1 : 0), "%d faults at %zu",
                      run.fault_count, length);
        if (within)
            assert_fault(&run, 0, FLV_FAULT_CUT_SHORT, offsets[whole],
                         "is cut short by the end of the file");
    }
    flv_bytes_free(&b);
}
END_TEST

START_TEST(truncation_text)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    b.length -= 5;
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 1u << 7);
    assert_fault(&run, 0, FLV_FAULT_CUT_SHORT, offsets[7],
                 "tag of 169 bytes is cut short by the end of the file");
    flv_bytes_free(&b);
}
END_TEST

static const uint32_t lying_sizes[] = {
    0,   1,   5,   66,  68,   69,    82,     83,      84,       85,
    150, 300, 500, 900, 1300, 50000, 100000, 0xFFFFF, 0xFFFFFE, 0xFFFFFF};

/* Every size that one tag's header may claim: the others are found, and
 * nothing that is none. */
START_TEST(lying_size)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    ck_assert_uint_ne(lying_sizes[_i], 67);
    flv_bytes_set_u24(&b, offsets[1] + 1, lying_sizes[_i]);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 1u << 1);
    ck_assert_int_eq(run.fault_count, 1);
    assert_fault(&run, 0, FLV_FAULT_DAMAGE, offsets[1], "82 bytes are skipped");
    flv_bytes_free(&b);
}
END_TEST

/* The worst lie: it ends exactly where the tag behind, or the third one,
 * ends. */
START_TEST(lying_size_encloses_tags)
{
    for (int last = 2; last < TAGS - 1; last++) {
        struct flv_bytes b = {0};
        size_t offsets[TAGS];
        struct run run;

        make_file(&b, offsets);
        flv_bytes_set_u24(&b, offsets[1] + 1,
                          (uint32_t)(offsets[last + 1] - 4 - offsets[1] - 11));
        run_bytes(&run, &b);
        assert_tags(&run, offsets, 1u << 1);
        ck_assert_int_eq(run.fault_count, 1);
        flv_bytes_free(&b);
    }
}
END_TEST

static void clear_back_pointers(struct flv_bytes *b, const size_t offsets[],
                                uint32_t value)
{
    for (int i = 0; i < TAGS; i++) {
        const size_t end = i + 1 < TAGS ? offsets[i + 1] : b->length;

        b->data[end - 4] = (uint8_t)(value >> 24);
        flv_bytes_set_u24(b, end - 3, value & 0xFFFFFF);
    }
}

START_TEST(wrong_back_pointers)
{
    static const uint32_t values[] = {0, 1, 11, 12, 50, 0xFFFFFFFF};

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct flv_bytes b = {0};
        size_t offsets[TAGS];
        struct run run;

        make_file(&b, offsets);
        clear_back_pointers(&b, offsets, values[i]);
        run_bytes(&run, &b);
        assert_tags(&run, offsets, 0);
        ck_assert_int_eq(run.fault_count, TAGS);
        assert_fault(&run, 0,
                     values[i] == 0 ? FLV_FAULT_ZERO_BACK_POINTER
                                    : FLV_FAULT_BACK_POINTER,
                     offsets[1] - 4, " instead of 211");
        flv_bytes_free(&b);
    }
}
END_TEST

/* A lie in a file whose back pointers are no help. */
START_TEST(lying_size_without_back_pointers)
{
    static const uint32_t sizes[] = {68, 150, 900, 0xFFFFFF};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct flv_bytes b = {0};
        size_t offsets[TAGS];
        struct run run;

        make_file(&b, offsets);
        clear_back_pointers(&b, offsets, 0);
        flv_bytes_set_u24(&b, offsets[1] + 1, sizes[i]);
        run_bytes(&run, &b);
        ck_assert(!has_tag_at(&run, offsets[1]) || sizes[i] == 68);
        for (int tag = 0; tag < TAGS; tag++)
            ck_assert(tag == 1 || has_tag_at(&run, offsets[tag]));
        flv_bytes_free(&b);
    }
}
END_TEST

/* Copies the file with `length` bytes from `garbage` put in at `at`. */
static void insert(struct flv_bytes *b, size_t at, const void *garbage,
                   size_t length, size_t offsets[static TAGS])
{
    struct flv_bytes out = {0};

    flv_bytes_add(&out, b->data, at);
    flv_bytes_add(&out, garbage, length);
    flv_bytes_add(&out, b->data + at, b->length - at);
    flv_bytes_free(b);
    *b = out;
    for (int i = 0; i < TAGS; i++)
        if (offsets[i] >= at)
            offsets[i] += length;
}

START_TEST(garbage_between_tags)
{
    static const char text[] = "<html>this is no FLV at all, is it?</html>";

    for (size_t length = 1; length < sizeof(text); length++) {
        struct flv_bytes b = {0};
        size_t offsets[TAGS];
        struct run run;
        size_t at;

        make_file(&b, offsets);
        at = offsets[3];
        insert(&b, at, text, length, offsets);
        run_bytes(&run, &b);
        assert_tags(&run, offsets, 0);
        ck_assert_int_eq(run.fault_count, 1);
        assert_fault(&run, 0, FLV_FAULT_DAMAGE, at, "no tag here");
        flv_bytes_free(&b);
    }
}
END_TEST

/* Garbage before the first tag, at the end, before a back pointer. */
START_TEST(garbage_elsewhere)
{
    static const char text[] = "garbage garbage garbage";
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    insert(&b, FIRST_TAG, text, 23, offsets);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0);
    assert_fault(&run, 0, FLV_FAULT_DAMAGE, FIRST_TAG, "23 bytes");
    flv_bytes_free(&b);

    make_file(&b, offsets);
    flv_bytes_add(&b, text, 23);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0);
    ck_assert_int_eq(run.fault_count, 1);
    assert_fault(&run, 0, FLV_FAULT_DAMAGE, b.length - 23,
                 "no sound tag from here to the end");
    flv_bytes_free(&b);

    /* There the tag before it cannot be proved, and goes. */
    make_file(&b, offsets);
    insert(&b, offsets[4] - 4, text, 23, offsets);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 1u << 3);
    ck_assert_int_eq(run.fault_count, 1);
    flv_bytes_free(&b);

    /* Unless no back pointer of the file proves anything. */
    make_file(&b, offsets);
    clear_back_pointers(&b, offsets, 0);
    insert(&b, offsets[4], text, 23, offsets);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0);
    flv_bytes_free(&b);
}
END_TEST

/* A back pointer that is not there at all. */
START_TEST(missing_back_pointer)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    memmove(b.data + offsets[3] - 4, b.data + offsets[3],
            b.length - offsets[3]);
    b.length -= 4;
    for (int i = 3; i < TAGS; i++)
        offsets[i] -= 4;
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(second_file_header)
{
    struct flv_bytes b = {0}, header = {0};
    size_t offsets[TAGS];
    struct run run;
    size_t at;

    flv_bytes_file_header(&header);
    for (int zero = 0; zero < 2; zero++) {
        make_file(&b, offsets);
        if (zero == 1)
            clear_back_pointers(&b, offsets, 0);
        at = offsets[5];
        insert(&b, at, header.data, header.length, offsets);
        run_bytes(&run, &b);
        assert_tags(&run, offsets, 0);
        for (int i = 0; i < run.fault_count; i++)
            if (run.faults[i].kind == FLV_FAULT_DAMAGE)
                assert_fault(&run, i, FLV_FAULT_DAMAGE, at,
                             "a second FLV header: 13 bytes are skipped");
        flv_bytes_free(&b);
    }
    flv_bytes_free(&header);
}
END_TEST

/* Zeros over the end of tag 2, all of 3 and 4, the start of 5. */
START_TEST(zero_filled_region)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    memset(b.data + offsets[2] + 40, 0, offsets[5] + 7 - offsets[2] - 40);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0x3C);
    ck_assert_int_eq(run.fault_count, 1);
    assert_fault(&run, 0, FLV_FAULT_DAMAGE, offsets[2],
                 "does not end where a tag begins");
    flv_bytes_free(&b);

    make_file(&b, offsets);
    memset(b.data + offsets[2], 0, b.length - offsets[2]);
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0xFC);
    ck_assert_int_eq(run.fault_count, 1);
    flv_bytes_free(&b);
}
END_TEST

/* Longer than what one step searches: the others have their turn between. */
START_TEST(long_damage_is_searched_in_steps)
{
    struct flv_bytes b = {0};
    struct flv_scan_tag tag;
    struct run run = {0};
    size_t last;
    int steps = 0;
    int fd;

    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0, 100);
    flv_bytes_fill(&b, 0, 5 * FLV_MAX_RESYNC_BYTES + 12345);
    last = flv_bytes_keyframe(&b, 40, 100);
    fd = flv_bytes_open(&b);
    flv_scan_init(&run.scan, fd, on_fault, &run);
    flv_scan_position_init(&run.position, FIRST_TAG);
    ck_assert_int_eq(flv_scan_next(&run.scan, &run.position, &tag),
                     FLV_SCAN_TAG);
    while (flv_scan_next(&run.scan, &run.position, &tag) == FLV_SCAN_MORE)
        steps++;
    ck_assert_int_ge(steps, 5);
    ck_assert_int_eq(tag.data_offset_bytes, (int64_t)last + 11);
    ck_assert_int_eq(run.fault_count, 1);
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(unknown_type_is_skipped_by_size)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run;

    make_file(&b, offsets);
    b.data[offsets[2]] = 10;
    b.data[offsets[4] + 10] = 7; /* a stream id, which readers ignore */
    run_bytes(&run, &b);
    assert_tags(&run, offsets, 0);
    ck_assert_int_eq(run.tags[2].class.kind, FLV_KIND_UNUSABLE);
    ck_assert_int_eq(run.tags[4].class.kind, FLV_KIND_FRAME);
    ck_assert_int_eq(run.fault_count, 1);
    assert_fault(&run, 0, FLV_FAULT_UNKNOWN_TYPE, offsets[2], "unknown type");
    flv_bytes_free(&b);
}
END_TEST

/* Damage anywhere costs the tags that it touches and the one before it at
 * most, and never gives out a tag that is none. */
START_TEST(random_damage)
{
    uint32_t random = 12345;
    struct flv_bytes sound = {0};
    size_t offsets[40];
    struct run *run = malloc(sizeof(*run));

    flv_bytes_file_header(&sound);
    for (uint32_t i = 0; i < 40; i++)
        offsets[i] = flv_bytes_inter(&sound, i * 40, 6 + i * 37 % 200);
    for (int round = 0; round < 1000; round++) {
        struct flv_bytes b = {0};
        size_t at, length;

        flv_bytes_add(&b, sound.data, sound.length);
        random = random * 1664525 + 1013904223;
        at = FIRST_TAG + (random >> 8) % (b.length - FIRST_TAG);
        random = random * 1664525 + 1013904223;
        length = 1 + (random >> 8) % (round % 2 == 0 ? 3 : 400);
        if (length > b.length - at)
            length = b.length - at;
        for (size_t i = 0; i < length; i++) {
            random = random * 1664525 + 1013904223;
            b.data[at + i] = (uint8_t)(random >> 24);
        }
        run_bytes(run, &b);
        for (int i = 0; i < 40; i++) {
            const size_t end = i < 39 ? offsets[i + 1] : b.length;

            if (end + 15 <= at || offsets[i] >= at + length)
                ck_assert_msg(has_tag_at(run, offsets[i]),
                              "round %d: %zu bytes at %zu cost the tag at %zu",
                              round, length, at, offsets[i]);
        }
        ck_assert_int_le(run->tag_count, 40);
        for (int i = 1; i < run->tag_count; i++)
            ck_assert_int_gt(run->tags[i].data_offset_bytes,
                             run->tags[i - 1].data_offset_bytes);
        flv_bytes_free(&b);
    }
    free(run);
    flv_bytes_free(&sound);
}
END_TEST

/* The end is asked for again and again while the file grows byte by byte. */
START_TEST(growing_file)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct run run = {0};
    int fd;

    make_file(&b, offsets);
    fd = memfd_create("growing", MFD_CLOEXEC);
    ck_assert_int_eq(pwrite(fd, b.data, FIRST_TAG, 0), FIRST_TAG);
    flv_scan_init(&run.scan, fd, on_fault, &run);
    flv_scan_position_init(&run.position, FIRST_TAG);
    for (size_t i = FIRST_TAG; i < b.length; i++) {
        int whole = 0;

        run_on(&run);
        ck_assert_int_eq(run.result, FLV_SCAN_END);
        for (int tag = 0; tag < TAGS; tag++)
            whole += i >= (tag + 1 < TAGS ? offsets[tag + 1] : b.length) - 4;
        ck_assert_int_eq(run.tag_count, whole);
        ck_assert_int_eq(pwrite(fd, b.data + i, 1, (off_t)i), 1);
    }
    run_on(&run);
    assert_tags(&run, offsets, 0);
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

/* Damage at the end of a file that grows: searched further each time, told
 * once, and the tag that runs over the end is found when it is whole. */
START_TEST(growing_file_with_damage)
{
    struct flv_bytes b = {0};
    struct run run = {0};
    size_t last;
    int fd;

    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0, 100);
    flv_bytes_fill(&b, 0xEE, 1000);
    last = flv_bytes_keyframe(&b, 40, 3000);
    fd = memfd_create("growing", MFD_CLOEXEC);
    flv_scan_init(&run.scan, fd, on_fault, &run);
    flv_scan_position_init(&run.position, FIRST_TAG);
    for (size_t i = FIRST_TAG; i < b.length - 4; i += 50) {
        const struct flv_bytes part = {.data = b.data, .length = i};

        flv_bytes_write(&part, fd);
        run_on(&run);
        ck_assert_int_eq(run.result, FLV_SCAN_END);
        ck_assert_int_le(run.tag_count, 1);
    }
    flv_bytes_write(&b, fd);
    run_on(&run);
    ck_assert_int_eq(run.tag_count, 2);
    ck_assert_int_eq(run.tags[1].data_offset_bytes, (int64_t)last + 11);
    for (int i = 0, damage = 0; i < run.fault_count; i++) {
        damage += run.faults[i].kind == FLV_FAULT_DAMAGE;
        ck_assert_int_le(damage, 1);
    }
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(file_cut_before_the_position)
{
    struct flv_bytes b = {0};
    size_t offsets[TAGS];
    struct flv_scan_tag tag;
    struct run run = {0};
    int fd;

    make_file(&b, offsets);
    fd = flv_bytes_open(&b);
    run_file(&run, fd, FIRST_TAG);
    assert_tags(&run, offsets, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)b.length - 5), 0);
    errno = 0;
    ck_assert_int_eq(flv_scan_next(&run.scan, &run.position, &tag),
                     FLV_SCAN_FAILED);
    ck_assert_int_eq(errno, ESTALE);
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(read_error)
{
    struct flv_bytes b = {0};
    struct run run;

    run_file(&run, -1, FIRST_TAG);
    ck_assert_int_eq(run.result, FLV_SCAN_FAILED);
    ck_assert_int_eq(errno, EBADF);
    flv_bytes_free(&b);
}
END_TEST

/* The largest tag there is, and offsets beyond 4 GiB and near 2^63. */
START_TEST(large_tag_and_large_offsets)
{
    static const int64_t bases[] = {0, (int64_t)5 << 30,
                                    INT64_MAX - 2 * 0xFFFFFF};

    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        const int64_t base = bases[i];
        const int64_t end = base + 11 + 0xFFFFFF;
        struct flv_bytes head = {0}, seam = {0};
        const int fd = memfd_create("sparse", MFD_CLOEXEC);
        struct run run;

        flv_bytes_tag_header(&head, 9, 0xFFFFFF, 0);
        flv_bytes_hex(&head, "17 01 00 00 00 65");
        flv_bytes_u32(&seam, 0xFFFFFF + 11);
        flv_bytes_inter(&seam, 40, 100);
        ck_assert_int_eq(pwrite(fd, head.data, head.length, base),
                         (ssize_t)head.length);
        ck_assert_int_eq(pwrite(fd, seam.data, seam.length, end),
                         (ssize_t)seam.length);
        run_file(&run, fd, base);
        ck_assert_int_eq(run.result, FLV_SCAN_END);
        ck_assert_int_eq(run.tag_count, 2);
        ck_assert_int_eq(run.fault_count, 0);
        ck_assert_uint_eq(run.tags[0].header.size_bytes, 0xFFFFFF);
        ck_assert_int_eq(run.tags[1].data_offset_bytes, end + 4 + 11);
        close(fd);
        flv_bytes_free(&head);
        flv_bytes_free(&seam);
    }
}
END_TEST

/* A file as long as a file can be: no sum of offsets may overflow. */
START_TEST(end_at_the_largest_offset)
{
    struct flv_bytes b = {0};
    const int fd = memfd_create("sparse", MFD_CLOEXEC);
    int64_t at;

    flv_bytes_inter(&b, 0, 100);
    b.length -= 4; /* the tag's data is the last of the file */
    at = INT64_MAX - (int64_t)b.length;
    if (pwrite(fd, b.data, b.length, at) == (ssize_t)b.length) {
        for (int64_t from = at; from > at - 40; from -= 13) {
            struct run run;

            run_file(&run, fd, from);
            ck_assert_int_eq(run.result, FLV_SCAN_END);
            ck_assert_int_eq(run.tag_count, 1);
        }
    }
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

/* ---- The file header */

struct head_case {
    const char *hex;
    int64_t first_tag; /* 0: refused */
    int64_t error_offset;
    const char *text; /* of the error, or of the one fault; NULL: none */
    bool can_remux;
};

#define SOUND_TAG " 12 00 00 00 00 00 00 00 00 00 00 00 00 00 0B"

static const struct head_case heads[] = {
    {"46 4C 56 01 05 00 00 00 09 00 00 00 00" SOUND_TAG, 13, 0, NULL, false},
    {"46 4C 56 01 00 00 00 00 09 00 00 00 00" SOUND_TAG, 13, 0, NULL, false},
    {"46 4C 56 01 05 00 00 00 0C AA BB CC 00 00 00 00" SOUND_TAG, 16, 0, NULL,
     false},
    {"46 4C 56 01 05 00 00 00 09 00 00 00 07" SOUND_TAG, 13, 0,
     "first PreviousTagSize is 7", false},
    {"46 4C 56 02 05 00 00 00 09 00 00 00 00" SOUND_TAG, 13, 0, "version",
     false},
    {"46 4C 56 04 05 00 00 00 09 00 00 00 00" SOUND_TAG, 13, 0, "version",
     false},
    {"46 4C 56 05 05 00 00 00 09 00 00 00 00" SOUND_TAG, 0, 3, "version 5",
     false},
    {"46 4C 56 01 05 00 00 00 08 00 00 00 00" SOUND_TAG, 13, 0,
     "data offset is 8", false},
    {"46 4C 56 01 05 00 00 00 00 00 00 00 00" SOUND_TAG, 13, 0,
     "data offset is 0", false},
    {"46 4C 56 01 05 00 00 00 0D 00 00 00 00" SOUND_TAG, 13, 0,
     "data offset is 13", false},
    {"46 4C 56 01 05 00 00 10 00 00 00 00 00" SOUND_TAG, 13, 0,
     "data offset is 4096", false},
    {"46 4C 56 01 05 FF FF FF FF 00 00 00 00" SOUND_TAG, 13, 0,
     "data offset is 4294967295", false},
    {"46 4C 56 01 05 00 00 00", 0, 8, "ends within its header", false},
    {"46 4C", 0, 0, "too short", false},
    {"3C 68 74 6D 6C 3E", 0, 0, "begins with the bytes 3C6874", false},
    {"00 00 00 1C 66 74 79 70 69 73 6F 6D", 0, 0, "is an MP4 file", true},
    {"00 00 10 00 6D 6F 6F 76 00 00 00 6C", 0, 0, "is an MP4 file", true},
    {"1A 45 DF A3 01 00 00 00", 0, 0, "Matroska", true},
};

START_TEST(file_header)
{
    const struct head_case *c = &heads[_i];
    struct movie_error error = {.offset_bytes = -1};
    struct flv_bytes b = {0};
    struct run run = {0};
    int64_t first_tag = 0;
    int fd;

    flv_bytes_hex(&b, c->hex);
    fd = flv_bytes_open(&b);
    flv_scan_init(&run.scan, fd, on_fault, &run);
    ck_assert(flv_head_read(&run.scan, (int64_t)b.length, &first_tag, &error) ==
              (c->first_tag != 0));
    if (c->first_tag != 0) {
        ck_assert_int_eq(first_tag, c->first_tag);
        ck_assert_int_eq(run.fault_count, c->text == NULL ? 0 : 1);
        if (c->text != NULL)
            ck_assert_msg(strstr(run.faults[0].what, c->text) != NULL, "%s",
                          run.faults[0].what);
    } else {
        ck_assert_int_eq(error.offset_bytes, c->error_offset);
        ck_assert_msg(strstr(error.what, c->text) != NULL, "%s", error.what);
        ck_assert(error.can_remux == c->can_remux);
    }
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(mpeg_ts_is_told)
{
    struct movie_error error = {0};
    struct flv_bytes b = {0};
    struct flv_scan scan;
    int64_t first_tag;
    int fd;

    for (int i = 0; i < 3; i++) {
        flv_bytes_fill(&b, 0x47, 1);
        flv_bytes_fill(&b, 0xFF, 187);
    }
    fd = flv_bytes_open(&b);
    flv_scan_init(&scan, fd, NULL, NULL);
    ck_assert(!flv_head_read(&scan, (int64_t)b.length, &first_tag, &error));
    ck_assert_ptr_nonnull(strstr(error.what, "MPEG-TS"));
    ck_assert(error.can_remux);
    close(fd);
    flv_bytes_free(&b);
}
END_TEST

/* ---- The duration */

static int64_t duration_of(const struct flv_bytes *b, int64_t first_frame_ms)
{
    const struct flv_duration_start start = {.first_tag_bytes = FIRST_TAG,
                                             .first_frame_ms = first_frame_ms,
                                             .has_audio = true,
                                             .has_video = true};
    const int fd = flv_bytes_open(b);
    struct flv_scan scan;
    int64_t duration_ms;

    flv_scan_init(&scan, fd, NULL, NULL);
    duration_ms = flv_duration_read(&scan, (int64_t)b->length, &start);
    close(fd);
    return duration_ms;
}

/* 50 frames of 40 ms from `base_ms`, sound of 21 ms beside them, which ends
 * first; 2000 ms in all. */
static void make_movie(struct flv_bytes *b, uint32_t base_ms)
{
    uint32_t audio_ms = 0;

    flv_bytes_file_header(b);
    for (uint32_t i = 0; i < 50; i++) {
        flv_bytes_inter(b, base_ms + i * 40, 1000);
        for (; audio_ms < i * 40; audio_ms += 21)
            flv_bytes_audio(b, base_ms + audio_ms, 100);
    }
}

START_TEST(duration_from_the_tail)
{
    struct flv_bytes b = {0};

    make_movie(&b, 0);
    ck_assert_int_eq(duration_of(&b, 0), 2000);
    /* A script tag and an end of sequence behind the last frame. */
    flv_bytes_tag_hex(&b, 9, 1960, "17 02 00 00 00");
    flv_bytes_tag_hex(&b, 18, 9999, "02 00 00");
    ck_assert_int_eq(duration_of(&b, 0), 2000);
    flv_bytes_free(&b);
    make_movie(&b, 3600000);
    ck_assert_int_eq(duration_of(&b, 3600000), 2000);
    flv_bytes_free(&b);
    /* Over the wrap at 2^32. */
    make_movie(&b, 0xFFFFFC00);
    ck_assert_int_eq(duration_of(&b, 0xFFFFFC00), 2000);
    flv_bytes_free(&b);
}
END_TEST

/* Where the walk over back pointers fails, the forward scan must tell the
 * same. */
START_TEST(duration_of_a_damaged_tail)
{
    struct flv_bytes b = {0};
    size_t whole;

    make_movie(&b, 0);
    whole = b.length;
    for (size_t cut = 1; cut < 100; cut += 7) {
        b.length = whole - cut;
        ck_assert_int_ge(duration_of(&b, 0), 1980);
        ck_assert_int_le(duration_of(&b, 0), 2000);
    }
    b.length = whole;
    memset(b.data + b.length - 4, 0, 4);
    ck_assert_int_eq(duration_of(&b, 0), 2000);
    /* The last back pointer leads to a tag, but not to the last one. */
    flv_bytes_set_u24(&b, b.length - 3, 1015 + 3 * 115 - 4);
    ck_assert_int_eq(duration_of(&b, 0), 2000);
    flv_bytes_fill(&b, 0xAA, 100);
    ck_assert_int_eq(duration_of(&b, 0), 2000);
    flv_bytes_fill(&b, 0xAA, 3 << 20);
    ck_assert_int_eq(duration_of(&b, 0), 2000);
    flv_bytes_fill(&b, 0xAA, 16 << 20);
    ck_assert_int_eq(duration_of(&b, 0), 0);
    flv_bytes_free(&b);
}
END_TEST

/* All back pointers zero, and longer than the shorter one of the spans that
 * are looked through. */
START_TEST(duration_of_a_long_file_without_back_pointers)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    for (uint32_t i = 0; i < 100; i++) {
        const size_t at = flv_bytes_inter(&b, i * 40, 30000);

        memset(b.data + at + 30011, 0, 4);
    }
    flv_bytes_audio(&b, 0, 100);
    memset(b.data + b.length - 4, 0, 4);
    ck_assert_int_eq(duration_of(&b, 0), 4000);
    flv_bytes_free(&b);
}
END_TEST

START_TEST(duration_that_is_not_known)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    ck_assert_int_eq(duration_of(&b, 0), 0);
    flv_bytes_keyframe(&b, 0, 100);
    ck_assert_int_eq(duration_of(&b, 0), 0);
    flv_bytes_free(&b);
    /* The last times lie before the first one. */
    make_movie(&b, 0);
    ck_assert_int_eq(duration_of(&b, 5000), 0);
    flv_bytes_free(&b);
    /* Two types, of which one stopped long before the end. */
    flv_bytes_file_header(&b);
    flv_bytes_keyframe(&b, 0, 100);
    for (uint32_t i = 0; i < 1000; i++)
        flv_bytes_audio(&b, i * 20, 10);
    ck_assert_int_eq(duration_of(&b, 0), 20000);
    flv_bytes_free(&b);
}
END_TEST

/* A jump between the last two frames is no frame's length. */
START_TEST(duration_with_a_jump_at_the_end)
{
    struct flv_bytes b = {0};

    flv_bytes_file_header(&b);
    flv_bytes_audio(&b, 0, 10);
    flv_bytes_audio(&b, 20, 10);
    flv_bytes_keyframe(&b, 0, 100);
    flv_bytes_inter(&b, 100000, 100);
    ck_assert_int_eq(duration_of(&b, 0), 100000);
    flv_bytes_free(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flv_scan");
    TCase *tcase = tcase_create("flv_scan");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sound_file);
    tcase_add_test(tcase, cut_at_every_length);
    tcase_add_test(tcase, truncation_text);
    tcase_add_loop_test(tcase, lying_size, 0,
                        (int)(sizeof(lying_sizes) / sizeof(lying_sizes[0])));
    tcase_add_test(tcase, lying_size_encloses_tags);
    tcase_add_test(tcase, wrong_back_pointers);
    tcase_add_test(tcase, lying_size_without_back_pointers);
    tcase_add_test(tcase, garbage_between_tags);
    tcase_add_test(tcase, garbage_elsewhere);
    tcase_add_test(tcase, missing_back_pointer);
    tcase_add_test(tcase, second_file_header);
    tcase_add_test(tcase, zero_filled_region);
    tcase_add_test(tcase, long_damage_is_searched_in_steps);
    tcase_add_test(tcase, unknown_type_is_skipped_by_size);
    tcase_add_test(tcase, random_damage);
    tcase_add_test(tcase, growing_file);
    tcase_add_test(tcase, growing_file_with_damage);
    tcase_add_test(tcase, file_cut_before_the_position);
    tcase_add_test(tcase, read_error);
    tcase_add_test(tcase, large_tag_and_large_offsets);
    tcase_add_test(tcase, end_at_the_largest_offset);
    tcase_add_loop_test(tcase, file_header, 0,
                        (int)(sizeof(heads) / sizeof(heads[0])));
    tcase_add_test(tcase, mpeg_ts_is_told);
    tcase_add_test(tcase, duration_from_the_tail);
    tcase_add_test(tcase, duration_of_a_damaged_tail);
    tcase_add_test(tcase, duration_of_a_long_file_without_back_pointers);
    tcase_add_test(tcase, duration_that_is_not_known);
    tcase_add_test(tcase, duration_with_a_jump_at_the_end);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
