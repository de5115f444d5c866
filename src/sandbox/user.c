/* Whom to become. The user database is asked for early, while it may be
 * read. */
#include "config.h"

#include "sandbox/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_NAME "nobody"
/* What the kernel takes for nobody (fs.overflowuid), where a container has no
 * user database. */
#define DEFAULT_ID 65534
/* The greatest is no user, but says "as it was". */
#define MAX_ID 4294967294ull

/* False when `text` is no number that a user may have. */
static bool read_id(const char *text, uid_t *id)
{
    unsigned long long number;

    if (text[0] == '\0' || strlen(text) > 10 ||
        text[strspn(text, "0123456789")] != '\0')
        return false;
    number = strtoull(text, NULL, 10);
    *id = (uid_t)number;
    return number <= MAX_ID;
}

/* As chown(1): a name that looks like a number is a name first. */
static bool look_up(const char *name, struct user *user)
{
    const struct passwd *entry = getpwnam(name);

    if (entry != NULL) {
        user->uid = entry->pw_uid;
        user->gid = entry->pw_gid;
        user->is_listed = true;
        return true;
    }
    if (!read_id(name, &user->uid))
        return false;
    user->gid = (gid_t)user->uid;
    return true;
}

static void take_default(struct user *user)
{
    if (look_up(DEFAULT_NAME, user))
        return;
    user->uid = DEFAULT_ID;
    user->gid = DEFAULT_ID;
}

static void take_oneself(struct user *user)
{
    const struct passwd *entry = getpwuid(geteuid());

    user->uid = geteuid();
    user->gid = getegid();
    if (entry != NULL)
        snprintf(user->name, sizeof(user->name), "%s", entry->pw_name);
    else
        snprintf(user->name, sizeof(user->name), "%ju", (uintmax_t)user->uid);
}

bool user_find(const char *name, struct user *user,
               char fault[static USER_FAULT_BYTES])
{
    const bool is_root = geteuid() == 0;

    *user = (struct user){.uid = 0};
    if (name == NULL && !is_root) {
        take_oneself(user);
        return true;
    }
    if (name == NULL)
        take_default(user);
    else if (strlen(name) >= USER_NAME_BYTES || !look_up(name, user)) {
        snprintf(fault, USER_FAULT_BYTES,
                 "--user: there is no user called '%.64s' here", name);
        return false;
    }
    snprintf(user->name, sizeof(user->name), "%s",
             name == NULL ? DEFAULT_NAME : name);
    user->changes = user->uid != geteuid();
    if (user->changes && !is_root) {
        snprintf(fault, USER_FAULT_BYTES,
                 "--user: only root can become another user, such as '%s': "
                 "leave it out, or start as root",
                 name);
        return false;
    }
    return true;
}

static bool set_groups(const struct user *user)
{
    return user->is_listed ? initgroups(user->name, user->gid) == 0
                           : setgroups(0, NULL) == 0;
}

/* Whether all ids are the user's, and root's cannot be had again. */
static bool is_for_good(const struct user *user)
{
    uid_t uid, euid, suid;
    gid_t gid, egid, sgid;

    return getresuid(&uid, &euid, &suid) == 0 &&
           getresgid(&gid, &egid, &sgid) == 0 && uid == user->uid &&
           euid == user->uid && suid == user->uid && gid == user->gid &&
           egid == user->gid && sgid == user->gid &&
           setresuid((uid_t)-1, 0, (uid_t)-1) != 0 &&
           (user->gid == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) != 0);
}

bool user_become(const struct user *user, char fault[static USER_FAULT_BYTES])
{
    char reason[96];

    if (!user->changes)
        return true;
    if (!set_groups(user) || setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0) {
        snprintf(fault, USER_FAULT_BYTES,
                 "root cannot become the user %s: %s; --user names another "
                 "one, --user root stays root",
                 user->name, strerror_r(errno, reason, sizeof(reason)));
        return false;
    }
    if (!is_for_good(user)) {
        snprintf(fault, USER_FAULT_BYTES,
                 "root became the user %s, but could be root again",
                 user->name);
        return false;
    }
    return true;
}
