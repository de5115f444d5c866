/* From a name and a time to a query. */
#include "config.h"

#include "sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/keyring.h"
#include "server/name.h"
#include "server/token.h"

/* A token with the first key of the token file. */
static bool make_token(const char *path, const char *name, const char *expires,
                       char token[static TOKEN_BYTES])
{
    char fault[KEYRING_FAULT_BYTES];
    struct keyring *keyring = keyring_open(path, fault);
    struct token_key key;
    bool good;

    if (keyring == NULL) {
        fprintf(stderr, "flvd: %s\n", fault);
        return false;
    }
    key = keyring_first(keyring);
    keyring_close(keyring);
    good = token_make(&key, name, expires, token);
    explicit_bzero(&key, sizeof(key));
    if (!good)
        fputs("flvd: --sign: the token cannot be computed\n", stderr);
    return good;
}

enum exit_status sign(const struct options *options)
{
    const struct amf0_string text = {options->sign_name,
                                     strlen(options->sign_name)};
    const int64_t now_s = clock_unix_s();
    const int64_t expires_s =
        options->expires_s + (options->expires_is_relative ? now_s : 0);
    char name[NAME_BYTES], expires[TOKEN_EXPIRES_BYTES], token[TOKEN_BYTES];
    const char *wrong;

    if (!name_canonical(text, name, &wrong)) {
        fprintf(stderr,
                "flvd: --sign takes what is to be played, such as "
                "sub/movie: %s\n",
                wrong);
        return EXIT_USAGE;
    }
    snprintf(expires, sizeof(expires), "%" PRId64, expires_s);
    if (!make_token(options->token_path, name, expires, token))
        return EXIT_CANNOT_WORK;
    if (expires_s <= now_s)
        fputs("flvd: --expires: this time has passed; to count from now on, "
              "put a + before it\n",
              stderr);
    printf("expires=%s&token=%s\n", expires, token);
    return fflush(stdout) == 0 ? EXIT_STOPPED : EXIT_CANNOT_WORK;
}
