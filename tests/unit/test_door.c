/* status/door: the newest come in, the oldest go for them. */
#include "status/door.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A connection: ours, and the peer's end of it. */
struct pair {
    int ours;
    int peer;
};

static struct pair connect_pair(void)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    return (struct pair){fds[0], fds[1]};
}

static void close_pair(struct pair pair)
{
    close(pair.ours);
    close(pair.peer);
}

static bool was_interrupted(struct pair pair)
{
    char byte;

    return recv(pair.peer, &byte, 1, MSG_DONTWAIT) == 0;
}

static void enter(struct door *door, struct pair pair)
{
    ck_assert(door_let_in(door));
    door_enter(door, pair.ours);
}

static void fill(struct door *door, struct pair pairs[DOOR_MAX_VISITORS])
{
    for (size_t i = 0; i < DOOR_MAX_VISITORS; i++) {
        pairs[i] = connect_pair();
        enter(door, pairs[i]);
    }
}

/* Leaves when it is interrupted, as connections do. */
struct leaver {
    struct door *door;
    struct pair pair;
};

static void *run_leaver(void *argument)
{
    struct leaver *leaver = argument;
    char byte;

    (void)!read(leaver->pair.ours, &byte, 1);
    door_leave(leaver->door, leaver->pair.ours);
    return NULL;
}

START_TEST(the_oldest_goes)
{
    struct pair pairs[DOOR_MAX_VISITORS];
    struct door door;
    struct leaver leaver;
    pthread_t thread;

    door_init(&door);
    fill(&door, pairs);
    for (size_t i = 0; i < DOOR_MAX_VISITORS; i++)
        ck_assert(!was_interrupted(pairs[i]));
    leaver = (struct leaver){&door, pairs[0]};
    ck_assert_int_eq(pthread_create(&thread, NULL, run_leaver, &leaver), 0);
    /* A machine that is busy lets the thread run late: the newcomer may have
     * to try again. */
    while (!door_let_in(&door))
        ;
    pthread_join(thread, NULL);
    ck_assert(was_interrupted(pairs[0]));
    ck_assert(!was_interrupted(pairs[1]));
    ck_assert_int_eq(door.visitors[0], pairs[1].ours);
    for (size_t i = 0; i < DOOR_MAX_VISITORS; i++)
        close_pair(pairs[i]);
    door_destroy(&door);
}
END_TEST

START_TEST(one_that_stays_keeps_others_out)
{
    struct pair pairs[DOOR_MAX_VISITORS];
    struct door door;

    door_init(&door);
    fill(&door, pairs);
    ck_assert(!door_let_in(&door));
    ck_assert(was_interrupted(pairs[0]));
    door_leave(&door, pairs[5].ours);
    ck_assert(door_let_in(&door));
    ck_assert(!door_let_in(&door)); /* it is coming */
    ck_assert(door_let_in(&door));  /* too late: it got lost */
    for (size_t i = 0; i < DOOR_MAX_VISITORS; i++)
        close_pair(pairs[i]);
    door_destroy(&door);
}
END_TEST

START_TEST(who_is_turned_away_takes_no_place)
{
    struct door door;

    door_init(&door);
    for (size_t i = 0; i < 3 * DOOR_MAX_VISITORS; i++) {
        ck_assert(door_let_in(&door));
        door_turn_away(&door);
    }
    ck_assert_uint_eq(door.coming, 0);
    door_turn_away(&door);
    ck_assert_uint_eq(door.coming, 0);
    door_destroy(&door);
}
END_TEST

START_TEST(only_who_left_is_forgotten)
{
    struct pair pairs[3];
    struct door door;

    door_init(&door);
    for (size_t i = 0; i < 3; i++) {
        pairs[i] = connect_pair();
        enter(&door, pairs[i]);
    }
    door_leave(&door, pairs[1].ours);
    door_leave(&door, pairs[1].ours);
    ck_assert_uint_eq(door.count, 2);
    ck_assert_int_eq(door.visitors[0], pairs[0].ours);
    ck_assert_int_eq(door.visitors[1], pairs[2].ours);
    for (size_t i = 0; i < 3; i++)
        close_pair(pairs[i]);
    door_destroy(&door);
}
END_TEST

START_TEST(one_too_many_is_interrupted)
{
    struct pair pairs[DOOR_MAX_VISITORS], late = connect_pair();
    struct door door;

    door_init(&door);
    fill(&door, pairs);
    door_enter(&door, late.ours); /* it had got lost */
    ck_assert(was_interrupted(late));
    ck_assert_uint_eq(door.count, DOOR_MAX_VISITORS);
    door_leave(&door, late.ours);
    ck_assert_uint_eq(door.count, DOOR_MAX_VISITORS);
    for (size_t i = 0; i < DOOR_MAX_VISITORS; i++)
        close_pair(pairs[i]);
    close_pair(late);
    door_destroy(&door);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("door");
    TCase *tests = tcase_create("door");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, the_oldest_goes);
    tcase_add_test(tests, one_that_stays_keeps_others_out);
    tcase_add_test(tests, who_is_turned_away_takes_no_place);
    tcase_add_test(tests, only_who_left_is_forgotten);
    tcase_add_test(tests, one_too_many_is_interrupted);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
