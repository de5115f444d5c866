/* The BIO: recv and send without waiting, and a buffer for what is left. */
#include "config.h"

#include "net/tls_wire.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "net/socket.h"
#include "net/tls_kernel.h"

/* What OpenSSL says to its own BIO of a socket. <openssl/bio.h> has these
 * numbers in a comment, for all of OpenSSL 3; nothing says them unless
 * SSL_OP_ENABLE_KTLS was set. */
#define CONTROL_KERNEL_KEYS 72
#define CONTROL_KERNEL_RECORD_TYPE 74

void tls_wire_init(struct tls_wire *wire, const struct transport *transport)
{
    *wire = (struct tls_wire){.transport = transport, .state = TRANSPORT_OK};
}

static void stop(struct tls_wire *wire, enum transport_result state)
{
    wire->state = state;
    wire->error = errno;
}

void tls_wire_destroy(struct tls_wire *wire)
{
    free(wire->kept);
    wire->kept = NULL;
    wire->kept_bytes = 0;
}

void tls_wire_allow_reading(struct tls_wire *wire)
{
    wire->may_read = TLS_WIRE_READ_BYTES;
}

/* What is sent here is memory of our own: no file can fail. */
static enum transport_result not_of_a_file(enum transport_result result)
{
    return result == TRANSPORT_FILE_FAULT ? TRANSPORT_ERROR : result;
}

static enum transport_result send_bytes(const struct tls_wire *wire,
                                        const uint8_t *bytes, size_t size,
                                        int64_t deadline_ns, size_t *length)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (wire->kernel_encrypts) {
        *length = size;
        return not_of_a_file(tls_kernel_write(
            wire->transport->fd, wire->record_type, bytes, size, deadline_ns));
    }
    return not_of_a_file(
        socket_write(wire->transport->fd, &message, deadline_ns, length));
}

enum transport_result tls_wire_flush(struct tls_wire *wire, int64_t deadline_ns)
{
    size_t length = 0;
    enum transport_result result;

    if (wire->kept_bytes == 0)
        return TRANSPORT_OK;
    result = send_bytes(wire, wire->kept + wire->kept_first, wire->kept_bytes,
                        deadline_ns, &length);
    if (result != TRANSPORT_OK) {
        if (result != TRANSPORT_TIMEOUT)
            stop(wire, result);
        return result;
    }
    wire->kept_first += length;
    wire->kept_bytes -= length;
    if (wire->kept_bytes == 0) {
        free(wire->kept);
        wire->kept = NULL;
    }
    return TRANSPORT_OK;
}

static bool keep(struct tls_wire *wire, const uint8_t *bytes, size_t size)
{
    uint8_t *kept;

    /* Each record of the kernel's is one call. */
    if (size > TLS_WIRE_KEPT_BYTES - wire->kept_bytes ||
        (wire->kernel_encrypts && wire->kept_bytes > 0)) {
        errno = ENOBUFS;
        return false;
    }
    if (wire->kept_bytes > 0)
        memmove(wire->kept, wire->kept + wire->kept_first, wire->kept_bytes);
    wire->kept_first = 0;
    kept = realloc(wire->kept, wire->kept_bytes + size);
    if (kept == NULL)
        return false;
    memcpy(kept + wire->kept_bytes, bytes, size);
    wire->kept = kept;
    wire->kept_bytes += size;
    return true;
}

/* --- the BIO -------------------------------------------------------------- */

/* OpenSSL cannot give the kernel other keys. */
static bool changes_keys(const struct tls_wire *wire, const uint8_t *bytes)
{
    return wire->record_type == SSL3_RT_HANDSHAKE &&
           bytes[0] == SSL3_MT_KEY_UPDATE;
}

static int wire_write(BIO *bio, const char *data, size_t size, size_t *written)
{
    struct tls_wire *wire = BIO_get_data(bio);
    const uint8_t *bytes = (const uint8_t *)data;
    enum transport_result result = TRANSPORT_TIMEOUT;
    size_t length = 0;

    BIO_clear_retry_flags(bio);
    if (wire->kernel_encrypts && changes_keys(wire, bytes)) {
        errno = EPROTO;
        stop(wire, TRANSPORT_ERROR);
        return 0;
    }
    if (wire->kept_bytes == 0)
        result = send_bytes(wire, bytes, size, SOCKET_NOW, &length);
    if (result == TRANSPORT_TIMEOUT)
        length = 0;
    else if (result != TRANSPORT_OK) {
        stop(wire, result);
        return 0;
    }
    if (length < size && !keep(wire, bytes + length, size - length)) {
        stop(wire, TRANSPORT_ERROR);
        return 0;
    }
    *written = size;
    return 1;
}

static int wire_read(BIO *bio, char *data, size_t size, size_t *length)
{
    struct tls_wire *wire = BIO_get_data(bio);
    enum transport_result result = TRANSPORT_TIMEOUT;

    BIO_clear_retry_flags(bio);
    if (size > wire->may_read)
        size = wire->may_read;
    if (size > 0)
        result =
            socket_read(wire->transport->fd, data, size, 0, SOCKET_NOW, length);
    if (result == TRANSPORT_TIMEOUT) {
        BIO_set_retry_read(bio);
        return 0;
    }
    if (result != TRANSPORT_OK) {
        stop(wire, result);
        return 0;
    }
    if (wire->transport->acknowledge_at_once)
        socket_acknowledge(wire->transport->fd);
    wire->may_read -= *length;
    for (size_t i = 0; i < *length && wire->first_count < sizeof(wire->first);
         i++)
        wire->first[wire->first_count++] = (uint8_t)data[i];
    return 1;
}

/* What is kept was encrypted already, and would be once more. */
static bool let_the_kernel_encrypt(struct tls_wire *wire, const void *keys)
{
    if (wire->kernel_encrypts || wire->kept_bytes > 0)
        return false;
    wire->kernel_encrypts = tls_kernel_start(wire->transport->fd, keys);
    return wire->kernel_encrypts;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
    struct tls_wire *wire = BIO_get_data(bio);

    switch (command) {
    case BIO_CTRL_EOF:
        return wire->state == TRANSPORT_CLOSED;
    case BIO_CTRL_FLUSH: /* what is kept is flushed when there is time */
        return 1;
    case CONTROL_KERNEL_KEYS: /* `number`: for writing, not for reading */
        return number != 0 && let_the_kernel_encrypt(wire, pointer);
    case BIO_CTRL_GET_KTLS_SEND:
        return wire->kernel_encrypts;
    case CONTROL_KERNEL_RECORD_TYPE:
        wire->record_type = (uint8_t)number;
        return 0;
    default:
        return 0;
    }
}

/* --- its methods: made once, and never changed ---------------------------- */

static pthread_mutex_t methods_lock = PTHREAD_MUTEX_INITIALIZER;

static BIO_METHOD *make_methods(void)
{
    BIO_METHOD *methods = BIO_meth_new(
        BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "flvd connection");

    if (methods != NULL && BIO_meth_set_write_ex(methods, wire_write) &&
        BIO_meth_set_read_ex(methods, wire_read) &&
        BIO_meth_set_ctrl(methods, wire_control))
        return methods;
    BIO_meth_free(methods);
    return NULL;
}

/* NULL when memory is short: who comes when it is not tries again. */
static const BIO_METHOD *wire_methods(void)
{
    static BIO_METHOD *methods;
    const BIO_METHOD *made;

    pthread_mutex_lock(&methods_lock);
    if (methods == NULL)
        methods = make_methods();
    made = methods;
    pthread_mutex_unlock(&methods_lock);
    return made;
}

struct bio_st *tls_wire_bio(struct tls_wire *wire)
{
    const BIO_METHOD *methods = wire_methods();
    BIO *bio = methods != NULL ? BIO_new(methods) : NULL;

    if (bio == NULL)
        return NULL;
    BIO_set_data(bio, wire);
    BIO_set_init(bio, 1);
    return bio;
}
