#include <foo.h>
#include <stdio.h>

int main(void) {
  int sum = foo_add(40, 2);
  printf("hello from libfoo %s: 40 + 2 = %d\n", foo_version(), sum);
  return sum == EXPECTED ? 0 : 1;
}
