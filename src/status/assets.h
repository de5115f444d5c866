/* The files of the status page, as they lie here, each ended by a NUL: part of
 * the program. */
#ifndef FLVD_STATUS_ASSETS_H
#define FLVD_STATUS_ASSETS_H

extern const char asset_page[];   /* page.html, with places to be filled in */
extern const char asset_style[];  /* page.css */
extern const char asset_script[]; /* page.js */
extern const char asset_icon[];   /* icon.svg */

#endif
