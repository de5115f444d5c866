/* The lists. Those that are for some architectures or for other versions of the
 * C library only stand beside those that do the same. */
#include "config.h"

#include "sandbox/call_list.h"

#include <stddef.h>

const char *const call_list_allowed[] = {
    /* The connections; there is no way to make a new one. What sends is in
     * call_filter.c. */
    "accept", "accept4", "getpeername", "getsockname", "getsockopt", "recv",
    "recvfrom", "recvmsg", "setsockopt", "shutdown",
    /* The files; open and openat only to read, in call_filter.c. The arguments
     * of openat2 are in memory, where no filter sees them: Landlock does. */
    "_llseek", "close", "close_range", "faccessat", "faccessat2", "fstat",
    "fstat64", "fstatat64", "getdents64", "lseek", "newfstatat", "openat2",
    "pread64", "preadv", "read", "readv", "statx", "write", "writev",
    /* Memory; mmap and mprotect without execution, in call_filter.c. */
    "brk", "madvise", "mremap", "munmap",
    /* Threads. */
    "exit", "exit_group", "futex", "futex_time64", "futex_waitv",
    "get_robust_list", "getcpu", "gettid", "membarrier", "rseq",
    "sched_getaffinity", "sched_yield", "set_robust_list", "set_tid_address",
    /* Signals; kill and tgkill only to itself. */
    "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
    "rt_sigreturn", "rt_sigtimedwait", "rt_sigtimedwait_time64", "sigaltstack",
    "sigreturn",
    /* Time. */
    "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
    "clock_nanosleep", "clock_nanosleep_time64", "gettimeofday", "nanosleep",
    "time",
    /* What it asks about itself and the host. */
    "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32",
    "getpid", "getrandom", "getrlimit", "getrusage", "getuid", "getuid32",
    "sysinfo", "ugetrlimit", "uname", NULL};

const char *const call_list_polling[] = {
    "_newselect", "epoll_create",    "epoll_create1",
    "epoll_ctl",  "epoll_pwait",     "epoll_pwait2",
    "epoll_wait", "eventfd2",        "pipe2",
    "poll",       "ppoll",           "ppoll_time64",
    "pselect6",   "pselect6_time64", "select",
    NULL};

const char *const call_list_absent[] = {
    /* Its flags are in memory: pthread_create goes on with clone. */
    "clone3",
    /* Names of mappings, and their seals. */
    "mseal",
    /* Newer ways of what is allowed. */
    "futex_wait", "futex_wake", "map_shadow_stack", NULL};

const char *const call_list_deadly[] = {
    /* Programs and processes; clone without CLONE_THREAD too. */
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv",
    "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_getfd",
    "pidfd_send_signal", "kcmp", "personality", "seccomp",
    /* Users, capabilities, namespaces. */
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid",
    "setgroups", "setfsuid", "setfsgid", "setuid32", "setgid32", "setreuid32",
    "setregid32", "setresuid32", "setresgid32", "setgroups32", "setfsuid32",
    "setfsgid32", "capset", "unshare", "setns",
    /* File systems. */
    "mount", "umount", "umount2", "mount_setattr", "move_mount", "open_tree",
    "fsopen", "fsconfig", "fsmount", "fspick", "pivot_root", "chroot",
    "open_by_handle_at", "name_to_handle_at", "quotactl", "quotactl_fd",
    "swapon", "swapoff", "mknod", "mknodat",
    /* The kernel. */
    "bpf", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "create_module", "query_module", "perf_event_open",
    "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "add_key", "request_key", "keyctl", "syslog", "reboot", "acct", "iopl",
    "ioperm", "modify_ldt", "vm86", "vm86old", "uselib", "_sysctl",
    "lookup_dcookie", "vhangup", "nfsservctl", "sethostname", "setdomainname",
    "settimeofday", "stime", "clock_settime", "clock_settime64",
    "clock_adjtime", "clock_adjtime64", "adjtimex", "fanotify_init", NULL};
