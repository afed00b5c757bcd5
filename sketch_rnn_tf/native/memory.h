/* Memory of a call, out of a block that its thread keeps for the next call:
   what is given back to the system has to be cleared when it is taken again. */

#ifndef SKETCH_RNN_TF_MEMORY_H_
#define SKETCH_RNN_TF_MEMORY_H_

#include <stdlib.h>
#include <sys/mman.h>

#define MOST_KEPT (64L << 20) /* bytes */
#define LARGE_PAGE (2L << 20) /* bytes */
#define LINE 16               /* floats in a cache's line */

static _Thread_local struct {
  float *start;
  long size, used; /* floats */
} block;

/* Makes room for a call, in which `arrays` times some floats are taken.
   Returns whether there is memory for it. */
static int make_room(long floats, int arrays) {
  long page = LARGE_PAGE / sizeof(float);
  long size = (floats + arrays * LINE + page - 1) / page * page;
  block.used = 0;
  if (size <= block.size) return 1;
  free(block.start);
  void *start = 0;
  if (posix_memalign(&start, LARGE_PAGE, size * sizeof(float))) start = 0;
#ifdef MADV_HUGEPAGE
  /* A packed kernel is a thousand small pages, gone through in each step. */
  if (start) madvise(start, size * sizeof(float), MADV_HUGEPAGE);
#endif
  block.start = start;
  block.size = start ? size : 0;
  return start != 0;
}

/* Returns room for so many floats, from the beginning of a cache's line on. */
static float *take(long floats) {
  float *taken = block.start + block.used;
  block.used += (floats + LINE - 1) / LINE * LINE;
  return taken;
}

/* Ends a call. */
static void give_back(void) {
  if (block.size * (long)sizeof(float) <= MOST_KEPT) return;
  free(block.start);
  block.start = 0;
  block.size = 0;
}

#endif
