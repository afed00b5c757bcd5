/* Matrix products of a few rows with the same large matrix, again and again.

   The large matrix is packed once, in panels of WIDTH columns, so that a
   product reads it from beginning to end. */

#ifndef SKETCH_RNN_TF_PRODUCT_H_
#define SKETCH_RNN_TF_PRODUCT_H_

#include "memory.h"
#include "vector.h"

#define WIDTH (2 * LANES)

#if defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif
#define INLINED static inline __attribute__((always_inline))

/* Adds to the sums what one row of b[depth, WIDTH] contributes. */
INLINED void add_row(int rows, const float *restrict a, long a_row,
                     const float *restrict b, Floats sums[][2]) {
  Floats left = load(b), right = load(b + LANES);
  UNROLLED for (int i = 0; i < rows; i++) {
    Floats factor = every(a[i * a_row]);
    sums[i][0] = add_product(sums[i][0], factor, left);
    sums[i][1] = add_product(sums[i][1], factor, right);
  }
}

/* sums[rows][WIDTH] += a[rows, depth] b[depth, WIDTH], where a's rows are
   `a_row` apart and its columns `a_column`.  Two rows of b at a time: a core
   that runs another thread, too, has no instructions to spare. */
INLINED void add_products(int rows, long depth, const float *restrict a,
                          long a_row, long a_column, const float *restrict b,
                          Floats sums[][2]) {
  const float *last = b + depth / 2 * (2 * WIDTH);
  for (; b < last; a += 2 * a_column, b += 2 * WIDTH) {
    add_row(rows, a, a_row, b, sums);
    add_row(rows, a + a_column, a_row, b + WIDTH, sums);
  }
  if (depth % 2) add_row(rows, a, a_row, b, sums);
}

/* Products of ROWS rows and WIDTH columns; sums stay in registers, for which
   ROWS has to be known when it is compiled.

   times_ROWS: c[ROWS, WIDTH] = init + a[ROWS, depth] b[depth, WIDTH].
   outer_ROWS: c[ROWS, WIDTH] += a[depth, ROWS]^T b[depth, WIDTH]. */
#define TILE(ROWS)                                                           \
  static void times_##ROWS(long depth, const float *restrict a, long a_row,  \
                           const float *restrict b, const float *init,       \
                           long init_row, float *c, long c_row) {            \
    Floats sums[ROWS][2];                                                    \
    UNROLLED for (int i = 0; i < ROWS; i++) {                                \
      sums[i][0] = init ? load(init + i * init_row) : (Floats){0};           \
      sums[i][1] = init ? load(init + i * init_row + LANES) : (Floats){0};   \
    }                                                                        \
    add_products(ROWS, depth, a, a_row, 1, b, sums);                         \
    UNROLLED for (int i = 0; i < ROWS; i++) {                                \
      store(c + i * c_row, sums[i][0]);                                      \
      store(c + i * c_row + LANES, sums[i][1]);                              \
    }                                                                        \
  }                                                                          \
  static void outer_##ROWS(long depth, const float *restrict a,              \
                           const float *restrict b, float *c) {              \
    Floats sums[ROWS][2];                                                    \
    UNROLLED for (int i = 0; i < ROWS; i++) {                                \
      sums[i][0] = sums[i][1] = (Floats){0};                                 \
      __builtin_prefetch(c + i * WIDTH, 1);                                  \
      __builtin_prefetch(c + i * WIDTH + LANES, 1);                          \
    }                                                                        \
    add_products(ROWS, depth, a, 1, ROWS, b, sums);                          \
    UNROLLED for (int i = 0; i < ROWS; i++) {                                \
      float *to = c + i * WIDTH;                                             \
      store(to, load(to) + sums[i][0]);                                      \
      store(to + LANES, load(to + LANES) + sums[i][1]);                      \
    }                                                                        \
  }

TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
#if MOST_ROWS == 14
TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
#define FOR_EACH_TILE(name)                                              \
  {0,         name##_1,  name##_2,  name##_3,  name##_4,                 \
   name##_5,  name##_6,  name##_7,  name##_8,  name##_9,                 \
   name##_10, name##_11, name##_12, name##_13, name##_14}
#else
#define FOR_EACH_TILE(name) \
  {0, name##_1, name##_2, name##_3, name##_4, name##_5, name##_6}
#endif

typedef void (*Times)(long, const float *, long, const float *, const float *,
                      long, float *, long);
typedef void (*Outer)(long, const float *, const float *, float *);

static const Times times_of[] = FOR_EACH_TILE(times);
static const Outer outer_of[] = FOR_EACH_TILE(outer);

static inline long smaller(long a, long b) { return a < b ? a : b; }

static inline long divided_up(long a, long b) { return (a + b - 1) / b; }

/* Columns, with those that fill the last panel. */
static inline long padded(long columns) {
  return divided_up(columns, WIDTH) * WIDTH;
}

/* Copies up to WIDTH floats, most often so many. */
static inline void copy(float *to, const float *from, long width) {
  if (width == WIDTH) {
    store(to, load(from));
    store(to + LANES, load(from + LANES));
  } else {
    memcpy(to, from, width * sizeof *to);
  }
}

/* Packs a matrix [depth, columns], given by the addresses of its rows, or of
   its columns, into panels [depth, WIDTH]. */
static void pack(const float *const *lines, int by_columns, long depth,
                 long columns, float *packed) {
  for (long first = 0; first < columns; first += WIDTH) {
    long width = smaller(WIDTH, columns - first), count;
    /* A cache's line of each column at once. */
    for (long k = 0; k < depth; k += count, packed += count * WIDTH) {
      count = by_columns ? smaller(LINE, depth - k) : 1;
      if (width < WIDTH) memset(packed, 0, count * WIDTH * sizeof *packed);
      for (long n = 0; by_columns && n < width; n++) {
        const float *from = lines[first + n] + k;
        for (long i = 0; i < count; i++) packed[i * WIDTH + n] = from[i];
      }
      if (!by_columns) copy(packed, lines[k] + first, width);
    }
  }
}

/* c[rows, columns] = init + a[rows, depth] b; `init` may be null, for 0.  The
   last panel is filled: c and init have that many columns. */
static void multiply(long rows, long columns, long depth, const float *a,
                     long a_row, const float *packed, const float *init,
                     long init_row, float *c, long c_row) {
  long tiles = divided_up(rows, MOST_ROWS);
  for (long n = 0; n < columns; n += WIDTH, packed += depth * WIDTH) {
    for (long tile = 0; tile < tiles; tile++) {
      long i = rows * tile / tiles, m = rows * (tile + 1) / tiles - i;
      times_of[m](depth, a + i * a_row, a_row, packed,
                  init ? init + i * init_row + n : 0, init_row,
                  c + i * c_row + n, c_row);
    }
  }
}

/* Rows of `a` as `add_outer_products` wants them: packed[rows, inner], for
   each MOST_ROWS of `inner` [rows, MOST_ROWS].  Sets one row of it. */
static void pack_row(const float *a, long inner, long rows, long row,
                     float *packed) {
  for (long i = 0; i < inner; i += MOST_ROWS) {
    long m = smaller(MOST_ROWS, inner - i);
    float *to = packed + i * rows + row * m;
    if (m == MOST_ROWS) {
      memcpy(to, a + i, MOST_ROWS * sizeof *to);
    } else {
      memcpy(to, a + i, m * sizeof *to);
    }
  }
}

/* Sets some of the rows of b[rows, columns], packed likewise: for each WIDTH
   columns [rows, WIDTH]. */
static void pack_rows(const float *b, long b_row, long columns, long rows,
                      long first, long count, float *packed) {
  for (long n = 0; n < columns; n += WIDTH, packed += rows * WIDTH) {
    long width = smaller(WIDTH, columns - n);
    float *to = packed + first * WIDTH;
    for (long i = 0; i < count; i++, to += WIDTH) {
      if (width < WIDTH) memset(to, 0, WIDTH * sizeof *to);
      copy(to, b + i * b_row + n, width);
    }
  }
}

/* c += a^T b, c packed: for each WIDTH columns [inner, WIDTH], which lies
   closer together than a tile of c[inner, columns]. */
static void add_outer_products(long rows, long inner, long columns,
                               const float *packed_a, const float *packed_b,
                               float *packed_c) {
  const float *b = packed_b;
  float *c = packed_c;
  for (long n = 0; n < columns; n += WIDTH, b += rows * WIDTH) {
    for (long i = 0; i < inner; i += MOST_ROWS) {
      long m = smaller(MOST_ROWS, inner - i);
      outer_of[m](rows, packed_a + i * rows, b, c);
      c += m * WIDTH;
    }
  }
}

static void unpack_outer_products(const float *packed_c, long inner,
                                  long columns, float *c) {
  for (long i = 0; i < inner; i++) {
    for (long n = 0; n < columns; n += WIDTH) {
      long width = smaller(WIDTH, columns - n);
      copy(c + i * columns + n, packed_c + n * inner + i * WIDTH, width);
    }
  }
}

#endif
