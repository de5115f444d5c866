/* options: every option, each number at its bounds, and what is said when
 * something is wrong. */
#include "options.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/hmac.h"
#include "base/log_json.h"
#include "status/available.h"

#define S INT64_C(1000000000)
#define MAX_ARGUMENTS 48

/* What was passed, beside the command line; 0 but in one test. */
static struct options_passed passed;

/* Parses a command line whose words are parted by single blanks. */
static enum options_result parse(const char *line, struct options *options,
                                 char fault[static OPTIONS_FAULT_BYTES])
{
    static char words[2048];
    static char *argv[MAX_ARGUMENTS + 1]; /* options may point into it */
    int argc = 0;

    memset(argv, 0, sizeof(argv));
    ck_assert_uint_lt(strlen(line), sizeof(words));
    strcpy(words, line);
    memset(fault, 'X', OPTIONS_FAULT_BYTES);
    for (char *next = words; next != NULL && argc < MAX_ARGUMENTS;) {
        argv[argc++] = next;
        next = strchr(next, ' ');
        if (next != NULL)
            *next++ = '\0';
    }
    return options_parse(argc, argv, passed, options, fault);
}

static struct options parse_well(const char *line)
{
    char fault[OPTIONS_FAULT_BYTES];
    struct options options;
    const enum options_result result = parse(line, &options, fault);

    ck_assert_msg(result == OPTIONS_SERVE, "%s: %.100s", line,
                  result == OPTIONS_WRONG ? fault : "no serving");
    return options;
}

START_TEST(defaults)
{
    const struct options o = parse_well("flvd movie.flv");

    ck_assert_uint_eq(o.operand_count, 1);
    ck_assert_str_eq(o.operands[0], "movie.flv");
    ck_assert(!o.demo);
    ck_assert_uint_eq(o.listen_count, 1);
    ck_assert(o.listen[0].is_any);
    ck_assert_uint_eq(address_port(&o.listen[0].socket), 1935);
    ck_assert_uint_eq(o.loop, 0);
    ck_assert(!o.has_loop);
    ck_assert_int_eq(o.lead_ms, -1);
    ck_assert_int_eq(o.skip_late_ms, 0);
    ck_assert(o.audio);
    ck_assert(o.video);
    ck_assert_int_eq(o.stop_after_ns, 0);
    ck_assert_int_eq(o.drain_ns, 0);
    ck_assert_uint_eq(o.max_clients, 10000);
    ck_assert_int_eq(o.handshake_timeout_ns, 10 * S);
    ck_assert_int_eq(o.idle_timeout_ns, 300 * S);
    ck_assert_int_eq(o.stall_timeout_ns, 3600 * S);
    ck_assert(!o.quiet);
    ck_assert(!o.verbose);
    ck_assert(!o.log_json);
}
END_TEST

START_TEST(flags)
{
    struct options o = parse_well("flvd --demo");

    ck_assert(o.demo);
    ck_assert_uint_eq(o.operand_count, 0);
    ck_assert_uint_eq(parse_well("flvd --once f").loop, 1);
    ck_assert_uint_eq(parse_well("flvd -1 f").loop, 1);
    ck_assert_uint_eq(parse_well("flvd f -1").loop, 1);
    ck_assert_uint_eq(parse_well("flvd --once --loop 3 f").loop, 3);
    ck_assert(parse_well("flvd --once f").has_loop);
    ck_assert(parse_well("flvd --loop 0 f").has_loop);
    o = parse_well("flvd --no-audio f");
    ck_assert(!o.audio && o.video);
    o = parse_well("flvd --no-video f");
    ck_assert(o.audio && !o.video);
    ck_assert(parse_well("flvd -q f").quiet);
    ck_assert(parse_well("flvd --quiet f").quiet);
    ck_assert(parse_well("flvd -v f").verbose);
    ck_assert(parse_well("flvd --verbose f").verbose);
    ck_assert(!parse_well("flvd --log-format text f").log_json);
    if (log_json_is_available()) {
        ck_assert(parse_well("flvd --log-format json f").log_json);
        ck_assert(
            !parse_well("flvd --log-format json --log-format text f").log_json);
    } else {
        char fault[OPTIONS_FAULT_BYTES];

        ck_assert_int_eq(parse("flvd --log-format json f", &o, fault),
                         OPTIONS_WRONG);
        ck_assert_ptr_nonnull(strstr(fault, "without jansson"));
    }
    ck_assert_str_eq(parse_well("flvd -- -f").operands[0], "-f");
    o = parse_well("flvd a -q b --once c");
    ck_assert_uint_eq(o.operand_count, 3);
    ck_assert_str_eq(o.operands[0], "a");
    ck_assert_str_eq(o.operands[1], "b");
    ck_assert_str_eq(o.operands[2], "c");
}
END_TEST

START_TEST(listeners)
{
    struct options o = parse_well("flvd -l 127.0.0.1:0 --listen [::1]:1936 "
                                  "--listen=1937 -l1938 f");

    ck_assert_uint_eq(o.listen_count, 4);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(address_port(&o.listen[i].socket),
                          i == 0 ? 0 : 1935 + i);
    o = parse_well("flvd -l1 -l2 -l3 -l4 -l5 -l6 -l7 -l8 -l9 -l10 -l11 -l12 "
                   "-l13 -l14 -l15 -l16 f");
    ck_assert_uint_eq(o.listen_count, 16);
}
END_TEST

START_TEST(status)
{
    struct options o;
    char text[ADDRESS_TEXT_BYTES];
    char fault[OPTIONS_FAULT_BYTES];

    ck_assert_uint_eq(parse_well("flvd f").status_count, 0);
    if (!status_is_available()) {
        ck_assert_int_eq(parse("flvd --status 8080 f", &o, fault),
                         OPTIONS_WRONG);
        ck_assert_ptr_nonnull(strstr(fault, "without libmicrohttpd"));
        return;
    }
    o = parse_well("flvd --status 8080 --status 0.0.0.0:0 --status [::]:1 f");
    ck_assert_uint_eq(o.status_count, 3);
    ck_assert_str_eq(address_format(&o.status[0].socket, text),
                     "127.0.0.1:8080");
    ck_assert(!o.status[0].is_any);
    ck_assert_str_eq(address_format(&o.status[1].socket, text), "0.0.0.0:0");
    ck_assert_str_eq(address_format(&o.status[2].socket, text), "[::]:1");
    ck_assert_uint_eq(o.listen_count, 1); /* none of them is for players */
    ck_assert_int_eq(parse("flvd --status x f", &o, fault), OPTIONS_WRONG);
    ck_assert_ptr_nonnull(strstr(fault, "--status"));
    ck_assert_int_eq(parse("flvd --check --status 1 f", &o, fault),
                     OPTIONS_WRONG);
}
END_TEST

/* A plain listener is there by itself only where no other one is. */
START_TEST(tls)
{
    struct options o;
    char fault[OPTIONS_FAULT_BYTES];

    ck_assert_uint_eq(parse_well("flvd f").tls_listen_count, 0);
    if (!tls_is_available()) {
        ck_assert_int_eq(parse("flvd --tls-listen 1936 f", &o, fault),
                         OPTIONS_WRONG);
        ck_assert_ptr_nonnull(strstr(fault, "without OpenSSL"));
        return;
    }
    o = parse_well("flvd --tls-cert a --tls-listen 443 --tls-key b f");
    ck_assert_uint_eq(o.listen_count, 0);
    ck_assert_uint_eq(o.tls_listen_count, 1);
    ck_assert_uint_eq(address_port(&o.tls_listen[0].socket), 443);
    ck_assert_uint_eq(o.tls_pair_count, 1);
    ck_assert_str_eq(o.tls_pairs[0].certificate_path, "a");
    ck_assert_str_eq(o.tls_pairs[0].key_path, "b");
    o = parse_well("flvd --tls-listen 1 -l 2 --tls-listen [::1]:3 --tls-key a "
                   "--tls-cert b --tls-cert c --tls-key d f");
    ck_assert_uint_eq(o.listen_count, 1);
    ck_assert_uint_eq(o.tls_listen_count, 2);
    ck_assert_uint_eq(o.tls_pair_count, 2);
    ck_assert_str_eq(o.tls_pairs[0].certificate_path, "b");
    ck_assert_str_eq(o.tls_pairs[0].key_path, "a");
    ck_assert_str_eq(o.tls_pairs[1].certificate_path, "c");
    ck_assert_str_eq(o.tls_pairs[1].key_path, "d");
}
END_TEST

START_TEST(what_is_wrong_about_tls)
{
    static const struct {
        const char *line, *fault;
    } cases[] = {
        {"flvd --tls-listen x --tls-cert a --tls-key b f",
         "--tls-listen takes PORT"},
        {"flvd --tls-listen 1 f", "needs a certificate and its private key"},
        {"flvd --tls-cert a --tls-key b f", "say with --tls-listen where"},
        {"flvd --tls-key b f", "say with --tls-listen where"},
        {"flvd --tls-listen 1 --tls-cert a f", "there are 1 of the first and "
                                               "0 of the second"},
        {"flvd --tls-listen 1 --tls-key a f", "there are 0 of the first and "
                                              "1 of the second"},
        {"flvd --tls-listen", "needs a value"}};
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(parse(cases[i].line, &o, fault), OPTIONS_WRONG);
        ck_assert_msg(!tls_is_available() ||
                          strstr(fault, cases[i].fault) != NULL,
                      "%s: %s", cases[i].line, fault);
    }
}
END_TEST

START_TEST(many_pairs_for_tls)
{
    char *argv[4 * TLS_MAX_PAIRS + 8] = {
        (char[]){"flvd"}, (char[]){"--tls-listen=1"}, (char[]){"f"}};
    char certificate[] = "--tls-cert=a";
    char key[] = "--tls-key=b";
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;
    int argc = 3;

    if (!tls_is_available())
        return;
    for (int i = 0; i < TLS_MAX_PAIRS; i++) {
        argv[argc++] = certificate;
        argv[argc++] = key;
    }
    ck_assert_int_eq(options_parse(argc, argv, passed, &o, fault),
                     OPTIONS_SERVE);
    ck_assert_uint_eq(o.tls_pair_count, TLS_MAX_PAIRS);
    argv[argc] = key;
    ck_assert_int_eq(options_parse(argc + 1, argv, passed, &o, fault),
                     OPTIONS_WRONG);
    ck_assert_str_eq(fault, "--tls-key may be given 64 times at most");
    argv[argc] = certificate;
    ck_assert_int_eq(options_parse(argc + 1, argv, passed, &o, fault),
                     OPTIONS_WRONG);
    ck_assert_str_eq(fault, "--tls-cert may be given 64 times at most");
}
END_TEST

START_TEST(help_and_version)
{
    static const struct {
        const char *line;
        enum options_result result;
    } cases[] = {{"flvd -h", OPTIONS_HELP},
                 {"flvd --help", OPTIONS_HELP},
                 {"flvd f --help", OPTIONS_HELP},
                 {"flvd -V", OPTIONS_VERSION},
                 {"flvd --version", OPTIONS_VERSION},
                 {"flvd a b c -V", OPTIONS_VERSION}};
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_int_eq(parse(cases[i].line, &o, fault), cases[i].result);
}
END_TEST

START_TEST(help_names_every_option)
{
    static const char *const names[] = {"-l, --listen",
                                        "--demo",
                                        "--loop",
                                        "-1, --once",
                                        "--lead",
                                        "--no-audio",
                                        "--no-video",
                                        "--stop-after",
                                        "--max-clients",
                                        "--handshake-timeout",
                                        "--idle-timeout",
                                        "--stall-timeout",
                                        "-q, --quiet",
                                        "-v, --verbose",
                                        "-h, --help",
                                        "-V, --version",
                                        "--check",
                                        "--skip-late",
                                        "--tls-listen",
                                        "--tls-cert",
                                        "--tls-key",
                                        "--allow CIDR",
                                        "--deny CIDR",
                                        "--max-clients-per-address",
                                        "--token-file",
                                        "--sign",
                                        "--expires",
                                        "--proxy-protocol CIDR",
                                        "--log-format text|json"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_ptr_nonnull(strstr(options_help, names[i]));
}
END_TEST

START_TEST(counts_at_their_bounds)
{
    ck_assert_uint_eq(parse_well("flvd --loop 0 f").loop, 0);
    ck_assert_uint_eq(parse_well("flvd --loop 7 f").loop, 7);
    ck_assert_uint_eq(parse_well("flvd --loop 4000000000 f").loop, 4000000000);
    ck_assert_uint_eq(parse_well("flvd --max-clients 1 f").max_clients, 1);
    ck_assert_uint_eq(parse_well("flvd --max-clients 1000000 f").max_clients,
                      1000000);
    ck_assert_uint_eq(parse_well("flvd f").max_clients_per_address, 0);
    ck_assert_uint_eq(parse_well("flvd --max-clients-per-address 1 f")
                          .max_clients_per_address,
                      1);
    ck_assert_uint_eq(parse_well("flvd --max-clients-per-address 1000000 f")
                          .max_clients_per_address,
                      1000000);
}
END_TEST

START_TEST(access_rules)
{
    struct options o = parse_well("flvd f");

    ck_assert_uint_eq(o.access.count, 0);
    o = parse_well("flvd --deny 10.0.0.0/8 f --allow=::1");
    ck_assert_uint_eq(o.access.count, 2);
    ck_assert(!o.access.rules[0].allows);
    ck_assert_int_eq(o.access.rules[0].network.host.family, AF_INET);
    ck_assert_uint_eq(o.access.rules[0].network.prefix, 8);
    ck_assert(o.access.rules[1].allows);
    ck_assert_int_eq(o.access.rules[1].network.host.family, AF_INET6);
    ck_assert_uint_eq(o.access.rules[1].network.prefix, 128);
}
END_TEST

START_TEST(proxies)
{
    static char *argv[OPTIONS_MAX_PROXIES + 4];
    static char name[] = "flvd", proxy[] = "--proxy-protocol=::1", file[] = "f";
    char fault[OPTIONS_FAULT_BYTES];
    struct options o = parse_well("flvd f");
    int argc = 0;

    ck_assert_uint_eq(o.proxy_count, 0);
    o = parse_well(
        "flvd --proxy-protocol 10.0.0.0/28 f --proxy-protocol=fd00::1");
    ck_assert_uint_eq(o.proxy_count, 2);
    ck_assert_int_eq(o.proxies[0].host.family, AF_INET);
    ck_assert_uint_eq(o.proxies[0].prefix, 28);
    ck_assert_int_eq(o.proxies[1].host.family, AF_INET6);
    ck_assert_uint_eq(o.proxies[1].prefix, 128);

    argv[argc++] = name;
    for (int i = 0; i < OPTIONS_MAX_PROXIES; i++)
        argv[argc++] = proxy;
    argv[argc++] = file;
    ck_assert_int_eq(options_parse(argc, argv, passed, &o, fault),
                     OPTIONS_SERVE);
    ck_assert_uint_eq(o.proxy_count, OPTIONS_MAX_PROXIES);
    argv[argc - 1] = proxy;
    argv[argc++] = file;
    ck_assert_int_eq(options_parse(argc, argv, passed, &o, fault),
                     OPTIONS_WRONG);
    ck_assert_ptr_nonnull(strstr(fault, "64 times"));
}
END_TEST

START_TEST(too_many_access_rules)
{
    static char *argv[ACCESS_MAX_RULES + 4];
    static char name[] = "flvd", rule[] = "--deny=10.0.0.0/8", file[] = "f";
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;
    int argc = 0;

    argv[argc++] = name;
    for (int i = 0; i < ACCESS_MAX_RULES; i++)
        argv[argc++] = rule;
    argv[argc++] = file;
    ck_assert_int_eq(options_parse(argc, argv, passed, &o, fault),
                     OPTIONS_SERVE);
    ck_assert_uint_eq(o.access.count, ACCESS_MAX_RULES);
    argv[argc - 1] = rule;
    argv[argc++] = file;
    ck_assert_int_eq(options_parse(argc, argv, passed, &o, fault),
                     OPTIONS_WRONG);
    ck_assert_ptr_nonnull(strstr(fault, "256 times"));
}
END_TEST

START_TEST(tokens)
{
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;

    ck_assert_ptr_null(parse_well("flvd f").token_path);
    if (!hmac_is_available()) {
        ck_assert_int_eq(parse("flvd --token-file k f", &o, fault),
                         OPTIONS_WRONG);
        ck_assert_ptr_nonnull(strstr(fault, "without OpenSSL"));
        ck_assert_int_eq(
            parse("flvd --sign a --expires 1 --token-file k", &o, fault),
            OPTIONS_WRONG);
        ck_assert_ptr_nonnull(strstr(fault, "without OpenSSL"));
        return;
    }
    ck_assert_str_eq(parse_well("flvd --token-file k f").token_path, "k");
    ck_assert_str_eq(parse_well("flvd --token-file k --demo").token_path, "k");
    ck_assert_int_eq(
        parse("flvd --sign a/b --expires 999999999999 --token-file k", &o,
              fault),
        OPTIONS_SIGN);
    ck_assert_str_eq(o.sign_name, "a/b");
    ck_assert_str_eq(o.token_path, "k");
    ck_assert_int_eq(o.expires_s, 999999999999);
    ck_assert(!o.expires_is_relative);
    ck_assert_int_eq(
        parse("flvd --token-file k --expires +0 --sign= -q", &o, fault),
        OPTIONS_SIGN);
    ck_assert_int_eq(o.expires_s, 0);
    ck_assert(o.expires_is_relative);
}
END_TEST

/* What is wrong about tokens is named, as below. */
START_TEST(wrong_tokens)
{
    static const struct {
        const char *line;
        const char *words[2];
    } cases[] = {
        {"flvd --sign a --expires 1", {"--sign", "--token-file"}},
        {"flvd --sign a --token-file k", {"--sign", "--expires"}},
        {"flvd --sign a --expires 1 --token-file k f", {"--sign", "'f'"}},
        {"flvd --sign a --expires 1 --token-file k --lead 1",
         {"--sign", "--lead"}},
        {"flvd --sign a --expires 1 --token-file k --check",
         {"--sign", "--check"}},
        {"flvd --check --token-file k f", {"--check", "--token-file"}},
        {"flvd --check --expires 5 f", {"--check", "--expires"}},
        {"flvd --expires 1 --token-file k f", {"--expires", "--sign"}},
        {"flvd --token-file= f", {"--token-file", "empty"}},
        {"flvd --sign a --expires 1 --token-file=", {"--token-file", "empty"}},
        {"flvd --sign a --expires 1000000000000 --token-file k",
         {"--expires", "'1000000000000'"}},
        {"flvd --sign a --expires -5 --token-file k", {"--expires", "'-5'"}},
        {"flvd --sign a --expires ++5 --token-file k", {"--expires", "'++5'"}},
        {"flvd --sign a --expires 1.5 --token-file k", {"--expires", "'1.5'"}},
        {"flvd --sign a --expires + --token-file k", {"--expires", "'+'"}},
        {"flvd --sign a --expires= --token-file k", {"--expires", "''"}},
    };
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;

    for (size_t i = 0;
         hmac_is_available() && i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_msg(parse(cases[i].line, &o, fault) == OPTIONS_WRONG, "%s",
                      cases[i].line);
        for (size_t w = 0; w < 2; w++)
            ck_assert_msg(strstr(fault, cases[i].words[w]) != NULL, "%s: %s",
                          cases[i].line, fault);
    }
}
END_TEST

START_TEST(seconds_at_their_bounds)
{
    ck_assert_int_eq(parse_well("flvd --lead 0 f").lead_ms, 0);
    ck_assert_int_eq(parse_well("flvd --lead 0.5 f").lead_ms, 500);
    ck_assert_int_eq(parse_well("flvd --lead 2. f").lead_ms, 2000);
    ck_assert_int_eq(parse_well("flvd --lead 604800 f").lead_ms, 604800000);
    ck_assert_int_eq(parse_well("flvd --skip-late 0.1 f").skip_late_ms, 100);
    ck_assert_int_eq(parse_well("flvd --skip-late 5 f").skip_late_ms, 5000);
    ck_assert_int_eq(parse_well("flvd --stop-after 0.001 f").stop_after_ns,
                     1000000);
    ck_assert_int_eq(parse_well("flvd --stop-after 604800 f").stop_after_ns,
                     604800 * S);
    ck_assert_int_eq(parse_well("flvd --drain 0 f").drain_ns, 0);
    ck_assert_int_eq(parse_well("flvd --drain 604800 f").drain_ns, 604800 * S);
    ck_assert_int_eq(
        parse_well("flvd --handshake-timeout 0.001 f").handshake_timeout_ns,
        1000000);
    ck_assert_int_eq(
        parse_well("flvd --handshake-timeout 604800 f").handshake_timeout_ns,
        604800 * S);
    ck_assert_int_eq(parse_well("flvd --idle-timeout 1.25 f").idle_timeout_ns,
                     1250000000);
    ck_assert_int_eq(parse_well("flvd --idle-timeout 604800 f").idle_timeout_ns,
                     604800 * S);
    ck_assert_int_eq(
        parse_well("flvd --stall-timeout 0.001 f").stall_timeout_ns, 1000000);
    ck_assert_int_eq(
        parse_well("flvd --stall-timeout 604800 f").stall_timeout_ns,
        604800 * S);
}
END_TEST

/* What is wrong is named: each of the words stands in the message. */
START_TEST(what_is_wrong_is_named)
{
    static const struct {
        const char *line;
        const char *words[3];
    } cases[] = {
        {"flvd", {"FLV file", "--demo"}},
        {"flvd ", {"name of a FILE", "empty"}},
        {"flvd a  b", {"name of a FILE", "empty"}},
        {"flvd --demo a", {"--demo", "'a'"}},
        {"flvd --no-audio --no-video f", {"--no-audio", "--no-video"}},
        {"flvd -q -v f", {"--quiet", "--verbose"}},
        {"flvd --log-format xml f", {"--log-format", "'json'", "'xml'"}},
        {"flvd --log-format= f", {"--log-format", "'text'", "''"}},
        /* numbers */
        {"flvd --loop -1 f", {"--loop", "0 to 4000000000", "'-1'"}},
        {"flvd --loop 4000000001 f", {"--loop", "'4000000001'"}},
        {"flvd --loop 1.5 f", {"--loop", "whole", "'1.5'"}},
        {"flvd --loop= f", {"--loop", "''"}},
        {"flvd --loop x f", {"--loop", "'x'"}},
        {"flvd --loop 0x10 f", {"--loop", "'0x10'"}},
        {"flvd --loop 1e3 f", {"--loop", "'1e3'"}},
        {"flvd --loop 000000000000000000001 f", {"--loop"}},
        {"flvd --max-clients 0 f", {"--max-clients", "1 to 1000000", "'0'"}},
        {"flvd --max-clients 1000001 f", {"--max-clients", "'1000001'"}},
        {"flvd --max-clients-per-address 0 f",
         {"--max-clients-per-address", "1 to 1000000", "'0'"}},
        {"flvd --max-clients-per-address 1000001 f",
         {"--max-clients-per-address", "'1000001'"}},
        {"flvd --allow 10.0.0.1/8 f",
         {"--allow", "'10.0.0.1/8'", "10.0.0.0/8"}},
        {"flvd --deny 2001:db8::1/64 f",
         {"--deny", "beyond its prefix", "2001:db8::/64"}},
        {"flvd --allow localhost f", {"--allow", "'localhost'", "192.0.2.1"}},
        {"flvd --deny 10.0.0.0/33 f", {"--deny", "'10.0.0.0/33'"}},
        {"flvd --deny= f", {"--deny", "''"}},
        {"flvd --check --deny 10.0.0.0/8 f", {"--check", "--deny"}},
        {"flvd --proxy-protocol 10.0.0.1/8 f",
         {"--proxy-protocol", "'10.0.0.1/8'", "10.0.0.0/8"}},
        {"flvd --proxy-protocol haproxy f",
         {"--proxy-protocol", "'haproxy'", "192.0.2.1"}},
        {"flvd --check --proxy-protocol ::1 f",
         {"--check", "--proxy-protocol"}},
        {"flvd --lead -1 f", {"--lead", "0 to 604800", "'-1'"}},
        {"flvd --lead 604800.001 f", {"--lead", "'604800.001'"}},
        {"flvd --lead 1..5 f", {"--lead", "'1..5'"}},
        {"flvd --skip-late 0 f", {"--skip-late", "0.1 to 604800", "'0'"}},
        {"flvd --skip-late 0.09 f", {"--skip-late", "'0.09'"}},
        {"flvd --skip-late soon f", {"--skip-late", "'soon'"}},
        {"flvd --skip-late", {"'--skip-late'", "value"}},
        {"flvd --lead .5 f", {"--lead", "'.5'"}},
        {"flvd --lead inf f", {"--lead", "'inf'"}},
        {"flvd --lead nan f", {"--lead", "'nan'"}},
        {"flvd --lead 5s f", {"--lead", "'5s'"}},
        {"flvd --stop-after 0 f", {"--stop-after", "0.001 to 604800", "'0'"}},
        {"flvd --stop-after 0.0009 f", {"--stop-after", "'0.0009'"}},
        {"flvd --stop-after 604801 f", {"--stop-after", "'604801'"}},
        {"flvd --drain 604801 f", {"--drain", "0 to 604800", "'604801'"}},
        {"flvd --drain -1 f", {"--drain", "'-1'"}},
        {"flvd --handshake-timeout 0 f", {"--handshake-timeout", "'0'"}},
        {"flvd --handshake-timeout 604801 f", {"--handshake-timeout"}},
        {"flvd --idle-timeout 0 f", {"--idle-timeout", "'0'"}},
        {"flvd --idle-timeout 604801 f", {"--idle-timeout"}},
        {"flvd --stall-timeout 0 f", {"--stall-timeout", "'0'"}},
        {"flvd --stall-timeout 604801 f", {"--stall-timeout"}},
        /* listeners */
        {"flvd -l x f", {"--listen", "PORT", "'x'"}},
        {"flvd -l 65536 f", {"--listen", "65535", "'65536'"}},
        {"flvd --listen localhost:1 f", {"--listen", "'localhost:1'"}},
        {"flvd -l1 -l2 -l3 -l4 -l5 -l6 -l7 -l8 -l9 -l10 -l11 -l12 -l13 -l14 "
         "-l15 -l16 -l17 f",
         {"--listen", "16 times"}},
        /* options that are none */
        {"flvd --nonsense f", {"--nonsense"}},
        {"flvd --nonsense=3 f", {"unknown", "'--nonsense=3'"}},
        {"flvd --no f", {"'--no'", "ambiguous", "--no-audio or --no-video"}},
        {"flvd --tls=3 f", {"'--tls=3'", "ambiguous", "--tls-cert"}},
        {"flvd -x f", {"-x"}},
        {"flvd --loop", {"--loop", "needs a value"}},
        {"flvd f -l", {"-l", "needs a value"}},
        {"flvd --listen", {"--listen", "needs a value"}},
        {"flvd --demo=1", {"--demo", "takes no value"}},
        {"flvd --once=3 f", {"--once", "takes no value"}},
        {"flvd --quiet=yes f", {"--quiet", "takes no value"}},
        {"flvd --once -xq f", {"-x"}},
        {"flvd --quiet -1x f", {"-x"}},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char fault[OPTIONS_FAULT_BYTES];
        struct options o;

        ck_assert_msg(parse(cases[i].line, &o, fault) == OPTIONS_WRONG, "%s",
                      cases[i].line);
        ck_assert_ptr_nonnull(memchr(fault, '\0', sizeof(fault)));
        ck_assert_ptr_null(strchr(fault, '\n'));
        for (size_t w = 0; w < 3 && cases[i].words[w] != NULL; w++)
            ck_assert_msg(strstr(fault, cases[i].words[w]) != NULL,
                          "%s: no %s in: %s", cases[i].line, cases[i].words[w],
                          fault);
    }
}
END_TEST

START_TEST(a_check_takes_files_and_little_else)
{
    static const struct {
        const char *line, *fault;
    } wrong[] = {
        {"flvd --check", "--check: name the files to check"},
        {"flvd --check --demo",
         "--check serves nothing: leave out either it or --demo"},
        {"flvd --check -l 1936 f",
         "--check serves nothing: leave out either it or --listen"},
        {"flvd -1 --check f",
         "--check serves nothing: leave out either it or --once"},
        {"flvd -q --check --verbose f",
         "--check serves nothing: leave out either it or --verbose"},
        {"flvd --check --no-audio --no-video f",
         "--check serves nothing: leave out either it or --no-video"},
    };
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;

    ck_assert(!parse_well("flvd f").check);
    ck_assert_int_eq(parse("flvd a --check b -q c", &o, fault), OPTIONS_CHECK);
    ck_assert(o.check && o.quiet);
    ck_assert_uint_eq(o.operand_count, 3);
    ck_assert_str_eq(o.operands[0], "a");
    ck_assert_str_eq(o.operands[2], "c");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ck_assert_int_eq(parse(wrong[i].line, &o, fault), OPTIONS_WRONG);
        ck_assert_str_eq(fault, wrong[i].fault);
    }
}
END_TEST

/* What was passed stands for the default listener, and --listen adds to it. */
START_TEST(passed_listeners)
{
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;

    passed = (struct options_passed){.plain = 1};
    ck_assert_uint_eq(parse_well("flvd f").listen_count, 0);
    o = parse_well("flvd --listen 8000 f");
    ck_assert_uint_eq(o.listen_count, 1);
    ck_assert_uint_eq(address_port(&o.listen[0].socket), 8000);
    passed = (struct options_passed){.tls = 1};
    ck_assert_int_eq(parse("flvd f", &o, fault), OPTIONS_WRONG);
    if (tls_is_available()) {
        ck_assert_ptr_nonnull(strstr(fault, "'rtmps'"));
        ck_assert_ptr_nonnull(strstr(fault, "--tls-cert"));
        o = parse_well("flvd --tls-cert c --tls-key k f");
        ck_assert_uint_eq(o.listen_count + o.tls_listen_count, 0);
    }
    passed = (struct options_passed){0};
}
END_TEST

START_TEST(long_words_fit)
{
    char line[1100] = "flvd --loop ";
    char fault[OPTIONS_FAULT_BYTES];
    struct options o;

    memset(line + 12, '9', 1000);
    ck_assert_int_eq(parse(line, &o, fault), OPTIONS_WRONG);
    ck_assert_ptr_nonnull(memchr(fault, '\0', sizeof(fault)));
    memset(line + 5, '-', 2);
    memset(line + 7, 'x', 1000);
    ck_assert_int_eq(parse(line, &o, fault), OPTIONS_WRONG);
    ck_assert_ptr_nonnull(memchr(fault, '\0', sizeof(fault)));
}
END_TEST

int main(void)
{
    Suite *const suite = suite_create("options");
    TCase *const tests = tcase_create("options");
    SRunner *const runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, flags);
    tcase_add_test(tests, listeners);
    tcase_add_test(tests, status);
    tcase_add_test(tests, tls);
    tcase_add_test(tests, what_is_wrong_about_tls);
    tcase_add_test(tests, many_pairs_for_tls);
    tcase_add_test(tests, help_and_version);
    tcase_add_test(tests, help_names_every_option);
    tcase_add_test(tests, counts_at_their_bounds);
    tcase_add_test(tests, access_rules);
    tcase_add_test(tests, proxies);
    tcase_add_test(tests, too_many_access_rules);
    tcase_add_test(tests, tokens);
    tcase_add_test(tests, wrong_tokens);
    tcase_add_test(tests, seconds_at_their_bounds);
    tcase_add_test(tests, what_is_wrong_is_named);
    tcase_add_test(tests, a_check_takes_files_and_little_else);
    tcase_add_test(tests, passed_listeners);
    tcase_add_test(tests, long_words_fit);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
