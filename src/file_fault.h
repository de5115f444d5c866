/* What is wrong with a file, as a line for people: the same whether it keeps
 * flvd from starting or is found by --check. */
#ifndef FLVD_FILE_FAULT_H
#define FLVD_FILE_FAULT_H

#include <stdio.h>

#include "flv/movie.h"

/* Writes a file's name, escaped as in the log, but whole. */
void file_fault_print_name(FILE *to, const char *file);

/* Writes "FILE: offset N: what is wrong" and a newline; for a file that ffmpeg
 * could put into FLV, with the command line that does it. */
void file_fault_print(FILE *to, const char *file,
                      const struct movie_error *error);

#endif
