/* Kernel TLS (CONFIG_TLS): after OpenSSL's handshake the kernel encrypts what
 * is written to the socket. What is read is OpenSSL's as before. */
#ifndef FLVD_NET_TLS_KERNEL_H
#define FLVD_NET_TLS_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/transport.h"

/* Whether this kernel has it, at the time of the call (it is a module), and
 * OpenSSL was built for it. */
bool tls_kernel_is_offered(void);

/* From here on the kernel encrypts what is written to `fd`. `keys` is one of
 * the structures of <linux/tls.h> that begin with a tls_crypto_info. False, and
 * nothing has changed, when it does not want to. */
bool tls_kernel_start(int fd, const void *keys);

/* Writes a record that is no application data: `type` as in RFC 8446, 5.1.
 * Takes all of it or nothing. */
enum transport_result tls_kernel_write(int fd, uint8_t type,
                                       const uint8_t *bytes, size_t size,
                                       int64_t deadline_ns);

#endif
