/* One table of options, read by getopt_long; the man page says what they
 * mean. Every number has its bounds here. */
#include "config.h"

#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hmac.h"

/* A week: far beyond every sensible timeout, far below every overflow. */
#define MAX_SECONDS 604800.0
#define MAX_CLIENTS 1000000.0
/* Twelve digits: 31,000 years. */
#define MAX_EXPIRES 999999999999.0

const char options_help[] =
    "Usage: flvd [OPTION]... FILE|DIRECTORY...\n"
    "       flvd [OPTION]... --demo\n"
    "       flvd --check [--quiet] FILE...\n"
    "       flvd --sign NAME --expires TIME --token-file FILE\n"
    "Serve FLV files over RTMP to any number of players.\n"
    "\n"
    "  -l, --listen [ADDRESS:]PORT  where to listen; may be repeated; port 0\n"
    "                               lets the kernel choose (default 1935)\n"
    "      --tls-listen [ADDRESS:]PORT\n"
    "                               where to listen for RTMPS; may be "
    "repeated\n"
    "      --tls-cert FILE, --tls-key FILE\n"
    "                               certificates and private key (PEM); the\n"
    "                               pair may be repeated, SNI chooses\n"
    "      --demo                   serve a built-in sample\n"
    "      --loop COUNT             play a file COUNT times, 0 = for ever\n"
    "                               (default 0 with one FILE, else 1)\n"
    "  -1, --once                   the same as --loop 1\n"
    "      --lead SECONDS           feed viewers this far ahead of real time\n"
    "                               (default: the buffer that each announces)\n"
    "      --skip-late SECONDS      move viewers that fall this far behind to\n"
    "                               the next keyframe (default: wait for "
    "them)\n"
    "      --no-audio, --no-video   leave those tags out\n"
    "      --stop-after SECONDS     stop the server after this time\n"
    "      --drain SECONDS          at a stop, how long viewers may go on\n"
    "                               (default 0)\n"
    "      --max-clients N          connections at a time (default 10000)\n"
    "      --max-clients-per-address N\n"
    "                               connections of one address; an IPv6 one "
    "is\n"
    "                               its /64 (default: no limit)\n"
    "      --allow CIDR, --deny CIDR\n"
    "                               who may connect; may be repeated, the "
    "first\n"
    "                               that matches counts (default: all may)\n"
    "      --token-file FILE        play only names that were signed with a "
    "key\n"
    "                               in FILE (lines KEYID:BASE64-KEY)\n"
    "      --handshake-timeout SECONDS\n"
    "                               from connecting to `connect', and from\n"
    "                               `play' to having taken the first burst\n"
    "                               (default 10)\n"
    "      --idle-timeout SECONDS   for peers that play nothing (default 300)\n"
    "      --stall-timeout SECONDS  for viewers that accept nothing\n"
    "                               (default 3600)\n"
    "      --check                  report what is wrong with the files,\n"
    "                               serve nothing\n"
    "      --sign NAME              print the query of a URL that lets NAME "
    "be\n"
    "                               played; serve nothing\n"
    "      --expires TIME           until when, with --sign: a Unix time, or\n"
    "                               +SECONDS from now on\n"
    "  -q, --quiet                  log errors only\n"
    "  -v, --verbose                log every command\n"
    "  -h, --help                   show this\n"
    "  -V, --version                show the version\n"
    "\n"
    "Watch it with:  ffplay rtmp://localhost/vod/movie\n"
    "One FILE is what every name plays; of several, and of a DIRECTORY, which\n"
    "is served with all below it, `movie' is movie.flv.\n"
    "The manual is flvd(1).\n";

enum option_code {
    OPTION_DEMO = 256,
    OPTION_LOOP,
    OPTION_LEAD,
    OPTION_SKIP_LATE,
    OPTION_NO_AUDIO,
    OPTION_NO_VIDEO,
    OPTION_STOP_AFTER,
    OPTION_DRAIN,
    OPTION_MAX_CLIENTS,
    OPTION_MAX_CLIENTS_PER_ADDRESS,
    OPTION_ALLOW,
    OPTION_DENY,
    OPTION_HANDSHAKE_TIMEOUT,
    OPTION_IDLE_TIMEOUT,
    OPTION_STALL_TIMEOUT,
    OPTION_TLS_LISTEN,
    OPTION_TLS_CERT,
    OPTION_TLS_KEY,
    OPTION_CHECK,
    OPTION_TOKEN_FILE,
    OPTION_SIGN,
    OPTION_EXPIRES
};

static const struct option long_options[] = {
    {"listen", required_argument, NULL, 'l'},
    {"demo", no_argument, NULL, OPTION_DEMO},
    {"loop", required_argument, NULL, OPTION_LOOP},
    {"once", no_argument, NULL, '1'},
    {"lead", required_argument, NULL, OPTION_LEAD},
    {"skip-late", required_argument, NULL, OPTION_SKIP_LATE},
    {"no-audio", no_argument, NULL, OPTION_NO_AUDIO},
    {"no-video", no_argument, NULL, OPTION_NO_VIDEO},
    {"stop-after", required_argument, NULL, OPTION_STOP_AFTER},
    {"drain", required_argument, NULL, OPTION_DRAIN},
    {"max-clients", required_argument, NULL, OPTION_MAX_CLIENTS},
    {"max-clients-per-address", required_argument, NULL,
     OPTION_MAX_CLIENTS_PER_ADDRESS},
    {"allow", required_argument, NULL, OPTION_ALLOW},
    {"deny", required_argument, NULL, OPTION_DENY},
    {"handshake-timeout", required_argument, NULL, OPTION_HANDSHAKE_TIMEOUT},
    {"idle-timeout", required_argument, NULL, OPTION_IDLE_TIMEOUT},
    {"stall-timeout", required_argument, NULL, OPTION_STALL_TIMEOUT},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"tls-listen", required_argument, NULL, OPTION_TLS_LISTEN},
    {"tls-cert", required_argument, NULL, OPTION_TLS_CERT},
    {"tls-key", required_argument, NULL, OPTION_TLS_KEY},
    {"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
    {"sign", required_argument, NULL, OPTION_SIGN},
    {"expires", required_argument, NULL, OPTION_EXPIRES},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0}};

static bool wrong(char *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always false, so that it can be returned. */
static bool wrong(char *fault, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(fault, OPTIONS_FAULT_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* A decimal number and nothing else: no hexadecimal, no "inf", no blanks. */
static bool read_decimal(const char *text, bool fraction, double *value)
{
    const char *allowed = fraction ? "0123456789." : "0123456789";
    char *end;

    if (!isdigit((unsigned char)text[0]) ||
        text[strspn(text, allowed)] != '\0' || strlen(text) > 20)
        return false;
    *value = strtod(text, &end);
    return *end == '\0';
}

static bool read_count(const char *name, const char *text, double least,
                       double most, uint32_t *value, char *fault)
{
    double number;

    if (!read_decimal(text, false, &number) || number < least || number > most)
        return wrong(fault,
                     "--%s takes a whole number from %.0f to %.0f, not '%s'",
                     name, least, most, text);
    *value = (uint32_t)number;
    return true;
}

static bool read_seconds(const char *name, const char *text, double least,
                         int64_t *value_ns, char *fault)
{
    double number;

    if (!read_decimal(text, true, &number) || number < least ||
        number > MAX_SECONDS)
        return wrong(fault, "--%s takes seconds from %g to %.0f, not '%s'",
                     name, least, MAX_SECONDS, text);
    *value_ns = llrint(number * (double)CLOCK_NS_PER_S);
    return true;
}

/* The same rule for both: a host in a network is more likely a typing error in
 * the prefix than a way to say the network. */
static bool add_access_rule(const char *name, const char *text,
                            struct access *access, char *fault)
{
    struct access_rule *rule = &access->rules[access->count];
    char right[NETWORK_TEXT_BYTES];

    if (access->count == ACCESS_MAX_RULES)
        return wrong(fault,
                     "--allow and --deny may be given %d times at most, "
                     "together",
                     ACCESS_MAX_RULES);
    switch (network_parse(text, &rule->network)) {
    case NETWORK_NOT_READ:
        return wrong(fault,
                     "--%s takes an address or a network, such as 192.0.2.1, "
                     "192.0.2.0/24 or 2001:db8::/32, not '%.64s'",
                     name, text);
    case NETWORK_HAS_TOO_MUCH:
        return wrong(fault,
                     "--%s: '%.64s' has bits beyond its prefix: the network "
                     "is %s",
                     name, text, network_format(&rule->network, right));
    case NETWORK_GOOD:
        break;
    }
    rule->allows = strcmp(name, "allow") == 0;
    access->count++;
    return true;
}

static bool add_address(const char *name, const char *text,
                        struct address addresses[static OPTIONS_MAX_LISTEN],
                        size_t *count, char *fault)
{
    if (*count == OPTIONS_MAX_LISTEN)
        return wrong(fault, "--%s may be given %d times at most", name,
                     OPTIONS_MAX_LISTEN);
    if (!address_parse(text, &addresses[*count]))
        return wrong(fault,
                     "--%s takes PORT, ADDRESS:PORT or [IPV6-ADDRESS]:PORT "
                     "with a port from 0 to 65535, not '%.64s'",
                     name, text);
    ++*count;
    return true;
}

static bool add_listen(struct options *options, const char *text, char *fault)
{
    return add_address("listen", text, options->listen, &options->listen_count,
                       fault);
}

static bool add_tls_listen(struct options *options, const char *text,
                           char *fault)
{
    return add_address("tls-listen", text, options->tls_listen,
                       &options->tls_listen_count, fault);
}

/* The first certificate belongs to the first key, and so on. */
static bool add_tls_certificate(struct options *options, const char *path,
                                char *fault)
{
    if (options->tls_pair_count == TLS_MAX_PAIRS)
        return wrong(fault, "--tls-cert may be given %d times at most",
                     TLS_MAX_PAIRS);
    options->tls_pairs[options->tls_pair_count++].certificate_path = path;
    return true;
}

static bool add_tls_key(struct options *options, const char *path, char *fault)
{
    if (options->tls_key_count == TLS_MAX_PAIRS)
        return wrong(fault, "--tls-key may be given %d times at most",
                     TLS_MAX_PAIRS);
    options->tls_pairs[options->tls_key_count++].key_path = path;
    return true;
}

static bool check_tls(const struct options *options,
                      struct options_passed passed, char *fault)
{
    size_t listen_count = options->tls_listen_count + passed.tls;
    size_t pair_count = options->tls_pair_count;

    if (listen_count + pair_count + options->tls_key_count == 0)
        return true;
    if (!tls_is_available())
        return wrong(fault, "this flvd was built without OpenSSL, and so "
                            "without RTMPS: --tls-listen, --tls-cert, "
                            "--tls-key and sockets named 'rtmps' cannot be "
                            "used");
    if (listen_count == 0)
        return wrong(fault, "--tls-cert and --tls-key are for RTMPS: say with "
                            "--tls-listen where to listen for it");
    if (pair_count + options->tls_key_count == 0)
        return wrong(fault,
                     "%s needs a certificate and its private key: --tls-cert "
                     "FILE --tls-key FILE",
                     options->tls_listen_count > 0
                         ? "--tls-listen"
                         : "the socket named 'rtmps' that was passed");
    if (pair_count != options->tls_key_count)
        return wrong(fault,
                     "each --tls-cert needs its --tls-key: there are %zu of "
                     "the first and %zu of the second",
                     pair_count, options->tls_key_count);
    return true;
}

static bool read_expires(const char *text, struct options *options, char *fault)
{
    double number;

    options->expires_is_relative = text[0] == '+';
    if (!read_decimal(text + options->expires_is_relative, false, &number) ||
        number > MAX_EXPIRES)
        return wrong(fault,
                     "--expires takes a Unix time, or +SECONDS from now on, "
                     "not '%.64s'",
                     text);
    options->expires_s = (int64_t)number;
    options->has_expires = true;
    return true;
}

static bool check_tokens(const struct options *options, char *fault)
{
    if (options->token_path == NULL)
        return true;
    if (!hmac_is_available())
        return wrong(fault, "this flvd was built without OpenSSL, and so "
                            "without tokens: --token-file and --sign cannot "
                            "be used");
    if (options->token_path[0] == '\0')
        return wrong(fault, "--token-file: the name of the file is empty");
    return true;
}

static bool apply(int code, const char *value, struct options *options,
                  char *fault)
{
    int64_t lead_ns, late_ns;

    switch (code) {
    case 'l':
        return add_listen(options, value, fault);
    case OPTION_TLS_LISTEN:
        return add_tls_listen(options, value, fault);
    case OPTION_TLS_CERT:
        return add_tls_certificate(options, value, fault);
    case OPTION_TLS_KEY:
        return add_tls_key(options, value, fault);
    case OPTION_DEMO:
        options->demo = true;
        return true;
    case OPTION_LOOP:
        options->has_loop = true;
        return read_count("loop", value, 0, OPTIONS_MAX_LOOP, &options->loop,
                          fault);
    case '1':
        options->has_loop = true;
        options->loop = 1;
        return true;
    case OPTION_LEAD:
        if (!read_seconds("lead", value, 0, &lead_ns, fault))
            return false;
        options->lead_ms = lead_ns / CLOCK_NS_PER_MS;
        return true;
    case OPTION_SKIP_LATE:
        if (!read_seconds("skip-late", value, 0.1, &late_ns, fault))
            return false;
        options->skip_late_ms = late_ns / CLOCK_NS_PER_MS;
        return true;
    case OPTION_NO_AUDIO:
        options->audio = false;
        return true;
    case OPTION_NO_VIDEO:
        options->video = false;
        return true;
    case OPTION_STOP_AFTER:
        return read_seconds("stop-after", value, 0.001, &options->stop_after_ns,
                            fault);
    case OPTION_DRAIN:
        return read_seconds("drain", value, 0, &options->drain_ns, fault);
    case OPTION_MAX_CLIENTS:
        return read_count("max-clients", value, 1, MAX_CLIENTS,
                          &options->max_clients, fault);
    case OPTION_MAX_CLIENTS_PER_ADDRESS:
        return read_count("max-clients-per-address", value, 1, MAX_CLIENTS,
                          &options->max_clients_per_address, fault);
    case OPTION_ALLOW:
        return add_access_rule("allow", value, &options->access, fault);
    case OPTION_DENY:
        return add_access_rule("deny", value, &options->access, fault);
    case OPTION_HANDSHAKE_TIMEOUT:
        return read_seconds("handshake-timeout", value, 0.001,
                            &options->handshake_timeout_ns, fault);
    case OPTION_IDLE_TIMEOUT:
        return read_seconds("idle-timeout", value, 0.001,
                            &options->idle_timeout_ns, fault);
    case OPTION_STALL_TIMEOUT:
        return read_seconds("stall-timeout", value, 0.001,
                            &options->stall_timeout_ns, fault);
    case OPTION_TOKEN_FILE:
        options->token_path = value;
        return true;
    case OPTION_SIGN:
        options->sign_name = value;
        return true;
    case OPTION_EXPIRES:
        return read_expires(value, options, fault);
    case OPTION_CHECK:
        options->check = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    default:
        return wrong(fault, "unknown option");
    }
}

static bool check(struct options *options, struct options_passed passed,
                  char *fault)
{
    if (options->demo && options->operand_count > 0)
        return wrong(fault,
                     "--demo serves the built-in sample: leave out "
                     "either it or '%.100s'",
                     options->operands[0]);
    if (!options->demo && options->operand_count == 0)
        return wrong(fault, "name the FLV files or directories to serve, or "
                            "use --demo");
    for (size_t i = 0; i < options->operand_count; i++) {
        if (options->operands[i][0] == '\0')
            return wrong(fault, "the name of a FILE or DIRECTORY is empty");
    }
    if (!options->audio && !options->video)
        return wrong(fault, "--no-audio and --no-video together leave nothing "
                            "to serve");
    if (options->quiet && options->verbose)
        return wrong(fault, "--quiet and --verbose exclude each other");
    if (options->has_expires)
        return wrong(fault, "--expires goes with --sign: it says until when a "
                            "name may be played");
    if (!check_tls(options, passed, fault) || !check_tokens(options, fault))
        return false;
    if (options->listen_count + options->tls_listen_count + passed.plain +
                passed.tls ==
            0 &&
        !add_listen(options, OPTIONS_DEFAULT_PORT, fault))
        return false;
    return true;
}

static const char *option_name(int code)
{
    const struct option *option = long_options;

    while (option->name != NULL && option->val != code)
        option++;
    return option->name;
}

/* `for_serving` is an option that means nothing to a check, or 0. */
static bool check_the_check(const struct options *options, int for_serving,
                            char *fault)
{
    if (for_serving != 0)
        return wrong(fault,
                     "--check serves nothing: leave out either it or --%s",
                     option_name(for_serving));
    if (options->operand_count == 0)
        return wrong(fault, "--check: name the files to check");
    return true;
}

static bool check_the_signing(const struct options *options, int for_serving,
                              char *fault)
{
    if (for_serving != 0)
        return wrong(fault,
                     "--sign serves nothing: leave out either it or --%s",
                     option_name(for_serving));
    if (options->operand_count > 0)
        return wrong(fault, "--sign serves nothing: leave out '%.64s'",
                     options->operands[0]);
    if (!hmac_is_available())
        return wrong(fault, "this flvd was built without OpenSSL, and so "
                            "without tokens: --sign cannot be used");
    if (options->token_path == NULL)
        return wrong(fault, "--sign needs a key: --token-file FILE");
    if (!options->has_expires)
        return wrong(fault, "--sign needs --expires UNIXTIME, or --expires "
                            "+SECONDS from now on");
    return check_tokens(options, fault);
}

/* Only long options that are known but take no value leave both "=" in the
 * word and a code in optopt; in a cluster of short ones (-qx) the word may be
 * the one before it. */
static void explain_getopt(char *fault, int code, char **argv)
{
    const char *word = argv[optind - 1];
    bool is_long = strncmp(word, "--", 2) == 0;

    if (code == ':')
        (void)wrong(fault, "option '%.64s' needs a value", word);
    else if (optopt == 0)
        (void)wrong(fault,
                    "unknown or ambiguous option '%.64s'; see flvd "
                    "--help",
                    word);
    else if (is_long && strchr(word, '=') != NULL)
        (void)wrong(fault, "option '%.64s' takes no value", word);
    else
        (void)wrong(fault, "unknown option '-%c'; see flvd --help",
                    isprint(optopt) ? optopt : '?');
}

/* Which options were given, as far as it matters for what flvd is to do. */
struct given {
    int for_serving; /* one that means nothing elsewhere, or 0 */
    int for_tokens;  /* one for serving and signing, or 0 */
};

static void note_given(struct given *given, int code)
{
    if (code == OPTION_TOKEN_FILE || code == OPTION_EXPIRES)
        given->for_tokens = code;
    else if (code != OPTION_CHECK && code != OPTION_SIGN && code != 'q')
        given->for_serving = code;
}

/* OPTIONS_SERVE, unless it is clear already that it will be something else. */
static enum options_result read_words(int argc, char **argv,
                                      struct options *options,
                                      struct given *given, char *fault)
{
    int code;

    optind = 0; /* glibc: begin anew, for the tests */
    while ((code = getopt_long(argc, argv, ":l:1qvhV", long_options, NULL)) !=
           -1) {
        if (code == 'h')
            return OPTIONS_HELP;
        if (code == 'V')
            return OPTIONS_VERSION;
        if (code == '?' || code == ':') {
            explain_getopt(fault, code, argv);
            return OPTIONS_WRONG;
        }
        if (!apply(code, optarg, options, fault))
            return OPTIONS_WRONG;
        note_given(given, code);
    }
    options->operands = argv + optind;
    options->operand_count = (size_t)(argc - optind);
    return OPTIONS_SERVE;
}

enum options_result options_parse(int argc, char **argv,
                                  struct options_passed passed,
                                  struct options *options,
                                  char fault[static OPTIONS_FAULT_BYTES])
{
    struct given given = {0, 0};
    enum options_result result;

    *options = (struct options){
        .lead_ms = -1,
        .audio = true,
        .video = true,
        .max_clients = 10000,
        .handshake_timeout_ns = 10 * CLOCK_NS_PER_S,
        .idle_timeout_ns = 300 * CLOCK_NS_PER_S,
        .stall_timeout_ns = 3600 * CLOCK_NS_PER_S,
    };
    result = read_words(argc, argv, options, &given, fault);
    if (result != OPTIONS_SERVE)
        return result;
    if (options->sign_name != NULL)
        return check_the_signing(
                   options, options->check ? OPTION_CHECK : given.for_serving,
                   fault)
                   ? OPTIONS_SIGN
                   : OPTIONS_WRONG;
    if (options->check)
        return check_the_check(options,
                               given.for_serving != 0 ? given.for_serving
                                                      : given.for_tokens,
                               fault)
                   ? OPTIONS_CHECK
                   : OPTIONS_WRONG;
    return check(options, passed, fault) ? OPTIONS_SERVE : OPTIONS_WRONG;
}
