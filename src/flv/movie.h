/* A movie: an open FLV file and what is known of its tags, shared by all who
 * play it.
 *
 * Tags are indexed as the furthest viewer needs them, each read once for all
 * viewers. The index is a list of blocks; the tags of a block never change
 * once they are counted, so whoever holds a block reads it without a lock.
 * Blocks that nobody holds are forgotten when the index outgrows its bound,
 * and read again when they are wanted.
 *
 * Payload travels as (movie, offset, length): movie_window maps a piece of
 * the file that only the kernel may read, since a file that is cut short under
 * a mapping raises SIGBUS in user space but EFAULT in writev. */
#ifndef FLVD_FLV_MOVIE_H
#define FLVD_FLV_MOVIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flv/metadata.h"
#include "flv/tag.h"

/* The index of one movie holds at most this much, or what its viewers stand
 * in: 12 KiB each. */
#define MOVIE_MAX_INDEX_BYTES (64u << 20)
/* After so many faults one last line says that no more are told. */
#define MOVIE_MAX_FAULTS 100
/* Times that fall by more, or rise by more, are a jump: a fault, though the
 * tags are given out. */
#define MOVIE_MAX_FALL_MS 1000
#define MOVIE_MAX_RISE_MS 10000
/* Files are mapped in windows of this size, at multiples of it. */
#define MOVIE_WINDOW_BYTES (4u << 20)

struct movie; /* opaque, reference-counted; every call is thread-safe */

/* A tag that a player can use: audio or video, never script. */
struct movie_tag {
    int64_t offset_bytes; /* of the data in the file */
    int64_t time_ms;      /* the file's timestamps with their wraps undone
                             (flv/file_time.h); may run backwards, and be
                             below 0 */
    uint32_t size_bytes;  /* of the data, at least 1 */
    uint8_t type;         /* FLV_TAG_AUDIO or FLV_TAG_VIDEO */
    uint8_t kind;         /* enum flv_tag_kind */
    uint8_t codec;        /* struct flv_tag_class, like the next */
    uint8_t track_id;
};

/* The index is made of them. */
_Static_assert(sizeof(struct movie_tag) == 24, "24 bytes a tag");

/* Called, with a movie's scan lock held, once for each piece of damage that
 * the scan meets: what is wrong at which offset, as a text for people. Must
 * not block or call the movie. */
typedef void movie_fault_fn(void *context, int64_t offset_bytes,
                            const char *what);

struct movie_options {
    movie_fault_fn *on_fault; /* NULL: damage is not reported */
    void *context;
    void (*free_context)(void *context); /* with the movie; NULL: not at all */
    size_t max_index_bytes;              /* 0: MOVIE_MAX_INDEX_BYTES */
};

/* Why movie_open failed: a text for people, and where in the file. */
struct movie_error {
    int64_t offset_bytes; /* -1: not at one place */
    char what[160];
    bool can_remux; /* ffmpeg could put it into FLV: it is MP4, MKV or TS */
    bool may_pass;  /* memory or the disk, not what is in the file */
};

/* Opens the FLV file at `fd`, which the movie owns from then on, also when
 * the call fails. Reads the head, as far as the first frame or
 * FLV_MAX_HEAD_BYTES, and the tail, for the duration; blocks on the disk.
 * NULL and `error` filled when it is no regular file, no FLV or holds no
 * playable tag. The caller owns one reference. */
struct movie *movie_open(int fd, const struct movie_options *options,
                         struct movie_error *error);

struct movie *movie_ref(struct movie *movie); /* returns its argument */
void movie_unref(struct movie *movie);        /* NULL is nothing */

/* Whether anybody else holds a reference; for one who holds one, and under
 * whose lock further ones are taken. */
bool movie_is_shared(const struct movie *movie);

/* Whether `fd` is the same file, and what was indexed of it is unchanged (the
 * head and the last tag that was indexed are read again and compared when its
 * times or size changed). When its size changed, the duration is found again,
 * and the first keyframe if there was none. */
bool movie_is_same_file(struct movie *movie, int fd);

/* The file's metadata; without members when it has none. */
const struct flv_metadata *movie_metadata(const struct movie *movie);

/* Time from the first frame to the end of the last, from the file's tail where
 * that proves sound, else from a bounded backward scan, else from the
 * metadata, else 0: not known. As it was when the movie was opened, or found
 * to be the same file. */
int64_t movie_duration_ms(const struct movie *movie);

/* Whether the file has a video keyframe in its head, so that a play begins at
 * it and leaves out video frames before it. A file that grows may get it. */
bool movie_has_keyframe(const struct movie *movie);

/* Whether a tag is a keyframe of the main video track: the one that the first
 * keyframe is of. Those of further tracks have times of their own, and nobody
 * can begin to play the main track at them. */
bool movie_is_keyframe(const struct movie *movie, const struct movie_tag *tag);

/* What its index takes of memory. Waits for nothing. */
size_t movie_index_bytes(const struct movie *movie);

/* The descriptor, for transports that read the payload themselves (pread). */
int movie_fd(const struct movie *movie);

/* Whether the file has no name left, so that it takes room on the disk only
 * because it is open. Waits for nothing: it asks what the kernel has in memory.
 */
bool movie_is_deleted(const struct movie *movie);

/* Whether the file still reaches to `offset_bytes`. One fstat. */
bool movie_reaches(const struct movie *movie, int64_t offset_bytes);

/* A place in the tags of a movie, with a reference to both the movie and the
 * block it stands in. Belongs to one thread. */
struct movie_cursor {
    struct movie *movie;
    struct movie_block *block; /* NULL before the first tag */
    uint32_t next;             /* in the block */
};

/* A cursor before the first tag; takes a reference of its own. */
void movie_cursor_init(struct movie_cursor *cursor, struct movie *movie);
void movie_cursor_destroy(struct movie_cursor *cursor);
/* Back before the first tag. */
void movie_cursor_rewind(struct movie_cursor *cursor);
/* Moves `to` to where `from` stands; both are initialised, and of one movie. */
void movie_cursor_copy(struct movie_cursor *to,
                       const struct movie_cursor *from);
/* Back before the tag that movie_cursor_next gave out last; only once, and not
 * after any other call. */
void movie_cursor_step_back(struct movie_cursor *cursor);

enum movie_result {
    MOVIE_TAG,   /* a tag was given out, the cursor stands behind it */
    MOVIE_MORE,  /* none yet: a stretch without one was read, ask again */
    MOVIE_END,   /* no whole tag follows now; a file that grows may have one
                    later, and asking again finds it */
    MOVIE_FAILED /* read error, memory, or a file changed under the index */
};

/* The next tag. May block on the disk, for a few bounded reads: whoever asks
 * again on MOVIE_MORE has heard its peer in between. */
enum movie_result movie_cursor_next(struct movie_cursor *cursor,
                                    struct movie_tag *tag);

/* What was indexed so far of the frames of one type, in file order, sequence
 * headers not counted, and of several tracks only the one that came first: a
 * loop derives the length of a frame, and so the seam, from it. */
struct movie_track {
    uint64_t frames;
    uint8_t track_id;
    int64_t first_ms;
    int64_t last_ms;
    int64_t last_step_ms; /* between the last two whose times rise and that
                             no jump parts; 0 when there are none */
};
void movie_track(struct movie *movie, enum flv_tag_type type,
                 struct movie_track *track);

/* A mapped piece of the file. Shared: opened windows are kept while somebody
 * holds them, and the newest few after that. */
struct movie_window {
    const uint8_t *data;  /* for the kernel's eyes only: see above */
    int64_t offset_bytes; /* of data[0] in the file */
    size_t length_bytes;
    uint32_t references; /* the movie's own business, as all below */
    uint64_t last_use;
};

/* The window that holds the byte at `offset_bytes`; NULL when the file cannot
 * be mapped there (errno says why). Release it when writev is done. */
struct movie_window *movie_window_acquire(struct movie *movie,
                                          int64_t offset_bytes);
void movie_window_release(struct movie *movie, struct movie_window *window);

#endif
