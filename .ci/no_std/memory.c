/* All that the library asks of a C library. With these the program links without one, so there is
   nothing in it that could open a file or a socket, read a clock or start a thread. */
typedef unsigned long size_t;

void *memmove(void *to, const void *from, size_t size) {
    char *t = to;
    const char *f = from;
    if (t < f)
        for (size_t i = 0; i < size; i++) t[i] = f[i];
    else
        while (size--) t[size] = f[size];
    return to;
}

void *memcpy(void *to, const void *from, size_t size) { return memmove(to, from, size); }

void *memset(void *to, int byte, size_t size) {
    char *t = to;
    while (size--) t[size] = (char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *x = a, *y = b;
    for (size_t i = 0; i < size; i++)
        if (x[i] != y[i]) return x[i] - y[i];
    return 0;
}

int bcmp(const void *a, const void *b, size_t size) { return memcmp(a, b, size); }
