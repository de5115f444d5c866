/* Signing: what lets a name be played for a while. */
#ifndef FLVD_SIGN_H
#define FLVD_SIGN_H

#include "exit_status.h"
#include "options.h"

/* Prints the query for --sign, with the first key of the token file, on
 * standard output and nothing else; what is wrong is one line on standard
 * error. */
enum exit_status sign(const struct options *options);

#endif
