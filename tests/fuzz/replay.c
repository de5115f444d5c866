/* What stands in for libFuzzer in builds without --enable-fuzzing: hands each
 * file of a corpus to the target once, in the order of their names.
 *
 *     fuzz_NAME [FILE | DIRECTORY]...
 *
 * Without an operand it is the corpus of NAME, as under make check. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static unsigned replayed;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* The bytes are in a block of just their size, so that whoever reads on meets
 * a sanitizer. */
static void replay_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint8_t *data;

    if (fd < 0 || fstat(fd, &st) != 0)
        die(path);
    data = malloc((size_t)st.st_size + (st.st_size == 0));
    if (data == NULL || read(fd, data, (size_t)st.st_size) != st.st_size)
        die(path);
    close(fd);
    printf("%s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
    free(data);
    replayed++;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay(const char *path)
{
    struct dirent **entries;
    const int count = scandir(path, &entries, is_visible, alphasort);

    if (count < 0 && errno == ENOTDIR) {
        replay_file(path);
        return;
    }
    if (count < 0)
        die(path);
    for (int i = 0; i < count; i++) {
        char file[4096];

        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        replay_file(file);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char *argv[])
{
    const char *srcdir = getenv("srcdir");
    const char *name = strrchr(argv[0], '/');
    char corpus[4096];

    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc < 2) {
        name = name == NULL ? argv[0] : name + 1;
        if (strncmp(name, "fuzz_", 5) == 0)
            name += 5;
        snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s",
                 srcdir == NULL ? "." : srcdir, name);
        replay(corpus);
    }
    printf("%u inputs\n", replayed);
    return replayed > 0 ? 0 : 1;
}
