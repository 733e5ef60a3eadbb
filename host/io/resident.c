#include "host/io/resident.h"

#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

bool resident_memory(void *memory, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    volatile char *bytes = memory;
    for (size_t at = 0; at < size; at += page) {
        bytes[at] = bytes[at]; /* reading alone would map the page of zeros */
    }
    return mlock(memory, size) == 0;
}

bool resident_stack(void)
{
    pthread_attr_t attr;
    void *base = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr) != 0) {
        return false;
    }
    pthread_attr_getstack(&attr, &base, &size);
    pthread_attr_destroy(&attr);
    return mlock(base, size) == 0;
}

struct wanted {
    void (*const *functions)(void);
    size_t count;
    bool locked;
};

static bool holds(const struct dl_phdr_info *object, uintptr_t address)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        uintptr_t start = object->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && address >= start && address < start + p->p_memsz) {
            return true;
        }
    }
    return false;
}

static void lock_object(const struct dl_phdr_info *object, struct wanted *w)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &object->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && (p->p_flags & PF_R) != 0) {
            uintptr_t start = object->dlpi_addr + p->p_vaddr;
            /* an address the loader gives as a number */
            w->locked = mlock((const void *)start, p->p_memsz) == 0 && w->locked;
        }
    }
}

static int each_object(struct dl_phdr_info *object, size_t size, void *context)
{
    struct wanted *w = context;
    (void)size;
    for (size_t i = 0; i < w->count; i++) {
        if (holds(object, (uintptr_t)w->functions[i])) {
            lock_object(object, w);
            break;
        }
    }
    return 0;
}

bool resident_code(void (*const functions[])(void), size_t count)
{
    struct wanted w = {.functions = functions, .count = count, .locked = true};
    dl_iterate_phdr(each_object, &w);
    return w.locked;
}
