/* net/gather: order, room, consuming to any length, and what is kept when the
 * rest is dropped. */
#include "net/gather.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct gather g;

/* What is left to be sent. */
static size_t flatten(uint8_t *out, size_t size)
{
    size_t used = 0;

    for (size_t i = g.first; i < g.count; i++) {
        ck_assert_uint_le(g.parts[i].iov_len, size - used);
        memcpy(out + used, g.parts[i].iov_base, g.parts[i].iov_len);
        used += g.parts[i].iov_len;
    }
    ck_assert_uint_eq(used, g.bytes);
    return used;
}

static void expect(const char *text)
{
    uint8_t out[256];
    const size_t length = flatten(out, sizeof(out));

    ck_assert_uint_eq(length, strlen(text));
    ck_assert_mem_eq(out, text, length);
}

/* Two messages: a header and two pieces of a file each. */
static void fill(void)
{
    gather_reset(&g);
    gather_mark_message(&g);
    gather_add_header(&g, "<1>", 3);
    gather_add_file(&g, "abcd", 4, 100);
    gather_add_file(&g, "ef", 2, 104);
    gather_mark_message(&g);
    gather_add_header(&g, "<2>", 3);
    gather_add_memory(&g, "ghij", 4);
}

static const char all[] = "<1>abcdef<2>ghij";

START_TEST(parts_keep_their_order)
{
    fill();
    expect(all);
    ck_assert_uint_eq(g.bytes, 16);
    ck_assert_int_eq(g.file_fd, -1);
    gather_add_memory(&g, "", 0);
    gather_add_header(&g, "", 0);
    gather_add_file(&g, "", 0, 5);
    ck_assert_uint_eq(g.count, 5);
    gather_reset(&g);
    expect("");
}
END_TEST

START_TEST(headers_are_copied)
{
    char header[] = "head";

    gather_reset(&g);
    gather_add_header(&g, header, 4);
    memset(header, 'x', 4);
    expect("head");
}
END_TEST

START_TEST(consuming_to_every_length)
{
    for (size_t first = 0; first <= strlen(all); first++) {
        for (size_t second = 0; first + second <= strlen(all); second++) {
            fill();
            gather_consume(&g, first);
            gather_consume(&g, second);
            expect(&all[first + second]);
        }
    }
    ck_assert_uint_eq(g.bytes, 0);
}
END_TEST

START_TEST(file_offsets_follow)
{
    fill();
    ck_assert_int_eq(g.file_offsets[0], -1);
    ck_assert_int_eq(g.file_offsets[1], 100);
    ck_assert_int_eq(g.file_offsets[2], 104);
    gather_consume(&g, 5);
    ck_assert_int_eq(g.file_offsets[1], 102);
    ck_assert_int_eq(g.file_offsets[4], -1);
}
END_TEST

/* Byte by byte: what of the messages stays when the rest is dropped. */
START_TEST(only_what_was_begun_is_kept)
{
    static const size_t first = 9; /* bytes of the first message */

    for (size_t sent = 0; sent <= strlen(all); sent++) {
        char kept[32] = "";
        size_t forgotten;

        fill();
        gather_consume(&g, sent);
        forgotten = gather_keep_begun(&g);
        if (sent > 0 && sent < first)
            memcpy(kept, &all[sent], first - sent);
        else if (sent > first)
            strcpy(kept, &all[sent]);
        expect(kept);
        ck_assert_uint_eq(forgotten, sent == 0 ? 2 : sent <= first ? 1 : 0);
    }
}
END_TEST

/* The byte that stays behind belongs to what is begun, also where it is the
 * first of a message. */
START_TEST(all_but_one_count_as_begun)
{
    static const size_t first = 9;

    for (size_t sent = 1; sent <= strlen(all); sent++) {
        char kept[32] = "";
        size_t forgotten;

        fill();
        gather_consume_but_one(&g, sent);
        expect(&all[sent - 1]);
        forgotten = gather_keep_begun(&g);
        if (sent <= first)
            memcpy(kept, &all[sent - 1], first - sent + 1);
        else
            strcpy(kept, &all[sent - 1]);
        expect(kept);
        ck_assert_uint_eq(forgotten, sent <= first ? 1 : 0);
        gather_consume(&g, 1);
        expect(kept + 1);
    }
}
END_TEST

/* A message that was begun in the gather before has no mark in this one. */
START_TEST(what_goes_on_from_before_is_kept)
{
    gather_reset(&g);
    gather_add_file(&g, "rest", 4, 0);
    gather_mark_message(&g);
    gather_add_memory(&g, "next", 4);
    ck_assert_uint_eq(gather_keep_begun(&g), 1);
    expect("rest");
    gather_reset(&g);
    gather_add_file(&g, "rest", 4, 0);
    ck_assert_uint_eq(gather_keep_begun(&g), 0);
    expect("rest");
}
END_TEST

START_TEST(files_are_blanked_and_memory_is_not)
{
    fill();
    gather_consume(&g, 4);
    gather_blank_file(&g);
    uint8_t out[64];
    ck_assert_uint_eq(flatten(out, sizeof(out)), 12);
    ck_assert_mem_eq(out, "\0\0\0\0\0<2>ghij", 12);
    for (size_t i = 0; i < g.count; i++)
        ck_assert(g.file_offsets[i] == -1 || i < g.first);
}
END_TEST

START_TEST(room_ends_with_parts_headers_or_bytes)
{
    static const uint8_t big[GATHER_MAX_BYTES];
    size_t added;

    /* parts */
    gather_reset(&g);
    for (added = 0; gather_has_room(&g, 1); added += 2) {
        gather_add_memory(&g, "h", 1);
        gather_add_memory(&g, "p", 1);
    }
    ck_assert_uint_eq(added, GATHER_MAX_PARTS);
    /* one more message than fits is not asked for */
    gather_reset(&g);
    for (added = 0; added < GATHER_MAX_PARTS - 2; added++)
        gather_add_memory(&g, "h", 1);
    ck_assert(gather_has_room(&g, 1));
    ck_assert(!gather_has_room(&g, 2));
    /* headers */
    gather_reset(&g);
    for (added = 0; gather_has_room(&g, 0) && added < GATHER_HEADER_BYTES;
         added += 18)
        gather_add_header(&g, big, 18);
    ck_assert_uint_le(added, GATHER_HEADER_BYTES);
    ck_assert_uint_eq(g.bytes, added);
    ck_assert_uint_gt(added, GATHER_HEADER_BYTES - 64);
    /* bytes */
    gather_reset(&g);
    ck_assert_uint_eq(gather_room_bytes(&g), GATHER_MAX_BYTES);
    gather_add_memory(&g, big, GATHER_MAX_BYTES - 100);
    ck_assert_uint_eq(gather_room_bytes(&g), 100);
    ck_assert(gather_has_room(&g, 1));
    gather_add_memory(&g, big, 90);
    ck_assert(!gather_has_room(&g, 1));
    gather_add_memory(&g, big, 90);
    ck_assert_uint_eq(gather_room_bytes(&g), 0);
}
END_TEST

START_TEST(more_than_fits_is_not_written_beyond)
{
    gather_reset(&g);
    for (size_t i = 0; i < GATHER_MAX_PARTS + 10; i++) {
        gather_mark_message(&g);
        gather_add_memory(&g, "m", 1);
    }
    ck_assert_uint_eq(g.count, GATHER_MAX_PARTS);
    ck_assert_uint_eq(g.bytes, GATHER_MAX_PARTS);
    gather_consume(&g, GATHER_MAX_PARTS);
    ck_assert_uint_eq(g.bytes, 0);
}
END_TEST

START_TEST(zeros_are_zero)
{
    for (size_t i = 0; i < GATHER_ZEROS_BYTES; i++)
        ck_assert_uint_eq(gather_zeros[i], 0);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("gather");
    TCase *const tests = tcase_create("gather");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, parts_keep_their_order);
    tcase_add_test(tests, headers_are_copied);
    tcase_add_test(tests, consuming_to_every_length);
    tcase_add_test(tests, file_offsets_follow);
    tcase_add_test(tests, only_what_was_begun_is_kept);
    tcase_add_test(tests, all_but_one_count_as_begun);
    tcase_add_test(tests, what_goes_on_from_before_is_kept);
    tcase_add_test(tests, files_are_blanked_and_memory_is_not);
    tcase_add_test(tests, room_ends_with_parts_headers_or_bytes);
    tcase_add_test(tests, more_than_fits_is_not_written_beyond);
    tcase_add_test(tests, zeros_are_zero);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
