/* One table of options, read by getopt_long; the man page says what they
 * mean. A new option is a row of it, and a function unless there is one for its
 * kind of value. */
#include "config.h"

#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hmac.h"
#include "base/log_json.h"
#include "option_value.h"
#include "status/available.h"

#define MAX_CLIENTS 1000000.0

/* What an option means something to. */
enum purpose { SERVING = 1, CHECKING = 2, SIGNING = 4 };

/* One option. `set` takes its value, NULL when it has none, into `options`. */
struct row {
    const char *name;
    int argument; /* of getopt_long */
    char letter;  /* or 0 */
    unsigned purposes;
    bool (*set)(const struct row *row, const char *value,
                struct options *options, char *fault);
    size_t field; /* of struct options, for those that set just one */
    double least;
    double most;
};

/* --- what takes a value --------------------------------------------------- */

static void *field_of(const struct row *row, struct options *options)
{
    return (char *)options + row->field;
}

static bool set_true(const struct row *row, const char *value,
                     struct options *options, char *fault)
{
    (void)value;
    (void)fault;
    *(bool *)field_of(row, options) = true;
    return true;
}

static bool set_false(const struct row *row, const char *value,
                      struct options *options, char *fault)
{
    (void)value;
    (void)fault;
    *(bool *)field_of(row, options) = false;
    return true;
}

static bool set_text(const struct row *row, const char *value,
                     struct options *options, char *fault)
{
    (void)fault;
    *(const char **)field_of(row, options) = value;
    return true;
}

static bool set_count(const struct row *row, const char *value,
                      struct options *options, char *fault)
{
    return option_read_count(row->name, value, row->least, row->most,
                             field_of(row, options), fault);
}

static bool set_seconds(const struct row *row, const char *value,
                        struct options *options, char *fault)
{
    return option_read_seconds(row->name, value, row->least,
                               field_of(row, options), fault);
}

/* Seconds that are kept in the unit of timestamps. */
static bool set_milliseconds(const struct row *row, const char *value,
                             struct options *options, char *fault)
{
    int64_t *value_ms = field_of(row, options);
    int64_t value_ns;

    if (!option_read_seconds(row->name, value, row->least, &value_ns, fault))
        return false;
    *value_ms = value_ns / CLOCK_NS_PER_MS;
    return true;
}

static bool set_loop(const struct row *row, const char *value,
                     struct options *options, char *fault)
{
    options->has_loop = true;
    return option_read_count(row->name, value, 0, OPTIONS_MAX_LOOP,
                             &options->loop, fault);
}

static bool set_once(const struct row *row, const char *value,
                     struct options *options, char *fault)
{
    (void)row;
    (void)value;
    (void)fault;
    options->has_loop = true;
    options->loop = 1;
    return true;
}

static bool add_address(const char *name, const char *text,
                        struct address addresses[static OPTIONS_MAX_LISTEN],
                        size_t *count, char *fault)
{
    if (*count == OPTIONS_MAX_LISTEN)
        return option_wrong(fault, "--%s may be given %d times at most", name,
                            OPTIONS_MAX_LISTEN);
    if (!option_read_address(name, text, &addresses[*count], fault))
        return false;
    ++*count;
    return true;
}

static bool add_listen(const struct row *row, const char *value,
                       struct options *options, char *fault)
{
    return add_address(row->name, value, options->listen,
                       &options->listen_count, fault);
}

static bool add_tls_listen(const struct row *row, const char *value,
                           struct options *options, char *fault)
{
    return add_address(row->name, value, options->tls_listen,
                       &options->tls_listen_count, fault);
}

/* What it tells is not for everybody: without an address, for this machine. */
static bool add_status(const struct row *row, const char *value,
                       struct options *options, char *fault)
{
    struct address *address = &options->status[options->status_count];

    if (!add_address(row->name, value, options->status, &options->status_count,
                     fault))
        return false;
    if (address->is_any)
        address_loopback_ipv4(address);
    return true;
}

/* The first certificate belongs to the first key, and so on. */
static bool add_tls_certificate(const struct row *row, const char *value,
                                struct options *options, char *fault)
{
    if (options->tls_pair_count == TLS_MAX_PAIRS)
        return option_wrong(fault, "--%s may be given %d times at most",
                            row->name, TLS_MAX_PAIRS);
    options->tls_pairs[options->tls_pair_count++].certificate_path = value;
    return true;
}

static bool add_tls_key(const struct row *row, const char *value,
                        struct options *options, char *fault)
{
    if (options->tls_key_count == TLS_MAX_PAIRS)
        return option_wrong(fault, "--%s may be given %d times at most",
                            row->name, TLS_MAX_PAIRS);
    options->tls_pairs[options->tls_key_count++].key_path = value;
    return true;
}

static bool add_access_rule(const struct row *row, const char *value,
                            bool allows, struct access *access, char *fault)
{
    struct access_rule *rule = &access->rules[access->count];

    if (access->count == ACCESS_MAX_RULES)
        return option_wrong(fault,
                            "--allow and --deny may be given %d times at "
                            "most, together",
                            ACCESS_MAX_RULES);
    if (!option_read_network(row->name, value, &rule->network, fault))
        return false;
    rule->allows = allows;
    access->count++;
    return true;
}

static bool add_allow(const struct row *row, const char *value,
                      struct options *options, char *fault)
{
    return add_access_rule(row, value, true, &options->access, fault);
}

static bool add_deny(const struct row *row, const char *value,
                     struct options *options, char *fault)
{
    return add_access_rule(row, value, false, &options->access, fault);
}

static bool add_proxy(const struct row *row, const char *value,
                      struct options *options, char *fault)
{
    if (options->proxy_count == OPTIONS_MAX_PROXIES)
        return option_wrong(fault, "--%s may be given %d times at most",
                            row->name, OPTIONS_MAX_PROXIES);
    return option_read_network(
        row->name, value, &options->proxies[options->proxy_count++], fault);
}

static bool set_expires(const struct row *row, const char *value,
                        struct options *options, char *fault)
{
    options->has_expires = true;
    return option_read_time(row->name, value, &options->expires_s,
                            &options->expires_is_relative, fault);
}

static bool set_log_format(const struct row *row, const char *value,
                           struct options *options, char *fault)
{
    options->log_json = strcmp(value, "json") == 0;
    if (!options->log_json && strcmp(value, "text") != 0)
        return option_wrong(fault, "--%s takes 'text' or 'json', not '%.64s'",
                            row->name, value);
    if (options->log_json && !log_json_is_available())
        return option_wrong(fault,
                            "this flvd was built without jansson: --%s json "
                            "cannot be used",
                            row->name);
    return true;
}

/* --- the table ------------------------------------------------------------ */

#define FIELD(name) .field = offsetof(struct options, name)

static const struct row rows[] = {
    {"listen", required_argument, 'l', SERVING, .set = add_listen},
    {"tls-listen", required_argument, 0, SERVING, .set = add_tls_listen},
    {"tls-cert", required_argument, 0, SERVING, .set = add_tls_certificate},
    {"tls-key", required_argument, 0, SERVING, .set = add_tls_key},
    {"demo", no_argument, 0, SERVING, .set = set_true, FIELD(demo)},
    {"loop", required_argument, 0, SERVING, .set = set_loop},
    {"once", no_argument, '1', SERVING, .set = set_once},
    {"lead", required_argument, 0, SERVING, .set = set_milliseconds,
     FIELD(lead_ms)},
    {"skip-late", required_argument, 0, SERVING, .set = set_milliseconds,
     FIELD(skip_late_ms), .least = 0.1},
    {"no-audio", no_argument, 0, SERVING, .set = set_false, FIELD(audio)},
    {"no-video", no_argument, 0, SERVING, .set = set_false, FIELD(video)},
    {"stop-after", required_argument, 0, SERVING, .set = set_seconds,
     FIELD(stop_after_ns), .least = 0.001},
    {"drain", required_argument, 0, SERVING, .set = set_seconds,
     FIELD(drain_ns)},
    {"max-clients", required_argument, 0, SERVING, .set = set_count,
     FIELD(max_clients), .least = 1, .most = MAX_CLIENTS},
    {"max-clients-per-address", required_argument, 0, SERVING, .set = set_count,
     FIELD(max_clients_per_address), .least = 1, .most = MAX_CLIENTS},
    {"allow", required_argument, 0, SERVING, .set = add_allow},
    {"deny", required_argument, 0, SERVING, .set = add_deny},
    {"proxy-protocol", required_argument, 0, SERVING, .set = add_proxy},
    {"handshake-timeout", required_argument, 0, SERVING, .set = set_seconds,
     FIELD(handshake_timeout_ns), .least = 0.001},
    {"idle-timeout", required_argument, 0, SERVING, .set = set_seconds,
     FIELD(idle_timeout_ns), .least = 0.001},
    {"stall-timeout", required_argument, 0, SERVING, .set = set_seconds,
     FIELD(stall_timeout_ns), .least = 0.001},
    {"token-file", required_argument, 0, SERVING | SIGNING, .set = set_text,
     FIELD(token_path)},
    {"status", required_argument, 0, SERVING, .set = add_status},
    {"sign", required_argument, 0, SIGNING, .set = set_text, FIELD(sign_name)},
    {"expires", required_argument, 0, SERVING | SIGNING, .set = set_expires},
    {"user", required_argument, 0, SERVING, .set = set_text, FIELD(user)},
    {"no-sandbox", no_argument, 0, SERVING, .set = set_false, FIELD(sandbox)},
    {"check", no_argument, 0, CHECKING, .set = set_true, FIELD(check)},
    {"quiet", no_argument, 'q', SERVING | CHECKING | SIGNING, .set = set_true,
     FIELD(quiet)},
    {"verbose", no_argument, 'v', SERVING, .set = set_true, FIELD(verbose)},
    {"log-format", required_argument, 0, SERVING, .set = set_log_format},
    {"help", no_argument, 'h', 0, .set = NULL},
    {"version", no_argument, 'V', 0, .set = NULL},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
/* getopt_long says which row it was, beyond all letters. */
#define FIRST_ROW 256

/* The table as getopt_long wants it. */
struct getopt_table {
    struct option longs[ROWS + 1];
    char shorts[2 * ROWS + 2];
};

static void make_getopt_table(struct getopt_table *table)
{
    size_t used = 0;

    *table = (struct getopt_table){0};
    table->shorts[used++] = ':'; /* tells a missing value from the rest */
    for (size_t i = 0; i < ROWS; i++) {
        table->longs[i] = (struct option){rows[i].name, rows[i].argument, NULL,
                                          FIRST_ROW + (int)i};
        if (rows[i].letter == 0)
            continue;
        table->shorts[used++] = rows[i].letter;
        if (rows[i].argument == required_argument)
            table->shorts[used++] = ':';
    }
}

static const struct row *row_of(int code)
{
    if (code >= FIRST_ROW)
        return &rows[code - FIRST_ROW];
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].letter == code)
            return &rows[i];
    }
    return NULL;
}

/* --- what must hold for all of them --------------------------------------- */

static bool check_tls(const struct options *options,
                      struct options_passed passed, char *fault)
{
    size_t listen_count = options->tls_listen_count + passed.tls;
    size_t pair_count = options->tls_pair_count;

    if (listen_count + pair_count + options->tls_key_count == 0)
        return true;
    if (!tls_is_available())
        return option_wrong(fault,
                            "this flvd was built without OpenSSL, and so "
                            "without RTMPS: --tls-listen, --tls-cert, "
                            "--tls-key and sockets named 'rtmps' cannot be "
                            "used");
    if (listen_count == 0)
        return option_wrong(fault,
                            "--tls-cert and --tls-key are for RTMPS: say with "
                            "--tls-listen where to listen for it");
    if (pair_count + options->tls_key_count == 0)
        return option_wrong(
            fault,
            "%s needs a certificate and its private key: --tls-cert "
            "FILE --tls-key FILE",
            options->tls_listen_count > 0
                ? "--tls-listen"
                : "the socket named 'rtmps' that was passed");
    if (pair_count != options->tls_key_count)
        return option_wrong(
            fault,
            "each --tls-cert needs its --tls-key: there are %zu of "
            "the first and %zu of the second",
            pair_count, options->tls_key_count);
    return true;
}

static bool check_status(const struct options *options,
                         struct options_passed passed, char *fault)
{
    if (options->status_count + passed.status == 0 || status_is_available())
        return true;
    return option_wrong(fault,
                        "this flvd was built without libmicrohttpd or "
                        "jansson: --status and sockets named 'status' cannot "
                        "be used");
}

static bool check_tokens(const struct options *options, char *fault)
{
    if (options->token_path == NULL)
        return true;
    if (!hmac_is_available())
        return option_wrong(fault,
                            "this flvd was built without OpenSSL, and so "
                            "without tokens: --token-file and --sign cannot "
                            "be used");
    if (options->token_path[0] == '\0')
        return option_wrong(fault,
                            "--token-file: the name of the file is empty");
    return true;
}

static bool check(struct options *options, struct options_passed passed,
                  char *fault)
{
    if (options->demo && options->operand_count > 0)
        return option_wrong(fault,
                            "--demo serves the built-in sample: leave out "
                            "either it or '%.100s'",
                            options->operands[0]);
    if (!options->demo && options->operand_count == 0)
        return option_wrong(fault,
                            "name the FLV files or directories to serve, or "
                            "use --demo");
    for (size_t i = 0; i < options->operand_count; i++) {
        if (options->operands[i][0] == '\0')
            return option_wrong(fault,
                                "the name of a FILE or DIRECTORY is empty");
    }
    if (!options->audio && !options->video)
        return option_wrong(fault,
                            "--no-audio and --no-video together leave nothing "
                            "to serve");
    if (options->quiet && options->verbose)
        return option_wrong(fault, "--quiet and --verbose exclude each other");
    if (options->has_expires)
        return option_wrong(fault,
                            "--expires goes with --sign: it says until when a "
                            "name may be played");
    if (!check_tls(options, passed, fault) ||
        !check_status(options, passed, fault) || !check_tokens(options, fault))
        return false;
    if (options->listen_count + options->tls_listen_count + passed.plain +
                passed.tls ==
            0 &&
        !add_address("listen", OPTIONS_DEFAULT_PORT, options->listen,
                     &options->listen_count, fault))
        return false;
    return true;
}

/* `stray` is an option that means nothing to a check, or NULL. */
static bool check_the_check(const struct options *options,
                            const struct row *stray, char *fault)
{
    if (stray != NULL)
        return option_wrong(
            fault, "--check serves nothing: leave out either it or --%s",
            stray->name);
    if (options->operand_count == 0)
        return option_wrong(fault, "--check: name the files to check");
    return true;
}

static bool check_the_signing(const struct options *options,
                              const struct row *stray, char *fault)
{
    if (stray != NULL)
        return option_wrong(
            fault, "--sign serves nothing: leave out either it or --%s",
            stray->name);
    if (options->operand_count > 0)
        return option_wrong(fault, "--sign serves nothing: leave out '%.64s'",
                            options->operands[0]);
    if (!hmac_is_available())
        return option_wrong(fault,
                            "this flvd was built without OpenSSL, and so "
                            "without tokens: --sign cannot be used");
    if (options->token_path == NULL)
        return option_wrong(fault, "--sign needs a key: --token-file FILE");
    if (!options->has_expires)
        return option_wrong(fault,
                            "--sign needs --expires UNIXTIME, or --expires "
                            "+SECONDS from now on");
    return check_tokens(options, fault);
}

/* A long option may be cut short as long as it is clear which one is meant. */
static void explain_unknown(char *fault, const char *word)
{
    size_t length = strcspn(word, "=");
    const struct row *meant[2] = {NULL, NULL};
    size_t count = 0;

    for (size_t i = 0; i < ROWS && length > 2 && count < 2; i++) {
        if (strncmp(rows[i].name, word + 2, length - 2) == 0)
            meant[count++] = &rows[i];
    }
    if (count == 2)
        (void)option_wrong(
            fault, "option '%.64s' is ambiguous: --%s or --%s, for instance",
            word, meant[0]->name, meant[1]->name);
    else
        (void)option_wrong(fault, "unknown option '%.64s'; see flvd --help",
                           word);
}

/* Only long options that are known but take no value leave both "=" in the
 * word and a code in optopt; in a cluster of short ones (-qx) the word may be
 * the one before it. */
static void explain_getopt(char *fault, int code, char **argv)
{
    const char *word = argv[optind - 1];
    bool is_long = strncmp(word, "--", 2) == 0;

    if (code == ':')
        (void)option_wrong(fault, "option '%.64s' needs a value", word);
    else if (optopt == 0)
        explain_unknown(fault, word);
    else if (is_long && strchr(word, '=') != NULL)
        (void)option_wrong(fault, "option '%.64s' takes no value", word);
    else
        (void)option_wrong(fault, "unknown option '-%c'; see flvd --help",
                           isprint(optopt) ? optopt : '?');
}

/* An option that was given and means nothing to a purpose, or NULL. */
struct strays {
    const struct row *to_checking;
    const struct row *to_signing;
};

static void note_strays(struct strays *strays, const struct row *row)
{
    if ((row->purposes & CHECKING) == 0)
        strays->to_checking = row;
    if ((row->purposes & SIGNING) == 0)
        strays->to_signing = row;
}

/* OPTIONS_SERVE, unless it is clear already that it will be something else. */
static enum options_result read_words(int argc, char **argv,
                                      struct options *options,
                                      struct strays *strays, char *fault)
{
    struct getopt_table table;
    int code;

    make_getopt_table(&table);
    optind = 0; /* glibc: begin anew, for the tests */
    while ((code = getopt_long(argc, argv, table.shorts, table.longs, NULL)) !=
           -1) {
        const struct row *row;

        if (code == '?' || code == ':') {
            explain_getopt(fault, code, argv);
            return OPTIONS_WRONG;
        }
        row = row_of(code);
        if (row->letter == 'h')
            return OPTIONS_HELP;
        if (row->letter == 'V')
            return OPTIONS_VERSION;
        if (!row->set(row, optarg, options, fault))
            return OPTIONS_WRONG;
        note_strays(strays, row);
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
    struct strays strays = {NULL, NULL};
    enum options_result result;

    *options = (struct options){
        .lead_ms = -1,
        .audio = true,
        .video = true,
        .sandbox = SANDBOX_BY_DEFAULT,
        .max_clients = 10000,
        .handshake_timeout_ns = 10 * CLOCK_NS_PER_S,
        .idle_timeout_ns = 300 * CLOCK_NS_PER_S,
        .stall_timeout_ns = 3600 * CLOCK_NS_PER_S,
    };
    result = read_words(argc, argv, options, &strays, fault);
    if (result != OPTIONS_SERVE)
        return result;
    if (options->sign_name != NULL)
        return check_the_signing(options, strays.to_signing, fault)
                   ? OPTIONS_SIGN
                   : OPTIONS_WRONG;
    if (options->check)
        return check_the_check(options, strays.to_checking, fault)
                   ? OPTIONS_CHECK
                   : OPTIONS_WRONG;
    return check(options, passed, fault) ? OPTIONS_SERVE : OPTIONS_WRONG;
}
