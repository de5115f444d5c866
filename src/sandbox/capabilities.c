/* Capabilities (capabilities(7)), by the system calls: two of them are no
 * reason for libcap. */
#include "config.h"

#include "sandbox/capabilities.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void capabilities_unbind(void)
{
    /* The kernel says when there are no more. */
    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
        (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
}

static bool has_any(const struct __user_cap_data_struct *sets)
{
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) != 0)
            return true;
    }
    return false;
}

bool capabilities_drop(void)
{
    struct __user_cap_header_struct header = {.version =
                                                  _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    memset(sets, 0, sizeof(sets));
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &header, sets) != 0)
        return false;
    /* Nothing to give up: a filter around flvd may forbid to ask for it. */
    if (!has_any(sets))
        return true;
    memset(sets, 0, sizeof(sets));
    return syscall(SYS_capset, &header, sets) == 0;
}
