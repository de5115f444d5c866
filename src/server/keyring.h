/* The keys of --token-file: one KEYID:BASE64-KEY a line; empty lines and those
 * that begin with "#" say nothing. Thread-safe. */
#ifndef FLVD_SERVER_KEYRING_H
#define FLVD_SERVER_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"
#include "server/token.h"

#define KEYRING_MAX_FILE_BYTES 65536
#define KEYRING_MAX_KEYS 256

#define KEYRING_FAULT_BYTES (LOG_ESCAPED_BYTES + 128)

struct keyring; /* opaque */

/* Reads the file at `path`, which must outlive the keyring. NULL, and one line
 * in `fault`, when it cannot be read, a line of it is wrong, or it has no key;
 * no line tells a key. What is unwise about the file is logged. */
struct keyring *keyring_open(const char *path,
                             char fault[static KEYRING_FAULT_BYTES]);
void keyring_close(struct keyring *keyring);

/* Reads the file again; when that fails the keys stay as they were. */
bool keyring_reload(struct keyring *keyring,
                    char fault[static KEYRING_FAULT_BYTES]);

/* A copy of the first key, for signing. */
struct token_key keyring_first(struct keyring *keyring);

/* A copy of the key with this id; false when there is none. */
bool keyring_find(struct keyring *keyring, const char *id, size_t id_length,
                  struct token_key *key);

#endif
