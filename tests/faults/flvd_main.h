/* flvd itself: src/main.c is compiled once more, under this name. */
#ifndef FLVD_TESTS_FAULTS_FLVD_MAIN_H
#define FLVD_TESTS_FAULTS_FLVD_MAIN_H

int flvd_main(int argc, char **argv);

#endif
