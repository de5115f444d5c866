/* What real files get wrong in their times and in the order of their tags, and
 * what comes to a player, from the beginning and after a seek. */
#include "lettered.h"

#include <stdlib.h>

struct row {
    const char *what;
    const char *file;     /* see lettered_write */
    const char *expected; /* see lettered_expect; NULL: not looked at */
    double seek_ms;
    const char *landing; /* what comes after a seek there; NULL: no seek */
};

static const struct row rows[] = {
    /* --- where a file begins */
    {"a beginning at two hours", "V7200000 A7200000 k7200000 a7200010 i7200040",
     "V0 A0 k0 a10 i40 end", 0, NULL},
    {"headers at 0, frames at two hours", "V0 A0 k7200000 a7200010 i7200040",
     "V0 A0 k0 a10 i40 end", 20, "V0 A0 k0 a10 i40 end"},
    {"sound that begins 5 s later", "V0 A0 k0 i40 l5000 a5010 b5033",
     "V0 A0 k0 i40 l5000 a5010 b5033 end", 5000,
     "V5000 A5000 l5000 a5010 b5033 end"},
    {"a negative first time", "V4294967263 k4294967263 i7 j47",
     "V0 k0 i40 j80 end", 0, NULL},
    {"a negative first time in 7 bits", "V2147483615 k2147483615 i7 j47",
     "V0 k0 i40 j80 end", 80, "V0 k0 i40 j80 end"},
    /* --- more than 24, 31, 32 bits */
    {"over 2^24", "V0 k0 l16777200 i16777240 m16777280",
     "V0 k0 l16777200 i16777240 m16777280 end", 16777279,
     "V16777200 l16777200 i16777240 m16777280 end"},
    {"over 2^31", "V0 k0 l2147483640 i2147483680 m2147483720",
     "V0 k0 l2147483640 i2147483680 m2147483720 end", 2147483650,
     "V2147483640 l2147483640 i2147483680 m2147483720 end"},
    {"over 2^32, from a beginning shortly before",
     "V4294000000 k4294000000 l4294967290 i34 m74",
     "V0 k0 l967290 i967330 m967370 end", 967369,
     "V967290 l967290 i967330 m967370 end"},
    {"over 2^32, from 0",
     "V0 k0 l2000000000 m4000000000 k4294967290 i34 l74 m114",
     "V0 k0 l2000000000 m4000000000 k4294967290 i34 l74 m114 end", 4294967295,
     "V4294967290 k4294967290 i34 l74 m114 end"},
    {"an extension byte that is never set, twice over",
     "V16777000 k16777000 a16777200 i24 b16777210 l64 m8388608 i16777210 k4",
     "V0 k0 a200 i240 b210 l280 m8388824 i16777426 k16777436 end", 290,
     "V280 l280 m8388824 i16777426 k16777436 end"},
    {"7 bits of the extension byte", "V2147483600 k2147483600 i2147483640 l32",
     "V0 k0 i40 l80 end", 80, "V80 l80 end"},
    /* --- jumps: kept, one constant for the file */
    {"jitter", "V0 k0 i108 a40 j80 l148 i120",
     "V0 k0 i108 a40 j80 l148 i120 end", 148, "V148 l148 i120 end"},
    {"back to 0 after a reconnection", "V0 k0 i100000 V0 k0 l40 i80",
     "V0 k0 i100000 V0 k0 l40 i80 end", 50, "V0 k0 i100000 V0 k0 l40 i80 end"},
    {"a second recording in the file, earlier than the first",
     "V100000 k100000 i100040 V0 l0 j40", "V0 k0 i40 V0 l41 j81 end", 41,
     "V41 l41 j81 end"},
    {"a second FLV header, times from 0",
     "V0 k0 i5000 [46 4C 56 01 05 00 00 00 09 00 00 00 00] V0 l0 j40",
     "V0 k0 i5000 V0 l0 j40 end", 0, NULL},
    {"hours forward", "V0 k0 i40 l7200040 j7200080",
     "V0 k0 i40 l7200040 j7200080 end", 7200050,
     "V7200040 l7200040 j7200080 end"},
    {"a header at 0 in the middle", "V0 A0 k0 a0 W0 l60000 a60000",
     "V0 A0 k0 a0 W0 l60000 a60000 end", 60000,
     "W60000 A60000 l60000 a60000 end"},
    /* --- interleaving: in the order of the file */
    {"sound 2 s behind the pictures",
     "V0 A0 k0 i1000 l2000 a0 i3000 a1000 m4000 a2000 a3000 a4000",
     "V0 A0 k0 i1000 l2000 a0 i3000 a1000 m4000 a2000 a3000 a4000 end", 4000,
     "V4000 A4000 m4000 a2000 a3000 a4000 end"},
    {"all pictures, then all sound", "V0 k0 l20000 m40000 A0 a0 a20000 a40000",
     "V0 k0 l20000 m40000 A0 a0 a20000 a40000 end", 40000,
     "V40000 m40000 A0 a0 a20000 a40000 end"},
    /* --- seeks */
    {"a seek before a change of headers",
     "V0 A0 k0 a0 l500 W1000 B1000 m1000 b1000",
     "V0 A0 k0 a0 l500 W1000 B1000 m1000 b1000 end", 999,
     "V500 A500 l500 W1000 B1000 m1000 b1000 end"},
    {"a seek behind a change of headers",
     "V0 A0 k0 a0 l500 W1000 B1000 m1000 b1000", NULL, 1000,
     "W1000 B1000 m1000 b1000 end"},
    {"a seek behind the end of a sequence, without a new header",
     "V0 k0 i40 E40 l80 i120", NULL, 100, "V80 l80 i120 end"},
    {"sound alone", "A0 a0 b23 a46 b69", "A0 a0 b23 a46 b69 end", 50,
     "A46 a46 b69 end"},
    {"no keyframe", "V0 A0 i0 a0 j40 a40 i80", "V0 A0 i0 a0 j40 a40 i80 end",
     40, "V40 A40 a40 i80 end"},
    {"the first picture is no keyframe", "V0 A0 i0 a0 j40 a40 k80 i120 a120",
     "V0 A0 a0 a40 k80 i120 a120 end", 50, "V80 A80 k80 i120 a120 end"},
};

static struct peer *serve(const struct row *row, struct lettered *file,
                          struct server *server)
{
    lettered_begin(file);
    lettered_write(file, row->file);
    lettered_serve(file, server);
    return lettered_watch(server, 0);
}

START_TEST(from_the_beginning)
{
    const struct row *row = &rows[_i];
    struct lettered file;
    struct server server;
    struct peer *peer = serve(row, &file, &server);

    if (row->expected != NULL)
        lettered_expect(peer, &server, &file, row->expected);
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

START_TEST(after_a_seek)
{
    const struct row *row = &rows[_i];
    struct lettered file;
    struct server server;
    struct peer *peer = serve(row, &file, &server);

    if (row->landing != NULL) {
        lettered_seek(peer, row->seek_ms);
        lettered_expect(peer, &server, &file, row->landing);
    }
    peer_close(peer);
    server_stop(&server, "peer closed the connection");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wild times");
    SRunner *runner = srunner_create(suite);
    TCase *tcase = tcase_create("wild times");
    const int count = (int)(sizeof(rows) / sizeof(rows[0]));
    int failed;

    tcase_add_loop_test(tcase, from_the_beginning, 0, count);
    tcase_add_loop_test(tcase, after_a_seek, 0, count);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
