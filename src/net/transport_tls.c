/* The transport over TLS.
 *
 * OpenSSL moves bytes between the caller and the wire (tls_wire.h) and never
 * waits; when it wants more of the peer, recv(MSG_PEEK) waits for it here, so
 * that a connection that waits holds no buffer of OpenSSL's.
 *
 * A record, once encrypted, must be sent: its plaintext is consumed from the
 * gather, all but the last byte if the socket did not take the whole record. So
 * the gather is empty exactly when everything is in the kernel, and what the
 * record has begun counts as begun. */
#include "config.h"

#include "net/transport_tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "net/proxy_header.h"
#include "net/socket.h"
#include "net/tls_context.h"
#include "net/tls_wire.h"

/* The most that a record holds. */
#define RECORD_BYTES SSL3_RT_MAX_PLAIN_LENGTH

_Static_assert(TRANSPORT_FIRST_BYTE_OF_TLS == SSL3_RT_HANDSHAKE,
               "a connection over TLS begins with a record of its handshake");

struct tls_link {
    SSL *ssl;
    struct tls_keys *keys;
    struct tls_wire wire;
    bool owes_byte; /* to the gather: the last of the record that is kept */
    enum transport_result failed; /* TRANSPORT_OK: it did not */
    const char *fault;
};

/* --- beginning and end ---------------------------------------------------- */

static void free_link(struct tls_link *link)
{
    SSL_free(link->ssl);
    tls_wire_destroy(&link->wire);
    tls_keys_unref(link->keys);
    free(link);
}

static struct tls_link *make_link(struct transport *transport)
{
    struct tls_link *link = calloc(1, sizeof(*link));
    BIO *bio;

    if (link == NULL)
        return NULL;
    tls_wire_init(&link->wire, transport);
    link->failed = TRANSPORT_OK;
    link->keys = tls_context_keys(transport->tls);
    link->ssl = tls_keys_new_connection(link->keys);
    bio = tls_wire_bio(&link->wire);
    if (link->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        free_link(link);
        return NULL;
    }
    SSL_set_bio(link->ssl, bio, bio);
    SSL_set_accept_state(link->ssl);
    return link;
}

/* Made by the thread that uses it, when it first does: whoever accepts
 * connections has other things to do. NULL when memory is short. */
static struct tls_link *link_of(struct transport *transport)
{
    if (transport->link == NULL)
        transport->link = make_link(transport);
    if (transport->link == NULL)
        errno = ENOMEM;
    return transport->link;
}

static bool is_established(const struct tls_link *link)
{
    return link->failed == TRANSPORT_OK && SSL_is_init_finished(link->ssl);
}

static void tls_say_end(struct transport *transport, int64_t deadline_ns)
{
    struct tls_link *link = transport->link;

    if (link == NULL)
        return;
    ERR_clear_error();
    if (is_established(link) &&
        (SSL_get_shutdown(link->ssl) & SSL_SENT_SHUTDOWN) == 0)
        (void)SSL_shutdown(link->ssl);
    ERR_clear_error();
    /* Also what a handshake that failed says: the peer learns why. */
    while (tls_wire_has_kept(&link->wire) &&
           tls_wire_flush(&link->wire, deadline_ns) == TRANSPORT_OK &&
           deadline_ns != SOCKET_NOW && clock_now_ns() < deadline_ns)
        ;
}

static void tls_destroy(struct transport *transport)
{
    if (transport->link == NULL)
        return;
    tls_say_end(transport, SOCKET_NOW);
    free_link(transport->link);
    transport->link = NULL;
    /* Now, and not when the thread ends: nobody waits for that. */
    OPENSSL_thread_stop();
}

/* --- what OpenSSL says ---------------------------------------------------- */

static const char *reason_text(unsigned long error)
{
    int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
    const char *text = ERR_reason_error_string(error);

    if (ERR_GET_LIB(error) == ERR_LIB_SSL && alert >= SSL_AD_BAD_CERTIFICATE &&
        alert <= SSL_AD_UNKNOWN_CA && alert != SSL_AD_ILLEGAL_PARAMETER)
        return "the peer does not accept the certificate";
    return text != NULL ? text : "unknown reason";
}

/* Why TLS failed, as far as how the peer began tells. */
static enum transport_result blame(const struct tls_wire *wire)
{
    if (wire->first_count == 0 || wire->first[0] == TRANSPORT_FIRST_BYTE_OF_TLS)
        return TRANSPORT_BAD_TLS;
    return proxy_header_is_begun(wire->first, wire->first_count)
               ? TRANSPORT_PROXY_HEADER
               : TRANSPORT_NOT_TLS;
}

/* A call of OpenSSL did not succeed: TRANSPORT_TIMEOUT when it wants bytes of
 * the peer that are not there. */
static enum transport_result judge(struct tls_link *link, int status)
{
    int error = SSL_get_error(link->ssl, status);

    if (error == SSL_ERROR_WANT_READ)
        return TRANSPORT_TIMEOUT;
    if (link->wire.state != TRANSPORT_OK) {
        errno = link->wire.error;
        return link->wire.state;
    }
    if (error == SSL_ERROR_ZERO_RETURN)
        return TRANSPORT_CLOSED;
    link->fault = reason_text(ERR_peek_error());
    link->failed = blame(&link->wire);
    return link->failed;
}

/* Waits for something to read, having sent what the peer must read first. */
static enum transport_result wait_for_peer(struct transport *transport,
                                           int64_t deadline_ns)
{
    struct tls_wire *wire = &transport->link->wire;
    enum transport_result result;
    size_t length;
    char byte;

    if (deadline_ns == SOCKET_NOW)
        return TRANSPORT_TIMEOUT;
    if (tls_wire_has_kept(wire))
        result = tls_wire_flush(wire, deadline_ns);
    else
        result = socket_read(transport->fd, &byte, 1, MSG_PEEK, deadline_ns,
                             &length);
    if (result == TRANSPORT_CLOSED)
        return TRANSPORT_OK; /* OpenSSL must see it, too */
    /* A peer that sends byte after byte never times out. */
    if (result == TRANSPORT_OK && clock_now_ns() >= deadline_ns)
        return TRANSPORT_TIMEOUT;
    return result;
}

/* --- reading -------------------------------------------------------------- */

static enum transport_result tls_read(struct transport *transport, void *data,
                                      size_t size, int64_t deadline_ns,
                                      size_t *length)
{
    struct tls_link *link = link_of(transport);
    enum transport_result result = TRANSPORT_OK;

    if (link == NULL)
        return TRANSPORT_ERROR;
    if (link->failed != TRANSPORT_OK)
        return link->failed;
    while (result == TRANSPORT_OK) {
        int status;

        ERR_clear_error();
        tls_wire_allow_reading(&link->wire);
        status = SSL_read_ex(link->ssl, data, size, length);
        if (status == 1)
            return TRANSPORT_OK;
        result = judge(link, status);
        if (result == TRANSPORT_TIMEOUT)
            result = wait_for_peer(transport, deadline_ns);
    }
    return result;
}

/* --- writing -------------------------------------------------------------- */

/* Only a caller that writes before it has read comes here with work to do. */
static enum transport_result establish(struct transport *transport,
                                       int64_t deadline_ns)
{
    struct tls_link *link = transport->link;
    enum transport_result result = TRANSPORT_OK;

    while (result == TRANSPORT_OK && !SSL_is_init_finished(link->ssl)) {
        int status;

        ERR_clear_error();
        tls_wire_allow_reading(&link->wire);
        status = SSL_do_handshake(link->ssl);
        if (status == 1)
            break;
        result = judge(link, status);
        if (result == TRANSPORT_TIMEOUT)
            result = wait_for_peer(transport, deadline_ns);
    }
    return result;
}

/* Payload is read from the file, never from its mapping. False when the file
 * does not have it. */
static bool copy_part(const struct gather *gather, size_t part, size_t size,
                      uint8_t *out)
{
    int64_t offset_bytes = gather->file_offsets[part];
    size_t done = 0;

    if (offset_bytes < 0) {
        memcpy(out, gather->parts[part].iov_base, size);
        return true;
    }
    while (done < size) {
        ssize_t n = pread(gather->file_fd, out + done, size - done,
                          offset_bytes + (int64_t)done);

        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        if (n > 0)
            done += (size_t)n;
    }
    return true;
}

/* Fills a record from the front of the gather. Returns its length: 0 when the
 * file fails at once. */
static size_t fill_record(const struct gather *gather, uint8_t *record)
{
    size_t used = 0;

    for (size_t i = gather->first; i < gather->count && used < RECORD_BYTES;
         i++) {
        size_t size = gather->parts[i].iov_len;

        if (size > RECORD_BYTES - used)
            size = RECORD_BYTES - used;
        if (!copy_part(gather, i, size, record + used))
            break;
        used += size;
    }
    return used;
}

static enum transport_result
write_record(struct tls_link *link, struct gather *gather, uint8_t *record)
{
    size_t length = fill_record(gather, record);
    size_t written;
    int status;

    if (length == 0)
        return TRANSPORT_FILE_FAULT;
    ERR_clear_error();
    status = SSL_write_ex(link->ssl, record, length, &written);
    if (status != 1)
        return judge(link, status);
    link->owes_byte = tls_wire_has_kept(&link->wire);
    if (link->owes_byte)
        gather_consume_but_one(gather, length);
    else
        gather_consume(gather, length);
    return TRANSPORT_OK;
}

/* Sends what is kept of a record. TRANSPORT_OK when something moved. */
static enum transport_result
finish_record(struct tls_link *link, struct gather *gather, int64_t deadline_ns)
{
    enum transport_result result = tls_wire_flush(&link->wire, deadline_ns);

    if (result != TRANSPORT_OK || tls_wire_has_kept(&link->wire))
        return result;
    if (link->owes_byte)
        gather_consume(gather, 1);
    link->owes_byte = false;
    return TRANSPORT_OK;
}

static enum transport_result write_records(struct tls_link *link,
                                           struct gather *gather)
{
    uint8_t *record = malloc(RECORD_BYTES);
    enum transport_result result = TRANSPORT_OK;
    bool moved = false;

    if (record == NULL)
        return TRANSPORT_ERROR;
    while (gather->bytes > 0 && result == TRANSPORT_OK &&
           !tls_wire_has_kept(&link->wire)) {
        result = write_record(link, gather, record);
        moved |= result == TRANSPORT_OK;
    }
    free(record);
    return moved ? TRANSPORT_OK : result;
}

static enum transport_result tls_write(struct transport *transport,
                                       struct gather *gather,
                                       int64_t deadline_ns)
{
    struct tls_link *link = link_of(transport);
    enum transport_result result;

    if (link == NULL)
        return TRANSPORT_ERROR;
    if (link->failed != TRANSPORT_OK)
        return link->failed;
    result = establish(transport, deadline_ns);
    if (result != TRANSPORT_OK)
        return result;
    if (tls_wire_has_kept(&link->wire)) {
        result = finish_record(link, gather, deadline_ns);
        if (result != TRANSPORT_OK || tls_wire_has_kept(&link->wire))
            return result;
    }
    return link->wire.kernel_encrypts
               ? transport_plain_ops.write(transport, gather, deadline_ns)
               : write_records(link, gather);
}

/* --- texts ---------------------------------------------------------------- */

static const char *tls_describe(const struct transport *transport)
{
    const struct tls_link *link = transport->link;

    if (link == NULL)
        return "TLS";
    if (link->wire.kernel_encrypts)
        return SSL_version(link->ssl) == TLS1_3_VERSION
                   ? "TLSv1.3, encrypted by the kernel"
                   : "TLSv1.2, encrypted by the kernel";
    return SSL_get_version(link->ssl);
}

static const char *tls_fault(const struct transport *transport)
{
    const struct tls_link *link = transport->link;

    return link != NULL && link->fault != NULL ? link->fault : "out of memory";
}

const struct transport_ops transport_tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .say_end = tls_say_end,
    .destroy = tls_destroy,
    .describe = tls_describe,
    .fault = tls_fault,
};
