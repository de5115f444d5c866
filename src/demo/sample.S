/* The demo film as read-only data: the header of an FLV file here, its tags in
 * a file of their own. (A whole FLV file among sources is taken for a program
 * of Flash Player without its source by those who look for such.) That is found
 * through the include path (-I src), so that it does not matter where the build
 * runs. */
    .section .rodata, "a", %progbits
    .balign 16
    .global flvd_demo_sample
    .type flvd_demo_sample, %object
flvd_demo_sample:
    .ascii "FLV"
    .byte 1             /* version */
    .byte 5             /* there is audio and video */
    .byte 0, 0, 0, 9    /* bytes of this header */
    .byte 0, 0, 0, 0    /* bytes of the tag before the first */
    .incbin "demo/sample.tags"
    .size flvd_demo_sample, . - flvd_demo_sample
    .global flvd_demo_sample_end
    .type flvd_demo_sample_end, %object
flvd_demo_sample_end:
    .byte 0
    .size flvd_demo_sample_end, 1

/* Without this the linker would give the whole program an executable stack. */
    .section .note.GNU-stack, "", %progbits
