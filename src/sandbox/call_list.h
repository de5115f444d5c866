/* The system calls by what becomes of them, as names: each list ends in NULL,
 * and what an architecture or a libseccomp does not know is passed over. */
#ifndef FLVD_SANDBOX_CALL_LIST_H
#define FLVD_SANDBOX_CALL_LIST_H

/* What the server, the C library and OpenSSL need, whatever the arguments. */
extern const char *const call_list_allowed[];

/* The same, with --status alone: its HTTP library waits in these. */
extern const char *const call_list_polling[];

/* What the C library tries, and does something else when it is not there:
 * nothing that should be told. */
extern const char *const call_list_absent[];

/* What nobody but an intruder would try: it ends the process. */
extern const char *const call_list_deadly[];

#endif
