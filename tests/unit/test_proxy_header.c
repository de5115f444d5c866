/* net/proxy_header: the headers of the specification, and what is wrong with
 * others; the same however the bytes come, and never a byte too much. */
#include "net/proxy_header.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flv_bytes.h"
#include "net/address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What follows a header must stay where it is. */
#define BEHIND "\r\n\r\nPROXY"

/* Pushes the bytes in pieces of the first `cut` and then `step` bytes, each in
 * memory of its own. */
static enum proxy_header_result push(struct proxy_header *header,
                                     const struct flv_bytes *bytes, size_t cut,
                                     size_t step, size_t *taken)
{
    enum proxy_header_result result = PROXY_HEADER_MORE;
    size_t end = cut < bytes->length ? cut : bytes->length;

    *taken = 0;
    proxy_header_init(header);
    while (result == PROXY_HEADER_MORE) {
        const size_t size = end - *taken;
        uint8_t *piece = malloc(size + 1);
        struct byte_reader in;

        ck_assert_ptr_nonnull(piece);
        memcpy(piece, bytes->data + *taken, size);
        byte_reader_init(&in, piece, size);
        result = proxy_header_push(header, &in);
        *taken += size - byte_reader_left(&in);
        ck_assert(result != PROXY_HEADER_MORE || byte_reader_left(&in) == 0);
        free(piece);
        if (end == bytes->length)
            break;
        end = end + step < bytes->length ? end + step : bytes->length;
    }
    ck_assert_uint_eq(header->length, *taken);
    return result;
}

struct expectation {
    enum proxy_header_result result;
    size_t taken;
    const char *said; /* the address or the fault; or NULL */
};

static void check(const struct flv_bytes *bytes, size_t cut, size_t step,
                  const struct expectation *wanted)
{
    struct proxy_header header;
    char text[ADDRESS_TEXT_BYTES];
    size_t taken;

    ck_assert_int_eq(push(&header, bytes, cut, step, &taken), wanted->result);
    ck_assert_uint_eq(taken, wanted->taken);
    if (wanted->result == PROXY_HEADER_PEER)
        ck_assert_str_eq(address_format(&header.source, text), wanted->said);
    else
        ck_assert_int_eq(header.source.ss_family, 0);
    if (wanted->result == PROXY_HEADER_BAD)
        ck_assert_str_eq(header.fault, wanted->said);
    else
        ck_assert_ptr_null(header.fault);
}

/* All ways to cut it in two, and byte by byte. A header that is there is also
 * cut short: each beginning of it wants more. */
static void check_cuts(const struct flv_bytes *bytes,
                       const struct expectation *wanted)
{
    check(bytes, bytes->length, 1, wanted);
    check(bytes, 1, 1, wanted);
    for (size_t cut = 0; cut <= wanted->taken; cut++)
        check(bytes, cut, bytes->length, wanted);
    for (size_t length = 0; length < wanted->taken; length++) {
        const struct flv_bytes beginning = {.data = bytes->data,
                                            .length = length};
        const struct expectation more = {PROXY_HEADER_MORE, length, NULL};

        check(&beginning, length, 1, &more);
    }
}

/* `taken` 0: all of it, and what is put behind it is left. */
static void check_bytes(struct flv_bytes *bytes,
                        enum proxy_header_result result, size_t taken,
                        const char *said)
{
    const struct expectation wanted = {
        result, taken == 0 ? bytes->length : taken, said};

    flv_bytes_add(bytes, BEHIND, sizeof(BEHIND) - 1);
    check_cuts(bytes, &wanted);
    flv_bytes_free(bytes);
}

static void check_line(const char *line, enum proxy_header_result result,
                       size_t taken, const char *said)
{
    struct flv_bytes bytes = {0};

    flv_bytes_add(&bytes, line, strlen(line));
    check_bytes(&bytes, result, taken, said);
}

/* --- version 1 ------------------------------------------------------------ */

START_TEST(lines)
{
    static const struct {
        const char *line;
        const char *source; /* NULL: none */
    } cases[] = {
        {"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443", "192.168.0.1:56324"},
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535",
         "255.255.255.255:65535"},
        {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0", "0.0.0.0:0"},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 10 65535", "1.2.3.4:10"},
        {"PROXY TCP6 2001:db8::1 2001:db8::2 50000 1935",
         "[2001:db8::1]:50000"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
        {"PROXY TCP6 :: ::1 1 2", "[::]:1"},
        {"PROXY TCP6 FE80::A 0:0:0:0:0:0:0:1 1 2", "[fe80::a]:1"},
        {"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 4 5", "192.0.2.1:4"},
        {"PROXY TCP6 ::ffff:c000:201 ::1 4 5", "192.0.2.1:4"},
        {"PROXY UNKNOWN", NULL},
        {"PROXY UNKNOWN ", NULL},
        {"PROXY UNKNOWN 1.2.3.4 whatever \x80\x01 there is", NULL},
        {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
         NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[PROXY_HEADER_LINE_BYTES + 1];

        snprintf(line, sizeof(line), "%s\r\n", cases[i].line);
        check_line(line,
                   cases[i].source != NULL ? PROXY_HEADER_PEER
                                           : PROXY_HEADER_NO_PEER,
                   0, cases[i].source);
    }
}
END_TEST

#define NO_FAMILY "it is neither of TCP4 nor of TCP6 nor UNKNOWN"
#define NO_SOURCE "its source is no address of its family"
#define NO_DESTINATION "its destination is no address of its family"
#define NO_SOURCE_PORT "its source port is no number from 0 to 65535"
#define NO_DESTINATION_PORT "its destination port is no number from 0 to 65535"
#define TOO_MUCH "there is more behind its ports"

START_TEST(bad_lines)
{
    static const struct {
        const char *line; /* without its end */
        const char *fault;
    } cases[] = {
        {"PROXY", NO_FAMILY},
        {"PROXY ", NO_FAMILY},
        {"PROXYTCP4 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY  TCP4 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY\tTCP4 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY TCP 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY TCP5 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY TCP44 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY tcp4 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY UDP4 1.2.3.4 5.6.7.8 1 2", NO_FAMILY},
        {"PROXY UNKNOWNS", NO_FAMILY},
        {"PROXY UNKNOW", NO_FAMILY},
        {"PROXY TCP4TCP4TCP4TCP4TCP4TCP4TCP4TCP4TCP4TCP4TCP4TCP4 1.2.3.4",
         NO_FAMILY},
        {"PROXY TCP4", NO_SOURCE},
        {"PROXY TCP4 ", NO_SOURCE},
        {"PROXY TCP4  1.2.3.4 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3.4.5 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3.256 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3.04 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3.00 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3.-4 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 0x1.2.3.4 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2..4 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3.4\t5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 localhost 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 ::1 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP4 ::ffff:1.2.3.4 5.6.7.8 1 2", NO_SOURCE},
        {"PROXY TCP6 1.2.3.4 ::1 1 2", NO_SOURCE},
        {"PROXY TCP6 1:2:3:4:5:6:7 ::1 1 2", NO_SOURCE},
        {"PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2", NO_SOURCE},
        {"PROXY TCP6 1::2::3 ::1 1 2", NO_SOURCE},
        {"PROXY TCP6 12345::1 ::1 1 2", NO_SOURCE},
        {"PROXY TCP6 fe80::1%1 ::1 1 2", NO_SOURCE},
        {"PROXY TCP6 [::1] ::1 1 2", NO_SOURCE},
        {"PROXY TCP6 g::1 ::1 1 2", NO_SOURCE},
        {"PROXY TCP4 1.2.3.4", NO_DESTINATION},
        {"PROXY TCP4 1.2.3.4  1 2", NO_DESTINATION},
        {"PROXY TCP4 1.2.3.4 5.6.7 1 2", NO_DESTINATION},
        {"PROXY TCP4 1.2.3.4 ::1 1 2", NO_DESTINATION},
        {"PROXY TCP6 ::1 1.2.3.4 1 2", NO_DESTINATION},
        {"PROXY TCP4 1.2.3.4 5.6.7.8", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8  2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 99999 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 100000 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 4294967297 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 01 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 00 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 -1 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 0x1 2", NO_SOURCE_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1", NO_DESTINATION_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 ", NO_DESTINATION_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536", NO_DESTINATION_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 02", NO_DESTINATION_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 a", NO_DESTINATION_PORT},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 ", TOO_MUCH},
        {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3", TOO_MUCH},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[PROXY_HEADER_LINE_BYTES + 1];

        snprintf(line, sizeof(line), "%s\r\n", cases[i].line);
        check_line(line, PROXY_HEADER_BAD, 0, cases[i].fault);
    }
}
END_TEST

START_TEST(ends_of_lines)
{
    check_line("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n\r\n", PROXY_HEADER_BAD, 31,
               "its line has a LF without a CR");
    check_line("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n", PROXY_HEADER_BAD, 32,
               "its line has a CR without a LF");
    check_line("PROXY UNKNOWN \r \n", PROXY_HEADER_BAD, 16,
               "its line has a CR without a LF");
    check_line("PROXY\n", PROXY_HEADER_BAD, 6,
               "its line has a LF without a CR");
}
END_TEST

/* A NUL ends a string, not a word. */
START_TEST(a_word_with_a_nul)
{
    static const char line[] = "PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n";
    static const char family[] = "PROXY TCP4\0 1.2.3.4 5.6.7.8 1 2\r\n";
    static const char port[] = "PROXY TCP4 1.2.3.4 5.6.7.8 1\0 2\r\n";
    struct flv_bytes bytes = {0};

    flv_bytes_add(&bytes, line, sizeof(line) - 1);
    check_bytes(&bytes, PROXY_HEADER_BAD, 0, NO_SOURCE);
    bytes = (struct flv_bytes){0};
    flv_bytes_add(&bytes, family, sizeof(family) - 1);
    check_bytes(&bytes, PROXY_HEADER_BAD, 0, NO_FAMILY);
    bytes = (struct flv_bytes){0};
    flv_bytes_add(&bytes, port, sizeof(port) - 1);
    check_bytes(&bytes, PROXY_HEADER_BAD, 0, NO_SOURCE_PORT);
}
END_TEST

START_TEST(the_longest_line)
{
    for (size_t length = 100; length < 115; length++) {
        struct flv_bytes bytes = {0};

        flv_bytes_add(&bytes, "PROXY UNKNOWN ", 14);
        flv_bytes_fill(&bytes, 0xFF, length - 16);
        flv_bytes_add(&bytes, "\r\n", 2);
        if (length <= 107)
            check_bytes(&bytes, PROXY_HEADER_NO_PEER, length, NULL);
        else
            check_bytes(&bytes, PROXY_HEADER_BAD, 107,
                        "its line is longer than 107 bytes");
    }
}
END_TEST

/* --- version 2 ------------------------------------------------------------ */

#define SIGNATURE "0D0A0D0A000D0A515549540A"
#define IPV4_ADDRESSES "C0000201 C6336402 C350 078F"
#define IPV6_ADDRESSES                                                         \
    "20010DB8000000000000000000000001 20010DB8000000000000000000000002 "       \
    "C350 078F"
#define MAPPED_ADDRESSES                                                       \
    "00000000000000000000FFFFC0000201 00000000000000000000FFFFC0000202 "       \
    "0004 0005"

START_TEST(blocks)
{
    static const struct {
        const char *hex;    /* behind the signature */
        const char *source; /* NULL: none */
    } cases[] = {
        {"21 11 000C" IPV4_ADDRESSES, "192.0.2.1:50000"},
        {"21 21 0024" IPV6_ADDRESSES, "[2001:db8::1]:50000"},
        {"21 21 0024" MAPPED_ADDRESSES, "192.0.2.1:4"},
        /* whatever is behind the addresses: a TLV, half of one, garbage */
        {"21 11 0013" IPV4_ADDRESSES "05 0004 74657374", "192.0.2.1:50000"},
        {"21 11 000E" IPV4_ADDRESSES "05 FF", "192.0.2.1:50000"},
        {"21 21 0025" IPV6_ADDRESSES "00", "[2001:db8::1]:50000"},
        /* HAProxy's: crc32c, unique-id, SSL with its version and a name */
        {"21 11 0037" IPV4_ADDRESSES "03 0004 01020304 05 0008 0123456789ABCDEF"
         "20 0013 01 00000000 21 0007 544C5376312E33 22 0001 63 30 0000",
         "192.0.2.1:50000"},
        /* what has no address that could be used */
        {"21 00 0000", NULL},
        {"21 00 0003 010203", NULL},
        {"21 01 0000", NULL},
        {"21 02 0000", NULL},
        {"21 10 0000", NULL},
        {"21 12 000C" IPV4_ADDRESSES, NULL},
        {"21 20 0000", NULL},
        {"21 22 0024" IPV6_ADDRESSES, NULL},
        {"21 30 0000", NULL},
        /* LOCAL, whatever there is */
        {"20 00 0000", NULL},
        {"20 11 000C" IPV4_ADDRESSES, NULL},
        {"20 11 0000", NULL},
        {"20 21 0001 00", NULL},
        {"20 FF 0002 0102", NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct flv_bytes bytes = {0};

        flv_bytes_hex(&bytes, SIGNATURE);
        flv_bytes_hex(&bytes, cases[i].hex);
        check_bytes(&bytes,
                    cases[i].source != NULL ? PROXY_HEADER_PEER
                                            : PROXY_HEADER_NO_PEER,
                    0, cases[i].source);
    }
}
END_TEST

/* Two addresses of 108 bytes, as a stream and as datagrams. */
START_TEST(unix_sockets)
{
    static const char *const kinds[] = {"21 31 00D8", "21 32 00D8"};

    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct flv_bytes bytes = {0};

        flv_bytes_hex(&bytes, SIGNATURE);
        flv_bytes_hex(&bytes, kinds[i]);
        flv_bytes_fill(&bytes, '/', 216);
        check_bytes(&bytes, PROXY_HEADER_NO_PEER, 0, NULL);
    }
}
END_TEST

START_TEST(bad_blocks)
{
    static const char no_version[] = "its version is neither 1 nor 2";
    static const char no_command[] = "its command is neither LOCAL nor PROXY";
    static const char no_kind[] = "its family or transport is unknown";
    static const char too_short[] = "it is too short for its addresses";
    static const char too_long[] = "it is longer than 4096 bytes";
    static const struct {
        const char *hex; /* behind the signature */
        size_t taken;
        const char *fault;
    } cases[] = {
        {"01 11 000C" IPV4_ADDRESSES, 13, no_version},
        {"11 11 000C" IPV4_ADDRESSES, 13, no_version},
        {"31 11 000C" IPV4_ADDRESSES, 13, no_version},
        {"F0 00 0000", 13, no_version},
        {"22 11 000C" IPV4_ADDRESSES, 13, no_command},
        {"2F 00 0000", 13, no_command},
        {"21 41 000C" IPV4_ADDRESSES, 14, no_kind},
        {"21 F1 000C" IPV4_ADDRESSES, 14, no_kind},
        {"21 13 000C" IPV4_ADDRESSES, 14, no_kind},
        {"21 1F 000C" IPV4_ADDRESSES, 14, no_kind},
        {"21 11 000B" IPV4_ADDRESSES, 16, too_short},
        {"21 11 0000", 16, too_short},
        {"21 21 0023" IPV6_ADDRESSES, 16, too_short},
        {"21 21 000C" IPV4_ADDRESSES, 16, too_short},
        {"21 11 0FF1" IPV4_ADDRESSES, 16, too_long},
        {"21 11 FFFF" IPV4_ADDRESSES, 16, too_long},
        {"20 00 FFFF", 16, too_long},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct flv_bytes bytes = {0};

        flv_bytes_hex(&bytes, SIGNATURE);
        flv_bytes_hex(&bytes, cases[i].hex);
        check_bytes(&bytes, PROXY_HEADER_BAD, cases[i].taken, cases[i].fault);
    }
}
END_TEST

START_TEST(the_longest_block)
{
    const struct expectation wanted = {PROXY_HEADER_PEER, 4096,
                                       "192.0.2.1:50000"};
    struct flv_bytes bytes = {0};

    flv_bytes_hex(&bytes, SIGNATURE "21 11 0FF0" IPV4_ADDRESSES);
    flv_bytes_fill(&bytes, 0xA5, 4096 - bytes.length + 20);
    check(&bytes, bytes.length, 1, &wanted);
    check(&bytes, 1, 1, &wanted);
    check(&bytes, 100, 256, &wanted);
    flv_bytes_free(&bytes);
}
END_TEST

/* --- neither -------------------------------------------------------------- */

/* Told by the first byte that is of no header. */
START_TEST(something_else)
{
    static const struct {
        const char *hex;
        size_t taken;
    } cases[] = {
        {"03 00000000 00000000", 1},      /* C0 */
        {"16 0301 0200 01", 1},           /* TLS */
        {"474554202F", 1},                /* GET / */
        {"70726F7879", 1},                /* proxy */
        {"00", 1},                        /* */
        {"504F5354", 2},                  /* POST */
        {"50524F585A", 5},                /* PROXZ */
        {"0D0D", 2},                      /* */
        {"0D0A0D0A000D0A515549540D", 12}, /* */
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct flv_bytes bytes = {0};

        flv_bytes_hex(&bytes, cases[i].hex);
        check_bytes(&bytes, PROXY_HEADER_MISSING, cases[i].taken, NULL);
    }
}
END_TEST

START_TEST(looks_of_a_header)
{
    static const uint8_t block[] = "\r\n\r\n\0\r\nQUIT\n";

    ck_assert(proxy_header_is_begun((const uint8_t *)"PROXY TCP4", 10));
    ck_assert(proxy_header_is_begun((const uint8_t *)"PROXY", 5));
    ck_assert(!proxy_header_is_begun((const uint8_t *)"PROX", 4));
    ck_assert(!proxy_header_is_begun((const uint8_t *)"POST /", 6));
    ck_assert(proxy_header_is_begun(block, 5));
    ck_assert(!proxy_header_is_begun(block, 4));
    for (unsigned byte = 0; byte < 256; byte++)
        ck_assert_int_eq(proxy_header_may_begin((uint8_t)byte),
                         byte == 'P' || byte == '\r');
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {lines,
                                  bad_lines,
                                  ends_of_lines,
                                  a_word_with_a_nul,
                                  the_longest_line,
                                  blocks,
                                  unix_sockets,
                                  bad_blocks,
                                  the_longest_block,
                                  something_else,
                                  looks_of_a_header};
    Suite *const suite = suite_create("proxy header");
    TCase *const cases = tcase_create("all");
    SRunner *const runner = srunner_create(suite);
    int failed;

    for (size_t i = 0; i < COUNT(tests); i++)
        tcase_add_test(cases, tests[i]);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
