/* Kernel TLS by socket options (Documentation/networking/tls.rst of Linux). */
#include "config.h"

#include "net/tls_kernel.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/opensslconf.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/socket.h"

static const char layer[] = "tls";

static bool put_layer_on(int fd)
{
    return setsockopt(fd, IPPROTO_TCP, TCP_ULP, layer, sizeof(layer)) == 0;
}

#ifdef OPENSSL_NO_KTLS
#define OPENSSL_OFFERS_IT false
#else
#define OPENSSL_OFFERS_IT true
#endif

/* A kernel that has it wants a connection first. */
bool tls_kernel_is_offered(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_offered;

    if (fd < 0)
        return false;
    is_offered = OPENSSL_OFFERS_IT && (put_layer_on(fd) || errno == ENOTCONN);
    close(fd);
    return is_offered;
}

/* 0: none that flvd has seen work. */
static socklen_t keys_bytes(const struct tls_crypto_info *keys)
{
    switch (keys->cipher_type) {
    case TLS_CIPHER_AES_GCM_128:
        return sizeof(struct tls12_crypto_info_aes_gcm_128);
    case TLS_CIPHER_AES_GCM_256:
        return sizeof(struct tls12_crypto_info_aes_gcm_256);
    case TLS_CIPHER_CHACHA20_POLY1305:
        return sizeof(struct tls12_crypto_info_chacha20_poly1305);
    default:
        return 0;
    }
}

/* A socket with the layer and without keys passes everything through. */
bool tls_kernel_start(int fd, const void *keys)
{
    const socklen_t size = keys_bytes(keys);

    return size > 0 && put_layer_on(fd) &&
           setsockopt(fd, SOL_TLS, TLS_TX, keys, size) == 0;
}

enum transport_result tls_kernel_write(int fd, uint8_t type,
                                       const uint8_t *bytes, size_t size,
                                       int64_t deadline_ns)
{
    union {
        struct cmsghdr aligned;
        char bytes[CMSG_SPACE(sizeof(type))];
    } control = {.bytes = {0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    enum transport_result result;
    size_t length = 0;

    header->cmsg_level = SOL_TLS;
    header->cmsg_type = TLS_SET_RECORD_TYPE;
    header->cmsg_len = CMSG_LEN(sizeof(type));
    memcpy(CMSG_DATA(header), &type, sizeof(type));
    result = socket_write(fd, &message, deadline_ns, &length);
    if (result == TRANSPORT_OK && length < size) {
        errno = EPROTO;
        return TRANSPORT_ERROR;
    }
    return result;
}
