/* The order matters: rules are made and the bounding set is emptied while the
 * process is root, Landlock and the filter ask for no new privileges, and the
 * filter forbids all of this. */
#include "config.h"

#include "sandbox/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "sandbox/call_filter.h"
#include "sandbox/capabilities.h"
#include "sandbox/landlock.h"
#include "sandbox/refusals.h"

#define PART_BYTES 96

static void warn(const char *what)
{
    log_warn("not locked down by %s: %m", what);
}

static void make_rules(struct landlock *landlock,
                       const struct sandbox_plan *plan)
{
    const bool is_abstract =
        plan->notify_socket != NULL && plan->notify_socket[0] == '@';

    if (!landlock_begin(landlock, is_abstract)) {
        warn("Landlock, which this kernel does not offer");
        return;
    }
    for (size_t i = 0; i < plan->path_count; i++) {
        if (plan->paths[i] != NULL)
            landlock_allow(landlock, plan->paths[i]);
    }
}

/* Each adds a part to the line that says what is in force. */

static void drop_privileges(char *line, size_t size)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        strncat(line, ", no new privileges", size - strlen(line) - 1);
    else
        warn("no new privileges");
    if (capabilities_drop())
        strncat(line, ", no capabilities", size - strlen(line) - 1);
    else
        warn("giving up capabilities");
    /* Others of this user cannot look into it, and it leaves no core. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
        strncat(line, ", not dumpable", size - strlen(line) - 1);
    else
        warn("being not dumpable");
}

static void enforce_rules(struct landlock *landlock, char *line, size_t size)
{
    char part[PART_BYTES];

    if (landlock->fd < 0)
        return;
    if (landlock_enforce(landlock)) {
        snprintf(part, sizeof(part), ", Landlock of ABI %d (%s)", landlock->abi,
                 landlock_reach(landlock));
        strncat(line, part, size - strlen(line) - 1);
    } else {
        warn("Landlock");
    }
    landlock_end(landlock);
}

static void filter_calls(const struct sandbox_plan *plan, char *line,
                         size_t size)
{
    const struct call_filter_plan calls = {
        .may_poll = plan->may_poll, .may_notify = plan->notify_socket != NULL};

    if (!call_filter_is_available())
        log_warn("not locked down by seccomp: this flvd was built without "
                 "libseccomp");
    else if (call_filter_enter(&calls))
        strncat(line, ", system calls filtered", size - strlen(line) - 1);
    else
        warn("seccomp");
}

static void lock(const struct sandbox_plan *plan, struct landlock *landlock)
{
    char line[USER_FAULT_BYTES + PART_BYTES] = "";

    drop_privileges(line, sizeof(line));
    enforce_rules(landlock, line, sizeof(line));
    filter_calls(plan, line, sizeof(line));
    log_info("locked down: user %s%s", plan->user->name, line);
}

bool sandbox_enter(const struct sandbox_plan *plan,
                   char fault[static USER_FAULT_BYTES])
{
    struct landlock landlock = {.fd = -1};
    bool good;

    if (plan->is_locked) {
        make_rules(&landlock, plan);
        capabilities_unbind();
    }
    if (landlock.error != 0) {
        /* Locked down it could not open what it is to serve. */
        snprintf(fault, USER_FAULT_BYTES,
                 "the sandbox cannot let the files to serve through: %s",
                 strerror(landlock.error));
        landlock_end(&landlock);
        return false;
    }
    good = user_become(plan->user, fault);
    if (good && plan->is_locked) {
        lock(plan, &landlock);
    } else if (good) {
        /* Debuggers may look into it, as before it became another. */
        if (plan->user->changes)
            (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        log_info("not locked down, as --no-sandbox says: user %s",
                 plan->user->name);
    }
    landlock_end(&landlock);
    return good;
}

bool sandbox_start_telling(void)
{
    return refusals_start();
}

void sandbox_stop_telling(void)
{
    refusals_stop();
}
