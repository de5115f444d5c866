/* server/roster: limits, who is drawn, interrupting, and waiting for the
 * last. */
#include "config.h"

#include "server/roster.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

#define MANY 64

struct connection {
    struct roster_entry entry;
    int ends[2]; /* [0] is entered */
};

static struct roster roster;
static struct connection connections[MANY];

static void init(uint32_t limit, uint64_t seed)
{
    ck_assert(roster_init(&roster, limit, seed));
}

static bool enter(struct connection *c)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, c->ends), 0);
    return roster_enter(&roster, &c->entry, c->ends[0]);
}

static void hang_up(struct connection *c)
{
    close(c->ends[0]);
    close(c->ends[1]);
}

static void leave(struct connection *c)
{
    roster_detach(&roster, &c->entry);
    roster_leave(&roster, &c->entry);
    hang_up(c);
}

/* 'o' open, 'r' it reads the end, 'b' it cannot write either. */
static char state_of(const struct connection *c)
{
    char byte;

    if (recv(c->ends[0], &byte, 1, MSG_DONTWAIT) != 0)
        return 'o';
    return send(c->ends[0], "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 ? 'r'
                                                                     : 'b';
}

START_TEST(a_full_roster_of_settled_ones_refuses)
{
    init(4, 1);
    for (int i = 0; i < 4; i++) {
        ck_assert(enter(&connections[i]));
        roster_settle(&roster, &connections[i].entry);
        roster_settle(&roster, &connections[i].entry); /* twice is once */
    }
    ck_assert_uint_eq(roster_count(&roster), 4);
    ck_assert(!enter(&connections[4]));
    hang_up(&connections[4]);
    ck_assert_uint_eq(roster_count(&roster), 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(state_of(&connections[i]), 'o');
        ck_assert(!roster_was_drawn(&roster, &connections[i].entry));
    }
    leave(&connections[2]);
    ck_assert(enter(&connections[4]));
    for (int i = 0; i < 5; i++)
        if (i != 2)
            leave(&connections[i]);
    ck_assert_uint_eq(roster_count(&roster), 0);
    roster_destroy(&roster);
}
END_TEST

/* As a session does: waits for bytes, and leaves when it reads the end. */
static void *work(void *argument)
{
    struct connection *c = argument;
    char byte;

    ck_assert_int_eq(recv(c->ends[0], &byte, 1, 0), 0);
    leave(c);
    return NULL;
}

static pthread_t start_work(struct connection *c)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, work, c), 0);
    return thread;
}

START_TEST(a_limit_of_one)
{
    pthread_t worker;

    init(1, 1);
    ck_assert(!roster_is_full(&roster));
    ck_assert(enter(&connections[0]));
    ck_assert(!roster_is_full(&roster)); /* there is one that can go */
    ck_assert_int_eq(state_of(&connections[0]), 'o');
    worker = start_work(&connections[0]);
    ck_assert(enter(&connections[1])); /* in the place of the first */
    ck_assert_uint_eq(roster_count(&roster), 1);
    pthread_join(worker, NULL);
    ck_assert(connections[0].entry.was_drawn);
    roster_settle(&roster, &connections[1].entry);
    ck_assert(roster_is_full(&roster));
    ck_assert(!enter(&connections[2]));
    hang_up(&connections[2]);
    leave(&connections[1]);
    ck_assert(!roster_is_full(&roster));
    roster_destroy(&roster);
}
END_TEST

/* One that was drawn but does not go keeps its place: nobody waits for it for
 * ever, and nobody else has to go for the same place. */
START_TEST(one_that_does_not_go)
{
    init(2, 1);
    roster.patience_ns = 0;
    ck_assert(enter(&connections[0]));
    roster_settle(&roster, &connections[0].entry);
    ck_assert(enter(&connections[1]));
    for (int i = 0; i < 3; i++) {
        ck_assert(!enter(&connections[2]));
        hang_up(&connections[2]);
        ck_assert_uint_eq(roster_count(&roster), 2);
    }
    ck_assert(roster_was_drawn(&roster, &connections[1].entry));
    ck_assert(!roster_was_drawn(&roster, &connections[0].entry));
    leave(&connections[1]);
    ck_assert(enter(&connections[2]));
    ck_assert_int_eq(state_of(&connections[2]), 'o');
    leave(&connections[2]);
    leave(&connections[0]);
    roster_destroy(&roster);
}
END_TEST

/* A flood of silent peers: each one that comes finds room, for another goes,
 * and never one that is settled; never are there more than the limit. */
START_TEST(the_unsettled_make_room)
{
    pthread_t workers[40];
    int drawn = 0;

    init(8, 7);
    roster.patience_ns = 60 * CLOCK_NS_PER_S;
    for (int i = 0; i < 40; i++) {
        ck_assert(enter(&connections[i]));
        ck_assert_uint_le(roster_count(&roster), 8);
        if (i < 4)
            roster_settle(&roster, &connections[i].entry);
        workers[i] = start_work(&connections[i]);
    }
    for (int i = 0; i < 4; i++)
        ck_assert(!roster_was_drawn(&roster, &connections[i].entry));
    roster_interrupt(&roster, false);
    for (int i = 0; i < 40; i++) {
        pthread_join(workers[i], NULL);
        drawn += connections[i].entry.was_drawn;
    }
    /* 4 places for unsettled ones; early draws may have left fewer */
    ck_assert_int_ge(drawn, 32);
    ck_assert_uint_eq(roster.going, 0);
    roster_destroy(&roster);
}
END_TEST

/* How often somebody is drawn when one more comes to `count` of 40, of whom
 * none is going yet. */
static int draws_of_1000(uint32_t count)
{
    static struct roster_entry entries[41];
    int draws = 0;

    for (int round = 0; round < 1000; round++) {
        init(40, (uint64_t)round * 0x9E3779B97F4A7C15u + 12345);
        for (uint32_t i = 0; i < count; i++) {
            ck_assert(roster_enter(&roster, &entries[i], -1));
            if (i >= 20) /* those before cannot have been drawn any more */
                roster_settle(&roster, &entries[i]);
        }
        for (uint32_t i = 0; i < count; i++)
            entries[i].was_drawn = false;
        entries[count].was_drawn = false;
        roster.going = 0;
        roster.patience_ns = 0; /* at 40 the one that is drawn does not go */
        ck_assert(roster_enter(&roster, &entries[count], -1) == (count < 40));
        for (uint32_t i = 0; i <= count; i++)
            draws += roster_was_drawn(&roster, &entries[i]);
        roster_destroy(&roster);
    }
    return draws;
}

/* From three quarters on, the fuller the likelier: 1 of 11 at 30, 6 of 11 at
 * 35, 10 of 11 at 39, always at 40. The seeds are fixed. */
START_TEST(early_draws)
{
    ck_assert_int_eq(draws_of_1000(20), 0);
    ck_assert_int_eq(draws_of_1000(29), 0);
    const int at_30 = draws_of_1000(30);
    const int at_35 = draws_of_1000(35);
    const int at_39 = draws_of_1000(39);
    ck_assert_int_ge(at_30, 60);
    ck_assert_int_le(at_30, 122);
    ck_assert_int_ge(at_35, 480);
    ck_assert_int_le(at_35, 610);
    ck_assert_int_ge(at_39, 870);
    ck_assert_int_le(at_39, 940);
    ck_assert_int_eq(draws_of_1000(40), 1000);
}
END_TEST

/* Viewers fill three quarters and more, and a few join at a time: no more than
 * there are places for. Nobody has to go for anybody. */
START_TEST(who_joins_while_there_is_room_stays)
{
    static struct roster_entry entries[38];

    for (int round = 0; round < 1000; round++) {
        init(40, (uint64_t)round * 0x9E3779B97F4A7C15u + 12345);
        for (int i = 0; i < 38; i++) {
            ck_assert(roster_enter(&roster, &entries[i], -1));
            if (i < 34)
                roster_settle(&roster, &entries[i]);
        }
        for (int i = 34; i < 38; i++)
            ck_assert(!roster_was_drawn(&roster, &entries[i]));
        roster_destroy(&roster);
    }
}
END_TEST

/* Who is drawn cannot be foretold by when it came. */
START_TEST(everybody_is_drawn_sometimes)
{
    static struct roster_entry entries[5];
    int drawn[4] = {0};

    for (int round = 0; round < 1000; round++) {
        init(4, (uint64_t)round * 0x9E3779B97F4A7C15u + 12345);
        roster.patience_ns = 0;
        for (int i = 0; i < 4; i++)
            ck_assert(roster_enter(&roster, &entries[i], -1));
        ck_assert(!roster_enter(&roster, &entries[4], -1));
        for (int i = 0; i < 4; i++)
            drawn[i] += roster_was_drawn(&roster, &entries[i]);
        roster_destroy(&roster);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_ge(drawn[i], 100);
}
END_TEST

START_TEST(interrupting_closes_the_roster)
{
    init(10, 1);
    for (int i = 0; i < 3; i++)
        ck_assert(enter(&connections[i]));
    roster_detach(&roster, &connections[1].entry);
    roster_interrupt(&roster, false);
    ck_assert_int_eq(state_of(&connections[0]), 'r');
    ck_assert_int_eq(state_of(&connections[1]), 'o'); /* it was taken out */
    ck_assert_int_eq(state_of(&connections[2]), 'r');
    roster_interrupt(&roster, true);
    ck_assert_int_eq(state_of(&connections[0]), 'b');
    ck_assert_int_eq(state_of(&connections[1]), 'o');
    ck_assert_int_eq(state_of(&connections[2]), 'b');
    ck_assert(!enter(&connections[3]));
    hang_up(&connections[3]);
    ck_assert_uint_eq(roster_count(&roster), 3);
    for (int i = 0; i < 3; i++)
        leave(&connections[i]);
    ck_assert(!enter(&connections[3]));
    hang_up(&connections[3]);
    roster_destroy(&roster);
}
END_TEST

START_TEST(waiting_ends_at_its_deadline)
{
    init(10, 1);
    ck_assert_uint_eq(roster_wait_empty(&roster, 0), 0);
    ck_assert(enter(&connections[0]));
    ck_assert(enter(&connections[1]));
    ck_assert_uint_eq(roster_wait_empty(&roster, 0), 2);
    const int64_t deadline_ns = clock_now_ns() + 20 * CLOCK_NS_PER_MS;
    ck_assert_uint_eq(roster_wait_empty(&roster, deadline_ns), 2);
    ck_assert_int_ge(clock_now_ns(), deadline_ns);
    leave(&connections[0]);
    ck_assert_uint_eq(roster_wait_empty(&roster, 0), 1);
    leave(&connections[1]);
    ck_assert_uint_eq(roster_wait_empty(&roster, 0), 0);
    roster_destroy(&roster);
}
END_TEST

static void *leave_one_by_one(void *argument)
{
    (void)argument;
    for (int i = 0; i < MANY; i++)
        leave(&connections[i]);
    return NULL;
}

START_TEST(the_last_one_wakes_the_waiter)
{
    pthread_t thread;

    init(1000, 1);
    for (int i = 0; i < MANY; i++)
        ck_assert(enter(&connections[i]));
    ck_assert_int_eq(pthread_create(&thread, NULL, leave_one_by_one, NULL), 0);
    ck_assert_uint_eq(
        roster_wait_empty(&roster, clock_now_ns() + 60 * CLOCK_NS_PER_S), 0);
    roster_destroy(&roster); /* nobody touches it after the last has left */
    pthread_join(thread, NULL);
}
END_TEST

static struct connection *visited[2 * MANY];
static size_t visits;

static void note_visit(struct roster_entry *entry, void *context)
{
    ck_assert_ptr_eq(context, &visits);
    ck_assert_uint_lt(visits, 2 * MANY);
    visited[visits++] = (struct connection *)entry;
}

static void visit_all(void)
{
    visits = 0;
    roster_visit(&roster, note_visit, &visits);
}

/* More than are visited at once. */
START_TEST(the_oldest_is_visited_first)
{
    init(MANY, 1);
    visit_all();
    ck_assert_uint_eq(visits, 0);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert(enter(&connections[i]));
        roster_settle(&roster, &connections[i].entry);
    }
    visit_all();
    ck_assert_uint_gt(visits, ROSTER_VISITS_AT_ONCE);
    ck_assert_uint_eq(visits, MANY);
    for (size_t i = 0; i < MANY; i++)
        ck_assert_ptr_eq(visited[i], &connections[i]);
    /* One that marks where another visitor is, is no connection. */
    connections[1].entry.is_bookmark = true;
    visit_all();
    connections[1].entry.is_bookmark = false;
    ck_assert_uint_eq(visits, MANY - 1);
    ck_assert_ptr_eq(visited[1], &connections[2]);
    leave(&connections[0]);
    leave(&connections[MANY - 1]);
    leave(&connections[MANY / 2]);
    visit_all();
    ck_assert_uint_eq(visits, MANY - 3);
    ck_assert_ptr_eq(visited[0], &connections[1]);
    ck_assert_ptr_eq(visited[MANY - 4], &connections[MANY - 2]);
    for (size_t i = 0; i < MANY - 3; i++)
        leave(visited[i]);
    ck_assert_ptr_null(roster.entries);
    ck_assert_ptr_null(roster.oldest);
    roster_destroy(&roster);
}
END_TEST

static atomic_bool is_over;

static void look_at(struct roster_entry *entry, void *context)
{
    ck_assert(!entry->is_bookmark);
    ck_assert_ptr_eq(entry->profile, context);
}

static void *visit_often(void *argument)
{
    while (!atomic_load(&is_over))
        roster_visit(&roster, look_at, argument);
    return argument;
}

static void *come_and_go(void *argument)
{
    for (int i = 0; i < 200; i++) {
        struct roster_entry entry = {.profile = argument};

        if (!roster_enter(&roster, &entry, -1))
            continue;
        if (i % 2 == 0)
            roster_settle(&roster, &entry);
        roster_detach(&roster, &entry);
        roster_leave(&roster, &entry);
    }
    return argument;
}

START_TEST(many_threads)
{
    pthread_t threads[8], visitors[2];

    init(5, 99);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            pthread_create(&visitors[i], NULL, visit_often, &roster), 0);
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, come_and_go, &roster), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(visitors[i], NULL);
    ck_assert_uint_eq(roster_count(&roster), 0);
    ck_assert_uint_eq(roster.unsettled_count, 0);
    ck_assert_ptr_null(roster.entries);
    ck_assert_ptr_null(roster.oldest);
    roster_destroy(&roster);
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("roster");
    TCase *const tests = tcase_create("roster");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, a_full_roster_of_settled_ones_refuses);
    tcase_add_test(tests, a_limit_of_one);
    tcase_add_test(tests, one_that_does_not_go);
    tcase_add_test(tests, the_unsettled_make_room);
    tcase_add_test(tests, early_draws);
    tcase_add_test(tests, who_joins_while_there_is_room_stays);
    tcase_add_test(tests, everybody_is_drawn_sometimes);
    tcase_add_test(tests, interrupting_closes_the_roster);
    tcase_add_test(tests, waiting_ends_at_its_deadline);
    tcase_add_test(tests, the_last_one_wakes_the_waiter);
    tcase_add_test(tests, the_oldest_is_visited_first);
    tcase_add_test(tests, many_threads);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
