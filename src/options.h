/* The command line, as a struct that everybody reads and nobody changes. */
#ifndef FLVD_OPTIONS_H
#define FLVD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/access.h"
#include "net/address.h"
#include "net/tls_context.h"

#define OPTIONS_MAX_LISTEN 16 /* of each kind */
#define OPTIONS_MAX_PASSED 16
#define OPTIONS_MAX_PROXIES 64
#define OPTIONS_DEFAULT_PORT "1935"

#define OPTIONS_MAX_LOOP 4000000000u

struct options {
    char **operands; /* FILEs and DIRECTORYs, at least 1 unless `demo` */
    size_t operand_count;
    bool demo;
    bool check;
    struct address listen[OPTIONS_MAX_LISTEN];
    size_t listen_count;
    struct address tls_listen[OPTIONS_MAX_LISTEN];
    size_t tls_listen_count; /* of both, and what was passed, at least 1 */
    struct address status[OPTIONS_MAX_LISTEN];
    size_t status_count;
    struct tls_pair tls_pairs[TLS_MAX_PAIRS];
    size_t tls_pair_count; /* not 0 with RTMPS listeners */
    size_t tls_key_count;  /* the same */
    uint32_t loop;         /* rounds; 0: for ever */
    bool has_loop;         /* else it depends on what the operands are */
    int64_t lead_ms;       /* -1: what the viewer announced */
    int64_t skip_late_ms;  /* 0: never */
    bool audio;
    bool video;
    int64_t stop_after_ns; /* 0: never */
    int64_t drain_ns;      /* how long viewers may go on at a stop */
    uint32_t max_clients;
    uint32_t max_clients_per_address; /* 0: as many as there may be */
    struct access access;
    struct network proxies[OPTIONS_MAX_PROXIES]; /* begin with a PROXY header */
    size_t proxy_count;
    int64_t handshake_timeout_ns;
    int64_t idle_timeout_ns;
    int64_t stall_timeout_ns;
    const char *user;         /* whom to become as root; NULL: nobody */
    bool sandbox;             /* lock the process down */
    const char *token_path;   /* NULL: everything may be played by everybody */
    const char *sign_name;    /* as given; with OPTIONS_SIGN only */
    int64_t expires_s;        /* the same: Unix time, or from now on */
    bool expires_is_relative; /* the latter */
    bool has_expires;
    bool quiet;
    bool verbose;
    bool log_json; /* the log is JSON, else text */
};

/* Listeners that were passed at the start, beside those of the options. */
struct options_passed {
    size_t plain;
    size_t tls;
    size_t status;
};

enum options_result {
    OPTIONS_SERVE,
    OPTIONS_CHECK,   /* check the operands, serve nothing */
    OPTIONS_SIGN,    /* make a token for `sign_name`, serve nothing */
    OPTIONS_HELP,    /* print options_help to standard output, exit 0 */
    OPTIONS_VERSION, /* print the version to standard output, exit 0 */
    OPTIONS_WRONG    /* print `fault` to standard error, exit 2 */
};

#define OPTIONS_FAULT_BYTES 256

/* Reads argv as getopt_long does. With something `passed` there is no default
 * listener. `options` is filled on OPTIONS_SERVE, OPTIONS_CHECK and
 * OPTIONS_SIGN, and points into argv; `fault` is one line without newline on
 * OPTIONS_WRONG. */
enum options_result options_parse(int argc, char **argv,
                                  struct options_passed passed,
                                  struct options *options,
                                  char fault[static OPTIONS_FAULT_BYTES]);

extern const char options_help[];

#endif
