/* The demo film as read-only data. Found through the include path (-I src), so
 * that it does not matter where the build runs. */
    .section .rodata, "a", %progbits
    .balign 16
    .global flvd_demo_sample
    .type flvd_demo_sample, %object
flvd_demo_sample:
    .incbin "demo/sample.flv"
    .size flvd_demo_sample, . - flvd_demo_sample
    .global flvd_demo_sample_end
    .type flvd_demo_sample_end, %object
flvd_demo_sample_end:
    .byte 0
    .size flvd_demo_sample_end, 1

/* Without this the linker would give the whole program an executable stack. */
    .section .note.GNU-stack, "", %progbits
