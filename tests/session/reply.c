#include "config.h"

#include "reply.h"

#include <stdio.h>
#include <string.h>

struct cursor {
    const uint8_t *at;
    size_t left;
    bool failed;
};

/* NULL when there are not so many bytes; the cursor has failed then. */
static const uint8_t *take(struct cursor *c, size_t count)
{
    const uint8_t *at = c->at;

    if (c->failed || c->left < count) {
        c->failed = true;
        return NULL;
    }
    c->at += count;
    c->left -= count;
    return at;
}

static uint32_t take_number(struct cursor *c, size_t bytes)
{
    const uint8_t *at = take(c, bytes);
    uint32_t value = 0;

    for (size_t i = 0; at != NULL && i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

static double take_double(struct cursor *c)
{
    const uint64_t high = take_number(c, 4);
    const uint64_t bits = high << 32 | take_number(c, 4);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Copies as much of a text as fits, and gives the length that it had. */
static size_t take_text(struct cursor *c, char *text, size_t size)
{
    const size_t length = take_number(c, 2);
    const uint8_t *at = take(c, length);
    const size_t kept = length < size - 1 ? length : size - 1;

    text[0] = '\0';
    if (at == NULL)
        return 0;
    memcpy(text, at, kept);
    text[kept] = '\0';
    return length;
}

static void note_number(struct reply *reply, const char *key, double value)
{
    if (key == NULL)
        reply->number = value;
    else if (strcmp(key, "duration") == 0)
        reply->duration_s = value;
    else if (strcmp(key, "objectEncoding") == 0)
        reply->object_encoding = value;
}

static void note_text(struct reply *reply, const char *key, const char *text)
{
    if (key != NULL && strcmp(key, "level") == 0)
        snprintf(reply->level, sizeof(reply->level), "%.15s", text);
    else if (key != NULL && strcmp(key, "code") == 0)
        snprintf(reply->code, sizeof(reply->code), "%.63s", text);
}

static char take_value(struct cursor *c, struct reply *reply, const char *key);

static void take_members(struct cursor *c, struct reply *reply)
{
    char key[128];

    for (;;) {
        const size_t length = take_text(c, key, sizeof(key));

        if (c->failed)
            return;
        if (length > reply->key_length)
            reply->key_length = length;
        if (length == 0) {
            c->failed |= take_number(c, 1) != 9;
            return;
        }
        (void)take_value(c, reply, key);
    }
}

/* A value, a member's when it has a key: the letter of its type. */
static char take_value(struct cursor *c, struct reply *reply, const char *key)
{
    const uint32_t marker = take_number(c, 1);
    char text[128];

    reply->markers |= 1u << (marker & 31);
    switch (c->failed ? 31 : marker) {
    case 0:
        note_number(reply, key, take_double(c));
        return 'd';
    case 1:
        (void)take(c, 1);
        return 'b';
    case 2:
        (void)take_text(c, text, sizeof(text));
        note_text(reply, key, text);
        return 's';
    case 8:
        (void)take(c, 4); /* a hint that is not to be relied on */
        take_members(c, reply);
        return '[';
    case 3:
        take_members(c, reply);
        return '{';
    case 5:
        return 'n';
    case 6:
        return 'u';
    case 10:
        for (uint32_t left = take_number(c, 4); left > 0 && !c->failed; left--)
            (void)take_value(c, reply, "");
        return 'a';
    case 11: /* a date, which has no business here */
        (void)take(c, 10);
        return 'D';
    default:
        c->failed = true;
        return '?';
    }
}

const char *reply_read(const struct message *message, struct reply *reply)
{
    struct cursor c = {.at = message->payload, .left = message->length};
    size_t count = 0;

    memset(reply, 0, sizeof(*reply));
    if (take_number(&c, 1) != 2)
        return "does not begin with a string";
    reply->name_length = take_text(&c, reply->name, sizeof(reply->name));
    while (!c.failed && c.left > 0 && count < sizeof(reply->shape) - 1) {
        const char letter = take_value(&c, reply, NULL);

        if (letter == 'd' && strchr(reply->shape, 'd') == NULL)
            reply->transaction_id = reply->number;
        reply->shape[count++] = letter;
    }
    return c.failed || c.left > 0 ? "is no sound AMF0" : NULL;
}
