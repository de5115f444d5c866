/* The header of the PROXY protocol, and what follows it. The input is a byte,
 * and then what a proxy sends. However that is cut, the result is the same and
 * of what is behind the header nothing is taken; what is accepted and refused
 * is checked with a second implementation, which looks at all of it at once. */
#include "config.h"

#include <netinet/in.h>
#include <string.h>

#include "fuzz.h"
#include "net/proxy_header.h"

#define MAX_INPUT_BYTES 8192

/* --- version 1, once more: what a line is, letter by letter ----------------
 */

struct text {
    const char *next;
    const char *end;
};

static bool take(struct text *text, const char *literal)
{
    const size_t length = strlen(literal);

    if ((size_t)(text->end - text->next) < length ||
        memcmp(text->next, literal, length) != 0)
        return false;
    text->next += length;
    return true;
}

static int digit(char letter, int base)
{
    const char *const digits = "0123456789abcdef0123456789ABCDEF";
    const char *const at = letter == '\0' ? NULL : strchr(digits, letter);
    const int value = at == NULL ? base : (int)((at - digits) % 16);

    return value < base ? value : -1;
}

/* A number as it is written: at most `most`, which has `digits` digits. */
static bool take_decimal(struct text *text, unsigned most, unsigned digits,
                         unsigned *value)
{
    unsigned count = 0;

    *value = 0;
    while (text->next < text->end && digit(*text->next, 10) >= 0) {
        if (count > 0 && *value == 0)
            return false;
        *value = *value * 10 + (unsigned)digit(*text->next++, 10);
        if (++count > digits || *value > most)
            return false;
    }
    return count > 0;
}

static bool take_ipv4(struct text *text, uint8_t *bytes)
{
    struct text ahead = *text;

    for (unsigned i = 0; i < 4; i++) {
        unsigned value;

        if ((i > 0 && !take(&ahead, ".")) ||
            !take_decimal(&ahead, 255, 3, &value))
            return false;
        bytes[i] = (uint8_t)value;
    }
    *text = ahead;
    return true;
}

/* One to four digits; false, and nothing is taken, when there are none or a dot
 * follows: it is the beginning of an IPv4 address then. */
static bool take_group(struct text *text, uint8_t *bytes)
{
    struct text ahead = *text;
    unsigned value = 0, count = 0;

    while (ahead.next < ahead.end && digit(*ahead.next, 16) >= 0 && count < 4) {
        value = value * 16 + (unsigned)digit(*ahead.next++, 16);
        count++;
    }
    if (count == 0 || (ahead.next < ahead.end && *ahead.next == '.'))
        return false;
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
    *text = ahead;
    return true;
}

static bool take_ipv6(struct text *text, uint8_t *bytes)
{
    uint8_t found[16];
    size_t length = 0, gap = SIZE_MAX;

    if (take(text, "::"))
        gap = 0;
    while (length < 16) {
        if (take_group(text, found + length)) {
            length += 2;
        } else if (length <= 12 && take_ipv4(text, found + length)) {
            length += 4;
            break;
        } else {
            /* nothing but a gap may stand before the end */
            if (gap != length)
                return false;
            break;
        }
        if (gap == SIZE_MAX && take(text, "::"))
            gap = length;
        else if (length == 16 || !take(text, ":"))
            break;
        else if (text->next == text->end || digit(*text->next, 16) < 0)
            return false;
    }
    /* A gap stands for one group at least. */
    if (gap == SIZE_MAX ? length != 16 : length > 14)
        return false;
    memset(bytes, 0, 16);
    if (gap == SIZE_MAX)
        gap = 16;
    memcpy(bytes, found, gap);
    memcpy(bytes + 16 - (length - (gap < length ? gap : length)), found + gap,
           gap < length ? length - gap : 0);
    return true;
}

struct answer {
    enum proxy_header_result result;
    size_t length; /* unless it is bad */
    int family;
    uint8_t host[16];
    uint16_t port;
};

static bool take_endpoints(struct text *text, struct answer *answer)
{
    uint8_t destination[16];
    unsigned port, other;
    bool (*const take_host)(struct text *, uint8_t *) =
        answer->family == AF_INET ? take_ipv4 : take_ipv6;

    if (!take(text, " ") || !take_host(text, answer->host) ||
        !take(text, " ") || !take_host(text, destination) || !take(text, " ") ||
        !take_decimal(text, 65535, 5, &port) || !take(text, " ") ||
        !take_decimal(text, 65535, 5, &other))
        return false;
    answer->port = (uint16_t)port;
    return text->next == text->end;
}

static struct answer judge_line(const uint8_t *data, size_t size)
{
    struct answer answer = {.result = PROXY_HEADER_BAD};
    const size_t most =
        size < PROXY_HEADER_LINE_BYTES ? size : PROXY_HEADER_LINE_BYTES;
    size_t end = 0;
    struct text text;

    while (end < most && data[end] != '\r' && data[end] != '\n')
        end++;
    if (end == most || (data[end] == '\r' && end + 1 == most)) {
        if (most < PROXY_HEADER_LINE_BYTES)
            answer = (struct answer){PROXY_HEADER_MORE, size, 0, {0}, 0};
        return answer;
    }
    if (data[end] != '\r' || data[end + 1] != '\n')
        return answer;
    answer.length = end + 2;
    text = (struct text){(const char *)data, (const char *)data + end};
    (void)take(&text, "PROXY");
    if (take(&text, " UNKNOWN") &&
        (text.next == text.end || *text.next == ' ')) {
        answer.result = PROXY_HEADER_NO_PEER;
        return answer;
    }
    if (take(&text, " TCP4"))
        answer.family = AF_INET;
    else if (take(&text, " TCP6"))
        answer.family = AF_INET6;
    if (answer.family != 0 && take_endpoints(&text, &answer))
        answer.result = PROXY_HEADER_PEER;
    return answer;
}

/* --- version 2, once more ---------------------------------------------------
 */

static bool is_bad_block(const uint8_t *data, size_t size)
{
    const bool is_local = size > 12 && data[12] == 0x20;
    const unsigned family = size > 13 ? data[13] >> 4 : 0;
    const unsigned transport = size > 13 ? data[13] & 15 : 0;
    const unsigned length = size > 15 ? data[14] * 256u + data[15] : 0;

    if (size > 12 && data[12] != 0x20 && data[12] != 0x21)
        return true;
    if (size > 13 && !is_local && (family > 3 || transport > 2))
        return true;
    if (size <= 15)
        return false;
    return length > 4080 ||
           (!is_local && transport == 1 &&
            ((family == 1 && length < 12) || (family == 2 && length < 36)));
}

static struct answer judge_block(const uint8_t *data, size_t size)
{
    struct answer answer = {.result = PROXY_HEADER_BAD};
    size_t host_bytes;

    if (is_bad_block(data, size))
        return answer;
    answer.length = size < 16 ? SIZE_MAX : 16 + data[14] * 256u + data[15];
    if (size < answer.length) {
        answer = (struct answer){PROXY_HEADER_MORE, size, 0, {0}, 0};
        return answer;
    }
    answer.result = PROXY_HEADER_NO_PEER;
    if (data[12] == 0x20 || (data[13] != 0x11 && data[13] != 0x21))
        return answer;
    answer.result = PROXY_HEADER_PEER;
    answer.family = data[13] == 0x11 ? AF_INET : AF_INET6;
    host_bytes = data[13] == 0x11 ? 4 : 16;
    memcpy(answer.host, data + 16, host_bytes);
    answer.port = (uint16_t)(data[16 + 2 * host_bytes] << 8 |
                             data[16 + 2 * host_bytes + 1]);
    return answer;
}

/* --- both ------------------------------------------------------------------
 */

static struct answer judge(const uint8_t *data, size_t size)
{
    static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
    const char *const magic = size > 0 && data[0] == 'P' ? "PROXY" : signature;
    const size_t magic_bytes = size > 0 && data[0] == 'P' ? 5 : 12;

    for (size_t i = 0; i < magic_bytes; i++) {
        if (i == size)
            return (struct answer){PROXY_HEADER_MORE, size, 0, {0}, 0};
        if (data[i] != (uint8_t)magic[i])
            return (struct answer){PROXY_HEADER_MISSING, i + 1, 0, {0}, 0};
    }
    return magic_bytes == 5 ? judge_line(data, size) : judge_block(data, size);
}

/* In pieces of 1 to `step` bytes; all at once with 0. */
static enum proxy_header_result
push(struct proxy_header *header, const uint8_t *data, size_t size, size_t step)
{
    enum proxy_header_result result = PROXY_HEADER_MORE;
    size_t done = 0;

    proxy_header_init(header);
    while (result == PROXY_HEADER_MORE && done < size) {
        size_t length = step == 0 ? size - done : 1 + done * 7 % step;
        struct byte_reader in;

        if (length > size - done)
            length = size - done;
        byte_reader_init(&in, data + done, length);
        result = proxy_header_push(header, &in);
        MUST(result != PROXY_HEADER_MORE || byte_reader_left(&in) == 0);
        MUST(byte_reader_left(&in) < length);
        done += length - byte_reader_left(&in);
    }
    MUST(header->length == done);
    MUST((result == PROXY_HEADER_BAD) == (header->fault != NULL));
    MUST((result == PROXY_HEADER_PEER) == (header->source.ss_family != 0));
    return result;
}

static void must_be(const struct proxy_header *header,
                    const struct answer *answer)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)&header->source;
    const struct sockaddr_in6 *in6 =
        (const struct sockaddr_in6 *)&header->source;

    MUST(header->source.ss_family == answer->family);
    if (answer->family == AF_INET)
        MUST(memcmp(&in->sin_addr, answer->host, 4) == 0 &&
             ntohs(in->sin_port) == answer->port);
    else
        MUST(memcmp(&in6->sin6_addr, answer->host, 16) == 0 &&
             ntohs(in6->sin6_port) == answer->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header whole, cut;
    struct answer answer;
    enum proxy_header_result result;

    if (size < 1 || size > MAX_INPUT_BYTES)
        return 0;
    answer = judge(data + 1, size - 1);
    result = push(&whole, data + 1, size - 1, 0);
    MUST(result == answer.result);
    if (result != PROXY_HEADER_BAD)
        MUST(whole.length == answer.length);
    MUST(whole.length <= PROXY_HEADER_MAX_BYTES);
    if (result == PROXY_HEADER_PEER)
        must_be(&whole, &answer);

    MUST(push(&cut, data + 1, size - 1, 1 + data[0]) == result);
    MUST(cut.length == whole.length && cut.fault == whole.fault);
    MUST(memcmp(&cut.source, &whole.source, sizeof(cut.source)) == 0);
    if (size > 1)
        MUST(proxy_header_may_begin(data[1]) ==
             (result != PROXY_HEADER_MISSING || whole.length > 1));
    return 0;
}
