// link: ppctl_parts
/* The head of a WebSocket's answer, from anybody. */
#include "tools/ppctl/handshake.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nonce[HANDSHAKE_NONCE] = "the sample nonce";
    struct err e = {0};
    int status = 0;
    int rc = handshake_check((const char *)data, size, nonce, &status, &e);
    if (rc > (int)size || (rc > 0 && status != 101) || (rc < 0 && e.code != -rc)) {
        abort();
    }
    return 0;
}
