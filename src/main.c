/* flvd: serves FLV files over RTMP; or checks them, or signs names. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log_json.h"
#include "base/service_manager.h"
#include "check/check.h"
#include "exit_status.h"
#include "net/tls_context.h"
#include "options.h"
#include "passed.h"
#include "sandbox/call_filter.h"
#include "serve.h"
#include "sign.h"
#include "status/available.h"

/* Static, like everything that a session stuck at the end still looks at. */
static struct options options;

static enum exit_status check(void)
{
    /* Of a reader that has gone writing tells, as of a full disk. */
    signal(SIGPIPE, SIG_IGN);
    switch (
        check_files(options.operands, options.operand_count, options.quiet)) {
    case CHECK_SOUND:
        return EXIT_STOPPED;
    case CHECK_DAMAGED:
        return EXIT_CANNOT_WORK;
    case CHECK_FAILED:
        fprintf(stderr, "flvd: the report cannot be written: %s\n",
                strerror(errno));
        return EXIT_CANNOT_WORK;
    }
    return EXIT_CANNOT_WORK;
}

/* The version, and what this build lacks. */
static void print_version(void)
{
    const struct {
        bool is_built_in;
        const char *without;
    } libraries[] = {
        {tls_is_available(),
         "without OpenSSL: no RTMPS, no digest handshake, no tokens"},
        {service_manager_is_available(),
         "without libsystemd: takes no sockets of a service manager, and tells "
         "it nothing"},
        {call_filter_is_available(),
         "without libseccomp: filters no system calls"},
        {log_json_is_available(), "without jansson: no --log-format json"},
        {status_is_available(),
         "without libmicrohttpd or jansson: no --status"},
    };

    printf("flvd %s", PACKAGE_VERSION);
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        if (!libraries[i].is_built_in)
            printf(" (%s)", libraries[i].without);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    char fault[OPTIONS_FAULT_BYTES];
    char passed_fault[PASSED_FAULT_BYTES];
    struct passed_sockets passed;
    bool can_take = passed_take(&passed, passed_fault);

    setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* one write a line */
    switch (options_parse(argc, argv, passed_count(&passed), &options, fault)) {
    case OPTIONS_HELP:
        fputs(options_help, stdout);
        return fflush(stdout) == 0 ? EXIT_STOPPED : EXIT_CANNOT_WORK;
    case OPTIONS_VERSION:
        print_version();
        return fflush(stdout) == 0 ? EXIT_STOPPED : EXIT_CANNOT_WORK;
    case OPTIONS_WRONG:
        fprintf(stderr, "flvd: %s\n", fault);
        return EXIT_USAGE;
    case OPTIONS_CHECK:
        return (int)check();
    case OPTIONS_SIGN:
        return (int)sign(&options);
    case OPTIONS_SERVE:
        if (can_take)
            return (int)serve(&options, &passed);
        fprintf(stderr, "flvd: %s\n", passed_fault);
        return EXIT_CANNOT_WORK;
    }
    return EXIT_USAGE;
}
