#include <stdio.h>

int main(int argc, char **argv) {
  printf("hello from C, %s\n", argc > 1 ? argv[1] : "everybody");
  return 0;
}
