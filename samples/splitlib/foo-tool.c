#include <stdio.h>
#include <stdlib.h>

#include "foo.h"

int main(int argc, char **argv) {
  if (argc != 3) {
    printf("libfoo %s\n", foo_version());
    return 0;
  }
  printf("%d\n", foo_add(atoi(argv[1]), atoi(argv[2])));
  return 0;
}
