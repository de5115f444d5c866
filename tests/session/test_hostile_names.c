/* What names in a directory lead to, and must not. */
#include "config.h"

#include "attack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "media.h"

#define NAME(text) "m:20:3:1 s:play n:0 z s:" text
#define HEX(bytes) "m:20:3:1 s:play n:0 z 02 00 " bytes

static const struct attack attacks[] = {
    {"what is there", CREATED, NAME("movie"), PLAY_START, NULL},
    /* ways up */
    {"..", CREATED, NAME(".."), NOT_FOUND, NULL},
    {"../secret", CREATED, NAME("../secret"), NOT_FOUND, NULL},
    {"../secret.flv", CREATED, NAME("../secret.flv"), NOT_FOUND, NULL},
    {"sub/../../secret", CREATED, NAME("sub/../../secret"), NOT_FOUND, NULL},
    {"/../secret", CREATED, NAME("/../secret"), NOT_FOUND, NULL},
    {"mp4:../secret", CREATED, NAME("mp4:../secret"), NOT_FOUND, NULL},
    {"../mp4:secret", CREATED, NAME("../mp4:secret"), NOT_FOUND, NULL},
    {"flv:../flv:secret.mp4", CREATED, NAME("flv:../flv:secret.mp4"), NOT_FOUND,
     NULL},
    {"%2e%2e/secret", CREATED, NAME("%2e%2e/secret"), NOT_FOUND, NULL},
    {"%2e%2e%2fsecret", CREATED, NAME("%2e%2e%2fsecret"), NOT_FOUND, NULL},
    {"%252e%252e/secret", CREATED, NAME("%252e%252e/secret"), NOT_FOUND, NULL},
    {".%2e/secret", CREATED, NAME(".%2e/secret"), NOT_FOUND, NULL},
    {"..\\secret", CREATED, NAME("..\\secret"), NOT_FOUND, NULL},
    {"..%5csecret", CREATED, NAME("..%5csecret"), NOT_FOUND, NULL},
    {"../secret?", CREATED, NAME("../secret?x=movie"), NOT_FOUND, NULL},
    {".. in UTF-8 that is too long", CREATED,
     HEX("0B C0 AE C0 AE 2F 73 65 63 72 65 74"), NOT_FOUND, NULL},
    {"an absolute path", CREATED, NAME("/etc/passwd"), NOT_FOUND, NULL},
    {"a path of the kernel's", CREATED, NAME("/proc/self/fd/0"), NOT_FOUND,
     NULL},
    {"a URL", CREATED, NAME("http://127.0.0.1/movie"), NOT_FOUND, NULL},
    {"a command", CREATED, NAME("|/bin/sh"), NOT_FOUND, NULL},
    /* links */
    {"a link that leads out", CREATED, NAME("out"), NOT_FOUND, NULL},
    {"an absolute link", CREATED, NAME("absolute"), NOT_FOUND, NULL},
    {"a link to a device", CREATED, NAME("zero"), NOT_FOUND, NULL},
    {"a link to itself", CREATED, NAME("itself"), NOT_FOUND, NULL},
    {"links in a circle", CREATED, NAME("circle1"), NOT_FOUND, NULL},
    {"a link to nothing", CREATED, NAME("dangling"), NOT_FOUND, NULL},
    {"a directory that links out", CREATED, NAME("outside/secret"), NOT_FOUND,
     NULL},
    {"a directory that links to itself", CREATED,
     NAME("loop/loop/loop/nothing"), NOT_FOUND, NULL},
    /* what is no film */
    {"a FIFO", CREATED, NAME("fifo"), PLAY_FAILED, NULL},
    {"a socket", CREATED, NAME("socket"), PLAY_FAILED, NULL},
    {"a directory", CREATED, NAME("directory"), PLAY_FAILED, NULL},
    {"a file as a directory", CREATED, NAME("movie.flv/movie"), NOT_FOUND,
     NULL},
    {"a file that does not end in .flv", CREATED, NAME("notes.txt"), NOT_FOUND,
     NULL},
    /* odd names */
    {"no name", CREATED, "m:20:3:1 s:play n:0 z s:/ ", NOT_FOUND, NULL},
    {"a dot", CREATED, NAME("."), NOT_FOUND, NULL},
    {".flv", CREATED, NAME(".flv"), NOT_FOUND, NULL},
    {"...flv", CREATED, NAME("...flv"), NOT_FOUND, NULL},
    {"a thousand slashes", CREATED, "m:20:3:1 s:play n:0 z 02 03 E8 2F*1000",
     NOT_FOUND, NULL},
    {"300 directories", CREATED, "m:20:3:1 s:play n:0 z 02 02 58 300( 61 2F )",
     NOT_FOUND, NULL},
    {"a component of 300 bytes", CREATED, "m:20:3:1 s:play n:0 z S:300",
     NOT_FOUND, NULL},
    {"a name of 1023 bytes", CREATED, "m:20:3:1 s:play n:0 z S:1023", NOT_FOUND,
     NULL},
    {"a name of 15000 bytes", CREATED, "m:20:3:1 s:play n:0 z S:15000",
     NOT_FOUND, NULL},
    {"15000 bytes that are encoded", CREATED,
     "m:20:3:1 s:play n:0 z 02 3A 98 5000( 25 36 31 )", NOT_FOUND, NULL},
    {"percent signs that encode nothing", CREATED,
     "m:20:3:1 s:play n:0 z 02 01 F4 25*500", NOT_FOUND, NULL},
    {"a NUL in it", CREATED, HEX("0A 6D 6F 76 69 65 00 2E 66 6C 76"), NOT_FOUND,
     NULL},
    {"an encoded NUL", CREATED, NAME("movie%00"), NOT_FOUND, NULL},
    {"line ends, though a file is called so", CREATED, HEX("05 61 0D 0A 62 63"),
     NOT_FOUND, NULL},
    {"an escape, though a file is called so", CREATED, HEX("04 1B 5B 32 4A"),
     NOT_FOUND, NULL},
    {"a file whose name is not UTF-8", CREATED, HEX("04 C3 28 FF FE"),
     PLAY_START, NULL},
    {"a file whose name is a format", CREATED, NAME("%s%n%d"), PLAY_START,
     NULL},
    {"a name of DOS", CREATED, NAME("CON"), NOT_FOUND, NULL},
    {"one file of 3000", CREATED, NAME("many/2999"), PLAY_START, NULL},
    {"none of 3000", CREATED, NAME("many/3000"), NOT_FOUND, NULL},
    {"play2 of a way up", PLAYING,
     "m:20:3:1 s:play2 n:0 z 03 00 0A 73 74 72 65 61 6D 4E 61 6D 65 "
     "s:../secret 00 00 09",
     NOT_FOUND, NULL},
    {"the length of a way up", CONNECTED,
     "m:20:3:0 s:getStreamLength n:3 z s:../secret", "_result", NULL},
    {"the length of a FIFO", CONNECTED,
     "m:20:3:0 s:getStreamLength n:3 z s:fifo", "_result", NULL},
};

static void make_socket(const struct media *media)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s",
             media_name(media, "socket.flv"));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static void make_links(const struct media *media)
{
    static const struct {
        const char *name;
        const char *target;
    } links[] = {
        {"out.flv", "../secret.flv"},
        {"absolute.flv", "/etc/passwd"},
        {"zero.flv", "/dev/zero"},
        {"itself.flv", "itself.flv"},
        {"circle1.flv", "circle2.flv"},
        {"circle2.flv", "circle1.flv"},
        {"dangling.flv", "nowhere.flv"},
        {"outside", ".."},
        {"loop", "."},
    };

    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        ck_assert_int_eq(
            symlink(links[i].target, media_name(media, links[i].name)), 0);
}

static void make_many(const struct media *media, const struct flv_bytes *file)
{
    char first[1200], name[32];

    ck_assert_int_eq(mkdir(media_name(media, "many"), 0755), 0);
    media_write(media, "many/0.flv", file);
    snprintf(first, sizeof(first), "%s", media_name(media, "many/0.flv"));
    for (int i = 1; i < 3000; i++) {
        snprintf(name, sizeof(name), "many/%d.flv", i);
        ck_assert_int_eq(link(first, media_name(media, name)), 0);
    }
}

static void fill(const struct media *media, const struct flv_bytes *file)
{
    static const char *const names[] = {"../secret.flv",     "notes.txt",
                                        "a\r\nbc.flv",       "\x1B[2J.flv",
                                        "\xC3(\xFF\xFE.flv", "%s%n%d.flv"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        media_write(media, names[i], file);
    ck_assert_int_eq(mkfifo(media_name(media, "fifo.flv"), 0644), 0);
    ck_assert_int_eq(mkdir(media_name(media, "sub"), 0755), 0);
    ck_assert_int_eq(mkdir(media_name(media, "directory.flv"), 0755), 0);
    make_socket(media);
    make_links(media);
    make_many(media, file);
}

START_TEST(each_of_them)
{
    struct server server;
    struct media media;

    media_start(&media, &server);
    fill(&media, &server.file);
    run_attacks(&server, attacks, sizeof(attacks) / sizeof(attacks[0]), 2);
    media_remove(&media);
}
END_TEST

static void expect_answer(struct peer *peer, const char *name, const char *code)
{
    send_command(peer, 1, "play", 0, "ns", name);
    skip_to_status(peer, code);
}

/* A directory that is served, or one in it, becomes a link while people watch.
 */
START_TEST(a_directory_that_becomes_a_link)
{
    char sub[1200], away[1200];
    struct witness beside;
    struct server server;
    struct media media;

    media_start(&media, &server);
    media_write(&media, "../secret.flv", &server.file);
    snprintf(sub, sizeof(sub), "%s", media_name(&media, "sub"));
    snprintf(away, sizeof(away), "%s", media_name(&media, "../away"));
    ck_assert_int_eq(mkdir(sub, 0755), 0);
    media_write(&media, "sub/film.flv", &server.file);
    witness_begin(&beside, &server);
    struct peer *peer = attack_come(&server, CREATED);
    send_command(peer, 1, "play", 0, "ns", "sub/film");
    expect_play_started(peer);
    skip_to_status(peer, "NetStream.Play.Stop");
    expect_user_control(peer, 1, 1);
    ck_assert_int_eq(rename(sub, away), 0);
    ck_assert_int_eq(symlink("..", sub), 0);
    expect_answer(peer, "sub/secret", NOT_FOUND);
    expect_answer(peer, "sub/film", NOT_FOUND);
    /* and all of it: the directory is the one that was opened */
    snprintf(away, sizeof(away), "%s/elsewhere", media.base);
    ck_assert_int_eq(rename(media.path, away), 0);
    ck_assert_int_eq(symlink("/", media.path), 0);
    expect_answer(peer, "etc/passwd", NOT_FOUND);
    send_command(peer, 1, "play", 0, "ns", "movie");
    expect_play_started(peer);
    peer_close(peer);
    witness_watch(&beside, 100);
    witness_end(&beside);
    (void)media_stop(&media, &server, PEER_CLOSED);
}
END_TEST

int main(void)
{
    return run_tests(
        "hostile names",
        (const TTest *[]){each_of_them, a_directory_that_becomes_a_link, NULL});
}
