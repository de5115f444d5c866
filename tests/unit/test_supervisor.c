/* supervisor: what the service manager is told, and when it is not told that
 * flvd is alive. The test is the manager. */
#include "server/supervisor.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

struct manager {
    int fd;
    struct roster roster;
    struct supervisor supervisor;
    struct listener listeners[2];
    char heard[512];
};

/* Listens at an abstract address of the kernel's choice. */
static void start(struct manager *manager, const char *watchdog_us)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(address);
    char name[128];

    memset(manager, 0, sizeof(*manager));
    manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(manager->fd, 0);
    ck_assert_int_eq(bind(manager->fd, (struct sockaddr *)&address,
                          sizeof(address.sun_family)),
                     0);
    ck_assert_int_eq(
        getsockname(manager->fd, (struct sockaddr *)&address, &length), 0);
    snprintf(name, sizeof(name), "@%.*s",
             (int)(length - sizeof(address.sun_family) - 1),
             address.sun_path + 1);
    setenv("NOTIFY_SOCKET", name, 1);
    unsetenv("WATCHDOG_PID");
    if (watchdog_us != NULL)
        setenv("WATCHDOG_USEC", watchdog_us, 1);
    else
        unsetenv("WATCHDOG_USEC");
    ck_assert(log_start(STDERR_FILENO, LOG_LEVEL_ERROR));
    roster_init(&manager->roster, 10, 1);
    supervisor_init(&manager->supervisor);
}

static void stop(struct manager *manager)
{
    close(manager->fd);
    roster_destroy(&manager->roster);
    log_stop();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
}

/* What was told since the last time; "" if nothing. */
static const char *heard(struct manager *manager)
{
    const ssize_t length = recv(manager->fd, manager->heard,
                                sizeof(manager->heard) - 1, MSG_DONTWAIT);

    ck_assert(length >= 0 || errno == EAGAIN);
    manager->heard[length < 0 ? 0 : length] = '\0';
    return manager->heard;
}

static void tell_alive(struct manager *manager)
{
    supervisor_tell_alive(&manager->supervisor, manager->listeners, 2,
                          &manager->roster);
}

START_TEST(phases)
{
    struct manager manager;

    start(&manager, NULL);
    supervisor_tell_ready(&manager.roster);
    ck_assert_str_eq(heard(&manager), "READY=1\nSTATUS=0 connections");
    supervisor_tell_reloading();
    ck_assert_ptr_nonnull(strstr(heard(&manager), "RELOADING=1\n"));
    ck_assert_ptr_nonnull(strstr(manager.heard, "\nMONOTONIC_USEC="));
    supervisor_tell_stopping(&manager.roster, 70 * CLOCK_NS_PER_S);
    ck_assert_str_eq(heard(&manager), "STOPPING=1\n"
                                      "EXTEND_TIMEOUT_USEC=70000000\n"
                                      "STATUS=0 connections");
    stop(&manager);
}
END_TEST

START_TEST(no_watchdog)
{
    struct manager manager;

    start(&manager, NULL);
    ck_assert_int_eq(manager.supervisor.due_ns, CLOCK_NEVER);
    tell_alive(&manager);
    ck_assert_str_eq(heard(&manager), "");
    stop(&manager);
}
END_TEST

/* Twice in each interval, and never before it is due. */
START_TEST(signs_of_life)
{
    struct manager manager;
    const int64_t before_ns = clock_now_ns();

    start(&manager, "600000000");
    ck_assert_int_ge(manager.supervisor.due_ns,
                     before_ns + 300 * CLOCK_NS_PER_S);
    ck_assert_int_le(manager.supervisor.due_ns,
                     clock_now_ns() + 300 * CLOCK_NS_PER_S);
    tell_alive(&manager);
    ck_assert_str_eq(heard(&manager), "");
    manager.supervisor.due_ns = before_ns;
    tell_alive(&manager);
    ck_assert_str_eq(heard(&manager), "WATCHDOG=1\nSTATUS=0 connections");
    ck_assert_int_ge(manager.supervisor.due_ns,
                     before_ns + 300 * CLOCK_NS_PER_S);
    stop(&manager);
}
END_TEST

/* One listener that does not come back to accept is enough. */
START_TEST(a_stuck_listener_is_no_life)
{
    struct manager manager;
    const int64_t now_ns = clock_now_ns();

    start(&manager, "600000000");
    manager.supervisor.due_ns = now_ns;
    atomic_store(&manager.listeners[1].busy_since_ns,
                 now_ns - 200 * CLOCK_NS_PER_S);
    tell_alive(&manager);
    ck_assert_ptr_nonnull(strstr(heard(&manager), "WATCHDOG=1"));
    manager.supervisor.due_ns = now_ns;
    atomic_store(&manager.listeners[1].busy_since_ns,
                 now_ns - 301 * CLOCK_NS_PER_S);
    tell_alive(&manager);
    ck_assert_str_eq(heard(&manager), "");
    ck_assert_int_gt(manager.supervisor.due_ns, now_ns);
    manager.supervisor.due_ns = now_ns;
    atomic_store(&manager.listeners[1].busy_since_ns, 0);
    tell_alive(&manager);
    ck_assert_ptr_nonnull(strstr(heard(&manager), "WATCHDOG=1"));
    stop(&manager);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("supervisor");
    TCase *tests = tcase_create("supervisor");
    SRunner *runner;
    int failed;

    tcase_add_test(tests, phases);
    tcase_add_test(tests, no_watchdog);
    tcase_add_test(tests, signs_of_life);
    tcase_add_test(tests, a_stuck_listener_is_no_life);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
