#include "foo.h"

int foo_add(int a, int b) { return a + b; }

const char *foo_version(void) { return FOO_VERSION; }
