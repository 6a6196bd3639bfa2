#ifndef FOO_H
#define FOO_H

int foo_add(int a, int b);
const char *foo_version(void);

#endif
