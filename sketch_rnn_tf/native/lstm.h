/* An LSTM over time, and its backpropagation through time, on one core.

       i, j, f, o = x kernel + h recurrent_kernel + condition
       c' = sigmoid(f + 1) c + sigmoid(i) tanh(j) mask
       h' = tanh(c') sigmoid(o)

   All arrays are dense, time first. */

#ifndef SKETCH_RNN_TF_LSTM_H_
#define SKETCH_RNN_TF_LSTM_H_

#include "memory.h"
#include "product.h"

/* Rows of which the kernel's gradient is summed at once. */
#define SUMMED_ROWS 256

typedef struct {
  long num_steps, batch_size, input_size, size;
  const float *inputs;    /* [T, B, X] */
  const float *kernel;    /* [X, 4 n] */
  const float *recurrent; /* [n, 4 n] */
  const float *condition; /* [B, 4 n], added to the products */
  const uint16_t *bits;   /* [T, bit_rows, n]; null masks nothing */
  long bit_rows, first;   /* of which B are read, from the first on */
  int32_t threshold;      /* a candidate is kept if its bits reach it */
  float scale;            /* of a kept candidate */
} Problem;

/* Distances of rows that are not multiples of a cache's: else the rows of a
   tile would all fall on the same few lines. */
static long spaced(long width) { return divided_up(width, 16) * 16 + 16; }

/* Packs both kernels, or their transpose, without their first rows. */
static void pack_kernels(const Problem *p, long skipped, int transposed,
                         const float **rows, float *packed) {
  long count = p->input_size + p->size - skipped, columns = 4 * p->size;
  for (long k = 0; k < count; k++) {
    long of_recurrent = k + skipped - p->input_size;
    rows[k] = of_recurrent < 0 ? p->kernel + (k + skipped) * columns
                               : p->recurrent + of_recurrent * columns;
  }
  pack(rows, transposed, transposed ? columns : count,
       transposed ? count : columns, packed);
}

/* Floats that an array of so many pointers takes. */
static long pointers(long count) {
  return divided_up(count * sizeof(void *), sizeof(float));
}

/* The bits of a row's units from u on; null if nothing is masked. */
static inline const uint16_t *bits_of(const Problem *p, long t, long b,
                                      long u) {
  long row = t * p->bit_rows + p->first + b;
  return p->bits ? p->bits + row * p->size + u : 0;
}

static inline Floats masked(const Problem *p, Floats values,
                            const uint16_t *from, long count) {
  if (!from) return values;
  Halves bits = {0};
  if (count == LANES) {
    bits = *(const Halves *)from;
  } else {
    memcpy(&bits, from, count * sizeof *from);
  }
  Integers kept = __builtin_convertvector(bits, Integers) >= p->threshold;
  return values * (Floats)(kept & (Integers)every(p->scale));
}

static inline void step_units(const Problem *p, const uint16_t *bits, long count,
                              const float *products, float *gates,
                              const float *c, float *new_c, float *new_h) {
  long n = p->size;
  for (int gate = 0; gate < 4; gate++) {
    __builtin_prefetch(gates + (4 + gate) * n, 1); /* the next row's */
  }
  __builtin_prefetch(new_c + n, 1);
  __builtin_prefetch(new_h + n, 1);
  Floats i = sigmoid_of(load_some(products, count));
  Floats j = tanh_of(load_some(products + n, count));
  Floats f = sigmoid_of(load_some(products + 2 * n, count) + 1.0f);
  Floats o = sigmoid_of(load_some(products + 3 * n, count));
  store_some(gates, i, count);
  store_some(gates + n, j, count);
  store_some(gates + 2 * n, f, count);
  store_some(gates + 3 * n, o, count);
  Floats candidate = masked(p, j, bits, count);
  Floats cell = f * load_some(c, count) + i * candidate;
  store_some(new_c, cell, count);
  store_some(new_h, tanh_of(cell) * o, count);
}

/* Computes c and h [T + 1, B, n], whose first step is given, and the gates
   [T, B, 4 n].  Returns whether there was memory for it. */
static int run_forward(const Problem *p, float *c, float *h, float *gates) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  long depth = x + n, row = spaced(depth), apart = spaced(4 * n);
  long room = packed_size(depth, 4 * n) + pointers(depth) +
              rows * (row + 2 * apart);
  if (!make_room(room, 5)) return 0;
  float *packed = take(packed_size(depth, 4 * n));
  float *operand = take(rows * row);
  float *condition = take(rows * apart);
  /* In the cache at each step; the gates are not. */
  float *products = take(rows * apart);
  pack_kernels(p, 0, 0, (const float **)take(pointers(depth)), packed);
  for (long b = 0; b < rows; b++) {
    memcpy(condition + b * apart, p->condition + b * 4 * n,
           4 * n * sizeof *condition);
  }
  for (long t = 0; t < p->num_steps; t++) {
    for (long b = 0; b < rows; b++) {
      float *to = operand + b * row;
      memcpy(to, p->inputs + (t * rows + b) * x, x * sizeof *to);
      memcpy(to + x, h + (t * rows + b) * n, n * sizeof *to);
    }
    multiply(rows, 4 * n, depth, operand, row, packed, condition, apart,
             products, apart);
    for (long b = 0; b < rows; b++) {
      long from = (t * rows + b) * n, to = from + rows * n;
      for (long u = 0; u < n; u += LANES) {
        const float *of_units = products + b * apart + u;
        const uint16_t *bits = bits_of(p, t, b, u);
        float *kept = gates + 4 * from + u;
        /* Called in two ways, for one of them to know that it is a vector. */
        if (n - u >= LANES) {
          step_units(p, bits, LANES, of_units, kept, c + from + u,
                     c + to + u, h + to + u);
        } else {
          step_units(p, bits, n - u, of_units, kept, c + from + u,
                     c + to + u, h + to + u);
        }
      }
    }
  }
  give_back();
  return 1;
}

typedef struct {
  const float *c, *h, *gates; /* what `run_forward` computed */
  const float *outputs;       /* gradient of h, [T + 1, B, n] */
} Given;

typedef struct {
  float *inputs;    /* [T, B, X]; null if it is not wanted */
  float *kernels;   /* of both, [X + n, 4 n] */
  float *condition; /* [B, 4 n] */
  float *c, *h;     /* of the first step, [B, n] */
} Gradients;

static inline void step_units_back(const Problem *p, const uint16_t *bits,
                                   long position, long count,
                                   const Given *given, const float *d_h,
                                   float *d_c, float *d_gates, float *sums) {
  long n = p->size, rows = p->batch_size;
  const float *gates = given->gates + (position / n) * 4 * n + position % n;
  /* The next row's: a row is too short for the processor to foresee it. */
  for (int gate = 0; gate < 4; gate++) {
    __builtin_prefetch(gates + (4 + gate) * n);
  }
  __builtin_prefetch(given->c + position + n);
  __builtin_prefetch(given->c + position + (rows + 1) * n);
  __builtin_prefetch(given->outputs + position + (rows + 1) * n);
  Floats i = load_some(gates, count);
  Floats j = load_some(gates + n, count);
  Floats f = load_some(gates + 2 * n, count);
  Floats o = load_some(gates + 3 * n, count);
  Floats c = load_some(given->c + position, count);
  Floats tanh_c = tanh_of(load_some(given->c + position + rows * n, count));
  Floats h = load_some(d_h, count) +
             load_some(given->outputs + position + rows * n, count);
  Floats cell = load_some(d_c, count) + h * o * (1.0f - tanh_c * tanh_c);
  Floats candidate = masked(p, cell, bits, count);
  Floats gradients[] = {
      candidate * j * (i * (1.0f - i)),
      candidate * i * (1.0f - j * j),
      cell * c * (f * (1.0f - f)),
      h * tanh_c * (o * (1.0f - o)),
  };
  for (int gate = 0; gate < 4; gate++) {
    store_some(d_gates + gate * n, gradients[gate], count);
    float *sum = sums + gate * n;
    store_some(sum, load_some(sum, count) + gradients[gate], count);
  }
  store_some(d_c, cell * f, count);
}

/* The kernels' gradient: sums of outer products of what they multiplied and
   the products' gradients, of some steps at once. */
typedef struct {
  long inner, columns, most; /* most rows at once */
  long rows, row;            /* that are summed next, and are there */
  float *operands, *d_products, *sums;
} KernelGradient;

/* Adds a step's rows: x and h before it, and the gradient of its products. */
static void add_step(KernelGradient *g, const Problem *p, long t,
                     const float *h, const float *d_products, long apart,
                     float *operand) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  if (!g->row) g->rows = smaller(g->most, (t + 1) * rows);
  for (long b = 0; b < rows; b++) {
    memcpy(operand, p->inputs + (t * rows + b) * x, x * sizeof *operand);
    memcpy(operand + x, h + (t * rows + b) * n, n * sizeof *operand);
    pack_row(operand, g->inner, g->rows, g->row + b, g->operands);
  }
  pack_rows(d_products, apart, g->columns, g->rows, g->row, rows,
            g->d_products);
  g->row += rows;
  if (g->row == g->rows) {
    add_outer_products(g->rows, g->inner, g->columns, g->operands,
                       g->d_products, g->sums);
    g->row = 0;
  }
}

/* Computes the gradients.  Returns whether there was memory for it. */
static int run_backward(const Problem *p, const Given *given,
                        const Gradients *d) {
  long n = p->size, x = p->input_size, rows = p->batch_size;
  long steps = p->num_steps, depth = x + n, apart = spaced(4 * n);
  /* Of the operands' gradient, the part of the inputs only where wanted. */
  long skipped = d->inputs ? 0 : x, width = depth - skipped;
  long row = spaced(width), h_from = x - skipped;
  /* Of whole steps, and of one at least. */
  long most = smaller(steps * rows, SUMMED_ROWS);
  most = rows > most ? rows : rows ? most / rows * rows : 0;
  long room = packed_size(4 * n, width) + packed_size(most, 4 * n) +
              packed_size(depth, 4 * n) + pointers(width) + depth +
              rows * (apart + row) + most * depth;
  if (!make_room(room, 8)) return 0;
  float *packed = take(packed_size(4 * n, width));
  float *d_gates = take(rows * apart);
  float *d_operand = take(rows * row);
  float *operand = take(depth);
  KernelGradient kernels = {
      .inner = depth,
      .columns = 4 * n,
      .most = most,
      .operands = take(most * depth),
      .d_products = take(packed_size(most, 4 * n)),
      .sums = take(packed_size(depth, 4 * n)),
  };
  pack_kernels(p, skipped, 1, (const float **)take(pointers(width)), packed);
  memset(kernels.sums, 0, packed_size(depth, 4 * n) * sizeof(float));
  memset(d->condition, 0, rows * 4 * n * sizeof(float));
  memset(d->c, 0, rows * n * sizeof(float));
  memset(d_operand, 0, rows * row * sizeof(float));
  for (long t = steps - 1; t >= 0; t--) {
    for (long b = 0; b < rows; b++) {
      long from = (t * rows + b) * n;
      for (long u = 0; u < n; u += LANES) {
        const float *d_h = d_operand + b * row + h_from + u;
        float *d_c = d->c + b * n + u, *to = d_gates + b * apart + u;
        float *sums = d->condition + b * 4 * n + u;
        const uint16_t *bits = bits_of(p, t, b, u);
        if (n - u >= LANES) {
          step_units_back(p, bits, from + u, LANES, given, d_h, d_c, to, sums);
        } else {
          step_units_back(p, bits, from + u, n - u, given, d_h, d_c, to, sums);
        }
      }
    }
    add_step(&kernels, p, t, given->h, d_gates, apart, operand);
    multiply(rows, width, 4 * n, d_gates, apart, packed, 0, 0, d_operand, row);
    for (long b = 0; d->inputs && b < rows; b++) {
      memcpy(d->inputs + (t * rows + b) * x, d_operand + b * row,
             x * sizeof(float));
    }
  }
  unpack_outer_products(kernels.sums, depth, 4 * n, d->kernels);
  for (long b = 0; b < rows; b++) {
    for (long u = 0; u < n; u++) {
      d->h[b * n + u] =
          d_operand[b * row + h_from + u] + given->outputs[b * n + u];
    }
  }
  give_back();
  return 1;
}

#endif
