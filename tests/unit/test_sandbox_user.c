/* sandbox/user, sandbox/capabilities: what root gives up is gone. What only
 * root can try is left out for others. */
#include "config.h"

#include "sandbox/user.h"

#include <check.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "confined.h"
#include "sandbox/capabilities.h"

static int drop_and_look(const void *name)
{
    capabilities_unbind();
    if (!capabilities_drop())
        return NOT_SANDBOXED;
    for (unsigned long i = 0; i <= CAP_LAST_CAP; i++) {
        if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
            return NOT_SANDBOXED;
    }
    return open_to_read(name);
}

START_TEST(root_without_capabilities_is_nobody_special)
{
    if (!is_root())
        return;
    ck_assert_int_eq(chown(path_of("secret"), NOBODY, NOBODY), 0);
    ck_assert_int_eq(in_child(open_to_read, "secret"), WENT_WELL);
    ck_assert_int_eq(in_child(drop_and_look, "secret"), EACCES);
}
END_TEST

static int become_and_look(const void *name)
{
    const gid_t roots[] = {0, 4};
    char fault[USER_FAULT_BYTES];
    struct user user;
    gid_t groups[8];
    int count;

    if (setgroups(2, roots) != 0 || !user_find(name, &user, fault) ||
        !user_become(&user, fault))
        return NOT_SANDBOXED;
    count = getgroups(8, groups);
    for (int i = 0; i < count; i++) {
        if (groups[i] == 0 || groups[i] == 4)
            return 1;
    }
    if (getuid() != NOBODY || geteuid() != NOBODY || getegid() != NOBODY)
        return 2;
    if (setuid(0) == 0 || setgid(0) == 0 || seteuid(0) == 0)
        return 3;
    return open_to_read("secret");
}

START_TEST(root_becomes_another_for_good)
{
    if (!is_root())
        return;
    ck_assert_int_eq(in_child(open_to_read, "secret"), WENT_WELL);
    ck_assert_int_eq(in_child(become_and_look, NULL), EACCES);
    ck_assert_int_eq(in_child(become_and_look, "nobody"), EACCES);
    ck_assert_int_eq(in_child(become_and_look, "65534"), EACCES);
}
END_TEST

START_TEST(root_may_stay_root)
{
    char fault[USER_FAULT_BYTES];
    struct user user;

    if (!is_root())
        return;
    ck_assert(user_find("root", &user, fault));
    ck_assert(!user.changes);
    ck_assert(user_become(&user, fault));
    ck_assert_uint_eq(geteuid(), 0);
}
END_TEST

START_TEST(a_user_that_is_not_there_is_named)
{
    static const char *const wrong[] = {"no such user", "",   "4294967295",
                                        "99999999999",  "-1", "0x0"};
    char fault[USER_FAULT_BYTES];
    struct user user;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char line[128];

        snprintf(line, sizeof(line), "--user: there is no user called '%s'",
                 wrong[i]);
        ck_assert_msg(!user_find(wrong[i], &user, fault), "%s", wrong[i]);
        ck_assert_msg(strstr(fault, line) == fault, "%s", fault);
    }
}
END_TEST

static int find_as_another(const void *unused)
{
    char fault[USER_FAULT_BYTES];
    char name[USER_NAME_BYTES];
    struct user user;

    (void)unused;
    if (is_root() && setresuid(NOBODY, NOBODY, NOBODY) != 0)
        return 1;
    if (user_find("root", &user, fault) ||
        strstr(fault, "only root can become another user, such as 'root'") ==
            NULL)
        return 2;
    if (!user_find(NULL, &user, fault) || user.changes || user.name[0] == '\0')
        return 3;
    strcpy(name, user.name);
    if (!user_find(name, &user, fault) || user.changes ||
        !user_become(&user, fault))
        return 4;
    return WENT_WELL;
}

START_TEST(others_are_but_themselves)
{
    ck_assert_int_eq(in_child(find_as_another, NULL), WENT_WELL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sandbox_user");
    TCase *users = tcase_create("users");

    tcase_add_checked_fixture(users, tree_make, tree_remove);
    tcase_add_test(users, root_without_capabilities_is_nobody_special);
    tcase_add_test(users, root_becomes_another_for_good);
    tcase_add_test(users, root_may_stay_root);
    tcase_add_test(users, a_user_that_is_not_there_is_named);
    tcase_add_test(users, others_are_but_themselves);
    suite_add_tcase(suite, users);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(make_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
