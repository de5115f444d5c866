/* Read-only data. The files are found through the include path (-I src), so
 * that it does not matter where the build runs. */
    .section .rodata, "a", %progbits

    .macro asset name, file
    .global \name
    .type \name, %object
\name:
    .incbin "\file"
    .byte 0
    .size \name, . - \name
    .endm

    asset asset_page, "status/page.html"
    asset asset_style, "status/page.css"
    asset asset_script, "status/page.js"
    asset asset_icon, "status/icon.svg"

/* Without this the linker would give the whole program an executable stack. */
    .section .note.GNU-stack, "", %progbits
