#include "tools/ppvirtual/rate.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <sys/ioctl.h>

unsigned rate_of(int fd)
{
    struct termios2 t;
    return ioctl(fd, TCGETS2, &t) == 0 ? t.c_ospeed : 0;
}

void rate_set(int fd, unsigned baud)
{
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) == 0) {
        t.c_cflag = (t.c_cflag & ~(tcflag_t)(CBAUD | CBAUD << IBSHIFT)) | BOTHER;
        t.c_ispeed = baud;
        t.c_ospeed = baud;
        ioctl(fd, TCSETS2, &t);
    }
}
