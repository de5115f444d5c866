/* base/hmac against RFC 4231. Built without OpenSSL it must say no. */
#include "base/hmac.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct vector {
    const char *key;
    size_t key_length;
    const char *data;
    size_t data_length;
    uint8_t mac[HMAC_SHA256_BYTES];
};

#define TEXT(s) (s), sizeof(s) - 1
#define TEN(s) s s s s s s s s s s

/* RFC 4231, 4.2 to 4.5, 4.7 and 4.8 (4.6 is about a truncated MAC). */
static const struct vector vectors[] = {
    {TEXT(TEN("\x0b") TEN("\x0b")),
     TEXT("Hi There"),
     {0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf,
      0xce, 0xaf, 0x0b, 0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83,
      0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7}},
    {TEXT("Jefe"),
     TEXT("what do ya want for nothing?"),
     {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
      0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
      0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43}},
    {TEXT(TEN("\xaa") TEN("\xaa")),
     TEXT(TEN("\xdd") TEN("\xdd") TEN("\xdd") TEN("\xdd") TEN("\xdd")),
     {0x77, 0x3e, 0xa9, 0x1e, 0x36, 0x80, 0x0e, 0x46, 0x85, 0x4d, 0xb8,
      0xeb, 0xd0, 0x91, 0x81, 0xa7, 0x29, 0x59, 0x09, 0x8b, 0x3e, 0xf8,
      0xc1, 0x22, 0xd9, 0x63, 0x55, 0x14, 0xce, 0xd5, 0x65, 0xfe}},
    {TEXT("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
          "\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"),
     TEXT(TEN("\xcd") TEN("\xcd") TEN("\xcd") TEN("\xcd") TEN("\xcd")),
     {0x82, 0x55, 0x8a, 0x38, 0x9a, 0x44, 0x3c, 0x0e, 0xa4, 0xcc, 0x81,
      0x98, 0x99, 0xf2, 0x08, 0x3a, 0x85, 0xf0, 0xfa, 0xa3, 0xe5, 0x78,
      0xf8, 0x07, 0x7a, 0x2e, 0x3f, 0xf4, 0x67, 0x29, 0x66, 0x5b}},
    {TEXT(TEN(TEN("\xaa")) TEN("\xaa") TEN("\xaa") TEN("\xaa") "\xaa"),
     TEXT("Test Using Larger Than Block-Size Key - Hash Key First"),
     {0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f, 0x0d, 0x8a, 0x26,
      0xaa, 0xcb, 0xf5, 0xb7, 0x7f, 0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28,
      0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54}},
    {TEXT(TEN(TEN("\xaa")) TEN("\xaa") TEN("\xaa") TEN("\xaa") "\xaa"),
     TEXT("This is a test using a larger than block-size key and a larger "
          "than block-size data. The key needs to be hashed before being "
          "used by the HMAC algorithm."),
     {0x9b, 0x09, 0xff, 0xa7, 0x1b, 0x94, 0x2f, 0xcb, 0x27, 0x63, 0x5f,
      0xbc, 0xd5, 0xb0, 0xe9, 0x44, 0xbf, 0xdc, 0x63, 0x64, 0x4f, 0x07,
      0x13, 0x93, 0x8a, 0x7f, 0x51, 0x53, 0x5c, 0x3a, 0x35, 0xe2}},
};

/* Each vector, its data cut in two at every place. */
static void check_vector(const struct vector *v)
{
    uint8_t mac[HMAC_SHA256_BYTES];

    for (size_t cut = 0; cut <= v->data_length; cut++) {
        memset(mac, 0, sizeof(mac));
        ck_assert(hmac_sha256(v->key, v->key_length, v->data, cut,
                              &v->data[cut], v->data_length - cut, mac));
        ck_assert_mem_eq(mac, v->mac, sizeof(mac));
    }
}

START_TEST(vectors_of_rfc_4231)
{
    if (!hmac_is_available())
        return; /* without_openssl_it_says_no looks at that build */
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
        check_vector(&vectors[i]);
}
END_TEST

START_TEST(second_part_may_be_null)
{
    const struct vector *const v = &vectors[1];
    uint8_t mac[HMAC_SHA256_BYTES];

    if (!hmac_is_available())
        return;
    ck_assert(hmac_sha256(v->key, v->key_length, v->data, v->data_length, NULL,
                          0, mac));
    ck_assert_mem_eq(mac, v->mac, sizeof(mac));
}
END_TEST

START_TEST(without_openssl_it_says_no)
{
    uint8_t mac[HMAC_SHA256_BYTES];

    ck_assert(hmac_sha256("k", 1, "d", 1, NULL, 0, mac) == hmac_is_available());
}
END_TEST

static Suite *hmac_suite(void)
{
    Suite *const suite = suite_create("hmac");
    TCase *const tests = tcase_create("hmac");

    tcase_add_test(tests, vectors_of_rfc_4231);
    tcase_add_test(tests, second_part_may_be_null);
    tcase_add_test(tests, without_openssl_it_says_no);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *const runner = srunner_create(hmac_suite());

    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
