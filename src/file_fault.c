/* Lines about files on standard output or error. */
#include "config.h"

#include "file_fault.h"

#include <string.h>

#include "base/log.h"

/* What is escaped at a time, so that it fits whatever it holds: "\xNN" each. */
#define ESCAPED_AT_ONCE ((LOG_ESCAPED_BYTES - 4) / 4)

void file_fault_print_name(FILE *to, const char *file)
{
    size_t left = strlen(file);

    while (left > 0) {
        const size_t part = left < ESCAPED_AT_ONCE ? left : ESCAPED_AT_ONCE;
        char escaped[LOG_ESCAPED_BYTES];

        fputs(log_escape(escaped, file, part), to);
        file += part;
        left -= part;
    }
}

/* A file name and a suffix as one word for the shell; what no terminal should
 * see is left to be guessed. */
static void print_shell_word(FILE *to, const char *name, const char *suffix)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_./+,@%:-";
    bool is_plain = name[strspn(name, plain)] == '\0' && name[0] != '-';

    if (!is_plain)
        fputs(name[0] == '-' ? "'./" : "'", to);
    for (; *name != '\0'; name++) {
        if (*name == '\'')
            fputs("'\\''", to);
        else
            fputc((unsigned char)*name < 0x20 || *name == 0x7F ? '?' : *name,
                  to);
    }
    fprintf(to, "%s%s", suffix, is_plain ? "" : "'");
}

void file_fault_print(FILE *to, const char *file,
                      const struct movie_error *error)
{
    file_fault_print_name(to, file);
    if (error->offset_bytes >= 0)
        fprintf(to, ": offset %lld", (long long)error->offset_bytes);
    fprintf(to, ": %s", error->what);
    if (error->can_remux) {
        fputs("; this makes it playable: ffmpeg -i ", to);
        print_shell_word(to, file, "");
        fputs(" -c copy ", to);
        print_shell_word(to, file, ".flv");
    }
    fputc('\n', to);
}
