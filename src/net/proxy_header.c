/* One byte after the other, so that it does not matter how they come. */
#include "config.h"

#include "net/proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t line_magic[PROXY_HEADER_MAGIC_BYTES] = "PROXY";
static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

/* Of version 2: where its fields are, and what is in them. */
#define COMMAND_AT 12
#define FAMILY_AT 13
#define LENGTH_AT 14
#define FIXED_BYTES 16
#define VERSION_2 2
#define COMMAND_LOCAL 0
#define COMMAND_PROXY 1
#define FAMILY_MOST 3    /* UNIX */
#define TRANSPORT_MOST 2 /* DGRAM */
#define TCP_OVER_IPV4 0x11
#define TCP_OVER_IPV6 0x21
#define IPV4_BYTES (2 * 4 + 2 * 2)
#define IPV6_BYTES (2 * 16 + 2 * 2)

void proxy_header_init(struct proxy_header *header)
{
    header->length = 0;
    header->length_in_all = 0;
    header->fault = NULL;
    memset(&header->source, 0, sizeof(header->source));
}

static enum proxy_header_result bad(struct proxy_header *header,
                                    const char *fault)
{
    header->fault = fault;
    return PROXY_HEADER_BAD;
}

/* `host` is in network order. */
static void set_source(struct proxy_header *header, int family,
                       const void *host, uint16_t port)
{
    if (family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET,
                                 .sin_port = htons(port)};

        memcpy(&in.sin_addr, host, sizeof(in.sin_addr));
        memcpy(&header->source, &in, sizeof(in));
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(port)};

        memcpy(&in6.sin6_addr, host, sizeof(in6.sin6_addr));
        memcpy(&header->source, &in6, sizeof(in6));
    }
}

/* --- version 1 ------------------------------------------------------------ */

#define WORD_BYTES INET6_ADDRSTRLEN

/* Exactly one space, and what is up to the next or the end. */
static bool read_word(struct byte_reader *line, char word[static WORD_BYTES])
{
    size_t length = 0;

    if (byte_read_u8(line) != ' ')
        return false;
    while (byte_reader_left(line) > 0 && byte_peek_u8(line) != ' ') {
        const char byte = (char)byte_read_u8(line);

        if (byte == '\0' || length == WORD_BYTES - 1)
            return false;
        word[length++] = byte;
    }
    word[length] = '\0';
    return length > 0;
}

/* Decimal digits as they are written: no sign, no zero in front. */
static bool parse_port(const char *word, uint16_t *port)
{
    const size_t length = strlen(word);
    uint32_t value = 0;

    if (length > 5 || strspn(word, "0123456789") != length ||
        (word[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++)
        value = value * 10 + (uint32_t)(word[i] - '0');
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

static enum proxy_header_result read_endpoints(struct proxy_header *header,
                                               struct byte_reader *line,
                                               int family)
{
    char word[WORD_BYTES];
    struct in6_addr source, destination; /* as much of them as is needed */
    uint16_t source_port, destination_port;

    if (!read_word(line, word) || inet_pton(family, word, &source) != 1)
        return bad(header, "its source is no address of its family");
    if (!read_word(line, word) || inet_pton(family, word, &destination) != 1)
        return bad(header, "its destination is no address of its family");
    if (!read_word(line, word) || !parse_port(word, &source_port))
        return bad(header, "its source port is no number from 0 to 65535");
    if (!read_word(line, word) || !parse_port(word, &destination_port))
        return bad(header, "its destination port is no number from 0 to 65535");
    if (byte_reader_left(line) > 0)
        return bad(header, "there is more behind its ports");
    set_source(header, family, &source, source_port);
    return PROXY_HEADER_PEER;
}

static enum proxy_header_result parse_line(struct proxy_header *header)
{
    struct byte_reader line;
    char family[WORD_BYTES];

    byte_reader_init(&line, header->bytes + PROXY_HEADER_MAGIC_BYTES,
                     header->length - PROXY_HEADER_MAGIC_BYTES - 2);
    if (!read_word(&line, family))
        family[0] = '\0';
    if (strcmp(family, "TCP4") == 0)
        return read_endpoints(header, &line, AF_INET);
    if (strcmp(family, "TCP6") == 0)
        return read_endpoints(header, &line, AF_INET6);
    if (strcmp(family, "UNKNOWN") == 0) /* whatever is behind it */
        return PROXY_HEADER_NO_PEER;
    return bad(header, "it is neither of TCP4 nor of TCP6 nor UNKNOWN");
}

static enum proxy_header_result take_of_line(struct proxy_header *header,
                                             uint8_t byte)
{
    const size_t at = header->length - 1;

    if (at < PROXY_HEADER_MAGIC_BYTES)
        return byte == line_magic[at] ? PROXY_HEADER_MORE
                                      : PROXY_HEADER_MISSING;
    if (header->bytes[at - 1] == '\r')
        return byte == '\n' ? parse_line(header)
                            : bad(header, "its line has a CR without a LF");
    if (byte == '\n')
        return bad(header, "its line has a LF without a CR");
    if (header->length == PROXY_HEADER_LINE_BYTES)
        return bad(header, "its line is longer than 107 bytes");
    return PROXY_HEADER_MORE;
}

/* --- version 2 ------------------------------------------------------------ */

static enum proxy_header_result read_addresses(struct proxy_header *header)
{
    const uint8_t kind = header->bytes[FAMILY_AT];
    const size_t host_bytes = kind == TCP_OVER_IPV4 ? 4 : 16;
    struct byte_reader in;
    const uint8_t *source;

    if ((header->bytes[COMMAND_AT] & 0x0F) == COMMAND_LOCAL)
        return PROXY_HEADER_NO_PEER;
    /* As the specification has it for what a receiver cannot use: UDP, UNIX,
     * or unspecified. */
    if (kind != TCP_OVER_IPV4 && kind != TCP_OVER_IPV6)
        return PROXY_HEADER_NO_PEER;
    byte_reader_init(&in, header->bytes + FIXED_BYTES,
                     sizeof(header->bytes) - FIXED_BYTES);
    source = byte_read_bytes(&in, host_bytes);
    (void)byte_read_bytes(&in, host_bytes); /* the destination */
    set_source(header, kind == TCP_OVER_IPV4 ? AF_INET : AF_INET6, source,
               byte_read_u16(&in));
    return PROXY_HEADER_PEER;
}

static enum proxy_header_result check_command(struct proxy_header *header)
{
    const uint8_t byte = header->bytes[COMMAND_AT];

    if (byte >> 4 != VERSION_2)
        return bad(header, "its version is neither 1 nor 2");
    if ((byte & 0x0F) > COMMAND_PROXY)
        return bad(header, "its command is neither LOCAL nor PROXY");
    return PROXY_HEADER_MORE;
}

/* With LOCAL it does not matter what is in there. */
static enum proxy_header_result check_family(struct proxy_header *header)
{
    const uint8_t kind = header->bytes[FAMILY_AT];

    if ((header->bytes[COMMAND_AT] & 0x0F) == COMMAND_PROXY &&
        (kind >> 4 > FAMILY_MOST || (kind & 0x0F) > TRANSPORT_MOST))
        return bad(header, "its family or transport is unknown");
    return PROXY_HEADER_MORE;
}

static enum proxy_header_result check_length(struct proxy_header *header)
{
    const uint8_t kind = header->bytes[FAMILY_AT];
    const size_t length =
        (size_t)header->bytes[LENGTH_AT] << 8 | header->bytes[LENGTH_AT + 1];

    if (FIXED_BYTES + length > PROXY_HEADER_MAX_BYTES)
        return bad(header, "it is longer than 4096 bytes");
    if ((header->bytes[COMMAND_AT] & 0x0F) == COMMAND_PROXY &&
        ((kind == TCP_OVER_IPV4 && length < IPV4_BYTES) ||
         (kind == TCP_OVER_IPV6 && length < IPV6_BYTES)))
        return bad(header, "it is too short for its addresses");
    header->length_in_all = FIXED_BYTES + length;
    return PROXY_HEADER_MORE;
}

static enum proxy_header_result take_of_block(struct proxy_header *header,
                                              uint8_t byte)
{
    const size_t at = header->length - 1;
    enum proxy_header_result result = PROXY_HEADER_MORE;

    if (at < sizeof(signature))
        return byte == signature[at] ? PROXY_HEADER_MORE : PROXY_HEADER_MISSING;
    if (at == COMMAND_AT)
        result = check_command(header);
    else if (at == FAMILY_AT)
        result = check_family(header);
    else if (at == FIXED_BYTES - 1)
        result = check_length(header);
    if (result == PROXY_HEADER_MORE && header->length == header->length_in_all)
        return read_addresses(header);
    return result;
}

/* --- both ----------------------------------------------------------------- */

static enum proxy_header_result take(struct proxy_header *header, uint8_t byte)
{
    if (header->length < sizeof(header->bytes))
        header->bytes[header->length] = byte;
    header->length++;
    return header->bytes[0] == line_magic[0] ? take_of_line(header, byte)
                                             : take_of_block(header, byte);
}

enum proxy_header_result proxy_header_push(struct proxy_header *header,
                                           struct byte_reader *in)
{
    enum proxy_header_result result = PROXY_HEADER_MORE;

    while (result == PROXY_HEADER_MORE && byte_reader_left(in) > 0)
        result = take(header, byte_read_u8(in));
    return result;
}

bool proxy_header_may_begin(uint8_t byte)
{
    return byte == line_magic[0] || byte == signature[0];
}

bool proxy_header_is_begun(const uint8_t *bytes, size_t length)
{
    return length >= PROXY_HEADER_MAGIC_BYTES &&
           (memcmp(bytes, line_magic, PROXY_HEADER_MAGIC_BYTES) == 0 ||
            memcmp(bytes, signature, PROXY_HEADER_MAGIC_BYTES) == 0);
}
