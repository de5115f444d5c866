/* net/network and net/access: what --allow and --deny take, and whom they
 * mean. */
#include "net/access.h"
#include "net/network.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The socket of a peer: "mapped 192.0.2.1" is the address as a dual-stack
 * listener has it; "local" has none. */
static struct sockaddr_storage socket_of(const char *text)
{
    struct sockaddr_storage socket = {.ss_family = AF_UNIX};
    struct sockaddr_in *in = (struct sockaddr_in *)&socket;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&socket;
    char mapped[64] = "::ffff:";

    if (strcmp(text, "local") == 0)
        return socket;
    if (strncmp(text, "mapped ", 7) == 0) {
        strcat(mapped, text + 7);
        text = mapped;
    }
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(50000);
    } else {
        ck_assert_int_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(50000);
    }
    return socket;
}

START_TEST(texts)
{
    static const struct {
        const char *text;
        enum network_fault fault;
        const char *shown; /* unless it cannot be read */
    } cases[] = {
        {"192.0.2.1", NETWORK_GOOD, "192.0.2.1/32"},
        {"192.0.2.1/32", NETWORK_GOOD, "192.0.2.1/32"},
        {"192.0.2.0/24", NETWORK_GOOD, "192.0.2.0/24"},
        {"0.0.0.0/0", NETWORK_GOOD, "0.0.0.0/0"},
        {"128.0.0.0/1", NETWORK_GOOD, "128.0.0.0/1"},
        {"10.0.0.0/08", NETWORK_GOOD, "10.0.0.0/8"},
        {"::1", NETWORK_GOOD, "::1/128"},
        {"::/0", NETWORK_GOOD, "::/0"},
        {"2001:db8::/32", NETWORK_GOOD, "2001:db8::/32"},
        {"2001:db8::8000/113", NETWORK_GOOD, "2001:db8::8000/113"},
        {"::ffff:192.0.2.1", NETWORK_GOOD, "192.0.2.1/32"},
        {"::ffff:192.0.2.0/120", NETWORK_GOOD, "192.0.2.0/24"},
        {"::ffff:0:0/96", NETWORK_GOOD, "0.0.0.0/0"},
        {"192.0.2.1/24", NETWORK_HAS_TOO_MUCH, "192.0.2.0/24"},
        {"192.0.2.1/31", NETWORK_HAS_TOO_MUCH, "192.0.2.0/31"},
        {"192.0.2.1/0", NETWORK_HAS_TOO_MUCH, "0.0.0.0/0"},
        {"2001:db8::1/64", NETWORK_HAS_TOO_MUCH, "2001:db8::/64"},
        {"2001:db8::1/127", NETWORK_HAS_TOO_MUCH, "2001:db8::/127"},
        {"::ffff:192.0.2.1/120", NETWORK_HAS_TOO_MUCH, "192.0.2.0/24"},
        {"", NETWORK_NOT_READ, NULL},
        {"/", NETWORK_NOT_READ, NULL},
        {"/8", NETWORK_NOT_READ, NULL},
        {"10", NETWORK_NOT_READ, NULL},
        {"10.0.0/8", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/33", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/4294967304", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/-1", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/+8", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/ 8", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/8 ", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/8/8", NETWORK_NOT_READ, NULL},
        {"10.0.0.0/255.0.0.0", NETWORK_NOT_READ, NULL},
        {"256.0.0.0/8", NETWORK_NOT_READ, NULL},
        {"0x0a.0.0.0/8", NETWORK_NOT_READ, NULL},
        {" 10.0.0.0/8", NETWORK_NOT_READ, NULL},
        {"10.0.0.0:1935", NETWORK_NOT_READ, NULL},
        {"[::1]", NETWORK_NOT_READ, NULL},
        {"::1/129", NETWORK_NOT_READ, NULL},
        {"fe80::1%eth0", NETWORK_NOT_READ, NULL},
        {"::ffff:192.0.2.0/95", NETWORK_NOT_READ, NULL},
        {"1:2:3:4:5:6:7:8:9", NETWORK_NOT_READ, NULL},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/8",
         NETWORK_NOT_READ, NULL},
        {"localhost", NETWORK_NOT_READ, NULL},
        {"all", NETWORK_NOT_READ, NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct network network;
        char text[NETWORK_TEXT_BYTES];

        ck_assert_msg(network_parse(cases[i].text, &network) == cases[i].fault,
                      "%s", cases[i].text);
        if (cases[i].shown != NULL)
            ck_assert_str_eq(network_format(&network, text), cases[i].shown);
    }
}
END_TEST

START_TEST(boundaries)
{
    static const struct {
        const char *network;
        const char *inside; /* parted by commas */
        const char *outside;
    } cases[] = {
        {"192.0.2.1/32", "192.0.2.1,mapped 192.0.2.1",
         "192.0.2.0,192.0.2.2,mapped 192.0.2.2,::1,local,c000:201::"},
        {"192.0.2.0/31", "192.0.2.0,192.0.2.1", "192.0.2.2,192.0.1.255"},
        {"192.0.2.0/24", "192.0.2.0,192.0.2.255,mapped 192.0.2.9",
         "192.0.1.255,192.0.3.0,::"},
        {"10.0.0.0/8", "10.0.0.0,10.255.255.255", "9.255.255.255,11.0.0.0"},
        {"172.16.0.0/12", "172.16.0.0,172.31.255.255",
         "172.15.255.255,172.32.0.0"},
        {"128.0.0.0/1", "128.0.0.0,255.255.255.255", "127.255.255.255,8000::"},
        {"0.0.0.0/0", "0.0.0.0,255.255.255.255,mapped 1.2.3.4",
         "::1,::,ffff::,local"},
        {"::/0", "::1,ffff::,::fffe:102:304",
         "0.0.0.0,mapped 1.2.3.4,::ffff:1.2.3.4,local"},
        {"::1", "::1", "::,::2,::1:0:1,127.0.0.1"},
        {"2001:db8::/32", "2001:db8::,2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
         "2001:db7:ffff::,2001:db9::"},
        {"2001:db8:0:8000::/49", "2001:db8:0:8000::,2001:db8:0:ffff::1",
         "2001:db8:0:7fff::,2001:db8:1::"},
        {"2001:db8::8000/127", "2001:db8::8000,2001:db8::8001",
         "2001:db8::8002,2001:db8::7fff"},
        {"::ffff:10.0.0.0/104", "10.1.2.3,mapped 10.1.2.3", "11.0.0.0,::1"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct network network;

        ck_assert_int_eq(network_parse(cases[i].network, &network),
                         NETWORK_GOOD);
        for (int inside = 0; inside < 2; inside++) {
            char list[256];

            strcpy(list, inside ? cases[i].inside : cases[i].outside);
            for (char *text = strtok(list, ","); text != NULL;
                 text = strtok(NULL, ",")) {
                const struct sockaddr_storage socket = socket_of(text);
                const struct network_host host = network_host(&socket);

                ck_assert_msg(network_contains(&network, &host) == inside,
                              "%s, %s", cases[i].network, text);
            }
        }
    }
}
END_TEST

/* "+" allows, "-" denies. */
static struct access access_of(const char *rules)
{
    struct access access = {.count = 0};
    char list[256];

    strcpy(list, rules);
    for (char *text = strtok(list, " "); text != NULL;
         text = strtok(NULL, " ")) {
        struct access_rule *rule = &access.rules[access.count++];

        ck_assert_int_eq(network_parse(text + 1, &rule->network), NETWORK_GOOD);
        rule->allows = text[0] == '+';
    }
    return access;
}

START_TEST(rules_in_order)
{
    static const struct {
        const char *rules;
        const char *peer;
        bool allowed;
    } cases[] = {
        {"", "192.0.2.1", true},
        {"", "::1", true},
        {"", "local", true},
        /* who names who may means nobody else */
        {"+192.0.2.0/24", "192.0.2.1", true},
        {"+192.0.2.0/24", "mapped 192.0.2.1", true},
        {"+192.0.2.0/24", "192.0.3.1", false},
        {"+192.0.2.0/24", "::1", false},
        {"+192.0.2.0/24", "local", false},
        {"+::/0", "192.0.2.1", false},
        {"+0.0.0.0/0", "::1", false},
        /* who names who may not means all others */
        {"-192.0.2.0/24", "192.0.2.1", false},
        {"-192.0.2.0/24", "mapped 192.0.2.1", false},
        {"-192.0.2.0/24", "192.0.3.1", true},
        {"-192.0.2.0/24", "::1", true},
        {"-0.0.0.0/0", "::1", true},
        {"-0.0.0.0/0", "local", true},
        /* the first that matches */
        {"-192.0.2.1 +192.0.2.0/24", "192.0.2.1", false},
        {"-192.0.2.1 +192.0.2.0/24", "192.0.2.2", true},
        {"-192.0.2.1 +192.0.2.0/24", "192.0.3.2", false},
        {"+192.0.2.0/24 -192.0.2.1", "192.0.2.1", true},
        {"+192.0.2.1 -192.0.2.0/24", "192.0.2.1", true},
        {"+192.0.2.1 -192.0.2.0/24", "192.0.2.2", false},
        {"+192.0.2.1 -192.0.2.0/24", "192.0.3.2", true},
        {"-10.0.0.0/8 +10.1.0.0/16 -::/0", "10.1.0.1", false},
        {"-10.0.0.0/8 +10.1.0.0/16 -::/0", "::1", false},
        {"-10.0.0.0/8 +10.1.0.0/16 -::/0", "11.0.0.1", true},
        {"+10.0.0.0/8 +::1", "::1", true},
        {"+10.0.0.0/8 +::1", "10.9.9.9", true},
        {"+10.0.0.0/8 +::1", "127.0.0.1", false},
        {"+0.0.0.0/0 +::/0 -192.0.2.1", "192.0.2.1", true},
        {"+0.0.0.0/0 +::/0 -192.0.2.1", "::1", true},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct access access = access_of(cases[i].rules);
        const struct sockaddr_storage peer = socket_of(cases[i].peer);

        ck_assert_msg(access_allows(&access, &peer) == cases[i].allowed,
                      "%s, %s", cases[i].rules, cases[i].peer);
    }
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("network");
    TCase *const tests = tcase_create("network");
    SRunner *const runner = srunner_create(suite);

    tcase_add_test(tests, texts);
    tcase_add_test(tests, boundaries);
    tcase_add_test(tests, rules_in_order);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
